/* SPDX-License-Identifier: Apache-2.0 */
/* Calls between threads: served in order, taken back, refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <semaphore.h>

#include "scep/engine/call_queue.h"

struct number_call {
	struct call call; /* the first member */
	int number;
	int answer;
};

struct world {
	struct call_queue queue;
	sem_t woken;
	pthread_t server;
	int served[8]; /* the numbers, in order */
	int count;
};

static void on_wake(void *context)
{
	struct world *world = context;

	sem_post(&world->woken);
}

static void serve_all(struct world *world)
{
	struct call *call;

	while ((call = call_queue_take_up(&world->queue)) != NULL) {
		struct number_call *number = (struct number_call *)call;

		world->served[world->count++] = number->number;
		number->answer = -number->number;
		call_queue_answer(&world->queue, call);
	}
}

/* Serves until it has served a call with the number 0. */
static void *serve(void *context)
{
	struct world *world = context;

	while (world->count == 0 || world->served[world->count - 1] != 0) {
		sem_wait(&world->woken);
		serve_all(world);
	}
	call_queue_close(&world->queue);
	serve_all(world);
	return NULL;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	if (world == NULL)
		return -1;
	sem_init(&world->woken, 0, 0);
	call_queue_init(&world->queue, on_wake, world);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	call_queue_destroy(&world->queue);
	sem_destroy(&world->woken);
	free(world);
	return 0;
}

static void begin_serving(struct world *world)
{
	assert_int_equal(pthread_create(&world->server, NULL, serve, world), 0);
}

static enum call_end ask(struct world *world, int number, unsigned patience)
{
	struct number_call call = {.number = number};
	enum call_end end = call_queue_ask(&world->queue, &call.call, patience);

	if (end == CALL_SERVED)
		assert_int_equal(call.answer, -number);
	return end;
}

static void send(struct world *world, int number)
{
	struct number_call *call = calloc(1, sizeof(*call));

	assert_non_null(call);
	call->number = number;
	call_queue_send(&world->queue, &call->call);
}

static void calls_are_served_in_their_order(void **state)
{
	struct world *world = *state;

	send(world, 1);
	send(world, 2);
	begin_serving(world);
	assert_int_equal(ask(world, 3, 0), CALL_SERVED);
	assert_int_equal(ask(world, 0, 0), CALL_SERVED);
	pthread_join(world->server, NULL);
	assert_int_equal(world->count, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(world->served[i], (i + 1) % 4);
}

static void a_call_that_is_not_taken_up_is_taken_back(void **state)
{
	struct world *world = *state;

	assert_int_equal(ask(world, 1, 10), CALL_NOT_TAKEN_UP);
	send(world, 2);
	assert_int_equal(ask(world, 3, 10), CALL_NOT_TAKEN_UP);
	send(world, 4);
	serve_all(world);
	assert_int_equal(world->count, 2);
	assert_int_equal(world->served[0], 2);
	assert_int_equal(world->served[1], 4);
}

static void a_closed_queue_lets_nothing_in(void **state)
{
	struct world *world = *state;

	send(world, 1);
	call_queue_close(&world->queue);
	send(world, 2); /* freed at once */
	assert_int_equal(ask(world, 3, 0), CALL_STOPPED);
	serve_all(world);
	assert_int_equal(world->count, 1);
	assert_int_equal(world->served[0], 1);
}

static void who_has_looked_since_the_last_time_is_responsive(void **state)
{
	struct world *world = *state;

	assert_true(call_queue_is_responsive(&world->queue));
	assert_int_equal(sem_trywait(&world->woken), 0);
	assert_false(call_queue_is_responsive(&world->queue));
	assert_false(call_queue_is_responsive(&world->queue));
	assert_null(call_queue_take_up(&world->queue));
	assert_true(call_queue_is_responsive(&world->queue));
	/* One that ends is not asked any more. */
	assert_null(call_queue_take_up(&world->queue));
	call_queue_close(&world->queue);
	assert_true(call_queue_is_responsive(&world->queue));
	assert_true(call_queue_is_responsive(&world->queue));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(calls_are_served_in_their_order),
	    TEST(a_call_that_is_not_taken_up_is_taken_back),
	    TEST(a_closed_queue_lets_nothing_in),
	    TEST(who_has_looked_since_the_last_time_is_responsive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
