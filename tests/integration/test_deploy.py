# SPDX-License-Identifier: Apache-2.0
"""Use locations: keys and certificates brought to files, with commands that
are scripts of the test, and the old ones where something fails."""

import grp
import os
import shutil
import ssl
import stat
import tempfile
from pathlib import Path

import pytest

from rig.agent import Agent
from rig.device import Device, certificates_in, digest, key_in, new_ca, public_bytes
from rig.master import Master
from rig.processes import wait_until
from rig.quick import Refused

KEEPS = """#!/bin/sh
printf '%s\\n' "$0 $SCEP_KEY_NAME $SCEP_USE_LOCATION $SCEP_CERT_FILE" >>"{told}"
{rest}
"""


class Site:
    """A device with the location "web", whose commands are scripts."""

    def __init__(self, directory, make_agent, master):
        self.directory = directory
        self.out = directory / "out"
        self.out.mkdir()
        self.told_file = directory / "told"
        for name in ("check", "reload", "enabled"):
            self.script(name)
        self.line = (
            "useLocation web tls key={o}/web.key fullchain={o}/web.crt chain={o}/web.ca"
            " check={d}/check reload={d}/reload enabled={d}/enabled"
        ).format(o=self.out, d=directory)
        self.make_agent = make_agent
        self.ca = new_ca(directory / "ca")
        self.agent = make_agent(
            self.line, "useLocation second other combined=%s/second.pem" % self.out,
            "keyLimit 20",
        ).start()
        self.device = Device(directory, master, self.agent, self.ca)
        self.device.point_at()
        self.quick = self.device.quick
        self.act = self.device.act
        self.run_timer = self.device.run_timer
        self.serial_of = self.device.serial_of

    def script(self, name, rest="exit 0"):
        path = self.directory / name
        path.write_text(KEEPS.format(told=self.told_file, rest=rest))
        path.chmod(0o700)

    def told(self):
        """[(command, key name, location)] in the order they were run."""
        if not self.told_file.exists():
            return []
        lines = self.told_file.read_text().splitlines()
        words = [line.split(" ") for line in lines]
        return [(os.path.basename(name), key, use) for name, key, use, _ in words]

    def commands(self):
        return [name for name, _, _ in self.told()]

    def forget(self):
        self.told_file.unlink(missing_ok=True)

    def use(self, index=1):
        return self.quick.row("scepUseTable", index)

    def enrol(self, locations="web", **values):
        return self.device.wait_end(self.device.send(UseLocation=locations, **values))

    def serial(self):
        """Of the certificate that lies there; key and certificate must fit."""
        chain = certificates_in(self.out / "web.crt")
        assert public_bytes(key_in(self.out / "web.key")) == public_bytes(chain[0])
        # A server would take them.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.out / "web.crt", self.out / "web.key")
        return chain[0].serial_number


@pytest.fixture
def site(tmp_path, make_agent, master):
    made = Site(tmp_path, make_agent, master)
    yield made
    made.ca.stop()


def test_a_request_brings_key_and_certificate_to_its_location(site):
    assert site.use()["Applied"] == "unknown" and site.use()["KeyIndex"] == 0
    row = site.enrol(KeyName="first")
    assert (row["State"], row["Detail"]) == ("successful", "none")
    index = row["KeyIndex"]
    use = site.use()
    assert (use["Name"], use["Type"], use["Applied"]) == ("web", "tls", "applied")
    assert (use["KeyIndex"], use["KeyName"], use["Text"]) == (index, "first", "")
    assert len(use["AppliedTime"]) == 11
    assert site.device.keys()[index]["UseLocation"] == "web"
    assert site.serial() == site.serial_of(index)
    assert len(certificates_in(site.out / "web.ca")) == 1
    told = [entry for entry in site.told() if entry[0] != "enabled"]
    assert told == [("check", "first", "web"), ("reload", "first", "web")]
    modes = {n: stat.S_IMODE(os.stat(site.out / n).st_mode) for n in os.listdir(site.out)}
    assert modes == {"web.key": 0o600, "web.crt": 0o644, "web.ca": 0o644}


