/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans the Sets that bring a device from what it has to what it shall have,
 * and their order.  Pure.  Knows of the agent that one Set is all or nothing,
 * and rule 1 of the MIB: the server of a profile is locked while its timer is
 * enabled.
 *
 * One Set is enough unless a timer must be disabled for the change (then a
 * second one enables it again) or the whole is longer than a message.  If there
 * are several, the last one enables all timers, so that none runs before all
 * else has been taken.
 */
#ifndef CTL_PLAN_H
#define CTL_PLAN_H

#include "ctl/reason.h"
#include "ctl/snapshot.h"

struct scep_change;

struct plan {
	struct scep_change *sets; /* owned */
	size_t count;
	/* Profiles whose timer it disables, if only for a while. */
	bool disables[SNAPSHOT_ROWS];
	/* Profiles whose timer the last of several Sets enables. */
	bool enables_last[SNAPSHOT_ROWS];
};

/*
 * `wanted` has only what is to be; rows and values that it does not have stay
 * as they are.  A row whose RowStatus is to be destroy(6) goes.  No Set has
 * more than `room` octets of variable bindings unless one profile alone has.
 * Returns false if memory is short.
 */
bool plan_make(const struct snapshot *present, const struct snapshot *wanted,
	       size_t room, struct plan *plan);
void plan_free(struct plan *plan);

/*
 * Judges rule 2 of the MIB beforehand for the timers that are enabled last: a
 * refusal would come when others have been disabled and their challenge is
 * gone. `after` is what the device will have, `uses` the names of use
 * locations, each with a newline at its end.
 */
bool plan_is_ready(const struct plan *plan, const struct snapshot *after,
		   const char *uses, struct reason *reason);

/*
 * The same for all timers that are enabled in the profiles that the plan
 * changes: what the device will refuse.  For a dry run; the device itself says
 * it better.
 */
bool plan_is_acceptable(const struct plan *plan, const struct snapshot *after,
			const char *uses, struct reason *reason);

#endif
