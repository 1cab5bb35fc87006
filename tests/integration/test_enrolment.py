# SPDX-License-Identifier: Apache-2.0
"""The main job, end to end: snmpset in, certificate out."""

import os
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from rig.device import CHALLENGE, certificates_in, date_and_time, digest, key_in
from rig.device import public_bytes, request_pairs
from rig.processes import wait_until
from rig.quick import SET, set_bindings


def request_words(**changes):
    """The words of the one PDU of a first enrolment, for snmpset."""
    words = {
        "scepRequestKeyName.1": ("s", "web"),
        "scepRequestCommonName.1": ("s", "printer.example.net"),
        "scepRequestOrganization.1": ("s", "Example"),
        "scepRequestKeyLength.1": ("u", "2048"),
        "scepRequestSignatureAlgorithm.1": ("i", "sha256"),
        "scepRequestChallengePassword.1": ("s", CHALLENGE),
        "scepRequestAction.1": ("i", "send"),
        **changes,
    }
    return [word for name, pair in words.items() for word in (name, *pair)]


def point_at(device, snmp):
    snmp.set(
        "scepServerUrl.1", "s", device.ca.url,
        "scepServerCaFingerprint.1", "x", device.ca.fingerprint,
    ).ok()


@pytest.fixture(scope="module")
def story(shared):
    """One enrolment with the administrator's tools, as the README shows it;
    what was seen on the way."""
    device, snmp = shared, shared.master.admin
    device.ca.control(delay={"PKCSReq": 1.0})
    point_at(device, snmp)
    snmp.set(*request_words()).ok()
    index = device.quick.get("scepRequestStatusIndex.1")
    seen = []

    def has_ended():
        row = device.status(index)
        if row and (not seen or seen[-1]["State"] != row["State"]):
            seen.append(row)
        return row if row and row["State"] in ("successful", "error") else None

    row = wait_until(has_ended, 30, "end of the request")
    device.ca.control(delay=None)
    (key_index, key), = device.keys().items()
    return {
        "device": device, "row": row, "states": [r["State"] for r in seen],
        "key_index": key_index, "key": key, "issued": device.ca.issued()[-1],
        "log": device.ca.log(), "cas": list(device.quick.table("scepCaTable").values()),
    }


def test_an_enrolment_by_snmpset_ends_in_successful(story):
    row = story["row"]
    assert row["State"] == "successful", story["device"].agent.log()
    assert row["Detail"] == "none" and row["Text"] == ""
    assert row["FailInfo"] == "none" and row["HttpStatus"] == 0
    assert row["Trigger"] == "manual" and row["KeyName"] == "web"
    assert row["ProfileIndex"] == 1 and row["KeyIndex"] == story["key_index"]
    assert row["NextPoll"] == b"" and row["Polls"] == 0


def test_the_request_is_seen_processing_before_it_ends(story):
    assert story["states"][-2:] == ["processing", "successful"]


def test_scepKeyTable_shows_the_certificate_that_was_issued(story):
    key = story["key"]
    issued = x509.load_pem_x509_certificate(story["issued"]["pem"].encode())
    assert key["Name"] == "web"
    assert key["Algorithm"] == "rsa" and key["Length"] == 2048
    assert key["State"] == "valid" and key["IsDefault"] == "false"
    assert "printer.example.net" in key["Subject"] and "Example" in key["Subject"]
    issuer = issued.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert issuer in key["Issuer"]
    assert int.from_bytes(key["Serial"], "big") == issued.serial_number
    assert key["Fingerprint"] == digest(issued)
    assert date_and_time(key["NotBefore"]) == utc(issued.not_valid_before)
    assert date_and_time(key["NotAfter"]) == utc(issued.not_valid_after)
    left = utc(issued.not_valid_after) - time.time()
    assert abs(key["SecondsLeft"] - left) < 120
    assert key["SubjectAltName"] == "DNS:printer.example.net"
    assert key["ProfileIndex"] == 1 and key["Replaces"] == 0
    assert abs(date_and_time(key["InstallTime"]) - time.time()) < 300


def utc(moment):
    import datetime

    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def test_key_certificate_and_chain_lie_in_files_that_only_the_owner_reads(story):
    agent = story["device"].agent
    modes = agent.modes()
    assert modes["."] == modes["keys"] == modes["certs"] == 0o700
    assert {m for p, m in modes.items() if os.path.isfile(os.path.join(agent.state, p))} == {0o600}
    (key_path,), (cert_path,) = agent.paths("keys"), agent.paths("certs")
    chain = certificates_in(cert_path)
    issued = x509.load_pem_x509_certificate(story["issued"]["pem"].encode())
    assert chain[0] == issued
    assert public_bytes(key_in(key_path)) == public_bytes(chain[0])
    assert [c.subject for c in chain[1:]] == [chain[0].issuer]


