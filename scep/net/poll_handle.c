/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/poll_handle.h"

#include <stdlib.h>

struct poll_handle {
	uv_poll_t poll;
	int fd;
	int events;
	watch_fn ready;
	void *context;
};

static void on_poll(uv_poll_t *poll, int status, int seen)
{
	struct poll_handle *watch = poll->data;
	int events = 0;

	/* With a status there are no events: read, write and see. */
	if (status < 0)
		events = WATCH_READABLE | WATCH_WRITABLE | WATCH_ERROR;
	if (seen & UV_READABLE)
		events |= WATCH_READABLE;
	if (seen & UV_WRITABLE)
		events |= WATCH_WRITABLE;
	watch->ready(watch->context, watch->fd, events);
	/* libuv stops watching at an error of the socket; the owner may still
	 * have data to read before it comes to that error.  The memory is
	 * there until the close callback. */
	if (status < 0 && !uv_is_closing((uv_handle_t *)poll))
		poll_handle_set(watch, watch->events);
}

struct poll_handle *poll_handle_open(uv_loop_t *loop, int fd, watch_fn ready,
				     void *context)
{
	struct poll_handle *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	if (uv_poll_init_socket(loop, &watch->poll, fd) != 0) {
		free(watch);
		return NULL;
	}
	watch->poll.data = watch;
	watch->fd = fd;
	watch->ready = ready;
	watch->context = context;
	return watch;
}

void poll_handle_set(struct poll_handle *watch, int events)
{
	int wanted = 0;

	if (events & WATCH_READABLE)
		wanted |= UV_READABLE;
	if (events & WATCH_WRITABLE)
		wanted |= UV_WRITABLE;
	watch->events = events;
	if (wanted == 0)
		uv_poll_stop(&watch->poll);
	else
		uv_poll_start(&watch->poll, wanted, on_poll);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void poll_handle_close(struct poll_handle *watch)
{
	uv_close((uv_handle_t *)&watch->poll, on_closed);
}
