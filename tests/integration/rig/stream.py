# SPDX-License-Identifier: Apache-2.0
"""The client of quick.py over TCP (RFC 3430), for messages that no datagram
can hold.  snmpd listens where Stream.line() says."""

import select
import socket

from .processes import scaled
from .quick import Quick


class Stream(Quick):
    def __init__(self, port, community, timeout=5.0):
        super().__init__(port, community, timeout)
        self.socket.close()
        self.socket = socket.create_connection(self.address, timeout=scaled(timeout))
        self.pending = b""

    @staticmethod
    def line(port):
        """For snmpd.conf."""
        return "agentAddress tcp:127.0.0.1:%d" % port

    def _send(self, message):
        self.socket.sendall(message)

    def _receive(self, left):
        """The next whole message; None if it has not come in time."""
        while True:
            size = self._size()
            if size and len(self.pending) >= size:
                message, self.pending = self.pending[:size], self.pending[size:]
                return message
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            data = self.socket.recv(1 << 17)
            if not data:
                raise ConnectionError("snmpd has closed the connection")
            self.pending += data

    def _size(self):
        """The length of the message that has begun; 0 if that has not come."""
        if len(self.pending) < 6:
            return 0
        length = self.pending[1]
        if not length & 0x80:
            return 2 + length
        count = length & 0x7F
        return 2 + count + int.from_bytes(self.pending[2 : 2 + count], "big")
