# SPDX-License-Identifier: Apache-2.0
"""The errors of refused Sets.  The object identifiers are numbers, so that
snmpset checks nothing by itself and the answer is that of the agent."""

import os

import pytest

from rig import program
from rig.device import CHALLENGE
from rig.quick import Missing, Refused



@pytest.fixture
def snmp(device):
    return device.master.admin.numbers()


def set_one(snmp, name, kind, value):
    return snmp.set(program.number(name), kind, value)


def check_refused(device, name, kind, value, reason):
    """One refused Set: the reason, no effect, a log line that names object
    and reason, and a count."""
    get = device.quick.get
    refusals = get("scepStatsSetRejects.0")
    before = set(device.quick.walk("scepClientMIB.1", bulk=40))
    said = set_one(device.master.admin.numbers(), name, kind, value)
    assert said.reason == reason, said.err
    assert said.failed_object == program.number(name)
    after = set(device.quick.walk("scepClientMIB.1", bulk=40))
    changed = {oid for oid, _, _ in after ^ before}
    names = {program.item_of(oid)[0].name for oid in changed}
    assert names <= {"scepAgentLocalTime", "scepStatsSetRejects", "scepKeySecondsLeft",
                     "scepCaSecondsLeft", "scepSummarySecondsLeft",
                     "scepAgentEarliestExpiry", "scepRefusalTime", "scepRefusalObject",
                     "scepRefusalError", "scepRefusalReason"}, names
    assert get("scepStatsSetRejects.0") == refusals + 1


