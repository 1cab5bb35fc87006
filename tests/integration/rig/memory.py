# SPDX-License-Identifier: Apache-2.0
"""Reads the memory of a process through /proc.  scepagentd does not let its own
user read it (PR_SET_DUMPABLE), unless it is started as rig.namespace.inspectable()
says."""

import re

MAP = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)")
# Parts that the kernel shows and that cannot be read, or are no memory of the process.
UNREADABLE = ("[vvar]", "[vsyscall]", "[vdso]", "[vvar_vclock]")
STEP = 1 << 24


def maps(pid):
    """(start, end, name) of what it can write to: heap, stacks, data."""
    with open("/proc/%d/maps" % pid, encoding="ascii", errors="replace") as file:
        for line in file:
            start, end, modes, name = MAP.match(line).groups()
            if modes.startswith("rw") and name not in UNREADABLE:
                yield int(start, 16), int(end, 16), name or "anonymous"


def chunks(pid):
    """(address, octets, name) of all of it, overlapping by a little."""
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as file:
        for start, end, name in maps(pid):
            for at in range(start, end, STEP):
                try:
                    file.seek(at)
                    octets = file.read(min(STEP + 4096, end - at))
                except OSError:
                    continue  # it has been given back meanwhile
                yield at, octets, name


def places(pid, secret):
    """[(address, name of the mapping, octets around)] of a secret."""
    found = {}
    for at, octets, name in chunks(pid):
        position = octets.find(secret)
        while position >= 0:
            around = octets[max(0, position - 48) : position + len(secret) + 16]
            found[at + position] = (name, around)
            position = octets.find(secret, position + 1)
    return [(hex(address), *rest) for address, rest in sorted(found.items())]
