/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/transitions.h"

#include <assert.h>
#include <string.h>

#include "scep/agent_row.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/base/error.h"
#include "scep/keys/key_actions.h"
#include "scep/base/log.h"
#include "scep/keys/registry.h"
#include "scep/keys/renewal.h"
#include "scep/keys/restart.h"
#include "scep/schedule/schedule.h"
#include "scep/state/status.h"
#include "scep/enroll/step.h"
#include "scep/enroll/timers.h"
#include "scep/keys/use_locations.h"

/* How long until an end that could not be saved is saved again, in ms. */
#define SAVE_AGAIN 5000

/* A Set that decides is acted on at once; what else may bring the trust that
 * a request waits for, such as a check, is noticed this much later, in ms. */
#define LOOK_AGAIN 60000

/* -------------------------------------------------------------- moving -- */

struct scep_status *transition_status(struct open_request *e)
{
	return row_copy(open_request_status_now(e));
}

/* What the move means for the timer of the profile is seen together with it.
 * Afterwards, `e` may be gone if its record is. */
static enum scep_code commit(struct open_request *e, struct txn *txn)
{
	struct state *state = e->state;
	uint32_t profile_index = e->record->profile_index;
	enum scep_code code;

	state->publish_is_held = true;
	code = txn_commit(state, txn, NULL, &e->work.error);
	if (code == SCEP_OK)
		timers_look(state, profile_index);
	state->publish_is_held = false;
	state_publish(state);
	return code;
}

/* The only place where the step of a request changes. */
static void put_record(struct open_request *e, struct record *next,
		       struct txn *txn)
{
	assert(next == NULL || step_may_lead_to(e->step, next->step));
	txn_put(txn, STORE_RECORD, next);
}

bool transition_commit(struct open_request *e, struct record *next,
		       struct scep_status *status, struct txn *extra)
{
	struct txn own;

	txn_init(&own);
	if (extra == NULL)
		extra = &own;
	put_record(e, next, extra);
	txn_put(extra, STORE_STATUS, status);
	return commit(e, extra) == SCEP_OK;
}

void transition_to(struct open_request *e, enum step_id to, struct record *next,
		   struct scep_status *status, struct txn *extra)
{
	const char *from_name = e->step->name;
	const struct step *target = step_find(to);

	if (next != NULL) {
		next->step = to;
		next->next_try = 0;
	}
	if (status != NULL) {
		status->state = SCEP_STATE_PROCESSING;
		status_clear(status);
		status->next_poll = 0;
		status_message(status, target->message_type);
	}
	if (!transition_commit(e, next, status, extra)) {
		transition_fail(e, NULL);
		return;
	}
	log_info("%s: %s -> %s", e->name, from_name, target->name);
	open_request_resume(e);
}

/* A request that is held because of its CA, and then ended, counts once. */
static void count_error(struct open_request *e)
{
	if (e->work.error.code == SCEP_CA_NOT_TRUSTED) {
		if (e->is_distrusted)
			return;
		e->is_distrusted = true;
	}
	stats_count_error(&e->state->view.stats, &e->work.error);
}

void transition_look_again(struct open_request *e)
{
	open_request_go_on_at(e, state_mono(e->state) + LOOK_AGAIN);
}

void transition_wait(struct open_request *e, enum step_id to,
		     struct record *next, struct txn *extra)
{
	struct scep_status *status = transition_status(e);

	if (next != NULL) {
		next->step = to;
		next->next_try = 0;
	}
	count_error(e);
	if (status != NULL) {
		status->state = SCEP_STATE_PROCESSING;
		status_blame(status, &e->work.error);
		status->next_poll = 0;
	}
	if (!transition_commit(e, next, status, extra)) {
		transition_fail(e, NULL);
		return;
	}
	log_info("%s: %s -> %s: %s", e->name, e->step->name,
		 step_find(to)->name, e->work.error.text);
	transition_look_again(e);
}

/* -------------------------------------------------------------- ending -- */

/* The manual challenge of the profile goes with its request (rule 4). */
static void wipe_profile_challenge(struct open_request *e, struct txn *txn)
{
	const struct scep_profile *old = open_request_profile(e);
	struct scep_profile *profile;

	if (old == NULL || old->request_status_index != e->record->index ||
	    old->request.challenge_password.length == 0)
		return;
	profile = row_copy(old);
	if (profile != NULL)
		memset(&profile->request.challenge_password, 0,
		       sizeof(profile->request.challenge_password));
	txn_show(txn, STORE_PROFILE, profile);
}

