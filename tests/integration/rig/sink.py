# SPDX-License-Identifier: Apache-2.0
"""A private snmptrapd on loopback: the place that notifications are sent to."""

import os
import re
import secrets

from .processes import end, environment, free_port, spawn, wait_until

SNMPTRAPD = "/usr/sbin/snmptrapd"

CONFIGURATION = """\
snmpTrapdAddr udp:127.0.0.1:{port}
doNotLogTraps no
authCommunity log {community}
createUser informer SHA-256 {password} AES {password}
authUser log informer priv
"""

# The octets between two variable bindings, and at the end of a notification.
BETWEEN, END = "@@", "@end@"


class Sink:
    """A v2c trap sink and the v3 user of informs, with what has come.

    The sink must be up before the master: that asks for the engine ID of the
    place of its informs when it starts, and waits for the answer."""

    def __init__(self, directory, mibs):
        self.directory = str(directory)
        self.mibs = mibs
        self.persistent = os.path.join(self.directory, "persistent")
        os.makedirs(self.persistent)
        self.log_file = os.path.join(self.directory, "snmptrapd.log")
        self.configuration = os.path.join(self.directory, "snmptrapd.conf")
        self.port = free_port()
        self.community = secrets.token_hex(8)
        self.password = secrets.token_hex(8)
        self.process = None
        text = CONFIGURATION.format(**vars(self))
        descriptor = os.open(self.configuration, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)

    def master_lines(self, inform=True):
        """Returns what the master's configuration needs: a v2c trap, and a v3 inform."""
        where = "127.0.0.1:%d" % self.port
        lines = ["trap2sink %s %s" % (where, self.community)]
        if inform:
            lines.append(
                "trapsess -Ci -v 3 -l authPriv -u informer -a SHA-256 -A %s "
                "-x AES -X %s %s" % (self.password, self.password, where)
            )
        return lines

    def start(self):
        self.process = spawn(
            [SNMPTRAPD, "-f", "-C", "-c", self.configuration, "-Lf", self.log_file,
             "-M", "-" + self.mibs, "-m", "SCEP-CLIENT-MIB", "-OQ",
             "-F", "%P" + BETWEEN + "%V" + BETWEEN + "%v" + END + "\\n"],
            env=environment(SNMP_PERSISTENT_DIR=self.persistent, SNMPCONFPATH=self.persistent),
        )
        wait_until(lambda: "NET-SNMP version" in self._log(), 15, "snmptrapd")
        return self

    def stop(self):
        if self.process is not None:
            end(self.process)
            self.process = None

    def _log(self):
        try:
            with open(self.log_file, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def all(self, name=None, form=None):
        """Everything of our MIB that has come, in its order, as dicts: "name",
        "form" ("trap" or "inform"), and {"scepStatusText.5": value} as
        "values".  Of one name and form only, if given."""
        found = []
        for text in self._log().split(END)[:-1]:
            notification = parse(text)
            if notification and name in (None, notification["name"]) \
                    and form in (None, notification["form"]):
                found.append(notification)
        return found

    def wait(self, name, index=None, count=1, form="trap", limit=20):
        """Waits for notifications of that name (about that row); gives the
        last of them."""

        def have_come():
            found = [n for n in self.all(name, form) if index in (None, n["index"])]
            return found[-1] if len(found) >= count else None

        try:
            return wait_until(have_come, limit, "%s of %r" % (name, index))
        except TimeoutError as error:
            raise AssertionError("%s; there is\n%s" % (error, self._log()[-3000:])) from None

    def count(self, name, index=None, form="trap"):
        return len([n for n in self.all(name, form) if index in (None, n["index"])])


def parse(text):
    """None for what is none of ours."""
    head, *parts = text.lstrip("\n").split(BETWEEN)
    bindings = [[word.strip() for word in part.split(" =", 1)] for part in parts]
    # The first two are sysUpTime.0 and snmpTrapOID.0 (RFC 3416, 4.2.6).
    if len(bindings) < 2 or not bindings[1][-1].startswith("SCEP-CLIENT-MIB::"):
        return None
    name = bindings[1][1]
    values = {key.partition("::")[2]: value for key, value in bindings[2:]}
    first = next(iter(values), "")
    match = re.search(r"\.(\d+)$", first)
    return {
        "name": name.partition("::")[2],
        "form": "inform" if "INFORM" in head else "trap",
        "secured": "v3" in head,
        "index": int(match.group(1)) if match else None,
        "values": {k: v.strip('"') for k, v in values.items()},
    }