def test_several_locations_have_one_key(site):
    row = site.enrol("web, second")
    assert row["Detail"] == "none"
    assert site.use(1)["KeyIndex"] == site.use(2)["KeyIndex"] == row["KeyIndex"]
    combined = (site.out / "second.pem").read_text()
    assert combined.startswith("-----BEGIN PRIVATE KEY-----")
    assert combined.count("BEGIN CERTIFICATE") == 2
    assert stat.S_IMODE(os.stat(site.out / "second.pem").st_mode) == 0o600


def test_a_failed_check_leaves_the_old_certificate_and_says_so(site):
    first = site.enrol()["KeyIndex"]
    old = site.serial()
    site.forget()
    site.script("check", "echo 'line 7 is bad' >&2; exit 3")
    row = site.enrol()
    assert (row["State"], row["Detail"]) == ("successful", "deployFailed")
    assert "check ended with 3: line 7 is bad" in row["Text"]
    assert site.serial() == old
    use = site.use()
    assert use["Applied"] == "failed" and use["KeyIndex"] == first
    assert "check ended with 3: line 7 is bad" in use["Text"]
    assert "deployFailed" in site.quick.get("scepAgentHealthReason.0")
    assert site.quick.get("scepStatsDeployErrors.0") == 1
    assert "reload" not in site.commands()
    # The new one is registered, and can be given to the location later.
    site.script("check")
    assert site.act(row["KeyIndex"], "assign", AssignTo="web") == "none"
    assert site.serial() == site.serial_of(row["KeyIndex"]) != old
    assert site.use()["Applied"] == "applied"
    assert "deployFailed" not in site.quick.get("scepAgentHealthReason.0")


def test_a_failed_reload_has_the_old_certificate_taken_up_again(site):
    site.enrol()
    old = site.serial()
    site.forget()
    site.script("reload", "exit 1")
    assert site.enrol()["Detail"] == "deployFailed"
    assert site.serial() == old
    assert [c for c in site.commands() if c != "enabled"] == ["check", "reload", "reload"]


def test_a_function_that_is_off_gets_its_files_and_stays_off(site):
    site.script("enabled", "exit 3")
    row = site.enrol()
    assert row["Detail"] == "none"
    assert site.use()["FunctionEnabled"] == "false" and site.use()["Applied"] == "applied"
    assert site.serial() == site.serial_of(row["KeyIndex"])
    assert set(site.commands()) == {"enabled"}


def test_FunctionEnabled_is_known_from_the_start(site):
    assert site.use()["FunctionEnabled"] == "true"
    site.script("enabled", "exit 1")
    site.agent.restart()
    wait_until(lambda: site.use()["FunctionEnabled"] == "false", 10, "the function off")


def test_a_kill_in_the_middle_of_a_deployment_ends_well(site):
    site.enrol()
    gate = site.directory / "gate"
    site.script("check", "while [ ! -e %s ]; do read -t 1 x </dev/null || "
                         "/bin/sleep 0.05; done" % gate)
    index = site.device.send(UseLocation="web")
    site.forget()
    wait_until(lambda: "check" in site.commands(), 20, "the check")
    site.agent.kill()
    gate.touch()
    site.script("check")
    site.agent.start()
    row = site.device.wait_end(index)
    assert (row["State"], row["Detail"]) == ("successful", "none")
    assert site.serial() == site.serial_of(row["KeyIndex"])
    assert sorted(os.listdir(site.out)) == ["web.ca", "web.crt", "web.key"]


