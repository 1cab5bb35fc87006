/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A timer that interrupts a system call that blocks its thread.  If a master
 * hangs and its queue of connections is full, the library waits in connect()
 * without limit; a signal makes it give up.
 *
 * Knows nothing of the call that it interrupts: EINTR must be harmless there.
 */
#ifndef SUBAGENT_SNMP_UNBLOCK_TIMER_H
#define SUBAGENT_SNMP_UNBLOCK_TIMER_H

#include <time.h>

struct unblock_timer {
	timer_t timer;
};

/* Prepares it for the calling thread.  Returns 0, or -1 with errno. */
int unblock_timer_open(struct unblock_timer *unblock_timer);
void unblock_timer_close(struct unblock_timer *unblock_timer);

/* Interrupts every so many milliseconds from now on; 0: no more.  From any
 * thread and from a signal handler. */
void unblock_timer_every(const struct unblock_timer *unblock_timer,
			 long milliseconds);

#endif
