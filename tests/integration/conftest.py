# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a private snmpd, scepagentd behind it, and a CA.

    device        all three, shared by the tests of one file, which leave them
                  running; the CA is as new for each test
    own           all three, of one test alone, to be killed and frozen
    master        a snmpd of one test alone
    make_agent    make_agent("line of scepagentd.conf", ...): not yet started
    agent_prefix  what make_agent puts in front of the program; a file that needs
                  something has a fixture of that name
    mibs          the folder with the MIB file and the shipped base modules
    real_keys     lets the programs of a test make their RSA keys; the keys of
                  other tests come from a pool (tests/lib/key_pool.h)

Every wait has a deadline; no test sleeps.
"""

import os

import pytest

from rig import program
from rig.agent import Agent
from rig.device import Device, new_ca, reset
from rig.master import Master


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "long: takes minutes; tests/long runs it, and ./check does not"
    )


@pytest.fixture(scope="session", autouse=True)
def key_pool(tmp_path_factory):
    """Lets all programs of a run share the number of the next key, so that no
    two of them have the same key."""
    build = os.path.dirname(program.scepagentd())
    os.environ.setdefault("TEST_KEYS", os.path.join(build, "tests", "keys"))
    os.environ["TEST_KEYS_NEXT"] = str(tmp_path_factory.getbasetemp() / "next-key")


@pytest.fixture
def real_keys(monkeypatch):
    monkeypatch.delenv("TEST_KEYS")


@pytest.fixture(scope="session")
def mibs(tmp_path_factory):
    return program.write_mibs(tmp_path_factory.mktemp("names") / "mibs")


@pytest.fixture
def master(tmp_path, mibs):
    running = Master(tmp_path / "master", mibs)
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture
def agent_prefix():
    return []


@pytest.fixture
def make_agent(tmp_path, master, agent_prefix):
    made = []

    def make(*lines, name=None):
        agent = Agent(tmp_path / (name or "agent%d" % len(made)), master, lines, agent_prefix)
        made.append(agent)
        return agent

    yield make
    for agent in made:
        agent.stop()


@pytest.fixture
def agent(make_agent):
    return make_agent().start()


@pytest.fixture
def ca(tmp_path):
    running = new_ca(tmp_path / "ca")
    yield running
    running.stop()


@pytest.fixture
def own(tmp_path, master, agent, ca):
    return Device(tmp_path, master, agent, ca)


@pytest.fixture(scope="module")
def shared(tmp_path_factory, mibs):
    directory = tmp_path_factory.mktemp("device")
    master = Master(directory / "master", mibs)
    agent = Agent(directory / "agent", master, ["keyLimit 1000"])
    ca = new_ca(directory / "ca")
    try:
        master.start()
        agent.start()
        yield Device(directory, master, agent, ca)
    finally:
        agent.stop()
        master.close()
        ca.stop()


@pytest.fixture
def device(shared):
    """The shared device; the worker that a test finds is the one it leaves."""
    reset(shared.ca)
    shared.settle()
    worker = shared.agent.worker
    yield shared
    assert shared.agent.worker == worker, (
        "scepagentd has died:\n" + shared.agent.everything()
    )
