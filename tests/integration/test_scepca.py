# SPDX-License-Identifier: Apache-2.0
"""The tests' own CA, checked by programs that share no code with it: the
scepclient of micromdm, the openssl command, and a small client."""

import datetime
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from scepca import TestCA  # noqa: E402
from scepca.behaviour import SETTINGS  # noqa: E402
from scepca.client import Client, Party, Reply, name_of  # noqa: E402
from scepca.control import CAError  # noqa: E402
from scepca.deadline import scaled, wait_until  # noqa: E402
from scepca.nursery import PYTHON  # noqa: E402
from scepca.transport import TRANSPORTS  # noqa: E402

DER = serialization.Encoding.DER
PEM = serialization.Encoding.PEM
SUCCESS, FAILURE, PENDING = "0", "2", "3"


@pytest.fixture(scope="module")
def device():
    return Party("device")


@pytest.fixture
def start(tmp_path):
    """start(**behaviour) gives a running CA; all end with the test."""
    running = []

    def begin(**behaviour):
        ca = TestCA(tmp_path / ("ca%d" % len(running)), **behaviour)
        ca.start()
        running.append(ca)
        return ca

    yield begin
    for ca in running:
        ca.stop()
        assert Path(ca.errors).read_text() == "", "the CA itself failed"


def openssl(*words, **kw):
    words = [str(word) for word in words]
    return subprocess.run(["openssl", *words], capture_output=True, timeout=scaled(20), **kw)


def scepclient(ca, directory, *words):
    directory.mkdir(exist_ok=True)
    command = ["scepclient", "-server-url", ca.url, "-cn", "device"]
    command += ["-private-key", "key.pem", "-certificate", "cert.pem", *words]
    return subprocess.run(command, cwd=directory, capture_output=True, timeout=scaled(30))


def enrolled(ca, party, transaction_id, **wanted):
    client = Client(ca.url)
    authority = client.ca_certificates()[0]
    return client.enrol(party, transaction_id, authority, **wanted), client, authority


def numbers(holder):
    """The public numbers of a certificate's or a private key's key."""
    return holder.public_key().public_numbers()


# scepclient 2.1.0 always encrypts its request with DES, whatever is offered.
WITH_DES = {"accept_ciphers": ["aes128", "3des", "des"]}


# ------------------------------------------------------------------ honest path


def test_scepclient_enrols_and_openssl_accepts_the_chain(start, tmp_path):
    ca = start(challenge="open sesame", **WITH_DES)
    done = scepclient(ca, tmp_path / "c", "-challenge", "open sesame")
    assert done.returncode == 0, done.stderr
    leaf = tmp_path / "c" / "cert.pem"
    checked = openssl("verify", "-CAfile", ca.ca_file, leaf)
    assert checked.returncode == 0, checked.stderr
    of_key = openssl("pkey", "-in", tmp_path / "c" / "key.pem", "-pubout")
    of_leaf = openssl("x509", "-in", leaf, "-noout", "-pubkey")
    assert of_key.stdout == of_leaf.stdout != b""
    assert [each["pem"] for each in ca.issued()] == [leaf.read_text()]


def test_scepclient_with_a_wrong_challenge_gets_bad_request(start, tmp_path):
    ca = start(challenge="open sesame", **WITH_DES)
    done = scepclient(ca, tmp_path / "c", "-challenge", "open barley")
    assert done.returncode != 0
    assert b"badRequest (2)" in done.stdout + done.stderr
    assert ca.issued() == []
    assert ca.log(outcome="failed")[0]["challenge_ok"] is False


def test_the_log_tells_all_but_the_challenge(start, device):
    ca = start(challenge="a very secret word")
    reply, client, _ = enrolled(
        ca, device, "t1", challenge="a very secret word", dns="device.example"
    )
    assert reply.one("pkiStatus") == SUCCESS
    text = Path(ca.directory, "log.jsonl").read_text()
    assert "a very secret word" not in text + json.dumps(ca.state())
    (entry,) = ca.log(message="PKCSReq")
    assert entry["challenge_present"] and entry["challenge_ok"]
    assert entry["csr_san"] == ["DNS:device.example"]
    assert entry["sender_nonce"] == client.nonce.hex()
    assert entry["cipher"] == "aes128" and entry["digest"] == "sha256"
    assert entry["serial"] == ca.issued()[0]["serial"]
    assert entry["csr_key_sha256"] == entry["signer_key_sha256"]
    assert entry["notes"] == []


