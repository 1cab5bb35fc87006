# SPDX-License-Identifier: Apache-2.0
"""scepctl with many devices at once."""

import json
import subprocess

import pytest

from rig import program
from rig.crowd import Crowd, number
from rig.ctl import Ctl, document, scepctl
from rig.processes import scaled

COUNT = 1000


@pytest.fixture(scope="module")
def walked(shared):
    shared.quick.set(("scepRequestAction.1", "clear"))
    if not shared.keys():
        shared.point_at()
        shared.enrol(KeyName="web")
    return shared.quick.walk("scepClientMIB")


@pytest.fixture
def crowd(walked):
    made = []

    def make(count=COUNT, **more):
        made.append(Crowd(walked, count, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def run(device, tmp_path):
    """run(crowd, command, option...): with --hosts."""
    ctl = Ctl(device.master, tmp_path)

    def run_it(crowd, command, *words, limit=120):
        path = tmp_path / "hosts"
        path.write_text("# all of them\n" + "\n".join(crowd.agents) + "  # the last\n")
        return subprocess.run(
            [scepctl(), command, "-v2c", "-c", "x", "--hosts", str(path), *words], text=True,
            capture_output=True, timeout=scaled(limit), env=ctl.environment())

    return run_it


def health_of(value):
    return {program.number("scepAgentHealth.0"): number(value)}


def test_a_thousand_devices_have_a_line_each_in_their_order_and_a_summary(crowd, run):
    many = crowd(silent=[3, 500], changed={7: health_of(2), 8: health_of(3)})
    done = run(many, "health", "-r", "1")
    lines = done.stdout.splitlines()
    assert done.returncode == 3, done.stderr
    assert [line.split(": ")[0] for line in lines[:-1]] == many.agents
    assert lines[3].endswith("SCEP UNKNOWN: no answer")
    assert "SCEP WARNING: " in lines[7] and "SCEP CRITICAL: " in lines[8]
    assert lines[-1] == "1000 devices: 996 ok, 1 warning, 1 critical, 2 no answer"


def test_the_exit_status_is_the_worst(crowd, run):
    few = crowd(3, changed={1: health_of(2)})
    assert run(few, "health").returncode == 1
    done = run(few, "status")
    assert done.returncode == 0 and done.stdout.endswith("3 devices: 3 ok\n")


def test_json_has_an_object_for_each_device(crowd, run):
    many = crowd(20, silent=[4])
    done = run(many, "status", "--json", "-r", "0")
    content = json.loads(done.stdout)
    assert [each["agent"] for each in content] == many.agents
    assert content[4] == {"agent": many.agents[4], "error": "no answer", "exit": 3}
    assert content[5]["exit"] == 0 and content[5]["keys"]


def test_all_certificates_of_a_CA_are_renewed_by_one_command(crowd, run):
    many = crowd()
    done = run(many, "renew", "--issuer", "test CA", "--no-wait")
    assert done.returncode == 0, done.stderr[:500]
    action = program.number("scepKeyAction") + "."
    assert sorted(many.sets) == list(range(COUNT))
    assert all(len(s) == 1 and s[0].startswith(action) for s in many.sets.values())


def test_a_setting_goes_to_all_devices(crowd, run):
    many = crowd(50)
    assert run(many, "server", "Timeout=60").returncode == 0
    assert set(map(tuple, many.sets.values())) == {(program.number("scepServerTimeout.1"),)}


def test_a_device_that_is_named_twice_is_refused(crowd, run):
    many = crowd(2)
    many.agents.append(many.agents[0])
    done = run(many, "status")
    assert done.returncode == 2 and "named twice" in done.stderr


def test_an_import_tells_of_each_device(device, run, tmp_path, crowd):
    ctl = Ctl(device.master, tmp_path)
    path = ctl.write(document(p1={"scepServerTimeout": 61}))
    done = subprocess.run(
        [scepctl(), "import", *ctl.user, "-H", "127.0.0.1:%d,127.0.0.1:1" % ctl.port, path,
         "-r", "0", "-t", "0.5"],
        text=True, capture_output=True, timeout=scaled(60), env=ctl.environment())
    assert done.returncode == 1 and "2 devices: 1 ok, 1 failed" in done.stdout, done
    assert device.quick.get("scepServerTimeout.1") == 61


def test_devices_that_are_silent_over_SNMPv3_are_waited_for_together(device, tmp_path, crowd):
    silent = crowd(30, silent=range(30))
    ctl = Ctl(device.master, tmp_path)
    agents = ["127.0.0.1:%d" % ctl.port, *silent.agents]
    # One after the other they would take three times as long as is allowed.
    done = subprocess.run(
        [scepctl(), "health", *device.master.admin.credentials, "-t", "2", "-r", "0", "-H",
         ",".join(agents)],
        text=True, capture_output=True, timeout=20, env=ctl.environment())
    assert "31 devices: 1 " in done.stdout and "30 no answer" in done.stdout, done
