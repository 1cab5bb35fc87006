# SPDX-License-Identifier: Apache-2.0
"""SNMPv2c over one UDP socket, in Python: what a poll in a loop and an exact
look at an answer need.  Knows as much of BER as SNMP uses."""

import os
import select
import socket
import time

from . import program
from .processes import scaled

GET, GETNEXT, RESPONSE, SET, GETBULK = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5
INTEGER, OCTETS, NULL, OID = 0x02, 0x04, 0x05, 0x06
UNSIGNED, TICKS = 0x42, 0x43
NUMBERS = (INTEGER, 0x41, UNSIGNED, TICKS, 0x46)
EXCEPTIONS = {0x80: "noSuchObject", 0x81: "noSuchInstance", 0x82: "endOfMibView"}
STATUS = (
    "noError tooBig noSuchName badValue readOnly genErr noAccess wrongType "
    "wrongLength wrongEncoding wrongValue noCreation inconsistentValue "
    "resourceUnavailable commitFailed undoFailed authorizationError "
    "notWritable inconsistentName"
).split()
TAGS = {
    "INTEGER": INTEGER, "Integer32": INTEGER, "Unsigned32": UNSIGNED,
    "Gauge32": UNSIGNED, "Counter32": 0x41, "TimeTicks": TICKS,
    "OCTET STRING": OCTETS, "BITS": OCTETS,
}


class Refused(Exception):
    """An answer with an error status: .status is its name, .index counts
    the variable bindings from 1."""

    def __init__(self, status, index):
        super().__init__("%s at %d" % (status, index))
        self.status = status
        self.index = index


class Missing(Exception):
    """noSuchObject or noSuchInstance."""


# --------------------------------------------------------------------- BER --


def wrap(tag, body):
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def wrap_number(tag, value):
    return wrap(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def wrap_oid(oid):
    arcs = [int(arc) for arc in oid.split(".")]
    arcs[:2] = [arcs[0] * 40 + arcs[1]]
    body = b""
    for arc in arcs:
        part = [arc & 0x7F]
        while arc > 0x7F:
            arc >>= 7
            part.append(0x80 | arc & 0x7F)
        body += bytes(reversed(part))
    return wrap(OID, body)


def take(data, at):
    """(tag, body, where the next one begins)"""
    tag, length = data[at], data[at + 1]
    at += 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[at : at + count], "big")
        at += count
    return tag, data[at : at + length], at + length


def read_oid(body):
    arcs, arc = [], 0
    for octet in body:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first] + arcs[1:]))


def read_value(tag, body):
    if tag in EXCEPTIONS:
        return Missing(EXCEPTIONS[tag])
    if tag == INTEGER:
        return int.from_bytes(body, "big", signed=True)
    if tag in NUMBERS:
        return int.from_bytes(body, "big")
    if tag == OID:
        return read_oid(body)
    return None if tag == NULL else body


# ------------------------------------------------------------------- values --


