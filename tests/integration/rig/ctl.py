# SPDX-License-Identifier: Apache-2.0
"""scepctl as an administrator has it, and what it is held against: a walk of
all settings, by the tests' own client and the MIB file."""

import json
import os
import subprocess

from . import program
from .processes import environment, scaled, spawn

# Settings are what can be written, but for actions, secrets, what is gone after
# a restart, and what comes by itself.
NO_SETTINGS = ("scepRequest", "scepKey", "scepCa")
NO_SETTING = {"scepAgentConfigSpinLock", "scepAgentRestart", "scepAgentAcknowledge",
              "scepServerCheck", "scepAutoChallengePassword"}


def scepctl():
    """The path of the program: next to scepagentd."""
    return os.path.join(os.path.dirname(program.scepagentd()), "scepctl")


def settings():
    """The objects of the MIB that are settings."""
    return [
        item for item in program.module().objects()
        if item.access in ("read-write", "read-create")
        and not item.name.startswith(NO_SETTINGS) and item.name not in NO_SETTING
    ]


def walk(quick):
    """{"scepServerUrl.1": value} of all settings; times as their octets."""
    names = {item.name for item in settings()}
    found = {}
    for oid, _, value in quick.walk("scepClientMIB"):
        item, index = program.item_of(oid)
        if item is not None and item.name in names:
            found["%s.%s" % (item.name, index)] = value
    return found


def rows(quick):
    return sorted(quick.table("scepProfileTable"))


class Ctl:
    def __init__(self, master, directory, user=None, port=None):
        self.master = master
        self.port = port or master.port
        self.directory = str(directory)
        self.user = list(user or ["-v2c", "-c", master.secrets["writing"]])

    def path(self, name):
        return os.path.join(self.directory, name)

    def command(self, name, *words, options=()):
        agent = "127.0.0.1:%d" % self.port
        return [scepctl(), name, *options, *self.user, agent, *words]

    def environment(self, **more):
        return environment(SNMPCONFPATH=self.master.empty,
                           SNMP_PERSISTENT_DIR=self.master.persistent, **more)

    def run(self, name, *words, options=(), stdin=None, limit=60):
        return subprocess.run(
            self.command(name, *words, options=options), input=stdin, text=True,
            capture_output=True, timeout=scaled(limit), env=self.environment(),
        )

    def begin(self, name, *words, options=()):
        """Starts it and does not wait."""
        return spawn(
            self.command(name, *words, options=options), env=self.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def imports(self, content, options=(), **more):
        """Imports what document() made."""
        return self.run("import", self.write(content), options=options, **more)

    def export(self, name="settings.json"):
        """The path of a file with all settings."""
        path = self.path(name)
        done = self.run("export", path)
        assert (done.returncode, done.stdout) == (0, ""), done
        return path

    def write(self, content, name="wanted.json"):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file)
        return path


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def document(scalars=None, **profiles):
    """A file with these; document(p5={"scepProfileName": "x"})."""
    return {"format": 1, "module": "SCEP-CLIENT-MIB", "scalars": scalars or {},
            "profiles": {name[1:]: values for name, values in profiles.items()}}
