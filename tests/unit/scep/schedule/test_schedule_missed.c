/* SPDX-License-Identifier: Apache-2.0 */
/* Adjust and a run that was missed (MIB, rules 8 and 10). */
#include "tests/unit/scep/schedule/schedule_device.h"

#include "scep/timer.h"

#define OFF (3 * HOUR)

/* The announced run with its jitter, at noon. */
static struct schedule_decision announce_at_noon(void)
{
	struct schedule_decision decision;

	device.timer.adjust = true;
	decision = plan();
	assert_int_equal(decision.action, SCHEDULE_WAIT);
	assert_int_equal(decision.begin, NOON + decision.jitter);
	return decision;
}

static void switch_on_at(int64_t now)
{
	device.now = now;
	device.is_first = true;
}

static void assert_begins(int64_t begin, uint32_t jitter)
{
	struct schedule_decision decision = plan();

	assert_int_equal(decision.action, SCHEDULE_WAIT);
	assert_int_equal(decision.jitter, jitter);
	assert_int_equal(decision.begin, begin);
	assert_int_equal(decision.at, begin);
}

/* ------------------------------------------------------------- the site */

static void devices_that_are_switched_on_together_are_spread(void **state)
{
	unsigned int thirds[3] = {0};

	(void)state;
	for (int i = 0; i < 30000; i++) {
		struct schedule_decision decision;

		memset(&device.memory, 0, sizeof(device.memory));
		device.now = NOON - HOUR;
		announce_at_noon();
		switch_on_at(NOON + OFF);
		decision = plan();
		assert_int_equal(decision.action, SCHEDULE_WAIT);
		assert_in_range(decision.begin, NOON + OFF + 1,
				NOON + OFF + 600);
		thirds[(decision.begin - NOON - OFF - 1) / 200]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(thirds[i], 9700, 10300);
}

static void the_jitter_is_the_one_that_was_drawn(void **state)
{
	uint32_t jitter;

	(void)state;
	jitter = announce_at_noon().jitter;
	switch_on_at(NOON + OFF);
	assert_begins(NOON + OFF + jitter, jitter);
	/* It is not counted anew, whoever asks, and after a kill neither. */
	device.now += jitter - 1;
	assert_begins(NOON + OFF + jitter, jitter);
	device.is_first = true;
	assert_begins(NOON + OFF + jitter, jitter);
	assert_int_equal(device.draws, 1);
	device.now++;
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON);
	assert_int_equal(device.runs[0].jitter, jitter);
}

static void off_for_a_moment_is_off(void **state)
{
	uint32_t jitter;

	(void)state;
	jitter = announce_at_noon().jitter;
	switch_on_at(NOON + jitter + 1);
	assert_begins(device.now + jitter, jitter);
}

static void on_again_in_time_changes_nothing(void **state)
{
	uint32_t jitter;

	(void)state;
	jitter = announce_at_noon().jitter;
	switch_on_at(NOON + jitter);
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON);
	assert_int_equal(device.runs[0].jitter, jitter);
}

static void being_a_minute_late_is_not_being_off(void **state)
{
	(void)state;
	device.now = announce_at_noon().begin + MINUTE;
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON);
}

static void a_clock_that_jumps_over_it_is_like_being_off(void **state)
{
	uint32_t jitter;

	(void)state;
	jitter = announce_at_noon().jitter;
	device.now = NOON + OFF;
	assert_begins(NOON + OFF + jitter, jitter);
}

static void a_device_that_is_never_on_for_long_gets_to_it(void **state)
{
	(void)state;
	announce_at_noon();
	switch_on_at(NOON + OFF);
	assert_int_equal(plan().action, SCHEDULE_WAIT);
	switch_on_at(NOON + 2 * OFF);
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON);
}

static void without_adjust_it_is_run_at_once(void **state)
{
	(void)state;
	assert_waits_for(SCEP_TRIGGER_TIMER, NOON);
	switch_on_at(NOON + OFF);
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON);
	assert_int_equal(device.draws, 0);
}

/* ---------------------------------------------------------- the manager */

