# SPDX-License-Identifier: Apache-2.0
"""The RAs of a CA: MIB, rule 15.  The thief of rig/thief.py
stands on the path of plain http and shows a certificate of the same CA."""

import re

import pytest

from rig.device import CHALLENGE, in_seconds
from rig.processes import wait_until
from rig.quick import Refused
from rig.thief import Thief
from scepca.authority import Authority


@pytest.fixture
def thief(own):
    with Thief(own.ca) as thief:
        own.point_at(url=thief.url)
        yield thief


def row_of(device, common_name):
    rows = device.quick.table("scepCaTable")
    found = {i: r for i, r in rows.items() if common_name in r["Subject"]}
    ((index, row),) = found.items()
    return index, row


def decide(device, common_name, trust):
    index, _ = row_of(device, common_name)
    device.quick.set(("scepCaTrust.%d" % index, trust))


def wait_pending(device, common_name, **values):
    index = device.send(**values)
    row = device.wait_status(index, Detail="caNotTrusted")
    assert row["State"] == "processing", row
    ca_index, ca = row_of(device, common_name)
    assert ca["Trust"] == "pending"
    assert "waiting for scepCaTrust.%d: the RA " % ca_index in row["Text"]
    assert common_name in row["Text"]
    return index


# ------------------------------------------------------------- the stolen RA


def test_a_stolen_certificate_gets_no_challenge(own, thief):
    index = wait_pending(own, "printer.example.net")
    assert thief.requests == 0 and thief.read == []
    _, row = row_of(own, "printer.example.net")
    assert row["Role"] == {"raSign", "raEncrypt"}
    assert row["Fingerprint"].hex() == thief.identity.fingerprint
    assert own.quick.get("scepAgentHealthReason.0") >= {"caUntrusted"}
    decide(own, "printer.example.net", "rejected")
    assert own.wait_end(index)["State"] == "successful"
    assert thief.requests > 0 and thief.read == []
    assert own.pki_log()[-1]["recipient"] == "main"


def test_a_stolen_certificate_does_not_beat_true_RAs(own, thief):
    own.ca.control(ra="two")
    own.enrol()
    assert thief.read == []
    assert own.pki_log()[-1]["recipient"] == "main.ra-encrypt"
    assert row_of(own, "printer.example.net")[1]["Trust"] == "pending"
    assert row_of(own, "test RA signing")[1]["Trust"] == "chained"
    assert row_of(own, "test RA encryption")[1]["Trust"] == "chained"


@pytest.mark.parametrize("ra", ["none", "two"])
def test_a_forged_FAILURE_is_not_believed(own, thief, ra):
    own.ca.control(ra=ra)
    thief.adds = ra == "two"
    thief.forges = True
    row = own.wait_end(own.send())
    assert (row["State"], row["Detail"]) == ("error", "badResponse")
    assert row["FailInfo"] == "none" and row["FailInfoText"] == ""
    assert own.pki_log() == [] and thief.read == []


def test_what_a_manager_trusts_speaks(own, thief):
    index = wait_pending(own, "printer.example.net")
    thief.forges = True
    decide(own, "printer.example.net", "trusted")
    row = own.wait_end(index)
    assert row["Detail"] == "scepError"
    assert row["FailInfoText"] == "send the secret again"
    assert thief.read == [CHALLENGE]


def test_under_any_the_thief_is_believed_and_warned_about(own, thief):
    own.quick.set(scepServerRaPolicy="any")
    thief.forges = True
    assert own.wait_end(own.send())["Detail"] == "scepError"
    assert thief.read == [CHALLENGE]
    assert "is believed because scepServerRaPolicy is any" in own.agent.log()


def test_the_wait_for_an_RA_survives_kill_9_and_ends_by_cancel(own, thief):
    index = wait_pending(own, "printer.example.net")
    own.agent.kill()
    own.agent.start()
    row = own.status(index)
    assert (row["State"], row["Detail"]) == ("processing", "caNotTrusted")
    assert row_of(own, "printer.example.net")[1]["Trust"] == "pending"
    own.quick.set(scepRequestAction="cancel")
    assert own.wait_end(index)["Detail"] == "cancelled"
    assert thief.requests == 0


# ---------------------------------------------------------------- other RAs


