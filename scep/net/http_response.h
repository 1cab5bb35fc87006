/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a request as it comes in, header line by header line and
 * piece by piece, held to the caps.  Knows no socket and no curl.
 */
#ifndef SCEP_NET_HTTP_RESPONSE_H
#define SCEP_NET_HTTP_RESPONSE_H

#include "scep/codes.h"
#include "scep/net/io.h"

struct answer {
	struct fetch_answer seen; /* status and date are filled by others */
	size_t limit;		  /* octets of the body */
	size_t room;		  /* octets that seen.body.data has */
	size_t header_length;
	bool has_header; /* the whole header */
	bool has_content_length;
	bool is_too_long;
	bool is_header_too_long;
	bool is_short; /* of memory for the body */
	const char *fault; /* static text: why the answer is no good */
	char date[64];	   /* the Date header; "": none */
};

void http_response_init(struct answer *answer, size_t limit);
void http_response_free(struct answer *answer);

/* Another answer is to come: after an interim one, or after a redirect.  What
 * is counted over the whole exchange stays. */
void http_response_begin(struct answer *answer);

/* Takes a header line with its end, or a piece of the body.  Return false if
 * the exchange must end here. */
bool http_response_take_line(struct answer *answer, const char *line,
			     size_t length);
bool http_response_take_body(struct answer *answer, const void *data,
			     size_t length);

/* RFC 9110, 15.4: whether its Location is where the answer is. */
bool http_response_is_redirect(const struct answer *answer);

/*
 * Judges what came against the caps; seen.http_status is filled.  Returns
 * SCEP_OK if nothing is wrong, or if what is too long is but the page of an
 * HTTP error (the body is then empty); else SCEP_BAD_RESPONSE or
 * SCEP_NO_MEMORY.
 */
enum scep_code http_response_judge(struct answer *answer,
				   struct scep_error *error);

#endif