static void a_start_that_is_set_in_the_past_is_run_at_once(void **state)
{
	static const int64_t ages[] = {1, 100, 10 * DAY};

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		set_up(NULL);
		device.timer.adjust = true;
		device.now = NOON + ages[i];
		assert_runs_now(SCEP_TRIGGER_TIMER, NOON + ages[i] / DAY * DAY);
		assert_int_equal(device.runs[0].jitter, 0);
	}
	/* A start that is now is not in the past. */
	set_up(NULL);
	device.timer.adjust = true;
	device.now = NOON;
	assert_int_equal(plan().action, SCHEDULE_WAIT);
}

static void adjust_that_is_switched_off_begins_it(void **state)
{
	struct scep_timer before;

	(void)state;
	announce_at_noon();
	switch_on_at(NOON + OFF);
	assert_int_equal(plan().action, SCHEDULE_WAIT);
	before = device.timer;
	device.timer.adjust = false;
	set_and_tell(&before);
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON);
	assert_int_equal(device.runs[0].jitter, 0);
}

static void another_adjust_max_spreads_from_the_same_moment(void **state)
{
	struct schedule_decision decision;
	struct scep_timer before;

	(void)state;
	announce_at_noon();
	switch_on_at(NOON + OFF);
	while (plan().jitter <= 10) {
		memset(&device.memory, 0, sizeof(device.memory));
		device.now = NOON - HOUR;
		announce_at_noon();
		switch_on_at(NOON + OFF);
	}
	before = device.timer;
	device.timer.adjust_max = 10;
	set_and_tell(&before);
	decision = plan();
	assert_in_range(decision.jitter, 1, 10);
	assert_int_equal(decision.begin, NOON + OFF + decision.jitter);
}

/* -------------------------------------------------------------- several */

static void several_that_were_missed_have_the_jitter_of_the_first(void **state)
{
	uint32_t jitter;

	(void)state;
	jitter = announce_at_noon().jitter;
	switch_on_at(NOON + 12 * DAY + HOUR);
	assert_begins(NOON + 12 * DAY + HOUR + jitter, jitter);
	device.now += jitter;
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON + 12 * DAY);
	assert_int_equal(device.runs[0].jitter, jitter);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 13 * DAY);
}

static void a_due_time_that_comes_meanwhile_goes_with_it(void **state)
{
	uint32_t jitter;

	(void)state;
	do {
		memset(&device.memory, 0, sizeof(device.memory));
		jitter = announce_at_noon().jitter;
	} while (jitter < 10);
	switch_on_at(NOON + DAY - 5);
	assert_begins(NOON + DAY - 5 + jitter, jitter);
	device.now = NOON + DAY;
	assert_begins(NOON + DAY - 5 + jitter, jitter);
	device.now = NOON + DAY - 5 + jitter;
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON + DAY);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 2 * DAY);
}

static void a_renewal_that_was_missed_is_spread(void **state)
{
	struct schedule_decision decision;

	(void)state;
	device.timer.adjust = true;
	device.timer.periodic = false;
	device.timer.renew_before = 30;
	device.lifetime = 90 * DAY;
	live_until(NOON + HOUR);
	decision = plan();
	assert_int_equal(decision.trigger, SCEP_TRIGGER_RENEWAL);
	switch_on_at(decision.begin + OFF);
	assert_begins(device.now + decision.jitter, decision.jitter);
}

static void the_jitter_of_a_renewal_is_not_that_of_a_due_time(void **state)
{
	struct schedule_decision decision;
	unsigned int draws;

	(void)state;
	device.timer.adjust = true;
	device.timer.renew_before = 30;
	live_until(NOON + HOUR);
	device.not_after = NOON + 30 * DAY + 2 * HOUR;
	assert_waits_for(SCEP_TRIGGER_RENEWAL, NOON + 2 * HOUR);
	draws = device.draws;
	switch_on_at(NOON + 3 * DAY + HOUR);
	decision = plan();
	assert_int_equal(device.draws, draws + 1);
	assert_int_equal(decision.trigger, SCEP_TRIGGER_PERIODIC);
	assert_int_equal(decision.due, NOON + 3 * DAY);
	assert_int_equal(decision.begin, device.now + decision.jitter);
}

