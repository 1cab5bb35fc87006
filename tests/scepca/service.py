# SPDX-License-Identifier: Apache-2.0
"""The answers of the CA to each operation, without any HTTP.

An Answer is a body with its content type, and the facts for the log.  The
decisions about a request (issue, hold, refuse) stand here and nowhere else.
"""

import base64
import hmac
import os
import random
import threading
from dataclasses import dataclass, field

from asn1crypto import core
from asn1crypto import csr as asn1_csr
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from . import cms, names
from .authority import Authority, now
from .behaviour import Context
from .files import write_atomically
from .messages import BARE_CONTENTS, Refusal, Request, address_ec, certificate_der
from .messages import challenge_of, draft_reply, printable, recipient_of
from .mutations import World, apply_mutations
from .store import Store

DEFAULT_CAPS = (
    "AES", "POSTPKIOperation", "Renewal", "SHA-256", "SHA-512", "SCEPStandard",
)
KEPT_REPLIES = 50


@dataclass
class Answer:
    body: bytes
    content_type: str
    status: int = 200
    facts: dict = field(default_factory=dict)
    headers: list = field(default_factory=list)


@dataclass
class Verdict:
    """The decision about a request, before it becomes a message."""

    status: int
    fail_info: object = None
    text: str = None
    leaf: object = None
    crls: list = field(default_factory=list)
    outcome: str = None


def failure(refusal):
    fail_info, text = refusal.fail_info, refusal.text
    return Verdict(names.FAILURE, fail_info, text, outcome="failed")


