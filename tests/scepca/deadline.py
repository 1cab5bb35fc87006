# SPDX-License-Identifier: Apache-2.0
"""The waits of tests and tools.

A limit is written in the seconds that a machine with nothing else to do may
take, and grows with the load.  $TEST_DEADLINE_FACTOR sets by how much; without
it the load of the machine does.  tests/lib/deadline.c does the same for the
unit tests.

    python3 tests/scepca/deadline.py 200     prints the limit for a shell

Only the standard library is used here.
"""

import os
import sys
import time

VARIABLE = "TEST_DEADLINE_FACTOR"
POLL_INTERVAL = 0.02
SLOWER = 0.1  # polls that often once a wait is long, to leave the processors to others
FRESH = 0.2  # seconds for which a load that was read is used again
_read_at, _load = -FRESH, 0.0


def load():
    """Processes that want a processor, for each processor: over the last
    minute or just now, whichever is more."""
    global _read_at, _load
    if time.monotonic() - _read_at >= FRESH:
        with open("/proc/loadavg", encoding="ascii") as file:
            minute, _, _, running = file.read().split()[:4]
        wanting = max(float(minute), float(running.partition("/")[0]))
        _load = wanting / len(os.sched_getaffinity(0))
        _read_at = time.monotonic()
    return _load


def factor():
    """The factor by which something may take longer now than alone."""
    given = os.environ.get(VARIABLE)
    return float(given) if given else max(1.0, load())


def scaled(seconds):
    """A limit that has to be named at once, as that of a subprocess."""
    return seconds * factor()


def wait_until(probe, limit, what):
    """Polls until probe() is true, and gives its value; less often the longer it
    takes.  A load that comes meanwhile lengthens the limit."""
    began = time.monotonic()
    times = 1.0
    while True:
        value = probe()
        if value:
            return value
        times = max(times, factor())
        waited = time.monotonic() - began
        if waited > limit * times:
            raise TimeoutError("no %s within %.3g s, %g s times a load of %.2g"
                               % (what, waited, limit, times))
        time.sleep(min(max(POLL_INTERVAL, waited / 10), SLOWER))


if __name__ == "__main__":
    print("%d" % scaled(float(sys.argv[1])))
