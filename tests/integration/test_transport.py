# SPDX-License-Identifier: Apache-2.0
"""The ways to a server: https, proxies, IPv6, forms of the URL, redirects,
and the addresses that are allowed."""

import ssl

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from rig import namespace
from rig.agent import Agent
from rig.device import Device, new_ca
from rig.master import Master
from rig.between import Proxy, Relay, permit_old_tls, write_certificate


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The certificates of TLS servers: those that caFile has, of which all but
    the first have one fault, and a stranger."""
    folder = tmp_path_factory.mktemp("tls")
    made = {
        name: write_certificate(folder / (name + ".pem"), "127.0.0.1", *names, **faults)
        for name, names, faults in [
            ("known", ["ca.example"], {}),
            ("server", [], {"usages": [ExtendedKeyUsageOID.SERVER_AUTH]}),
            ("expired", [], {"begin": -48, "end": -1}),
            ("early", [], {"begin": 24}),
            ("client", [], {"usages": [ExtendedKeyUsageOID.CLIENT_AUTH]}),
        ]
    }
    all_known = folder / "all.pem"
    all_known.write_text("".join(open(path, encoding="ascii").read() for path in made.values()))
    made["all"] = str(all_known)
    made["stranger"] = write_certificate(folder / "stranger.pem", "127.0.0.1")
    return made


@pytest.fixture(scope="module")
def shared(tmp_path_factory, mibs, files):
    """As everywhere, with a caFile."""
    directory = tmp_path_factory.mktemp("device")
    master = Master(directory / "master", mibs)
    agent = Agent(directory / "agent", master, ["keyLimit 1000", "caFile " + files["all"]])
    # The program itself must refuse an old version.
    agent.environment = permit_old_tls(directory / "openssl.cnf")
    ca = new_ca(directory / "ca")
    try:
        master.start()
        agent.start()
        yield Device(directory, master, agent, ca)
    finally:
        agent.stop()
        master.close()
        ca.stop()


def point_at(device, url, **server):
    device.point_at(url=url, **{"ProxyUrl": "", **server})


@pytest.fixture
def device(device):
    yield device
    point_at(device, device.ca.url)


def failed(device):
    row = device.wait_end(device.send())
    assert row["State"] == "error"
    return row


# ----------------------------------------------------------------------- https --


def test_https_to_a_server_that_caFile_knows_over_one_connection(device, files):
    device.ca.control(pending=1)
    device.poll(2)
    with Relay(device.ca.port, files["known"]) as relay:
        point_at(device, "https://127.0.0.1:%d/scep" % relay.port)
        index = device.send(common_name="tls.example.net")
        device.wait_status(index, Detail="deferred")
        device.quick.set(scepRequestAction="pollNow")
        assert device.wait_end(index)["State"] == "successful"
        assert relay.connections == 1


@pytest.mark.parametrize("certificate, host", [("stranger", "127.0.0.1"), ("known", "localhost")])
def test_https_to_a_stranger_or_under_another_name_is_refused(device, files, certificate, host):
    before = len(device.ca.log())
    with Relay(device.ca.port, files[certificate]) as relay:
        point_at(device, "https://%s:%d/scep" % (host, relay.port))
        row = failed(device)
    assert row["Detail"] == "commError" and "TLS certificate" in row["Text"]
    assert len(device.ca.log()) == before


@pytest.mark.parametrize("certificate", ["expired", "early", "client"])
def test_https_with_a_certificate_of_another_time_or_purpose_is_refused(
        device, files, certificate):
    before = len(device.ca.log())
    with Relay(device.ca.port, files[certificate]) as relay:
        point_at(device, "https://127.0.0.1:%d/scep" % relay.port)
        row = failed(device)
    assert row["Detail"] == "commError" and "TLS certificate" in row["Text"]
    assert len(device.ca.log()) == before


def test_https_with_a_certificate_for_servers_is_accepted(device, files):
    with Relay(device.ca.port, files["server"]) as relay:
        point_at(device, "https://127.0.0.1:%d/scep" % relay.port)
        device.enrol(common_name="purpose.example.net")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_https_without_the_certificates_of_the_system_names_what_is_missing(
        own, files):
    """As on a system without the package ca-certificates."""
    hidden = [*namespace.inside_own("--mount"), "sh", "-c",
              'mount -t tmpfs none /etc/ssl/certs && exec "$0" "$@"']
    own.agent.stop()
    own.agent.prefix = hidden
    own.agent.start()
    with Relay(own.ca.port, files["stranger"]) as relay:
        own.point_at(url="https://127.0.0.1:%d/scep" % relay.port)
        row = own.wait_end(own.send())
    assert (row["State"], row["Detail"]) == ("error", "configError")
    assert "the system's CA certificates /" in row["Text"]
    assert "No such file or directory; install the package ca-certificates" in row["Text"]
    assert own.ca.log() == []


def test_https_is_TLS_1_2_at_least(device, files):
    with Relay(device.ca.port, files["known"], version=ssl.TLSVersion.TLSv1_2) as relay:
        point_at(device, "https://127.0.0.1:%d/scep" % relay.port)
        device.enrol(common_name="tls12.example.net")
    before = len(device.ca.log())
    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1):
        with Relay(device.ca.port, files["known"], version=version) as relay:
            point_at(device, "https://127.0.0.1:%d/scep" % relay.port)
            row = failed(device)
        assert row["Detail"] == "commError" and "version" in row["Text"], row
    assert len(device.ca.log()) == before


# --------------------------------------------------------------------- proxies --


def test_http_goes_through_a_proxy_which_alone_knows_the_name(device):
    with Proxy(device.ca.port) as proxy:
        point_at(device, "http://ca.example/scep", ProxyUrl=proxy.url)
        device.enrol(common_name="proxied.example.net")
        assert proxy.asked == ["GET http://ca.example/scep"] * 2 + ["POST http://ca.example/scep"]


def test_https_goes_through_a_tunnel_and_is_verified_behind_it(device, files):
    with Relay(device.ca.port, files["known"]) as relay, Proxy(relay.port) as proxy:
        point_at(device, "https://ca.example/scep", ProxyUrl=proxy.url)
        device.enrol(common_name="tunnel.example.net")
        assert proxy.asked == ["CONNECT ca.example:443"]
    with Relay(device.ca.port, files["stranger"]) as relay, Proxy(relay.port) as proxy:
        point_at(device, "https://ca.example/scep", ProxyUrl=proxy.url)
        assert "TLS certificate" in failed(device)["Text"]


# --------------------------------------------------------- forms of the address --


def test_an_IPv6_address_in_brackets(device):
    with Relay(device.ca.port, host="::1") as relay:
        point_at(device, "http://[::1]:%d/scep" % relay.port)
        device.enrol(common_name="six.example.net")
        assert relay.connections == 1


@pytest.mark.parametrize(
    "rest, path, keys",
    [
        ("", "/cgi-bin/pkiclient.exe", []),
        ("/", "/", []),
        ("/a%20b/scep?profile=x&y=", "/a%20b/scep", ["profile", "y"]),
    ],
)
def test_path_and_query_of_the_URL_are_kept(device, rest, path, keys):
    before = len(device.ca.log())
    point_at(device, "http://127.0.0.1:%d%s" % (device.ca.port, rest))
    device.enrol(common_name="path.example.net")
    for entry in device.ca.log()[before:]:
        assert entry["path"] == path
        assert set(entry["query_keys"]) - {"operation", "message"} == set(keys)


# ------------------------------------------------------------------- redirects --


def test_a_redirect_of_a_GET_on_the_same_server_is_followed(device):
    device.ca.control(redirect={"GetCACert": "self"})
    device.enrol(common_name="redirected.example.net")


@pytest.mark.parametrize(
    "redirect",
    [{"PKCSReq": "self"}, {"GetCACert": "http://127.0.0.2:1/scep"},
     {"GetCACert": "file:///etc/passwd"}],
    ids=["post", "elsewhere", "file"],
)
def test_no_other_redirect_is(device, redirect):
    device.ca.control(redirect=redirect)
    row = failed(device)
    assert (row["Detail"], row["HttpStatus"]) == ("httpError", 302)


# ------------------------------------------------------------------- addresses --


@pytest.fixture
def denied(own):
    """A device that may not talk to loopback, and a proxy there."""
    own.agent.configure("denyAddress 127.0.0.0/8 ::1/128")
    own.agent.restart()
    with Proxy(own.ca.port) as proxy:
        yield own, proxy
    assert own.ca.log() == [] and proxy.asked == []


def test_an_address_is_denied_however_it_is_written(denied):
    own, proxy = denied
    for url, proxy_url in [
        ("http://[::ffff:127.0.0.1]:%d/scep" % own.ca.port, ""),
        ("http://[::ffff:7f00:1]:%d/scep" % own.ca.port, ""),
        ("http://localhost:%d/scep" % own.ca.port, ""),
        ("http://0.0.0.0:%d/scep" % own.ca.port, ""),
        ("http://192.0.2.1/scep", proxy.url),
    ]:
        point_at(own, url, ProxyUrl=proxy_url)
        row = failed(own)
        assert row["Detail"] == "configError", (url, row)
        assert "is not allowed" in row["Text"], (url, row)
