/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The refusal of a Set: the protocol's error for each refusal of the engine,
 * and one line in the log with the object, the error and the reason.  A limiter
 * keeps a manager who is refused a thousand times a second from filling the
 * log.  Is never given a value.  refusal_table.h keeps the last refusals.
 */
#ifndef SUBAGENT_SNMP_REFUSAL_H
#define SUBAGENT_SNMP_REFUSAL_H

#include "scep/change.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#define REFUSAL_LINES	10 /* pass in each span */
#define REFUSAL_SPAN_MS 10000

/* All zero to begin with. */
struct refusal_limiter {
	uint64_t began; /* the present span, in ms */
	unsigned passed;
	unsigned suppressed;
};

#define REFUSAL_NAME 160 /* a name in the log; longer ones are cut */

struct refusal {
	char object[REFUSAL_NAME]; /* the object and its index, or the OID */
	int error;		   /* SNMP_ERR_... */
	const char *error_name;
	const char *reason; /* borrowed; does not repeat the object */
};

/* Returns SNMP_ERR_... for a refusal of the engine. */
int refusal_error(enum scep_refusal refusal);

/* Puts in words that the Set of `variable` ended with `error`.  Borrows
 * `reason`; if it is empty, there is one for each error. */
void refusal_make(struct refusal *refusal,
		  const netsnmp_variable_list *variable, int error,
		  const char *reason);
/* Logs the refusal, if the limiter lets the line pass. */
void refusal_log(struct refusal_limiter *limiter,
		 const struct refusal *refusal);
/* Logs how many lines the limiter has suppressed, once their span is over. */
void refusal_settle(struct refusal_limiter *limiter);

/* Returns whether one more line may pass at the time `now`, in ms of a steady
 * clock. */
bool refusal_limiter_pass(struct refusal_limiter *limiter, uint64_t now);
/* Returns how many lines were suppressed in a span that is over; 0 while it
 * lasts.  To be called before refusal_limiter_pass(), and now and then. */
unsigned refusal_limiter_settle(struct refusal_limiter *limiter, uint64_t now);

#endif
