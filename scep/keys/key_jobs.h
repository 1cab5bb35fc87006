/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs that a worker thread does with keys: it makes the default key, makes a
 * spare key, or verifies a key.  One job of each kind runs at a time.  One
 * that fails is begun again some time later.  Knows how a job runs, and not
 * what it does.
 */
#ifndef SCEP_KEYS_KEY_JOBS_H
#define SCEP_KEYS_KEY_JOBS_H

#include "scep/key_row.h"
#include "scep/state/state.h"

/* One job, from its begin to its end. */
struct key_job_run {
	/* A worker reads the folders of the state, and nothing else of it. */
	struct state *state;
	struct key_job *job;
	const struct key_job_kind *kind;
	struct scep_key row;	 /* of the key that is made or verified */
	struct scep_error error; /* code SCEP_OK: none */
};

struct key_job_kind {
	uint32_t retry; /* ms from a failure to the next try */
	/* Does the work, on a worker; writes row and error. */
	void (*work)(struct key_job_run *run);
	/* Keeps what has come of it, on the loop.  False if the job has failed.
	 * Not called when the engine stops. */
	bool (*settle)(struct key_job_run *run);
};

/* True if the job can be begun: it does not run, and does not wait for another
 * try. */
bool key_jobs_can_begin(struct state *state, const struct key_job *job);
/* Has a worker do the job with a copy of `row`.  False if it cannot, which is a
 * failure of the job. */
bool key_jobs_begin(struct state *state, struct key_job *job,
		    const struct key_job_kind *kind,
		    const struct scep_key *row);
/* Returns when the job is to be tried again, or STATE_NEVER. */
uint64_t key_jobs_next(const struct state *state, const struct key_job *job);
/* Notes a failure: the job is not begun before the time of its next try. */
void key_jobs_try_later(struct state *state, struct key_job *job,
			const struct key_job_kind *kind);

#endif
