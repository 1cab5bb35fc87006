/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer is read, line by line, and that an exchange ends as soon
 * as there is no good answer to come, and not with its time-out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "scep/codes.h"
#include "scep/net/http_response.h"
#include "tests/lib/deadline.h"
#include "tests/lib/exchange.h"
#include "tests/lib/server.h"

#define FILLED (64 * 1024)

static bool take(struct http_response *answer, const char *line)
{
	return http_response_take_line(answer, line, strlen(line));
}

/* ----------------------------------------------------------------- lines -- */

static void a_content_length_without_a_number_is_refused(void **state)
{
	struct http_response answer;

	(void)state;
	http_response_init(&answer, 1000);
	assert_true(take(&answer, "HTTP/1.1 200 OK\r\n"));
	assert_false(take(&answer, "Content-Length:  \r\n"));
	assert_string_equal(answer.fault, "answer with a bad Content-Length");
	http_response_free(&answer);
}

static void a_date_that_is_too_long_is_none(void **state)
{
	struct {
		struct http_response answer;
		char guard[128]; /* where the rest of it would go */
	} room;
	char line[sizeof(room.answer.date) + 64];
	char untouched[sizeof(room.guard)];

	(void)state;
	memset(&room, '7', sizeof(room));
	memset(untouched, '7', sizeof(untouched));
	http_response_init(&room.answer, 1000);
	memset(line, 'x', sizeof(line));
	memcpy(line, "Date: ", 6);
	assert_true(http_response_take_line(&room.answer, line, sizeof(line)));
	assert_string_equal(room.answer.date, "");
	assert_memory_equal(room.guard, untouched, sizeof(untouched));
	http_response_free(&room.answer);
}

/* ---------------------------------------------------------------- memory -- */

static bool is_short; /* of memory */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	return is_short ? NULL : __real_malloc(size);
}

static void short_memory_is_no_fault_of_the_answer(void **state)
{
	const struct http_progress progress = {.peer = "host:80",
					       .is_connected = true};
	struct http_response answer;
	struct scep_error error;

	(void)state;
	http_response_init(&answer, 1000);
	answer.seen.http_status = 200;
	assert_true(take(&answer, "HTTP/1.1 200 OK\r\n"));
	answer.seen.http_status = 200;
	is_short = true;
	assert_false(http_response_take_body(&answer, "body", 4));
	is_short = false;
	assert_int_equal(
	    http_response_judge(HTTP_END_OTHER, &progress, &answer, &error),
	    SCEP_NO_MEMORY);
	http_response_free(&answer);
}

/* ------------------------------------------------------------------ ends -- */

struct timed {
	struct outcome outcome;
	uint64_t milliseconds;
};

static void exchange(const struct reply *replies, uint32_t timeout,
		     struct timed *timed)
{
	struct server *server = server_open(replies);
	struct client client;
	struct fetch_request request = {.timeout = timeout, .limit = 1000};
	uint64_t begin;
	char url[64];

	client_open(&client);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", server_port(server));
	request.url = url;
	begin = uv_hrtime();
	client_begin(&client, &request, &timed->outcome);
	client_run(&client);
	timed->milliseconds = (uv_hrtime() - begin) / 1000000;
	client_close(&client);
	server_close(server);
}

