# SPDX-License-Identifier: Apache-2.0
"""Measures SNMP answers while the engine has the most to do.

The time is that from the sendto() of a GetRequest of one scalar and one column
to the recv() of its response, over one UDP socket on loopback.  It includes
snmpd, AgentX and scepagentd, and not the start of a process."""

import time

from .processes import scaled, wait_until

PENDING = ("toBeProcessed", "processing")
NAMES = ("scepAgentHealth.0", "scepServerTimeout.1", "scepStatusLastIndex.0")


def timed_get(quick):
    began = time.monotonic()
    quick.get(*NAMES)
    return time.monotonic() - began


def gets_while(quick, count, is_on, limit):
    """Times of `count` gets at least, and of more for as long as is_on()."""
    times = []
    deadline = time.monotonic() + scaled(limit)
    while (len(times) < count or is_on()) and time.monotonic() < deadline:
        times.append(timed_get(quick))
    return times


def sets_while_hanging(device, count):
    """Times of that many gets, each after a Set, while the CA hangs."""
    device.ca.control(hang={"*": "before"})
    device.point_at(Timeout=600)
    index = device.send()
    times = []
    for number in range(1, count + 1):
        device.quick.set(scepAutoPollCount=number)
        times.append(timed_get(device.master.quick_reader))
    assert device.status(index)["State"] == "processing"
    device.quick.set(scepRequestAction="cancel")
    return times


def sets_until_end(device, index, limit):
    """Times of Sets, each with a Get behind it, until the request has ended."""
    times = []
    deadline = time.monotonic() + scaled(limit)
    while True:
        began = time.monotonic()
        device.quick.set(scepAutoPollCount=1 + len(times) % 1000)
        times.append(time.monotonic() - began)
        if device.quick.get("scepStatusState.%d" % index) not in PENDING:
            return times
        assert time.monotonic() < deadline, device.status(index)


def measure(device, count, bits=4096, limit=60):
    """Times of gets while a key of that length is made, and then while the CA
    hangs at PKIOperation: two lists, the second of that many."""
    device.ca.control(hang={"PKCSReq": "before"})
    device.point_at(Timeout=600)
    reader = device.master.quick_reader
    seen = len(device.ca.log(operation="GetCACert"))
    index = device.send(common_name="busy.example.net", KeyLength=bits)
    wait_until(
        lambda: len(device.ca.log(operation="GetCACert")) > seen, 20, "GetCACert"
    )
    making = gets_while(
        reader, 1, lambda: not device.status(index)["TransactionId"], limit
    )
    device.ca.wait_log(message="PKCSReq", limit=limit)
    hanging = gets_while(reader, count, lambda: False, limit)
    assert device.status(index)["State"] == "processing"
    device.quick.set(scepRequestAction="cancel")
    return making, hanging
