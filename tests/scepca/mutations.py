# SPDX-License-Identifier: Apache-2.0
"""The hostile switches: each changes one thing of an honest CertRep.

A switch is one function over the draft of the reply.  Its decorator says on
which replies it can act; it returns False where it finds nothing to act on
(no earlier reply to replay, say), and then counts as not applied.  To add a
switch, write one more function: the settings, the log and the README's check
take its name from the table.
"""

import os
from dataclasses import dataclass

from asn1crypto import algos, core, parser, pem
from asn1crypto import cms as asn1_cms
from cryptography import x509
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import ExtendedKeyUsageOID

from . import cms, names
from .authority import DAY, key_usage, test_name
from .messages import certificate_der, find_extension, printable, recipient_of
from .recipients import for_password

ANY = (names.SUCCESS, names.FAILURE, names.PENDING)
GOOD = (names.SUCCESS,)
BARE = (names.FAILURE, names.PENDING)

MUTATIONS = {}


@dataclass
class Mutation:
    act: object
    statuses: tuple
    needs_leaf: bool

    @property
    def about(self):
        return " ".join(self.act.__doc__.split())

    def fits(self, draft):
        if self.needs_leaf and draft.leaf is None:
            return False
        return draft.status in self.statuses


@dataclass
class World:
    """The things that a switch may use besides the draft."""

    authority: object
    store: object
    hierarchy: object
    request: object
    replies: list

    def certificate(self, issuer=None, starts=-60, ends=365 * DAY, **kw):
        """A certificate for the request at hand, which nobody records."""
        made = self.authority.certificate(
            self.request.csr, issuer or self.hierarchy.ca, starts, ends, **kw
        )
        return certificate_der(made)

    def stranger(self):
        return self.authority.identity("stranger")

    def lookalike(self, identity):
        return self.authority.identity(identity.name + ".lookalike")


def mutation(statuses=ANY, needs_leaf=False):
    def register(function):
        MUTATIONS[function.__name__] = Mutation(function, statuses, needs_leaf)
        return function

    return register


def apply_mutations(behaviour, context, draft, world):
    """Applies what is switched on; returns the names of what took effect."""
    applied = []
    for name, entry in MUTATIONS.items():
        if entry.fits(draft) and behaviour.take(name, context):
            if entry.act(draft, world) is not False:
                applied.append(name)
    return applied


# ------------------------------------------------------- the signed attributes


@mutation()
def wrong_recipient_nonce(draft, world):
    """recipientNonce is another random 16 bytes"""
    draft.set("recipientNonce", core.OctetString(os.urandom(names.NONCE_LENGTH)))


@mutation()
def missing_recipient_nonce(draft, world):
    """no recipientNonce"""
    draft.drop("recipientNonce")


@mutation()
def short_recipient_nonce(draft, world):
    """only the first half of the right recipientNonce"""
    half = names.NONCE_LENGTH // 2
    draft.set("recipientNonce", core.OctetString((world.request.nonce or b"")[:half]))


@mutation()
def missing_sender_nonce(draft, world):
    """no senderNonce"""
    draft.drop("senderNonce")


@mutation()
def wrong_transaction_id(draft, world):
    """transactionID is another of the same length"""
    original = world.request.transaction_id
    last = "0" if original[-1:] != "0" else "1"
    draft.set("transactionID", printable(original[:-1] + last))


@mutation()
def missing_transaction_id(draft, world):
    """no transactionID"""
    draft.drop("transactionID")


@mutation()
def longer_transaction_id(draft, world):
    """the right transactionID with one character more"""
    draft.set("transactionID", printable(world.request.transaction_id + "0"))


@mutation()
def shorter_transaction_id(draft, world):
    """the right transactionID without its last character"""
    draft.set("transactionID", printable(world.request.transaction_id[:-1]))


@mutation()
def nul_in_transaction_id(draft, world):
    """the right transactionID, a NUL, and something else"""
    draft.set("transactionID", printable(world.request.transaction_id + "\0x"))


@mutation()
def two_transaction_ids(draft, world):
    """the attribute has two values, of which the first is right"""
    right = printable(world.request.transaction_id)
    draft.set("transactionID", right, printable("zz" + world.request.transaction_id))


