# SPDX-License-Identifier: Apache-2.0
"""strongSwan: charon reads nothing by itself; swanctl loads what is in its
folders over the vici socket.

charon listens on every address, and so it runs in a network namespace.  Its
socket is a file, and can be reached from outside."""

import re
import subprocess

from cryptography import x509

from rig.device import END
from rig.namespace import Namespace
from rig.processes import environment, scaled

from .consumer import TOOLS, Consumer, folder

SWANCTL = "/usr/sbin/swanctl"
PORT = 15500

DAEMON = """\
charon-systemd {{
	load = random nonce drbg aes sha1 sha2 hmac kdf gmp curve25519 x509 \
constraints pubkey pkcs1 pkcs8 pem openssl kernel-netlink socket-default vici
	port = {port}
	port_nat_t = {port_nat_t}
	install_routes = no
	filelog {{
		file {{
			path = {directory}/log
			default = 1
			flush_line = yes
		}}
	}}
	plugins {{
		vici {{
			socket = {vici}
		}}
	}}
}}
swanctl {{
	load = random nonce x509 pubkey pkcs1 pkcs8 pem gmp sha1 sha2 openssl
}}
"""

# Without a child, no kernel must know IPsec (RFC 6023).
CONNECTION = """\
connections {{
	ike {{
		version = 2
		childless = force
		local_addrs = 127.0.0.1
		remote_addrs = 127.0.0.1
		local_port = {port}
		remote_port = {remote_port}
		send_cert = always
		local {{
			auth = pubkey
			certs = {certificate}
		}}
		remote {{
			auth = pubkey
		}}
	}}
}}
"""


class Swanctl(Consumer):
    name = "swanctl"
    type = "ipsec"

    def __init__(self, directory, namespace=None, offset=0, remote_offset=10):
        self.namespace = namespace or Namespace()
        self.is_guest = namespace is not None
        self.ike_port = PORT + offset
        self.remote_port = PORT + remote_offset
        super().__init__(directory)

    def configure(self):
        self.vici = "unix://%s/vici" % self.directory
        self.etc = folder(self.directory / "etc")
        for name in ("x509", "x509ca", "private"):
            folder(self.etc / name)
        (self.directory / "strongswan.conf").write_text(DAEMON.format(
            directory=self.directory, vici=self.vici, port=self.ike_port,
            port_nat_t=self.ike_port + 1))
        # The NAT-T port is that which takes IKE from any other port.
        (self.etc / "swanctl.conf").write_text(CONNECTION.format(
            port=self.ike_port + 1, remote_port=self.remote_port + 1,
            certificate="swanctl.pem"))
        # The preset's second command cannot stand in a line.
        script = self.directory / "load"
        words = " ".join("%s=%s" % pair for pair in self.variables().items())
        script.write_text(
            "#!/bin/sh\nset -e\nexport %s\n"
            "%s --load-creds --clear --noprompt --uri %s\n%s --load-conns --uri %s\n"
            % (words, SWANCTL, self.vici, SWANCTL, self.vici))
        script.chmod(0o755)

    def variables(self):
        return {"STRONGSWAN_CONF": str(self.directory / "strongswan.conf"),
                "SWANCTL_DIR": str(self.etc)}

    def command(self):
        return [*self.namespace.prefix, "/usr/sbin/charon-systemd"]

    def files(self):
        return {"key": self.etc / "private" / "swanctl.pem",
                "chain": self.etc / "x509ca" / "ca.pem",
                "cert": self.etc / "x509" / "swanctl.pem"}

    def words(self):
        return {"reload": self.directory / "load", "enabled": self.is_on()}

    def is_up(self):
        return self.ask("--stats").returncode == 0

    def start(self):
        super().start()
        self.pid_file.write_text("%d\n" % self.process.pid)
        # As the unit of the system does.
        subprocess.run([self.directory / "load"], check=True, capture_output=True, timeout=scaled(20))
        return self

    def ask(self, *words):
        return subprocess.run(
            [SWANCTL, *words, "--uri", self.vici], capture_output=True, timeout=scaled(30),
            env=environment(PATH=TOOLS, **self.variables()))

    def authorities(self):
        """The CA certificates that charon has."""
        said = self.ask("--list-certs", "--type", "x509", "--flag", "ca", "--pem")
        parts = said.stdout.split(END)[:-1]
        return [x509.load_pem_x509_certificate(p[p.index(b"-----BEGIN"):] + END)
                for p in parts]

    def own(self):
        """The serials of those whose private key it has; a peer's are listed,
        too, while it remembers them."""
        said = self.ask("--list-certs", "--type", "x509", "--flag", "none").stdout.decode()
        return [int(re.search(r"serial: +(\S+)", part).group(1).replace(":", ""), 16)
                for part in said.split("subject:")[1:] if "has private key" in part]

    def served(self):
        (serial,) = self.own()
        return serial

    def close(self):
        self.stop()
        if not self.is_guest:
            self.namespace.close()
