# SPDX-License-Identifier: Apache-2.0
"""The same claims of each program: which certificate the running program shows,
from the default key over the first enrolment and renewals to a rollback."""

import os
import stat

import pytest

from rig.device import certificates_in, key_in, public_bytes
from rig.processes import wait_until

PROGRAMS = ("nginx", "cups", "stunnel", "swanctl")


@pytest.fixture
def consumer(request):
    return request.getfixturevalue(request.param)


def use(device):
    return device.quick.row("scepUseTable", 1)


def describe(consumer, what, serial):
    """For those who look at the run with -s or in the report."""
    print("%-8s %-28s %x" % (consumer.name, what, serial))


@pytest.mark.parametrize("consumer", PROGRAMS, indirect=True)
def test_the_program_serves_each_certificate_that_it_is_given(consumer, house):
    device = house(consumer)
    default = device.default_key()

    # Before the program runs, it gets its files and is not started.
    assert device.act(default, "assign", AssignTo=consumer.name) == "none"
    assert use(device)["FunctionEnabled"] == "false"
    assert use(device)["Applied"] == "applied"
    consumer.start()
    consumer.wait_served(device.serial_of(default))
    describe(consumer, "default key", consumer.served())

    # The first enrolment.
    first = device.enrol(UseLocation=consumer.name)["KeyIndex"]
    assert use(device)["FunctionEnabled"] == "true"
    consumer.wait_served(device.serial_of(first))
    describe(consumer, "first enrolment", consumer.served())
    before = consumer.served()

    # A renewal, by hand.
    device.quick.set(scepAutoKeyName="again", scepAutoCommonName="device.example.net",
                     scepAutoUseLocation=consumer.name)
    assert device.act(first, "renew") == "none"
    row = device.status(device.quick.get("scepStatusLastIndex.0"))
    second = row["KeyIndex"]
    assert (row["Trigger"], row["MessageType"]) == ("renewal", "renewalReq")
    consumer.wait_served(device.serial_of(second))
    after = consumer.served()
    describe(consumer, "renewal", after)
    assert after != before

    # The certificate before it, and the new one again.
    assert device.act(second, "rollback") == "none"
    consumer.wait_served(before)
    describe(consumer, "rollback", consumer.served())
    assert device.act(second, "assign", AssignTo=consumer.name) == "none"
    consumer.wait_served(after)

    # A renewal by the timer, which takes the old key away.
    row = device.wait_end(device.run_timer(
        UseLocation=consumer.name, CommonName="device.example.net", DeleteOldKey="true"))
    assert (row["State"], row["Detail"]) == ("successful", "none")
    assert row["MessageType"] == "renewalReq"
    third = row["KeyIndex"]
    consumer.wait_served(device.serial_of(third))
    describe(consumer, "timer, DeleteOldKey", consumer.served())
    assert second not in device.keys() and third in device.keys()
    assert use(device)["KeyIndex"] == third and use(device)["Applied"] == "applied"
    assert consumer.is_running()
    assert device.quick.get("scepStatsDeployErrors.0") == 0


@pytest.mark.parametrize("consumer", PROGRAMS, indirect=True)
def test_the_program_serves_EC_keys(consumer, house):
    """From an RSA key to each curve, a renewal, and back."""
    device = house(consumer)
    for algorithm, kind, bits in (("rsa", "rsa", 2048), ("ecP256", "ec", 256),
                                  ("ecP384", "ec", 384)):
        row = device.enrol(UseLocation=consumer.name, KeyAlgorithm=algorithm)
        assert (row["Detail"], use(device)["Applied"]) == ("none", "applied")
        key = device.quick.row("scepKeyTable", row["KeyIndex"])
        assert (key["Algorithm"], key["Length"]) == (kind, bits)
        if not consumer.is_running():
            consumer.start()
        consumer.wait_served(device.serial_of(row["KeyIndex"]))
        describe(consumer, algorithm, consumer.served())
    row = device.wait_end(device.run_timer(
        UseLocation=consumer.name, CommonName="device.example.net", KeyAlgorithm="ecP256",
        DeleteOldKey="true"))
    assert (row["State"], row["Detail"]) == ("successful", "none")
    assert row["MessageType"] == "renewalReq"
    consumer.wait_served(device.serial_of(row["KeyIndex"]))
    describe(consumer, "ecP256, renewed", consumer.served())
    before = consumer.served()
    assert device.act(row["KeyIndex"], "verify") == "none"
    assert device.act(row["KeyIndex"], "rollback") == "none"
    wait_until(lambda: consumer.served() != before, 20, "the key before")
    describe(consumer, "rollback", consumer.served())
    secret = key_in(consumer.files().get("key") or consumer.files()["combined"])
    assert secret.curve.name == "secp384r1"
    assert consumer.is_running()
    assert device.quick.get("scepStatsDeployErrors.0") == 0


@pytest.mark.parametrize("consumer", PROGRAMS, indirect=True)
def test_key_and_certificate_belong_together_and_the_key_is_secret(consumer, house):
    device = house(consumer)
    index = device.enrol(UseLocation=consumer.name)["KeyIndex"]
    files = consumer.files()
    secret = files.get("key") or files["combined"]
    shown = files.get("fullchain") or files.get("cert") or files["combined"]
    (leaf, *others) = certificates_in(shown)
    assert leaf.serial_number == device.serial_of(index)
    assert public_bytes(key_in(secret)) == public_bytes(leaf)
    # The server's own first, and then what certified it.
    issuers = others or certificates_in(files["chain"])
    assert issuers[0].subject == leaf.issuer
    assert stat.S_IMODE(os.stat(secret).st_mode) == 0o600
    for kind, path in files.items():
        if kind not in ("key", "combined"):
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o644
        # Nothing that was written on the way is left.
        assert not [n for n in os.listdir(os.path.dirname(path)) if n.startswith(".")]
    assert not consumer.is_running()


@pytest.mark.parametrize("consumer", PROGRAMS, indirect=True)
def test_a_program_that_is_stopped_gets_the_new_files_and_stays_stopped(consumer, house):
    device = house(consumer)
    first = device.enrol(UseLocation=consumer.name)["KeyIndex"]
    consumer.start()
    consumer.wait_served(device.serial_of(first))
    consumer.stop()
    row = device.enrol(UseLocation=consumer.name)
    assert row["Detail"] == "none"
    assert use(device)["Applied"] == "applied"
    assert use(device)["FunctionEnabled"] == "false"
    assert not consumer.is_running() and not consumer.pid_file.exists()
    consumer.start()
    consumer.wait_served(device.serial_of(row["KeyIndex"]))
    wait_until(lambda: device.quick.get("scepAgentVersion.0"), 5, "scepagentd")
