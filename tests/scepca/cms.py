# SPDX-License-Identifier: Apache-2.0
"""The Cryptographic Message Syntax (RFC 5652), as far as SCEP needs it.

Structures come from asn1crypto and the mathematics from cryptography.  This
module knows nothing of SCEP: no message type, no transaction.
"""

import hashlib
import os

from asn1crypto import algos, cms, core, parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .names import CIPHER_NAMES, CIPHERS
from .recipients import open_for_password

HASHES = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class CmsError(Exception):
    """The structure cannot be read, verified or opened."""


class CertificateBag(core.SequenceOf):
    """The certificates field without DER's sorting.

    Under the implicit tag a SET OF and a SEQUENCE OF are the same bytes, and
    a test wants to choose the order in which a client meets them.
    """

    _child_spec = cms.CertificateChoices


class OrderedSignedData(core.Sequence):
    _fields = [
        ("version", cms.CMSVersion),
        ("digest_algorithms", cms.DigestAlgorithms),
        ("encap_content_info", cms.EncapsulatedContentInfo),
        ("certificates", CertificateBag, {"implicit": 0, "optional": True}),
        ("crls", cms.RevocationInfoChoices, {"implicit": 1, "optional": True}),
        ("signer_infos", cms.SignerInfos),
    ]


def wrap(content_type, content):
    """A ContentInfo around a structure, written out by hand: asn1crypto only
    lets its own classes into its ContentInfo."""
    tagged = parser.emit(2, 1, 0, content.dump())
    return parser.emit(0, 1, 16, cms.ContentType(content_type).dump() + tagged)


def issuer_and_serial(certificate_der):
    certificate = asn1_x509.Certificate.load(certificate_der)
    return cms.IssuerAndSerialNumber(
        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    )


def certificate_bag(ders):
    return CertificateBag(
        [
            cms.CertificateChoices(
                name="certificate", value=asn1_x509.Certificate.load(der)
            )
            for der in ders
        ]
    )


def degenerate(certificates, crls=()):
    """A SignedData without signers: the carrier of certificates and CRLs."""
    fields = {
        "version": "v1",
        "digest_algorithms": [],
        "encap_content_info": {"content_type": "data"},
        "signer_infos": [],
    }
    if certificates:
        fields["certificates"] = certificate_bag(certificates)
    if crls:
        lists = [asn1_crl(der) for der in crls]
        fields["crls"] = cms.RevocationInfoChoices(lists)
    return wrap("signed_data", OrderedSignedData(fields))


def asn1_crl(der):
    return cms.RevocationInfoChoice(name="crl", value=cms.CertificateList.load(der))


# ---------------------------------------------------------------- signatures


def attribute(oid, *values):
    return cms.CMSAttribute({"type": oid, "values": [core.Any(v) for v in values]})


def mask(digest):
    """The mask generation function of PSS and OAEP."""
    return algos.MaskGenAlgorithm(
        {"algorithm": "mgf1", "parameters": {"algorithm": digest}}
    )


def signature_scheme(form, digest):
    """The padding of a signature, and how its algorithm is written."""
    if form != "pss":
        name = digest + "_rsa" if form == "with_digest" else "rsassa_pkcs1v15"
        return padding.PKCS1v15(), {"algorithm": name}
    salt = HASHES[digest].digest_size
    parameters = algos.RSASSAPSSParams(
        {
            "hash_algorithm": {"algorithm": digest},
            "mask_gen_algorithm": mask(digest),
            "salt_length": salt,
        }
    )
    scheme = padding.PSS(padding.MGF1(HASHES[digest]()), salt)
    return scheme, {"algorithm": "rsassa_pss", "parameters": parameters}


def signer_info(identity, digest, attributes, form="rsa"):
    """One SignerInfo over its signed attributes, which SCEP always has."""
    signed = cms.CMSAttributes(attributes)
    if isinstance(identity.key, ec.EllipticCurvePrivateKey):
        algorithm = {"algorithm": digest + "_ecdsa"}
        signature = identity.key.sign(signed.dump(), ec.ECDSA(HASHES[digest]()))
    else:
        scheme, algorithm = signature_scheme(form, digest)
        signature = identity.key.sign(signed.dump(), scheme, HASHES[digest]())
    return cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                name="issuer_and_serial_number", value=issuer_and_serial(identity.der)
            ),
            "digest_algorithm": {"algorithm": digest},
            "signed_attrs": signed,
            "signature_algorithm": algorithm,
            "signature": signature,
        }
    )


def content_attributes(content, digest):
    """The two attributes RFC 5652, 11 requires wherever there are any."""
    value = hashlib.new(digest, content or b"").digest()
    return [
        cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
        cms.CMSAttribute({"type": "message_digest", "values": [value]}),
    ]


