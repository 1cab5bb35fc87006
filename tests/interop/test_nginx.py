# SPDX-License-Identifier: Apache-2.0
"""nginx under load and in trouble: no connection is lost to a renewal, and the
old certificate is served whatever goes wrong with the new one."""

import ssl
import time

import pytest

from consumers.visitors import Visitors
from rig.quick import Refused


def use(device):
    return device.quick.row("scepUseTable", 1)


def serving(nginx, device):
    """nginx with the first certificate of the CA; gives its row."""
    first = device.enrol(UseLocation="nginx")["KeyIndex"]
    nginx.start()
    nginx.wait_served(device.serial_of(first))
    return first


def test_no_connection_fails_while_certificates_are_renewed(nginx, house):
    device = house(nginx)
    first = serving(nginx, device)
    device.quick.set(scepAutoKeyName="again", scepAutoCommonName="device.example.net",
                     scepAutoUseLocation="nginx")
    serials = [device.serial_of(first)]
    began = time.monotonic()
    with Visitors(nginx, 3) as visitors:
        visitors.wait_more(100)
        index = first
        for _ in range(3):
            assert device.act(index, "renew") == "none"
            index = use(device)["KeyIndex"]
            serials.append(device.serial_of(index))
            visitors.wait_more(100, serials[-1])
    print("%d connections in %.1f s, %d failed, serials %s" % (
        len(visitors.served), time.monotonic() - began, len(visitors.failed),
        ", ".join("%x (%d)" % (s, visitors.served.count(s)) for s in serials)))
    assert visitors.failed == []
    assert len(set(serials)) == 4 and set(visitors.served) == set(serials)
    assert len(visitors.served) >= 400


def test_a_broken_configuration_leaves_the_old_certificate_served(nginx, house):
    device = house(nginx)
    first = serving(nginx, device)
    old = nginx.served()
    nginx.configure(more="no_such_directive on;")
    with Visitors(nginx, 1) as visitors:
        visitors.wait_more(20)
        row = device.wait_end(device.send(UseLocation="nginx"))
        visitors.wait_more(20)
    assert (row["State"], row["Detail"]) == ("successful", "deployFailed")
    assert "no_such_directive" in row["Text"], row["Text"]
    now = use(device)
    assert now["Applied"] == "failed" and now["KeyIndex"] == first
    assert "no_such_directive" in now["Text"]
    assert "deployFailed" in device.quick.get("scepAgentHealthReason.0")
    told = device.sink.wait("scepDeployFailed", index=1)
    assert told["values"]["scepUseName.1"] == "nginx"
    assert "no_such_directive" in told["values"]["scepUseText.1"]
    assert device.sink.count("scepDeployFailed") == 1
    assert visitors.failed == [] and set(visitors.served) == {old}
    print("%x still served after: %s" % (old, now["Text"]))

    # Even if nginx is started anew, and once it is mended, it can have the new one.
    nginx.configure()
    nginx.stop()
    nginx.start()
    assert nginx.served() == old
    assert device.act(row["KeyIndex"], "assign", AssignTo="nginx") == "none"
    nginx.wait_served(device.serial_of(row["KeyIndex"]))
    assert use(device)["Applied"] == "applied" and use(device)["Text"] == ""


def test_a_folder_that_is_a_link_costs_no_certificate(nginx, house):
    device = house(nginx)
    serving(nginx, device)
    old = nginx.served()
    tls = nginx.directory / "tls"
    tls.rename(nginx.directory / "away")
    tls.symlink_to(nginx.directory / "away")
    messages = len(device.pki_log())
    row = device.wait_end(device.send(UseLocation="nginx"))
    assert row["Detail"] == "configError" and str(tls) in row["Text"], row
    assert len(device.pki_log()) == messages
    assert nginx.served() == old
    tls.unlink()
    (nginx.directory / "away").rename(tls)
    row = device.wait_end(device.send(UseLocation="nginx"))
    nginx.wait_served(device.serial_of(row["KeyIndex"]))


def test_a_full_registry_is_registrationLimit_and_the_service_goes_on(nginx, house):
    device = house(nginx, key_limit=3)
    first = serving(nginx, device)
    second = device.enrol(UseLocation="")["KeyIndex"]
    assert device.quick.get("scepKeyCount.0") == device.quick.get("scepKeyLimit.0") == 3
    messages = len(device.pki_log())
    with Visitors(nginx, 1) as visitors:
        visitors.wait_more(10)
        row = device.wait_end(device.send(UseLocation="nginx"))
        visitors.wait_more(10)
    assert (row["State"], row["Detail"]) == ("error", "registrationLimit")
    assert row["Text"].startswith("Key and Certificate Registration Limit Error")
    assert len(device.pki_log()) == messages
    assert visitors.failed == [] and set(visitors.served) == {device.serial_of(first)}
    assert use(device)["Applied"] == "applied" and use(device)["KeyIndex"] == first
    device.sink.wait("scepKeyLimitReached")
    # The request that takes the old one away has a place (rule 13).
    row = device.wait_end(device.run_timer(UseLocation="nginx", DeleteOldKey="true"))
    assert row["Detail"] == "none", row
    nginx.wait_served(device.serial_of(row["KeyIndex"]))
    assert sorted(device.keys()) == sorted([second, row["KeyIndex"]])


def test_a_client_that_trusts_the_CA_is_satisfied(nginx, cups, stunnel, house):
    """Chain, order and name are those that a client verifies."""
    device = house(nginx, cups, stunnel)
    device.enrol(UseLocation="nginx,cups,stunnel")
    context = ssl.create_default_context(cafile=device.root_file)
    for consumer in (nginx, cups, stunnel):
        consumer.start()
        with consumer.connect(context) as connection:
            assert ("DNS", "device.example.net") in connection.getpeercert()["subjectAltName"]


def test_a_kill_in_the_middle_of_a_renewal_serves_the_old_one_or_the_new(nginx, house):
    device = house(nginx)
    first = serving(nginx, device)
    with Visitors(nginx, 2) as visitors:
        visitors.wait_more(10)
        index = device.send(UseLocation="nginx")
        device.ca.wait_log(2, operation="PKIOperation")
        device.agent.kill()
        visitors.wait_more(50)
        device.agent.start()
        row = device.wait_end(index)
        assert row["Detail"] == "none", row
        visitors.wait_more(50, device.serial_of(row["KeyIndex"]))
    assert visitors.failed == []
    assert set(visitors.served) == {device.serial_of(first), device.serial_of(row["KeyIndex"])}
    assert device.agent.modes() and use(device)["KeyIndex"] == row["KeyIndex"]


def test_a_program_that_serves_a_key_keeps_it_from_being_destroyed(nginx, house):
    device = house(nginx)
    first = serving(nginx, device)
    with pytest.raises(Refused, match="inconsistentValue"):
        device.quick.set(("scepKeyRowStatus.%d" % first, "destroy"))
    assert nginx.served() == device.serial_of(first)
