# SPDX-License-Identifier: Apache-2.0
"""RSA keys that are ready: tests/lib/key_pool.h in Python, with the same
folder and the same numbers.  Without $TEST_KEYS every key is made anew."""

import fcntl
import itertools
import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .files import write_atomically

POOL_SIZE = 512
_own = itertools.count()


def shared_number(path):
    """Takes the number out of a file that other processes have open, too."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        number = int(file.read() or 0)
        file.seek(0)
        file.write("%d\n" % (number + 1))
    return number


def make(bits):
    return rsa.generate_private_key(65537, bits)


def take(bits):
    """The next key of that length; made where there is none in the pool."""
    folder, shared = os.environ.get("TEST_KEYS"), os.environ.get("TEST_KEYS_NEXT")
    if not folder:
        return make(bits)
    number = shared_number(shared) if shared else next(_own)
    if number >= POOL_SIZE:
        return make(bits)
    path = os.path.join(folder, "%d-%d.pem" % (bits, number))
    try:
        with open(path, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None)
    except FileNotFoundError:
        key = make(bits)
        os.makedirs(folder, exist_ok=True)
        write_atomically(path, key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ))
        return key
