/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a device has to what it shall have: which Sets, in which order.
 * Pure.  Knows of the agent that one Set is all or nothing, and rule 1 of the
 * MIB: the server of a profile is locked while its timer is enabled.
 *
 * One Set is enough unless a timer must be disabled for the change (then a
 * second one enables it again) or the whole is longer than a message.  Where
 * there are several, the last one enables all timers, so that none runs before
 * all else has been taken.
 */
#ifndef CTL_PLAN_H
#define CTL_PLAN_H

#include "ctl/snapshot.h"

struct scep_change;

struct plan {
	struct scep_change *sets; /* owned */
	size_t count;
	/* Profiles whose timer is switched off by it, if only for a while. */
	bool switches_off[SNAPSHOT_ROWS];
	/* Profiles whose timer the last of several Sets switches on. */
	bool enables_last[SNAPSHOT_ROWS];
};

/*
 * `wanted` says only what is to be; rows and values that it does not name stay
 * as they are.  A row whose RowStatus is to be destroy(6) goes.  No Set has
 * more than `room` octets of variable bindings unless one profile alone has.
 * Returns false if memory is short.
 */
bool plan_make(const struct snapshot *present, const struct snapshot *wanted,
	       size_t room, struct plan *plan);
void plan_free(struct plan *plan);

#define PLAN_REASON 200
/*
 * Rule 2 of the MIB for the timers that are enabled last, judged beforehand:
 * a refusal would come when others have been switched off and their challenge
 * is gone.  `after` is what the device will have, `uses` the names of use
 * locations, each with a newline at its end.
 */
bool plan_is_ready(const struct plan *plan, const struct snapshot *after,
		   const char *uses, char reason[PLAN_REASON]);

#endif
