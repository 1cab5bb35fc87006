/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real struct io: a libuv loop with a wake-up, HTTP and workers.  It
 * belongs to the thread that calls loop_run(); another thread may open and
 * close it while that one does not run.  Knows no enrolment.
 */
#ifndef SCEP_NET_LOOP_H
#define SCEP_NET_LOOP_H

#include <uv.h>

#include "scep/net/io.h"

struct loop;
struct scep_config;

/* Opens a loop that calls `tick` when io->wake_at() asked for it, at once after
 * a step of the clock or a suspend, and at least once a minute.  Returns an
 * owned struct; NULL if memory or descriptors are short. */
struct loop *loop_open(const struct scep_config *config,
		       void (*tick)(void *context), void *context);

/* Both belong to the loop and live as long as it. */
struct io *loop_io(struct loop *loop);
uv_loop_t *loop_uv(struct loop *loop);

/* Runs until loop_stop(), which is called on the same thread: in a callback,
 * or beforehand.  May be run again.  The thread's SIGPIPE stays blocked. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Sets the configuration of all exchanges that begin from now on.  Returns
 * false if memory is short: the old one stays. */
bool loop_configure(struct loop *loop, const struct scep_config *config);

/*
 * Cancels the fetches and the work that has not begun, waits for the work that
 * runs, and frees.  Calls `done` for all work that was accepted, even if it
 * did not run, so that it can free its context: while closing, `done` must not
 * judge a result, and the io refuses whatever it asks.  Handles of the caller
 * on loop_uv() must be closing or closed; their close callbacks run here.  NULL
 * is fine.
 */
void loop_close(struct loop *loop);

#endif
