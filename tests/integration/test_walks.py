# SPDX-License-Identifier: Apache-2.0
"""Walks of everything: with 1 and with 64 profiles, with a history of many rows
(10,000 in the long tests), and while rows come and go.  In lexicographic order, nothing twice, no
gap among what was there throughout, and with an end."""

import itertools
import threading

import pytest

from rig import program
from rig.agent import Agent
from rig.device import Device, new_ca
from rig.history import prepare
from rig.master import Master
from rig.processes import scaled
from rig.quick import EXCEPTIONS, GETBULK, GETNEXT, NULL, Quick, wrap

MODULE = program.module()
TABLES = ["scepProfileTable", "scepServerTable", "scepRequestTable", "scepAutoTable"]
HISTORY = [pytest.param(300, id="300 rows"),
           pytest.param(10000, id="10,000 rows", marks=pytest.mark.long)]
# Profiles that come and go; the others stay.
COMING = (17, 40, 63)


def make(directory, mibs, profiles, history):
    master = Master(directory / "master", mibs)
    agent = Agent(directory / "agent", master, ["keyLimit 100"])
    device = Device(directory, master, agent, new_ca(directory / "ca"))
    master.start()
    agent.start()
    device.point_at()
    device.enrol()
    device.point_at(url="http://127.0.0.1:9/scep")
    made = [("scepProfileRowStatus.%d" % i, "createAndGo") for i in range(2, profiles + 1)]
    device.quick.set(("scepStatusMaxRows.0", 10000), *made)
    device.wait_end(device.send())
    if history:
        agent.stop()
        prepare(agent.state, history - 1)
        agent.start()
        device.quick.set(("scepStatusMaxRows.0", history))
        device.history = history
    return device


def close(device):
    device.agent.stop()
    device.master.close()
    device.ca.stop()


@pytest.fixture(scope="module", params=HISTORY)
def large(request, tmp_path_factory, mibs):
    device = make(tmp_path_factory.mktemp("large"), mibs, 64, request.param)
    worker = device.agent.worker
    yield device
    assert device.agent.worker == worker, device.agent.everything()
    close(device)


@pytest.fixture(scope="module", params=[1, 64], ids=["1 profile", "64 profiles"])
def sized(request, tmp_path_factory, mibs):
    """A device with that many profiles, and its tables as a manager has them."""
    device = make(tmp_path_factory.mktemp("sized"), mibs, request.param, 0)
    device.profiles = request.param
    yield device
    close(device)


def key_of(oid):
    return tuple(map(int, oid.lstrip(".").split(".")))


def check_order(oids):
    keys = [key_of(oid) for oid in oids]
    assert all(a < b for a, b in itertools.pairwise(keys))


def lines_of(out):
    """The OIDs of what snmpwalk printed with -On."""
    return [line.split(" = ")[0].lstrip(".") for line in out.splitlines()
            if line.startswith("." + program.root())]


# -------------------------------------------------------- the tools, at rest --


def test_snmpwalk_and_snmpbulkwalk_show_all_there_is_and_end(sized):
    oids = [oid for oid, _, _ in sized.quick.walk("scepClientMIB", bulk=60)]
    check_order(oids)
    snmp = sized.master.monitor.numbers()
    for tool, options in (("snmpwalk", []), ("snmpbulkwalk", ["-Cr10"]),
                          ("snmpbulkwalk", ["-Cr60"])):
        said = snmp.run(tool, "scepClientMIB", options=options).ok()
        assert lines_of(said.out) == oids, (tool, options)
        assert said.err == ""
    columns = sum(c.access != "not-accessible" for t in TABLES for c in MODULE.columns(t))
    assert len(oids) > columns * sized.profiles


@pytest.mark.parametrize("options", [[], ["-CB"]], ids=["GETBULK", "GETNEXT"])
def test_snmptable_shows_every_table_with_a_line_for_each_row(sized, options):
    snmp = sized.master.monitor
    for table in (item.name for item in MODULE.of_kind("table")):
        rows = len(sized.quick.table(table))
        said = snmp.run("snmptable", table, options=["-Cf", "|", "-Ci", *options]).ok()
        lines = said.out.splitlines()
        if rows == 0:
            assert "No entries" in said.out + said.err
            continue
        shown = [c.name for c in MODULE.columns(table) if c.access != "not-accessible"]
        header = lines[2].split("|")
        assert len(header) == len(shown) + 1, (table, header)
        assert len(lines) - 3 == rows, table
        indexes = [int(line.split("|")[0]) for line in lines[3:]]
        assert indexes == sorted(sized.quick.table(table)), table


# ------------------------------------------------------------ a long history --


def status_columns():
    return [c for c in MODULE.columns("scepStatusTable") if c.access != "not-accessible"]


def by_column(oids):
    """{name: [index, ...]} of instances of the status table."""
    names = {program.number(c.name): c.name for c in status_columns()}
    found = {}
    for oid in oids:
        prefix, _, index = oid.rpartition(".")
        found.setdefault(names[prefix], []).append(int(index))
    return found


def test_a_walk_of_a_long_history_is_whole(large):
    oids = [oid for oid, _, _ in large.quick.walk("scepStatusTable", bulk=100)]
    check_order(oids)
    found = by_column(oids)
    assert list(found) == [c.name for c in status_columns()]
    (rows,) = set(map(tuple, found.values()))
    assert len(rows) == large.history and rows[-1] == large.quick.get("scepStatusLastIndex.0")


