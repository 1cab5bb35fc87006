#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a fixture of test_upgrade: the state directory of the program that
SCEPAGENTD names, as a kill leaves it, the CA's, and what a manager read.

    TZ=UTC SCEPAGENTD=/path/scepagentd make.py DIRECTORY

The rig of the same commit drives the program: copy this file into a tree of that
commit, and have the CA's own certificate live long there (Variant.ends of
tests/scepca/authority.py).  The keys protect nothing.
"""

import json
import re
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rig import program  # noqa: E402
from rig.agent import Agent  # noqa: E402
from rig.device import CHALLENGE, Device, new_ca, request_pairs  # noqa: E402
from rig.master import Master  # noqa: E402
from rig.processes import wait_until  # noqa: E402

LONG = 70 * 365 * 86400
# Carried out once; the next due time is in 2057.
START = b"\x07\xe9\x0b\x1e\x08\x00\x00\x00+\0\0"
PORT = "127.0.0.1:CA-PORT"


def live(device):
    """Gives the device a history: 20 requests, a timer, an open request."""
    quick = device.quick
    quick.set(
        ("scepProfileName.1", "web é"), ("scepNotifyExpiryDays.0", 45),
        ("scepNotifyEnable.0", {"requestFailed", "certExpired"}),
    )
    device.point_at()
    for count in range(2):  # the second replaces the first
        device.enrol(KeyName="web", Organization="Rīga", UseLocation="web")
    device.enrol(
        KeyName="spare", CommonName="192.0.2.9", KeyUsage={"digitalSignature"}, UseLocation=""
    )
    device.ca.control(fail_info=2, fail_info_text="wrong challenge é")
    for count in range(16):
        device.wait_end(device.send(KeyName="no-%d" % count))
    device.ca.control(fail_info=None, fail_info_text=None)
    second(device)
    device.ca.control(pending="forever")
    device.poll(1000, 3600)
    index = device.send(KeyName="open", CommonName="open.example.net", UseLocation="web")
    device.wait_status(index, Detail="deferred")


def second(device):
    """The profile with the timer; its CA is pinned at first sight."""
    quick = device.quick
    quick.set(("scepProfileRowStatus.2", "createAndGo"))
    quick.set(
        ("scepProfileName.2", "vpn"), ("scepServerUrl.2", device.ca.url),
        ("scepServerCaTrustPolicy.2", "trustOnFirstUse"), ("scepServerTimeout.2", 17),
    )
    last = quick.get("scepStatusLastIndex.0")
    quick.set(
        ("scepAutoKeyName.2", "vpn"), ("scepAutoCommonName.2", "vpn.example.net"),
        ("scepAutoChallengePassword.2", CHALLENGE), ("scepAutoStartTime.2", START),
        ("scepAutoPeriodic.2", "true"), ("scepAutoPeriodicInterval.2", 32),
        ("scepAutoPeriodicUnit.2", "years"), ("scepAutoAdjust.2", "true"),
        ("scepAutoUseLocation.2", "vpn"), ("scepAutoEnable.2", "true"),
    )
    wait_until(lambda: quick.get("scepStatusLastIndex.0") > last, 20, "a run")
    assert device.wait_end(last + 1)["State"] == "successful"
    wait_until(lambda: quick.get("scepAutoAdjustApplied.2"), 20, "the next run")


def walk(quick):
    """{OID below the root: [tag, value]}, octets in hexadecimal."""
    root = program.root() + "."
    found = {}
    for oid, tag, value in quick.walk("scepClientMIB"):
        found[oid[len(root):]] = [tag, value.hex() if isinstance(value, bytes) else value]
    return found


def dump(path):
    with sqlite3.connect(path) as database:
        pragmas = [
            "PRAGMA %s = %d;" % (name, database.execute("PRAGMA " + name).fetchone()[0])
            for name in ("application_id", "user_version")
        ]
        lines = list(database.iterdump())
    return "\n".join(pragmas + lines) + "\n"


def keep(device, target):
    """Puts everything into the fixture; the port of the CA is left open."""
    state = Path(device.agent.state)
    own = "127.0.0.1:%d" % device.ca.port
    # One value a line, so that a difference can be read.
    text = json.dumps(walk(device.quick), sort_keys=True).replace("], ", "],\n") + "\n"
    text = text.replace(own.encode().hex(), PORT.encode().hex())
    (target / "walk.json").write_text(text, encoding="ascii")
    device.agent.kill()
    device.ca.stop()
    sql = dump(state / "scepagent.db").replace(own, PORT)
    assert not re.search(":%d\\b" % device.ca.port, sql)
    (target / "state.sql").write_text(sql, encoding="utf-8")
    for folder in ("keys", "certs"):
        shutil.copytree(state / folder, target / folder)
    ca = Path(device.ca.directory)
    shutil.copytree(ca / "identities", target / "ca/identities")
    (target / "ca/transactions").mkdir()
    for path in (ca / "transactions").iterdir():
        if json.loads(path.read_bytes())["state"] == "pending":
            shutil.copy(path, target / "ca/transactions")


def main():
    target = Path(sys.argv[1])
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        master = Master(work / "master", program.write_mibs(work / "mibs"))
        agent = Agent(work / "agent", master, [
            "useLocation web tls combined=%s/web.pem" % work,
            "useLocation vpn ipsec combined=%s/vpn.pem" % work,
        ])
        ca = new_ca(work / "ca", validity=LONG)
        try:
            master.start()
            agent.start()
            device = Device(work, master, agent, ca)
            live(device)
            keep(device, target)
        finally:
            agent.stop()
            master.close()
            ca.stop()


if __name__ == "__main__":
    main()
