# SPDX-License-Identifier: Apache-2.0
"""scepctl, the administrator's tool: each command with a real device."""

import json
import os
import pty
import re
import subprocess

import pytest

from rig import program
from rig.crowd import Crowd, number, text
from rig.ctl import Ctl, document, scepctl
from rig.device import CHALLENGE
from rig.processes import scaled, wait_until
from rig.quick import wrap

PRINT = re.compile(r"^([0-9A-F]{2}:){31}[0-9A-F]{2}$")


@pytest.fixture
def agent(make_agent, tmp_path):
    place = "useLocation web tls key=%s/web.key cert=%s/web.pem" % (tmp_path, tmp_path)
    return make_agent(place).start()


@pytest.fixture
def ctl(own, tmp_path):
    return Ctl(own.master, tmp_path)


@pytest.fixture
def challenge(tmp_path):
    path = tmp_path / "challenge"
    path.write_text(CHALLENGE + "\n")
    return str(path)


def point(ctl, own, fingerprint=None):
    done = ctl.run("server", "Url=" + own.ca.url,
                   "cafingerprint=" + (own.ca.fingerprint if fingerprint is None else fingerprint))
    assert done.returncode == 0, done


def enrol(ctl, challenge, *words):
    return ctl.run("request", "KeyName=web", "CommonName=dev1.example.net", *words,
                   options=["--challenge-file", challenge])


def as_json(done):
    return json.loads(done.stdout)


# ------------------------------------------------------------ command line --


@pytest.mark.parametrize("words, hint", [
    (["stauts"], "did you mean status?"),
    (["import", "--dryrun"], "did you mean --dry-run?"),
    (["server", "Urll=http://a/"], "did you mean Url?"),
    (["server", "Cipher=rot13"], "one of auto, aes128Cbc"),
    (["server", "chekc"], "did you mean check?"),
    (["server", "check", "cap"], "did you mean caps?"),
    (["server", "Timeout=1", "timeout=2"], "given twice"),
    (["request", "ChallengePassword=s3cret"], "--challenge-file"),
    (["profile", "add", "65"], "1 to 64"),
    (["ca", "trust", "x"], "the number of a CA certificate"),
    (["keys", "verify"], "the index or the name of a key"),
    (["export", "--watch", "3"], "--watch is not for export"),
])
def test_what_is_misspelt_is_exit_2_with_a_hint_and_nothing_is_sent(ctl, own, words, hint):
    lock = own.quick.get("scepStatsSetRejects.0")
    done = ctl.run(*words)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert hint in done.stderr and "s3cret" not in done.stderr
    assert own.quick.get("scepStatsSetRejects.0") == lock
    assert own.quick.get("scepServerUrl.1") == ""


@pytest.mark.parametrize("command", [
    "status", "health", "request", "renew", "server", "timer", "profile", "keys", "ca", "use",
    "events", "diff"])
def test_no_answer_is_exit_3(ctl, own, command):
    own.agent.stop()
    words = ["127.0.0.1:%d" % ctl.port] if command == "diff" else []
    done = ctl.run(command, *words)
    assert done.returncode == 3, done
    assert "no such object" in (done.stdout if command == "health" else done.stderr)
    own.master.stop()
    done = ctl.run(command, *words, options=["-r", "0", "-t", "0.3"])
    assert done.returncode == 3 and "no answer" in done.stdout + done.stderr, done


def test_another_root_is_asked_where_it_is_named(ctl, own):
    done = ctl.run("status", options=["--root", "1.3.6.1.4.1.99999.1"])
    assert done.returncode == 3 and "no such object" in done.stderr
    assert ctl.run("status", options=["--root", "1.3.x"]).returncode == 2
    said = subprocess.run([scepctl(), "status", "--root=1.3.6.1.4.1.99999.1", "-V"],
                          capture_output=True, text=True, check=True)
    assert said.stdout.endswith(" at 1.3.6.1.4.1.99999.1\n")


# ----------------------------------------------------------------- request --


def test_a_request_shows_its_progress_to_the_end(ctl, own, challenge):
    point(ctl, own)
    done = enrol(ctl, challenge, "UseLocation=web")
    assert done.returncode == 0, done
    assert done.stdout.endswith(": successful\n") and CHALLENGE not in done.stdout + done.stderr
    screen = ctl.run("status").stdout
    assert "CN=dev1.example.net" in screen and "succeeded" in screen
    assert max(map(len, screen.splitlines())) <= 80
    (row,) = [k for k in as_json(ctl.run("keys", options=["--json"]))["keys"]
              if k["Name"] == "web"]
    assert row["InService"] is True and PRINT.match(row["Fingerprint"])
    assert "web" in ctl.run("use").stdout


