/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/transitions.h"

#include <assert.h>
#include <string.h>

#include "scep/keys/asides.h"
#include "scep/base/error.h"
#include "scep/keys/key_actions.h"
#include "scep/base/log.h"
#include "scep/keys/registry.h"
#include "scep/keys/renewal.h"
#include "scep/keys/restart.h"
#include "scep/schedule/schedule.h"
#include "scep/state/status.h"
#include "scep/enroll/steps.h"
#include "scep/enroll/timers.h"
#include "scep/keys/use_locations.h"

/* How long until an end that could not be saved is saved again, in ms. */
#define SAVE_AGAIN 5000

/* A Set that decides is acted on at once; what else may bring the trust that
 * a request waits for, such as a check, is noticed this much later, in ms. */
#define LOOK_AGAIN 60000

/* -------------------------------------------------------------- moving -- */

struct scep_status *move_status(struct enrolment *e)
{
	return row_copy(enrolment_status_now(e));
}

/* What the move means for the timer of the profile is seen together with it.
 * Afterwards, `e` may be gone if its record is. */
static enum scep_code commit(struct enrolment *e, struct batch *batch)
{
	struct state *state = e->state;
	uint32_t profile_index = e->record->profile_index;
	enum scep_code code;

	state->publish_is_held = true;
	code = batch_commit(state, batch, NULL, &e->run.error);
	if (code == SCEP_OK)
		timers_look(state, profile_index);
	state->publish_is_held = false;
	state_publish(state);
	return code;
}

/* The one transaction of a move.  On failure, run.error says why. */
bool move_commit(struct enrolment *e, struct record *next,
		 struct scep_status *status, struct batch *extra)
{
	struct batch own;

	batch_init(&own);
	if (extra == NULL)
		extra = &own;
	batch_put(extra, STORE_RECORD, next);
	batch_put(extra, STORE_STATUS, status);
	return commit(e, extra) == SCEP_OK;
}

void move_to(struct enrolment *e, enum step_id to, struct record *next,
	     struct scep_status *status, struct batch *extra)
{
	const char *from_name = e->step->name;
	const struct step *target = step_find(to);

	assert(e->step->may_lead_to & STEP_BIT(to));
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
	if (!move_commit(e, next, status, extra)) {
		move_fail(e, NULL);
		return;
	}
	log_info("request %u: %s -> %s", e->record->index, from_name,
		 target->name);
	enrolment_resume(e);
}

/* A request that is held because of its CA, and then ended, counts once. */
static void count_error(struct enrolment *e)
{
	if (e->run.error.code == SCEP_CA_NOT_TRUSTED) {
		if (e->is_distrusted)
			return;
		e->is_distrusted = true;
	}
	stats_count_error(&e->state->view.stats, &e->run.error);
}

void move_look_again(struct enrolment *e)
{
	enrolment_go_on_at(e, state_mono(e->state) + LOOK_AGAIN);
}

void move_wait(struct enrolment *e, enum step_id to, struct record *next,
	       struct batch *extra)
{
	struct scep_status *status = move_status(e);

	assert(e->step->may_lead_to & STEP_BIT(to));
	if (next != NULL) {
		next->step = to;
		next->next_try = 0;
	}
	count_error(e);
	if (status != NULL) {
		status->state = SCEP_STATE_PROCESSING;
		status_blame(status, &e->run.error);
		status->next_poll = 0;
	}
	if (!move_commit(e, next, status, extra)) {
		move_fail(e, NULL);
		return;
	}
	log_info("request %u: %s -> %s: %s", e->record->index, e->step->name,
		 step_find(to)->name, e->run.error.text);
	move_look_again(e);
}

/* -------------------------------------------------------------- ending -- */

/* The manual challenge of the profile goes with its request (rule 4). */
static void wipe_profile_challenge(struct enrolment *e, struct batch *batch)
{
	const struct scep_profile *old = enrolment_profile(e);
	struct scep_profile *profile;

	if (old == NULL || old->request_status_index != e->record->index ||
	    old->request.challenge_password.length == 0)
		return;
	profile = row_copy(old);
	if (profile != NULL)
		memset(&profile->request.challenge_password, 0,
		       sizeof(profile->request.challenge_password));
	batch_show(batch, STORE_PROFILE, profile);
}

void move_wipe_challenge(struct enrolment *e, struct record *next,
			 struct batch *batch)
{
	if (next != NULL)
		memset(&next->values.challenge_password, 0,
		       sizeof(next->values.challenge_password));
	wipe_profile_challenge(e, batch);
}

