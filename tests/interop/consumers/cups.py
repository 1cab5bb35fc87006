# SPDX-License-Identifier: Apache-2.0
"""cupsd: reads key and certificate at each connection, by the name of the
server.  IPP over TLS is what a printer's clients speak to it."""

import grp
import os
import pwd

from cryptography import x509

from .consumer import NAME, Consumer, folder

FILES = """\
AccessLog {directory}/access
CacheDir {directory}/cache
CreateSelfSignedCerts no
ErrorLog {directory}/log
PageLog {directory}/page
{user}
RequestRoot {directory}/spool
ServerKeychain {directory}/ssl
ServerRoot {directory}/root
StateDir {directory}/state
SystemGroup {group}
TempDir {directory}/temp
"""

CONFIGURATION = """\
ServerName {name}
ServerAlias *
SSLListen 127.0.0.1:{port}
Browsing Off
LogLevel info
MaxClients 1000
MaxClientsPerHost 1000
<Location />
  Order allow,deny
  Allow localhost
</Location>
<Policy default>
  <Limit All>
    Order allow,deny
    Allow localhost
  </Limit>
</Policy>
"""

CUPS_GET_PRINTERS = 0x4002


class Cups(Consumer):
    name = "cups"
    type = "ipp"

    def configure(self):
        for name in ("cache", "ssl", "spool", "root", "state", "temp"):
            folder(self.directory / name)
        group = grp.getgrgid(os.getegid()).gr_name
        user = "User lp\nGroup lp" if os.geteuid() == 0 else \
            "User %s\nGroup %s" % (pwd.getpwuid(os.geteuid()).pw_name, group)
        (self.directory / "files.conf").write_text(FILES.format(
            directory=self.directory, user=user, group=group))
        (self.directory / "cupsd.conf").write_text(CONFIGURATION.format(
            name=NAME, port=self.port))

    def command(self):
        return ["/usr/sbin/cupsd", "-f", "-c", self.directory / "cupsd.conf",
                "-s", self.directory / "files.conf"]

    def start(self):
        super().start()
        # cupsd keeps none of its own in the foreground.
        self.pid_file.write_text("%d\n" % self.process.pid)
        return self

    def files(self):
        ssl = self.directory / "ssl"
        return {"key": ssl / (NAME + ".key"), "fullchain": ssl / (NAME + ".crt")}

    def words(self):
        return {"enabled": self.is_on()}

    def visit(self):
        with self.connect() as connection:
            shown = x509.load_der_x509_certificate(connection.getpeercert(True))
            connection.sendall(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return shown.serial_number, connection.recv(4096)

    def print_queues(self):
        """CUPS-Get-Printers over IPPS (RFC 8011); gives the status code."""
        attributes = [(0x47, b"attributes-charset", b"utf-8"),
                      (0x48, b"attributes-natural-language", b"en")]
        body = b"\1\1" + CUPS_GET_PRINTERS.to_bytes(2, "big") + (1).to_bytes(4, "big") + b"\1"
        for tag, name, value in attributes:
            body += bytes([tag]) + len(name).to_bytes(2, "big") + name
            body += len(value).to_bytes(2, "big") + value
        body += b"\3"
        head = (
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/ipp\r\n"
            "Content-Length: %d\r\n\r\n" % len(body)
        ).encode()
        with self.connect() as connection:
            connection.sendall(head + body)
            answer = b""
            while part := connection.recv(4096):
                answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b" 200 " in head.splitlines()[0], answer
        return int.from_bytes(body[2:4], "big")
