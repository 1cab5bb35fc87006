/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/registration.h"

#include <stdio.h>
#include <string.h>

#include "mibs/scep_root.h"

#define DUPLICATE_REGISTRATION 263 /* RFC 2741, 6.2.16 */

/* Hears of a refusal.  The library says it in its log and nowhere else. */
static int hear_refusal(int major, int minor, void *server, void *client)
{
	const struct snmp_log_message *message = server;
	struct registration *registration = client;
	const char *code = strstr(message->msg, "registering pdu failed: ");
	int number;

	(void)major;
	(void)minor;
	if (code && sscanf(code, "registering pdu failed: %d", &number) == 1 &&
	    number == DUPLICATE_REGISTRATION)
		registration->is_refused = true;
	return SNMPERR_SUCCESS;
}

bool registration_open(struct registration *registration,
		       Netsnmp_Node_Handler *handle, void *context)
{
	static const oid root[] = {SCEP_ROOT_ARCS, 1};
	netsnmp_handler_registration *made;

	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
			       hear_refusal, registration);
	made = netsnmp_create_handler_registration("scepClientObjects", handle,
						   root, OID_LENGTH(root),
						   HANDLER_CAN_RWRITE);
	if (!made)
		return false;
	made->my_reg_void = context;
	/* The library frees it on failure. */
	return netsnmp_register_handler(made) == MIB_REGISTERED_OK;
}

void registration_close(struct registration *registration)
{
	snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
				 hear_refusal, registration, 1);
}

bool registration_take_refusal(struct registration *registration)
{
	bool is_refused = registration->is_refused;

	registration->is_refused = false;
	return is_refused;
}
