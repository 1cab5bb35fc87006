# SPDX-License-Identifier: Apache-2.0
"""Notifications and counters: what a snmptrapd of the system is told, as v2c
traps and as v3 informs, and what scepStats and scepAgentHealth say of it."""

import dataclasses
import os

import pytest

from rig.agent import Agent
from rig.device import Device, new_ca, reset
from rig.master import Master
from rig.processes import free_port, wait_until
from rig.quick import Refused
from rig.sink import Sink
from scepca.authority import VARIANTS, Authority

KINDS = [
    "requestSucceeded", "requestFailed", "requestDeferred", "certExpiring",
    "certExpired", "caPending", "caExpiring", "keyLimitReached",
    "restartRequired", "clockSuspect", "deployFailed", "caChanged",
]
STATUS = ["ProfileName", "State", "Detail", "HttpStatus", "FailInfo", "Text", "KeyName"]
KEY = ["Name", "Subject", "NotAfter", "SecondsLeft"]
CA = ["Subject", "Fingerprint", "NotAfter"]


def make_world(directory, mibs, *lines):
    sink = Sink(directory / "sink", mibs).start()
    master = Master(directory / "master", mibs, lines=sink.master_lines())
    agent = Agent(directory / "agent", master, lines)
    ca = new_ca(directory / "ca")
    device = Device(directory, master, agent, ca)
    device.sink = sink
    return device


def end_world(device):
    device.agent.stop()
    device.master.close()
    device.ca.stop()
    device.sink.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory, mibs):
    device = make_world(tmp_path_factory.mktemp("told"), mibs, "keyLimit 1000")
    try:
        device.master.start()
        device.agent.start()
        yield device
    finally:
        end_world(device)


@pytest.fixture
def told(world):
    """A device with a sink; all kinds on, and no limit of time."""
    reset(world.ca)
    world.settle()
    world.quick.set(
        ("scepNotifyEnable.0", KINDS), ("scepNotifyExpiryDays.0", 30),
        ("scepNotifyMinInterval.0", 0),
    )
    worker = world.agent.worker
    yield world
    assert world.agent.worker == worker, world.agent.everything()


@pytest.fixture
def lone(tmp_path, mibs):
    """Everything of one test alone; the agent is not yet started."""
    device = make_world(tmp_path, mibs, "keyLimit 3")
    try:
        device.master.start()
        yield device
    finally:
        end_world(device)


def stats(device):
    names = ("Requests", "Renewals", "Polls", "Successes", "Pendings", "Failures",
             "CommErrors", "HttpErrors", "BadResponses", "CaRejects", "LimitErrors",
             "DeployErrors", "SetRejects", "ConsecutiveFailures")
    return dict(zip(names, device.quick.get(*["scepStats%s.0" % n for n in names])))


def counted(device, before):
    """Returns what has been added to the counters."""
    now = stats(device)
    return {n: now[n] - before[n] for n in now
            if n != "ConsecutiveFailures" and now[n] != before[n]}


def objects(table, names, index):
    return ["%s%s.%d" % (table, name, index) for name in names]


# ------------------------------------------------------------------ requests --


def test_a_success_is_told_with_its_row_as_trap_and_as_inform(told):
    row = told.enrol(common_name="told.example.net", KeyName="told")
    index = told.quick.get("scepRequestStatusIndex.1")
    for form in ("trap", "inform"):
        one = told.sink.wait("scepRequestSucceeded", index, form=form)
        assert one["secured"] == (form == "inform")
        assert list(one["values"]) == objects("scepStatus", STATUS, index)
        values = list(one["values"].values())
        assert values == ["profile 1", "successful", "none", "0", "none", "", "told"]
    assert row["State"] == "successful"


def test_a_failure_is_told_with_its_cause(told):
    index = told.send(challenge="wrong", KeyName="bad")
    row = told.wait_end(index)
    one = told.sink.wait("scepRequestFailed", index)
    told.sink.wait("scepRequestFailed", index, form="inform")
    values = [one["values"][name] for name in objects("scepStatus", STATUS, index)]
    assert values == ["profile 1", "error", "scepError", "0", "badRequest", row["Text"], "bad"]


