# SPDX-License-Identifier: Apache-2.0
"""A name server that never answers, in a network namespace, for a program that is
there too and has a mount namespace of its own: what is in /etc/hosts there is
known, and all other names are waited for.

usage: names.py ADDRESS    is this name server until its input ends"""

import os
import socket
import subprocess
import sys

HOSTS = "127.0.0.1 localhost\n"
ADDRESS = "127.0.0.1"
# In seconds: how long the program's library waits for an answer.
PATIENCE = 3

MOUNT = """\
for name in hosts resolv.conf nsswitch.conf; do
        mount --bind "$0/$name" "/etc/$name" || exit 1
done
exec "$@"
"""


class SilentNames:
    """Borrows the network namespace."""

    def __init__(self, directory, namespace, known=()):
        self.directory = str(directory)
        self.namespace = namespace
        os.makedirs(self.directory, exist_ok=True)
        lines = "".join("127.0.0.1 %s\n" % name for name in known)
        self.write("hosts", HOSTS + lines)
        self.write("nsswitch.conf", "hosts: files dns\npasswd: files\ngroup: files\n")
        self.write(
            "resolv.conf",
            "nameserver %s\noptions timeout:%d attempts:1\n" % (ADDRESS, PATIENCE),
        )
        self.server = subprocess.Popen(
            [*namespace.prefix, sys.executable, __file__, ADDRESS],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        said = self.server.stdout.readline()
        assert said == b"bound\n", said

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="ascii") as file:
            file.write(text)

    @property
    def prefix(self):
        """Returns what to put in front of a command that is to be there."""
        return [*self.namespace.prefix, "unshare", "--mount",
                "sh", "-c", MOUNT, self.directory]

    def close(self):
        self.server.stdin.close()
        self.server.wait(20)
        self.server.stdout.close()


def main(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        print("bound", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
