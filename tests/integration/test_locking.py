# SPDX-License-Identifier: Apache-2.0
"""Rule 1, what is locked while a timer runs, and rule 18, who may write."""

import pytest

from rig import program
from rig.device import in_seconds
from rig.processes import wait_until
from rig.quick import GET, NULL, SET, Refused, as_ber, wrap
from rig.writes import another, is_refused_by_snmpd, writes

MODULE = program.module()
WRITABLE = [item for item in MODULE.objects() if item.is_writable]
DAY = 86400


def columns(table):
    return [item for item in MODULE.columns(table) if item.is_writable]


SERVER = [i for i in columns("scepServerTable") if i.name != "scepServerCheck"]
TIMER = [i for i in columns("scepAutoTable") if i.name != "scepAutoEnable"]


def raw(device, name):
    oid = program.number(name)
    ((_, tag, value),) = device.quick.exchange(GET, [(oid, wrap(NULL, b""))])
    return as_ber(tag, value)


def put(device, *bindings):
    """(status, index of the binding) of the answer to a Set of raw values."""
    try:
        device.quick.exchange(SET, [(program.number(n), ber) for n, ber in bindings])
    except Refused as refused:
        return refused.status, refused.index
    return "noError", 0


def status_of(device, *pairs):
    with pytest.raises(Refused) as refused:
        device.quick.set(*pairs)
    return refused.value.status, refused.value.index


def timer(device, index=1, start=DAY, **values):
    """Returns the needs of a timer, and the switch, as pairs of one PDU."""
    values = {"KeyName": "timed", "CommonName": "timed.example.net", **values}
    pairs = [("scepAuto%s.%d" % (n, index), v) for n, v in values.items()]
    pairs.append(("scepAutoStartTime.%d" % index, in_seconds(start)))
    return pairs + [("scepAutoEnable.%d" % index, "true")]


def wait_oper(device, status):
    """The engine takes a timer up when the Set has been answered."""
    get = device.quick.get
    wait_until(lambda: get("scepAutoOperStatus.1") == status, 5, "a timer that is " + status)


@pytest.fixture
def waiting(device):
    """The timer of profile 1 is enabled, and waits for tomorrow."""
    device.quick.set(*timer(device))
    wait_oper(device, "waiting")
    yield device
    device.quick.set(("scepAutoEnable.1", "false"))


# ------------------------------------------------------------------- rule 1 --


@pytest.mark.parametrize("item", SERVER, ids=lambda item: item.name)
def test_a_server_setting_is_locked_while_the_timer_runs(waiting, item):
    name = item.name + ".1"
    old = raw(waiting, name)
    new = another(item, old)
    assert put(waiting, (name, new)) == ("inconsistentValue", 1)
    assert raw(waiting, name) == old
    # The same value again is no change.
    assert put(waiting, (name, old)) == ("noError", 0)
    assert waiting.quick.get("scepAutoEnable.1") == "true"


@pytest.mark.parametrize("order", ["switch first", "switch last"])
@pytest.mark.parametrize("item", SERVER, ids=lambda item: item.name)
def test_one_Set_switches_the_timer_off_and_changes_the_server(waiting, item, order):
    """It is judged by what holds after the whole PDU."""
    name = item.name + ".1"
    old = raw(waiting, name)
    new = another(item, old)
    off = ("scepAutoEnable.1", as_ber(0x02, 2))
    bindings = [off, (name, new)] if order == "switch first" else [(name, new), off]
    assert put(waiting, *bindings) == ("noError", 0)
    assert raw(waiting, name) == new
    wait_oper(waiting, "disabled")
    assert put(waiting, (name, old)) == ("noError", 0)


def test_one_Set_changes_the_server_and_switches_the_timer_on(device):
    device.quick.set(("scepServerTimeout.1", 44), *timer(device))
    assert device.quick.get("scepServerTimeout.1", "scepAutoEnable.1") == [44, "true"]
    wait_oper(device, "waiting")
    # Off and on again in one PDU is on before and after, and locks.
    pairs = [("scepAutoEnable.1", "false"), ("scepServerTimeout.1", 45),
             ("scepAutoEnable.1", "true")]
    assert status_of(device, *pairs) == ("inconsistentValue", 2)
    assert device.quick.get("scepServerTimeout.1", "scepAutoEnable.1") == [44, "true"]
    device.quick.set(("scepAutoEnable.1", "false"), ("scepServerTimeout.1", 30))


def test_all_server_settings_can_be_written_again_as_they_are(waiting):
    """Does what a manager does that writes back a configuration it has read."""
    bindings = [(i.name + ".1", raw(waiting, i.name + ".1")) for i in SERVER]
    before = waiting.quick.get("scepAgentConfigLastChange.0", "scepStatsSetRejects.0")
    assert put(waiting, *bindings) == ("noError", 0)
    after = waiting.quick.get("scepAgentConfigLastChange.0", "scepStatsSetRejects.0")
    assert after == before


def test_send_is_locked_and_a_check_is_not(waiting):
    last = waiting.quick.get("scepStatusLastIndex.0")
    pairs = [("scepRequestKeyName.1", "a"), ("scepRequestCommonName.1", "b"),
             ("scepRequestAction.1", "send")]
    assert status_of(waiting, *pairs) == ("inconsistentValue", 3)
    assert waiting.quick.get("scepStatusLastIndex.0") == last
    waiting.quick.set(("scepServerCheck.1", "getCaCaps"))


