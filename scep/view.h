/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view: all that can be read of the engine at one moment.  A user of its
 * rows includes the header of the row too.
 */
#ifndef SCEP_VIEW_H
#define SCEP_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "scep/agent_row.h"
#include "scep/rows.h"

struct scep_key;
struct scep_status;

#define SCEP_PROFILE_MAX 64

/* All that can be read.  Immutable once published. */
struct scep_view {
	struct scep_agent agent;
	struct scep_stats stats;
	struct scep_rows profiles; /* struct scep_profile */
	struct scep_rows statuses; /* struct scep_status */
	struct scep_rows keys;	   /* struct scep_key */
	struct scep_rows cas;	   /* struct scep_ca */
	struct scep_rows uses;	   /* struct scep_use */
	struct scep_rows retired;  /* struct scep_key: those that DeleteOldKey
				    * has taken away; never shown */
	/* Of each profile: the status row of the request that was put aside
	 * and that pollNow can resume, or 0. */
	uint32_t suspended[SCEP_PROFILE_MAX + 1];
};

/* The number of requests that are processing: scepStatusProcessing. */
uint32_t scep_view_processing(const struct scep_view *view);

/*
 * Returns whether a key is in service (MIB, rule 19).  A use location has it,
 * or it is not the default key and no other key has taken its place.  One that
 * is not valid yet takes no place.
 */
bool scep_view_key_is_in_service(const struct scep_view *view,
				 const struct scep_key *key, int64_t now);

/* Returns the status row of the open request of a profile, or NULL.  A row of
 * the timer that only waits for its time (toBeProcessed) is no open request. */
const struct scep_status *scep_view_open_request(const struct scep_view *view,
						 uint32_t profile_index);

/* Returns the key in service of a profile, or NULL: of several, the one that
 * was installed last, but one that is not valid yet only if there is no other.
 */
const struct scep_key *scep_view_profile_key(const struct scep_view *view,
					     uint32_t profile_index,
					     int64_t now);

/* The first notAfter of the keys in service, or 0 if there is nothing to
 * expire. */
int64_t scep_view_earliest_expiry(const struct scep_view *view, int64_t now);

#endif
