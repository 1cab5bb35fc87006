# SPDX-License-Identifier: Apache-2.0
"""An enrolment against a CA that nobody here wrote: scepserver of Debian's
package `scep`.  Its replies are always DES-CBC and SHA-1, so that they need
the opt-in.  It listens on every interface, and so it runs, with all the rest,
in a network namespace."""

import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from rig.agent import Agent
from rig.device import certificates_in, in_seconds, key_in, public_bytes
from rig.master import Master
from rig.matrix import cell, cells_of, check, check_complete, identity
from rig.namespace import Namespace
from rig.peers import ScepClient, StrongSwan
from rig.processes import end, environment, spawn, wait_until

PORT = 8080
URL = "http://127.0.0.1:%d/scep" % PORT
CHALLENGE = "of-the-other-ca"


@pytest.fixture(scope="module")
def namespace():
    made = Namespace()
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(namespace, tmp_path_factory):
    """scepserver at URL; gives the CA's certificate."""
    depot = tmp_path_factory.mktemp("scepserver") / "depot"
    made = namespace.run("scepserver", "ca", "-init", "-depot", depot, "-keySize", "2048")
    assert made.returncode == 0, made.stderr
    log = open(depot.parent / "log", "wb")
    process = spawn(
        [*namespace.prefix, "scepserver", "-depot", depot, "-port", PORT,
         "-challenge", CHALLENGE, "-allowrenew", "0"],
        env=environment(), stdout=log, stderr=log,
    )
    try:
        namespace.wait_listening(PORT)
        yield x509.load_pem_x509_certificate((depot / "ca.pem").read_bytes())
    finally:
        end(process)
        log.close()


@pytest.fixture(scope="module")
def master(namespace, tmp_path_factory, mibs):
    running = Master(tmp_path_factory.mktemp("inside"), mibs, namespace.prefix)
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture
def start(namespace, master, tmp_path):
    """start("line of scepagentd.conf", ...) gives a registered scepagentd."""
    started = []

    def begin(*lines):
        agent = Agent(tmp_path, master, lines, namespace.prefix)
        started.append(agent)
        agent.launch()
        wait_until(
            lambda: master.monitor.run("snmpget", "scepAgentVersion.0").out.count("STRING"),
            20, "scepagentd in the namespace",
        )
        wait_until(lambda: master.monitor.get("scepKeyCount.0") == "1", 20, "the default key")
        return agent

    yield begin
    for agent in started:
        agent.stop()


def enrol(master, server, challenge=CHALLENGE, method="auto"):
    """The two Sets of the README; gives the columns of the status row."""
    snmp = master.admin
    fingerprint = server.fingerprint(hashes.SHA256()).hex()
    snmp.set(
        "scepServerUrl.1", "s", URL, "scepServerCaFingerprint.1", "x", fingerprint,
        "scepServerHttpMethod.1", "i", method,
    ).ok()
    snmp.set(
        "scepRequestKeyName.1", "s", "web", "scepRequestCommonName.1", "s", "lamp.example.net",
        "scepRequestOrganization.1", "s", "Example", "scepRequestKeyLength.1", "u", "2048",
        "scepRequestSignatureAlgorithm.1", "i", "sha256",
        "scepRequestChallengePassword.1", "s", challenge, "scepRequestAction.1", "i", "send",
    ).ok()
    return wait_end(snmp, snmp.get("scepRequestStatusIndex.1"))


def wait_end(snmp, row):
    """Waits for the end of a request; gives the columns of its row."""

    def ended():
        names = ("State", "Detail", "Text", "KeyIndex")
        values = snmp.get(*["scepStatus%s.%s" % (name, row) for name in names])
        return values if values[0] in ("successful", "error") else None

    return wait_until(ended, 30, "end of the request")


def test_an_enrolment_at_scepserver_succeeds_with_the_opt_in(master, server, start):
    agent = start("allowLegacyAlgorithms sha1,des")
    state, detail, text, key = enrol(master, server)
    assert (state, detail) == ("successful", "none"), (text, agent.log())
    issued = certificates_in(agent.paths("certs")[0])[0]
    assert issued.issuer == server.subject
    assert "lamp.example.net" in issued.subject.rfc4514_string()
    assert public_bytes(key_in(agent.paths("keys")[0])) == public_bytes(issued)
    shown = master.monitor.get("scepKeySubject." + key)
    assert "lamp.example.net" in shown


def test_each_use_of_a_weak_algorithm_is_logged_and_counted(master, server, start):
    agent = start("allowLegacyAlgorithms sha1,des")
    assert enrol(master, server)[0] == "successful"
    agent.wait_log("which the configuration allows")
    lines = [l for l in agent.log().splitlines() if "configuration allows" in l]
    assert ["SHA-1," in l or " DES," in l for l in lines] == [True, True]
    assert enrol(master, server)[0] == "successful"
    for name in ("SHA-1", "DES"):
        agent.wait_log("the server used %s, which the configuration allows "
                       "(use 2 of it since the start)" % name)


@pytest.mark.parametrize("lines", [(), ("allowLegacyAlgorithms sha1",),
                                   ("allowLegacyAlgorithms des",),
                                   ("allowLegacyAlgorithms 3des",)])