@mutation()
def wrong_message_type(draft, world):
    """messageType is that of a request (19)"""
    draft.set("messageType", printable(names.PKCS_REQ))


@mutation()
def missing_message_type(draft, world):
    """no messageType"""
    draft.drop("messageType")


@mutation()
def missing_pki_status(draft, world):
    """no pkiStatus"""
    draft.drop("pkiStatus")


@mutation()
def unknown_pki_status(draft, world):
    """pkiStatus is 7"""
    draft.set("pkiStatus", printable(7))


@mutation()
def garbled_pki_status(draft, world):
    """pkiStatus is the right figure with a letter after it"""
    draft.set("pkiStatus", printable("%dx" % draft.status))


@mutation()
def two_pki_statuses(draft, world):
    """pkiStatus has two values, of which the first is right"""
    draft.set("pkiStatus", printable(draft.status), printable(7))


@mutation()
def octets_as_message_type(draft, world):
    """messageType is the right figure, as an OCTET STRING"""
    draft.set("messageType", core.OctetString(str(names.CERT_REP).encode()))


@mutation()
def text_as_recipient_nonce(draft, world):
    """recipientNonce is the right 16 bytes, as a UTF8String"""
    nonce = world.request.nonce or b""
    draft.set("recipientNonce", core.load(bytes([0x0C, len(nonce)]) + nonce))


@mutation(statuses=(names.FAILURE,))
def bad_utf8_text(draft, world):
    """failInfoText is a UTF8String that is not UTF-8"""
    draft.set("failInfoText", core.load(b"\x0c\x08bad \xff\xfe\xc0\x80"))


@mutation(statuses=(names.FAILURE,))
def huge_fail_info_text(draft, world):
    """failInfoText is 60,000 characters with line breaks and escapes"""
    draft.set("failInfoText", core.UTF8String("no\r\n\x1b[31m" * 6667))


# ------------------------------------------------------------------ signatures


@mutation()
def signed_by_stranger(draft, world):
    """signed by a self-signed certificate nobody knows"""
    draft.signers = [world.stranger()]
    draft.enclosed = [world.stranger().der]


@mutation()
def signed_by_lookalike_ca(draft, world):
    """the signer has the names and the serial number of the right one, but
    another key"""
    double = world.lookalike(world.hierarchy.signer)
    draft.signers = [double]
    draft.enclosed = [double.der]


@mutation()
def signed_by_plain_leaf(draft, world):
    """signed by a certificate of the right CA that is no RA"""
    key = world.stranger().key
    clerk = world.authority.leaf_identity(world.hierarchy.ca, "clerk", key)
    draft.signers = [clerk]
    draft.enclosed = [clerk.der]


@mutation()
def two_signers(draft, world):
    """a stranger has signed beside the CA"""
    draft.signers = draft.signers + [world.stranger()]
    draft.enclosed = draft.enclosed + [world.stranger().der]


@mutation()
def no_signature(draft, world):
    """no SignerInfo at all"""
    draft.signers = []


@mutation()
def bad_signature(draft, world):
    """one bit of the signature is turned over"""

    def flip(info):
        signature = bytearray(info["signature"].native)
        signature[-1] ^= 1
        info["signature"] = bytes(signature)
        return info

    draft.signer_info_editors.append(flip)


@mutation()
def bad_message_digest(draft, world):
    """rightly signed, but the messageDigest is not that of the content"""
    draft.wrong_digest = True


@mutation()
def odd_digest_parameters(draft, world):
    """the digest algorithm has a number as its parameters"""

    def add(info):
        fields = info["digest_algorithm"]["algorithm"].dump() + core.Integer(5).dump()
        # The library would put NULL in its place.
        whole = parser.emit(0, 1, 16, fields)
        info["digest_algorithm"] = algos.DigestAlgorithm.load(whole)
        return info

    draft.signer_info_editors.append(add)


@mutation()
def no_signer_certificate(draft, world):
    """the signer's certificate is not enclosed, which is allowed"""
    draft.enclosed = []


# ------------------------------------------------------------------- envelopes


@mutation(GOOD)
def success_without_envelope(draft, world):
    """SUCCESS without a content"""
    draft.has_envelope = False


