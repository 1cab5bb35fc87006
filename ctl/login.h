/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an agent is spoken to: the options of Net-SNMP and its snmp.conf, the
 * same for all agents of one call.  Knows no agent.
 */
#ifndef CTL_LOGIN_H
#define CTL_LOGIN_H

#include "ctl/reason.h"

#include <stdbool.h>
#include <stdio.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/types.h>

struct login {
	netsnmp_session base; /* as the options have it */
};

/*
 * Reads Net-SNMP's options.  `words[0]` is the name of the program, and an
 * agent stands behind the options.  Overwrites passphrases in `words`.  The
 * library itself says on standard error what is wrong; so `reason` may stay
 * empty. Release it in any case.
 */
bool login_read(int count, char **words, struct login *login,
		struct reason *reason);
void login_free(struct login *login);
/* Prints the options of Net-SNMP. */
void login_print_options(FILE *stream);

#endif
