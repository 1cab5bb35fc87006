# SPDX-License-Identifier: Apache-2.0
"""Namespaces for a command, so that a test needs no root, and a network namespace
with nothing but loopback.

Root makes a namespace directly.  Anybody else makes it inside a user namespace,
in which the programs believe that they are root."""

import os
import subprocess

from .processes import end, environment, scaled, spawn, wait_until

KEEPER = "ip link set lo up && echo up && exec cat"
# The kernel forgets who dies with whom when a namespace is entered, so that it
# is told again after that.
MORTAL = ["setpriv", "--pdeathsig", "KILL", "--"]


def inside_own(*kinds):
    """Returns what to put in front of a command that is to run in namespaces of
    its own: "--mount" ..."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, *kinds, *MORTAL]


def inspectable():
    """Returns what to put in front of a program that its own user may trace and
    whose memory he may read, although it is not dumpable (PR_SET_DUMPABLE).
    Root may always.  Anybody else may if he has made its user namespace."""
    return [] if os.geteuid() == 0 else inside_own()


class Namespace:
    """For a server that would listen on every interface, or on a port of root's."""

    def __init__(self):
        self.keeper = spawn(
            [*inside_own("--net"), "sh", "-c", KEEPER],
            env=environment(PATH="/usr/sbin:/usr/bin:/sbin:/bin"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        if self.keeper.stdout.readline() != b"up\n":
            words = self.keeper.stderr.read().decode()
            end(self.keeper)
            raise RuntimeError(
                "no network namespace: %sroot can make one, and so can anybody "
                "where user namespaces are allowed" % words
            )

    @property
    def prefix(self):
        """Returns what to put in front of a command that is to run inside."""
        enter = ["nsenter", "--target", str(self.keeper.pid), "--net"]
        if os.geteuid() != 0:
            enter += ["--user", "--preserve-credentials"]
        return enter + MORTAL

    def run(self, *words, **options):
        return subprocess.run(
            [*self.prefix, *map(str, words)], capture_output=True, text=True,
            env=environment(), timeout=scaled(60), **options
        )

    def wait_listening(self, port, limit=20):
        """Waits until somebody listens on a TCP port inside."""
        wanted = ":%04X" % port

        def is_there():
            lines = []
            for name in ("tcp", "tcp6"):
                path = "/proc/%d/net/%s" % (self.keeper.pid, name)
                with open(path, encoding="ascii") as file:
                    lines += file.read().splitlines()[1:]
            fields = [line.split() for line in lines]
            return any(f[1].endswith(wanted) and f[3] == "0A" for f in fields)

        wait_until(is_there, limit, "server on port %d" % port)

    def close(self):
        end(self.keeper)
        for stream in (self.keeper.stdin, self.keeper.stdout, self.keeper.stderr):
            stream.close()
