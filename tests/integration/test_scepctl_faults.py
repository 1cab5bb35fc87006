# SPDX-License-Identifier: Apache-2.0
"""An import is whole or absent whatever happens on the way (MIB, rules 1, 4, 6
and 14): messages and answers that are lost, agents that are killed between two
Sets and in them, other managers, a signal."""

import signal
from types import SimpleNamespace

import pytest

from rig.ctl import Ctl, document, read, walk
from rig.processes import scaled, wait_until
from rig.relay import Relay

SERVER = {"scepServerUrl": "http://new.example.net/", "scepServerTimeout": 99}
# A profile whose timer waits, and what an import of another server makes of it.
START = b"\x07\xef\x05\x06\x07\x08\x09\x00+\0\0"


def quick():
    """Options with which a lost message is soon taken for lost."""
    return ["-t", "%g" % scaled(0.4), "-r", "0"]


@pytest.fixture
def own(master, agent):
    return SimpleNamespace(master=master, agent=agent, quick=master.quick)


@pytest.fixture
def relay(master):
    with Relay(master.port) as running:
        yield running


@pytest.fixture
def ctl(own, relay, tmp_path):
    return Ctl(own.master, tmp_path, port=relay.port)


def enable(quick, index=1, challenge="s3cret"):
    """A timer that waits for years."""
    number = ".%d" % index
    if index > 1:
        quick.set(("scepProfileRowStatus" + number, "createAndGo"))
    quick.set(("scepServerUrl" + number, "http://old.example.net/"),
              ("scepAutoStartTime" + number, START), ("scepAutoKeyName" + number, "web"),
              ("scepAutoCommonName" + number, "d.example.net"),
              ("scepAutoChallengePassword" + number, challenge),
              ("scepAutoEnable" + number, "true"))


@pytest.fixture
def enabled(own):
    enable(own.quick)
    return walk(own.quick)


def expected(before, **changed):
    values = {name + ".1": value for name, value in changed.items()}
    return {**before, **{n: v.encode() if isinstance(v, str) else v for n, v in values.items()}}


def said(done):
    return done.stdout + done.stderr


# ------------------------------------------------------- a timer that is enabled


def test_another_server_under_an_enabled_timer_takes_two_Sets(ctl, own, relay, enabled):
    seen = []
    relay.before[2] = lambda: seen.append(own.quick.get(
        "scepAutoEnable.1", "scepServerUrl.1", "scepAutoOrganization.1"))
    done = ctl.imports(document(p1={**SERVER, "scepAutoOrganization": "Org"}))
    assert done.returncode == 0, said(done)
    # All but the switch is in the first one.
    assert seen == [["false", SERVER["scepServerUrl"], "Org"]]
    assert relay.sets == 2
    assert walk(own.quick) == expected(enabled, **SERVER, scepAutoOrganization="Org")
    assert "wipes scepAutoChallengePassword.1" in done.stderr and "s3cret" not in said(done)
    assert own.quick.get("scepAutoChallengeSet.1") == "false"


def test_a_timer_is_not_disabled_where_it_need_not_be(ctl, own, relay, enabled):
    done = ctl.imports(document({"scepNotifyExpiryDays": 9}, p1={
        "scepAutoPollCount": 3, "scepServerTimeout": 30, "scepProfileName": "x"}))
    assert (done.returncode, said(done), relay.sets) == (0, "", 1)
    assert own.quick.get("scepAutoChallengeSet.1", "scepAutoEnable.1") == ["true", "true"]


def test_what_could_not_be_enabled_again_is_not_disabled(ctl, own, relay, enabled):
    for lack in ({"scepAutoCommonName": ""}, {"scepAutoUseLocation": "nowhere"}):
        done = ctl.imports(document(p1={**SERVER, **lack}))
        assert done.returncode == 1 and "scepAutoEnable.1: " in done.stderr, said(done)
        assert relay.sets == 0
    assert walk(own.quick) == enabled
    assert own.quick.get("scepAutoChallengeSet.1") == "true"