def signed_data(content, signer_infos, certificates):
    """content=None leaves the eContent out altogether."""
    inner = {"content_type": "data"}
    if content is not None:
        inner["content"] = content
    digests = {info["digest_algorithm"]["algorithm"].native for info in signer_infos}
    fields = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": name} for name in sorted(digests)],
        "encap_content_info": inner,
        "signer_infos": signer_infos,
    }
    if certificates:
        fields["certificates"] = certificate_bag(certificates)
    return wrap("signed_data", OrderedSignedData(fields))


def read_signed_data(der):
    """The SignedData of a message; the whole input must be one structure."""
    try:
        info = cms.ContentInfo.load(der, strict=True)
        if info["content_type"].native != "signed_data":
            raise CmsError("the message is not a SignedData")
        signed = info["content"]
        if len(signed["signer_infos"]) != 1:
            raise CmsError("the message does not have exactly one signer")
    except (ValueError, TypeError, KeyError) as error:
        raise CmsError("not readable as CMS: %s" % error) from None
    return signed


def embedded_content(signed):
    content = signed["encap_content_info"]["content"]
    return None if content.native is None else bytes(content)


def attribute_values(info):
    """The signed attributes as {dotted OID: [values]}."""
    found = {}
    for item in info["signed_attrs"]:
        found.setdefault(item["type"].dotted, []).extend(list(item["values"]))
    return found


def signer_certificate(signed, info):
    """The certificate the SignerInfo names, from the message itself."""
    sid = info["sid"]
    if sid.name != "issuer_and_serial_number":
        raise CmsError("the signer is not named by issuer and serial number")
    wanted = (sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native)
    for choice in signed["certificates"]:
        certificate = choice.chosen
        if (certificate.issuer.dump(), certificate.serial_number) == wanted:
            return x509.load_der_x509_certificate(certificate.dump())
    raise CmsError("the signer's certificate is not in the message")


def declared_padding(algorithm):
    """The padding that a SignerInfo says it has."""
    if algorithm["algorithm"].native != "rsassa_pss":
        return padding.PKCS1v15()
    parameters = algorithm["parameters"]
    masked = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
    if masked not in HASHES:
        raise CmsError("unknown digest %s in the mask of PSS" % masked)
    return padding.PSS(
        padding.MGF1(HASHES[masked]()), parameters["salt_length"].native
    )


def verify_signer(signed, info, certificate):
    """Checks the digest of the content and the signature over the attributes."""
    digest = info["digest_algorithm"]["algorithm"].native
    if digest not in HASHES:
        raise CmsError("unknown digest %s" % digest)
    values = attribute_values(info)
    declared = values.get("1.2.840.113549.1.9.4", [])
    actual = hashlib.new(digest, embedded_content(signed) or b"").digest()
    if [value.native for value in declared] != [actual]:
        raise CmsError("the message digest does not match the content")
    key, hashed = certificate.public_key(), HASHES[digest]()
    signature, covered = info["signature"].native, info["signed_attrs"].untag().dump()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            if info["signature_algorithm"]["algorithm"].native != digest + "_ecdsa":
                raise CmsError("the signature names another digest")
            key.verify(signature, covered, ec.ECDSA(hashed))
        elif isinstance(key, rsa.RSAPublicKey):
            scheme = declared_padding(info["signature_algorithm"])
            key.verify(signature, covered, scheme, hashed)
        else:
            raise CmsError("the signer's key is neither RSA nor EC")
    except InvalidSignature:
        raise CmsError("the signature does not verify") from None


def attributes_are_der(info):
    signed = info["signed_attrs"].untag()
    return signed.dump() == signed.dump(force=True)


# ----------------------------------------------------------------- envelopes


def block_cipher(name, key):
    if name.startswith("aes"):
        return algorithms.AES(key)
    # A single DES key is 3DES with the key three times.
    return algorithms.TripleDES(key if len(key) == 24 else key * 3)