@mutation(statuses=(names.FAILURE,))
def failure_with_envelope(draft, world):
    """FAILURE with an envelope in which there is a certificate"""
    enclose_something(draft, world)


@mutation(statuses=(names.PENDING,))
def pending_with_envelope(draft, world):
    """PENDING with an envelope in which there is a certificate"""
    enclose_something(draft, world)


def enclose_something(draft, world):
    draft.has_envelope = True
    if world.request.csr is not None:
        draft.leaf = world.certificate()
    draft.chain = [world.hierarchy.ca.der]


@mutation(GOOD)
def foreign_recipient(draft, world):
    """encrypted to a stranger's certificate"""
    draft.recipients = [recipient_of(world.stranger().der)]


@mutation(GOOD)
def wrong_recipient_serial(draft, world):
    """encrypted to the right key, under a stranger's issuer and serial number"""
    right = world.request.signer.public_key()
    double = x509.CertificateBuilder(
        issuer_name=test_name("Nobody"),
        subject_name=world.request.signer.subject,
        public_key=right,
        serial_number=4711,
        not_valid_before=world.request.signer.not_valid_before,
        not_valid_after=world.request.signer.not_valid_after,
    )
    signed = double.sign(world.stranger().key, cms.HASHES["sha256"]())
    draft.recipients = [recipient_of(certificate_der(signed))]


@mutation(GOOD)
def two_recipients(draft, world):
    """encrypted to a stranger besides the requester"""
    draft.recipients = [recipient_of(world.stranger().der)] + draft.recipients


@mutation(GOOD)
def password_recipient(draft, world):
    """the content key is wrapped under a password"""
    draft.recipients = [for_password(os.urandom(8).hex())]
    draft.envelope_version = "v3"


@mutation(GOOD)
def endless_password(draft, world):
    """for the challenge of the request, with a billion iterations declared"""
    challenge = world.request.challenge or "?"
    draft.recipients = [for_password(challenge, declared=10**9)]
    draft.envelope_version = "v3"


class AnyAlgorithm(core.Sequence):
    _fields = [
        ("algorithm", core.ObjectIdentifier),
        ("parameters", core.Any, {"optional": True}),
    ]


@mutation(GOOD)
def auth_enveloped(draft, world):
    """AuthEnvelopedData (AES-GCM) in place of EnvelopedData"""
    draft.envelope_editors.append(lambda _: gcm_envelope(draft))


def gcm_envelope(draft):
    key, nonce = os.urandom(16), os.urandom(12)
    plain = cms.degenerate(draft.certificates(), draft.crls)
    sealed = AESGCM(key).encrypt(nonce, plain, None)
    fields = AuthEnveloped(
        {
            "version": "v0",
            "recipient_infos": [make(key) for make in draft.recipients],
            "content": {
                "content_type": "data",
                "algorithm": {
                    "algorithm": "2.16.840.1.101.3.4.1.6",
                    "parameters": core.Any(GcmParameters({"nonce": nonce, "icv": 16})),
                },
                "encrypted": sealed[:-16],
            },
            "mac": sealed[-16:],
        }
    )
    return cms.wrap("authenticated_enveloped_data", fields)


class GcmParameters(core.Sequence):
    _fields = [("nonce", core.OctetString), ("icv", core.Integer)]


class GcmContent(core.Sequence):
    _fields = [
        ("content_type", asn1_cms.ContentType),
        ("algorithm", AnyAlgorithm),
        ("encrypted", core.OctetString, {"implicit": 0}),
    ]


class AuthEnveloped(core.Sequence):
    """RFC 5083, 2.1"""

    _fields = [
        ("version", asn1_cms.CMSVersion),
        ("recipient_infos", asn1_cms.RecipientInfos),
        ("content", GcmContent),
        ("mac", core.OctetString),
    ]


@mutation(GOOD)
def envelope_is_plain(draft, world):
    """the certificates lie in the message without an envelope"""
    draft.envelope_editors.append(
        lambda _: cms.degenerate(draft.certificates(), draft.crls)
    )


@mutation(GOOD)
def garbage_in_envelope(draft, world):
    """the envelope opens, but random bytes are in it"""
    draft.envelope_editors.append(
        lambda _: cms.enveloped_data(draft.cipher, os.urandom(600), draft.recipients)
    )


