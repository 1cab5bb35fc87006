/* SPDX-License-Identifier: Apache-2.0 */
/* The timer under clocks that are wrong, and settings that change. */
#include "tests/unit/scep/schedule/schedule_device.h"

#include "scep/timer.h"

/* ------------------------------------------------------------------ clock */

static void a_small_step_back_runs_nothing_twice(void **state)
{
	static const int64_t steps[] = {1, 5, 59, 3600, 86399 - 3600};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		set_up(NULL);
		live_until(NOON + DAY + HOUR);
		assert_int_equal(device.run_count, 2);
		device.now -= steps[i];
		assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 2 * DAY);
		live_until(NOON + 2 * DAY - 1);
		assert_int_equal(device.run_count, 2);
	}
}

static void a_small_step_forward_loses_nothing(void **state)
{
	(void)state;
	live_until(NOON + DAY - MINUTE);
	device.now += 2 * HOUR;
	assert_runs_now(SCEP_TRIGGER_PERIODIC, NOON + DAY);
	device.now -= 2 * HOUR; /* and it was wrong */
	live_until(NOON + 2 * DAY - 1);
	assert_int_equal(device.run_count, 2);
	live_until(NOON + 2 * DAY);
	assert_int_equal(device.run_count, 3);
}

static void ten_years_forward_and_back_is_one_run_more(void **state)
{
	(void)state;
	device.timer.renew_before = 30;
	device.lifetime = 365 * DAY;
	live_until(NOON + 5 * DAY + HOUR);
	assert_int_equal(device.run_count, 6);
	device.now += 10 * YEAR;
	for (int i = 0; i < 60; i++, device.now += MINUTE)
		live_until(device.now);
	assert_int_equal(device.run_count, 7);
	device.now -= 10 * YEAR;
	live_until(NOON + 6 * DAY - 1);
	assert_int_equal(device.run_count, 7);
	/* The series goes on the next day, and not in ten years. */
	live_until(NOON + 20 * DAY + HOUR);
	assert_int_equal(device.run_count, 7 + 15);
	for (size_t day = 6; day <= 20; day++)
		assert_int_equal(device.runs[day + 1].due,
				 NOON + (int64_t)day * DAY);
}

static void a_clock_that_is_set_back_for_good_loses_no_run(void **state)
{
	(void)state;
	device.now += 10 * YEAR;
	live_until(device.now + 5 * DAY);
	device.run_count = 0;
	/* It had been ahead from the beginning. */
	device.now -= 10 * YEAR;
	live_until(device.now + 10 * DAY);
	assert_in_range(device.run_count, 9, 10);
}

static void back_in_two_steps_is_like_back_in_one(void **state)
{
	(void)state;
	live_until(NOON + 5 * DAY + HOUR);
	device.now += 10 * YEAR;
	live_until(device.now);
	device.now -= 5 * YEAR;
	live_until(device.now);
	device.now -= 5 * YEAR;
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 6 * DAY);
}

static void a_run_in_the_future_counts_as_now(void **state)
{
	(void)state;
	device.timer.periodic_unit = CALENDAR_HOURS;
	live_until(NOON + 20 * HOUR + 10);
	device.run_count = 0;
	/* To seconds before the due time of ten hours ago. */
	device.now -= 10 * HOUR + 15;
	live_until(device.now);
	assert_int_equal(device.run_count, 0);
	assert_int_equal(device.memory.last_run, NOON + 20 * HOUR);
	live_until(NOON + 10 * HOUR);
	assert_int_equal(device.run_count, 1);
	assert_int_equal(device.memory.last_run, NOON + 10 * HOUR);
	live_until(NOON + 20 * HOUR - 1);
	assert_int_equal(device.run_count, 10);
}

