/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks: one runs at a time, and all of them come to an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/tasks.h"

#define COUNT 40

static struct {
	struct task *waits[COUNT];
	size_t running, most, at_once, ended, polls;
} seen;

/* Input comes for the first that waits. */
static void poll_first(int milliseconds)
{
	(void)milliseconds;
	seen.polls++;
	for (size_t i = 0; i < COUNT; i++)
		if (seen.waits[i]) {
			task_wake(seen.waits[i]);
			seen.waits[i] = NULL;
			return;
		}
}

static void count_end(void *context)
{
	(void)context;
	seen.ended++;
}

static void wait_twice(void *context)
{
	size_t place = *(size_t *)context;

	seen.running++;
	if (seen.running > seen.most)
		seen.most = seen.running;
	for (int i = 0; i < 2; i++) {
		seen.waits[place] = task_self();
		while (seen.waits[place])
			task_await();
	}
	seen.running--;
}

/* Its answer is there before it waits. */
static void wake_itself(void *context)
{
	(void)context;
	task_wake(task_self());
	task_await();
	task_sleep(1);
}

static bool run_all(void (*run)(void *), size_t at_once)
{
	static size_t places[COUNT];
	static void *contexts[COUNT];
	const struct tasks_plan plan = {.run = run,
					.ended = count_end,
					.contexts = contexts,
					.count = COUNT,
					.at_once = at_once,
					.poll = poll_first};

	memset(&seen, 0, sizeof(seen));
	for (size_t i = 0; i < COUNT; i++) {
		places[i] = i;
		contexts[i] = &places[i];
	}
	return tasks_run(&plan);
}

static void all_tasks_end_and_each_is_told(void **state)
{
	(void)state;
	assert_true(run_all(wait_twice, COUNT));
	assert_int_equal(seen.ended, COUNT);
	assert_int_equal(seen.most, COUNT);
	assert_true(seen.polls >= 2 * COUNT);
}

static void no_more_than_allowed_are_there_at_once(void **state)
{
	(void)state;
	assert_true(run_all(wait_twice, 3));
	assert_int_equal(seen.ended, COUNT);
	assert_int_equal(seen.most, 3);
}

static void a_task_that_is_woken_before_it_waits_goes_on(void **state)
{
	(void)state;
	assert_true(run_all(wake_itself, COUNT));
	assert_int_equal(seen.ended, COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_tasks_end_and_each_is_told),
	    cmocka_unit_test(no_more_than_allowed_are_there_at_once),
	    cmocka_unit_test(a_task_that_is_woken_before_it_waits_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
