/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/task.h"

#include <stdlib.h>
#include <string.h>

#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/server.h"
#include "scep/base/error.h"
#include "scep/protocol/crl.h"
#include "scep/settings/legacy.h"

/* ------------------------------------------------------ data of the step -- */

static void step_work_free(struct step_work *work)
{
	row_release(work->next);
	free(work->url);
	free(work->cas);
	free(work->entries);
	rows_free(&work->known_cas);
	X509_CRL_free(work->crl);
	bytes_free(&work->message);
	bytes_free(&work->answer.body);
	memset(work, 0, sizeof(*work));
}

bool task_prepare(struct task *task)
{
	struct step_work *work = &task->work;

	step_work_free(work);
	error_init(&work->error);
	error_init(&work->ca_refetch);
	work->clock = state_now(task->state);
	work->now = state_clock_is_sane(task->state) ? work->clock : 0;
	work->allow_legacy =
	    legacy_allowed(&task->state->config, &task->record->server);
	work->allow_short_keys = task->state->config.allow_short_keys;
	work->ra_policy = task_ra_policy(task);
	work->next = row_copy(task->record);
	return work->next != NULL &&
	       rows_share(&work->known_cas, &task->state->view.cas);
}

/* --------------------------------------------------------- begin and end -- */

void task_open(struct task *task, const struct task_ops *ops,
	       struct state *state, struct record *record)
{
	task->ops = ops;
	task->state = state;
	task->record = record;
	task->due = state_mono(state);
	task->next = state->tasks;
	state->tasks = task;
}

static void task_free(struct task *task)
{
	step_work_free(&task->work);
	row_release(task->record);
	task->ops->free(task);
}

static void task_stop(struct task *task)
{
	if (task->fetch == NULL)
		return;
	task->state->io->ops->fetch_cancel(task->state->io, task->fetch);
	task->fetch = NULL;
	task->is_busy = false;
}

static void task_unlist(struct task **list, struct task *task)
{
	while (*list != task)
		list = &(*list)->next;
	*list = task->next;
}

void task_discard(struct task *task)
{
	struct state *state = task->state;

	task_unlist(&state->tasks, task);
	task_stop(task);
	if (!task->is_busy) {
		task_free(task);
		return;
	}
	task->is_discarded = true;
	task->next = state->discarded;
	state->discarded = task;
}

bool task_has_late_worker(struct state *state, uint32_t index)
{
	const struct task *task = state->discarded;

	while (task != NULL && task->record->index != index)
		task = task->next;
	return task != NULL;
}

void task_worker_returned(struct task *task)
{
	struct state *state = task->state;
	uint32_t index = task->record->index;

	task_unlist(&state->discarded, task);
	task_free(task);
	if (task_has_late_worker(state, index))
		return;
	for (task = state->tasks; task != NULL; task = task->next) {
		if (task->record->index == index)
			task->is_blocked = false;
	}
	state_ask_tick(state);
}

void task_stop_all(struct state *state)
{
	state->is_stopping = true;
	for (struct task *task = state->tasks; task != NULL; task = task->next)
		task_stop(task);
}

/* ------------------------------------------------------------- questions -- */

const struct scep_profile *task_profile(const struct task *task)
{
	return scep_rows_find(&task->state->view.profiles,
			      task->record->profile_index);
}

bool task_has_same_server(const struct task *task)
{
	const struct scep_profile *profile = task_profile(task);
	const struct scep_server *ours = &task->record->server;

	return profile == NULL ||
	       (strcmp(profile->server.url, ours->url) == 0 &&
		profile->server.ca_fingerprint.length ==
		    ours->ca_fingerprint.length &&
		memcmp(profile->server.ca_fingerprint.data,
		       ours->ca_fingerprint.data,
		       ours->ca_fingerprint.length) == 0);
}

uint32_t task_ra_policy(const struct task *task)
{
	const struct scep_profile *profile = task_profile(task);
	uint32_t policy = task->record->server.ra_policy;

	if (profile != NULL && task_has_same_server(task))
		policy = profile->server.ra_policy;
	/* The record of an older version has none. */
	return policy != 0 ? policy : SCEP_RA_MARKED;
}

/* ------------------------------------------------------------------ time -- */

void task_continue_at(struct task *task, uint64_t due)
{
	task->due = due;
	state_ask_tick(task->state);
}

void task_continue(struct task *task)
{
	if (!task->is_busy)
		task_continue_at(task, state_mono(task->state));
}

bool task_is_idle(const struct task *task)
{
	return !task->is_busy && !task->is_blocked;
}
