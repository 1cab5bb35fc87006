/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/transitions.h"

#include <stdlib.h>
#include <string.h>

#include "scep/codes.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/enroll/ca_table.h"
#include "scep/enroll/challenge.h"
#include "scep/enroll/failure_text.h"
#include "scep/enroll/look.h"
#include "scep/enroll/request_end.h"
#include "scep/enroll/request_hold.h"
#include "scep/enroll/request_save.h"
#include "scep/enroll/steps.h"
#include "scep/enroll/timers.h"
#include "scep/keys/registry.h"
#include "scep/schedule/schedule.h"
#include "scep/state/open_request.h"
#include "scep/state/status.h"

/* From one look to the next of a step that waits, in ms.  A Set that decides
 * continues the request at once; this notices anything else, such as a check
 * that brings the trust. */
#define LOOK_AGAIN 60000

static void request_apply(struct task *task);
static void request_fail(struct task *task);

/* Counts a request once that waits for a decision about its CA and then fails
 * for it. */
static void request_count_error(struct open_request *e)
{
	if (e->task.work.error.code == SCEP_CA_NOT_TRUSTED) {
		if (e->is_distrusted)
			return;
		e->is_distrusted = true;
	}
	stats_count_error(&e->task.state->view.stats, &e->task.work.error);
}

static void show_message(struct scep_status *status, const struct step *step)
{
	if (step->message_type != 0)
		status_message(status, step->message_type);
}

/* Shows what is worth knowing although it is no error. */
static void show_note(struct scep_status *status, const struct record *record)
{
	memcpy(status->text, record->note, sizeof(status->text));
}

/* --------------------------------------------------------- before a step -- */

/* Reserves a row of the registry before the first message (MIB, rule 13). */
static bool request_reserve_key(struct open_request *e, struct record *next)
{
	struct state *state = e->task.state;

	if (next->key_index != 0)
		return true;
	if (!registry_has_room(state, next)) {
		error_set(&e->task.work.error, SCEP_REGISTRATION_LIMIT,
			  "%u keys are registered, which is the limit",
			  state->config.key_limit);
		return false;
	}
	next->key_index = registry_next_index(state);
	return next->key_index != 0;
}

/* Makes durable that the request is being processed, that its row of the
 * registry is reserved, and that one of its polls is used. */
static bool request_begin_processing(struct open_request *e,
				     const struct scep_status *now)
{
	struct record *next = row_copy(e->task.record);
	struct scep_status *status = row_copy(now);
	struct txn txn;

	if (next == NULL || status == NULL)
		error_set_memory(&e->task.work.error);
	else if (request_reserve_key(e, next)) {
		status->state = SCEP_STATE_PROCESSING;
		/* The use location that it waited for is there. */
		if (now->detail == SCEP_CONFIG_ERROR) {
			status_clear(status);
			show_note(status, next);
		}
		status->polls += now->next_poll != 0;
		show_message(status, e->task.step);
		status->next_poll = 0;
		next->next_try = 0;
		txn_init(&txn);
		if (request_save(e, next, status, &txn))
			return true;
		next = NULL;
		status = NULL;
	}
	row_release(next);
	row_release(status);
	request_fail(&e->task);
	return false;
}

/* Refuses before anything is sent what no reply could be opened for. */
static bool request_has_challenge(struct open_request *e,
				  const struct scep_status *now)
{
	if (challenge_check(e, now))
		return true;
	request_fail(&e->task);
	return false;
}

static void request_look_again(struct open_request *e)
{
	task_continue_at(&e->task, state_mono(e->task.state) + LOOK_AGAIN);
}

/* Waits until the use location can take files, and shows work.error.  The
 * server may have granted the request: nothing is given up. */
static void request_wait_for_location(struct open_request *e,
				      const struct scep_status *now)
{
	struct task *task = &e->task;
	struct record *next = row_copy(task->record);
	struct scep_status *status = row_copy(now);
	struct txn txn;

	if (now->detail != SCEP_CONFIG_ERROR)
		log_warning("%s: waits: %s", task->name, task->work.error.text);
	if (next != NULL)
		next->next_try = 0;
	if (status != NULL) {
		status->state = SCEP_STATE_PROCESSING;
		status->next_poll = 0;
		status_blame(status, &task->work.error);
	}
	txn_init(&txn);
	/* A disk that refuses changes nothing in the wait. */
	request_save(e, next, status, &txn);
	request_look_again(e);
}

static bool is_shown(const struct scep_status *now,
		     const struct scep_error *error)
{
	char words[SCEP_TEXT255];

	error_words(error, words);
	return now->detail == error->code && now->next_poll == 0 &&
	       strcmp(now->text, words) == 0;
}

