# SPDX-License-Identifier: Apache-2.0
"""The messages of the timer where there is a certificate to be renewed."""

import pytest

from rig.device import CHALLENGE, certificates_in, key_in, public_bytes

WITHOUT_RENEWAL = "AES\nPOSTPKIOperation\nSHA-256\n"


def run(device, **settings):
    """A run of the timer at once; gives the index of its row."""
    index = device.quick.get("scepStatusLastIndex.0") + 1
    device.quick.set(scepAutoEnable="false")
    if settings:
        device.quick.set(*[("scepServer%s.1" % n, v) for n, v in settings.items()])
    device.quick.set(
        ("scepAutoKeyName.1", "auto"), ("scepAutoCommonName.1", "auto.example.net"),
        ("scepAutoChallengePassword.1", CHALLENGE),
        ("scepAutoStartTime.1", device.due_start(5)), ("scepAutoEnable.1", "true"),
    )
    return index


@pytest.fixture
def enrolled(own):
    """(device, the row of its first certificate)"""
    own.point_at()
    first = own.wait_end(run(own))
    assert (first["State"], first["MessageType"]) == ("successful", "pkcsReq")
    return own, first


def sent(device, first):
    """The pkiMessages since the first request, as the CA has logged them."""
    return [e for e in device.pki_log() if e["transaction_id"] != first["TransactionId"]]


def check_renewed(device, first, row):
    """There is one certificate more, over a key of its own."""
    assert row["State"] == "successful", (row, device.agent.log())
    keys = device.keys()
    assert set(keys) == {first["KeyIndex"], row["KeyIndex"]}
    assert keys[row["KeyIndex"]]["Replaces"] == first["KeyIndex"]
    assert keys[first["KeyIndex"]]["Replaces"] == 0
    certified = [public_bytes(certificates_in(p)[0]) for p in device.agent.paths("certs")]
    held = [public_bytes(key_in(p)) for p in device.agent.paths("keys")]
    assert certified == held and len(set(held)) == 2


def check_signed_by(device, first, message):
    """The first certificate has signed it, over another key than its own."""
    serial = int.from_bytes(device.keys()[first["KeyIndex"]]["Serial"], "big")
    assert not message["signer_self_signed"]
    assert int(message["signer_serial"], 16) == serial
    if message.get("csr_key_sha256"):
        assert message["csr_key_sha256"] != message["signer_key_sha256"]


def test_a_RenewalReq_signed_by_the_certificate_to_be_renewed(enrolled):
    device, first = enrolled
    row = device.wait_end(run(device))
    assert row["MessageType"] == "renewalReq"
    check_renewed(device, first, row)
    (message,) = sent(device, first)
    assert message["message"] == "RenewalReq"
    check_signed_by(device, first, message)


@pytest.mark.parametrize("behaviour, messages", [
    ({"caps": WITHOUT_RENEWAL}, ["PKCSReq"]),
    ({"renewal": "refuse"}, ["RenewalReq", "PKCSReq"]),
    ({"renewal_needs_challenge": True}, ["RenewalReq", "PKCSReq"]),
], ids=["not offered", "refused", "wants a challenge"])
def test_otherwise_a_PKCSReq_signed_by_the_old_certificate(enrolled, behaviour, messages):
    device, first = enrolled
    device.ca.control(**behaviour)
    row = device.wait_end(run(device))
    assert row["MessageType"] == "pkcsReq"
    check_renewed(device, first, row)
    log = sent(device, first)
    assert [e["message"] for e in log] == messages
    assert len({e["csr_key_sha256"] for e in log}) == 1
    assert len({e["transaction_id"] for e in log}) == len(log)
    for message in log:
        check_signed_by(device, first, message)


@pytest.mark.parametrize("mode, message, by_old", [
    ("renewalReq", "RenewalReq", True),
    ("pkcsReq", "PKCSReq", False),
    ("pkcsReqOldKey", "PKCSReq", True),
])
def test_RenewalMode_decides(enrolled, mode, message, by_old):
    device, first = enrolled
    row = device.wait_end(run(device, RenewalMode=mode))
    check_renewed(device, first, row)
    (logged,) = sent(device, first)
    assert logged["message"] == message
    if by_old:
        check_signed_by(device, first, logged)
    else:
        assert logged["signer_self_signed"]