static void enabling_with_a_run_in_the_future_counts_it_as_now(void **state)
{
	struct scep_timer before;

	(void)state;
	device.timer.periodic = false;
	device.timer.start_time = NOON + 10 * YEAR;
	device.now = NOON + 10 * YEAR + HOUR; /* a wrong clock */
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON + 10 * YEAR);
	device.now = NOON + HOUR;
	before = device.timer;
	device.timer.start_time = NOON; /* not later than now */
	set_and_tell(&before);
	assert_int_equal(plan().action, SCHEDULE_FINISHED);
	before = device.timer;
	device.timer.start_time = NOON + HOUR + 5;
	set_and_tell(&before);
	assert_waits_for(SCEP_TRIGGER_TIMER, NOON + HOUR + 5);
	live_until(NOON + HOUR + 5);
	assert_int_equal(device.run_count, 2);
	assert_int_equal(device.memory.last_run, NOON + HOUR + 5);
}

static void a_step_back_does_not_repeat_the_last_due_time(void **state)
{
	struct scep_timer before;

	(void)state;
	device.timer.periodic = false;
	live_until(NOON + 10);
	assert_int_equal(device.run_count, 1);
	device.now -= 15;
	assert_int_equal(plan().action, SCHEDULE_FINISHED);
	before = device.timer;
	device.timer.enable = false;
	set_and_tell(&before);
	before = device.timer;
	device.timer.enable = true;
	set_and_tell(&before);
	live_until(NOON + DAY);
	assert_int_equal(device.run_count, 1);
}

/* The clock was set back over a run, and an earlier due time is announced with
 * a jitter that ends after that run. */
static void a_run_that_is_announced_below_the_last_one_is_its_own(void **state)
{
	struct schedule_decision decision;

	(void)state;
	device.timer.adjust = true;
	device.memory.last_run = NOON + DAY;
	device.memory.planned_due = NOON;
	device.memory.planned_trigger = SCEP_TRIGGER_TIMER;
	device.memory.planned_from = NOON + DAY - 10;
	device.memory.planned_jitter = 100;
	device.now = NOON + DAY + 1;
	decision = plan();
	assert_int_equal(decision.action, SCHEDULE_WAIT);
	assert_int_equal(decision.due, NOON);
	device.now = NOON + DAY + 90;
	decision = plan();
	assert_int_equal(decision.action, SCHEDULE_RUN);
	/* The last run is not carried out again. */
	assert_int_equal(decision.due, NOON);
	assert_int_equal(device.memory.last_run, NOON + DAY);
}

static void a_clock_that_is_right_again_forgets_the_step(void **state)
{
	(void)state;
	live_until(NOON + 40 * DAY + HOUR);
	device.run_count = 0;
	device.now -= 20 * DAY; /* still after the build */
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 21 * DAY);
	device.now += 20 * DAY;
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 41 * DAY);
	assert_int_equal(device.run_count, 0);
}

static void a_start_in_1970_begins_nothing_by_validity(void **state)
{
	struct schedule_decision decision;

	(void)state;
	device.timer.periodic = false;
	device.timer.renew_before = 30;
	device.timer.adjust = true;
	device.lifetime = 60 * DAY;
	live_until(NOON + DAY);
	assert_int_equal(device.run_count, 1);
	decision = plan();
	device.now = 0;
	for (int i = 0; i < 100; i++, device.now += MINUTE) {
		/* The announced run stands, with its jitter. */
		assert_int_equal(plan().action, SCHEDULE_WAIT);
		assert_int_equal(plan().due, decision.due);
		assert_int_equal(plan().jitter, decision.jitter);
	}
	device.now = NOON + 2 * DAY;
	assert_int_equal(plan().at, decision.at);
	live_until(NOON + 20 * DAY);
	assert_int_equal(device.run_count, 1);
}