/* Refuses before anything is sent what no use location could take. */
static bool request_can_deploy(struct open_request *e,
			       const struct scep_status *now)
{
	if (!look_is_needed(e) || e->look != REQUEST_LOOK_BAD)
		return true;
	e->look = REQUEST_LOOK_NONE;
	error_set(&e->task.work.error, SCEP_CONFIG_ERROR, "%s", e->look_text);
	if (e->task.record->transaction_id[0] == '\0')
		request_fail(&e->task);
	else if (is_shown(now, &e->task.work.error))
		request_look_again(e); /* writes nothing in a long wait */
	else
		request_wait_for_location(e, now);
	return false;
}

static bool request_begin(struct task *task)
{
	struct open_request *e = open_request_of(task);
	const struct scep_status *now = open_request_status_now(e);

	if (e->is_unsaved) {
		request_apply(task);
		return false;
	}
	task->step = steps_find(task->record->step);
	error_init(&task->work.error);
	row_release(task->work.next);
	task->work.next = NULL;
	if (look_is_awaited(e))
		return false;
	if (now->state == SCEP_STATE_TO_BE_PROCESSED && e->hold == 0)
		stats_count_begin(&task->state->view.stats, now->trigger);
	if (!request_has_challenge(e, now) || !request_can_deploy(e, now))
		return false;
	if (now->state != SCEP_STATE_TO_BE_PROCESSED && now->next_poll == 0 &&
	    now->detail != SCEP_CONFIG_ERROR)
		return true;
	return request_begin_processing(e, now);
}

/* ---------------------------------------------------------- after a step -- */

/* The functions of this part return false if their commit fails: work.error
 * says why, and the request is as it was. */

static bool request_go_to(struct open_request *e, struct step_result *result)
{
	struct task *task = &e->task;
	const struct step *to = steps_find(result->to);
	struct scep_status *status = result->status;

	result->next->step = result->to;
	result->next->next_try = 0;
	status->state = SCEP_STATE_PROCESSING;
	status_clear(status);
	show_note(status, result->next);
	status->next_poll = 0;
	show_message(status, to);
	if (!request_save(e, result->next, status, &result->txn))
		return false;
	log_info("%s: %s -> %s", task->name, task->step->name, to->name);
	ca_table_notify(task);
	task_continue(task);
	return true;
}

/* Goes to a step that waits without limit, and shows work.error. */
static bool request_wait(struct open_request *e, struct step_result *result)
{
	struct task *task = &e->task;
	struct scep_status *status = result->status;

	result->next->step = result->to;
	result->next->next_try = 0;
	e->look = REQUEST_LOOK_NONE;
	request_count_error(e);
	status->state = SCEP_STATE_PROCESSING;
	status_blame(status, &task->work.error);
	status->next_poll = 0;
	if (!request_save(e, result->next, status, &result->txn))
		return false;
	log_warning("%s: %s", task->name, task->work.error.text);
	request_look_again(e);
	ca_table_notify(task);
	return true;
}

/* Sends a request again, or asks again, after `wait` seconds. */
static bool request_retry(struct open_request *e, struct record *next,
			  uint32_t wait)
{
	struct task *task = &e->task;
	struct state *state = task->state;
	const struct scep_error error = task->work.error;
	struct scep_status *status = request_copy_status(e);
	int64_t when = state_now(state) + wait;
	char failure[FAILURE_TEXT];
	struct txn txn;

	e->look = REQUEST_LOOK_NONE;
	if (next != NULL) {
		next->next_try = when;
		next->next_wait = wait;
	}
	if (status != NULL) {
		status->state = SCEP_STATE_PROCESSING;
		status->next_poll = when;
		status_blame(status, &error);
	}
	txn_init(&txn);
	if (!request_save(e, next, status, &txn))
		return false;
	failure_text(task, &error, failure);
	log_info("%s: %s; %s in %u s", task->name, failure,
		 steps_find(task->record->step)->name, wait);
	task_continue_at(task, state_mono(state) + (uint64_t)wait * 1000);
	if (error.code == SCEP_DEFERRED)
		state_notify(state, SCEP_EVENT_REQUEST_DEFERRED,
			     task->record->index);
	return true;
}

/* Returns what follows work.error by the polling rules (MIB, rule 9), and when.
 * A server that says when is asked then, which counts as any other poll. */
