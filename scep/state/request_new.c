/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/request_new.h"

#include <string.h>

#include "scep/codes.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/values.h"
#include "scep/state/open_request.h"

uint32_t request_new_index(struct state *state, struct txn *txn)
{
	return ++txn_edit_agent(state, txn)->status_last_index;
}

struct record *request_new_record(const struct scep_profile *profile,
				  const struct scep_values *values,
				  uint32_t index)
{
	struct record *record = record_new();

	if (record == NULL)
		return NULL;
	record->index = index;
	record->profile_index = profile->index;
	record->step = STEP_GET_CA_CAPS;
	record->server = profile->server;
	record->values = *values;
	if (!bytes_random_name(record->file_id)) {
		row_release(record);
		return NULL;
	}
	return record;
}

void request_new_name_status(struct scep_status *status,
			     const struct scep_profile *profile,
			     const struct scep_values *values)
{
	scep_profile_shown_name(profile, status->profile_name);
	memcpy(status->key_name, values->key_name, sizeof(status->key_name));
	memcpy(status->use_location, values->use_location,
	       sizeof(status->use_location));
}

struct scep_status *request_new_status(const struct scep_profile *profile,
				       const struct scep_values *values,
				       enum scep_trigger trigger,
				       uint32_t index)
{
	struct scep_status *status = row_new(sizeof(*status));

	if (status == NULL)
		return NULL;
	status->index = index;
	status->profile_index = profile->index;
	status->state = SCEP_STATE_TO_BE_PROCESSED;
	status->detail = SCEP_NONE;
	status->fail_info = SCEP_FAIL_NONE;
	status->trigger = trigger;
	status->message_type = SCEP_MESSAGE_NONE;
	request_new_name_status(status, profile, values);
	return status;
}

void request_new_drop_suspended(struct state *state, struct txn *txn,
				uint32_t profile_index)
{
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (e->task.record->profile_index != profile_index ||
		    !e->task.record->is_suspended)
			continue;
		txn_remove(txn, STORE_RECORD, e->task.record->index);
	}
}

struct record *request_new_send(struct state *state, struct txn *txn,
				const struct scep_profile *profile,
				const struct scep_values *values,
				enum scep_trigger trigger)
{
	uint32_t index = request_new_index(state, txn);
	struct scep_status *status =
	    request_new_status(profile, values, trigger, index);
	struct record *record = request_new_record(profile, values, index);

	request_new_drop_suspended(state, txn, profile->index);
	if (status != NULL)
		status->request_time = state_now(state);
	txn_put(txn, STORE_STATUS, status);
	txn_put(txn, STORE_RECORD, record);
	return txn->is_short ? NULL : record;
}