WRONG_TYPE = [
    ("scepServerUrl.1", "i", "5"), ("scepServerUrl.1", "a", "127.0.0.1"),
    ("scepServerPort.1", "i", "80"), ("scepServerPort.1", "s", "80"),
    ("scepServerTimeout.1", "t", "5"), ("scepServerHttpMethod.1", "u", "2"),
    ("scepServerRequireStandard.1", "s", "true"), ("scepServerCaFingerprint.1", "u", "5"),
    ("scepRequestAction.1", "s", "send"), ("scepRequestAction.1", "u", "2"),
    ("scepRequestKeyUsage.1", "i", "1"), ("scepRequestChallengePassword.1", "i", "1"),
    ("scepStatusMaxRows.0", "i", "30"), ("scepAutoStartTime.1", "u", "5"),
    ("scepServerUrl.1", "o", "1.3.6"), ("scepAutoEnable.1", "u", "1"),
]
WRONG_LENGTH = [
    ("scepServerUrl.1", "s", "http://h/" + "x" * 247),
    ("scepServerCaIdentifier.1", "s", "x" * 256),
    ("scepServerCaFingerprint.1", "x", "00" * 19),
    ("scepServerCaFingerprint.1", "x", "00" * 65),
    ("scepServerCaFingerprint.1", "x", "00"),
    ("scepRequestKeyName.1", "s", "x" * 65),
    ("scepRequestCommonName.1", "s", "x" * 65),
    ("scepRequestSubjectAltName.1", "s", "DNS:" + "x" * 252),
    ("scepRequestChallengePassword.1", "s", "x" * 256),
    ("scepAutoStartTime.1", "x", "00" * 9), ("scepAutoStartTime.1", "x", "00" * 12),
    ("scepProfileName.1", "s", "x" * 65),
    ("scepRequestOrganization.1", "s", "\u0101" * 33),
]
WRONG_VALUE = [
    # enumerations
    ("scepServerHttpMethod.1", "i", "0"), ("scepServerHttpMethod.1", "i", "4"),
    ("scepServerHttpMethod.1", "i", "-1"), ("scepServerCipher.1", "i", "5"),
    ("scepServerCaTrustPolicy.1", "i", "3"), ("scepServerRequireStandard.1", "i", "0"),
    ("scepServerRequireStandard.1", "i", "3"), ("scepRequestAction.1", "i", "6"),
    ("scepRequestSignatureAlgorithm.1", "i", "5"), ("scepAutoPoll.1", "i", "7"),
    ("scepProfileRowStatus.1", "i", "3"), ("scepProfileRowStatus.1", "i", "7"),
    ("scepProfileStorageType.1", "i", "6"), ("scepServerCheck.1", "i", "9"),
    ("scepProfileStorageType.1", "i", "1"), ("scepProfileStorageType.1", "i", "5"),
    # ranges
    ("scepServerPort.1", "u", "65536"), ("scepServerPort.1", "u", "4294967295"),
    ("scepServerTimeout.1", "u", "0"), ("scepServerTimeout.1", "u", "601"),
    ("scepRequestKeyLength.1", "u", "2047"), ("scepRequestKeyLength.1", "u", "0"),
    ("scepRequestKeyLength.1", "u", "8192"), ("scepAutoPollCount.1", "u", "0"),
    ("scepAutoPollCount.1", "u", "1081"), ("scepAutoPollInterval.1", "u", "4"),
    ("scepStatusMaxRows.0", "u", "19"), ("scepStatusMaxRows.0", "u", "10001"),
    ("scepRequestKeyUsage.1", "x", "0001"), ("scepRequestKeyUsage.1", "x", "a040"),
    # URLs
    ("scepServerUrl.1", "s", "file:///etc/passwd"), ("scepServerUrl.1", "s", "ftp://host/"),
    ("scepServerUrl.1", "s", "host/scep"), ("scepServerUrl.1", "s", "http://"),
    ("scepServerUrl.1", "s", "http:///scep"), ("scepServerUrl.1", "s", "http://a b/"),
    ("scepServerUrl.1", "s", "http://user:secret@host/"),
    ("scepServerUrl.1", "s", "http://host:99999/"), ("scepServerUrl.1", "s", "http://host:x/"),
    ("scepServerUrl.1", "s", "http://[::1/"), ("scepServerUrl.1", "s", "gopher://host/"),
    ("scepServerProxyUrl.1", "s", "socks5://host/"),
    # control characters and what is not UTF-8
    ("scepServerUrl.1", "x", b"http://h/\r\nX: y".hex()),
    ("scepServerUrl.1", "x", b"http://h/\x00x".hex()),
    ("scepRequestKeyName.1", "x", "410a42"), ("scepRequestKeyName.1", "x", "4100"),
    ("scepRequestKeyName.1", "x", "1b5b324a"), ("scepRequestCommonName.1", "x", "c328"),
    ("scepRequestCommonName.1", "x", "7f"), ("scepRequestOrganization.1", "x", "eda080"),
    ("scepRequestOrganization.1", "x", "c0af"), ("scepProfileName.1", "x", "c285"),
    ("scepServerCaIdentifier.1", "x", "ff"),
    # lists that are none
    ("scepRequestSubjectExtra.1", "s", "Print"), ("scepRequestSubjectExtra.1", "s", "XX=y"),
    ("scepRequestSubjectAltName.1", "s", "a.example.net"),
    ("scepRequestSubjectAltName.1", "s", "IP:300.1.1.1"),
    ("scepRequestExtendedKeyUsage.1", "s", "noSuchUsage"),
]
NOT_WRITABLE = [
    ("scepAgentVersion.0", "s", "x"), ("scepAgentHealth.0", "i", "1"),
    ("scepStatusLastIndex.0", "u", "5"), ("scepStatusState.1", "i", "4"),
    ("scepRequestStatusIndex.1", "u", "5"), ("scepRequestChallengeSet.1", "i", "1"),
    ("scepServerCaps.1", "x", "ff"), ("scepKeyCount.0", "u", "1"),
    ("scepKeySubject.1", "s", "x"), ("scepCaFingerprint.1", "x", "00" * 32),
    ("scepStatsRequests.0", "u", "1"), ("scepUseName.1", "s", "x"),
    ("scepAutoNextRequestIn.1", "i", "1"),
]
NO_CREATION = [
    ("scepServerTimeout.65", "u", "5"), ("scepServerTimeout.0", "u", "5"),
    ("scepServerTimeout.4294967295", "u", "5"), ("scepProfileRowStatus.65", "i", "4"),
    ("scepServerTimeout.1.1", "u", "5"), ("scepStatusMaxRows.1", "u", "30"),
    ("scepRequestAction.65", "i", "2"),
]
INCONSISTENT_NAME = [
    ("scepServerTimeout.2", "u", "5"), ("scepServerUrl.64", "s", "http://h/"),
    ("scepRequestAction.2", "i", "2"), ("scepAutoPoll.7", "i", "1"),
    ("scepProfileName.2", "s", "x"),
]
INCONSISTENT_VALUE = [
    ("scepRequestKeyLength.1", "u", "1024"), ("scepRequestSignatureAlgorithm.1", "i", "1"),
    ("scepServerCipher.1", "i", "4"), ("scepProfileRowStatus.1", "i", "6"),
    ("scepProfileRowStatus.1", "i", "4"), ("scepRequestAction.1", "i", "3"),
]