static struct schedule_retry request_plan_retry(struct open_request *e)
{
	struct task *task = &e->task;
	const enum scep_code code = task->work.error.code;
	const struct scep_profile *profile = task_profile(task);
	const struct scep_status *status = open_request_status_now(e);
	struct schedule_retry again = {.code = code};
	bool is_answered = code == SCEP_HTTP_ERROR || code == SCEP_DEFERRED;
	bool is_timer = status->trigger != SCEP_TRIGGER_MANUAL;
	uint32_t asked = is_answered ? task->work.answer.retry_after : 0;
	bool is_asked;

	/* pollNow came while the exchange was in flight: the beginning of a
	 * poll takes away its time. */
	if (status->next_poll != 0 && error_is_polled(code)) {
		again.is_again = true;
		return again;
	}
	if (profile != NULL)
		again = schedule_after_failure(&profile->timer, code,
					       status->polls);
	is_asked = again.is_again && asked > 0;
	if (is_asked)
		again.wait = asked;
	/* Timers that began at the same moment must not stay together, nor
	 * come together when the server is back.  A deferral has answered them
	 * one by one. */
	if (is_timer && is_asked && code == SCEP_HTTP_ERROR)
		again.wait = schedule_spread_asked(&profile->timer, asked,
						   timers_draw, task->state);
	else if (is_timer && !is_asked)
		again.wait = schedule_spread(&again, status->polls, timers_draw,
					     task->state);
	return again;
}

/* Does what work.error asks for: a retry by the polling rules, or the end in
 * Error.  `came_to` is the record after the step; NULL: it stays as it is. */
static bool request_settle_error(struct open_request *e,
				 const struct record *came_to)
{
	struct task *task = &e->task;
	struct scep_error *error = &task->work.error;
	struct record *next =
	    row_copy(came_to != NULL ? came_to : task->record);
	struct schedule_retry again;
	bool is_pending = error->code == SCEP_DEFERRED;

	request_count_error(e);
	again = request_plan_retry(e);
	if (again.is_again)
		return request_retry(e, next, again.wait);
	error->code = again.code;
	return request_end_in_error(e, next, is_pending);
}

static bool request_settle(struct open_request *e, const struct record *came_to)
{
	struct task *task = &e->task;
	struct step_result result = {
	    .next = row_copy(came_to),
	    .status = request_copy_status(e),
	};
	enum step_outcome outcome = OUTCOME_FAIL;
	bool is_done = true;

	/* It may be settled for the second time. */
	memset(&task->work.notices, 0, sizeof(task->work.notices));
	txn_init(&result.txn);
	if (result.status != NULL && result.next != NULL)
		outcome = task->step->settle(task, &result);
	else
		error_set_memory(&task->work.error);
	switch (outcome) {
	case OUTCOME_NEXT:
		return request_go_to(e, &result);
	case OUTCOME_WAIT:
		return request_wait(e, &result);
	case OUTCOME_SUCCESS:
		row_release(result.next);
		return request_end_in_success(e, &result);
	case OUTCOME_NOT_YET:
		request_look_again(e);
		break;
	case OUTCOME_FAIL:
		is_done = !error_is_own(task->work.error.code) &&
			  request_settle_error(e, came_to);
		break;
	}
	row_release(result.next);
	row_release(result.status);
	txn_free(&result.txn);
	return is_done;
}

/* Makes durable what the step came to.  If that cannot be, the same is tried
 * again, and nothing of it is lost: a server may have granted the request. */
static void request_apply(struct task *task)
{
	struct open_request *e = open_request_of(task);
	struct state *state = task->state;
	struct record *came_to = task->work.next;
	const struct scep_error error = task->work.error;
	const struct scep_stats stats = state->view.stats;
	const bool was_distrusted = e->is_distrusted;
	struct scep_error refusal;
	bool is_settled;

	task->work.next = NULL;
	e->is_unsaved = false;
	if (error.code == SCEP_OK || task->step->may_fail)
		is_settled = request_settle(e, came_to);
	else
		is_settled = request_settle_error(e, came_to);
	/* Then `e` may be freed. */
	if (is_settled) {
		row_release(came_to);
		return;
	}
	refusal = task->work.error;
	task->work.next = came_to;
	task->work.error = error;
	state->view.stats = stats;
	e->is_distrusted = was_distrusted;
	e->is_unsaved = true;
	request_hold(e, &refusal);
}

/* Handles an error of the step.  While this device itself is at fault, the step
 * is tried again. */
static void request_fail(struct task *task)
{
	if (error_is_own(task->work.error.code))
		request_hold(open_request_of(task), &task->work.error);
	else
		request_apply(task);
}

static void request_free(struct task *task)
{
	free(open_request_of(task));
}

const struct task_ops transitions_ops = {
    .begin = request_begin,
    .settle = request_apply,
    .fail = request_fail,
    .free = request_free,
};
