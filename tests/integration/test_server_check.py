# SPDX-License-Identifier: Apache-2.0
"""scepServerCheck: what a manager learns of a server without a request."""

import base64
import os
import re
import time

import pytest

from rig.device import date_and_time
from rig.processes import scaled, wait_until
from rig.quick import Refused
from scepca import names

LIMIT = 20
HTML = base64.b64encode(b"<html><body>Log in</body></html>").decode()


@pytest.fixture
def server(device):
    """The shared device, whose CA serves nobody's decision yet."""
    forget(device)
    yield device
    forget(device)


def forget(device):
    """No row of scepCaTable is left of an earlier test."""
    for index in device.quick.table("scepCaTable"):
        device.quick.set(("scepCaRowStatus.%d" % index, "destroy"))


def result(device):
    return device.quick.get("scepServerCheckResult.1")


def wait_result(device):
    def has_come():
        value = result(device)
        return None if value == "inProgress" else value

    return wait_until(has_come, LIMIT, "end of the check")


def check(device, kind):
    """Has it checked, and gives the result."""
    device.quick.set(scepServerCheck=kind)
    return wait_result(device)


def cas(device):
    """The rows of scepCaTable by what their subject begins with."""
    rows = device.quick.table("scepCaTable").values()
    return {row["Subject"]: row for row in rows}


def refusal(device, *pairs):
    with pytest.raises(Refused) as refused:
        device.quick.set(*pairs)
    return refused.value.status


# ------------------------------------------------------------------- the Set --


def test_the_set_returns_at_once_and_the_result_is_inProgress(server):
    delay = scaled(1.5)
    server.ca.control(delay={"GetCACaps": delay})
    began = time.monotonic()
    server.quick.set(scepServerCheck="getCaCaps")
    assert result(server) == "inProgress"
    assert server.quick.get("scepServerCheck.1") == "noop"
    assert wait_result(server) == "none"
    assert time.monotonic() - began >= delay


def test_a_check_while_one_runs_is_inconsistentValue(server):
    server.ca.control(delay={"GetCACaps": scaled(1.5)})
    server.quick.set(scepServerCheck="getCaCaps")
    status = refusal(server, ("scepServerCheck.1", "getCaCert"))
    assert status == "inconsistentValue"
    assert wait_result(server) == "none"
    assert check(server, "getCaCert") == "none"


def test_a_check_without_a_url_is_inconsistentValue(server):
    status = refusal(server, ("scepServerUrl.1", ""), ("scepServerCheck.1", "getCaCaps"))
    assert status == "inconsistentValue"
    assert result(server) == "none"


def test_snmpset_and_snmpget_do_it_too(server):
    snmp = server.master.admin
    snmp.set("scepServerCheck.1", "i", "getCaCert").ok()
    assert wait_result(server) == "none"
    assert "trusted" in snmp.run("snmptable", "scepCaTable").ok().out


def test_no_status_row_and_no_request_is_counted(server):
    before = server.quick.get("scepStatusLastIndex.0", "scepStatsRequests.0")
    assert check(server, "getNextCaCert") == "none"
    assert server.quick.get("scepStatusLastIndex.0", "scepStatsRequests.0") == before


# ----------------------------------------------------------------- GetCACaps --


def test_getCaCaps_fills_Caps_LastContact_and_ClockSkew(server):
    server.ca.control(caps="AES\nDES3\nSHA-512\n", date=3)
    assert check(server, "getCaCaps") == "none"
    assert server.quick.get("scepServerCaps.1") == {"aes", "des3", "sha512"}
    assert abs(date_and_time(server.quick.get("scepServerLastContact.1")) - time.time()) < 30
    assert 1 <= server.quick.get("scepServerClockSkew.1") <= 5


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"http_status": {"GetCACaps": 503}}, "httpError"),
        ({"transport": {"GetCACaps": "reset"}}, "commError"),
        ({"transport": {"GetCACaps": "huge_body"}}, "badResponse"),
    ],
    ids=["503", "reset", "huge"],
)
def test_a_fault_is_told_as_its_Detail(server, changes, expected):
    server.ca.control(**changes)
    assert check(server, "getCaCaps") == expected
    assert len(server.quick.get("scepServerCheckText.1")) > len("successful")
    server.ca.control(**{name: None for name in changes})
    assert check(server, "getCaCaps") == "none"
    assert server.quick.get("scepServerCheckText.1") == "successful"


