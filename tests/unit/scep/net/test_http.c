/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP exchanges with a server that says what it is told to, on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "scep/codes.h"
#include "scep/protocol/rfc8894.h"
#include "tests/lib/exchange.h"
#include "tests/lib/server.h"

#define OK_HEADER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
#define CHUNKED	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define EMPTY	  "Content-Length: 0\r\n\r\n"
/* clang-format off */
#define END_OF_LIST {NULL, REPLY_KEEP, 0}
/* clang-format on */
#define ONE(text, end) ((const struct reply[]){{text, end, 0}, END_OF_LIST})

static void url_of(const struct server *server, const char *path, char url[64])
{
	snprintf(url, 64, "http://127.0.0.1:%d%s", server_port(server), path);
}

/* One GET from a client and to a server of their own. */
static void exchange(const struct reply *replies, struct outcome *outcome)
{
	struct server *server = server_open(replies);
	struct client client;
	char url[64];

	client_open(&client);
	url_of(server, "/", url);
	client_get(&client, url, outcome);
	client_close(&client);
	server_close(server);
}

static void assert_fails(const struct reply *replies, enum scep_code code,
			 const char *text)
{
	struct outcome outcome;

	exchange(replies, &outcome);
	if (outcome.code != code || !strstr(outcome.text, text))
		fail_msg("code %d, \"%s\" in place of %d, \"%s\"",
			 (int)outcome.code, outcome.text, (int)code, text);
	outcome_free(&outcome);
}

static void assert_answers(const struct reply *replies, uint32_t status,
			   const char *body)
{
	struct outcome outcome;

	exchange(replies, &outcome);
	assert_string_equal(outcome.text, "");
	assert_int_equal(outcome.code, SCEP_OK);
	assert_int_equal(outcome.status, status);
	assert_int_equal(outcome.body.length, strlen(body));
	if (body[0])
		assert_memory_equal(outcome.body.data, body, strlen(body));
	outcome_free(&outcome);
}

static void an_answer_has_status_body_date_and_our_time(void **state)
{
	struct outcome outcome;
	time_t now = time(NULL);

	(void)state;
	exchange(ONE("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n"
		     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nno",
		     REPLY_KEEP),
		 &outcome);
	assert_int_equal(outcome.code, SCEP_OK);
	assert_int_equal(outcome.status, 404);
	assert_int_equal(outcome.date, 784111777);
	assert_true(outcome.received >= now && outcome.received <= time(NULL));
	assert_memory_equal(outcome.body.data, "no", 2);
	outcome_free(&outcome);
}

static void a_bad_date_is_none(void **state)
{
	struct outcome outcome;

	(void)state;
	exchange(
	    ONE("HTTP/1.1 200 OK\r\nDate: yesterday\r\n" EMPTY, REPLY_KEEP),
	    &outcome);
	assert_int_equal(outcome.code, SCEP_OK);
	assert_int_equal(outcome.date, 0);
}

static void a_connection_is_used_again(void **state)
{
	const struct reply replies[] = {
	    {OK_HEADER "a1", REPLY_KEEP, 0},
	    {CHUNKED "2\r\na2\r\n0\r\n\r\n", REPLY_KEEP, 0},
	    {OK_HEADER "a3", REPLY_KEEP, 0},
	    END_OF_LIST};
	struct server *server = server_open(replies);
	struct client client;
	struct outcome outcome;
	char url[64];

	(void)state;
	client_open(&client);
	url_of(server, "/", url);
	for (int i = 0; i < 3; i++) {
		client_get(&client, url, &outcome);
		assert_int_equal(outcome.code, SCEP_OK);
		assert_int_equal(outcome.body.data[1], '1' + i);
		outcome_free(&outcome);
	}
	assert_int_equal(server_request_count(server), 3);
	assert_int_equal(server_connection(server, 2), 0);
	client_close(&client);
	server_close(server);
}

