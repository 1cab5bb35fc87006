/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real struct io: a libuv loop with a wake-up, HTTP and workers.  All of
 * it belongs to the thread that calls loop_run(); open and close may come from
 * another one while that thread does not run.  Knows no enrolment.
 */
#ifndef SCEP_NET_LOOP_H
#define SCEP_NET_LOOP_H

#include <uv.h>

#include "scep/net/io.h"

struct loop;
struct scep_config;

/* Opens a loop that calls `tick` when io->wake_at() asked for it, and in any
 * case once a minute, so that a suspend or a step of the clock strands
 * nothing.  Returns an owned struct; NULL if memory or descriptors are short.
 */
struct loop *loop_open(const struct scep_config *config,
		       void (*tick)(void *context), void *context);

/* Both are the loop's own and live as long as it. */
struct io *loop_io(struct loop *loop);
uv_loop_t *loop_uv(struct loop *loop);

/* Runs until loop_stop(), which is called on the same thread: in a callback,
 * or beforehand.  May be run again.  The thread's SIGPIPE stays blocked. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Takes over a configuration for exchanges that begin from now on. */
void loop_configure(struct loop *loop, const struct scep_config *config);

/*
 * Cancels the fetches, drops work that has not begun, waits for work that
 * runs, and frees.  Every work that was accepted still gets its `done`, here,
 * whether or not it ran, so that it can free its context: while closing,
 * `done` must judge no result.  What it asks of the io is refused.  Handles
 * that the caller has put on loop_uv() must be closing or closed; their close
 * callbacks are run here.  NULL is fine.
 */
void loop_close(struct loop *loop);

#endif
