/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps what a test has logged through the library of Net-SNMP.  Knows nothing
 * of the lines.
 */
#ifndef TESTS_LIB_SNMP_LOG_H
#define TESTS_LIB_SNMP_LOG_H

#include <stdio.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

/* All lines since the last snmp_log_forget(). */
static char logged[65536];

static inline int snmp_log_hear(int major, int minor, void *message,
				void *context)
{
	const struct snmp_log_message *said = message;
	size_t length = strlen(logged);

	(void)major;
	(void)minor;
	(void)context;
	snprintf(logged + length, sizeof(logged) - length, "%s", said->msg);
	return 0;
}

/* Begins to keep them.  0 is good. */
static inline int snmp_log_listen(void)
{
	snmp_enable_calllog();
	return snmp_register_callback(
	    SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, snmp_log_hear, NULL);
}

static inline void snmp_log_forget(void)
{
	logged[0] = '\0';
}

#endif
