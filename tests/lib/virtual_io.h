/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A struct io without a world: both clocks stand until they are moved, HTTP
 * is a function that the test gives, and work is done when the test says so.
 * One step does one thing, so that a test can stop between any two.  Knows no
 * enrolment and no protocol.
 */
#ifndef TESTS_VIRTUAL_IO_H
#define TESTS_VIRTUAL_IO_H

#include "scep/codes.h"
#include "scep/net/io.h"

/* The answer of the server.  An error of SCEP_OK: there is an answer. */
struct virtual_answer {
	struct scep_error error;
	uint32_t http_status;
	struct bytes body;
	int64_t date;
	uint32_t retry_after;
};

/* Called when the exchange is delivered, and not when it is begun. */
typedef void (*virtual_server_fn)(void *context,
				  const struct fetch_request *request,
				  struct virtual_answer *answer);

struct virtual_task;

struct virtual_io {
	struct io io;  /* first, so that a pointer to it leads back here */
	int64_t wall;  /* seconds; to be set at will */
	uint64_t mono; /* milliseconds */
	uint64_t wake; /* as asked by wake_at() */
	virtual_server_fn server;
	void *context;
	struct virtual_task *tasks; /* in the order they were asked for */
	bool holds_fetches;	    /* they stay under way */
	bool holds_work;	    /* workers do not come back */
	bool is_newest_first;	    /* answers overtake each other */
	unsigned int refusals;	    /* so many next calls are refused */
	unsigned int fetches;	    /* begun */
	unsigned int cancelled;
};

void virtual_io_init(struct virtual_io *io, int64_t wall,
		     virtual_server_fn server, void *context);
/* Does one thing that can be done now: runs a worker's function, brings it
 * back, or delivers an answer.  False if there is none. */
bool virtual_io_step(struct virtual_io *io);
/* The number of workers and exchanges that are under way. */
size_t virtual_io_pending(const struct virtual_io *io);
/* Moves both clocks. */
void virtual_io_advance(struct virtual_io *io, uint64_t milliseconds);
/* As a loop that closes: work comes back whether or not it was done.  All
 * exchanges must have been cancelled. */
void virtual_io_close(struct virtual_io *io);

#endif