def test_several_Sets_enable_all_timers_in_the_last_one(ctl, own, relay, enabled):
    """None runs before all else has been taken."""
    made = {"scepServerUrl": "http://h/", "scepAutoStartTime": "2031-01-01T00:00:00Z",
            "scepAutoKeyName": "k", "scepAutoCommonName": "c", "scepAutoEnable": True}
    seen = []
    relay.before[2] = lambda: seen.append(own.quick.get("scepAutoEnable.1", "scepAutoEnable.5"))
    done = ctl.imports(document(p1=SERVER, p5=made))
    assert done.returncode == 0, said(done)
    assert seen == [["false", "false"]]
    assert own.quick.get("scepAutoEnable.1", "scepAutoEnable.5") == ["true", "true"]
    assert "scepAutoChallengePassword.5 is not set" in done.stderr


# ------------------------------------------------------------- lost messages


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("what", ["lost", "unanswered"])
def test_a_lost_Set_is_sent_again_and_a_lost_answer_found_out(
        ctl, own, relay, enabled, what, number):
    getattr(relay, what).add(number)
    done = ctl.imports(document(p1=SERVER), options=quick())
    assert done.returncode == 0, said(done)
    assert relay.sets == (3 if what == "lost" else 2)
    assert walk(own.quick) == expected(enabled, **SERVER)


# ----------------------------------------------------------- agents that die


@pytest.mark.parametrize("number", [1, 2])
def test_an_agent_that_is_killed_before_a_Set_is_waited_for(ctl, own, relay, enabled, number):
    relay.before[number] = own.agent.kill
    relay.after[number] = own.agent.launch
    done = ctl.imports(document(p1=SERVER), options=quick())
    assert done.returncode == 0, said(done)
    assert walk(own.quick) == expected(enabled, **SERVER)


@pytest.mark.parametrize("number", [1, 2])
def test_a_worker_that_is_killed_with_a_Set_in_hand_leaves_the_import_whole(
        ctl, own, relay, enabled, number):
    """The Set is forwarded at once; where the kill meets it, chance decides."""
    relay.before[number] = own.agent.kill_worker
    done = ctl.imports(document(p1=SERVER), options=quick())
    assert done.returncode == 0, said(done)
    wait_until(own.agent.answers, 15, "the worker")
    assert walk(own.quick) == expected(enabled, **SERVER)


def test_a_master_that_is_restarted_between_two_Sets_is_waited_for(ctl, own, relay, enabled):
    relay.before[2] = own.master.restart
    done = ctl.imports(document(p1=SERVER), options=quick())
    assert done.returncode == 0, said(done)
    assert walk(own.quick) == expected(enabled, **SERVER)


def test_an_agent_that_does_not_come_back_is_reported(ctl, own, relay, enabled):
    relay.before[2] = own.agent.kill
    done = ctl.imports(document(p1=SERVER), options=["--wait", "1", *quick()])
    assert done.returncode == 1 and "run the import again" in done.stderr, said(done)
    assert "scepAutoEnable.1 was true and may be false now" in done.stderr
    own.agent.start()
    # The second import makes it whole.
    assert own.quick.get("scepAutoEnable.1") == "false"
    done = ctl.imports(document(p1={**SERVER, "scepAutoEnable": True}))
    assert done.returncode == 0, said(done)
    assert walk(own.quick) == expected(enabled, **SERVER)


