# SPDX-License-Identifier: Apache-2.0
"""A device through ten renewals of a certificate that lives 45 days, looked at by
SNMP every three days of its clock: each look is a start of the program on a later
day.  An older program is seen by the same eyes: SCEPAGENTD=/path/of/another."""

import time

import pytest

from rig.device import CHALLENGE, Device
from rig.fast_clock import FastClock, octets
from rig.processes import wait_until

DAY = 86400
LIFE = 45
RENEW_BEFORE = 15
STEP = 3
RENEWALS = [1, pytest.param(10, marks=pytest.mark.long)]


class Calendar(FastClock):
    """A clock of the usual speed, which is put on while the program is down."""

    def __init__(self):
        super().__init__(1)
        self.day = 0

    def now(self):
        return time.time() + self.day * DAY

    def put_on(self, days):
        self.day += days


@pytest.fixture
def aged(tmp_path, master, make_agent, ca):
    """A device with a timer that renews: (device, calendar)."""
    clock = Calendar()
    # The CA does not go with it.
    agent = make_agent("keyLimit 100", "clockSkewLimit %d" % (366 * DAY))
    clock.start(agent)
    device = Device(tmp_path, master, agent, ca)
    ca.control(validity=LIFE * DAY)
    device.point_at()
    device.quick.set(
        ("scepNotifyExpiryDays.0", RENEW_BEFORE - STEP - 1),
        ("scepAutoKeyName.1", "web"), ("scepAutoCommonName.1", "web.example.net"),
        ("scepAutoChallengePassword.1", CHALLENGE), ("scepAutoRenewBefore.1", RENEW_BEFORE),
        ("scepAutoStartTime.1", octets(clock.now())), ("scepAutoEnable.1", "true"),
    )
    return device, clock


def certificates(device):
    """The number of certificates that the timer has got."""
    rows = device.quick.table("scepKeyTable").values()
    return sum(row.get("Name") == "web" and bool(row.get("NotAfter")) for row in rows)


def look(device, day, count):
    """Waits for what is due today; returns the day and what a monitor reads."""
    wait_until(lambda: certificates(device) >= count, 60, "certificate %d" % count)
    wait_until(lambda: device.quick.get("scepAutoOperStatus.1") == "waiting", 60, "the end")
    names = ("scepAgentHealth.0", "scepAgentHealthReason.0", "scepAgentEarliestExpiry.0")
    health, reason, expiry = device.quick.get(*names)
    return day, count, health, reason, round(expiry / DAY)


@pytest.mark.parametrize("renewals", RENEWALS)
def test_health_is_ok_at_each_look_through_renewals(aged, renewals):
    device, clock = aged
    begun, seen, count = 0, [], 1
    while count <= renewals + 1:
        seen.append(look(device, clock.day, count))
        device.agent.stop()
        clock.put_on(STEP)
        # The CA's clock is the machine's.
        device.ca.control(validity=int(clock.now() - time.time()) + LIFE * DAY)
        clock.start(device.agent)
        if clock.day - begun >= LIFE - RENEW_BEFORE:
            begun, count = clock.day, count + 1
    print("\nday  certificates  health  reason  days to the earliest expiry")
    for row in seen:
        print("%4d %3d  %-8s %-24s %6d" % (*row[:3], row[3] or "-", row[4]))
    alarms = [row for row in seen if row[2] != "ok"]
    assert not alarms, "%d of %d looks: %r" % (len(alarms), len(seen), alarms[0])
