/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses that a server may have, names that do not resolve, connections
 * that are not made, and exchanges that are ended from our side.  Names are
 * resolved by a getaddrinfo() of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/net/address_filter.h"
#include "tests/lib/deadline.h"
#include "tests/lib/exchange.h"
#include "tests/lib/server.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* ------------------------------------------------------------------ names --
 */

static atomic_bool slow_has_begun;
static sem_t slow_may_go;
static sem_t slow_has_gone;

typedef int getaddrinfo_fn(const char *node, const char *service,
			   const struct addrinfo *hints,
			   struct addrinfo **result);

static int resolve(const char *address, const char *service,
		   const struct addrinfo *hints, struct addrinfo **result)
{
	/* POSIX has dlsym() give functions as objects. */
	getaddrinfo_fn *real;
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

	memcpy(&real, &symbol, sizeof(real));
	return real(address, service, hints, result);
}

int getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **result)
{
	int code;

	if (strcmp(node, "slow.test") == 0) {
		slow_has_begun = true;
		sem_wait(&slow_may_go);
		slow_has_begun = false;
		sem_post(&slow_has_gone);
		return EAI_AGAIN;
	}
	if (strcmp(node, "missing.test") == 0)
		return EAI_NONAME;
	if (strcmp(node, "two.test") != 0)
		return resolve("127.0.0.1", service, hints, result);
	code = resolve("169.254.9.9", service, hints, result);
	if (code == 0)
		code =
		    resolve("127.0.0.1", service, hints, &(*result)->ai_next);
	return code;
}

/* ------------------------------------------------------------- addresses -- */

static void add_range(struct scep_cidr *ranges, size_t *count, const char *text)
{
	char address[64];
	const char *slash = strchr(text, '/');
	bool is_ipv4 = !strchr(text, ':');

	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	assert_true(address_from_text(address, ranges[*count].address));
	ranges[*count].prefix = (is_ipv4 ? 96 : 0) + (uint32_t)atoi(slash + 1);
	++*count;
}

static void allow(struct scep_config *config, const char *range)
{
	add_range(config->allow, &config->allow_count, range);
}

static void deny(struct scep_config *config, const char *range)
{
	add_range(config->deny, &config->deny_count, range);
}

static const struct {
	const char *allow; /* NULL: none */
	const char *deny;
	const char *address;
	bool is_allowed;
} rows[] = {
    {NULL, NULL, "192.0.2.1", true},
    {NULL, NULL, "127.0.0.1", true},
    {NULL, NULL, "2001:db8::1", true},
    {NULL, NULL, "169.254.169.254", false},
    {NULL, NULL, "169.253.255.255", true},
    {NULL, NULL, "169.255.0.0", true},
    {NULL, NULL, "::ffff:169.254.0.1", false},
    {NULL, NULL, "fe80::1", false},
    {NULL, NULL, "febf::1", false},
    {NULL, NULL, "fec0::1", true},
    {"169.254.0.0/16", NULL, "169.254.169.254", true},
    {"10.0.0.0/8", NULL, "10.255.255.255", true},
    {"10.0.0.0/8", NULL, "11.0.0.0", false},
    {"10.0.0.0/9", NULL, "10.128.0.0", false},
    {"10.1.2.3/32", NULL, "10.1.2.3", true},
    {"10.1.2.3/32", NULL, "10.1.2.2", false},
    {"0.0.0.0/0", NULL, "192.0.2.1", true},
    {"0.0.0.0/0", NULL, "2001:db8::1", false},
    {"::/0", NULL, "2001:db8::1", true},
    {"::/0", NULL, "192.0.2.1", false},
    {"2001:db8::/33", NULL, "2001:db8:7fff::1", true},
    {"2001:db8::/33", NULL, "2001:db8:8000::1", false},
    {"2001:db8::1/128", NULL, "2001:db8::1", true},
    {"2001:db8::1/128", NULL, "2001:db8::2", false},
    {NULL, "10.0.0.0/8", "10.0.0.1", false},
    {NULL, "10.0.0.0/8", "192.0.2.1", true},
    {NULL, "::/0", "192.0.2.1", true},
    {NULL, "::/0", "2001:db8::1", false},
    {"10.0.0.0/8", "10.0.0.0/16", "10.0.0.1", false},
    {"10.0.0.0/8", "10.0.0.0/16", "10.1.0.1", true},
    {"10.0.0.0/16", "10.0.0.0/8", "10.0.0.1", false},
    /* The unspecified address is this host. */
    {NULL, "127.0.0.0/8", "0.0.0.0", false},
    {NULL, "::1/128", "::", false},
    {NULL, NULL, "0.0.0.0", true},
};

