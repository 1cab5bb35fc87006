# SPDX-License-Identifier: Apache-2.0
"""Values that can be written to an object of the MIB, right and wrong, and what the
answer must be: made from the MIB file and rule 7 of its contract, with a small
table of what the MIB file has in words only.

    for case in writes(item): case.label, case.ber, case.status

The status of a value that is taken is "noError".  Values are judged alone, on
a profile whose rows are as new."""

from dataclasses import dataclass

from .quick import INTEGER, NULL, OCTETS, OID, TAGS, TICKS, UNSIGNED, wrap, wrap_number, wrap_oid
from .quick import is_text

INT32 = 2147483647
UINT32 = 4294967295
# As much as fits into one message over TCP with all that is around it.
HUGE = 65400
WRONG_TYPE, WRONG_LENGTH, WRONG_VALUE = "wrongType", "wrongLength", "wrongValue"
INCONSISTENT, TAKEN = "inconsistentValue", "noError"

COUNTER32, OPAQUE, COUNTER64, ADDRESS = 0x41, 0x44, 0x46, 0x40
# A value of each type of SMIv2 and SNMP that a Set can have.
TYPES = {
    "INTEGER": (INTEGER, wrap_number(INTEGER, 1)),
    "OCTET STRING": (OCTETS, wrap(OCTETS, b"1")),
    "empty OCTET STRING": (OCTETS, wrap(OCTETS, b"")),
    "OCTET STRING of 65,400": (OCTETS, wrap(OCTETS, b"1" * HUGE)),
    "NULL": (NULL, wrap(NULL, b"")),
    "OBJECT IDENTIFIER": (OID, wrap_oid("1.3.6.1")),
    "IpAddress": (ADDRESS, wrap(ADDRESS, bytes([127, 0, 0, 1]))),
    "Counter32": (COUNTER32, wrap_number(COUNTER32, 1)),
    "Unsigned32": (UNSIGNED, wrap_number(UNSIGNED, 1)),
    "TimeTicks": (TICKS, wrap_number(TICKS, 1)),
    "Opaque": (OPAQUE, wrap(OPAQUE, wrap(OCTETS, b"1"))),
    "Counter64": (COUNTER64, wrap_number(COUNTER64, 1)),
}
# Octets that no text may have: bad UTF-8 and control characters.
FOUL = {
    "0xff": b"\xff", "a lone continuation": b"a\x80", "a cut sequence": b"ab\xc4",
    "an overlong slash": b"\xc0\xaf", "a surrogate": b"\xed\xa0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80", "NUL": b"a\0b", "NUL at the end": b"a\0",
    "CR LF": b"a\r\nb", "LF": b"a\n", "tab": b"a\tb", "escape": b"\x1b[2J",
    "delete": b"a\x7f", "C1": b"\xc2\x85",
}

ROW_STATUS_OF_WHAT_COMES_BY_ITSELF = {n: WRONG_VALUE for n in range(1, 6)}
# Numbers within the syntax that are refused for themselves, or by a row that
# is as new; None: not tried, as it would take the row away or send a request.
BY_NUMBER = {
    "scepProfileStorageType": dict.fromkeys((1, 4, 5), WRONG_VALUE),
    "scepProfileRowStatus": {
        3: WRONG_VALUE, 4: INCONSISTENT, 5: INCONSISTENT, 6: None,
    },
    "scepServerCipher": {4: INCONSISTENT},
    "scepServerCheck": dict.fromkeys((2, 3, 4, 5), INCONSISTENT),
    "scepRequestSignatureAlgorithm": {1: INCONSISTENT},
    "scepRequestKeyLength": {1024: INCONSISTENT},
    "scepRequestAction": dict.fromkeys((2, 3, 4), INCONSISTENT),
    "scepAutoSignatureAlgorithm": {1: INCONSISTENT},
    "scepAutoKeyLength": {1024: INCONSISTENT},
    "scepAutoEnable": {1: INCONSISTENT},
    "scepKeyAction": {2: None, 3: INCONSISTENT, 4: INCONSISTENT},
    "scepKeyRowStatus": {**ROW_STATUS_OF_WHAT_COMES_BY_ITSELF, 6: None},
    "scepCaRowStatus": {**ROW_STATUS_OF_WHAT_COMES_BY_ITSELF, 6: None},
    "scepCaTrust": {1: WRONG_VALUE, 4: WRONG_VALUE},
}
# Texts that have a form, and some that have it.
SHAPED = {
    "scepServerUrl": ["http://h/", "https://[::1]:8443/scep?a=%20", "http://h/" + "x" * 246],
    "scepServerProxyUrl": ["http://127.0.0.1:3128/", "http://h/" + "x" * 246],
    "SubjectExtra": ["OU=Print", "OU=Print,L=R\u012bga,C=LV"],
    "SubjectAltName": ["DNS:a.example.net", "DNS:a,IP:192.0.2.1,IP:2001:db8::1"],
    "ExtendedKeyUsage": ["serverAuth", "serverAuth,1.3.6.1.4.1.311.20.2.2"],
    "Template": ["WebServer", "R\u012bga", "1.3.6.1.4.1.311.21.8.1", "x" * 64],
}
# Texts that have no form of these, whatever their length.
UNSHAPED = ["no such form", "\u012b", "x", "://", "="]
# A name is a BMPString, which has no characters above U+FFFF.
NO_TEMPLATES = ["\U0001f5a8"]


