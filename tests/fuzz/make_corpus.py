# SPDX-License-Identifier: Apache-2.0
"""Makes the fixed keys and the seeds of the fuzz targets.

    /usr/bin/python3 tests/fuzz/make_corpus.py

writes tests/fuzz/fixed_keys.h and tests/fuzz/corpus/.  The messages are real
ones of tests/scepca, which a client with fixed keys asked for.  All keys are
new each time, so all seeds are made together.  Seeds that somebody found,
regression-*, stay; those of cert_rep and ca_cert belong to the old keys then.
A name that begins with accepted- or refused- is a claim, which the unit test
test_corpus checks.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from scepca import TestCA, authority, recipients  # noqa: E402
from scepca import cms as scep_cms  # noqa: E402
from scepca.client import Client, Party, Reply, seal, sign  # noqa: E402
from scepca.mutations import MUTATIONS  # noqa: E402

CORPUS = HERE / "corpus"
PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
TRANSACTION = "FUZZ-TRANSACTION"
NONCE = b"0123456789abcdef"
CHALLENGE = "open sesame"
BITS = 1024  # short, so that the fuzzer signs and decrypts often

# enum mode and enum flag of fuzz_cert_rep.c
MESSAGE, AGAIN, CERTIFICATES, CERTIFY, ENVELOPE, ATTRIBUTES, EC_ENVELOPE = range(7)
SHA1, DES3, DES, RENEWAL, KNOWN, NO_TIME, RA, SEAL_3DES = (1 << n for n in range(8))

# Switches that leave a reply one may believe.
HARMLESS = {
    "missing_sender_nonce", "no_signer_certificate", "changed_subject",
    "several_certificates", "no_chain", "bad_utf8_text", "replay",
    "future_certificate", "failure_with_envelope", "pending_with_envelope",
}
# Whose seeds are there a second time, to be changed and signed again.
SIGNED_AGAIN = {"success", "renewal", "failure-0", "pending"}
# Said to be about replies that are not SUCCESS.
ON_FAILURE = {"bad_utf8_text", "huge_fail_info_text", "failure_with_envelope"}
ON_PENDING = {"pending_with_envelope"}
# Too large for a seed, or no other than what another seed is.
LEFT_OUT = {
    "huge_fail_info_text", "replay", "old_certificate", "added_name", "other_usages",
}


def seed(parser, name, *parts):
    folder = CORPUS / parser
    folder.mkdir(parents=True, exist_ok=True)
    data = b"".join(bytes([p]) if isinstance(p, int) else p for p in parts)
    (folder / name).write_bytes(data)


# ------------------------------------------------------------------ the world


def prepare_authority(directory):
    """Short keys, and all identities of the CA made before it starts."""
    for table in (authority.VARIANTS, authority.RA_VARIANTS):
        for name, variant in table.items():
            table[name] = authority.Variant(**{**vars(variant), "bits": BITS})
    made = authority.Authority(str(directory))
    for name in ("main", "main.ra", "main.ra-sign", "main.ra-encrypt"):
        made.identity(name)
    return made


class World:
    def __init__(self, directory):
        self.directory = directory
        self.authority = prepare_authority(directory)
        self.ca = self.authority.identity("main")
        self.ra = self.authority.identity("main.ra")
        self.device = Party("device.example.com", BITS)
        self.old = Party("device.example.com", BITS)
        self.old.certificate = self.issue(self.old)
        self.ec = Party(
            "device.example.com", key=ec.generate_private_key(ec.SECP256R1()))

    def issue(self, party, starts=-60, digest=None):
        csr = x509.load_der_x509_csr(party.csr(dns="device.example.com"))
        if digest is None:
            return self.authority.certificate(csr, self.ca, starts, 365 * 86400)
        builder = authority.plain_certificate(
            csr.public_key(), csr.subject, self.ca.certificate.subject,
            starts, 365 * 86400,
        )
        return builder.sign(self.ca.key, digest)

    def exchange(self, party=None, kind=19, csr=None, wait=False, **behaviour):
        """The body of one answer, and the CA's log is thrown away."""
        party = party or self.device
        with TestCA(self.directory, **behaviour) as ca:
            client = Client(ca.url)
            content = seal(csr or self.device.csr(dns="d.example.com"),
                           self.recipient(behaviour))
            message = sign(content, party, kind, TRANSACTION, NONCE)
            body = client.fetch("PKIOperation", body=message)[2]
        for kept in ("transactions", "issued"):
            shutil.rmtree(self.directory / kept, ignore_errors=True)
        return body

    def recipient(self, behaviour):
        ra = {"one": "main.ra", "two": "main.ra-encrypt"}.get(behaviour.get("ra"))
        return self.authority.identity(ra or "main").certificate

    def answer(self, operation, **behaviour):
        with TestCA(self.directory, **behaviour) as ca:
            return Client(ca.url).fetch(operation)[2]


