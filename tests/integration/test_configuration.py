# SPDX-License-Identifier: Apache-2.0
"""The command line, the configuration file, and the two processes."""

import os
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

from rig import program
from rig.agent import Agent
from rig.device import Device
from rig.master import Master
from rig.processes import environment, is_alive, scaled, wait_until
from rig.quick import Refused

USAGE = 2


def run(*words, **variables):
    """The program with these words, which it must not survive."""
    return subprocess.run(
        [program.scepagentd(), *map(str, words)], capture_output=True, text=True,
        timeout=scaled(20), stdin=subprocess.DEVNULL,
        env=environment(SNMPCONFPATH="/nonexistent", **variables),
    )


# -------------------------------------------------------------- command line --


def test_V_shows_the_version_and_the_root_OID():
    done = run("-V")
    assert done.returncode == 0 and done.stderr == ""
    assert re.fullmatch(r"scepagentd \d+\.\d+\.\d+\S*\nroot OID [0-9.]+\n", done.stdout)


def test_h_shows_every_option():
    done = run("-h")
    assert done.returncode == 0 and done.stderr == ""
    for option in ("-f", "-t", "-T", "-c FILE", "-d DIR", "-x ADDRESS", "-L LOGOPTS", "-h", "-V"):
        assert option in done.stdout


@pytest.mark.parametrize(
    "words", [("-Z",), ("-c",), ("-f", "word"), ("--help",), ("-x", ""), ("-L", "?"), ("-c", "")],
)
def test_a_bad_command_line_ends_with_2_and_the_usage(words):
    done = run(*words)
    assert done.returncode == USAGE
    assert "usage: scepagentd" in done.stderr and done.stdout == ""
    assert "scepagentd: " in done.stderr


# --------------------------------------------------------- configuration file --


def refuse(agent, *lines):
    """The configuration must be refused with 2; gives what was said."""
    agent.configure(*lines)
    done = run("-f", "-c", agent.configuration)
    assert done.returncode == USAGE, done.stderr
    assert not os.path.exists(agent.state)
    return done.stderr


def place(agent, offset=1):
    """FILE: line N of a line after the base."""
    return "%s: line %d: " % (agent.configuration, len(agent.base_lines()) + offset)


