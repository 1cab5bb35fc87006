/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/http_response.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/crypto.h>

#include "scep/base/error.h"
#include "scep/protocol/rfc8894.h"

void http_response_init(struct http_response *answer, size_t limit)
{
	memset(answer, 0, sizeof(*answer));
	answer->limit = limit;
}

void http_response_free(struct http_response *answer)
{
	bytes_free(&answer->seen.body);
	answer->room = 0;
}

void http_response_begin(struct http_response *answer)
{
	http_response_free(answer);
	answer->seen = (struct fetch_answer){0};
	answer->has_header = false;
	answer->has_content_length = false;
	answer->date[0] = '\0';
	answer->retry_after[0] = '\0';
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

/* Takes one length.  RFC 9112, 6.3: the end of a message with two lengths that
 * differ is not known. */
static void take_length(struct http_response *answer, const char *digits,
			size_t length)
{
	uint64_t number = 0;

	if (length == 0 || length > 18)
		answer->fault = "answer with a bad Content-Length";
	for (size_t i = 0; i < length && !answer->fault; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			answer->fault = "answer with a bad Content-Length";
		number = number * 10 + (uint64_t)(digits[i] - '0');
	}
	if (!answer->fault && answer->has_content_length &&
	    answer->content_length != number)
		answer->fault = "answer with two Content-Lengths";
	answer->has_content_length = true;
	answer->content_length = number;
}

/* RFC 9110, 8.6: proxies put the same lengths together, in several lines or in
 * a list. */
static void take_content_length(struct http_response *answer, const char *value,
				size_t length)
{
	for (size_t at = 0; at <= length && !answer->fault;) {
		size_t end = at;
		size_t next;

		while (end < length && value[end] != ',')
			end++;
		next = end + 1;
		while (at < end && is_blank(value[at]))
			at++;
		while (end > at && is_blank(value[end - 1]))
			end--;
		take_length(answer, value + at, end - at);
		at = next;
	}
}

/* Keeps a value that is not too long. */
static void take_text(char text[64], const char *value, size_t length)
{
	if (length >= 64)
		return;
	memcpy(text, value, length);
	text[length] = '\0';
}

bool http_response_take_line(struct http_response *answer, const char *line,
			     size_t length)
{
	size_t value_length;
	const char *value;

	/* Counts the whole exchange, with interim answers, a redirect and
	 * trailers. */
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
		take_text(answer->date, value, value_length);
	value = value_of(line, length, "Retry-After", &value_length);
	if (value)
		take_text(answer->retry_after, value, value_length);
	return !answer->is_header_too_long && !answer->fault;
}

/* Doubles the room, so that a server that sends octet by octet costs little.
 * Not by realloc(), which leaves an uncleansed copy behind. */
static bool make_room(struct http_response *answer, size_t wanted)
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

bool http_response_take_body(struct http_response *answer, const void *data,
			     size_t length)
{
	struct bytes *body = &answer->seen.body;

	if (length > answer->limit - body->length) {
		answer->is_too_long = true;
		answer->came = body->length + length;
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

void http_response_set_retry(struct http_response *answer, int64_t date)
{
	struct fetch_answer *seen = &answer->seen;
	const char *text = answer->retry_after;
	int64_t now = seen->date != 0 ? seen->date : seen->received;
	int64_t wait = date > now ? date - now : 0;

	/* strtoll() ends at its greatest number. */
	if (text[0] != '\0' && text[strspn(text, "0123456789")] == '\0')
		wait = strtoll(text, NULL, 10);
	seen->retry_after =
	    wait > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : (uint32_t)wait;
}

bool http_response_is_redirect(const struct http_response *answer)
{
	uint32_t status = answer->seen.http_status;

	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

/* --------------------------------------------------------- judging -- */

/* The transport ends a line without end by itself; it counts as no line. */
static enum scep_code refuse_header(const struct http_response *answer,
				    struct scep_error *error)
{
	if (answer->header_length > LIMIT_HEADER)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the header of the answer is too long: %zu "
				 "octets came, and %d is the limit",
				 answer->header_length, LIMIT_HEADER);
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the header of the answer is too long: a line has no "
			 "end, and %d octets is the limit",
			 LIMIT_HEADER);
}

static enum scep_code refuse_body(const struct http_response *answer,
				  struct scep_error *error)
{
	if (answer->came > 0)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the answer is too long: %" PRIu64
				 " octets came, and %zu is the limit",
				 answer->came, answer->limit);
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the answer is too long: it has %" PRIu64
			 " octets, and %zu is the limit",
			 answer->content_length, answer->limit);
}

/* Judges what came against the caps.  What is too long is fine if it is but the
 * page of an HTTP error; the body is then empty. */
static enum scep_code judge_caps(struct http_response *answer,
				 struct scep_error *error)
{
	uint32_t status = answer->seen.http_status;

	if (answer->fault)
		return error_set(error, SCEP_BAD_RESPONSE, "%s", answer->fault);
	if (answer->is_header_too_long)
		return refuse_header(answer, error);
	if (answer->has_header && (status < 100 || status > 599))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "answer with the HTTP status %u", status);
	if (answer->is_short)
		return error_set_memory(error);
	if (!answer->is_too_long)
		return SCEP_OK;
	if (status < 300)
		return refuse_body(answer, error);
	http_response_free(answer);
	return SCEP_OK;
}