def test_the_log_shows_one_connection_kept_alive(start, device):
    ca = start()
    enrolled(ca, device, "t1")
    entries = ca.log()
    assert len({entry["peer_port"] for entry in entries}) == 1
    assert [entry["request_on_connection"] for entry in entries] == [1, 2]


@pytest.mark.parametrize(
    "cipher, digest", [("aes128", "sha256"), ("aes256", "sha512"), ("3des", "sha1")]
)
def test_openssl_verifies_and_opens_the_reply(start, tmp_path, device, cipher, digest):
    ca = start(cipher=cipher, digest=digest)
    reply, _, _ = enrolled(ca, device, "t1")
    paths = {name: tmp_path / name for name in ("reply", "inner", "key", "cert", "p7")}
    paths["reply"].write_bytes(reply.raw)
    paths["cert"].write_bytes(device.certificate.public_bytes(PEM))
    paths["key"].write_bytes(
        device.key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    verified = openssl(
        "cms", "-verify", "-inform", "DER", "-in", paths["reply"], "-binary",
        "-CAfile", ca.ca_file, "-purpose", "any", "-out", paths["inner"],
    )
    assert verified.returncode == 0, verified.stderr
    opened = openssl(
        "cms", "-decrypt", "-inform", "DER", "-in", paths["inner"], "-binary",
        "-recip", paths["cert"], "-inkey", paths["key"], "-out", paths["p7"],
    )
    assert opened.returncode == 0, opened.stderr
    listed = openssl("pkcs7", "-inform", "DER", "-in", paths["p7"], "-print_certs")
    assert listed.stdout.count(b"BEGIN CERTIFICATE") == 2
    shown = openssl("cms", "-cmsout", "-print", "-inform", "DER", "-in", paths["reply"])
    assert digest.encode() in shown.stdout


def test_the_order_in_the_reply_is_as_asked(start, device):
    ca = start()
    for leaf_first, index in ((True, 0), (False, 1)):
        ca.control(leaf_first=leaf_first)
        reply, _, _ = enrolled(ca, device, "t%d" % index)
        subjects = [each.subject for each in reply.certificates(device)]
        assert subjects.index(device.name) == index


def test_a_request_by_get_is_answered_and_a_bare_plus_is_noted(start, device):
    ca = start()
    client = Client(ca.url)
    authority = client.ca_certificates()[0]
    body = client.send(device, 19, "t1", device.csr(), authority, by_get=True)
    assert Reply(body).one("pkiStatus") == SUCCESS
    assert ca.log(transaction_id="t1")[0]["notes"] == []
    assert ca.log(transaction_id="t1")[0]["method"] == "GET"
    client.connection.request("GET", "/scep?operation=PKIOperation&message=MAA=")
    assert client.connection.getresponse().status == 400


def test_pending_survives_a_kill_of_the_ca_and_is_then_issued(start, device):
    ca = start(pending=3)
    reply, client, authority = enrolled(ca, device, "t1")
    assert reply.one("pkiStatus") == PENDING and reply.content is None
    assert client.poll(device, "t1", authority).one("pkiStatus") == PENDING
    ca.kill()
    ca.start()
    client = Client(ca.url)
    assert client.poll(device, "t1", authority).one("pkiStatus") == PENDING
    reply = client.poll(device, "t1", authority)
    assert reply.one("pkiStatus") == SUCCESS
    assert numbers(reply.certificates(device)[0]) == numbers(device.key)
    assert len(ca.issued()) == 1


def test_pending_for_ever_ends_with_release(start, device):
    ca = start(pending="forever")
    reply, client, authority = enrolled(ca, device, "t1")
    assert client.poll(device, "t1", authority).one("pkiStatus") == PENDING
    ca.release("another")
    assert client.poll(device, "t1", authority).one("pkiStatus") == PENDING
    ca.release("t1")
    assert client.poll(device, "t1", authority).one("pkiStatus") == SUCCESS


def test_a_poll_must_fit_its_transaction(start, device):
    ca = start(pending="forever")
    _, client, authority = enrolled(ca, device, "t1")
    assert client.poll(device, "t2", authority).one("failInfo") == "4"
    assert client.poll(Party("device"), "t1", authority).one("failInfo") == "1"


def test_a_resent_request_gets_the_same_certificate(start, device):
    ca = start()
    first, _, _ = enrolled(ca, device, "t1")
    ca.restart()
    second, _, _ = enrolled(ca, device, "t1")
    assert first.certificates(device) == second.certificates(device)
    assert [e["outcome"] for e in ca.log(message="PKCSReq")] == ["issued", "repeated"]
    assert len(ca.issued()) == 1
    third, _, _ = enrolled(ca, Party("device"), "t1")
    assert third.one("failInfo") == "2"


@pytest.mark.parametrize("scripted, wire", [*((n, str(n)) for n in range(5)),
                                            ("other", "99"), ("absent", None)])
def test_a_scripted_failure_has_its_fail_info_and_text(start, device, scripted, wire):
    ca = start(fail_info=scripted, fail_info_text="Nein, danke \u2603")
    reply, _, _ = enrolled(ca, device, "t1")
    assert reply.one("pkiStatus") == FAILURE and reply.content is None
    assert reply.one("failInfo") == wire
    assert reply.one("failInfoText") == "Nein, danke \u2603"
    assert ca.issued() == []


def test_a_one_time_challenge_is_spent_by_its_first_use(start, device):
    ca = start(challenge="once", one_time_challenge=True)
    statuses = []
    for transaction_id in ("t1", "t2"):
        reply, _, _ = enrolled(ca, device, transaction_id, challenge="once")
        statuses.append(reply.one("pkiStatus"))
    assert statuses == [SUCCESS, FAILURE]


# -------------------------------------------------------- renewal, GetCert, CRL


def renewing(ca, old, transaction_id="r1", **wanted):
    """A RenewalReq for a new key, signed with the old one."""
    client = Client(ca.url)
    authority = client.ca_certificates()[0]
    new = Party("device")
    plain = new.csr(**wanted)
    return Reply(client.send(old, 17, transaction_id, plain, authority)), new


def test_a_renewal_must_be_signed_by_a_certificate_of_this_ca(start):
    ca = start(challenge="only for the first")
    old = Party("device")
    refused, _ = renewing(ca, old)
    assert refused.one("failInfo") == "1"
    first, _, _ = enrolled(ca, old, "t1", challenge="only for the first")
    old.certificate = first.certificates(old)[0]
    reply, new = renewing(ca, old, "r2")
    assert reply.one("pkiStatus") == SUCCESS
    assert numbers(reply.certificates(old)[0]) == numbers(new.key)
    ca.control(renewal="refuse")
    refused, _ = renewing(ca, old, "r3")
    assert refused.one("failInfo") == "2"


def test_get_cert_and_get_crl_give_what_openssl_can_read(start, tmp_path, device):
    ca = start()
    reply, client, authority = enrolled(ca, device, "t1")
    leaf = reply.certificates(device)[0]
    named = name_of(leaf.public_bytes(DER))
    content = cms.IssuerAndSerialNumber(named).dump()
    found = Reply(client.send(device, 21, "g1", content, authority))
    assert found.certificates(device)[0] == leaf
    ca.revoke("%x" % leaf.serial_number)
    listed = Reply(client.send(device, 22, "g2", content, authority))
    inner = cms.ContentInfo.load(listed.open(device))["content"]
    crl = tmp_path / "crl.der"
    crl.write_bytes(inner["crls"][0].chosen.dump())
    checked = openssl("crl", "-in", crl, "-CAfile", ca.ca_file, "-text", "-noout")
    assert b"verify OK" in checked.stderr, checked.stderr
    assert b"%X" % leaf.serial_number in checked.stdout
    named["serial_number"] = 1
    content = cms.IssuerAndSerialNumber(named).dump()
    missing = Reply(client.send(device, 21, "g3", content, authority))
    assert missing.one("failInfo") == "4"
    assert [e["outcome"] for e in ca.log()[-3:]] == ["found", "crl", "failed"]


def test_the_next_ca_is_signed_by_the_present_one(start, tmp_path):
    ca = start()
    client = Client(ca.url)
    assert client.fetch("GetNextCACert")[0] == 404
    ca.control(next_ca=True)
    assert b"GetNextCACert" in client.fetch("GetCACaps")[2]
    status, kind, body = client.fetch("GetNextCACert")
    assert (status, kind) == (200, "application/x-x509-next-ca-cert")
    message = tmp_path / "next.der"
    message.write_bytes(body)
    words = ["cms", "-verify", "-inform", "DER", "-in", message, "-binary"]
    words += ["-CAfile", ca.ca_file, "-purpose", "any"]
    assert openssl(*words).returncode == 0
    ca.control(next_ca="stranger")
    message.write_bytes(client.fetch("GetNextCACert")[2])
    assert openssl(*words).returncode != 0


# ------------------------------------------------------------------- CA and RAs


def test_two_ras_share_the_work_below_an_intermediate_ca(start, tmp_path, device):
    ca = start(ra="two", chain=True)
    client = Client(ca.url)
    found = {each.subject.rfc4514_string(): each for each in client.ca_certificates()}
    by_name = {name.split(",")[0][3:]: each for name, each in found.items()}
    assert len(by_name) == 4
    root, sub = by_name["scepagent test CA root"], by_name["scepagent test CA"]
    for each in by_name.values():
        (tmp_path / "leaf.pem").write_bytes(each.public_bytes(PEM))
        (tmp_path / "root.pem").write_bytes(root.public_bytes(PEM))
        (tmp_path / "sub.pem").write_bytes(sub.public_bytes(PEM))
        checked = openssl(
            "verify", "-CAfile", tmp_path / "root.pem", "-untrusted",
            tmp_path / "sub.pem", tmp_path / "leaf.pem",
        )
        assert checked.returncode == 0, checked.stderr
    reply = client.enrol(device, "t1", by_name["scepagent test RA encryption"])
    assert reply.is_signed_by(by_name["scepagent test RA signing"])
    assert ca.log(transaction_id="t1")[0]["notes"] == []
    assert sub.fingerprint(hashes.SHA256()).hex() == ca.fingerprint


@pytest.mark.parametrize("form, begins", [("der", b"\x30"), ("p7", b"\x30"),
                                          ("pem", b"-----BEGIN CERT")])
def test_get_ca_cert_comes_in_each_form(start, form, begins):
    ca = start(cacert=form)
    _, kind, body = Client(ca.url).fetch("GetCACert")
    assert body.startswith(begins)
    assert kind.endswith("ra-cert") == (form == "p7")


@pytest.mark.parametrize("variant, word", [("expired", b"expired"),
                                           ("future", b"not yet valid"),
                                           ("not_ca", b"invalid CA")])
def test_a_faulty_ca_is_refused_by_openssl(start, tmp_path, device, variant, word):
    ca = start(authority=variant)
    reply, _, _ = enrolled(ca, device, "t1")
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(reply.certificates(device)[0].public_bytes(PEM))
    checked = openssl("verify", "-CAfile", ca.ca_file, leaf)
    assert word in checked.stderr


def test_a_ca_exchanged_meanwhile_still_reads_what_was_for_the_old_one(start, device):
    ca = start(pending="forever")
    _, client, old = enrolled(ca, device, "t1")
    ca.control(authority="other", ra="expired", pending=None)
    assert ca.fingerprint != old.fingerprint(hashes.SHA256()).hex()
    reply = client.poll(device, "t1", old)
    assert reply.one("pkiStatus") == SUCCESS
    (registrar,) = reply.enclosed
    assert reply.is_signed_by(registrar) and not reply.is_signed_by(old)
    assert registrar.not_valid_after < datetime.datetime.utcnow()
    assert "encrypted to main" in ca.log(message="CertPoll")[0]["notes"]


def test_weak_algorithms_are_declared_in_the_reply(start, device):
    ca = start(digest="md5")
    for cipher, named in (("des", "des"), ("rc2", "rc2")):
        ca.control(cipher=cipher)
        reply, _, _ = enrolled(ca, device, cipher)
        content = reply.envelope()["encrypted_content_info"]
        algorithm = content["content_encryption_algorithm"]["algorithm"].native
        assert algorithm == named
        assert reply.infos[0]["digest_algorithm"]["algorithm"].native == "md5"


def test_a_request_against_the_rules_is_noted_and_refused_where_strict(start, device):
    ca = start(strict=True)
    assert enrolled(ca, device, "t1")[0].one("pkiStatus") == SUCCESS
    client = Client(ca.url)
    authority = client.ca_certificates()[0]
    signer = Party("another")
    plain = device.csr()
    body = client.send(signer, 19, "t2", plain, authority)
    assert Reply(body).one("pkiStatus") == FAILURE
    ca.control(strict=False)
    body = client.send(signer, 19, "t3", plain, authority)
    assert Reply(body).one("pkiStatus") == SUCCESS
    assert ca.log(transaction_id="t3")[0]["notes"] == [
        "the signer has another subject than the request",
        "the signer has another key than the request",
    ]


# ------------------------------------------------------------------------- HTTP


def test_an_http_status_is_given_as_often_as_asked(start, device):
    ca = start(http_status={"PKIOperation": {"value": 503, "times": 2}})
    client = Client(ca.url)
    authority = client.ca_certificates()[0]
    for _ in range(2):
        with pytest.raises(OSError, match="503"):
            client.enrol(device, "t1", authority)
    assert client.enrol(device, "t1", authority).one("pkiStatus") == SUCCESS
    assert [e["http_status"] for e in ca.log(message="PKCSReq")] == [503, 503, 200]


def test_bodies_types_redirects_and_dates_are_as_scripted(start):
    ca = start(
        body={"GetCACert": "PGh0bWw+"},
        content_type={"GetCACert": "text/html"},
        caps="aes\r\n\r\n garbage \n",
        redirect={"GetNextCACert": "self"},
        next_ca=True,
        date=86400 * 365,
    )
    client = Client(ca.url)
    assert client.fetch("GetCACert") == (200, "text/html", b"<html>")
    assert client.fetch("GetCACaps")[2] == b"aes\r\n\r\n garbage \n"
    client.connection.request("GET", "/scep?operation=GetNextCACert")
    response = client.connection.getresponse()
    assert response.status == 302 and response.read() is not None
    assert int(response.getheader("Date").split()[3]) > time.gmtime().tm_year
    location = response.getheader("Location")
    client.connection.request("GET", location[len(ca.base):])
    assert client.connection.getresponse().status == 200


def test_a_body_is_cut_or_lengthened(start):
    ca = start()
    client = Client(ca.url)
    whole = client.fetch("GetCACert")[2]
    ca.control(truncate={"GetCACert": -1})
    assert client.fetch("GetCACert")[2] == whole[:-1]
    ca.control(truncate=None, trailing={"*": 3})
    assert client.fetch("GetCACert")[2] == whole + b"\0\0\0"


def test_a_delayed_poll_is_logged_before_it_is_answered(start, device):
    ca = start(pending="forever", delay={"CertPoll": 0.4})
    _, client, authority = enrolled(ca, device, "t1")
    client.poll(device, "t1", authority)
    (entry,) = ca.log(message="CertPoll")
    assert entry["delay"] == 0.4
    assert entry["time"] + 0.4 <= time.time()
    ca.control(delay={"GetCACaps": 60})
    client.connection.request("GET", "/scep?operation=GetCACaps")
    ca.wait_log(operation="GetCACaps")


@pytest.mark.parametrize(
    "when, received", [("before", b""), ("after", b"HTTP/1.1 200")]
)
def test_a_hanging_ca_still_ends_at_once(start, when, received):
    ca = start(hang={"GetCACaps": when})
    with socket.create_connection(("127.0.0.1", ca.port), timeout=scaled(10)) as link:
        link.sendall(b"GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n\r\n")
        ca.wait_log(operation="GetCACaps")
        started = time.monotonic()
        ca.stop()
        assert time.monotonic() - started < scaled(2)
        assert link.recv(12) == received


def raw_answer(ca):
    """Returns what the CA sends to one GetCACert in a second, or the first 2 MB of it,
    and how it ends."""
    deadline = time.monotonic() + scaled(1)
    with socket.create_connection(("127.0.0.1", ca.port), timeout=scaled(1)) as link:
        link.sendall(b"GET /scep?operation=GetCACert HTTP/1.1\r\nHost: x\r\n\r\n")
        data = b""
        try:
            while len(data) < 2 << 20:
                link.settimeout(max(deadline - time.monotonic(), 0.01))
                piece = link.recv(65536)
                if not piece:
                    return data, "closed"
                data += piece
        except ConnectionResetError:
            return data, "reset"
        except socket.timeout:
            return data, "open"
    return data, "more"


def missing(data, body):
    """Returns the part of the body that has not come yet."""
    come = data.partition(b"\r\n\r\n")[2]
    assert body.startswith(come)
    return body[len(come):]


# The signs of each fault at the other end of a socket.
TRANSPORT_SIGNS = {
    "hang_before": lambda data, body, end: data == b"" and end == "open",
    "hang_after": lambda data, body, end: data.endswith(b"\r\n\r\n") and end == "open",
    "hang_half_way": lambda d, b, end: d.endswith(b[: len(b) // 2]) and end == "open",
    "trickle": lambda d, b, end: 1 < len(b) - len(missing(d, b)) < len(b) and end == "open",
    "reset": lambda data, body, end: data == b"" and end == "reset",
    "close": lambda data, body, end: data == b"" and end == "closed",
    "close_after": lambda d, b, end: d.endswith(b) and b"Connection: close" in d,
    "no_length": lambda d, b, end: d.endswith(b) and b"Length" not in d,
    "short_body": lambda d, b, end: d.endswith(b[:-10]) and end == "closed",
    "chunked": lambda d, b, end: b"\r\n64\r\n" in d and d.endswith(b"\r\n0\r\n\r\n"),
    "bad_chunk": lambda d, b, end: b"\r\n\r\nzz\r\n" in d,
    "two_lengths": lambda d, b, end: d.count(b"Content-Length: ") == 2,
    "header_flood": lambda d, b, end: d.count(b"X-Flood-") == 20000,
    "huge_body": lambda d, b, end: b"Length: 104857600" in d and end == "more",
    "gzip_bomb": lambda d, b, end: b"Encoding: gzip" in d and len(d) > 90000,
    "gzip_answer": lambda d, b, end: b"Encoding: gzip" in d and len(d) < 2000,
    "not_http": lambda d, b, end: d == b,
}


def test_each_transport_fault_shows_on_the_wire(start):
    assert set(TRANSPORT_SIGNS) == set(TRANSPORTS)
    ca = start()
    body = Client(ca.url).fetch("GetCACert")[2]
    for name, shows in TRANSPORT_SIGNS.items():
        ca.control(transport={"GetCACert": name})
        data, end = raw_answer(ca)
        assert shows(data, body, end), (name, end, data[:200])


# ------------------------------------------------------------- life and control


def test_the_ca_listens_on_loopback_only(tmp_path):
    with pytest.raises(CAError, match="not a loopback address"):
        TestCA(tmp_path / "ca", listen="0.0.0.0").start()


def test_a_misspelt_setting_is_refused_and_changes_nothing(start):
    ca = start(pending=1)
    with pytest.raises(CAError, match="no such setting: pendign"):
        ca.control(pending=2, pendign=3)
    with pytest.raises(CAError, match="no such operation: GetCaps"):
        ca.control(delay={"GetCaps": 1})
    with pytest.raises(CAError, match="one of"):
        ca.control(ra="three")
    assert ca.state()["behaviour"] == {"pending": 1}


def test_the_ca_does_not_outlive_a_killed_test(tmp_path):
    script = (
        "import sys, time; sys.path.insert(0, %r); from scepca import TestCA\n"
        "ca = TestCA(%r); ca.start(); print(ca.process.pid, flush=True)\n"
        "sys.stdin.read()" % (str(TESTS), str(tmp_path / "ca"))
    )
    parent = subprocess.Popen(
        [PYTHON, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child = int(parent.stdout.readline())
    os.kill(child, 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    wait_until(lambda: is_gone(child), 5, "end of the CA")


def is_gone(pid):
    """True also for a zombie: who reaps an orphan is not our business."""
    try:
        state = Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_the_same_directory_gives_the_same_ca(start):
    ca = start()
    before = ca.fingerprint, ca.port
    ca.restart()
    assert (ca.fingerprint, ca.port) == before
    pem = x509.load_pem_x509_certificate(Path(ca.ca_file).read_bytes())
    assert pem.fingerprint(hashes.SHA256()).hex() == ca.fingerprint


def test_the_readme_has_a_row_for_every_setting_and_fault():
    text = (TESTS / "scepca" / "README.md").read_text()
    missing = [name for name in [*SETTINGS, *TRANSPORTS] if "`%s`" % name not in text]
    assert missing == []
