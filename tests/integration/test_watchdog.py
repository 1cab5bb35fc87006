# SPDX-License-Identifier: Apache-2.0
"""The program says that it is ready, and then that it is alive, for as long as
both threads of its worker respond.  A worker with a thread that hangs is
replaced."""

import pytest

from rig.hold import Hold, threads
from rig.namespace import inspectable
from rig.notify import Manager
from rig.processes import is_alive, wait_until
from rig.quick import Refused

# The parent waits 20 s for a report.
REPLACED = 30
SILENT = 2.5  # a report is due each second


@pytest.fixture
def agent_prefix():
    """The threads of the worker are held."""
    return inspectable()


@pytest.fixture
def manager(tmp_path):
    running = Manager(tmp_path)
    yield running
    running.close()


@pytest.fixture
def watched(make_agent, manager):
    agent = make_agent()
    agent.environment = manager.environment
    return agent.start()


def the_thread(agent, name):
    # Threads that it has started, and that have not yet worked, have its name.
    return min(threads(agent.worker, name))


def test_it_is_ready_once_and_then_alive(watched, manager):
    first = next(text for text, _ in manager.messages if not text.startswith("STATUS="))
    assert first == "READY=1"
    manager.wait_for("WATCHDOG=1", 3)
    assert manager.count("READY=1") == 1
    watched.stop()
    assert manager.count("STOPPING=1") == 1


def test_it_is_alive_while_the_master_hangs(watched, manager, master):
    """The library waits for it, and the worker is not to blame."""
    worker = watched.worker
    master.freeze()
    try:
        manager.wait_for("WATCHDOG=1", REPLACED, limit=2 * REPLACED)
    finally:
        master.thaw()
    assert watched.worker == worker
    watched.wait_registered()


@pytest.mark.parametrize("name", ["scep-engine", "scep-snmp"])
def test_a_worker_with_a_thread_that_hangs_is_replaced(
        watched, manager, master, name):
    worker = watched.worker
    manager.wait_for("WATCHDOG=1")
    with Hold(the_thread(watched, name)):
        # At once: on a busy machine, the parent replaces the worker soon.
        if name == "scep-engine":
            assert watched.answers()
            with pytest.raises(Refused) as refused:
                master.quick.set(scepServerTimeout=7)
            assert refused.value.status == "resourceUnavailable"
        manager.wait_silence("WATCHDOG=1", SILENT)
        wait_until(lambda: not is_alive(worker), REPLACED, "end of the worker")
        watched.wait_log("worker %d does not respond: killed" % worker)
        watched.wait_registered()
    assert watched.worker not in (None, worker)
    manager.wait_for("WATCHDOG=1", 2)
    assert manager.count("READY=1") == 1
    master.quick.set(scepServerTimeout=8)
    assert master.quick.get("scepServerTimeout.1") == 8


def test_a_thread_for_HTTP_that_hangs_holds_no_Set_and_no_request(
        own, manager):
    """Its exchange is ended by the engine; the program goes on to be alive."""
    own.agent.environment = manager.environment
    own.agent.restart()
    own.point_at(Timeout=1)
    worker = own.agent.worker
    with Hold(the_thread(own.agent, "scep-http")):
        row = own.wait_end(own.send())
        assert row["Detail"] == "commError", row
        manager.wait_for("WATCHDOG=1", 3)
    assert own.agent.worker == worker
    own.point_at(Timeout=30)
    own.enrol(common_name="after.example.net")
