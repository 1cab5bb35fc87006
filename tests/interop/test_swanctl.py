# SPDX-License-Identifier: Apache-2.0
"""strongSwan: two charons that trust the same CA meet, over IKE, before and
after one of them has been given another certificate."""

import re

import pytest

from consumers.swanctl import Swanctl


@pytest.fixture
def peer(folder, swanctl):
    """Another one in the same network, the place "peer"."""
    made = Swanctl(folder / "peer", swanctl.namespace, 10, 0)
    made.name = "peer"
    yield made
    made.close()


def sas(charon):
    return charon.ask("--list-sas").stdout.decode()


def meet(swanctl, peer):
    """An IKE_SA of its own, made now; gives what its initiator says of it."""
    peer.ask("--terminate", "--ike", "ike", "--timeout", "5")
    said = peer.ask("--initiate", "--ike", "ike", "--timeout", "10")
    assert said.returncode == 0, (said, swanctl.said()[-3000:])
    listed = sas(peer)
    assert "ESTABLISHED" in listed and "ESTABLISHED" in sas(swanctl)
    return listed


def test_IKE_is_authenticated_by_each_certificate_in_its_turn(swanctl, peer, house):
    device = house(swanctl, peer)
    device.enrol(UseLocation="peer", KeyName="peer", common_name="peer.example.net")
    first = device.enrol(UseLocation="swanctl", common_name="one.example.net")["KeyIndex"]
    swanctl.start()
    peer.start()
    assert "CN=one.example.net" in meet(swanctl, peer)
    assert swanctl.served() == device.serial_of(first)
    second = device.enrol(UseLocation="swanctl", common_name="two.example.net")["KeyIndex"]
    assert swanctl.served() == device.serial_of(second) != device.serial_of(first)
    # The loading does not cut off what was there.
    assert "CN=one.example.net" in sas(peer)
    assert "CN=two.example.net" in meet(swanctl, peer)


def test_a_connection_lives_on_while_certificates_are_loaded(swanctl, peer, house):
    device = house(swanctl, peer)
    device.enrol(UseLocation="peer,swanctl")
    swanctl.start()
    peer.start()
    before = re.search(r"#(\d+), ESTABLISHED", meet(swanctl, peer)).group(1)
    device.enrol(UseLocation="swanctl")
    after = re.search(r"#(\d+), ESTABLISHED", sas(peer)).group(1)
    assert before == after


def test_charon_has_the_whole_chain_and_nothing_that_is_not_in_use(swanctl, house):
    device = house(swanctl)
    device.enrol(UseLocation="swanctl")
    swanctl.start()
    # An intermediate and the root, of which swanctl reads one from each file.
    authorities = swanctl.authorities()
    assert len(authorities) == 2
    assert any(a.subject == a.issuer for a in authorities)
    row = device.enrol(UseLocation="swanctl")
    assert swanctl.own() == [device.serial_of(row["KeyIndex"])]
    assert len(swanctl.authorities()) == 2
