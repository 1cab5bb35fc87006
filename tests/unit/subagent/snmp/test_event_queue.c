/* SPDX-License-Identifier: Apache-2.0 */
/* The queue to the SNMP thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

#include "scep/codes.h"
#include "scep/event.h"
#include "subagent/snmp/event_queue.h"

#define THREADS 4
#define LINES	100

static bool is_readable(const struct event_queue *queue)
{
	struct pollfd polled = {event_queue_descriptor(queue), POLLIN, 0};

	return poll(&polled, 1, 0) == 1;
}

static void items_come_out_in_the_order_they_went_in(void **state)
{
	const struct scep_event event = {.kind = SCEP_EVENT_CA_PENDING,
					 .index = 7};
	struct event_queue *queue = event_queue_open();
	struct event_queue_item item;

	(void)state;
	assert_non_null(queue);
	event_queue_put_line(queue, SCEP_LOG_WARNING, "first");
	event_queue_put_event(queue, &event);
	event_queue_put_line(queue, SCEP_LOG_INFO, "third");
	assert_true(event_queue_take(queue, &item));
	assert_false(item.is_event);
	assert_int_equal(item.level, SCEP_LOG_WARNING);
	assert_string_equal(item.line, "first");
	free(item.line);
	assert_true(event_queue_take(queue, &item));
	assert_true(item.is_event);
	assert_int_equal(item.event.kind, SCEP_EVENT_CA_PENDING);
	assert_int_equal(item.event.index, 7);
	assert_null(item.line);
	assert_true(event_queue_take(queue, &item));
	assert_string_equal(item.line, "third");
	free(item.line);
	assert_false(event_queue_take(queue, &item));
	event_queue_close(queue);
}

static void the_descriptor_is_readable_until_it_rests(void **state)
{
	struct event_queue *queue = event_queue_open();

	(void)state;
	assert_non_null(queue);
	assert_false(is_readable(queue));
	event_queue_put_line(queue, SCEP_LOG_INFO, "line");
	event_queue_wake(queue);
	assert_true(is_readable(queue));
	event_queue_rest(queue);
	assert_false(is_readable(queue));
	event_queue_rest(queue); /* does not block */
	event_queue_wake(queue);
	assert_true(is_readable(queue));
	event_queue_close(queue);
}

static void a_flood_of_lines_leaves_room_for_events(void **state)
{
	const struct scep_event event = {.kind = SCEP_EVENT_FATAL};
	struct event_queue *queue = event_queue_open();
	struct event_queue_item item;
	unsigned lines = 0;
	bool has_event = false;

	(void)state;
	assert_non_null(queue);
	for (int i = 0; i < 5000; i++)
		event_queue_put_line(queue, SCEP_LOG_INFO, "line");
	event_queue_put_event(queue, &event);
	while (event_queue_take(queue, &item)) {
		has_event = item.is_event;
		lines += !item.is_event;
		free(item.line);
	}
	assert_true(has_event);
	assert_in_range(lines, 100, 4999);
	assert_int_equal(lines + event_queue_dropped(queue), 5000);
	assert_int_equal(event_queue_dropped(queue), 0);
	/* There is room again. */
	event_queue_put_line(queue, SCEP_LOG_INFO, "line");
	assert_int_equal(event_queue_dropped(queue), 0);
	event_queue_close(queue); /* frees what is in it */
}

static void *put_lines(void *context)
{
	for (int i = 0; i < LINES; i++)
		event_queue_put_line(context, SCEP_LOG_INFO, "line");
	return NULL;
}

static void threads_may_put_at_the_same_time(void **state)
{
	struct event_queue *queue = event_queue_open();
	pthread_t thread[THREADS];
	struct event_queue_item item;
	unsigned lines = 0;

	(void)state;
	assert_non_null(queue);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&thread[i], NULL, put_lines, queue), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	while (event_queue_take(queue, &item)) {
		assert_string_equal(item.line, "line");
		free(item.line);
		lines++;
	}
	assert_int_equal(lines + event_queue_dropped(queue), THREADS * LINES);
	assert_int_equal(lines, THREADS * LINES);
	event_queue_close(queue);
}

static void no_queue_can_be_closed(void **state)
{
	(void)state;
	event_queue_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(items_come_out_in_the_order_they_went_in),
	    cmocka_unit_test(the_descriptor_is_readable_until_it_rests),
	    cmocka_unit_test(a_flood_of_lines_leaves_room_for_events),
	    cmocka_unit_test(threads_may_put_at_the_same_time),
	    cmocka_unit_test(no_queue_can_be_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
