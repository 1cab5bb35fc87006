/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets watched on a libuv loop for somebody else, who opens and closes
 * them.  Knows no protocol.
 */
#ifndef SCEP_NET_POLL_HANDLE_H
#define SCEP_NET_POLL_HANDLE_H

#include <uv.h>

/* Bits of what is wanted, and of what has come. */
enum watch_event {
	WATCH_READABLE = 1 << 0,
	WATCH_WRITABLE = 1 << 1,
	WATCH_ERROR = 1 << 2,
};

/* May close the watch. */
typedef void (*watch_fn)(void *context, int fd, int events);

struct poll_handle;

/* Returns a watch that waits for nothing yet, or NULL. */
struct poll_handle *poll_handle_open(uv_loop_t *loop, int fd, watch_fn ready,
				     void *context);
void poll_handle_set(struct poll_handle *watch, int events);
/* Stops at once; frees itself once the loop has run its close callback. */
void poll_handle_close(struct poll_handle *watch);

#endif
