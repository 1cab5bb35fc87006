# SPDX-License-Identifier: Apache-2.0
"""The device's default key, served by nginx, through all that could take it."""

import hashlib
import os

import pytest

from rig.processes import wait_until
from rig.quick import Refused


class Kept:
    """The default key as it was: one that comes back is the very same."""

    def __init__(self, device, nginx):
        self.device = device
        self.nginx = nginx
        self.index = device.default_key()
        self.row = self.seen()
        self.files = self.digests()
        assert self.row["State"] == "valid" and self.files

    def seen(self):
        row = self.device.quick.row("scepKeyTable", self.device.default_key())
        return {name: row[name] for name in
                ("IsDefault", "State", "Fingerprint", "Serial", "Subject", "Length")}

    def digests(self):
        """Of the files that the default key has in the state directory."""
        found = {}
        for folder in ("keys", "certs"):
            ordinary = set(self.device.agent.files(folder))
            path = os.path.join(self.device.agent.state, folder)
            for name in set(os.listdir(path)) - ordinary:
                with open(os.path.join(path, name), "rb") as file:
                    found[folder] = hashlib.sha256(file.read()).hexdigest()
        return found

    @property
    def serial(self):
        return int.from_bytes(self.row["Serial"], "big")

    def check(self):
        assert self.seen() == self.row
        assert self.digests() == self.files
        assert self.device.act(self.device.default_key(), "verify") == "none"

    def serve(self):
        """It can still be given to nginx, which shows it."""
        index = self.device.default_key()
        assert self.device.act(index, "assign", AssignTo="nginx") == "none"
        self.nginx.wait_served(self.serial)


@pytest.fixture
def kept(nginx, house):
    device = house(nginx, key_limit=3)
    kept = Kept(device, nginx)
    assert device.act(kept.index, "assign", AssignTo="nginx") == "none"
    nginx.start()
    assert nginx.served() == kept.serial
    return kept


def test_it_survives_a_full_registry(kept):
    kept.device.enrol(UseLocation="")
    kept.device.enrol(UseLocation="")
    row = kept.device.wait_end(kept.device.send(UseLocation="nginx"))
    assert (row["State"], row["Detail"]) == ("error", "registrationLimit")
    assert kept.nginx.served() == kept.serial
    kept.check()


def test_it_survives_DeleteOldKey_and_rollback(kept):
    device = kept.device
    row = device.wait_end(device.run_timer(UseLocation="nginx", DeleteOldKey="true"))
    assert row["Detail"] == "none"
    kept.nginx.wait_served(device.serial_of(row["KeyIndex"]))
    kept.check()
    assert device.act(row["KeyIndex"], "rollback") == "none"
    kept.nginx.wait_served(kept.serial)
    kept.check()


def test_it_is_not_destroyed_in_use_or_not(kept):
    destroy = ("scepKeyRowStatus.%d" % kept.index, "destroy")
    with pytest.raises(Refused, match="inconsistentValue"):
        kept.device.quick.set(destroy)
    assert kept.nginx.served() == kept.serial
    row = kept.device.enrol(UseLocation="nginx")
    kept.nginx.wait_served(kept.device.serial_of(row["KeyIndex"]))
    with pytest.raises(Refused, match="inconsistentValue"):
        kept.device.quick.set(destroy)
    kept.check()
    kept.serve()


def test_it_is_not_renewed(kept):
    """It has no profile that could."""
    kept.device.quick.set(scepAutoKeyName="again", scepAutoCommonName="device.example.net")
    with pytest.raises(Refused, match="inconsistentValue"):
        kept.device.act(kept.index, "renew")
    kept.check()


def test_it_survives_a_kill(kept):
    device = kept.device
    index = device.send(UseLocation="nginx")
    device.ca.wait_log(1, operation="PKIOperation")
    device.agent.kill()
    assert kept.nginx.is_running()
    device.agent.start()
    row = device.wait_end(index)
    kept.nginx.wait_served(device.serial_of(row["KeyIndex"]))
    kept.check()
    kept.serve()


def test_it_survives_the_loss_of_the_database(kept):
    device = kept.device
    device.agent.stop()
    lost = [n for n in os.listdir(device.agent.state)
            if os.path.isfile(os.path.join(device.agent.state, n)) and n.startswith("scep")]
    assert lost
    for name in lost:
        os.unlink(os.path.join(device.agent.state, name))
    assert kept.nginx.served() == kept.serial
    device.agent.start()
    kept.check()
    # The device has what it had: nothing was made anew.
    assert kept.nginx.served() == kept.serial
    device.point_at()  # The settings are gone.
    row = device.enrol(UseLocation="nginx")
    kept.nginx.wait_served(device.serial_of(row["KeyIndex"]))
    kept.serve()


def test_it_survives_everything_in_a_row(kept):
    """And is there at the end with the same octets."""
    device = kept.device
    rows = [device.enrol(UseLocation="nginx") for _ in range(2)]
    assert device.wait_end(device.send())["Detail"] == "registrationLimit"
    assert device.act(rows[1]["KeyIndex"], "rollback") == "none"
    device.agent.kill()
    device.agent.start()
    kept.serve()
    for row in rows:
        device.quick.set(("scepKeyRowStatus.%d" % row["KeyIndex"], "destroy"))
    wait_until(lambda: device.quick.get("scepKeyCount.0") == 1, 10, "one key")
    device.agent.restart()
    kept.check()
    assert kept.nginx.served() == kept.serial
