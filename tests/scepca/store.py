# SPDX-License-Identifier: Apache-2.0
"""The memory of the CA in DIR: transactions, certificates, revocations, log.

Everything is written when it happens and read back at the next start, so a CA
that is killed and started again answers as if nothing had been.
"""

import hashlib
import json
import os
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .files import append_line, read_lines, write_atomically


class Store:
    def __init__(self, directory):
        self.directory = directory
        for name in ("transactions", "issued"):
            os.makedirs(os.path.join(directory, name), exist_ok=True)
        self.index_path = os.path.join(directory, "issued.jsonl")
        self.revoked_path = os.path.join(directory, "revoked.json")
        self.log_path = os.path.join(directory, "log.jsonl")
        self.log_lock = threading.Lock()

    # ---------------------------------------------------------- transactions

    def _transaction_path(self, transaction_id):
        digest = hashlib.sha256(transaction_id.encode()).hexdigest()
        return os.path.join(self.directory, "transactions", digest[:32] + ".json")

    def transaction(self, transaction_id):
        """The record of that transaction, or None."""
        try:
            with open(self._transaction_path(transaction_id), "rb") as file:
                return json.load(file)
        except FileNotFoundError:
            return None

    def keep(self, record):
        path = self._transaction_path(record["transaction_id"])
        write_atomically(path, json.dumps(record).encode())

    def transactions(self):
        folder = os.path.join(self.directory, "transactions")
        records = []
        for name in sorted(os.listdir(folder)):
            if name.endswith(".json"):
                with open(os.path.join(folder, name), "rb") as file:
                    records.append(json.load(file))
        return records

    # ---------------------------------------------------------- certificates

    def _certificate_path(self, serial):
        return os.path.join(self.directory, "issued", "%x.pem" % serial)

    def record(self, certificate, transaction_id):
        """Makes the certificate an issued one."""
        serial = certificate.serial_number
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        write_atomically(self._certificate_path(serial), pem)
        entry = {
            "time": time.time(),
            "serial": "%x" % serial,
            "subject": certificate.subject.rfc4514_string(),
            "transaction_id": transaction_id,
        }
        append_line(self.index_path, entry)

    def certificate(self, serial):
        try:
            with open(self._certificate_path(serial), "rb") as file:
                return x509.load_pem_x509_certificate(file.read())
        except FileNotFoundError:
            return None

    def previous(self, subject, but_not):
        """The newest issued certificate of that subject save the given serial."""
        for entry in reversed(read_lines(self.index_path)):
            serial = int(entry["serial"], 16)
            certificate = self.certificate(serial)
            if serial != but_not and certificate.subject == subject:
                return certificate
        return None

    # ----------------------------------------------------------- revocations

    def revoked(self):
        try:
            with open(self.revoked_path, "rb") as file:
                return [int(serial, 16) for serial in json.load(file)]
        except FileNotFoundError:
            return []

    def revoke(self, serial):
        serials = sorted({*self.revoked(), serial})
        text = json.dumps(["%x" % each for each in serials])
        write_atomically(self.revoked_path, text.encode())

    # ------------------------------------------------------------------- log

    def log(self, entry):
        with self.log_lock:
            append_line(self.log_path, entry)
