# SPDX-License-Identifier: Apache-2.0
"""Every object of the MIB, written with everything that rig/writes.py makes of
its clause.

Each value that must be refused is sent alone, and once more after a good value
for another object in the same PDU: the answer names status and binding, and a
walk of everything before and after all refusals of an object is the same.
Each value that must be taken is read back, and put back."""

import re
import socket

import pytest

from rig import program
from rig.agent import Agent
from rig.device import CHALLENGE, Device, new_ca
from rig.master import Master
from rig.processes import free_port, wait_until
from rig.quick import (
    EXCEPTIONS, GET, NULL, SET, TAGS, Missing, Refused, as_ber, wrap, wrap_number,
)
from rig.stream import Stream
from rig.writes import HUGE, TYPES, is_refused_by_snmpd, writes

MODULE = program.module()
WRITABLE = [item for item in MODULE.objects() if item.is_writable]
READABLE = [item for item in MODULE.objects() if not item.is_writable]
# Objects that move by themselves; ConfigSpinLock and the like do not.
MOVING = {"scepAgentLocalTime", "scepAgentEarliestExpiry", "scepKeySecondsLeft",
          "scepCaSecondsLeft", "scepSummarySecondsLeft", "scepStatsSetRejects",
          "scepRefusalTime", "scepRefusalObject", "scepRefusalError", "scepRefusalReason"}
# The rows that the writes go to: profile 1 is as new, profile 2 has enrolled;
# key 1 is the default key.
CA = PROFILE = 1
KEY = 2
BYSTANDER = "scepAutoPollCount.2"
IN_PROGRESS = MODULE["scepKeyActionResult"].names["inProgress"]


# Matches a claim about the object in front of it, as an administrator reads it.
REASON = re.compile(r"[a-z][^\n]{7,}[^.:\s]")


class Count:
    objects = cases = refused = 0
    reasons = set()


@pytest.fixture(scope="module")
def bench(tmp_path_factory, mibs):
    directory = tmp_path_factory.mktemp("matrix")
    port = free_port(socket.SOCK_STREAM)
    master = Master(directory / "master", mibs, lines=[Stream.line(port)])
    agent = Agent(directory / "agent", master, ["keyLimit 100"])
    ca = new_ca(directory / "ca")
    device = Device(directory, master, agent, ca)
    try:
        master.start()
        agent.start()
        enrol_second(device)
        device.stream = Stream(port, master.secrets["writing"])
        worker = agent.worker
        yield device
        assert agent.worker == worker, "scepagentd has died:\n" + agent.everything()
        device.stream.close()
    finally:
        agent.stop()
        master.close()
        ca.stop()


def enrol_second(device):
    """So that there are rows of keys and CAs, and none hang on profile 1."""
    device.quick.set(
        ("scepProfileRowStatus.2", "createAndGo"), ("scepServerUrl.2", device.ca.url),
        ("scepServerCaFingerprint.2", bytes.fromhex(device.ca.fingerprint)),
        ("scepRequestKeyName.2", "there"), ("scepRequestCommonName.2", "there.example.net"),
        ("scepRequestChallengePassword.2", CHALLENGE), ("scepRequestAction.2", "send"),
    )
    row = device.wait_end(device.quick.get("scepRequestStatusIndex.2"))
    assert row["State"] == "successful"


def snapshot(device):
    walked = device.quick.walk("scepClientMIB", bulk=60)
    return [e for e in walked if program.item_of(e[0])[0].name not in MOVING]


def wait_idle(device):
    """Waits for the end of an action that a Set has begun: its result changes
    rows."""
    def is_idle():
        results = device.quick.walk("scepKeyActionResult")
        results += device.quick.walk("scepServerCheckResult")
        return IN_PROGRESS not in [value for _, _, value in results]

    wait_until(is_idle, 30, "end of all actions")


