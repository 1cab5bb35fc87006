# SPDX-License-Identifier: Apache-2.0
"""stunnel: reads its one file anew at a HUP."""

from .consumer import Consumer, folder

CONFIGURATION = """\
foreground = yes
pid = {directory}/pid
output = {directory}/log
[echo]
accept = 127.0.0.1:{port}
cert = {directory}/tls/stunnel.pem
exec = /bin/cat
execArgs = cat
"""


class Stunnel(Consumer):
    name = "stunnel"

    def configure(self):
        folder(self.directory / "tls")
        self.configuration = self.directory / "stunnel.conf"
        self.configuration.write_text(
            CONFIGURATION.format(directory=self.directory, port=self.port))

    def command(self):
        return ["/usr/bin/stunnel4", self.configuration]

    def files(self):
        return {"combined": self.directory / "tls" / "stunnel.pem"}

    def words(self):
        return {"reload": "/usr/bin/pkill -HUP -F %s" % self.pid_file,
                "enabled": self.is_on()}
