# SPDX-License-Identifier: Apache-2.0
"""A name server that never answers, for a program in a mount namespace of its
own: what is in /etc/hosts there is known, and all other names are waited for."""

import os
import random
import socket

HOSTS = "127.0.0.1 localhost\n"
# In seconds: how long the program's library waits for an answer.
PATIENCE = 3

MOUNT = """\
for name in hosts resolv.conf nsswitch.conf; do
        mount --bind "$0/$name" "/etc/$name" || exit 1
done
exec "$@"
"""


class SilentNames:
    """Needs root, for port 53 and for the namespace."""

    def __init__(self, directory, known=()):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        address = "127.%d.%d.1" % (random.randrange(1, 255), random.randrange(255))
        self.socket.bind((address, 53))
        lines = "".join("127.0.0.1 %s\n" % name for name in known)
        self.write("hosts", HOSTS + lines)
        self.write("nsswitch.conf", "hosts: files dns\npasswd: files\ngroup: files\n")
        self.write(
            "resolv.conf",
            "nameserver %s\noptions timeout:%d attempts:1\n" % (address, PATIENCE),
        )

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="ascii") as file:
            file.write(text)

    @property
    def prefix(self):
        """Returns what to put in front of a command that is to be there."""
        return ["unshare", "--mount", "sh", "-c", MOUNT, self.directory]

    def close(self):
        self.socket.close()
