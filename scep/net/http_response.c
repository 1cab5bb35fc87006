/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/http_response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/crypto.h>

#include "scep/base/error.h"
#include "scep/protocol/rfc8894.h"

void http_response_init(struct answer *answer, size_t limit)
{
	memset(answer, 0, sizeof(*answer));
	answer->limit = limit;
}

void http_response_free(struct answer *answer)
{
	bytes_free(&answer->seen.body);
	answer->room = 0;
}

void http_response_begin(struct answer *answer)
{
	http_response_free(answer);
	answer->seen = (struct fetch_answer){0};
	answer->has_header = false;
	answer->has_content_length = false;
	answer->date[0] = '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Returns the value of the header if it is the named one, else NULL. */
static const char *value_of(const char *line, size_t length, const char *name,
			    size_t *value_length)
{
	size_t skip = strlen(name);

	if (length <= skip || strncasecmp(line, name, skip) != 0 ||
	    line[skip] != ':')
		return NULL;
	skip++;
	while (skip < length && is_blank(line[skip]))
		skip++;
	while (length > skip && is_blank(line[length - 1]))
		length--;
	*value_length = length - skip;
	return line + skip;
}

/* RFC 9112, 6.3: a message with two lengths has no end that can be known. */
static void take_content_length(struct answer *answer, const char *value,
				size_t length)
{
	if (answer->has_content_length)
		answer->fault = "answer with two Content-Lengths";
	answer->has_content_length = true;
	for (size_t i = 0; i < length; i++)
		if (value[i] < '0' || value[i] > '9')
			answer->fault = "answer with a bad Content-Length";
	if (length == 0)
		answer->fault = "answer with a bad Content-Length";
}

static void take_date(struct answer *answer, const char *value, size_t length)
{
	if (length >= sizeof(answer->date))
		return;
	memcpy(answer->date, value, length);
	answer->date[length] = '\0';
}

bool http_response_take_line(struct answer *answer, const char *line,
			     size_t length)
{
	size_t value_length;
	const char *value;

	/* Counted over the whole exchange: interim answers, a redirect and
	 * trailers included. */
	answer->header_length += length;
	answer->is_header_too_long = answer->header_length > LIMIT_HEADER;
	if (length >= 5 && memcmp(line, "HTTP/", 5) == 0)
		http_response_begin(answer);
	if (length > 0 && (line[0] == '\r' || line[0] == '\n')) {
		answer->has_header = true;
		answer->seen.received = time(NULL);
	}
	value = value_of(line, length, "Content-Length", &value_length);
	if (value)
		take_content_length(answer, value, value_length);
	value = value_of(line, length, "Date", &value_length);
	if (value)
		take_date(answer, value, value_length);
	return !answer->is_header_too_long && !answer->fault;
}

/* Grows by doubling, so that a server that sends octet by octet costs little;
 * not realloc(), which leaves an uncleansed copy behind. */
static bool make_room(struct answer *answer, size_t wanted)
{
	struct bytes *body = &answer->seen.body;
	size_t room = answer->room ? answer->room : 1024;
	unsigned char *data;

	if (wanted <= answer->room)
		return true;
	while (room < wanted)
		room *= 2;
	data = malloc(room);
	if (!data)
		return false;
	if (body->length > 0)
		memcpy(data, body->data, body->length);
	if (body->data)
		OPENSSL_cleanse(body->data, body->length);
	free(body->data);
	body->data = data;
	answer->room = room;
	return true;
}

bool http_response_take_body(struct answer *answer, const void *data,
			     size_t length)
{
	struct bytes *body = &answer->seen.body;

	if (length > answer->limit - body->length) {
		answer->is_too_long = true;
		return false;
	}
	if (length == 0)
		return true;
	if (!make_room(answer, body->length + length)) {
		answer->is_short = true;
		return false;
	}
	memcpy(body->data + body->length, data, length);
	body->length += length;
	return true;
}

bool http_response_is_redirect(const struct answer *answer)
{
	uint32_t status = answer->seen.http_status;

	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

enum scep_code http_response_judge(struct answer *answer,
				   struct scep_error *error)
{
	uint32_t status = answer->seen.http_status;

	if (answer->fault)
		return error_set(error, SCEP_BAD_RESPONSE, "%s", answer->fault);
	if (answer->is_header_too_long)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "answer with a header beyond %d octets",
				 LIMIT_HEADER);
	if (answer->has_header && (status < 100 || status > 599))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "answer with the HTTP status %u", status);
	if (answer->is_short)
		return error_set_memory(error);
	if (!answer->is_too_long)
		return SCEP_OK;
	if (status < 300)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "answer beyond %zu octets", answer->limit);
	http_response_free(answer);
	return SCEP_OK;
}
