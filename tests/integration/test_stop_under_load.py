# SPDX-License-Identifier: Apache-2.0
"""The end of the program while managers ask, and while a worker hangs."""

import os
import signal
import threading

from rig.processes import wait_until
from rig.quick import Quick, Refused

MANAGERS = 6
ROUNDS = 5


def ask(master, has_ended):
    """Walks until it is told to end, whatever the answers."""
    quick = Quick(master.port, master.secrets["reading"], timeout=1)
    while not has_ended.is_set():
        try:
            quick.walk("scepClientMIB", bulk=50)
        except (Refused, TimeoutError, OSError):
            pass
    quick.close()


def test_what_is_asked_while_the_program_ends_reaches_no_engine_that_is_gone(
    master, make_agent
):
    """The library serves requests while it waits for its session's end."""
    agent = make_agent()
    has_ended = threading.Event()
    managers = [
        threading.Thread(target=ask, args=(master, has_ended)) for _ in range(MANAGERS)
    ]
    for manager in managers:
        manager.start()
    try:
        for _ in range(ROUNDS):
            agent.start()
            assert agent.stop() == 0
    finally:
        has_ended.set()
        for manager in managers:
            manager.join()
    assert "ended by signal" not in agent.log()
    assert "Sanitizer" not in agent.stderr()


def test_reloads_that_a_hung_worker_does_not_read_keep_no_parent_from_its_end(agent):
    os.kill(agent.worker, signal.SIGSTOP)
    told = "the worker cannot be reached"

    def reload():
        agent.send_signal(signal.SIGHUP)
        return told in agent.log()

    wait_until(reload, 10, "a channel that is full")
    agent.send_signal(signal.SIGTERM)
    assert agent.wait_end(limit=4) == 0
