/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/loop.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "scep/engine_config.h"
#include "scep/net/clock_watch.h"
#include "scep/net/http_thread.h"

/* Due times are wall clock, so they are checked at least this often, if the
 * kernel does not tell that the clock was set. */
#define LONGEST_WAIT 60000 /* milliseconds */
#define WORKER_NICE  10

/* One piece of work, queued or running. */
struct job {
	LIST_ENTRY(job) entry;
	uv_work_t request;
	work_fn work;
	work_done_fn done;
	void *context;
};

struct loop {
	struct io io; /* first: an io is its loop */
	uv_loop_t uv;
	uv_timer_t timer;
	struct clock_watch *clock; /* NULL: the kernel tells nothing */
	struct http_thread *http;
	LIST_HEAD(, job) jobs;
	uint64_t wish;	    /* of loop_wake_at(), 0: none */
	uint64_t last_tick; /* monotonic, milliseconds */
	bool is_closing;
	void (*tick)(void *context);
	void *context;
};

static struct loop *loop_of(struct io *io)
{
	return (struct loop *)io;
}

/* ---------------------------------------------------------------- clocks -- */

static int64_t wall_clock(struct io *io)
{
	(void)io;
	return time(NULL);
}

static uint64_t monotonic(struct io *io)
{
	struct timespec now;

	(void)io;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --------------------------------------------------------------- wake-up -- */

static void on_timer(uv_timer_t *timer);

/* Returns when tick must be called next. */
static uint64_t due_time(const struct loop *loop)
{
	uint64_t due = loop->last_tick + LONGEST_WAIT;

	return loop->wish != 0 && loop->wish < due ? loop->wish : due;
}

static void loop_arm(struct loop *loop)
{
	uint64_t now = monotonic(&loop->io);
	uint64_t due = due_time(loop);

	/* The loop's clock may be late.  Never 0: a tick that asks for another
	 * one at once would keep the loop from its sockets. */
	uv_update_time(&loop->uv);
	uv_timer_start(&loop->timer, on_timer, due > now ? due - now : 1, 0);
}

static void loop_tick(struct loop *loop, uint64_t now)
{
	if (loop->wish != 0 && loop->wish <= now)
		loop->wish = 0;
	loop->last_tick = now;
	loop_arm(loop);
	loop->tick(loop->context);
}

static void on_timer(uv_timer_t *timer)
{
	struct loop *loop = timer->data;
	uint64_t now = monotonic(&loop->io);

	/* libuv's clock is coarser than ours and may be a little early. */
	if (now < due_time(loop)) {
		loop_arm(loop);
		return;
	}
	loop_tick(loop, now);
}

/* All that is due by the wall clock may be due now, or later. */
static void on_clock(void *context)
{
	struct loop *loop = context;

	loop_tick(loop, monotonic(&loop->io));
}

static void loop_wake_at(struct io *io, uint64_t mono)
{
	struct loop *loop = loop_of(io);

	if (loop->is_closing)
		return;
	loop->wish = mono;
	loop_arm(loop);
}

/* --------------------------------------------------------------- fetches -- */

static struct fetch *loop_fetch(struct io *io,
				const struct fetch_request *request,
				fetch_done_fn done, void *context)
{
	struct loop *loop = loop_of(io);

	if (loop->is_closing)
		return NULL;
	return http_thread_fetch(loop->http, request, done, context);
}

static void loop_fetch_cancel(struct io *io, struct fetch *fetch)
{
	struct loop *loop = loop_of(io);

	/* loop_close() has ended it already. */
	if (!loop->is_closing)
		http_thread_cancel(loop->http, fetch);
}

/* --------------------------------------------------------------- workers -- */

/* Lowers the priority of a worker: making a key of 4096 bits takes seconds and
 * must not slow down a small device. */
static void worker_be_nice(void)
{
	static _Thread_local bool is_nice;
	id_t self = (id_t)gettid();

	if (is_nice)
		return;
	pthread_setname_np(pthread_self(), "scep-worker");
	if (getpriority(PRIO_PROCESS, self) < WORKER_NICE)
		setpriority(PRIO_PROCESS, self, WORKER_NICE);
	is_nice = true;
}

static void on_work(uv_work_t *request)
{
	struct job *job = request->data;

	worker_be_nice();
	job->work(job->context);
}

static void on_worked(uv_work_t *request, int status)
{
	struct job *job = request->data;

	(void)status;
	LIST_REMOVE(job, entry);
	job->done(job->context);
	free(job);
}

static bool loop_work(struct io *io, work_fn work, work_done_fn done,
		      void *context)
{
	struct loop *loop = loop_of(io);
	struct job *job;

	job = loop->is_closing ? NULL : calloc(1, sizeof(*job));
	if (!job)
		return false;
	job->work = work;
	job->done = done;
	job->context = context;
	job->request.data = job;
	if (uv_queue_work(&loop->uv, &job->request, on_work, on_worked) != 0) {
		free(job);
		return false;
	}
	LIST_INSERT_HEAD(&loop->jobs, job, entry);
	return true;
}

/* ------------------------------------------------------------ the loop -- */

static const struct io_ops loop_ops = {
    .now = wall_clock,
    .mono = monotonic,
    .wake_at = loop_wake_at,
    .fetch = loop_fetch,
    .fetch_cancel = loop_fetch_cancel,
    .work = loop_work,
};

struct loop *loop_open(const struct scep_config *config,
		       void (*tick)(void *context), void *context)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	if (uv_loop_init(&loop->uv) != 0) {
		free(loop);
		return NULL;
	}
	loop->io.ops = &loop_ops;
	loop->tick = tick;
	loop->context = context;
	LIST_INIT(&loop->jobs);
	uv_timer_init(&loop->uv, &loop->timer);
	loop->timer.data = loop;
	loop->last_tick = monotonic(&loop->io);
	loop_arm(loop);
	loop->clock = clock_watch_open(&loop->uv, on_clock, loop);
	loop->http = http_thread_open(&loop->uv, config);
	if (!loop->http) {
		loop_close(loop);
		return NULL;
	}
	return loop;
}

struct io *loop_io(struct loop *loop)
{
	return &loop->io;
}

uv_loop_t *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

/* Blocks SIGPIPE, which TLS does not suppress when it writes.  It stays
 * blocked: a pending signal would come on unblocking. */
static void loop_block_pipe_signal(void)
{
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
}

void loop_run(struct loop *loop)
{
	loop_block_pipe_signal();
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

bool loop_configure(struct loop *loop, const struct scep_config *config)
{
	return http_thread_configure(loop->http, config);
}

/* Cancels the work that has not begun.  on_worked() is called for all of it. */
static void loop_cancel_jobs(struct loop *loop)
{
	struct job *job;

	LIST_FOREACH(job, &loop->jobs, entry)
	uv_cancel((uv_req_t *)&job->request);
}

void loop_close(struct loop *loop)
{
	int result;

	if (!loop)
		return;
	loop_block_pipe_signal();
	loop->is_closing = true;
	if (loop->http)
		http_thread_close(loop->http);
	loop_cancel_jobs(loop);
	uv_close((uv_handle_t *)&loop->timer, NULL);
	clock_watch_close(loop->clock);
	/* A loop_stop() that is pending, or comes from a callback, ends a run
	 * early. */
	while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
		;
	result = uv_loop_close(&loop->uv);
	assert(result == 0);
	(void)result;
	free(loop);
}
