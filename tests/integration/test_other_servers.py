# SPDX-License-Identifier: Apache-2.0
"""Answers of other servers that are right all the same: Microsoft's NDES, and
those that put something into a FAILURE or PENDING."""

import time
from email.utils import formatdate

import pytest

from rig.device import date_and_time
from rig.processes import wait_until
from scepca.messages import BARE_CONTENTS


@pytest.fixture
def ndes(own):
    """A device that may take SHA-1, and a CA that answers as NDES does."""
    own.agent.configure("allowLegacyAlgorithms sha1")
    own.agent.restart()
    own.ca.control(ndes=True)
    own.point_at()
    return own


# ---------------------------------------------------------- Microsoft's NDES --


def test_the_failInfo_of_a_wrong_challenge_reaches_the_status_table(ndes):
    row = ndes.wait_end(ndes.send(challenge="not it"))
    assert (row["State"], row["Detail"], row["FailInfo"]) == ("error", "scepError", "badRequest")
    assert row["Text"].startswith("Communication Error (SCEP ERROR Fail Info 2)")
    assert row["FailInfoText"] == "the challenge password is wrong"
    assert row["TransactionId"] != ""


def test_manual_approval_ends_well(ndes):
    ndes.ca.control(pending=2)
    ndes.poll(5)
    index = ndes.send()
    ndes.wait_status(index, Detail="deferred", State="processing")
    assert ndes.wait_end(index)["State"] == "successful"
    log = ndes.pki_log()
    assert [e["message"] for e in log] == ["PKCSReq", "CertPoll", "CertPoll"]


def test_manual_refusal_shows_its_failInfo(ndes):
    ndes.ca.control(pending=1, fail_info={"value": 4, "message": "CertPoll"})
    ndes.poll(5)
    row = ndes.wait_end(ndes.send())
    assert (row["Detail"], row["FailInfo"]) == ("scepError", "badCertId"), row


def test_a_refused_RenewalReq_is_followed_by_a_PKCSReq(ndes):
    ndes.wait_end(ndes.run_timer(UseLocation=""))
    ndes.ca.control(renewal="refuse")
    first = len(ndes.pki_log())
    row = ndes.wait_end(ndes.run_timer(UseLocation=""))
    assert (row["State"], row["MessageType"]) == ("successful", "pkcsReq"), row
    log = ndes.pki_log()[first:]
    assert [e["message"] for e in log] == ["RenewalReq", "PKCSReq"]
    assert not log[1]["signer_self_signed"] and log[1]["challenge_present"]


def test_NDES_has_to_be_allowed_to_use_SHA_1(own):
    own.ca.control(ndes=True)
    own.point_at()
    row = own.wait_end(own.send(challenge="not it"))
    assert row["Detail"] == "badResponse" and "SHA-1" in row["Text"], row


# ----------------------------------------------- the content of other replies --


@pytest.mark.parametrize("content", BARE_CONTENTS)
def test_the_content_of_a_FAILURE_is_ignored(device, content):
    device.ca.control(bare_content=content, fail_info=1)
    row = device.wait_end(device.send())
    assert (row["Detail"], row["FailInfo"]) == ("scepError", "badMessageCheck"), row


@pytest.mark.parametrize("content", BARE_CONTENTS)
def test_the_content_of_a_PENDING_is_ignored(device, content):
    device.ca.control(bare_content=content, pending=1)
    device.poll(3, interval=3600)
    index = device.send()
    device.wait_status(index, Detail="deferred")
    device.quick.set(scepRequestAction="pollNow")
    assert device.wait_end(index)["State"] == "successful"


@pytest.mark.parametrize("switch, scene", [
    ("failure_with_envelope", {"fail_info": 2}), ("pending_with_envelope", {"pending": 1}),
])
def test_an_envelope_with_a_certificate_is_ignored_too(device, switch, scene):
    before = device.leftovers()
    device.ca.control(**scene, **{switch: True})
    row = device.wait_end(device.send())
    assert row["Detail"] == ("deferred" if "pending" in scene else "scepError"), row
    assert row["KeyIndex"] == 0
    device.quick.set(scepRequestAction="clear")
    device.wait_clean(before)


# ------------------------------------------------------- who is asked to issue --


@pytest.fixture(params=[
    {"chain": True}, {"chain": True, "ra": "two"}, {"chain": True, "ra": "one"}, {"ra": "one"},
], ids=str)
def managed(device, request):
    """A device before a PKI that chooses the CA by the issuer of a CertPoll."""
    device.ca.control(pending=1, **request.param)
    device.poll(5)
    yield device
    device.quick.set(scepServerCaTrustPolicy="verify")


def root_of(device):
    published = device.ca.state()["published"]
    return published.get("main.root", published.get("main"))


def check_polled(device):
    row = device.wait_end(device.send())
    assert row["State"] == "successful", row
    poll = device.pki_log(transaction_id=row["TransactionId"])[-1]
    assert (poll["message"], poll["outcome"]) == ("CertPoll", "issued")
    assert "root" not in poll["poll_issuer"]


def test_CertPoll_names_the_CA_that_issues_where_the_root_is_pinned(managed):
    managed.point_at(fingerprint=root_of(managed))
    check_polled(managed)


def test_CertPoll_names_the_CA_that_issues_where_that_is_pinned(managed):
    managed.point_at()
    check_polled(managed)


