# SPDX-License-Identifier: Apache-2.0
"""Each hostile switch of the tests' own CA changes what its name says of a
CertRep, and nothing else.

A reply is reduced to a profile, one entry per thing a client has to check;
the profile with the switch on is compared with that of an honest reply.
"""

import datetime
import subprocess
import sys
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from scepca import TestCA  # noqa: E402
from scepca.client import Client, Party, Reply  # noqa: E402
from scepca.client import certificates_in, seal, sign  # noqa: E402
from scepca.deadline import scaled  # noqa: E402
from scepca.mutations import MUTATIONS  # noqa: E402

# The part of the profile that each switch changes.
CHANGES = {
    "wrong_recipient_nonce": {"recipientNonce"},
    "missing_recipient_nonce": {"recipientNonce"},
    "short_recipient_nonce": {"recipientNonce"},
    "missing_sender_nonce": {"senderNonce"},
    "wrong_transaction_id": {"transactionID"},
    "missing_transaction_id": {"transactionID"},
    "longer_transaction_id": {"transactionID"},
    "shorter_transaction_id": {"transactionID"},
    "nul_in_transaction_id": {"transactionID"},
    "two_transaction_ids": {"transactionID"},
    "wrong_message_type": {"messageType"},
    "missing_message_type": {"messageType"},
    "missing_pki_status": {"pkiStatus"},
    "unknown_pki_status": {"pkiStatus"},
    "garbled_pki_status": {"pkiStatus"},
    "two_pki_statuses": {"pkiStatus"},
    "octets_as_message_type": {"type of messageType"},
    "text_as_recipient_nonce": {"type of recipientNonce"},
    "bad_utf8_text": {"failInfoText"},
    "huge_fail_info_text": {"failInfoText"},
    "signed_by_stranger": {"sid", "enclosed", "signature"},
    "signed_by_lookalike_ca": {"enclosed", "signature"},
    "signed_by_plain_leaf": {"sid", "enclosed", "signature"},
    "two_signers": {"signers", "enclosed"},
    "no_signature": {"signers"},
    "bad_signature": {"signature"},
    "bad_message_digest": {"digest"},
    "odd_digest_parameters": {"digest parameters"},
    "no_signer_certificate": {"enclosed"},
    "success_without_envelope": {"envelope"},
    "failure_with_envelope": {"envelope"},
    "pending_with_envelope": {"envelope"},
    "foreign_recipient": {"recipients", "opens"},
    "wrong_recipient_serial": {"recipients"},
    "two_recipients": {"recipients"},
    "password_recipient": {"version", "recipients", "opens"},
    "endless_password": {"version", "recipients", "opens"},
    "auth_enveloped": {"envelope"},
    "envelope_is_plain": {"envelope"},
    "garbage_in_envelope": {"inner"},
    "trailing_in_envelope": {"envelope"},
    "certificate_for_another_key": {"our key"},
    "changed_subject": {"subject"},
    "added_name": {"names", "is the newest"},
    "other_usages": {"usages", "is the newest"},
    "no_certificate": {"certificates"},
    "only_ca_certificate": {"certificates"},
    "several_certificates": {"certificates", "our key"},
    "old_certificate": {"is the newest"},
    "expired_certificate": {"in time", "is the newest"},
    "future_certificate": {"in time", "is the newest"},
    "unchained_certificate": {"issuer", "issued by the CA", "is the newest"},
    "certificate_by_lookalike_ca": {"issued by the CA", "is the newest"},
    "ca_certificate_for_us": {"is a CA", "is the newest"},
    "no_chain": {"certificates"},
    "garbled_certificate": {"issued by the CA"},
    "replay": {"recipientNonce", "transactionID", "is the newest"},
    "pem_reply": {"readable"},
}
# A leaf made for the occasion is never the newest recorded one.
for _name in ("certificate_for_another_key", "changed_subject", "several_certificates"):
    CHANGES[_name] = CHANGES[_name] | {"is the newest"}