BAD_LINES = {
    "noSuchToken 5": "unknown token",
    "keyLimit": "a number",
    "keyLimit 0": "1 to 10000",
    "keyLimit 10001": "1 to 10000",
    "keyLimit ten": "'ten'",
    "keyLimit 5 6": "too many",
    "statusHistory 19": "20 to 10000",
    "stateDirectory relative/path": "absolute path",
    'stateDirectory "unfinished': ".",
    "allowLegacyAlgorithms md5": "none of sha1, 3des, des",
    "allowShortKeys perhaps": "neither yes nor no",
    "allowAddress 300.0.0.0/8": "300.0.0.0/8",
    "denyAddress 10.0.0.0/33": "10.0.0.0/33",
    "clockSkewLimit 0": "1 to",
    "clockSkewLimit 600 maybe": "neither warn nor error",
    "caFile /there/is/no/such/file": "No such file",
    "caFile relative.pem": "absolute path",
    "agentXPingInterval many": ".",
    "includeFile /there/is/no/such/file": "No such file",
    "useLocation": "a name",
    "useLocation a nosuchtype preset=nginx": "type",
    "useLocation a tls preset=nosuch": "no preset",
    "restartCommand relative": "absolute path",
    "spareKeys 512": "no key length",
    "[broken": "section",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_ends_with_2_and_names_file_and_line(make_agent, line):
    agent = make_agent()
    said = refuse(agent, "# a comment", "", line)
    (found,) = [text for text in said.splitlines() if place(agent, 3) in text or
                "/there/is/no/such/file" in text]
    assert re.search(BAD_LINES[line], found), found


GOOD_LINES = [
    "spareKeys 2048 3072", "useLocation web tls preset=nginx",
    "useLocation web tls key=/etc/k cert=/etc/c reload=\"/bin/true\"",
    "ipsecDestination vpn preset=swanctl",
]


def test_places_and_spare_keys_are_taken(make_agent):
    agent = make_agent(GOOD_LINES[0], GOOD_LINES[1], GOOD_LINES[3]).start()
    rows = agent.master.quick.table("scepUseTable")
    assert [(rows[i]["Name"], rows[i]["Type"]) for i in (1, 2)] == [
        ("web", "tls"), ("vpn", "ipsec")]
    wait_until(lambda: {"spare-2048.key", "spare-3072.key"} <= set(agent.files("keys")),
               30, "spare keys")


def test_all_bad_lines_are_told_at_once(make_agent):
    agent = make_agent()
    said = refuse(agent, "keyLimit 0", "noSuchToken 1", "statusHistory 1")
    for offset in (1, 2, 3):
        assert place(agent, offset) in said


def test_a_missing_file_ends_with_2():
    done = run("-f", "-c", "/there/is/no/such/file")
    assert done.returncode == USAGE and "/there/is/no/such/file" in done.stderr


def test_every_token_is_taken(own, tmp_path):
    lines = [
        "keyLimit 33", "statusHistory 44", "allowLegacyAlgorithms sha1,3des,des",
        "allowShortKeys yes", "allowAddress 127.0.0.0/8 ::1", "denyAddress 10.0.0.0/8",
        "clockSkewLimit 900 error", "caFile /etc/passwd", "KEYLIMIT 33",
        "restartCommand \"/sbin/reboot 'or not'\"",
        "[snmp] logTimestamp yes",
    ]
    own.agent.stop()
    shutil.rmtree(own.agent.state)
    own.agent.configure(*lines)
    own.agent.start()
    assert own.quick.get("scepKeyLimit.0", "scepStatusMaxRows.0") == [33, 44]
    own.quick.set(scepRequestKeyLength=1024, scepRequestSignatureAlgorithm="sha1")
    assert own.agent.log().count("scepagentd ") >= 1


def test_the_file_is_found_by_the_search_path(master, tmp_path):
    agent = Agent(tmp_path / "searched", master)
    os.rename(agent.configuration, os.path.join(agent.directory, "scepagentd.conf"))
    agent.command = lambda *words: [
        program.scepagentd(), "-f", "-Lf", agent.log_file, *words
    ]
    master.empty, kept = agent.directory, master.empty
    try:
        agent.start()
        assert os.path.isdir(agent.state)
    finally:
        agent.stop()
        master.empty = kept


def test_d_and_x_overrule_the_file(master, tmp_path):
    agent = Agent(tmp_path / "overruled", master)
    agent.base_lines = lambda: [
        "stateDirectory %s/wrong" % tmp_path, "agentXSocket unix:%s/wrong" % tmp_path,
        *(["runAs root"] if os.geteuid() == 0 else []),
    ]
    agent.configure()
    try:
        agent.start("-d", agent.state, "-x", "unix:" + master.socket)
        assert agent.files("keys") == [] and os.path.isdir(agent.state)
        assert not (tmp_path / "wrong").exists()
    finally:
        agent.stop()


def test_the_start_is_one_line_with_version_root_state_and_master(agent):
    agent.wait_log("root OID")
    (line,) = [text for text in agent.log().splitlines() if "root OID" in text]
    for part in (*program.version(), agent.state, agent.master.socket):
        assert part in line


def test_without_f_it_goes_to_the_background_when_it_is_ready(master, tmp_path):
    agent = Agent(tmp_path / "behind", master)
    done = subprocess.run(
        [program.scepagentd(), "-c", agent.configuration, "-Lf", agent.log_file],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        timeout=scaled(20), env=environment(SNMPCONFPATH=master.empty),
    )
    pids = pids_with(agent.configuration)
    try:
        assert done.returncode == 0
        assert len(pids) == 2
        assert os.path.isdir(agent.state)
        wait_until(agent.answers, 10, "answer of the program in the background")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not any(map(is_alive, pids)), 2, "end of the program")


