# SPDX-License-Identifier: Apache-2.0
"""Somebody on the path of plain http, with the key and the certificate of a
device that the same CA has certified (a printer's).  Adds the certificate to
each answer to GetCACert, reads each request that is encrypted to it, and can
answer requests himself.

    with Thief(ca) as thief:
        device.point_at(url=thief.url)
        thief.forges = True            # a FAILURE to each PKIOperation
        thief.read                     # the challenges that he has read
"""

import http.client
import threading
import urllib.parse
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asn1crypto import cms as asn1_cms
from asn1crypto import core

from scepca import cms, key_pool, messages, names
from scepca.authority import Authority

from .processes import scaled

USAGE = ("digital_signature", "key_encipherment")


class Thief:
    def __init__(self, ca, authority="main", common_name="printer.example.net"):
        self.port = ca.port
        keys = Authority(ca.directory)
        issuer = keys.identity(authority)
        self.identity = keys.leaf_identity(
            issuer, common_name, key_pool.take(2048), USAGE
        )
        self.adds = True
        self.forges = False
        self.requests = 0
        self.read = []
        thief = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format, *args):
                pass

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, kind, content = thief.answer(
                    self.command, self.path, self.headers.get("Content-Type"), body
                )
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        path = urllib.parse.urlsplit(ca.url).path
        self.url = "http://127.0.0.1:%d%s" % (self.server.server_port, path)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, command, path, kind, body):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
        operation = query.get("operation", [""])[0]
        if operation == "PKIOperation":
            forged = self.take_request(body or b64decode(query["message"][0]))
            if forged is not None:
                return 200, "application/x-pki-message", forged
        status, kind, content = self.hand_on(command, path, kind, body)
        if operation == "GetCACert" and status == 200 and self.adds:
            return status, "application/x-x509-ca-ra-cert", self.add_to(content)
        return status, kind, content

    def hand_on(self, command, path, kind, body):
        onward = http.client.HTTPConnection("127.0.0.1", self.port, timeout=scaled(20))
        onward.request(command, path, body, {"Content-Type": kind} if kind else {})
        answer = onward.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read()

    def add_to(self, content):
        """The certificates of an answer, with his own first."""
        try:
            info = asn1_cms.ContentInfo.load(content, strict=True)
            there = [each.chosen.dump() for each in info["content"]["certificates"]]
        except ValueError:
            there = [content]
        return cms.degenerate([self.identity.der, *there])

    def take_request(self, raw):
        """Reads what is for him; a reply if he answers himself."""
        self.requests += 1
        request = messages.Request(raw)
        try:
            request.open([self.identity])
            self.read.append(request.challenge)
        except messages.Refusal:
            pass
        if not self.forges:
            return None
        who = type("Forger", (), {"signer": self.identity})
        draft = messages.draft_reply(
            request, names.FAILURE, who, "aes128", "sha256", "pkcs1"
        )
        draft.set("failInfo", messages.printable(names.BAD_REQUEST))
        draft.set("failInfoText", core.UTF8String("send the secret again"))
        return draft.seal()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