def key_pem(key):
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(PEM, kind, serialization.NoEncryption())


def write_header(world):
    instant = int(world.old.certificate.not_valid_before.timestamp()) + 3600
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        "/* Made by make_corpus.py.  Keys for tests only: they are published",
        " * here, short, and worth nothing. */",
        "#ifndef TESTS_FUZZ_FIXED_KEYS_H",
        "#define TESTS_FUZZ_FIXED_KEYS_H",
        "",
        "/* When the messages of the corpus were made. */",
        "#define FIXED_NOW INT64_C(%d)" % instant,
    ]
    parties = {
        "CA": world.ca, "RA": world.ra,
        "DEVICE": world.device, "DEVICE_OLD": world.old, "DEVICE_EC": world.ec,
    }
    for name, party in parties.items():
        pem = key_pem(party.key) + party.certificate.public_bytes(PEM)
        text = ['"%s\\n"' % line for line in pem.decode().splitlines()]
        lines += ["", "#define FIXED_%s_PEM \\" % name]
        lines += ["\t%s \\" % line for line in text[:-1]] + ["\t" + text[-1]]
    lines += ["", "#endif", ""]
    path = HERE / "fixed_keys.h"
    path.write_text("\n".join(lines))
    subprocess.run(["clang-format", "-i", str(path)], check=True)


# ------------------------------------------------------------------- CertReps


def honest_replies(world):
    say = world.exchange
    yield "success", 0, say()
    yield "success-by-ra", 0, say(ra="one")
    yield "success-two-digests", 0, say(digest="sha512", signature_oid="with_digest")
    yield "success-aes256", 0, say(cipher="aes256", leaf_first=False)
    yield "success-3des", DES3, say(cipher="3des")
    yield "success-des", DES, say(cipher="des")
    yield "success-sha1", SHA1, say(digest="sha1")
    yield "renewal", RENEWAL | KNOWN, say(world.old, kind=17)
    yield "renewal-without-time", RENEWAL | NO_TIME, say(world.old, kind=17)
    for info in (0, 4, "other", "absent"):
        name = "failure-%s" % info
        yield name, 0, say(fail_info=info, fail_info_text="not today")
    yield "pending", 0, say(pending=1)
    yield "pending-empty", 0, say(pending=1, bare_content="empty")
    yield "failure-ndes", SHA1, say(fail_info=2, ndes=True)
    yield "pending-dummy", 0, say(pending=1, bare_content="dummy")
    yield "success-and-blanks", 0, say(behind={"*": " \t\r\n"})


def hostile_replies(world):
    for switch in sorted(set(MUTATIONS) - LEFT_OUT):
        behaviour = {switch: True}
        if switch in ON_FAILURE:
            behaviour["fail_info"] = 2
            behaviour["fail_info_text"] = "text"
        if switch in ON_PENDING:
            behaviour["pending"] = 1
        yield switch, world.exchange(**behaviour)
    for name, wanted in {
        "md5": {"digest": "md5"}, "rc2": {"cipher": "rc2"},
        "3des-not-allowed": {"cipher": "3des"},
        "sha1-not-allowed": {"digest": "sha1"},
        "truncated": {"truncate": {"*": 900}},
        "trailing": {"trailing": {"*": 3}},
        "trailing-text": {"behind": {"*": "\r\nx"}},
        "other-ca": {"authority": "other"},
    }.items():
        yield name, world.exchange(**wanted)