def test_the_ca_saw_what_RFC_8894_asks_for(story):
    log = story["log"]
    assert [e["operation"] for e in log] == ["GetCACaps", "GetCACert", "PKIOperation"]
    message = log[-1]
    assert message["method"] == "POST" and message["message"] == "PKCSReq"
    assert message["cipher"].startswith("aes") and message["digest"] == "sha256"
    assert message["challenge_ok"] is True
    assert message["signer_self_signed"] is True
    assert message["signer_key_sha256"] == message["csr_key_sha256"]
    assert message["csr_key_size"] == 2048
    assert "printer.example.net" in str(message["csr_subject"])
    assert "Example" in str(message["csr_subject"])
    assert message["outcome"] == "issued"
    assert not message["notes"]


def test_the_transactionID_is_that_of_the_status_row(story):
    sent = {e["transaction_id"] for e in story["log"] if "transaction_id" in e}
    assert sent == {story["row"]["TransactionId"]}


def test_one_connection_serves_the_whole_transaction(story):
    log = story["log"]
    assert len({e["peer_port"] for e in log}) == 1
    assert [e["request_on_connection"] for e in log] == [1, 2, 3]


def test_the_ca_is_shown_as_trusted(story):
    (authority,) = story["cas"]
    assert authority["Fingerprint"].hex() == story["device"].ca.fingerprint.lower()
    assert authority["Trust"] == "trusted" and authority["Source"] == "getCaCert"
    assert authority["Role"] >= {"root"} and authority["ProfileIndex"] == 1


def test_the_counters_and_the_server_columns_tell_of_it(story):
    quick = story["device"].quick
    assert quick.get("scepStatsRequests.0") >= 1
    assert quick.get("scepStatsSuccesses.0") >= 1
    assert quick.get("scepStatusLastState.0") == "successful"
    assert quick.get("scepKeyCount.0") == 2
    assert quick.get("scepServerCaps.1") >= {"aes", "postPkiOperation", "sha256", "scepStandard"}
    assert abs(quick.get("scepServerClockSkew.1")) <= 2
    assert abs(date_and_time(quick.get("scepServerLastContact.1")) - time.time()) < 300


def test_snmptable_shows_both_tables_by_name(story):
    snmp = story["device"].master.monitor
    status = snmp.run("snmptable", "scepStatusTable").ok().out
    assert "successful" in status and story["row"]["TransactionId"] in status
    assert "printer.example.net" in snmp.run("snmptable", "scepKeyTable").ok().out


def test_a_request_begins_toBeProcessed(device):
    """The row stands toBeProcessed from the Set on until the engine takes the
    request, which it does within milliseconds: a Get that is on its way before
    the Set is answered often finds it so, and one of many is enough."""
    device.point_at(url="http://127.0.0.1:9/scep")
    reader = device.master.quick_reader

    def is_seen():
        following = device.quick.get("scepStatusLastIndex.0") + 1
        device.quick.begin(SET, set_bindings(request_pairs()))
        state = reader.get("scepStatusState.%d" % following)
        device.quick.finish()
        device.wait_end(following)
        return state == "toBeProcessed"

    wait_until(is_seen, 30, "row toBeProcessed")


# ------------------------------------------------------------------- PENDING --


def test_PENDING_twice_is_polled_to_success_with_one_transactionID(device):
    device.ca.control(pending=2)
    device.poll(5)
    index = device.send(common_name="pending.example.net")
    waiting = device.wait_status(index, Detail="deferred")
    assert waiting["State"] == "processing"
    assert waiting["Text"].startswith("Deferred")
    assert date_and_time(waiting["NextPoll"]) >= time.time() - 5
    row = device.wait_end(index)
    assert row["State"] == "successful" and row["Polls"] == 2
    assert row["MessageType"] == "certPoll"
    log = device.pki_log(transaction_id=row["TransactionId"])
    assert [(e["message"], e["outcome"]) for e in log] == [
        ("PKCSReq", "pending"), ("CertPoll", "pending"), ("CertPoll", "issued"),
    ]


