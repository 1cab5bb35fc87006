/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking names up: how many threads there are, who gets one, and what is kept.
 * Names that begin with "silent" have no answer until the test releases them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "scep/net/resolver.h"
#include "tests/lib/deadline.h"

#define MANY	  64
#define FOR_EVER  600000
#define LONG_WAIT 2100 /* ms; after two seconds a name counts as silent */

/* -------------------------------------------------------------- the lookup --
 */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int running, most_running, lookups;
static bool is_released;

static int look_up(const char *name, char **addresses)
{
	pthread_mutex_lock(&lock);
	lookups++;
	running++;
	if (running > most_running)
		most_running = running;
	while (strncmp(name, "silent", 6) == 0 && !is_released)
		pthread_cond_wait(&changed, &lock);
	running--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	if (strstr(name, "missing"))
		return EAI_NONAME;
	*addresses = strdup("192.0.2.1,[2001:db8::1]");
	return *addresses ? 0 : EAI_MEMORY;
}

static int running_now(void)
{
	int now;

	pthread_mutex_lock(&lock);
	now = running;
	pthread_mutex_unlock(&lock);
	return now;
}

static void release(bool is_on)
{
	pthread_mutex_lock(&lock);
	is_released = is_on;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* --------------------------------------------------------------- the world --
 */

struct world {
	uv_loop_t loop;
	uv_timer_t keeper; /* has the loop come round again and again */
	struct resolver *resolver;
	int calls[4]; /* by their end */
	char addresses[64];
	char reason[64];
};

static void keep(uv_timer_t *timer)
{
	(void)timer;
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	alarm((unsigned)deadline_scaled(60));
	running = most_running = lookups = 0;
	is_released = false;
	assert_int_equal(uv_loop_init(&world->loop), 0);
	uv_timer_init(&world->loop, &world->keeper);
	uv_timer_start(&world->keeper, keep, 10, 10);
	world->resolver = resolver_open(&world->loop, look_up);
	assert_non_null(world->resolver);
	*state = world;
	return 0;
}

/* The threads that still run are not waited for by the resolver. */
static int tear_down(void **state)
{
	struct world *world = *state;

	resolver_close(world->resolver);
	uv_close((uv_handle_t *)&world->keeper, NULL);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	release(true);
	pthread_mutex_lock(&lock);
	while (running > 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	free(world);
	alarm(0);
	return 0;
}

static void note(void *context, enum resolver_end end, const char *addresses,
		 const char *reason)
{
	struct world *world = context;

	world->calls[end]++;
	snprintf(world->addresses, sizeof(world->addresses), "%s",
		 addresses ? addresses : "");
	snprintf(world->reason, sizeof(world->reason), "%s", reason);
}

static struct resolver_query *ask(struct world *world, const char *name,
				  uint64_t patience)
{
	struct resolver_query *query =
	    resolver_ask(world->resolver, name, patience, note, world);

	assert_non_null(query);
	return query;
}

static void ask_many(struct world *world, const char *kind, int count,
		     uint64_t patience)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s-%d.test", kind, i);
		ask(world, name, patience);
	}
}

static int all_calls(const struct world *world)
{
	return world->calls[0] + world->calls[1] + world->calls[2] +
	       world->calls[3];
}

static void run_until_called(struct world *world, int calls)
{
	while (all_calls(world) < calls)
		uv_run(&world->loop, UV_RUN_ONCE);
}

static void run_until_running(struct world *world, int count)
{
	while (running_now() != count)
		uv_run(&world->loop, UV_RUN_NOWAIT);
}

/* ------------------------------------------------------------------- tests --
 */

static void a_name_is_looked_up_once_for_all_who_ask(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 3; i++)
		ask(world, "silent.test", FOR_EVER);
	run_until_running(world, 1);
	assert_int_equal(all_calls(world), 0);
	release(true);
	run_until_called(world, 3);
	assert_int_equal(world->calls[RESOLVER_FOUND], 3);
	assert_string_equal(world->addresses, "192.0.2.1,[2001:db8::1]");
	assert_int_equal(lookups, 1);
}

static void addresses_are_kept_and_failures_are_not(void **state)
{
	struct world *world = *state;

	ask(world, "good.test", FOR_EVER);
	run_until_called(world, 1);
	ask(world, "good.test", FOR_EVER);
	assert_int_equal(all_calls(world), 1); /* not from within */
	run_until_called(world, 2);
	assert_int_equal(world->calls[RESOLVER_FOUND], 2);
	assert_int_equal(lookups, 1);
	for (int i = 0; i < 2; i++) {
		ask(world, "missing.test", FOR_EVER);
		run_until_called(world, 3 + i);
		assert_string_equal(world->addresses, "");
		assert_string_equal(world->reason, gai_strerror(EAI_NONAME));
	}
	assert_int_equal(world->calls[RESOLVER_NONE], 2);
	assert_int_equal(lookups, 3);
}

static void silent_names_have_few_threads_and_end_in_time(void **state)
{
	struct world *world = *state;

	ask_many(world, "silent", MANY, 50);
	run_until_called(world, MANY);
	assert_int_equal(world->calls[RESOLVER_LATE], MANY);
	assert_true(most_running < RESOLVER_THREADS);
	/* Each name gets its turn, though nobody waits for it any more. */
	release(true);
	while (lookups < MANY)
		uv_run(&world->loop, UV_RUN_NOWAIT);
	assert_true(most_running < RESOLVER_THREADS);
}

