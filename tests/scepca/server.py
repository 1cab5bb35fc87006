# SPDX-License-Identifier: Apache-2.0
"""The HTTP side: requests taken apart, answers sent, every exchange logged.

What an answer says is decided in service.py; this module adds the faults of
HTTP that the behaviour asks for.
"""

import base64
import binascii
import ipaddress
import json
import re
import socket
import sys
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from .behaviour import BehaviourError, Context
from .messages import Unreadable
from .names import CONTENT_TYPES
from .service import Answer
from .transport import TRANSPORTS

CONTROL_PATH = "/_control"
REDIRECTED_PATH = "/redirected"
HANGS = {"before": "hang_before", "after": "hang_after"}


def is_loopback(address):
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address, port, service):
        if not is_loopback(address):
            raise ValueError("%s is not a loopback address" % address)
        if ":" in address:
            self.address_family = socket.AF_INET6
        self.service = service
        super().__init__((address, port), Handler)

    @property
    def url(self):
        address, port = self.server_address[:2]
        host = "[%s]" % address if ":" in address else address
        return "http://%s:%d/scep" % (host, port)

    def handle_error(self, request, client_address):
        """A client that goes away is no error of ours; the rest is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def parse_query(query):
    """The parameters, percent-decoded, with `+` left as it is: base64 in a URL
    must be escaped, and reading a bare plus as a blank would hide that."""
    found = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name:
            found[unquote(name)] = (unquote(value), value)
    return found


def decode_get_message(text, raw):
    """The message of a GET, and what is wrong with its form."""
    notes = []
    if re.search(r"[+/=]", raw):
        notes.append("base64 is not percent-escaped")
    if re.search(r"\s", text):
        notes.append("blanks or line breaks in base64")
    if re.search(r"[-_]", text):
        notes.append("base64url in place of base64")
        # RFC 4648, 3.2: and its padding may be left out.
        text = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(re.sub(r"\s", "", text), validate=True), notes
    except binascii.Error as error:
        raise Unreadable("base64: %s" % error) from None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.served = 0

    def log_message(self, format, *args):
        """The log is log.jsonl; standard error stays quiet."""

    def do_GET(self):
        self._serve(b"")

    def do_POST(self):
        self._serve(self._body())

    def do_PUT(self):
        body = self._body()
        if urlsplit(self.path).path == CONTROL_PATH:
            self._control(body)
        else:
            self._send(Answer(b"not here\n", "text/plain", 405))

    def _body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    # --------------------------------------------------------------- control

    def _control(self, body):
        service = self.server.service
        try:
            changes = json.loads(body) if body else {}
            release = changes.pop("release", None)
            revoke = changes.pop("revoke", None)
            service.behaviour.merge(changes)
            if release is not None:
                service.release(release)
            if revoke is not None:
                service.revoke(revoke)
        except (BehaviourError, ValueError, AttributeError) as error:
            self._send(Answer(b"%s\n" % str(error).encode(), "text/plain", 400))
            return
        state = {"url": self.server.url, **service.state()}
        self._send(Answer(json.dumps(state).encode(), "application/json"))

    # ------------------------------------------------------------------ SCEP

    def _serve(self, body):
        self.served += 1
        split = urlsplit(self.path)
        if split.path == CONTROL_PATH:
            self._control(b"")
            return
        query = parse_query(split.query)
        operation = query.get("operation", ("", ""))[0]
        entry = self._entry(split.path, query, operation)
        context = Context(operation)
        answer = Answer(b"no such operation\n", "text/plain", 404)
        if operation == "PKIOperation":
            context, answer = self._pki_operation(context, query, body, entry)
        elif operation in ("GetCACaps", "GetCACert", "GetNextCACert"):
            answer = self._scripted(context) or self._plain(operation)
        self._finish(context, answer, entry)

    def _entry(self, path, query, operation):
        return {
            "time": time.time(),
            "operation": operation,
            "method": self.command,
            "path": path,
            "query_keys": sorted(query),
            "ca_identifier": query.get("message", ("", ""))[0]
            if operation != "PKIOperation"
            else None,
            "peer_port": self.client_address[1],
            "request_on_connection": self.served,
            "user_agent": self.headers.get("User-Agent"),
            "request_content_type": self.headers.get("Content-Type"),
        }

    def _plain(self, operation):
        service = self.server.service
        return {
            "GetCACaps": service.ca_caps,
            "GetCACert": service.ca_cert,
            "GetNextCACert": service.next_ca_cert,
        }[operation]()

    def _pki_operation(self, context, query, body, entry):
        """Reads the message first, so that the behaviour can tell a CertPoll
        from a PKCSReq; a scripted HTTP answer leaves it unanswered."""
        service = self.server.service
        entry["request_bytes"] = len(body)
        try:
            raw, notes = self._message(query, body)
            request, refusal = service.read(raw, notes)
        except Unreadable as error:
            entry.update(outcome="unreadable", error=str(error))
            answer = Answer(b"unreadable\n", "text/plain", 400)
            return context, self._scripted(context) or answer
        context = service.context_of(request)
        scripted = self._scripted(context)
        if scripted is not None:
            scripted.facts = {**request.facts, "outcome": "not acted on"}
            return context, scripted
        return context, service.reply(request, refusal, context)

    def _message(self, query, body):
        if self.command == "GET":
            return decode_get_message(*query.get("message", ("", "")))
        notes = []
        if self.headers.get_content_type() != CONTENT_TYPES["message"]:
            notes.append("Content-Type is %s" % self.headers.get("Content-Type"))
        return body, notes

    def _scripted(self, context):
        """An answer of HTTP alone, if the behaviour has one for this request."""
        behaviour = self.server.service.behaviour
        status = behaviour.take("http_status", context)
        if status is not None:
            status = status if isinstance(status, dict) else {"status": status}
            body = status.get("body", "scripted answer\n").encode()
            headers = list(status.get("headers", {}).items())
            return Answer(body, "text/plain", status["status"], headers=headers)
        if urlsplit(self.path).path != REDIRECTED_PATH:
            location = behaviour.take("redirect", context)
            if location is not None:
                return self._redirection(location)
        body = behaviour.take("body", context)
        if body is not None:
            return Answer(base64.b64decode(body), "application/octet-stream")
        return None

    def _redirection(self, location):
        """`self` leads to another path of this server, which answers."""
        if location == "self":
            base = self.server.url[: -len("/scep")]
            location = base + REDIRECTED_PATH + "?" + urlsplit(self.path).query
        headers = [("Location", location)]
        return Answer(b"moved\n", "text/plain", 302, headers=headers)

    # ---------------------------------------------------------------- answer

    def _finish(self, context, answer, entry):
        """Edits, logs and only then sends, so that a test that reads of an
        exchange in the log can act before the answer arrives."""
        take = self.server.service.behaviour.take
        content_type = take("content_type", context)
        answer.content_type = content_type or answer.content_type
        cut = take("truncate", context)
        if cut is not None:
            answer.body = answer.body[:cut]
        answer.headers += (take("headers", context) or {}).items()
        answer.body += bytes(take("trailing", context) or 0)
        answer.body += (take("behind", context) or "").encode()
        fault = HANGS.get(take("hang", context)) or take("transport", context)
        delay = take("delay", context) or 0
        entry.update(
            answer.facts,
            http_status=answer.status,
            response_bytes=len(answer.body),
            transport=fault,
            delay=delay,
        )
        self.server.service.store.log(entry)
        if delay:
            time.sleep(delay)
        if fault is None:
            self._send(answer)
        else:
            self.close_connection = True
            TRANSPORTS[fault](self, answer)

    def _send(self, answer):
        self.send_response_only(answer.status)
        date = self.server.service.behaviour.get("date")
        if date != "absent":
            self.send_header("Date", formatdate(time.time() + (date or 0), usegmt=True))
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self._headers_buffer.append(b"\r\n" + answer.body)
        self.flush_headers()
