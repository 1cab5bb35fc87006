# SPDX-License-Identifier: Apache-2.0
"""Nothing that the engine does holds back an SNMP answer.

How long the answers take is measured by tests/bench/never_blocks.py; here they
come before that ends which might have held them back."""

from rig.latency import measure, sets_while_hanging
from rig.processes import wait_until

GETS = 20


def test_gets_are_answered_while_RSA_4096_is_made_and_while_the_CA_hangs(own):
    making, hanging = measure(own, GETS)
    assert len(making) > 1 and len(hanging) >= GETS


def test_sets_and_gets_are_answered_while_the_CA_hangs(own):
    assert len(sets_while_hanging(own, GETS)) == GETS


def test_a_hung_server_does_not_keep_other_profiles_from_enrolling(own):
    own.ca.control(hang={"PKCSReq": {"value": "before", "times": 1}})
    own.point_at(Timeout=600)
    first = own.send(common_name="hung.example.net")
    own.ca.wait_log(message="PKCSReq")
    own.quick.set(("scepProfileRowStatus.2", "createAndGo"))
    own.quick.set(
        ("scepServerUrl.2", own.ca.url),
        ("scepServerCaFingerprint.2", bytes.fromhex(own.ca.fingerprint)),
        ("scepRequestKeyName.2", "other"), ("scepRequestCommonName.2", "b.example.net"),
        ("scepRequestChallengePassword.2", own.ca.behaviour["challenge"]),
        ("scepRequestAction.2", "send"),
    )
    second = own.quick.get("scepRequestStatusIndex.2")
    assert own.wait_end(second)["State"] == "successful"
    assert own.status(first)["State"] == "processing"


def test_cancel_ends_a_hanging_exchange_at_once(own):
    own.ca.control(hang={"PKCSReq": "before"})
    own.point_at(Timeout=600)
    index = own.send()
    own.ca.wait_log(message="PKCSReq")
    own.quick.set(scepRequestAction="cancel")
    row = own.wait_end(index, limit=2)
    assert row["Detail"] == "cancelled"
    wait_until(lambda: not own.agent.files("keys"), 10, "sweep of the key")