/* --------------------------------------------------------------- clocks */

static void a_clock_that_is_set_back_meanwhile_strands_nothing(void **state)
{
	uint32_t jitter;

	(void)state;
	announce_at_noon();
	device.now = NOON + 10 * YEAR;
	assert_int_equal(plan().action, SCHEDULE_WAIT);
	/* To after the due time: it is spread from now. */
	device.now = NOON + HOUR;
	jitter = plan().jitter;
	assert_begins(NOON + HOUR + jitter, jitter);
	/* To before it: as if nothing had been. */
	set_up(NULL);
	jitter = announce_at_noon().jitter;
	device.now = NOON + OFF;
	assert_int_equal(plan().action, SCHEDULE_WAIT);
	device.now = NOON - HOUR;
	assert_begins(NOON + jitter, jitter);
}

/* ----------------------------------------------------------------- skip */

static void what_is_skipped_is_not_spread(void **state)
{
	(void)state;
	device.timer.missed_policy = SCHEDULE_SKIP;
	announce_at_noon();
	switch_on_at(NOON + OFF);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + DAY);
}

static void what_is_spread_is_not_skipped_later(void **state)
{
	uint32_t jitter;

	(void)state;
	device.timer.missed_policy = SCHEDULE_SKIP;
	device.timer.adjust_max = 600;
	do {
		memset(&device.memory, 0, sizeof(device.memory));
		jitter = announce_at_noon().jitter;
	} while (jitter < 300);
	/* Not so late that it counts as missed. */
	switch_on_at(NOON + jitter + 60);
	for (int64_t begin = device.now + jitter; device.now < begin;
	     device.now++)
		assert_begins(begin, jitter);
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON);
}

static void a_due_time_that_goes_with_it_is_not_skipped(void **state)
{
	uint32_t jitter;

	(void)state;
	device.timer.missed_policy = SCHEDULE_SKIP;
	device.timer.periodic_unit = CALENDAR_MINUTES;
	do {
		memset(&device.memory, 0, sizeof(device.memory));
		jitter = announce_at_noon().jitter;
	} while (jitter < 20 || jitter > 25);
	switch_on_at(NOON + 50);
	assert_begins(NOON + 50 + jitter, jitter);
	device.now = NOON + 50 + jitter;
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON + MINUTE);
}

/* ------------------------------------------------------------- database */

static void a_plan_of_an_older_database_is_kept(void **state)
{
	uint32_t jitter;

	(void)state;
	jitter = announce_at_noon().jitter;
	device.memory.planned_from = 0;
	assert_begins(NOON + jitter, jitter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(devices_that_are_switched_on_together_are_spread),
	    TEST(the_jitter_is_the_one_that_was_drawn),
	    TEST(off_for_a_moment_is_off),
	    TEST(on_again_in_time_changes_nothing),
	    TEST(being_a_minute_late_is_not_being_off),
	    TEST(a_clock_that_jumps_over_it_is_like_being_off),
	    TEST(a_device_that_is_never_on_for_long_gets_to_it),
	    TEST(without_adjust_it_is_run_at_once),
	    TEST(a_start_that_is_set_in_the_past_is_run_at_once),
	    TEST(adjust_that_is_switched_off_begins_it),
	    TEST(another_adjust_max_spreads_from_the_same_moment),
	    TEST(several_that_were_missed_have_the_jitter_of_the_first),
	    TEST(a_due_time_that_comes_meanwhile_goes_with_it),
	    TEST(a_renewal_that_was_missed_is_spread),
	    TEST(the_jitter_of_a_renewal_is_not_that_of_a_due_time),
	    TEST(a_clock_that_is_set_back_meanwhile_strands_nothing),
	    TEST(what_is_skipped_is_not_spread),
	    TEST(what_is_spread_is_not_skipped_later),
	    TEST(a_due_time_that_goes_with_it_is_not_skipped),
	    TEST(a_plan_of_an_older_database_is_kept),
	};

	return cmocka_run_group_tests_name("schedule: missed", tests, NULL,
					   NULL);
}
