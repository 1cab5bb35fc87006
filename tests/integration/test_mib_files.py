# SPDX-License-Identifier: Apache-2.0
"""The MIB files as `make install` leaves them: what other compilers find, and
what the tools of Net-SNMP need."""

import glob
import json
import os
import subprocess
from pathlib import Path

import pytest

from rig import program
from rig.processes import environment, scaled

BASE = {"SNMPv2-SMI", "SNMPv2-TC", "SNMPv2-CONF", "SNMP-FRAMEWORK-MIB"}
# Older builds installed here, one folder above the base modules.
LEFT = "share/scepagent/mibs/SNMPv2-SMI.txt"


def run(command, **more):
    return subprocess.run(
        command, capture_output=True, text=True, timeout=scaled(60), check=False, **more
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    root = tmp_path_factory.mktemp("installed")
    (root / LEFT).parent.mkdir(parents=True)
    (root / LEFT).write_text("of an older build", encoding="ascii")
    build = os.path.dirname(program.scepagentd())
    arguments = [f"mibdir={root}/share/snmp/mibs",
                 f"basemibdir={root}/share/scepagent/mibs/base"]
    targets = ["install-nodist_mibDATA", "install-dist_basemibDATA", "install-data-hook"]
    done = run(["make", "-s", "-C", build, *targets, *arguments])
    assert done.returncode == 0, done.stderr
    return root / "share"


def modules(folder):
    return {Path(path).name.partition(".")[0] for path in glob.glob(f"{folder}/*.txt")}


def test_the_base_modules_have_a_folder_of_their_own_with_a_README(installed):
    base = installed / "scepagent/mibs/base"
    assert modules(base) == BASE
    assert "do not give it this folder" in (base / "README.md").read_text(encoding="utf-8")
    assert modules(installed / "snmp/mibs") == {"SCEP-CLIENT-MIB"}
    # And what an older build had there is gone.
    assert modules(base.parent) == set()


def test_the_tools_of_Net_SNMP_find_every_name_on_a_stock_machine(installed, tmp_path):
    (tmp_path / "cert_indexes").mkdir()  # else it says that it makes it
    search = f"{installed}/scepagent/mibs/base:{installed}/snmp/mibs"
    done = run(
        ["snmptranslate", "-M", search, "-m", "SCEP-CLIENT-MIB", "-Tz"],
        env=environment(SNMPCONFPATH=str(tmp_path), SNMP_PERSISTENT_DIR=str(tmp_path)),
    )
    assert done.stderr == ""
    numbers = dict(line.replace('"', "").split() for line in done.stdout.splitlines())
    for item in program.module().objects():
        assert numbers[item.name] == program.number(item.name)


STYLES = ["smiv2", "tree", "types", "identifiers", "python", "xml", "mosy", "sming"]


@pytest.mark.parametrize("style", STYLES)
def test_smidump_reads_what_is_installed_alone(installed, tmp_path, style):
    """Where there are no modules of the IETF, with ours."""
    (tmp_path / "smi.conf").write_text(
        f"path {installed}/snmp/mibs:{installed}/scepagent/mibs/base\n", encoding="ascii"
    )
    done = run(["smidump", "-c", str(tmp_path / "smi.conf"), "-l", "6", "-f", style,
                "SCEP-CLIENT-MIB"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "scepNotifyEnable" in done.stdout


def test_pysmi_reads_what_is_installed_alone(installed, tmp_path):
    done = run(["mibdump", f"--mib-source=file://{installed}/snmp/mibs",
                f"--mib-source=file://{installed}/scepagent/mibs/base",
                "--destination-format=json", f"--destination-directory={tmp_path}",
                "--rebuild", "--generate-mib-texts", "SCEP-CLIENT-MIB"],
               env=environment(HOME=str(tmp_path)))
    assert "Failed MIBs: \n" in done.stderr + "\n", done.stderr
    found = json.loads((tmp_path / "SCEP-CLIENT-MIB.json").read_text(encoding="utf-8"))
    for item in program.module().objects():
        assert found[item.name]["oid"] == program.number(item.name)


@pytest.mark.parametrize("style", ["smiv2", "tree", "types", "identifiers", "python", "xml"])
def test_smidump_reads_what_is_installed(installed, tmp_path, style):
    """With the real modules of the IETF, of which Debian has copies."""
    real = glob.glob("/usr/lib/erlang/lib/snmp-*/mibs")
    assert real, "install erlang-snmp"
    for name in BASE:
        (tmp_path / name).write_bytes(Path(real[-1], name + ".mib").read_bytes())
    (tmp_path / "smi.conf").write_text(
        f"path {installed}/snmp/mibs:{installed}/scepagent/mibs:{tmp_path}\n", encoding="ascii"
    )
    done = run(["smidump", "-c", str(tmp_path / "smi.conf"), "-l", "6", "-f", style,
                "SCEP-CLIENT-MIB"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "scepNotifyEnable" in done.stdout
