# SPDX-License-Identifier: Apache-2.0
"""Profiles: rows that come and go, each with a server and a request of its
own; and the history of their requests."""

import pytest

from rig.device import CHALLENGE
from rig.processes import wait_until
from rig.quick import Missing, Refused


def refused(quick, *pairs):
    with pytest.raises(Refused) as found:
        quick.set(*pairs)
    return found.value.status


def make(device, index, **server):
    quick = device.quick
    quick.set(("scepProfileRowStatus.%d" % index, "createAndGo"))
    quick.set(
        ("scepServerUrl.%d" % index, device.ca.url),
        ("scepServerCaFingerprint.%d" % index, bytes.fromhex(device.ca.fingerprint)),
        *[("scepServer%s.%d" % (name, index), value) for name, value in server.items()]
    )


def send(device, index, name):
    device.quick.set(
        ("scepRequestKeyName.%d" % index, name),
        ("scepRequestCommonName.%d" % index, name + ".example.net"),
        ("scepRequestChallengePassword.%d" % index, CHALLENGE),
        ("scepRequestAction.%d" % index, "send"),
    )
    return device.quick.get("scepRequestStatusIndex.%d" % index)


def test_createAndGo_and_destroy_make_and_unmake_a_whole_profile(own):
    own.quick.set(("scepProfileRowStatus.5", "createAndGo"), ("scepProfileName.5", "five"))
    assert own.quick.get("scepProfileRowStatus.5", "scepProfileName.5") == ["active", "five"]
    for name in ("scepServerTimeout.5", "scepRequestKeyLength.5", "scepAutoPollCount.5"):
        assert own.quick.get(name)
    own.quick.set(("scepProfileRowStatus.5", "destroy"))
    for name in ("scepServerTimeout.5", "scepRequestKeyLength.5", "scepAutoPollCount.5"):
        with pytest.raises(Missing):
            own.quick.get(name)


def test_a_profile_that_is_not_active_sends_nothing(own):
    quick = own.quick
    quick.set(("scepProfileRowStatus.5", "createAndWait"), ("scepServerUrl.5", own.ca.url))
    assert quick.get("scepProfileRowStatus.5") in ("notInService", "notReady")
    action = [("scepRequestKeyName.5", "a"), ("scepRequestCommonName.5", "b"),
              ("scepRequestAction.5", "send")]
    assert refused(quick, *action) == "inconsistentValue"
    quick.set(("scepProfileRowStatus.5", "active"))
    quick.set(*action)
    row = own.status(quick.get("scepRequestStatusIndex.5"))
    assert row["ProfileIndex"] == 5 and row["State"] in ("toBeProcessed", "processing")


def test_createAndGo_on_a_row_that_is_there_is_inconsistentValue(own):
    own.quick.set(("scepProfileRowStatus.5", "createAndGo"))
    for value in ("createAndGo", "createAndWait"):
        assert refused(own.quick, ("scepProfileRowStatus.5", value)) == "inconsistentValue"
    for value in ("active", "notInService"):
        assert refused(own.quick, ("scepProfileRowStatus.6", value)) in (
            "inconsistentValue", "inconsistentName")


def test_an_open_request_holds_its_profile(own):
    own.ca.control(hang={"PKCSReq": "before"})
    make(own, 2, Timeout=600)
    send(own, 2, "held")
    own.ca.wait_log(message="PKCSReq")
    for pair in (("scepProfileRowStatus.2", "destroy"), ("scepProfileRowStatus.2", "notInService"),
                 ("scepProfileStorageType.2", "volatile")):
        assert refused(own.quick, pair) == "inconsistentValue", pair
    own.quick.set(("scepRequestAction.2", "cancel"))
    own.quick.set(("scepProfileRowStatus.2", "destroy"))


def test_a_volatile_profile_is_gone_after_a_restart(own):
    own.quick.set(("scepProfileRowStatus.2", "createAndGo"), ("scepProfileStorageType.2", "volatile"))
    own.quick.set(("scepProfileRowStatus.3", "createAndGo"))
    own.agent.restart()
    assert list(own.quick.table("scepProfileTable")) == [1, 3]


