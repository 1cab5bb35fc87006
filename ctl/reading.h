/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was read of a device at one time, and what a Set was answered.  Between
 * those who speak SNMP (device) and those who decide (import).
 */
#ifndef CTL_READING_H
#define CTL_READING_H

#include "scep/octets.h"
#include "ctl/snapshot.h"

struct reading {
	struct snapshot snapshot; /* owned */
	uint32_t lock;		  /* scepAgentConfigSpinLock */
	char version[SCEP_TEXT64];
	bool has_challenge[SNAPSHOT_ROWS]; /* scepAutoChallengeSet */
	char *uses; /* owned; scepUseName, each with a newline at its end */
};

void reading_free(struct reading *reading);

enum answer_kind {
	ANSWER_DONE,
	ANSWER_REFUSED,	 /* nothing of it was done */
	ANSWER_LOCKED,	 /* nor here: the lock has another value */
	ANSWER_TOO_BIG,	 /* nor here */
	ANSWER_NOBODY,	 /* nor here, perhaps because there is no subagent */
	ANSWER_UNCERTAIN /* no answer, or one that does not tell */
};

#define ANSWER_REASON 300
struct answer {
	enum answer_kind kind;
	size_t item; /* of the change that is to blame, or its count: none */
	char reason[ANSWER_REASON]; /* the error status in words */
};

#endif