/*
 * An end that the disk refuses is shown at once and saved when the disk is
 * well again; until then the record on disk says that the request is open, so
 * that a restart would go on with it.
 */
static void end_unsaved(struct enrolment *e, struct scep_status *status)
{
	struct batch batch;
	struct record *parked = record_copy(e->record);

	batch_init(&batch);
	status_end(status, state_now(e->state), SCEP_STATE_ERROR);
	status_blame(status, &e->run.error);
	move_wipe_challenge(e, parked, &batch);
	if (parked != NULL)
		parked->is_parked = true;
	batch_show(&batch, STORE_STATUS, status);
	batch_show(&batch, STORE_RECORD, parked);
	batch_commit(e->state, &batch, NULL, NULL);
	e->is_unsaved = true;
	enrolment_go_on_at(e, state_mono(e->state) + SAVE_AGAIN);
}

void move_save_end(struct enrolment *e)
{
	struct batch batch;
	struct state *state = e->state;
	struct scep_status *status = move_status(e);

	/* Memory was too short to show it. */
	if (status != NULL && scep_status_is_open(status)) {
		error_set(&e->run.error, SCEP_STORAGE_ERROR,
			  "memory was short");
		status_end(status, state_now(state), SCEP_STATE_ERROR);
		status_blame(status, &e->run.error);
	}
	batch_init(&batch);
	batch_put(&batch, STORE_STATUS, status);
	batch_remove(&batch, STORE_RECORD, e->record->index);
	batch_trim_statuses(state, &batch);
	if (batch_commit(state, &batch, NULL, NULL) == SCEP_OK)
		registry_sweep(state);
	else
		enrolment_go_on_at(e, state_mono(state) + SAVE_AGAIN);
}

/* A refusal that a challenge might have spared: of a first certificate, with
 * none in the request. */
static bool lacks_challenge(const struct enrolment *e)
{
	const struct scep_error *error = &e->run.error;

	return error->code == SCEP_SCEP_ERROR &&
	       (error->fail_info == SCEP_FAIL_BAD_REQUEST ||
		error->fail_info == SCEP_FAIL_BAD_MESSAGE_CHECK) &&
	       e->record->values.challenge_password.length == 0 &&
	       !renewal_signs_with_old(e->record);
}

/* The timer works out its next run from how this one ended. */
static void note_end(struct enrolment *e, struct batch *batch, bool is_success)
{
	const struct scep_status *status = enrolment_status_now(e);
	const struct scep_profile *old = enrolment_profile(e);
	struct scep_profile *profile;

	if (old == NULL || status == NULL ||
	    status->trigger == SCEP_TRIGGER_MANUAL)
		return;
	profile = row_copy(old);
	if (profile != NULL) {
		timers_note_end(e->state, profile, is_success);
		profile->timer.lacks_challenge = lacks_challenge(e);
	}
	batch_put(batch, STORE_PROFILE, profile);
}

/* Ends in Error with what run.error says; keeps the record if it can be
 * resumed.  `is_pending`: the server's last word was PENDING. */
static void end_in_error(struct enrolment *e, struct record *next,
			 bool is_pending)
{
	struct state *state = e->state;
	const struct scep_error error = e->run.error;
	struct scep_status *status = move_status(e);
	uint32_t index = e->record->index;
	char words[SCEP_TEXT255];
	struct batch batch;

	batch_init(&batch);
	move_wipe_challenge(e, next, &batch);
	if (status != NULL) {
		status_end(status, state_now(e->state), SCEP_STATE_ERROR);
		status_blame(status, &error);
	}
	note_end(e, &batch, false);
	key_actions_note_renewed(state, &batch, e->record->action_key,
				 error.code);
	batch_put(&batch, STORE_STATUS, status);
	if (error_is_resumable(error.code) && next != NULL) {
		next->is_parked = true;
		next->next_try = 0;
		batch_put(&batch, STORE_RECORD, next);
	} else {
		record_free(next);
		batch_remove(&batch, STORE_RECORD, index);
	}
	batch_trim_statuses(state, &batch);
	stats_count_end(&state->view.stats, state_now(state), false);
	error_words(&error, words);
	log_info("request %u: %s: ended in error: %s: %s", index, e->step->name,
		 error_code_name(error.code), words);
	e->due = ENROLMENT_NEVER;
	/* From here on, `e` may be gone. */
	if (commit(e, &batch) != SCEP_OK) {
		status = move_status(e);
		if (status != NULL)
			end_unsaved(e, status);
	} else {
		registry_sweep(state);
	}
	if (is_pending)
		state_tell(state, SCEP_EVENT_REQUEST_DEFERRED, index);
	state_tell(state, SCEP_EVENT_REQUEST_FAILED, index);
	enrolment_wake(state);
}

