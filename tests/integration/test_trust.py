# SPDX-License-Identifier: Apache-2.0
"""Whom the device believes: a fingerprint, an operator, or the first sight."""

import pytest

from rig.quick import Refused

PIN = {"scepServerCaFingerprint": b""}


def without_fingerprint(device, policy="verify"):
    device.point_at(fingerprint="", CaTrustPolicy=policy)


def authorities(device):
    return device.quick.table("scepCaTable")


def wait_pending(device):
    """A request that waits for an operator; its row and the CA's index."""
    index = device.send()
    row = device.wait_status(index, Detail="caNotTrusted")
    assert row["State"] == "processing" and "waiting" in row["Text"]
    ((ca_index, authority),) = authorities(device).items()
    assert authority["Trust"] == "pending"
    assert authority["Fingerprint"].hex() == device.ca.fingerprint.lower()
    return index, ca_index


def test_without_a_fingerprint_the_request_waits_until_an_operator_says_yes(own):
    without_fingerprint(own)
    index, ca_index = wait_pending(own)
    assert own.pki_log() == []
    assert own.quick.get("scepAgentHealthReason.0") >= {"caUntrusted"}
    own.quick.set(("scepCaTrust.%d" % ca_index, "trusted"))
    assert own.wait_end(index)["State"] == "successful"
    # The next one needs no operator.
    own.enrol(common_name="next.example.net")


def test_an_operator_who_says_no_ends_it_in_Error_and_nothing_is_sent(own):
    without_fingerprint(own)
    index, ca_index = wait_pending(own)
    own.quick.set(("scepCaTrust.%d" % ca_index, "rejected"))
    row = own.wait_end(index)
    assert (row["State"], row["Detail"]) == ("error", "caNotTrusted")
    assert own.pki_log() == []
    again = own.wait_end(own.send())
    assert (again["State"], again["Detail"]) == ("error", "caNotTrusted")


def test_the_wait_for_an_operator_survives_kill_9(own):
    without_fingerprint(own)
    index, ca_index = wait_pending(own)
    own.agent.kill()
    own.agent.start()
    row = own.status(index)
    assert (row["State"], row["Detail"]) == ("processing", "caNotTrusted")
    assert list(authorities(own)) == [ca_index]
    own.quick.set(("scepCaTrust.%d" % ca_index, "trusted"))
    assert own.wait_end(index)["State"] == "successful"


def test_cancel_ends_the_wait_for_an_operator(own):
    without_fingerprint(own)
    index, _ = wait_pending(own)
    own.quick.set(scepRequestAction="cancel")
    assert own.wait_end(index)["Detail"] == "cancelled"


@pytest.mark.parametrize("value", ["pending", "chained"])
def test_an_operator_can_only_trust_or_reject(own, value):
    without_fingerprint(own)
    _, ca_index = wait_pending(own)
    with pytest.raises(Refused) as refused:
        own.quick.set(("scepCaTrust.%d" % ca_index, value))
    assert refused.value.status == "wrongValue"


def test_trustOnFirstUse_pins_and_refuses_another_CA_later(own):
    without_fingerprint(own, "trustOnFirstUse")
    own.enrol()
    (authority,) = authorities(own).values()
    assert authority["Trust"] == "trusted"
    assert own.quick.get("scepServerCaFingerprint.1") == b""
    sent = len(own.pki_log())
    own.ca.control(authority="other")
    row = own.wait_end(own.send())
    assert (row["State"], row["Detail"]) == ("error", "caNotTrusted")
    assert len(own.pki_log()) == sent


def test_a_pin_of_first_use_survives_a_restart(own):
    without_fingerprint(own, "trustOnFirstUse")
    own.enrol()
    own.agent.kill()
    own.agent.start()
    own.ca.control(authority="other")
    assert own.wait_end(own.send())["Detail"] == "caNotTrusted"


@pytest.mark.parametrize("change", ["Url", "CaFingerprint"])
def test_changing_server_or_fingerprint_forgets_the_pins(own, change):
    without_fingerprint(own, "trustOnFirstUse")
    own.enrol()
    if change == "Url":
        own.quick.set(scepServerUrl=own.ca.url + "?")
    else:
        own.quick.set(scepServerCaFingerprint=bytes(32))
        own.quick.set(**PIN)
    assert not [a for a in authorities(own).values() if a["Trust"] == "trusted"]
    own.ca.control(authority="other")
    own.enrol()


@pytest.mark.parametrize("digest", ["sha1", "sha384", "sha512"])
def test_a_fingerprint_of_another_digest_is_told_by_its_length(own, digest):
    import hashlib

    from cryptography.hazmat.primitives import serialization

    from rig.device import certificates_in

    der = certificates_in(own.ca.ca_file)[0].public_bytes(serialization.Encoding.DER)
    own.point_at(fingerprint=hashlib.new(digest, der).hexdigest())
    own.enrol()


def test_a_fingerprint_of_an_intermediate_CA_does(own):
    own.ca.control(chain=True)
    own.point_at()
    own.enrol()
