# SPDX-License-Identifier: Apache-2.0
"""scepctl export and import: a file of all settings, taken over whole or not
at all (MIB, rules 1, 2, 6, 7 and 17)."""

import json
import os
import stat
import subprocess
from types import SimpleNamespace

import pytest

from rig import program
from rig.ctl import Ctl, document, read, rows, settings, walk
from rig.device import CHALLENGE, Device
from rig.processes import scaled
from rig.quick import shown

START = "2031-05-06T07:08:09+00:00"


@pytest.fixture
def own(master, agent):
    """A device of one test alone, without a CA."""
    return SimpleNamespace(master=master, agent=agent, quick=master.quick)


@pytest.fixture
def ctl(own, tmp_path):
    return Ctl(own.master, tmp_path)


def dress(quick, index=1):
    """Gives all settings of a profile a value that is not the default."""
    number = str(index)
    if index > 1:
        quick.set(("scepProfileRowStatus." + number, "createAndGo"))
    values = {
        "scepProfileName": "R\u012bga \"%s\" \\ \U0001f5a8" % number,
        "scepServerUrl": "http://ca%s.example.net/scep?a=%%20" % number,
        "scepServerPort": 8000 + index, "scepServerTimeout": 60,
        "scepServerCaIdentifier": "id", "scepServerCaFingerprint": bytes(range(32)),
        "scepServerCaTrustPolicy": "trustOnFirstUse", "scepServerHttpMethod": "get",
        "scepServerCipher": "aes256Cbc", "scepServerRequireStandard": "true",
        "scepServerRenewalMode": "pkcsReqOldKey", "scepServerProxyUrl": "http://proxy:3128/",
        "scepAutoKeyName": "web", "scepAutoSignatureAlgorithm": "sha512",
        "scepAutoKeyLength": 4096, "scepAutoOrganization": "Org",
        "scepAutoCommonName": "d%s.example.net" % number, "scepAutoSubjectExtra": "OU=Print,C=LV",
        "scepAutoSubjectAltName": "DNS:a,IP:192.0.2.1",
        "scepAutoKeyUsage": ["digitalSignature", "decipherOnly"],
        "scepAutoExtendedKeyUsage": "serverAuth",
        "scepAutoStartTime": bytes.fromhex("07ef050607080900") + b"+\0\0",
        "scepAutoAdjust": "true", "scepAutoAdjustMax": 5, "scepAutoPoll": "true",
        "scepAutoPollCount": 7, "scepAutoPollInterval": 99, "scepAutoPeriodic": "true",
        "scepAutoPeriodicInterval": 3, "scepAutoPeriodicUnit": "months",
        "scepAutoRenewBefore": 30, "scepAutoMissedPolicy": "skip", "scepAutoRestart": "true",
    }
    quick.set(*[(name + "." + number, value) for name, value in values.items()])
    return values


def dress_all(quick):
    quick.set(("scepStatusMaxRows.0", 123), ("scepNotifyEnable.0", ["certExpired"]),
              ("scepNotifyExpiryDays.0", 11), ("scepNotifyMinInterval.0", 0))
    dress(quick)
    dress(quick, 5)
    quick.set(("scepProfileRowStatus.64", "createAndWait"), ("scepProfileName.64", "last"))


# ----------------------------------------------------------------- export --


def test_an_export_has_every_setting_with_the_value_that_a_walk_has(ctl, own):
    dress_all(own.quick)
    path = ctl.export()
    content = read(path)
    found = {name + ".0": value for name, value in content["scalars"].items()}
    for index, row in content["profiles"].items():
        found.update({"%s.%s" % (name, index): value for name, value in row.items()})
    walked = walk(own.quick)
    assert sorted(found) == sorted(walked)
    for name, value in walked.items():
        assert found[name] == as_json(program.split_name(name)[0], value), name
    assert (content["format"], content["module"]) == (1, "SCEP-CLIENT-MIB")
    assert content["agent"] == program.version()[0]


