# SPDX-License-Identifier: Apache-2.0
"""The command-line tools of Net-SNMP, as an administrator has them."""

import re
import subprocess
from dataclasses import dataclass

from . import program
from .processes import environment, scaled


@dataclass
class Said:
    """The output of a tool."""

    command: list
    code: int
    out: str
    err: str

    @property
    def reason(self):
        """The error status of the answer: "noError", "wrongValue", ..."""
        match = re.search(r"^Reason: \(?([A-Za-z]+)", self.err, re.MULTILINE)
        if match:
            return match.group(1)
        assert self.code == 0, "%r\n%s%s" % (self.command, self.out, self.err)
        return "noError"

    @property
    def failed_object(self):
        """The variable binding that the answer blames, dotted."""
        match = re.search(r"^Failed object: \.?(\S+)", self.err, re.MULTILINE)
        return match.group(1) if match else None

    def ok(self):
        assert self.code == 0, "%r\n%s%s" % (self.command, self.out, self.err)
        return self


class Tools:
    """snmpget and the others, for one user.  Names are looked up with the
    shipped MIBs; numbers() gives the same user without any MIB."""

    def __init__(self, master, credentials, mibs=None, prefix=()):
        self.master = master
        self.credentials = list(credentials)
        self.mibs = mibs
        self.prefix = list(prefix)

    def numbers(self):
        return Tools(self.master, self.credentials, None, self.prefix)

    def run(self, tool, *words, options=(), timeout=30):
        command = self.prefix + [tool]
        if self.mibs:
            # The minus puts the folder in front of what the system has.
            command += ["-M", "-" + self.mibs, "-m", "SCEP-CLIENT-MIB"]
        else:
            command += ["-m", "", "-On"]
            words = [program.number(w) if w.startswith("scep") else w for w in words]
        command += [*self.credentials, "-r", "0", "-t", "%d" % scaled(20), *options]
        command += ["127.0.0.1:%d" % self.master.port, *words]
        done = subprocess.run(
            command, capture_output=True, timeout=scaled(timeout),
            env=environment(
                SNMPCONFPATH=self.master.empty, SNMP_PERSISTENT_DIR=self.master.persistent
            ),
        )
        return Said(
            command, done.returncode, done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
        )

    def get(self, *names):
        """The values as the tool prints them, without quotes."""
        said = self.run("snmpget", *names, options=["-Oqv"]).ok()
        values = [line.strip().strip('"') for line in said.out.splitlines()]
        return values[0] if len(names) == 1 else values

    def set(self, *words):
        """set("scepServerTimeout.1", "u", "5"); see .reason of the answer."""
        return self.run("snmpset", *map(str, words))

    def walk(self, name="scepClientMIB", tool="snmpwalk", options=()):
        return self.run(tool, name, options=list(options)).ok().out
