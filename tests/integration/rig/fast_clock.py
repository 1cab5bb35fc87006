# SPDX-License-Identifier: Apache-2.0
"""A clock that runs faster, for scepagentd alone (libfaketime): the wall clock,
the monotonic one and all waits.  It goes on while the program is dead.  On a
loaded machine it is slower, so that as much is done in a minute of it.

The library leaves its shared memory behind when the program is killed, so that the
program has a /dev/shm of its own."""

import datetime
import glob
import time

from .namespace import inside_own
from .processes import factor
from .program import ready_keys

LIBRARY = "/usr/lib/*/faketime/libfaketime.so.1"
MOUNT = 'mount -t tmpfs tmpfs /dev/shm && exec "$@"'


class FastClock:
    def __init__(self, speed):
        self.speed = max(1, round(speed / factor()))
        self.begin = time.time()

    def now(self):
        """Seconds since 1970, as a program has it that runs under it."""
        return self.begin + (time.time() - self.begin) * self.speed

    def prefix(self):
        """Returns the beginning of a command that starts now."""
        (library,) = glob.glob(LIBRARY)
        moment = datetime.datetime.fromtimestamp(self.now(), datetime.timezone.utc)
        fake = "@%s x%d" % (moment.strftime("%Y-%m-%d %H:%M:%S.%f"), self.speed)
        preload = [library, *ready_keys().get("LD_PRELOAD", "").split()]
        own = [*inside_own("--mount"), "sh", "-c", MOUNT, "sh"]
        return [*own, "env", "TZ=UTC", "LD_PRELOAD=" + ":".join(preload), "FAKETIME=" + fake]

    def start(self, agent):
        agent.prefix = self.prefix()
        return agent.start()


def octets(moment):
    """The DateAndTime of 11 octets of a time, in UTC."""
    u = datetime.datetime.fromtimestamp(int(moment), datetime.timezone.utc)
    return u.year.to_bytes(2, "big") + bytes(
        [u.month, u.day, u.hour, u.minute, u.second, 0]
    ) + b"+\0\0"