def test_nobody_there_is_commError(server):
    server.point_at(url="http://127.0.0.1:9/scep")
    assert check(server, "getCaCert") == "commError"


# ----------------------------------------------------------------- GetCACert --


def test_getCaCert_shows_chain_and_roles(server):
    server.ca.control(chain=True, ra="two")
    server.point_at()
    assert check(server, "getCaCert") == "none"
    rows = server.quick.table("scepCaTable").values()
    pinned = [row for row in rows if row["Trust"] == "trusted"]
    assert [row["Fingerprint"].hex() for row in pinned] == [server.ca.fingerprint.lower()]
    roles = [row["Role"] for row in rows]
    assert {"raSign"} in roles and {"raEncrypt"} in roles
    assert all(row["Source"] == "getCaCert" for row in rows)
    assert {row["Trust"] for row in rows} == {"trusted", "chained"}


def test_a_wrong_fingerprint_is_caNotTrusted(server):
    server.point_at(fingerprint="00" * 32)
    assert check(server, "getCaCert") == "caNotTrusted"
    assert server.quick.table("scepCaTable") == {}


def test_an_unknown_ca_is_pending_and_trust_by_Set_serves_a_request(server):
    server.point_at(fingerprint="")
    assert check(server, "getCaCert") == "caNotTrusted"
    ((index, row),) = server.quick.table("scepCaTable").items()
    assert row["Trust"] == "pending"
    server.quick.set(("scepCaTrust.%d" % index, "trusted"))
    assert check(server, "getCaCert") == "none"
    server.enrol(common_name="trusted.example.net")


def test_a_row_of_scepCaTable_can_be_destroyed_and_nothing_else(server):
    assert check(server, "getCaCert") == "none"
    ((index, _),) = server.quick.table("scepCaTable").items()
    name = "scepCaRowStatus.%d" % index
    for value in ("active", "notInService", "createAndGo", "createAndWait"):
        assert refusal(server, (name, value)) == "wrongValue"
    server.quick.set((name, "destroy"))
    assert server.quick.table("scepCaTable") == {}


# ------------------------------------------------------------- GetNextCACert --


def test_no_next_ca_yet_is_no_error(server):
    assert check(server, "getNextCaCert") == "none"
    assert [row["Source"] for row in cas(server).values()] == ["getCaCert"]


def test_a_next_ca_is_shown_and_trusted_and_the_roll_over_followed(server):
    server.ca.control(next_ca=True)
    assert check(server, "getNextCaCert") == "none"
    (row,) = [row for row in cas(server).values() if row["Source"] == "getNextCaCert"]
    assert row["Role"] == {"root", "next"} and row["Trust"] == "trusted"
    assert "next CA" in row["Subject"]
    # The pin in the settings is still that of the present CA.
    server.ca.control(next_ca=False, authority="next")
    server.enrol(common_name="rolled-over.example.net")


def test_a_roll_over_that_was_not_announced_is_caNotTrusted(server):
    assert check(server, "getCaCert") == "none"
    server.ca.control(authority="next")
    assert check(server, "getCaCert") == "caNotTrusted"


def test_a_next_ca_signed_by_a_stranger_is_badResponse_and_not_shown(server):
    server.ca.control(next_ca="stranger")
    assert check(server, "getNextCaCert") == "badResponse"
    assert [row["Source"] for row in cas(server).values()] == ["getCaCert"]


# -------------------------------------------------------------------- GetCRL --


def test_getCrl_without_a_certificate_is_configError(own):
    own.point_at()
    assert check(own, "getCrl") == "configError"
    assert own.ca.log() == []


