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
#include "scep/keys/use_locations.h"

/* When the disk refuses, how long until it is tried again, in ms. */
#define SAVE_AGAIN 5000
/* When a run waits for a use location, in seconds. */
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
	/* Without a random source, the middle: a fleet is not spread then,
	 * but nothing stands still. */
	if (RAND_bytes((unsigned char *)&number, sizeof(number)) != 1)
		number = UINT32_MAX / 2;
	return number;
}

/* ------------------------------------------------------ what there is -- */

/* The open request of a profile, whoever asked for it. */
static struct open_request *open_request(struct state *state, uint32_t index)
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

/* Whether a request keeps the timer from beginning one. */
static enum schedule_outcome what_is_open(struct state *state,
					  const struct scep_profile *profile)
{
	struct open_request *e = open_request(state, profile->index);
	const struct scep_status *status;

	if (e == NULL)
		return SCHEDULE_NO_NEWS;
	status = open_request_status_now(e);
	return status != NULL && status->trigger == SCEP_TRIGGER_MANUAL
		   ? SCHEDULE_HELD
		   : SCHEDULE_OPEN;
}

static struct schedule_decision plan_after(struct state *state,
					   const struct scep_profile *profile,
					   enum schedule_outcome outcome)
{
	const struct scep_key *last = renewal_last(state, profile->index);
	struct ca_succession succession;
	struct schedule_situation situation = {
	    .timer = &profile->timer,
	    .memory = profile->timer.memory,
	    .now = state_now(state),
	    .clock_is_sane = state_clock_is_sane(state),
	    .is_first = !state->timers_have_looked,
	    .outcome = outcome,
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

/* Whether a run is due that has nowhere to bring its key: the configuration
 * has changed since the timer was set (MIB, rule 10). */
static bool lacks_location(struct state *state,
			   const struct scep_profile *profile,
			   const struct schedule_decision *decision)
{
	return decision->due != 0 &&
	       decision->due + decision->jitter <= state_now(state) &&
	       !use_locations_are_known(&state->view,
					profile->timer.values.use_location);
}

/* Such a run waits, announced, and is looked at again. */
static void hold_back(struct state *state, const struct scep_profile *profile,
		      struct schedule_decision *decision)
{
	if (decision->action != SCHEDULE_RUN ||
	    !lacks_location(state, profile, decision))
		return;
	decision->action = SCHEDULE_WAIT;
	decision->memory = profile->timer.memory;
	decision->at = state_now(state) + LOOK_AGAIN;
}

static struct schedule_decision plan(struct state *state,
				     const struct scep_profile *profile)
{
	return plan_after(state, profile, what_is_open(state, profile));
}

/* ------------------------------------------------------ what is shown -- */

static enum oper_status oper_of(struct state *state,
				const struct scep_profile *profile,
				const struct schedule_decision *decision)
{
	struct open_request *e = open_request(state, profile->index);
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
	if (e != NULL && e->task.record->step == STEP_WAIT_TRUST)
		return OPER_BLOCKED;
	if (status != NULL && status->next_poll != 0)
		return OPER_POLLING;
	return OPER_REQUESTING;
}

/* Whether nothing differs that is kept over a restart. */
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
static void take_decision(struct state *state, struct scep_profile *profile,
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
	/* No further run needs the challenge (MIB, rule 4); one that is
	 * written later may be meant for the start that comes next. */
	if (timer->oper_status == OPER_FINISHED && !was_finished)
		memset(&timer->values.challenge_password, 0,
		       sizeof(timer->values.challenge_password));
}

/* The row of the profile as the decision has it; taken by the batch only if
 * it differs. */
static void put_profile(struct state *state, struct txn *txn,
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
	take_decision(state, profile, decision);
	if (is_stored_alike(timer, &old->timer) &&
	    timer->oper_status == old->timer.oper_status)
		row_release(profile);
	else if (is_stored_alike(timer, &old->timer))
		txn_show(txn, STORE_PROFILE, profile);
	else
		txn_put(txn, STORE_PROFILE, profile);
}

/* Says what only an operator can give. */
static void blame_lack(struct state *state, struct scep_status *status,
		       const struct scep_profile *profile,
		       const struct schedule_decision *decision)
{
	const char *locations = profile->timer.values.use_location;
	char name[SCEP_TEXT64];
	struct scep_error error;

	error_init(&error);
	if (lacks_location(state, profile, decision) &&
	    use_locations_unknown(&state->view, locations, name))
		error_set(&error, SCEP_CONFIG_ERROR,
			  "waiting for the use location '%s'", name);
	else if (profile->timer.lacks_challenge)
		error_set(&error, SCEP_CONFIG_ERROR,
			  "waiting for scepAutoChallengePassword.%u",
			  profile->index);
	if (error.code != SCEP_OK)
		status_blame(status, &error);
}

/* The row that announces the next run, or becomes the run. */
static uint32_t put_status(struct state *state, struct txn *txn,
			   const struct scep_profile *profile,
			   const struct schedule_decision *decision)
{
	const struct scep_status *old = announcement(state, profile->index);
	struct scep_status *status;

	if (old != NULL) {
		status = row_copy(old);
	} else {
		if (!txn->has_agent)
			txn_put_agent(txn, &state->view.agent);
		status = request_new_status(profile, &profile->timer.values,
					    decision->trigger,
					    ++txn->agent.status_last_index);
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

/* -------------------------------------------------------- what is done -- */

static void put_run(struct state *state, struct txn *txn,
		    const struct scep_profile *profile,
		    const struct schedule_decision *decision)
{
	uint32_t index = put_status(state, txn, profile, decision);
	struct record *record =
	    request_new_record(profile, &profile->timer.values, index);

	if (record != NULL)
		renewal_of_last(state, record);
	request_new_drop_suspended(state, txn, profile->index);
	txn_put(txn, STORE_RECORD, record);
}

/* All of a decision but the row of the profile. */
static void put_consequence(struct state *state, struct txn *txn,
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
			put_status(state, txn, profile, decision);
		break;
	case SCHEDULE_RUN:
		put_run(state, txn, profile, decision);
		break;
	}
}

/* In ms of the monotonic clock; the engine's tick comes at least once a
 * minute, so that a step of the wall clock is noticed. */
static uint64_t due_of(struct state *state,
		       const struct schedule_decision *decision)
{
	int64_t wait = decision->at - state_now(state);

	if (decision->action != SCHEDULE_WAIT)
		return STATE_NEVER;
	if (wait < 0)
		wait = 0;
	return state_mono(state) + (uint64_t)wait * 1000;
}

/* One that is disabled by the Set that took it out of service still has its
 * announcement. */
static bool is_out_of_service(const struct scep_profile *profile)
{
	return profile->row_status != SCEP_ROW_ACTIVE && profile->timer.enable;
}

static enum scep_code carry_out(struct state *state,
				const struct scep_profile *profile,
				const struct schedule_decision *decision)
{
	struct scep_error error;
	struct txn txn;
	enum scep_code code = SCEP_OK;

	error_init(&error);
	txn_init(&txn);
	put_consequence(state, &txn, profile, decision);
	put_profile(state, &txn, profile, decision);
	if (txn.count != 0 || txn.is_short)
		code = txn_commit(state, &txn, NULL, &error);
	txn_free(&txn);
	if (code != SCEP_OK)
		log_error("scepAutoEntry.%u: %s", profile->index, error.text);
	return code;
}

static uint64_t tick_one(struct state *state,
			 const struct scep_profile *profile)
{
	struct schedule_decision decision;

	if (is_out_of_service(profile))
		return STATE_NEVER;
	decision = plan(state, profile);
	hold_back(state, profile, &decision);
	if (carry_out(state, profile, &decision) != SCEP_OK)
		return state_mono(state) + SAVE_AGAIN;
	if (decision.action == SCHEDULE_RUN) {
		log_info("scepAutoEntry.%u: the timer sends a request",
			 profile->index);
		/* The files of what could have been resumed. */
		registry_sweep(state);
	}
	return due_of(state, &decision);
}

/* A commit puts another row in the place of this one.  Returned retained. */
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
	/* The device may have been given another zone. */
	tzset();
	for (uint32_t index = 1; index <= SCEP_PROFILE_MAX; index++) {
		struct scep_profile *profile = profile_of(state, index);
		uint64_t due;

		if (profile == NULL)
			continue;
		due = tick_one(state, profile);
		row_release(profile);
		if (due < first)
			first = due;
	}
	state->timers_have_looked = true;
	return first;
}

/* Nothing is begun yet; what is due is announced. */
static void put_off(const struct scep_profile *profile,
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
	decision = plan(state, profile);
	put_off(profile, &decision);
	carry_out(state, profile, &decision);
	row_release(profile);
}

void timers_look_at_all(struct state *state)
{
	for (uint32_t index = 1; index <= SCEP_PROFILE_MAX; index++)
		timers_look(state, index);
}

/* ------------------------------------------------------------- changes -- */

void timers_note_end(struct state *state, struct scep_profile *profile,
		     bool is_success)
{
	/* What is to be done is for the next tick, when all of this stands.
	 * It is noted even if the timer is disabled: that may be by a Set in
	 * hand that is taken back. */
	profile->timer.memory.last_try = state_now(state);
	profile->timer.memory.last_failed = !is_success;
}

void timers_note_cancel(struct state *state, struct scep_profile *profile)
{
	struct schedule_decision decision;

	timers_note_end(state, profile, false);
	/* Only how the timer is: the Set may be taken back, and the next run
	 * is announced when it stands. */
	decision = plan_after(state, profile, SCHEDULE_NO_NEWS);
	put_off(profile, &decision);
	profile->timer.oper_status = oper_of(state, profile, &decision);
}

/* What the change makes of the next run, to be seen as soon as the change. */
static void show_change(struct state *state, struct txn *txn,
			struct scep_profile *profile)
{
	struct schedule_decision decision = plan(state, profile);

	if (is_out_of_service(profile))
		return;
	/* It may be taken back. */
	put_off(profile, &decision);
	put_consequence(state, txn, profile, &decision);
	take_decision(state, profile, &decision);
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
	show_change(state, txn, after);
}
