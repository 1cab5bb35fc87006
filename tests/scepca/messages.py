# SPDX-License-Identifier: Apache-2.0
"""SCEP messages (RFC 8894, 3): requests read, replies drafted and sealed.

A request is opened in steps, and each step adds to `facts`, so that the log
can tell what was understood of a message that was refused half way.  A reply
is a Draft: plain data that a mutation may change before it is sealed.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass, field

from asn1crypto import cms as asn1_cms
from asn1crypto import core
from asn1crypto import csr as asn1_csr
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from . import cms, names, recipients
from .authority import KEY_USAGES

CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7"

# The content of a FAILURE or PENDING, which RFC 8894 leaves out (3.2.2); an
# envelope is made for each reply.
BARE_CONTENTS = {
    "absent": None,
    "empty": b"",
    "nul": b"\0",
    "dummy": b"dummy data, which means nothing",
    "envelope": None,
}


class Unreadable(Exception):
    """Not even a SCEP message: there is nothing to address a reply to."""


class Refusal(Exception):
    """The request gets FAILURE, with this failInfo and failInfoText."""

    def __init__(self, fail_info, text):
        super().__init__(text)
        self.fail_info = fail_info
        self.text = text


class IssuerAndSubject(core.Sequence):
    """RFC 8894, 3.3.3"""

    _fields = [("issuer", asn1_x509.Name), ("subject", asn1_x509.Name)]


def public_key_digest(public_key):
    der = public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def certificate_der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


# ------------------------------------------------------------------- requests


def proves_possession(csr):
    """Newer versions of cryptography take no SHA-1 for valid: done here then."""
    try:
        if csr.is_signature_valid:
            return True
        if csr.signature_algorithm_oid == SignatureAlgorithmOID.RSA_WITH_SHA1:
            scheme = [padding.PKCS1v15(), hashes.SHA1()]
        elif csr.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA1:
            scheme = [ec.ECDSA(hashes.SHA1())]
        else:
            return False
        csr.public_key().verify(csr.signature, csr.tbs_certrequest_bytes, *scheme)
    except InvalidSignature:
        return False
    return True


class Request:
    """The message of a client.  Build with the raw body, then call open()."""

    def __init__(self, raw):
        self.facts = {}
        self.notes = self.facts.setdefault("notes", [])
        self.csr = None
        self.challenge = None
        self.target = None
        try:
            self.signed = cms.read_signed_data(raw)
            self.info = self.signed["signer_infos"][0]
            self.signer = cms.signer_certificate(self.signed, self.info)
            self._read_attributes()
        except (cms.CmsError, ValueError, TypeError, KeyError) as error:
            raise Unreadable(str(error)) from None
        self._describe_signer()

    def note(self, text):
        """Something RFC 8894 does not want, which is not yet a refusal."""
        self.notes.append(text)

    @property
    def name(self):
        return names.MESSAGE_NAMES.get(self.message_type, "unknown")

    @property
    def common_name(self):
        """That of the subject that is asked for, or None."""
        if self.csr is None:
            return None
        found = self.csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return found[0].value if found else None

    def _one(self, values, name, kind):
        found = values.get(names.ATTRIBUTES[name], [])
        if len(found) != 1:
            self.note("%s is there %d times" % (name, len(found)))
        if not found:
            return None
        value = found[0].parse() if hasattr(found[0], "parse") else found[0]
        if not isinstance(value, kind):
            self.note("%s is not a %s" % (name, kind.__name__))
        return value.native

    def _read_attributes(self):
        values = cms.attribute_values(self.info)
        kind = self._one(values, "messageType", core.PrintableString)
        self.message_type = int(kind) if kind and kind.isdecimal() else None
        self.transaction_id = self._one(values, "transactionID", core.PrintableString)
        self.nonce = self._one(values, "senderNonce", core.OctetString)
        if self.transaction_id is None or self.message_type is None:
            raise Unreadable("no transactionID or messageType")
        if len(self.nonce or b"") != names.NONCE_LENGTH:
            self.note("senderNonce is not %d bytes" % names.NONCE_LENGTH)
        if not cms.attributes_are_der(self.info):
            self.note("the signed attributes are not DER")
        self.digest = self.info["digest_algorithm"]["algorithm"].native
        self.facts.update(
            message_type=self.message_type,
            message=self.name,
            transaction_id=self.transaction_id,
            sender_nonce=(self.nonce or b"").hex(),
            digest=self.digest,
        )

    def _describe_signer(self):
        public_key = self.signer.public_key()
        self.signer_key = public_key_digest(public_key)
        self.is_self_signed = self.signer.subject == self.signer.issuer
        self.facts.update(
            signer_subject=self.signer.subject.rfc4514_string(),
            signer_issuer=self.signer.issuer.rfc4514_string(),
            signer_serial="%x" % self.signer.serial_number,
            signer_fingerprint=self.signer.fingerprint(hashes.SHA256()).hex(),
            signer_key_sha256=self.signer_key,
            signer_self_signed=self.is_self_signed,
            signer_key_usage=usages_of(self.signer.extensions),
            signer_not_before=self.signer.not_valid_before.isoformat(),
            signer_not_after=self.signer.not_valid_after.isoformat(),
        )

    @property
    def is_ec(self):
        """Tells whether the reply cannot go to the signer by key transport."""
        return isinstance(self.signer.public_key(), ec.EllipticCurvePublicKey)

    def open(self, identities, password=None):
        """Verifies, decrypts and parses; raises Refusal."""
        try:
            cms.verify_signer(self.signed, self.info, self.signer)
            content = self._open_envelope(identities, password)
        except cms.CmsError as error:
            raise Refusal(names.BAD_MESSAGE_CHECK, str(error)) from None
        readers = {
            names.PKCS_REQ: self._read_csr,
            names.RENEWAL_REQ: self._read_csr,
            names.CERT_POLL: self._read_poll,
            names.GET_CERT: self._read_issuer_and_serial,
            names.GET_CRL: self._read_issuer_and_serial,
        }
        if self.message_type not in readers:
            raise Refusal(names.BAD_REQUEST, "this messageType is not a request")
        try:
            readers[self.message_type](content)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Refusal(names.BAD_REQUEST, "unreadable: %s" % error) from None

    def _open_envelope(self, identities, password):
        content = cms.embedded_content(self.signed)
        if content is None:
            raise Refusal(names.BAD_REQUEST, "the message has no content")
        envelope = cms.Envelope(content)
        self.cipher = envelope.cipher
        self.facts["cipher"] = envelope.cipher
        self.recipient = None
        if envelope.is_for_password:
            self.facts["recipient"] = "password"
            if password is None:
                raise Refusal(names.BAD_MESSAGE_CHECK, "no password is known here")
            return envelope.open(password)
        self.facts.update(
            recipient_issuer=envelope.issuer.human_friendly,
            recipient_serial="%x" % envelope.serial,
        )
        for identity in identities:
            if envelope.names(identity.der):
                self.recipient = identity
                self.facts["recipient"] = identity.name
                return envelope.open(identity.key)
        raise Refusal(names.BAD_MESSAGE_CHECK, "encrypted to somebody else")

    def _read_csr(self, content):
        parsed = asn1_csr.CertificationRequest.load(content, strict=True)
        self.csr_der = content
        self.csr = x509.load_der_x509_csr(content)
        self.key = public_key_digest(self.csr.public_key())
        self.challenge = challenge_of(parsed)
        self.facts.update(
            csr_subject=self.csr.subject.rfc4514_string(),
            csr_key_sha256=self.key,
            csr_key_size=getattr(self.csr.public_key(), "key_size", None),
            csr_signature=parsed["signature_algorithm"]["algorithm"].native,
            csr_san=alternative_names(self.csr.extensions),
            csr_key_usage=usages_of(self.csr.extensions),
            csr_extended_key_usage=extended_usages(self.csr.extensions),
            csr_template=template_of(self.csr.extensions),
            challenge_present=self.challenge is not None,
        )
        if not proves_possession(self.csr):
            raise Refusal(names.BAD_REQUEST, "the request does not prove possession")

    def _read_poll(self, content):
        self.target = IssuerAndSubject.load(content, strict=True)
        self.facts.update(
            poll_issuer=self.target["issuer"].human_friendly,
            poll_subject=self.target["subject"].human_friendly,
        )

    def _read_issuer_and_serial(self, content):
        self.target = asn1_cms.IssuerAndSerialNumber.load(content, strict=True)
        self.facts.update(
            wanted_issuer=self.target["issuer"].human_friendly,
            wanted_serial="%x" % self.target["serial_number"].native,
        )


def template_of(extensions):
    """Microsoft's certificate template, as "OID of the extension: DER", or None."""
    for each in extensions:
        oid = each.oid.dotted_string
        if oid in ("1.3.6.1.4.1.311.20.2", "1.3.6.1.4.1.311.21.7"):
            return "%s: %s" % (oid, each.value.public_bytes().hex())
    return None


