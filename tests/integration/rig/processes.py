# SPDX-License-Identifier: Apache-2.0
"""Processes of a test: none outlives the test run, whatever way it ends."""

import ctypes
import os
import signal
import socket
import subprocess

from . import program  # noqa: F401  (makes the packages of tests/ known)
from scepca.deadline import POLL_INTERVAL, factor, scaled, wait_until  # noqa: F401

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """For preexec_fn: the kernel kills the child when the test run dies."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def spawn(command, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(
        [str(word) for word in command], preexec_fn=die_with_parent, **options
    )


def end(process, first=signal.SIGTERM, limit=5):
    """Ends a process for sure; gives its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.send_signal(first)
        try:
            process.wait(timeout=scaled(limit))
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait(timeout=scaled(10))


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children(pid):
    """The pids of the children of a process."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def is_alive(pid):
    """Tells whether there is such a process that is no zombie.  Of a process that is
    killed, one thread can be a zombie while the others still hold its files."""
    try:
        tasks = os.listdir("/proc/%d/task" % pid)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(state_of("/proc/%d/task/%s/stat" % (pid, task)) not in "ZX" for task in tasks)


def state_of(path):
    """The letter of the state in a stat file of /proc; X if there is none."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def environment(**more):
    """A clean environment: nothing of Net-SNMP's and no proxy of the user's."""
    names = ("PATH", "HOME", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", **more}
