/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outside world of the engine: time, a wake-up, HTTP and workers, behind a
 * table of functions that tests replace.  All callbacks come on the thread
 * that runs the engine, and never from within the call that asked for them.
 * Knows no enrolment.
 */
#ifndef SCEP_NET_IO_H
#define SCEP_NET_IO_H

#include <stdint.h>

#include "scep/base/bytes.h"

struct io;
struct scep_error;

/* One HTTP exchange.  fetch() copies all of it. */
struct fetch_request {
	const char *url;
	const char *proxy_url;	   /* NULL or "": none */
	const char *content_type;  /* NULL: GET */
	const unsigned char *body; /* of a POST */
	size_t body_length;
	uint32_t timeout; /* seconds, for connect and total */
	size_t limit;	  /* octets of the answer's body */
};

struct fetch_answer {
	uint32_t http_status;
	struct bytes body; /* the callback may move it out */
	int64_t date;	   /* of the Date header, 0: none */
	int64_t received;  /* our clock when the headers came */
	/* Retry-After: seconds from then on, 0 (none) to RETRY_AFTER_MAX. */
	uint32_t retry_after;
};

/* A day, in seconds. */
#define RETRY_AFTER_MAX 86400

/*
 * The end of an exchange.  `error` is NULL if there is an HTTP answer of any
 * status.  Else it is SCEP_COMM_ERROR for no connection, a time-out or a cut
 * connection; SCEP_BAD_RESPONSE for an answer that is beyond a cap or not HTTP;
 * SCEP_CONFIG_ERROR for an address that the configuration forbids;
 * SCEP_NO_MEMORY.
 */
typedef void (*fetch_done_fn)(void *context, struct fetch_answer *answer,
			      const struct scep_error *error);
/* Runs on a worker thread; touches only what `context` owns. */
typedef void (*work_fn)(void *context);
typedef void (*work_done_fn)(void *context);

struct fetch;

struct io_ops {
	int64_t (*now)(struct io *io);	 /* wall clock, seconds */
	uint64_t (*mono)(struct io *io); /* monotonic, milliseconds */
	/* Asks for a call of the engine's tick at that monotonic time, in place
	 * of an earlier one; 0: never. */
	void (*wake_at)(struct io *io, uint64_t mono);
	/* Returns NULL if memory is short. */
	struct fetch *(*fetch)(struct io *io,
			       const struct fetch_request *request,
			       fetch_done_fn done, void *context);
	/* Ends an exchange without calling `done`. */
	void (*fetch_cancel)(struct io *io, struct fetch *fetch);
	/* Returns false if memory is short.  Cannot be cancelled. */
	bool (*work)(struct io *io, work_fn work, work_done_fn done,
		     void *context);
};

struct io {
	const struct io_ops *ops;
};

#endif