static void boots_in_1970_repeat_nothing(void **state)
{
	uint32_t jitter;

	(void)state;
	device.timer.adjust = true;
	/* A series that has due times in 1970 as well. */
	device.timer.start_time = NOON % DAY;
	for (int day = 0; day < 30; day++) {
		live_until(NOON + day * DAY + HOUR);
		assert_int_equal(device.run_count, day + 2);
		jitter = plan().jitter;
		device.now = 10; /* off, and on without a battery */
		live_until(device.now + 3 * DAY);
		device.now = NOON + day * DAY + 2 * HOUR;
		assert_int_equal(plan().jitter, jitter);
		live_until(device.now + MINUTE);
		assert_int_equal(device.run_count, day + 2);
	}
}

static void no_renewal_is_begun_while_the_clock_is_in_doubt(void **state)
{
	struct schedule_decision decision;

	(void)state;
	device.timer.periodic = false;
	device.timer.renew_before = 30;
	device.lifetime = 60 * DAY;
	live_until(NOON + DAY);
	device.now = plan().at + HOUR;
	device.is_doubted = true;
	decision = plan();
	assert_int_equal(decision.action, SCHEDULE_WAIT);
	assert_int_equal(decision.due, NOON + 30 * DAY);
	assert_int_equal(decision.at, device.now + MINUTE);
	/* Nor is one announced. */
	memset(&device.memory, 0, sizeof(device.memory));
	device.memory.handled = NOON;
	decision = plan();
	assert_int_equal(decision.action, SCHEDULE_WAIT);
	assert_int_equal(decision.due, 0);
	assert_int_equal(decision.at, device.now + MINUTE);
	device.is_doubted = false;
	assert_runs_now(SCEP_TRIGGER_RENEWAL, NOON + 30 * DAY);
}

static void a_new_device_in_1970_waits_for_its_start(void **state)
{
	(void)state;
	device.now = 5;
	assert_waits_for(SCEP_TRIGGER_TIMER, NOON);
	device.now = NOON + 100 * DAY; /* the time has come over the network */
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON + 100 * DAY);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 101 * DAY);
}

static void an_error_under_a_wrong_clock_is_retried_in_a_day(void **state)
{
	(void)state;
	device.timer.periodic_unit = CALENDAR_YEARS;
	device.timer.renew_before = 30;
	device.is_failing = true;
	device.now = NOON + 10 * YEAR;
	live_until(device.now);
	assert_int_equal(device.run_count, 1);
	device.now = NOON + DAY;
	assert_waits_for(SCEP_TRIGGER_RENEWAL, NOON + 2 * DAY);
}

static void a_suspend_is_like_being_off(void **state)
{
	(void)state;
	live_until(NOON + HOUR);
	device.now = NOON + 3 * DAY + 5; /* asleep for three days */
	assert_runs_now(SCEP_TRIGGER_PERIODIC, NOON + 3 * DAY);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 4 * DAY);
}

/* --------------------------------------------------------------- settings */

static void switch_to(bool enable)
{
	struct scep_timer before = device.timer;

	device.timer.enable = enable;
	set_and_tell(&before);
}

static void switch_off_and_on(void)
{
	switch_to(false);
	assert_int_equal(plan().action, SCHEDULE_DISABLED);
	assert_int_equal(device.memory.planned_due, 0);
	switch_to(true);
}

static void a_disabled_timer_remembers_its_runs(void **state)
{
	(void)state;
	live_until(NOON + DAY);
	(void)plan();
	switch_to(false);
	assert_int_equal(plan().action, SCHEDULE_DISABLED);
	assert_int_equal(device.memory.last_run, NOON + DAY);
	assert_int_equal(device.memory.last_try, NOON + DAY);
	assert_int_equal(device.memory.planned_due, 0);
}

static void enabling_again_repeats_nothing(void **state)
{
	(void)state;
	live_until(NOON + HOUR);
	for (int i = 0; i < 3; i++)
		switch_off_and_on();
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + DAY);
	device.timer.periodic = false;
	switch_off_and_on();
	assert_int_equal(plan().action, SCHEDULE_FINISHED);
	assert_int_equal(device.run_count, 1);
}

