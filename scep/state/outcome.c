/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/outcome.h"

#include <string.h>

#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"

static void outcome_put(struct scep_outcome *outcome,
			const struct scep_status *status)
{
	bool is_success = status->state == SCEP_STATE_SUCCESSFUL;

	outcome->result =
	    is_success ? SCEP_RESULT_SUCCEEDED : SCEP_RESULT_FAILED;
	outcome->detail = status->detail;
	memcpy(outcome->text, status->text, sizeof(outcome->text));
	outcome->time = status->finish_time;
	outcome->is_acknowledged = false;
	if (is_success) {
		outcome->last_success = status->finish_time;
		outcome->failures = 0;
	} else {
		outcome->failures++;
	}
}

void outcome_note(struct state *state, struct txn *txn,
		  const struct scep_status *status, bool is_stored)
{
	struct scep_profile *profile = txn_edit(
	    state, txn, STORE_PROFILE, status->profile_index, is_stored);

	if (profile != NULL)
		outcome_put(&profile->outcome, status);
}

void outcome_acknowledge(struct state *state, struct txn *txn,
			 uint32_t profile_index)
{
	const struct scep_profile *now =
	    scep_rows_find(&state->view.profiles, profile_index);
	struct scep_profile *profile;

	if (now == NULL || now->outcome.result != SCEP_RESULT_FAILED ||
	    now->outcome.is_acknowledged)
		return;
	profile = txn_edit(state, txn, STORE_PROFILE, profile_index, true);
	if (profile != NULL)
		profile->outcome.is_acknowledged = true;
}

/* Returns the row of the profile that ended first after (time, index), or
 * NULL. */
static const struct scep_status *next_ended(const struct scep_view *view,
					    uint32_t profile_index,
					    const struct scep_status *after)
{
	const struct scep_status *found = NULL;

	ROWS_EACH (i, &view->statuses) {
		const struct scep_status *status = view->statuses.row[i];

		if (status->profile_index != profile_index ||
		    scep_status_is_open(status))
			continue;
		if (after != NULL &&
		    (status->finish_time < after->finish_time ||
		     (status->finish_time == after->finish_time &&
		      status->index <= after->index)))
			continue;
		/* The rows are in the order of their index. */
		if (found == NULL || status->finish_time < found->finish_time)
			found = status;
	}
	return found;
}

void outcome_recall(struct state *state)
{
	ROWS_EACH (i, &state->view.profiles) {
		struct scep_profile *profile = state->view.profiles.row[i];
		const struct scep_status *status = NULL;

		if (profile->outcome.result != 0)
			continue;
		while ((status = next_ended(&state->view, profile->index,
					    status)) != NULL)
			outcome_put(&profile->outcome, status);
	}
}
