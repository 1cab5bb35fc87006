/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/timers.h"

#include <openssl/rand.h>
#include <string.h>
#include <time.h>

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/view.h"
#include "scep/state/open_request.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/keys/registry.h"
#include "scep/keys/renewal.h"
#include "scep/state/request_new.h"
#include "scep/schedule/schedule.h"
#include "scep/settings/settings.h"
#include "scep/state/status.h"
#include "scep/enroll/ca_table.h"
#include "scep/settings/view_query.h"

/* From a disk that refused to the next try, in ms. */
#define SAVE_AGAIN 5000
/* From one try to the next of a run that waits for a use location, in seconds.
 */
#define LOOK_AGAIN 60

enum oper_status {
	OPER_DISABLED = 1,
	OPER_WAITING = 2,
	OPER_REQUESTING = 3,
	OPER_POLLING = 4,
	OPER_FINISHED = 5,
	OPER_BLOCKED = 6,
};

uint32_t timers_draw(void *context)
{
	uint32_t number;

	(void)context;
	/* Without random numbers, the middle: a fleet is not spread then, but
	 * its requests are sent. */
	if (RAND_bytes((unsigned char *)&number, sizeof(number)) != 1)
		number = UINT32_MAX / 2;
	return number;
}

/* ------------------------------------------------------------------ plan -- */

/* Returns the open request of a profile, from its timer or from a manager. */
static struct open_request *timer_open_request(struct state *state,
					       uint32_t index)
{
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (e->task.record->profile_index == index &&
		    !e->task.record->is_suspended)
			return e;
	}
	return NULL;
}

bool timers_announces(struct state *state, const struct scep_status *status)
{
	return status->state == SCEP_STATE_TO_BE_PROCESSED &&
	       status->trigger != SCEP_TRIGGER_MANUAL &&
	       open_request_find(state, status->index) == NULL;
}

static const struct scep_status *announcement(struct state *state,
					      uint32_t profile_index)
{
	ROWS_EACH (i, &state->view.statuses) {
		const struct scep_status *status = state->view.statuses.row[i];

		if (status->profile_index == profile_index &&
		    timers_announces(state, status))
			return status;
	}
	return NULL;
}

/* Tells the schedule if an open request keeps the timer from beginning one. */
static enum schedule_request timer_request(struct state *state,
					   const struct scep_profile *profile)
{
	struct open_request *e = timer_open_request(state, profile->index);
	const struct scep_status *status;

	if (e == NULL)
		return SCHEDULE_NONE;
	status = open_request_status_now(e);
	return status != NULL && status->trigger == SCEP_TRIGGER_MANUAL
		   ? SCHEDULE_HELD
		   : SCHEDULE_OPEN;
}

static struct schedule_decision
timer_plan_with(struct state *state, const struct scep_profile *profile,
		enum schedule_request request)
{
	const struct scep_key *last = renewal_next(state, profile->index);
	struct ca_succession succession;
	struct schedule_situation situation = {
	    .timer = &profile->timer,
	    .memory = profile->timer.memory,
	    .now = state_now(state),
	    .clock_is_sane = state_clock_is_sane(state),
	    .is_first = !state->timers_have_looked,
	    .request = request,
	    .draw = timers_draw,
	};

	if (last != NULL) {
		succession = ca_table_succession(&state->view, last);
		situation.not_after = last->not_after;
		situation.ca_ends = succession.ends;
		situation.next_ca_begins = succession.begins;
	}
	return schedule_plan(&situation);
}

/* Tells if a run is due whose use location is unknown: the configuration has
 * changed since the timer was set (MIB, rule 10). */
static bool lacks_location(struct state *state,
			   const struct scep_profile *profile,
			   const struct schedule_decision *decision)
{
	return decision->due != 0 &&
	       decision->due + decision->jitter <= state_now(state) &&
	       !view_has_uses(&state->view, profile->timer.values.use_location);
}

/* Delays such a run; its announcement stays. */
static void timer_hold_back(struct state *state,
			    const struct scep_profile *profile,
			    struct schedule_decision *decision)
{
	if (decision->action != SCHEDULE_RUN ||
	    !lacks_location(state, profile, decision))
		return;
	decision->action = SCHEDULE_WAIT;
	decision->memory = profile->timer.memory;
	decision->at = state_now(state) + LOOK_AGAIN;
}

static struct schedule_decision timer_plan(struct state *state,
					   const struct scep_profile *profile)
{
	return timer_plan_with(state, profile, timer_request(state, profile));
}

