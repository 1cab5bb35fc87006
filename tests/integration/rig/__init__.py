# SPDX-License-Identifier: Apache-2.0
"""What the integration tests stand on: the real programs, started privately on
loopback, and two ways to speak SNMP with them."""