def test_CertPoll_names_the_CA_that_issues_where_the_first_use_pinned(managed):
    managed.point_at(fingerprint="", CaTrustPolicy="trustOnFirstUse")
    check_polled(managed)


# ---------------------------------------------------------- a server that is busy --


def busy(status, times=1, **headers):
    return {"value": {"status": status, "headers": headers}, "times": times}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_capabilities_are_asked_again_while_the_server_is_busy(device, status):
    before = len(device.ca.log())
    device.ca.control(http_status={"GetCACaps": busy(status, 2)})
    device.poll(5)
    row = device.wait_end(device.send())
    assert (row["State"], row["Polls"]) == ("successful", 2), row
    asked = [e["operation"] for e in device.ca.log()[before:]]
    assert asked == ["GetCACaps"] * 3 + ["GetCACert", "PKIOperation"]
    assert device.pki_log(transaction_id=row["TransactionId"])[0]["method"] == "POST"


@pytest.mark.parametrize("status", [401, 404, 500, 501])
def test_another_status_means_a_server_without_capabilities(device, status):
    device.ca.control(http_status={"GetCACaps": status})
    row = device.enrol()
    assert device.pki_log(transaction_id=row["TransactionId"])[0]["method"] == "GET"


def http_date(seconds):
    return formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize("operation", ["GetCACaps", "GetCACert", "PKIOperation"])
@pytest.mark.parametrize("asked", ["7000", "date", "9000000"])
def test_Retry_After_moves_the_next_poll(device, operation, asked):
    header = {"Retry-After": http_date(7000) if asked == "date" else asked}
    device.ca.control(http_status={operation: busy(503, **header)})
    device.poll(2, interval=600)
    now = time.time()
    index = device.send()
    row = device.wait_status(index, Detail="httpError", HttpStatus=503)
    wait = 86400 if asked == "9000000" else 7000
    assert abs(date_and_time(row["NextPoll"]) - now - wait) < 60, row
    device.quick.set(scepRequestAction="pollNow")
    row = device.wait_end(index)
    assert (row["State"], row["Polls"]) == ("successful", 1), row


def test_Retry_After_of_a_PENDING_moves_the_next_poll(device):
    device.ca.control(pending=1, headers={"PKCSReq": {"Retry-After": "3"}})
    device.poll(2, interval=3600)
    row = device.wait_end(device.send())
    assert (row["State"], row["Polls"]) == ("successful", 1), row


def test_a_restart_keeps_the_time_that_the_server_asked_for(own):
    own.ca.control(http_status={"GetCACert": busy(503, **{"Retry-After": "7000"})})
    own.point_at()
    own.poll(2, interval=5)
    index = own.send()
    before = own.wait_status(index, Detail="httpError")["NextPoll"]
    own.agent.kill()
    own.agent.start()
    assert own.wait_status(index, Detail="httpError")["NextPoll"] == before
    own.quick.set(scepRequestAction="pollNow")
    assert own.wait_end(index)["State"] == "successful"


# --------------------------------------------------- white space behind the DER --


@pytest.mark.parametrize("behind", ["\r\n", "\n", " \t\r\n\r\n"], ids=repr)
@pytest.mark.parametrize("form", ["der", "p7"])
def test_white_space_behind_every_answer_is_let_pass(own, behind, form):
    own.ca.control(authority="ending", next_ca=True, cacert=form, pending=1, behind={"*": behind})
    own.point_at()
    own.poll(5)
    row = own.wait_end(own.send())
    assert row["State"] == "successful", row
    assert "next" in {role for ca in own.quick.table("scepCaTable").values() for role in ca["Role"]}
    own.quick.set(scepServerCheck="getCrl")

    def result():
        value = own.quick.get("scepServerCheckResult.1")
        return None if value == "inProgress" else value

    assert wait_until(result, 20, "end of the check") == "none"


# --------------------------------------------------- who may have the challenge --


@pytest.mark.parametrize("ra, has_challenge", [("none", True), ("one", False), ("two", False)])
def test_the_challenge_follows_a_refusal_of_the_CA_itself_only(own, ra, has_challenge):
    own.ca.control(ra=ra)
    own.point_at()
    assert own.wait_end(own.run_timer(UseLocation=""))["State"] == "successful"
    own.ca.control(renewal="refuse")
    row = own.wait_end(own.run_timer(UseLocation=""))
    assert (row["State"], row["MessageType"]) == ("successful", "pkcsReq"), row
    log = own.pki_log()[1:]
    assert [e["message"] for e in log] == ["RenewalReq", "PKCSReq"]
    assert [e["challenge_present"] for e in log] == [False, has_challenge]
    assert ("without the challenge" in own.agent.log()) != has_challenge


@pytest.mark.parametrize("pinned", ["main.root", "main.sub"])
def test_a_CA_below_the_root_is_the_CA_itself_where_it_issues(own, pinned):
    own.ca.control(chain=True)
    own.point_at(fingerprint=own.ca.state()["published"][pinned])
    assert own.wait_end(own.run_timer(UseLocation=""))["State"] == "successful"
    own.ca.control(renewal="refuse")
    assert own.wait_end(own.run_timer(UseLocation=""))["State"] == "successful"
    assert own.pki_log()[-1]["challenge_present"]
