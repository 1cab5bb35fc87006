# SPDX-License-Identifier: Apache-2.0
"""scepAgentHealth, its reasons and scepAgentEarliestExpiry, from states that
are really so.  (clockSuspect, caExpiring and the restart of keyLimitReached
are with the notifications that they go with.)"""

import os
import sqlite3

import pytest

from rig.device import CHALLENGE, Device, new_ca
from rig.processes import wait_until

DAY = 86400
NONE_TO_EXPIRE = 2147483647


def health(device):
    return tuple(device.quick.get("scepAgentHealth.0", "scepAgentHealthReason.0"))


def wait_health(device, *wanted, limit=10):
    try:
        wait_until(lambda: health(device) == wanted, limit, "health %r" % (wanted,))
    except TimeoutError:
        assert health(device) == wanted


OK = ("ok", set())


def second(device, **request):
    """Profile 2, with the same CA; sends, and gives the row at the end."""
    values = {"KeyName": "two", "CommonName": "two.example.net",
              "ChallengePassword": CHALLENGE, **request}
    device.quick.set(
        ("scepProfileRowStatus.2", "createAndGo"), ("scepServerUrl.2", device.ca.url),
        ("scepServerCaFingerprint.2", bytes.fromhex(device.ca.fingerprint)),
        *[("scepRequest%s.2" % n, v) for n, v in values.items()],
        ("scepRequestAction.2", "send"),
    )
    return device.wait_end(device.quick.get("scepRequestStatusIndex.2"))


def test_a_fresh_agent_is_ok_and_has_nothing_to_expire(own):
    assert health(own) == OK
    assert own.quick.get("scepAgentEarliestExpiry.0") == NONE_TO_EXPIRE
    own.point_at()
    own.enrol()
    assert health(own) == OK


def test_EarliestExpiry_is_that_of_the_certificate_that_ends_first(own):
    own.point_at()
    for days in (300, 100, 200):
        own.ca.control(validity=days * DAY)
        own.enrol(common_name="d%d.example.net" % days)
        lefts = [row["SecondsLeft"] for row in own.keys().values()]
        assert abs(own.quick.get("scepAgentEarliestExpiry.0") - min(lefts)) <= 2
    assert 99 * DAY < own.quick.get("scepAgentEarliestExpiry.0") <= 100 * DAY
    own.agent.restart()
    assert 99 * DAY < own.quick.get("scepAgentEarliestExpiry.0") <= 100 * DAY


def test_certExpiring_follows_ExpiryDays(own):
    own.ca.control(validity=40 * DAY)
    own.point_at()
    index = own.enrol()["KeyIndex"]
    state = "scepKeyState.%d" % index
    for days, key, wanted in ((30, "valid", OK), (39, "valid", OK),
                              (41, "expiring", ("warning", {"certExpiring"})), (1, "valid", OK)):
        own.quick.set(("scepNotifyExpiryDays.0", days))
        wait_health(own, *wanted)
        assert own.quick.get(state) == key


def test_certExpired_is_critical_and_EarliestExpiry_negative(own):
    own.ca.control(validity=3)
    own.point_at()
    index = own.enrol()["KeyIndex"]
    get = own.quick.get
    assert health(own) == ("warning", {"certExpiring"})
    wait_until(lambda: get("scepAgentEarliestExpiry.0") < 0, 10, "its end")
    assert get("scepKeyState.%d" % index) == "expired"
    # Nothing wakes the engine but the clock.
    wait_health(own, "critical", {"certExpired"}, limit=3)


def test_lastRequestFailed_is_per_profile_and_only_of_the_latest(own):
    own.point_at()
    own.enrol()
    assert second(own, ChallengePassword="wrong")["State"] == "error"
    failed = ("warning", {"lastRequestFailed"})
    wait_health(own, *failed)
    own.enrol()
    assert health(own) == failed
    own.agent.kill()
    own.agent.start()
    assert health(own) == failed
    own.quick.set(("scepRequestKeyName.2", "two"), ("scepRequestCommonName.2", "two.example.net"),
                  ("scepRequestChallengePassword.2", CHALLENGE), ("scepRequestAction.2", "send"))
    own.wait_end(own.quick.get("scepRequestStatusIndex.2"))
    wait_health(own, *OK)
    # And what has failed is forgotten with its profile.
    own.quick.set(("scepRequestKeyName.2", "two"), ("scepRequestCommonName.2", "two.example.net"),
                  ("scepRequestChallengePassword.2", "wrong"), ("scepRequestAction.2", "send"))
    own.wait_end(own.quick.get("scepRequestStatusIndex.2"))
    wait_health(own, *failed)
    own.quick.set(("scepProfileRowStatus.2", "destroy"))
    wait_health(own, *OK)


def test_keyLimitReached_when_the_registry_is_full(own):
    own.agent.configure("keyLimit 3")
    own.agent.restart()
    own.point_at()
    own.enrol()
    assert health(own) == OK
    own.enrol()
    wait_health(own, "warning", {"keyLimitReached"})
    own.agent.configure("keyLimit 4")
    own.agent.restart()
    assert health(own) == OK


def test_caUntrusted_until_an_operator_decides(own):
    own.point_at(fingerprint="")
    index = own.send()
    own.wait_status(index, Detail="caNotTrusted", State="processing")
    wait_health(own, "warning", {"caUntrusted"})
    own.agent.restart()
    wait_health(own, "warning", {"caUntrusted"})
    (ca,) = own.quick.table("scepCaTable")
    own.quick.set(("scepCaTrust.%d" % ca, "trusted"))
    assert own.wait_end(index)["State"] == "successful"
    wait_health(own, *OK)


def test_pollingLate_when_a_poll_is_long_overdue(own):
    """As after a sleep of the device: the time of the poll has passed, and it
    has not been made.  The row is written while the program is stopped."""
    own.ca.control(pending="forever")
    own.point_at()
    own.poll(5, interval=3600)
    index = own.send()
    own.wait_status(index, Detail="deferred")
    assert health(own) == OK
    own.agent.stop()
    with sqlite3.connect(os.path.join(own.agent.state, "scepagent.db")) as database:
        database.execute("UPDATE status SET next_poll = next_poll - 3600 - 121")
    database.close()
    own.agent.start()
    wait_health(own, "warning", {"pollingLate"})
    own.quick.set(scepRequestAction="pollNow")
    own.wait_status(index, Polls=1, Detail="deferred")
    wait_health(own, *OK)


def test_several_reasons_stand_together_and_the_worst_decides(own):
    own.agent.configure("keyLimit 2")
    own.agent.restart()
    own.ca.control(validity=3)
    own.point_at()
    own.enrol()
    wait_health(own, "warning", {"certExpiring", "keyLimitReached"})
    assert own.wait_end(own.send())["Detail"] == "registrationLimit"
    wait_health(own, "warning", {"certExpiring", "keyLimitReached", "lastRequestFailed"})
    wait_until(lambda: own.quick.get("scepAgentEarliestExpiry.0") < 0, 10, "its end")
    own.quick.set(("scepNotifyExpiryDays.0", 29))
    wait_health(own, "critical", {"certExpired", "keyLimitReached", "lastRequestFailed"})