def test_a_restart_that_falls_due_meanwhile_happens(relay, master, make_agent, tmp_path):
    """Rule 14; the command of this device takes the agent away."""
    script = tmp_path / "restart"
    script.write_text("#!/bin/sh\nkill -9 $(cat %s/pids)\n" % tmp_path)
    script.chmod(0o755)
    agent = make_agent('restartCommand "%s"' % script).start()
    (tmp_path / "pids").write_text("%d %d" % (agent.worker, agent.process.pid))
    enable(master.quick)
    before = walk(master.quick)

    def restart():
        master.quick.set(("scepAgentRestart.0", "restart"))
        agent.process.wait(timeout=scaled(10))

    relay.before[2] = restart
    relay.after[2] = agent.launch
    ctl = Ctl(master, tmp_path, port=relay.port)
    done = ctl.imports(document(p1=SERVER), options=quick())
    assert done.returncode == 0, said(done)
    assert walk(master.quick) == expected(before, **SERVER)
    assert agent.starts == 2


# ------------------------------------------------------------- other managers


def test_another_manager_between_two_Sets_ends_it_and_ours_is_put_back(
        ctl, own, relay, enabled):
    relay.before[2] = lambda: own.quick.set(
        ("scepAgentConfigSpinLock.0", own.quick.get("scepAgentConfigSpinLock.0")),
        ("scepProfileName.1", "theirs"))
    done = ctl.imports(document(p1=SERVER))
    assert done.returncode == 1, said(done)
    assert "another manager has changed scepProfileName.1" in done.stderr
    assert walk(own.quick) == expected(enabled, scepProfileName="theirs")


def test_what_another_manager_has_set_meanwhile_is_not_put_back(ctl, own, relay, enabled):
    relay.before[2] = lambda: own.quick.set(
        ("scepAgentConfigSpinLock.0", own.quick.get("scepAgentConfigSpinLock.0")),
        ("scepServerTimeout.1", 77))
    done = ctl.imports(document(p1=SERVER))
    assert done.returncode == 1 and "scepServerTimeout.1: another manager" in done.stderr
    assert walk(own.quick) == expected(enabled, scepServerTimeout=77)


def test_a_lock_that_was_taken_for_something_else_does_not_end_it(ctl, own, relay, enabled):
    relay.before[2] = lambda: own.quick.set(
        ("scepAgentConfigSpinLock.0", own.quick.get("scepAgentConfigSpinLock.0")))
    assert ctl.imports(document(p1=SERVER)).returncode == 0
    assert walk(own.quick) == expected(enabled, **SERVER)


# ----------------------------------------------------------------- put back


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_between_two_Sets_puts_back(ctl, own, relay, enabled, number):
    processes = []
    relay.after[1] = lambda: processes[0].send_signal(number)
    relay.before[1] = lambda: wait_until(lambda: processes, 5, "the process")
    processes.append(ctl.begin("import", ctl.write(document(p1=SERVER))))
    _, error = processes[0].communicate(timeout=scaled(30))
    assert processes[0].returncode == 1 and "the device is as it was" in error, error
    assert walk(own.quick) == enabled


def test_an_export_while_settings_change_has_them_all_from_one_time(ctl, own, relay):
    """Two settings that are always written together, in two rows, are exported
    together, wherever the change meets the export."""
    ctl.export()
    requests = relay.requests
    assert requests > 6
    for number in range(1, requests + 1):
        value = 100 + number
        relay.at = {relay.requests + number: lambda value=value: own.quick.set(
            ("scepStatusMaxRows.0", value), ("scepServerTimeout.1", value))}
        content = read(ctl.export())
        both = (content["scalars"]["scepStatusMaxRows"],
                content["profiles"]["1"]["scepServerTimeout"])
        assert both[0] == both[1], both


def test_a_community_does_not_stay_in_the_arguments(ctl, own, relay):
    processes, seen = [], []

    def look():
        wait_until(lambda: processes, 5, "the process")
        with open("/proc/%d/cmdline" % processes[0].pid, "rb") as file:
            seen.append(file.read())

    relay.at[1] = look
    processes.append(ctl.begin("export"))
    out, error = processes[0].communicate(timeout=scaled(30))
    assert processes[0].returncode == 0, error
    secret = own.master.secrets["writing"].encode()
    assert b"export" in seen[0] and secret not in seen[0]
    assert secret.decode() not in out + error
