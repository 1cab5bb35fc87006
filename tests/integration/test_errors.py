# SPDX-License-Identifier: Apache-2.0
"""Bad input and bad servers: each ends in Error with its own Detail and text,
nothing crashes, and nothing half-registered remains."""

import base64
import re
import socket

import pytest

from rig.device import CHALLENGE, reset
from rig.processes import free_port, wait_until

HTML = b"<!DOCTYPE html>\n<html><body><h1>Please log in</h1></body></html>\n"


def failed(device, before, detail, text, **values):
    """A request that must end in Error with this Detail and a text that has
    these words, and leaves nothing behind; gives its row."""
    row = device.wait_end(device.send(**values))
    assert (row["State"], row["Detail"]) == ("error", detail), row
    assert re.search(text, row["Text"]), row["Text"]
    assert row["KeyIndex"] == 0 and row["NextPoll"] == b""
    # A request that pollNow could resume keeps its key until the next send or clear.
    device.quick.set(scepRequestAction="clear")
    device.wait_clean(before)
    assert device.quick.get("scepRequestChallengeSet.1") == "false"
    return row


@pytest.fixture
def before(device):
    return device.leftovers()


def hosts(device):
    return "127\\.0\\.0\\.1:%d" % device.ca.port


# ------------------------------------------------------ what the issue names --


def test_a_wrong_path_is_httpError_with_the_status(device, before):
    device.ca.control(http_status={"*": 404})
    device.point_at(url=device.ca.base + "/nowhere")
    row = failed(device, before, "httpError", r"^Communication Error \(TOP ERROR 404\)")
    assert row["HttpStatus"] == 404
    assert device.quick.get("scepStatusLastState.0") == "error"


def test_an_unreachable_port_is_commError(device, before):
    port = free_port(socket.SOCK_STREAM)
    device.point_at(url="http://127.0.0.1:%d/scep" % port)
    row = failed(
        device, before, "commError",
        r"^Communication Error \(TOP ERROR\): no connection to .*refused",
    )
    assert row["HttpStatus"] == 0


def test_a_host_without_address_is_commError(device, before):
    device.point_at(url="http://there-is-no-such-host.invalid/scep", Timeout=20)
    failed(device, before, "commError", "there-is-no-such-host.invalid")


def test_a_wrong_challenge_is_scepError_with_the_failInfo(device, before):
    row = failed(
        device, before, "scepError",
        r"^Communication Error \(SCEP ERROR Fail Info 2\).*badRequest",
        challenge="something else",
    )
    assert row["FailInfo"] == "badRequest" and row["HttpStatus"] in (0, 200)
    assert row["FailInfoText"] == "the challenge password is wrong"
    (message,) = device.pki_log(transaction_id=row["TransactionId"])
    assert message["challenge_ok"] is False


def test_a_wrong_fingerprint_is_caNotTrusted_and_nothing_is_sent(device, before):
    seen = len(device.ca.log())
    device.point_at(fingerprint="ab" * 32)
    row = failed(device, before, "caNotTrusted", "^CA Certificate Not Trusted: .*fingerprint")
    assert [e["operation"] for e in device.ca.log()[seen:]] == ["GetCACaps", "GetCACert"]
    assert row["TransactionId"] == ""


def test_HTML_in_place_of_the_ca_certificate_is_badResponse(device, before):
    device.ca.control(body={"*": base64.b64encode(HTML).decode()})
    failed(
        device, before, "badResponse",
        "an HTML page, not a CA certificate; is the URL right",
    )


def test_HTML_in_place_of_the_reply_is_badResponse(device, before):
    device.ca.control(body={"PKIOperation": base64.b64encode(HTML).decode()})
    failed(device, before, "badResponse", "an HTML page, not a CertRep; is the URL right")