void transition_wipe_challenge(struct open_request *e, struct record *next,
			       struct txn *txn)
{
	if (next != NULL)
		memset(&next->values.challenge_password, 0,
		       sizeof(next->values.challenge_password));
	wipe_profile_challenge(e, txn);
}

/*
 * An end that the disk refuses is shown at once and saved when the disk is
 * well again; until then the record on disk says that the request is open, so
 * that a restart would go on with it.
 */
static void end_unsaved(struct open_request *e, struct scep_status *status)
{
	struct txn txn;
	struct record *suspended = row_copy(e->record);

	txn_init(&txn);
	status_end(status, state_now(e->state), SCEP_STATE_ERROR);
	status_blame(status, &e->work.error);
	transition_wipe_challenge(e, suspended, &txn);
	if (suspended != NULL)
		suspended->is_suspended = true;
	txn_show(&txn, STORE_STATUS, status);
	txn_show(&txn, STORE_RECORD, suspended);
	txn_commit(e->state, &txn, NULL, NULL);
	e->is_unsaved = true;
	open_request_go_on_at(e, state_mono(e->state) + SAVE_AGAIN);
}

void transition_save_end(struct open_request *e)
{
	struct txn txn;
	struct state *state = e->state;
	struct scep_status *status = transition_status(e);

	/* Memory was too short to show it. */
	if (status != NULL && scep_status_is_open(status)) {
		error_set_memory(&e->work.error);
		status_end(status, state_now(state), SCEP_STATE_ERROR);
		status_blame(status, &e->work.error);
	}
	txn_init(&txn);
	txn_put(&txn, STORE_STATUS, status);
	txn_remove(&txn, STORE_RECORD, e->record->index);
	txn_trim_statuses(state, &txn);
	if (txn_commit(state, &txn, NULL, NULL) == SCEP_OK)
		registry_sweep(state);
	else
		open_request_go_on_at(e, state_mono(state) + SAVE_AGAIN);
}

/* A refusal that a challenge might have spared: of a first certificate, with
 * none in the request. */
static bool lacks_challenge(const struct open_request *e)
{
	const struct scep_error *error = &e->work.error;

	return error->code == SCEP_SCEP_ERROR &&
	       (error->fail_info == SCEP_FAIL_BAD_REQUEST ||
		error->fail_info == SCEP_FAIL_BAD_MESSAGE_CHECK) &&
	       e->record->values.challenge_password.length == 0 &&
	       !renewal_signs_with_old(e->record);
}

/* The timer works out its next run from how this one ended. */
static void note_end(struct open_request *e, struct txn *txn, bool is_success)
{
	const struct scep_status *status = open_request_status_now(e);
	const struct scep_profile *old = open_request_profile(e);
	struct scep_profile *profile;

	if (old == NULL || status == NULL ||
	    status->trigger == SCEP_TRIGGER_MANUAL)
		return;
	profile = row_copy(old);
	if (profile != NULL) {
		timers_note_end(e->state, profile, is_success);
		profile->timer.lacks_challenge = lacks_challenge(e);
	}
	txn_put(txn, STORE_PROFILE, profile);
}

/* Ends in Error with what run.error says; keeps the record if it can be
 * resumed.  `is_pending`: the server's last word was PENDING. */
static void end_in_error(struct open_request *e, struct record *next,
			 bool is_pending)
{
	struct state *state = e->state;
	const struct scep_error error = e->work.error;
	struct scep_status *status = transition_status(e);
	uint32_t index = e->record->index;
	char words[SCEP_TEXT255];
	struct txn txn;

	txn_init(&txn);
	transition_wipe_challenge(e, next, &txn);
	if (status != NULL) {
		status_end(status, state_now(e->state), SCEP_STATE_ERROR);
		status_blame(status, &error);
	}
	note_end(e, &txn, false);
	key_actions_note_renewed(state, &txn, e->record->action_key,
				 error.code);
	txn_put(&txn, STORE_STATUS, status);
	if (error_is_resumable(error.code) && next != NULL) {
		next->is_suspended = true;
		next->next_try = 0;
		put_record(e, next, &txn);
	} else {
		row_release(next);
		txn_remove(&txn, STORE_RECORD, index);
	}
	txn_trim_statuses(state, &txn);
	stats_count_end(&state->view.stats, state_now(state), false);
	error_words(&error, words);
	log_info("%s: %s failed: %s", e->name, e->step->name, words);
	e->due = STATE_NEVER;
	/* From here on, `e` may be gone. */
	if (commit(e, &txn) != SCEP_OK) {
		status = transition_status(e);
		if (status != NULL)
			end_unsaved(e, status);
	} else {
		registry_sweep(state);
	}
	if (is_pending)
		state_notify(state, SCEP_EVENT_REQUEST_DEFERRED, index);
	state_notify(state, SCEP_EVENT_REQUEST_FAILED, index);
}

