# SPDX-License-Identifier: Apache-2.0
"""scepctl and a device with the first revision of SCEP-CLIENT-MIB: snmpd hides what
the second has added, so that it is neither read nor set."""

import re

import pytest

from rig import program
from rig.agent import Agent
from rig.ctl import Ctl, document, read, settings
from rig.master import Master

# The groups and columns of the second revision, by its first name.
ADDED = ("scepSummary", "scepRefusal", "scepAgentHealthText", "scepAgentAcknowledge",
         "scepServerCheckText", "scepServerRaPolicy", "scepRequestKeyAlgorithm",
         "scepRequestTemplate", "scepAutoKeyAlgorithm", "scepAutoTemplate",
         "scepAutoLastRunTime", "scepKeyInService", "scepKeyReplacedBy", "scepKeyStorage",
         "scepKeyActionText", "scepStatsScepFailures")
NEW_SETTINGS = {i.name for i in settings() if i.name.startswith(ADDED)}


def hidden():
    """The OIDs that a device of the first revision does not have."""
    return [program.number(i.name) for i in program.module().objects()
            if i.name.startswith(ADDED)]


@pytest.fixture
def first(tmp_path, mibs):
    """A master with such a view; reading and writing users have it both."""
    lines = ["view all excluded ." + oid for oid in hidden()]
    master = Master(tmp_path / "first", mibs, lines=lines)
    agent = Agent(tmp_path / "agent", master)
    try:
        master.start()
        yield agent.start()
    finally:
        agent.stop()
        master.close()


@pytest.fixture
def ctl(first, tmp_path):
    return Ctl(first.master, tmp_path)


def test_an_export_has_what_the_device_has(ctl):
    settings_of_one = read(ctl.export())["profiles"]["1"]
    named = {i.name for i in settings() if i.parent and i.kind != "scalar"}
    assert NEW_SETTINGS and named - set(settings_of_one) == NEW_SETTINGS


def test_an_export_of_one_revision_is_taken_over_by_the_other(ctl, first, master, agent, tmp_path):
    """Default values of what the first revision lacks are no difference."""
    second = Ctl(agent.master, tmp_path)
    first.master.quick.set(scepServerTimeout=77, scepProfileName="of the first")
    done = second.run("import", ctl.export("first.json"))
    assert done.returncode == 0, done
    master.quick.set(scepServerTimeout=78, scepProfileName="of the second")
    # Here snmpd cannot hide the bit of a notification: see tests/unit/ctl.
    done = ctl.run("import", second.export("second.json"))
    assert done.returncode == 0, done
    assert first.master.quick.get("scepServerTimeout.1") == 78


@pytest.mark.parametrize("name, value", [
    ("scepServerRaPolicy", "any"), ("scepAutoKeyAlgorithm", "ecP256"), ("scepAutoTemplate", "x"),
])
def test_a_value_that_the_device_cannot_have_is_said_and_nothing_is_set(ctl, first, name, value):
    content = document(p1={"scepServerTimeout": 99, name: value})
    for options in ((), ("-n",)):
        done = ctl.imports(content, options=options)
        assert done.returncode == 1, done
        assert "%s.1: the device does not have this object" % name in done.stderr
    assert first.master.quick.get("scepServerTimeout.1") == 30


def test_a_refusal_without_scepRefusalTable_has_the_status_of_the_agent(ctl, first):
    first.master.quick.set(scepServerTimeout=31)
    content = document(p1={"scepServerTimeout": 99, "scepAutoSignatureAlgorithm": "sha1"})
    done = ctl.imports(content)
    assert done.returncode == 1, done
    assert re.search(r"scepAutoSignatureAlgorithm\.1\b.*inconsistentValue", done.stderr), done
    assert "No Such" not in done.stderr and "no such" not in done.stderr
    assert first.master.quick.get("scepServerTimeout.1") == 31


def test_an_older_device_is_shown_with_what_it_has(ctl, first):
    done = ctl.run("status")
    assert done.returncode == 0 and "its MIB is older" in done.stdout, done
    assert ctl.run("health").stdout.startswith("SCEP OK: ok | ")
    for command in ("keys", "ca", "use", "events", "server", "timer", "profile"):
        assert ctl.run(command).returncode == 0, command
    done = ctl.run("request", "KeyName=a", "CommonName=b")
    assert done.returncode == 2 and "scepRequestAction.1: inconsistentValue" in done.stderr, done