def answer(device, bindings, is_huge=False):
    """(status, index) of the answer to a Set; ("noError", 0) if it was taken."""
    try:
        (device.stream if is_huge else device.quick).exchange(SET, bindings)
    except Refused as refused:
        return refused.status, refused.index
    return "noError", 0


def bystander(device, step=[0]):
    """A good binding for another object, each time another value."""
    step[0] = step[0] % 1000 + 1
    current = device.quick.get(BYSTANDER)
    value = step[0] if step[0] != current else step[0] + 1
    return program.number(BYSTANDER), wrap_number(TAGS["Unsigned32"], value)


def index_of(item):
    if item.kind == "scalar":
        return "0"
    entry = MODULE[item.parent].name
    return str({"scepKeyEntry": KEY, "scepCaEntry": CA}.get(entry, PROFILE))


def get_raw(device, oid):
    ((_, tag, value),) = device.quick.exchange(GET, [(oid, wrap(NULL, b""))])
    assert tag not in EXCEPTIONS, oid
    return as_ber(tag, value)


def last_refusal(device):
    """The index of the last row of scepRefusalTable; 0 if there is none."""
    rows = device.quick.walk("scepRefusalError")
    return max((int(program.item_of(oid)[1]) for oid, _, _ in rows), default=0)


def refusal(device, index):
    """(Object, Error, Reason) of a row; None if there is none."""
    names = ["scepRefusal%s.%d" % (column, index) for column in ("Object", "Error", "Reason")]
    try:
        return device.quick.get(*names)
    except Missing:
        return None


def is_shown_refused(row, oid, status):
    """Tells whether a row of scepRefusalTable is of that refusal."""
    item, index = program.item_of(oid)
    name = ".".join([item.name, index]).rstrip(".")[:64]
    if row is None:
        return False
    Count.reasons.add(row[2])
    return row[:2] == [name, status] and REASON.fullmatch(row[2])


def check_refusals(device, item, tries):
    """`tries`: (label, oid, BER, status).  Returns what is not as expected."""
    faults = []
    rejects = device.quick.get("scepStatsSetRejects.0")
    before = snapshot(device)
    shown = last_refusal(device)
    for label, oid, ber, status in tries:
        is_huge = len(ber) > 60000
        alone = answer(device, [(oid, ber)], is_huge)
        if alone != (status, 1):
            faults.append((item.name, label, "alone", alone, status))
        elif not is_refused_by_snmpd(ber):
            row = refusal(device, shown + 1)
            if not is_shown_refused(row, oid, status):
                faults.append((item.name, label, "scepRefusalTable", row))
            shown += 2  # this one, and the next
        after = answer(device, [bystander(device), (oid, ber)], is_huge)
        if after != (status, 2):
            faults.append((item.name, label, "after another", after, status))
    after = snapshot(device)
    if after != before:
        faults.append((item.name, "side effect", set(after) ^ set(before)))
    counted = device.quick.get("scepStatsSetRejects.0") - rejects
    expected = 2 * sum(not is_refused_by_snmpd(ber) for _, _, ber, _ in tries)
    if counted != expected:
        faults.append((item.name, "scepStatsSetRejects", counted, expected))
    Count.refused += len(tries)
    Count.cases += len(tries)
    return faults


def check_taken(device, item, oid, cases):
    faults = []
    for case in cases:
        old = get_raw(device, oid)
        got = answer(device, [(oid, case.ber)])
        if got != ("noError", 0):
            faults.append((item.name, case.label, got, case.status))
        now = get_raw(device, oid)
        # A secret and an action read as if there were none; a date of 8
        # octets reads as 11, and BITS are filled up.
        is_shown = not item.name.endswith("ChallengePassword") and "noop" not in item.names
        if is_shown and item.base != "BITS" and not item.name.endswith("Time"):
            if now != case.ber:
                faults.append((item.name, case.label, "reads", now))
        if answer(device, [(oid, old)])[0] != "noError" or get_raw(device, oid) != old:
            faults.append((item.name, case.label, "does not go back"))
    wait_idle(device)
    Count.cases += len(cases)
    return faults


