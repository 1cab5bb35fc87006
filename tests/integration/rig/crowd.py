# SPDX-License-Identifier: Apache-2.0
"""A thousand devices in one process: each is a socket on loopback that answers
SNMPv2c with what was walked of a real one."""

import bisect
import resource
import selectors
import socket
import threading

from .quick import (GET, GETBULK, INTEGER, OCTETS, RESPONSE, SET, as_ber, read_oid, read_value,
                    take, wrap, wrap_number, wrap_oid)

END_OF_VIEW = bytes([0x82, 0])
NO_SUCH_OBJECT = bytes([0x80, 0])
MOST = 60000  # octets of an answer


def arcs(oid):
    return tuple(map(int, oid.split(".")))


class Crowd:
    """walked: [(oid, tag, value)]; silent: the places that never answer; changed:
    {place: {oid: BER}}."""

    def __init__(self, walked, count, silent=(), changed=None):
        self.values = {oid: as_ber(tag, value) for oid, tag, value in walked}
        self.order = sorted(self.values, key=arcs)
        self.keys = [arcs(oid) for oid in self.order]
        self.silent = set(silent)
        self.changed = changed or {}
        self.sets = {}  # place: [oid]
        self.cache = {}
        raise_limit(count + 200)
        self.selector = selectors.DefaultSelector()
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
        for place, each in enumerate(self.sockets):
            each.bind(("127.0.0.1", 0))
            each.setblocking(False)
            self.selector.register(each, selectors.EVENT_READ, place)
        self.agents = ["127.0.0.1:%d" % each.getsockname()[1] for each in self.sockets]
        self.is_over = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.is_over:
            for key, _ in self.selector.select(0.1):
                try:
                    data, source = key.fileobj.recvfrom(65536)
                except BlockingIOError:
                    continue
                if key.data not in self.silent:
                    key.fileobj.sendto(self.answer(key.data, data), source)

    def answer(self, place, data):
        _, message, _ = take(data, 0)
        _, _, at = take(message, 0)
        _, _, after = take(message, at)
        kind, pdu, _ = take(message, after)
        _, _, at = take(pdu, 0)
        key = (place if place in self.changed else None, kind, pdu[at:])
        if kind == SET or key not in self.cache:
            self.cache[key] = self.make(place, kind, pdu[at:])
        return wrap(0x30, message[:after] + wrap(RESPONSE, pdu[:at] + self.cache[key]))

    def make(self, place, kind, rest):
        """All of an answer behind the request's number."""
        _, _, at = take(rest, 0)
        _, most, at = take(rest, at)
        _, listed, _ = take(rest, at)
        asked = list(bindings(listed))
        if kind == SET:
            self.sets.setdefault(place, []).extend(oid for oid, _ in asked)
            found = [wrap(0x30, wrap_oid(oid) + ber) for oid, ber in asked]
        elif kind == GET:
            found = [self.one(place, oid) for oid, _ in asked]
        else:
            repeats = read_value(INTEGER, most) if kind == GETBULK else 1
            found = self.following(place, [oid for oid, _ in asked], repeats)
        return wrap_number(INTEGER, 0) * 2 + wrap(0x30, b"".join(found))

    def one(self, place, oid):
        ber = self.changed.get(place, {}).get(oid, self.values.get(oid, NO_SUCH_OBJECT))
        return wrap(0x30, wrap_oid(oid) + ber)

    def following(self, place, oids, repeats):
        found, length = [], 0
        for _ in range(repeats):
            for i, oid in enumerate(oids):
                at = bisect.bisect_right(self.keys, arcs(oid))
                if at < len(self.order):
                    oids[i] = self.order[at]
                    found.append(self.one(place, oids[i]))
                else:
                    found.append(wrap(0x30, wrap_oid(oid) + END_OF_VIEW))
                length += len(found[-1])
                if length > MOST:
                    return found[:-1]
        return found

    def close(self):
        self.is_over = True
        self.thread.join()
        for each in self.sockets:
            each.close()
        self.selector.close()


def bindings(listed):
    at = 0
    while at < len(listed):
        _, binding, at = take(listed, at)
        _, oid, after = take(binding, 0)
        yield read_oid(oid), binding[after:]


def raise_limit(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def text(value):
    return wrap(OCTETS, value.encode())


def number(value):
    return wrap_number(INTEGER, value)
