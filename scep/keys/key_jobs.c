/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/key_jobs.h"

#include <stdlib.h>

#include "scep/base/error.h"

/* On a worker. */
static void key_job_work(void *context)
{
	struct key_job_run *run = context;

	run->kind->work(run);
}

void key_jobs_try_later(struct state *state, struct key_job *job,
			const struct key_job_kind *kind)
{
	job->retry_at = state_mono(state) + kind->retry;
}

static void key_job_settle(void *context)
{
	struct key_job_run *run = context;
	struct state *state = run->state;

	run->job->is_running = false;
	if (!state->is_stopping) {
		if (!run->kind->settle(run))
			key_jobs_try_later(state, run->job, run->kind);
		/* There may be another one to do. */
		state_ask_tick(state);
	}
	free(run);
}

bool key_jobs_can_begin(struct state *state, const struct key_job *job)
{
	return !state->is_stopping && state->store != NULL &&
	       !job->is_running && state_mono(state) >= job->retry_at;
}

uint64_t key_jobs_next(const struct state *state, const struct key_job *job)
{
	return state->is_stopping || state->store == NULL || job->is_running ||
		       job->retry_at == 0
		   ? STATE_NEVER
		   : job->retry_at;
}

bool key_jobs_begin(struct state *state, struct key_job *job,
		    const struct key_job_kind *kind, const struct scep_key *row)
{
	struct key_job_run *run = calloc(1, sizeof(*run));

	job->retry_at = 0;
	if (run != NULL) {
		run->state = state;
		run->job = job;
		run->kind = kind;
		run->row = *row;
		error_init(&run->error);
		job->is_running = state->io->ops->work(state->io, key_job_work,
						       key_job_settle, run);
	}
	if (!job->is_running) {
		free(run);
		key_jobs_try_later(state, job, kind);
	}
	return job->is_running;
}
