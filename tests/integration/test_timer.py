# SPDX-License-Identifier: Apache-2.0
"""The timer of a profile: requests at the given time, unattended."""

import time

import pytest

from rig.device import CHALLENGE, Device, certificates_in, date_and_time
from rig.fast_clock import FastClock, octets
from rig.processes import scaled, wait_until
from rig.quick import Missing, Refused

SPEED = 20
PERIOD = 120  # seconds of the fast clock
LATER = 5000  # seconds: not in this test


def settings(start, **more):
    """All that Enable needs, and Enable, for one PDU."""
    values = {
        "KeyName": "auto", "CommonName": "auto.example.net",
        "ChallengePassword": CHALLENGE, "StartTime": octets(start), **more,
    }
    pairs = [("scepAuto%s.1" % name, value) for name, value in values.items()]
    return pairs + [("scepAutoEnable.1", "true")]


def refusal(quick, *pairs):
    """(error status, the variable it blames)"""
    with pytest.raises(Refused) as found:
        quick.set(*pairs)
    return found.value.status, pairs[found.value.index - 1][0]


def timer(device, *names):
    return device.quick.get(*["scepAuto%s.1" % name for name in names])


def history(device):
    return device.quick.table("scepStatusTable")


def enable(device, start, *pairs, **more):
    """Enables, and waits until the run is announced; gives its row's index."""
    index = device.quick.get("scepStatusLastIndex.0") + 1
    device.quick.set(*pairs, *settings(start, **more))
    device.wait_status(index, State="toBeProcessed")
    return index


@pytest.fixture
def fast(tmp_path, master, make_agent, ca):
    """A device whose clock runs fast: (device, clock)."""
    clock = FastClock(SPEED)
    agent = make_agent("keyLimit 100")
    clock.start(agent)
    device = Device(tmp_path, master, agent, ca)
    device.point_at()
    return device, clock


@pytest.fixture
def idle(device):
    """The shared device, whose timer is left disabled."""
    device.quick.set(scepAutoEnable="false")
    yield device
    device.quick.set(scepAutoEnable="false")
    device.quick.set(
        ("scepAutoKeyName.1", ""), ("scepAutoCommonName.1", ""), ("scepAutoStartTime.1", b""),
        ("scepAutoAdjust.1", "false"), ("scepAutoUseLocation.1", ""),
    )


# ---------------------------------------------------------------- unattended --


def test_three_periods_over_a_kill_a_restart_a_deferral_and_an_outage(fast):
    device, clock = fast
    start = int(clock.now()) + 30
    enable(
        device, start, Poll="true", PollCount=1000, PollInterval=5,
        Periodic="true", PeriodicUnit="minutes", PeriodicInterval=PERIOD // 60,
    )
    row = history(device)[1]
    assert (row["State"], date_and_time(row["RequestTime"])) == ("toBeProcessed", start)
    device.wait_status(1, State="successful")

    device.agent.kill()
    device.ca.control(pending=2)
    clock.start(device.agent)
    device.wait_status(2, State="processing", Detail="deferred")
    assert timer(device, "OperStatus") in ("polling", "requesting")
    device.wait_status(2, State="successful")

    device.agent.stop()
    device.ca.control(pending=None)
    clock.start(device.agent)
    device.ca.stop()
    device.wait_status(3, State="processing", Detail="commError")
    wait_until(lambda: timer(device, "OperStatus") == "polling", 10, "polling")
    device.ca.start()
    device.wait_status(3, State="successful")

    wait_until(lambda: 4 in history(device), 10, "the fourth announcement")
    rows = history(device)
    assert [rows[k]["Trigger"] for k in (1, 2, 3)] == ["timer", "periodic", "periodic"]
    assert [rows[k]["KeyName"] for k in (1, 2, 3)] == ["auto"] * 3
    for k in (1, 2, 3):
        due = start + (k - 1) * PERIOD
        assert due <= date_and_time(rows[k]["RequestTime"]) < due + PERIOD, (k, rows[k])
    assert rows[1]["Polls"] == 0 and rows[2]["Polls"] == 2 and rows[3]["Polls"] >= 1
    check_three_certificates(device, rows)
    # The series has not drifted.
    assert rows[4]["State"] == "toBeProcessed"
    assert (date_and_time(rows[4]["RequestTime"]) - start) % PERIOD == 0
    assert date_and_time(timer(device, "NextRequestTime")) == date_and_time(rows[4]["RequestTime"])


