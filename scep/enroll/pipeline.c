/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/pipeline.h"

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/enroll/ca_table.h"
#include "scep/enroll/step.h"
#include "scep/keys/registry.h"
#include "scep/state/status.h"
#include "scep/state/task.h"

static void pipeline_composed(void *context);
static void pipeline_exchanged(void *context, struct fetch_answer *answer,
			       const struct scep_error *error);
static void pipeline_digested(void *context);

/* --------------------------------------------------------------- workers -- */

static void pipeline_compose(void *context)
{
	struct task *task = context;

	task->step->compose(task);
}

static void pipeline_digest(void *context)
{
	struct task *task = context;

	task->step->digest(task);
}

static void pipeline_start_worker(struct task *task, work_fn fn,
				  work_done_fn done)
{
	struct io *io = task->state->io;

	task->is_busy = true;
	if (!io->ops->work(io, fn, done, task)) {
		task->is_busy = false;
		error_set_memory(&task->work.error);
		task->ops->fail(task);
	}
}

/* Takes the task back from its worker.  Returns false if it was discarded, or
 * the engine stopped, in the meantime. */
static bool pipeline_take_back(struct task *task)
{
	struct state *state = task->state;

	task->is_busy = false;
	if (!task->is_discarded)
		return !state->is_stopping;
	task_worker_returned(task);
	if (!state->is_stopping)
		registry_sweep(state);
	return false;
}

/* -------------------------------------------------------------- exchange -- */

static void pipeline_settle(struct task *task)
{
	if (task->work.error.code == SCEP_OK || task->step->may_fail)
		task->ops->settle(task);
	else
		task->ops->fail(task);
}

static void pipeline_start_exchange(struct task *task)
{
	struct step_work *work = &task->work;
	struct io *io = task->state->io;
	struct fetch_request request = {
	    .url = work->url,
	    .proxy_url = task->record->server.proxy_url,
	    .timeout = task->record->server.timeout,
	    .limit = task->step->limit,
	};

	if (work->message.length > 0) {
		request.content_type = RFC8894_CONTENT_TYPE;
		request.body = work->message.data;
		request.body_length = work->message.length;
	}
	task->is_busy = true;
	task->fetch = io->ops->fetch(io, &request, pipeline_exchanged, task);
	if (task->fetch == NULL) {
		task->is_busy = false;
		error_set_memory(&work->error);
		pipeline_settle(task);
	} else if (task->step->message_type == SCEP_MESSAGE_CERT_POLL) {
		task->state->view.stats.polls++;
	}
}

static void pipeline_composed(void *context)
{
	struct task *task = context;

	if (!pipeline_take_back(task))
		return;
	if (task->work.error.code == SCEP_OK &&
	    task->step->exchange != EXCHANGE_NONE)
		pipeline_start_exchange(task);
	else
		pipeline_settle(task);
}

/* Returns scepServerClockSkew: an Integer32. */
static int32_t skew_shown(int64_t skew)
{
	if (skew > INT32_MAX)
		return INT32_MAX;
	return skew < -INT32_MAX ? -INT32_MAX : (int32_t)skew;
}

/* Shows in the profile what every answer says about its server. */
static void show_contact(struct task *task, const struct fetch_answer *answer)
{
	struct scep_profile *profile;
	struct txn txn;

	if (task_profile(task) == NULL || !task_has_same_server(task))
		return;
	txn_init(&txn);
	profile = txn_edit(task->state, &txn, STORE_PROFILE,
			   task->record->profile_index, false);
	if (profile != NULL) {
		profile->facts.last_contact = answer->received;
		if (answer->date != 0)
			profile->facts.clock_skew =
			    skew_shown(answer->date - answer->received);
	}
	txn_commit(task->state, &txn, NULL, NULL);
}

/* Writes in words how far the server's clock is from ours. */
static void clock_words(int64_t skew, struct scep_error *words)
{
	error_set(words, SCEP_CLOCK_SUSPECT,
		  "the server's clock is %lld s %s ours",
		  (long long)(skew < 0 ? -skew : skew),
		  skew < 0 ? "behind" : "ahead of");
}

