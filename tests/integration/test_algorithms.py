# SPDX-License-Identifier: Apache-2.0
"""What a request is encrypted and signed with, whatever the server says that
it can: capabilities are not authenticated."""

import pytest

FLOOR = ("aes128", "sha256")


def sent(device, caps, **server):
    """Cipher and digest of a request to a server with these capabilities."""
    device.ca.control(caps=caps)
    device.point_at(**server)
    row = device.enrol(common_name="alg.example.net")
    (message,) = device.pki_log(transaction_id=row["TransactionId"])
    return message["cipher"], message["digest"]


@pytest.mark.parametrize("caps", ["", "DES3\nSHA-1\nPOSTPKIOperation\n", "DES\nMD5\n"])
def test_the_floor_holds_whatever_the_server_says(device, caps):
    assert sent(device, caps) == FLOOR


def test_better_algorithms_are_taken_where_they_are_set_or_all_there_is(device):
    assert sent(device, "AES\nSHA-512\n", Cipher="aes256Cbc") == ("aes256", "sha512")
    assert sent(device, "SCEPStandard\nSHA-512\n", Cipher="auto") == FLOOR


def test_weak_ones_take_a_weak_server_and_the_opt_in_and_are_logged_and_counted(own):
    own.agent.configure("allowLegacyAlgorithms sha1,3des")
    own.agent.restart()
    assert sent(own, "DES3\nSHA-1\n") == ("3des", "sha1")
    for name in ("SHA-1", "3DES"):
        for who in ("the request", "the server"):
            own.agent.wait_log("%s used %s, which the configuration allows" % (who, name))
        own.agent.wait_log("%s, which the configuration allows (use 2 of it" % name)
    said = own.agent.log().count("configuration allows")
    assert sent(own, "DES3\nAES\nSHA-1\nSHA-256\n") == FLOOR
    assert own.agent.log().count("configuration allows") == said
    own.enrol(common_name="csr.example.net", SignatureAlgorithm="sha1")
    own.agent.wait_log("the request used SHA-1, which the configuration allows (use 3 of it")


def test_RequireStandard_refuses_a_server_that_does_not_say_so(device):
    device.ca.control(caps="AES\nPOSTPKIOperation\nSHA-256\nSHA-512\nRenewal\n")
    device.point_at(RequireStandard="true")
    try:
        before = len(device.ca.log())
        row = device.wait_end(device.send())
        assert (row["State"], row["Detail"]) == ("error", "badResponse")
        assert "SCEPStandard" in row["Text"]
        assert [e["operation"] for e in device.ca.log()[before:]] == ["GetCACaps"]
        device.ca.control(caps="SCEPStandard\n")
        device.enrol(common_name="standard.example.net")
    finally:
        device.quick.set(scepServerRequireStandard="false")
