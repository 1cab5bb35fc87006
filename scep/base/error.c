/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "scep/text.h"
#include "scep/octets.h"
#include "scep/base/allocation.h"

/* Says what each code means for a request. */
struct code_row {
	enum scep_code code;
	const char *words; /* of the manual, or in its style */
	bool is_polled;
	bool is_resumable;
};

/*
 * MIB, rule 9: a deferral and a communication error are tried again.  When the
 * polls are used up or switched off, they keep key and transactionID for
 * pollNow.  So does short memory: it passes, and must not lose what the server
 * has granted.  pollLimit is the end of a deferral after its last poll: pollNow
 * can resume it, but nothing else tries it again.
 */
static const struct code_row code_rows[] = {
    {SCEP_OK, "", false, false},
    {SCEP_NONE, "", false, false},
    {SCEP_DEFERRED, "Deferred", true, true},
    {SCEP_REGISTRATION_LIMIT, "Key and Certificate Registration Limit Error",
     false, false},
    {SCEP_COMM_ERROR, "Communication Error (TOP ERROR)", true, true},
    {SCEP_HTTP_ERROR, "Communication Error (TOP ERROR)", true, true},
    {SCEP_SCEP_ERROR, "Communication Error (SCEP ERROR)", false, false},
    {SCEP_BAD_RESPONSE, "Faulty Response Error", false, false},
    {SCEP_CA_NOT_TRUSTED, "CA Certificate Not Trusted", false, false},
    {SCEP_POLL_LIMIT, "Polling Limit Error", false, true},
    {SCEP_CANCELLED, "Cancelled", false, false},
    {SCEP_INTERRUPTED, "Interrupted", false, false},
    {SCEP_CLOCK_SUSPECT, "Clock Error", false, false},
    {SCEP_CONFIG_ERROR, "Setting Error", false, false},
    {SCEP_KEY_ERROR, "Key Error", false, false},
    {SCEP_STORAGE_ERROR, "Storage Error", false, false},
    {SCEP_UNCHANGED_CERTIFICATE, "Unchanged Certificate Error", false, false},
    {SCEP_DEPLOY_FAILED, "Deployment Error", false, false},
    {SCEP_IN_PROGRESS, "In Progress", false, false},
    {SCEP_NO_MEMORY, "Storage Error", false, false},
};

/* Returns the row of a code, or that of SCEP_NONE for any other number. */
static const struct code_row *row_of(enum scep_code code)
{
	for (size_t i = 0; i < sizeof(code_rows) / sizeof(*code_rows); i++)
		if (code_rows[i].code == code)
			return &code_rows[i];
	return &code_rows[1];
}

