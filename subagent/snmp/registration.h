/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registration of the MIB's objects with the AgentX master.  Knows whether
 * the master has refused it, because another subagent has these objects.
 */
#ifndef SUBAGENT_SNMP_REGISTRATION_H
#define SUBAGENT_SNMP_REGISTRATION_H

#include <stdbool.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

struct registration {
	bool is_refused; /* since the last registration_take_refusal() */
};

/*
 * Registers the whole subtree at once, so that all variable bindings of a PDU
 * come in one call; `context` becomes my_reg_void.  The library registers it
 * again with each new session.  Returns false if memory is short.
 */
bool registration_open(struct registration *registration,
		       Netsnmp_Node_Handler *handle, void *context);
void registration_close(struct registration *registration);

/* Tells whether a master has refused the objects since the last call. */
bool registration_take_refusal(struct registration *registration);

#endif