def test_without_the_opt_in_it_is_badResponse_that_names_what_is_weak(
    master, server, start, lines
):
    agent = start(*lines)
    state, detail, text, _ = enrol(master, server)
    assert (state, detail) == ("error", "badResponse"), text
    assert re.search(r"\bDES\b|SHA-?1", text, re.IGNORECASE), text
    assert master.monitor.get("scepKeyCount.0") == "1"
    wait_until(lambda: not agent.files("keys"), 10, "sweep of the key")
    assert agent.files("certs") == []


def test_a_wrong_challenge_at_scepserver_is_scepError(master, server, start):
    start("allowLegacyAlgorithms sha1,des")
    state, detail, text, _ = enrol(master, server, challenge="wrong")
    assert (state, detail) in (("error", "scepError"), ("error", "httpError")), text


# ------------------------------------------------------------------ the matrix --

SERVER = "scepserver"
OPT_IN = "allowLegacyAlgorithms sha1,des"


@pytest.fixture
def world(master, server, start, namespace, tmp_path):
    return {
        "master": master, "server": server, "start": start,
        "swan": StrongSwan(tmp_path / "swan", URL, namespace.prefix),
        "micromdm": ScepClient(tmp_path / "micromdm", URL, namespace.prefix),
    }


@cell(SERVER, "PKCSReq by POST", "scepagent")
def _(master, server, start, **_):
    agent = start(OPT_IN)
    assert enrol(master, server, method="post")[0] == "successful", agent.log()


@cell(SERVER, "PKCSReq by GET", "scepagent")
def _(master, server, start, **_):
    agent = start(OPT_IN)
    assert enrol(master, server, method="get")[0] == "successful", agent.log()


@cell(SERVER, "PKCSReq by POST", "strongSwan")
def _(swan, **_):
    ((_, name),) = swan.get_ca_cert().items()
    swan.enrol("peer", "peer.example.net", "--password", CHALLENGE,
               "--cipher", "des3", encrypt=name, sign=name)


@cell(SERVER, "PKCSReq by POST", "scepclient")
def _(micromdm, **_):
    micromdm.enrol("-challenge", CHALLENGE)


@cell(SERVER, "a wrong challenge is refused", "scepagent")
def _(master, server, start, **_):
    start(OPT_IN)
    assert enrol(master, server, challenge="wrong")[:2] == ["error", "scepError"]


@cell(SERVER, "a wrong challenge is refused", "scepclient")
def _(micromdm, **_):
    with pytest.raises(AssertionError, match="badRequest"):
        micromdm.enrol("-challenge", "wrong")


def renew(master, mode, challenge=CHALLENGE):
    """The same subject once more, by the timer, with the certificate that
    there is; gives the columns of the status row, and the message."""
    snmp = master.admin
    snmp.set(
        "scepServerRenewalMode.1", "i", mode, "scepAutoKeyName.1", "s", "web",
        "scepAutoCommonName.1", "s", "lamp.example.net",
        "scepAutoOrganization.1", "s", "Example",
        "scepAutoChallengePassword.1", "s", challenge,
        "scepAutoStartTime.1", "x", in_seconds(-5).hex(), "scepAutoEnable.1", "i", "true",
    ).ok()
    try:
        last = snmp.get("scepStatusLastIndex.0")
        return wait_end(snmp, last), snmp.get("scepStatusMessageType." + last)
    finally:
        snmp.set("scepAutoEnable.1", "i", "false").ok()


def check_renewed(master, agent, key):
    """There is a second certificate of the subject, over a key of its own."""
    old, new = [certificates_in(path)[0] for path in agent.paths("certs")]
    assert old.subject == new.subject and public_bytes(old) != public_bytes(new)
    assert master.monitor.get("scepKeyReplaces." + key) != "0"


@cell(SERVER, "RenewalReq over a new key", "scepagent")
def _(master, server, start, **_):
    agent = start(OPT_IN)
    assert enrol(master, server)[0] == "successful"
    (state, _, text, key), message = renew(master, "renewalReq")
    assert (state, message) == ("successful", "renewalReq"), (text, agent.log())
    check_renewed(master, agent, key)


def test_what_refuses_a_RenewalReq_without_challenge_gets_a_PKCSReq_with_it(
    master, server, start
):
    agent = start(OPT_IN)
    assert enrol(master, server)[0] == "successful"
    (state, _, text, key), message = renew(master, "auto")
    assert (state, message) == ("successful", "pkcsReq"), (text, agent.log())
    assert "RenewalReq failed, PKCSReq follows" in agent.log()
    check_renewed(master, agent, key)


@cell(SERVER, "RenewalReq over the same key", "scepclient")
def _(micromdm, **_):
    micromdm.enrol("-challenge", CHALLENGE)
    micromdm.enrol()


@pytest.mark.parametrize("key", cells_of(SERVER), ids=identity)
def test_the_matrix_says_what_happens(world, key):
    check(key, **world)


def test_no_cell_of_the_matrix_is_without_a_trial():
    check_complete(SERVER)