class Service:
    def __init__(self, directory, behaviour):
        self.directory = directory
        self.behaviour = behaviour
        self.authority = Authority(directory)
        self.store = Store(directory)
        self.lock = threading.Lock()
        self.replies = []
        self.spent = set()
        self.publish()

    def hierarchy(self):
        get = self.behaviour.get
        return self.authority.hierarchy(get("authority"), get("chain"), get("ra"))

    def publish(self):
        """Writes DIR/ca.pem for the CA that the behaviour names."""
        with self.lock:
            current = self.hierarchy()
            path = self.directory + "/ca.pem"
            write_atomically(path, current.ca.pem())
            return current

    # ------------------------------------------------------ plain operations

    def ca_caps(self):
        caps = self.behaviour.get("caps")
        if caps is None:
            words = list(DEFAULT_CAPS)
            words += ["GetNextCACert"] if self.behaviour.get("next_ca") else []
            caps = "\n".join(words) + "\n"
        return Answer(caps.encode("latin-1"), names.CONTENT_TYPES["caps"])

    def ca_cert(self):
        """RFC 8894, 4.2.1"""
        with self.lock:
            current = self.hierarchy()
        ders = [identity.der for identity in self._ordered(current)]
        form = self.behaviour.get("cacert")
        if form == "pem":
            return Answer(current.ca.pem(), names.CONTENT_TYPES["one"])
        if form == "der" or (form == "auto" and len(ders) == 1):
            return Answer(current.ca.der, names.CONTENT_TYPES["one"])
        return Answer(cms.degenerate(ders), names.CONTENT_TYPES["several"])

    def _ordered(self, current):
        identities = current.published()
        order = self.behaviour.get("cacert_order")
        if order == "shuffled":
            random.shuffle(identities)
        elif order == "ca_last":
            identities.reverse()
        return identities

    def next_ca_cert(self):
        """RFC 8894, 4.7.1: the new CA, signed by the present one."""
        wanted = self.behaviour.get("next_ca")
        if not wanted:
            return Answer(b"no next CA yet\n", "text/plain", 404)
        with self.lock:
            current = self.hierarchy()
            signer = current.ca
            if wanted == "stranger":
                signer = self.authority.identity("stranger")
            elif wanted == "root":
                signer = [current.ca, *current.above][-1]
            content = cms.degenerate([self.authority.identity("next").der])
        attributes = cms.content_attributes(content, "sha256")
        info = cms.signer_info(signer, "sha256", attributes)
        body = cms.signed_data(content, [info], [signer.der])
        return Answer(body, names.CONTENT_TYPES["next"])

    # ---------------------------------------------------------- PKIOperation

    def read(self, raw, notes):
        """The Request in a body, opened as far as possible, and its refusal."""
        request = Request(raw)
        request.notes.extend(notes)
        with self.lock:
            self.hierarchy()
            recipients = self.authority.recipients()
        self._keep_message(request, "request", raw)
        try:
            request.open(recipients, self.behaviour.get("challenge"))
            return request, None
        except Refusal as refusal:
            return request, refusal

    def reply(self, request, refusal, context):
        """The CertRep, with the verdict and the mutations in its facts."""
        with self.lock:
            try:
                if refusal is not None:
                    raise refusal
                verdict = self._decide(request, context)
            except Refusal as late:
                verdict = failure(late)
            draft = self._draft(request, verdict)
            world = World(
                self.authority, self.store, self.hierarchy(), request, self.replies
            )
            applied = apply_mutations(self.behaviour, context, draft, world)
            body = draft.seal()
            self._keep_message(request, "reply", body)
            self.replies = self.replies[1 - KEPT_REPLIES :] + [body]
        facts = {**request.facts, **outcome(verdict), "mutations": applied}
        return Answer(body, names.CONTENT_TYPES["message"], facts=facts)

    def _keep_message(self, request, kind, raw):
        """DIR/messages has the last of each kind, for those who read it anew."""
        if not self.behaviour.get("keep_messages"):
            return
        folder = self.directory + "/messages"
        os.makedirs(folder, exist_ok=True)
        write_atomically("%s/%s.%s.der" % (folder, request.name, kind), raw)

    def _decide(self, request, context):
        self._check_algorithms(request)
        self._check_strictly(request)
        if request.message_type in (names.GET_CERT, names.GET_CRL):
            self._scripted_failure(None, context)
            return self._look_up(request)
        record = self.store.transaction(request.transaction_id)
        if request.message_type == names.CERT_POLL:
            self._check_poll(request, record)
        elif record is None:
            record = self._begin(request, context)
        elif record["key"] != request.key:
            raise Refusal(names.BAD_REQUEST, "the transactionID has another key")
        return self._advance(record, context)

    def _check_algorithms(self, request):
        get = self.behaviour.get
        if request.cipher not in get("accept_ciphers"):
            raise Refusal(names.BAD_ALG, "cipher %s not accepted" % request.cipher)
        if request.digest not in get("accept_digests"):
            raise Refusal(names.BAD_ALG, "digest %s not accepted" % request.digest)

    def _check_strictly(self, request):
        """Notes what RFC 8894 2.3 and 3 want of a request, beyond the form."""
        wanted = self.hierarchy().recipient
        if request.recipient is None:
            if isinstance(wanted.key, rsa.RSAPrivateKey):
                request.note("encrypted with a password, and not to an RSA key")
        elif request.recipient is not wanted:
            request.note("encrypted to %s" % request.recipient.name)
        self._check_usages(request)
        signer = request.signer
        if not signer.not_valid_before <= now() <= signer.not_valid_after:
            request.note("the signer's certificate is not valid now")
        if request.csr is not None and request.is_self_signed:
            if request.signer.subject != request.csr.subject:
                request.note("the signer has another subject than the request")
            if request.signer_key != request.key:
                request.note("the signer has another key than the request")
        if self.behaviour.get("strict") and request.notes:
            raise Refusal(names.BAD_REQUEST, "; ".join(request.notes))

    def _check_usages(self, request):
        """RFC 8894, 2.3, and RFC 5480, 3"""
        usage = set(request.facts["signer_key_usage"] or [])
        wanted = {"digital_signature"} if request.is_ec else {
            "digital_signature", "key_encipherment"}
        if not wanted <= usage:
            request.note("the signer's keyUsage lacks a bit")
        asked = set(request.facts.get("csr_key_usage") or [])
        is_ec = request.csr is not None and isinstance(
            request.csr.public_key(), ec.EllipticCurvePublicKey)
        if (request.is_ec and "key_encipherment" in usage) or (
                is_ec and {"key_encipherment", "data_encipherment"} & asked):
            request.note("an EC key does not encipher")

    # ------------------------------------------------------- PKCSReq, renewal

    def _begin(self, request, context):
        """A new transaction, or the refusal to have one."""
        ours = not request.is_self_signed and self._signed_by_issued(request)
        if request.message_type == names.RENEWAL_REQ:
            if self.behaviour.get("renewal") == "refuse":
                raise Refusal(names.BAD_REQUEST, "renewal is not offered here")
            if not ours:
                raise Refusal(names.BAD_MESSAGE_CHECK, "the signer is not ours")
        record = {
            "transaction_id": request.transaction_id,
            "message": request.name,
            "key": request.key,
            "signer_key": request.signer_key,
            "csr": base64.b64encode(request.csr_der).decode(),
            "state": "pending",
            "polls": 0,
            "released": False,
        }
        self._check_challenge(request, ours, record)
        self.store.keep(record)
        return record

    def _signed_by_issued(self, request):
        if request.signer.not_valid_after < now():
            return False
        return self.authority.issued_by_us(request.signer)

    def _check_challenge(self, request, is_renewal, record):
        secret = self.behaviour.get("challenge")
        if secret is None:
            return
        if is_renewal and not self.behaviour.get("renewal_needs_challenge"):
            return
        given = request.challenge or ""
        right = hmac.compare_digest(given.encode(), secret.encode())
        if right and self.behaviour.get("one_time_challenge"):
            right = secret not in self.spent
            self.spent.add(secret)
        request.facts["challenge_ok"] = right
        if not right:
            self._fail(record, names.BAD_REQUEST, "the challenge password is wrong")

    def _fail(self, record, fail_info, text):
        """Ends the transaction, if there is one; asked again, it will fail the
        same way."""
        if record is not None:
            record.update(state="failed", fail_info=fail_info, text=text)
            self.store.keep(record)
        raise Refusal(fail_info, text)

    def _check_poll(self, request, record):
        """RFC 8894, 3.3.3: the poll must be of the transaction it names."""
        if record is None:
            raise Refusal(names.BAD_CERT_ID, "no such transaction")
        if record["signer_key"] != request.signer_key:
            raise Refusal(names.BAD_MESSAGE_CHECK, "polled by another key")
        csr = x509.load_der_x509_csr(base64.b64decode(record["csr"]))
        if request.target["subject"].dump() != csr.subject.public_bytes():
            raise Refusal(names.BAD_CERT_ID, "another subject than in the request")
        # The CA that the request was made for may have been exchanged since.
        issuers = {self.hierarchy().ca.certificate.subject.public_bytes()}
        if request.recipient is not None:
            issuers.add(request.recipient.certificate.issuer.public_bytes())
        if request.target["issuer"].dump() not in issuers:
            raise Refusal(names.BAD_CERT_ID, "another issuer than this CA")

    def _advance(self, record, context):
        """Issues, holds or refuses; the record says what has been so far."""
        if record["state"] == "issued":
            return self._issued(record, "repeated")
        if record["state"] == "failed":
            raise Refusal(record["fail_info"], record["text"])
        self._scripted_failure(record, context)
        wanted = self.behaviour.take("pending", context)
        held = wanted == "forever" or record["polls"] < wanted
        if held and not record["released"]:
            record["polls"] += 1
            self.store.keep(record)
            return Verdict(names.PENDING, outcome="pending")
        return self._issue(record)

    def _scripted_failure(self, record, context):
        wanted = self.behaviour.take("fail_info", context)
        if wanted is not None:
            text = self.behaviour.get("fail_info_text")
            self._fail(record, {"other": 99}.get(wanted, wanted), text)

    def _issue(self, record):
        csr = x509.load_der_x509_csr(base64.b64decode(record["csr"]))
        starts = -self.behaviour.get("backdate")
        ends = self.behaviour.get("validity")
        certificate = self.authority.certificate(
            csr, self.hierarchy().ca, starts, ends
        )
        self.store.record(certificate, record["transaction_id"])
        record.update(state="issued", serial="%x" % certificate.serial_number)
        self.store.keep(record)
        return self._issued(record, "issued")

    def _issued(self, record, outcome):
        certificate = self.store.certificate(int(record["serial"], 16))
        return Verdict(names.SUCCESS, leaf=certificate, outcome=outcome)

    # ---------------------------------------------------------- GetCert, CRL

    def _look_up(self, request):
        if request.message_type == names.GET_CRL:
            issuer, revoked = self.hierarchy().ca, self.store.revoked()
            crl = self.authority.revocation_list(issuer, revoked)
            return Verdict(names.SUCCESS, crls=[crl], outcome="crl")
        certificate = self.store.certificate(request.target["serial_number"].native)
        if certificate is None:
            raise Refusal(names.BAD_CERT_ID, "no such certificate")
        return Verdict(names.SUCCESS, leaf=certificate, outcome="found")

    # ------------------------------------------------------------- the reply

    def _draft(self, request, verdict):
        get = self.behaviour.get
        cipher, digest = get("cipher"), get("digest")
        if cipher == "same":
            cipher = getattr(request, "cipher", "aes128")
            cipher = cipher if cipher in names.CIPHERS else "aes128"
        if digest == "same":
            digest = request.digest if request.digest in names.DIGESTS else "sha256"
        current = self.hierarchy()
        draft = draft_reply(
            request, verdict.status, current, cipher, digest, get("key_transport")
        )
        if request.is_ec:
            address_ec(draft, get("ec_reply"), certificate_der(request.signer),
                       self._challenge_of(request))
        draft.leaf_first = get("leaf_first")
        if verdict.status != names.SUCCESS:
            self._fill_bare(draft)
        draft.signature = get("signature_oid")
        if verdict.status == names.SUCCESS:
            draft.has_envelope = True
            draft.crls = verdict.crls
        if verdict.leaf is not None:
            draft.leaf = certificate_der(verdict.leaf)
            draft.chain = [each.der for each in [current.ca, *current.above]]
        if verdict.fail_info not in (None, "absent"):
            draft.set("failInfo", printable(verdict.fail_info))
        if verdict.text:
            draft.set("failInfoText", core.UTF8String(verdict.text))
        return draft

    def _fill_bare(self, draft):
        """Returns what other servers put into a FAILURE or PENDING: Microsoft's NDES an
        octet 00, under SHA-1 and without certificates."""
        wanted = self.behaviour.get("bare_content")
        draft.bare_content = BARE_CONTENTS[wanted]
        if wanted == "envelope":
            stranger = self.authority.identity("stranger")
            draft.has_envelope = True
            draft.recipients = [recipient_of(stranger.der)]
            draft.chain = [stranger.der]
        if self.behaviour.get("ndes"):
            draft.bare_content = BARE_CONTENTS["nul"]
            draft.digest = "sha1"
            draft.enclosed = []
    def _challenge_of(self, request):
        """That of the request, or of the transaction that is polled."""
        record = self.store.transaction(request.transaction_id)
        if request.csr is not None or record is None:
            return request.challenge
        return challenge_of(asn1_csr.CertificationRequest.load(
            base64.b64decode(record["csr"])))

    # --------------------------------------------------------------- control

    def release(self, transaction_id):
        """Lets a held transaction, or "all", be issued at the next message."""
        with self.lock:
            for record in self.store.transactions():
                if transaction_id in ("all", record["transaction_id"]):
                    self.store.keep({**record, "released": True})

    def revoke(self, serial):
        with self.lock:
            self.store.revoke(int(serial, 16))

    def state(self):
        """Returns what GET /_control shows."""
        current = self.publish()
        settings, used = self.behaviour.shown()
        records = {r["transaction_id"]: r["state"] for r in self.store.transactions()}
        published = {i.name: i.fingerprint for i in current.published()}
        return {
            "behaviour": settings,
            "used": used,
            "fingerprint": current.ca.fingerprint,
            "published": published,
            "transactions": records,
        }

    def context_of(self, request):
        return Context(
            "PKIOperation", request.name, request.transaction_id, request.common_name
        )


def outcome(verdict):
    """The verdict in the words of the log."""
    facts = {"status": names.STATUS_NAMES[verdict.status], "outcome": verdict.outcome}
    if verdict.status == names.FAILURE:
        facts.update(fail_info=verdict.fail_info, fail_info_text=verdict.text)
    if verdict.leaf is not None:
        facts["serial"] = "%x" % verdict.leaf.serial_number
    return facts