def test_a_cancelled_request_is_told_as_failed(told):
    told.ca.control(pending="forever")
    told.poll(5)
    index = told.send()
    told.wait_status(index, Detail="deferred")
    told.quick.set(scepRequestAction="cancel")
    one = told.sink.wait("scepRequestFailed", index)
    assert one["values"]["scepStatusDetail.%d" % index] == "cancelled"


def test_a_deferral_is_told_whether_it_is_polled_or_not(told):
    told.ca.control(pending="forever")
    index = told.send()
    told.wait_end(index)
    one = told.sink.wait("scepRequestDeferred", index)
    assert one["values"]["scepStatusDetail.%d" % index] == "deferred"
    told.sink.wait("scepRequestFailed", index)
    told.poll(5)
    index = told.send()
    told.wait_status(index, Detail="deferred")
    one = told.sink.wait("scepRequestDeferred", index)
    assert one["values"]["scepStatusState.%d" % index] == "processing"


# -------------------------------------------------------------- certificates --


def test_a_certificate_is_told_once_when_it_begins_to_expire(told):
    told.ca.control(validity=90 * 86400 - 60)
    index = told.enrol(common_name="expiring.example.net", KeyName="soon")["KeyIndex"]
    told.quick.set(("scepNotifyExpiryDays.0", 89))
    assert told.quick.get("scepKeyState.%d" % index) == "valid"
    told.quick.set(("scepNotifyExpiryDays.0", 90))
    one = told.sink.wait("scepCertExpiring", index)
    told.sink.wait("scepCertExpiring", index, form="inform")
    assert list(one["values"]) == objects("scepKey", KEY, index)
    assert one["values"]["scepKeyName.%d" % index] == "soon"
    assert "expiring.example.net" in one["values"]["scepKeySubject.%d" % index]
    left = int(one["values"]["scepKeySecondsLeft.%d" % index].split()[0])
    assert 89 * 86400 < left <= 90 * 86400
    assert told.quick.get("scepKeyState.%d" % index) == "expiring"
    assert "certExpiring" in told.quick.get("scepAgentHealthReason.0")
    # A change in the same state is no news.
    told.quick.set(("scepNotifyExpiryDays.0", 91))
    told.ca.control(validity=None)
    told.enrol(KeyName="after")
    told.sink.wait("scepRequestSucceeded", told.quick.get("scepRequestStatusIndex.1"))
    assert told.sink.count("scepCertExpiring", index) == 1


def test_a_certificate_that_has_expired_is_told_once(told):
    told.ca.control(validity=6)
    index = told.enrol(common_name="expired.example.net", KeyName="short")["KeyIndex"]
    told.sink.wait("scepCertExpiring", index)
    state = "scepKeyState.%d" % index
    wait_until(lambda: told.quick.get(state) == "expired", 20, "the end of it")
    one = told.sink.wait("scepCertExpired", index)
    assert list(one["values"]) == objects("scepKey", KEY, index)
    # Nothing wakes the engine but the clock.
    assert -5 < int(one["values"]["scepKeySecondsLeft.%d" % index].split()[0]) < 0
    health, reason = told.quick.get("scepAgentHealth.0", "scepAgentHealthReason.0")
    assert health == "critical" and "certExpired" in reason
    told.sink.wait("scepCertExpired", index, form="inform")
    assert told.sink.count("scepCertExpired", index) == 1