def challenge_of(parsed):
    """The challengePassword of a request, or None."""
    for item in parsed["certification_request_info"]["attributes"] or ():
        if item["type"].dotted == CHALLENGE_PASSWORD:
            return item["values"][0].native
    return None


def find_extension(extensions, kind):
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def usages_of(extensions):
    usage = find_extension(extensions, x509.KeyUsage)
    if usage is None:
        return None
    asked = [name for name in KEY_USAGES[:7] if getattr(usage, name)]
    if usage.key_agreement:
        asked += [name for name in KEY_USAGES[7:] if getattr(usage, name)]
    return asked


def extended_usages(extensions):
    usage = find_extension(extensions, x509.ExtendedKeyUsage)
    return None if usage is None else [oid.dotted_string for oid in usage]


def alternative_names(extensions):
    """The subjectAltName as ["DNS:...", "IP:...", ...], or None."""
    found = find_extension(extensions, x509.SubjectAlternativeName)
    if found is None:
        return None
    kinds = {
        x509.DNSName: "DNS",
        x509.IPAddress: "IP",
        x509.RFC822Name: "email",
        x509.UniformResourceIdentifier: "URI",
        x509.DirectoryName: "DirName",
        x509.RegisteredID: "RID",
        x509.OtherName: "otherName",
    }
    return ["%s:%s" % (kinds[type(each)], show_name(each)) for each in found]


