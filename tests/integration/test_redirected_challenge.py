# SPDX-License-Identifier: Apache-2.0
"""A challenge that is set and not sent does not go to another server than the
one that it was set for (MIB, rule 4)."""

import pytest

CHANGES = {
    "Url": "http://192.0.2.1/scep", "Port": 8888, "ProxyUrl": "http://192.0.2.1:3128",
    "CaFingerprint": bytes(32), "CaTrustPolicy": "trustOnFirstUse",
}
NAMES = ("scepRequest", "scepAuto")


def are_set(device):
    return [device.quick.get(name + "ChallengeSet.1") == "true" for name in NAMES]


@pytest.fixture
def prepared(own):
    own.point_at()
    own.quick.set(*[(name + "ChallengePassword.1", "OneTimeSecret-42") for name in NAMES])
    assert are_set(own) == [True, True]
    return own


def test_a_change_of_the_server_wipes_it_for_good(prepared):
    for name, value in CHANGES.items():
        prepared.quick.set(*[(each + "ChallengePassword.1", "OneTimeSecret-42")
                             for each in NAMES])
        prepared.quick.set(("scepServer%s.1" % name, value))
        assert are_set(prepared) == [False, False], name
    prepared.agent.wait_log("its challenge password was not sent and is removed", len(CHANGES))
    prepared.agent.kill()
    assert prepared.agent.holds(b"OneTimeSecret-42") == []
    prepared.agent.start()
    assert are_set(prepared) == [False, False]


def test_the_same_values_and_other_settings_keep_it(prepared):
    prepared.point_at(Port=0, ProxyUrl="", CaTrustPolicy="verify", Timeout=7)
    assert are_set(prepared) == [True, True]


def test_one_of_the_same_Set_is_for_the_new_server(prepared):
    prepared.quick.set(
        ("scepRequestChallengePassword.1", "new"), ("scepServerUrl.1", "http://192.0.2.1/scep"))
    assert are_set(prepared) == [True, False]


def test_it_is_not_sent_to_the_new_server(prepared):
    """Whoever changes the proxy, say, gets a request without it."""
    prepared.quick.set(("scepServerUrl.1", prepared.ca.url + "/x"))
    row = prepared.wait_end(prepared.send(challenge=None))
    assert row["State"] == "error" and row["FailInfo"] == "badRequest", row