static void try_again(struct open_request *e, struct record *next,
		      uint32_t wait)
{
	struct scep_status *status = transition_status(e);
	const struct scep_error error = e->work.error;
	char words[SCEP_TEXT255];
	int64_t when = state_now(e->state) + wait;

	if (next != NULL)
		next->next_try = when;
	if (status != NULL) {
		status->state = SCEP_STATE_PROCESSING;
		status->next_poll = when;
		status_blame(status, &error);
	}
	if (!transition_commit(e, next, status, NULL)) {
		/* Trying that again could go on without end. */
		end_in_error(e, row_copy(e->record), false);
		return;
	}
	error_words(&error, words);
	log_info("%s: %s%s: %s; %s in %u s", e->name, e->step->name,
		 error.code == SCEP_DEFERRED ? "" : " failed", words,
		 step_find(e->record->step)->name, wait);
	open_request_go_on_at(e, state_mono(e->state) + (uint64_t)wait * 1000);
	if (error.code == SCEP_DEFERRED)
		state_notify(e->state, SCEP_EVENT_REQUEST_DEFERRED,
			     e->record->index);
}

void transition_fail(struct open_request *e, struct record *next)
{
	const struct scep_profile *profile = open_request_profile(e);
	const struct scep_status *status = open_request_status_now(e);
	struct schedule_retry retry = {.code = e->work.error.code};
	bool is_pending = e->work.error.code == SCEP_DEFERRED;

	if (next == NULL)
		next = row_copy(e->record);
	count_error(e);
	if (profile != NULL)
		retry = schedule_after_failure(
		    &profile->timer, e->work.error.code, status->polls);
	/* What timers began at the same moment must not stay together. */
	if (status->trigger != SCEP_TRIGGER_MANUAL)
		retry.wait = schedule_spread(&retry, status->polls, timers_draw,
					     e->state);
	if (retry.is_again) {
		try_again(e, next, retry.wait);
		return;
	}
	e->work.error.code = retry.code;
	end_in_error(e, next, is_pending);
}

/* What a timer has brought may want the device to be restarted, and the key
 * that it replaces to go (MIB, rule 11).  Not so if a location still has the
 * old one. */
static void note_applied(struct open_request *e,
			 const struct scep_status *status, struct txn *txn)
{
	const struct scep_profile *profile = open_request_profile(e);
	bool is_by_timer = profile != NULL && status != NULL &&
			   status->trigger != SCEP_TRIGGER_MANUAL;
	uint32_t key_index = e->record->key_index;

	if (e->work.error.code == SCEP_DEPLOY_FAILED)
		return;
	if (is_by_timer && profile->timer.restart) {
		restart_want(e->state, txn, RESTART_BY_TIMER, key_index);
		use_locations_await_restart(e->state, txn, key_index);
	}
	registry_retire_replaced(e->state, txn, e->record->profile_index,
				 key_index,
				 is_by_timer && profile->timer.delete_old_key);
}

void transition_succeed(struct open_request *e, struct scep_status *status,
			struct txn *extra)
{
	struct state *state = e->state;
	const struct scep_stats before = state->view.stats;
	const bool had_retired = state->view.retired.count > 0;
	uint32_t index = e->record->index;
	char name[OPEN_REQUEST_NAME];

	if (status != NULL) {
		status_end(status, state_now(e->state), SCEP_STATE_SUCCESSFUL);
		status_clear(status);
		/* The certificate is there, but not where it is to be. */
		if (e->work.error.code == SCEP_DEPLOY_FAILED)
			status_blame(status, &e->work.error);
	}
	note_end(e, extra, true);
	note_applied(e, status, extra);
	key_actions_note_renewed(state, extra, e->record->action_key,
				 e->work.error.code);
	txn_put(extra, STORE_STATUS, status);
	txn_remove(extra, STORE_RECORD, index);
	txn_trim_statuses(state, extra);
	stats_count_end(&state->view.stats, state_now(state), true);
	e->due = STATE_NEVER;
	/* The commit frees `e` with its record. */
	memcpy(name, e->name, sizeof(name));
	if (commit(e, extra) != SCEP_OK) {
		state->view.stats = before;
		transition_fail(e, NULL);
		return;
	}
	log_info("%s: successful", name);
	if (had_retired)
		registry_sweep(state);
	state_notify(state, SCEP_EVENT_REQUEST_SUCCEEDED, index);
}