static void a_name_that_answered_does_not_wait_for_silent_ones(void **state)
{
	struct world *world = *state;

	ask(world, "missing.test", FOR_EVER);
	run_until_called(world, 1);
	ask_many(world, "silent", MANY, FOR_EVER);
	run_until_running(world, RESOLVER_THREADS - 2);
	ask(world, "missing.test", FOR_EVER);
	run_until_called(world, 2);
	assert_int_equal(world->calls[RESOLVER_NONE], 2);
}

static void a_new_name_gets_its_turn_behind_silent_ones(void **state)
{
	struct world *world = *state;

	ask_many(world, "silent", MANY, FOR_EVER);
	run_until_running(world, RESOLVER_THREADS - 2);
	ask(world, "good.test", 1);
	run_until_called(world, 1);
	assert_int_equal(world->calls[RESOLVER_LATE], 1);
	release(true);
	run_until_called(world, 1 + MANY);
	while (lookups < MANY + 1)
		uv_run(&world->loop, UV_RUN_NOWAIT);
	run_until_running(world, 0);
	ask(world, "good.test", FOR_EVER);
	run_until_called(world, 2 + MANY);
	assert_int_equal(world->calls[RESOLVER_FOUND], MANY + 1);
	assert_int_equal(lookups, MANY + 1);
}

static void on_long_wait(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
	uv_close((uv_handle_t *)timer, NULL);
}

static void names_known_to_be_silent_leave_half_of_the_threads(void **state)
{
	struct world *world = *state;
	bool is_over = false;
	uv_timer_t timer;

	ask_many(world, "silent-missing", RESOLVER_THREADS - 2, 50);
	uv_timer_init(&world->loop, &timer);
	timer.data = &is_over;
	uv_timer_start(&timer, on_long_wait, LONG_WAIT, 0);
	while (!is_over)
		uv_run(&world->loop, UV_RUN_ONCE);
	release(true);
	run_until_running(world, 0);
	/* Their ends have come when a later one has. */
	ask(world, "missing.test", FOR_EVER);
	run_until_called(world, RESOLVER_THREADS - 1);
	release(false);
	most_running = 0;
	ask_many(world, "silent-missing", RESOLVER_THREADS - 2, FOR_EVER);
	ask_many(world, "good", 5, FOR_EVER);
	run_until_called(world, RESOLVER_THREADS + 4);
	assert_int_equal(world->calls[RESOLVER_FOUND], 5);
	/* The last of them may still be starting. */
	run_until_running(world, RESOLVER_THREADS / 2);
	assert_int_equal(running_now(), RESOLVER_THREADS / 2);
}

static void a_cancelled_query_is_not_heard_of(void **state)
{
	struct world *world = *state;
	struct resolver_query *query = ask(world, "silent.test", FOR_EVER);

	ask(world, "silent.test", FOR_EVER);
	run_until_running(world, 1);
	resolver_cancel(query);
	release(true);
	run_until_called(world, 1);
	assert_int_equal(world->calls[RESOLVER_FOUND], 1);
}

static void closing_waits_for_no_thread(void **state)
{
	struct world *world = *state;

	/* tear_down() closes. */
	ask_many(world, "silent", MANY, FOR_EVER);
	run_until_running(world, RESOLVER_THREADS - 2);
}

struct closer {
	struct world *world;
	int calls;
};

static void close_all(void *context, enum resolver_end end,
		      const char *addresses, const char *reason)
{
	struct closer *closer = context;

	(void)end;
	(void)addresses;
	(void)reason;
	closer->calls++;
	resolver_close(closer->world->resolver);
}

static void a_callback_may_close(void **state)
{
	struct world *world = *state;
	struct closer closer = {.world = world};

	for (int i = 0; i < 3; i++)
		assert_non_null(resolver_ask(world->resolver, "good.test",
					     FOR_EVER, close_all, &closer));
	while (closer.calls == 0)
		uv_run(&world->loop, UV_RUN_ONCE);
	uv_run(&world->loop, UV_RUN_NOWAIT);
	assert_int_equal(closer.calls, 1);
	world->resolver = resolver_open(&world->loop, look_up);
	assert_non_null(world->resolver);
}

static void the_system_knows_numbers(void **state)
{
	char *addresses = NULL;

	(void)state;
	assert_int_equal(resolver_lookup("192.0.2.7", &addresses), 0);
	assert_string_equal(addresses, "192.0.2.7");
	free(addresses);
	assert_int_equal(resolver_lookup("2001:db8::7", &addresses), 0);
	assert_string_equal(addresses, "[2001:db8::7]");
	free(addresses);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_WORLD(a_name_is_looked_up_once_for_all_who_ask),
	    IN_WORLD(addresses_are_kept_and_failures_are_not),
	    IN_WORLD(silent_names_have_few_threads_and_end_in_time),
	    IN_WORLD(a_name_that_answered_does_not_wait_for_silent_ones),
	    IN_WORLD(a_new_name_gets_its_turn_behind_silent_ones),
	    IN_WORLD(names_known_to_be_silent_leave_half_of_the_threads),
	    IN_WORLD(a_cancelled_query_is_not_heard_of),
	    IN_WORLD(closing_waits_for_no_thread),
	    IN_WORLD(a_callback_may_close),
	    cmocka_unit_test(the_system_knows_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
