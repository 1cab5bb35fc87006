# SPDX-License-Identifier: Apache-2.0
"""The tests' own CA as other clients see it, beside scepagent: each cell of
the table of interoperation in tests/scepca/README.md.

A CA and a client from the same hands could share a misunderstanding.  Neither
strongSwan nor Micromdm knows of it."""

import pytest

from rig.device import CHALLENGE, in_seconds
from rig.matrix import cell, cells_of, check, check_complete, identity
from rig.peers import ScepClient, StrongSwan
from rig.processes import wait_until

SERVER = "scepca"
AGENT, SWAN, MICROMDM = "scepagent", "strongSwan", "scepclient"
CA = "scepagent test CA"


def entries(device, before, **wanted):
    """Returns what the CA has seen since, and no two attempts at it."""
    log = device.pki_log()[before:]
    assert log, "no message came"
    for name, value in wanted.items():
        assert [entry[name] for entry in log] == value, (name, log)
    return log


@pytest.fixture
def seen(device):
    return len(device.pki_log())


@pytest.fixture
def swan(device, tmp_path):
    device.ca.control(caps=StrongSwan.CAPS)
    return StrongSwan(tmp_path / "swan", device.ca.url)


@pytest.fixture
def micromdm(device, tmp_path):
    device.ca.control(accept_ciphers=ScepClient.CIPHERS)
    return ScepClient(tmp_path / "micromdm", device.ca.url)


@pytest.fixture
def world(device, seen, swan, micromdm):
    device.ca.control(caps=None)
    return {"device": device, "seen": seen, "swan": swan, "micromdm": micromdm}


def only_ca(swan):
    """The one certificate of the CA, for the options of strongSwan."""
    (name,) = swan.get_ca_cert().values()
    return {"encrypt": name, "sign": name}


def enrol_by_swan(device, swan, name, *words):
    device.ca.control(caps=StrongSwan.CAPS)
    swan.enrol(name, name + ".example.net", *words, **only_ca(swan))


# ------------------------------------------------------------------ GetCACert --


@cell(SERVER, "GetCACert: one certificate", AGENT)
def _(device, **_):
    row = device.enrol(common_name="one.example.net")
    assert device.keys()[row["KeyIndex"]]["Issuer"].startswith("CN=" + CA)


@cell(SERVER, "GetCACert: one certificate", SWAN)
def _(swan, **_):
    assert list(swan.get_ca_cert()) == [CA]


@cell(SERVER, "GetCACert: one certificate", MICROMDM)
def _(micromdm, **_):
    micromdm.enrol("-challenge", CHALLENGE)


def with_ras(device):
    device.ca.control(chain=True, ra="two")
    device.point_at()


@cell(SERVER, "GetCACert: a chain and two RAs", AGENT)
def _(device, seen, **_):
    with_ras(device)
    device.enrol(common_name="ras.example.net")
    entries(device, seen, recipient=["main.sub.ra-encrypt"])


@cell(SERVER, "GetCACert: a chain and two RAs", SWAN)
def _(device, swan, seen, **_):
    with_ras(device)
    device.ca.control(caps=StrongSwan.CAPS)
    files = swan.get_ca_cert()
    swan.enrol(
        "ras", "ras.example.net", "--password", CHALLENGE,
        "--cacert", files[CA], "--cacert", files[CA + " root"],
        encrypt=files["scepagent test RA encryption"],
        sign=files["scepagent test RA signing"],
    )
    entries(device, seen, recipient=["main.sub.ra-encrypt"])


@cell(SERVER, "GetCACert: a chain and two RAs", MICROMDM)
def _(device, micromdm, **_):
    with_ras(device)
    micromdm.enrol("-challenge", CHALLENGE)


# ---------------------------------------------------------------- PKCSReq ... --


@cell(SERVER, "PKCSReq by POST", AGENT)
def _(device, seen, **_):
    device.enrol(common_name="post.example.net")
    (entry,) = entries(device, seen, method=["POST"], message=["PKCSReq"])
    assert (entry["cipher"], entry["digest"]) == ("aes128", "sha256")
    assert entry["notes"] == []


@cell(SERVER, "PKCSReq by POST", SWAN)
def _(device, swan, seen, **_):
    enrol_by_swan(device, swan, "post", "--password", CHALLENGE)
    (entry,) = entries(device, seen, method=["POST"], message=["PKCSReq"])
    assert (entry["cipher"], entry["digest"]) == ("aes128", "sha256")


@cell(SERVER, "PKCSReq by POST", MICROMDM)
def _(device, micromdm, seen, **_):
    micromdm.enrol("-challenge", CHALLENGE)
    (entry,) = entries(device, seen, method=["POST"], message=["PKCSReq"])
    assert (entry["cipher"], entry["digest"]) == ("des", "sha1")


@cell(SERVER, "PKCSReq by GET", AGENT)
def _(device, seen, **_):
    device.ca.control(caps="AES\nSHA-256\n")
    device.enrol(common_name="get.example.net")
    (entry,) = entries(device, seen, method=["GET"], message=["PKCSReq"])
    assert entry["notes"] == []


