/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP on a thread of its own: answers come home, and a peer that never stops
 * sending holds neither the home loop nor the end of the exchange. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/net/http_thread.h"
#include "tests/lib/server.h"

struct world {
	uv_loop_t loop;
	struct http_thread *thread;
	struct server *server;
	uv_timer_t clock; /* turns while an exchange runs */
	unsigned int turns;
	int calls;
	enum scep_code code;
	uint32_t status;
	char body[64];
};

static void on_turn(uv_timer_t *clock)
{
	((struct world *)clock->data)->turns++;
}

static int set_up(void **state)
{
	static struct scep_config config;
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	*state = world;
	alarm(60);
	assert_int_equal(uv_loop_init(&world->loop), 0);
	assert_int_equal(uv_timer_init(&world->loop, &world->clock), 0);
	world->clock.data = world;
	world->thread = http_thread_open(&world->loop, &config);
	assert_non_null(world->thread);
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	if (world->thread != NULL)
		http_thread_close(world->thread);
	uv_close((uv_handle_t *)&world->clock, NULL);
	while (uv_run(&world->loop, UV_RUN_DEFAULT) != 0)
		;
	assert_int_equal(uv_loop_close(&world->loop), 0);
	if (world->server != NULL)
		server_close(world->server);
	free(world);
	alarm(0);
	return 0;
}

static void on_done(void *context, struct fetch_answer *answer,
		    const struct scep_error *error)
{
	struct world *world = context;

	world->calls++;
	world->code = error != NULL ? error->code : SCEP_OK;
	world->status = answer->http_status;
	snprintf(world->body, sizeof(world->body), "%.*s",
		 (int)answer->body.length,
		 answer->body.data != NULL ? (char *)answer->body.data : "");
	uv_timer_stop(&world->clock);
}

/* Begins an exchange with the server, or through it as a proxy. */
static struct fetch *begin(struct world *world, bool is_proxy)
{
	char url[64];
	struct fetch_request request = {
	    .url = is_proxy ? "https://ca.test/scep" : url,
	    .proxy_url = is_proxy ? url : NULL,
	    .timeout = 1,
	    .limit = 1000,
	};

	snprintf(url, sizeof(url), "http://127.0.0.1:%d",
		 server_port(world->server));
	uv_timer_start(&world->clock, on_turn, 10, 10);
	return http_thread_fetch(world->thread, &request, on_done, world);
}

static void an_answer_comes_home(void **state)
{
	static const struct reply replies[] = {
	    {.text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}, {0}};
	struct world *world = *state;

	world->server = server_open(replies);
	assert_non_null(begin(world, false));
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(world->calls, 1);
	assert_int_equal(world->code, SCEP_OK);
	assert_int_equal(world->status, 200);
	assert_string_equal(world->body, "hello");
}

/* curl reads the body of a refused CONNECT in a loop of its own. */
static const struct reply flood[] = {
    {.text = "HTTP/1.1 407 No\r\nContent-Length: 999999999999\r\n\r\n",
     .filler = (size_t)1 << 40},
    {0}};

static void a_proxy_that_never_stops_holds_nobody(void **state)
{
	struct world *world = *state;

	world->server = server_open(flood);
	assert_non_null(begin(world, true));
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(world->calls, 1);
	assert_int_equal(world->code, SCEP_COMM_ERROR);
	/* The home loop went on meanwhile. */
	assert_true(world->turns > 3);
}

static void a_cancelled_exchange_does_not_call_back(void **state)
{
	struct world *world = *state;
	struct fetch *fetch;

	world->server = server_open(flood);
	fetch = begin(world, true);
	assert_non_null(fetch);
	while (world->turns < 3)
		uv_run(&world->loop, UV_RUN_ONCE);
	http_thread_cancel(world->thread, fetch);
	uv_timer_stop(&world->clock);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(world->calls, 0);
}

static void closing_waits_for_no_peer(void **state)
{
	struct world *world = *state;

	world->server = server_open(flood);
	assert_non_null(begin(world, true));
	assert_non_null(begin(world, true));
	while (world->turns < 3)
		uv_run(&world->loop, UV_RUN_ONCE);
	http_thread_close(world->thread);
	world->thread = NULL;
	uv_timer_stop(&world->clock);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(world->calls, 0);
}

/* A configuration takes effect for the exchange that begins next. */
static void a_configuration_reaches_the_thread(void **state)
{
	static const struct reply replies[] = {
	    {.text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, {0}};
	static struct scep_config config = {
	    .deny_count = 1,
	    .deny = {{{[10] = 0xff, 0xff}, 96}}, /* all of IPv4 */
	};
	struct world *world = *state;

	world->server = server_open(replies);
	assert_true(http_thread_configure(world->thread, &config));
	assert_non_null(begin(world, false));
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(world->calls, 1);
	assert_int_equal(world->code, SCEP_CONFIG_ERROR);
	assert_int_equal(server_request_count(world->server), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_answer_comes_home),
	    TEST(a_proxy_that_never_stops_holds_nobody),
	    TEST(a_cancelled_exchange_does_not_call_back),
	    TEST(closing_waits_for_no_peer),
	    TEST(a_configuration_reaches_the_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
