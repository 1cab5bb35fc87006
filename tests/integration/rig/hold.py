# SPDX-License-Identifier: Apache-2.0
"""Holds one thread of a process still, as if it hung: a process of its own
traces it, which is the only way to stop a thread and leave the others.  The
process must be started as rig.namespace.inspectable() says.

usage: hold.py TID    holds until its input ends"""

import ctypes
import os
import subprocess
import sys
import threading

SEIZE, INTERRUPT = 0x4206, 0x4207  # ptrace(2)
ANY_THREAD = 0x40000000  # __WALL of waitpid(2)


def threads(pid, name):
    """The threads of a process with that name."""
    found = []
    for tid in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/comm" % (pid, tid), encoding="ascii") as file:
                if file.read().strip() == name:
                    found.append(int(tid))
        except FileNotFoundError:
            pass
    return found


class Hold:
    def __init__(self, tid):
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(tid)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        said = self.process.stdout.readline()
        assert said == b"held\n", said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


def main(tid):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for request in (SEIZE, INTERRUPT):
        if libc.ptrace(request, tid, None, None) != 0:
            sys.exit("ptrace: " + os.strerror(ctypes.get_errno()))
    os.waitpid(tid, ANY_THREAD)
    print("held", flush=True)
    # The end of this process lets the thread go on.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    try:
        os.waitpid(tid, ANY_THREAD)  # it was killed
    except ChildProcessError:
        pass
    sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