@pytest.mark.parametrize("body, words", [
    (b"", "an empty answer"), (b'{"error": "no such path"}', "JSON"),
    (b"-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----\n", "PEM text"),
    (b"<?xml version='1.0'?><fault/>", "an XML document"),
    (b"unknown profile\r\n", 'the text "unknown profile"'),
])
def test_what_came_in_place_of_the_reply_is_said(device, before, body, words):
    device.ca.control(body={"PKIOperation": base64.b64encode(body).decode()})
    failed(device, before, "badResponse", "the server sent %s, not a CertRep" % words)


def test_a_page_in_place_of_the_capabilities_is_in_the_log(device):
    device.ca.control(body={"GetCACaps": base64.b64encode(HTML).decode()})
    device.enrol(common_name="page.example.net")
    assert "an HTML page, not a list of capabilities; is the URL right?" in device.agent.log()


def test_the_errors_of_the_manual_differ_in_detail_or_text(device):
    """Checks side by side what the tests above check one by one."""
    def end(**values):
        row = device.wait_end(device.send(**values))
        device.quick.set(scepRequestAction="clear")
        return row["Detail"], row["Text"]

    seen = [end(challenge="wrong")]
    device.point_at(fingerprint="ab" * 32)
    seen.append(end())
    device.point_at()
    device.ca.control(http_status={"*": 404})
    seen.append(end())
    device.ca.control(http_status=None)
    device.point_at(url="http://127.0.0.1:9/scep")
    seen.append(end())
    device.point_at()
    device.ca.control(body={"*": base64.b64encode(HTML).decode()})
    seen.append(end())
    assert len({detail for detail, _ in seen}) == 5, seen
    assert len({text for _, text in seen}) == 5, seen


# ------------------------------------------------------------ the connection --


@pytest.mark.parametrize("status", [301, 403, 404, 500, 503])
def test_a_http_status_at_PKIOperation_is_httpError_with_it(device, before, status):
    device.ca.control(http_status={"PKIOperation": status})
    row = failed(
        device, before, "httpError",
        r"^Communication Error \(TOP ERROR %d\)" % status,
    )
    assert row["HttpStatus"] == status


def test_a_body_beside_a_http_error_is_not_read(device, before):
    """A CertRep inside of a 500 is no CertRep."""
    device.ca.control(
        http_status={"PKIOperation": {"status": 500, "headers": {}, "body": "x"}}
    )
    failed(device, before, "httpError", "TOP ERROR 500")


@pytest.mark.parametrize("operation", ["GetCACert", "PKIOperation"])
@pytest.mark.parametrize("fault", ["hang_before", "hang_after", "hang_half_way"])
def test_a_server_that_hangs_is_commError_at_the_timeout(device, before, fault, operation):
    device.ca.control(transport={operation: fault})
    device.point_at(Timeout=2)
    failed(device, before, "commError", "time-out after 2 s: no .*answer from " + hosts(device))


@pytest.mark.parametrize(
    "fault, text",
    [
        ("trickle", "time-out after 2 s"),
        ("reset", "connection cut by .*reset"),
        ("close", "connection cut by"),
        ("short_body", "connection cut by"),
    ],
)
def test_a_connection_that_breaks_is_commError(device, before, fault, text):
    device.ca.control(transport={"PKIOperation": fault})
    device.point_at(Timeout=2)
    failed(device, before, "commError", text)


@pytest.mark.parametrize(
    "fault", ["bad_chunk", "two_lengths", "header_flood", "huge_body", "gzip_bomb",
              "gzip_answer", "not_http"],
)
@pytest.mark.parametrize("operation", ["GetCACert", "PKIOperation"])
def test_an_answer_that_is_no_good_HTTP_is_badResponse(device, before, fault, operation):
    device.ca.control(transport={operation: fault})
    failed(device, before, "badResponse", "^Faulty Response Error: .")


def test_a_bad_GetCACaps_means_no_capabilities_and_not_the_end(device):
    device.ca.control(transport={"GetCACaps": "reset"})
    row = device.wait_end(device.send())
    assert row["State"] == "successful" or row["Detail"] == "commError", row


