# SPDX-License-Identifier: Apache-2.0
"""The values that a restart leaves: every nonVolatile setting of the MIB as it was, and
no volatile one.  Which is which is said by the clauses of the contract: what a
request is made of, what is done, and the spin lock do not stay."""

import pytest

from rig import program
from rig.device import in_seconds
from rig.quick import GET, NULL, SET, as_ber, wrap
from rig.writes import another, taken

MODULE = program.module()
VOLATILE_TABLES = ("scepRequestEntry",)
GONE = {"scepAgentConfigSpinLock"}
# Rows of keys and CAs have tests of their own; RowStatus is one of rows.
ROWS = ("scepKeyEntry", "scepCaEntry")
# Values that fit together with an enabled timer, which is what is restored.
FITTING = {
    "scepAutoEnable": "true", "scepAutoUseLocation": "", "scepProfileRowStatus": "active",
    "scepProfileStorageType": "nonVolatile",
}
# The timer's plan is restored with it; the rest of these are facts.
SHOWN = ["scepAutoNextRequestTime", "scepAutoAdjustApplied", "scepAutoOperStatus",
         "scepAutoChallengeSet"]


def is_action(item):
    return "noop" in item.names


def settings():
    return [i for i in MODULE.objects() if i.is_writable and i.parent not in ROWS
            and not is_action(i)]


KEPT = [i for i in settings() if i.parent not in VOLATILE_TABLES and i.name not in GONE]
LOST = [i for i in settings() if i.parent in VOLATILE_TABLES]


def instances(items, profiles):
    for item in items:
        for tail in [".0"] if item.kind == "scalar" else [".%d" % p for p in profiles]:
            yield item, item.name + tail


def read(device, names):
    found = {}
    for name in names:
        oid = program.number(name)
        ((_, tag, value),) = device.quick.exchange(GET, [(oid, wrap(NULL, b""))])
        found[name] = as_ber(tag, value)
    return found


def value_for(item, old):
    if item.name == "scepAutoStartTime":
        return wrap(0x04, in_seconds(30 * 86400))
    if item.name.endswith(("KeyName", "CommonName", "Organization")):
        return wrap(0x04, ("its %s" % item.name).encode())
    if item.name.endswith("ChallengePassword"):
        return wrap(0x04, b"a challenge to be kept")
    return another(item, old)


def fill(device, items, profiles):
    """All of them in one Set, none as it was.  Returns {name: BER}."""
    names = list(instances(items, profiles))
    old = read(device, [name for _, name in names])
    new = {name: value_for(item, old[name]) for item, name in names
           if item.name not in FITTING}
    bindings = [(program.number(name), ber) for name, ber in new.items()]
    device.quick.exchange(SET, bindings)
    return new


@pytest.mark.parametrize("way", ["kill", "stop"])
def test_every_nonVolatile_setting_is_the_same_and_no_volatile_one_is_left(own, way):
    profiles = (1, 2)
    own.quick.set(("scepProfileRowStatus.2", "createAndGo"))
    kept = fill(own, KEPT, profiles)
    lost = fill(own, LOST, profiles)
    own.quick.set(("scepAutoEnable.1", "true"), ("scepAutoEnable.2", "true"))
    names = [n for _, n in instances(KEPT, profiles)]
    names += ["%s.%d" % (n, p) for n in SHOWN for p in profiles]
    own.wait_status(2, Trigger="timer")
    before = read(own, names)
    assert {n: before[n] for n in kept if is_plain(n)} == {
        n: ber for n, ber in kept.items() if is_plain(n)}
    assert len(kept) > 60 and len(lost) > 20
    getattr(own.agent, way)()
    own.agent.start()
    after = read(own, names)
    assert after == before
    check_lost(own, lost, profiles)
    if way == "kill":
        return
    # A profile that has never been touched is what the volatile ones are like.
    own.quick.set(("scepProfileRowStatus.3", "createAndGo"))
    fresh = own.quick.row("scepRequestTable", 3)
    assert [own.quick.row("scepRequestTable", p) for p in profiles] == [fresh, fresh]


def is_plain(name):
    """Tells whether it reads as it was written: no secret, and no BITS, which are
    filled up."""
    item = MODULE[program.split_name(name)[0]]
    return item.base != "BITS" and not item.name.endswith("ChallengePassword")


def check_lost(own, lost, profiles):
    assert own.quick.get(*["scepRequestChallengeSet.%d" % p for p in profiles]) == [
        "false"] * len(profiles)
    for name in lost:
        item = MODULE[program.split_name(name)[0]]
        value = read(own, [name])[name]
        default = {wrap(0x04, b"")} if item.base == "OCTET STRING" else set()
        assert value != lost[name] or value in default, name
    text = b"its scepRequestCommonName"
    assert own.agent.holds(text) == []


def test_the_sorts_of_settings_are_those_of_the_MIB(own):
    """Nothing that can be written has been forgotten above."""
    writable = {i.name for i in MODULE.objects() if i.is_writable}
    sorted_out = {i.name for i in KEPT + LOST} | GONE
    sorted_out |= {i.name for i in MODULE.objects() if is_action(i) or i.parent in ROWS}
    assert writable <= sorted_out
    assert all(len(taken(i)) > 1 or i.name in FITTING or i.type == "TestAndIncr"
               for i in KEPT + LOST)