def test_a_failed_request_is_exit_1_with_detail_and_text(ctl, own, tmp_path):
    point(ctl, own)
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    done = enrol(ctl, str(wrong))
    assert done.returncode == 1, done
    row = own.status(own.quick.get("scepRequestStatusIndex.1"))
    assert "failed: %s: %s" % (row["Detail"], row["Text"]) in done.stderr
    assert "%s\n" % row["Text"] in ctl.run("events").stdout
    health = ctl.run("health")
    assert health.returncode == 1 and health.stdout.startswith("SCEP WARNING: ")
    assert len(health.stdout.splitlines()) == 1


def test_a_refused_request_is_exit_2_with_the_reason_of_the_device(ctl, own):
    done = ctl.run("request", "KeyName=a", "CommonName=b")
    assert done.returncode == 2, done
    (row,) = own.quick.table("scepRefusalTable").values()
    assert "%s: %s (%s)" % (row["Object"], row["Error"], row["Reason"]) in done.stderr
    assert row["Reason"] in ctl.run("events").stdout


def test_a_request_goes_on_when_its_CA_is_trusted(ctl, own, challenge):
    point(ctl, own, "")
    done = ctl.run("request", "KeyName=web", "CommonName=d.example.net",
                   options=["--challenge-file", challenge, "--wait", "1"])
    assert done.returncode == 1 and "it goes on" in done.stderr
    (number,) = re.findall(r"trust (\d+) ", done.stdout)
    print_ = own.ca.fingerprint.upper()
    whole = ":".join(print_[i:i + 2] for i in range(0, 64, 2))
    assert "sha256 Fingerprint=" + whole in done.stdout
    assert whole in ctl.run("ca").stdout
    assert ctl.run("ca", "trust", number).returncode == 0
    own.wait_end(own.quick.get("scepRequestStatusIndex.1"))
    assert as_json(ctl.run("ca", options=["--json"]))["cas"][0]["Trust"] == "trusted"


def test_a_request_is_not_waited_for_if_so_asked(ctl, own, challenge):
    point(ctl, own)
    done = ctl.run("request", "KeyName=web", "CommonName=d.example.net",
                   options=["--no-wait", "--json", "--challenge-file", challenge])
    assert done.returncode == 0
    assert own.wait_end(as_json(done)["statusIndex"])["State"] == "successful"


def talk(ctl, command, answers):
    """Runs it on a terminal; answers: [(prompt, answer)].  Returns all that was
    seen, and the exit code."""
    leader, terminal = pty.openpty()
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal,
                               env=ctl.environment())
    os.close(terminal)
    seen = b""
    for prompt, answer in answers:
        while not seen.endswith(prompt.encode()):
            seen += os.read(leader, 1000)
        os.write(leader, answer.encode() + b"\n")
    while True:
        try:
            seen += os.read(leader, 1000)
        except OSError:
            break
    os.close(leader)
    return seen.decode(), process.wait(timeout=scaled(30))


def test_a_challenge_is_asked_for_without_an_echo(ctl, own):
    point(ctl, own)
    command = ctl.command("request", "KeyName=web", "CommonName=d.example.net",
                          options=["--challenge-file", "-"])
    seen, code = talk(ctl, command, [("Challenge password: ", CHALLENGE)])
    assert code == 0 and CHALLENGE not in seen and "successful" in seen, seen


def test_a_request_without_a_value_asks_for_them(ctl, own):
    point(ctl, own)
    seen, code = talk(ctl, ctl.command("request"), [
        ("KeyName (empty: as it is): ", "asked"),
        ("CommonName (empty: as it is): ", "d.example.net"),
        ("SubjectAltName (empty: as it is): ", "rubbish"),
        ("SubjectAltName (empty: as it is): ", ""), ("UseLocation (empty: as it is): ", "web"),
        ("Challenge password (empty: none): ", CHALLENGE)])
    assert code == 0 and CHALLENGE not in seen, seen
    (key,) = own.keys().values()
    assert (key["Name"], key["UseLocation"]) == ("asked", "web")


# ------------------------------------------------------------------- renew --