def test_PENDING_without_polling_ends_deferred_and_pollNow_goes_on(device):
    device.ca.control(pending=1)
    index = device.send(common_name="later.example.net")
    row = device.wait_end(index)
    assert (row["State"], row["Detail"]) == ("error", "deferred")
    assert row["Text"].startswith("Deferred")
    device.quick.set(scepRequestAction="pollNow")
    again = device.wait_status(index, State="successful")
    assert again["TransactionId"] == row["TransactionId"]
    messages = [e["message"] for e in device.pki_log(transaction_id=row["TransactionId"])]
    assert messages == ["PKCSReq", "CertPoll"]


def test_a_request_without_a_good_answer_ends_at_the_poll_limit(device):
    device.ca.control(pending="forever")
    device.poll(1, interval=3600)
    before = set(device.keys())
    index = device.send(common_name="never.example.net")
    device.wait_status(index, Detail="deferred")
    device.quick.set(scepRequestAction="pollNow")
    row = device.wait_end(index)
    assert (row["State"], row["Detail"], row["Polls"]) == ("error", "pollLimit", 1)
    assert set(device.keys()) == before


def test_cancel_ends_a_request_that_waits(device):
    device.ca.control(pending="forever")
    device.poll(5)
    before = device.leftovers()
    index = device.send(common_name="cancelled.example.net")
    device.wait_status(index, Detail="deferred")
    device.quick.set(scepRequestAction="cancel")
    row = device.wait_end(index)
    assert (row["State"], row["Detail"]) == ("error", "cancelled")
    device.wait_clean(before)


def test_pollNow_does_not_wait_for_the_interval(device):
    device.ca.control(pending=1)
    device.poll(3, interval=3600)
    index = device.send(common_name="hurry.example.net")
    device.wait_status(index, Detail="deferred")
    device.quick.set(scepRequestAction="pollNow")
    assert device.wait_end(index)["State"] == "successful"


# ------------------------------------------------------------- other servers --


def test_without_POSTPKIOperation_the_request_goes_by_GET(device):
    device.ca.control(caps="AES\nSHA-256\n")
    row = device.enrol(common_name="get.example.net")
    (message,) = device.pki_log(transaction_id=row["TransactionId"])
    assert message["method"] == "GET" and message["outcome"] == "issued"


def test_HttpMethod_get_overrules_what_the_server_offers(device):
    device.point_at(HttpMethod="get")
    row = device.enrol(common_name="get2.example.net")
    (message,) = device.pki_log(transaction_id=row["TransactionId"])
    assert message["method"] == "GET"


@pytest.mark.parametrize(
    "changes",
    [
        {"chain": True}, {"chain": True, "ra": "two"}, {"ra": "one"},
        {"cacert": "pem"}, {"cacert": "p7"}, {"authority": "narrow"},
        {"leaf_first": False}, {"bare_content": "empty"},
        {"signature_oid": "with_digest"}, {"signature_oid": "pss"},
        {"signature_oid": "pss", "digest": "sha512"}, {"key_transport": "oaep"},
        {"cipher": "aes256"}, {"digest": "sha512"},
        {"transport": {"*": "chunked"}}, {"transport": {"*": "close_after"}},
        {"transport": {"*": "no_length"}}, {"several_certificates": True},
        {"no_signer_certificate": True}, {"no_chain": True},
    ],
    ids=lambda changes: "-".join("%s=%s" % pair for pair in changes.items()),
)
def test_what_a_server_may_do_is_understood(device, changes):
    device.ca.control(**changes)
    device.point_at()
    device.enrol(common_name="many.example.net")


def test_the_port_column_overrules_the_one_of_the_URL(device):
    device.point_at(url="http://127.0.0.1:9/scep", Port=device.ca.port)
    device.enrol(common_name="port.example.net")


def test_the_CaIdentifier_goes_into_GetCACaps_and_GetCACert(device):
    before = len(device.ca.log())
    device.quick.set(scepServerCaIdentifier="our ca & co")
    try:
        device.enrol(common_name="identifier.example.net")
    finally:
        device.quick.set(scepServerCaIdentifier="")
    log = device.ca.log()[before:]
    assert [e["ca_identifier"] for e in log[:2]] == ["our ca & co"] * 2


@pytest.mark.parametrize("bits", [3072, 4096])
def test_longer_keys_are_made_as_asked(device, bits):
    row = device.enrol(common_name="long.example.net", KeyLength=bits)
    assert device.keys()[row["KeyIndex"]]["Length"] == bits
    (message,) = device.pki_log(transaction_id=row["TransactionId"])
    assert message["csr_key_size"] == bits


