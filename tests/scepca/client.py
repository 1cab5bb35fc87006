# SPDX-License-Identifier: Apache-2.0
"""A small SCEP client, with which the tests of the CA speak to it.

It shares no code with the CA: the CMS is put together from asn1crypto's own
classes here, so that a mistake of the CA's is not answered by the same one.
It checks nothing of what it receives; a Reply only says what is there.
"""

import base64
import datetime
import hashlib
import http.client
import os
from urllib.parse import quote, urlsplit

from asn1crypto import cms, core, parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.x509.oid import NameOID

from . import key_pool
from .deadline import scaled

DER = serialization.Encoding.DER
VERISIGN = "2.16.840.1.113733.1.9."
ATTRIBUTE_NAMES = {
    VERISIGN + "2": "messageType",
    VERISIGN + "3": "pkiStatus",
    VERISIGN + "4": "failInfo",
    VERISIGN + "5": "senderNonce",
    VERISIGN + "6": "recipientNonce",
    VERISIGN + "7": "transactionID",
    "1.3.6.1.5.5.7.24.1": "failInfoText",
}


class Party:
    """A key pair with a self-signed or, later, an issued certificate."""

    def __init__(self, common_name="device", bits=2048, key=None):
        self.key = key or key_pool.take(bits)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        instant = datetime.datetime.utcnow()
        span = datetime.timedelta(days=1)
        usage = x509.KeyUsage(True, False, True, *[False] * 6)
        builder = x509.CertificateBuilder(self.name, self.name)
        builder = builder.public_key(self.key.public_key()).serial_number(1)
        builder = builder.not_valid_before(instant - span)
        builder = builder.not_valid_after(instant + span)
        builder = builder.add_extension(usage, True)
        self.certificate = builder.sign(self.key, hashes.SHA256())

    def csr(self, challenge=None, dns=None):
        builder = x509.CertificateSigningRequestBuilder(self.name)
        if challenge is not None:
            oid = x509.ObjectIdentifier("1.2.840.113549.1.9.7")
            builder = builder.add_attribute(oid, challenge.encode())
        if dns is not None:
            names = x509.SubjectAlternativeName([x509.DNSName(dns)])
            builder = builder.add_extension(names, False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(DER)


def name_of(certificate_der):
    certificate = asn1_x509.Certificate.load(certificate_der)
    return {
        "issuer": certificate.issuer,
        "serial_number": certificate.serial_number,
    }


def seal(plain, recipient):
    """EnvelopedData: AES-128-CBC, one RSA recipient (an x509.Certificate)."""
    key, iv = os.urandom(16), os.urandom(16)
    fill = 16 - len(plain) % 16
    worker = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    encrypted = worker.update(plain + bytes([fill]) * fill) + worker.finalize()
    wrapped = recipient.public_key().encrypt(key, padding.PKCS1v15())
    transport = {
        "version": "v0",
        "rid": cms.RecipientIdentifier(
            "issuer_and_serial_number", name_of(recipient.public_bytes(DER))
        ),
        "key_encryption_algorithm": {"algorithm": "rsaes_pkcs1v15"},
        "encrypted_key": wrapped,
    }
    content = {
        "content_type": "data",
        "content_encryption_algorithm": {"algorithm": "aes128_cbc", "parameters": iv},
        "encrypted_content": encrypted,
    }
    enveloped = {
        "version": "v0",
        "recipient_infos": [cms.RecipientInfo("ktri", transport)],
        "encrypted_content_info": content,
    }
    return cms.ContentInfo(
        {"content_type": "enveloped_data", "content": enveloped}
    ).dump()


def sign(content, party, message_type, transaction_id, nonce):
    """SignedData with the attributes of a SCEP request, SHA-256."""
    digest = hashlib.sha256(content).digest()
    values = [
        ("content_type", cms.ContentType("data")),
        ("message_digest", core.OctetString(digest)),
        (VERISIGN + "2", core.PrintableString(str(message_type))),
        (VERISIGN + "5", core.OctetString(nonce)),
        (VERISIGN + "7", core.PrintableString(transaction_id)),
    ]
    attributes = cms.CMSAttributes(
        [cms.CMSAttribute({"type": oid, "values": [value]}) for oid, value in values]
    )
    signature = party.key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
    der = party.certificate.public_bytes(DER)
    info = {
        "version": "v1",
        "sid": cms.SignerIdentifier("issuer_and_serial_number", name_of(der)),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
        "signature": signature,
    }
    signed = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "data", "content": content},
        "certificates": [
            cms.CertificateChoices("certificate", asn1_x509.Certificate.load(der))
        ],
        "signer_infos": [info],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()