static enum scep_code end_no_name(const struct http_progress *progress,
				  struct scep_error *error)
{
	const char *port = strrchr(progress->peer, ':');
	size_t length = strlen(progress->peer);

	/* Of "host:port" the name is the host. */
	if (port && !strchr(progress->peer, '/'))
		length = (size_t)(port - progress->peer);
	return error_set(error, SCEP_COMM_ERROR, "name %.*s not resolved: %s",
			 (int)length, progress->peer, progress->detail);
}

/* "WORDS PEER: what the system or the transport says". */
static enum scep_code comm_error(const struct http_progress *progress,
				 const char *words, struct scep_error *error)
{
	const char *why =
	    progress->reason ? error_of_system(progress->reason) : "";

	return error_set(error, SCEP_COMM_ERROR, "%s %s%s%s", words,
			 progress->peer, why[0] ? ": " : "", why);
}

static enum scep_code end_timeout(const struct http_progress *progress,
				  const struct http_response *answer,
				  struct scep_error *error)
{
	const char *what;

	/* This is the system's time-out, not ours. */
	if (!progress->is_connected && progress->reason == ETIMEDOUT)
		return comm_error(progress, "no connection to", error);
	if (answer->header_length > 0)
		what = "no whole answer from";
	else if (progress->is_connected)
		what = "no answer from";
	else if (progress->has_tried)
		what = "no connection to";
	else
		what = "no address of";
	return error_set(error, SCEP_COMM_ERROR, "time-out after %u s: %s %s",
			 progress->timeout, what, progress->peer);
}

/* The bytes are not HTTP, or the URL is not valid. */
static enum scep_code end_nonsense(const struct http_progress *progress,
				   struct scep_error *error)
{
	if (progress->is_connected)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the answer is no HTTP");
	return error_set(error, SCEP_CONFIG_ERROR, "no http or https URL");
}

/* The transport has one code for a bad chunk and for a broken connection;
 * only its words tell them apart. */
static enum scep_code end_cut(const struct http_progress *progress,
			      struct scep_error *error)
{
	if (strcasestr(progress->detail, "chunk"))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "answer with a bad chunk");
	/* Within TLS or by a proxy, before the request was sent. */
	if (!progress->is_connected)
		return error_set(error, SCEP_COMM_ERROR,
				 "no connection to %s: %s", progress->peer,
				 progress->detail);
	return comm_error(progress, "connection cut by", error);
}

static enum scep_code end_no_ca_file(const struct http_progress *progress,
				     struct scep_error *error)
{
	const char *why = progress->reason ? error_of_system(progress->reason)
					   : "no certificate in PEM is in it";

	if (!progress->is_system_store)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "caFile %s cannot be used: %s",
				 progress->ca_file, why);
	return error_set(error, SCEP_CONFIG_ERROR,
			 "the system's CA certificates %s cannot be used: %s; "
			 "install the package ca-certificates, or set caFile",
			 progress->ca_file, why);
}

static enum scep_code judge_end(enum http_end end,
				const struct http_progress *progress,
				const struct http_response *answer,
				struct scep_error *error)
{
	switch (end) {
	case HTTP_END_WHOLE:
		break;
	case HTTP_END_NO_NAME:
		return end_no_name(progress, error);
	case HTTP_END_NO_CONNECTION:
		return comm_error(progress, "no connection to", error);
	case HTTP_END_TIMEOUT:
		return end_timeout(progress, answer, error);
	case HTTP_END_CUT:
		return end_cut(progress, error);
	case HTTP_END_NONSENSE:
		return end_nonsense(progress, error);
	case HTTP_END_NO_CA_FILE:
		return end_no_ca_file(progress, error);
	case HTTP_END_NOT_TRUSTED:
		return error_set(error, SCEP_COMM_ERROR,
				 "TLS certificate of %s not accepted: %s",
				 progress->peer, progress->detail);
	case HTTP_END_NO_MEMORY:
		return error_set_memory(error);
	case HTTP_END_TOO_LONG:
	case HTTP_END_LONG_LINE:
	case HTTP_END_ABORTED:
	case HTTP_END_OTHER:
		return error_set(error, SCEP_COMM_ERROR, "%s: %s",
				 progress->peer, progress->detail);
	}
	/* The transport takes a connection that ends in the header for whole.
	 */
	return answer->has_header
		   ? SCEP_OK
		   : comm_error(progress, "connection cut by", error);
}

enum scep_code http_response_judge(enum http_end end,
				   const struct http_progress *progress,
				   struct http_response *answer,
				   struct scep_error *error)
{
	enum scep_code code;

	if (end == HTTP_END_TOO_LONG)
		answer->is_too_long = true;
	/* Older versions of the transport say so of a long line. */
	if (end == HTTP_END_NO_MEMORY && progress->is_connected &&
	    !answer->has_header)
		end = HTTP_END_LONG_LINE;
	if (end == HTTP_END_LONG_LINE && progress->is_connected)
		answer->is_header_too_long = true;
	code = judge_caps(answer, error);
	if (code != SCEP_OK || answer->is_too_long)
		return code;
	if (end != HTTP_END_WHOLE && progress->is_refused &&
	    (!progress->has_tried || end == HTTP_END_ABORTED))
		return error_set(error, SCEP_CONFIG_ERROR,
				 "address %s is not allowed",
				 progress->refused);
	return judge_end(end, progress, answer, error);
}