static void a_kept_connection_that_was_closed_is_made_anew(void **state)
{
	const struct reply replies[] = {{OK_HEADER "a1", REPLY_CLOSE, 0},
					{OK_HEADER "a2", REPLY_KEEP, 0},
					END_OF_LIST};
	struct server *server = server_open(replies);
	struct client client;
	struct outcome outcome;
	char url[64];

	(void)state;
	client_open(&client);
	url_of(server, "/", url);
	for (int i = 0; i < 2; i++) {
		client_get(&client, url, &outcome);
		assert_string_equal(outcome.text, "");
		outcome_free(&outcome);
	}
	assert_int_equal(server_connection(server, 1), 1);
	client_close(&client);
	server_close(server);
}

static void a_request_on_a_connection_that_breaks_is_sent_again(void **state)
{
	const struct reply replies[] = {{OK_HEADER "a1", REPLY_KEEP, 0},
					{NULL, REPLY_CLOSE, 0},
					{OK_HEADER "a3", REPLY_KEEP, 0},
					END_OF_LIST};
	struct server *server = server_open(replies);
	struct client client;
	struct outcome outcome;
	char url[64];

	(void)state;
	client_open(&client);
	url_of(server, "/", url);
	for (int i = 0; i < 2; i++) {
		client_get(&client, url, &outcome);
		assert_string_equal(outcome.text, "");
		outcome_free(&outcome);
	}
	assert_int_equal(server_request_count(server), 3);
	client_close(&client);
	server_close(server);
}

/* Finds the timer that waits for a minute without exchanges. */
static void find_idle(uv_handle_t *handle, void *context)
{
	if (handle->type == UV_TIMER && uv_is_active(handle) &&
	    uv_timer_get_due_in((uv_timer_t *)handle) > 50000)
		*(uv_timer_t **)context = (uv_timer_t *)handle;
}

static void a_connection_is_not_kept_for_ever(void **state)
{
	const struct reply replies[] = {{OK_HEADER "a1", REPLY_KEEP, 0},
					{OK_HEADER "a2", REPLY_KEEP, 0},
					END_OF_LIST};
	struct server *server = server_open(replies);
	uv_timer_t *idle = NULL;
	struct client client;
	struct outcome outcome;
	char url[64];

	(void)state;
	client_open(&client);
	url_of(server, "/", url);
	client_get(&client, url, &outcome);
	outcome_free(&outcome);
	uv_walk(&client.loop, find_idle, &idle);
	assert_non_null(idle);
	assert_false(uv_has_ref((uv_handle_t *)idle));
	/* As if the minute were over. */
	idle->timer_cb(idle);
	client_get(&client, url, &outcome);
	assert_int_equal(outcome.code, SCEP_OK);
	assert_int_equal(server_connection(server, 1), 1);
	outcome_free(&outcome);
	client_close(&client);
	server_close(server);
}

static void a_get_is_plain_and_deaf_to_the_environment(void **state)
{
	struct server *server = server_open(ONE(OK_HEADER "ok", REPLY_KEEP));
	struct client client;
	struct outcome outcome;
	const char *asked;
	char url[64];

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	client_open(&client);
	url_of(server, "/s?operation=GetCACaps", url);
	client_get(&client, url, &outcome);
	unsetenv("http_proxy");
	assert_int_equal(outcome.code, SCEP_OK);
	asked = server_request(server, 0);
	assert_memory_equal(asked, "GET /s?operation=GetCACaps HTTP/1.1\r\n",
			    37);
	assert_non_null(strstr(asked, "\r\nUser-Agent: scepagent\r\n"));
	assert_null(strcasestr(asked, "Accept-Encoding"));
	assert_null(strcasestr(asked, "Content-Type"));
	assert_null(strcasestr(asked, "Authorization"));
	outcome_free(&outcome);
	client_close(&client);
	server_close(server);
}

