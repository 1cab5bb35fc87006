/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/request_end.h"

#include <string.h>

#include "scep/codes.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/enroll/challenge.h"
#include "scep/enroll/failure_text.h"
#include "scep/enroll/request_save.h"
#include "scep/enroll/success_text.h"
#include "scep/enroll/timers.h"
#include "scep/keys/applied.h"
#include "scep/keys/key_actions.h"
#include "scep/keys/registry.h"
#include "scep/keys/renewal.h"
#include "scep/state/outcome.h"
#include "scep/state/status.h"

/* Notes in the profile how a request of its timer ended: the timer plans its
 * next run with it. */
static void request_note_end(struct open_request *e, struct txn *txn,
			     bool is_success)
{
	const struct scep_status *status = open_request_status_now(e);
	struct state *state = e->task.state;
	struct scep_profile *profile;

	if (task_profile(&e->task) == NULL || status == NULL ||
	    status->trigger == SCEP_TRIGGER_MANUAL)
		return;
	/* A manager asked for it: the timer does not try it again. */
	if (e->task.record->action_key != 0 && !is_success)
		return;
	profile = txn_edit(state, txn, STORE_PROFILE,
			   e->task.record->profile_index, true);
	if (profile == NULL)
		return;
	timers_note_end(state, profile, is_success);
	profile->timer.lacks_challenge = challenge_is_lacking(e);
}

/* Adds what the end in Error means for the rows. */
static void request_put_error(struct open_request *e, struct txn *txn,
			      struct record *next, struct scep_status *status)
{
	struct task *task = &e->task;
	struct state *state = task->state;
	const struct scep_error *error = &task->work.error;
	bool is_resumable = error_is_resumable(error->code) && next != NULL;
	/* With what an EC request was sent, its reply is opened. */
	bool keeps = is_resumable && renewal_needs_challenge(state, next);

	open_request_wipe_challenge(e, keeps ? NULL : next, txn);
	if (status != NULL) {
		status_end(status, state_now(state), SCEP_STATE_ERROR);
		status_blame(status, error);
		outcome_note(state, txn, status, true);
	}
	request_note_end(e, txn, false);
	key_actions_note_renewed(state, txn, task->record->action_key, error);
	txn_put(txn, STORE_STATUS, status);
	if (is_resumable) {
		next->is_suspended = true;
		next->next_try = 0;
		request_put_record(e, next, txn);
	} else {
		row_release(next);
		txn_remove(txn, STORE_RECORD, task->record->index);
	}
	txn_trim_statuses(state, txn);
}

bool request_end_in_error(struct open_request *e, struct record *next,
			  bool is_pending)
{
	struct task *task = &e->task;
	struct state *state = task->state;
	uint32_t index = task->record->index;
	bool is_resumable =
	    error_is_resumable(task->work.error.code) && next != NULL;
	char name[TASK_NAME];
	char failure[FAILURE_TEXT];
	struct txn txn;

	e->look = REQUEST_LOOK_NONE;
	txn_init(&txn);
	request_put_error(e, &txn, next, request_copy_status(e));
	stats_count_end(&state->view.stats, state_now(state), false);
	failure_text(task, &task->work.error, failure);
	task->due = STATE_NEVER;
	/* A commit that removes the record frees `e`. */
	memcpy(name, task->name, sizeof(name));
	if (request_commit(e, &txn) != SCEP_OK)
		return false;
	log_warning("%s: %s%s", name, failure,
		    is_resumable ? "; scepRequestAction pollNow resumes it"
				 : "");
	registry_sweep(state);
	if (is_pending)
		state_notify(state, SCEP_EVENT_REQUEST_DEFERRED, index);
	state_notify(state, SCEP_EVENT_REQUEST_FAILED, index);
	return true;
}

/* Adds what follows from a new key that every use location has.  Of one whose
 * certificate begins later, it follows later (not_before.h). */
static void request_note_applied(struct open_request *e,
				 const struct step_result *result,
				 struct txn *txn)
{
	const struct record *record = e->task.record;

	if (e->task.work.error.code == SCEP_DEPLOY_FAILED ||
	    result->begins != 0)
		return;
	applied_follow(e->task.state, txn, record->profile_index,
		       record->key_index,
		       (enum scep_trigger)result->status->trigger);
}

bool request_end_in_success(struct open_request *e, struct step_result *result)
{
	struct scep_status *status = result->status;
	struct txn *txn = &result->txn;
	struct task *task = &e->task;
	struct state *state = task->state;
	const bool had_retired = state->view.retired.count > 0;
	uint32_t index = task->record->index;
	char name[TASK_NAME];
	char text[SCEP_TEXT255];

	status_end(status, state_now(state), SCEP_STATE_SUCCESSFUL);
	success_text_put(task, status, result->begins);
	outcome_note(state, txn, status, true);
	request_note_end(e, txn, true);
	open_request_preset_values(e, txn);
	request_note_applied(e, result, txn);
	key_actions_note_renewed(state, txn, task->record->action_key,
				 &task->work.error);
	txn_put(txn, STORE_STATUS, status);
	txn_remove(txn, STORE_RECORD, index);
	txn_trim_statuses(state, txn);
	stats_count_end(&state->view.stats, state_now(state), true);
	task->due = STATE_NEVER;
	/* The commit frees `e` with its record. */
	memcpy(name, task->name, sizeof(name));
	memcpy(text, status->text, sizeof(text));
	if (request_commit(e, txn) != SCEP_OK)
		return false;
	log_notice("%s: successful%s%s", name, text[0] != '\0' ? ": " : "",
		   text);
	if (had_retired)
		registry_sweep(state);
	state_notify(state, SCEP_EVENT_REQUEST_SUCCEEDED, index);
	return true;
}
