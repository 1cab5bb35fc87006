/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: what they carry, which of them go, and how fast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/view.h"
#include "subagent/snmp/trap_queue.h"
#include "subagent/snmp/traps.h"

#define ALL 0xfffu

/* ---------------------------------------------------------------- table -- */

static void each_bit_of_scepNotifyEnable_has_its_notification(void **state)
{
	(void)state;
	assert_int_equal(traps_known_count, 12);
	for (uint32_t bit = 0; bit < 12; bit++) {
		const struct trap *trap = trap_find((enum scep_event_kind)bit);

		assert_non_null(trap);
		assert_int_equal(trap->kind, bit);
		assert_int_equal(trap->arc, bit + 1);
	}
	assert_null(trap_find(SCEP_EVENT_FATAL));
	assert_null(trap_find(SCEP_EVENT_RESTART));
}

/* A row big enough to be one of any table, as none is read here. */
static const struct scep_profile row = {.index = 7};
static const struct scep_view view = {.agent = {.key_limit = 3}};
static const struct read_context context = {.view = &view, .version = ""};

static void every_object_is_one_that_a_GET_finds(void **state)
{
	(void)state;
	for (size_t i = 0; i < traps_known_count; i++) {
		const struct trap *trap = &traps_known[i];
		const struct scep_event event = {trap->kind, 7, &row, NULL};
		struct instance instance[TRAP_OBJECTS];
		size_t count = trap_instances(trap, &context, &event, instance);

		assert_true(count > 0);
		for (size_t k = 0; k < count; k++) {
			const struct object *object = instance[k].object;
			bool is_scalar = object_is_scalar(object);

			assert_string_equal(object->name, trap->object[k]);
			assert_true(object->access != ACCESS_NONE);
			assert_int_equal(instance[k].index, is_scalar ? 0 : 7);
			assert_ptr_equal(instance[k].row,
					 is_scalar ? (const void *)&view.agent
						   : &row);
		}
		assert_true(count == TRAP_OBJECTS ||
			    trap->object[count] == NULL);
	}
}

/* All rows of one notification are of one table: the event has one row. */
static void a_notification_is_about_one_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < traps_known_count; i++) {
		const struct trap *trap = &traps_known[i];
		const struct scep_event event = {trap->kind, 7, &row, NULL};
		struct instance instance[TRAP_OBJECTS];
		size_t count = trap_instances(trap, &context, &event, instance);
		enum object_home home = HOME_COUNT;

		for (size_t k = 0; k < count; k++) {
			const struct object *object = instance[k].object;

			if (object_is_scalar(object))
				continue;
			if (home == HOME_COUNT)
				home = object_tables[object->table].home;
			assert_int_equal(object_tables[object->table].home,
					 home);
		}
	}
}

static void without_its_row_there_is_nothing_to_tell(void **state)
{
	(void)state;
	for (size_t i = 0; i < traps_known_count; i++) {
		const struct trap *trap = &traps_known[i];
		const struct scep_event event = {trap->kind, 7, NULL, NULL};
		struct instance instance[TRAP_OBJECTS];
		bool needs_no_row = trap->kind == SCEP_EVENT_KEY_LIMIT_REACHED;

		assert_int_equal(
		    trap_instances(trap, &context, &event, instance),
		    needs_no_row ? 2 : 0);
	}
}

/* ---------------------------------------------------------------- queue -- */

static const struct trap_queue_rules free_rules = {ALL, 0};

static int queue_setup(void **state)
{
	*state = trap_queue_open();
	return *state == NULL ? -1 : 0;
}

static int queue_teardown(void **state)
{
	trap_queue_close(*state);
	return 0;
}

static void put(struct trap_queue *queue, enum scep_event_kind kind,
		uint32_t index, const struct trap_queue_rules *rules,
		uint64_t now)
{
	const struct scep_event event = {.kind = kind, .index = index};

	trap_queue_put(queue, &event, rules, now);
}

static unsigned take_all(struct trap_queue *queue, uint64_t now)
{
	struct scep_event event;
	unsigned count = 0;

	while (trap_queue_take(queue, &event, &free_rules, now))
		count++;
	return count;
}

