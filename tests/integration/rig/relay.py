# SPDX-License-Identifier: Apache-2.0
"""A relay between an SNMPv2c manager and snmpd that sees each Set go by, so
that a test can do something just there: lose it, lose its answer, or change the
world in between.

    with Relay(master.port) as relay:
        relay.before[2] = lambda: agent.kill()      # the second Set
        relay.lost = {1}; relay.unanswered = {3}
"""

import select
import socket
import threading

from .processes import scaled
from .quick import SET, take


class Relay:
    def __init__(self, port):
        self.requests = 0
        self.sets = 0
        self.at = {}  # number of the request of any kind: what is done first
        self.before = {}  # number of the Set, from 1: what is done first
        self.after = {}  # the same, when it was answered, before that is passed on
        self.lost = set()
        self.unanswered = set()
        self.errors = []
        self.client = None
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        self.back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.back.connect(("127.0.0.1", port))
        for each in (self.front, self.back):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.waiting = {}  # request id of a Set: its number
        self.wake, self.stop = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.close()
        self.thread.join(scaled(20))
        for each in (self.front, self.back, self.wake):
            each.close()
        assert not self.errors, self.errors

    def _run(self):
        sides = {self.front: self._from_manager, self.back: self._from_agent}
        while True:
            ready = select.select([*sides, self.wake], [], [])[0]
            if self.wake in ready:
                return
            for side in ready:
                try:
                    sides[side]()
                except ConnectionRefusedError:
                    pass
                except Exception as error:  # pylint: disable=broad-except
                    self.errors.append(repr(error))

    def _from_manager(self):
        data, self.client = self.front.recvfrom(1 << 17)
        tag, request = read_pdu(data)
        self.requests += 1
        self.at.get(self.requests, lambda: None)()
        if tag == SET:
            self.sets += 1
            self.waiting[request] = self.sets
            self.before.get(self.sets, lambda: None)()
            if self.sets in self.lost:
                return
        self.back.send(data)

    def _from_agent(self):
        data = self.back.recv(1 << 17)
        number = self.waiting.pop(read_pdu(data)[1], None)
        if number is not None:
            self.after.get(number, lambda: None)()
            if number in self.unanswered:
                return
        self.front.sendto(data, self.client)


def read_pdu(data):
    """(tag, request id) of a message of SNMPv2c."""
    _, message, _ = take(data, 0)
    _, _, at = take(message, 0)
    _, _, at = take(message, at)
    tag, pdu, _ = take(message, at)
    return tag, take(pdu, 0)[1]
