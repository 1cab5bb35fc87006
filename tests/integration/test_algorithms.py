# SPDX-License-Identifier: Apache-2.0
"""The algorithms that encrypt and sign a request, whatever the server says that
it can: capabilities are not authenticated."""

import pytest

from rig.between import Relay
from rig.device import in_seconds
from rig.quick import Refused

FLOOR = ("aes128", "sha256")


def sent(device, caps, **server):
    """Cipher and digest of a request to a server with these capabilities."""
    device.ca.control(caps=caps)
    device.point_at(server.pop("Url", None), **server)
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


def test_an_opt_in_for_one_server_is_for_no_other(own):
    """Two addresses of one CA are two servers; a timer keeps its SHA-1, and
    sends it nowhere else."""
    weak = "DES3\nSHA-1\n"
    own.agent.configure("allowLegacyAlgorithms sha1 127.0.0.1",
                        "allowLegacyAlgorithms 3des ::1 127.0.0.1",
                        "useLocation web tls combined=%s/web.pem" % own.directory)
    own.agent.restart()
    assert sent(own, weak) == ("3des", "sha1")
    own.enrol(common_name="csr.example.net", SignatureAlgorithm="sha1")
    own.quick.set(scepRequestAction="clear")
    with Relay(own.ca.port, host="::1") as relay:
        other = "http://[0:0:0:0:0:0:0:1]:%d/scep" % relay.port
        assert sent(own, weak, Url=other) == ("3des", "sha256")
        with pytest.raises(Refused) as refused:
            own.send(SignatureAlgorithm="sha1")
        assert refused.value.status == "inconsistentValue"
        own.quick.set(scepRequestAction="clear")
        own.point_at()
        own.quick.set(scepAutoSignatureAlgorithm="sha1")
        own.point_at(url=other)
        row = own.wait_end(own.run_timer(StartTime=in_seconds(-1)))
        assert row["Detail"] == "configError" and "SHA-1" in row["Text"], row


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
