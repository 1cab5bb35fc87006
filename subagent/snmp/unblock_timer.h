/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A timer that interrupts what its thread is blocked in.  With a master that
 * hangs, and whose queue of connections is full, the library waits in
 * connect() without limit; a signal makes it give up.
 *
 * Knows nothing of what is interrupted: EINTR must be harmless to it.
 */
#ifndef SUBAGENT_SNMP_UNBLOCK_TIMER_H
#define SUBAGENT_SNMP_UNBLOCK_TIMER_H

#include <time.h>

struct nudge {
	timer_t timer;
};

/* Prepares it for the calling thread.  Returns 0, or -1 with errno. */
int nudge_open(struct nudge *nudge);
void nudge_close(struct nudge *nudge);

/* Interrupts every so many milliseconds from now on; 0: no more.  From any
 * thread and from a signal handler. */
void nudge_every(const struct nudge *nudge, long milliseconds);

#endif