static void a_post_has_its_type_and_body_and_expects_nothing(void **state)
{
	unsigned char body[3000];
	struct fetch_request request = {.content_type = RFC8894_CONTENT_TYPE,
					.body = body,
					.body_length = sizeof(body),
					.timeout = 10,
					.limit = 1000};
	struct server *server = server_open(ONE(OK_HEADER "ok", REPLY_KEEP));
	struct client client;
	struct outcome outcome;
	const char *asked;
	char url[64];

	(void)state;
	memset(body, 'm', sizeof(body));
	client_open(&client);
	url_of(server, "/s", url);
	request.url = url;
	client_begin(&client, &request, &outcome);
	memset(body, 'X', sizeof(body)); /* it was copied */
	client_run(&client);
	assert_int_equal(outcome.code, SCEP_OK);
	asked = server_request(server, 0);
	assert_memory_equal(asked, "POST /s HTTP/1.1\r\n", 18);
	assert_non_null(
	    strstr(asked, "\r\nContent-Type: application/x-pki-message\r\n"));
	assert_non_null(strstr(asked, "\r\nContent-Length: 3000\r\n"));
	assert_null(strcasestr(asked, "Expect"));
	assert_int_equal(strlen(strstr(asked, "\r\n\r\n") + 4), 3000);
	assert_null(strchr(strstr(asked, "\r\n\r\n"), 'X'));
	outcome_free(&outcome);
	client_close(&client);
	server_close(server);
}

static void a_proxy_is_asked_where_one_is_set(void **state)
{
	struct server *server = server_open(ONE(OK_HEADER "ok", REPLY_KEEP));
	struct fetch_request request = {
	    .url = "http://ca.example/s", .timeout = 10, .limit = 1000};
	struct client client;
	struct outcome outcome;
	char proxy[64];

	(void)state;
	/* Nor does the environment exempt anybody. */
	setenv("no_proxy", "*", 1);
	client_open(&client);
	url_of(server, "", proxy);
	request.proxy_url = proxy;
	client_begin(&client, &request, &outcome);
	client_run(&client);
	unsetenv("no_proxy");
	assert_int_equal(outcome.code, SCEP_OK);
	assert_memory_equal(server_request(server, 0),
			    "GET http://ca.example/s HTTP/1.1\r\n", 34);
	outcome_free(&outcome);
	client_close(&client);
	server_close(server);
}

static void a_body_beyond_the_cap_is_refused(void **state)
{
	const char *text = "octets came, and 1000 is the limit";

	(void)state;
	assert_fails(ONE("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n",
			 REPLY_KEEP),
		     SCEP_BAD_RESPONSE,
		     "the answer is too long: it has 100000000 octets, and "
		     "1000 is the limit");
	assert_fails(
	    (const struct reply[]){{CHUNKED "ffffff\r\n", REPLY_CLOSE, 300000},
				   END_OF_LIST},
	    SCEP_BAD_RESPONSE, text);
	assert_fails(
	    (const struct reply[]){
		{"HTTP/1.1 200 OK\r\n\r\n", REPLY_CLOSE, 1001}, END_OF_LIST},
	    SCEP_BAD_RESPONSE,
	    "the answer is too long: 1001 octets came, and 1000 is the limit");
}

static void a_body_of_just_the_cap_is_fine(void **state)
{
	const struct reply replies[] = {
	    {"HTTP/1.1 200 OK\r\n\r\n", REPLY_CLOSE, 1000}, END_OF_LIST};
	struct outcome outcome;

	(void)state;
	exchange(replies, &outcome);
	assert_int_equal(outcome.code, SCEP_OK);
	assert_int_equal(outcome.body.length, 1000);
	outcome_free(&outcome);
}

static void an_error_with_a_long_page_is_still_that_error(void **state)
{
	(void)state;
	assert_answers(
	    (const struct reply[]){
		{"HTTP/1.1 503 Busy\r\n\r\n", REPLY_CLOSE, 20000}, END_OF_LIST},
	    503, "");
	assert_answers(ONE("HTTP/1.1 500 Oops\r\n"
			   "Content-Length: 100000000\r\n\r\n",
			   REPLY_KEEP),
		       500, "");
}