@dataclass
class Case:
    label: str
    ber: bytes
    status: str

    @property
    def is_taken(self):
        return self.status == TAKEN

    @property
    def is_huge(self):
        return len(self.ber) > 60000


def is_refused_by_snmpd(ber):
    """NULL is no value, and never comes as far as the subagent."""
    return ber[0] == NULL


def within(item, number):
    return any(low <= number <= high for low, high in item.ranges)


def values_of_shape(name):
    for end, values in SHAPED.items():
        if name.endswith(end):
            return values
    return None


def writes(item):
    """All cases of a writable object."""
    found = list(wrong_types(item))
    if item.base == "BITS":
        found += bits(item)
    elif item.base == "OCTET STRING":
        found += octets(item)
    elif item.names:
        found += labels(item)
    else:
        found += numbers(item)
    return found


def wrong_types(item):
    right = TAGS[item.base]
    for label, (tag, ber) in TYPES.items():
        if tag != right:
            yield Case(label, ber, WRONG_TYPE)


def judged(item, number):
    """The answer to a number that the syntax has."""
    special = BY_NUMBER.get(item.name, {})
    return special.get(number, TAKEN)


def numbered(item, numbers_and_statuses):
    tag = TAGS[item.base]
    for number, status in numbers_and_statuses:
        if status is not None:
            yield Case("%d" % number, wrap_number(tag, number), status)


def labels(item):
    """Each value of an enumeration, and those on both sides."""
    known = sorted(item.names.values())
    beyond = {-1, 0, -INT32 - 1, INT32, known[-1] + 1} | set(range(1, known[-1])) - set(known)
    beyond -= set(known)
    yield from numbered(item, [(n, judged(item, n)) for n in known])
    yield from numbered(item, [(n, WRONG_VALUE) for n in sorted(beyond)])


