# SPDX-License-Identifier: Apache-2.0
"""scepagentd as a test holds it: started, killed, started again."""

import os
import signal
import stat

from cryptography import x509

from . import program
from .processes import children, end, environment, is_alive, scaled, spawn, wait_until
from .program import ready_keys
from .quick import Missing, Refused

READY_LIMIT = 15
REGISTERED_LIMIT = 15


class Agent:
    """One state directory, one configuration file, one log."""

    def __init__(self, directory, master, lines=(), prefix=()):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.master = master
        self.prefix = list(prefix)
        self.state = os.path.join(self.directory, "state")
        self.log_file = os.path.join(self.directory, "scepagentd.log")
        self.configuration = os.path.join(self.directory, "scepagentd.conf")
        self.process = None
        self.environment = {}  # what it has beyond the usual
        self.starts = 0
        self._known = {}
        self.configure(*lines)

    def base_lines(self):
        return [
            "stateDirectory " + self.state,
            "agentXSocket unix:" + self.master.socket,
            "agentXPingInterval 1",
            # A test has no user of the program's own: it is root, maybe of a
            # namespace, or it cannot change into another user anyway.
            "runAs root",
        ]

    def configure(self, *lines):
        """Writes the configuration file: the base and these lines."""
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write("\n".join([*self.base_lines(), *lines]) + "\n")
        os.chmod(self.configuration, 0o600)

    def command(self, *words):
        return self.prefix + [
            program.scepagentd(), "-f", "-c", self.configuration,
            "-Lf", self.log_file, *words,
        ]

    # ------------------------------------------------------------- life cycle

    def launch(self, *words):
        """Starts it and waits for nothing."""
        self.starts += 1
        self.process = spawn(
            self.command(*words),
            env=environment(
                SNMPCONFPATH=self.master.empty, SNMP_PERSISTENT_DIR=self.master.persistent,
                **ready_keys(), **self.environment,
            ),
            stderr=open(os.path.join(self.directory, "stderr"), "ab"),
        )
        return self

    def start(self, *words):
        """Starts it and waits until its objects answer through the master, and
        the default key is there, if it can be."""
        self.launch(*words)
        self.wait_registered()
        wait_until(self.has_default_key, READY_LIMIT, "the default key")
        return self

    def has_default_key(self):
        quick = self.master.quick
        try:
            if "storageError" in quick.get("scepAgentHealthReason.0"):
                return True
            rows = quick.table("scepKeyTable").values()
            return any(row["IsDefault"] == "true" for row in rows)
        except (Missing, Refused, TimeoutError):
            return False

    def wait_registered(self, limit=REGISTERED_LIMIT):
        wait_until(self.is_registered, limit, "scepagentd behind snmpd")

    def is_registered(self):
        """Tells whether the objects answer; a dead program is a failure at once."""
        if self.process.poll() is not None:
            raise RuntimeError(
                "scepagentd ended with %d:\n%s" % (self.process.returncode, self.everything())
            )
        return self.answers()

    def answers(self):
        try:
            return bool(self.master.quick.get("scepAgentVersion.0"))
        except (Missing, Refused, TimeoutError):
            return False

    def wait_log(self, text, count=1, limit=10):
        wait_until(lambda: self.log().count(text) >= count, limit, "log line %r" % text)

    def wait_end(self, limit=5):
        """Waits for its end; gives the exit code."""
        code = self.process.wait(timeout=scaled(limit))
        self.process = None
        return code

    def send_signal(self, number):
        self.process.send_signal(number)

    @property
    def worker(self):
        """The pid of the worker process; None while there is none."""
        found = children(self.process.pid) if self.process else []
        return found[0] if found else None

    def kill(self):
        """kill -9 of all of it at once, as when the power goes."""
        worker = self.worker
        self.process.kill()
        if worker:
            try:
                os.kill(worker, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(timeout=scaled(10))
        if worker:
            wait_until(lambda: not is_alive(worker), 10, "end of the worker")
        self.process = None

    def kill_worker(self):
        worker = self.worker
        os.kill(worker, signal.SIGKILL)
        return worker

    def kill_parent(self):
        """kill -9 of the parent alone; gives the worker it had."""
        worker = self.worker
        self.process.kill()
        self.process.wait(timeout=scaled(10))
        self.process = None
        return worker

    def stop(self):
        if self.process is not None:
            worker = self.worker
            code = end(self.process)
            self.process = None
            if worker:
                wait_until(lambda: not is_alive(worker), 10, "end of the worker")
            return code
        return None

    def restart(self, *words):
        self.stop()
        return self.start(*words)

    # ----------------------------------------------------------- what it left

    def log(self):
        try:
            with open(self.log_file, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def stderr(self):
        with open(os.path.join(self.directory, "stderr"), encoding="utf-8",
                  errors="replace") as file:
            return file.read()

    def everything(self):
        return self.log() + self.stderr()

    def files(self, folder):
        """The names in keys/ or certs/, in order, without those of the default
        key."""
        path = os.path.join(self.state, folder)
        names = sorted(os.listdir(path)) if os.path.isdir(path) else []
        return [name for name in names if not self._is_default(name)]

    def _is_default(self, name):
        """Tells whether its certificate has no end."""
        if name not in self._known:
            path = os.path.join(self.state, "certs", name)
            try:
                with open(path, "rb") as file:
                    certificate = x509.load_pem_x509_certificate(file.read())
            except (OSError, ValueError):
                return False
            self._known[name] = certificate.not_valid_after.year == 9999
        return self._known[name]

    def paths(self, folder):
        return [os.path.join(self.state, folder, name) for name in self.files(folder)]

    def modes(self):
        """{path below the state directory: mode} of all files and folders."""
        found = {".": stat.S_IMODE(os.stat(self.state).st_mode)}
        for at, folders, names in os.walk(self.state):
            for name in folders + names:
                path = os.path.join(at, name)
                found[os.path.relpath(path, self.state)] = stat.S_IMODE(os.stat(path).st_mode)
        return found

    def holds(self, secret):
        """The files of the state directory and the log that hold these bytes."""
        found = []
        paths = [os.path.join(at, n) for at, _, names in os.walk(self.directory) for n in names]
        for path in paths:
            with open(path, "rb") as file:
                if secret in file.read():
                    found.append(os.path.relpath(path, self.directory))
        return found
