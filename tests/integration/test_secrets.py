# SPDX-License-Identifier: Apache-2.0
"""Challenge passwords: where a marker that was written can still be found.

Searched are the state directory and the log, a walk of everything, snmpd's
log, and all memory of both processes that can be written to (/proc/PID/mem:
heap, arenas of all threads, stacks, data), for the marker and for each half
of it.  The claim is the strongest that there can be: when a challenge is of no
more use there is no copy of it at all, neither one of our own nor one of a
library.  Our own buffers are cleansed where they end; what Net-SNMP (received
packets, the values of each phase of a Set), SQLite (pages) and OpenSSL (the
CSR) free without cleansing it is overwritten by the program's own free(), see
subagent/system/wipe.h.  The memory of snmpd, which sees each Set too, is not ours."""

import secrets

import pytest

from rig.device import in_seconds, request_pairs
from rig.memory import places
from rig.namespace import inspectable
from rig.processes import wait_until
from rig.quick import Refused

GROUP_ROW = "1.3.6.1.6.3.16.1.2.1.5.3.1.97"  # vacmSecurityToGroupStatus.3."a"


@pytest.fixture
def agent_prefix():
    """The memory of both processes is read."""
    return inspectable()


@pytest.fixture
def marker():
    return "MARKER-" + secrets.token_hex(24)


@pytest.fixture
def held(own, marker):
    """The device with a CA that takes the marker."""
    own.ca.control(challenge=marker)
    own.point_at()
    return own


