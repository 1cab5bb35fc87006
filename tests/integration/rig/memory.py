# SPDX-License-Identifier: Apache-2.0
"""Reads the memory of a process through /proc.  scepagentd does not
let its own user read it (PR_SET_DUMPABLE), so that it takes root: an ordinary
user has this file run again by sudo."""

import json
import re
import subprocess
import sys

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


def look(pid, secret):
    """places() as one who may."""
    found = {}
    for at, octets, name in chunks(pid):
        position = octets.find(secret)
        while position >= 0:
            around = octets[max(0, position - 48) : position + len(secret) + 16]
            found[at + position] = (name, around)
            position = octets.find(secret, position + 1)
    return [(hex(address), *rest) for address, rest in sorted(found.items())]


def places(pid, secret):
    """[(address, name of the mapping, octets around)] of a secret."""
    try:
        return look(pid, secret)
    except PermissionError:
        pass
    # Not at the top: this file is also run alone.
    from .processes import scaled

    answer = subprocess.run(
        ["sudo", "-n", "/usr/bin/python3", __file__, str(pid)],
        input=secret.hex(), capture_output=True, text=True, check=True,
        timeout=scaled(60),
    )
    return [(where, name, bytes.fromhex(around))
            for where, name, around in json.loads(answer.stdout)]


def main():
    secret = bytes.fromhex(sys.stdin.read())
    found = look(int(sys.argv[1]), secret)
    print(json.dumps([(where, name, around.hex()) for where, name, around in found]))


if __name__ == "__main__":
    main()