def test_a_certificate_is_renewed_by_name_by_index_and_by_issuer(ctl, own, challenge):
    point(ctl, own)
    enrol(ctl, challenge)
    (first,) = own.keys()
    for words, options in ((["web"], []), ([], ["--issuer", "scepagent TEST"])):
        done = ctl.run("renew", *words, options=options)
        assert done.returncode == 0 and "renewed" in done.stdout, done
    assert len(own.keys()) == 3
    assert "no certificate" in ctl.run("renew", options=["--issuer", "nobody"]).stdout
    done = ctl.run("renew", "wbe")
    assert done.returncode == 2 and "did you mean web?" in done.stderr
    assert ctl.run("renew", str(first)).returncode in (0, 2)


# ---------------------------------------------------------------- settings --


def test_a_server_is_shown_set_and_checked(ctl, own):
    point(ctl, own)
    done = ctl.run("server", "check")
    assert done.returncode == 0 and "postPkiOperation" in done.stdout, done
    shown = ctl.run("server").stdout
    assert 'Url="%s"\n' % own.ca.url in shown and "Timeout=30\n" in shown
    own.ca.stop()
    done = ctl.run("server", "check", "caps")
    assert done.returncode == 1 and "check caps: commError" in done.stderr, done


def test_a_timer_is_set_and_switched(ctl, own, challenge):
    done = ctl.run("timer", "on")
    assert done.returncode == 2 and "scepServerUrl is empty" in done.stderr
    point(ctl, own)
    done = ctl.run("timer", "KeyName=t", "CommonName=t.example.net", "KeyUsage=digitalSignature",
                   "StartTime=2099-01-31 02:00", options=["--challenge-file", challenge])
    assert done.returncode == 0, done
    assert ctl.run("timer", "on").returncode == 0
    assert own.quick.get("scepAutoEnable.1") == "true"
    assert own.quick.get("scepAutoKeyUsage.1") == {"digitalSignature"}
    assert as_json(ctl.run("timer", options=["--json"]))["timer"]["StartTime"].startswith(
        "2099-01-31T02:00:00")
    assert ctl.run("timer", "off").returncode == 0
    assert own.quick.get("scepAutoEnable.1") == "false"


def test_a_profile_is_added_named_and_removed(ctl, own):
    assert ctl.run("profile", "add", "3", "Name=ipp").returncode == 0
    assert "ipp" in ctl.run("profile").stdout
    assert ctl.run("server", "Timeout=31", options=["-p", "3"]).returncode == 0
    assert own.quick.get("scepServerTimeout.3") == 31
    assert ctl.run("profile", "remove", "3").returncode == 0
    assert sorted(own.quick.table("scepProfileTable")) == [1]
    assert ctl.run("profile", "remove", "1").returncode == 2


def test_keys_are_deployed_verified_and_removed(ctl, own, challenge):
    point(ctl, own)
    enrol(ctl, challenge)
    done = ctl.run("keys", "deploy", "web")
    assert done.returncode == 2 and "AssignTo=" in done.stderr
    assert ctl.run("keys", "deploy", "web", "AssignTo=web").returncode == 0
    assert "verified" in ctl.run("keys", "verify", "web").stdout
    done = ctl.run("keys", "remove", "web")
    assert done.returncode == 2 and "scepKeyRowStatus" in done.stderr
    enrol(ctl, challenge, "UseLocation=web")
    (spare,) = [i for i, k in own.keys().items() if not k["UseLocation"]]
    assert ctl.run("keys", "remove", str(spare)).returncode == 0
    assert spare not in own.keys()


def test_two_devices_are_compared(ctl, own):
    agent = "127.0.0.1:%d" % ctl.port
    done = ctl.run("diff", agent)
    assert (done.returncode, done.stdout) == (0, ""), done
    crowd = Crowd(own.quick.walk("scepClientMIB"), 1)
    own.quick.set(scepServerTimeout=77)
    own.quick.set(("scepProfileRowStatus.9", "createAndGo"))
    try:
        other = Ctl(own.master, ctl.directory, port=int(crowd.agents[0].split(":")[1]))
        done = other.run("diff", agent)
        turned = ctl.run("diff", crowd.agents[0], options=["--json"])
    finally:
        crowd.close()
    assert done.returncode == turned.returncode == 1, (done, turned)
    assert "scepServerTimeout.1: 30 -> 77\n" in done.stdout
    assert "scepProfileRowStatus.9: (none) -> active\n" in done.stdout
    found = {d["object"]: (d["first"], d["second"]) for d in as_json(turned)["differences"]}
    assert found["scepServerTimeout.1"] == ("77", "30")
    assert found["scepProfileRowStatus.9"] == ("active", "(none)")


