/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread of its own for HTTP.  curl reads some things in loops of its own
 * (the answer to a CONNECT, session tickets of TLS), so that a peer that never
 * stops sending may hold its thread.  That thread must not be the engine's, as
 * a Set waits for the engine.  The engine passes exchanges in, and takes their
 * ends out on its own loop.  An exchange ends there at its time-out, whatever
 * the thread does.  Knows no curl and no SCEP message.
 */
#ifndef SCEP_NET_HTTP_THREAD_H
#define SCEP_NET_HTTP_THREAD_H

#include <uv.h>

#include "scep/net/io.h"

struct http_thread;
struct scep_config;

/* Starts the thread.  `home` is borrowed: all callbacks come on it, and all
 * functions are for the thread that runs it.  Returns an owned struct; NULL if
 * memory, descriptors or threads are short. */
struct http_thread *http_thread_open(uv_loop_t *home,
				     const struct scep_config *config);
/* Sets the configuration of all exchanges that begin from now on.  Returns
 * false if memory is short: the old one stays. */
bool http_thread_configure(struct http_thread *thread,
			   const struct scep_config *config);
/* Cancels all exchanges, ends the thread and closes the handles.  A thread
 * that does not end within a second is left behind: its process ends soon. */
void http_thread_close(struct http_thread *thread);

/* Begins and cancels an exchange, as io.h describes it. */
struct fetch *http_thread_fetch(struct http_thread *thread,
				const struct fetch_request *request,
				fetch_done_fn done, void *context);
void http_thread_cancel(struct http_thread *thread, struct fetch *fetch);

#endif