/* RFC 9110, 15: the statuses of SCEP servers and of proxies before them. */
static const struct {
	uint32_t status;
	const char *reason;
} http_reasons[] = {
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

void error_init(struct scep_error *error)
{
	memset(error, 0, sizeof(*error));
	error->code = SCEP_OK;
	error->fail_info = SCEP_FAIL_NONE;
}

enum scep_code error_set(struct scep_error *error, enum scep_code code,
			 const char *format, ...)
{
	char text[SCEP_TEXT255];
	va_list arguments;

	if (!error)
		return code;
	/* The arguments may point into `error`: format before clearing it. */
	va_start(arguments, format);
	text_format_list(text, sizeof(text), format, arguments);
	va_end(arguments);
	error_init(error);
	error->code = code;
	strcpy(error->text, text);
	return code;
}

enum scep_code error_set_http(struct scep_error *error, uint32_t http_status)
{
	const char *reason = NULL;

	for (size_t i = 0; i < sizeof(http_reasons) / sizeof(*http_reasons);
	     i++)
		if (http_reasons[i].status == http_status)
			reason = http_reasons[i].reason;
	if (reason)
		error_set(error, SCEP_HTTP_ERROR, "%s", reason);
	else
		error_set(error, SCEP_HTTP_ERROR, "HTTP status %u",
			  http_status);
	if (error && http_status >= 100 && http_status <= 599)
		error->http_status = http_status;
	return SCEP_HTTP_ERROR;
}

bool error_http_is_passing(uint32_t http_status)
{
	return http_status == 429 || (http_status >= 502 && http_status <= 504);
}

const char *error_of_system(int number)
{
	switch (number) {
	case EMFILE:
		return "too many open files in this program (LimitNOFILE of "
		       "its service is too low)";
	case ENFILE:
		return "too many open files in the whole system (sysctl "
		       "fs.file-max is too low)";
	default:
		return strerror(number);
	}
}

enum scep_code error_wrap(struct scep_error *error, const char *context)
{
	if (!error)
		return SCEP_NONE;
	text_format(error->text, sizeof(error->text), "%s: %s", context,
		    error->text);
	return error->code;
}

/*
 * Empties OpenSSL's error queue.  Writes the reason of the oldest error into
 * `text`: the deepest, as errors are queued while the calls unwind.  Returns
 * true if an allocation has failed: the queue says so in many places, but not
 * in all of them.
 */
static bool openssl_take_queue(char *text, size_t size)
{
	unsigned long first = ERR_peek_error(), each;
	const char *reason = first ? ERR_reason_error_string(first) : NULL;
	bool is_memory = allocation_has_failed();

	text[0] = '\0';
	if (reason)
		snprintf(text, size, "%s", reason);
	else if (first && ERR_SYSTEM_ERROR(first))
		snprintf(text, size, "%s", strerror(ERR_GET_REASON(first)));
	else if (first)
		snprintf(text, size, "OpenSSL error %lx", first);
	while ((each = ERR_get_error()) != 0)
		is_memory =
		    is_memory || ERR_GET_REASON(each) == ERR_R_MALLOC_FAILURE ||
		    (ERR_SYSTEM_ERROR(each) && ERR_GET_REASON(each) == ENOMEM);
	/* ERR_get_error() leaves the text of the last one behind. */
	ERR_clear_error();
	return is_memory;
}

enum scep_code error_set_openssl(struct scep_error *error, enum scep_code code,
				 const char *format, ...)
{
	char text[SCEP_TEXT255];
	char reason[SCEP_TEXT255];
	va_list arguments;

	if (openssl_take_queue(reason, sizeof(reason)))
		return error_set_memory(error);
	va_start(arguments, format);
	text_format_list(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(error, code, "%s%s%s", text, reason[0] ? ": " : "",
			 reason);
}

enum scep_code error_end_openssl(enum scep_code code, struct scep_error *error)
{
	char reason[SCEP_TEXT255];

	if (openssl_take_queue(reason, sizeof(reason)))
		return error_set_memory(error);
	return code;
}

enum scep_code error_set_memory(struct scep_error *error)
{
	/* It has been told now: it is not news for the next caller. */
	allocation_has_failed();
	ERR_clear_error();
	return error_set(error, SCEP_NO_MEMORY, "memory is short");
}

bool error_is_own(enum scep_code code)
{
	return code == SCEP_STORAGE_ERROR || code == SCEP_NO_MEMORY;
}

bool error_is_polled(enum scep_code code)
{
	return row_of(code)->is_polled;
}

bool error_is_resumable(enum scep_code code)
{
	return row_of(code)->is_resumable;
}

enum scep_code error_detail(enum scep_code code)
{
	return code == SCEP_NO_MEMORY ? SCEP_STORAGE_ERROR : code;
}

/* Returns the name of a failInfo (RFC 8894, 3.2.1.4), or NULL if it has none.
 */
static const char *fail_info_name(uint32_t fail_info)
{
	switch ((enum scep_fail_info)fail_info) {
	case SCEP_FAIL_BAD_ALG:
		return "badAlg";
	case SCEP_FAIL_BAD_MESSAGE_CHECK:
		return "badMessageCheck";
	case SCEP_FAIL_BAD_REQUEST:
		return "badRequest";
	case SCEP_FAIL_BAD_TIME:
		return "badTime";
	case SCEP_FAIL_BAD_CERT_ID:
		return "badCertId";
	case SCEP_FAIL_OTHER:
		return "unknown failInfo";
	case SCEP_FAIL_NONE:
		return NULL;
	}
	return NULL;
}

/* Writes the words of the manual, with their number. */
static void manual_words(const struct scep_error *error, char *words,
			 size_t size)
{
	bool has_fail_info = error->fail_info <= SCEP_FAIL_BAD_CERT_ID;

	if (error->code == SCEP_HTTP_ERROR && error->http_status != 0)
		snprintf(words, size, "Communication Error (TOP ERROR %u)",
			 error->http_status);
	else if (error->code == SCEP_SCEP_ERROR && has_fail_info)
		snprintf(words, size,
			 "Communication Error (SCEP ERROR Fail Info %u)",
			 error->fail_info);
	else
		snprintf(words, size, "%s", row_of(error->code)->words);
}

/* Writes the cause: what the server said of a FAILURE, else our own text. */
static void cause_words(const struct scep_error *error, char *cause,
			size_t size)
{
	const char *name = fail_info_name(error->fail_info);
	const char *said = error->fail_info_text;

	if (error->code != SCEP_SCEP_ERROR || (!name && !said[0]))
		snprintf(cause, size, "%s", error->text);
	else if (name && said[0])
		snprintf(cause, size, "%s: %s", name, said);
	else
		snprintf(cause, size, "%s", name ? name : said);
}

void error_words(const struct scep_error *error, char *text)
{
	char words[SCEP_TEXT64];
	char cause[2 * SCEP_TEXT255];
	char whole[3 * SCEP_TEXT255];

	manual_words(error, words, sizeof(words));
	cause_words(error, cause, sizeof(cause));
	text_format(whole, sizeof(whole), "%s%s%s", words,
		    words[0] && cause[0] ? ": " : "", cause);
	if (error->code == SCEP_SCEP_ERROR)
		text_copy(text, SCEP_TEXT255, whole, strlen(whole));
	else
		text_shorten(text, SCEP_TEXT255, whole);
}