def test_a_dry_run_predicts_a_refusal_of_the_device(ctl, own):
    path = ctl.write(document(p1={"scepServerTimeout": 60, "scepAutoEnable": True}))
    done = ctl.run("import", path, options=["-n"])
    assert done.returncode == 1 and "scepServerTimeout.1: 30 -> 60\n" in done.stdout, done
    assert "would refuse it: scepAutoEnable.1: scepServerUrl is empty" in done.stderr
    # And it is right.
    assert "scepAutoEnable.1" in ctl.run("import", path).stderr
    assert own.quick.get("scepServerTimeout.1") == 30


# ------------------------------------------------------------------ safety --


def test_what_a_device_answers_cannot_command_a_terminal(ctl, own):
    oid = program.number("scepAgentHealthText.0")
    walked = own.quick.walk("scepClientMIB")
    crowd = Crowd(walked, 1, changed={0: {oid: text("\033[31mred\n|x")}})
    try:
        for command in ("status", "health"):
            done = subprocess.run(
                [scepctl(), command, "-v2c", "-c", "x", crowd.agents[0]], text=True,
                capture_output=True, timeout=scaled(30), env=ctl.environment())
            assert done.returncode == 0 and "\033" not in done.stdout, done
            assert "\\u001b[31mred\\u000a" in done.stdout
    finally:
        crowd.close()


def test_the_status_has_80_columns_whatever_a_device_answers(ctl, own):
    walked = own.quick.walk("scepClientMIB")
    changed = {}
    for oid, tag, value in walked:
        item, _ = program.item_of(oid)
        if isinstance(value, bytes) and item.type == "SnmpAdminString":
            changed[oid] = text("word " * 12)
    for table in ("Summary", "Key"):
        changed[program.number("scep%sSecondsLeft.1" % table)] = number(7139)
    changed[program.number("scepSummaryKeyIndex.1")] = wrap(0x42, b"\x01")
    changed[program.number("scepSummaryNextRequestIn.1")] = number(7139)
    changed[program.number("scepSummaryLastResult.1")] = number(3)
    changed[program.number("scepSummaryLastTime.1")] = text("\x07\x0e\x05\x06\x07\x08\x09\x00")
    changed[program.number("scepKeyInService.1")] = number(1)
    changed[program.number("scepAgentRestartPending.0")] = number(1)
    crowd = Crowd(walked, 1, changed={0: changed})
    try:
        other = Ctl(own.master, ctl.directory, port=int(crowd.agents[0].split(":")[1]))
        done = other.run("status")
    finally:
        crowd.close()
    assert done.returncode == 0, done
    assert max(map(len, done.stdout.splitlines())) <= 80, done.stdout
    assert "118 minutes" in done.stdout and "word" in done.stdout


def test_a_watch_shows_the_device_again(ctl, own):
    process = ctl.begin("status", options=["--watch", "1"])
    seen = []
    wait_until(lambda: seen.append(process.stdout.readline()) or
               sum("Health:" in line for line in seen) == 2, 20, "the second screen")
    process.terminate()
    process.communicate(timeout=scaled(10))


def test_it_speaks_SNMPv3_and_says_what_is_wrong_with_the_user(ctl, own):
    admin = Ctl(own.master, ctl.directory, own.master.admin.credentials)
    assert admin.run("status").returncode == 0
    assert admin.run("server", "Timeout=33").returncode == 0
    words = [w if w != own.master.secrets["admin"] else "another-passphrase"
             for w in own.master.admin.credentials]
    done = Ctl(own.master, ctl.directory, words).run("status", options=["-r", "0"])
    assert done.returncode == 3 and "uthentication failure" in done.stderr, done
    assert "another-passphrase" not in done.stderr


# -------------------------------------------------------------- completion --

COMPLETION = os.path.join(os.path.dirname(__file__), "..", "..", "contrib",
                          "scepctl.bash-completion")


@pytest.mark.parametrize("words, wanted", [
    (["st"], "status"), (["timer", "h", "o"], "on off"),
    (["server", "h", "CaF"], "CaFingerprint="), (["request", "--ch"], "--challenge-file"),
    (["server", "h", "ch"], "check"), (["export", "--wat"], ""),
])
def test_bash_completes_what_the_help_lists(words, wanted):
    line = ["scepctl"] + words
    script = ". %s; COMP_WORDS=(%s); COMP_CWORD=%d; _scepctl; echo ${COMPREPLY[@]}" % (
        COMPLETION, " ".join([scepctl()] + words), len(line) - 1)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == wanted, done