def attribute_seeds():
    def attribute(kind, kind_type, value):
        return bytes([kind, kind_type, len(value)]) + value

    failure = attribute(2, 0, b"2") + attribute(5, 0, b"3")
    text = failure + attribute(6, 1, "näht\n\x1b[1m".encode())
    yield "accepted-attributes-failure", failure
    yield "accepted-attributes-text", text
    yield "accepted-attributes-pending", attribute(2, 0, b"3")
    yield "refused-attributes-no-value", attribute(2, 7, b"")
    yield "refused-attributes-twice", failure + attribute(2, 0, b"2")
    yield "refused-attributes-nonce", attribute(2, 0, b"3") + bytes([131])
    yield "refused-attributes-type", attribute(0, 6, b"3")


def make_cert_reps(world):
    for name, flags, body in honest_replies(world):
        seed("cert_rep", "accepted-" + name, MESSAGE, flags, body)
        if name in SIGNED_AGAIN:
            seed("cert_rep", "accepted-again-" + name, AGAIN, flags, body)
        if name == "success":
            make_inner_seeds(world, body)
    for name, body in hostile_replies(world):
        verdict = "accepted-" if name in HARMLESS else "refused-"
        seed("cert_rep", verdict + name.replace("_", "-"), MESSAGE, 0, body)
    for name, text in attribute_seeds():
        seed("cert_rep", name, ATTRIBUTES, 0, text)
    make_ec_seeds(world)


def ec_recipients(world):
    """The ways in which a reply comes to an EC key, right and wrong."""
    der = world.ec.certificate.public_bytes(DER)
    stranger = ec.generate_private_key(ec.SECP256R1()).public_key()
    password = recipients.for_password
    yield "accepted-ec-password", [password(CHALLENGE)]
    yield "accepted-ec-password-aes256", [password(CHALLENGE, "aes256", digest="sha256")]
    yield "accepted-ec-agreement", [recipients.for_key(der)]
    yield "accepted-ec-agreement-aes256", [recipients.for_key(der, "aes256", "sha512")]
    yield "refused-ec-other-password", [password("sesame")]
    yield "refused-ec-endless-password", [password(CHALLENGE, declared=10**9)]
    yield "refused-ec-password-by-des", [password(CHALLENGE, "des")]
    yield "refused-ec-other-key", [recipients.for_key(der, to=stranger)]
    yield "refused-ec-two-agreed-keys", [recipients.for_key(der, times=2)]
    yield "refused-ec-two-recipients", [password(CHALLENGE), recipients.for_key(der)]


def make_ec_seeds(world):
    plain = bag([world.issue(world.ec, -30 * 86400), world.ca.certificate])
    for name, makers in ec_recipients(world):
        envelope = scep_cms.enveloped_data("aes128", plain, makers, "v3")
        seed("cert_rep", name, EC_ENVELOPE, 0, envelope)


def make_inner_seeds(world, body):
    reply = Reply(body)
    plain = reply.open(world.device)
    seed("cert_rep", "accepted-certificates", CERTIFICATES, 0, plain)
    seed("cert_rep", "accepted-certificates-3des", CERTIFICATES,
         RENEWAL | SEAL_3DES | DES3 | RA, plain)
    seed("cert_rep", "accepted-certify", CERTIFY, 0, plain)
    seed("cert_rep", "accepted-certify-known", CERTIFY, RENEWAL | KNOWN, plain)
    seed("cert_rep", "accepted-envelope", ENVELOPE, 0, reply.content)
    seed("cert_rep", "refused-unchanged", CERTIFY, RENEWAL | KNOWN,
         bag([world.old.certificate, world.ca.certificate]))
    make_issued_seeds(world)


