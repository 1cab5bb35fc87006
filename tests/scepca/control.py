# SPDX-License-Identifier: Apache-2.0
"""The CA as a test holds it: started, spoken to, killed, started again.

Only the standard library is used here, so that importing this costs nothing.
"""

import json
import os
import urllib.error
import urllib.request

from .deadline import scaled, wait_until
from .files import read_lines
from .nursery import spawn

START_LIMIT = 30.0


class CAError(Exception):
    """The CA did not start, or refused what it was told."""


class TestCA:
    """`with TestCA(directory, pending=2) as ca:` and then ca.url.

    Keyword arguments are the behaviour (README.md has the table).  The CA ends
    when stop() is called or this process ends, whatever way it ends: the CA
    watches a pipe whose other end only this process holds.
    """

    __test__ = False

    def __init__(self, directory, listen="127.0.0.1", port=0, **behaviour):
        self.directory = str(directory)
        self.listen = listen
        self.requested_port = port
        self.behaviour = dict(behaviour)
        self.process = None
        self.ready = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # ------------------------------------------------------------- life cycle

    def start(self):
        os.makedirs(self.directory, exist_ok=True)
        ready_file = os.path.join(self.directory, "ready.json")
        if os.path.exists(ready_file):
            os.unlink(ready_file)
        self.process = self._spawn(ready_file)
        try:
            wait_until(lambda: self._is_ready(ready_file), START_LIMIT, "CA")
        except BaseException:
            self.kill()
            raise
        with open(ready_file, encoding="utf-8") as file:
            self.ready = json.load(file)
        self.requested_port = self.ready["port"]

    def _spawn(self, ready_file):
        settings = os.path.join(self.directory, "behaviour.json")
        descriptor = os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self.behaviour, file)
        words = [
            "--dir", self.directory, "--listen", self.listen,
            "--port", str(self.requested_port), "--ready-file", ready_file,
            "--behaviour", "@" + settings, "--until-eof",
        ]
        self.errors = os.path.join(self.directory, "stderr.txt")
        with open(self.errors, "ab") as errors:
            return spawn(words, errors)

    def _is_ready(self, ready_file):
        if self.process.poll() is not None:
            with open(self.errors, encoding="utf-8", errors="replace") as file:
                raise CAError("the CA did not start:\n" + file.read())
        return os.path.exists(ready_file)

    def stop(self):
        """TERM, and the end of the process waited for."""
        if self.process is not None:
            self.process.terminate()
            self._reap()

    def kill(self):
        """KILL: what the CA has not written by now is lost."""
        if self.process is not None:
            self.process.kill()
            self._reap()

    def _reap(self):
        try:
            self.process.wait(timeout=scaled(10))
        finally:
            self.process.stdin.close()
            self.process = None

    def restart(self):
        """Ends the CA and starts it on the same port, with the same directory
        and the settings it had (counts of uses begin again)."""
        self.stop()
        self.start()

    # ----------------------------------------------------------------- control

    @property
    def port(self):
        return self.ready["port"]

    @property
    def url(self):
        return self.ready["url"]

    @property
    def base(self):
        return self.url[: -len("/scep")]

    @property
    def fingerprint(self):
        """SHA-256 of the CA certificate now in use, in hexadecimal."""
        return self.state()["fingerprint"]

    @property
    def ca_file(self):
        return os.path.join(self.directory, "ca.pem")

    def state(self):
        return self._exchange("GET", None)

    def control(self, **changes):
        """Merges settings (None: the default); also release= and revoke=."""
        state = self._exchange("PUT", json.dumps(changes).encode())
        for name, value in changes.items():
            if name not in ("release", "revoke"):
                self.behaviour[name] = value
        self.behaviour = {k: v for k, v in self.behaviour.items() if v is not None}
        return state

    def release(self, transaction_id="all"):
        return self.control(release=transaction_id)

    def revoke(self, serial):
        return self.control(revoke=serial)

    def _exchange(self, method, body):
        request = urllib.request.Request(
            self.base + "/_control", data=body, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=scaled(10)) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise CAError(error.read().decode()) from None

    # ------------------------------------------------------------ what happened

    def log(self, **wanted):
        """The log's entries in which every given field has the given value."""
        entries = read_lines(os.path.join(self.directory, "log.jsonl"))
        return [e for e in entries if all(e.get(k) == v for k, v in wanted.items())]

    def wait_log(self, count=1, limit=10.0, **wanted):
        """Waits until there are `count` such entries, and gives them."""

        def enough():
            found = self.log(**wanted)
            return found if len(found) >= count else None

        return wait_until(enough, limit, "log entry %r" % wanted)

    def issued(self):
        """The certificates issued so far, oldest first: dictionaries with
        serial, subject, transaction_id, path and pem."""
        entries = read_lines(os.path.join(self.directory, "issued.jsonl"))
        for entry in entries:
            name = entry["serial"] + ".pem"
            entry["path"] = os.path.join(self.directory, "issued", name)
            with open(entry["path"], encoding="ascii") as file:
                entry["pem"] = file.read()
        return entries