def cases():
    for reason, group in (
        ("wrongType", WRONG_TYPE), ("wrongLength", WRONG_LENGTH),
        ("wrongValue", WRONG_VALUE), ("notWritable", NOT_WRITABLE),
        ("noCreation", NO_CREATION), ("inconsistentName", INCONSISTENT_NAME),
        ("inconsistentValue", INCONSISTENT_VALUE),
    ):
        for name, kind, value in group:
            short = value if len(value) < 30 else value[:20] + "..."
            label = "%s-%s-%s-%s" % (reason, name, kind, short)
            yield pytest.param(name, kind, value, reason, id=label.encode("ascii", "replace").decode())


@pytest.mark.parametrize("name, kind, value, reason", list(cases()))
def test_a_bad_Set_is_refused_with_its_own_error(device, name, kind, value, reason):
    check_refused(device, name, kind, value, reason)


def test_an_object_that_the_MIB_lacks_is_refused(device, snmp):
    for tail in ("1.99.0", "1.3.1.99.1", "1.2.1.9.1", "1.6.5.1"):
        said = snmp.set("%s.%s" % (program.root(), tail), "u", "5")
        assert said.reason in ("noCreation", "notWritable"), (tail, said.err)


def test_the_index_column_cannot_be_written(snmp):
    assert set_one(snmp, "scepProfileIndex.1", "u", 1).reason in ("noCreation", "notWritable")


# ------------------------------------------------------------------- actions --


@pytest.fixture
def empty(device):
    device.quick.set(scepRequestAction="clear")
    return device


SEND = ("scepRequestKeyName.1", "s", "a", "scepRequestCommonName.1", "s", "b",
        "scepRequestAction.1", "i", "2")


@pytest.mark.parametrize("missing", ["scepServerUrl", "scepRequestKeyName", "scepRequestCommonName"])
def test_send_without_what_it_needs_is_inconsistentValue(empty, snmp, missing):
    values = {
        "scepServerUrl.1": empty.ca.url, "scepRequestKeyName.1": "a",
        "scepRequestCommonName.1": "b", missing + ".1": "",
    }
    last = empty.quick.get("scepStatusLastIndex.0")
    words = [word for name, value in values.items() for word in (name, "s", value)]
    said = snmp.set(*words, "scepRequestAction.1", "i", "2")
    assert said.reason == "inconsistentValue"
    assert said.failed_object == program.number("scepRequestAction.1")
    assert empty.quick.get("scepStatusLastIndex.0") == last
    assert empty.quick.get("scepRequestKeyName.1") == ""


def test_send_while_a_request_is_open_is_inconsistentValue(empty, snmp):
    empty.ca.control(pending="forever")
    empty.poll(5)
    index = empty.send()
    empty.wait_status(index, Detail="deferred")
    assert snmp.set(*SEND).reason == "inconsistentValue"
    assert empty.quick.get("scepRequestStatusIndex.1") == index
    assert empty.quick.get("scepRequestKeyName.1") == "test"
    empty.quick.set(scepRequestAction="cancel")
    assert empty.status(index)["Detail"] == "cancelled"


def test_pollNow_with_nothing_to_poll_is_inconsistentValue(device, snmp):
    device.enrol()
    assert set_one(snmp, "scepRequestAction.1", "i", 4).reason == "inconsistentValue"