def as_json(name, value):
    item = program.module()[name]
    if item.type == "TruthValue":
        return value == 1
    if item.base == "BITS":
        labels = {number: label for label, number in item.names.items()}
        return [labels[n] for n in sorted(item.names[b] for b in shown(item, value))]
    if item.name.endswith("Time"):
        return as_time(value)
    if item.name.endswith("Fingerprint"):
        return value.hex(":").upper()
    return shown(item, value)


def as_time(value):
    if not value:
        return ""
    year = int.from_bytes(value[:2], "big")
    return "%04d-%02d-%02dT%02d:%02d:%02d%s%02d:%02d" % (
        year, *value[2:7], value[8:9].decode(), *value[9:11])


def test_an_export_is_written_0600_and_replaces_a_file_whole(ctl, own):
    path = ctl.path("settings.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write("old")
    os.chmod(path, 0o644)
    link = ctl.path("link")
    os.symlink(path, link)
    ctl.export("link")
    assert os.path.islink(link) and read(path)["profiles"]["1"]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert [n for n in os.listdir(ctl.directory) if n.startswith("settings.json")] == [
        "settings.json"]
    with open(path, encoding="utf-8") as file:
        assert ctl.run("export").stdout == file.read()


def test_an_export_has_no_secret_no_request_and_no_volatile_profile(ctl, own):
    quick = own.quick
    quick.set(("scepAutoChallengePassword.1", "s3cret-challenge"),
              ("scepRequestChallengePassword.1", "s3cret-challenge"),
              ("scepRequestKeyName.1", "requested"))
    quick.set(("scepProfileRowStatus.9", "createAndGo"), ("scepProfileStorageType.9", "volatile"))
    with open(ctl.export(), encoding="utf-8") as file:
        text = file.read()
    assert "s3cret" not in text and "Challenge" not in text and "requested" not in text
    assert list(json.loads(text)["profiles"]) == ["1"]


# ----------------------------------------------------------- there and back --


def test_export_wipe_import_gives_an_identical_walk(ctl, own, make_agent):
    dress_all(own.quick)
    own.quick.set(("scepAutoEnable.1", "true"))
    before = walk(own.quick)
    path = ctl.export()
    own.agent.stop()
    make_agent().start()  # another, with a state directory of its own
    assert walk(own.quick) != before
    done = ctl.run("import", path)
    assert done.returncode == 0, done.stderr
    assert walk(own.quick) == before
    # A second one has nothing to do.
    lock = own.quick.get("scepAgentConfigSpinLock.0")
    assert ctl.run("import", path).returncode == 0
    assert own.quick.get("scepAgentConfigSpinLock.0") == lock


def test_what_the_file_does_not_name_stays(ctl, own):
    dress(own.quick)
    dress(own.quick, 5)
    before = walk(own.quick)
    path = ctl.write(document(p1={"scepServerTimeout": 61}, p7={}))
    assert ctl.run("import", path).returncode == 0
    after = walk(own.quick)
    made = {name for name in after if name.endswith(".7")}
    assert len(made) == len([i for i in settings() if i.access == "read-create"])
    assert after["scepServerTimeout.1"] == 61
    changed = {n for n in before if after[n] != before[n]}
    assert changed == {"scepServerTimeout.1"}


def test_local_time_in_a_file_is_the_time_on_the_clock_of_each_device(ctl, own, make_agent):
    own.agent.stop()
    agent = make_agent()
    agent.prefix = ["env", "TZ=Asia/Kolkata"]
    agent.start()
    path = ctl.write(document(p1={"scepAutoStartTime": "2031-05-06T02:00:00"}))
    assert ctl.run("import", path).returncode == 0
    assert read(ctl.export())["profiles"]["1"]["scepAutoStartTime"] == "2031-05-06T02:00:00+05:30"
    assert ctl.run("import", "-n", path).stdout == ""


# ------------------------------------------------------- what was done --


@pytest.fixture
def enrolled(own, ca, tmp_path):
    """A device whose timer has carried out its due time."""
    device = Device(tmp_path, own.master, own.agent, ca)
    device.point_at()
    index = device.run_timer(UseLocation="", Periodic="true", PeriodicUnit="years")
    assert device.wait_end(index)["State"] == "successful"
    return device


def memory(device):
    """All that a run of the timer changes.  The run to come has a row, too."""
    begun = [index for index, row in device.quick.table("scepStatusTable").items()
             if row["State"] != "toBeProcessed"]
    return (device.quick.get("scepAutoLastRunTime.1"), begun, len(device.pki_log()),
            sorted(device.keys()))


def test_an_import_of_an_enabled_timer_requests_nothing_again(ctl, enrolled):
    """Each import turns the timer off and on again (MIB, rule 10)."""
    quick = enrolled.quick
    before = memory(enrolled)
    assert len(before[0]) == 11
    template = ctl.export()
    # The device has been changed meanwhile.
    quick.set(scepAutoEnable="false")
    quick.set(("scepServerTimeout.1", 31), ("scepAutoPeriodicInterval.1", 2))
    assert ctl.run("import", template).returncode == 0
    assert quick.get("scepServerTimeout.1", "scepAutoEnable.1") == [30, "true"]
    # The template has another server and another missed policy.
    content = read(template)
    content["profiles"]["1"].update(
        scepServerUrl=enrolled.ca.url + "?n=1", scepAutoMissedPolicy="runAtOnce")
    done = ctl.run("import", ctl.write(content))
    assert done.returncode == 0, done.stderr
    assert quick.get("scepServerUrl.1", "scepAutoEnable.1") == [enrolled.ca.url + "?n=1", "true"]
    quick.set(scepAutoChallengePassword=CHALLENGE)
    enrolled.agent.kill()
    enrolled.agent.start()
    assert quick.get("scepAutoOperStatus.1") == "waiting"
    assert memory(enrolled) == before


# ---------------------------------------------------------------- dry run --


@pytest.mark.parametrize("option", ["-n", "--dry-run"])
def test_a_dry_run_prints_the_differences_and_changes_nothing(ctl, own, option):
    before = walk(own.quick)
    lock = own.quick.get("scepAgentConfigSpinLock.0")
    path = ctl.write(document({"scepNotifyEnable": []}, p1={
        "scepServerTimeout": 60, "scepServerUrl": "http://h/", "scepServerCipher": "aes256Cbc",
        "scepAutoPoll": True, "scepServerCaFingerprint": "00" * 20, "scepServerPort": 0,
        "scepAutoStartTime": START}))
    done = ctl.run("import", path, options=[option])
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "scepServerTimeout.1: 30 -> 60" in lines
    assert 'scepServerUrl.1: "" -> "http://h/"' in lines
    assert "scepServerCipher.1: auto -> aes256Cbc" in lines
    assert "scepAutoPoll.1: false -> true" in lines
    assert 'scepServerCaFingerprint.1: "" -> ' + ":".join(["00"] * 20) in lines
    assert 'scepAutoStartTime.1: "" -> ' + START in lines
    assert any(line.startswith("scepNotifyEnable.0: {requestSucceeded, ") and
               line.endswith(" -> {}") for line in lines)
    assert len(lines) == 7
    assert walk(own.quick) == before
    assert own.quick.get("scepAgentConfigSpinLock.0") == lock


def test_a_dry_run_option_may_stand_anywhere_and_a_misspelt_one_is_refused(ctl, own):
    path = ctl.write(document(p1={"scepServerTimeout": 60}))
    words = ctl.command("import", path)
    for command in (words[:-2] + ["-n"] + words[-2:], words + ["-n"], words + ["--dry-run"]):
        assert run(ctl, command).stdout == "scepServerTimeout.1: 30 -> 60\n"
    for option in ("--dryrun", "--dry", "-N"):
        done = run(ctl, words + [option])
        assert (done.returncode, done.stdout) == (2, ""), done
        assert "unknown option " + option in done.stderr
    assert own.quick.get("scepServerTimeout.1") == 30


def run(ctl, command):
    return subprocess.run(command, capture_output=True, text=True, timeout=scaled(30),
                          env=ctl.environment())


# --------------------------------------------------------------- refusals --


def test_a_refusal_names_object_value_and_reason_and_changes_nothing(ctl, own):
    before = walk(own.quick)
    path = ctl.write(document({"scepNotifyExpiryDays": 1}, p1={
        "scepProfileName": "x", "scepAutoKeyLength": 1024}))
    done = ctl.run("import", path)
    assert done.returncode == 1
    assert "scepAutoKeyLength.1 = 1024: inconsistentValue" in done.stderr
    # The agent's own words follow the name of the error.
    row = max(own.quick.table("scepRefusalTable").items())[1]
    assert row["Object"] == "scepAutoKeyLength.1"
    assert ": inconsistentValue (%s)\n" % row["Reason"] in done.stderr
    assert walk(own.quick) == before


def test_a_refusal_of_a_later_Set_puts_back_what_was_set(ctl, own):
    """The whole takes several Sets, of which the last one is refused."""
    dress(own.quick, 5)
    before = walk(own.quick)
    template = read(ctl.export())["profiles"]["5"]
    large = dict(template, scepServerCaIdentifier="i" * 255,
                 scepServerProxyUrl="http://h/" + "x" * 246)
    wanted = {"p%d" % n: dict(large, scepProfileName="profile %d" % n) for n in range(2, 65)}
    wanted["p64"]["scepServerCipher"] = "tripleDesCbc"
    done = ctl.run("import", ctl.write(document({"scepNotifyExpiryDays": 1}, **wanted)))
    assert done.returncode == 1, done.stderr
    assert "scepServerCipher.64 = tripleDesCbc: inconsistentValue" in done.stderr
    assert "putting back" in done.stderr and "the device is as it was" in done.stderr
    assert walk(own.quick) == before
    # The same without the fault is taken.
    wanted["p64"]["scepServerCipher"] = "auto"
    done = ctl.run("import", ctl.write(document({"scepNotifyExpiryDays": 1}, **wanted)))
    assert done.returncode == 0, done.stderr
    assert rows(own.quick) == list(range(1, 65))
    assert own.quick.get("scepProfileName.64") == "profile 64"


def test_a_file_with_64_profiles_is_taken_over_whole(ctl, own, make_agent):
    for index in range(1, 65):
        dress(own.quick, index)
    before = walk(own.quick)
    path = ctl.export()
    own.agent.stop()
    make_agent().start()
    done = ctl.run("import", path)
    assert done.returncode == 0, done.stderr
    assert walk(own.quick) == before


def test_a_reader_may_export_and_not_import(ctl, own):
    reader = Ctl(own.master, ctl.directory, ["-v2c", "-c", own.master.secrets["reading"]])
    path = ctl.write(document(p1={"scepServerTimeout": 60}))
    assert read(reader.export("read.json"))["profiles"]["1"]["scepServerTimeout"] == 30
    done = reader.run("import", path)
    assert done.returncode == 1 and "noAccess (the agent lets this user" in done.stderr, done
    assert own.quick.get("scepServerTimeout.1") == 30


def test_it_works_over_SNMPv3_with_privacy_and_passphrases_from_snmp_conf(ctl, own):
    secret = own.master.secrets["admin"]
    admin = Ctl(own.master, ctl.directory, own.master.admin.credentials)
    path = ctl.write(document(p1={"scepServerTimeout": 60}))
    assert admin.run("import", path).returncode == 0
    assert read(admin.export("v3.json"))["profiles"]["1"]["scepServerTimeout"] == 60
    # From snmp.conf, with no passphrase in the arguments.
    with open(os.path.join(own.master.empty, "snmp.conf"), "w", encoding="ascii") as file:
        file.write("defVersion 3\ndefSecurityName admin\ndefSecurityLevel authPriv\n"
                   "defAuthType SHA-256\ndefPrivType AES\ndefPassphrase %s\n" % secret)
    bare = Ctl(own.master, ctl.directory, ["-t", "2"])
    assert read(bare.export("bare.json")) == read(admin.export("v3.json"))


def test_an_agent_that_does_not_answer_is_exit_1(ctl, own):
    path = ctl.write(document(p1={"scepServerTimeout": 60}))
    own.agent.stop()
    for words, options in ((["export"], []), (["import", path], []), (["import", path], ["-n"])):
        done = ctl.run(*words, options=options)
        assert done.returncode == 1 and "no such object" in done.stderr.lower(), done
    own.master.stop()
    done = ctl.run("import", path, options=["-r", "0", "-t", "0.3"])
    assert done.returncode == 1 and "no answer" in done.stderr, done


# --------------------------------------------------------------- bad files --

BAD = {
    "no JSON": "{", "a list": "[]", "nothing": "",
    "another format": {"format": 2, "module": "SCEP-CLIENT-MIB"},
    "another module": {"format": 1, "module": "IF-MIB"},
    "an unknown name": document(p1={"scepServerUrll": "x"}),
    "a scalar in a profile": document(p1={"scepNotifyExpiryDays": 3}),
    "a secret": document(p1={"scepAutoChallengePassword": "s3cret"}),
    "an action": document(p1={"scepServerCheck": "getCaCaps"}),
    "a request": document(p1={"scepRequestKeyName": "k"}),
    "a text for a number": document(p1={"scepServerTimeout": "30"}),
    "a number beyond its range": document(p1={"scepServerTimeout": 601}),
    "an unknown label": document(p1={"scepServerCipher": "rot13"}),
    "an unknown bit": document({"scepNotifyEnable": ["dinnerReady"]}),
    "no URL": document(p1={"scepServerUrl": "gopher:s3cret"}),
    "a long text": document(p1={"scepProfileName": "x" * 65}),
    "no date": document(p1={"scepAutoStartTime": "2031-02-30T00:00:00"}),
    "half an octet": document(p1={"scepServerCaFingerprint": "123"}),
    "a row that is to go": document(p1={"scepProfileRowStatus": "destroy"}),
    "profile 65": document(p65={}), "profile 01": document(p01={}),
    "twice the same": '{"format": 1, "module": "SCEP-CLIENT-MIB", "scalars": {},\n"scalars": {}}',
    "deep": "[" * 100000, "huge": " " * 2000000,
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_exit_2_and_nothing_is_sent(device, tmp_path, name):
    ctl = Ctl(device.master, tmp_path)
    content = BAD[name]
    lock = device.quick.get("scepAgentConfigSpinLock.0")
    text = content if isinstance(content, str) else json.dumps(content)
    done = ctl.run("import", "-", stdin=text)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.startswith("scepctl: ") and "s3cret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert device.quick.get("scepAgentConfigSpinLock.0") == lock


@pytest.mark.parametrize("values, names", [
    ({"scepServerCipher": "rot13"}, "one of auto, aes128Cbc, aes256Cbc, tripleDesCbc"),
    ({"scepAutoPeriodicUnit": 7.5},
     "one of minutes, hours, days, weeks, months, years"),
    ({"scepAutoKeyUsage": ["sign"]}, "a list of digitalSignature, nonRepudiation, "),
])
def test_a_bad_name_is_answered_with_the_good_ones(device, tmp_path, values, names):
    done = Ctl(device.master, tmp_path).run("import", "-", stdin=json.dumps(document(p1=values)))
    (name,) = values
    assert "scepctl: standard input: %s.1: must be %s" % (name, names) in done.stderr
