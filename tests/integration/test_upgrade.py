# SPDX-License-Identifier: Apache-2.0
"""The state directory of an older build (older/) under the program of today: it reads
the same over SNMP, goes on with what was under way, and is not lost when the
program dies while it takes the directory over.  A newer one is left alone."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

from rig import program
from rig.agent import Agent
from rig.device import CHALLENGE, Device
from rig.processes import children, is_alive, scaled, wait_until
from scepca import TestCA

OLDER = Path(__file__).with_name("older") / "version4"
PORT = "127.0.0.1:CA-PORT"
OPEN, TIMED = 22, 21  # status rows

# Changed by the time, a start, or the poll that is due at once.
MOVING = {
    "scepAgentVersion", "scepAgentConfigSpinLock",
    "scepAgentConfigLastChange", "scepAgentLocalTime", "scepKeyTableLastChange",
    "scepCaTableLastChange", "scepStatsDiscontinuity", "scepKeySecondsLeft",
    "scepCaSecondsLeft", "scepAutoNextRequestIn", "scepSummaryNextRequestIn",
    "scepSummarySecondsLeft", "scepAgentEarliestExpiry",
    "scepServerLastContact", "scepServerClockSkew", "scepServerCaps",
    "scepStatusPolls.%d" % OPEN, "scepStatusNextPoll.%d" % OPEN,
    "scepStatusMessageType.%d" % OPEN,
}


# Gone after a start of any program; scepStatsDiscontinuity says so.
VOLATILE = ("scepRequest", "scepStats")


def lay_out(state, port, version=None):
    """Makes the state directory as that program left it."""
    state.mkdir(mode=0o700)
    for folder in ("keys", "certs"):
        shutil.copytree(OLDER / folder, state / folder)
        os.chmod(state / folder, 0o700)
        for path in (state / folder).iterdir():
            os.chmod(path, 0o600)
    sql = (OLDER / "state.sql").read_text(encoding="utf-8")
    with sqlite3.connect(state / "scepagent.db") as database:
        database.executescript(sql.replace(PORT, "127.0.0.1:%d" % port))
        if version is not None:
            database.execute("PRAGMA user_version = %d" % version)
    database.close()
    os.chmod(state / "scepagent.db", 0o600)


@pytest.fixture
def ca(tmp_path):
    shutil.copytree(OLDER / "ca", tmp_path / "ca")
    running = TestCA(tmp_path / "ca", challenge=CHALLENGE, pending="forever")
    running.start()
    yield running
    running.stop()


def locations(folder):
    return ["useLocation web tls combined=%s/web.pem" % folder,
            "useLocation vpn ipsec combined=%s/vpn.pem" % folder]


@pytest.fixture
def make_older(tmp_path, master, ca):
    """Makes programs at copies of that directory."""
    made = []

    def make(version=None):
        folder = tmp_path / ("older%d" % len(made))
        agent = Agent(folder, master, locations(folder))
        agent.environment = {"TZ": "UTC"}
        made.append(agent)
        lay_out(Path(agent.state), ca.port, version)
        return agent

    yield make
    for agent in made:
        agent.stop()


@pytest.fixture
def older(make_older, tmp_path, master, ca):
    return Device(tmp_path, master, make_older().start(), ca)


def name_of(oid):
    item, index = program.item_of(program.root() + "." + oid)
    return "%s.%s" % (item.name, index)


def values_before(ca):
    """{name: (tag, value)} of what a manager read from that program."""
    text = (OLDER / "walk.json").read_text(encoding="ascii")
    address = ("127.0.0.1:%d" % ca.port).encode().hex()
    text = text.replace(PORT.encode().hex(), address)
    return {
        name_of(oid): (tag, bytes.fromhex(value) if isinstance(value, str) else value)
        for oid, (tag, value) in json.loads(text).items()
    }


def values_now(device):
    below = len(program.root()) + 1
    return {
        name_of(oid[below:]): (tag, value)
        for oid, tag, value in device.quick.walk("scepClientMIB")
    }


def is_moving(name):
    column = name.partition(".")[0]
    return name in MOVING or column in MOVING or column.startswith(VOLATILE)


def differences(device):
    before, now = values_before(device.ca), values_now(device)
    return {
        name: (value, now.get(name)) for name, value in before.items()
        if now.get(name) != value and not is_moving(name)
    }


def wait_same(device):
    try:
        wait_until(lambda: not differences(device), 10, "the values of before")
    except TimeoutError:
        assert differences(device) == {}


def test_everything_reads_as_before_and_what_is_new_has_its_default(older):
    wait_same(older)
    quick = older.quick
    before = values_before(older.ca)
    assert len(before) > 700
    added = {
        name for name in values_now(older)
        if name not in before and not name.startswith("scepRefusal")
    }
    assert {name.partition(".")[0] for name in added} >= {"scepAutoLastRunTime"}
    for name in added - {"scepAutoLastRunTime.2"}:
        item, index = name.split(".", 1)
        default = program.module()[item].default
        assert quick.get(name) in (default, b"", "", 0, "false", "file"), name
    # The timer does not repeat what it has carried out.
    assert quick.get("scepAutoLastRunTime.2") == quick.get("scepAutoStartTime.2")
    assert quick.get("scepAutoNextRequestTime.2")[:3] == (2057).to_bytes(2, "big") + b"\x0b"
    assert quick.get("scepAutoChallengeSet.2") == "true"
    assert quick.get("scepStatusState.%d" % TIMED) == "toBeProcessed"
    # The key that was replaced raises no alarm.
    assert quick.get("scepKeyInService.2") == "false"
    assert quick.get("scepKeyReplacedBy.2") == 3


def test_the_open_request_goes_on_to_its_end(older, tmp_path):
    transaction = older.quick.get("scepStatusTransactionId.%d" % OPEN)
    older.ca.release("all")
    older.quick.set(scepRequestAction="pollNow")
    row = older.wait_end(OPEN)
    assert (row["State"], row["TransactionId"]) == ("successful", transaction), row
    assert {entry["message"] for entry in older.pki_log()} == {"CertPoll"}
    wait_until(lambda: older.quick.get("scepUseKeyIndex.1") == row["KeyIndex"], 10, "its place")
    assert b"PRIVATE KEY" in (Path(older.agent.directory) / "web.pem").read_bytes()
    # And the old CA is still trusted by the profile that pinned it.
    assert older.quick.get("scepCaTrust.2") == "trusted"


def test_a_second_start_finds_what_the_first_has_made(older):
    wait_same(older)
    older.agent.restart()
    wait_same(older)


# ---------------------------------------------------------------- a kill ------


def killed_at(agent, call, when):
    """Runs the program until its worker is killed at that call for the database, or
    answers.  Tells whether it was killed."""
    trace = Path(agent.directory, "strace")
    files = [os.path.join(agent.state, "scepagent.db" + end) for end in ("", "-journal")]
    agent.prefix = [
        "strace", "-f", "-qq", "-o", trace, "-P", files[0], "-P", files[1],
        "-e", "trace=" + call, "-e", "inject=%s:signal=KILL:when=%d" % (call, when),
    ]
    agent.launch()
    agent.prefix = []

    def is_killed():
        return trace.exists() and b"killed by SIGKILL" in trace.read_bytes()

    wait_until(lambda: is_killed() or agent.answers(), 20, "a kill or an answer")
    died = is_killed()
    # The parent would start another worker.
    (parent,) = children(agent.process.pid)
    workers = children(parent)
    os.kill(parent, signal.SIGKILL)
    agent.process.wait(timeout=scaled(10))
    agent.process = None
    wait_until(lambda: not any(map(is_alive, workers)), 10, "end of the worker")
    return died


POINTS = [("pwrite64", 1), ("pwrite64", 4), ("pwrite64", 12), ("fdatasync", 1),
          ("fdatasync", 2), ("fsync", 1), ("unlink", 1), ("ftruncate", 1)]


def test_a_kill_during_the_migration_loses_nothing(make_older, master, tmp_path, ca):
    killed = 0
    for call, when in POINTS:
        agent = make_older()
        killed += killed_at(agent, call, when)
        agent.start()
        device = Device(tmp_path, master, agent, ca)
        wait_same(device)
        agent.stop()
    assert killed >= 3, killed


# ---------------------------------------------------------- a newer one -------


def content(folder):
    """{path: digest and mode} of all that stands in a directory."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            oct(path.stat().st_mode), path.stat().st_mtime_ns if path.is_file() else 0,
        )
        for path in Path(folder).rglob("*") if path.name != "lock"
    }


def test_a_newer_database_is_refused_and_left_as_it_is(make_older):
    agent = make_older(version=99)
    before = content(agent.state)
    agent.launch()
    assert agent.wait_end(20) == 1
    assert content(agent.state) == before
    assert "made by a newer scepagent (version 99" in agent.everything()
    assert not agent.answers()