static void deny_wins_and_an_empty_allow_is_all_but_link_local(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct scep_config config = {0};
		unsigned char address[16];

		if (rows[i].allow)
			allow(&config, rows[i].allow);
		if (rows[i].deny)
			deny(&config, rows[i].deny);
		assert_true(address_from_text(rows[i].address, address));
		if (address_filter_allows(&config, address) !=
		    rows[i].is_allowed)
			fail_msg("row %zu: %s", i, rows[i].address);
	}
}

static void addresses_go_to_text_and_back(void **state)
{
	static const char *const texts[] = {"192.0.2.1", "2001:db8::1", "::"};
	struct sockaddr other = {.sa_family = AF_UNIX};
	unsigned char address[16];
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_true(address_from_text(texts[i], address));
		address_to_text(address, text);
		assert_string_equal(text, texts[i]);
	}
	assert_false(address_from_text("ca.example", address));
	assert_false(address_from_socket(&other, address));
}

/* --------------------------------------------------------------- set-up -- */

struct world {
	struct client client;
	struct server *server;
	struct outcome outcome;
	char url[64];
};

static const struct reply answers[] = {{OK_ANSWER, REPLY_KEEP, 0},
				       {OK_ANSWER, REPLY_KEEP, 0},
				       {NULL, REPLY_KEEP, 0}};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	assert_non_null(world);
	/* Ends the test if something waits that should not. */
	alarm((unsigned)deadline_scaled(60));
	client_open(&world->client);
	world->server = server_open(answers);
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	client_close(&world->client);
	server_close(world->server);
	outcome_free(&world->outcome);
	free(world);
	alarm(0);
	return 0;
}

static const char *url_for(struct world *world, const char *host)
{
	snprintf(world->url, sizeof(world->url), "http://%s:%d/", host,
		 server_port(world->server));
	return world->url;
}

static void get(struct world *world, const char *host)
{
	outcome_free(&world->outcome);
	client_get(&world->client, url_for(world, host), &world->outcome);
}

static struct http_fetch *begin(struct world *world, const char *host,
				uint32_t timeout)
{
	const struct fetch_request request = {
	    .url = url_for(world, host), .timeout = timeout, .limit = 1000};

	return client_begin(&world->client, &request, &world->outcome);
}

static void assert_outcome(const struct world *world, enum scep_code code,
			   const char *text)
{
	if (world->outcome.code != code || !strstr(world->outcome.text, text))
		fail_msg("code %d, \"%s\"", (int)world->outcome.code,
			 world->outcome.text);
}

/* ------------------------------------------------------------- exchanges -- */

static void a_forbidden_address_gets_no_connection(void **state)
{
	struct world *world = *state;

	deny(&world->client.config, "127.0.0.0/8");
	client_configure(&world->client);
	get(world, "127.0.0.1");
	assert_outcome(world, SCEP_CONFIG_ERROR,
		       "address 127.0.0.1 is not allowed");
	get(world, "name.test");
	assert_outcome(world, SCEP_CONFIG_ERROR, "address 127.0.0.1 is not");
	get(world, "0.0.0.0");
	assert_outcome(world, SCEP_CONFIG_ERROR, "address 0.0.0.0 is not");
	assert_int_equal(server_request_count(world->server), 0);
}