@pytest.mark.usefixtures("real_keys")
def test_the_program_makes_a_key_for_each_request(own):
    own.point_at()
    rows = [own.enrol(common_name=name + ".example.net") for name in ("one", "two")]
    held = {public_bytes(key_in(path)) for path in own.agent.paths("keys")}
    issued = {public_bytes(certificates_in(path)[0]) for path in own.agent.paths("certs")}
    assert held == issued and len(held) == len(rows)


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_the_CSR_is_signed_as_asked(device, name):
    row = device.enrol(common_name="signed.example.net", SignatureAlgorithm=name)
    (message,) = device.pki_log(transaction_id=row["TransactionId"])
    assert name in message["csr_signature"].lower().replace("-", "")


def test_subject_and_extensions_come_out_of_the_columns(device):
    row = device.enrol(
        common_name="full.example.net", Organization="Ex, Ample & Sons",
        SubjectExtra="OU=Print,L=R\u012bga,C=LV",
        SubjectAltName="DNS:a.example.net,IP:192.0.2.1",
        KeyUsage=["digitalSignature"], ExtendedKeyUsage="serverAuth,clientAuth",
    )
    try:
        (message,) = device.pki_log(transaction_id=row["TransactionId"])
        subject = str(message["csr_subject"])
        for part in ("full.example.net", "Ex, Ample & Sons", "Print", "R\u012bga", "LV"):
            assert part in subject or part.replace(",", "\\,") in subject
        names = str(message["csr_san"])
        assert "a.example.net" in names and "192.0.2.1" in names
        assert message["csr_key_usage"] == ["digital_signature"]
        assert len(message["csr_extended_key_usage"]) == 2
    finally:
        device.quick.set(scepRequestAction="clear")


# ----------------------------------------------------------------- challenge --


def test_a_challenge_reads_as_empty_and_ChallengeSet_flips(device):
    get = device.quick.get
    device.quick.set(scepRequestAction="clear")
    assert get("scepRequestChallengeSet.1") == "false"
    device.quick.set(scepRequestChallengePassword="not-to-be-seen")
    assert get("scepRequestChallengePassword.1") == b""
    assert get("scepRequestChallengeSet.1") == "true"
    device.quick.set(scepRequestChallengePassword="")
    assert get("scepRequestChallengeSet.1") == "false"


def test_the_challenge_is_gone_when_the_server_has_answered(device):
    row = device.wait_end(device.send(common_name="answered.example.net", challenge="wrong"))
    assert row["State"] == "error"
    assert device.quick.get("scepRequestChallengeSet.1") == "false"
    # The others stay for another try.
    assert device.quick.get("scepRequestCommonName.1") == "answered.example.net"


def test_the_request_values_are_gone_when_it_was_successful(device):
    device.enrol(common_name="good.example.net", Organization="Example", KeyUsage=["keyAgreement"])
    names = ("KeyName", "CommonName", "Organization", "ChallengeSet", "KeyUsage")
    values = device.quick.get(*["scepRequest%s.1" % name for name in names])
    assert values == ["", "", "", "false", frozenset(["digitalSignature", "keyEncipherment"])]


def test_clear_empties_the_request_values(device):
    device.quick.set(
        scepRequestKeyName="x", scepRequestCommonName="y",
        scepRequestChallengePassword="z", scepRequestKeyLength=4096,
    )
    device.quick.set(scepRequestAction="clear")
    names = ("KeyName", "CommonName", "ChallengeSet", "KeyLength")
    values = device.quick.get(*["scepRequest%s.1" % name for name in names])
    assert values == ["", "", "false", 2048]


def test_a_challenge_appears_in_no_file_no_log_and_no_walk(own):
    marker = "MARKER-a9f3c1-do-not-leak"
    own.ca.control(challenge=marker, pending=1)
    own.point_at()
    own.poll(3)
    index = own.send(challenge=marker)
    own.wait_status(index, Detail="deferred")
    walked = b"".join(v for _, _, v in own.quick.walk("scepClientMIB") if isinstance(v, bytes))
    assert marker.encode() not in walked
    assert "scepagentd.log" not in own.agent.holds(marker.encode())
    own.quick.set(scepRequestAction="pollNow")
    assert own.wait_end(index)["State"] == "successful"
    walked = b"".join(v for _, _, v in own.quick.walk("scepClientMIB") if isinstance(v, bytes))
    assert marker.encode() not in walked
    assert own.agent.holds(marker.encode()) == []
    own.agent.stop()
    assert own.agent.holds(marker.encode()) == []
    assert marker not in own.master.log()