def test_a_timer_that_lacks_everything_cannot_be_enabled(device, snmp):
    said = set_one(snmp, "scepAutoEnable.1", "i", 1)
    assert said.reason == "inconsistentValue"
    assert device.quick.get("scepAutoEnable.1", "scepAutoOperStatus.1") == ["false", "disabled"]


def test_noop_and_clear_are_always_taken(device, snmp):
    set_one(snmp, "scepRequestAction.1", "i", 1).ok()
    set_one(snmp, "scepRequestAction.1", "i", 5).ok()
    assert device.quick.get("scepRequestAction.1") == "noop"


def test_rows_of_keys_take_destroy_and_no_other_value(device, snmp):
    index = device.enrol()["KeyIndex"]
    name = "scepKeyRowStatus.%d" % index
    for value in (1, 2, 3, 4, 5, 7):
        assert set_one(snmp, name, "i", value).reason == "wrongValue"
    assert index in device.keys()
    set_one(snmp, name, "i", 6).ok()
    assert index not in device.keys()


# ------------------------------------------------------------ all or nothing --

GOOD = ("scepServerTimeout.1", "u", "77")
BAD = ("scepAutoPollInterval.1", "u", "1")
TOO_LATE = ("scepRequestAction.1", "i", "3")  # no request is open


@pytest.mark.parametrize("order", ["good-bad", "bad-good", "good-bad-good"])
@pytest.mark.parametrize("bad, reason", [(BAD, "wrongValue"), (TOO_LATE, "inconsistentValue")])
def test_a_mixed_PDU_is_made_whole_or_not_at_all(device, snmp, order, bad, reason):
    other = ("scepServerPort.1", "u", "7777")
    parts = {"good-bad": (GOOD, bad), "bad-good": (bad, GOOD), "good-bad-good": (GOOD, bad, other)}
    said = snmp.set(*[word for part in parts[order] for word in part])
    assert said.reason == reason
    assert said.failed_object == program.number(bad[0])
    assert device.quick.get("scepServerTimeout.1", "scepServerPort.1") == [30, 0]


SYS_NAME = "1.3.6.1.2.1.1.5.0"
SYS_CONTACT = "1.3.6.1.2.1.1.4.0"  # fixed by snmpd.conf
TARGET_ROW = "1.3.6.1.6.3.12.1.2.1.9.1.120"  # snmpTargetAddrRowStatus."x"
GROUP_ROW = "1.3.6.1.6.3.16.1.2.1.5.3.1.97"  # vacmSecurityToGroupStatus.3."a"


@pytest.mark.parametrize(
    "foreign, reason",
    [
        ((SYS_CONTACT, "s", "x"), "notWritable"),
        ((SYS_NAME, "s", "x" * 300), "wrongLength"),
        ((SYS_NAME, "i", "5"), "wrongType"),
        ((TARGET_ROW, "i", "1"), "inconsistentValue"),
    ],
    ids=["notWritable", "wrongLength", "wrongType", "inconsistentValue"],
)
@pytest.mark.parametrize("ours_first", [True, False])
def test_a_Set_that_fails_at_an_object_of_the_master_changes_nothing(
    device, snmp, foreign, reason, ours_first
):
    last = device.quick.get("scepStatusLastIndex.0")
    ours = (*GOOD, *SEND)
    words = ours + foreign if ours_first else foreign + ours
    assert snmp.set(*words).reason == reason
    assert device.quick.get("scepServerTimeout.1") == 30
    assert device.quick.get("scepStatusLastIndex.0") == last
    assert device.quick.get("scepRequestKeyName.1") in ("", "test")


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_Set_that_the_master_undoes_is_taken_back_whole(own, ours_first):
    """A group row without a group is refused by snmpd when the Set has been
    made already: ours was on the disk, and is undone."""
    own.point_at()
    own.quick.set(scepServerTimeout=30)
    database = os.path.join(own.agent.state, "scepagent.db")
    written = os.stat(database).st_mtime_ns
    ours, foreign = (*GOOD, *SEND), (GROUP_ROW, "i", "4")
    snmp = own.master.admin.numbers()
    said = snmp.set(*(ours + foreign if ours_first else foreign + ours))
    assert said.reason == "inconsistentValue"
    assert said.failed_object == GROUP_ROW
    assert os.stat(database).st_mtime_ns != written, "the case is no longer one of UNDO"
    for _ in range(2):
        assert own.quick.get("scepServerTimeout.1", "scepRequestStatusIndex.1") == [30, 0]
        assert own.quick.table("scepStatusTable") == {}
        assert own.ca.log() == []
        own.agent.kill()
        own.agent.start()
    own.enrol()


