# SPDX-License-Identifier: Apache-2.0
"""scepagentd -t, and the warnings of a start: each thing that is missing is one
line, and nothing is made."""

import os
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from rig import program
from rig.processes import environment, scaled


class Bench:
    """A configuration in which all is there."""

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)
        (folder / "out").mkdir()
        self.socket = socket.socket(socket.AF_UNIX)
        self.master = folder / "agentx"
        self.socket.bind(str(self.master))
        self.socket.listen(4)
        self.runs_as = "root" if os.geteuid() == 0 else ""

    def test(self, *lines, words=(), first="-t"):
        """Gives the exit status and the lines."""
        configuration = self.folder / "scepagentd.conf"
        base = ["stateDirectory %s" % self.state, "agentXSocket unix:%s" % self.master]
        if self.runs_as:
            base.append("runAs " + self.runs_as)
        self.base = len(base)
        configuration.write_text("\n".join([*base, *lines]) + "\n")
        configuration.chmod(0o600)
        done = subprocess.run(
            [program.scepagentd(), first, "-c", configuration, *words], capture_output=True,
            text=True, timeout=scaled(60), stdin=subprocess.DEVNULL,
            env=environment(SNMPCONFPATH="/nonexistent"))
        return done.returncode, done.stdout + done.stderr

    def finds(self, text, *lines, **rest):
        """Exactly one line, with that text."""
        code, said = self.test(*lines, **rest)
        assert code == 2, said
        (line,) = said.splitlines()
        assert text in line, said
        return line

    def location(self, rest="", name="k"):
        return "useLocation web tls key=%s/out/%s %s" % (self.folder, name, rest)


@pytest.fixture
def bench():
    with tempfile.TemporaryDirectory(prefix="scepagent-") as folder:
        os.chmod(folder, 0o755)
        made = Bench(Path(folder))
        yield made
        made.socket.close()


def test_a_good_configuration_is_0_and_makes_nothing(bench):
    bench.state.rmdir()
    code, said = bench.test(bench.location('check="/bin/true \'a b\'"'))
    assert (code, said) == (0, "scepagentd: the configuration is good\n")
    assert not bench.state.exists()
    assert os.listdir(bench.folder / "out") == []


def test_a_bad_line(bench):
    line = bench.finds("keyLimit", "keyLimit 0")
    assert "scepagentd.conf: line %d: " % (bench.base + 1) in line


def test_a_missing_folder_is_named_with_its_line(bench):
    line = bench.finds("useLocation web: there is no folder %s/no" % bench.folder, "",
                       "useLocation web tls key=%s/no/k cert=%s/no/c" % ((bench.folder,) * 2))
    assert "scepagentd.conf: line %d: " % (bench.base + 2) in line


def test_a_folder_that_others_can_write(bench):
    (bench.folder / "out").chmod(0o777)
    bench.finds("can be written by others (mode 777)", bench.location())


def test_a_folder_behind_a_link(bench):
    (bench.folder / "link").symlink_to(bench.folder / "out")
    bench.finds("is a symbolic link", "useLocation web tls key=%s/link/k" % bench.folder)


def test_a_file_that_is_a_folder(bench):
    (bench.folder / "out" / "k").mkdir()
    bench.finds("is no file to be replaced", bench.location())


def test_an_owner_that_is_missing(bench):
    bench.finds("there is no user nobody-of-that-name",
                bench.location("owner=nobody-of-that-name"))
    bench.finds("there is no group no-such-group", bench.location("owner=root:no-such-group"))


@pytest.mark.parametrize("word", ["check", "reload", "enabled"])
def test_a_program_that_is_missing(bench, word):
    bench.finds("useLocation web: the program /bin/no-such: No such file",
                bench.location('%s="/bin/no-such -x"' % word))


def test_a_program_that_cannot_be_run_is_told_once(bench):
    bench.finds("the program /etc/passwd cannot be run",
                bench.location('check="/etc/passwd a" reload="/etc/passwd b"'))


def test_the_program_of_restartCommand(bench):
    bench.finds("restartCommand: the program /sbin/no-such", 'restartCommand "/sbin/no-such"')


