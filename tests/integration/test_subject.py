# SPDX-License-Identifier: Apache-2.0
"""Subject and extensions of a request, as openssl reads them in what the CA
has received."""

import base64
import json
import re
import subprocess
from pathlib import Path

import pytest

from rig.processes import scaled

NAME_OPTIONS = "RFC2253,-esc_msb,utf8"


def openssl(der, *words):
    done = subprocess.run(
        ["openssl", *words], input=der, capture_output=True, timeout=scaled(20), check=True
    )
    return done.stdout.decode()


def received(device, row):
    """The CSR of a request, as the CA has it."""
    for path in Path(device.ca.directory, "transactions").iterdir():
        record = json.loads(path.read_text())
        if record["transaction_id"] == row["TransactionId"]:
            return base64.b64decode(record["csr"])
    raise AssertionError("the CA has no such transaction")


@pytest.fixture
def ask(device):
    """ask(CommonName, column=value, ...) gives the DER of the CSR."""

    def send(common_name, **values):
        return received(device, device.enrol(common_name=common_name, **values))

    yield send
    device.quick.set(scepRequestAction="clear")


def subject(der):
    line = openssl(der, "req", "-inform", "DER", "-noout", "-subject", "-nameopt", NAME_OPTIONS)
    return line.strip().removeprefix("subject=")


def string_types(der):
    """[(attribute, its ASN.1 type, value)] of the subject, in its order."""
    found, attribute = [], None
    for line in openssl(der, "asn1parse", "-inform", "DER").splitlines():
        kind, _, value = [part.strip() for part in line.split("prim:")[-1].partition(":")] \
            if "prim:" in line else ("", "", "")
        if kind == "OBJECT":
            attribute = value
        elif kind.endswith("STRING") and kind not in ("BIT STRING", "OCTET STRING"):
            found.append((attribute, kind, value))
    return [entry for entry in found if entry[0] != "challengePassword"]


def extension(der, name):
    """The lines that openssl shows of an extension; None if there is none."""
    text = openssl(der, "req", "-inform", "DER", "-noout", "-text")
    match = re.search(r"^ +X509v3 %s: ?(critical)?\n +(.*)$" % name, text, re.MULTILINE)
    return match and (match.group(2).split(", "), match.group(1) == "critical")


# --------------------------------------------------------------------- subject --


@pytest.mark.parametrize(
    "extra, expected",
    [
        (r"OU=A\, B\+C\=D,L=R\C4\ABga\ ,C=LV",
         r"CN=n,OU=A\, B\+C=D,O=Example,L=R" "\u012b" r"ga\ ,C=LV"),
        ("OU=One+serialNumber=42,DC=print,DC=net", "CN=n,OU=One+serialNumber=42,O=Example"
         ",DC=print,DC=net"),
        ("1.3.6.1.4.1.99999.1=#0C0548656C6C6F,UID=u7",
         "CN=n,1.3.6.1.4.1.99999.1=#0C0548656C6C6F,UID=u7,O=Example"),
    ],
    ids=["escapes", "multi-valued", "oid-and-hex"],
)
def test_any_name_can_be_asked_for(ask, extra, expected):
    assert subject(ask("n", Organization="Example", SubjectExtra=extra)) == expected


def test_strings_have_the_type_that_their_content_needs(ask):
    der = ask("n", Organization="M\u00fcller & S\u00f6hne",
              SubjectExtra="OU=Plain text,DC=net,emailAddress=a@example.net,C=LV")
    types = {attribute: kind for attribute, kind, _ in string_types(der)}
    assert types["organizationName"] == "UTF8STRING"
    assert types["organizationalUnitName"] == types["commonName"] == "PRINTABLESTRING"
    assert types["countryName"] == "PRINTABLESTRING"
    assert types["domainComponent"] == types["emailAddress"] == "IA5STRING"


# ------------------------------------------------------------------ extensions --


@pytest.mark.parametrize(
    "common_name, expected",
    [
        ("device.example.net", ["DNS:device.example.net"]),
        ("2001:db8::7", ["IP Address:2001:DB8:0:0:0:0:0:7"]),
        ("Printer on floor 7", None),
    ],
)
def test_the_alternative_name_is_taken_from_the_common_name(ask, common_name, expected):
    found = extension(ask(common_name), "Subject Alternative Name")
    assert (found and found[0]) == expected


def test_alternative_names_of_every_kind_can_be_given(ask):
    der = ask("n", SubjectAltName="DNS:*.example.net,IP:192.0.2.1,IP:2001:db8::1,"
              "URI:https://example.net/a?b,email:a@example.net,UPN:user@example.net")
    names, is_critical = extension(der, "Subject Alternative Name")
    # OpenSSL before 3.5 prints two colons.
    names[-1] = names[-1].replace("::", ":")
    assert names == [
        "DNS:*.example.net", "IP Address:192.0.2.1", "IP Address:2001:DB8:0:0:0:0:0:1",
        "URI:https://example.net/a?b", "email:a@example.net",
        "othername: UPN:user@example.net",
    ]
    assert not is_critical


def test_key_usages_are_asked_for_as_set(ask):
    der = ask("n", KeyUsage=["digitalSignature", "nonRepudiation", "keyAgreement"],
              ExtendedKeyUsage="serverAuth,ipsecIKE,1.3.6.1.4.1.99999.2")
    names, is_critical = extension(der, "Key Usage")
    assert names == ["Digital Signature", "Non Repudiation", "Key Agreement"]
    assert is_critical
    names, _ = extension(der, "Extended Key Usage")
    assert names == ["TLS Web Server Authentication", "ipsec Internet Key Exchange",
                     "1.3.6.1.4.1.99999.2"]


def test_without_wishes_there_is_no_such_extension(ask):
    der = ask("n", KeyUsage=[], ExtendedKeyUsage="")
    assert extension(der, "Key Usage") is None
    assert extension(der, "Extended Key Usage") is None
