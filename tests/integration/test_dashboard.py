# SPDX-License-Identifier: Apache-2.0
"""One walk of scepSummaryTable is a device's dashboard: with the tools of Net-SNMP,
as the monitoring user, with a profile that is well, one that has failed, one that
waits for its timer, and one that has done nothing."""

import pytest

from rig import program
from rig.device import CHALLENGE, in_seconds
from rig.processes import wait_until

COLUMNS = """ProfileName LastResult LastDetail LastText LastTime LastSuccess
ConsecutiveFailures OpenStatusIndex KeyIndex KeyName SecondsLeft NextRequestIn""".split()
NONE = 2147483647
YEAR = 366 * 86400


def profile(device, number, **values):
    """Makes the profile, and writes what stands in `values`."""
    device.quick.set(
        ("scepProfileRowStatus.%d" % number, "createAndGo"),
        ("scepServerUrl.%d" % number, device.ca.url),
        ("scepServerCaFingerprint.%d" % number, bytes.fromhex(device.ca.fingerprint)),
        *[("scep%s.%d" % (name, number), value) for name, value in values.items()],
    )


@pytest.fixture(scope="module")
def board(shared):
    """The columns of each row, by snmpwalk and by snmpbulkwalk."""
    shared.quick.set(("scepProfileName.1", "office"))
    shared.point_at()
    shared.enrol(KeyName="web")
    profile(shared, 2, RequestKeyName="vpn", RequestCommonName="vpn.example.net",
            RequestChallengePassword="wrong", RequestAction="send")
    shared.wait_end(shared.quick.get("scepRequestStatusIndex.2"))
    profile(shared, 3, ProfileName="later", AutoKeyName="later",
            AutoCommonName="later.example.net", AutoChallengePassword=CHALLENGE,
            AutoStartTime=in_seconds(86400), AutoEnable="true")
    shared.quick.set(("scepProfileRowStatus.4", "createAndGo"))
    wait_until(lambda: shared.quick.get("scepSummaryNextRequestIn.3") > 0, 10, "next run")
    return shared


def read(text):
    """{profile: {column: value}} of what `snmpwalk -OsqU` prints."""
    rows = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        column, _, index = name.removeprefix("scepSummary").partition(".")
        rows.setdefault(int(index), {})[column] = value.strip().strip('"')
    return rows


def is_about(value, wanted):
    return abs(int(value) - wanted) < 600


@pytest.mark.parametrize("tool", ["snmpwalk", "snmpbulkwalk"])
def test_one_walk_is_a_dashboard(board, tool):
    rows = read(board.master.monitor.walk("scepSummaryTable", tool, ["-OsqU"]))
    assert sorted(rows) == [1, 2, 3, 4]
    assert all(list(row) == COLUMNS for row in rows.values()), rows
    well, failed, waits, idle = (rows[number] for number in (1, 2, 3, 4))

    assert (well["ProfileName"], well["LastResult"], well["LastDetail"]) == (
        "office", "succeeded", "none")
    assert well["LastTime"] == well["LastSuccess"] != ""
    assert (well["KeyName"], well["ConsecutiveFailures"]) == ("web", "0")
    assert board.quick.get("scepKeyName." + well["KeyIndex"]) == "web"
    assert 0 < int(well["SecondsLeft"]) < YEAR

    assert (failed["ProfileName"], failed["LastResult"], failed["LastDetail"]) == (
        "profile 2", "failed", "scepError")
    assert failed["LastText"].startswith("Communication Error (SCEP ERROR Fail Info 2)")
    assert (failed["LastSuccess"], failed["ConsecutiveFailures"]) == ("", "1")
    assert (failed["KeyIndex"], failed["SecondsLeft"]) == ("0", str(NONE))

    assert (waits["ProfileName"], waits["LastResult"]) == ("later", "none")
    assert is_about(waits["NextRequestIn"], 86400)
    # It is not open before its time has come.
    assert waits["OpenStatusIndex"] == "0"
    assert (idle["ProfileName"], idle["NextRequestIn"], idle["OpenStatusIndex"]) == (
        "profile 4", "-1", "0")


def test_snmptable_shows_it_by_name(board):
    said = board.master.monitor.run(
        "snmptable", "scepSummaryTable", options=["-Cib", "-Cf", "|", "-Cl"]).ok()
    assert said.err == ""
    lines = [line for line in said.out.splitlines() if "|" in line]
    assert lines[0].split("|") == ["index", *COLUMNS]
    assert [line.split("|")[0] for line in lines[1:]] == ["1", "2", "3", "4"]
    assert [line.split("|")[1] for line in lines[1:]] == [
        "office", "profile 2", "later", "profile 4"]


def test_each_column_of_the_MIB_is_read(board):
    """Holds the table against the columns that are read here."""
    entry = program.module()["scepSummaryEntry"]
    names = [item.name for item in program.module().objects() if item.parent == entry.name]
    assert names == ["scepSummary" + column for column in COLUMNS]