@cell(SERVER, "PKCSReq by GET", MICROMDM)
def _(device, micromdm, seen, **_):
    device.ca.control(caps="AES\nSHA-256\n")
    micromdm.enrol("-challenge", CHALLENGE)
    (entry,) = entries(device, seen, method=["GET"], message=["PKCSReq"])
    assert "base64url in place of base64" in entry["notes"]


@cell(SERVER, "a wrong challenge is refused", AGENT)
def _(device, **_):
    row = device.wait_end(device.send(challenge="wrong"))
    assert (row["Detail"], row["FailInfo"]) == ("scepError", "badRequest")


@cell(SERVER, "a wrong challenge is refused", SWAN)
def _(device, swan, **_):
    with pytest.raises(AssertionError, match="badRequest"):
        enrol_by_swan(device, swan, "wrong", "--password", "wrong")


@cell(SERVER, "a wrong challenge is refused", MICROMDM)
def _(micromdm, **_):
    with pytest.raises(AssertionError, match="badRequest"):
        micromdm.enrol("-challenge", "wrong")


@cell(SERVER, "PENDING, then CertPoll", AGENT)
def _(device, seen, **_):
    device.ca.control(pending=1)
    device.poll(3)
    index = device.send(common_name="pending.example.net")
    device.wait_status(index, Detail="deferred")
    device.quick.set(scepRequestAction="pollNow")
    assert device.wait_end(index)["State"] == "successful"
    entries(device, seen, message=["PKCSReq", "CertPoll"])


@cell(SERVER, "PENDING, then CertPoll", SWAN)
def _(device, swan, seen, **_):
    device.ca.control(pending=2)
    enrol_by_swan(device, swan, "pending", "--password", CHALLENGE)
    log = entries(device, seen, message=["PKCSReq", "CertPoll", "CertPoll"])
    assert len({entry["transaction_id"] for entry in log}) == 1


# ------------------------------------------------------- RenewalReq and others --


@cell(SERVER, "RenewalReq over a new key", AGENT)
def _(device, seen, **_):
    device.enrol(common_name="renewed.example.net")
    device.quick.set(
        scepAutoKeyName="renewed", scepAutoCommonName="renewed.example.net",
        scepAutoStartTime=in_seconds(0), scepAutoEnable="true",
    )
    try:
        wait_until(lambda: len(device.pki_log()) == seen + 2, 20, "renewal")
        entry = entries(device, seen, message=["PKCSReq", "RenewalReq"])[1]
        assert entry["outcome"] == "issued" and not entry["signer_self_signed"]
        row = wait_until(lambda: successful_renewal(device), 20, "end of it")
        assert row["Trigger"] == "timer"
    finally:
        device.quick.set(scepAutoEnable="false")


def successful_renewal(device):
    row = device.status(device.quick.get("scepStatusLastIndex.0"))
    return row if row and row["State"] == "successful" else None


@cell(SERVER, "RenewalReq over a new key", SWAN)
def _(device, swan, seen, **_):
    enrol_by_swan(device, swan, "old", "--password", CHALLENGE)
    enrol_by_swan(device, swan, "new", "--cert", "old.crt", "--key", "old.key")
    entry = entries(device, seen, message=["PKCSReq", "RenewalReq"])[1]
    assert entry["outcome"] == "issued" and not entry["signer_self_signed"]


@cell(SERVER, "RenewalReq over the same key", MICROMDM)
def _(device, micromdm, seen, **_):
    micromdm.enrol("-challenge", CHALLENGE)
    micromdm.enrol()
    # The key is the transactionID, and so the answer is the same again.
    entries(device, seen, message=["PKCSReq", "RenewalReq"], outcome=["issued", "repeated"])


@cell(SERVER, "a request signed with RSA-PSS", SWAN)
def _(device, swan, seen, **_):
    enrol_by_swan(device, swan, "pss", "--password", CHALLENGE, "--rsa-padding", "pss")
    entries(device, seen, outcome=["issued"])


def check_server(device, kind):
    device.quick.set(scepServerCheck=kind)
    result = lambda: device.quick.get("scepServerCheckResult.1")  # noqa: E731
    wait_until(lambda: result() != "inProgress", 20, "end of the check")
    assert result() == "none"


@cell(SERVER, "GetCRL", AGENT)
def _(device, seen, **_):
    device.enrol(common_name="crl.example.net")
    check_server(device, "getCrl")
    entries(device, seen, message=["PKCSReq", "GetCRL"])


@cell(SERVER, "GetNextCACert", AGENT)
def _(device, **_):
    device.ca.control(next_ca=True)
    check_server(device, "getNextCaCert")
    rows = device.quick.table("scepCaTable").values()
    assert [r["Trust"] for r in rows if "next" in r["Role"]] == ["trusted"]


# -------------------------------------------------------------------- the test --


@pytest.mark.parametrize("key", cells_of(SERVER), ids=identity)
def test_the_matrix_says_what_happens(world, key):
    check(key, **world)


def test_no_cell_of_the_matrix_is_without_a_trial():
    check_complete(SERVER)