/* `count` header lines of 100 octets each after `start`; owned. */
static char *header_flood(const char *start, const char *line, size_t count,
			  const char *end)
{
	char *text =
	    malloc(strlen(start) + strlen(line) * count + strlen(end) + 1);

	assert_non_null(text);
	strcpy(text, start);
	for (size_t i = 0; i < count; i++)
		strcat(text, line);
	return strcat(text, end);
}

static void a_header_beyond_16_kib_is_refused(void **state)
{
	const char *text = "octets came, and 16384 is the limit";
	char *lines = header_flood("HTTP/1.1 200 OK\r\n", "X-Filler: 12345\r\n",
				   1000, EMPTY);
	char *interim = header_flood("", "HTTP/1.1 100 Continue\r\n\r\n", 800,
				     OK_HEADER "ok");
	char *trailers = header_flood(CHUNKED "2\r\nok\r\n0\r\n",
				      "X-Filler: 12345\r\n", 1000, "\r\n");

	(void)state;
	assert_fails(ONE(lines, REPLY_KEEP), SCEP_BAD_RESPONSE, text);
	assert_fails(ONE(interim, REPLY_KEEP), SCEP_BAD_RESPONSE, text);
	assert_fails(ONE(trailers, REPLY_KEEP), SCEP_BAD_RESPONSE, text);
	/* One line that has no end. */
	assert_fails(
	    (const struct reply[]){
		{"HTTP/1.1 200 OK\r\nX: ", REPLY_KEEP, 400000}, END_OF_LIST},
	    SCEP_BAD_RESPONSE,
	    "the header of the answer is too long: a line has no end, and "
	    "16384 octets is the limit");
	/* It may count as a bad chunk there. */
	assert_fails((const struct reply[]){{CHUNKED "2\r\nok\r\n0\r\nX: ",
					     REPLY_KEEP, 400000},
					    END_OF_LIST},
		     SCEP_BAD_RESPONSE, "answer with a ");
	free(lines);
	free(interim);
	free(trailers);
}

static void the_same_content_length_twice_is_accepted(void **state)
{
	(void)state;
	assert_answers(ONE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
			   "content-length:  02\r\n\r\nok",
			   REPLY_KEEP),
		       200, "ok");
	assert_answers(ONE("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
			   REPLY_KEEP),
		       200, "ok");
}

static void two_or_bad_content_lengths_are_refused(void **state)
{
	const char *two = "two Content-Lengths";
	const char *bad = "bad Content-Length";

	(void)state;
	assert_fails(ONE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
			 "Content-Length: 3\r\n\r\nabc",
			 REPLY_CLOSE),
		     SCEP_BAD_RESPONSE, two);
	assert_fails(ONE("HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nabc",
			 REPLY_CLOSE),
		     SCEP_BAD_RESPONSE, two);
	assert_fails(
	    ONE("HTTP/1.1 200 OK\r\nContent-Length: 2,\r\n\r\nab", REPLY_CLOSE),
	    SCEP_BAD_RESPONSE, bad);
	assert_fails(
	    ONE("HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nab", REPLY_CLOSE),
	    SCEP_BAD_RESPONSE, bad);
	assert_fails(ONE("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nabc",
			 REPLY_CLOSE),
		     SCEP_BAD_RESPONSE, "answer");
}

static void what_is_no_http_is_refused(void **state)
{
	(void)state;
	assert_fails(ONE("SSH-2.0-OpenSSH_9.2\r\n\r\n", REPLY_CLOSE),
		     SCEP_BAD_RESPONSE, "no HTTP");
	assert_fails(ONE("<html>hello</html>", REPLY_CLOSE), SCEP_BAD_RESPONSE,
		     "no HTTP");
	assert_fails(ONE(CHUNKED "zz\r\nok\r\n0\r\n\r\n", REPLY_KEEP),
		     SCEP_BAD_RESPONSE, "bad chunk");
	assert_fails(ONE("HTTP/1.1 999 Odd\r\n" EMPTY, REPLY_KEEP),
		     SCEP_BAD_RESPONSE, "status 999");
}