static void what_comes_goes_in_its_order(void **state)
{
	struct trap_queue *queue = *state;
	struct scep_event event;

	put(queue, SCEP_EVENT_CA_PENDING, 3, &free_rules, 1000);
	put(queue, SCEP_EVENT_REQUEST_FAILED, 2, &free_rules, 1000);
	assert_false(trap_queue_is_empty(queue));
	assert_true(trap_queue_take(queue, &event, &free_rules, 1000));
	assert_int_equal(event.kind, SCEP_EVENT_CA_PENDING);
	assert_int_equal(event.index, 3);
	assert_true(trap_queue_take(queue, &event, &free_rules, 1000));
	assert_int_equal(event.kind, SCEP_EVENT_REQUEST_FAILED);
	assert_int_equal(event.index, 2);
	assert_false(trap_queue_take(queue, &event, &free_rules, 1000));
	assert_true(trap_queue_is_empty(queue));
}

static void each_kind_is_switched_by_its_bit(void **state)
{
	struct trap_queue *queue = *state;

	for (uint32_t kind = 0; kind < 12; kind++) {
		const struct trap_queue_rules without = {ALL & ~(1u << kind),
							 0};
		const struct trap_queue_rules with = {1u << kind, 0};

		put(queue, (enum scep_event_kind)kind, 1, &without, 1000);
		assert_true(trap_queue_is_empty(queue));
		put(queue, (enum scep_event_kind)kind, 1, &with, 1000);
		assert_int_equal(take_all(queue, 1000 + 10 * kind), 1);
	}
}

static void a_kind_that_is_switched_off_meanwhile_does_not_go(void **state)
{
	const struct trap_queue_rules rules = {
	    ALL & ~(1u << SCEP_EVENT_REQUEST_FAILED), 0};
	struct trap_queue *queue = *state;
	struct scep_event event;

	put(queue, SCEP_EVENT_REQUEST_FAILED, 1, &free_rules, 1000);
	put(queue, SCEP_EVENT_REQUEST_SUCCEEDED, 2, &free_rules, 1000);
	put(queue, SCEP_EVENT_REQUEST_FAILED, 3, &free_rules, 1000);
	assert_true(trap_queue_take(queue, &event, &rules, 1000));
	assert_int_equal(event.index, 2);
	assert_false(trap_queue_take(queue, &event, &rules, 1000));
	assert_true(trap_queue_is_empty(queue));
}

static void the_same_is_told_once_in_an_interval(void **state)
{
	const struct trap_queue_rules rules = {ALL, 300};
	struct trap_queue *queue = *state;
	uint64_t now = 1000;

	put(queue, SCEP_EVENT_REQUEST_DEFERRED, 1, &rules, now);
	put(queue, SCEP_EVENT_REQUEST_DEFERRED, 1, &rules, now);
	put(queue, SCEP_EVENT_REQUEST_DEFERRED, 1, &rules, now + 299999);
	assert_int_equal(take_all(queue, now), 1);
	/* Another thing, and another kind of the same thing. */
	put(queue, SCEP_EVENT_REQUEST_DEFERRED, 2, &rules, now + 299999);
	put(queue, SCEP_EVENT_REQUEST_FAILED, 1, &rules, now + 299999);
	assert_int_equal(take_all(queue, now + 299999), 2);
	put(queue, SCEP_EVENT_REQUEST_DEFERRED, 1, &rules, now + 300000);
	assert_int_equal(take_all(queue, now + 400000), 1);
	/* A notification that was held back has not moved the interval. */
	put(queue, SCEP_EVENT_REQUEST_DEFERRED, 1, &rules, now + 599999);
	assert_int_equal(take_all(queue, now + 600000), 0);
	put(queue, SCEP_EVENT_REQUEST_DEFERRED, 1, &rules, now + 600000);
	assert_int_equal(take_all(queue, now + 700000), 1);
}

