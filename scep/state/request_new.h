/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's beginning: its record and its row of scepStatusTable, whether a
 * manager or a timer asks for it.  Knows no schedule and no Set.
 */
#ifndef SCEP_STATE_REQUEST_NEW_H
#define SCEP_STATE_REQUEST_NEW_H

#include "scep/timer.h"
#include "scep/state/txn.h"

struct scep_profile;
struct scep_status;
struct scep_values;

/* Both are owned; NULL if memory is short. */
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
/* What could have been resumed no longer can: it goes with the batch. */
void request_new_drop_suspended(struct state *state, struct txn *txn,
				uint32_t profile_index);

#endif
