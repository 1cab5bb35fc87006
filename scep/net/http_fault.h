/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an exchange ended, how far it had got, and the error that makes.  Knows
 * no curl.
 */
#ifndef SCEP_NET_HTTP_FAULT_H
#define SCEP_NET_HTTP_FAULT_H

#include <netinet/in.h>

#include "scep/codes.h"
#include "scep/net/http_response.h"

enum http_end {
	HTTP_END_WHOLE = 0, /* as far as the transport can tell */
	HTTP_END_NO_NAME,
	HTTP_END_NO_CONNECTION,
	HTTP_END_TIMEOUT,
	HTTP_END_CUT,
	HTTP_END_NONSENSE, /* no HTTP, or the URL was none */
	HTTP_END_NO_CA_FILE,
	HTTP_END_NOT_TRUSTED, /* TLS */
	HTTP_END_TOO_LONG,    /* by its Content-Length */
	HTTP_END_NO_MEMORY,
	HTTP_END_ABORTED, /* by ourselves */
	HTTP_END_OTHER,
};

/* All pointers are borrowed. */
struct http_progress {
	const char *peer; /* "host:port" or "proxy URL" */
	const char *ca_file;
	uint32_t timeout; /* seconds */
	bool has_tried;	  /* to connect to an address */
	bool is_connected;
	bool is_refused;
	char refused[INET6_ADDRSTRLEN]; /* the address, if one was */
	int reason;			/* an errno, or 0 */
	const char *detail;		/* words of the transport, or "" */
};

/* Returns SCEP_OK if there is an answer, with seen.http_status filled before;
 * else what io.h says of fetch_done_fn. */
enum scep_code http_fault_judge(enum http_end end,
				const struct http_progress *progress,
				struct answer *answer,
				struct scep_error *error);

#endif
