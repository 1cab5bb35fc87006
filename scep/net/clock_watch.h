/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells on a libuv loop that somebody has set the wall clock, or that the
 * device is awake again after a suspend.  Knows nothing of what depends on the
 * clock, and not how far it was set.
 */
#ifndef SCEP_NET_CLOCK_WATCH_H
#define SCEP_NET_CLOCK_WATCH_H

#include <uv.h>

struct clock_watch;

/* Calls `changed` from now on, each time.  Returns an owned struct, or NULL if
 * the kernel cannot tell, or if memory or descriptors are short. */
struct clock_watch *clock_watch_open(uv_loop_t *loop,
				     void (*changed)(void *context),
				     void *context);
/* Stops at once; the loop must run once more.  NULL is fine. */
void clock_watch_close(struct clock_watch *watch);

#endif
