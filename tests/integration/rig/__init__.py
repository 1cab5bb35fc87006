# SPDX-License-Identifier: Apache-2.0
"""The base of the integration tests: the real programs, started privately on
loopback, and two ways to speak SNMP with them."""
