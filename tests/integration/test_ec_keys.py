# SPDX-License-Identifier: Apache-2.0
"""EC keys end to end (RFC 8894, 3.1 and 3.2.2): enrolment, renewal, polling, and
a CA that has an EC key itself.  What goes over the wire is opened and made by
OpenSSL's command line, too."""

import os
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from rig.device import CHALLENGE, certificates_in, key_in, public_bytes
from rig.processes import wait_until

CURVES = {"ecP256": 256, "ecP384": 384}


def enrol(device, algorithm="ecP256", **values):
    return device.enrol(KeyAlgorithm=algorithm, **values)


def sent(device, row, **wanted):
    (message,) = device.pki_log(transaction_id=row["TransactionId"], **wanted)
    return message


def check_key(device, row, bits):
    """The row of the key, and its files."""
    key = device.quick.row("scepKeyTable", row["KeyIndex"])
    assert (key["Algorithm"], key["Length"], key["State"]) == ("ec", bits, "valid")
    serial = device.serial_of(row["KeyIndex"])
    for path in device.agent.paths("certs"):
        (leaf, *_) = certificates_in(path)
        if leaf.serial_number == serial:
            break
    secret = key_in(path.replace("certs", "keys"))
    assert isinstance(secret.curve, {256: ec.SECP256R1, 384: ec.SECP384R1}[bits])
    assert public_bytes(secret) == public_bytes(leaf)
    return path, leaf


def has_secret(device):
    """Tells whether the challenge is anywhere in the state."""
    for folder, _, names in os.walk(device.agent.state):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                if CHALLENGE.encode() in file.read():
                    return True
    return False


@pytest.mark.parametrize("reply", ["password", "agreement"])
@pytest.mark.parametrize("algorithm", CURVES)
def test_an_EC_key_is_enrolled(device, algorithm, reply):
    device.ca.control(ec_reply=reply, strict=True)
    device.point_at()
    row = enrol(device, algorithm, common_name="%s.example.net" % reply)
    message = sent(device, row)
    assert (message["recipient"], message["notes"]) == ("main", [])
    assert message["csr_key_usage"] == ["digital_signature"]
    assert message["csr_signature"] == "sha256_ecdsa"
    assert message["signer_key_usage"] == ["digital_signature", "key_agreement"]
    check_key(device, row, CURVES[algorithm])
    assert device.quick.get("scepRequestChallengeSet.1") == "false"
    assert not has_secret(device)


def test_without_a_challenge_nothing_is_sent(device):
    device.point_at()
    before = len(device.ca.log())
    row = device.wait_end(device.send(KeyAlgorithm="ecP256", challenge=None))
    assert (row["State"], row["Detail"]) == ("error", "configError")
    assert "an EC key needs a challenge password (scepRequestChallengePassword.1)" in row["Text"]
    assert len(device.ca.log()) == before


def test_PENDING_and_a_kill_and_then_CertPoll(own):
    own.ca.control(pending=1)
    own.point_at()
    own.poll(10)
    index = own.send(KeyAlgorithm="ecP384")
    own.wait_status(index, Detail="deferred", State="processing")
    assert has_secret(own)
    own.agent.kill()
    own.agent.start()
    row = own.wait_end(index)
    assert row["State"] == "successful"
    assert row["MessageType"] == "certPoll"
    check_key(own, row, 384)
    assert not has_secret(own)


def test_a_renewal_by_the_timer(own):
    own.ca.control(strict=True)
    own.point_at()
    first = own.wait_end(own.run_timer(UseLocation="", KeyAlgorithm="ecP256"))
    assert first["State"] == "successful"
    check_key(own, first, 256)
    # The timer has wiped its challenge: it has no more requests to send.
    assert own.act(first["KeyIndex"], "renew") == "configError"
    own.quick.set(scepAutoChallengePassword=CHALLENGE)
    assert own.act(first["KeyIndex"], "renew") == "none"
    row = own.status(own.quick.get("scepStatusLastIndex.0"))
    assert row["MessageType"] == "renewalReq"
    message = sent(own, row)
    assert message["signer_serial"] == "%x" % own.serial_of(first["KeyIndex"])
    assert message["challenge_present"] and message["notes"] == []
    check_key(own, row, 256)
    # Without its challenge, it is not even begun.
    own.quick.set(scepAutoChallengePassword="")
    before = len(own.ca.log())
    assert own.act(row["KeyIndex"], "renew") == "configError"
    assert len(own.ca.log()) == before


def test_a_CA_with_an_EC_key(device):
    device.ca.control(authority="ec", strict=True)
    device.point_at()
    row = enrol(device, common_name="all-ec.example.net")
    assert sent(device, row)["recipient"] == "password"
    check_key(device, row, 256)
    # An RSA key gets its reply by key transport.
    row = device.enrol(KeyAlgorithm="rsa", common_name="rsa-below-ec.example.net")
    assert sent(device, row)["recipient"] == "password"
    assert device.quick.get("scepKeyAlgorithm.%d" % row["KeyIndex"]) == "rsa"