static void the_interval_is_the_one_in_force(void **state)
{
	const struct trap_queue_rules strict = {ALL, 86400};
	struct trap_queue *queue = *state;

	put(queue, SCEP_EVENT_CLOCK_SUSPECT, 1, &strict, 1000);
	put(queue, SCEP_EVENT_CLOCK_SUSPECT, 1, &strict, 2000);
	put(queue, SCEP_EVENT_CLOCK_SUSPECT, 1, &free_rules, 2000);
	put(queue, SCEP_EVENT_CLOCK_SUSPECT, 1, &free_rules, 2000);
	assert_int_equal(take_all(queue, 3000), 3);
	put(queue, SCEP_EVENT_CLOCK_SUSPECT, 1, &strict, 3000);
	assert_true(trap_queue_is_empty(queue));
}

static void what_is_switched_off_does_not_start_an_interval(void **state)
{
	const struct trap_queue_rules off = {0, 300};
	const struct trap_queue_rules on = {ALL, 300};
	struct trap_queue *queue = *state;

	put(queue, SCEP_EVENT_CA_PENDING, 1, &off, 1000);
	put(queue, SCEP_EVENT_CA_PENDING, 1, &on, 2000);
	assert_int_equal(take_all(queue, 2000), 1);
}

static void a_burst_goes_out_twenty_in_ten_milliseconds(void **state)
{
	struct trap_queue *queue = *state;
	unsigned taken = 0;

	for (uint32_t i = 1; i <= 300; i++)
		put(queue, SCEP_EVENT_REQUEST_FAILED, i, &free_rules, 1000);
	for (uint64_t now = 1000; now < 1000 + 150; now++) {
		unsigned count = take_all(queue, now);

		assert_int_equal(count, now % 10 == 0 ? 20 : 0);
		taken += count;
	}
	assert_int_equal(taken, 300);
	assert_true(trap_queue_is_empty(queue));
	assert_int_equal(trap_queue_dropped(queue), 0);
}

static void when_it_is_full_the_oldest_is_dropped_and_counted(void **state)
{
	struct trap_queue *queue = *state;
	struct scep_event event;

	for (uint32_t i = 1; i <= TRAP_QUEUE_EVENTS + 3; i++)
		put(queue, SCEP_EVENT_REQUEST_FAILED, i, &free_rules, 1000);
	assert_int_equal(trap_queue_dropped(queue), 3);
	assert_int_equal(trap_queue_dropped(queue), 0);
	assert_true(trap_queue_take(queue, &event, &free_rules, 1000));
	assert_int_equal(event.index, 4);
}

/* Far more than are remembered: the latest of them still are. */
static void the_memory_is_bounded(void **state)
{
	const struct trap_queue_rules rules = {ALL, 300};
	const uint32_t last = 3 * TRAP_QUEUE_MEMORY;
	struct trap_queue *queue = *state;

	for (uint32_t i = 1; i <= last; i++) {
		put(queue, SCEP_EVENT_REQUEST_FAILED, i, &rules, 1000 + i * 10);
		assert_int_equal(take_all(queue, 1000 + i * 10), 1);
	}
	put(queue, SCEP_EVENT_REQUEST_FAILED, last - TRAP_QUEUE_MEMORY + 1,
	    &rules, 1000 + last * 10);
	assert_true(trap_queue_is_empty(queue));
}

int main(void)
{
#define QUEUE(name)                                                            \
	cmocka_unit_test_setup_teardown(name, queue_setup, queue_teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_bit_of_scepNotifyEnable_has_its_notification),
	    cmocka_unit_test(every_object_is_one_that_a_GET_finds),
	    cmocka_unit_test(a_notification_is_about_one_row),
	    cmocka_unit_test(without_its_row_there_is_nothing_to_tell),
	    QUEUE(what_comes_goes_in_its_order),
	    QUEUE(each_kind_is_switched_by_its_bit),
	    QUEUE(a_kind_that_is_switched_off_meanwhile_does_not_go),
	    QUEUE(the_same_is_told_once_in_an_interval),
	    QUEUE(the_interval_is_the_one_in_force),
	    QUEUE(what_is_switched_off_does_not_start_an_interval),
	    QUEUE(a_burst_goes_out_twenty_in_ten_milliseconds),
	    QUEUE(when_it_is_full_the_oldest_is_dropped_and_counted),
	    QUEUE(the_memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
