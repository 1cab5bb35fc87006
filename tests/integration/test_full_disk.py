# SPDX-License-Identifier: Apache-2.0
"""The device itself is at fault: a full disk, no free descriptors.  Sets are refused
and change nothing, reads go on, and a request waits and loses nothing."""

import resource

import pytest

from rig.agent import Agent
from rig.device import Device
from rig.processes import wait_until
from rig.quick import Missing, Refused
from rig.small_disk import SmallDisk

OK = ("ok", set())


def wait_health(device, health, reasons):
    names = ("scepAgentHealth.0", "scepAgentHealthReason.0")
    wait_until(lambda: device.quick.get(*names) == [health, reasons], 10,
               "health %s %r" % (health, reasons))


@pytest.fixture
def cramped(tmp_path, master, ca):
    """A device with a state directory of 2 MB."""
    disk = SmallDisk(tmp_path / "cramped" / "state")
    agent = Agent(tmp_path / "cramped", master, prefix=disk.prefix)
    device = Device(tmp_path, master, agent, ca)
    device.disk = disk
    agent.start()
    yield device
    agent.stop()


def test_a_full_disk_refuses_each_Set_keeps_the_old_values_and_is_critical(cramped):
    quick, disk = cramped.quick, cramped.disk
    pid = cramped.agent.worker
    cramped.point_at()
    quick.set(("scepServerTimeout.1", 44), ("scepProfileRowStatus.2", "createAndGo"))
    disk.fill(pid)
    for pairs in (
        [("scepServerTimeout.1", 55)],
        [("scepAutoPollCount.1", 5), ("scepStatusMaxRows.0", 30)],
        [("scepProfileRowStatus.3", "createAndGo"), ("scepProfileName.3", "three")],
        [("scepRequestKeyName.1", "k"), ("scepRequestCommonName.1", "c"),
         ("scepRequestAction.1", "send")],
        [("scepProfileRowStatus.2", "destroy")],
    ):
        with pytest.raises(Refused) as refused:
            quick.set(*pairs)
        assert refused.value.status in ("commitFailed", "resourceUnavailable"), pairs
    wait_health(cramped, "critical", {"storageError"})
    assert quick.get("scepServerTimeout.1", "scepAutoPollCount.1", "scepStatusMaxRows.0",
                     "scepStatusLastIndex.0") == [44, 10, 20, 0]
    assert list(quick.table("scepProfileTable")) == [1, 2]
    with pytest.raises(Missing):
        quick.get("scepProfileName.3")
    # Reads go on, and what needs no disk does.
    assert len(quick.walk("scepClientMIB")) > 150
    quick.set(("scepRequestOrganization.1", "volatile"))
    disk.free(pid)
    quick.set(("scepServerTimeout.1", 66))
    wait_health(cramped, *OK)
    assert quick.get("scepServerTimeout.1") == 66
    cramped.enrol()


def test_a_disk_that_fills_up_keeps_an_open_request_as_it_is(cramped):
    cramped.point_at()
    cramped.ca.control(pending="forever")
    cramped.poll(5, interval=3600)
    index = cramped.send()
    cramped.wait_status(index, Detail="deferred")
    pid = cramped.agent.worker
    cramped.disk.fill(pid)
    with pytest.raises(Refused):
        cramped.quick.set(scepRequestAction="pollNow")
    wait_health(cramped, "critical", {"storageError"})
    assert cramped.status(index)["Detail"] == "deferred"
    cramped.disk.free(pid)
    cramped.ca.control(pending=None)
    cramped.quick.set(scepRequestAction="pollNow")
    assert cramped.wait_end(index)["State"] == "successful"
    wait_health(cramped, *OK)


def wait_held(device, index, cause):
    """Waits until the request waits for that cause, and everything says so."""
    row = device.wait_status(index, Detail="storageError")
    assert row["State"] == "processing" and cause in row["Text"], row
    wait_health(device, "critical", {"storageError"})
    words = device.quick.get("scepAgentHealthText.0")
    assert "request %d waits: " % index in words, words


def send_pending(device):
    """A request that is polled each 5 s; gives the index of its status row."""
    device.point_at()
    device.ca.control(pending="forever")
    device.poll(5, interval=5)
    index = device.send()
    device.wait_status(index, Detail="deferred")
    return index


def check_one_transaction(device, index):
    row = device.wait_end(index)
    assert (row["State"], row["Detail"]) == ("successful", "none"), row
    assert {entry["transaction_id"] for entry in device.pki_log()} == {row["TransactionId"]}
    wait_health(device, *OK)


def test_an_approval_that_meets_a_full_disk_is_not_thrown_away(cramped):
    index = send_pending(cramped)
    pid = cramped.agent.worker
    cramped.disk.fill(pid)
    cramped.ca.control(pending=None)
    wait_held(cramped, index, "full")
    cramped.disk.free(pid)
    check_one_transaction(cramped, index)


def test_it_is_not_thrown_away_by_a_restart_on_the_full_disk(cramped):
    index = send_pending(cramped)
    pid = cramped.agent.worker
    cramped.disk.fill(pid)
    cramped.ca.control(pending=None)
    wait_held(cramped, index, "full")
    cramped.agent.kill_worker()
    wait_until(lambda: cramped.agent.worker not in (None, pid), 10, "another worker")
    wait_until(cramped.agent.answers, 10, "its answers")
    cramped.disk.free(cramped.agent.worker)
    check_one_transaction(cramped, index)


def test_without_free_descriptors_a_request_waits_and_says_why(own):
    index = send_pending(own)
    pid = own.agent.worker
    limit = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, limit[1]))
    own.ca.control(pending=None)
    wait_held(own, index, "LimitNOFILE")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
    check_one_transaction(own, index)


# -------------------------------------------------------------- from the start --


@pytest.fixture
def make_spoilt(tmp_path, master, ca):
    """make_spoilt("full"): a device whose disk is so when the program starts."""
    made = []

    def make(prepared):
        disk = SmallDisk(tmp_path / "spoilt" / "state", prepared=prepared)
        agent = Agent(tmp_path / "spoilt", master, prefix=disk.prefix)
        device = Device(tmp_path, master, agent, ca)
        device.disk = disk
        made.append(agent)
        agent.start()
        return device

    yield make
    for agent in made:
        agent.stop()


@pytest.mark.parametrize("prepared, cause", [
    ("full", "disk is full"), ("read-only", "Read-only file system")])
def test_a_disk_that_takes_nothing_from_the_start_on(make_spoilt, prepared, cause):
    spoilt = make_spoilt(prepared)
    wait_health(spoilt, "critical", {"storageError"})
    assert cause in spoilt.agent.log()
    # The MIB is up, and nothing begins.
    assert len(spoilt.quick.walk("scepClientMIB")) > 30
    with pytest.raises(Refused) as refused:
        spoilt.point_at()
    assert refused.value.status in ("commitFailed", "resourceUnavailable")
    worker = spoilt.agent.worker
    if prepared == "full":
        spoilt.disk.free(worker)
    else:
        spoilt.disk.make_writable(worker)
    wait_until(spoilt.agent.has_default_key, 60, "the default key")
    wait_health(spoilt, *OK)
    spoilt.point_at()
    spoilt.enrol()
    assert spoilt.agent.worker == worker
