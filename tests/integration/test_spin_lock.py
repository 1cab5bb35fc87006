# SPDX-License-Identifier: Apache-2.0
"""scepAgentConfigSpinLock (SNMPv2-TC, TestAndIncr), what it keeps from two
managers that work at once, and scepAgentConfigLastChange."""

import threading

import pytest

from rig.processes import scaled, wait_until
from rig.quick import Quick, Refused

LOCK = "scepAgentConfigSpinLock.0"
CHANGED = "scepAgentConfigLastChange.0"
# The program learns sysUpTime from the master, late by as long as the message
# takes; it corrects half a second (UPTIME_SLACK).
SLACK = 50
# The setting that two managers count up, by reading it and writing it back.
TALLY = "scepAutoPollInterval.1"
START = 100
ROUNDS = 150


@pytest.fixture
def tally(device):
    device.quick.set((TALLY, START))
    yield device
    device.quick.set((TALLY, 300))


def managers(device, count=2):
    """Each with a socket of its own."""
    master = device.master
    return [Quick(master.port, master.secrets["writing"]) for _ in range(count)]


# --------------------------------------------------------------- TestAndIncr --


def test_the_lock_counts_up_by_one_and_refuses_every_other_value(device):
    quick = device.quick
    value = quick.get(LOCK)
    quick.set((LOCK, value))
    assert quick.get(LOCK) == value + 1
    for other in (value, value + 2, 2147483647):
        with pytest.raises(Refused) as refused:
            quick.set((LOCK, other))
        assert (refused.value.status, refused.value.index) == ("inconsistentValue", 1)
    assert quick.get(LOCK) == value + 1


def test_a_value_of_before_a_restart_is_refused_after_it(own):
    """RFC 2579: it is increased over a restart, or begins at random."""
    seen = [own.quick.get(LOCK)]
    for way in (own.agent.stop, own.agent.kill):
        way()
        own.agent.start()
        for value in seen:
            with pytest.raises(Refused) as refused:
                own.quick.set((LOCK, value), (TALLY, 111))
            assert refused.value.status == "inconsistentValue"
        seen.append(own.quick.get(LOCK))
        assert 0 <= seen[-1] <= 2147483647
        own.quick.set((LOCK, seen[-1]))


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_wherever_it_stands_in_a_PDU_it_decides_over_the_whole(tally, place):
    quick = tally.quick
    value = quick.get(LOCK)

    def pairs(lock, interval):
        made = [(TALLY, interval), ("scepProfileName.1", "p%d" % interval),
                ("scepStatusMaxRows.0", 20 + interval % 100)]
        made.insert(place, (LOCK, lock))
        return made

    quick.set(*pairs(value, 111))
    assert quick.get(LOCK, TALLY) == [value + 1, 111]
    with pytest.raises(Refused) as refused:
        quick.set(*pairs(value, 222))
    assert (refused.value.status, refused.value.index) == ("inconsistentValue", place + 1)
    assert quick.get(LOCK, TALLY, "scepProfileName.1") == [value + 1, 111, "p111"]
    quick.set(("scepProfileName.1", ""), ("scepStatusMaxRows.0", 20))


def test_a_refused_PDU_does_not_count_it_up(tally):
    quick = tally.quick
    value = quick.get(LOCK)
    for bad in ((TALLY, 1), ("scepRequestAction.1", "cancel"), ("scepServerUrl.65", "")):
        with pytest.raises(Refused):
            quick.set((LOCK, value), bad)
        assert quick.get(LOCK, TALLY) == [value, START]


# ------------------------------------------------------------- two managers --


def test_without_the_lock_the_slower_of_two_managers_undoes_the_other(tally):
    """Shows the purpose of the lock: both read the same, and one count is lost."""
    first, second = managers(tally)
    seen = [first.get(TALLY), second.get(TALLY)]
    first.set((TALLY, seen[0] + 1))
    second.set((TALLY, seen[1] + 1))
    assert tally.quick.get(TALLY) == START + 1
    first.close()
    second.close()


def test_with_the_lock_the_slower_of_two_managers_learns_of_it(tally):
    first, second = managers(tally)
    seen = [first.get(LOCK, TALLY), second.get(LOCK, TALLY)]
    first.set((LOCK, seen[0][0]), (TALLY, seen[0][1] + 1))
    with pytest.raises(Refused) as refused:
        second.set((LOCK, seen[1][0]), (TALLY, seen[1][1] + 1))
    assert refused.value.status == "inconsistentValue"
    lock, value = second.get(LOCK, TALLY)
    second.set((LOCK, lock), (TALLY, value + 1))
    assert tally.quick.get(TALLY) == START + 2
    first.close()
    second.close()