static void a_coded_body_is_left_as_it_is(void **state)
{
	(void)state;
	assert_answers(ONE("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
			   "Content-Length: 4\r\n\r\nabcd",
			   REPLY_KEEP),
		       200, "abcd");
}

static void a_connection_that_breaks_is_a_communication_error(void **state)
{
	const char *cut = "connection cut by 127.0.0.1:";

	(void)state;
	assert_fails(ONE(NULL, REPLY_CLOSE), SCEP_COMM_ERROR, cut);
	assert_fails(ONE("HTTP/1.1 2", REPLY_CLOSE), SCEP_COMM_ERROR, cut);
	assert_fails(ONE("HTTP/1.1 200 OK\r\nContent-", REPLY_CLOSE),
		     SCEP_COMM_ERROR, cut);
	assert_fails(ONE(OK_HEADER "a", REPLY_CLOSE), SCEP_COMM_ERROR, cut);
	assert_fails(ONE(CHUNKED "5\r\nab", REPLY_CLOSE), SCEP_COMM_ERROR, cut);
	assert_fails(ONE(CHUNKED "2\r\nab\r\n", REPLY_CLOSE), SCEP_COMM_ERROR,
		     cut);
	assert_fails(ONE(NULL, REPLY_RESET), SCEP_COMM_ERROR,
		     "Connection reset");
}

static void an_answer_that_does_not_end_is_a_time_out(void **state)
{
	static const struct {
		struct reply reply;
		const char *text;
	} rows[] = {
	    {END_OF_LIST, "time-out after 1 s: no answer from 127.0.0.1:"},
	    {{"HTTP/1.1 200 OK\r\n", REPLY_KEEP, 0},
	     "time-out after 1 s: no whole answer from 127.0.0.1:"},
	    {{OK_HEADER "a", REPLY_KEEP, 0}, "no whole answer from"},
	    {{"HTTP/1.1 200 OK\r\n\r\nthis is said so slowly that it does not "
	      "come to its end in time, and more of it",
	      REPLY_DRIP, 0},
	     "no whole answer from"},
	};
	struct server *servers[4];
	struct outcome outcomes[4];
	struct client client;
	char url[64];

	/* All at once, in one second. */
	(void)state;
	client_open(&client);
	for (size_t i = 0; i < 4; i++) {
		static struct reply replies[4][2];

		replies[i][0] = rows[i].reply;
		servers[i] = server_open(replies[i]);
		url_of(servers[i], "/", url);
		client_begin(&client,
			     &(struct fetch_request){
				 .url = url, .timeout = 1, .limit = 1000},
			     &outcomes[i]);
	}
	client_run(&client);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(outcomes[i].code, SCEP_COMM_ERROR);
		if (!strstr(outcomes[i].text, rows[i].text))
			fail_msg("%zu: %s", i, outcomes[i].text);
		outcome_free(&outcomes[i]);
		server_close(servers[i]);
	}
	client_close(&client);
}

/* Tells what follows a redirect to `location`, given on the first request; the
 * server answers the second one with "ok". */
static void assert_redirect(const char *location, bool is_post,
			    uint32_t expected)
{
	struct fetch_request request = {.timeout = 10, .limit = 1000};
	struct reply replies[3] = {{NULL, REPLY_KEEP, 0}};
	struct server *server = server_open(replies);
	struct client client;
	struct outcome outcome;
	char text[256];
	char target[128];
	char url[64];

	snprintf(target, sizeof(target), location, server_port(server));
	snprintf(text, sizeof(text),
		 "HTTP/1.1 302 Found\r\nLocation: %s\r\n"
		 "Date: x\r\n" EMPTY,
		 target);
	replies[0].text = text;
	replies[1].text = OK_HEADER "ok";
	client_open(&client);
	url_of(server, "/a", url);
	request.url = url;
	request.content_type = is_post ? RFC8894_CONTENT_TYPE : NULL;
	client_begin(&client, &request, &outcome);
	client_run(&client);
	assert_string_equal(outcome.text, "");
	if (outcome.status != expected)
		fail_msg("%s: %u", target, outcome.status);
	assert_int_equal(server_request_count(server), expected == 302 ? 1 : 2);
	outcome_free(&outcome);
	client_close(&client);
	server_close(server);
}

