/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP by curl's multi interface on a libuv loop.
 * Only http and https; TLS is always verified; no netrc, no proxy from the
 * environment, no Accept-Encoding; at most one redirect, of a GET, to the same
 * scheme and host.  Connections stay open for the next exchange.  Knows no
 * SCEP message.
 */
#ifndef SCEP_NET_HTTP_H
#define SCEP_NET_HTTP_H

#include <uv.h>

#include "scep/net/io.h"

struct http;
struct scep_config;

/* `loop` is borrowed; `config` is copied where needed (caFile, addresses).
 * Returns an owned struct, NULL if memory is short. */
struct http *http_open(uv_loop_t *loop, const struct scep_config *config);
/* Sets the configuration of all exchanges that begin from now on. */
void http_configure(struct http *http, const struct scep_config *config);
/* Cancels all exchanges and closes the handles.  Frees itself once the loop
 * has run their close callbacks. */
void http_close(struct http *http);

struct http_fetch;
/* Begins and cancels an exchange, as io.h describes it. */
struct http_fetch *http_begin(struct http *http,
			      const struct fetch_request *request,
			      fetch_done_fn done, void *context);
void http_cancel(struct http *http, struct http_fetch *fetch);

#endif
