/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/io_gate.h"

#include <stdlib.h>
#include <string.h>

#include "scep/codes.h"

/* An exchange or a piece of work, until it has called back. */
struct io_gate_job {
	struct io_gate *gate;
	struct io_gate_job *next; /* of those that have ended */
	bool has_ended;
	void *context;
	/* an exchange */
	fetch_done_fn fetched;
	struct fetch *fetch; /* of the inner io, while in flight */
	struct fetch_answer answer;
	struct scep_error error;
	bool has_error;
	/* work */
	work_fn work;
	work_done_fn worked;
};

static struct io_gate *gate_of(struct io *io)
{
	return (struct io_gate *)io;
}

static struct io_gate_job *job_new(struct io_gate *gate, void *context)
{
	struct io_gate_job *job = calloc(1, sizeof(*job));

	if (job != NULL) {
		job->gate = gate;
		job->context = context;
	}
	return job;
}

static void job_free(struct io_gate_job *job)
{
	bytes_free(&job->answer.body);
	free(job);
}

static void job_call_back(struct io_gate_job *job)
{
	if (job->worked != NULL)
		job->worked(job->context);
	else
		job->fetched(job->context, &job->answer,
			     job->has_error ? &job->error : NULL);
	job_free(job);
}

static void job_end(struct io_gate_job *job)
{
	struct io_gate *gate = job->gate;

	if (!gate->is_closed) {
		job_call_back(job);
		return;
	}
	job->has_ended = true;
	*gate->last = job;
	gate->last = &job->next;
}

/* ------------------------------------------------------------------ work -- */

static void on_work(void *context)
{
	struct io_gate_job *job = context;

	job->work(job->context);
}

static void on_worked(void *context)
{
	job_end(context);
}

static bool gate_work(struct io *io, work_fn work, work_done_fn done,
		      void *context)
{
	struct io_gate *gate = gate_of(io);
	struct io_gate_job *job = job_new(gate, context);

	if (job == NULL)
		return false;
	job->work = work;
	job->worked = done;
	if (gate->inner->ops->work(gate->inner, on_work, on_worked, job))
		return true;
	job_free(job);
	return false;
}

/* --------------------------------------------------------------- fetches -- */

static void on_fetched(void *context, struct fetch_answer *answer,
		       const struct scep_error *error)
{
	struct io_gate_job *job = context;

	job->fetch = NULL;
	if (error != NULL) {
		job->error = *error;
		job->has_error = true;
	} else {
		job->answer = *answer;
		/* The body has been moved here. */
		answer->body = (struct bytes){0};
	}
	job_end(job);
}

static struct fetch *gate_fetch(struct io *io,
				const struct fetch_request *request,
				fetch_done_fn done, void *context)
{
	struct io_gate *gate = gate_of(io);
	struct io_gate_job *job = job_new(gate, context);

	if (job == NULL)
		return NULL;
	job->fetched = done;
	job->fetch =
	    gate->inner->ops->fetch(gate->inner, request, on_fetched, job);
	if (job->fetch != NULL)
		return (struct fetch *)job;
	job_free(job);
	return NULL;
}

static void forget_end(struct io_gate *gate, struct io_gate_job *job)
{
	struct io_gate_job **place = &gate->first;

	while (*place != job)
		place = &(*place)->next;
	*place = job->next;
	if (gate->last == &job->next)
		gate->last = place;
}

static void gate_fetch_cancel(struct io *io, struct fetch *fetch)
{
	struct io_gate *gate = gate_of(io);
	struct io_gate_job *job = (struct io_gate_job *)fetch;

	if (job->has_ended)
		forget_end(gate, job);
	else
		gate->inner->ops->fetch_cancel(gate->inner, job->fetch);
	job_free(job);
}

/* -------------------------------------------------------------- the gate -- */

static int64_t gate_now(struct io *io)
{
	struct io *inner = gate_of(io)->inner;

	return inner->ops->now(inner);
}

static uint64_t gate_mono(struct io *io)
{
	struct io *inner = gate_of(io)->inner;

	return inner->ops->mono(inner);
}

static void gate_wake_at(struct io *io, uint64_t mono)
{
	struct io *inner = gate_of(io)->inner;

	inner->ops->wake_at(inner, mono);
}

void io_gate_init(struct io_gate *gate, struct io *inner)
{
	static const struct io_ops ops = {
	    .now = gate_now,
	    .mono = gate_mono,
	    .wake_at = gate_wake_at,
	    .fetch = gate_fetch,
	    .fetch_cancel = gate_fetch_cancel,
	    .work = gate_work,
	};

	memset(gate, 0, sizeof(*gate));
	gate->io.ops = &ops;
	gate->inner = inner;
	gate->last = &gate->first;
}

void io_gate_close(struct io_gate *gate)
{
	gate->is_closed = true;
}

void io_gate_open(struct io_gate *gate)
{
	gate->is_closed = false;
	while (gate->first != NULL) {
		struct io_gate_job *job = gate->first;

		forget_end(gate, job);
		job_call_back(job);
	}
}