static void try_again(struct enrolment *e, struct record *next, uint32_t wait)
{
	struct scep_status *status = move_status(e);
	const struct scep_error error = e->run.error;
	char words[SCEP_TEXT255];
	int64_t when = state_now(e->state) + wait;

	if (next != NULL) {
		assert(next->step == e->step->id ||
		       e->step->may_lead_to & STEP_BIT(next->step));
		next->next_try = when;
	}
	if (status != NULL) {
		status->state = SCEP_STATE_PROCESSING;
		status->next_poll = when;
		status_blame(status, &error);
	}
	if (!move_commit(e, next, status, NULL)) {
		move_fail(e, NULL);
		return;
	}
	error_words(&error, words);
	log_info("request %u: %s -> %s in %u s: %s: %s", e->record->index,
		 e->step->name, step_find(e->record->step)->name, wait,
		 error_code_name(error.code), words);
	enrolment_go_on_at(e, state_mono(e->state) + (uint64_t)wait * 1000);
	if (error.code == SCEP_DEFERRED)
		state_tell(e->state, SCEP_EVENT_REQUEST_DEFERRED,
			   e->record->index);
}

void move_fail(struct enrolment *e, struct record *next)
{
	const struct scep_profile *profile = enrolment_profile(e);
	const struct scep_status *status = enrolment_status_now(e);
	struct schedule_retry retry = {.code = e->run.error.code};
	bool is_pending = e->run.error.code == SCEP_DEFERRED;

	if (next == NULL)
		next = record_copy(e->record);
	count_error(e);
	if (profile != NULL)
		retry = schedule_after_failure(
		    &profile->timer, e->run.error.code, status->polls);
	/* What timers began at the same moment must not stay together. */
	if (status->trigger != SCEP_TRIGGER_MANUAL)
		retry.wait = schedule_spread(&retry, status->polls, timers_draw,
					     e->state);
	if (retry.is_again) {
		try_again(e, next, retry.wait);
		return;
	}
	e->run.error.code = retry.code;
	end_in_error(e, next, is_pending);
}

/* What a timer has brought may want the device to be restarted, and the key
 * that it replaces to go (MIB, rule 11).  Not so if a location still has the
 * old one. */
static void note_applied(struct enrolment *e, const struct scep_status *status,
			 struct batch *batch)
{
	const struct scep_profile *profile = enrolment_profile(e);
	bool is_by_timer = profile != NULL && status != NULL &&
			   status->trigger != SCEP_TRIGGER_MANUAL;
	uint32_t key_index = e->record->key_index;

	if (e->run.error.code == SCEP_DEPLOY_FAILED)
		return;
	if (is_by_timer && profile->timer.restart) {
		restart_want(e->state, batch, RESTART_BY_TIMER, key_index);
		uses_await_restart(e->state, batch, key_index);
	}
	asides_succeed(e->state, batch, e->record->profile_index, key_index,
		       is_by_timer && profile->timer.delete_old_key);
}

void move_succeed(struct enrolment *e, struct scep_status *status,
		  struct batch *extra)
{
	struct state *state = e->state;
	const struct scep_stats before = state->view.stats;
	const bool had_asides = state->view.asides.count > 0;
	uint32_t index = e->record->index;

	if (status != NULL) {
		status_end(status, state_now(e->state), SCEP_STATE_SUCCESSFUL);
		status_clear(status);
		/* The certificate is there, but not where it is to be. */
		if (e->run.error.code == SCEP_DEPLOY_FAILED)
			status_blame(status, &e->run.error);
	}
	note_end(e, extra, true);
	note_applied(e, status, extra);
	key_actions_note_renewed(state, extra, e->record->action_key,
				 e->run.error.code);
	batch_put(extra, STORE_STATUS, status);
	batch_remove(extra, STORE_RECORD, index);
	batch_trim_statuses(state, extra);
	stats_count_end(&state->view.stats, state_now(state), true);
	e->due = ENROLMENT_NEVER;
	if (commit(e, extra) != SCEP_OK) {
		state->view.stats = before;
		move_fail(e, NULL);
		return;
	}
	log_info("request %u: successful", index);
	if (had_asides)
		registry_sweep(state);
	state_tell(state, SCEP_EVENT_REQUEST_SUCCEEDED, index);
	enrolment_wake(state);
}
