/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a device as it was read at one time, and its answer to a Set.
 * Stands between the module that speaks SNMP (device) and the one that decides
 * (import).  Knows neither.
 */
#ifndef CTL_DEVICE_STATE_H
#define CTL_DEVICE_STATE_H

#include "ctl/reason.h"
#include "scep/octets.h"
#include "ctl/snapshot.h"

/* All zero is empty. */
struct device_state {
	/* Owned.  Has the default of an object that the device lacks, because
	 * it behaves like that. */
	struct snapshot snapshot;
	bool lacks[SCEP_FIELD_COUNT]; /* of an older SCEP-CLIENT-MIB */
	uint32_t lock;		      /* scepAgentConfigSpinLock */
	char version[SCEP_TEXT64];
	bool has_challenge[SNAPSHOT_ROWS]; /* scepAutoChallengeSet */
	char *uses; /* owned; scepUseName, each with a newline at its end */
};

/* Removes the objects that the device lacks from the snapshot. */
void device_state_drop_lacking(struct device_state *state);

/* Frees what it holds, and empties it. */
void device_state_free(struct device_state *state);

enum answer_kind {
	ANSWER_DONE,
	ANSWER_REFUSED,	 /* nothing of it was done */
	ANSWER_LOCKED,	 /* nothing was done: the lock has another value */
	ANSWER_TOO_BIG,	 /* nothing was done */
	ANSWER_NOBODY,	 /* nothing was done; perhaps there is no subagent */
	ANSWER_UNCERTAIN /* no answer, or one that does not tell */
};

struct answer {
	enum answer_kind kind;
	size_t item; /* of the change that is at fault, or its count: none */
	struct reason reason; /* the error status in words */
};

#endif