/* ------------------------------------------------------------------ show -- */

static enum oper_status oper_of(struct state *state,
				const struct scep_profile *profile,
				const struct schedule_decision *decision)
{
	struct open_request *e = timer_open_request(state, profile->index);
	const struct scep_status *status;

	switch (decision->action) {
	case SCHEDULE_DISABLED:
		return OPER_DISABLED;
	case SCHEDULE_FINISHED:
		return OPER_FINISHED;
	case SCHEDULE_WAIT:
		return profile->timer.lacks_challenge ||
			       lacks_location(state, profile, decision)
			   ? OPER_BLOCKED
			   : OPER_WAITING;
	case SCHEDULE_RUN:
	case SCHEDULE_BUSY:
		break;
	}
	status = e != NULL ? open_request_status_now(e) : NULL;
	if (e != NULL &&
	    (e->task.record->step == STEP_WAIT_TRUST ||
	     (status != NULL && status->detail == SCEP_CONFIG_ERROR)))
		return OPER_BLOCKED;
	if (status != NULL && status->next_poll != 0)
		return OPER_POLLING;
	return OPER_REQUESTING;
}

/* Tells if the disk has the same of both. */
static bool is_stored_alike(const struct scep_timer *a,
			    const struct scep_timer *b)
{
	return schedule_memory_is_same(&a->memory, &b->memory) &&
	       a->adjust_applied == b->adjust_applied &&
	       a->next_request_time == b->next_request_time &&
	       a->values.challenge_password.length ==
		   b->values.challenge_password.length;
}

/* Writes the decision into a row of the profile. */
static void timer_take_decision(struct state *state,
				struct scep_profile *profile,
				const struct schedule_decision *decision)
{
	struct scep_timer *timer = &profile->timer;
	bool was_finished = timer->oper_status == OPER_FINISHED;

	timer->memory = decision->memory;
	timer->oper_status = oper_of(state, profile, decision);
	if (decision->action == SCHEDULE_WAIT ||
	    decision->action == SCHEDULE_RUN)
		timer->adjust_applied = decision->jitter;
	timer->next_request_time = 0;
	if (decision->action == SCHEDULE_WAIT && decision->due != 0)
		timer->next_request_time = decision->begin;
	if (decision->action == SCHEDULE_DISABLED)
		timer->adjust_applied = 0;
	/* No run will need the challenge (MIB, rule 4).  A challenge that is
	 * written later stays: it may be for the next start. */
	if (timer->oper_status == OPER_FINISHED && !was_finished)
		memset(&timer->values.challenge_password, 0,
		       sizeof(timer->values.challenge_password));
}

/* Adds the row of the profile with the decision, if it differs. */
static void timer_put_profile(struct state *state, struct txn *txn,
			      const struct scep_profile *old,
			      const struct schedule_decision *decision)
{
	struct scep_profile *profile = row_copy(old);
	struct scep_timer *timer;

	if (profile == NULL) {
		txn->is_short = true;
		return;
	}
	timer = &profile->timer;
	timer_take_decision(state, profile, decision);
	if (is_stored_alike(timer, &old->timer) &&
	    timer->oper_status == old->timer.oper_status)
		row_release(profile);
	else if (is_stored_alike(timer, &old->timer))
		txn_show(txn, STORE_PROFILE, profile);
	else
		txn_put(txn, STORE_PROFILE, profile);
}

/* Shows what the run waits for: only an operator can supply it. */
static void blame_lack(struct state *state, struct scep_status *status,
		       const struct scep_profile *profile,
		       const struct schedule_decision *decision)
{
	const char *locations = profile->timer.values.use_location;
	char name[SCEP_TEXT64];
	struct scep_error error;

	error_init(&error);
	if (lacks_location(state, profile, decision) &&
	    view_lacks_use(&state->view, locations, name))
		error_set(&error, SCEP_CONFIG_ERROR,
			  "waiting for the use location '%s'", name);
	else if (profile->timer.lacks_challenge)
		error_set(&error, SCEP_CONFIG_ERROR,
			  "waiting for scepAutoChallengePassword.%u",
			  profile->index);
	if (error.code != SCEP_OK)
		status_blame(status, &error);
}

/* Adds the row that announces the next run, or that of the run itself.
 * Returns its index, or 0. */
