# SPDX-License-Identifier: Apache-2.0
"""Foreign parties that never stop sending stop nothing: every Set and Get is
answered, the service manager hears that the program is alive, and the exchange
ends at its time-out."""

import pytest

from rig.agent import Agent
from rig.between import write_certificate
from rig.device import Device, new_ca
from rig.floods import ANSWERS, ConnectFlood, TicketFlood
from rig.latency import sets_until_end
from rig.master import Master
from rig.notify import Manager

TIMEOUT = 3


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return write_certificate(tmp_path_factory.mktemp("tls") / "flood.pem", "127.0.0.1")


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    running = Manager(tmp_path_factory.mktemp("manager"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory, mibs, certificate, manager):
    """As everywhere, with a caFile and a service manager."""
    directory = tmp_path_factory.mktemp("device")
    master = Master(directory / "master", mibs)
    agent = Agent(directory / "agent", master, ["caFile " + certificate])
    agent.environment = manager.environment
    ca = new_ca(directory / "ca")
    try:
        master.start()
        agent.start()
        yield Device(directory, master, agent, ca)
    finally:
        agent.stop()
        master.close()
        ca.stop()


def assert_goes_on(device, manager, url, proxy="", text="time-out after %d s" % TIMEOUT):
    """Sends, and goes on with Sets and Gets until the request has ended."""
    device.point_at(url=url, ProxyUrl=proxy, Timeout=TIMEOUT)
    try:
        before = manager.count("WATCHDOG=1")
        index = device.send(common_name="flooded.example.net")
        times = sets_until_end(device, index, limit=TIMEOUT + 10)
        row = device.status(index)
        assert row["State"] == "error" and row["Detail"] == "commError", row
        assert text in row["Text"], row
        assert times
        manager.wait_for("WATCHDOG=1")
        if "time-out" in text:
            assert manager.count("WATCHDOG=1") > before + 1
    finally:
        device.point_at(ProxyUrl="", Timeout=30)
    device.enrol(common_name="after.example.net")


@pytest.mark.parametrize("kind", sorted(set(ANSWERS) - {"header"}))
def test_a_proxy_that_answers_CONNECT_without_end(device, manager, kind):
    with ConnectFlood(kind) as proxy:
        assert_goes_on(device, manager, "https://ca.example/scep", proxy.url)
        assert proxy.sent > 0


def test_a_header_of_a_proxy_without_end_is_cut(device, manager):
    with ConnectFlood("header") as proxy:
        assert_goes_on(device, manager, "https://ca.example/scep", proxy.url,
                       text="no connection to proxy")


def test_an_https_server_that_sends_session_tickets_without_end(
        device, manager, certificate, tmp_path):
    with TicketFlood(certificate, tmp_path / "s_server.log") as server:
        assert_goes_on(device, manager, server.url)