class Scene:
    """One CA and one device for all switches, and honest profiles to compare."""

    def __init__(self, directory):
        self.ca = TestCA(directory)
        self.ca.start()
        self.client = Client(self.ca.url)
        self.authority = self.client.ca_certificates()[0]
        self.device = Party("device")
        self.count = 0

    def exchange(self, **behaviour):
        """A new transaction under that behaviour, as a profile."""
        self.ca.control(**behaviour)
        self.count += 1
        transaction_id = "transaction-%d" % self.count
        plain = self.device.csr()
        raw = self.client.send(self.device, 19, transaction_id, plain, self.authority)
        self.ca.control(**{name: None for name in behaviour})
        return self.profile(raw, transaction_id)

    def profile(self, raw, transaction_id):
        try:
            reply = Reply(raw)
        except ValueError:
            return {"readable": False}
        seen = {"readable": True, "signers": len(reply.infos)}
        seen["enclosed"] = [each == self.authority for each in reply.enclosed]
        seen["envelope"] = envelope_kind(reply.content)
        if len(reply.infos) == 1:
            seen.update(self.about_attributes(reply, transaction_id))
        if seen["envelope"] == "enveloped_data":
            seen.update(self.about_envelope(reply))
        return seen

    def about_attributes(self, reply, transaction_id):
        seen = {
            name: reply.attributes.get(name)
            for name in ("messageType", "pkiStatus", "failInfo", "failInfoText")
        }
        for name in {"messageType", "recipientNonce"} & set(reply.types):
            seen["type of " + name] = reply.types[name]
        seen["transactionID"] = (
            reply.attributes.get("transactionID") == [transaction_id.encode()]
        )
        seen["recipientNonce"] = (
            reply.attributes.get("recipientNonce") == [self.client.nonce]
        )
        seen["senderNonce"] = len(reply.attributes.get("senderNonce", [b""])[0])
        sid = reply.infos[0]["sid"].chosen["serial_number"].native
        seen["sid"] = sid == self.authority.serial_number
        seen["signature"] = reply.signature_holds(self.authority)
        seen["digest"] = reply.digest_holds()
        seen["digest parameters"] = reply.infos[0]["digest_algorithm"].dump()
        return seen

    def about_envelope(self, reply):
        envelope = reply.envelope()
        seen = {"version": envelope["version"].native}
        seen["recipients"] = [
            self.is_us(each) for each in envelope["recipient_infos"]
        ]
        try:
            plain = reply.open(self.device)
        except ValueError:
            return {**seen, "opens": False}
        try:
            inner = cms.ContentInfo.load(plain, strict=True)["content"]
            return {**seen, "opens": True, "inner": True, **self.about_inner(inner)}
        except ValueError:
            return {**seen, "opens": True, "inner": False}

    def is_us(self, recipient):
        if recipient.name != "ktri":
            return False
        rid = recipient.chosen["rid"].chosen
        mine = self.device.certificate.serial_number, self.device.name.public_bytes()
        return (rid["serial_number"].native, rid["issuer"].dump()) == mine

    def about_inner(self, inner):
        certificates = certificates_in(inner)
        seen = {"certificates": [each == self.authority for each in certificates]}
        leaves = [each for each in certificates if each != self.authority]
        return {**seen, **self.about_leaf(leaves[0])} if leaves else seen

    def about_leaf(self, leaf):
        newest = self.ca.issued()[-1]["serial"]
        constraints = x509.BasicConstraints
        basic = leaf.extensions.get_extension_for_class(constraints).value
        instant = datetime.datetime.utcnow()
        values = {type(e.value): e.value for e in leaf.extensions}
        return {
            "names": values.get(x509.SubjectAlternativeName),
            "usages": [values.get(kind) for kind in (x509.KeyUsage, x509.ExtendedKeyUsage)],
            "our key": numbers(leaf) == numbers(self.device.certificate),
            "subject": leaf.subject == self.device.name,
            "issuer": leaf.issuer == self.authority.subject,
            "issued by the CA": is_issued_by(leaf, self.authority),
            "in time": leaf.not_valid_before <= instant <= leaf.not_valid_after,
            "is a CA": basic.ca,
            "is the newest": "%x" % leaf.serial_number == newest,
        }


def numbers(certificate):
    return certificate.public_key().public_numbers()


def envelope_kind(content):
    if content is None:
        return None
    try:
        return cms.ContentInfo.load(content, strict=True)["content_type"].native
    except ValueError:
        return "unreadable"


def is_issued_by(leaf, authority):
    try:
        authority.public_key().verify(
            leaf.signature,
            leaf.tbs_certificate_bytes,
            padding.PKCS1v15(),
            leaf.signature_hash_algorithm,
        )
        return True
    except InvalidSignature:
        return False


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    scene = Scene(tmp_path_factory.mktemp("ca"))
    # The first certificate of the device is there for old_certificate.
    assert scene.exchange()["pkiStatus"] == [b"0"]
    yield scene
    scene.ca.stop()
    assert Path(scene.ca.errors).read_text() == "", "the CA itself failed"