static void of_several_addresses_an_allowed_one_is_taken(void **state)
{
	struct world *world = *state;

	get(world, "two.test");
	assert_outcome(world, SCEP_OK, "");
	assert_int_equal(world->outcome.status, 200);
}

static void a_kept_connection_obeys_a_new_configuration(void **state)
{
	struct world *world = *state;

	get(world, "127.0.0.1");
	assert_outcome(world, SCEP_OK, "");
	deny(&world->client.config, "127.0.0.1/32");
	client_configure(&world->client);
	get(world, "127.0.0.1");
	assert_outcome(world, SCEP_CONFIG_ERROR,
		       "address 127.0.0.1 is not allowed");
	assert_int_equal(server_request_count(world->server), 1);
}

static void a_forbidden_proxy_gets_no_connection(void **state)
{
	struct world *world = *state;
	const struct fetch_request request = {.url = "http://192.0.2.1/",
					      .proxy_url =
						  url_for(world, "127.0.0.1"),
					      .timeout = 10,
					      .limit = 1000};

	deny(&world->client.config, "127.0.0.1/32");
	client_configure(&world->client);
	client_begin(&world->client, &request, &world->outcome);
	client_run(&world->client);
	assert_outcome(world, SCEP_CONFIG_ERROR,
		       "address 127.0.0.1 is not allowed");
}

/* The proxy gets none for an address that stands in the URL, however it is
 * written; the name of a server is the proxy's affair. */
static void behind_a_proxy_the_address_in_the_url_is_judged(void **state)
{
	static const char *const urls[] = {
	    "http://192.0.2.1/",	  "https://192.0.2.1/",
	    "http://3221225985/",	  "http://0xc0.0.2.1:8080/",
	    "http://[::ffff:192.0.2.1]/",
	};
	struct world *world = *state;
	struct fetch_request request = {.timeout = 10, .limit = 1000};
	char proxy[64];

	strcpy(proxy, url_for(world, "127.0.0.1"));
	request.proxy_url = proxy;
	deny(&world->client.config, "192.0.2.0/24");
	client_configure(&world->client);
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		request.url = urls[i];
		client_begin(&world->client, &request, &world->outcome);
		client_run(&world->client);
		assert_outcome(world, SCEP_CONFIG_ERROR,
			       "address 192.0.2.1 is not allowed");
	}
	assert_int_equal(server_request_count(world->server), 0);
	request.url = "http://ca.example/";
	client_begin(&world->client, &request, &world->outcome);
	client_run(&world->client);
	assert_outcome(world, SCEP_OK, "");
}

static void a_name_may_end_in_a_dot_and_have_any_case(void **state)
{
	struct world *world = *state;

	get(world, "Name.Test.");
	assert_outcome(world, SCEP_OK, "");
}

static void what_curl_knows_is_not_looked_up(void **state)
{
	struct world *world = *state;

	get(world, "LocalHost");
	assert_outcome(world, SCEP_OK, "");
	get(world, "2130706433");
	assert_outcome(world, SCEP_OK, "");
}

/* curl would have a thread for each. */
static void a_name_of_a_proxy_is_looked_up(void **state)
{
	struct world *world = *state;
	const struct fetch_request request = {.url = "http://ca.example/",
					      .proxy_url =
						  url_for(world, "proxy.test"),
					      .timeout = 10,
					      .limit = 1000};

	client_begin(&world->client, &request, &world->outcome);
	client_run(&world->client);
	assert_outcome(world, SCEP_OK, "");
}

static void a_closed_port_is_a_communication_error(void **state)
{
	struct world *world = *state;
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int unheard = socket(AF_INET, SOCK_STREAM, 0);
	char url[64];
	char expected[64];

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(unheard, (struct sockaddr *)&address, length), 0);
	getsockname(unheard, (struct sockaddr *)&address, &length);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/",
		 ntohs(address.sin_port));
	snprintf(expected, sizeof(expected),
		 "no connection to 127.0.0.1:%d: Connection refused",
		 ntohs(address.sin_port));
	client_get(&world->client, url, &world->outcome);
	assert_outcome(world, SCEP_COMM_ERROR, expected);
	close(unheard);
}

