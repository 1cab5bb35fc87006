# SPDX-License-Identifier: Apache-2.0
"""Faults of the HTTP transport, each a function over the open connection.

Each gets the request handler and the answer that was to be sent, and ends
with the connection closed.  A fault that waits does so until the client goes
away; the process may be ended at any time meanwhile.
"""

import gzip
import socket
import struct

TRANSPORTS = {}
MEGABYTE = 1 << 20


def transport(function):
    TRANSPORTS[function.__name__] = function
    return function


def about(name):
    return " ".join(TRANSPORTS[name].__doc__.split())


def send_raw(handler, answer, headers, body):
    """A status line and exactly these headers, then these bytes."""
    lines = ["HTTP/1.1 %d %s" % (answer.status, "Scripted")]
    lines += ["%s: %s" % header for header in headers]
    handler.wfile.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
    handler.wfile.flush()


def type_and_length(answer, length=None):
    length = len(answer.body) if length is None else length
    return [("Content-Type", answer.content_type), ("Content-Length", length)]


def wait_for_end(handler):
    """Returns when the client has closed its end."""
    handler.connection.settimeout(None)
    try:
        while handler.connection.recv(4096):
            pass
    except OSError:
        pass


@transport
def hang_before(handler, answer):
    """nothing is ever sent"""
    wait_for_end(handler)


@transport
def hang_after(handler, answer):
    """the headers are sent and never the body"""
    send_raw(handler, answer, type_and_length(answer), b"")
    wait_for_end(handler)


@transport
def hang_half_way(handler, answer):
    """the headers and half of the body are sent"""
    half = answer.body[: len(answer.body) // 2]
    send_raw(handler, answer, type_and_length(answer), half)
    wait_for_end(handler)


@transport
def trickle(handler, answer):
    """one byte of the body every half second"""
    send_raw(handler, answer, type_and_length(answer), b"")
    handler.connection.settimeout(0.5)
    for index in range(len(answer.body)):
        handler.wfile.write(answer.body[index : index + 1])
        try:
            if not handler.connection.recv(1):
                return
        except socket.timeout:
            continue


@transport
def reset(handler, answer):
    """the connection is reset in place of an answer"""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    # The two file objects hold the socket open until they are closed as well.
    handler.rfile.close()
    handler.connection.close()


@transport
def close(handler, answer):
    """the connection is closed in place of an answer"""


@transport
def close_after(handler, answer):
    """a whole answer, with Connection: close"""
    headers = type_and_length(answer) + [("Connection", "close")]
    send_raw(handler, answer, headers, answer.body)


@transport
def no_length(handler, answer):
    """a whole answer whose end is the end of the connection"""
    headers = [("Content-Type", answer.content_type), ("Connection", "close")]
    send_raw(handler, answer, headers, answer.body)


@transport
def short_body(handler, answer):
    """the body ends ten bytes before the announced length"""
    send_raw(handler, answer, type_and_length(answer), answer.body[:-10])


@transport
def chunked(handler, answer):
    """a whole answer in chunks of 100 bytes"""
    headers = [("Content-Type", answer.content_type), ("Transfer-Encoding", "chunked")]
    parts = [answer.body[i : i + 100] for i in range(0, len(answer.body), 100)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    send_raw(handler, answer, headers, body + b"0\r\n\r\n")


@transport
def bad_chunk(handler, answer):
    """a chunk length that is no number"""
    headers = [("Content-Type", answer.content_type), ("Transfer-Encoding", "chunked")]
    send_raw(handler, answer, headers, b"zz\r\n" + answer.body + b"\r\n0\r\n\r\n")


@transport
def two_lengths(handler, answer):
    """two Content-Lengths that contradict each other"""
    headers = type_and_length(answer) + [("Content-Length", 5)]
    send_raw(handler, answer, headers, answer.body)


@transport
def header_flood(handler, answer):
    """20,000 header lines before the answer"""
    flood = [("X-Flood-%d" % i, "y" * 80) for i in range(20000)]
    send_raw(handler, answer, flood + type_and_length(answer), answer.body)


@transport
def huge_body(handler, answer):
    """the answer, and then zeros up to 100 megabytes"""
    size = 100 * MEGABYTE
    send_raw(handler, answer, type_and_length(answer, size), answer.body)
    block = bytes(MEGABYTE)
    left = size - len(answer.body)
    while left > 0:
        handler.wfile.write(block[:left])
        left -= len(block)


@transport
def gzip_bomb(handler, answer):
    """Content-Encoding gzip, unasked, of 100 megabytes of zeros"""
    # RFC 1952, 2.2: a file may have many members, and one is soon made.
    body = gzip.compress(bytes(MEGABYTE)) * 100
    headers = type_and_length(answer, len(body)) + [("Content-Encoding", "gzip")]
    send_raw(handler, answer, headers, body)


@transport
def gzip_answer(handler, answer):
    """the honest answer with Content-Encoding gzip, unasked"""
    body = gzip.compress(answer.body)
    headers = type_and_length(answer, len(body)) + [("Content-Encoding", "gzip")]
    send_raw(handler, answer, headers, body)


@transport
def not_http(handler, answer):
    """the body without any HTTP around it"""
    handler.wfile.write(answer.body)