def make_issued_seeds(world):
    """Certificates over our key that are odd in one respect."""
    ca = world.ca.certificate
    ours, later = world.issue(world.device), world.issue(world.device, -30)
    seed("cert_rep", "accepted-two-of-ours", CERTIFY, 0, bag([ours, later, ca]))
    for digest in (hashes.SHA1(), hashes.MD5()):
        signed = world.issue(world.device, digest=digest)
        plain = bag([signed, ca])
        name = digest.name + "-certificate"
        seed("cert_rep", "refused-" + name, CERTIFICATES, 0, plain)
        verdict = "accepted-legacy-" if digest.name == "sha1" else "refused-legacy-"
        seed("cert_rep", verdict + name, CERTIFICATES, SHA1, plain)
    ends = ours.not_valid_after.strftime("%y%m%d%H%M%SZ").encode()
    for name, instant in {"ended": b"200101000000Z", "no-time": b"209901000000Z"}.items():
        plain = bag([ours, ca]).replace(ends, instant)
        seed("cert_rep", "refused-" + name, CERTIFY, NO_TIME, plain)


# --------------------------------------------------------------- certificates


def bag(certificates):
    """A degenerate SignedData."""
    choices = [
        cms.CertificateChoices.load(one.public_bytes(DER)) for one in certificates
    ]
    signed = {
        "version": "v1", "digest_algorithms": [],
        "encap_content_info": {"content_type": "data"},
        "certificates": choices, "signer_infos": [],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()


def odd_certificates(world):
    """Certificates of kinds of keys and extensions that the CA never issues."""
    names = x509.SubjectAlternativeName([
        x509.DNSName("a,b.example.com"),
        x509.RFC822Name("a@example.com"),
        x509.UniformResourceIdentifier("http://e.com/\\,"),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        x509.DirectoryName(world.ca.certificate.subject),
        x509.OtherName(
            x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x03u@x"
        ),
    ])
    constraints = x509.NameConstraints([x509.DNSName("example.com")], None)
    keys = {
        "ec": ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
        "rsa512": rsa.generate_private_key(65537, 512),
    }
    for name, key in keys.items():
        builder = authority.plain_certificate(
            key.public_key(), authority.test_name(name), world.ca.certificate.subject,
            -86400, 86400 * 3650,
        )
        builder = builder.add_extension(names, False)
        builder = builder.add_extension(constraints, True)
        builder = builder.add_extension(x509.BasicConstraints(True, 0), True)
        yield name, builder.sign(world.ca.key, hashes.SHA256())


def make_ca_certs(world):
    ca, ra = world.ca.certificate, world.ra.certificate
    say = world.answer
    bodies = {
        "accepted-one": (0, say("GetCACert")),
        "accepted-p7": (0, say("GetCACert", cacert="p7")),
        "accepted-pem": (0, say("GetCACert", cacert="pem")),
        "accepted-ra": (0, say("GetCACert", ra="one")),
        "accepted-two-ras": (4, say("GetCACert", ra="two", cacert_order="ca_last")),
        "accepted-chain": (4, say("GetCACert", ra="one", chain=True)),
        "accepted-without-time": (6, say("GetCACert", authority="expired")),
        "refused-expired": (4, say("GetCACert", authority="expired")),
        "refused-future": (4, say("GetCACert", authority="future")),
        "refused-not-ca": (4, say("GetCACert", authority="not_ca")),
        "refused-other": (0, say("GetCACert", authority="other")),
        "accepted-no-usage": (4, say("GetCACert", authority="no_usage")),
        "refused-trailing": (0, say("GetCACert", trailing={"*": 1})),
        "accepted-and-blanks": (0, say("GetCACert", behind={"*": "\r\n"})),
        "accepted-p7-and-blanks": (0, say("GetCACert", cacert="p7", behind={"*": "\n"})),
        "refused-truncated": (0, say("GetCACert", truncate={"*": -20})),
        "refused-html": (0, b"<html>404</html>"),
        "accepted-anew": (1, bag([ca, ra, world.old.certificate])),
        "refused-empty-bag": (0, bag([])),
        "refused-no-ca": (4, bag([ra])),
    }
    for name, (mode, body) in bodies.items():
        seed("ca_cert", name, mode, body)
    for name, certificate in odd_certificates(world):
        seed("ca_cert", "anew-" + name, 1, bag([ca, certificate]))
        seed("ca_cert", "alone-" + name, 4, certificate.public_bytes(DER))
    # Made by a program that shares no code with the CA.
    tool = ["openssl", "crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin"]
    pem = ca.public_bytes(PEM) + ra.public_bytes(PEM)
    for form in ("DER", "PEM"):
        run = subprocess.run(tool + ["-outform", form], input=pem,
                             capture_output=True, check=True)
        seed("ca_cert", "accepted-openssl-" + form.lower(), 0, run.stdout)


# ---------------------------------------------------------------------- texts


def make_caps(world):
    every = world.answer("GetCACaps")
    seed("caps", "accepted-scepca", 0, every)
    texts = {
        "accepted-crlf": every.replace(b"\n", b"\r\n"),
        "accepted-mixed": b"\xef\xbb\xbf  pOSTpkioPERATION\t\r\n\r\nFoo\nSHA-256",
        "accepted-legacy": b"DES3\nSHA-1\n",
        "accepted-standard": b"SCEPStandard",
        "accepted-sha512": b"AES\nSHA-512\nRenewal\nGetNextCACert\n",
        "refused-empty": b"",
        "refused-html": b" <html>AES</html>",
        "refused-binary": b"AES\n\x00\x01",
        "refused-unknown": b"AESX SHA-2567\nPOST",
    }
    for name, text in texts.items():
        for settings in (0, 0xff) if "legacy" in name else (0,):
            seed("caps", "%s-%d" % (name, settings), settings, text)
    seed("caps", "accepted-3des-set", 0xff, b"DES3\nSHA-1\nSCEPStandard")


def make_urls():
    accepted = {
        "plain": "http://ca.example.com/scep",
        "no-path": "https://CA.example.com:8443",
        "ipv6": "http://[2001:db8::1]:80/certsrv/mscep/mscep.dll",
        "ipv4": "http://192.0.2.1/",
        "query": "http://ca.example.com/x?profile=a%2Fb&",
        "dots": "http://ca.example.com/a./.b/...",
        "old-address": "http://0x7f.1/",
        "port-zeros": "http://ca:00080/",
    }
    refused = {
        "user": "http://u:p@ca/", "fragment": "http://ca/#a", "file": "file:///etc",
        "up": "http://ca/a/%2e./b", "port": "http://ca:65536/", "host": "http://./",
        "blank": "http://ca/ b", "percent": "http://ca/%4", "ipv6": "http://[::1/",
        "zone": "http://[fe80::1%25eth0]/", "empty": "", "backslash": "http://a\\b/",
    }
    for name, text in accepted.items():
        seed("url", "accepted-" + name, 0, 0, 0, text.encode())
    for name, text in refused.items():
        seed("url", "refused-" + name, 0, 0, 0, text.encode())
    message = "http://ca.example.com/scep\nCA 1/2+3=\u00e4".encode()
    seed("url", "accepted-message", 0, 0, 1, message)
    seed("url", "accepted-other-port", 0x1f, 0x90, 1, b"https://ca:1/\n")


def make_names():
    def lines(*texts):
        return "\n".join(texts).encode()

    usage = bytes([0x04, 0x05])  # SHA-256, and two bits of key usage
    good = {
        "usual": ("OU=Print,L=Riga,C=LV", "DNS:a.example.com,IP:192.0.2.1",
                  "serverAuth,clientAuth", "Example", "a.example.com", "secret"),
        "escapes": ("OU=a\\, b\\+c\\c3\\a4\\\\,OU=#0c0161+UID=x", "", "", "", "x", "ä"),
        "oids": ("2.5.4.11=Print,1.2.3.4=x", "UPN:a@b,URI:urn:x:y,email:a@b.c",
                 "1.3.6.1.5.5.7.3.9", "O", "C", ""),
        "address": ("DC=example,DC=com", "", "", "", "2001:db8::1", "p*w"),
        "commas": ("emailAddress=a@b.c", "URI:http://x/\\,y\\\\z,DNS:*.b.c", "", "",
                   "c", ""),
        "all-types": ("DC=a,C=LV,ST=b,L=c,STREET=d,postalCode=e,O=f,OU=g,UID=h,"
                      "serialNumber=i,SN=j,GN=k,initials=l,title=m,dnQualifier=n",
                      "", "", "", "", ""),
    }
    bad = {
        "empty": ("", "", "", "", "", ""),
        "country": ("C=LVA", "", "", "", "c", ""),
        "escape": ("OU=a\\x", "", "", "", "c", ""),
        "quote": ('OU="a"', "", "", "", "c", ""),
        "hex": ("OU=#0c05", "", "", "", "c", ""),
        "type": ("XX=a", "", "", "", "c", ""),
        "dns": ("", "DNS:-a", "", "", "c", ""),
        "ip": ("", "IP:1.2.3", "", "", "c", ""),
        "kind": ("", "RID:1.2", "", "", "c", ""),
        "comma": ("", "DNS:a,,DNS:b", "", "", "c", ""),
        "usage-twice": ("", "", "serverAuth,SERVERAUTH", "", "c", ""),
        "usage": ("", "", "foo", "", "c", ""),
    }
    for name, texts in good.items():
        seed("names", "accepted-" + name, usage, lines(*texts))
    for name, texts in bad.items():
        seed("names", "refused-" + name, usage, lines(*texts))
    seed("names", "refused-algorithm", 0, 0, lines("", "", "", "", "c", ""))


def make_http_replies():
    ok = b"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
    length = b"Content-Length: 2\r\n"
    end = b"\r\n"
    two_hundred = ok + length + end + b"AB"
    replies = {
        "accepted-usual": (0, 2, 1, 0, two_hundred),
        "accepted-interim": (0, 2, 1, 1, b"HTTP/1.1 100 Continue\r\n\r\n", two_hundred),
        "accepted-redirect": (0, 130, 1, 9,
                              b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
                              two_hundred),
        "accepted-error-page": (0, 2, 0, 0, b"HTTP/1.1 500 No\r\n\r\n" + b"x" * 99),
        "accepted-long-date": (0, 2, 1, 0, ok, b"Date:" + b"9" * 80, end, end),
        "accepted-pieces": (0, 2, 255, 2, ok + end + b"x" * 3000),
        "refused-too-long": (0, 2, 1, 3, ok + end + b"x" * 30),
        "refused-two-lengths": (0, 2, 1, 0, ok + length + length + end),
        "refused-bad-length": (0, 2, 1, 0, ok + b"Content-Length: -1\r\n\r\n"),
        "refused-status": (0, 2, 1, 0, b"HTTP/1.1 099 Odd\r\n\r\n"),
        "refused-cut": (4, 2, 1, 0, ok),
        "refused-chunk": (4, 66, 1, 0, ok + end),
        "refused-header": (0, 2, 1, 0, ok + b"X: y\r\n" * 3000),
        "refused-address": (10, 8, 1, 0, b""),
    }
    for number in range(12):
        replies["end-%d" % number] = (number, 31, 1, 0, ok + end)
        replies["refused-end-%d" % number] = (number, 96, 1, 0, b"")
    for name, parts in replies.items():
        seed("http_reply", name, *parts)


def make_dates():
    def date(year, *rest):
        return bytes([year >> 8, year & 255, *rest])

    utc = [ord("+"), 0, 0]
    good = {
        "none": b"",
        "utc": date(2026, 2, 28, 23, 59, 60, 9, *utc),
        "leap": date(2028, 2, 29, 0, 0, 0, 0, ord("-"), 13, 59),
        "local": date(2026, 3, 29, 2, 30, 0, 0),
        "far": date(65535, 12, 31, 23, 59, 59, 0, *utc),
    }
    bad = {
        "february": date(2026, 2, 30, 0, 0, 0, 0, *utc),
        "length": date(2026, 1, 1, 0, 0, 0, 0, ord("+"), 0),
        "offset": date(2026, 1, 1, 0, 0, 0, 0, ord("+"), 15, 0),
        "direction": date(2026, 1, 1, 0, 0, 0, 0, 0, 0, 0),
        "before": date(1969, 1, 1, 0, 0, 0, 0, *utc),
        "hour": date(2026, 1, 1, 24, 0, 0, 0, *utc),
    }
    for zone, (name, octets) in enumerate(good.items()):
        seed("dateandtime", "accepted-" + name, zone, 0, octets)
    for zone, (name, octets) in enumerate(bad.items()):
        seed("dateandtime", "refused-" + name, zone, 0, octets)
    lint = date(2026, 1, 1, 0, 0, 0, 0, ord("+"), 14, 0)
    seed("dateandtime", "accepted-own-offset", 4, 0, lint)
    seed("dateandtime", "refused-offset-of-others", 3, 0, lint)
    values = [b"http://ca/x", b"", *(n.to_bytes(8, "little") for n in (1, 2, 60))]
    for number in range(0, 170, 2):
        value = values[number // 2 % len(values)]
        seed("dateandtime", "object-%d" % number, 0, number, value)


def make_confs():
    example = (HERE.parent.parent / "subagent" / "scepagentd.conf.example").read_bytes()
    every = b"""[scepagentd]
stateDirectory "/var/lib/a b"
runAs u$:g
keyLimit 10
statusHistory 20
caFile
allowLegacyAlgorithms sha1,3DES,des
allowShortKeys yes
allowAddress 192.0.2.0/24 2001:db8::/32 127.0.0.1
denyAddress ::ffff:10.0.0.0/104
clockSkewLimit 60 error
[snmp] persistentDir /tmp
agentXSocket tcp:localhost:705
# end
"""
    texts = {
        "accepted-example": example,
        "accepted-all": every.replace(b"caFile\n", b""),
        "refused-empty-word": every,
        "refused-place": b"useLocation web tls key=/k cert='/c' mode=0640 "
                         b"owner=a:b reload=\"/bin/x y\"\nipsecDestination a "
                         b"preset=strongswan\nrestartCommand '/bin/a b'\n",
        "accepted-spare": b"spareKeys 2048 4096\n",
        "refused-spare": b"spareKeys 2048 2048\n",
        "refused-nul": b"keyLimit 1\x00\n",
        "refused-quote": b"runAs 'a\n",
        "refused-range": b"allowAddress 10.0.0.0/33\n",
        "refused-circle": b"includeFile 100\nkeyLimit 7\n",
        "refused-search": b"includeSearch a.conf\nincludeDir /proc/self/fd/none\n",
        "refused-section": b"[a\n[]\n[" + b"a" * 70 + b"]\n",
        "accepted-foreign": b"[x] y z\n[snmp]\nkeyLimit 9\n",
        "refused-long": b"keyLimit " + b"1" * 4100,
    }
    for name, text in texts.items():
        seed("conf", name, 0, text)


def make_stores():
    file, changes, cells, journal = range(4)
    seed("store", "accepted-empty-file", file)
    seed("store", "refused-text", file, b"SQLite format 3" + bytes(200))
    seed("store", "accepted-sound", changes)
    seed("store", "refused-header", changes, 0, 0, 4, b"none")
    seed("store", "refused-version", changes, 0, 60, 4, 0, 0, 0, 9)
    seed("store", "refused-application", changes, 0, 68, 4, b"ABCD")
    seed("store", "page", changes, 16, 0, 3, 13, 255, 255, 32, 0, 2, 0, 9)
    number = (255).to_bytes(8, "little")
    for table in range(7):
        seed("store", "accepted-null-%d" % table, cells, table, 0, 0, bytes(8))
        seed("store", "cell-number-%d" % table, cells, table, 2, 1, number)
        seed("store", "cell-text-%d" % table, cells, table, 1, 3, 3, b"a\xffb")
        seed("store", "cell-blob-%d" % table, cells, table, 3, 4, 2, b"ab")
        seed("store", "cell-index-%d" % table, cells, table, 255, 1, b"\xff" * 8)
    seed("store", "cell-real", cells, 0, 3, 2, number)
    seed("store", "cell-large", cells, 2, 6, 5, 1, 0, bytes(256))
    seed("store", "journal-empty", journal)
    header = bytes.fromhex("d9d505f920a163d7") + bytes(20)
    seed("store", "journal-header", journal, header + bytes(600))


def main():
    for old in CORPUS.glob("*/*"):
        if not old.name.startswith("regression-"):
            old.unlink()
    with tempfile.TemporaryDirectory() as directory:
        world = World(Path(directory))
        write_header(world)
        make_cert_reps(world)
        make_ca_certs(world)
        make_caps(world)
    make_urls()
    make_names()
    make_http_replies()
    make_dates()
    make_confs()
    make_stores()


if __name__ == "__main__":
    main()
