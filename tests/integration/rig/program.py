# SPDX-License-Identifier: Apache-2.0
"""The program under test: where it is, and the MIB that it was built with."""

import functools
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
SOURCE = TESTS.parent
sys.path.insert(0, str(TESTS))

from lib import mib  # noqa: E402
from scepca import deadline  # noqa: E402

MIBS = SOURCE / "mibs"


@functools.lru_cache(maxsize=None)
def scepagentd():
    """The path of the program: $SCEPAGENTD, else that of build/plain."""
    default = SOURCE / "build" / "plain" / "scepagentd"
    path = Path(os.environ.get("SCEPAGENTD", default)).resolve()
    if not os.access(path, os.X_OK):
        raise RuntimeError("there is no program at %s" % path)
    return str(path)


def ready_keys():
    """For the environment of the program: it takes its RSA keys from the pool of
    the tests, if there is one (tests/lib/key_preload.c)."""
    preload = os.path.join(os.path.dirname(scepagentd()), "tests/lib/key_preload.so")
    names = ("TEST_KEYS", "TEST_KEYS_NEXT")
    if not all(os.environ.get(name) for name in names) or not os.path.exists(preload):
        return {}
    return {"LD_PRELOAD": preload, **{name: os.environ[name] for name in names}}


@functools.lru_cache(maxsize=None)
def version():
    """Returns what -V says: (version, root OID)."""
    said = subprocess.run(
        [scepagentd(), "-V"], capture_output=True, text=True, timeout=deadline.scaled(20), check=True
    ).stdout
    first, second = said.splitlines()
    return first.split()[1], second.split()[-1]


def root():
    """The root of the MIB, dotted."""
    return version()[1]


@functools.lru_cache(maxsize=None)
def mib_text():
    """The MIB file with the root that the program has."""
    with open(MIBS / "SCEP-CLIENT-MIB.txt.in", encoding="utf-8") as file:
        return subprocess.run(
            [str(MIBS / "generate-root"), root(), "mib"],
            stdin=file, capture_output=True, text=True, timeout=deadline.scaled(20), check=True,
        ).stdout


@functools.lru_cache(maxsize=None)
def module():
    """The MIB as the tests' own reader has it."""
    return mib.parse(mib_text())


def write_mibs(directory):
    """Puts the MIB file and the shipped base modules into a new directory, as
    `make install` does, and returns what to search: the base modules stand in a
    folder of their own."""
    base = Path(directory) / "base"
    os.makedirs(base)
    for path in (MIBS / "base").glob("*.txt"):
        (base / path.name).write_bytes(path.read_bytes())
    (Path(directory) / "SCEP-CLIENT-MIB.txt").write_text(mib_text(), encoding="utf-8")
    return f"{base}:{directory}"


def split_name(name):
    """("scepServerUrl", ".1") of "scepServerUrl.1"."""
    head, dot, tail = name.partition(".")
    return head, dot + tail


def number(name):
    """The dotted OID of a name such as "scepServerUrl.1"; numbers pass."""
    if name[0] in ".0123456789":
        return name.lstrip(".")
    head, tail = split_name(name)
    below = module()[head].dotted
    return root() + ("." + below if below else "") + tail


@functools.lru_cache(maxsize=None)
def _by_oid():
    return {item.dotted: item for item in module().objects()}


def item_of(oid):
    """(object, index) of a dotted OID below the root; (None, None) elsewhere."""
    prefix = root() + "."
    if not oid.startswith(prefix):
        return None, None
    arcs = oid[len(prefix):].split(".")
    for count in range(len(arcs), 0, -1):
        item = _by_oid().get(".".join(arcs[:count]))
        if item is not None:
            return item, ".".join(arcs[count:])
    return None, None
