# SPDX-License-Identifier: Apache-2.0
"""The certificates that are accepted (rule 20 of the MIB): that of a CA never,
one that begins later when it begins, and one that differs from the request
with a text about it."""

import re

import pytest

from rig.device import Device, certificates_in, new_ca, reset
from rig.processes import wait_until

DAY = 86400


@pytest.fixture
def site(tmp_path, make_agent, master):
    """A device with the location "web", whose clock may differ by 1 s."""
    out = tmp_path / "out"
    out.mkdir()
    ca = new_ca(tmp_path / "ca")
    agent = make_agent(
        "useLocation web tls key={0}/web.key fullchain={0}/web.crt".format(out),
        "clockSkewLimit 1", "keyLimit 20",
    ).start()
    device = Device(tmp_path, master, agent, ca)
    device.point_at()
    device.out = out
    yield device
    ca.stop()


def deployed(device):
    """The serial number of the certificate that lies there."""
    return certificates_in(device.out / "web.crt")[0].serial_number


def use(device):
    return device.quick.row("scepUseTable", 1)


def begin_in(device, seconds):
    device.ca.control(backdate=-seconds, validity=seconds + 600 * DAY)


def test_one_that_begins_in_300_days_does_not_replace_one_that_works(site):
    first = site.wait_end(site.run_timer(DeleteOldKey="true"))
    assert (first["State"], first["Text"]) == ("successful", "")
    begin_in(site, 300 * DAY)
    row = site.wait_end(site.run_timer(DeleteOldKey="true"))
    assert (row["State"], row["Detail"]) == ("successful", "none")
    assert row["MessageType"] == "renewalReq"
    assert re.match(r"begins at 20\d\d-\d\d-\d\d .* UTC, deployed then$", row["Text"])
    for _ in range(2):
        keys = site.keys()
        assert keys[row["KeyIndex"]]["State"] == "notYetValid"
        assert keys[row["KeyIndex"]]["UseLocation"] == ""
        assert keys[first["KeyIndex"]]["UseLocation"] == "web"
        assert (use(site)["KeyIndex"], use(site)["Applied"]) == (
            first["KeyIndex"], "applied")
        assert deployed(site) == site.serial_of(first["KeyIndex"])
        site.agent.kill()
        site.agent.start()
    # It can be destroyed, and another one can be had.
    site.quick.set(("scepKeyRowStatus.%d" % row["KeyIndex"], "destroy"))
    assert row["KeyIndex"] not in site.keys()
    reset(site.ca)
    third = site.wait_end(site.run_timer(DeleteOldKey="true"))
    assert use(site)["KeyIndex"] == third["KeyIndex"]
    assert deployed(site) == site.serial_of(third["KeyIndex"])
    assert first["KeyIndex"] not in site.keys()


def test_it_is_deployed_when_it_begins(site):
    first = site.wait_end(site.run_timer(DeleteOldKey="true"))
    begin_in(site, 15)
    row = site.wait_end(site.run_timer(DeleteOldKey="true"))
    assert "deployed then" in row["Text"]
    assert use(site)["KeyIndex"] == first["KeyIndex"]
    wait_until(lambda: use(site)["KeyIndex"] == row["KeyIndex"], 40, "the deployment")
    wait_until(lambda: first["KeyIndex"] not in site.keys(), 10, "DeleteOldKey")
    assert deployed(site) == site.serial_of(row["KeyIndex"])
    assert site.keys()[row["KeyIndex"]]["Replaces"] == first["KeyIndex"]


@pytest.mark.parametrize("switch, text", [
    ("changed_subject", r'^differs: subject: asked "CN=timed.example.net", came "CN='),
    ("added_name", r'^differs: subjectAltName: asked "DNS:timed.example.net", came '
                   r'"DNS:timed.example.net,DNS:added.example.net"$'),
    ("other_usages", r'^differs: keyUsage: asked "digitalSignature,keyEncipherment", '
                     r'came "digitalSignature"; extendedKeyUsage: asked "serverAuth", '
                     r'came "clientAuth"$'),
])
def test_what_differs_is_told_and_taken(site, switch, text):
    site.ca.control(**{switch: True})
    row = site.wait_end(site.run_timer(ExtendedKeyUsage="serverAuth"))
    assert (row["State"], row["Detail"]) == ("successful", "none")
    assert re.search(text, row["Text"]), row["Text"]
    site.agent.wait_log("the certificate " + row["Text"])
    assert use(site)["KeyIndex"] == row["KeyIndex"]


def test_a_CA_is_not_taken(site):
    first = site.wait_end(site.run_timer())
    site.ca.control(ca_certificate_for_us=True)
    row = site.wait_end(site.run_timer())
    assert (row["State"], row["Detail"], row["KeyIndex"]) == ("error", "badResponse", 0)
    assert "that of a CA" in row["Text"]
    assert use(site)["KeyIndex"] == first["KeyIndex"]