def locked_round(quick):
    """Counts up once; gives how often it was refused first."""
    refusals = 0
    while True:
        lock, value = quick.get(LOCK, TALLY)
        try:
            quick.set((LOCK, lock), (TALLY, value + 1))
            return refusals
        except Refused as refused:
            assert refused.status == "inconsistentValue"
            refusals += 1


def bare_round(quick):
    quick.set((TALLY, quick.get(TALLY) + 1))
    return 0


def race(device, turn, rounds=ROUNDS):
    """Two managers, each counting up so many times; gives the refusals of
    each."""
    refusals, faults = [0, 0], []
    gate = threading.Barrier(2)

    def run(number, quick):
        try:
            for _ in range(rounds):
                gate.wait(timeout=scaled(20))
                refusals[number] += turn(quick)
        except Exception as fault:
            faults.append(fault)
            gate.abort()

    clients = managers(device)
    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=scaled(60))
    for client in clients:
        client.close()
    assert faults == []
    return refusals


def test_two_racing_managers_lose_no_update_with_the_lock(tally, capsys):
    before = tally.quick.get(LOCK, "scepStatsSetRejects.0")
    refusals = race(tally, locked_round)
    lock, rejects, value = tally.quick.get(LOCK, "scepStatsSetRejects.0", TALLY)
    assert value == START + 2 * ROUNDS
    assert lock == before[0] + 2 * ROUNDS
    assert rejects == before[1] + sum(refusals)
    # They did race: both were refused at times.
    assert sum(refusals) > 0
    with capsys.disabled():
        print("\nspin lock: 2 x %d updates, none lost; refused and tried again: %s"
              % (ROUNDS, refusals))


def test_two_racing_managers_lose_updates_without_the_lock(tally, capsys):
    lost = 0
    for _ in range(10):
        tally.quick.set((TALLY, START))
        race(tally, bare_round)
        lost = START + 2 * ROUNDS - tally.quick.get(TALLY)
        if lost:
            break
    assert lost > 0
    with capsys.disabled():
        print("\nno spin lock: %d of %d updates lost" % (lost, 2 * ROUNDS))


# --------------------------------------------------------- ConfigLastChange --


def changed_by(device, *pairs):
    """Tells whether a Set moves scepAgentConfigLastChange."""
    before = device.quick.get(CHANGED)
    uptime = "1.3.6.1.2.1.1.3.0"
    start = device.quick.get(uptime)
    wait_until(lambda: device.quick.get(uptime) > start + 1, 5, "some hundredths")
    device.quick.set(*pairs)
    after = device.quick.get(CHANGED)
    if after != before:
        assert after > before
        assert start - SLACK <= after <= device.quick.get(uptime) + SLACK
    return after != before


def test_ConfigLastChange_moves_with_each_setting_and_with_nothing_else(device):
    for pair in (
        ("scepServerTimeout.1", 12), ("scepAutoPoll.1", "true"), ("scepProfileName.1", "n"),
        ("scepStatusMaxRows.0", 77), ("scepNotifyEnable.0", []),
        ("scepNotifyMinInterval.0", 5), ("scepProfileRowStatus.9", "createAndGo"),
        ("scepServerPort.9", 5), ("scepAutoChallengePassword.1", "secret"),
        ("scepProfileRowStatus.9", "destroy"),
    ):
        assert changed_by(device, pair), pair
    for pair in (
        ("scepServerTimeout.1", 12), ("scepRequestCommonName.1", "volatile"),
        ("scepRequestAction.1", "noop"), ("scepRequestAction.1", "clear"),
        ("scepProfileRowStatus.9", "destroy"), ("scepNotifyEnable.0", []),
    ):
        assert not changed_by(device, pair), pair
    # The lock is no setting, whether alone or with a value that is there.
    assert not changed_by(device, (LOCK, device.quick.get(LOCK)))
    before = device.quick.get(CHANGED)
    device.quick.set((LOCK, device.quick.get(LOCK)), ("scepServerTimeout.1", 12))
    assert device.quick.get(CHANGED) == before
    with pytest.raises(Refused):
        device.quick.set(("scepServerTimeout.1", 13), ("scepServerPort.1", 65536))
    assert device.quick.get(CHANGED) == before
    device.quick.set(
        ("scepAutoChallengePassword.1", ""), ("scepProfileName.1", ""),
        ("scepStatusMaxRows.0", 20), ("scepNotifyEnable.0", b"\xff\xe0"),
        ("scepNotifyMinInterval.0", 300),
    )


def test_ConfigLastChange_is_0_for_a_change_before_the_present_start(own):
    assert changed_by(own, ("scepServerTimeout.1", 12))
    own.agent.restart()
    assert own.quick.get(CHANGED, "scepServerTimeout.1") == [0, 12]