def numbers(item):
    """The ends of each range, what is between and beyond."""
    lowest, highest = (-INT32 - 1, INT32) if item.base != "Unsigned32" else (0, UINT32)
    ends = {n for low, high in item.ranges for n in (low, high, (low + high) // 2)}
    near = {n + step for n in ends for step in (-1, 1)} | {lowest, highest, 0}
    near = {n for n in near if lowest <= n <= highest}
    for n in sorted(ends | near):
        if item.type == "TestAndIncr" and n >= 0:
            continue  # it depends on what it is: see the tests of the lock
        status = judged(item, n) if within(item, n) else WRONG_VALUE
        yield from numbered(item, [(n, status)])


def bits(item):
    known = set(item.names.values())
    size = max(known) // 8 + 1
    every = bytearray(size)
    for bit in known:
        every[bit // 8] |= 0x80 >> bit % 8
    taken = {"no octets": b"", "no bits": bytes(size), "all bits": bytes(every),
             "the first octet": bytes(every[:1])}
    for label, value in taken.items():
        yield Case(label, wrap(OCTETS, value), judged(item, None))
    for bit in range(8 * size):
        if bit not in known:
            value = bytearray(every)
            value[bit // 8] |= 0x80 >> bit % 8
            yield Case("bit %d" % bit, wrap(OCTETS, bytes(value)), WRONG_VALUE)
    for length in (size + 1, size + 100, HUGE):
        yield Case("%d octets" % length, wrap(OCTETS, bytes(length)), WRONG_LENGTH)


def octets(item):
    sizes = {n for low, high in item.ranges for n in (low, high)}
    near = {n + step for n in sizes for step in (-1, 1)} - sizes | {max(sizes) + 100, HUGE}
    for length in sorted(n for n in near if n >= 0):
        if not within(item, length):
            ber = wrap(OCTETS, b"1" * length)
            yield Case("%d octets" % length, ber, WRONG_LENGTH)
    if is_text(item):
        yield from texts(item, max(sizes))
    elif item.name.endswith("Time"):
        yield from dates(item)
    else:
        # A challenge password is a text, and is never shown as one.
        secret = item.name.endswith("ChallengePassword")
        for length in sorted(sizes):
            for octet in (b"\0", b"\n", b"\xff", b"1"):
                label = "%d times %r" % (length, octet)
                foul = secret and length > 0 and octet != b"1"
                status = WRONG_VALUE if foul else judged(item, None)
                yield Case(label, wrap(OCTETS, octet * length), status)


def texts(item, longest):
    shaped = values_of_shape(item.name)
    good = shaped or ["x", "R\u012bga, \U0001f5a8", "x" * longest,
                      "x" * (longest - 2) + "\u012b", " ", "%s%n"]
    for text in ["", *good]:
        ber = wrap(OCTETS, text.encode())
        yield Case("text %.20r" % text, ber, judged(item, None))
    # One character fewer than the octets there may be, and yet too long.
    ber = wrap(OCTETS, ("x" * (longest - 1) + "\u012b").encode())
    yield Case("%d characters" % longest, ber, WRONG_LENGTH)
    for label, value in FOUL.items():
        start = shaped[0].encode() if shaped else b""
        yield Case(label, wrap(OCTETS, start + value), WRONG_VALUE)
        longer = (start + b"x" * longest)[: longest - len(value)] + value
        yield Case(label + " at the end", wrap(OCTETS, longer), WRONG_VALUE)
    unshaped = NO_TEMPLATES if item.name.endswith("Template") else UNSHAPED
    for text in unshaped if shaped else ():
        yield Case("text %r" % text, wrap(OCTETS, text.encode()), WRONG_VALUE)


GOOD_DATE = bytes.fromhex("07ea0c1f173b3b09")  # 2026-12-31,23:59:59.9


def dates(item):
    """DateAndTime of RFC 2579, octet by octet."""
    east = GOOD_DATE + b"+\x0d\x00"
    for value in (b"", GOOD_DATE, GOOD_DATE + b"-\x0b\x3b", east):
        yield Case("date " + value.hex(), wrap(OCTETS, value), judged(item, None))
    bad = {2: (0, 13, 255), 3: (0, 32, 255), 4: (24, 255), 5: (60, 255), 6: (61, 255),
           7: (10, 255), 8: (0, 32, 255), 9: (14, 255), 10: (60, 255)}
    for at, octets_there in bad.items():
        for octet in octets_there:
            value = east[:at] + bytes([octet]) + east[at + 1:]
            ber = wrap(OCTETS, value)
            yield Case("octet %d of a date is %d" % (at + 1, octet), ber, WRONG_VALUE)
    february = GOOD_DATE[:2] + bytes([2, 29]) + GOOD_DATE[4:]
    yield Case("29 February 2026", wrap(OCTETS, february), WRONG_VALUE)
    for value in (bytes(8), bytes(11), b"\n" * 8, b"\xff" * 11):
        yield Case("date " + value.hex(), wrap(OCTETS, value), WRONG_VALUE)


def taken(item):
    """The BER of all values that a Set of it alone is taken with."""
    return [case.ber for case in writes(item) if case.is_taken]


def another(item, than):
    """The BER of a value that is taken, and is not this one."""
    return next(ber for ber in taken(item) if ber != than)