/* The server says that, keeps the connection open and falls silent. */
static void assert_ends_before(const char *said, size_t filler,
			       const char *text)
{
	const struct reply replies[] = {{said, REPLY_KEEP, filler},
					{NULL, REPLY_KEEP, 0}};
	struct timed timed;

	exchange(replies, 20, &timed);
	/* And not at the time-out. */
	assert_true(timed.milliseconds < 20000);
	assert_int_equal(timed.outcome.code, SCEP_BAD_RESPONSE);
	if (strstr(timed.outcome.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, timed.outcome.text);
	outcome_free(&timed.outcome);
}

static void a_bad_header_ends_the_exchange_at_once(void **state)
{
	(void)state;
	assert_ends_before("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
			   "Content-Length: 3\r\n",
			   0, "two Content-Lengths");
}

static void a_body_that_is_too_long_ends_the_exchange_at_once(void **state)
{
	(void)state;
	assert_ends_before("HTTP/1.1 200 OK\r\n\r\n", FILLED,
			   "octets came, and 1000 is the limit");
}

/* The redirect takes more than half of the time, and its target is silent. */
static void a_redirect_does_not_lengthen_the_time(void **state)
{
	const struct reply replies[] = {
	    {"HTTP/1.1 302 Found\r\nLocation: /elsewhere-and-far-away\r\n"
	     "Content-Length: 0\r\n\r\n",
	     REPLY_DRIP, 0},
	    {"", REPLY_KEEP, 0},
	    {NULL, REPLY_KEEP, 0}};
	struct timed timed;

	(void)state;
	exchange(replies, 3, &timed);
	assert_int_equal(timed.outcome.code, SCEP_COMM_ERROR);
	assert_non_null(strstr(timed.outcome.text, "time-out after 3 s"));
	assert_in_range(timed.milliseconds, 2500, deadline_scaled(4200));
	outcome_free(&timed.outcome);
}

/* ----------------------------------------------------------- Retry-After -- */

/* Returns retry_after of an answer with this header, a minute after 1994-11-06
 * 08:49:37 for the server, and with no date. */
static uint32_t retry_after(const char *header, bool has_date)
{
	struct reply replies[] = {{NULL, REPLY_KEEP, 0}, {NULL, REPLY_KEEP, 0}};
	struct timed timed;
	char text[512];

	snprintf(text, sizeof(text),
		 "HTTP/1.1 503 Busy\r\n%s%s\r\nContent-Length: 0\r\n\r\n",
		 has_date ? "Date: Sun, 06 Nov 1994 08:50:37 GMT\r\n" : "",
		 header);
	replies[0].text = text;
	exchange(replies, 20, &timed);
	assert_int_equal(timed.outcome.code, SCEP_OK);
	outcome_free(&timed.outcome);
	return timed.outcome.retry_after;
}

#define RETRY "Retry-After: "

static void a_retry_after_is_read_in_seconds_or_as_a_date(void **state)
{
	(void)state;
	assert_int_equal(retry_after("X: 5", true), 0);
	assert_int_equal(retry_after(RETRY "120", true), 120);
	assert_int_equal(retry_after("retry-after:7 ", false), 7);
	assert_int_equal(retry_after(RETRY "0", true), 0);
	assert_int_equal(retry_after(RETRY "86400", true), 86400);
	assert_int_equal(retry_after(RETRY "86401", true), 86400);
	assert_int_equal(retry_after(RETRY "99999999999999999999", true),
			 86400);
	assert_int_equal(
	    retry_after(RETRY "Sun, 06 Nov 1994 08:51:37 GMT", true), 60);
	assert_int_equal(
	    retry_after(RETRY "Tue, 08 Nov 1994 08:51:37 GMT", true), 86400);
	assert_int_equal(
	    retry_after(RETRY "Sun, 06 Nov 1994 08:49:37 GMT", true), 0);
	/* By our clock, that is long ago. */
	assert_int_equal(
	    retry_after(RETRY "Sun, 06 Nov 1994 08:51:37 GMT", false), 0);
	assert_int_equal(retry_after(RETRY "-5", true), 0);
	assert_int_equal(retry_after(RETRY "soon", true), 0);
	assert_int_equal(retry_after(RETRY, true), 0);
}

static void a_retry_after_of_an_interim_answer_is_not_kept(void **state)
{
	const struct reply replies[] = {
	    {"HTTP/1.1 100 Continue\r\nRetry-After: 5\r\n\r\n"
	     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	     REPLY_KEEP, 0},
	    {NULL, REPLY_KEEP, 0}};
	struct timed timed;

	(void)state;
	exchange(replies, 20, &timed);
	assert_int_equal(timed.outcome.code, SCEP_OK);
	assert_int_equal(timed.outcome.retry_after, 0);
	outcome_free(&timed.outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_content_length_without_a_number_is_refused),
	    cmocka_unit_test(a_date_that_is_too_long_is_none),
	    cmocka_unit_test(short_memory_is_no_fault_of_the_answer),
	    cmocka_unit_test(a_bad_header_ends_the_exchange_at_once),
	    cmocka_unit_test(a_body_that_is_too_long_ends_the_exchange_at_once),
	    cmocka_unit_test(a_redirect_does_not_lengthen_the_time),
	    cmocka_unit_test(a_retry_after_is_read_in_seconds_or_as_a_date),
	    cmocka_unit_test(a_retry_after_of_an_interim_answer_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
