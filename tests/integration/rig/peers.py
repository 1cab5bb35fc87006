# SPDX-License-Identifier: Apache-2.0
"""SCEP clients that nobody here wrote, as a test has them: `pki` of
strongSwan and `scepclient` of Micromdm, both of Debian."""

import subprocess
from pathlib import Path

from .processes import environment, scaled


def run(directory, *words, prefix=()):
    """Runs one to its end; the words are those of its own manual."""
    Path(directory).mkdir(exist_ok=True)
    return subprocess.run(
        [*prefix, *map(str, words)], cwd=directory, capture_output=True,
        env=environment(), timeout=scaled(60),
    )


class Peer:
    """A client with files of its own, in a directory of its own."""

    def __init__(self, directory, url, prefix=()):
        self.directory = Path(directory)
        self.url = url
        self.prefix = list(prefix)

    def run(self, *words):
        return run(self.directory, *words, prefix=self.prefix)

    def pem(self, name, kind):
        """Returns the content of a file of the peer, whatever its form, as PEM."""
        made = run(self.directory, "openssl", kind, "-in", name)
        assert made.returncode == 0, made.stderr
        return made.stdout.decode()

    def check_pair(self, certificate, key):
        """Tells whether openssl says that key and certificate are of one pair."""
        of_key = run(self.directory, "openssl", "pkey", "-in", key, "-pubout")
        of_leaf = run(
            self.directory, "openssl", "x509", "-in", certificate, "-noout", "-pubkey"
        )
        assert of_key.stdout == of_leaf.stdout != b"", of_key.stderr + of_leaf.stderr


class StrongSwan(Peer):
    """pki --scep of 5.9.8: what it wants to know, it is told by options."""

    # It takes the numbers of the capabilities for their bits (mended in
    # 5.9.9), so that it sees AES and SHA-256 where SHA-384 is offered.
    CAPS = "AES\nPOSTPKIOperation\nRenewal\nSHA-256\nSHA-384\nSHA-512\nSCEPStandard\n"

    def get_ca_cert(self):
        """Fetches all of them; gives {common name: file}."""
        done = self.run("pki", "--scepca", "--url", self.url, "--force",
                        "--caout", "ca.der", "--raout", "ra.der")
        assert done.returncode == 0, done.stderr
        found = {}
        for path in self.directory.glob("[cr]a*.der"):
            said = run(self.directory, "openssl", "x509", "-in", path, "-noout",
                       "-subject", "-nameopt", "multiline")
            found[said.stdout.decode().rsplit("= ", 1)[1].strip()] = path.name
        return found

    def make_key(self, name):
        made = self.run("pki", "--gen", "--type", "rsa", "--size", "2048")
        assert made.returncode == 0, made.stderr
        (self.directory / name).write_bytes(made.stdout)

    def enrol(self, name, common_name, *words, encrypt, sign):
        """A new key and its certificate, in NAME.key and NAME.crt."""
        self.make_key(name + ".key")
        done = self.run(
            "pki", "--scep", "--url", self.url, "--in", name + ".key",
            "--dn", "C=LV, O=Example, CN=" + common_name,
            "--cacert-enc", encrypt, "--cacert-sig", sign,
            "--interval", "1", "--maxpolltime", "20", *words,
        )
        (self.directory / (name + ".crt")).write_bytes(done.stdout)
        assert done.returncode == 0, done.stderr.decode()[-600:]
        self.check_pair(name + ".crt", name + ".key")


class ScepClient(Peer):
    """scepclient 2.1.0, which encrypts with DES whatever it is offered, and
    goes on with the files that an earlier call has left."""

    CIPHERS = ["aes128", "3des", "des"]

    def enrol(self, *words):
        done = self.run(
            "scepclient", "-server-url", self.url, "-cn", "peer",
            "-private-key", "peer.key", "-certificate", "peer.crt", *words,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.check_pair("peer.crt", "peer.key")