static uint32_t timer_put_status(struct state *state, struct txn *txn,
				 const struct scep_profile *profile,
				 const struct schedule_decision *decision)
{
	const struct scep_status *old = announcement(state, profile->index);
	struct scep_status *status;

	if (old != NULL) {
		status = row_copy(old);
	} else {
		status = request_new_status(profile, &profile->timer.values,
					    decision->trigger,
					    request_new_index(state, txn));
	}
	if (status == NULL) {
		txn->is_short = true;
		return 0;
	}
	status->request_time = decision->due;
	status->trigger = decision->trigger;
	request_new_name_status(status, profile, &profile->timer.values);
	status_clear(status);
	if (decision->action == SCHEDULE_WAIT)
		blame_lack(state, status, profile, decision);
	if (old != NULL && decision->action != SCHEDULE_RUN &&
	    memcmp(status, old, sizeof(*status)) == 0) {
		row_release(status);
		return old->index;
	}
	txn_put(txn, STORE_STATUS, status);
	return status->index;
}

void timers_forget(struct state *state, uint32_t profile_index, struct txn *txn)
{
	const struct scep_status *row = announcement(state, profile_index);

	if (row != NULL)
		txn_remove(txn, STORE_STATUS, row->index);
}

/* ------------------------------------------------------------- carry out -- */

static void timer_put_run(struct state *state, struct txn *txn,
			  const struct scep_profile *profile,
			  const struct schedule_decision *decision)
{
	uint32_t index = timer_put_status(state, txn, profile, decision);
	struct record *record =
	    request_new_record(profile, &profile->timer.values, index);

	if (record != NULL)
		renewal_of_last(state, record);
	request_new_drop_suspended(state, txn, profile->index);
	txn_put(txn, STORE_RECORD, record);
}

/* Adds all of a decision but the row of the profile. */
static void timer_put_consequence(struct state *state, struct txn *txn,
				  const struct scep_profile *profile,
				  const struct schedule_decision *decision)
{
	switch (decision->action) {
	case SCHEDULE_DISABLED:
	case SCHEDULE_FINISHED:
		timers_forget(state, profile->index, txn);
		break;
	case SCHEDULE_BUSY:
		break;
	case SCHEDULE_WAIT:
		if (decision->due != 0)
			timer_put_status(state, txn, profile, decision);
		break;
	case SCHEDULE_RUN:
		timer_put_run(state, txn, profile, decision);
		break;
	}
}

/* Returns when the timer is to be planned again (mono).  The schedule says once
 * a minute at least, so that a step of the wall clock is noticed. */
static uint64_t timer_due(struct state *state,
			  const struct schedule_decision *decision)
{
	int64_t wait = decision->at - state_now(state);

	if (decision->action != SCHEDULE_WAIT)
		return STATE_NEVER;
	if (wait < 0)
		wait = 0;
	return state_mono(state) + (uint64_t)wait * 1000;
}

/* Tells if the profile's timer must not run.  A timer that is disabled is
 * planned even so: its announcement may have to go. */
static bool is_out_of_service(const struct scep_profile *profile)
{
	return profile->row_status != SCEP_ROW_ACTIVE && profile->timer.enable;
}

/* Tells that no run will need the challenge password any more (MIB, rule 4). */
static void timer_log_challenge(struct state *state,
				const struct scep_profile *old,
				const char *name)
{
	const struct scep_profile *now =
	    scep_rows_find(&state->view.profiles, old->index);

	if (old->timer.values.challenge_password.length > 0 && now != NULL &&
	    now->timer.values.challenge_password.length == 0)
		log_info("%s: the timer's challenge password is removed", name);
}

static enum scep_code timer_carry_out(struct state *state,
				      const struct scep_profile *profile,
				      const struct schedule_decision *decision)
{
	char name[VIEW_PROFILE_NAME];
	struct scep_error error;
	struct txn txn;
	enum scep_code code = SCEP_OK;

	error_init(&error);
	txn_init(&txn);
	view_name_profile(&state->view, profile->index, name);
	timer_put_consequence(state, &txn, profile, decision);
	timer_put_profile(state, &txn, profile, decision);
	if (txn.count != 0 || txn.is_short)
		code = txn_commit(state, &txn, NULL, &error);
	txn_free(&txn);
	if (code != SCEP_OK)
		log_error("%s: the timer: %s", name, error.text);
	else
		timer_log_challenge(state, profile, name);
	return code;
}