static void enabling_again_runs_what_came_meanwhile(void **state)
{
	(void)state;
	live_until(NOON + HOUR);
	switch_to(false);
	live_until(NOON + 3 * DAY + HOUR);
	switch_to(true);
	assert_runs_now(SCEP_TRIGGER_PERIODIC, NOON + 3 * DAY);
	switch_to(false);
	live_until(NOON + 5 * DAY + HOUR);
	device.timer.missed_policy = SCHEDULE_SKIP;
	switch_to(true);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 6 * DAY);
	/* A skipped due time is not carried out. */
	assert_int_equal(device.memory.last_run, NOON + 3 * DAY);
	switch_to(false);
	device.timer.missed_policy = SCHEDULE_RUN_AT_ONCE;
	switch_to(true);
	assert_runs_now(SCEP_TRIGGER_PERIODIC, NOON + 5 * DAY);
}

static void enabling_again_repeats_no_renewal(void **state)
{
	(void)state;
	device.timer.periodic = false;
	device.timer.renew_before = 30;
	device.lifetime = 90 * DAY;
	live_until(NOON + 60 * DAY);
	assert_int_equal(device.run_count, 2);
	assert_int_equal(device.memory.last_run, NOON + 60 * DAY);
	switch_off_and_on();
	assert_waits_for(SCEP_TRIGGER_RENEWAL, NOON + 120 * DAY);
	/* A renewal that failed waits for its day. */
	device.is_failing = true;
	live_until(NOON + 120 * DAY + HOUR);
	assert_int_equal(device.run_count, 3);
	switch_off_and_on();
	assert_waits_for(SCEP_TRIGGER_RENEWAL, NOON + 121 * DAY);
}

static void another_start_waits_for_the_retry(void **state)
{
	struct scep_timer before;

	(void)state;
	device.timer.periodic = false;
	device.timer.renew_before = 30;
	device.is_failing = true;
	live_until(NOON + HOUR);
	before = device.timer;
	device.timer.start_time = NOON + 10 * DAY;
	set_and_tell(&before);
	assert_waits_for(SCEP_TRIGGER_TIMER, NOON + 10 * DAY);
}

static void another_start_repeats_nothing(void **state)
{
	struct scep_timer before = device.timer;

	(void)state;
	live_until(NOON + DAY + HOUR);
	before = device.timer;
	device.timer.start_time = NOON + 10 * DAY;
	set_and_tell(&before);
	assert_waits_for(SCEP_TRIGGER_TIMER, NOON + 10 * DAY);
	before = device.timer;
	device.timer.start_time = NOON - 10 * DAY;
	set_and_tell(&before);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 2 * DAY);
	before = device.timer;
	device.timer.start_time = NOON + DAY + MINUTE;
	set_and_tell(&before);
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON + DAY + MINUTE);
}

static void a_shorter_interval_makes_no_missed_run(void **state)
{
	struct scep_timer before = device.timer;

	(void)state;
	device.timer.periodic_unit = CALENDAR_YEARS;
	live_until(NOON + 100 * DAY + HOUR);
	before = device.timer;
	device.timer.periodic_unit = CALENDAR_DAYS;
	set_and_tell(&before);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 101 * DAY);
	before = device.timer;
	device.timer.periodic_interval = 7;
	set_and_tell(&before);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 105 * DAY);
	assert_int_equal(device.run_count, 1);
}

static void another_adjust_max_draws_anew(void **state)
{
	struct scep_timer before = device.timer;

	(void)state;
	device.timer.adjust = true;
	(void)plan();
	before = device.timer;
	device.timer.adjust_max = 3;
	set_and_tell(&before);
	assert_in_range(plan().jitter, 1, 3);
	assert_int_equal(device.draws, 2);
	before = device.timer;
	device.timer.adjust = false;
	set_and_tell(&before);
	assert_int_equal(plan().jitter, 0);
}

