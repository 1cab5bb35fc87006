# SPDX-License-Identifier: Apache-2.0
"""Restarting the device: restartCommand of the configuration, run for
scepAgentRestart and for a timer with scepAutoRestart, and nothing else."""

import os
import signal

import pytest

from rig.agent import Agent
from rig.device import CHALLENGE, ENROL_LIMIT, Device, in_seconds, new_ca
from rig.master import Master
from rig.processes import children, is_alive, scaled, wait_until
from rig.quick import Refused
from rig.sink import Sink

RESTART = ("scepAgentRestart.0", "restart")


class Command:
    """A script that is the restart command, and what it leaves."""

    def __init__(self, folder):
        self.script = str(folder / "restart-it")
        self.marks = str(folder / "marks")
        self.go = str(folder / "go")
        self.write()

    def write(self, last="exit 0"):
        with open(self.script, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n{ echo run $$ \"$@\"; env | grep SCEP_ | sort; } >> %s\n%s\n"
                       % (self.marks, last))
        os.chmod(self.script, 0o700)
        return self

    @property
    def line(self):
        return "restartCommand \"%s 'one word' two\"" % self.script

    def left(self):
        try:
            with open(self.marks, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def runs(self):
        return self.left().count("run ")

    def pid(self):
        return int(self.left().split()[1])

    def wait(self, count=1):
        wait_until(lambda: self.runs() == count, 10, "%d runs of the command" % count)


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


def give(own, *lines):
    own.agent.stop()
    own.agent.configure(*lines)
    own.agent.start()
    return own


@pytest.fixture
def ready(own, command):
    give(own, command.line)
    own.point_at()
    return own


def is_pending(device):
    pending, reasons = device.quick.get("scepAgentRestartPending.0", "scepAgentHealthReason.0")
    assert ("restartPending" in reasons) == (pending == "true")
    return pending == "true"


def wait_pending(device, wanted):
    wait_until(lambda: is_pending(device) == wanted, 10, "RestartPending %s" % wanted)


def enable(device, seconds=-60, **values):
    """A timer whose run is due, with scepAutoRestart."""
    values = {"KeyName": "timed", "CommonName": "timed.example.net", "Restart": "true",
              "ChallengePassword": CHALLENGE,
              "StartTime": in_seconds(seconds), "Enable": "true", **values}
    device.quick.set(*[("scepAuto%s.1" % name, value) for name, value in values.items()])


def wait_success(device):
    def last():
        rows = device.quick.table("scepStatusTable")
        return any(row["State"] == "successful" for row in rows.values())

    wait_until(last, ENROL_LIMIT, "success of the timer")


# ------------------------------------------------------------ scepAgentRestart --


def test_a_Set_runs_the_command_once_and_without_a_shell(ready, command):
    assert not is_pending(ready)
    ready.quick.set(RESTART)
    command.wait()
    wait_pending(ready, False)
    assert ready.quick.get("scepAgentRestart.0") == "noop"
    (line,) = command.left().splitlines()
    assert line.split(" ", 2)[2] == "one word two"
    ready.agent.wait_log("restart command has ended well")


def test_it_is_pending_while_it_runs_and_the_Set_does_not_wait(ready, command):
    command.write("while [ ! -e %s ]; do sleep 0.05; done" % command.go)
    ready.quick.set(RESTART)
    command.wait()
    assert is_pending(ready)
    # All else goes on.
    ready.enrol(common_name="meanwhile.example.net")
    assert is_pending(ready) and command.runs() == 1
    open(command.go, "w", encoding="utf-8").close()
    wait_pending(ready, False)


def test_noop_runs_nothing(ready, command):
    ready.quick.set(("scepAgentRestart.0", "noop"))
    ready.quick.set(RESTART)
    command.wait()
    wait_pending(ready, False)
    assert command.runs() == 1


def test_a_command_that_fails_leaves_it_pending_and_the_log_says_why(ready, command):
    command.write("echo no such device >&2; exit 7")
    ready.quick.set(RESTART)
    ready.agent.wait_log("restart command has failed")
    ready.agent.wait_log("restartCommand: no such device")
    ready.agent.wait_log("restartCommand: ended with 7")
    assert is_pending(ready)
    command.write()
    ready.quick.set(RESTART)
    wait_pending(ready, False)
    assert command.runs() == 2


def test_a_command_that_is_missing_leaves_it_pending(own):
    give(own, "restartCommand /there/is/no/such/command")
    own.quick.set(RESTART)
    own.agent.wait_log("/there/is/no/such/command: No such file or directory")
    wait_pending(own, True)


def test_without_a_command_it_is_shown_until_the_next_start(own):
    own.point_at()
    own.quick.set(RESTART)
    own.agent.wait_log("there is no restartCommand")
    assert is_pending(own)
    own.agent.restart()
    assert not is_pending(own)


def test_HUP_gives_and_takes_the_command(own, command):
    own.point_at()
    own.agent.configure(command.line)
    own.agent.send_signal(signal.SIGHUP)
    own.agent.wait_log("the configuration was read again")
    own.quick.set(RESTART)
    command.wait()
    wait_pending(own, False)
    own.agent.configure()
    own.agent.send_signal(signal.SIGHUP)
    own.agent.wait_log("the configuration was read again", 2)
    own.quick.set(RESTART)
    wait_pending(own, True)
    assert command.runs() == 1


def test_a_Set_that_is_refused_runs_nothing(ready, command):
    with pytest.raises(Refused):
        ready.quick.set(RESTART, ("scepRequestAction.1", "cancel"))
    ready.quick.set(RESTART)
    command.wait()
    wait_pending(ready, False)
    assert command.runs() == 1


def ways(pid):
    """The pipes and sockets of a process, but for what it was started with."""
    folder = "/proc/%d/fd" % pid
    found = set()
    for name in os.listdir(folder):
        try:
            found.add(os.readlink(os.path.join(folder, name)) if int(name) > 2 else "")
        except FileNotFoundError:
            pass
    return {way for way in found if way.startswith(("pipe:", "socket:"))}


def test_a_worker_that_dies_meanwhile_leaves_the_command_alone(ready, command):
    command.write("while [ ! -e %s ]; do sleep 0.05; done; echo ended >> %s"
                  % (command.go, command.marks))
    ready.quick.set(RESTART)
    command.wait()
    ready.agent.kill_worker()
    ready.agent.wait_registered()
    assert is_alive(command.pid())
    # The new worker has nothing of its parent's: it could forge an end.
    parent = ready.agent.process.pid
    (worker,) = set(children(parent)) - {command.pid()}
    assert len(ways(parent)) >= 2 and ways(worker)
    assert not ways(parent) & ways(worker)
    open(command.go, "w", encoding="utf-8").close()
    wait_until(lambda: "ended" in command.left(), 10, "end of the command")
    assert not is_pending(ready) and command.runs() == 1


# ------------------------------------------------------------- scepAutoRestart --


def test_a_timer_restarts_the_device_once_its_certificate_is_there(ready, command):
    enable(ready)
    wait_success(ready)
    command.wait()
    wait_pending(ready, False)
    said = dict(line.split("=", 1) for line in command.left().splitlines() if "=" in line)
    # A copy of the parent's, which is gone with the command.
    (own,) = ready.agent.paths("certs")
    copy = said.pop("SCEP_CERT_FILE")
    assert said == {"SCEP_KEY_NAME": "timed"}
    assert os.path.basename(copy) == os.path.basename(own) and copy != own
    assert not os.path.exists(copy)
    ready.agent.restart()
    assert ready.quick.get("scepAutoOperStatus.1") == "finished"
    assert command.runs() == 1


def test_without_scepAutoRestart_nothing_is_run(ready, command):
    enable(ready, Restart="false")
    wait_success(ready)
    ready.quick.set(("scepAutoEnable.1", "false"))
    ready.enrol(common_name="manual.example.net")
    assert not is_pending(ready) and command.runs() == 0


@pytest.mark.parametrize("who", ["the command", "the test"])
def test_a_kill_of_it_all_does_not_repeat_it(ready, command, who):
    """The command restarts the device, which is a kill -9 of everything."""
    if who == "the command":
        command.write("kill -9 $PPID")
    enable(ready)
    command.wait()
    if who == "the test":
        ready.agent.kill()
    else:
        worker = ready.agent.worker
        ready.agent.process.wait(timeout=scaled(10))
        wait_until(lambda: not worker or not is_alive(worker), 10, "end of the worker")
    ready.agent.start()
    wait_success(ready)
    assert not is_pending(ready)
    ready.quick.set(("scepAutoEnable.1", "false"))
    ready.enrol(common_name="later.example.net")
    assert command.runs() == 1


def test_a_kill_before_the_answer_of_the_CA_still_restarts_once(ready, command):
    """Killed when the CA has issued and its answer is on the way: success and
    restart are still to come, and there is one restart in all."""
    for count in range(1, 4):
        before = len(ready.ca.issued())
        ready.ca.control(delay={"PKIOperation": 3})
        ready.quick.set(("scepAutoEnable.1", "false"))
        # A later one each time: a timer carries out no due time before its last.
        enable(ready, -300 + 60 * count)
        wait_until(lambda: len(ready.ca.issued()) > before, ENROL_LIMIT, "a certificate")
        ready.agent.kill()
        ready.ca.control(delay=None)
        ready.agent.start()
        wait_until(lambda: len(ready.keys()) == count, ENROL_LIMIT, "%d keys" % count)
        command.wait(count)
        wait_pending(ready, False)
        assert command.runs() == count


# ---------------------------------------------------------------- notification --


def test_a_restart_that_nothing_does_is_told_with_the_key_it_is_for(tmp_path, mibs, command):
    sink = Sink(tmp_path / "sink", mibs).start()
    master = Master(tmp_path / "master", mibs, lines=sink.master_lines(inform=False))
    agent = Agent(tmp_path / "agent", master)
    device = Device(tmp_path, master, agent, new_ca(tmp_path / "ca"))
    try:
        master.start()
        agent.start()
        device.quick.set(("scepNotifyMinInterval.0", 0))
        device.point_at()
        enable(device)
        (index,) = wait_until(device.keys, ENROL_LIMIT, "a key")
        told = {"scepKeyName.%d" % index: "timed", "scepAgentRestartPending.0": "true"}
        assert sink.wait("scepRestartRequired")["values"] == told
        # With a command that does it, there is nothing to be told; with one
        # that fails, there is.
        agent.configure(command.line)
        agent.send_signal(signal.SIGHUP)
        agent.wait_log("the configuration was read again")
        device.quick.set(RESTART)
        wait_pending(device, False)
        command.write("exit 1")
        device.quick.set(RESTART)
        assert sink.wait("scepRestartRequired", count=2)["values"] == told
        assert sink.count("scepRestartRequired") == 2 and command.runs() == 2
    finally:
        agent.stop()
        master.close()
        device.ca.stop()
        sink.stop()
