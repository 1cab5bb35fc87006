# SPDX-License-Identifier: Apache-2.0
"""A state directory on a file system of its own that can be filled: a tmpfs in
a mount namespace.  The test reaches it through /proc/PID/root."""

import errno
import os

from .namespace import inside_own


class SmallDisk:
    def __init__(self, state, kilobytes=2048):
        self.state = str(state)
        self.kilobytes = kilobytes

    @property
    def prefix(self):
        """Returns what to put in front of the command of the program."""
        mount = 'mount -t tmpfs -o size=%dk,mode=700 tmpfs "$0" && exec "$@"' % self.kilobytes
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        return [*inside_own("--mount"), "sh", "-c", mount, self.state]

    def path(self, pid, name):
        return "/proc/%d/root%s/%s" % (pid, self.state, name)

    def fill(self, pid):
        """Until not one octet more can be written."""
        with open(self.path(pid, "filler"), "wb", buffering=0) as file:
            for size in (65536, 4096, 512, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error

    def free(self, pid):
        os.unlink(self.path(pid, "filler"))
