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

/* From a disk that refused an end to the next try, in ms. */
#define SAVE_AGAIN 5000

/*
 * Shows an end that the disk refused.  The disk still has the record of an
 * open request, so that a restart would continue it; request_save_end() removes
 * it when the disk works again.
 */
static void request_end_unsaved(struct open_request *e,
				struct scep_status *status)
{
	struct state *state = e->task.state;
	struct record *suspended = row_copy(e->task.record);
	struct txn txn;

	txn_init(&txn);
	status_end(status, state_now(state), SCEP_STATE_ERROR);
	status_blame(status, &e->task.work.error);
	open_request_wipe_challenge(e, suspended, &txn);
	if (suspended != NULL)
		suspended->is_suspended = true;
	outcome_note(state, &txn, status, false);
	txn_show(&txn, STORE_STATUS, status);
	txn_show(&txn, STORE_RECORD, suspended);
	txn_commit(state, &txn, NULL, NULL);
	e->is_unsaved = true;
	task_continue_at(&e->task, state_mono(state) + SAVE_AGAIN);
}

void request_save_end(struct open_request *e)
{
	struct state *state = e->task.state;
	struct scep_status *status = request_copy_status(e);
	struct txn txn;

	txn_init(&txn);
	/* Memory was too short to show it. */
	if (status != NULL && scep_status_is_open(status)) {
		error_set_memory(&e->task.work.error);
		status_end(status, state_now(state), SCEP_STATE_ERROR);
		status_blame(status, &e->task.work.error);
		outcome_note(state, &txn, status, true);
	}
	/* It has the outcome, which the disk has not. */
	txn_edit(state, &txn, STORE_PROFILE, e->task.record->profile_index,
		 true);
	txn_put(&txn, STORE_STATUS, status);
	txn_remove(&txn, STORE_RECORD, e->task.record->index);
	txn_trim_statuses(state, &txn);
	if (txn_commit(state, &txn, NULL, NULL) == SCEP_OK)
		registry_sweep(state);
	else
		task_continue_at(&e->task, state_mono(state) + SAVE_AGAIN);
}

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

void request_end_in_error(struct open_request *e, struct record *next,
			  bool is_pending)
{
	struct task *task = &e->task;
	struct state *state = task->state;
	const struct scep_error error = task->work.error;
	struct scep_status *status = request_copy_status(e);
	uint32_t index = task->record->index;
	char failure[FAILURE_TEXT];
	bool is_resumable = error_is_resumable(error.code) && next != NULL;
	/* With what an EC request was sent, its reply is opened. */
	bool keeps = is_resumable && renewal_needs_challenge(state, next);
	struct txn txn;

	e->look = REQUEST_LOOK_NONE;
	txn_init(&txn);
	open_request_wipe_challenge(e, keeps ? NULL : next, &txn);
	if (status != NULL) {
		status_end(status, state_now(state), SCEP_STATE_ERROR);
		status_blame(status, &error);
		outcome_note(state, &txn, status, true);
	}
	request_note_end(e, &txn, false);
	key_actions_note_renewed(state, &txn, task->record->action_key, &error);
	txn_put(&txn, STORE_STATUS, status);
	if (is_resumable) {
		next->is_suspended = true;
		next->next_try = 0;
		request_put_record(e, next, &txn);
	} else {
		row_release(next);
		txn_remove(&txn, STORE_RECORD, index);
	}
	txn_trim_statuses(state, &txn);
	stats_count_end(&state->view.stats, state_now(state), false);
	failure_text(task, &error, failure);
	log_warning("%s: %s%s", task->name, failure,
		    is_resumable ? "; scepRequestAction pollNow resumes it"
				 : "");
	task->due = STATE_NEVER;
	/* A commit that removes the record frees `e`. */
	if (request_commit(e, &txn) != SCEP_OK) {
		status = request_copy_status(e);
		if (status != NULL)
			request_end_unsaved(e, status);
	} else {
		registry_sweep(state);
	}
	if (is_pending)
		state_notify(state, SCEP_EVENT_REQUEST_DEFERRED, index);
	state_notify(state, SCEP_EVENT_REQUEST_FAILED, index);
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
	const struct scep_stats before = state->view.stats;
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
	if (request_commit(e, txn) != SCEP_OK) {
		state->view.stats = before;
		return false;
	}
	log_notice("%s: successful%s%s", name, text[0] != '\0' ? ": " : "",
		   text);
	if (had_retired)
		registry_sweep(state);
	state_notify(state, SCEP_EVENT_REQUEST_SUCCEEDED, index);
	return true;
}