static uint64_t timer_tick(struct state *state,
			   const struct scep_profile *profile)
{
	struct schedule_decision decision;
	char name[VIEW_PROFILE_NAME];

	if (is_out_of_service(profile))
		return STATE_NEVER;
	decision = timer_plan(state, profile);
	timer_hold_back(state, profile, &decision);
	if (timer_carry_out(state, profile, &decision) != SCEP_OK)
		return state_mono(state) + SAVE_AGAIN;
	if (decision.action == SCHEDULE_RUN) {
		view_name_profile(&state->view, profile->index, name);
		log_info("%s: the timer sends a request", name);
		/* Removes the files of a suspended request that it replaced. */
		registry_sweep(state);
	}
	return timer_due(state, &decision);
}

/* Returns a reference: a commit replaces the row in the view. */
static struct scep_profile *profile_of(struct state *state, uint32_t index)
{
	struct scep_profile *profile =
	    (void *)scep_rows_find(&state->view.profiles, index);

	return profile != NULL ? row_retain(profile) : NULL;
}

uint64_t timers_tick(struct state *state)
{
	uint64_t first = STATE_NEVER;

	if (state->store == NULL)
		return STATE_NEVER;
	/* The time zone of the device may have changed. */
	tzset();
	for (uint32_t index = 1; index <= SCEP_PROFILE_MAX; index++) {
		struct scep_profile *profile = profile_of(state, index);
		uint64_t due;

		if (profile == NULL)
			continue;
		due = timer_tick(state, profile);
		row_release(profile);
		if (due < first)
			first = due;
	}
	state->timers_have_looked = true;
	return first;
}

/* Announces a run that is due, instead of beginning it. */
static void timer_put_off(const struct scep_profile *profile,
			  struct schedule_decision *decision)
{
	if (decision->action != SCHEDULE_RUN)
		return;
	decision->action = SCHEDULE_WAIT;
	decision->memory = profile->timer.memory;
}

void timers_look(struct state *state, uint32_t profile_index)
{
	struct scep_profile *profile = profile_of(state, profile_index);
	struct schedule_decision decision;

	if (profile == NULL || state->store == NULL ||
	    is_out_of_service(profile)) {
		row_release(profile);
		return;
	}
	decision = timer_plan(state, profile);
	timer_put_off(profile, &decision);
	timer_carry_out(state, profile, &decision);
	row_release(profile);
}

void timers_look_at_all(struct state *state)
{
	for (uint32_t index = 1; index <= SCEP_PROFILE_MAX; index++)
		timers_look(state, index);
}

/* --------------------------------------------------------------- changes -- */

void timers_note_end(struct state *state, struct scep_profile *profile,
		     bool is_success)
{
	/* The next tick plans with it.  Noted for a disabled timer too: an open
	 * Set may have disabled it, and may be undone. */
	schedule_note_end(&profile->timer.memory, state_now(state), is_success);
}

void timers_note_cancel(struct state *state, struct scep_profile *profile)
{
	struct schedule_decision decision;

	timers_note_end(state, profile, false);
	/* Shows only the state of the timer: the Set may be undone.  The next
	 * run is announced when it is confirmed. */
	decision = timer_plan_with(state, profile, SCHEDULE_NONE);
	timer_put_off(profile, &decision);
	profile->timer.oper_status = oper_of(state, profile, &decision);
}

/* Shows the next run after the change together with the change. */
static void timer_show_change(struct state *state, struct txn *txn,
			      struct scep_profile *profile)
{
	struct schedule_decision decision = timer_plan(state, profile);

	if (is_out_of_service(profile))
		return;
	/* The Set may be undone. */
	timer_put_off(profile, &decision);
	timer_put_consequence(state, txn, profile, &decision);
	timer_take_decision(state, profile, &decision);
}

void timers_change(struct state *state, struct txn *txn,
		   const struct scep_profile *before,
		   struct scep_profile *after)
{
	struct scep_profile preset;

	if (before == NULL) {
		memset(&preset, 0, sizeof(preset));
		settings_preset_profile(&preset);
		before = &preset;
	}
	if (memcmp(&before->timer, &after->timer, sizeof(after->timer)) == 0)
		return;
	schedule_change(&after->timer.memory, &before->timer, &after->timer,
			state_now(state));
	/* A timer that is switched off forgets its challenge (MIB, rule 4). */
	if (before->timer.enable && !after->timer.enable)
		memset(&after->timer.values.challenge_password, 0,
		       sizeof(after->timer.values.challenge_password));
	if (!after->timer.enable ||
	    after->timer.values.challenge_password.length > 0)
		after->timer.lacks_challenge = 0;
	timer_show_change(state, txn, after);
}