def test_all_profiles_enrol_at_once_and_get_what_each_asked_for(own):
    own.agent.configure("keyLimit 100")
    own.agent.restart()
    indexes = range(2, 10)
    for index in indexes:
        make(own, index)
    rows = {index: send(own, index, "name%d" % index) for index in indexes}
    assert len(set(rows.values())) == len(rows)
    for index, row in rows.items():
        end = own.wait_end(row)
        assert end["State"] == "successful", end
        key = own.keys()[end["KeyIndex"]]
        assert key["ProfileIndex"] == index and key["Name"] == "name%d" % index
        assert "name%d.example.net" % index in key["Subject"]
    assert len({e["transaction_id"] for e in own.pki_log()}) == len(rows)


def test_places_are_reserved_so_that_parallel_requests_keep_the_limit(own):
    """Eight requests at once for three places: three certificates."""
    own.agent.configure("keyLimit 4")
    own.agent.restart()
    own.ca.control(delay={"PKCSReq": 0.5})
    indexes = range(2, 10)
    for index in indexes:
        make(own, index)
    ends = [own.wait_end(row) for row in [send(own, i, "n%d" % i) for i in indexes]]
    details = sorted(end["Detail"] for end in ends)
    assert details == ["none"] * 3 + ["registrationLimit"] * 5
    assert len(own.keys()) == own.quick.get("scepKeyCount.0") - 1 == 3
    assert len(own.ca.issued()) == 3


def test_the_history_keeps_the_newest_finished_rows_and_every_open_one(own):
    make(own, 2, Timeout=600)
    own.ca.control(hang={"PKCSReq": "before"})
    open_row = send(own, 2, "open")
    own.ca.wait_log(message="PKCSReq")
    own.point_at(url="http://127.0.0.1:9/scep")
    ended = []
    for _ in range(25):
        ended.append(own.send())
        own.wait_end(ended[-1])
    assert sorted(own.quick.table("scepStatusTable")) == [open_row] + ended[-20:]
    own.agent.kill()
    own.agent.start()
    assert sorted(own.quick.table("scepStatusTable")) == [open_row] + ended[-20:]
    assert own.quick.get("scepStatusLastIndex.0") == ended[-1]


def test_a_shorter_history_is_cut_at_once(own):
    own.quick.set(("scepStatusMaxRows.0", 30))
    own.point_at(url="http://127.0.0.1:9/scep")
    for _ in range(24):
        own.wait_end(own.send())
    assert len(own.quick.table("scepStatusTable")) == 24
    own.quick.set(("scepStatusMaxRows.0", 20))
    wait_until(lambda: len(own.quick.table("scepStatusTable")) == 20, 5, "shorter history")


def test_the_gauge_of_requests_in_hand_is_right(own):
    own.ca.control(pending="forever")
    own.poll(5, interval=3600)
    own.point_at()
    assert own.quick.get("scepStatusProcessing.0") == 0
    index = own.send()
    own.wait_status(index, Detail="deferred")
    assert own.quick.get("scepStatusProcessing.0") == 1
    assert own.quick.get("scepStatsPendings.0") == 1
    own.quick.set(scepRequestAction="cancel")
    assert own.quick.get("scepStatusProcessing.0") == 0


def test_what_the_same_profile_is_set_to_does_not_change_an_open_request(own):
    """An open request keeps its own copy of server and values."""
    own.ca.control(pending=1)
    own.poll(5, interval=3600)
    own.point_at()
    index = own.send(common_name="kept.example.net")
    own.wait_status(index, Detail="deferred")
    own.quick.set(
        scepServerUrl="http://127.0.0.1:9/other", scepServerCaFingerprint=b"",
        scepRequestCommonName="changed.example.net",
    )
    own.quick.set(scepRequestAction="clear")
    own.quick.set(scepRequestAction="pollNow")
    row = own.wait_end(index)
    assert row["State"] == "successful", row
    assert "kept.example.net" in own.keys()[row["KeyIndex"]]["Subject"]