@pytest.mark.parametrize("changes", [{}, {"chain": True, "ra": "two"}], ids=["ca", "ras"])
def test_getCrl_fetches_the_list_signed_with_our_certificate(server, changes):
    server.ca.control(**changes)
    server.point_at()
    row = server.enrol(common_name="crl.example.net")
    before = len(server.ca.log())
    assert check(server, "getCrl") == "none"
    log = server.ca.log()[before:]
    assert [e["operation"] for e in log] == ["GetCACaps", "GetCACert", "PKIOperation"]
    message = log[-1]
    serial = server.keys()[row["KeyIndex"]]["Serial"]
    assert message["message"] == "GetCRL" and message["message_type"] == names.GET_CRL
    assert message["outcome"] == "crl" and not message["notes"]
    assert int(message["signer_serial"], 16) == int.from_bytes(serial, "big")
    assert message["signer_self_signed"] is False


def test_a_revoked_certificate_is_shown_as_revoked(own):
    own.point_at()
    row = own.enrol(common_name="revoked.example.net")
    state = "scepKeyState.%d" % row["KeyIndex"]
    assert check(own, "getCrl") == "none"
    assert own.quick.get(state) == "valid"
    own.ca.revoke(own.ca.issued()[-1]["serial"])
    assert check(own, "getCrl") == "none"
    assert own.quick.get(state) == "revoked"
    assert "revoked" in own.agent.log()
    own.agent.stop()
    own.agent.start()
    assert wait_until(lambda: own.quick.get(state), LIMIT, "key row") == "revoked"


@pytest.mark.parametrize(
    "changes, expected, words",
    [
        ({"fail_info": {"value": 4, "message": "GetCRL"}}, "scepError", "Fail Info 4.: badCertId"),
        ({"fail_info": {"value": "absent", "message": "GetCRL"}}, "scepError",
         "the server gave no failInfo"),
        ({"fail_info": {"value": 2, "message": "GetCRL"}, "fail_info_text": "no list here"},
         "scepError", "badRequest: no list here"),
        ({"wrong_recipient_nonce": True}, "badResponse", "recipientNonce does not match"),
        ({"signed_by_stranger": True}, "badResponse", "not the pinned CA's"),
        ({"foreign_recipient": True}, "badResponse", "another recipient"),
        ({"garbage_in_envelope": True}, "badResponse", "in the envelope"),
        ({"success_without_envelope": True}, "badResponse", "there is no envelope"),
        ({"body": {"GetCRL": HTML}}, "badResponse", "an HTML page, not a CertRep"),
        ({"http_status": {"GetCRL": 403}}, "httpError", "403.: Forbidden"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_faulty_answer_to_GetCRL_is_told(server, changes, expected, words):
    server.enrol(common_name="faulty.example.net")
    server.ca.control(**changes)
    assert check(server, "getCrl") == expected
    assert re.search(words, server.quick.get("scepServerCheckText.1"))


# ------------------------------------------------------------------- GetCert --


def test_a_certificate_whose_file_was_lost_is_had_back_by_GetCert(own):
    own.point_at()
    row = own.enrol(common_name="lost.example.net")
    (path,) = own.agent.paths("certs")
    with open(path, "rb") as file:
        lost = file.read()
    own.agent.stop()
    os.remove(path)
    own.agent.start()
    state = "scepKeyState.%d" % row["KeyIndex"]
    assert own.quick.get(state) == "corrupt"
    assert check(own, "getCrl") == "none"
    assert own.quick.get(state) == "valid"
    log = own.pki_log()[-2:]
    assert [(e["message"], e["outcome"]) for e in log] == [("GetCert", "found"), ("GetCRL", "crl")]
    assert [e["signer_self_signed"] for e in log] == [True, False]
    assert log[0]["notes"] == log[1]["notes"] == []
    with open(path, "rb") as file:
        assert file.read() == lost
    # With it, a renewal is one again.
    own.agent.restart()
    assert own.quick.get(state) == "valid"


# --------------------------------------------------------------- and at once --


def test_a_check_runs_beside_a_request(server):
    server.ca.control(pending=1)
    server.poll(3)
    index = server.send(common_name="beside.example.net")
    server.wait_status(index, Detail="deferred")
    assert check(server, "getCaCaps") == "none"
    assert server.status(index)["Detail"] == "deferred"
    server.quick.set(scepRequestAction="pollNow")
    assert server.wait_end(index)["State"] == "successful"