def test_a_ca_that_expires_is_told_now_and_after_a_restart(lone):
    with_a_ca_of_20_days(lone)
    lone.agent.start()
    lone.quick.set(("scepNotifyExpiryDays.0", 10))
    lone.point_at()
    lone.enrol()
    (index, row), = lone.quick.table("scepCaTable").items()
    assert row["Trust"] == "trusted"
    assert "caExpiring" not in lone.quick.get("scepAgentHealthReason.0")
    lone.quick.set(("scepNotifyExpiryDays.0", 21))
    one = lone.sink.wait("scepCaExpiring", index)
    lone.sink.wait("scepCaExpiring", index, form="inform")
    assert list(one["values"]) == objects("scepCa", CA, index)
    assert "caExpiring" in lone.quick.get("scepAgentHealthReason.0")
    assert lone.sink.count("scepCaExpiring") == 1
    lone.agent.restart()
    lone.sink.wait("scepCaExpiring", index, 2)


def with_a_ca_of_20_days(device):
    """Another main CA, where the CA of the tests looks for it."""
    device.ca.stop()
    folder = str(device.directory / "ca")
    for name in os.listdir(os.path.join(folder, "identities")):
        os.unlink(os.path.join(folder, "identities", name))
    authority = Authority(folder)
    brief = dataclasses.replace(VARIANTS["main"], ends=20)
    authority._save(authority._certify("main", brief, None),
                    os.path.join(authority.directory, "main.pem"))
    device.ca.start()


def test_a_ca_to_be_trusted_is_told_with_its_fingerprint(told):
    told.quick.set(scepServerCaFingerprint=b"")
    index = told.send()
    told.wait_status(index, Detail="caNotTrusted", State="processing")
    one = told.sink.wait("scepCaPending")
    assert list(one["values"]) == objects("scepCa", CA, one["index"])
    shown = one["values"]["scepCaFingerprint.%d" % one["index"]]
    assert bytes(int(o, 16) for o in shown.split(":")).hex() == told.ca.fingerprint.lower()
    assert told.quick.get("scepCaTrust.%d" % one["index"]) == "pending"
    assert "caUntrusted" in told.quick.get("scepAgentHealthReason.0")
    told.quick.set(("scepCaTrust.%d" % one["index"], "rejected"))
    told.sink.wait("scepRequestFailed", index)
    assert "caUntrusted" not in told.quick.get("scepAgentHealthReason.0")


def test_an_RA_that_comes_to_be_believed_is_told_once(told):
    told.ca.control(ra="one")
    told.point_at()
    told.enrol(common_name="ra.example.net")
    (index,) = [
        i for i, row in told.quick.table("scepCaTable").items()
        if "test RA" in row["Subject"]
    ]
    names = ["Subject", "Fingerprint", "Role", "Trust"]
    one = told.sink.wait("scepCaChanged", index)
    assert list(one["values"]) == objects("scepCa", names, index)
    told.enrol(common_name="again.example.net")
    assert told.sink.count("scepCaChanged", index) == 1


def test_a_clock_that_is_far_from_the_servers_is_told(told):
    told.ca.control(date=-5000)
    told.enrol(common_name="clock.example.net")
    one = told.sink.wait("scepClockSuspect", 1)
    assert list(one["values"]) == ["scepServerClockSkew.1"]
    assert -5010 < int(one["values"]["scepServerClockSkew.1"].split()[0]) < -4990
    assert "clockSuspect" in told.quick.get("scepAgentHealthReason.0")
    told.ca.control(date=None)
    told.enrol(common_name="clock.example.net")
    assert "clockSuspect" not in told.quick.get("scepAgentHealthReason.0")


def test_the_key_limit_is_told_when_it_is_reached_and_after_a_restart(lone):
    lone.agent.start()
    lone.point_at()
    lone.enrol(KeyName="one")
    assert lone.sink.count("scepKeyLimitReached") == 0
    lone.enrol(KeyName="two")
    one = lone.sink.wait("scepKeyLimitReached")
    assert one["values"] == {"scepKeyCount.0": "3", "scepKeyLimit.0": "3"}
    index = lone.send(KeyName="three")
    assert lone.wait_end(index)["Detail"] == "registrationLimit"
    lone.sink.wait("scepRequestFailed", index)
    assert lone.sink.count("scepKeyLimitReached") == 1
    assert "keyLimitReached" in lone.quick.get("scepAgentHealthReason.0")
    before = lone.quick.get("scepStatsLastSuccess.0", "scepStatsLastFailure.0")
    lone.agent.restart()
    lone.sink.wait("scepKeyLimitReached", count=2)
    assert lone.quick.get("scepStatsFailures.0", "scepStatsConsecutiveFailures.0") == [0, 1]
    assert lone.quick.get("scepStatsLastSuccess.0", "scepStatsLastFailure.0") == before


