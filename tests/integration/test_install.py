# SPDX-License-Identifier: Apache-2.0
"""`./configure && make install` without options: the unit, the configuration, the
state directory and the program agree on their paths, also where systemd makes
/usr read-only.  The real systemd is in tests/boot."""

import os
import subprocess
from pathlib import Path

import pytest

from rig import namespace, program
from rig.processes import end, environment, scaled, spawn, wait_until

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", TOP / "build" / "plain"))
FILL_PATHS = TOP / "contrib" / "fill-paths"
UNIT = TOP / "contrib" / "scepagentd.service.in"


def read_unit(text):
    """{"Service.ExecStart": [value, ...]}"""
    found, section = {}, None
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault("%s.%s" % (section, name), []).append(value)
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(["make", "-s", "-C", BUILD, "install", "DESTDIR=%s" % folder], check=True,
                   capture_output=True, timeout=scaled(300), env=environment())
    return folder


@pytest.fixture(scope="module")
def prefix():
    """Reads the options with which the build folder was configured."""
    said = subprocess.run([BUILD / "config.status", "--config"], capture_output=True, text=True,
                          check=True).stdout
    assert "prefix" not in said and "dir=" not in said, "a build with paths of its own"
    return Path("/usr/local")


@pytest.fixture(scope="module")
def unit(installed, prefix):
    path = installed / prefix.relative_to("/") / "lib/systemd/system/scepagentd.service"
    return read_unit(path.read_text())


def test_the_unit_names_programs_by_absolute_paths_that_exist(unit, installed):
    for name in ("Service.ExecStart", "Service.ExecReload"):
        for command in unit[name]:
            assert command.startswith("/"), command
    path = unit["Service.ExecStart"][0].split()[0]
    assert os.access(installed / path.lstrip("/"), os.X_OK)


def test_the_unit_can_write_the_folder_of_the_state_directory(unit, installed, prefix):
    assert unit["Service.ReadWritePaths"] == ["-%s/var/lib" % prefix]
    assert (installed / prefix.relative_to("/") / "var/lib").is_dir()


def test_starts_that_fail_come_to_an_end(unit):
    burst = int(unit["Unit.StartLimitBurst"][0])
    interval = int(unit["Unit.StartLimitIntervalSec"][0])
    pause = int(unit["Service.RestartSec"][0])
    assert interval > 0 and pause > 1
    # The limit is reached although each start takes some seconds itself.
    assert burst * (pause + 5) < interval
    assert unit["Service.RestartPreventExitStatus"] == ["2"]


def test_a_reload_tests_the_file_before_the_signal(unit):
    check, signal = unit["Service.ExecReload"]
    assert check == unit["Service.ExecStart"][0].replace(" -f", " -T")
    assert signal == "/bin/kill -HUP $MAINPID"


def test_the_other_files_have_the_same_paths(installed, prefix):
    root = installed / prefix.relative_to("/")
    state = "%s/var/lib/scepagent" % prefix
    assert "d %s 0700 scepagent scepagent" % state in (
        root / "lib/tmpfiles.d/scepagent.conf").read_text()
    assert state in (root / "lib/sysusers.d/scepagent.conf").read_text()
    assert "#stateDirectory %s\n" % state in (root / "etc/snmp/scepagentd.conf").read_text()
    said = subprocess.run([program.scepagentd(), "-h"], capture_output=True, text=True,
                          check=True).stdout
    assert state in said and "%s/etc/snmp\n" % prefix in said


def test_no_file_is_left_unfilled(installed):
    texts = 0
    for path in installed.rglob("*"):
        if path.suffix in (".service", ".conf"):
            assert "@" not in path.read_text().replace("scepadmin@", ""), path
            texts += 1
    assert texts == 5


MOUNTS = """set -e
mount --bind "$0" /usr/local
mount -o remount,bind,ro /usr/local
mount --bind "$0/var/lib" /usr/local/var/lib
! touch /usr/local/etc/proof 2>/dev/null
exec /usr/local/sbin/scepagentd -f -Lf "$1"
"""


def test_the_installed_program_reads_its_file_and_keeps_its_state(installed, prefix, tmp_path):
    """In a /usr that is read-only but for the path of the unit."""
    root = installed / prefix.relative_to("/")
    with open(root / "etc/snmp/scepagentd.conf", "a", encoding="utf-8") as file:
        file.write("runAs root\nagentXSocket unix:/nonexistent/from-its-own-file\n")
    log = tmp_path / "log"
    log.touch()
    process = spawn([*namespace.inside_own("--mount"), "sh", "-c", MOUNTS, root, log],
                    env=environment(SNMP_PERSISTENT_DIR=str(tmp_path), **program.ready_keys()))
    try:
        wait_until(lambda: "root OID" in log.read_text() or process.poll() is not None, 30,
                   "the line of the start")
        assert "state directory /usr/local/var/lib/scepagent, master unix:/nonexistent/" \
            "from-its-own-file" in log.read_text()
        wait_until(lambda: list((root / "var/lib/scepagent").glob("*.db*")), 10, "database")
    finally:
        end(process)


def readelf(*words):
    return subprocess.run(["readelf", "-W", *words], capture_output=True, text=True, check=True,
                          timeout=scaled(60)).stdout


@pytest.mark.parametrize("name", ["scepagentd", "scepctl"])
def test_the_programs_are_hardened_without_the_flags_of_a_distribution(prefix, name):
    path = BUILD / name
    assert "DYN (" in readelf("-h", path)
    dynamic, headers = readelf("-d", path), readelf("-l", path)
    assert "BIND_NOW" in dynamic and "PIE" in dynamic and "TEXTREL" not in dynamic
    assert "GNU_RELRO" in headers
    (stack,) = [line for line in headers.splitlines() if "GNU_STACK" in line]
    assert " RW " in stack
    symbols = readelf("--dyn-syms", path)
    assert "__stack_chk_fail" in symbols and "__snprintf_chk" in symbols


# ------------------------------------------------------------ other prefixes --


def fill(*paths):
    return subprocess.run([FILL_PATHS, *paths], input=UNIT.read_text(), capture_output=True,
                          text=True, check=False)


@pytest.mark.parametrize("prefix, home, tmp", [
    ("/usr", "yes", "yes"), ("/opt/x", "yes", "yes"), ("/home/joe/x", "no", "yes"),
    ("/root/x", "no", "yes"), ("/tmp/x", "yes", "no"), ("/homestead", "yes", "yes"),
])
def test_systemd_hides_no_folder_that_the_program_is_in(prefix, home, tmp):
    done = fill(prefix + "/sbin", prefix + "/etc", prefix + "/share", prefix + "/var")
    unit = read_unit(done.stdout)
    assert done.returncode == 0 and "@" not in done.stdout
    assert unit["Service.ProtectHome"] == [home]
    assert unit["Service.PrivateTmp"] == [tmp]
    assert unit["Service.ReadWritePaths"] == ["-%s/var/lib" % prefix]


@pytest.mark.parametrize("path", ["/a b/sbin", "/a%b/sbin", "/a|b/sbin", "sbin", "", "/a$b/sbin"])
def test_a_path_that_systemd_cannot_take_is_refused_with_the_reason(path):
    done = fill(path, "/etc", "/usr/share", "/var")
    assert done.returncode != 0 and done.stdout == ""
    assert "cannot take the path '%s'" % path in done.stderr