def test_a_hanging_check_stops_nobody_from_reading(site):
    gate = site.directory / "gate"
    site.script("check", "while [ ! -e %s ]; do /bin/sleep 0.05; done" % gate)
    index = site.device.send(UseLocation="web")
    wait_until(lambda: "check" in site.commands(), 20, "the check")
    for _ in range(50):
        assert site.quick.get("scepStatusState.%d" % index) == "processing"
    site.quick.set(scepServerTimeout=31)
    gate.touch()
    assert site.device.wait_end(index)["Detail"] == "none"


def test_an_unknown_location_is_inconsistentValue(site):
    with pytest.raises(Refused, match="inconsistentValue"):
        site.device.send(UseLocation="mail")
    with pytest.raises(Refused, match="inconsistentValue"):
        site.device.send(UseLocation="web,")
    index = site.enrol()["KeyIndex"]
    with pytest.raises(Refused, match="inconsistentValue"):
        site.act(index, "assign", AssignTo="mail")


def test_assign_and_action_may_come_in_any_order(site):
    index = site.enrol("")["KeyIndex"]
    site.quick.set(("scepKeyAction.%d" % index, "assign"),
                   ("scepKeyAssignTo.%d" % index, "web"))
    wait_until(lambda: site.use()["KeyIndex"] == index, 20, "the assignment")
    assert site.quick.get("scepKeyAssignTo.%d" % index) == "web"


def test_the_default_key_is_assigned_like_any_other(site):
    default = site.device.default_key()
    assert site.act(default, "assign", AssignTo="web") == "none"
    assert site.serial() == site.serial_of(default)
    site.run_timer(DeleteOldKey="true")
    wait_until(lambda: site.use()["KeyIndex"] != default, 30, "the new key")
    assert site.quick.get("scepKeyIsDefault.%d" % default) == "true"
    with pytest.raises(Refused, match="inconsistentValue"):
        site.quick.set(("scepKeyRowStatus.%d" % default, "destroy"))


def test_a_key_in_use_is_not_destroyed(site):
    first = site.enrol()["KeyIndex"]
    with pytest.raises(Refused, match="inconsistentValue"):
        site.quick.set(("scepKeyRowStatus.%d" % first, "destroy"))
    site.enrol()
    site.quick.set(("scepKeyRowStatus.%d" % first, "destroy"))
    assert first not in site.device.keys()
    wait_until(lambda: len(site.agent.files("keys")) == 1, 10, "the files to go")


def test_DeleteOldKey_and_rollback(site):
    first = site.enrol()["KeyIndex"]
    old = site.serial()
    count = site.quick.get("scepKeyCount.0")
    row = site.device.wait_end(site.run_timer(DeleteOldKey="true"))
    second = row["KeyIndex"]
    assert row["Detail"] == "none"
    assert first not in site.device.keys() and site.quick.get("scepKeyCount.0") == count
    assert site.quick.get("scepKeyReplaces.%d" % second) == first
    site.agent.restart()
    assert first not in site.device.keys()
    assert site.act(second, "rollback") == "none"
    assert site.serial() == old and site.use()["KeyIndex"] == first
    assert site.device.keys()[first]["UseLocation"] == "web"
    assert site.act(first, "verify") == "none"


def test_nothing_is_deleted_before_the_new_key_is_applied(site):
    first = site.enrol()["KeyIndex"]
    site.script("check", "exit 1")
    row = site.device.wait_end(site.run_timer(DeleteOldKey="true"))
    assert row["Detail"] == "deployFailed"
    assert first in site.device.keys() and site.use()["KeyIndex"] == first


def test_renew_brings_that_certificate_to_where_its_key_is(site):
    first = site.enrol(common_name="hand.example.net")["KeyIndex"]
    # The values of the timer are for another certificate.
    site.quick.set(scepAutoKeyName="again", scepAutoCommonName="device.example.net",
                   scepAutoUseLocation="second")
    assert site.act(first, "renew") == "none"
    index = site.quick.get("scepStatusLastIndex.0")
    row = site.device.status(index)
    assert (row["Trigger"], row["MessageType"]) == ("renewal", "renewalReq")
    assert (row["KeyName"], row["UseLocation"]) == ("test", "web")
    assert site.use()["KeyIndex"] == row["KeyIndex"] != first
    assert site.use(2)["KeyIndex"] == 0
    assert site.device.keys()[row["KeyIndex"]]["Subject"] == "CN=hand.example.net"