def test_the_user_of_runAs(bench):
    if os.geteuid() != 0:
        pytest.skip("only root becomes another user")
    bench.runs_as = "nobody-of-that-name"
    bench.finds("runAs: there is no user nobody-of-that-name")


def test_a_state_directory_that_is_open_to_others(bench):
    bench.state.chmod(0o755)
    bench.finds("is open to others: mode 0755, not 0700")


def test_a_state_directory_of_another_user(bench):
    if os.geteuid() != 0:
        pytest.skip("only root becomes another user")
    bench.runs_as = "nobody"
    bench.master.chmod(0o666)
    bench.finds("belongs to user 0, not to user ")


def test_a_state_directory_that_cannot_be_made(bench):
    bench.finds("the state directory %s/no/state cannot be made" % bench.folder,
                words=("-d", bench.folder / "no" / "state"))


def test_no_master(bench):
    bench.socket.close()
    bench.finds("nobody listens at")
    bench.master.unlink()
    bench.finds("there is no socket")


def test_no_master_on_TCP(bench):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = "tcp:127.0.0.1:%d" % unused.getsockname()[1]
        bench.finds("no master answers at " + address, words=("-x", address))
        unused.listen(1)
        assert bench.test(words=("-x", address))[0] == 0


def test_a_socket_that_the_worker_may_not_open(bench):
    """As root, the worker is another user: what root may do says nothing."""
    if os.geteuid() != 0:
        pytest.skip("only root becomes another user")
    bench.runs_as = "nobody"
    os.chown(bench.state, 65534, 65534)
    bench.master.chmod(0o600)
    line = bench.finds("permission denied at %s: user nobody may not open" % bench.master)
    assert "agentXPerms" in line


def test_all_findings_are_told_at_once(bench):
    bench.state.chmod(0o755)
    bench.socket.close()
    code, said = bench.test("useLocation web tls key=%s/no/k" % bench.folder,
                            'restartCommand "/sbin/no-such"')
    assert code == 2 and len(said.splitlines()) == 4, said


def test_T_tests_only_what_a_reload_reads(bench):
    """snmpd may be down, and a folder may be missing: a reload takes the file."""
    bench.socket.close()
    bench.state.rmdir()
    location = "useLocation web tls key=%s/no/k check=/bin/no-such" % bench.folder
    assert bench.test(location, first="-T") == (0, "")
    assert not bench.state.exists()
    code, said = bench.test(location, "keyLimit 0", first="-T")
    assert code == 2 and len(said.splitlines()) == 1
    assert "scepagentd.conf: line %d: keyLimit" % (bench.base + 2) in said
    code, said = bench.test("agentXPingInterval x", first="-T")
    assert code == 2 and "agentXPingInterval" in said


def test_a_start_warns_of_the_same_and_goes_on(make_agent, tmp_path):
    agent = make_agent("useLocation web tls key=%s/no/k check=/bin/no-such" % tmp_path).start()
    assert "useLocation web: there is no folder %s/no" % tmp_path in agent.log()
    assert "useLocation web: the program /bin/no-such" in agent.log()


def test_what_no_location_can_take_is_not_sent(own, tmp_path):
    """The challenge and the certificate would be used up for nothing."""
    own.agent.configure("useLocation web tls combined=%s/no/k" % tmp_path)
    own.agent.restart()
    own.point_at()
    row = own.wait_end(own.send(UseLocation="web"))
    assert (row["State"], row["Detail"]) == ("error", "configError")
    assert "use location web: there is no folder %s/no" % tmp_path in row["Text"]
    assert own.ca.log() == [] and own.keys() == {}
    (tmp_path / "no").mkdir()
    row = own.wait_end(own.send(UseLocation="web"))
    assert row["Detail"] == "none" and (tmp_path / "no" / "k").exists()


NGINX = "useLocation web tls preset=nginx fullchain=/etc/nginx/tls/web.crt " \
        "key=/etc/nginx/tls/web.key"


def test_the_example_of_README_needs_no_folder_to_be_made():
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert NGINX.split("fullchain")[0].strip() in readme
    for word in NGINX.split()[3:]:
        assert word in readme
