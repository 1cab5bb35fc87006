# SPDX-License-Identifier: Apache-2.0
"""A snmpd that dies, freezes, or is not there yet."""

import time

import pytest

from rig.processes import wait_until
from rig.quick import SET, Missing, Refused, set_bindings

BACK = 3.0
FROZEN = 12.0


def test_registered_again_within_3_s_after_kill_and_restart_of_snmpd(own):
    own.quick.set(scepServerTimeout=11)
    worker = own.agent.worker
    own.master.kill()
    own.master.start()
    own.agent.wait_registered(limit=BACK)
    assert own.quick.get("scepServerTimeout.1") == 11
    assert own.agent.worker == worker


def test_many_restarts_of_snmpd_leave_no_duplicate_rows(own):
    own.point_at()
    own.enrol()
    before = [oid for oid, _, _ in own.quick.walk("scepClientMIB")]
    worker = own.agent.worker
    for _ in range(3):
        own.master.restart()
        own.agent.wait_registered(limit=BACK)
    assert [oid for oid, _, _ in own.quick.walk("scepClientMIB")] == before
    assert own.agent.worker == worker


def test_an_enrolment_goes_on_while_snmpd_is_dead(own):
    own.ca.control(delay={"PKCSReq": 0.5})
    own.point_at()
    index = own.send(common_name="alone.example.net")
    own.master.kill()
    own.ca.wait_log(outcome="issued", limit=20)
    wait_until(lambda: own.agent.files("certs"), 10, "certificate on the disk")
    own.master.start()
    own.agent.wait_registered(limit=BACK)
    # The files are there a little before the end is in the database.
    assert own.wait_end(index)["State"] == "successful"
    assert len(own.keys()) == 1


def test_snmpd_frozen_for_12_s_stops_no_enrolment_and_answers_within_1_s(own):
    own.ca.control(delay={"PKCSReq": 2.0})
    own.point_at()
    index = own.send(common_name="frozen.example.net")
    own.master.freeze()
    thaw_at = time.monotonic() + FROZEN
    # The engine goes on without anybody to tell it to.
    wait_until(lambda: own.agent.files("certs"), 10, "certificate on the disk")
    wait_until(lambda: time.monotonic() >= thaw_at, FROZEN + 1, "end of the frost")
    own.master.thaw()
    own.quick.timeout = 0.2
    wait_until(own.agent.answers, 1.0, "answer after SIGCONT")
    own.quick.timeout = 5.0
    assert own.wait_end(index)["State"] == "successful"
    own.quick.set(scepServerTimeout=12)


def test_a_snmpd_that_appears_later_is_found_within_3_s(own):
    own.agent.stop()
    own.master.stop()
    own.agent.launch()
    own.agent.wait_log("No AgentX master: nobody listens at")
    own.master.start()
    own.agent.wait_registered(limit=BACK)
    own.agent.wait_log("AgentX: registered at the master")


def test_a_second_scepagentd_at_the_same_master_is_refused_with_a_sentence(agent, make_agent):
    second = make_agent()
    second.launch()
    assert second.wait_end(limit=10) == 1
    assert "the objects of another scepagentd" in second.log()
    assert agent.answers()



def test_without_any_snmpd_an_open_request_goes_on_after_a_restart(own):
    own.ca.control(pending=1)
    own.poll(5)
    own.point_at()
    index = own.send(common_name="dark.example.net")
    own.wait_status(index, Detail="deferred")
    own.agent.stop()
    own.master.stop()
    own.agent.launch()
    own.ca.wait_log(outcome="issued", limit=20)
    own.master.start()
    own.agent.wait_registered(limit=BACK)
    assert own.wait_end(index)["State"] == "successful"


def test_a_master_killed_under_Sets_leaves_a_program_that_answers(own):
    """The library is known to crash here at times; then the parent starts the
    worker again, and nothing that was answered is lost."""
    answered = 0
    for count in range(6):
        own.quick.timeout = 0.3
        for timeout in range(1, 30):
            value = 100 * (count % 5) + timeout
            if timeout == 20:
                own.master.process.kill()
            try:
                own.quick.set(scepServerTimeout=value)
                answered = value
            except (TimeoutError, Refused):
                break
        own.master.kill()
        own.master.start()
        own.quick.timeout = 5.0
        own.agent.wait_registered(limit=10)
        # The one in flight may have been made or not; it was not answered.
        assert own.quick.get("scepServerTimeout.1") in (answered, answered + 1)
    with pytest.raises(Missing):
        own.quick.get("scepServerTimeout.2")


@pytest.mark.long
def test_the_library_uses_no_session_that_it_has_freed(own, tmp_path):
    """The response to a Set stands in a pipe when the master dies (loopback.h)."""
    own.agent.stop()
    own.agent.prefix = ["valgrind", "-q", "--trace-children=yes",
                        "--log-file=%s/valgrind.%%p" % tmp_path]
    own.agent.start()
    for count in range(15):
        # Another moment each time; all of these Sets are on their way.
        for number in range(3 * count + 1):
            bindings = set_bindings([("scepServerTimeout.1", 100 + number)])
            own.quick.begin(SET, bindings)
        own.master.kill()
        own.master.start()
        own.agent.wait_registered()
    own.agent.stop()
    found = [path.read_text() for path in tmp_path.glob("valgrind.*")]
    assert len(found) >= 3
    assert "".join(found) == ""