def test_the_tools_end_at_many_rows_too(large):
    snmp = large.master.community("reading")
    whole = snmp.run("snmpbulkwalk", "scepClientMIB", options=["-Cr100"], timeout=60).ok()
    oids = lines_of(whole.out)
    assert len(oids) > large.history * len(status_columns()) and whole.err == ""
    check_order(oids)
    column = snmp.run("snmpwalk", "scepStatusState", timeout=60).ok()
    assert len(lines_of(column.out)) == large.history


@pytest.mark.parametrize("options", [[], ["-CB"]], ids=["GETBULK", "GETNEXT"])
def test_snmptable_shows_many_rows(large, options):
    said = large.master.monitor.run(
        "snmptable", "scepStatusTable", options=["-Cf", "|", *options], timeout=300
    ).ok()
    assert len(said.out.splitlines()) == large.history + 3


def test_snmpwalk_shows_many_rows(large):
    snmp = large.master.monitor.numbers()
    oids = lines_of(snmp.run("snmpwalk", "scepClientMIB", timeout=300).ok().out)
    check_order(oids)
    assert len(oids) > large.history * len(status_columns())


# -------------------------------------------------------------- under change --


class Changes:
    """Rows that come and go: profiles, and requests that fail at once, each
    of which makes the oldest row of the history go."""

    def __init__(self, device):
        self.device = device
        self.quick = Quick(device.master.port, device.master.secrets["writing"])
        self.turn = 0
        self.there = {i for i in COMING if device.profiles_there(i)}

    def __call__(self):
        self.turn += 1
        index = COMING[self.turn % len(COMING)]
        word = "destroy" if index in self.there else "createAndGo"
        self.quick.set(("scepProfileRowStatus.%d" % index, word))
        self.there ^= {index}
        last = self.quick.get("scepStatusLastIndex.0")
        if not last or self.device.status(last)["State"] in ("successful", "error"):
            self.device.send()

    def close(self):
        for index in set(COMING) - self.there:
            self.quick.set(("scepProfileRowStatus.%d" % index, "createAndGo"))
        self.quick.close()


@pytest.fixture
def changes(large):
    present = set(large.quick.table("scepProfileTable"))
    large.profiles_there = present.__contains__
    made = Changes(large)
    yield made
    made.close()


def changing_walk(device, changes, name, bulk, every):
    """As Quick.walk(), with a change after every so many answers."""
    base = at = program.number(name)
    found = []
    for count in itertools.count(1):
        asked = [(at, wrap(NULL, b""))]
        kind = GETBULK if bulk else GETNEXT
        for oid, tag, value in device.quick.exchange(kind, asked, 0, bulk):
            if tag in EXCEPTIONS or not oid.startswith(base + "."):
                return found
            found.append((oid, tag, value))
            at = oid
        if count % every == 0:
            changes()


def there(device, name):
    return {oid for oid, _, _ in device.quick.walk(name, bulk=100)}


def check_changing_walk(device, changes, walk, name):
    before = there(device, name)
    walked = walk()
    after = there(device, name)
    check_order(walked)
    coming = {"%s.%d" % (program.number(c.name), i) for t in TABLES
              for c in MODULE.columns(t) for i in COMING}
    throughout = (before & after) - coming
    missing = throughout - set(walked)
    assert not missing, sorted(missing)[:5]
    assert set(walked) <= before | after | coming
    assert changes.turn > 5
    return throughout


@pytest.mark.parametrize("bulk, every", [(0, 40), (1, 40), (7, 10), (60, 2)])
@pytest.mark.parametrize("name", ["scepServerTable", "scepAutoTable"])
def test_a_walk_while_profiles_come_and_go_skips_and_repeats_nothing(
    large, changes, name, bulk, every
):
    def walk():
        return [e[0] for e in changing_walk(large, changes, name, bulk, every)]

    throughout = check_changing_walk(large, changes, walk, name)
    columns = [c for c in MODULE.columns(name) if c.access != "not-accessible"]
    assert len(throughout) == len(columns) * (64 - len(COMING))


def status_rows(device):
    return {oid.rpartition(".")[2] for oid, _, _ in
            device.quick.walk("scepStatusState", bulk=100)}


def test_a_walk_while_the_history_moves_on_skips_and_repeats_nothing(large, changes, capsys):
    before = status_rows(large)
    # Some fifty changes, however long the history is.
    answers = large.history * len(status_columns()) // 10
    walked = changing_walk(large, changes, "scepStatusTable", 10, answers // 50)
    throughout = {int(index) for index in before & status_rows(large)}
    check_order(oid for oid, _, _ in walked)
    found = by_column(oid for oid, _, _ in walked)
    assert list(found) == [c.name for c in status_columns()]
    for name, rows in found.items():
        assert throughout <= set(rows), name
    gone = len(before) - len(throughout)
    assert 5 < gone < large.history / 2
    with capsys.disabled():
        print("\nwalk under change: %d rows were there throughout, all found in each of %d "
              "columns; %d came and went" % (len(throughout), len(found), gone))


@pytest.mark.parametrize("tool, options", [("snmpwalk", []), ("snmpbulkwalk", ["-Cr25"])])
def test_the_tools_walk_on_while_rows_come_and_go(large, changes, tool, options):
    ending = threading.Event()
    faults = []

    def run():
        try:
            while not ending.is_set():
                changes()
        except Exception as fault:
            faults.append(fault)

    def walk():
        thread = threading.Thread(target=run)
        thread.start()
        try:
            snmp = large.master.monitor.numbers()
            return lines_of(snmp.run(tool, "scepAutoTable", options=options).ok().out)
        finally:
            ending.set()
            thread.join(timeout=scaled(20))

    check_changing_walk(large, changes, walk, "scepAutoTable")
    assert faults == []