def halves(marker):
    octets = marker.encode()
    return octets[: len(octets) // 2], octets[len(octets) // 2 :]


def in_memory(device, marker):
    pids = (device.agent.worker, device.agent.process.pid)
    return [(pid, *place) for pid in pids for half in halves(marker)
            for place in places(pid, half)]


def outside(device, marker):
    """Where else it is: files, a walk, the logs."""
    found = [name for half in halves(marker) for name in device.agent.holds(half)]
    walked = b"\n".join(v for _, _, v in device.quick.walk("scepClientMIB")
                        if isinstance(v, bytes))
    found += ["walk"] * any(half in walked for half in halves(marker))
    found += ["snmpd's log"] * (marker in device.master.log())
    return found


def check_gone(device, marker):
    """Nowhere, when what was under way has come to its end."""
    def is_gone():
        return not in_memory(device, marker) and not outside(device, marker)

    try:
        wait_until(is_gone, 5, "end of the marker")
    except TimeoutError:
        pass
    assert in_memory(device, marker) == []
    assert outside(device, marker) == []


def check_shown_nowhere(device, marker, prefix="scepRequest"):
    """Returns what a manager sees of one that is set."""
    get = device.quick.get
    assert get(prefix + "ChallengePassword.1", prefix + "ChallengeSet.1") == [b"", "true"]
    assert "walk" not in outside(device, marker)
    assert "scepagentd.log" not in device.agent.holds(marker.encode())


def put(device, marker):
    device.quick.set(("scepRequestChallengePassword.1", marker))
    check_shown_nowhere(device, marker)
    # The search finds what is there: our one copy, in the row of the profile.
    wait_until(lambda: len(places(device.agent.worker, marker.encode())) == 1, 5, "one copy")


# ---------------------------------------------------------- a manual request --


def test_after_SUCCESS_there_is_no_copy_at_all(held, marker):
    put(held, marker)
    held.quick.set(*request_pairs(challenge=None))
    row = held.wait_end(held.quick.get("scepRequestStatusIndex.1"))
    assert row["State"] == "successful"
    assert held.pki_log()[-1]["challenge_ok"] is True
    assert held.quick.get("scepRequestChallengeSet.1") == "false"
    check_gone(held, marker)
    held.agent.stop()
    assert held.agent.holds(marker.encode()) == []


def test_after_FAILURE_there_is_no_copy_at_all(held, marker):
    held.ca.control(fail_info=2)
    row = held.wait_end(held.send(challenge=marker))
    assert (row["State"], row["Detail"]) == ("error", "scepError")
    assert held.quick.get("scepRequestChallengeSet.1") == "false"
    check_gone(held, marker)


def test_after_PENDING_and_a_restart_there_is_no_copy_at_all(held, marker):
    """An open request keeps it, sealed, over kill -9."""
    held.ca.control(pending=1)
    held.poll(5, interval=3600)
    index = held.send(challenge=marker)
    held.wait_status(index, Detail="deferred")
    held.agent.kill()
    held.agent.start()
    assert "walk" not in outside(held, marker)
    held.quick.set(scepRequestAction="pollNow")
    assert held.wait_end(index)["State"] == "successful"
    check_gone(held, marker)


@pytest.mark.parametrize("hung", ["PKCSReq", "GetCACert"])
def test_after_cancel_there_is_no_copy_at_all(held, marker, hung):
    held.ca.control(hang={hung: "before"})
    held.point_at(Timeout=600)
    index = held.send(challenge=marker)
    if hung == "PKCSReq":
        held.ca.wait_log(message=hung)
    else:
        held.ca.wait_log(operation=hung)
    held.quick.set(scepRequestAction="cancel")
    assert held.wait_end(index)["Detail"] == "cancelled"
    check_gone(held, marker)


def test_after_an_error_without_an_answer_there_is_no_copy_at_all(held, marker):
    held.point_at(url="http://127.0.0.1:9/scep")
    row = held.wait_end(held.send(challenge=marker))
    assert row["Detail"] == "commError"
    check_gone(held, marker)


@pytest.mark.parametrize(
    "pair", [("scepRequestAction.1", "clear"), ("scepRequestChallengePassword.1", ""),
             ("scepRequestChallengePassword.1", "another")],
    ids=["clear", "empty", "another"],
)
def test_what_is_cleared_or_replaced_leaves_no_copy(held, marker, pair):
    put(held, marker)
    held.quick.set(pair)
    check_gone(held, marker)


def test_a_destroyed_profile_leaves_no_copy(held, marker):
    held.quick.set(("scepProfileRowStatus.2", "createAndGo"),
                   ("scepRequestChallengePassword.2", marker),
                   ("scepAutoChallengePassword.2", marker))
    assert in_memory(held, marker)
    held.quick.set(("scepProfileRowStatus.2", "destroy"))
    check_gone(held, marker)


def test_a_refused_Set_leaves_no_copy(held, marker):
    """Refused in each phase: at a later value of the same PDU, for its
    length, by the whole, and by the master after it had been made."""
    secret = ("scepRequestChallengePassword.1", marker)
    timed = ("scepAutoChallengePassword.1", marker)
    for pairs in (
        [secret, timed, ("scepServerTimeout.1", 0)],
        [("scepRequestChallengePassword.1", marker * 5)],
        [secret, timed, ("scepRequestAction.1", "pollNow")],
        [secret, ("scepServerTimeout.9", 5)],
    ):
        with pytest.raises(Refused):
            held.quick.set(*pairs)
        assert held.quick.get("scepRequestChallengeSet.1") == "false"
        check_gone(held, marker)
    snmp = held.master.admin
    said = snmp.set("scepRequestChallengePassword.1", "s", marker,
                    "scepAutoChallengePassword.1", "s", marker, GROUP_ROW, "i", "4")
    assert said.reason == "inconsistentValue"
    check_gone(held, marker)


def test_SNMPv3_leaves_no_copy_either(held, marker):
    held.master.admin.set("scepRequestChallengePassword.1", "s", marker).ok()
    assert in_memory(held, marker)
    held.master.admin.set("scepRequestAction.1", "i", "clear").ok()
    check_gone(held, marker)


# -------------------------------------------------------------- the timer's --


def timer(device, marker, start):
    device.quick.set(
        ("scepAutoKeyName.1", "t"), ("scepAutoCommonName.1", "t.example.net"),
        ("scepAutoChallengePassword.1", marker),
        ("scepAutoStartTime.1", in_seconds(start)), ("scepAutoEnable.1", "true"),
    )


def test_a_timer_keeps_it_over_a_restart_and_until_it_is_disabled(held, marker):
    timer(held, marker, 86400)
    check_shown_nowhere(held, marker, "scepAuto")
    held.agent.kill()
    held.agent.start()
    check_shown_nowhere(held, marker, "scepAuto")
    held.quick.set(("scepAutoEnable.1", "false"))
    assert held.quick.get("scepAutoChallengeSet.1") == "false"
    check_gone(held, marker)
    held.agent.stop()
    assert held.agent.holds(marker.encode()) == []


def test_a_timer_that_has_run_for_the_last_time_leaves_no_copy(held, marker):
    timer(held, marker, -2)
    row = held.wait_status(1, State="successful")
    assert row["Trigger"] == "timer"
    assert held.pki_log()[-1]["challenge_ok"] is True
    wait_until(lambda: held.quick.get("scepAutoOperStatus.1") == "finished", 5, "its end")
    assert held.quick.get("scepAutoEnable.1", "scepAutoChallengeSet.1") == ["true", "false"]
    check_gone(held, marker)


def test_a_periodic_timer_keeps_it_for_the_next_run(held, marker):
    held.quick.set(("scepAutoPeriodic.1", "true"), ("scepAutoPeriodicUnit.1", "days"))
    timer(held, marker, -2)
    held.wait_status(1, State="successful")
    wait_until(lambda: held.quick.get("scepAutoOperStatus.1") == "waiting", 5, "the next run")
    check_shown_nowhere(held, marker, "scepAuto")
    held.quick.set(("scepAutoChallengePassword.1", ""))
    assert held.quick.get("scepAutoChallengeSet.1") == "false"
    check_gone(held, marker)