def pids_with(word):
    """The processes of the program with that word in their command line."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open("/proc/%s/cmdline" % entry, "rb") as file:
                words = file.read().split(b"\0")
        except (NotADirectoryError, FileNotFoundError, ProcessLookupError):
            continue
        if words[0] == program.scepagentd().encode() and word.encode() in words:
            found.append(int(entry))
    return found


# ----------------------------------------------------------------------- HUP --


def test_HUP_with_a_bad_file_changes_nothing_and_says_why(agent):
    worker, limit = agent.worker, agent.master.quick.get("scepKeyLimit.0")
    agent.configure("keyLimit 7", "noSuchToken 1")
    agent.send_signal(signal.SIGHUP)
    agent.wait_log("nothing is changed")
    assert place(agent, 2) + "noSuchToken" in agent.log()
    assert agent.master.quick.get("scepKeyLimit.0") == limit
    assert agent.worker == worker and agent.is_registered()


def test_HUP_with_a_good_file_changes_what_can_change(agent):
    worker = agent.worker
    agent.configure("keyLimit 7")
    agent.send_signal(signal.SIGHUP)
    wait_until(
        lambda: agent.master.quick.get("scepKeyLimit.0") == 7, 10, "new keyLimit"
    )
    assert agent.worker == worker
    # A bad file after a good one leaves the good one's values.
    agent.configure("keyLimit zero")
    agent.send_signal(signal.SIGHUP)
    agent.wait_log("nothing is changed")
    assert agent.master.quick.get("scepKeyLimit.0") == 7


def test_a_configuration_of_HUP_is_still_there_after_the_worker_died(agent):
    agent.configure("keyLimit 7")
    agent.send_signal(signal.SIGHUP)
    quick = agent.master.quick
    wait_until(lambda: quick.get("scepKeyLimit.0") == 7, 10, "new keyLimit")
    old = agent.kill_worker()
    wait_until(lambda: agent.worker not in (None, old), 10, "new worker")
    agent.wait_registered()
    assert quick.get("scepKeyLimit.0") == 7


# ---------------------------------------------------------- parent and worker --


def test_a_worker_that_dies_is_started_again_within_a_second(agent):
    agent.master.quick.set(scepServerTimeout=13)
    old = agent.kill_worker()
    wait_until(lambda: agent.worker not in (None, old), 1, "new worker")
    wait_until(lambda: not is_alive(old), 1, "end of the old worker")
    wait_until(agent.answers, 5, "answer of the new worker")
    assert agent.master.quick.get("scepServerTimeout.1") == 13
    agent.wait_log("signal 9")


def test_the_worker_ends_with_its_parent_and_a_new_start_succeeds(agent):
    agent.master.quick.set(scepServerTimeout=14)
    worker = agent.kill_parent()
    wait_until(lambda: not is_alive(worker), 1, "end of the worker")
    agent.start()
    assert agent.master.quick.get("scepServerTimeout.1") == 14


def test_a_worker_that_dies_again_and_again_is_started_with_pauses(agent):
    """The program neither gives up nor spins."""
    for _ in range(4):
        old = wait_until(lambda: agent.worker, 20, "worker")
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: agent.worker != old, 5, "end of the worker")
    wait_until(agent.answers, 30, "answer after many deaths")
    assert agent.process.poll() is None


def ids_of(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file if ":" in line)
    return {int(word) for word in fields["Uid"].split()}, fields


def test_the_worker_has_no_privilege_that_it_does_not_need(mibs):
    """Started as root, only the parent stays root; started by anybody else,
    both are his.  runAs is `nobody` here, who exists everywhere."""
    directory = tempfile.mkdtemp(prefix="scepagent-runas.")
    os.chmod(directory, 0o755)
    is_root = os.geteuid() == 0
    master = Master(os.path.join(directory, "master"), mibs, perms="0777 0755")
    agent = Agent(os.path.join(directory, "agent"), master)
    base = agent.base_lines()[:3]
    agent.base_lines = lambda: base + ["runAs nobody"]
    agent.configure()
    try:
        master.start()
        if is_root:
            os.chmod(agent.directory, 0o755)
            agent.state = os.path.join(directory, "agent", "state")
        agent.start()
        wanted = 65534 if is_root else os.geteuid()
        uids, fields = ids_of(agent.worker)
        assert uids == {wanted}
        assert int(fields["CapEff"], 16) == 0 and int(fields["CapPrm"], 16) == 0
        assert fields["NoNewPrivs"].strip() == "1"
        assert ids_of(agent.process.pid)[0] == {os.geteuid()}
        status = os.stat(agent.state)
        assert status.st_uid == wanted and status.st_mode & 0o777 == 0o700
        master.quick.set(scepServerTimeout=15)
        agent.restart()
        assert master.quick.get("scepServerTimeout.1") == 15
    finally:
        agent.stop()
        master.close()
        shutil.rmtree(directory)


def test_an_unknown_runAs_ends_with_2_when_root_starts_it(make_agent):
    agent = make_agent()
    agent.base_lines = lambda: ["stateDirectory " + agent.state]
    agent.configure("runAs no-such-user-here")
    if os.geteuid() == 0:
        done = run("-f", "-c", agent.configuration)
        assert done.returncode == USAGE
        assert "line 2" in done.stderr and "no-such-user-here" in done.stderr
        return
    # Nobody else can change into another user, and needs not.
    agent.launch()
    agent.wait_log("root OID")
    assert ids_of(agent.worker)[0] == {os.geteuid()}


def make_file(path):
    with open(path, "wb"):
        pass


def make_open_folder(path):
    os.mkdir(path)
    os.chmod(path, 0o777)


@pytest.mark.parametrize("spoil", [make_file, make_open_folder])
def test_with_a_bad_state_directory_the_MIB_is_up_and_nothing_is_accepted(make_agent, spoil):
    agent = make_agent()
    spoil(agent.state)
    agent.start()
    quick = agent.master.quick
    assert quick.get("scepAgentHealth.0") == "critical"
    assert "storageError" in quick.get("scepAgentHealthReason.0")
    with pytest.raises(Refused) as refused:
        quick.set(scepServerTimeout=5)
    assert refused.value.status in ("commitFailed", "resourceUnavailable")
    assert quick.get("scepServerTimeout.1") == 30
    assert agent.state in agent.log()


def test_the_log_goes_to_standard_output_with_Lo(master, tmp_path):
    agent = Agent(tmp_path / "loud", master)
    out = tmp_path / "out"
    with open(out, "wb") as file:
        process = subprocess.Popen(
            [program.scepagentd(), "-f", "-c", agent.configuration, "-Lo"],
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            env=environment(SNMPCONFPATH=master.empty),
        )
    try:
        wait_until(lambda: b"root OID" in out.read_bytes(), 10, "line of the start")
    finally:
        process.terminate()
        assert process.wait(timeout=scaled(5)) == 0


def test_another_first_length_of_the_history_is_only_the_first(own):
    """statusHistory is the first value of scepStatusMaxRows, and a manager's
    value stays."""
    own.quick.set(("scepStatusMaxRows.0", 55))
    own.agent.configure("statusHistory 66")
    own.agent.restart()
    assert isinstance(own, Device)
    assert own.quick.get("scepStatusMaxRows.0") == 55
