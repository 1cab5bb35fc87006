# SPDX-License-Identifier: Apache-2.0
"""Things that may stand between a device and its CA: TLS, another address, a proxy.
Each listens on loopback, hands on to one port, and counts what came."""

import datetime
import http.client
import ipaddress
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .processes import scaled

PEM = serialization.Encoding.PEM


OLD_TLS = """\
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = old
[old]
MinProtocol = None
CipherString = DEFAULT:@SECLEVEL=0
"""


def permit_old_tls(path):
    """An environment in which OpenSSL itself refuses no version of TLS."""
    path.write_text(OLD_TLS)
    return {"OPENSSL_CONF": str(path)}


def write_certificate(path, *names, begin=-1, end=48, usages=()):
    """A self-signed certificate for these hosts, with its key behind it; times
    in hours from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    now = datetime.datetime.utcnow()
    kinds = []
    for each in names:
        try:
            kinds.append(x509.IPAddress(ipaddress.ip_address(each)))
        except ValueError:
            kinds.append(x509.DNSName(each))
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(hours=begin))
        .not_valid_after(now + datetime.timedelta(hours=end))
        .add_extension(x509.SubjectAlternativeName(kinds), False)
    )
    if usages:
        made = made.add_extension(x509.ExtendedKeyUsage(usages), False)
    made = made.sign(key, hashes.SHA256())
    secret = key.private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(PEM) + secret)
    return str(path)


def pump(source, target):
    """Copies until one side ends, and ends the other."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def join(one, other):
    threading.Thread(target=pump, args=(one, other), daemon=True).start()
    pump(other, one)


class Relay:
    """Hands connections on to a port of 127.0.0.1, out of TLS if it has a
    certificate."""

    def __init__(self, target, certificate=None, host="127.0.0.1", version=None):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.port = self.listener.getsockname()[1]
        self.target = target
        self.connections = 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if version:
                self.context.set_ciphers("ALL:@SECLEVEL=0")
                self.context.minimum_version = self.context.maximum_version = version
            self.context.load_cert_chain(certificate)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.handle, args=(client,), daemon=True).start()

    def handle(self, client):
        try:
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
            join(client, socket.create_connection(("127.0.0.1", self.target)))
        except OSError:
            pass
        finally:
            client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Proxy:
    """A proxy for which every host is the same port of 127.0.0.1."""

    def __init__(self, target):
        proxy = self
        self.asked = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format, *args):
                pass

            def do_CONNECT(self):
                proxy.asked.append("CONNECT " + self.path)
                self.send_response(200)
                self.end_headers()
                join(self.connection, socket.create_connection(("127.0.0.1", target)))
                self.close_connection = True

            def do_GET(self):
                proxy.asked.append(self.command + " " + self.path.split("?")[0])
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                wanted = ("Content-Type",)
                headers = {n: self.headers[n] for n in wanted if n in self.headers}
                path = "/" + self.path.split("://", 1)[1].partition("/")[2]
                onward = http.client.HTTPConnection("127.0.0.1", target, timeout=scaled(20))
                onward.request(self.command, path, body, headers)
                answer = onward.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