static void a_name_that_is_not_there_is_a_communication_error(void **state)
{
	struct world *world = *state;

	get(world, "missing.test");
	assert_outcome(world, SCEP_COMM_ERROR,
		       "name missing.test not resolved");
}

static void a_resolver_that_hangs_is_a_time_out_and_not_waited_for(void **state)
{
	struct world *world = *state;

	begin(world, "slow.test", 1);
	client_run(&world->client);
	assert_outcome(world, SCEP_COMM_ERROR,
		       "time-out after 1 s: no address of slow.test");
	/* The resolver is still at it: it was not joined. */
	sem_post(&slow_may_go);
	sem_wait(&slow_has_gone);
}

static void cancelling_does_not_wait_for_a_resolver(void **state)
{
	struct world *world = *state;
	struct http_fetch *fetch = begin(world, "slow.test", 10);

	while (!slow_has_begun)
		uv_run(&world->client.loop, UV_RUN_NOWAIT);
	http_cancel(world->client.http, fetch);
	client_run(&world->client);
	assert_int_equal(world->outcome.calls, 0);
	sem_post(&slow_may_go);
	sem_wait(&slow_has_gone);
}

static void without_descriptors_it_fails_and_recovers(void **state)
{
	struct world *world = *state;
	struct rlimit before;
	struct rlimit none;

	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 3; /* all that are open stay open */
	setrlimit(RLIMIT_NOFILE, &none);
	get(world, "127.0.0.1");
	setrlimit(RLIMIT_NOFILE, &before);
	assert_outcome(world, SCEP_COMM_ERROR, "no connection to");
	get(world, "127.0.0.1");
	assert_outcome(world, SCEP_OK, "");
}

static void what_is_no_url_is_a_configuration_error(void **state)
{
	static const char *const urls[] = {"ftp://127.0.0.1/", "file:///etc",
					   "http://", "http://u:p@127.0.0.1/"};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		client_get(&world->client, urls[i], &world->outcome);
		assert_outcome(world, SCEP_CONFIG_ERROR, "no http or https");
	}
}

static void a_proxy_that_is_no_url_is_a_configuration_error(void **state)
{
	struct world *world = *state;
	const struct fetch_request request = {
	    .url = url_for(world, "127.0.0.1"),
	    .proxy_url = "socks5://127.0.0.1:1",
	    .timeout = 10,
	    .limit = 1000};

	client_begin(&world->client, &request, &world->outcome);
	client_run(&world->client);
	assert_outcome(world, SCEP_CONFIG_ERROR, "no http or https");
	assert_int_equal(server_request_count(world->server), 0);
}

static void a_proxy_that_is_not_there_is_named(void **state)
{
	struct world *world = *state;
	const struct fetch_request request = {
	    .url = url_for(world, "127.0.0.1"),
	    .proxy_url = "http://127.0.0.1:1/",
	    .timeout = 10,
	    .limit = 1000};

	client_begin(&world->client, &request, &world->outcome);
	client_run(&world->client);
	assert_outcome(
	    world, SCEP_COMM_ERROR,
	    "no connection to proxy 127.0.0.1:1: Connection refused");
}

/* ----------------------------------------------------- ended by ourselves --
 */

static void a_cancelled_exchange_is_not_heard_of(void **state)
{
	static const struct reply silence[] = {{NULL, REPLY_KEEP, 0}};
	struct world *world = *state;
	struct server *answering = world->server;
	struct http_fetch *fetch;

	world->server = server_open(silence);
	fetch = begin(world, "127.0.0.1", 10);
	while (server_request_count(world->server) == 0)
		uv_run(&world->client.loop, UV_RUN_NOWAIT);
	http_cancel(world->client.http, fetch);
	client_run(&world->client);
	assert_int_equal(world->outcome.calls, 0);
	server_close(world->server);
	world->server = answering;
	get(world, "127.0.0.1");
	assert_outcome(world, SCEP_OK, "");
}

