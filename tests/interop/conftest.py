# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a device whose use locations are real programs.

    house         house(program, ..., keyLimit=20): a snmpd, a scepagentd that
                  knows the programs' locations, a CA and a snmptrapd
    nginx, cups, stunnel, swanctl
                  each with a folder and a configuration of its own, not started

The programs are Debian's, run from folders of the test on loopback.  Every wait
has a deadline; no test sleeps."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from cryptography import x509

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

from rig import program  # noqa: E402
from rig.agent import Agent  # noqa: E402
from rig.device import Device, digest, new_ca  # noqa: E402
from rig.master import Master  # noqa: E402
from rig.sink import Sink  # noqa: E402

from consumers.cups import Cups  # noqa: E402
from consumers.nginx import Nginx  # noqa: E402
from consumers.stunnel import Stunnel  # noqa: E402
from consumers.swanctl import Swanctl  # noqa: E402


@pytest.fixture(scope="session")
def mibs(tmp_path_factory):
    return program.write_mibs(tmp_path_factory.mktemp("names") / "mibs")


def root_of(ca):
    """The root above the CA that issues: the path of a file, and what is in it."""
    (path,) = Path(ca.directory).rglob("main.root.pem")
    return path, x509.load_pem_x509_certificate(path.read_bytes())


@pytest.fixture
def house(tmp_path, mibs):
    """The request values of the timer are there, so that a key can be renewed."""
    ends = []

    def make(*programs, key_limit=20):
        sink = Sink(tmp_path / "sink", mibs).start()
        ends.append(sink.stop)
        master = Master(tmp_path / "master", mibs, lines=sink.master_lines(inform=False))
        ends.append(master.close)
        agent = Agent(tmp_path / "agent", master,
                      [p.line() for p in programs] + ["keyLimit %d" % key_limit])
        ends.append(agent.stop)
        ca = new_ca(tmp_path / "ca", chain=True)
        ends.append(ca.stop)
        master.start()
        agent.start()
        device = Device(tmp_path, master, agent, ca)
        device.sink = sink
        device.root_file, root = root_of(ca)
        # With the root pinned, the chain that is stored ends with it.
        device.point_at(fingerprint=digest(root).hex())
        return device

    yield make
    for end in reversed(ends):
        end()


@pytest.fixture
def folder():
    """Short, as the paths of UNIX sockets must be, and open to the users that
    programs started as root become."""
    import tempfile

    path = Path(tempfile.mkdtemp(prefix="scep-"))
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


def fixture_of(kind):
    @pytest.fixture(name=kind.name)
    def make(folder):
        made = kind(folder / kind.name)
        yield made
        made.close()

    return make


nginx = fixture_of(Nginx)
cups = fixture_of(Cups)
stunnel = fixture_of(Stunnel)
swanctl = fixture_of(Swanctl)
