# SPDX-License-Identifier: Apache-2.0
"""Nothing that the engine does delays an SNMP answer.

tests/bench/never_blocks.py does the same with more gets and prints figures;
here the bound of 250 ms is only a deadline for each answer."""

from rig.latency import measure, timed_get
from rig.processes import wait_until

BOUND = 0.250
GETS = 200


def test_no_get_takes_250_ms_while_RSA_4096_is_made_and_the_CA_hangs(own):
    making, hanging = measure(own, GETS)
    assert len(making) >= 1 and len(hanging) >= GETS
    assert max(making) < BOUND, making
    assert max(hanging) < BOUND, hanging


def test_no_get_takes_250_ms_while_a_Set_is_made(own):
    """A Set waits for its one commit, and reads do not wait for the Set's
    engine."""
    own.ca.control(hang={"*": "before"})
    own.point_at(Timeout=600)
    index = own.send()
    for timeout in range(1, 50):
        own.quick.set(scepAutoPollCount=timeout)
        assert timed_get(own.master.quick_reader) < BOUND
    assert own.status(index)["State"] == "processing"


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