@pytest.mark.parametrize("switch, words", [
    ("password_recipient", "the envelope cannot be decrypted"),
    ("endless_password", "has not 1 to 1000000 iterations"),
    ("foreign_recipient", "is for another recipient"),
    ("two_recipients", "not exactly one recipient"),
    ("wrong_recipient_serial", "is for another recipient"),
    ("auth_enveloped", "no EnvelopedData"),
    ("certificate_for_another_key", "for another key"),
])
def test_hostile_replies(device, switch, words):
    device.point_at()
    device.ca.control(**{switch: True})
    row = device.wait_end(device.send(KeyAlgorithm="ecP256"))
    assert (row["State"], row["Detail"]) == ("error", "badResponse")
    assert words in row["Text"]


def test_templates(device):
    device.point_at()
    for text, seen in (
        ("WebServer", "1.3.6.1.4.1.311.20.2: 1e12" + "WebServer".encode("utf-16-be").hex()),
        ("1.3.6.1.4.1.311.21.8.1:100:3",
         "1.3.6.1.4.1.311.21.7: 3012060a2b06010401823715080102016402" "0103"),
    ):
        row = device.enrol(Template=text)
        assert sent(device, row)["csr_template"] == seen
    row = device.enrol(Template="")
    assert sent(device, row)["csr_template"] is None


# ------------------------------------------------- a second implementation --


def openssl(*words, data=None):
    done = subprocess.run(["openssl", *words], input=data, capture_output=True, timeout=60)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def unsign(message):
    """The content of a SignedData, whose signature holds."""
    return openssl("cms", "-verify", "-noverify", "-binary", "-inform", "DER",
                   "-in", str(message))


def messages(device):
    folder = os.path.join(device.ca.directory, "messages")
    return [os.path.join(folder, "PKCSReq.%s.der" % kind) for kind in ("request", "reply")]


def certificates_of(der):
    text = openssl("pkcs7", "-inform", "DER", "-print_certs", data=der)
    end = b"-----END CERTIFICATE-----\n"
    return [x509.load_pem_x509_certificate(part + end) for part in text.split(end)[:-1]]


@pytest.mark.parametrize("authority", ["main", "ec"])
@pytest.mark.parametrize("reply", ["password", "agreement"])
def test_openssl_opens_both_messages(device, tmp_path, authority, reply):
    device.ca.control(authority=authority, ec_reply=reply, keep_messages=True)
    device.point_at()
    row = enrol(device, common_name="opened.example.net")
    request, answer = messages(device)
    # Ours: to the key of the CA, or with the challenge.
    pem = os.path.join(device.ca.directory, "identities", authority + ".pem")
    opens = ["-inkey", pem, "-recip", pem] if authority == "main" else [
        "-pwri_password", CHALLENGE]
    decrypt = ["cms", "-decrypt", "-binary", "-inform", "DER"]
    csr = openssl(*decrypt, *opens, data=unsign(request))
    said = openssl("req", "-inform", "DER", "-noout", "-verify", "-text", data=csr)
    # OpenSSL before 3.2 prints spaces around the sign.
    assert b"id-ecPublicKey" in said
    assert b"CN=opened.example.net" in said.replace(b"CN = ", b"CN=")
    # The CA's: with the challenge, or with our key, by its certificate.
    path, leaf = check_key(device, row, 256)
    if reply == "password":
        opens = ["-pwri_password", CHALLENGE]
    else:
        signer = openssl("pkcs7", "-inform", "DER", "-print_certs", "-in", request)
        (tmp_path / "signer.pem").write_bytes(signer)
        opens = ["-inkey", path.replace("certs", "keys"),
                 "-recip", str(tmp_path / "signer.pem")]
    inner = openssl(*decrypt, *opens, data=unsign(answer))
    assert certificates_of(inner)[0] == leaf


@pytest.mark.parametrize("reply", ["openssl_password", "openssl_agreement"])
def test_replies_that_openssl_has_made_are_opened(device, reply):
    device.ca.control(ec_reply=reply)
    device.point_at()
    for algorithm, bits in CURVES.items():
        row = enrol(device, algorithm, common_name="made.example.net")
        check_key(device, row, bits)


def test_the_CA_opens_a_request_that_openssl_has_made(device, tmp_path):
    """The pair of the first: what our request is like, made by OpenSSL."""
    from scepca import client

    device.ca.control(authority="ec")
    party = client.Party("by-openssl")
    sealed = openssl("cms", "-encrypt", "-binary", "-outform", "DER", "-aes128",
                     "-pwri_password", CHALLENGE, data=party.csr(challenge=CHALLENGE))
    message = client.sign(sealed, party, 19, "by-openssl", os.urandom(16))
    status, _, body = client.Client(device.ca.url).fetch("PKIOperation", body=message)
    reply = client.Reply(body)
    assert (status, reply.one("pkiStatus")) == (200, "0")
    assert reply.certificates(party)[0].subject == party.name
    wait_until(lambda: device.ca.log(transaction_id="by-openssl"), 5, "the log")