def check_three_certificates(device, rows):
    """Each of another key, all on the disk, and no request more at the CA."""
    issued = [c["serial"] for c in device.ca.issued()]
    assert len(issued) == 3
    assert len({rows[k]["TransactionId"] for k in (1, 2, 3)}) == 3
    log = device.pki_log()
    assert len({e["transaction_id"] for e in log}) == 3
    assert len({e["csr_key_sha256"] for e in log if e.get("csr_key_sha256")}) == 3
    keys = device.keys()
    assert {rows[k]["KeyIndex"] for k in (1, 2, 3)} == set(keys)
    serials = {certificates_in(p)[0].serial_number for p in device.agent.paths("certs")}
    assert {int.from_bytes(k["Serial"], "big") for k in keys.values()} == serials


def test_a_one_shot_is_finished_and_its_challenge_is_gone(fast):
    device, clock = fast
    enable(device, clock.now() + 60)
    assert device.agent.holds(CHALLENGE.encode())
    device.wait_status(1, State="successful")
    wait_until(lambda: timer(device, "OperStatus") == "finished", 10, "finished")
    assert timer(device, "Enable", "NextRequestIn") == ["true", -1]
    assert timer(device, "NextRequestTime") == b""
    assert device.agent.holds(CHALLENGE.encode()) == []


@pytest.mark.parametrize("policy", ["runAtOnce", "skip"])
def test_a_run_that_was_missed_while_the_device_was_off(fast, policy):
    device, clock = fast
    start = int(clock.now()) + 60
    enable(device, start, Periodic="true", PeriodicUnit="hours", MissedPolicy=policy)
    device.agent.kill()
    # Later than what still counts as being in time.
    wait_until(lambda: clock.now() > start + 150, 30, "the start")
    clock.start(device.agent)
    if policy == "runAtOnce":
        device.wait_status(1, State="successful")
    after = octets(start + 3600)
    wait_until(lambda: timer(device, "NextRequestTime") == after, 10, "the next due time")
    assert timer(device, "OperStatus") == "waiting"
    assert len(device.ca.issued()) == (1 if policy == "runAtOnce" else 0)


def test_with_Adjust_what_was_missed_is_spread_from_when_it_is_found(fast):
    device, clock = fast
    start = int(clock.now()) + 60
    enable(device, start, Adjust="true", AdjustMax=100)
    drawn = timer(device, "AdjustApplied")
    device.agent.kill()
    wait_until(lambda: clock.now() > start + 105, 30, "the run that is missed")
    clock.start(device.agent)
    found = device.quick.get("scepAgentLocalTime.0")
    shown, due = timer(device, "AdjustApplied", "NextRequestTime")
    assert shown == drawn
    # It was found when the program began, some seconds of this clock before.
    assert start + 100 < date_and_time(due) - drawn <= date_and_time(found)
    assert date_and_time(device.status(1)["RequestTime"]) == start
    device.agent.kill()
    clock.start(device.agent)
    assert timer(device, "NextRequestTime") == due
    row = device.wait_status(1, State="successful")
    assert date_and_time(row["RequestTime"]) >= date_and_time(due)


# --------------------------------------------------------------------- shown --


def test_NextRequestIn_counts_down_to_NextRequestTime(idle):
    start = int(time.time()) + LATER
    enable(idle, start)
    assert timer(idle, "OperStatus") == "waiting"

    def left():
        now, due, seconds = idle.quick.get(
            "scepAgentLocalTime.0", "scepAutoNextRequestTime.1", "scepAutoNextRequestIn.1"
        )
        assert date_and_time(due) == start
        assert abs(date_and_time(due) - date_and_time(now) - seconds) <= 1
        return seconds

    first = left()
    assert 0 < first <= LATER
    wait_until(lambda: left() <= first - 2, 10, "two seconds less")


