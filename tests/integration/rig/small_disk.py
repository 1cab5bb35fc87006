# SPDX-License-Identifier: Apache-2.0
"""A state directory on a file system of its own that can be filled: a tmpfs in
a mount namespace.  The test reaches it through /proc/PID/root."""

import errno
import os
import subprocess

from .namespace import inside_own


MOUNT = 'mount -t tmpfs -o size=%dk,mode=700 tmpfs "$0" && %s && exec "$@"'
# What is done to the disk before the program starts.
PREPARED = {
    "empty": "true",
    "full": '{ head -c 99999999 /dev/zero >"$0/filler" 2>/dev/null || true; }',
    "read-only": 'mount -o remount,ro "$0"',
}


class SmallDisk:
    def __init__(self, state, kilobytes=2048, prepared="empty"):
        self.state = str(state)
        self.kilobytes = kilobytes
        self.prepared = PREPARED[prepared]

    @property
    def prefix(self):
        """Returns what to put in front of the command of the program."""
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        mount = MOUNT % (self.kilobytes, self.prepared)
        return [*inside_own("--mount"), "sh", "-c", mount, self.state]

    def make_writable(self, pid):
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        subprocess.run(
            ["nsenter", "--target", str(pid), "--mount", *user,
             "mount", "-o", "remount,rw", self.state], check=True)

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
