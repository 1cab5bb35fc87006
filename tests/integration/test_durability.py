# SPDX-License-Identifier: Apache-2.0
"""An answered Set survives: kill -9 at any moment, a stop in mid-transfer,
a second instance."""

import os
import random
import signal
import time

import pytest
from cryptography import x509

from rig.device import certificates_in, key_in, public_bytes
from rig.processes import is_alive, wait_until
from rig.quick import Missing

ROUNDS = 15
SETTINGS = {
    "scepServerUrl.1": "http://127.0.0.1:8080/scep?x=1",
    "scepServerPort.1": 8443,
    "scepServerTimeout.1": 17,
    "scepServerCaIdentifier.1": "R\u012bga CA",
    "scepServerCaFingerprint.1": bytes(range(32)),
    "scepServerCaTrustPolicy.1": "trustOnFirstUse",
    "scepServerHttpMethod.1": "post",
    "scepServerCipher.1": "aes256Cbc",
    "scepServerRequireStandard.1": "true",
    "scepServerRenewalMode.1": "pkcsReqOldKey",
    "scepServerProxyUrl.1": "http://127.0.0.1:3128/",
    "scepAutoPoll.1": "true",
    "scepAutoPollCount.1": 77,
    "scepAutoPollInterval.1": 4711,
    "scepProfileName.1": "the first",
    "scepStatusMaxRows.0": 42,
}


def keys_at_the_ca(device, transaction_id):
    log = device.pki_log(transaction_id=transaction_id)
    return {e["csr_key_sha256"] for e in log if e.get("csr_key_sha256")}


def check_one_success(device, row, common_name):
    """One certificate, of one key, which are those on the disk."""
    assert row["State"] == "successful", (row, device.agent.log())
    issued = [c for c in device.ca.issued() if common_name in str(c["subject"])]
    assert len(issued) == 1, issued
    assert len(keys_at_the_ca(device, row["TransactionId"])) == 1
    key = device.keys()[row["KeyIndex"]]
    certificate = x509.load_pem_x509_certificate(issued[0]["pem"].encode())
    assert int.from_bytes(key["Serial"], "big") == certificate.serial_number
    pairs = [
        (public_bytes(key_in(k)), certificates_in(c)[0])
        for k, c in zip(device.agent.paths("keys"), device.agent.paths("certs"))
    ]
    assert (public_bytes(certificate), certificate) in pairs


def test_kill_9_while_PENDING_ends_in_success_with_the_same_transactionID(own):
    own.ca.control(pending=1)
    own.poll(10)
    own.point_at()
    index = own.send(common_name="killed.example.net")
    before = own.wait_status(index, Detail="deferred")
    own.agent.kill()
    own.agent.start()
    row = own.status(index)
    assert (row["State"], row["Detail"]) == ("processing", "deferred")
    row = own.wait_end(index)
    assert row["TransactionId"] == before["TransactionId"]
    check_one_success(own, row, "killed.example.net")
    messages = [e["message"] for e in own.pki_log()]
    assert messages == ["PKCSReq", "CertPoll"]


def test_kill_9_right_after_the_Set_was_answered_loses_nothing(own):
    own.point_at()
    index = own.send(common_name="answered.example.net")
    own.agent.kill()
    own.agent.start()
    row = own.wait_end(index)
    check_one_success(own, row, "answered.example.net")


@pytest.mark.parametrize("operation", ["GetCACaps", "GetCACert", "PKCSReq"])
def test_kill_9_in_mid_transfer_is_taken_up_again(own, operation):
    """The server has acted on the request; only the answer is lost."""
    own.ca.control(hang={operation: {"value": "before", "times": 1}})
    own.point_at()
    index = own.send(common_name="transfer.example.net")
    field = "message" if operation == "PKCSReq" else "operation"
    own.ca.wait_log(**{field: operation})
    own.agent.kill()
    own.agent.start()
    check_one_success(own, own.wait_end(index), "transfer.example.net")


def test_kill_9_of_the_worker_alone_is_taken_up_again(own):
    own.ca.control(hang={"PKCSReq": {"value": "before", "times": 1}})
    own.point_at()
    index = own.send(common_name="worker.example.net")
    own.ca.wait_log(message="PKCSReq")
    own.agent.kill_worker()
    check_one_success(own, own.wait_end(index), "worker.example.net")


@pytest.mark.long
@pytest.mark.usefixtures("real_keys")
def test_kill_9_at_random_moments_always_ends_in_one_success(own):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    own.agent.configure("keyLimit 100")
    own.agent.restart()
    own.point_at()
    for count in range(ROUNDS):
        name = "round%d.example.net" % count
        index = own.send(common_name=name)
        moment = time.monotonic() + chance.uniform(0, 0.5)

        def is_over():
            row = own.status(index)
            return time.monotonic() >= moment or row["State"] == "successful"

        wait_until(is_over, 10, "moment to kill")
        own.agent.kill()
        own.agent.start()
        row = own.wait_end(index)
        assert row["State"] == "successful", (seed, count, row, own.agent.log())
        check_one_success(own, row, name)
    assert len(own.keys()) == len(own.agent.files("keys")) == ROUNDS
    assert own.agent.files("certs") == own.agent.files("keys")