def test_a_renewal_that_brings_the_old_certificate_is_unchangedCertificate(enrolled):
    device, first = enrolled
    device.ca.control(old_certificate=True)
    row = device.wait_end(run(device))
    assert (row["State"], row["Detail"]) == ("error", "unchangedCertificate"), row
    assert set(device.keys()) == {first["KeyIndex"]}
    device.ca.control(old_certificate=None)
    check_renewed(device, first, device.wait_end(run(device)))


def test_mode_renewalReq_has_no_other_way(enrolled):
    device, first = enrolled
    device.ca.control(renewal="refuse")
    row = device.wait_end(run(device, RenewalMode="renewalReq"))
    assert (row["State"], row["Detail"], row["FailInfo"]) == ("error", "scepError", "badRequest")
    assert [e["message"] for e in sent(device, first)] == ["RenewalReq"]
    assert set(device.keys()) == {first["KeyIndex"]}


def test_kill_9_while_a_renewal_is_PENDING(enrolled):
    device, first = enrolled
    device.ca.control(pending=1)
    device.quick.set(scepAutoEnable="false")
    device.poll(10)
    index = run(device)
    device.wait_status(index, Detail="deferred")
    device.agent.kill()
    device.agent.start()
    check_renewed(device, first, device.wait_end(index))
    log = sent(device, first)
    assert [e["message"] for e in log] == ["RenewalReq", "CertPoll"]
    for message in log:
        check_signed_by(device, first, message)


def test_a_manual_request_is_a_new_enrolment(enrolled):
    device, first = enrolled
    device.quick.set(scepAutoEnable="false")
    row = device.enrol(common_name="auto.example.net")
    assert device.keys()[row["KeyIndex"]]["Replaces"] == 0
    (message,) = sent(device, first)
    assert (message["message"], message["signer_self_signed"]) == ("PKCSReq", True)


# ------------------------------------------------- a certificate, by its action --


SPECIAL = {
    "KeyName": "special", "common_name": "hand.example.net", "Organization": "Example",
    "SubjectExtra": "OU=Print", "SubjectAltName": "DNS:alias.example.net",
    "ExtendedKeyUsage": "serverAuth", "KeyUsage": ["digitalSignature"],
    "SignatureAlgorithm": "sha384",
}


def described(key):
    return key["Name"], key["Subject"], key["SubjectAltName"], key["Length"], key["UseLocation"]


def test_what_was_enrolled_by_hand_is_renewed_as_it_is(own):
    own.point_at()
    first = own.enrol(**SPECIAL)["KeyIndex"]
    before = certificates_in(own.agent.paths("certs")[0])[0]
    # The values of the tables are for other certificates.
    own.quick.set(("scepAutoKeyName.1", "auto"), ("scepAutoCommonName.1", "auto.example.net"),
                  ("scepRequestKeyName.1", "next"), ("scepRequestSubjectExtra.1", "OU=Other"))
    assert own.act(first, "renew") == "none"
    keys = own.keys()
    (second,) = set(keys) - {first}
    assert described(keys[second]) == described(keys[first])
    assert keys[second]["Replaces"] == first
    certificates = [certificates_in(p)[0] for p in own.agent.paths("certs")]
    (after,) = [c for c in certificates if c != before]
    assert after.subject == before.subject
    assert [(e.oid, e.critical) for e in after.extensions] == \
        [(e.oid, e.critical) for e in before.extensions]
    assert own.quick.get("scepRequestKeyName.1") == "next"
    assert own.quick.get("scepAutoLastRunTime.1") == b""


def test_off_and_on_and_other_servers_renew_nothing(enrolled):
    device, first = enrolled
    last = device.quick.get("scepAutoLastRunTime.1")
    assert len(last) == 11
    for _ in range(3):
        device.quick.set(scepAutoEnable="false")
        device.quick.set(scepAutoEnable="true")
        assert device.quick.get("scepAutoOperStatus.1") == "finished"
    for number in range(5):
        device.quick.set(
            ("scepAutoEnable.1", "false"), ("scepServerUrl.1", device.ca.url + "?n=%d" % number))
        device.quick.set(scepAutoEnable="true")
        assert device.quick.get("scepAutoOperStatus.1") == "finished"
    device.agent.kill()
    device.agent.start()
    assert device.quick.get("scepAutoLastRunTime.1") == last
    assert device.quick.get("scepStatusLastIndex.0") == 1
    assert not sent(device, first)
