/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/enroll/ca_table.h"
#include "scep/enroll/server_check.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/enroll/transitions.h"
#include "scep/keys/registry.h"
#include "scep/state/status.h"
#include "scep/enroll/steps.h"

static void composed(void *context);
static void exchanged(void *context, struct fetch_answer *answer,
		      const struct scep_error *error);
static void digested(void *context);

static void compose(void *context)
{
	struct open_request *e = context;

	e->ops->compose(e);
}

static void digest(void *context)
{
	struct open_request *e = context;

	e->ops->digest(e);
}

/* Whether the enrolment was given up, or the engine stopped, while a worker
 * had it. */
static bool came_too_late(struct open_request *e)
{
	struct state *state = e->state;

	e->is_busy = false;
	if (!e->is_discarded)
		return state->is_stopping;
	open_request_come_back(e);
	if (!state->is_stopping)
		registry_sweep(state);
	return true;
}

static void fail(struct open_request *e, struct record *next)
{
	if (e->check == 0) {
		transition_fail(e, next);
		return;
	}
	row_release(next);
	server_check_fail(e);
}

static void work(struct open_request *e, work_fn fn, work_done_fn done)
{
	struct io *io = e->state->io;

	e->is_busy = true;
	if (!io->ops->work(io, fn, done, e)) {
		error_set_memory(&e->work.error);
		e->is_busy = false;
		fail(e, NULL);
	}
}

static void settle(struct open_request *e)
{
	struct record *next;

	if (e->work.error.code == SCEP_OK || e->work.may_fail) {
		e->ops->settle(e);
		return;
	}
	next = e->work.next;
	e->work.next = NULL;
	fail(e, next);
}

static void composed(void *context)
{
	struct open_request *e = context;
	struct io *io = e->state->io;
	struct fetch_request request = {
	    .url = e->work.url,
	    .proxy_url = e->record->server.proxy_url,
	    .timeout = e->record->server.timeout,
	    .limit = e->ops->limit,
	};

	if (came_too_late(e))
		return;
	if (e->work.error.code != SCEP_OK ||
	    e->ops->exchange == EXCHANGE_NONE) {
		settle(e);
		return;
	}
	if (e->work.message.length > 0) {
		request.content_type = RFC8894_CONTENT_TYPE;
		request.body = e->work.message.data;
		request.body_length = e->work.message.length;
	}
	e->is_busy = true;
	e->fetch = io->ops->fetch(io, &request, exchanged, e);
	if (e->fetch == NULL) {
		e->is_busy = false;
		error_set_memory(&e->work.error);
		settle(e);
	} else if (e->step->message_type == SCEP_MESSAGE_CERT_POLL) {
		e->state->view.stats.polls++;
	}
}

/* scepServerClockSkew: saturated as all Integer32 that count seconds. */
static int32_t skew_shown(int64_t skew)
{
	if (skew > INT32_MAX)
		return INT32_MAX;
	return skew < -INT32_MAX ? -INT32_MAX : (int32_t)skew;
}

/* What every answer tells of the server. */
static void learn(struct open_request *e, const struct fetch_answer *answer)
{
	const struct scep_profile *old = open_request_profile(e);
	struct scep_profile *profile;
	struct txn txn;

	if (old == NULL || !open_request_has_same_server(e))
		return;
	txn_init(&txn);
	profile = row_copy(old);
	if (profile != NULL) {
		profile->facts.last_contact = answer->received;
		if (answer->date != 0)
			profile->facts.clock_skew =
			    skew_shown(answer->date - answer->received);
	}
	txn_show(&txn, STORE_PROFILE, profile);
	txn_commit(e->state, &txn, NULL, NULL);
}

/* protocol: compare with the server's Date before a one-time challenge is
 * spent on a clock that is wrong. */
static void judge_clock(struct open_request *e,
			const struct fetch_answer *answer)
{
	const struct scep_config *config = &e->state->config;
	int64_t limit = config->clock_skew_limit;
	int64_t skew = answer->date != 0 ? answer->date - answer->received : 0;
	bool is_far = skew > limit || -skew > limit;

	if (!is_far && state_clock_is_sane(e->state))
		return;
	/* Once the message has been answered, nothing is saved by refusing. */
	if (is_far && config->clock_skew_is_error &&
	    e->ops->exchange == EXCHANGE_GET)
		error_set(&e->work.error, SCEP_CLOCK_SUSPECT,
			  "the server's clock is %lld s ahead of ours",
			  (long long)skew);
	else if (is_far)
		log_warning("%s: the server's clock is %lld s ahead of ours",
			    e->name, (long long)skew);
	else
		log_warning("%s: our clock is older than this program",
			    e->name);
	state_notify(e->state, SCEP_EVENT_CLOCK_SUSPECT,
		     e->record->profile_index);
}

