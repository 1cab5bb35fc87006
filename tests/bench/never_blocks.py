#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""1,000 snmpget while an RSA-4096 key is made, while the CA hangs, and after
Sets.

usage: tests/bench/never_blocks.py [COUNT]

Starts a private snmpd, a CA and scepagentd ($SCEPAGENTD, else that of
build/plain), prints the figures of all phases, and compares them with the
same gets while nothing is done.  Exits with 1 if an answer took 250 ms."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from rig import program  # noqa: E402
from rig.agent import Agent  # noqa: E402
from rig.device import Device, new_ca  # noqa: E402
from rig.latency import measure, sets_while_hanging, timed_get  # noqa: E402
from rig.master import Master  # noqa: E402

BOUND = 0.250
# As many values as scepAutoPollCount has.
POLLS = 1080


def line(name, times):
    ordered = sorted(times)

    def at(share):
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    print(
        "%-34s %6d gets, ms: p50 %7.3f, p99 %7.3f, worst %7.3f"
        % (name, len(times), at(0.50), at(0.99), 1000 * ordered[-1])
    )
    return ordered[len(ordered) // 2]


def run(directory, count):
    mibs = program.write_mibs(directory / "mibs")
    master = Master(directory / "master", mibs).start()
    agent = Agent(directory / "agent", master)
    ca = new_ca(directory / "ca")
    try:
        agent.start()
        idle = [timed_get(master.quick_reader) for _ in range(count)]
        device = Device(directory, master, agent, ca)
        making, hanging = measure(device, count)
        setting = sets_while_hanging(device, min(count, POLLS))
    finally:
        agent.stop()
        master.close()
        ca.stop()
    base = line("idle", idle)
    for name, times in (
        ("RSA 4096 is being made", making),
        ("the CA hangs at PKIOperation", hanging),
        ("the same, each after a Set", setting),
    ):
        middle = line(name, times)
        print("%34s %.1f times the idle median" % ("", middle / base))
    times = making + hanging + setting
    slow = [t for t in times if t >= BOUND]
    print("%d of %d took %g ms or more" % (len(slow), len(times), 1000 * BOUND))
    return 1 if slow else 0


def main(arguments):
    count = int(arguments[0]) if arguments else 1000
    with tempfile.TemporaryDirectory(prefix="scepagent-bench.") as directory:
        return run(Path(directory), count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