def encrypt_content(cipher, key, plaintext):
    """The EncryptedContentInfo.  RC2 is only declared: the library has none,
    and whoever looks into such an envelope has already failed the test."""
    algorithm, _, block = CIPHERS[cipher]
    iv = os.urandom(block)
    if cipher == "rc2":
        parameters = algos.Rc2Params({"rc2_parameter_version": 58, "iv": iv})
        encrypted = os.urandom(len(plaintext) // block * block + block)
    else:
        parameters = core.OctetString(iv)
        padder = block_padding.PKCS7(block * 8).padder()
        padded = padder.update(plaintext) + padder.finalize()
        worker = Cipher(block_cipher(cipher, key), modes.CBC(iv)).encryptor()
        encrypted = worker.update(padded) + worker.finalize()
    return cms.EncryptedContentInfo(
        {
            "content_type": "data",
            "content_encryption_algorithm": {
                "algorithm": algorithm,
                "parameters": parameters,
            },
            "encrypted_content": encrypted,
        }
    )


def transport_scheme(form):
    """The padding of a content key, and how its algorithm is written."""
    if form != "oaep":
        return padding.PKCS1v15(), {"algorithm": "rsaes_pkcs1v15"}
    parameters = algos.RSAESOAEPParams(
        {"hash_algorithm": {"algorithm": "sha256"}, "mask_gen_algorithm": mask("sha256")}
    )
    scheme = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return scheme, {"algorithm": "rsaes_oaep", "parameters": parameters}


def key_transport(certificate_der, content_key, form="pkcs1"):
    """The key-transport recipient: RSA, PKCS #1 v1.5 or OAEP."""
    public = x509.load_der_x509_certificate(certificate_der).public_key()
    scheme, algorithm = transport_scheme(form)
    transport = cms.KeyTransRecipientInfo(
        {
            "version": "v0",
            "rid": cms.RecipientIdentifier(
                name="issuer_and_serial_number",
                value=issuer_and_serial(certificate_der),
            ),
            "key_encryption_algorithm": algorithm,
            "encrypted_key": public.encrypt(content_key, scheme),
        }
    )
    return cms.RecipientInfo(name="ktri", value=transport)


def enveloped_data(cipher, plaintext, recipients, version="v0"):
    """recipients: functions that take the content key and give a RecipientInfo."""
    key = os.urandom(CIPHERS[cipher][1])
    fields = {
        "version": version,
        "recipient_infos": [make(key) for make in recipients],
        "encrypted_content_info": encrypt_content(cipher, key, plaintext),
    }
    return wrap("enveloped_data", cms.EnvelopedData(fields))


def octets_under_tag(sequence, tag):
    """The octet string under an implicit tag, whole or in pieces (BER).

    asn1crypto refuses the pieces, and some clients write them.
    """
    rest = sequence.contents
    while rest:
        class_, method, number, header, contents, trailer = parser.parse(rest)
        rest = rest[len(header) + len(contents) + len(trailer) :]
        if (class_, number) != (2, tag):
            continue
        if method == 0:
            return contents
        return b"".join(piece.native for piece in octet_pieces(contents))
    raise CmsError("the envelope holds no encrypted content")


def octet_pieces(data):
    while data:
        piece = core.load(data)
        yield piece
        data = data[len(piece.dump()) :]


class Envelope:
    """A parsed EnvelopedData with one recipient: of key transport, or a
    password."""

    def __init__(self, der):
        try:
            info = cms.ContentInfo.load(der, strict=True)
            if info["content_type"].native != "enveloped_data":
                raise CmsError("the content is not an EnvelopedData")
            self._read(info["content"])
        except (ValueError, TypeError, KeyError) as error:
            raise CmsError("not readable as EnvelopedData: %s" % error) from None

    def _read(self, enveloped):
        recipients = enveloped["recipient_infos"]
        if len(recipients) != 1 or recipients[0].name not in ("ktri", "pwri"):
            raise CmsError("the envelope needs exactly one key-transport recipient")
        self.content = enveloped["encrypted_content_info"]
        algorithm = self.content["content_encryption_algorithm"]["algorithm"].native
        self.cipher = CIPHER_NAMES.get(algorithm, algorithm)
        self.is_for_password = recipients[0].name == "pwri"
        self.transport = recipients[0].chosen
        if self.is_for_password:
            return
        rid = self.transport["rid"]
        if rid.name != "issuer_and_serial_number":
            raise CmsError("the recipient is not named by issuer and serial number")
        self.issuer = rid.chosen["issuer"]
        self.serial = rid.chosen["serial_number"].native

    def names(self, certificate_der):
        certificate = asn1_x509.Certificate.load(certificate_der)
        mine = (certificate.issuer.dump(), certificate.serial_number)
        return mine == (self.issuer.dump(), self.serial)

    def _content_key(self, secret):
        """`secret` is a password or a private key."""
        if self.is_for_password:
            return open_for_password(self.transport, secret)
        return secret.decrypt(self.transport["encrypted_key"].native, padding.PKCS1v15())

    def open(self, secret):
        if self.cipher not in CIPHERS or self.cipher == "rc2":
            raise CmsError("cipher %s is not supported" % self.cipher)
        _, size, block = CIPHERS[self.cipher]
        algorithm = self.content["content_encryption_algorithm"]
        try:
            key = self._content_key(secret)
            if len(key) != size:
                raise ValueError("the content key has the wrong length")
            mode = modes.CBC(bytes(algorithm["parameters"]))
            worker = Cipher(block_cipher(self.cipher, key), mode).decryptor()
            padded = worker.update(octets_under_tag(self.content, 0))
            padded += worker.finalize()
            unpadder = block_padding.PKCS7(block * 8).unpadder()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError as error:
            raise CmsError("the envelope cannot be opened: %s" % error) from None