# ------------------------------------------------------------------ switches --


def make_profiles(device, last):
    """Profiles 1..last, whose server is not there."""
    url = "http://127.0.0.1:%d/scep" % free_port()
    for profile in range(1, last + 1):
        pairs = [] if profile == 1 else [("scepProfileRowStatus.%d" % profile, "createAndGo")]
        device.quick.set(*pairs, *[("%s.%d" % (name, profile), value) for name, value in (
            ("scepServerUrl", url), ("scepRequestKeyName", "k"),
            ("scepRequestCommonName", "c.example.net"),
        )])


def test_a_kind_that_is_switched_off_stays_silent(told):
    told.quick.set(("scepNotifyEnable.0", ["requestSucceeded"]))
    failed = told.send(challenge="wrong")
    told.wait_end(failed)
    told.enrol()
    told.sink.wait("scepRequestSucceeded", told.quick.get("scepRequestStatusIndex.1"))
    assert told.sink.count("scepRequestFailed", failed) == 0
    told.quick.set(("scepNotifyEnable.0", []))
    told.enrol()
    silent = told.quick.get("scepRequestStatusIndex.1")
    told.quick.set(("scepNotifyEnable.0", ["requestSucceeded"]))
    told.enrol()
    told.sink.wait("scepRequestSucceeded", told.quick.get("scepRequestStatusIndex.1"))
    assert told.sink.count("scepRequestSucceeded", silent) == 0


def test_the_switches_are_kept_over_a_restart(lone):
    lone.agent.start()
    wanted = [{"caPending"}, 7, 86400]
    names = ["scepNotifyEnable.0", "scepNotifyExpiryDays.0", "scepNotifyMinInterval.0"]
    assert lone.quick.get(*names) == [set(KINDS), 30, 300]
    lone.quick.set(*zip(names, [["caPending"], 7, 86400]))
    lone.agent.kill()
    lone.agent.start()
    assert lone.quick.get(*names) == wanted
    for name, bad in zip(names, (b"\x00\x08", 366, 86401)):
        with pytest.raises(Refused) as refused:
            lone.quick.set((name, bad))
        assert refused.value.status == "wrongValue"


def test_within_MinInterval_the_same_is_told_once(told):
    told.ca.control(pending="forever")
    told.quick.set(("scepNotifyMinInterval.0", 3600))
    told.poll(20)
    index = told.send()
    told.wait_status(index, Detail="deferred")
    told.sink.wait("scepRequestDeferred", index)
    for polls in (1, 2):
        told.quick.set(scepRequestAction="pollNow")
        told.wait_status(index, Detail="deferred", Polls=polls)
    # Another thing, and another kind of the same thing, are told all the same.
    told.quick.set(scepRequestAction="cancel")
    told.sink.wait("scepRequestFailed", index)
    other = told.send()
    told.wait_status(other, Detail="deferred")
    told.sink.wait("scepRequestDeferred", other)
    assert told.sink.count("scepRequestDeferred", index) == 1
    told.quick.set(("scepNotifyMinInterval.0", 0))
    told.quick.set(scepRequestAction="pollNow")
    told.sink.wait("scepRequestDeferred", other, 2)


# ---------------------------------------------------------------- many, late --