class Reply:
    """The content of a CertRep, right or wrong."""

    def __init__(self, raw):
        self.raw = raw
        self.signed = cms.ContentInfo.load(raw, strict=True)["content"]
        self.infos = list(self.signed["signer_infos"])
        self.enclosed = certificates_in(self.signed)
        self.attributes = {}
        self.types = {}  # the tags of their values
        for info in self.infos[:1]:
            for item in info["signed_attrs"]:
                kind = ATTRIBUTE_NAMES.get(item["type"].dotted, item["type"].native)
                self.attributes[kind] = [value.contents for value in item["values"]]
                self.types[kind] = {value.dump()[0] for value in item["values"]}
        content = self.signed["encap_content_info"]["content"]
        self.content = None if content.native is None else bytes(content)

    def one(self, name):
        values = self.attributes.get(name)
        return values[0].decode("utf-8", "replace") if values else None

    def is_signed_by(self, certificate):
        return self.digest_holds() and self.signature_holds(certificate)

    def digest_holds(self):
        """Tells whether the signed digest is that of the content."""
        name = self.infos[0]["digest_algorithm"]["algorithm"].native
        actual = hashlib.new(name, self.content or b"").digest()
        return self.attributes["message_digest"] == [actual]

    def signature_holds(self, certificate):
        """Tells whether the first signature over the attributes is by that key."""
        info = self.infos[0]
        name = info["digest_algorithm"]["algorithm"].native
        try:
            certificate.public_key().verify(
                info["signature"].native,
                info["signed_attrs"].untag().dump(),
                padding.PKCS1v15(),
                getattr(hashes, name.upper())(),
            )
            return True
        except InvalidSignature:
            return False

    def envelope(self):
        return cms.ContentInfo.load(self.content)["content"]

    def open(self, party):
        """The bytes in the envelope, taken out with the party's key."""
        enveloped = self.envelope()
        content = enveloped["encrypted_content_info"]
        algorithm = content["content_encryption_algorithm"]
        for recipient in enveloped["recipient_infos"]:
            try:
                wrapped = recipient.chosen["encrypted_key"].native
                key = party.key.decrypt(wrapped, padding.PKCS1v15())
                break
            except ValueError:
                continue
        else:
            raise ValueError("no recipient is ours")
        name = algorithm["algorithm"].native
        kind = algorithms.AES if name.startswith("aes") else algorithms.TripleDES
        mode = modes.CBC(algorithm["parameters"].native)
        worker = Cipher(kind(key), mode).decryptor()
        plain = worker.update(content["encrypted_content"].native) + worker.finalize()
        return plain[: -plain[-1]]

    def certificates(self, party):
        return certificates_in(cms.ContentInfo.load(self.open(party))["content"])


def certificates_in(signed):
    if signed["certificates"].native is None:
        return []
    ders = [choice.chosen.dump() for choice in signed["certificates"]]
    return [x509.load_der_x509_certificate(der) for der in ders]


class Client:
    """One connection to one URL."""

    def __init__(self, url):
        split = urlsplit(url)
        self.path = split.path
        self.connection = http.client.HTTPConnection(
            split.hostname, split.port, timeout=scaled(20)
        )
        self.nonce = None

    def fetch(self, operation, message=None, body=None):
        """(status, content type, body) of one exchange."""
        target = "%s?operation=%s" % (self.path, operation)
        if message is not None:
            target += "&message=" + quote(message, safe="")
        headers = {"Content-Type": "application/x-pki-message"} if body else {}
        self.connection.request("POST" if body else "GET", target, body, headers)
        response = self.connection.getresponse()
        return response.status, response.getheader("Content-Type"), response.read()

    def ca_certificates(self):
        _, kind, body = self.fetch("GetCACert")
        if kind == "application/x-x509-ca-cert":
            return [x509.load_der_x509_certificate(body)]
        return certificates_in(cms.ContentInfo.load(body)["content"])

    def send(self, party, kind, transaction_id, plain, recipient, by_get=False):
        """One PKIOperation; returns the body of a 200, else raises."""
        self.nonce = os.urandom(16)
        content = seal(plain, recipient)
        message = sign(content, party, kind, transaction_id, self.nonce)
        if by_get:
            text = base64.b64encode(message).decode()
            status, _, body = self.fetch("PKIOperation", message=text)
        else:
            status, _, body = self.fetch("PKIOperation", body=message)
        if status != 200:
            raise OSError("HTTP %d" % status)
        return body

    def poll(self, party, transaction_id, ca):
        names = [ca.subject.public_bytes(), party.name.public_bytes()]
        plain = parser.emit(0, 1, 16, b"".join(names))
        return Reply(self.send(party, 20, transaction_id, plain, ca))

    def enrol(self, party, transaction_id, ca, kind=19, **wanted):
        plain = party.csr(**wanted)
        return Reply(self.send(party, kind, transaction_id, plain, ca))
