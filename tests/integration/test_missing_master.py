# SPDX-License-Identifier: Apache-2.0
"""Reads the log and `systemctl status` while there is no session with snmpd: a
sentence of its own for a missing permission, another path and a stopped snmpd."""

import os
import pwd
import tempfile

import pytest

from rig.agent import Agent
from rig.master import Master
from rig.notify import Manager
from rig.processes import wait_until

DENIED = "permission denied at %s: user %s may not open the socket; add 'agentXPerms 0660 0755 "
STOPPED = "nobody listens at %s: snmpd has stopped"
OTHER = "there is no socket %s"


class Scene:
    """A snmpd and a scepagentd whose worker is not root, in a folder that its
    user can reach."""

    def __init__(self, folder, mibs):
        os.chmod(folder, 0o755)
        self.user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.master = Master(os.path.join(folder, "m"), mibs, perms="0660 0755")
        self.manager = Manager(folder)
        lines = ["runAs nobody"] if os.geteuid() == 0 else []
        self.agent = Agent(os.path.join(folder, "a"), self.master, lines)
        self.agent.environment = self.manager.environment

    def status(self):
        texts = [text for text, _ in list(self.manager.messages) if text.startswith("STATUS=")]
        return texts[-1][len("STATUS="):] if texts else ""

    def wait_status(self, text, limit=20):
        wait_until(lambda: text in self.status(), limit, "the status %r" % text)
        return self.status()

    def wait_told(self, text):
        """Waits until the log and the status have the sentence."""
        self.agent.wait_log("No AgentX master: " + text, limit=20)
        return self.wait_status("no AgentX master: " + text)

    def permit(self, is_permitted):
        mode = 0o666 if is_permitted else 0o660 if os.geteuid() == 0 else 0
        os.chmod(self.master.socket, mode)


@pytest.fixture
def scene(mibs):
    with tempfile.TemporaryDirectory(prefix="scepagent-") as folder:
        made = Scene(folder, mibs)
        try:
            yield made
        finally:
            made.agent.stop()
            made.master.close()
            made.manager.close()


def test_a_missing_permission_is_told_with_the_line_that_mends_it(scene):
    scene.master.start()
    scene.permit(False)
    scene.agent.launch()
    said = scene.wait_told(DENIED % (scene.master.socket, scene.user))
    assert said.endswith("' to snmpd.conf and restart snmpd")
    scene.permit(True)
    assert scene.wait_status("registered at the AgentX master unix:%s" % scene.master.socket)
    scene.agent.wait_log("AgentX: registered at the master")


def test_a_folder_that_was_closed_before_is_told(scene):
    """As on Debian: snmpd has made it without agentXPerms, and keeps its mode."""
    folder = os.path.dirname(scene.master.socket)
    scene.master.start()
    scene.permit(True)
    scene.agent.launch()
    scene.wait_status("registered at the AgentX master")
    os.chmod(folder, 0o700 if os.geteuid() == 0 else 0)
    scene.master.process.kill()
    scene.wait_told("permission denied at %s: user %s may not enter the folder %s; run 'chmod "
                    "755 %s'" % (scene.master.socket, scene.user, folder, folder))
    os.chmod(folder, 0o755)
    scene.wait_told(STOPPED % scene.master.socket)


def test_a_stopped_snmpd_is_told_and_so_is_its_return(scene):
    scene.master.start()
    scene.permit(True)
    scene.agent.launch()
    scene.wait_status("registered at the AgentX master")
    scene.master.stop()
    scene.wait_told(STOPPED % scene.master.socket)
    scene.master.start()
    scene.permit(True)
    scene.wait_status("registered at the AgentX master")


def test_another_path_is_told_at_once_when_the_cause_changes(scene):
    """A snmpd runs, at another path than the program has."""
    scene.master.start()
    scene.permit(True)
    scene.agent.configure("agentXSocket unix:%s.other" % scene.master.socket,
                          *(["runAs nobody"] if os.geteuid() == 0 else []))
    scene.agent.launch()
    said = scene.wait_told(OTHER % scene.master.socket + ".other")
    assert "agentXSocket" in said
    assert "snmpd does not run" not in said
    os.rename(scene.master.socket, scene.master.socket + ".other")
    scene.wait_status("registered at the AgentX master")


def test_a_cause_that_stays_is_not_told_each_second(scene):
    scene.agent.launch()
    scene.wait_told(OTHER % scene.master.socket)
    told = len(scene.manager.messages)
    scene.manager.wait_for("WATCHDOG=1", 6, limit=30)
    assert scene.agent.log().count("No AgentX master: ") == 1
    statuses = [text for text, _ in scene.manager.messages[told:] if "STATUS" in text]
    assert statuses == []


def test_a_worker_that_is_started_again_is_in_the_status(scene):
    scene.master.start()
    scene.permit(True)
    scene.agent.launch()
    scene.wait_status("registered at the AgentX master")
    before = len(scene.manager.messages)
    os.kill(scene.agent.worker, 9)

    def has_told():
        said = [text for text, _ in scene.manager.messages[before:] if "STATUS" in text]
        return any("registered" in text for text in said)

    wait_until(has_told, 20, "the status of the second worker")