def test_a_burst_of_failures_is_told_whole_and_GETs_are_answered(lone):
    lone.agent.start()
    make_profiles(lone, 64)
    lone.quick.set(("scepNotifyMinInterval.0", 300), ("scepStatusMaxRows.0", 1000))
    reader = lone.master.quick_reader
    first = lone.quick.get("scepStatusLastIndex.0") + 1
    failures = lone.quick.get("scepStatsFailures.0")
    sends = [("scepRequestAction.%d" % p, "send") for p in range(1, 65)]
    rounds = 5
    for number in range(1, rounds + 1):
        lone.quick.set(*sends)

        def have_failed():
            return reader.get("scepStatsFailures.0") - failures >= 64 * number

        wait_until(have_failed, 60, "64 failures")
    rows = range(first, first + 64 * rounds)
    assert lone.quick.get("scepStatusLastIndex.0") == rows[-1]
    for form in ("trap", "inform"):
        wait_until(lambda: lone.sink.count("scepRequestFailed", form=form) >= len(rows),
                   30, "320 %ss" % form)
        found = [n["index"] for n in lone.sink.all("scepRequestFailed", form)]
        assert sorted(found) == list(rows)
    assert lone.agent.answers()
    assert "lost" not in lone.agent.log() and "dropped" not in lone.agent.log()


def test_what_happens_while_there_is_no_master_is_told_when_it_is_back(lone):
    lone.agent.start()
    lone.point_at()
    lone.ca.control(delay={"PKCSReq": 3.0})
    index = lone.send(KeyName="late")
    lone.wait_status(index, MessageType="pkcsReq")
    lone.master.stop()
    lone.agent.wait_log(
        "request %d (profile 1, key late, device.example.net): successful" % index)
    assert lone.sink.count("scepRequestSucceeded") == 0
    lone.master.start()
    one = lone.sink.wait("scepRequestSucceeded", index, limit=30)
    assert one["values"]["scepStatusKeyName.%d" % index] == "late"


# ------------------------------------------------------------------ counters --


def test_each_outcome_counts_once_where_the_MIB_says(told):
    before = stats(told)
    told.enrol()
    assert counted(told, before) == {"Requests": 1, "Successes": 1}
    assert stats(told)["ConsecutiveFailures"] == 0

    before = stats(told)
    told.wait_end(told.send(challenge="wrong"))
    assert counted(told, before) == {"Requests": 1, "Failures": 1}

    before = stats(told)
    told.point_at(url="http://127.0.0.1:%d/scep" % free_port())
    told.wait_end(told.send())
    assert counted(told, before) == {"Requests": 1, "Failures": 1, "CommErrors": 1}
    assert stats(told)["ConsecutiveFailures"] == 2

    before = stats(told)
    told.point_at(fingerprint="ab" * 32)
    told.wait_end(told.send())
    assert counted(told, before) == {"Requests": 1, "Failures": 1, "CaRejects": 1}

    before = stats(told)
    told.point_at()
    told.ca.control(http_status={"PKCSReq": 503})
    told.wait_end(told.send())
    assert counted(told, before) == {"Requests": 1, "Failures": 1, "HttpErrors": 1}

    before = stats(told)
    told.ca.control(http_status=None, pending=2)
    told.poll(5)
    told.wait_end(told.send())
    assert counted(told, before) == {
        "Requests": 1, "Successes": 1, "Pendings": 2, "Polls": 2,
    }

    before = stats(told)
    with pytest.raises(Refused):
        told.quick.set(("scepServerPort.1", 1), ("scepServerTimeout.1", 0))
    assert counted(told, before) == {"SetRejects": 1}


def test_a_cancelled_request_counts_as_one_that_ended_in_error(told):
    told.ca.control(pending="forever")
    told.poll(5)
    before = stats(told)
    told.wait_status(told.send(), Detail="deferred")
    told.quick.set(scepRequestAction="cancel")
    wait_until(lambda: counted(told, before).get("Failures"), 10, "the failure")
    assert counted(told, before) == {"Requests": 1, "Failures": 1, "Pendings": 1}
    assert "lastRequestFailed" in told.quick.get("scepAgentHealthReason.0")
    told.ca.control(pending=None)
    told.enrol()
    assert "lastRequestFailed" not in told.quick.get("scepAgentHealthReason.0")
