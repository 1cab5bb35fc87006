/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/http_fault.h"

#include <errno.h>
#include <string.h>

#include "scep/base/error.h"

static enum scep_code no_name(const struct http_progress *progress,
			      struct scep_error *error)
{
	const char *port = strrchr(progress->peer, ':');
	size_t length = strlen(progress->peer);

	/* Of "host:port" the name is the host. */
	if (port && !strchr(progress->peer, '/'))
		length = (size_t)(port - progress->peer);
	return error_set(error, SCEP_COMM_ERROR, "name %.*s not resolved",
			 (int)length, progress->peer);
}

/* "WORDS PEER: what the system or the transport says". */
static enum scep_code comm_error(const struct http_progress *progress,
				 const char *words, struct scep_error *error)
{
	const char *why = progress->reason ? strerror(progress->reason) : "";

	return error_set(error, SCEP_COMM_ERROR, "%s %s%s%s", words,
			 progress->peer, why[0] ? ": " : "", why);
}

static enum scep_code timeout(const struct http_progress *progress,
			      const struct answer *answer,
			      struct scep_error *error)
{
	const char *what;

	/* The system's time-out for a connection, and not ours. */
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

/* Bytes that have no sense as HTTP, or a URL that has none. */
static enum scep_code nonsense(const struct http_progress *progress,
			       struct scep_error *error)
{
	if (progress->is_connected)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the answer is no HTTP");
	return error_set(error, SCEP_CONFIG_ERROR, "no http or https URL");
}

/* The transport has one code for a bad chunk and for a connection that
 * broke; only its words tell them apart. */
static enum scep_code cut(const struct http_progress *progress,
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

static enum scep_code judge_end(enum http_end end,
				const struct http_progress *progress,
				const struct answer *answer,
				struct scep_error *error)
{
	switch (end) {
	case HTTP_END_WHOLE:
		break;
	case HTTP_END_NO_NAME:
		return no_name(progress, error);
	case HTTP_END_NO_CONNECTION:
		return comm_error(progress, "no connection to", error);
	case HTTP_END_TIMEOUT:
		return timeout(progress, answer, error);
	case HTTP_END_CUT:
		return cut(progress, error);
	case HTTP_END_NONSENSE:
		return nonsense(progress, error);
	case HTTP_END_NO_CA_FILE:
		return error_set(error, SCEP_CONFIG_ERROR,
				 "caFile %s cannot be used", progress->ca_file);
	case HTTP_END_NOT_TRUSTED:
		return error_set(error, SCEP_COMM_ERROR,
				 "TLS certificate of %s not accepted: %s",
				 progress->peer, progress->detail);
	case HTTP_END_NO_MEMORY:
		return error_set_memory(error);
	case HTTP_END_TOO_LONG:
	case HTTP_END_ABORTED:
	case HTTP_END_OTHER:
		return error_set(error, SCEP_COMM_ERROR, "%s: %s",
				 progress->peer, progress->detail);
	}
	/* A connection that ends in the header seems whole to the transport. */
	return answer->has_header
		   ? SCEP_OK
		   : comm_error(progress, "connection cut by", error);
}

enum scep_code http_fault_judge(enum http_end end,
				const struct http_progress *progress,
				struct answer *answer, struct scep_error *error)
{
	enum scep_code code;

	if (end == HTTP_END_TOO_LONG)
		answer->is_too_long = true;
	/* So the transport ends a header line that has no end. */
	if (end == HTTP_END_NO_MEMORY && progress->is_connected &&
	    !answer->has_header)
		answer->is_header_too_long = true;
	code = http_response_judge(answer, error);
	if (code != SCEP_OK || answer->is_too_long)
		return code;
	if (end != HTTP_END_WHOLE && progress->is_refused &&
	    (!progress->has_tried || end == HTTP_END_ABORTED))
		return error_set(error, SCEP_CONFIG_ERROR,
				 "address %s is not allowed",
				 progress->refused);
	return judge_end(end, progress, answer, error);
}
