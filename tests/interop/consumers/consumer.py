# SPDX-License-Identifier: Apache-2.0
"""The common parts of the programs: a folder, a process, a line in
scepagentd.conf, and the serial of the certificate that is served."""

import os
import socket
import ssl

from cryptography import x509

from rig.processes import end, environment, free_port, scaled, spawn, wait_until

LIMIT = 20
NAME = "device.example.net"
TOOLS = "/usr/sbin:/usr/bin:/sbin:/bin"


class Consumer:
    name = None
    type = "tls"
    preset = property(lambda self: type(self).name)

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.pid_file = directory / "pid"
        self.port = free_port(socket.SOCK_STREAM)
        self.process = None
        self.configure()

    # Each of them says these for itself.

    def configure(self):
        """Writes the program's own configuration."""
        raise NotImplementedError

    def command(self):
        """Returns the command that runs it in the foreground."""
        raise NotImplementedError

    def words(self):
        """The words of its line: paths and commands."""
        raise NotImplementedError

    def files(self):
        """{kind: path} of what scepagentd puts there."""
        raise NotImplementedError

    def is_up(self):
        return self.served() is not None

    # These are the same for all.

    def line(self):
        paths = ["%s=%s" % pair for pair in self.files().items()]
        commands = ['%s="%s"' % pair for pair in self.words().items()]
        return " ".join(["useLocation", self.name, self.type, "preset=" + self.preset,
                         *paths, *commands])

    def is_on(self):
        """The command that asks whether it runs."""
        return "/usr/bin/pkill -0 -F %s" % self.pid_file

    def start(self):
        self.process = spawn(
            self.command(), env=environment(PATH=TOOLS, **self.variables()),
            stdout=open(self.directory / "out", "ab"), stderr=open(self.directory / "err", "ab"),
        )
        wait_until(self._has_come_up, LIMIT, self.name)
        return self

    def variables(self):
        return {}

    def _has_come_up(self):
        assert self.process.poll() is None, self.said()
        try:
            return self.is_up()
        except OSError:
            return False

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        if self.process is not None:
            end(self.process)
            self.process = None
        self.pid_file.unlink(missing_ok=True)

    def close(self):
        self.stop()

    def said(self):
        return "\n".join(
            "%s:\n%s" % (name, (self.directory / name).read_text(errors="replace"))
            for name in ("out", "err", "log") if (self.directory / name).exists()
        )

    def served(self):
        """The serial of the certificate that the running program shows."""
        return self.chain()[0].serial_number

    def chain(self):
        """Returns what a client is shown, the program's own first."""
        with self.connect() as connection:
            # Of ssl, only the certificate itself is public before 3.13.
            shown = connection._sslobj.get_unverified_chain()
            return [x509.load_pem_x509_certificate(c.public_bytes().encode()) for c in shown]

    def connect(self, context=None):
        """A TLS connection; by itself it takes any certificate."""
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=scaled(LIMIT))
        return context.wrap_socket(plain, server_hostname=NAME)

    def visit(self):
        """One whole request of HTTP; gives the serial that was shown, and the
        answer."""
        with self.connect() as connection:
            shown = x509.load_der_x509_certificate(connection.getpeercert(True))
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while part := connection.recv(4096):
                answer += part
            return shown.serial_number, answer

    def wait_served(self, serial):
        """Waits until it shows that one: some take it up after they have said
        that they would."""

        def is_shown():
            try:
                return self.served() == serial
            except OSError:
                return False

        try:
            wait_until(is_shown, LIMIT, "serial %x" % serial)
        except TimeoutError:
            raise AssertionError("%s shows %x, not %x\n%s" % (
                self.name, self.served(), serial, self.said())) from None


def folder(path):
    os.makedirs(path)
    return path