@pytest.mark.parametrize("count", [-1, 1, 200])
def test_a_truncated_reply_is_badResponse(device, before, count):
    device.ca.control(truncate={"PKIOperation": count})
    failed(device, before, "badResponse", "^Faulty Response Error: .")


@pytest.mark.parametrize("operation", ["GetCACert", "PKIOperation"])
def test_octets_after_an_answer_are_badResponse(device, before, operation):
    device.ca.control(trailing={operation: 3})
    failed(device, before, "badResponse", "octets follow")
    device.ca.control(trailing=None, behind={operation: "\r\n<!-- 1 ms -->"})
    failed(device, before, "badResponse", "octets follow")


def test_a_reply_that_is_cut_off_says_where(device, before):
    device.ca.control(truncate={"PKIOperation": 900})
    failed(device, before, "badResponse", "the reply ends after 900 of [0-9]+ octets")


# ------------------------------------------------------------------- FAILURE --


@pytest.mark.parametrize(
    "value, name, text",
    [
        (0, "badAlg", "Fail Info 0"), (1, "badMessageCheck", "Fail Info 1"),
        (2, "badRequest", "Fail Info 2"), (3, "badTime", "Fail Info 3"),
        (4, "badCertId", "Fail Info 4"), ("other", "other", "SCEP ERROR"),
    ],
)
def test_each_failInfo_is_shown(device, before, value, name, text):
    device.ca.control(fail_info=value, fail_info_text="ask the registrar")
    row = failed(device, before, "scepError", text)
    assert row["FailInfo"] == name
    assert row["FailInfoText"] == "ask the registrar"
    assert "ask the registrar" in row["Text"]


def test_FAILURE_without_failInfo_is_an_error_of_its_own(device, before):
    device.ca.control(fail_info="absent")
    row = device.wait_end(device.send())
    assert row["State"] == "error"
    assert row["Detail"] in ("scepError", "badResponse"), row
    device.wait_clean(before)


@pytest.mark.parametrize("switch", ["bad_utf8_text", "huge_fail_info_text"])
def test_a_hostile_failInfoText_is_cut_and_harmless(device, before, switch):
    device.ca.control(fail_info=2, **{switch: True})
    row = device.wait_end(device.send())
    assert row["State"] == "error" and row["Detail"] in ("scepError", "badResponse")
    shown = row["Text"] + row["FailInfoText"]
    assert all(c.isprintable() for c in shown), shown
    assert len(row["FailInfoText"].encode()) <= 255
    device.wait_clean(before)
    assert "\x1b" not in device.agent.log()


# ------------------------------------------------------------- hostile replies --