def test_a_Set_across_master_and_subagent_is_made_whole(device, snmp):
    snmp.set(SYS_NAME, "s", "both", *GOOD).ok()
    assert device.quick.get("scepServerTimeout.1") == 77
    assert snmp.get(SYS_NAME) == "both"


def test_one_PDU_makes_two_profiles_and_fills_them(device, snmp):
    snmp.set(
        "scepProfileRowStatus.8", "i", "4", "scepProfileName.8", "s", "eight",
        "scepServerTimeout.8", "u", "8", "scepProfileRowStatus.9", "i", "4",
        "scepServerTimeout.9", "u", "9",
    ).ok()
    assert device.quick.get("scepServerTimeout.8", "scepServerTimeout.9") == [8, 9]
    snmp.set("scepProfileRowStatus.8", "i", "6", "scepProfileRowStatus.9", "i", "6").ok()
    with pytest.raises(Missing):
        device.quick.get("scepServerTimeout.8")


def test_the_same_Set_twice_in_one_PDU_takes_the_last_value(device, snmp):
    said = snmp.set("scepServerTimeout.1", "u", "5", "scepServerTimeout.1", "u", "6")
    assert said.reason == "noError"
    assert device.quick.get("scepServerTimeout.1") == 6


def test_the_spin_lock_refuses_an_old_value(device, snmp):
    value = device.quick.get("scepAgentConfigSpinLock.0")
    snmp.set("scepAgentConfigSpinLock.0", "i", value, *GOOD).ok()
    assert device.quick.get("scepAgentConfigSpinLock.0") == value + 1
    said = snmp.set("scepAgentConfigSpinLock.0", "i", value, "scepServerTimeout.1", "u", "5")
    assert said.reason == "inconsistentValue"
    assert device.quick.get("scepServerTimeout.1") == 77


def test_a_value_of_60000_octets_is_wrongLength(device):
    for name in ("scepServerUrl.1", "scepRequestChallengePassword.1", "scepProfileName.1"):
        with pytest.raises(Refused) as refused:
            device.quick.set((name, b"h" * 60000))
        assert refused.value.status == "wrongLength"


def test_a_PDU_of_many_variables_is_one_change(own):
    """64 profiles: all of them, or with one bad value at the end none."""
    pairs = [("scepProfileRowStatus.%d" % i, "createAndGo") for i in range(2, 65)]
    pairs += [("scepServerTimeout.%d" % i, i) for i in range(1, 65)]
    with pytest.raises(Refused) as refused:
        own.quick.set(*pairs, ("scepServerPort.64", 65536))
    assert (refused.value.status, refused.value.index) == ("wrongValue", len(pairs) + 1)
    assert list(own.quick.table("scepProfileTable")) == [1]
    own.quick.set(*pairs)
    timeouts = {i: row["Timeout"] for i, row in own.quick.table("scepServerTable").items()}
    assert timeouts == {i: i for i in range(1, 65)}


# --------------------------------------------------------------------- count --

REFUSED = {
    "wrongType": [("scepServerPort.1", "s", "80")],
    "wrongLength": [("scepServerCaFingerprint.1", "x", "00")],
    "wrongValue by range": [BAD],
    "wrongValue by text": [("scepServerUrl.1", "s", "ftp://host/")],
    "noCreation": [("scepServerTimeout.65", "u", "5")],
    "notWritable": [("scepKeyCount.0", "u", "1")],
    "inconsistentName": [("scepServerTimeout.2", "u", "5")],
    "inconsistentValue": [TOO_LATE],
    "two bad values": [GOOD, BAD, BAD],
    "two bad actions": [GOOD, TOO_LATE, ("scepRequestAction.1", "i", "4")],
    "a bad value and a bad action": [TOO_LATE, BAD],
}


