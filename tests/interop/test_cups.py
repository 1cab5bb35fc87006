# SPDX-License-Identifier: Apache-2.0
"""cupsd: IPP over TLS with the certificate that SNMP ordered."""

from consumers.visitors import Visitors
from rig.processes import wait_until

OK = 0x0000
NOT_FOUND = 0x0406  # a server without queues


def test_IPP_over_TLS_goes_on_over_a_renewal(cups, house):
    device = house(cups)
    assert device.act(device.default_key(), "assign", AssignTo="cups") == "none"
    cups.start()
    assert cups.print_queues() in (OK, NOT_FOUND)
    row = device.enrol(UseLocation="cups")
    # Nothing is told to it: the next connection has the new one.
    assert cups.served() == device.serial_of(row["KeyIndex"])
    assert cups.print_queues() in (OK, NOT_FOUND)
    assert device.quick.row("scepUseTable", 1)["Applied"] == "applied"


def test_connections_go_on_while_certificates_are_renewed(cups, house):
    """cupsd reads certificate and key at each connection, one after the other,
    and refuses two that do not fit: a connection that reads them just between
    the two renames would fail, the next one not."""
    device = house(cups)
    serials = [device.serial_of(device.enrol(UseLocation="cups")["KeyIndex"])]
    cups.start()
    with Visitors(cups, 3) as visitors:
        visitors.wait_more(100)
        for _ in range(6):
            serials.append(device.serial_of(device.enrol(UseLocation="cups")["KeyIndex"]))
            visitors.wait_more(50, serials[-1])
    print("%d connections, %d failed: %s" % (
        len(visitors.served), len(visitors.failed), visitors.failed[:3]))
    assert set(visitors.served) == set(serials)
    assert len(visitors.failed) < len(serials)


def test_a_connection_that_was_open_before_is_still_open_after(cups, house):
    device = house(cups)
    first = device.enrol(UseLocation="cups")["KeyIndex"]
    cups.start()
    with cups.connect() as connection:
        row = device.enrol(UseLocation="cups")
        wait_until(lambda: cups.served() == device.serial_of(row["KeyIndex"]), 10, "the new one")
        connection.sendall(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert device.serial_of(first) != cups.served()
