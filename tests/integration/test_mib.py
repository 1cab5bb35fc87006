# SPDX-License-Identifier: Apache-2.0
"""The MIB file against the program: what the one says, the other does."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from rig import program
from rig.processes import environment, scaled
from rig.quick import EXCEPTIONS, NULL, TAGS, GETNEXT, GET, Missing, wrap

MODULE = program.module()
READABLE = [i for i in MODULE.objects() if i.access != "not-accessible"]


@pytest.fixture(scope="module")
def full(shared):
    """The device with rows in every table that can have some by now."""
    shared.point_at()
    shared.enrol(challenge=shared.ca.behaviour["challenge"])
    return shared


# ----------------------------------------------------------------- the array --


def make_variables(build):
    text = (build / "Makefile").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Za-z_]+) = *(.*)$", text, re.MULTILINE))


def spans(numbers):
    """[(low, high)] of a set of numbers."""
    found = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def as_dumped(item):
    """The line that the program's array must have for an object."""
    ranges = spans(item.names.values()) if item.names else item.ranges
    limit = "|".join(str(a) if a == b else "%d..%d" % (a, b) for a, b in ranges)
    if item.default is None:
        default = "-"
    elif isinstance(item.default, frozenset):
        default = "{" + ",".join(map(str, sorted(item.default))) + "}"
    else:
        default = '""' if item.default == b"" else str(item.default)
    syntax = item.base.replace(" ", "-")
    return " ".join((item.dotted, item.name, item.access, syntax, limit or "-", default))


def test_the_array_of_the_program_is_the_MIB_file(tmp_path):
    build = Path(program.scepagentd()).parent
    build = Path(os.environ.get("BUILD", build))
    made = make_variables(build)
    source = Path(__file__).parent / "rig" / "dump_objects.c"
    names = ("NETSNMP_LIBS", "SYSTEMD_LIBS", "CURL_LIBS", "SQLITE_LIBS", "UV_LIBS",
             "OPENSSL_LIBS")
    command = [
        *shlex.split(made["CC"]), *shlex.split(made["SANITIZER_FLAGS"]),
        "-I" + str(build), "-I" + str(program.SOURCE), str(source),
        "-o", str(tmp_path / "dump"),
        str(build / "libsubagent.a"), str(build / "libscep.a"),
        *[word for name in names for word in shlex.split(made.get(name, ""))], "-lpthread",
    ]
    subprocess.run(command, check=True, timeout=scaled(60))
    dumped = subprocess.run(
        [str(tmp_path / "dump")], capture_output=True, text=True, timeout=scaled(20), check=True
    ).stdout.splitlines()
    assert dumped == [as_dumped(item) for item in MODULE.objects()]


# ------------------------------------------------------------------ the walk --


def test_every_readable_object_answers_and_no_other(full):
    walked = {program.item_of(oid)[0].name for oid, _, _ in full.quick.walk("scepClientMIB")}
    # There are no use locations and no refused Sets yet, and so no rows.
    expected = {i.name for i in READABLE if not i.name.startswith(("scepUse", "scepRefusal"))}
    assert walked == expected


def test_every_column_has_an_instance_in_every_row(full):
    tables = {}
    for oid, _, _ in full.quick.walk("scepClientMIB"):
        item, index = program.item_of(oid)
        if item.kind == "column":
            tables.setdefault(item.parent, {}).setdefault(index, set()).add(item.name)
    assert set(tables) >= {"scepProfileEntry", "scepServerEntry", "scepRequestEntry",
                           "scepAutoEntry", "scepStatusEntry", "scepKeyEntry", "scepCaEntry"}
    for entry, rows in tables.items():
        columns = {i.name for i in READABLE if i.parent == entry}
        for index, found in rows.items():
            assert found == columns, (entry, index)


def test_types_and_ranges_are_those_of_the_MIB_file(full):
    for oid, tag, value in full.quick.walk("scepClientMIB"):
        item, _ = program.item_of(oid)
        assert tag == TAGS[item.base], item.name
        if item.base == "BITS":
            allowed = set(item.names.values())
            bits = {8 * i + j for i, o in enumerate(value) for j in range(8) if o & 0x80 >> j}
            assert bits <= allowed, (item.name, value)
            continue
        if item.names:
            assert value in item.names.values(), (item.name, value)
        measured = len(value) if isinstance(value, bytes) else value
        if item.ranges:
            assert any(a <= measured <= b for a, b in item.ranges), (item.name, value)


def test_the_walk_is_in_lexicographic_order(full):
    oids = [tuple(map(int, oid.split("."))) for oid, _, _ in full.quick.walk("scepClientMIB")]
    assert oids == sorted(oids) and len(set(oids)) == len(oids)


VARYING = {"scepAgentLocalTime", "scepAgentEarliestExpiry", "scepKeySecondsLeft",
           "scepCaSecondsLeft", "scepSummarySecondsLeft"}


def steady(walked):
    return [e if program.item_of(e[0])[0].name not in VARYING else e[:2] for e in walked]


@pytest.mark.parametrize("bulk", [1, 3, 10, 50])
def test_a_GETBULK_walk_is_the_GETNEXT_walk(full, bulk):
    one_by_one = steady(full.quick.walk("scepClientMIB", bulk=0))
    assert steady(full.quick.walk("scepClientMIB", bulk=bulk)) == one_by_one
    assert len(one_by_one) > 140