@pytest.mark.parametrize("item", WRITABLE, ids=lambda item: item.name)
def test_a_writable_object_takes_what_its_clause_allows_and_nothing_else(bench, item):
    oid = program.number(item.name) + "." + index_of(item)
    cases = writes(item)
    assert len(cases) >= 10
    refused = [(c.label, oid, c.ber, c.status) for c in cases if not c.is_taken]
    faults = check_refusals(bench, item, refused)
    faults += check_taken(bench, item, oid, [c for c in cases if c.is_taken])
    Count.objects += 1
    assert faults == []


@pytest.mark.parametrize("item", READABLE, ids=lambda item: item.name)
def test_an_object_that_is_only_read_is_notWritable(bench, item):
    """Where there is an instance and where there is none, whatever is sent."""
    base = program.number(item.name)
    walked = bench.quick.walk(item.name)
    own = [(oid, tag, value) for oid, tag, value in walked[:1]]
    tries = []
    for oid, tag, value in own:
        tries.append(("its own value", oid, as_ber(tag, value), "notWritable"))
    for tail in {".0", ".1", ".65", ".4294967295", ".1.1", ""} | {
        oid[len(base):] for oid, _, _ in own
    }:
        for label, (_, ber) in TYPES.items():
            status = "wrongType" if is_refused_by_snmpd(ber) else "notWritable"
            if len(ber) < HUGE or own and base + tail == own[0][0]:
                tries.append((label + tail, base + tail, ber, status))
    faults = check_refusals(bench, item, tries)
    Count.objects += 1
    assert faults == []


def good(item):
    """(BER, status) of a value that is right in itself."""
    for case in writes(item):
        if case.is_taken:
            return case.ber, case.status
    # The spin lock as it is at first, and destroy(6).
    number = 0 if item.type == "TestAndIncr" else item.names["destroy"]
    return wrap_number(TAGS[item.base], number), "noError"


def elsewhere(item):
    """(tail of the name, status) of instances that are not there."""
    if item.kind == "scalar":
        return [(tail, "noCreation") for tail in ("", ".1", ".0.0", ".4294967295")]
    entry = MODULE[item.parent].name
    wrong = ["", ".0", ".1.1", ".1.0", ".0.1"]
    if entry in ("scepCaEntry", "scepKeyEntry"):
        if entry == "scepKeyEntry":
            wrong += [".65536", ".4294967295"]
        # A row that is not there can be destroyed.
        here = [] if "RowStatus" in item.name else [(".65535", "inconsistentName")]
        return [(tail, "noCreation") for tail in wrong] + here
    wrong += [".65", ".4294967295"]
    status = "inconsistentValue" if item.name == "scepProfileRowStatus" else "inconsistentName"
    here = [(".3", status), (".64", status)]
    return [(tail, "noCreation") for tail in wrong] + here


@pytest.mark.parametrize("item", WRITABLE, ids=lambda item: item.name)
def test_an_instance_that_is_not_there_is_not_written(bench, item):
    """noCreation where there can be none, inconsistentName in the row of a
    profile that could be."""
    base = program.number(item.name)
    ber, _ = good(item)
    tries = [(tail, base + tail, ber, status) for tail, status in elsewhere(item)]
    assert check_refusals(bench, item, tries) == []


def test_the_matrix_is_whole(bench, capsys):
    """Each object of the MIB file has been tried; the counts are told."""
    assert Count.objects == len(MODULE.objects()) == len(WRITABLE) + len(READABLE)
    with capsys.disabled():
        print(
            "\nSet matrix: %d objects (%d writable), %d cases, %d of them refused twice,"
            " with %d reasons, all as expected"
            % (Count.objects, len(WRITABLE), Count.cases, Count.refused, len(Count.reasons))
        )
    assert Count.cases > 4000
    assert bench.quick.get("scepStatusLastIndex.0") == 1
    assert "genErr" not in bench.agent.log()
