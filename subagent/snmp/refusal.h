/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusing a Set: the error of the protocol for each of the engine's, its
 * name, and one line in the log that says which object and why, a limited
 * number of them.  Never given a value.
 */
#ifndef SUBAGENT_SNMP_REFUSAL_H
#define SUBAGENT_SNMP_REFUSAL_H

#include "subagent/snmp/limiter.h"
#include "scep/scep.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

/* SNMP_ERR_... for a verdict. */
int refusal_error(enum scep_refusal refusal);

/* Logs that the Set of `variable` ended with `error`, if the limiter lets it;
 * `reason` may be empty. */
void refusal_log(struct limiter *limiter, const netsnmp_variable_list *variable,
		 int error, const char *reason);
/* Logs how many refusals the limiter held back, once its time is over. */
void refusal_settle(struct limiter *limiter);

#endif