/* Says once in a task, which has many answers, that a clock is wrong. */
static void log_clock(struct task *task, const char *words)
{
	if (!task->has_told_clock)
		log_warning("%s: %s", task->name, words);
	task->has_told_clock = true;
}

/* Compares our clock with the Date of the answer.  If it is wrong, an error
 * keeps a challenge from being used up; once a pkiMessage is answered, an error
 * would spare nothing. */
static void judge_clock(struct task *task, const struct fetch_answer *answer)
{
	const struct scep_config *config = &task->state->config;
	int64_t limit = config->clock_skew_limit;
	int64_t skew = answer->date != 0 ? answer->date - answer->received : 0;
	bool is_far = skew > limit || -skew > limit;
	struct scep_error words;

	if (!is_far && state_clock_is_sane(task->state))
		return;
	error_init(&words);
	clock_words(skew, &words);
	if (is_far && config->clock_skew_is_error &&
	    task->step->exchange == EXCHANGE_GET)
		task->work.error = words;
	else if (is_far)
		log_clock(task, words.text);
	else
		log_clock(task, "the clock of the device is wrong: its time is "
				"before this program was made");
	state_notify(task->state, SCEP_EVENT_CLOCK_SUSPECT,
		     task->record->profile_index);
}

static void pipeline_exchanged(void *context, struct fetch_answer *answer,
			       const struct scep_error *error)
{
	struct task *task = context;
	struct step_work *work = &task->work;

	task->fetch = NULL;
	task->is_busy = false;
	stats_count_exchange(&task->state->view.stats, error,
			     error != NULL ? 0 : answer->http_status);
	if (error != NULL) {
		work->error = *error;
		pipeline_settle(task);
		return;
	}
	show_contact(task, answer);
	judge_clock(task, answer);
	work->answer.http_status = answer->http_status;
	work->answer.retry_after = answer->retry_after;
	bytes_move(&work->answer.body, &answer->body);
	if (answer->http_status / 100 != 2) {
		bytes_free(&work->answer.body);
		if (!task->step->is_lenient ||
		    error_http_is_passing(answer->http_status))
			error_set_http(&work->error, answer->http_status);
	}
	if (work->error.code == SCEP_OK && task->step->digest != NULL)
		pipeline_start_worker(task, pipeline_digest, pipeline_digested);
	else
		pipeline_settle(task);
}

static void pipeline_digested(void *context)
{
	struct task *task = context;

	if (pipeline_take_back(task))
		pipeline_settle(task);
}

/* ------------------------------------------------------------------ tick -- */

static void pipeline_begin(struct task *task)
{
	if (!task->ops->begin(task))
		return;
	if (!task_prepare(task)) {
		error_set_memory(&task->work.error);
		task->ops->fail(task);
		return;
	}
	ca_table_collect_pins(task);
	if (task->step->compose != NULL)
		pipeline_start_worker(task, pipeline_compose,
				      pipeline_composed);
	else
		pipeline_settle(task);
}

static struct task *pipeline_find_due(struct state *state)
{
	uint64_t now = state_mono(state);
	struct task *task = state->tasks;

	while (task != NULL && (!task_is_idle(task) || task->due > now))
		task = task->next;
	return task;
}

static uint64_t pipeline_earliest_due(const struct state *state)
{
	uint64_t due = STATE_NEVER;

	for (const struct task *task = state->tasks; task != NULL;
	     task = task->next) {
		if (task_is_idle(task) && task->due < due)
			due = task->due;
	}
	return due;
}

uint64_t pipeline_tick(struct state *state)
{
	struct task *task;

	if (state->is_stopping)
		return STATE_NEVER;
	/* Looks from the start each time, as a step may end tasks.  Begins each
	 * task once: afterwards it is busy, or due later. */
	while ((task = pipeline_find_due(state)) != NULL) {
		task->due = STATE_NEVER;
		pipeline_begin(task);
	}
	return pipeline_earliest_due(state);
}
