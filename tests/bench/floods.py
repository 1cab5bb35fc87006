#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Sets while a foreign party never stops sending: a proxy's
answer to CONNECT (0.5 MB/s), and the session tickets of an https server.

usage: tests/bench/floods.py [SECONDS]

Each flood lasts until scepServerTimeout (10), and is compared with the same
Sets while nothing is done.  Prints the ratio of the worst Sets and of the
medians, and by how much the request outlived its time-out."""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from rig import program  # noqa: E402
from rig.agent import Agent  # noqa: E402
from rig.between import write_certificate  # noqa: E402
from rig.device import Device, new_ca  # noqa: E402
from rig.floods import ConnectFlood, TicketFlood  # noqa: E402
from rig.latency import sets_until_end  # noqa: E402
from rig.master import Master  # noqa: E402


def idle_sets(device, seconds):
    times = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        began = time.monotonic()
        device.quick.set(scepAutoPollCount=1 + len(times) % 1000)
        times.append(time.monotonic() - began)
    return times


def flooded_sets(device, seconds, url, proxy=""):
    """Times of Sets while a request is flooded, and how long it lasted."""
    device.point_at(url=url, ProxyUrl=proxy, Timeout=seconds)
    began = time.monotonic()
    times = sets_until_end(device, device.send(), limit=seconds + 10)
    lasted = time.monotonic() - began
    device.point_at(ProxyUrl="")
    return times, lasted


def show(name, times, idle=None):
    ordered = sorted(times)
    middle, worst = ordered[len(ordered) // 2], ordered[-1]
    line = "%-28s %6d Sets, ms: p50 %7.3f, worst %7.3f" % (
        name, len(times), 1000 * middle, 1000 * worst)
    if idle:
        line += "; %.1f and %.1f times idle" % (middle / idle[0], worst / idle[1])
    print(line)
    return middle, worst


def run(directory, seconds):
    mibs = program.write_mibs(directory / "mibs")
    certificate = write_certificate(directory / "flood.pem", "127.0.0.1")
    master = Master(directory / "master", mibs).start()
    agent = Agent(directory / "agent", master, ["caFile " + certificate])
    ca = new_ca(directory / "ca")
    try:
        agent.start()
        device = Device(directory, master, agent, ca)
        idle = show("idle", idle_sets(device, seconds))
        with ConnectFlood("body") as proxy:
            times, lasted = flooded_sets(
                device, seconds, "https://ca.example/scep", proxy.url)
        show("an answer to CONNECT", times, idle)
        print("%28s ended %.2f s after its time-out" % ("", lasted - seconds))
        with TicketFlood(certificate, directory / "s_server.log") as server:
            times, lasted = flooded_sets(device, seconds, server.url)
        show("session tickets", times, idle)
        print("%28s ended %.2f s after its time-out" % ("", lasted - seconds))
    finally:
        agent.stop()
        master.close()
        ca.stop()


def main(arguments):
    with tempfile.TemporaryDirectory(prefix="scepagent-bench.") as directory:
        run(Path(directory), int(arguments[0]) if arguments else 10)


if __name__ == "__main__":
    main(sys.argv[1:])
