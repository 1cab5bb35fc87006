# SPDX-License-Identifier: Apache-2.0
"""A state directory that was taken away, replaced, put back or damaged."""

import os
import shutil

import pytest

from rig.processes import wait_until
from rig.quick import Refused


def database(own):
    return os.path.join(own.agent.state, "scepagent.db")


def is_reported(own):
    agent = own.quick.get("scepAgentHealth.0", "scepAgentHealthReason.0")
    return agent[0] == "critical" and "storageError" in agent[1]


def take_database_away(own):
    os.unlink(database(own))


def replace_database(own):
    shutil.copy(database(own), database(own) + ".new")
    os.rename(database(own) + ".new", database(own))


def write_over_database(own):
    older = own.agent.state + ".older"
    own.quick.set(("scepServerTimeout.1", 18))
    with open(older, "rb") as file:
        content = file.read()
    with open(database(own), "r+b") as file:
        file.write(content)


def take_directory_away(own):
    os.rename(own.agent.state, own.agent.state + ".gone")


def replace_directory(own):
    os.rename(own.agent.state, own.agent.state + ".gone")
    shutil.copytree(own.agent.state + ".gone", own.agent.state)


def take_keys_away(own):
    shutil.rmtree(os.path.join(own.agent.state, "keys"))


@pytest.mark.parametrize("harm", [
    take_database_away, replace_database, write_over_database,
    take_directory_away, replace_directory, take_keys_away,
])
def test_a_state_that_is_taken_away_or_replaced_refuses_the_next_Set(own, harm):
    own.quick.set(("scepServerTimeout.1", 17))
    shutil.copy(database(own), own.agent.state + ".older")
    harm(own)
    before = own.quick.get("scepServerTimeout.1")
    with pytest.raises(Refused) as refusal:
        own.quick.set(("scepServerTimeout.1", 19))
    assert refusal.value.status in ("commitFailed", "resourceUnavailable")
    wait_until(lambda: is_reported(own), 1, "storageError")
    assert own.quick.get("scepServerTimeout.1") == before


# --------------------------------------------------------- exchanged files --


def swap(own, folder, pair):
    one, two = (os.path.join(own.agent.state, folder, n) for n in pair)
    os.rename(one, one + ".x")
    os.rename(two, one)
    os.rename(one + ".x", two)


def swap_keys(own, pair):
    swap(own, "keys", pair)


def swap_certificates(own, pair):
    swap(own, "certs", pair)


def swap_pairs(own, pair):
    swap(own, "keys", pair)
    swap(own, "certs", pair)


def write_garbage(own, pair):
    for name in pair:
        with open(os.path.join(own.agent.state, "keys", name), "wb") as file:
            file.write(os.urandom(300))


@pytest.mark.parametrize("harm", [
    swap_keys, swap_certificates, swap_pairs, write_garbage,
])
def test_exchanged_files_are_corrupt_and_never_deployed(own, tmp_path, harm):
    place = tmp_path / "place"
    place.mkdir()
    own.agent.configure(
        "useLocation web tls key=%s cert=%s" % (place / "key", place / "cert"))
    own.agent.restart()
    own.point_at()
    own.enrol(common_name="one.example.net", KeyName="one")
    own.enrol(common_name="two.example.net", KeyName="two")
    pair = own.agent.files("keys")
    assert len(pair) == 2
    index = list(own.keys())[0]
    harm(own, pair)
    # Before the use: the agent has not started again.
    own.quick.set(("scepKeyAssignTo.%d" % index, "web"),
                  ("scepKeyAction.%d" % index, "assign"))
    wait_until(lambda: own.quick.get("scepKeyState.%d" % index) == "corrupt",
               10, "corrupt")
    assert not (place / "key").exists()
    own.agent.restart()
    for row in own.keys().values():
        assert row["State"] == "corrupt", row
    own.agent.wait_log(": corrupt: ", 2)


# ------------------------------------------------- a lost or older database --


def kept(own):
    found = []
    for folder in ("keys.aside", "certs.aside"):
        path = os.path.join(own.agent.state, folder)
        if os.path.isdir(path):
            found += os.listdir(path)
    return sorted(found)


def lose_database(own):
    os.unlink(database(own))


def put_older_back(own):
    shutil.copy(own.agent.state + ".older", database(own))


def damage_database(own):
    with open(database(own), "r+b") as file:
        for place in (4200, 8200, 20500):
            file.seek(place)
            file.write(os.urandom(600))


@pytest.mark.parametrize("harm", [lose_database, put_older_back, damage_database])
def test_a_lost_database_loses_no_key_and_stays_reported(own, harm):
    own.agent.stop()
    shutil.copy(database(own), own.agent.state + ".older")
    own.agent.start()
    own.point_at()
    own.enrol()
    pair = set(own.agent.files("keys"))
    own.agent.stop()
    with open(os.path.join(own.agent.state, "keys", "stray.pem"), "wb") as file:
        file.write(b"stray")
    harm(own)
    for _ in range(3):
        own.agent.start()
        wait_until(lambda: is_reported(own), 5, "storageError")
        assert "database" in own.quick.get("scepAgentHealthText.0")
        assert pair <= set(own.agent.files("keys"))
        assert [r["State"] for r in own.keys().values()] == ["valid"]
        assert kept(own) == ["stray.pem"]
        own.agent.stop()
    own.agent.start()
    own.quick.set(("scepAgentAcknowledge.0", "acknowledge"))
    wait_until(lambda: not is_reported(own), 5, "the acknowledgement")
    own.agent.restart()
    assert not is_reported(own)
