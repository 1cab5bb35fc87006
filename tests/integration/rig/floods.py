# SPDX-License-Identifier: Apache-2.0
"""Servers that never stop sending: a proxy's answer to CONNECT, and the session
tickets of TLS 1.3, which `openssl s_server` sends behind the handshake."""

import socket
import subprocess
import threading

from .processes import end, environment, free_port, spawn, wait_until

# 0.5 MB/s is enough to hold a client that reads for as long as there is
# something to read.
PIECE, PAUSE = 50000, 0.1
TICKETS = 2000000000

ANSWERS = {
    # The answer to a CONNECT, and a line that is repeated behind it.
    "header": (b"HTTP/1.1 200 OK\r\n", b"X-Flood: %s\r\n" % (b"y" * 80)),
    "body": (b"HTTP/1.1 407 No\r\nContent-Length: 99999999999\r\n\r\n", b"y" * 100),
    "chunks": (
        b"HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"64\r\n%s\r\n" % (b"y" * 100),
    ),
}


class ConnectFlood:
    """A proxy that answers each request without end."""

    def __init__(self, kind):
        self.begin, line = ANSWERS[kind]
        self.piece = line * (PIECE // len(line))
        self.sent = 0
        self.stopped = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.flood, args=(client,), daemon=True).start()

    def flood(self, client):
        try:
            client.recv(65536)
            client.sendall(self.begin)
            while not self.stopped.wait(PAUSE):
                client.sendall(self.piece)
                self.sent += len(self.piece)
        except OSError:
            pass
        finally:
            client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class TicketFlood:
    """An https server that sends session tickets without end."""

    def __init__(self, certificate, log):
        self.port = free_port(socket.SOCK_STREAM)
        self.log = open(log, "ab")
        self.process = spawn(
            ["openssl", "s_server", "-accept", "127.0.0.1:%d" % self.port,
             "-cert", certificate, "-key", certificate, "-tls1_3", "-quiet",
             "-num_tickets", TICKETS],
            env=environment(), stdin=subprocess.PIPE, stdout=self.log, stderr=self.log,
        )
        wait_until(self.listens, 20, "openssl s_server")
        self.url = "https://127.0.0.1:%d/scep" % self.port

    def listens(self):
        wanted = ":%04X" % self.port
        with open("/proc/net/tcp", encoding="ascii") as file:
            fields = [line.split() for line in file.readlines()[1:]]
        return any(f[1].endswith(wanted) and f[3] == "0A" for f in fields)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)
        self.process.stdin.close()
        self.log.close()
