/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP by curl's multi interface on a libuv loop, and the only file that
 * knows curl.  Connections are kept alive between exchanges.  Only http and
 * https; TLS is always verified; no netrc, no proxy from the environment, no
 * Accept-Encoding; at most one redirect, same scheme and host, GET only.
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
/* Takes over a configuration for exchanges that begin from now on. */
void http_configure(struct http *http, const struct scep_config *config);
/* Cancels all exchanges, closes its handles; frees itself once the loop has
 * run their close callbacks. */
void http_close(struct http *http);

struct fetch *http_fetch(struct http *http, const struct fetch_request *request,
			 fetch_done_fn done, void *context);
void http_cancel(struct http *http, struct fetch *fetch);

/* Whether the configuration lets a server have this address (16 octets, IPv4
 * as mapped).  Pure. */
bool http_address_is_allowed(const struct scep_config *config,
			     const unsigned char address[16]);

#endif