BAD = "badResponse"
UNTRUSTED = "caNotTrusted"
# switch: (Detail, what the text has)
HOSTILE = {
    "wrong_recipient_nonce": (BAD, "recipientNonce does not match"),
    "missing_recipient_nonce": (BAD, "recipientNonce is missing"),
    "short_recipient_nonce": (BAD, "recipientNonce does not match"),
    "wrong_transaction_id": (BAD, "transactionID does not match"),
    "missing_transaction_id": (BAD, "transactionID is missing"),
    "longer_transaction_id": (BAD, "transactionID"),
    "shorter_transaction_id": (BAD, "transactionID"),
    "nul_in_transaction_id": (BAD, "transactionID"),
    "two_transaction_ids": (BAD, "transactionID"),
    "wrong_message_type": (BAD, "messageType is not CertRep"),
    "missing_message_type": (BAD, "messageType is missing"),
    "missing_pki_status": (BAD, "pkiStatus is missing"),
    "unknown_pki_status": (BAD, "pkiStatus is not known"),
    "garbled_pki_status": (BAD, "pkiStatus"),
    "two_pki_statuses": (BAD, "pkiStatus does not have exactly one value"),
    "octets_as_message_type": (BAD, "messageType is not a character string"),
    "text_as_recipient_nonce": (BAD, "recipientNonce is not an OCTET STRING"),
    "signed_by_stranger": (BAD, "not the pinned CA's"),
    "signed_by_lookalike_ca": (BAD, "the signature of the reply does not verify"),
    "signed_by_plain_leaf": (BAD, "not the pinned CA's"),
    "two_signers": (BAD, "exactly one signer"),
    "no_signature": (BAD, "exactly one signer"),
    "bad_signature": (BAD, "the signature of the reply does not verify"),
    "bad_message_digest": (BAD, "the signature of the reply does not verify"),
    "odd_digest_parameters": (BAD, "digest algorithm of the reply has parameters"),
    "success_without_envelope": (BAD, "SUCCESS, but there is no envelope"),
    "foreign_recipient": (BAD, "another recipient"),
    "wrong_recipient_serial": (BAD, "another recipient"),
    "two_recipients": (BAD, "exactly one recipient"),
    "password_recipient": (BAD, "is for a password and not for our key"),
    "auth_enveloped": (BAD, "EnvelopedData"),
    "envelope_is_plain": (BAD, "EnvelopedData"),
    "garbage_in_envelope": (BAD, "in the envelope: .*no CMS structure"),
    "trailing_in_envelope": (BAD, "the envelope is no CMS structure"),
    "certificate_for_another_key": (BAD, "for another key"),
    "no_certificate": (BAD, "no certificate"),
    "only_ca_certificate": (BAD, "for another key"),
    "expired_certificate": (BAD, "expired"),
    "ca_certificate_for_us": (BAD, "that of a CA .basicConstraints CA:TRUE."),
    "unchained_certificate": (UNTRUSTED, "not certified by the pinned CA"),
    "certificate_by_lookalike_ca": (UNTRUSTED, "not certified by the pinned CA"),
    "garbled_certificate": (UNTRUSTED, "not certified by the pinned CA"),
}


@pytest.fixture(scope="module")
def answered(shared):
    """{switch: status row}: each profile from 2 on has had one hostile reply,
    all at once; what of keys and files was there before and after."""
    reset(shared.ca)
    shared.settle()
    before = shared.leftovers()
    shared.ca.control(**{switch: {"common_name": switch} for switch in HOSTILE})
    shared.quick.set(("scepStatusMaxRows.0", 100))
    indexes = {switch: send_to_profile(shared, number, switch)
               for number, switch in enumerate(HOSTILE, 2)}
    rows = {switch: shared.wait_end(index) for switch, index in indexes.items()}
    shared.wait_clean(before)
    reset(shared.ca)
    yield rows
    for number, _ in enumerate(HOSTILE, 2):
        shared.quick.set(("scepProfileRowStatus.%d" % number, "destroy"))
    shared.quick.set(("scepStatusMaxRows.0", 20))


def send_to_profile(device, number, common_name):
    """A request of a profile that is made for it; gives its status index."""
    device.quick.set(*[("%s.%d" % (name, number), value) for name, value in (
        ("scepProfileRowStatus", "createAndGo"), ("scepServerUrl", device.ca.url),
        ("scepServerCaFingerprint", bytes.fromhex(device.ca.fingerprint)),
        ("scepAutoPoll", "false"), ("scepRequestKeyName", "test"),
        ("scepRequestCommonName", common_name),
        ("scepRequestChallengePassword", CHALLENGE), ("scepRequestAction", "send"),
    )])
    return device.quick.get("scepRequestStatusIndex.%d" % number)


@pytest.mark.parametrize("switch", HOSTILE)
def test_a_hostile_reply_is_refused(device, answered, switch):
    """And none leaves a key or a file behind: the fixture waits for that."""
    detail, text = HOSTILE[switch]
    row = answered[switch]
    (message,) = device.pki_log(csr_subject="CN=" + switch)
    assert message["mutations"] == [switch]
    assert row["State"] == "error" and row["KeyIndex"] == 0, row
    assert row["Detail"] == detail, row
    assert re.search(text, row["Text"]), row["Text"]


