# SPDX-License-Identifier: Apache-2.0
"""Clients that keep coming while certificates change."""

import threading

from rig.processes import wait_until


class Visitors:
    """Clients that connect over TLS and ask for a page, again and again."""

    def __init__(self, consumer, count):
        self.consumer = consumer
        self.failed = []
        self.served = []  # serials, in the order seen
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self._visit) for _ in range(count)]

    def _visit(self):
        while not self.is_over.is_set():
            try:
                serial, answer = self.consumer.visit()
                assert b" 200 " in answer.splitlines()[0], answer
                self.served.append(serial)
            except (OSError, AssertionError, IndexError) as error:
                self.failed.append(repr(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join(20)

    def wait_more(self, count, serial=None):
        def seen():
            return len(self.served) if serial is None else self.served.count(serial)

        wanted = seen() + count
        wait_until(lambda: seen() >= wanted, 30, "%d more visits" % count)