static void a_get_is_redirected_on_the_same_server_only(void **state)
{
	(void)state;
	assert_redirect("/b", false, 200);
	assert_redirect("b?c=d", false, 200);
	assert_redirect("http://127.0.0.1:%d/b", false, 200);
	assert_redirect("HTTP://127.0.0.1:%d/b", false, 200);
	assert_redirect("https://127.0.0.1:%d/b", false, 302);
	assert_redirect("http://127.0.0.1/b", false, 302);
	assert_redirect("http://localhost:%d/b", false, 302);
	assert_redirect("http://me@127.0.0.1:%d/b", false, 302);
	assert_redirect("file:///etc/passwd", false, 302);
	assert_redirect("//192.0.2.1/", false, 302);
	assert_redirect("/b", true, 302);
}

static void a_second_redirect_is_the_answer(void **state)
{
	const char *again = "HTTP/1.1 301 Moved\r\nLocation: /x\r\n" EMPTY;
	const struct reply replies[] = {{again, REPLY_KEEP, 0},
					{again, REPLY_KEEP, 0},
					{OK_HEADER "ok", REPLY_KEEP, 0},
					END_OF_LIST};

	(void)state;
	assert_answers(replies, 301, "");
}

static void a_redirects_own_page_is_no_part_of_the_answer(void **state)
{
	const struct reply replies[] = {
	    {"HTTP/1.1 307 Elsewhere\r\nLocation: /x\r\n"
	     "Content-Length: 4\r\n\r\npage",
	     REPLY_KEEP, 0},
	    {OK_HEADER "ok", REPLY_KEEP, 0},
	    END_OF_LIST};

	(void)state;
	assert_answers(replies, 200, "ok");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answer_has_status_body_date_and_our_time),
	    cmocka_unit_test(a_bad_date_is_none),
	    cmocka_unit_test(a_connection_is_used_again),
	    cmocka_unit_test(a_kept_connection_that_was_closed_is_made_anew),
	    cmocka_unit_test(
		a_request_on_a_connection_that_breaks_is_sent_again),
	    cmocka_unit_test(a_connection_is_not_kept_for_ever),
	    cmocka_unit_test(a_get_is_plain_and_deaf_to_the_environment),
	    cmocka_unit_test(a_post_has_its_type_and_body_and_expects_nothing),
	    cmocka_unit_test(a_proxy_is_asked_where_one_is_set),
	    cmocka_unit_test(a_body_beyond_the_cap_is_refused),
	    cmocka_unit_test(a_body_of_just_the_cap_is_fine),
	    cmocka_unit_test(an_error_with_a_long_page_is_still_that_error),
	    cmocka_unit_test(a_header_beyond_16_kib_is_refused),
	    cmocka_unit_test(the_same_content_length_twice_is_accepted),
	    cmocka_unit_test(two_or_bad_content_lengths_are_refused),
	    cmocka_unit_test(what_is_no_http_is_refused),
	    cmocka_unit_test(a_coded_body_is_left_as_it_is),
	    cmocka_unit_test(a_connection_that_breaks_is_a_communication_error),
	    cmocka_unit_test(an_answer_that_does_not_end_is_a_time_out),
	    cmocka_unit_test(a_get_is_redirected_on_the_same_server_only),
	    cmocka_unit_test(a_second_redirect_is_the_answer),
	    cmocka_unit_test(a_redirects_own_page_is_no_part_of_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