def test_a_setting_is_there_when_its_Set_was_answered(own):
    """kill -9 comes right after each answer."""
    for timeout in (5, 6, 7, 8):
        own.quick.set(scepServerTimeout=timeout)
        own.agent.kill()
        own.agent.start()
        assert own.quick.get("scepServerTimeout.1") == timeout


@pytest.mark.parametrize("way", ["kill", "stop"])
def test_settings_are_identical_after_a_restart(own, way):
    own.quick.set(*SETTINGS.items())
    before = own.quick.walk("scepServerTable") + own.quick.walk("scepAutoTable")
    before += own.quick.walk("scepProfileTable")
    getattr(own.agent, way)()
    own.agent.start()
    after = own.quick.walk("scepServerTable") + own.quick.walk("scepAutoTable")
    assert after + own.quick.walk("scepProfileTable") == before
    for name, value in SETTINGS.items():
        assert own.quick.get(name) == value


def test_request_values_are_gone_after_a_restart(own):
    own.quick.set(
        scepRequestKeyName="x", scepRequestCommonName="y", scepRequestOrganization="z",
        scepRequestKeyLength=4096, scepRequestChallengePassword="secret-to-lose",
    )
    own.agent.restart()
    columns = ("KeyName", "CommonName", "Organization", "KeyLength", "ChallengeSet")
    values = own.quick.get(*["scepRequest%s.1" % name for name in columns])
    assert values == ["", "", "", 2048, "false"]
    assert own.agent.holds(b"secret-to-lose") == []


def test_a_profile_survives_and_a_destroyed_one_stays_away(own):
    own.quick.set(("scepProfileRowStatus.2", "createAndGo"), ("scepServerTimeout.2", 9))
    own.quick.set(("scepProfileRowStatus.3", "createAndGo"))
    own.quick.set(("scepProfileRowStatus.3", "destroy"))
    own.agent.kill()
    own.agent.start()
    assert own.quick.get("scepServerTimeout.2", "scepProfileRowStatus.2") == [9, "active"]
    with pytest.raises(Missing):
        own.quick.get("scepProfileRowStatus.3")


def test_status_and_key_rows_survive_and_indexes_do_not_go_back(own):
    own.point_at()
    first = own.enrol(common_name="first.example.net")
    own.wait_end(own.send(challenge="wrong"))
    statuses, keys = own.quick.table("scepStatusTable"), own.keys()
    own.agent.kill()
    own.agent.start()
    assert own.quick.table("scepStatusTable") == statuses
    for row in [*keys.values(), *own.keys().values()]:
        row.pop("SecondsLeft")
    assert own.keys().keys() == keys.keys()
    assert own.send(common_name="next.example.net") == max(statuses) + 1
    assert first["KeyIndex"] in own.keys()


def test_TERM_in_mid_transfer_exits_0_within_2_s_and_is_resumable(own):
    own.ca.control(hang={"PKCSReq": {"value": "before", "times": 1}})
    own.point_at()
    index = own.send(common_name="term.example.net")
    own.ca.wait_log(message="PKCSReq")
    worker = own.agent.worker
    own.agent.send_signal(signal.SIGTERM)
    assert own.agent.wait_end(limit=2) == 0
    assert not is_alive(worker)
    own.agent.start()
    row = own.wait_end(index)
    assert row["TransactionId"] == own.pki_log()[0]["transaction_id"]
    check_one_success(own, row, "term.example.net")


def test_TERM_in_key_generation_exits_0_within_2_s_and_is_resumable(own):
    own.point_at()
    index = own.send(common_name="long.example.net", KeyLength=3072)
    own.ca.wait_log(operation="GetCACert")
    own.agent.send_signal(signal.SIGTERM)
    assert own.agent.wait_end(limit=2) == 0
    own.agent.start()
    check_one_success(own, own.wait_end(index, limit=60), "long.example.net")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_program_stops_with_0_within_2_s(agent, number):
    agent.send_signal(number)
    assert agent.wait_end(limit=2) == 0


def test_a_second_instance_refuses_to_start_with_1_and_says_why(own, make_agent):
    second = make_agent(name="second")
    second.state = own.agent.state
    second.configure()
    second.launch()
    assert second.wait_end(limit=10) == 1
    assert own.agent.state in second.everything()
    assert "another" in second.everything() or "already" in second.everything()
    assert own.agent.is_registered()
    own.point_at()
    own.enrol()


def test_no_file_of_a_dead_request_is_left_after_a_restart(own):
    """A key that was written when the power went, and belongs to nothing."""
    own.point_at()
    own.enrol()
    good = own.agent.files("keys"), own.agent.files("certs")
    own.agent.stop()
    for folder in ("keys", "certs"):
        for name in ("0123456789abcdef0123456789abcdef.pem", ".tmp-left-over"):
            with open(os.path.join(own.agent.state, folder, name), "wb") as file:
                file.write(b"leftover")
    own.agent.start()
    wait_until(
        lambda: not any(n.startswith("0123") for n in own.agent.files("keys")),
        10, "sweep of keys/",
    )
    assert "0123456789abcdef0123456789abcdef.pem" not in own.agent.files("certs")
    assert set(good[0]) <= set(own.agent.files("keys"))
    assert len(own.keys()) == 1
