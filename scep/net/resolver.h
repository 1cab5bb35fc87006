/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks up the addresses of names, on a few threads with small stacks: a name
 * server may never answer, and the system's getaddrinfo() cannot be
 * interrupted. Each name is looked up once at a time, whoever asks for it, and
 * its addresses are kept for a minute.  A name that answered the last time goes
 * first, and those that did not may not take all threads.  Everything else is a
 * queue, in which a name keeps its place even if nobody waits any more, so that
 * each one gets its turn.
 *
 * Belongs to the thread of its loop.  Knows no URL and no connection.
 */
#ifndef SCEP_NET_RESOLVER_H
#define SCEP_NET_RESOLVER_H

#include <stdint.h>
#include <uv.h>

#define RESOLVER_THREADS 16

struct resolver;
struct resolver_query;

enum resolver_end {
	RESOLVER_FOUND,
	RESOLVER_NONE, /* the name has no address, or nobody knows it */
	RESOLVER_LATE, /* no answer in time */
	RESOLVER_NO_MEMORY,
};

/* The end of a query.  `addresses` are separated by commas, IPv6 in brackets;
 * `reason` is static text, or "".  Never called from within resolver_ask(). */
typedef void (*resolver_done_fn)(void *context, enum resolver_end end,
				 const char *addresses, const char *reason);

/* Looks a name up, on any thread.  Returns 0 and an owned text, or an EAI_ of
 * netdb.h. */
typedef int (*resolver_lookup_fn)(const char *name, char **addresses);
int resolver_lookup(const char *name, char **addresses);

/* Returns NULL if memory or descriptors are short. */
struct resolver *resolver_open(uv_loop_t *loop, resolver_lookup_fn lookup);
/* Ends all queries without a call, and waits for no thread.  The loop has to
 * run once more. */
void resolver_close(struct resolver *resolver);

/* Asks for a name; the answer comes within `patience` milliseconds.  Returns
 * NULL if memory is short. */
struct resolver_query *resolver_ask(struct resolver *resolver, const char *name,
				    uint64_t patience, resolver_done_fn done,
				    void *context);
/* Ends a query without a call. */
void resolver_cancel(struct resolver_query *query);

#endif