def show_name(name):
    if isinstance(name, x509.DirectoryName):
        return name.value.rfc4514_string()
    if isinstance(name, x509.OtherName):
        return "%s;%s" % (name.type_id.dotted_string, name.value.hex())
    if isinstance(name, x509.RegisteredID):
        return name.value.dotted_string
    return name.value


# -------------------------------------------------------------------- replies


@dataclass
class Draft:
    """A CertRep before it is sealed; a mutation may change any field."""

    status: int
    attributes: dict
    signers: list
    recipients: list
    cipher: str
    digest: str
    leaf: bytes = None
    chain: list = field(default_factory=list)
    crls: list = field(default_factory=list)
    leaf_first: bool = True
    has_envelope: bool = False
    enclosed: list = field(default_factory=list)
    envelope_version: str = "v0"
    wrong_digest: bool = False
    bare_content: bytes = None
    enveloper: object = None
    signature: str = "rsa"
    envelope_editors: list = field(default_factory=list)
    signer_info_editors: list = field(default_factory=list)
    body_editors: list = field(default_factory=list)

    def set(self, name, *values):
        self.attributes[names.ATTRIBUTES[name]] = values

    def drop(self, name):
        self.attributes.pop(names.ATTRIBUTES[name], None)

    def certificates(self):
        leaf = [self.leaf] if self.leaf else []
        return leaf + self.chain if self.leaf_first else self.chain + leaf

    def seal(self):
        content = self._envelope() if self.has_envelope else self.bare_content
        infos = [self._signer_info(identity, content) for identity in self.signers]
        for edit in self.signer_info_editors:
            infos = [edit(info) for info in infos]
        body = cms.signed_data(content, infos, self.enclosed)
        for edit in self.body_editors:
            body = edit(body)
        return body

    def _envelope(self):
        inner = cms.degenerate(self.certificates(), self.crls)
        if self.enveloper is not None:
            content = self.enveloper(inner)
        else:
            content = cms.enveloped_data(
                self.cipher, inner, self.recipients, self.envelope_version
            )
        for edit in self.envelope_editors:
            content = edit(content)
        return content

    def _signer_info(self, identity, content):
        covered = b"something else" if self.wrong_digest else content
        attributes = cms.content_attributes(covered, self.digest)
        for oid, values in self.attributes.items():
            attributes.append(cms.attribute(oid, *values))
        return cms.signer_info(identity, self.digest, attributes, self.signature)


def printable(value):
    return core.PrintableString(str(value))


def draft_reply(request, status, hierarchy, cipher, digest, transport):
    """The CertRep that RFC 8894 wants, as yet without certificates; to an EC key
    it is addressed by address_ec()."""
    draft = Draft(
        status=status,
        attributes={},
        signers=[hierarchy.signer],
        recipients=[]
        if request.is_ec
        else [recipient_of(certificate_der(request.signer), transport)],
        cipher=cipher,
        digest=digest,
        enclosed=[hierarchy.signer.der],
    )
    draft.set("messageType", printable(names.CERT_REP))
    draft.set("pkiStatus", printable(status))
    draft.set("transactionID", printable(request.transaction_id))
    draft.set("senderNonce", core.OctetString(os.urandom(names.NONCE_LENGTH)))
    if request.nonce is not None:
        draft.set("recipientNonce", core.OctetString(request.nonce))
    return draft


def recipient_of(der, transport="pkcs1"):
    public = x509.load_der_x509_certificate(der).public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        return recipients.for_key(der)
    return lambda key: cms.key_transport(der, key, transport)


def address_ec(draft, how, der, challenge):
    """RFC 8894, 3.2.2: to the challenge of the request, where the key of the
    certificate cannot decrypt; or by key agreement with it."""
    if how.endswith("password") and challenge is not None:
        draft.recipients = [recipients.for_password(challenge)]
        draft.envelope_version = "v3"
        words = ["-pwri_password", challenge]
    else:
        draft.recipients = [recipients.for_key(der)]
        draft.envelope_version = "v2"
        words = None
    if how.startswith("openssl"):
        draft.enveloper = openssl_enveloper(draft.cipher, words, der)


def openssl_enveloper(cipher, words, der):
    def make(plain):
        if words is not None:
            return recipients.by_openssl(cipher, plain, *words)
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            certificate = x509.load_der_x509_certificate(der)
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
            file.flush()
            return recipients.by_openssl(
                cipher, plain, "-recip", file.name, "-keyopt", "ecdh_kdf_md:sha256"
            )

    return make