def test_what_a_Set_makes_is_there_when_it_is_answered(idle):
    start = int(time.time()) + LATER
    last = idle.quick.get("scepStatusLastIndex.0")
    for k in range(20):
        idle.quick.set(*settings(start + k))
        state, due = timer(idle, "OperStatus", "NextRequestTime")
        assert (state, date_and_time(due)) == ("waiting", start + k)
        row = history(idle)[last + 1 + k]
        assert (row["State"], date_and_time(row["RequestTime"])) == ("toBeProcessed", start + k)
        idle.quick.set(scepAutoEnable="false")
        assert timer(idle, "OperStatus", "NextRequestTime") == ["disabled", b""]
        assert last + 1 + k not in history(idle)


def test_a_request_and_its_timer_are_seen_together(own):
    own.point_at()
    own.poll(100, interval=600)
    seen = ["scepStatusState.%d", "scepStatusDetail.%d"]
    fits = {("processing", "deferred"): "polling", ("error", "cancelled"): "finished",
            ("successful", "none"): "finished"}

    def wait_for(row, *wanted):
        names = [name % row for name in seen]

        def has_come():
            state, detail, timer_is = own.quick.get(*names, "scepAutoOperStatus.1")
            assert timer_is == fits.get((state, detail), timer_is), (state, detail)
            return (state, detail) == wanted

        wait_until(has_come, 20, "row %d: %s, %s" % (row, *wanted))

    for row in range(1, 7):
        is_deferred = row % 2
        own.ca.control(pending="forever" if is_deferred else None)
        # Another second each: a due time is carried out once.
        own.quick.set(*settings(time.time() - 100 + 10 * row))
        if is_deferred:
            wait_for(row, "processing", "deferred")
            own.quick.set(scepRequestAction="cancel")
            wait_for(row, "error", "cancelled")
        else:
            wait_for(row, "successful", "none")
        own.quick.set(scepAutoEnable="false")


def test_a_manual_request_that_is_open_does_not_hide_the_run_to_come(own):
    own.point_at()
    own.poll(100, interval=600)
    own.ca.control(pending="forever")
    own.wait_status(own.send(), Detail="deferred")
    start = int(time.time() + scaled(3))
    enable(own, start)
    own.ca.control(pending=None)
    assert timer(own, "OperStatus") == "waiting"
    assert date_and_time(timer(own, "NextRequestTime")) == start
    # The due time comes and goes; it is the turn of the timer after the other.
    wait_until(lambda: timer(own, "NextRequestIn") == 0, 10, "the due time")
    assert [r["State"] for r in history(own).values()] == ["processing", "toBeProcessed"]
    own.quick.set(scepRequestAction="cancel")
    own.wait_status(2, State="successful", Trigger="timer")
    assert own.status(1)["Detail"] == "cancelled"


def test_the_jitter_is_shown_and_kept_over_a_kill(own):
    start = int(time.time()) + LATER
    own.point_at()
    enable(own, start, Adjust="true")
    drawn, due = timer(own, "AdjustApplied", "NextRequestTime")
    assert 1 <= drawn <= 600
    assert date_and_time(due) == start + drawn
    for _ in range(3):
        own.agent.kill()
        own.agent.start()
        assert timer(own, "OperStatus", "AdjustApplied", "NextRequestTime") == [
            "waiting", drawn, due]
    rows = history(own)
    assert [r["State"] for r in rows.values()] == ["toBeProcessed"]


def test_disabling_removes_the_row_and_the_challenge(own):
    own.point_at()
    index = enable(own, time.time() + LATER)
    assert own.agent.holds(CHALLENGE.encode())
    own.quick.set(scepAutoEnable="false")
    wait_until(lambda: own.status(index) is None, 10, "end of the row")
    assert timer(own, "OperStatus", "NextRequestIn") == ["disabled", -1]
    assert own.agent.holds(CHALLENGE.encode()) == []
    assert own.quick.get("scepStatusLastIndex.0") == index


# --------------------------------------------------------------------- rules --