static void exchanged(void *context, struct fetch_answer *answer,
		      const struct scep_error *error)
{
	struct open_request *e = context;

	e->fetch = NULL;
	e->is_busy = false;
	stats_count_exchange(&e->state->view.stats, error,
			     error != NULL ? 0 : answer->http_status);
	if (error != NULL) {
		e->work.error = *error;
		settle(e);
		return;
	}
	learn(e, answer);
	judge_clock(e, answer);
	e->work.answer.http_status = answer->http_status;
	bytes_move(&e->work.answer.body, &answer->body);
	if (answer->http_status / 100 != 2) {
		bytes_free(&e->work.answer.body);
		if (!e->ops->is_lenient)
			error_set_http(&e->work.error, answer->http_status);
	}
	if (e->work.error.code != SCEP_OK || e->ops->digest == NULL)
		settle(e);
	else
		work(e, digest, digested);
}

static void digested(void *context)
{
	struct open_request *e = context;

	if (!came_too_late(e))
		settle(e);
}

/* Before the first message: a place in the registry (MIB, rule 13). */
static bool reserve_place(struct open_request *e, struct record *next)
{
	if (next->key_index != 0)
		return true;
	if (!registry_has_room(e->state, next)) {
		error_set(&e->work.error, SCEP_REGISTRATION_LIMIT,
			  "%u keys are registered, which is the limit",
			  e->state->config.key_limit);
		return false;
	}
	next->key_index = registry_next_index(e->state);
	return next->key_index != 0;
}

/*
 * What must be durable before a step runs: that the request is being
 * processed, that its place is reserved, and that one of its polls is spent.
 * False if it ended here.
 */
static bool make_ready(struct open_request *e)
{
	const struct scep_status *now = open_request_status_now(e);
	bool is_new = now->state == SCEP_STATE_TO_BE_PROCESSED;
	bool is_retry = now->next_poll != 0;
	struct record *next;
	struct scep_status *status;

	if (!is_new && !is_retry)
		return true;
	if (is_new)
		stats_count_begin(&e->state->view.stats, now->trigger);
	next = row_copy(e->record);
	status = transition_status(e);
	if (next == NULL || status == NULL)
		error_set_memory(&e->work.error);
	else if (reserve_place(e, next)) {
		status->state = SCEP_STATE_PROCESSING;
		status->polls += is_retry;
		status_message(status, e->step->message_type);
		status->next_poll = 0;
		next->next_try = 0;
		if (transition_commit(e, next, status, NULL))
			return true;
		next = NULL;
		status = NULL;
	}
	row_release(status);
	row_release(next);
	transition_fail(e, NULL);
	return false;
}

/* False if it ended here. */
static bool prepare(struct open_request *e)
{
	if (open_request_prepare(e)) {
		ca_table_collect_pins(e);
		return true;
	}
	error_set_memory(&e->work.error);
	fail(e, NULL);
	return false;
}

static void find_step(struct open_request *e)
{
	if (e->check != 0) {
		server_check_find_step(e);
		return;
	}
	e->step = step_find(e->record->step);
	e->ops = steps_find(e->record->step);
}

static void begin(struct open_request *e)
{
	if (e->is_unsaved) {
		transition_save_end(e);
		return;
	}
	find_step(e);
	error_init(&e->work.error);
	if ((e->check == 0 && !make_ready(e)) || !prepare(e))
		return;
	if (e->ops->compose != NULL)
		work(e, compose, composed);
	else
		settle(e);
}

static struct open_request *first_due(struct open_request *e, uint64_t now)
{
	while (e != NULL && (!open_request_is_idle(e) || e->due > now))
		e = e->next;
	return e;
}

static struct open_request *next_due(struct state *state)
{
	uint64_t now = state_mono(state);
	struct open_request *e = first_due(state->open_requests, now);

	return e != NULL ? e : first_due(state->checks, now);
}

static uint64_t earliest(const struct open_request *e, uint64_t due)
{
	for (; e != NULL; e = e->next) {
		if (open_request_is_idle(e) && e->due < due)
			due = e->due;
	}
	return due;
}

uint64_t pipeline_tick(struct state *state)
{
	struct open_request *e;

	if (state->is_stopping)
		return STATE_NEVER;
	/* Each is begun at most once, as beginning makes it busy or sets when
	 * it is due; the list may change under us. */
	while ((e = next_due(state)) != NULL) {
		e->due = STATE_NEVER;
		begin(e);
	}
	return earliest(state->checks,
			earliest(state->open_requests, STATE_NEVER));
}