def rejects(device):
    return device.quick.get("scepStatsSetRejects.0")


@pytest.mark.parametrize("pdu", REFUSED.values(), ids=REFUSED)
def test_a_Set_that_scepagentd_refuses_counts_once(device, snmp, pdu):
    before = rejects(device)
    for count in (1, 2):
        assert snmp.set(*[word for variable in pdu for word in variable]).reason is not None
        assert rejects(device) == before + count


def test_a_Set_that_the_disk_refuses_counts_once(make_agent):
    agent = make_agent()
    with open(agent.state, "w", encoding="utf-8"):
        pass
    agent.start()
    for count in (1, 2):
        assert agent.master.admin.numbers().set(*GOOD).reason == "commitFailed"
        assert agent.master.quick.get("scepStatsSetRejects.0") == count


def test_a_Set_that_scepagentd_takes_does_not_count(own):
    snmp = own.master.admin.numbers()
    set_one(snmp, *GOOD).ok()
    # Refused by the master: before ours is made, and after it.
    assert set_one(own.master.monitor.numbers(), *GOOD).reason == "noAccess"
    assert snmp.set(*GOOD, SYS_CONTACT, "s", "x").reason == "notWritable"
    assert snmp.set(*GOOD, GROUP_ROW, "i", "4").reason == "inconsistentValue"
    assert rejects(own) == 0


# -------------------------------------------------------------------- access --


@pytest.mark.parametrize(
    "name, kind, value",
    [GOOD, ("scepRequestAction.1", "i", "2"), ("scepServerUrl.1", "s", "http://h/"),
     ("scepAgentVersion.0", "s", "x"), ("scepProfileRowStatus.2", "i", "4")],
)
def test_a_read_view_user_gets_noAccess(device, name, kind, value):
    said = set_one(device.master.monitor.numbers(), name, kind, value)
    assert said.reason == "noAccess"
    assert device.quick.get("scepServerTimeout.1") == 30


def test_a_writer_without_privacy_is_refused(device):
    said = set_one(device.master.without_privacy(), *GOOD)
    assert said.reason == "authorizationError"
    assert device.quick.get("scepServerTimeout.1") == 30


def test_a_view_of_the_scep_subtree_is_enough_to_write(device):
    snmp = device.master.community("narrow")
    set_one(snmp, *GOOD).ok()
    assert snmp.set(SYS_NAME, "s", "x").reason == "noAccess"


# ----------------------------------------------------------------------- log --


def test_a_refusal_is_one_log_line_with_object_and_reason(own):
    snmp = own.master.admin.numbers()
    set_one(snmp, "scepServerTimeout.1", "u", "0")
    own.agent.wait_log("Set refused: scepServerTimeout.1: wrongValue (must be ")
    assert own.agent.log().count("Set refused") == 1


def test_a_flood_of_refusals_does_not_flood_the_log(own):
    for _ in range(300):
        with pytest.raises(Refused):
            own.quick.set(scepServerTimeout=0)
    assert own.quick.get("scepStatsSetRejects.0") == 300
    assert 1 <= own.agent.log().count("Set refused") < 100


def test_a_refused_challenge_does_not_come_into_the_log(device, snmp):
    secret = "refused-secret-" + "x" * 241
    assert set_one(snmp, "scepRequestChallengePassword.1", "s", secret).reason == "wrongLength"
    said = snmp.set("scepRequestChallengePassword.1", "s", CHALLENGE + "-y", *BAD)
    assert said.reason == "wrongValue"
    assert "refused-secret" not in device.agent.log()
    assert CHALLENGE + "-y" not in device.agent.log()
    assert device.quick.get("scepRequestChallengeSet.1") == "false"
