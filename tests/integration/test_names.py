# SPDX-License-Identifier: Apache-2.0
"""A name server that never answers, and all 64 profiles with names that only it
could know: a few threads wait for it, and everything else goes on."""

import json
import signal
from types import SimpleNamespace

import pytest

from rig.agent import Agent
from rig.device import CHALLENGE, Device
from rig.names import SilentNames
from rig.namespace import Namespace
from rig.processes import end, environment, spawn, wait_until
from rig.program import TESTS

GOOD = "good.example.net"
PROFILES = range(1, 65)
LAST = 64
# The program has 16 threads for names and a dozen for all else.
THREADS = 30
MEGABYTES = 600


@pytest.fixture
def namespace():
    made = Namespace()
    yield made
    made.close()


@pytest.fixture
def ca(namespace, tmp_path):
    """Reads the words of a CA in the namespace: port, fingerprint ..."""
    ready = tmp_path / "ready.json"
    process = spawn(
        [*namespace.prefix, "/usr/bin/python3", TESTS / "scepca", "--dir", tmp_path / "ca",
         "--challenge", CHALLENGE, "--ready-file", ready], env=environment(),
    )
    try:
        wait_until(ready.exists, 30, "CA")
        yield SimpleNamespace(**json.loads(ready.read_text()))
    finally:
        end(process)


@pytest.fixture
def own(namespace, tmp_path, master, ca):
    """snmpd is outside: its socket is a file."""
    names = SilentNames(tmp_path / "names", namespace, [GOOD])
    agent = Agent(tmp_path / "agent", master, ["keyLimit 100"], names.prefix)
    try:
        agent.start()
        yield Device(tmp_path, master, agent, ca)
    finally:
        agent.stop()
        names.close()


def send(device, profile, host):
    device.quick.set(
        ("scepServerUrl.%d" % profile, "http://%s:%d/scep" % (host, device.ca.port)),
        ("scepServerCaFingerprint.%d" % profile, bytes.fromhex(device.ca.fingerprint)),
        ("scepServerTimeout.%d" % profile, 20),
        ("scepAutoPoll.%d" % profile, "true"),
        ("scepAutoPollInterval.%d" % profile, 5),
        ("scepAutoPollCount.%d" % profile, 100),
        ("scepRequestKeyName.%d" % profile, "key %d" % profile),
        ("scepRequestCommonName.%d" % profile, "dev%d.example.net" % profile),
        ("scepRequestChallengePassword.%d" % profile, CHALLENGE),
        ("scepRequestAction.%d" % profile, "send"),
    )
    return device.quick.get("scepRequestStatusIndex.%d" % profile)


def size_of(pid):
    """Threads, and megabytes of address space."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        lines = dict(line.split(":", 1) for line in file)
    return int(lines["Threads"]), int(lines["VmSize"].split()[0]) // 1024


def test_a_silent_name_server_takes_few_threads_and_no_others_turn(own):
    for profile in PROFILES[1:]:
        own.quick.set(("scepProfileRowStatus.%d" % profile, "createAndGo"))
    silent = [send(own, profile, "silent%d.example.net" % profile)
              for profile in PROFILES[:-1]]
    good = send(own, LAST, GOOD)
    sizes = []

    def has_ended():
        sizes.append(size_of(own.agent.worker))
        own.quick.set(("scepNotifyExpiryDays.0", 1 + len(sizes) % 300))
        return own.status(good)["State"] == "successful"

    wait_until(has_ended, 90, "the request to the name that is known")
    assert max(threads for threads, _ in sizes) <= THREADS, sizes
    assert max(size for _, size in sizes) <= MEGABYTES, sizes
    # All others have had their turn, too, and go on.
    for index in silent:
        row = own.wait_status(index, limit=90, State="processing", Detail="commError")
        assert "silent" in row["Text"]
    own.agent.send_signal(signal.SIGTERM)
    assert own.agent.wait_end() == 0
    assert "does not stop" not in own.agent.log()
