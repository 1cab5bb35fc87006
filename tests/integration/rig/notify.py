# SPDX-License-Identifier: Apache-2.0
"""The service manager as the program sees it: the socket for READY=1 and
WATCHDOG=1 (sd_notify(3))."""

import os
import socket
import threading
import time

from .processes import scaled, wait_until


class Manager:
    """Notes when each message came."""

    def __init__(self, directory, watchdog=3):
        self.path = os.path.join(str(directory), "notify")
        self.watchdog = watchdog
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.messages = []
        threading.Thread(target=self.listen, daemon=True).start()

    @property
    def environment(self):
        return {"NOTIFY_SOCKET": self.path,
                "WATCHDOG_USEC": str(int(self.watchdog * 1000000))}

    def listen(self):
        while True:
            try:
                data = self.socket.recv(4096)
            except OSError:
                return
            for line in data.decode().splitlines():
                self.messages.append((line, time.monotonic()))
            if not data:
                return

    def count(self, line):
        return sum(message == line for message, _ in list(self.messages))

    def wait_for(self, line, more=1, limit=10):
        """Waits until the line has come that often from now on."""
        wanted = self.count(line) + more
        wait_until(lambda: self.count(line) >= wanted, limit, "%d times %s" % (more, line))

    def wait_silence(self, line, seconds, limit=30):
        """Waits until the line has not come for so long; on a busy machine a
        little longer, and less than a worker that hangs has."""
        def is_silent():
            last = max([at for message, at in list(self.messages) if message == line],
                       default=0)
            return time.monotonic() - last >= min(scaled(seconds), 4 * seconds)

        wait_until(is_silent, limit, "the end of %s" % line)

    def close(self):
        self.socket.close()
