# SPDX-License-Identifier: Apache-2.0
"""Rows of scepProfileTable (RFC 2579, RowStatus; rule 17), and of the three
tables that augment it."""

import pytest

from rig import program
from rig.device import in_seconds
from rig.processes import wait_until
from rig.quick import Missing, Refused

TABLES = ("scepProfileTable", "scepServerTable", "scepRequestTable", "scepAutoTable")


def refused(quick, *pairs):
    with pytest.raises(Refused) as found:
        quick.set(*pairs)
    return found.value.status


def indexes(quick):
    """Of the four tables, which have them all alike."""
    found = {name: list(quick.table(name)) for name in TABLES}
    assert len(set(map(tuple, found.values()))) == 1, found
    return found["scepProfileTable"]


def status(index, value):
    return ("scepProfileRowStatus.%d" % index, value)


def storage(index, value):
    return ("scepProfileStorageType.%d" % index, value)


@pytest.fixture
def quick(device):
    """Profile 1 alone at the start and at the end."""
    yield device.quick
    for index in indexes(device.quick)[1:]:
        device.quick.set(status(index, "destroy"))
    assert indexes(device.quick) == [1]


def test_the_augmenting_rows_come_and_go_with_the_profile(quick):
    for made in (7, 64, 2):
        quick.set(status(made, "createAndGo"))
    assert indexes(quick) == [1, 2, 7, 64]
    quick.set(status(7, "destroy"))
    assert indexes(quick) == [1, 2, 64]
    for table in TABLES:
        for item in program.module().columns(table):
            with pytest.raises(Missing):
                quick.get(item.name + ".7")


def test_every_index_of_1_to_64_can_be_a_row_and_65_cannot(quick):
    quick.set(*[status(index, "createAndGo") for index in range(2, 65)])
    assert indexes(quick) == list(range(1, 65))
    for value in ("createAndGo", "createAndWait", "active", "destroy"):
        assert refused(quick, status(65, value)) == "noCreation"
        assert refused(quick, status(0, value)) == "noCreation"
    quick.set(*[status(index, "destroy") for index in range(2, 65)])
    assert indexes(quick) == [1]


def test_one_index_too_many_makes_none(quick):
    pairs = [status(index, "createAndGo") for index in range(60, 66)]
    assert refused(quick, *pairs) == "noCreation"
    assert indexes(quick) == [1]


def test_the_first_profile_is_permanent(quick):
    name = quick.get("scepProfileName.1")
    for pairs in (
        [status(1, "destroy")],
        [("scepProfileName.1", "x"), status(1, "destroy")],
        [status(2, "createAndGo"), status(1, "destroy")],
    ):
        assert refused(quick, *pairs) == "inconsistentValue"
    assert quick.get("scepProfileName.1", "scepProfileRowStatus.1") == [name, "active"]
    assert indexes(quick) == [1]


def test_createAndWait_is_notInService_until_it_is_made_active(quick):
    quick.set(status(3, "createAndWait"))
    assert quick.get("scepProfileRowStatus.3") == "notInService"
    quick.set(("scepServerUrl.3", "http://127.0.0.1:9/"), ("scepRequestKeyName.3", "k"),
              ("scepRequestCommonName.3", "c"))
    for action in ("send", "cancel", "pollNow"):
        assert refused(quick, ("scepRequestAction.3", action)) == "inconsistentValue"
    assert refused(quick, *timer(3)) == "inconsistentValue"
    quick.set(status(3, "active"))
    assert quick.get("scepProfileRowStatus.3", "scepRequestKeyName.3") == ["active", "k"]
    quick.set(status(3, "notInService"))
    assert quick.get("scepProfileRowStatus.3") == "notInService"
    assert refused(quick, ("scepRequestAction.3", "send")) == "inconsistentValue"


@pytest.mark.parametrize("way", ["createAndGo", "createAndWait"])
def test_columns_may_stand_before_the_RowStatus_that_makes_their_row(quick, way):
    quick.set(("scepServerTimeout.4", 44), ("scepAutoPollCount.4", 4), status(4, way))
    assert quick.get("scepServerTimeout.4", "scepAutoPollCount.4") == [44, 4]


def test_a_bad_column_makes_no_row(quick):
    for pairs in (
        [status(4, "createAndGo"), ("scepServerTimeout.4", 0)],
        [("scepServerTimeout.4", 0), status(4, "createAndGo")],
        [status(4, "createAndGo"), ("scepServerTimeout.5", 5)],
    ):
        assert refused(quick, *pairs) in ("wrongValue", "inconsistentName")
        assert indexes(quick) == [1]


def test_a_row_that_comes_again_is_as_new(quick):
    quick.set(status(5, "createAndGo"), ("scepProfileName.5", "old"),
              ("scepServerTimeout.5", 55), ("scepRequestCommonName.5", "old"),
              ("scepAutoChallengePassword.5", "old"), ("scepAutoPoll.5", "true"))
    first = quick.row("scepServerTable", 5)
    quick.set(status(5, "destroy"))
    quick.set(status(5, "createAndGo"), status(6, "createAndGo"))
    assert quick.row("scepServerTable", 5) != first
    for table in TABLES:
        assert quick.row(table, 5) == quick.row(table, 6)


