/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets so many through in so much time and counts the rest, so that a manager
 * who is refused a thousand times a second does not fill the log.  Knows
 * neither the log nor a clock.
 */
#ifndef SUBAGENT_SNMP_LIMITER_H
#define SUBAGENT_SNMP_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#define LIMITER_LINES	10
#define LIMITER_SPAN_MS 10000

/* Zeroed to begin with. */
struct limiter {
	uint64_t began; /* ms, of the span in hand */
	unsigned passed;
	unsigned suppressed;
};

/* Whether one more may pass at the time `now` (ms of a steady clock). */
bool limiter_pass(struct limiter *limiter, uint64_t now);
/*
 * How many were held back in a span that is over; 0 if none were, or if the
 * span still runs.  Ask before limiter_pass(), and now and then.
 */
unsigned limiter_settle(struct limiter *limiter, uint64_t now);

#endif