@pytest.mark.parametrize("ra, words", [
    ("unmarked", "its extendedKeyUsage is not that of an RA"),
    ("expired", "it has expired"),
    ("unchained", "it was not certified by the pinned CA"),
    ("weak", "the RSA key has 1024 bits, and allowShortKeys is no"),
    ("sha1", "it is signed with SHA-1, and allowLegacyAlgorithms does not have sha1"),
])
def test_an_RA_that_is_not_believed_is_named_and_waited_for(own, ra, words):
    own.ca.control(ra=ra)
    own.point_at()
    index = wait_pending(own, "RA")
    assert words in own.status(index)["Text"]
    assert words in own.agent.log()
    assert own.pki_log() == []
    decide(own, "RA", "trusted")
    row = own.wait_end(index)
    if ra == "unmarked":
        assert row["State"] == "successful"
        assert own.pki_log()[-1]["recipient"] == "main.ra-unmarked"
        return
    assert (row["State"], row["Detail"]) == ("error", "caNotTrusted")
    assert words in row["Text"]
    assert own.pki_log() == []
    decide(own, "RA", "rejected")
    row = own.wait_end(own.send())
    assert own.pki_log()[-1]["recipient"] == "main"
    # All but the unchained one sign the replies of this CA.
    assert row["Detail"] == ("none" if ra == "unchained" else "badResponse")


def test_the_policy_is_locked_while_the_timer_runs(own):
    own.point_at()
    own.quick.set(
        scepAutoKeyName="timed", scepAutoCommonName="timed.example.net",
        scepAutoStartTime=in_seconds(86400), scepAutoEnable="true",
    )
    with pytest.raises(Refused) as refused:
        own.quick.set(scepServerRaPolicy="any")
    assert refused.value.status == "inconsistentValue"


# ------------------------------------------------------------- the floor


@pytest.mark.parametrize("authority, chain, words", [
    ("weak", False, "the RSA key has 1024 bits, and allowShortKeys is no"),
    ("weak", True, "the RSA key has 1024 bits, and allowShortKeys is no"),
    ("sha1", True, "signed with SHA-1, and allowLegacyAlgorithms does not have sha1"),
])
def test_a_CA_below_the_floor_is_named(own, authority, chain, words):
    own.ca.control(authority=authority, chain=chain)
    own.point_at(fingerprint=root_fingerprint(own, authority, chain))
    row = own.wait_end(own.send())
    assert (row["State"], row["Detail"]) == ("error", "caNotTrusted")
    assert words in row["Text"]
    assert own.pki_log() == []


def test_a_pinned_root_signed_with_SHA1_will_do(own):
    own.ca.control(authority="sha1")
    own.point_at()
    own.enrol()


def root_fingerprint(device, authority, chain):

    name = authority + ".root" if chain else authority
    return Authority(device.ca.directory).identity(name).fingerprint


# ----------------------------------------------------------- a kept CRL


def test_an_RA_shown_after_the_CRL_that_revokes_it_is_not_believed(own):
    own.point_at()
    own.enrol()
    revoked = Authority(own.ca.directory).identity("main.ra").certificate
    own.ca.revoke("%x" % revoked.serial_number)
    own.quick.set(scepServerCheck="getCrl")
    wait_until(lambda: own.quick.get("scepServerCheckResult.1") != "inProgress", 20,
               "the CRL")
    assert own.quick.get("scepServerCheckResult.1") == "none"
    own.agent.restart()
    own.ca.control(ra="one")
    index = wait_pending(own, "test RA")
    assert "it is revoked" in own.status(index)["Text"]
    assert own.pki_log()[-1]["message"] == "GetCRL"


# --------------------------------------------------------------- who is told


def test_who_is_believed_and_who_gets_the_request_is_logged(own):
    own.ca.control(ra="one")
    own.point_at()
    own.enrol()
    log = own.agent.log()
    ra = row_of(own, "test RA")[1]["Fingerprint"].hex()
    assert "(SHA-256 %s) is believed from now on" % ra in log
    assert "(SHA-256 %s) is believed from now on" % own.ca.fingerprint.lower() in log
    sent = re.findall("PKCSReq is encrypted to (.*) [(]SHA-256 (.*)[)]", log)
    assert len(sent) == 1
    assert "CN=scepagent test RA" in sent[0][0] and sent[0][1] == ra
