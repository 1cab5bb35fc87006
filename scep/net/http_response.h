/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to an HTTP request: takes it in header line by header line and
 * piece by piece, holds it to the caps, and makes an error of an exchange that
 * ended without one.  Knows no socket and no curl.
 */
#ifndef SCEP_NET_HTTP_RESPONSE_H
#define SCEP_NET_HTTP_RESPONSE_H

#include <netinet/in.h>

#include "scep/codes.h"
#include "scep/net/io.h"

struct http_response {
	struct fetch_answer seen; /* the caller fills status and date */
	size_t limit;		  /* octets of the body */
	size_t room;		  /* octets that seen.body.data has */
	size_t header_length;
	bool has_header; /* the whole header */
	bool has_content_length;
	uint64_t content_length;
	bool is_too_long;
	uint64_t came; /* octets of a body that is too long, so far */
	bool is_header_too_long;
	bool is_short;	      /* of memory for the body */
	const char *fault;    /* static text: why the answer is not valid */
	char date[64];	      /* the Date header; "": none */
	char retry_after[64]; /* the Retry-After header, likewise */
};

void http_response_init(struct http_response *answer, size_t limit);
void http_response_free(struct http_response *answer);

/* Makes room for another answer, after an interim one or a redirect.  Keeps
 * the counts, which are over the whole exchange. */
void http_response_begin(struct http_response *answer);

/* Take a header line with its line end, or a piece of the body.  Return false
 * if the exchange must end here. */
bool http_response_take_line(struct http_response *answer, const char *line,
			     size_t length);
bool http_response_take_body(struct http_response *answer, const void *data,
			     size_t length);

/*
 * Sets seen.retry_after from the header (RFC 9110, 10.2.3), after seen.date.
 * `date` is the time that the header names, if it is a date, else 0.  A longer
 * wait counts as RETRY_AFTER_MAX; a time that has passed, as none.
 */
void http_response_set_retry(struct http_response *answer, int64_t date);

/* Tells if the answer is at its Location (RFC 9110, 15.4). */
bool http_response_is_redirect(const struct http_response *answer);

/* The end of an exchange, as the transport reports it. */
enum http_end {
	HTTP_END_WHOLE = 0, /* as far as the transport can tell */
	HTTP_END_NO_NAME,
	HTTP_END_NO_CONNECTION,
	HTTP_END_TIMEOUT,
	HTTP_END_CUT,
	HTTP_END_NONSENSE, /* not HTTP, or the URL is not valid */
	HTTP_END_NO_CA_FILE,
	HTTP_END_NOT_TRUSTED, /* TLS */
	HTTP_END_TOO_LONG,    /* by its Content-Length */
	HTTP_END_LONG_LINE,   /* beyond what the transport keeps */
	HTTP_END_NO_MEMORY,
	HTTP_END_ABORTED, /* by ourselves */
	HTTP_END_OTHER,
};

/* The progress of an exchange.  All pointers are borrowed. */
struct http_progress {
	const char *peer;     /* "host:port" or "proxy URL" */
	const char *ca_file;  /* that cannot be used, or "" */
	bool is_system_store; /* ca_file is the system's */
	uint32_t timeout;     /* seconds */
	bool has_tried;	      /* to connect to an address */
	bool is_connected;
	bool is_refused;
	char refused[INET6_ADDRSTRLEN]; /* the address, if one was */
	int reason;			/* an errno, or 0 */
	const char *detail;		/* words of the transport, or "" */
};

/*
 * Judges an exchange that has ended; seen.http_status is filled before.
 * Returns SCEP_OK if there is an answer, even the page of an HTTP error that is
 * too long (its body is then empty); else what io.h says of fetch_done_fn.
 */
enum scep_code http_response_judge(enum http_end end,
				   const struct http_progress *progress,
				   struct http_response *answer,
				   struct scep_error *error);

#endif