@pytest.mark.parametrize("cipher", ["3des", "des", "rc2"])
def test_a_weak_cipher_in_the_reply_is_refused_and_named(device, before, cipher):
    device.ca.control(cipher=cipher)
    failed(device, before, BAD, "(?i)encrypted with.*%s" % cipher)


@pytest.mark.parametrize("digest, name", [("md5", "MD5"), ("sha1", "SHA-?1")])
def test_a_weak_digest_in_the_reply_is_refused_and_named(device, before, digest, name):
    device.ca.control(digest=digest)
    failed(device, before, BAD, "(?i)signed with %s" % name)


def test_a_replayed_reply_is_refused(device):
    """The CertRep of the last enrolment does for no other."""
    device.enrol(common_name="first.example.net")
    before = device.leftovers()
    device.ca.control(replay=True)
    failed(device, before, BAD, "transactionID|recipientNonce")


def test_another_subject_than_asked_for_is_taken_and_logged(device):
    device.ca.control(changed_subject=True)
    lines = device.agent.log().count("the certificate differs: subject")
    row = device.enrol()
    wait_until(
        lambda: device.agent.log().count("the certificate differs: subject") > lines,
        10, "warning about the subject",
    )
    assert "subject: asked " in row["Text"] and ", came " in row["Text"]


# --------------------------------------------------------------- the CA itself --


@pytest.mark.parametrize(
    "authority, text",
    [("expired", "expired"), ("future", "not yet|future"), ("not_ca", "not that of a CA")],
)
def test_a_CA_that_cannot_be_one_is_caNotTrusted(device, before, authority, text):
    seen = len(device.pki_log())
    device.ca.control(authority=authority)
    device.point_at()
    failed(device, before, "caNotTrusted", text)
    assert len(device.pki_log()) == seen


def test_a_CA_that_changes_in_mid_transaction_is_not_followed(device, before):
    device.ca.control(pending=1)
    device.poll(3, interval=3600)
    index = device.send()
    device.wait_status(index, Detail="deferred")
    device.ca.control(authority="other")
    device.quick.set(scepRequestAction="pollNow")
    row = device.wait_end(index)
    assert row["State"] == "error" and row["Detail"] == "caNotTrusted"
    device.quick.set(scepRequestAction="clear")
    device.wait_clean(before)


# ------------------------------------------------- the registry and the rest --


def test_a_full_registry_is_registrationLimit_and_nothing_is_sent(own):
    own.agent.configure("keyLimit 2")
    own.agent.restart()
    own.point_at()
    own.enrol(common_name="one.example.net")
    seen = len(own.ca.log())
    before = own.leftovers()
    row = own.wait_end(own.send(common_name="two.example.net"))
    assert (row["State"], row["Detail"]) == ("error", "registrationLimit")
    assert row["Text"].startswith("Key and Certificate Registration Limit Error")
    assert len(own.ca.log()) == seen
    assert own.leftovers() == before
    assert own.quick.get("scepKeyCount.0", "scepKeyLimit.0") == [2, 2]


def test_an_address_that_is_denied_is_not_contacted(own):
    own.agent.configure("denyAddress 127.0.0.0/8")
    own.agent.restart()
    own.point_at()
    row = own.wait_end(own.send())
    assert row["State"] == "error" and "127.0.0.1 is not allowed" in row["Text"]
    assert own.ca.log() == []


def test_a_communication_error_is_polled_and_can_end_well(device):
    device.ca.control(http_status={"PKIOperation": {"value": 503, "times": 1}})
    device.poll(3, interval=3600)
    index = device.send()
    row = device.wait_status(index, Detail="httpError")
    assert row["State"] == "processing" and row["HttpStatus"] == 503
    device.quick.set(scepRequestAction="pollNow")
    row = device.wait_end(index)
    assert row["State"] == "successful" and row["HttpStatus"] in (0, 200)


def test_after_an_error_the_next_send_succeeds(device):
    device.wait_end(device.send(challenge="wrong"))
    device.enrol(challenge=CHALLENGE)
