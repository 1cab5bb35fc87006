/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An import: from what the device has to what the file says, whole or not at
 * all.  Reads, plans, sets; finds out by reading whether a Set whose answer
 * never came was made; puts back what was set when a later Set is refused,
 * when another manager interferes or when it is told to end.
 *
 * Reaches the device through functions that tests replace.  Knows no SNMP.
 */
#ifndef CTL_IMPORT_H
#define CTL_IMPORT_H

#include "ctl/reading.h"

struct scep_change;

/* The device, and whoever waits for it. */
struct import_device {
	void *context;
	/* Reads all of it into an empty reading.  Returns false with the reason
	 * if it does not answer, or not whole. */
	bool (*read)(void *context, struct reading *reading,
		     char reason[ANSWER_REASON]);
	/* Makes one Set, with the lock's value in front. */
	void (*set)(void *context, uint32_t lock,
		    const struct scep_change *change, struct answer *answer);
	/* Waits a moment for a device that does not answer.  Returns false when
	 * it has taken too long since `attempt` was 0. */
	bool (*wait)(void *context, unsigned attempt);
	/* Whether it was told to end. */
	bool (*is_ended)(void *context);
	/* A line about what goes wrong or is to be known. */
	void (*say)(void *context, const char *line);
	/* A line of what was asked for. */
	void (*print)(void *context, const char *line);
};

/* As much as goes into one message with all that is around it.  Net-SNMP's
 * AgentX drops what is longer than 65,536 octets and says nothing (measured
 * with 5.9.3), and a datagram has hardly more either. */
#define IMPORT_ROOM 60000

enum import_outcome {
	IMPORT_MADE,   /* the device is as the file says */
	IMPORT_ABSENT, /* not made; what was set has been put back */
	IMPORT_PARTLY, /* not made, and it could not be put back, or nobody
			* knows: it has been said */
};

/* Prints the differences and changes nothing.  Returns false,
 * and says why, if the device cannot be read. */
bool import_compare(const struct import_device *device,
		    const struct snapshot *file);

enum import_outcome import_run(const struct import_device *device,
			       const struct snapshot *file, size_t room);

#endif
