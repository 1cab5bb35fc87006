# SPDX-License-Identifier: Apache-2.0
"""Starts CAs fast: a process that has imported all that a CA needs, and forks
one for each that is asked for.  The imports are most of a CA's start.

    spawn(words, errors)     as `python3 tests/scepca WORDS`, with standard
                             error to that file

The first call of a process starts its nursery, which ends with it.  A CA has a
pipe as its standard input, whose other end only the caller holds.  Only the
standard library is used here."""

import json
import os
import random
import select
import signal
import socket
import subprocess

PYTHON = "/usr/bin/python3"
LONGEST = 1 << 16
_link = None


class Child:
    """A CA, with what of subprocess.Popen a test needs.  It is a child of the
    nursery, so that nobody here knows its exit code."""

    def __init__(self, pid, stdin):
        self.pid = pid
        self.stdin = stdin
        self.descriptor = os.pidfd_open(pid)

    def __del__(self):
        os.close(self.descriptor)

    def poll(self):
        return 0 if select.select([self.descriptor], [], [], 0)[0] else None

    def wait(self, timeout):
        if not select.select([self.descriptor], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("scepca", timeout)

    def terminate(self):
        self._send(signal.SIGTERM)

    def kill(self):
        self._send(signal.SIGKILL)

    def _send(self, number):
        try:
            signal.pidfd_send_signal(self.descriptor, number)
        except ProcessLookupError:
            pass


def _open():
    """Starts the nursery of this process; gives the socket to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [PYTHON, os.path.dirname(os.path.abspath(__file__)), "--nursery"],
            stdin=theirs,
        )
    return ours


def spawn(words, errors):
    global _link
    if _link is None:
        _link = _open()
    theirs, ours = os.pipe()
    socket.send_fds(_link, [json.dumps(words).encode()], [theirs, errors.fileno()])
    os.close(theirs)
    pid = int(_link.recv(LONGEST))
    return Child(pid, os.fdopen(ours, "wb"))


# ------------------------------------------------------- in the nursery itself --


def serve(main):
    """Forks a CA for each message, until the other end is closed.  Returns
    main(words) in each of them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = socket.socket(fileno=0)
    while True:
        message, descriptors, _, _ = socket.recv_fds(link, LONGEST, 2)
        if not message:
            os._exit(0)
        reap()
        pid = os.fork()
        if pid == 0:
            break
        for descriptor in descriptors:
            os.close(descriptor)
        link.send(b"%d" % pid)
    link.detach()
    for target, descriptor in zip((0, 2), descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    # Else all would draw the same numbers.
    random.seed()
    return main(json.loads(message))


def reap():
    """A CA stays a zombie until the next one is asked for: until then its pid
    is its own."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
