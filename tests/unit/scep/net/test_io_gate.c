/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of exchanges and of work, through an open and a closed gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/net/io_gate.h"
#include "tests/lib/virtual_io.h"

struct world {
	struct virtual_io inner;
	struct io_gate gate;
	struct io *io;
	char calls[32]; /* a letter for each call, in order */
	struct fetch *fetch;
	enum scep_code code; /* of the exchange */
};

static void note(struct world *world, char letter)
{
	size_t length = strlen(world->calls);

	assert_true(length + 1 < sizeof(world->calls));
	world->calls[length] = letter;
}

static void serve(void *context, const struct fetch_request *request,
		  struct virtual_answer *answer)
{
	(void)context;
	if (strcmp(request->url, "http://away/") == 0) {
		answer->error.code = SCEP_COMM_ERROR;
		return;
	}
	answer->http_status = 203;
	answer->date = 77;
	assert_true(bytes_set(&answer->body, "body", 4));
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	if (world == NULL)
		return -1;
	virtual_io_init(&world->inner, 1000, serve, world);
	io_gate_init(&world->gate, &world->inner.io);
	world->io = &world->gate.io;
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	virtual_io_close(&world->inner);
	free(world);
	return 0;
}

static void on_work(void *context)
{
	note(context, 'w');
}

static void on_worked(void *context)
{
	note(context, 'W');
}

static void on_fetched(void *context, struct fetch_answer *answer,
		       const struct scep_error *error)
{
	struct world *world = context;

	note(world, 'F');
	world->code = error != NULL ? error->code : SCEP_OK;
	if (error != NULL)
		return;
	assert_int_equal(answer->http_status, 203);
	assert_int_equal(answer->date, 77);
	assert_int_equal(answer->body.length, 4);
	assert_memory_equal(answer->body.data, "body", 4);
}

static void work(struct world *world)
{
	assert_true(world->io->ops->work(world->io, on_work, on_worked, world));
}

static void fetch(struct world *world, const char *url)
{
	const struct fetch_request request = {.url = url, .limit = 100};

	world->fetch =
	    world->io->ops->fetch(world->io, &request, on_fetched, world);
	assert_non_null(world->fetch);
}

static void run(struct world *world)
{
	while (virtual_io_step(&world->inner))
		;
}

static void an_open_gate_lets_everything_through(void **state)
{
	struct world *world = *state;

	assert_int_equal(world->io->ops->now(world->io), 1000);
	assert_int_equal(world->io->ops->mono(world->io), world->inner.mono);
	world->io->ops->wake_at(world->io, 123);
	assert_int_equal(world->inner.wake, 123);
	work(world);
	fetch(world, "http://here/");
	run(world);
	assert_string_equal(world->calls, "wWF");
	assert_int_equal(world->code, SCEP_OK);
	fetch(world, "http://away/");
	run(world);
	assert_string_equal(world->calls, "wWFF");
	assert_int_equal(world->code, SCEP_COMM_ERROR);
}

static void a_closed_gate_holds_back_the_ends_in_their_order(void **state)
{
	struct world *world = *state;

	fetch(world, "http://away/");
	io_gate_close(&world->gate);
	work(world);
	fetch(world, "http://here/");
	run(world);
	assert_int_equal(virtual_io_pending(&world->inner), 0);
	assert_string_equal(world->calls, "w");
	io_gate_open(&world->gate);
	assert_string_equal(world->calls, "wFWF");
	assert_int_equal(world->code, SCEP_OK);
	/* Once. */
	io_gate_open(&world->gate);
	assert_string_equal(world->calls, "wFWF");
}

static void what_is_cancelled_does_not_call_back(void **state)
{
	struct world *world = *state;

	fetch(world, "http://here/");
	world->io->ops->fetch_cancel(world->io, world->fetch);
	assert_int_equal(world->inner.cancelled, 1);
	/* Also if it has ended already, wherever it stands in the queue. */
	io_gate_close(&world->gate);
	fetch(world, "http://here/");
	work(world);
	run(world);
	world->io->ops->fetch_cancel(world->io, world->fetch);
	fetch(world, "http://here/");
	run(world);
	world->io->ops->fetch_cancel(world->io, world->fetch);
	work(world);
	run(world);
	assert_int_equal(world->inner.cancelled, 1);
	io_gate_open(&world->gate);
	assert_string_equal(world->calls, "wwWW");
}

static void a_refusal_is_handed_on(void **state)
{
	struct world *world = *state;
	const struct fetch_request request = {.url = "http://here/"};

	world->inner.refusals = 2;
	assert_false(
	    world->io->ops->work(world->io, on_work, on_worked, world));
	assert_null(
	    world->io->ops->fetch(world->io, &request, on_fetched, world));
	run(world);
	assert_string_equal(world->calls, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(an_open_gate_lets_everything_through),
	    TEST(a_closed_gate_holds_back_the_ends_in_their_order),
	    TEST(what_is_cancelled_does_not_call_back),
	    TEST(a_refusal_is_handed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
