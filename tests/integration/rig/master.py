# SPDX-License-Identifier: Apache-2.0
"""A private snmpd with an AgentX master on loopback."""

import os
import secrets
import signal
import socket

from . import program
from .processes import end, environment, free_port, scaled, spawn, wait_until
from .quick import Quick
from .tools import Tools

SNMPD = "/usr/sbin/snmpd"

CONFIGURATION = """\
agentAddress udp:127.0.0.1:{port}
master agentx
agentXSocket unix:{socket}
agentXPerms {perms}
agentXTimeout 10
dontLogTCPWrappersConnects yes
sysContact fixed
createUser admin SHA-256 {admin} AES {admin}
createUser monitor SHA-256 {monitor} AES {monitor}
view all included .1
view scep included .{root}
group writers usm admin
group readers usm monitor
access writers "" usm priv exact all all all
access readers "" usm priv exact all none none
com2sec writer 127.0.0.1 {writing}
com2sec reader 127.0.0.1 {reading}
com2sec narrow 127.0.0.1 {narrow}
group quickwriters v2c writer
group quickreaders v2c reader
group narrowwriters v2c narrow
access quickwriters "" v2c noauth exact all all all
access quickreaders "" v2c noauth exact all none none
access narrowwriters "" v2c noauth exact scep scep none
"""


class Master:
    """start, stop, kill, freeze, thaw, restart: port and AgentX socket stay.

    admin and monitor are the SNMPv3 users (authPriv; the monitor only reads),
    as Tools; quick and quick_reader speak SNMPv2c."""

    def __init__(self, directory, mibs, prefix=(), perms="0660 0750", lines=()):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.persistent = self._folder("persistent")
        self.empty = self._folder("empty")
        self.socket = os.path.join(self.directory, "agentx")
        self.log_file = os.path.join(self.directory, "snmpd.log")
        self.port = free_port()
        self.prefix = list(prefix)
        self.process = None
        self.secrets = {
            name: secrets.token_hex(8)
            for name in ("admin", "monitor", "writing", "reading", "narrow")
        }
        self._configure(perms, lines)
        self.admin = self._user("admin", mibs)
        self.monitor = self._user("monitor", mibs)
        self.quick = Quick(self.port, self.secrets["writing"])
        self.quick_reader = Quick(self.port, self.secrets["reading"])

    def _folder(self, name):
        path = os.path.join(self.directory, name)
        os.makedirs(path, exist_ok=True)
        return path

    def _configure(self, perms, lines):
        self.configuration = os.path.join(self.directory, "snmpd.conf")
        text = CONFIGURATION.format(
            port=self.port, socket=self.socket, root=program.root(), perms=perms,
            **self.secrets
        )
        descriptor = os.open(self.configuration, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "".join(line + "\n" for line in lines))

    def _user(self, name, mibs, level="authPriv"):
        password = self.secrets[name]
        credentials = ["-v3", "-l", level, "-u", name, "-a", "SHA-256", "-A", password]
        if level == "authPriv":
            credentials += ["-x", "AES", "-X", password]
        return Tools(self, credentials, mibs, self.prefix)

    def without_privacy(self):
        """The administrator, who signs but does not encrypt."""
        return self._user("admin", None, "authNoPriv")

    def community(self, name):
        return Tools(self, ["-v2c", "-c", self.secrets[name]], None, self.prefix)

    # ------------------------------------------------------------- life cycle

    def start(self):
        self.process = spawn(
            self.prefix
            + [SNMPD, "-f", "-C", "-c", self.configuration, "-Lf", self.log_file]
            + ["-I", "-smux"],
            env=environment(
                SNMP_PERSISTENT_DIR=self.persistent, SNMPCONFPATH=self.empty, MIBS=""
            ),
        )
        wait_until(self._is_up, 15, "snmpd")
        return self

    def _is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError("snmpd ended with %d:\n%s" % (self.process.returncode, self.log()))
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self.socket)
            return True
        except OSError:
            return False

    def log(self):
        try:
            with open(self.log_file, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process is not None:
            end(self.process)
            self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=scaled(10))
        self.process = None

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        self.stop()
        self.quick.close()
        self.quick_reader.close()
