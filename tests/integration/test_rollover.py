# SPDX-License-Identifier: Apache-2.0
"""A CA that is replaced by another: announced before, and in mid-transaction."""

import os

import pytest

from rig.device import certificates_in
from rig.processes import wait_until


def next_cas(device):
    rows = device.quick.table("scepCaTable").values()
    return [row for row in rows if "next" in row["Role"]]


def operations(device):
    return [entry.get("message") or entry["operation"] for entry in device.ca.log()]


def issuer_of_last(device):
    """The common name of who issued the newest certificate of the device."""
    newest = max(device.agent.paths("certs"), key=lambda path: os.stat(path).st_mtime_ns)
    return certificates_in(newest)[0].issuer.rfc4514_string()


def pending(device, **values):
    """A request that the CA has pending; gives its index."""
    device.ca.control(pending={"value": 1, "times": 1})
    device.poll(3, interval=3600)
    index = device.send(**values)
    device.wait_status(index, Detail="deferred")
    return index


def poll_now(device, index):
    device.quick.set(scepRequestAction="pollNow")
    return device.wait_end(index)


def test_an_enrolment_learns_of_the_next_CA_and_is_ready_for_it(own):
    own.ca.control(authority="ending", next_ca=True)
    own.point_at()
    own.enrol(common_name="one.example.net")
    assert operations(own) == ["GetCACaps", "GetCACert", "GetNextCACert", "PKCSReq"]
    (row,) = next_cas(own)
    assert row["Trust"] == "trusted" and row["Source"] == "getNextCaCert"
    # Nobody has told the device when: it finds another CA one day.
    own.ca.control(authority="next", next_ca=False)
    own.enrol(common_name="two.example.net")
    assert "next CA" in issuer_of_last(own)
    assert next_cas(own) == []


def test_a_CA_with_years_to_live_is_not_asked(own):
    own.ca.control(next_ca=True)
    own.point_at()
    own.enrol()
    assert operations(own) == ["GetCACaps", "GetCACert", "PKCSReq"]


@pytest.mark.parametrize(
    "changes",
    [{"transport": {"GetNextCACert": "reset"}}, {"next_ca": "stranger"}],
    ids=["reset", "stranger"],
)
def test_a_next_CA_that_cannot_be_had_does_not_hold_the_request(device, changes):
    device.ca.control(authority="ending", **{"next_ca": True, **changes})
    device.point_at()
    device.enrol(common_name="still.example.net")
    assert next_cas(device) == []
    assert "GetNextCACert failed: " in device.agent.log()


@pytest.fixture(params=["pinned", "first use"])
def rooted(own, request):
    """A device that has a root pinned, and a CA below it that is to end."""
    own.ca.control(authority="ending", chain=True)
    if request.param == "pinned":
        own.point_at(fingerprint=own.ca.state()["published"]["ending.root"])
    else:
        own.point_at(fingerprint="", CaTrustPolicy="trustOnFirstUse")
    return own


def check_next(device):
    device.quick.set(scepServerCheck="getNextCaCert")

    def result():
        values = device.quick.get("scepServerCheckResult.1", "scepServerCheckText.1")
        return None if values[0] == "inProgress" else values

    return wait_until(result, 20, "end of the check")


def test_a_CA_below_the_pinned_one_announces_nobody(rooted):
    rooted.ca.control(next_ca=True)
    rooted.enrol()
    result, text = check_next(rooted)
    assert result == "badResponse"
    assert "signed by CN=scepagent ending CA,O=Test, and not by the pinned CA" in text
    assert next_cas(rooted) == []


def test_the_pinned_root_announces_the_next_one(rooted):
    rooted.ca.control(next_ca="root")
    assert check_next(rooted)[0] == "none"
    (row,) = next_cas(rooted)
    assert row["Trust"] == "trusted"


@pytest.mark.parametrize("before, after", [("one", "two"), ("two", "none")])
def test_an_RA_that_changes_between_transactions_is_taken_up(device, before, after):
    device.ca.control(ra=before)
    device.point_at()
    device.enrol(common_name="before.example.net")
    device.ca.control(ra=after)
    device.enrol(common_name="after.example.net")
    recipients = [e["recipient"] for e in device.pki_log()][-2:]
    assert recipients[0] != recipients[1]


def test_an_RA_that_changes_in_mid_transaction_is_taken_up_once(device):
    device.ca.control(ra="one")
    device.point_at()
    index = pending(device, common_name="mid.example.net")
    seen = len(device.ca.log())
    device.ca.control(ra="two")
    assert poll_now(device, index)["State"] == "successful"
    assert operations(device)[seen:] == ["CertPoll", "GetCACert", "CertPoll"]
    log = device.ca.log()[seen:]
    assert log[0]["transaction_id"] == log[2]["transaction_id"]
    assert log[0]["recipient"] != log[2]["recipient"]
    assert log[2]["outcome"] == "repeated"


def test_an_announced_CA_that_comes_in_mid_transaction_is_followed(own):
    own.ca.control(authority="ending", next_ca=True)
    own.point_at()
    index = pending(own)
    own.ca.control(authority="next", next_ca=False)
    assert poll_now(own, index)["State"] == "successful"
    assert "next CA" in issuer_of_last(own)


def test_a_CA_that_nobody_has_announced_is_caNotTrusted(device):
    device.point_at()
    index = pending(device)
    sent = len(device.pki_log())
    device.ca.control(authority="other")
    row = poll_now(device, index)
    assert (row["State"], row["Detail"]) == ("error", "caNotTrusted")
    assert len(device.pki_log()) == sent + 1
    device.quick.set(scepRequestAction="clear")


def test_an_operator_decides_about_a_CA_that_comes_in_mid_transaction(own):
    own.point_at(fingerprint="", CaTrustPolicy="verify")
    index = own.send()
    own.wait_status(index, Detail="caNotTrusted")
    ((first, _),) = own.quick.table("scepCaTable").items()
    own.ca.control(pending={"value": 1, "times": 1})
    own.poll(3, interval=3600)
    own.quick.set(("scepCaTrust.%d" % first, "trusted"))
    own.wait_status(index, Detail="deferred")
    own.ca.control(authority="other")
    own.quick.set(scepRequestAction="pollNow")
    own.wait_status(index, Detail="caNotTrusted", State="processing")
    rows = own.quick.table("scepCaTable")
    (second,) = [key for key, row in rows.items() if row["Trust"] == "pending"]
    own.quick.set(("scepCaTrust.%d" % second, "trusted"))
    assert own.wait_end(index)["State"] == "successful"
    assert "other CA" in issuer_of_last(own)