def test_another_profile_is_not_locked(waiting):
    waiting.quick.set(("scepProfileRowStatus.2", "createAndGo"), ("scepServerTimeout.2", 3))
    waiting.quick.set(("scepServerTimeout.2", 4))
    pairs = [("scepServerTimeout.2", 5), ("scepServerTimeout.1", 5)]
    assert status_of(waiting, *pairs) == ("inconsistentValue", 2)
    assert waiting.quick.get("scepServerTimeout.2") == 4
    waiting.quick.set(("scepProfileRowStatus.2", "destroy"))


@pytest.mark.parametrize("item", TIMER, ids=lambda item: item.name)
def test_a_setting_of_the_timer_may_change_while_it_waits(waiting, item):
    name = item.name + ".1"
    old = raw(waiting, name)
    new = {
        "scepAutoStartTime": wrap(0x04, in_seconds(2 * DAY)),
        "scepAutoKeyName": wrap(0x04, b"k"), "scepAutoCommonName": wrap(0x04, b"c"),
    }.get(item.name) or another(item, old)
    if item.name == "scepAutoUseLocation":
        # Rule 2: there is no such use location.
        assert put(waiting, (name, new)) == ("inconsistentValue", 1)
        return
    assert put(waiting, (name, new)) == ("noError", 0)
    wait_oper(waiting, "waiting")
    assert put(waiting, (name, old)) == ("noError", 0)


@pytest.mark.parametrize("item", ["Url", "StartTime", "KeyName", "CommonName"])
def test_what_a_timer_needs_cannot_be_emptied_while_it_runs(waiting, item):
    name = ("scepServer%s.1" if item == "Url" else "scepAuto%s.1") % item
    assert status_of(waiting, (name, "")) == ("inconsistentValue", 1)
    assert waiting.quick.get(name) not in ("", b"")


@pytest.fixture
def requesting(device):
    """A request of the timer is open: the CA does not answer."""
    device.ca.control(hang={"PKCSReq": "before"})
    device.point_at(Timeout=600)
    last = device.quick.get("scepStatusLastIndex.0")
    device.quick.set(*timer(device, start=-2))
    device.wait_status(last + 1, MessageType="pkcsReq", State="processing")
    yield device
    device.quick.set(("scepAutoEnable.1", "false"))
    try:
        device.quick.set(scepRequestAction="cancel")
    except Refused:
        pass


def test_no_setting_of_the_timer_changes_while_its_request_is_open(requesting):
    """All of them; the same value is taken, and so is the switch."""
    for item in TIMER:
        name = item.name + ".1"
        old = raw(requesting, name)
        assert put(requesting, (name, another(item, old))) == ("inconsistentValue", 1), name
        if not item.name.endswith("ChallengePassword"):
            assert put(requesting, (name, old)) == ("noError", 0), name
    for item in SERVER:
        name = item.name + ".1"
        new = another(item, raw(requesting, name))
        assert put(requesting, (name, new)) == ("inconsistentValue", 1), name
    requesting.quick.set(("scepAutoEnable.1", "false"))
    assert requesting.quick.get("scepAutoEnable.1") == "false"


# ------------------------------------------------------------------ rule 18 --

KINDS = {"BITS": "x", "OCTET STRING": "x", "Unsigned32": "u"}


def words_for(item):
    """Arguments for snmpset: a value that would be taken, or be judged."""
    kind = KINDS.get(item.base, "i")
    value = {"x": "00", "u": "%d" % (item.ranges[0][0] if item.ranges else 0)}.get(kind, "1")
    index = ".0" if item.kind == "scalar" else ".1"
    return program.number(item.name) + index, kind, value


def settings(device):
    return [e for e in device.quick.walk("scepClientMIB")
            if program.item_of(e[0])[0].is_writable]


@pytest.mark.parametrize("who, reason", [("reader", "noAccess"), ("bare", "authorizationError")])
def test_no_object_at_all_is_written_without_the_right(device, who, reason):
    """By a user with a view for reading, and by one without privacy."""
    master = device.master
    snmp = master.monitor.numbers() if who == "reader" else master.without_privacy()
    before = settings(device)
    for item in WRITABLE:
        said = snmp.set(*words_for(item))
        assert said.reason == reason, (item.name, said.err)
    assert settings(device) == before


def test_a_community_for_reading_writes_no_value_of_any_kind(device):
    """Also what would be refused for another reason: nothing is judged."""
    reader = device.master.quick_reader
    rejects = device.quick.get("scepStatsSetRejects.0")
    before = settings(device)
    count = 0
    for item in WRITABLE:
        oid = program.number(item.name) + (".0" if item.kind == "scalar" else ".1")
        for case in writes(item):
            if len(case.ber) > 60000 or is_refused_by_snmpd(case.ber):
                continue
            with pytest.raises(Refused) as refused:
                reader.exchange(SET, [(oid, case.ber)])
            assert refused.value.status == "noAccess", (item.name, case.label)
            count += 1
    assert count > 1000
    assert settings(device) == before
    assert device.quick.get("scepStatsSetRejects.0") == rejects