@mutation(GOOD)
def trailing_in_envelope(draft, world):
    """four bytes follow the envelope inside the signed content"""
    draft.envelope_editors.append(lambda content: content + b"\0\0\0\0")


# ---------------------------------------------------------------- certificates


@mutation(GOOD, needs_leaf=True)
def certificate_for_another_key(draft, world):
    """everything as asked, over somebody else's key"""
    draft.leaf = world.certificate(public_key=world.stranger().key.public_key())


@mutation(GOOD, needs_leaf=True)
def changed_subject(draft, world):
    """our key, under another subject, which a CA may do"""
    draft.leaf = world.certificate(subject=test_name("somebody else"))


@mutation(GOOD, needs_leaf=True)
def added_name(draft, world):
    """one alternative name more than asked for, which a CA may do"""
    asked = find_extension(world.request.csr.extensions, x509.SubjectAlternativeName)
    wanted = [*(asked or []), x509.DNSName("added.example.net")]
    draft.leaf = world.certificate(changed=[x509.SubjectAlternativeName(wanted)])


@mutation(GOOD, needs_leaf=True)
def other_usages(draft, world):
    """other usages than asked for, which a CA may do"""
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    usage = key_usage(("digital_signature",))
    draft.leaf = world.certificate(changed=[usage, purpose])


@mutation(GOOD, needs_leaf=True)
def no_certificate(draft, world):
    """an empty bag of certificates"""
    draft.leaf, draft.chain = None, []


@mutation(GOOD, needs_leaf=True)
def only_ca_certificate(draft, world):
    """the CA's certificate and no other"""
    draft.leaf = None


@mutation(GOOD, needs_leaf=True)
def several_certificates(draft, world):
    """ours among two for other keys, which the client has to sort out"""
    others = [world.stranger(), world.authority.identity("passer-by")]
    foreign = [
        world.certificate(public_key=other.key.public_key()) for other in others
    ]
    draft.chain = foreign + draft.chain
    draft.leaf_first = False


@mutation(GOOD, needs_leaf=True)
def old_certificate(draft, world):
    """the previous certificate of the subject in place of a new one"""
    leaf = x509.load_der_x509_certificate(draft.leaf)
    old = world.store.previous(leaf.subject, leaf.serial_number)
    if old is None:
        return False
    draft.leaf = certificate_der(old)
    return True


@mutation(GOOD, needs_leaf=True)
def expired_certificate(draft, world):
    """a certificate that ended yesterday"""
    draft.leaf = world.certificate(starts=-3 * DAY, ends=-DAY)


@mutation(GOOD, needs_leaf=True)
def future_certificate(draft, world):
    """a certificate that begins in two days"""
    draft.leaf = world.certificate(starts=2 * DAY, ends=30 * DAY)


@mutation(GOOD, needs_leaf=True)
def unchained_certificate(draft, world):
    """issued by a stranger, with the right CA's certificate beside it"""
    draft.leaf = world.certificate(issuer=world.stranger())


@mutation(GOOD, needs_leaf=True)
def certificate_by_lookalike_ca(draft, world):
    """issued under the CA's name by another key"""
    double = world.lookalike(world.hierarchy.ca)
    draft.leaf = world.certificate(issuer=double)


@mutation(GOOD, needs_leaf=True)
def ca_certificate_for_us(draft, world):
    """the certificate over our key says CA:TRUE"""
    draft.leaf = world.certificate(is_ca=True)


@mutation(GOOD, needs_leaf=True)
def no_chain(draft, world):
    """the leaf alone, which is allowed"""
    draft.chain = []


@mutation(GOOD, needs_leaf=True)
def garbled_certificate(draft, world):
    """a byte of the certificate's signature is wrong"""
    draft.leaf = draft.leaf[:-1] + bytes([draft.leaf[-1] ^ 1])


# ----------------------------------------------------------------- whole bodies


@mutation()
def replay(draft, world):
    """the previous reply of this CA, byte for byte"""
    if not world.replies:
        return False
    previous = world.replies[-1]
    draft.body_editors.append(lambda body: previous)
    return True


@mutation()
def pem_reply(draft, world):
    """the reply as PEM"""
    draft.body_editors.append(lambda body: pem.armor("PKCS7", body))