def test_nothing_of_the_last_request_is_in_the_next(site):
    """The commands that the demo suggests replaced the certificate of the web server."""
    first = site.enrol(Organization="Example", SubjectExtra="OU=Print",
                       SubjectAltName="DNS:alias.example.net")
    assert site.use()["KeyIndex"] == first["KeyIndex"]
    second = site.device.enrol(common_name="second.example.net", KeyName="second")
    assert second["UseLocation"] == "" and second["Text"] == ""
    assert site.use()["KeyIndex"] == first["KeyIndex"]
    key = site.device.keys()[second["KeyIndex"]]
    assert key["Subject"] == "CN=second.example.net"
    assert key["SubjectAltName"] == "DNS:second.example.net"


def test_the_restart_comes_after_the_deployment(site, make_agent):
    site.agent.configure(site.line, 'restartCommand "%s/restart"' % site.directory)
    site.script("restart")
    site.agent.restart()
    site.forget()
    row = site.device.wait_end(site.run_timer(Restart="true"))
    assert row["Detail"] == "none"
    wait_until(lambda: "restart" in site.commands(), 20, "the restart")
    commands = [c for c in site.commands() if c != "enabled"]
    assert commands == ["check", "reload", "restart"]


def test_a_location_that_comes_and_goes_with_a_HUP(site):
    import signal

    row = site.enrol("second")
    site.agent.configure(site.line, "useLocation third tls cert=%s/third.crt" % site.out)
    site.agent.send_signal(signal.SIGHUP)
    wait_until(lambda: set(site.quick.table("scepUseTable")) == {1, 3}, 10, "other rows")
    assert site.device.keys()[row["KeyIndex"]]["UseLocation"] == ""
    assert site.act(row["KeyIndex"], "assign", AssignTo="third") == "none"
    (certificate,) = certificates_in(site.out / "third.crt")
    assert digest(certificate) == site.quick.get("scepKeyFingerprint.%d" % row["KeyIndex"])


@pytest.fixture
def open_folder():
    """A folder that others may pass: pytest keeps its own for itself."""
    path = Path(tempfile.mkdtemp(prefix="scepagent-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


class Stepped(Agent):
    """One whose worker is somebody else when it is started as root."""

    def base_lines(self):
        lines = [line for line in super().base_lines() if line != "runAs root"]
        return lines + (["runAs nobody:nogroup"] if os.geteuid() == 0 else [])


def test_the_parent_writes_what_the_worker_cannot(open_folder, mibs):
    """As root, the worker is nobody, and the location belongs to root; an
    ordinary user deploys what he may write."""
    out = open_folder / "out"
    out.mkdir(mode=0o700)
    is_root = os.geteuid() == 0
    line = "useLocation web tls key=%s/k cert=%s/c mode=0640" % (out, out)
    master = Master(open_folder / "master", mibs)
    agent = Stepped(open_folder / "agent", master, [line + " owner=root:daemon" * is_root])
    ca = new_ca(open_folder / "ca")
    try:
        master.start()
        for path, mode in ((master.socket, 0o666), (agent.directory, 0o711),
                           (open_folder / "master", 0o711)):
            os.chmod(path, mode)
        agent.start()
        device = Device(open_folder, master, agent, ca)
        device.point_at()
        assert device.enrol(UseLocation="web")["Detail"] == "none"
        found = os.stat(out / "k")
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (os.geteuid(), 0o640)
        assert not is_root or found.st_gid == grp.getgrnam("daemon").gr_gid
        assert public_bytes(key_in(out / "k")) == public_bytes(certificates_in(out / "c")[0])
    finally:
        agent.stop()
        master.close()
        ca.stop()
