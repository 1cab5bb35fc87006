/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library's sessions with itself: a request of the master goes through a
 * pipe to the handlers, and their response through a pipe to the session with
 * the master.  When the master dies, the library frees that session at its next
 * select(), and then uses it for the response that still stands in a pipe
 * (net-snmp #28).  Nothing stands there if the pipes are emptied before.
 *
 * Knows no request and no master.
 */
#ifndef SUBAGENT_SNMP_LOOPBACK_H
#define SUBAGENT_SNMP_LOOPBACK_H

#include <poll.h>

/* The library has two: one at each end. */
#define LOOPBACK_MAX 4

struct loopback {
	struct pollfd pipes[LOOPBACK_MAX];
	nfds_t count;
};

/* Finds the pipes.  The library has made them in init_snmp(). */
void loopback_open(struct loopback *loopback);

/* Handles what stands in the pipes, and what follows from it, until they are
 * empty.  To be called after each turn of the library's loop. */
void loopback_drain(struct loopback *loopback);

#endif
