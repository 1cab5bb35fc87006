# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates: the CA, its RAs, its impostors, and what it issues.

Identities are made when first asked for and kept in DIR/identities, so a
restarted CA is the same CA.  This module knows no message and no transaction.
"""

import datetime
import os
from dataclasses import dataclass

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import NameOID

from . import key_pool
from .files import write_atomically

DAY = 86400
DER = serialization.Encoding.DER
KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Variant:
    """One CA certificate.  Times are in days from now."""

    common_name: str
    starts: int = -1
    ends: int = 3650
    usage: tuple = (
        "key_cert_sign", "crl_sign", "digital_signature", "key_encipherment",
    )
    is_ca: bool = True
    bits: int = 2048
    digest: type = hashes.SHA256
    marks: tuple = ()  # extendedKeyUsage
    curve: object = None


# The values of the behaviour `authority`.
VARIANTS = {
    "main": Variant("scepagent test CA"),
    "other": Variant("scepagent other CA"),
    "next": Variant("scepagent next CA"),
    "ending": Variant("scepagent ending CA", ends=20),
    "expired": Variant("scepagent expired CA", starts=-20, ends=-2),
    "future": Variant("scepagent future CA", starts=5),
    "narrow": Variant("scepagent narrow CA", usage=("key_cert_sign", "crl_sign")),
    "no_usage": Variant("scepagent CA without keyUsage", usage=()),
    "not_ca": Variant("scepagent CA that is none", is_ca=False),
    "weak": Variant("scepagent weak CA", bits=1024),
    "sha1": Variant("scepagent SHA-1 CA", digest=hashes.SHA1),
    "ec": Variant(
        "scepagent EC CA",
        usage=("key_cert_sign", "crl_sign", "digital_signature"),
        curve=ec.SECP256R1(),
    ),
}

# The marks of an RA: id-kp-cmcRA (RFC 6402, 2.10), and the
# Certificate Request Agent of Microsoft's.
CMC_RA = "1.3.6.1.5.5.7.3.28"
ENROLMENT_AGENT = "1.3.6.1.4.1.311.20.2.1"
BOTH_USAGES = ("digital_signature", "key_encipherment")

# The RA certificates a CA may have below it, by the last part of the name.
RA_VARIANTS = {
    "ra": Variant("scepagent test RA", usage=BOTH_USAGES, marks=(CMC_RA,)),
    "ra-sign": Variant(
        "scepagent test RA signing",
        usage=("digital_signature",), marks=(ENROLMENT_AGENT,),
    ),
    "ra-encrypt": Variant(
        "scepagent test RA encryption",
        usage=("key_encipherment",), marks=(ENROLMENT_AGENT,),
    ),
    "ra-expired": Variant(
        "scepagent expired RA", starts=-20, ends=-2, usage=BOTH_USAGES, marks=(CMC_RA,)
    ),
    "ra-unmarked": Variant("scepagent unmarked RA", usage=BOTH_USAGES),
    "ra-weak": Variant(
        "scepagent weak RA", usage=BOTH_USAGES, marks=(CMC_RA,), bits=1024
    ),
    "ra-sha1": Variant(
        "scepagent SHA-1 RA", usage=BOTH_USAGES, marks=(CMC_RA,), digest=hashes.SHA1
    ),
}

# The values of the behaviour `ra` that have one RA, who signs and decrypts.
SINGLE_RAS = {
    "one": "ra", "expired": "ra-expired", "unmarked": "ra-unmarked",
    "weak": "ra-weak", "sha1": "ra-sha1",
}


class Identity:
    """A private key with its certificate."""

    def __init__(self, name, key, certificate):
        self.name = name
        self.key = key
        self.certificate = certificate
        self.der = certificate.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self):
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)


@dataclass
class Hierarchy:
    """Returns who does what under the present behaviour."""

    ca: Identity
    signer: Identity
    recipient: Identity
    registration: list
    above: list

    def published(self):
        return [self.ca, *self.registration, *self.above]


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def new_serial():
    return int.from_bytes(b"\x40" + os.urandom(15), "big")


def key_usage(names):
    return x509.KeyUsage(**{usage: usage in names for usage in KEY_USAGES})


def test_name(common_name):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def plain_certificate(public_key, subject, issuer, starts, ends, like=None):
    """A builder with what every certificate has; starts and ends in seconds.

    With `like`, serial number and key identifier are those of that certificate.
    """
    instant = now()
    serial = new_serial() if like is None else like.serial_number
    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    if like is not None:
        identifier = key_identifier(like)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(instant + datetime.timedelta(seconds=starts))
        .not_valid_after(instant + datetime.timedelta(seconds=ends))
        .add_extension(identifier, False)
    )


def key_identifier(certificate):
    kind = x509.SubjectKeyIdentifier
    return certificate.extensions.get_extension_for_class(kind).value


def sign(builder, key, digest):
    """As builder.sign(), which refuses SHA-1 in newer versions of cryptography."""
    if not isinstance(digest, hashes.SHA1):
        return builder.sign(key, digest)
    other = builder.sign(key, hashes.SHA256()).public_bytes(DER)
    made = asn1_x509.Certificate.load(other)
    body = made["tbs_certificate"]
    body["signature"]["algorithm"] = "sha1_rsa"
    made["signature_algorithm"]["algorithm"] = "sha1_rsa"
    made["signature_value"] = key.sign(body.dump(), padding.PKCS1v15(), digest)
    return x509.load_der_x509_certificate(made.dump())


class Authority:
    def __init__(self, directory):
        self.directory = os.path.join(directory, "identities")
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        self.loaded = {}

    # ------------------------------------------------------------ identities

    def identity(self, name):
        """The identity of that name; `main.ra` is the RA below `main`."""
        if name not in self.loaded:
            path = os.path.join(self.directory, name + ".pem")
            if os.path.exists(path):
                self.loaded[name] = self._load(name, path)
            else:
                self.loaded[name] = self._make(name)
                self._save(self.loaded[name], path)
        return self.loaded[name]

    def recipients(self):
        """Every identity that may open a request: all that were ever published."""
        entries = sorted(os.listdir(self.directory))
        names = [entry[:-4] for entry in entries if entry.endswith(".pem")]
        honest = [name for name in names if name.split(".")[0] in VARIANTS]
        return [self.identity(name) for name in honest if "lookalike" not in name]

    def hierarchy(self, variant, chain, ra):
        name = variant + ".sub" if chain else variant
        ca = self.identity(name)
        above = [self.identity(variant + ".root")] if chain else []
        if ra == "two":
            signer = self.identity(name + ".ra-sign")
            recipient = self.identity(name + ".ra-encrypt")
            return Hierarchy(ca, signer, recipient, [signer, recipient], above)
        if ra in SINGLE_RAS:
            both = self.identity(name + "." + SINGLE_RAS[ra])
            return Hierarchy(ca, both, both, [both], above)
        if ra == "unchained":
            # Certified by somebody else: the CA does its own work.
            foreign = self.identity("stranger.ra")
            return Hierarchy(ca, ca, ca, [foreign], above)
        return Hierarchy(ca, ca, ca, [], above)

    def _load(self, name, path):
        with open(path, "rb") as file:
            pem = file.read()
        key = serialization.load_pem_private_key(pem, None)
        return Identity(name, key, x509.load_pem_x509_certificate(pem))

    def _save(self, identity, path):
        key = identity.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write_atomically(path, key + identity.pem(), 0o600)

    def _make(self, name):
        """Reads the name: VARIANT[.root|.sub][.RA|.lookalike], or `stranger`."""
        above, _, last = name.rpartition(".")
        if last == "lookalike":
            return self._make_lookalike(name, self.identity(above))
        if last in RA_VARIANTS:
            return self._certify(name, RA_VARIANTS[last], self.identity(above), False)
        if last == "sub":
            return self._certify(name, VARIANTS[above], self.identity(above + ".root"))
        if last == "root":
            root = Variant(VARIANTS[above].common_name + " root")
            return self._certify(name, root, None)
        if name in VARIANTS:
            return self._certify(name, VARIANTS[name], None)
        return self._certify(name, Variant("Stranger " + name), None)

    def _certify(self, name, variant, issuer, is_ca=None):
        if variant.curve is None:
            key = key_pool.take(variant.bits)
        else:
            key = ec.generate_private_key(variant.curve)
        subject = test_name(variant.common_name)
        issuer_name = issuer.certificate.subject if issuer else subject
        builder = plain_certificate(
            key.public_key(), subject, issuer_name,
            variant.starts * DAY, variant.ends * DAY,
        )
        is_ca = variant.is_ca if is_ca is None else is_ca
        builder = builder.add_extension(x509.BasicConstraints(is_ca, None), True)
        if variant.usage:
            builder = builder.add_extension(key_usage(variant.usage), True)
        if variant.marks:
            marks = [x509.ObjectIdentifier(mark) for mark in variant.marks]
            builder = builder.add_extension(x509.ExtendedKeyUsage(marks), False)
        signer = issuer.key if issuer else key
        return Identity(name, key, sign(builder, signer, variant.digest()))

    def _make_lookalike(self, name, model):
        """Names, serial number and key identifier of the model; another key."""
        key = key_pool.take(2048)
        original = model.certificate
        builder = plain_certificate(
            key.public_key(), original.subject, original.issuer,
            -DAY, 3650 * DAY, like=original,
        )
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        usage = key_usage(VARIANTS["main"].usage)
        builder = builder.add_extension(usage, True)
        return Identity(name, key, builder.sign(key, hashes.SHA256()))

    # ---------------------------------------------------------- certificates

    def certificate(
        self, csr, issuer, starts, ends, public_key=None, subject=None, is_ca=False,
        changed=(),
    ):
        """A leaf for that request, signed by that identity, as x509.Certificate.
        `changed`: extensions in place of those that are asked for.

        Nothing is recorded: see Store.record for what counts as issued.
        """
        public = public_key or csr.public_key()
        builder = plain_certificate(
            public, subject or csr.subject, issuer.certificate.subject, starts, ends
        )
        builder = builder.add_extension(x509.BasicConstraints(is_ca, None), True)
        above = key_identifier(issuer.certificate)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above),
            False,
        )
        kinds = {type(value) for value in changed}
        for extension in self._wanted(csr):
            if type(extension.value) not in kinds:
                builder = builder.add_extension(extension.value, extension.critical)
        for value in changed:
            builder = builder.add_extension(value, False)
        return builder.sign(issuer.key, hashes.SHA256())

    def leaf_identity(self, issuer, common_name, key, usage=("digital_signature",)):
        """An identity with an ordinary certificate of that CA; not kept."""
        builder = plain_certificate(
            key.public_key(), test_name(common_name), issuer.certificate.subject,
            -DAY, 30 * DAY,
        )
        builder = builder.add_extension(x509.BasicConstraints(False, None), True)
        builder = builder.add_extension(key_usage(usage), True)
        return Identity(common_name, key, builder.sign(issuer.key, hashes.SHA256()))

    def _wanted(self, csr):
        """The extensions of the request that the CA grants."""
        kinds = (x509.SubjectAlternativeName, x509.KeyUsage, x509.ExtendedKeyUsage)
        granted = [e for e in csr.extensions if isinstance(e.value, kinds)]
        if not any(isinstance(e.value, x509.KeyUsage) for e in granted):
            is_ec = isinstance(csr.public_key(), ec.EllipticCurvePublicKey)
            usage = key_usage(
                ("digital_signature", "key_agreement" if is_ec else "key_encipherment")
            )
            granted.append(x509.Extension(usage.oid, True, usage))
        return granted

    def revocation_list(self, issuer, revoked):
        instant = now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(instant - datetime.timedelta(minutes=1))
            .next_update(instant + datetime.timedelta(days=7))
        )
        for serial in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            entry = entry.revocation_date(instant).build()
            builder = builder.add_revoked_certificate(entry)
        signed = builder.sign(issuer.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.DER)

    def issued_by_us(self, certificate):
        """Tells whether one of our CA identities really signed the certificate."""
        for identity in self.recipients():
            if identity.certificate.subject != certificate.issuer:
                continue
            if signature_holds(certificate, identity.key.public_key()):
                return True
        return False


def signature_holds(certificate, public_key):
    hashed = certificate.signature_hash_algorithm
    is_ec = isinstance(public_key, ec.EllipticCurvePublicKey)
    scheme = (ec.ECDSA(hashed),) if is_ec else (padding.PKCS1v15(), hashed)
    try:
        public_key.verify(
            certificate.signature, certificate.tbs_certificate_bytes, *scheme
        )
        return True
    except InvalidSignature:
        return False