static void a_change_within_the_jitter_loses_no_run(void **state)
{
	struct scep_timer before;
	int64_t at;

	(void)state;
	device.timer.adjust = true;
	device.timer.missed_policy = SCHEDULE_SKIP;
	do {
		memset(&device.memory, 0, sizeof(device.memory));
		at = plan().at;
	} while (at < NOON + 60);
	device.now = NOON + 30;
	before = device.timer;
	device.timer.renew_before = 7;
	set_and_tell(&before);
	assert_waits_for(SCEP_TRIGGER_TIMER, NOON);
	live_until(at);
	assert_int_equal(device.run_count, 1);
}

static void renew_before_set_while_waiting_is_seen_at_once(void **state)
{
	struct scep_timer before;

	(void)state;
	device.timer.periodic_unit = CALENDAR_YEARS;
	device.lifetime = 300 * DAY;
	live_until(NOON + 200 * DAY);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 365 * DAY);
	before = device.timer;
	device.timer.renew_before = 60;
	set_and_tell(&before);
	assert_waits_for(SCEP_TRIGGER_RENEWAL, NOON + 240 * DAY);
	before = device.timer;
	device.timer.renew_before = 120;
	set_and_tell(&before);
	assert_runs_now(SCEP_TRIGGER_RENEWAL, NOON + 180 * DAY);
}

static void an_open_request_changes_nothing(void **state)
{
	struct scep_schedule before;

	(void)state;
	device.timer.adjust = true;
	(void)plan();
	before = device.memory;
	device.now = NOON + 5 * DAY;
	assert_int_equal(ask(SCHEDULE_OPEN).action, SCHEDULE_BUSY);
	assert_true(schedule_memory_is_same(&before, &device.memory));
}

static void the_same_question_has_the_same_answer(void **state)
{
	struct scep_schedule before;
	struct schedule_decision first, second;

	(void)state;
	device.now = NOON + 3 * DAY;
	before = device.memory;
	first = plan();
	device.memory = before; /* the disk refused */
	second = plan();
	assert_int_equal(first.action, SCHEDULE_RUN);
	assert_int_equal(second.action, SCHEDULE_RUN);
	assert_int_equal(first.due, second.due);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_small_step_back_runs_nothing_twice),
	    TEST(a_small_step_forward_loses_nothing),
	    TEST(ten_years_forward_and_back_is_one_run_more),
	    TEST(a_clock_that_is_set_back_for_good_loses_no_run),
	    TEST(back_in_two_steps_is_like_back_in_one),
	    TEST(a_run_in_the_future_counts_as_now),
	    TEST(enabling_with_a_run_in_the_future_counts_it_as_now),
	    TEST(a_step_back_does_not_repeat_the_last_due_time),
	    TEST(a_run_that_is_announced_below_the_last_one_is_its_own),
	    TEST(a_clock_that_is_right_again_forgets_the_step),
	    TEST(a_start_in_1970_begins_nothing_by_validity),
	    TEST(boots_in_1970_repeat_nothing),
	    TEST(no_renewal_is_begun_while_the_clock_is_in_doubt),
	    TEST(a_new_device_in_1970_waits_for_its_start),
	    TEST(an_error_under_a_wrong_clock_is_retried_in_a_day),
	    TEST(a_suspend_is_like_being_off),
	    TEST(a_disabled_timer_remembers_its_runs),
	    TEST(enabling_again_repeats_nothing),
	    TEST(enabling_again_runs_what_came_meanwhile),
	    TEST(enabling_again_repeats_no_renewal),
	    TEST(another_start_waits_for_the_retry),
	    TEST(another_start_repeats_nothing),
	    TEST(a_shorter_interval_makes_no_missed_run),
	    TEST(another_adjust_max_draws_anew),
	    TEST(a_change_within_the_jitter_loses_no_run),
	    TEST(renew_before_set_while_waiting_is_seen_at_once),
	    TEST(an_open_request_changes_nothing),
	    TEST(the_same_question_has_the_same_answer),
	};

	return cmocka_run_group_tests_name("schedule: clock", tests, NULL,
					   NULL);
}
