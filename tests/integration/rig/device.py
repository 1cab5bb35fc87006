# SPDX-License-Identifier: Apache-2.0
"""The whole: snmpd, scepagentd and a CA, and what a test does with them."""

import hashlib
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from . import program  # noqa: F401
from .processes import wait_until
from .quick import Missing, Refused
from scepca import TestCA
from scepca.behaviour import SETTINGS

CHALLENGE = "open-sesame-4711"
ENROL_LIMIT = 30
END = b"-----END CERTIFICATE-----\n"


def request_pairs(common_name="device.example.net", challenge=CHALLENGE, **values):
    """Returns the content of the one PDU of a request of profile 1."""
    values = {"KeyName": "test", "CommonName": common_name, **values}
    pairs = [("scepRequest%s.1" % name, value) for name, value in values.items()]
    if challenge is not None:
        pairs.append(("scepRequestChallengePassword.1", challenge))
    return pairs + [("scepRequestAction.1", "send")]


class Device:
    def __init__(self, directory, master, agent, ca):
        self.directory = directory
        self.master = master
        self.agent = agent
        self.ca = ca
        self.quick = master.quick

    # ----------------------------------------------------------- what is asked

    def point_at(self, url=None, fingerprint=None, **server):
        """Writes URL and CA fingerprint, and whatever else: timeout, port ..."""
        url = self.ca.url if url is None else url
        if fingerprint is None:
            fingerprint = self.ca.fingerprint
        pairs = [
            ("scepServerUrl.1", url),
            ("scepServerCaFingerprint.1", bytes.fromhex(fingerprint)),
        ]
        pairs += [("scepServer%s.1" % name, value) for name, value in server.items()]
        self.quick.set(*pairs)

    def poll(self, count, interval=5):
        """Polling on; with count 0, off."""
        self.quick.set(
            ("scepAutoPoll.1", "true" if count else "false"),
            ("scepAutoPollCount.1", count or 10),
            ("scepAutoPollInterval.1", interval),
        )

    def send(self, **values):
        """The one PDU of a request; gives the index of its status row."""
        self.quick.set(*request_pairs(**values))
        return self.quick.get("scepRequestStatusIndex.1")

    def settle(self):
        """Ends what an earlier test left open; settings as at the start."""
        try:
            self.quick.set(scepRequestAction="cancel")
        except Refused:
            pass
        self.quick.set(scepRequestAction="clear")
        self.poll(0)
        self.point_at(Port=0, Timeout=30, HttpMethod="auto", Cipher="auto")

    def act(self, key_index, action, **more):
        """An action on a key, waited for; gives its result."""
        pairs = [("scepKey%s.%d" % (name, key_index), value) for name, value in more.items()]
        self.quick.set(*pairs, ("scepKeyAction.%d" % key_index, action))
        name = "scepKeyActionResult.%d" % key_index

        def result():
            value = self.quick.get(name)
            return None if value == "inProgress" else value

        return wait_until(result, ENROL_LIMIT, "end of %s" % action)

    def run_timer(self, **values):
        """A run of the timer at once; gives the index of its status row."""
        self.quick.set(scepAutoEnable="false")
        last = self.quick.get("scepStatusLastIndex.0")
        pairs = {"KeyName": "timed", "CommonName": "timed.example.net",
                 "StartTime": self.due_start(1), "UseLocation": "web",
                 "ChallengePassword": CHALLENGE, "Enable": "true", **values}
        self.quick.set(*[("scepAuto%s.1" % name, value) for name, value in pairs.items()])
        wait_until(lambda: self.quick.get("scepStatusLastIndex.0") > last, 10, "a run")
        return self.quick.get("scepStatusLastIndex.0")

    def due_start(self, ago):
        """A start that long ago, but after the last run: that is not repeated."""
        last = self.quick.get("scepAutoLastRunTime.1")
        moment = time.time() - ago
        if last:
            moment = max(moment, date_and_time(last) + 1)
        return in_seconds(moment - time.time())

    def enrol(self, **values):
        """A request, waited for to a good end; gives its status row."""
        row = self.wait_end(self.send(**values))
        assert row["State"] == "successful", (row, self.agent.log())
        return row

    # ------------------------------------------------------------- what is seen

    def status(self, index):
        """The status row; None while it or an answer is not there."""
        try:
            return self.quick.row("scepStatusTable", index)
        except (Missing, Refused, TimeoutError):
            return None

    def wait_status(self, index, limit=ENROL_LIMIT, **wanted):
        """Waits until the row has these values, and gives it."""
        seen = []

        def has_come():
            row = self.status(index)
            seen[:] = [row]
            if row and all(row[name] == value for name, value in wanted.items()):
                return row
            return None

        try:
            return wait_until(has_come, limit, "status row with %r" % wanted)
        except TimeoutError as error:
            raise AssertionError(
                "%s; it is %r\n%s" % (error, seen[0], self.agent.log()[-4000:])
            ) from None

    def wait_end(self, index, limit=ENROL_LIMIT):
        """Waits until the request has ended, and gives its row."""
        seen = []

        def has_ended():
            row = self.status(index)
            seen[:] = [row]
            return row if row and row["State"] in ("successful", "error") else None

        try:
            return wait_until(has_ended, limit, "end of request %d" % index)
        except TimeoutError as error:
            raise AssertionError(
                "%s; it is %r\n%s" % (error, seen[0], self.agent.log()[-4000:])
            ) from None

    def keys(self):
        """The rows of scepKeyTable, but for the default key."""
        rows = self.quick.table("scepKeyTable")
        # Of a row that comes or goes, not all has been seen.
        return {i: row for i, row in rows.items() if row.get("IsDefault") == "false"}

    def default_key(self):
        """The index of the key that is always there."""
        (index,) = [i for i, row in self.quick.table("scepKeyTable").items()
                    if row["IsDefault"] == "true"]
        return index

    def serial_of(self, key_index):
        return int.from_bytes(self.quick.get("scepKeySerial.%d" % key_index), "big")

    def leftovers(self):
        """Lists the keys and certificates that are there at all."""
        return (sorted(self.keys()), self.agent.files("keys"), self.agent.files("certs"))

    def wait_clean(self, before, limit=10):
        """Waits until there is no more than before.  Files are swept late, so
        that of those before, some may be gone by now."""
        def is_clean():
            pairs = zip(self.leftovers(), before)
            return all(set(now) <= set(then) for now, then in pairs)

        try:
            wait_until(is_clean, limit, "clean registry")
        except TimeoutError:
            assert self.leftovers() == before

    def pki_log(self, **wanted):
        """Lists the PKIOperations that the CA has seen."""
        return self.ca.log(operation="PKIOperation", **wanted)


