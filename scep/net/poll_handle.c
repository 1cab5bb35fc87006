/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/poll_handle.h"

#include <stdlib.h>

struct poll_handle {
	uv_poll_t poll;
	int fd;
	int events;
	poll_ready_fn ready;
	void *context;
};

static void on_poll(uv_poll_t *poll, int status, int seen)
{
	struct poll_handle *handle = poll->data;
	int events = 0;

	/* An error comes without events: try to read and to write. */
	if (status < 0)
		events = POLL_HANDLE_READABLE | POLL_HANDLE_WRITABLE |
			 POLL_HANDLE_ERROR;
	if (seen & UV_READABLE)
		events |= POLL_HANDLE_READABLE;
	if (seen & UV_WRITABLE)
		events |= POLL_HANDLE_WRITABLE;
	handle->ready(handle->context, handle->fd, events);
	/* libuv stops watching at an error of the socket, but the owner may
	 * still have data to read before that error.  The memory stays until
	 * the close callback. */
	if (status < 0 && !uv_is_closing((uv_handle_t *)poll))
		poll_handle_set(handle, handle->events);
}

struct poll_handle *poll_handle_open(uv_loop_t *loop, int fd,
				     poll_ready_fn ready, void *context)
{
	struct poll_handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return NULL;
	if (uv_poll_init_socket(loop, &handle->poll, fd) != 0) {
		free(handle);
		return NULL;
	}
	handle->poll.data = handle;
	handle->fd = fd;
	handle->ready = ready;
	handle->context = context;
	return handle;
}

void poll_handle_set(struct poll_handle *handle, int events)
{
	int wanted = 0;

	if (events & POLL_HANDLE_READABLE)
		wanted |= UV_READABLE;
	if (events & POLL_HANDLE_WRITABLE)
		wanted |= UV_WRITABLE;
	handle->events = events;
	if (wanted == 0)
		uv_poll_stop(&handle->poll);
	else
		uv_poll_start(&handle->poll, wanted, on_poll);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void poll_handle_close(struct poll_handle *handle)
{
	uv_close((uv_handle_t *)&handle->poll, on_closed);
}
