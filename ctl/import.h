/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An import: brings a device from what it has to what the file has, whole or
 * not at all.  Reads, plans and sets; finds out by reading whether a Set whose
 * answer never came was made; restores what the device had when a later Set is
 * refused, when another manager interferes or when it is asked to end.
 *
 * Reaches the device through functions that tests replace.  Knows no SNMP.
 */
#ifndef CTL_IMPORT_H
#define CTL_IMPORT_H

#include "ctl/device_state.h"

struct scep_change;

/* The device, and the user who waits for it. */
struct import_device {
	void *context;
	/* Reads all of it into an empty state.  Returns false with the reason
	 * if it does not answer, or not whole. */
	bool (*read)(void *context, struct device_state *state,
		     struct reason *reason);
	/* Makes one Set, with the lock's value in front. */
	void (*set)(void *context, uint32_t lock,
		    const struct scep_change *change, struct answer *answer);
	/* Waits a moment for a device that does not answer.  Returns false when
	 * it has taken too long since `attempt` was 0. */
	bool (*wait)(void *context, unsigned attempt);
	/* Returns whether it was asked to end. */
	bool (*is_ended)(void *context);
	/* Shows a line about a failure, or something to be known. */
	void (*say)(void *context, const char *line);
	/* Shows a line that was asked for. */
	void (*print)(void *context, const char *line);
};

/* As much as goes into one message with all that is around it.  Net-SNMP's
 * AgentX drops what is longer than 65,536 octets and says nothing (measured
 * with 5.9.3), and a datagram has hardly more room either. */
#define IMPORT_ROOM 60000

enum import_outcome {
	IMPORT_MADE,   /* the device is as the file says */
	IMPORT_ABSENT, /* not made; what was set has been restored */
	IMPORT_PARTLY, /* not made, and either it could not be restored or
			* nobody knows what is set: that has been said */
};

/* Prints the differences and changes nothing.  Returns false, after having said
 * the reason, if the device cannot be read. */
bool import_compare(const struct import_device *device,
		    const struct snapshot *file);

enum import_outcome import_run(const struct import_device *device,
			       const struct snapshot *file, size_t room);

#endif