def reset(ca):
    """All behaviour back to the default, but for the challenge."""
    ca.control(**{**{name: None for name in SETTINGS}, "challenge": CHALLENGE})


def new_ca(directory, **behaviour):
    behaviour.setdefault("challenge", CHALLENGE)
    ca = TestCA(directory, **behaviour)
    ca.start()
    return ca


# ------------------------------------------------------------- certificates --


def certificates_in(path):
    with open(path, "rb") as file:
        parts = file.read().split(END)[:-1]
    return [x509.load_pem_x509_certificate(part + END) for part in parts]


def key_in(path):
    with open(path, "rb") as file:
        return serialization.load_pem_private_key(file.read(), None)


def public_bytes(holder):
    return holder.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def digest(certificate):
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()


def date_and_time(value):
    """Seconds since 1970 of a DateAndTime of 11 octets."""
    import datetime

    assert len(value) == 11, value
    sign = 1 if value[8:9] == b"+" else -1
    offset = datetime.timedelta(hours=value[9], minutes=value[10]) * sign
    zone = datetime.timezone(offset)
    year = int.from_bytes(value[:2], "big")
    moment = datetime.datetime(year, *value[2:7], tzinfo=zone)
    return moment.timestamp()


def in_seconds(seconds):
    """The DateAndTime of a moment that far from now, in UTC."""
    import datetime

    now = datetime.datetime.now(datetime.timezone.utc)
    moment = now + datetime.timedelta(seconds=seconds)
    fields = [moment.month, moment.day, moment.hour, moment.minute, moment.second, 0]
    return moment.year.to_bytes(2, "big") + bytes(fields) + b"+\0\0"
