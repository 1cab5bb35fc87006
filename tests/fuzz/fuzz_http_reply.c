/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP answer as libcurl hands it over.  Octet 0: how the transport ended;
 * octet 1: how far it had got; octet 2: the limit of the body, in steps of 16
 * octets; octet 3: the pieces in which the body comes.  Then header lines up
 * to an empty one, and the body.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scep/codes.h"
#include "scep/net/http_response.h"
#include "scep/protocol/rfc8894.h"

static const struct {
	enum http_end end;
} ends[] = {
    {HTTP_END_WHOLE},	   {HTTP_END_NO_NAME},	   {HTTP_END_NO_CONNECTION},
    {HTTP_END_TIMEOUT},	   {HTTP_END_CUT},	   {HTTP_END_NONSENSE},
    {HTTP_END_NO_CA_FILE}, {HTTP_END_NOT_TRUSTED}, {HTTP_END_TOO_LONG},
    {HTTP_END_NO_MEMORY},  {HTTP_END_ABORTED},	   {HTTP_END_OTHER},
};
#define END_COUNT (sizeof(ends) / sizeof(ends[0]))

/* The next header line with its end; libcurl gives no others. */
static const char *next_line(struct fuzz_input *input, size_t *length)
{
	const uint8_t *end =
	    input->left > 0 ? memchr(input->at, '\n', input->left) : NULL;

	*length = end ? (size_t)(end - input->at) + 1 : 0;
	return (const char *)fuzz_take(input, length);
}

/* As libcurl reads it: "HTTP/1.1 200 OK". */
static void take_status(struct http_response *answer, const char *line,
			size_t length)
{
	char text[16] = "";
	unsigned int status = 0;

	memcpy(text, line, length < sizeof(text) ? length : sizeof(text) - 1);
	if (sscanf(text, "HTTP/%*d.%*d %3u", &status) == 1)
		answer->seen.http_status = status;
}

static bool take_header(struct http_response *answer, struct fuzz_input *input)
{
	/* Another header follows an interim one. */
	while (!answer->has_header || answer->seen.http_status / 100 == 1) {
		size_t length;
		const char *line = next_line(input, &length);

		if (length == 0)
			return false;
		if (!http_response_take_line(answer, line, length))
			return false;
		take_status(answer, line, length);
	}
	return true;
}

static void take_body(struct http_response *answer, struct fuzz_input *input,
		      size_t piece)
{
	while (input->left > 0) {
		size_t length = piece;
		const uint8_t *data = fuzz_take(input, &length);

		if (!http_response_take_body(answer, data, length))
			return;
		HOLDS(answer->seen.body.length <= answer->limit);
		HOLDS(memcmp(answer->seen.body.data + answer->seen.body.length -
				 length,
			     data, length) == 0);
	}
}

static enum scep_code judge(enum http_end end, uint8_t state,
			    struct http_response *answer)
{
	const struct http_progress progress = {
	    .peer = state & 1 ? "ca.example.com:80" : "proxy http://p:3128",
	    .ca_file = "/etc/ca.pem",
	    .timeout = 30,
	    .is_connected = state & 2,
	    .has_tried = state & 4,
	    .is_refused = state & 8,
	    .refused = "192.0.2.1",
	    .reason = state & 16   ? ETIMEDOUT
		      : state & 32 ? ECONNREFUSED
				   : 0,
	    .detail = state & 64 ? "bad chunk" : "",
	};
	struct scep_error error = {.text = ""};
	enum scep_code code =
	    http_response_judge(end, &progress, answer, &error);

	HOLDS(code == SCEP_OK || code == SCEP_COMM_ERROR ||
	      code == SCEP_BAD_RESPONSE || code == SCEP_CONFIG_ERROR ||
	      code == SCEP_NO_MEMORY);
	HOLDS(code == SCEP_OK || error.text[0] != '\0');
	HOLDS(code != SCEP_OK || answer->fault == NULL);
	return code;
}

bool fuzz_http_reply(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	enum http_end end = ends[fuzz_take_octet(&input) % END_COUNT].end;
	uint8_t state = fuzz_take_octet(&input);
	size_t limit = 16 * (size_t)fuzz_take_octet(&input);
	size_t piece = (size_t)fuzz_take_octet(&input) + 1;
	struct http_response answer;
	enum scep_code code;

	http_response_init(&answer, limit);
	if (take_header(&answer, &input)) {
		/* One redirect is followed, with what was counted. */
		if (http_response_is_redirect(&answer) && state & 128) {
			http_response_begin(&answer);
			HOLDS(!answer.has_header);
			take_header(&answer, &input);
		}
		if (answer.has_header)
			take_body(&answer, &input, piece);
	}
	HOLDS(strlen(answer.date) < sizeof(answer.date));
	HOLDS(answer.header_length <= LIMIT_HEADER ||
	      answer.is_header_too_long);
	code = judge(end, state, &answer);
	http_response_free(&answer);
	HOLDS(answer.seen.body.data == NULL);
	return code == SCEP_OK;
}
