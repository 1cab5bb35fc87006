/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server on a thread of the test, on 127.0.0.1, that says what it is
 * told to, right or wrong: each request takes the next reply of a list.  It
 * notes what it was asked.
 */
#ifndef TESTS_SERVER_H
#define TESTS_SERVER_H

#include <stdbool.h>
#include <stddef.h>

enum reply_end {
	REPLY_KEEP = 0, /* the connection stays open */
	REPLY_CLOSE,
	REPLY_RESET,
	REPLY_DRIP, /* octet by octet, one every 20 ms */
};

struct reply {
	const char *text; /* NULL: ends the list, or at once */
	enum reply_end end;
	size_t filler; /* that many 'x' after the text */
};

struct server;

/* `replies` is borrowed, and ends with an all-zero one.  Fails the test if it
 * cannot be opened. */
struct server *server_open(const struct reply *replies);
void server_close(struct server *server);

int server_port(const struct server *server);
/* For after the exchange: the n-th request as it came, "" if there was none,
 * and the number of the connection it came on, from 0. */
const char *server_request(const struct server *server, size_t n);
int server_connection(const struct server *server, size_t n);
size_t server_request_count(const struct server *server);

#endif