def typed(item, value):
    """The BER of a value as the MIB has it; labels of enumerations too."""
    if item.base == "BITS":
        if not isinstance(value, bytes):
            numbers = [item.names.get(bit, bit) for bit in value]
            octets = bytearray(max(numbers, default=-1) // 8 + 1)
            for number in numbers:
                octets[number // 8] |= 0x80 >> number % 8
            value = bytes(octets)
    elif TAGS[item.base] != OCTETS and isinstance(value, str):
        value = item.names[value]
    if isinstance(value, str):
        value = value.encode()
    tag = TAGS[item.base]
    return wrap(OCTETS, value) if tag == OCTETS else wrap_number(tag, int(value))


def as_ber(tag, value):
    """The BER of a value as exchange() gives it, to be sent back."""
    return wrap(tag, value) if tag == OCTETS else wrap_number(tag, value)


def shown(item, value):
    """A value that was read, as a test likes it: labels, text, sets of bits."""
    if item is None or isinstance(value, Missing):
        return value
    if item.base == "BITS":
        labels = {number: name for name, number in item.names.items()}
        bits = [8 * i + j for i, o in enumerate(value) for j in range(8) if o & 0x80 >> j]
        return {labels.get(bit, bit) for bit in bits}
    if item.names and isinstance(value, int):
        labels = {number: name for name, number in item.names.items()}
        return labels.get(value, value)
    if isinstance(value, bytes) and is_text(item):
        return value.decode()
    return value


def is_text(item):
    return item.type in ("SnmpAdminString", "DisplayString") or (
        item.type in program.module().types
        and program.module().types[item.type].name == "SnmpAdminString"
    )


def set_bindings(pairs):
    """The variable bindings of a Set of (name, value)."""
    module = program.module()
    return [
        (program.number(name), typed(module[program.split_name(name)[0]], value))
        for name, value in pairs
    ]


# ------------------------------------------------------------------- client --


class Quick:
    """One v2c user.  Timeouts are short, and asking again is the caller's."""

    def __init__(self, port, community, timeout=5.0):
        self.community = community.encode()
        self.timeout = timeout
        self.request_id = int.from_bytes(os.urandom(3), "big")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.address = ("127.0.0.1", port)

    def close(self):
        self.socket.close()

    def exchange(self, kind, bindings, second=0, third=0):
        """One PDU and its answer: [(oid, tag, value)].  Bindings are (oid,
        BER of the value)."""
        self.begin(kind, bindings, second, third)
        return self.finish()

    def begin(self, kind, bindings, second=0, third=0):
        """Sends a PDU and does not wait."""
        self.request_id += 1
        listed = b"".join(wrap(0x30, wrap_oid(oid) + ber) for oid, ber in bindings)
        body = wrap_number(INTEGER, self.request_id)
        body += wrap_number(INTEGER, second) + wrap_number(INTEGER, third)
        pdu = wrap(kind, body + wrap(0x30, listed))
        message = wrap_number(INTEGER, 1) + wrap(OCTETS, self.community) + pdu
        self._send(wrap(0x30, message))

    def _send(self, message):
        self.socket.sendto(message, self.address)

    def _receive(self, left):
        """The next message; None if none has come in time."""
        if left <= 0 or not select.select([self.socket], [], [], left)[0]:
            return None
        return self.socket.recv(65536)

    def finish(self):
        """The answer to the PDU that was sent last."""
        deadline = time.monotonic() + scaled(self.timeout)
        while True:
            try:
                data = self._receive(deadline - time.monotonic())
            except ConnectionRefusedError:
                continue
            if data is None:
                raise TimeoutError("no answer within %g s" % self.timeout)
            answer = self._read(data)
            if answer is not None:
                return answer

    def _read(self, data):
        _, message, _ = take(data, 0)
        _, _, at = take(message, 0)
        _, _, at = take(message, at)
        _, pdu, _ = take(message, at)
        _, request_id, at = take(pdu, 0)
        if read_value(INTEGER, request_id) != self.request_id:
            return None
        _, status, at = take(pdu, at)
        _, index, at = take(pdu, at)
        _, listed, _ = take(pdu, at)
        status = read_value(INTEGER, status)
        if status:
            raise Refused(STATUS[status], read_value(INTEGER, index))
        found, at = [], 0
        while at < len(listed):
            _, binding, at = take(listed, at)
            _, oid, after = take(binding, 0)
            tag, value, _ = take(binding, after)
            found.append((read_oid(oid), tag, read_value(tag, value)))
        return found

    # ---------------------------------------------------------------- by name

    def get(self, *names):
        """The values, one or a list; Missing is raised for what is not there."""
        found = self.exchange(GET, [(program.number(n), wrap(NULL, b"")) for n in names])
        values = []
        for name, (oid, _, value) in zip(names, found):
            if isinstance(value, Missing):
                raise Missing("%s: %s" % (name, value))
            values.append(shown(program.item_of(oid)[0], value))
        return values[0] if len(values) == 1 else values

    def set(self, *pairs, **named):
        """set(("scepServerUrl.1", "http://..."), ...), all in one PDU; or by
        keywords for profile 1: set(scepServerUrl="http://...")."""
        pairs += tuple((name + ".1", value) for name, value in named.items())
        self.exchange(SET, set_bindings(pairs))

    def walk(self, name, bulk=20):
        """[(oid, tag, value)] below a name, by GETBULK; by GETNEXT if bulk=0."""
        base = at = program.number(name)
        found = []
        while True:
            asked = [(at, wrap(NULL, b""))]
            if bulk:
                answer = self.exchange(GETBULK, asked, 0, bulk)
            else:
                answer = self.exchange(GETNEXT, asked)
            for oid, tag, value in answer:
                if tag in EXCEPTIONS or not oid.startswith(base + "."):
                    return found
                found.append((oid, tag, value))
                at = oid

    def table(self, name):
        """{index: {column without the table's prefix: value}}"""
        rows = {}
        prefix = name[: -len("Table")]
        for oid, _, value in self.walk(name):
            item, index = program.item_of(oid)
            column = item.name[len(prefix):] if item.name.startswith(prefix) else item.name
            rows.setdefault(int(index), {})[column] = shown(item, value)
        return rows

    def row(self, table, index):
        """One row, in one PDU, so that its values belong together."""
        columns = [c for c in program.module().columns(table) if c.access != "not-accessible"]
        values = self.get(*["%s.%d" % (c.name, index) for c in columns])
        prefix = table[: -len("Table")]
        return {c.name[len(prefix):]: v for c, v in zip(columns, values)}