# The honest reply that a switch is tried on, by the statuses it acts on.
SETTINGS = {
    0: {},
    2: {"fail_info": 2, "fail_info_text": "no"},
    3: {"pending": "forever"},
}


def test_every_switch_is_tried_here():
    assert set(CHANGES) == set(MUTATIONS)


@pytest.mark.parametrize(
    "name, status",
    [(name, status) for name in CHANGES for status in MUTATIONS[name].statuses],
)
def test_a_switch_changes_what_it_says_and_no_more(scene, name, status):
    around = SETTINGS[status]
    honest = scene.exchange(**around)
    hostile = scene.exchange(**around, **{name: True})
    assert scene.ca.log()[-1]["mutations"] == [name]
    common = set(honest) & set(hostile)
    differing = {key for key in common if honest[key] != hostile[key]}
    expected = CHANGES[name]
    if status != 0:
        expected = expected - {"is the newest"}
    assert differing == expected


def test_a_switch_can_be_limited_to_the_first_replies(scene):
    limited = {"wrong_message_type": {"times": 2, "skip": 1}}
    scene.ca.control(**limited)
    seen = []
    for _ in range(4):
        scene.exchange()
        seen.append(scene.ca.log()[-1]["mutations"])
    scene.ca.control(wrong_message_type=None)
    assert seen == [[], ["wrong_message_type"], ["wrong_message_type"], []]


def test_a_switch_can_be_limited_to_one_transaction_or_message(scene):
    rule = {"transaction": "transaction-%d" % (scene.count + 2)}
    scene.ca.control(no_chain=rule, missing_sender_nonce={"message": "CertPoll"})
    seen = []
    for _ in range(3):
        scene.exchange()
        seen.append(scene.ca.log()[-1]["mutations"])
    scene.ca.control(no_chain=None, missing_sender_nonce=None)
    assert seen == [[], ["no_chain"], []]


def test_a_tampered_request_is_refused(scene):
    """The last bytes of a request are its CMS signature, those of a PKCS#10
    its proof of possession."""
    client, device, authority = scene.client, scene.device, scene.authority
    scene.count += 1
    content = seal(device.csr(), authority)
    message = sign(content, device, 19, "x%d" % scene.count, b"n" * 16)
    message = message[:-1] + bytes([message[-1] ^ 1])
    body = client.fetch("PKIOperation", body=message)[2]
    assert Reply(body).one("failInfo") == "1"
    unproven = device.csr()
    unproven = unproven[:-1] + bytes([unproven[-1] ^ 1])
    body = client.send(device, 19, "y%d" % scene.count, unproven, authority)
    assert Reply(body).one("failInfo") == "2"
    for garbage in (b"<html>", message[:-20], message + b"\0"):
        assert client.fetch("PKIOperation", body=garbage)[0] == 400


@pytest.mark.parametrize(
    "settings, accepted",
    [
        ({}, True),
        ({"bad_signature": True}, False),
        ({"bad_message_digest": True}, False),
        ({"signed_by_stranger": True}, False),
        ({"signed_by_lookalike_ca": True}, False),
        ({"no_signature": True}, False),
        ({"wrong_recipient_nonce": True}, True),
    ],
)
def test_openssl_agrees_about_the_signature(scene, tmp_path, settings, accepted):
    scene.ca.control(**settings)
    scene.count += 1
    raw = scene.client.send(
        scene.device, 19, "o%d" % scene.count, scene.device.csr(), scene.authority
    )
    scene.ca.control(**{name: None for name in settings})
    message = tmp_path / "reply.der"
    message.write_bytes(raw)
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-inform", "DER", "-in", str(message)]
        + ["-CAfile", scene.ca.ca_file, "-purpose", "any", "-binary"],
        capture_output=True,
        timeout=scaled(20),
    )
    assert (done.returncode == 0) == accepted, done.stderr


@pytest.mark.parametrize("name", ["password_recipient", "auth_enveloped"])
def test_openssl_can_read_the_forbidden_envelopes(scene, tmp_path, name):
    scene.ca.control(**{name: True})
    scene.count += 1
    raw = scene.client.send(
        scene.device, 19, "p%d" % scene.count, scene.device.csr(), scene.authority
    )
    scene.ca.control(**{name: None})
    envelope = tmp_path / "envelope.der"
    envelope.write_bytes(Reply(raw).content)
    done = subprocess.run(
        ["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", str(envelope)],
        capture_output=True,
        timeout=scaled(20),
    )
    word = b"pwri" if name == "password_recipient" else b"authEnvelopedData"
    assert done.returncode == 0 and word in done.stdout, done.stderr
