/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: what the engine tells a front end, and what it asks it to do.  Knows
 * the rows only as pointers.
 */
#ifndef SCEP_EVENT_H
#define SCEP_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "scep/codes.h"

struct scep_key;

enum scep_event_kind {
	SCEP_EVENT_REQUEST_SUCCEEDED = 0, /* bits of scepNotifyEnable */
	SCEP_EVENT_REQUEST_FAILED = 1,
	SCEP_EVENT_REQUEST_DEFERRED = 2,
	SCEP_EVENT_CERT_EXPIRING = 3,
	SCEP_EVENT_CERT_EXPIRED = 4,
	SCEP_EVENT_CA_PENDING = 5,
	SCEP_EVENT_CA_EXPIRING = 6,
	SCEP_EVENT_KEY_LIMIT_REACHED = 7,
	SCEP_EVENT_RESTART_REQUIRED = 8,
	SCEP_EVENT_CLOCK_SUSPECT = 9,
	SCEP_EVENT_DEPLOY_FAILED = 10,
	SCEP_EVENT_CA_CHANGED = 11,
	/* The restart command is to be run, and scep_restart_ended() called;
	 * the row is the key that it is for, or NULL. */
	SCEP_EVENT_RESTART = 30,
	SCEP_EVENT_FATAL = 31, /* the engine cannot go on: end the process */
	/* The use location of the row is to be given `key`, or (PROBE) is to
	 * be asked whether its function is on, and scep_deploy_ended() called.
	 * One at a time. */
	SCEP_EVENT_DEPLOY = 32,
	SCEP_EVENT_PROBE = 33,
	/* The use locations of the request with that status row are to be
	 * looked at: can they take its files?  Then scep_look_ended() is to be
	 * called.  One at a time, beside a DEPLOY or PROBE. */
	SCEP_EVENT_LOOK = 34,
};

/* How a DEPLOY, a PROBE or a LOOK went. */
struct scep_deploy_end {
	bool is_look;
	uint32_t use_index; /* of a LOOK: the index of the status row */
	bool is_good;
	bool is_enabled;	 /* the function of the location */
	char text[SCEP_TEXT255]; /* why it is not good */
};

struct scep_event {
	enum scep_event_kind kind;
	uint32_t index; /* of the row it is about; 0: of none */
	/*
	 * The row as it is now, of the table that the kind is about; NULL for
	 * KEY_LIMIT_REACHED, for FATAL, and if it is gone.  A profile comes
	 * without its secrets.  Borrowed for the call: to keep it, retain it.
	 */
	const void *row;
	const struct scep_key *key; /* of DEPLOY; borrowed like the row */
};

/* One more reference to a row of a view or an event, from any thread; the row
 * is never changed.  NULL is fine, for both. */
const void *scep_row_retain(const void *row);
void scep_row_release(const void *row);

/*
 * Called on the engine's threads; must not block and must not call back into
 * the engine.
 */
struct scep_watcher {
	void *context;
	void (*event)(void *context, const struct scep_event *event);
	void (*log)(void *context, enum scep_log_level level, const char *line);
};

#endif