static void closing_ends_what_is_in_hand(void **state)
{
	struct world *world = *state;

	/* tear_down() closes. */
	for (int i = 0; i < 5; i++)
		begin(world, "127.0.0.1", 10);
	uv_run(&world->client.loop, UV_RUN_NOWAIT);
	begin(world, "127.0.0.1", 10);
	assert_int_equal(world->outcome.calls, 0);
}

struct chain {
	struct world *world;
	struct http_fetch *other;
	int calls;
};

static void second_done(void *context, struct fetch_answer *answer,
			const struct scep_error *error)
{
	struct chain *chain = context;

	assert_null(error);
	assert_int_equal(answer->http_status, 200);
	chain->calls++;
}

/* Begins another exchange and cancels a third. */
static void first_done(void *context, struct fetch_answer *answer,
		       const struct scep_error *error)
{
	struct chain *chain = context;
	struct http *http = chain->world->client.http;
	const struct fetch_request request = {
	    .url = chain->world->url, .timeout = 10, .limit = 1000};

	second_done(context, answer, error);
	assert_non_null(http_begin(http, &request, second_done, chain));
	assert_int_equal(chain->calls, 1);
	http_cancel(http, chain->other);
}

static void a_callback_may_begin_and_cancel_exchanges(void **state)
{
	struct world *world = *state;
	struct chain chain = {.world = world};
	struct fetch_request request = {.timeout = 10, .limit = 1000};

	/* This one waits for its name. */
	chain.other = begin(world, "slow.test", 10);
	request.url = url_for(world, "127.0.0.1");
	assert_non_null(
	    http_begin(world->client.http, &request, first_done, &chain));
	client_run(&world->client);
	assert_int_equal(chain.calls, 2);
	assert_int_equal(world->outcome.calls, 0);
	assert_int_equal(server_request_count(world->server), 2);
	sem_post(&slow_may_go);
	sem_wait(&slow_has_gone);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		deny_wins_and_an_empty_allow_is_all_but_link_local),
	    cmocka_unit_test(addresses_go_to_text_and_back),
	    IN_WORLD(a_forbidden_address_gets_no_connection),
	    IN_WORLD(of_several_addresses_an_allowed_one_is_taken),
	    IN_WORLD(a_kept_connection_obeys_a_new_configuration),
	    IN_WORLD(a_forbidden_proxy_gets_no_connection),
	    IN_WORLD(behind_a_proxy_the_address_in_the_url_is_judged),
	    IN_WORLD(a_name_may_end_in_a_dot_and_have_any_case),
	    IN_WORLD(what_curl_knows_is_not_looked_up),
	    IN_WORLD(a_name_of_a_proxy_is_looked_up),
	    IN_WORLD(a_closed_port_is_a_communication_error),
	    IN_WORLD(a_name_that_is_not_there_is_a_communication_error),
	    IN_WORLD(a_resolver_that_hangs_is_a_time_out_and_not_waited_for),
	    IN_WORLD(cancelling_does_not_wait_for_a_resolver),
	    IN_WORLD(without_descriptors_it_fails_and_recovers),
	    IN_WORLD(what_is_no_url_is_a_configuration_error),
	    IN_WORLD(a_proxy_that_is_no_url_is_a_configuration_error),
	    IN_WORLD(a_proxy_that_is_not_there_is_named),
	    IN_WORLD(a_cancelled_exchange_is_not_heard_of),
	    IN_WORLD(closing_ends_what_is_in_hand),
	    IN_WORLD(a_callback_may_begin_and_cancel_exchanges),
	};

	sem_init(&slow_may_go, 0, 0);
	sem_init(&slow_has_gone, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
