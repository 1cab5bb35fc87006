# SPDX-License-Identifier: Apache-2.0
"""The table of interoperation in tests/scepca/README.md, as test cases.

A cell that says "yes", "no" or "since VERSION" has a function here that tries it,
and the test of the module that brings the function holds the one against the
other.  The version is that of the client."""

import subprocess
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "scepca" / "README.md"
HEADING = "## Interoperation"

CELLS = {}
PACKAGES = {"strongSwan": "strongswan-pki", "scepclient": "scep"}


def cell(server, what, client):
    """Decorates the function that tries this cell; it raises what failed."""

    def keep(function):
        assert (server, what, client) not in CELLS
        CELLS[server, what, client] = function
        return function

    return keep


def words(line):
    return [word.strip() for word in line.strip().strip("|").split("|")]


def table():
    """{(server, what, client): the words of the README}"""
    text = README.read_text(encoding="utf-8").split(HEADING, 1)[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    clients = words(lines[0])[2:]
    found = {}
    for line in lines[2:]:
        server, what, *said = words(line)
        assert len(said) == len(clients), line
        found.update({(server, what, c): s for c, s in zip(clients, said)})
    return found


def cells_of(server):
    """The cells of a server that the README says anything of."""
    return [key for key, said in table().items() if key[0] == server and said != "-"]


def identity(key):
    return "-".join(key).replace(" ", "_") if isinstance(key, tuple) else None


def is_installed_since(client, version):
    """Tells if the client is of that version of Debian's, or of a newer one."""
    installed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", PACKAGES[client]],
        capture_output=True, check=True, text=True).stdout
    compare = ["dpkg", "--compare-versions", installed, "ge", version]
    return subprocess.run(compare, check=False).returncode == 0


def check(key, **arguments):
    """Tries a cell, and holds what came of it against the README."""
    said = table()[key]
    if said.startswith("since "):
        said = "yes" if is_installed_since(key[2], said.split()[1]) else "no"
    assert said in ("yes", "no"), said
    try:
        CELLS[key](**arguments)
    except AssertionError:
        if said == "yes":
            raise
    else:
        assert said == "yes", "%s / %s: the README says no, but it went well" % key[1:]


def check_complete(server):
    """Each cell has its function, and each function a cell."""
    tried = sorted(key for key in CELLS if key[0] == server)
    assert tried == sorted(cells_of(server))
