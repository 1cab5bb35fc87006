# SPDX-License-Identifier: Apache-2.0
"""Recipients of an EnvelopedData that have no RSA key (RFC 5652, 6.2).

PasswordRecipientInfo (RFC 3211, RFC 8018) and KeyAgreeRecipientInfo (RFC 5753)
are made here from the RFCs, and the first is opened.  Structures that
asn1crypto does not know are put together as DER.
"""

import hashlib
import os
import subprocess

from asn1crypto import algos, cms, core, parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

from .names import CIPHER_NAMES, CIPHERS

PWRI_KEK = "1.2.840.113549.1.9.16.3.9"
# RFC 5753, 7.1.4
AGREEMENTS = {"sha1": "1.3.133.16.840.63.0.2", "sha256": "1.3.132.1.11.1",
              "sha384": "1.3.132.1.11.2", "sha512": "1.3.132.1.11.3"}
# RFC 3565
KEY_WRAPS = {"aes128": ("2.16.840.1.101.3.4.1.5", 16),
             "aes192": ("2.16.840.1.101.3.4.1.25", 24),
             "aes256": ("2.16.840.1.101.3.4.1.45", 32)}
HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256,
          "sha384": hashes.SHA384, "sha512": hashes.SHA512}


def sequence(*parts):
    return parser.emit(0, 1, 16, b"".join(parts))


def algorithm(oid, parameters=b""):
    return sequence(core.ObjectIdentifier(oid).dump(), parameters)


def tagged(number, *parts):
    return parser.emit(2, 1, number, b"".join(parts))


def recipient_info(number, *parts):
    """A choice of RecipientInfo under its implicit tag."""
    return cms.RecipientInfo.load(tagged(number, *parts))


# ---------------------------------------------------------------- passwords


def block_mode(cipher, key, iv):
    from .cms import block_cipher

    return Cipher(block_cipher(cipher, key), modes.CBC(iv))


def run(worker, data):
    return worker.update(data) + worker.finalize()


def wrap_twice(cipher, kek, iv, key):
    """RFC 3211, 2.3.1"""
    block = CIPHERS[cipher][2]
    check = bytes(octet ^ 0xFF for octet in key[:3])
    plain = bytes([len(key)]) + check + key
    size = max(2 * block, -(-len(plain) // block) * block)
    plain += os.urandom(size - len(plain))
    once = run(block_mode(cipher, kek, iv).encryptor(), plain)
    return run(block_mode(cipher, kek, once[-block:]).encryptor(), once)


def unwrap_twice(cipher, kek, iv, wrapped):
    """RFC 3211, 2.3.2"""
    block = CIPHERS[cipher][2]
    before, last = wrapped[-2 * block : -block], wrapped[-block:]
    inner = run(block_mode(cipher, kek, before).decryptor(), last)
    once = run(block_mode(cipher, kek, inner).decryptor(), wrapped)
    plain = run(block_mode(cipher, kek, iv).decryptor(), once)
    key = plain[4 : 4 + plain[0]]
    if bytes(octet ^ 0xFF for octet in key[:3]) != plain[1:4]:
        raise ValueError("the password is another one")
    return key


def derive(password, salt, iterations, size, digest):
    return hashlib.pbkdf2_hmac(digest, password, salt, iterations, size)


def for_password(password, cipher="aes128", iterations=10000, digest="sha1",
                 declared=None):
    """A function that wraps a content key; `declared` iterations may differ."""
    def make(key):
        salt, iv = os.urandom(8), os.urandom(CIPHERS[cipher][2])
        fields = {"salt": algos.Pbkdf2Salt(name="specified", value=salt),
                  "iteration_count": declared or iterations}
        if digest != "sha1":
            fields["prf"] = {"algorithm": digest}
        kek = derive(password.encode(), salt, iterations, CIPHERS[cipher][1], digest)
        derivation = algos.KdfAlgorithm(
            {"algorithm": "pbkdf2", "parameters": algos.Pbkdf2Params(fields)}
        )
        inner = algos.EncryptionAlgorithm(
            {"algorithm": CIPHERS[cipher][0], "parameters": core.OctetString(iv)}
        )
        return recipient_info(
            3, core.Integer(0).dump(), tagged(0, derivation.contents),
            algorithm(PWRI_KEK, inner.dump()),
            core.OctetString(wrap_twice(cipher, kek, iv, key)).dump(),
        )

    return make


def open_for_password(info, password):
    """The content key of a PasswordRecipientInfo of asn1crypto's."""
    derivation = info["key_derivation_algorithm"]
    parameters = derivation["parameters"]
    if derivation["algorithm"].native != "pbkdf2":
        raise ValueError("derived with %s" % derivation["algorithm"].native)
    wrap = info["key_encryption_algorithm"]
    if wrap["algorithm"].dotted != PWRI_KEK:
        raise ValueError("wrapped with %s" % wrap["algorithm"].native)
    inner = algos.EncryptionAlgorithm.load(wrap["parameters"].dump())
    cipher = CIPHER_NAMES[inner["algorithm"].native]
    kek = derive(
        password.encode(), parameters["salt"].native,
        parameters["iteration_count"].native, CIPHERS[cipher][1],
        parameters["prf"]["algorithm"].native,
    )
    iv = inner["parameters"].native
    return unwrap_twice(cipher, kek, iv, info["encrypted_key"].native)


# ------------------------------------------------------------ key agreement


def shared_info(wrap_algorithm, size):
    """RFC 5753, 7.2: ECC-CMS-SharedInfo without user keying material."""
    bits = core.OctetString((size * 8).to_bytes(4, "big")).dump()
    return sequence(wrap_algorithm, tagged(2, bits))


def point_of(public_key):
    return public_key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def for_key(certificate_der, wrap="aes128", digest="sha256", to=None, times=1):
    """A function that agrees on a key with a certificate; `to` is the public key
    of another one that is used in its place."""
    certificate = asn1_x509.Certificate.load(certificate_der)
    public = to or x509.load_der_x509_certificate(certificate_der).public_key()

    def make(key):
        oid, size = KEY_WRAPS[wrap]
        own = ec.generate_private_key(public.curve)
        secret = own.exchange(ec.ECDH(), public)
        info = shared_info(algorithm(oid), size)
        kek = X963KDF(HASHES[digest](), size, info).derive(secret)
        point = core.BitString.load(
            parser.emit(0, 0, 3, b"\0" + point_of(own.public_key()))
        )
        originator = parser.emit(
            2, 1, 1, algorithm("1.2.840.10045.2.1") + point.dump()
        )
        name = sequence(certificate.issuer.dump(), core.Integer(
            certificate.serial_number).dump())
        wrapped = core.OctetString(keywrap.aes_key_wrap(kek, key)).dump()
        return recipient_info(
            1, core.Integer(3).dump(), tagged(0, originator),
            algorithm(AGREEMENTS[digest], algorithm(oid)),
            sequence(*[sequence(name, wrapped)] * times),
        )

    return make


# -------------------------------------------------- a second implementation


def by_openssl(cipher, plain, *recipient):
    """An EnvelopedData that OpenSSL's command line has made; `recipient` are its
    words for who can open it."""
    names = {"aes128": "-aes128", "aes192": "-aes192", "aes256": "-aes256",
             "3des": "-des3"}
    done = subprocess.run(
        ["openssl", "cms", "-encrypt", "-binary", "-outform", "DER",
         names[cipher], *recipient],
        input=plain, capture_output=True, check=True, timeout=60,
    )
    return done.stdout