def test_the_server_is_locked_while_the_timer_is_enabled(idle):
    quick = idle.quick
    enable(idle, time.time() + LATER)
    changes = [
        ("scepServerUrl.1", "http://127.0.0.1:1/other"), ("scepServerPort.1", 8080),
        ("scepServerTimeout.1", 31), ("scepServerCaIdentifier.1", "x"),
        ("scepServerCaFingerprint.1", b""), ("scepServerCaTrustPolicy.1", "trustOnFirstUse"),
        ("scepServerHttpMethod.1", "get"), ("scepServerCipher.1", "aes256Cbc"),
        ("scepServerRequireStandard.1", "true"), ("scepServerRenewalMode.1", "pkcsReq"),
        ("scepServerProxyUrl.1", "http://127.0.0.1:1/"),
    ]
    for name, value in changes:
        before = quick.get(name)
        assert refusal(quick, (name, value)) == ("inconsistentValue", name)
        assert quick.get(name) == before
        # The value that it has is no change.
        quick.set((name, before))
    assert refusal(quick, ("scepRequestKeyName.1", "a"), ("scepRequestCommonName.1", "b"),
                   ("scepRequestAction.1", "send"))[0] == "inconsistentValue"
    assert timer(idle, "OperStatus") == "waiting"


def test_the_server_is_changed_in_one_Set_with_the_disabling(idle):
    quick = idle.quick
    quick.set(*settings(time.time() + LATER))
    quick.set(("scepServerTimeout.1", 31), ("scepAutoEnable.1", "false"))
    assert quick.get("scepServerTimeout.1", "scepAutoEnable.1") == [31, "false"]
    # In the Set that enables, too: it was not enabled before.
    quick.set(("scepServerTimeout.1", 32), *settings(time.time() + LATER))
    assert quick.get("scepServerTimeout.1", "scepAutoEnable.1") == [32, "true"]
    assert refusal(quick, ("scepServerTimeout.1", 33), ("scepAutoEnable.1", "true")) == (
        "inconsistentValue", "scepServerTimeout.1")


@pytest.mark.parametrize("lacking", ["KeyName", "CommonName", "StartTime"])
def test_Enable_needs_its_settings(idle, lacking):
    pairs = [
        (name, b"" if lacking in name else value)
        for name, value in settings(time.time() + LATER)
    ]
    assert refusal(idle.quick, *pairs) == ("inconsistentValue", "scepAutoEnable.1")
    assert timer(idle, "Enable", "OperStatus") == ["false", "disabled"]
    assert timer(idle, "KeyName") == ""


def test_Enable_needs_a_URL_and_known_use_locations(idle):
    quick = idle.quick
    quick.set(scepServerUrl="")
    assert refusal(quick, *settings(time.time() + LATER)) == (
        "inconsistentValue", "scepAutoEnable.1")
    idle.point_at()
    assert refusal(quick, *settings(time.time() + LATER, UseLocation="nowhere"))[0] == (
        "inconsistentValue")
    quick.set(*settings(time.time() + LATER))


def test_settings_change_while_it_waits_and_not_while_its_request_is_open(own):
    quick = own.quick
    own.point_at()
    own.poll(10, interval=5)
    index = enable(own, time.time() + LATER)
    later = int(time.time()) + 1000
    quick.set(("scepAutoStartTime.1", octets(later)), ("scepAutoKeyName.1", "other"))
    wait_until(
        lambda: date_and_time(timer(own, "NextRequestTime")) == later, 10, "another due time"
    )
    (row,) = history(own).values()
    assert (row["KeyName"], date_and_time(row["RequestTime"])) == ("other", later)
    own.ca.control(pending="forever")
    quick.set(("scepAutoStartTime.1", octets(time.time() - 5)))
    own.wait_status(index, State="processing", Detail="deferred")
    assert refusal(quick, ("scepAutoKeyName.1", "third")) == (
        "inconsistentValue", "scepAutoKeyName.1")
    quick.set(("scepAutoKeyName.1", "other"))
    # It can be switched off whatever it waits for; then cancel ends it.
    quick.set(scepAutoEnable="false")
    quick.set(scepRequestAction="cancel")
    assert own.wait_end(index)["Detail"] == "cancelled"
    with pytest.raises(Missing):
        quick.get("scepStatusState.%d" % (index + 1))