def test_destroy_of_a_row_that_is_not_there_is_taken(quick):
    quick.set(status(9, "destroy"))
    assert indexes(quick) == [1]


def test_notReady_cannot_be_written(quick):
    quick.set(status(3, "createAndGo"))
    assert refused(quick, status(3, "notReady")) == "wrongValue"
    assert refused(quick, status(4, "notReady")) == "wrongValue"


# --------------------------------------------------------- what protects it --


def timer(index, start=86400):
    return [
        ("scepServerUrl.%d" % index, "http://127.0.0.1:9/"),
        ("scepAutoKeyName.%d" % index, "k"), ("scepAutoCommonName.%d" % index, "c"),
        ("scepAutoStartTime.%d" % index, in_seconds(start)),
        ("scepAutoEnable.%d" % index, "true"),
    ]


TOUCHES = [("destroy", status(3, "destroy")), ("notInService", status(3, "notInService")),
           ("volatile", storage(3, "volatile"))]
touches = pytest.mark.parametrize("touch", [t for _, t in TOUCHES], ids=[i for i, _ in TOUCHES])


@touches
def test_an_enabled_timer_protects_its_row(quick, touch):
    quick.set(status(3, "createAndGo"), *timer(3))
    assert refused(quick, touch) == "inconsistentValue"
    assert quick.get("scepProfileRowStatus.3", "scepProfileStorageType.3",
                     "scepAutoEnable.3") == ["active", "nonVolatile", "true"]
    # One Set that disables it, and does it.
    quick.set(touch, ("scepAutoEnable.3", "false"))

    def is_announced():
        rows = quick.table("scepStatusTable").values()
        return any(row["State"] == "toBeProcessed" for row in rows)

    wait_until(lambda: not is_announced(), 5, "end of the announcement")


@touches
def test_an_open_request_of_the_timer_protects_its_row(device, quick, touch):
    device.ca.control(hang={"*": "before"})
    last = quick.get("scepStatusLastIndex.0")
    quick.set(status(3, "createAndGo"), ("scepServerTimeout.3", 600), *timer(3, -2)[1:],
              ("scepServerUrl.3", device.ca.url))
    device.wait_status(last + 1, State="processing")
    assert refused(quick, touch) == "inconsistentValue"
    quick.set(("scepAutoEnable.3", "false"))
    # The request goes on when the timer has been switched off.
    if device.status(last + 1)["State"] == "processing":
        assert refused(quick, touch) == "inconsistentValue"
        quick.set(("scepRequestAction.3", "cancel"))
    device.wait_end(last + 1)
    quick.set(touch)


def test_a_row_with_a_timer_cannot_be_made_out_of_service_at_once(quick):
    pairs = [status(3, "createAndWait"), *timer(3)]
    assert refused(quick, *pairs) == "inconsistentValue"
    assert indexes(quick) == [1]


# -------------------------------------------------------------- StorageType --


def test_only_nonVolatile_rows_are_there_after_a_restart(own):
    quick = own.quick
    quick.set(
        status(2, "createAndGo"), ("scepProfileName.2", "stays"),
        status(3, "createAndGo"), storage(3, "volatile"),
        status(4, "createAndGo"), storage(4, "volatile"), ("scepProfileName.4", "kept"),
        status(5, "createAndWait"), status(6, "createAndGo"),
    )
    quick.set(storage(4, "nonVolatile"), storage(6, "volatile"))
    quick.set(("scepServerTimeout.6", 66))
    # Profile 1 can be volatile, and is as new after that.
    quick.set(storage(1, "volatile"), ("scepServerTimeout.1", 11))
    own.agent.kill()
    own.agent.start()
    assert indexes(quick) == [1, 2, 4, 5]
    assert quick.get("scepProfileName.2", "scepProfileName.4") == ["stays", "kept"]
    assert quick.get("scepProfileRowStatus.5", "scepProfileStorageType.4") == [
        "notInService", "nonVolatile"]
    assert quick.get("scepServerTimeout.1", "scepProfileStorageType.1") == [30, "nonVolatile"]
    # The indexes are free again.
    quick.set(status(3, "createAndGo"), status(6, "createAndGo"))
    assert quick.get("scepServerTimeout.6") == 30


def test_a_volatile_profile_works_as_any_other(own):
    quick = own.quick
    quick.set(
        status(2, "createAndGo"), storage(2, "volatile"), ("scepServerUrl.2", own.ca.url),
        ("scepServerCaFingerprint.2", bytes.fromhex(own.ca.fingerprint)),
        ("scepRequestKeyName.2", "v"), ("scepRequestCommonName.2", "v.example.net"),
        ("scepRequestChallengePassword.2", own.ca.behaviour["challenge"]),
        ("scepRequestAction.2", "send"),
    )
    row = own.wait_end(quick.get("scepRequestStatusIndex.2"))
    assert row["State"] == "successful"
    own.agent.restart()
    assert indexes(quick) == [1]
    # The certificate that it has brought is no part of its row.
    assert own.keys()[row["KeyIndex"]]["ProfileIndex"] == 2
    wait_until(lambda: own.status(1) == row, 5, "its status row")
