/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ends of the requests of a profile (struct scep_outcome): a part of the
 * profile row, so that it outlives the rows of scepStatusTable.  Knows no
 * request and no health.
 */
#ifndef SCEP_STATE_OUTCOME_H
#define SCEP_STATE_OUTCOME_H

#include "scep/state/txn.h"

struct scep_status;

/* Adds to the profile of a row that it has ended; once for each end.
 * `is_stored` is as in txn_edit(). */
void outcome_note(struct state *state, struct txn *txn,
		  const struct scep_status *status, bool is_stored);
/* An operator has seen that the last request of the profile failed: adds it. */
void outcome_acknowledge(struct state *state, struct txn *txn,
			 uint32_t profile_index);
/* Finds the outcomes that a database of an older version does not have, in the
 * rows of scepStatusTable.  Writes to rows in place: only before the first view
 * is published. */
void outcome_recall(struct state *state);

#endif