def test_GET_gives_what_the_walk_gave(full):
    for oid, tag, value in full.quick.walk("scepClientMIB"):
        ((got, got_tag, got_value),) = full.quick.exchange(GET, [(oid, wrap(NULL, b""))])
        if program.item_of(oid)[0].name not in VARYING:
            assert (got, got_tag, got_value) == (oid, tag, value)


def test_GETNEXT_from_anywhere_between_finds_the_next_object(full):
    """From a prefix, from a row that is not there, from beyond the end."""
    oids = [oid for oid, _, _ in full.quick.walk("scepClientMIB")]
    keyed = [tuple(map(int, oid.split("."))) for oid in oids]
    starts = []
    for oid in keyed:
        starts += [oid[:-1], oid + (0,), oid[:-1] + (oid[-1] + 1,), oid[:-2], oid + (7, 7)]
    for start in sorted(set(starts)):
        later = [oid for oid in keyed if oid > start]
        dotted = ".".join(map(str, start))
        ((found, tag, _),) = full.quick.exchange(GETNEXT, [(dotted, wrap(NULL, b""))])
        if later:
            assert found == ".".join(map(str, later[0])), dotted
        else:
            assert tag in EXCEPTIONS or not found.startswith(program.root()), dotted


def test_what_is_not_there_is_noSuchObject_or_noSuchInstance(full):
    for name in ("scepServerUrl.2", "scepServerUrl.1.1", "scepServerUrl.0", "scepServerUrl",
                 "scepAgentVersion.1", "scepProfileIndex.1", "scepStatusState.999999"):
        with pytest.raises(Missing):
            full.quick.get(name)
    with pytest.raises(Missing):
        full.quick.get(program.root() + ".1.99.0")


def test_a_fresh_agent_answers_with_the_defaults_of_the_MIB_file(master, agent):
    quick = master.quick
    assert quick.get("scepStatusLastIndex.0") == 0
    with pytest.raises(Missing):
        quick.get("scepStatusLastState.0")
    checked = 0
    for oid, _, value in quick.walk("scepClientMIB"):
        item, _ = program.item_of(oid)
        if item.default is None:
            continue
        default = item.default
        if isinstance(default, frozenset):
            value = {8 * i + j for i, o in enumerate(value) for j in range(8) if o & 0x80 >> j}
            default = set(default)
        assert value == default, item.name
        checked += 1
    assert checked > 40


def test_secrets_read_as_empty_and_actions_as_noop(full):
    for oid, _, value in full.quick.walk("scepClientMIB"):
        item, _ = program.item_of(oid)
        if item.name.endswith("ChallengePassword"):
            assert value == b""
        if set(item.names) >= {"noop"}:
            assert value == item.names["noop"], item.name


def test_a_TimeStamp_does_not_waver(full):
    full.quick.set(scepServerTimeout=31)
    seen = {full.quick.get("scepAgentConfigLastChange.0") for _ in range(300)}
    full.quick.set(scepServerTimeout=30)
    assert len(seen) == 1


# --------------------------------------------------------------------- names --


def test_names_work_with_the_shipped_modules_alone(full):
    snmp = full.master.monitor
    said = snmp.run("snmpget", "scepServerTimeout.1", "SCEP-CLIENT-MIB::scepAgentHealth.0")
    said.ok()
    assert said.err == ""
    assert "SCEP-CLIENT-MIB::scepServerTimeout.1" in said.out and "30 seconds" in said.out
    assert re.search(r"scepAgentHealth.0 = INTEGER: \w+\(\d\)", said.out)


def test_a_walk_by_name_shows_names_and_labels_only(full):
    out = full.master.monitor.walk("scepClientMIB")
    lines = [line for line in out.splitlines() if "::" in line]
    sometimes = ("scepUse", "scepRefusal")
    names = {i.name for i in READABLE if not i.name.startswith(sometimes)}
    found = {re.match(r"SCEP-CLIENT-MIB::(\w+)\.", line).group(1) for line in lines}
    assert {name for name in found if not name.startswith(sometimes)} == names
    assert "Wrong Type" not in out and "No Such" not in out
    # Dates as dates: the TC's hint is known.
    assert re.search(r"scepAgentLocalTime.0 = STRING: \d{4}-\d+-\d+,\d+:\d+:\d+", out)


def test_snmptranslate_knows_every_name_with_the_shipped_modules(full, mibs):
    for item in MODULE.objects():
        done = subprocess.run(
            ["snmptranslate", "-M", "-" + mibs, "-m", "SCEP-CLIENT-MIB", "-On",
             "SCEP-CLIENT-MIB::" + item.name],
            capture_output=True, text=True, timeout=scaled(10), check=True,
            env=environment(
                SNMPCONFPATH=full.master.empty, SNMP_PERSISTENT_DIR=full.master.persistent
            ),
        )
        assert done.stdout.strip() == "." + program.number(item.name)
        assert done.stderr == ""


def test_snmpbulkwalk_and_snmpwalk_print_the_same(full):
    monitor = full.master.monitor

    def lines(tool):
        out = monitor.walk("scepServerTable", tool) + monitor.walk("scepKeyTable", tool)
        return [line for line in out.splitlines() if "SecondsLeft" not in line]

    assert lines("snmpbulkwalk") == lines("snmpwalk")
