/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Begins requests: makes the record and the row of scepStatusTable, for a
 * manager as well as for a timer.  Knows no schedule and no Set.
 */
#ifndef SCEP_STATE_REQUEST_NEW_H
#define SCEP_STATE_REQUEST_NEW_H

#include "scep/timer.h"
#include "scep/state/txn.h"

struct scep_profile;
struct scep_status;
struct scep_values;

/*
 * Adds a request of the profile that is sent at once, with these values, and
 * removes one that could be resumed.  Returns its record, to be completed
 * before the commit; borrowed, and NULL if memory is short.
 */
struct record *request_new_send(struct state *state, struct txn *txn,
				const struct scep_profile *profile,
				const struct scep_values *values,
				enum scep_trigger trigger);

/* Takes the next scepStatusIndex. */
uint32_t request_new_index(struct state *state, struct txn *txn);
/* Return a record or a row; owned, and NULL if memory is short. */
struct record *request_new_record(const struct scep_profile *profile,
				  const struct scep_values *values,
				  uint32_t index);
struct scep_status *request_new_status(const struct scep_profile *profile,
				       const struct scep_values *values,
				       enum scep_trigger trigger,
				       uint32_t index);
/* Writes the names of profile, key and use location into a row. */
void request_new_name_status(struct scep_status *status,
			     const struct scep_profile *profile,
			     const struct scep_values *values);
/* Removes the request of the profile that could be resumed, if there is one. */
void request_new_drop_suspended(struct state *state, struct txn *txn,
				uint32_t profile_index);

#endif
