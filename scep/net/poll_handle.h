/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches a socket or a timer on a libuv loop.  Its owner opens and closes it.
 * Knows no protocol.
 */
#ifndef SCEP_NET_POLL_HANDLE_H
#define SCEP_NET_POLL_HANDLE_H

#include <uv.h>

/* Bits of what the owner wants, and of what has come. */
enum poll_event {
	POLL_HANDLE_READABLE = 1 << 0,
	POLL_HANDLE_WRITABLE = 1 << 1,
	POLL_HANDLE_ERROR = 1 << 2,
};

/* Called with what has come.  May close the handle. */
typedef void (*poll_ready_fn)(void *context, int fd, int events);

struct poll_handle;

/* Returns a handle that waits for nothing yet, or NULL if memory or
 * descriptors are short. */
struct poll_handle *poll_handle_open(uv_loop_t *loop, int fd,
				     poll_ready_fn ready, void *context);
/* Sets what to wait for, from now on. */
void poll_handle_set(struct poll_handle *handle, int events);
/* Stops at once; frees itself once the loop has run its close callback. */
void poll_handle_close(struct poll_handle *handle);

#endif
