/* SPDX-License-Identifier: Apache-2.0 */
/* When the timer sends (MIB, rules 8 and 10), and what it does of the past. */
#include "tests/unit/scep/schedule/schedule_device.h"

#include "scep/codes.h"
#include "scep/timer.h"

/* ----------------------------------------------------------------- rule 8 */

static void jitter_is_uniform_in_1_to_adjust_max(void **state)
{
	unsigned int hits[21] = {0};
	const unsigned int draws = 20000;

	(void)state;
	device.timer.adjust = true;
	device.timer.adjust_max = 20;
	for (unsigned int i = 0; i < draws; i++) {
		struct schedule_decision decision;

		memset(&device.memory, 0, sizeof(device.memory));
		decision = plan();
		assert_in_range(decision.jitter, 1, 20);
		assert_int_equal(decision.at, NOON + decision.jitter);
		hits[decision.jitter]++;
	}
	for (int i = 1; i <= 20; i++)
		assert_in_range(hits[i], draws / 20 - 150, draws / 20 + 150);
}

static void jitter_is_drawn_once_per_run(void **state)
{
	uint32_t first;

	(void)state;
	device.timer.adjust = true;
	first = plan().jitter;
	for (; device.now < NOON; device.now += MINUTE)
		assert_int_equal(plan().jitter, first);
	assert_int_equal(device.draws, 1);
	live_until(NOON + 10 * DAY);
	assert_int_equal(device.run_count, 10);
	assert_int_equal(device.runs[0].jitter, first);
	assert_int_equal(device.draws, 11);
}

static void jitter_is_kept_over_a_restart(void **state)
{
	struct scep_schedule stored;
	uint32_t first;

	(void)state;
	device.timer.adjust = true;
	first = plan().jitter;
	/* All that a restart leaves is the memory. */
	stored = device.memory;
	set_up(NULL);
	device.memory = stored;
	device.timer.adjust = true;
	device.seed = 99;
	assert_int_equal(plan().jitter, first);
	device.now = NOON + 1;
	assert_int_equal(plan().jitter, first);
	assert_int_equal(device.draws, 0);
}

static void jitter_is_at_most_half_the_interval(void **state)
{
	(void)state;
	device.timer.adjust = true;
	device.timer.periodic_unit = CALENDAR_MINUTES;
	for (uint32_t minutes = 1; minutes <= 30; minutes++) {
		uint32_t most = minutes * 30 < 600 ? minutes * 30 : 600;
		uint32_t highest = 0;

		device.timer.periodic_interval = minutes;
		for (int i = 0; i < 5000; i++) {
			uint32_t jitter;

			memset(&device.memory, 0, sizeof(device.memory));
			jitter = plan().jitter;
			assert_in_range(jitter, 1, most);
			highest = jitter > highest ? jitter : highest;
		}
		assert_true(highest > most * 9 / 10);
	}
}

static void without_adjust_a_run_is_at_its_due_time(void **state)
{
	(void)state;
	assert_waits_for(SCEP_TRIGGER_TIMER, NOON);
	live_until(NOON);
	assert_int_equal(device.run_count, 1);
	assert_int_equal(device.runs[0].at, NOON);
	assert_int_equal(device.draws, 0);
}

static void nothing_is_begun_before_the_start(void **state)
{
	(void)state;
	device.timer.adjust = true;
	device.timer.renew_before = 30;
	device.not_after = NOON - DAY; /* expired, and still */
	device.now = NOON - 40 * DAY;
	live_until(NOON - 1);
	assert_int_equal(device.run_count, 0);
	live_until(NOON + HOUR);
	assert_int_equal(device.run_count, 1);
	assert_true(device.runs[0].at > NOON);
}

static void a_broken_random_source_ends(void **state)
{
	(void)state;
	device.timer.adjust = true;
	device.timer.adjust_max = 599;
	/* 2^32 is no multiple of 599: all ones is drawn again and again. */
	device.is_stuck = true;
	assert_in_range(plan().jitter, 1, 599);
	assert_in_range(device.draws, 2, 100);
}

/* ---------------------------------------------------------------- rule 10 */

static void a_one_shot_runs_once_and_is_finished(void **state)
{
	(void)state;
	device.timer.periodic = false;
	live_until(NOON + 10 * YEAR);
	assert_int_equal(device.run_count, 1);
	assert_int_equal(device.runs[0].trigger, SCEP_TRIGGER_TIMER);
	assert_int_equal(plan().action, SCHEDULE_FINISHED);
}

static void a_one_shot_that_failed_is_finished(void **state)
{
	(void)state;
	device.timer.periodic = false;
	device.is_failing = true;
	live_until(NOON + YEAR);
	assert_int_equal(device.run_count, 1);
	assert_int_equal(plan().action, SCHEDULE_FINISHED);
}

static void due_times_ignore_jitter_and_errors(void **state)
{
	(void)state;
	device.timer.adjust = true;
	for (int day = 0; day < 1000; day++) {
		device.is_failing = day % 3 == 1;
		live_until(NOON + day * DAY + HOUR);
		assert_int_equal(device.run_count, day + 1);
		assert_int_equal(device.runs[day].due, NOON + day * DAY);
		assert_int_equal(device.runs[day].at,
				 device.runs[day].due +
				     device.runs[day].jitter);
		assert_int_equal(device.runs[day].trigger,
				 day ? SCEP_TRIGGER_PERIODIC
				     : SCEP_TRIGGER_TIMER);
	}
}

static void after_an_error_the_next_due_time_stands(void **state)
{
	(void)state;
	device.is_failing = true;
	live_until(NOON);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + DAY);
}

static void a_run_that_lasts_for_periods_is_followed_by_one(void **state)
{
	struct schedule_decision decision;

	(void)state;
	device.now = NOON;
	assert_int_equal(plan().action, SCHEDULE_RUN);
	device.now = NOON + 3 * DAY + HOUR;
	decision = ask(SCHEDULE_OPEN);
	assert_int_equal(decision.action, SCHEDULE_BUSY);
	decision = plan_after_end(false);
	assert_int_equal(decision.action, SCHEDULE_RUN);
	assert_int_equal(decision.due, NOON + 3 * DAY);
	(void)plan_after_end(true);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 4 * DAY);
}

static void renew_before_brings_the_next_request_forward(void **state)
{
	(void)state;
	device.timer.periodic_unit = CALENDAR_YEARS;
	device.timer.renew_before = 30;
	device.lifetime = 90 * DAY;
	live_until(NOON);
	assert_waits_for(SCEP_TRIGGER_RENEWAL, NOON + 60 * DAY);
	live_until(NOON + 365 * DAY - 1);
	/* every 60 days: 60, 120, 180, 240, 300, 360 */
	assert_int_equal(device.run_count, 7);
	assert_int_equal(device.runs[6].at, NOON + 360 * DAY);
	/* and the series is where it was */
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 365 * DAY);
}

static void a_one_shot_with_renew_before_is_not_finished(void **state)
{
	(void)state;
	device.timer.periodic = false;
	device.timer.renew_before = 10;
	device.lifetime = 100 * DAY;
	live_until(NOON + 1);
	assert_waits_for(SCEP_TRIGGER_RENEWAL, NOON + 90 * DAY);
}

static void with_renew_before_an_error_is_retried_daily(void **state)
{
	(void)state;
	device.timer.periodic_unit = CALENDAR_YEARS;
	device.timer.renew_before = 30;
	device.lifetime = 365 * DAY;
	device.is_failing = true;
	live_until(NOON + 4 * DAY + HOUR);
	assert_int_equal(device.run_count, 5);
	for (int day = 1; day < 5; day++) {
		assert_int_equal(device.runs[day].at, NOON + day * DAY);
		assert_int_equal(device.runs[day].trigger,
				 SCEP_TRIGGER_RENEWAL);
	}
	device.is_failing = false;
	live_until(NOON + 5 * DAY);
	assert_int_equal(device.run_count, 6);
	assert_waits_for(SCEP_TRIGGER_RENEWAL,
			 NOON + 5 * DAY + (365 - 30) * DAY);
}

static void an_expired_certificate_keeps_trying(void **state)
{
	(void)state;
	device.timer.periodic = false;
	device.timer.renew_before = 5;
	device.lifetime = 10 * DAY;
	live_until(NOON + HOUR);
	device.is_failing = true;
	live_until(NOON + 105 * DAY + HOUR);
	assert_int_equal(device.run_count, 1 + 101);
	device.is_failing = false;
	live_until(NOON + 107 * DAY);
	assert_waits_for(SCEP_TRIGGER_RENEWAL, device.not_after - 5 * DAY);
}

static void a_life_shorter_than_renew_before_makes_no_storm(void **state)
{
	(void)state;
	device.timer.periodic = false;
	device.timer.renew_before = 30;
	device.lifetime = 10 * DAY;
	live_until(NOON + 1);
	/* after half of its life */
	assert_waits_for(SCEP_TRIGGER_RENEWAL, NOON + 5 * DAY);
	live_until(NOON + 100 * DAY);
	assert_int_equal(device.run_count, 21);
	/* A certificate that is expired when it comes: daily. */
	device.lifetime = -DAY;
	live_until(NOON + 200 * DAY);
	assert_in_range(device.run_count, 21 + 90, 21 + 101);
}

/* ------------------------------------------------- a CA that is replaced */

static void the_end_of_a_ca_brings_a_run_without_renew_before(void **state)
{
	(void)state;
	device.timer.periodic = false;
	device.lifetime = 300 * DAY;
	live_until(NOON + 1);
	assert_int_equal(plan().action, SCHEDULE_FINISHED);
	device.ca_ends = NOON + 100 * DAY;
	device.next_ca_begins = NOON + 10 * DAY;
	assert_waits_for(SCEP_TRIGGER_ROLLOVER, NOON + 70 * DAY);
	/* Not before there is another to renew under. */
	device.next_ca_begins = NOON + 90 * DAY;
	assert_waits_for(SCEP_TRIGGER_ROLLOVER, NOON + 90 * DAY);
	device.next_ca_begins = NOON + 10 * DAY;
	device.timer.renew_before = 50;
	assert_waits_for(SCEP_TRIGGER_ROLLOVER, NOON + 50 * DAY);
	/* The certificate's own end comes first. */
	device.not_after = NOON + 60 * DAY;
	assert_waits_for(SCEP_TRIGGER_RENEWAL, NOON + 10 * DAY);
}

static void a_server_that_still_has_the_old_ca_makes_no_storm(void **state)
{
	(void)state;
	device.timer.periodic = false;
	device.lifetime = 300 * DAY;
	device.ca_ends = NOON + 20 * DAY;
	device.next_ca_begins = NOON - DAY;
	live_until(NOON + 1);
	assert_waits_for(SCEP_TRIGGER_ROLLOVER, NOON + 10 * DAY);
	live_until(NOON + 40 * DAY);
	assert_in_range(device.run_count, 10, 40);
	/* Under the next one at last. */
	device.ca_ends = 0;
	live_until(NOON + 60 * DAY);
	assert_int_equal(plan().action, SCHEDULE_FINISHED);
}

static void a_series_without_a_certificate_has_no_renewal(void **state)
{
	(void)state;
	device.timer.periodic_unit = CALENDAR_YEARS;
	device.timer.renew_before = 30;
	live_until(NOON + 100 * DAY);
	assert_int_equal(device.run_count, 1);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 365 * DAY);
}

static void a_due_time_that_has_come_covers_a_renewal(void **state)
{
	(void)state;
	device.timer.adjust = true;
	device.timer.renew_before = 30;
	live_until(NOON + 4 * DAY + HOUR);
	/* One second before the due time of the fifth day. */
	device.not_after = NOON + 35 * DAY - 1;
	live_until(NOON + 5 * DAY - 1);
	assert_waits_for(SCEP_TRIGGER_RENEWAL, NOON + 5 * DAY - 1);
	device.now = NOON + 5 * DAY;
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 5 * DAY);
}

static void a_run_cut_off_by_a_kill_is_not_begun_in_a_loop(void **state)
{
	(void)state;
	device.timer.periodic = false;
	device.timer.renew_before = 30;
	device.not_after = NOON + 5 * DAY;
	device.now = NOON + DAY;
	/* Each run is lost with its record; no outcome is ever told. */
	for (int hour = 0; hour < 10 * 24; hour++) {
		if (plan().action == SCHEDULE_RUN)
			device.run_count++;
		assert_int_equal(plan().action, SCHEDULE_WAIT);
		device.now += HOUR;
	}
	assert_int_equal(device.run_count, 10);
}

/* ---------------------------------------------------------- missed policy */

static void a_start_in_the_past_runs_at_once(void **state)
{
	(void)state;
	device.now = NOON + 10 * HOUR;
	device.timer.periodic = false;
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON);
	assert_int_equal(plan().action, SCHEDULE_FINISHED);
}

static void however_many_were_missed_one_run_is_made(void **state)
{
	(void)state;
	live_until(NOON + 2 * DAY + HOUR);
	assert_int_equal(device.run_count, 3);
	device.now = NOON + 12 * DAY + HOUR; /* off for ten days */
	assert_runs_now(SCEP_TRIGGER_PERIODIC, NOON + 12 * DAY);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 13 * DAY);
}

static void a_start_in_1970_by_the_minute_is_one_run(void **state)
{
	(void)state;
	device.timer.start_time = 1;
	device.timer.periodic_unit = CALENDAR_MINUTES;
	assert_runs_now(SCEP_TRIGGER_TIMER, device.now / 60 * 60 - 59);
	assert_waits_for(SCEP_TRIGGER_PERIODIC, device.now + 1);
}

static void skip_waits_for_the_next_period(void **state)
{
	(void)state;
	device.timer.missed_policy = SCHEDULE_SKIP;
	live_until(NOON + 2 * DAY + HOUR);
	device.now = NOON + 12 * DAY + HOUR;
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + 13 * DAY);
	assert_int_equal(device.memory.handled, NOON + 12 * DAY);
	live_until(NOON + 13 * DAY);
	assert_int_equal(device.run_count, 4);
}

static void skip_of_a_start_in_the_past_is_exact(void **state)
{
	(void)state;
	device.timer.missed_policy = SCHEDULE_SKIP;
	device.now = NOON + 1;
	assert_waits_for(SCEP_TRIGGER_PERIODIC, NOON + DAY);
	/* but the very second is not the past */
	set_up(NULL);
	device.timer.missed_policy = SCHEDULE_SKIP;
	device.now = NOON;
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON);
}

static void a_one_shot_that_is_skipped_is_finished(void **state)
{
	(void)state;
	device.timer.periodic = false;
	device.timer.missed_policy = SCHEDULE_SKIP;
	device.now = NOON + HOUR;
	assert_int_equal(plan().action, SCHEDULE_FINISHED);
	assert_int_equal(plan().action, SCHEDULE_FINISHED);
}

static void off_over_the_due_time_counts_as_past(void **state)
{
	(void)state;
	device.timer.periodic = false;
	assert_waits_for(SCEP_TRIGGER_TIMER, NOON);
	device.now = NOON + 3 * HOUR;
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON);
	set_up(NULL);
	device.timer.periodic = false;
	device.timer.missed_policy = SCHEDULE_SKIP;
	assert_waits_for(SCEP_TRIGGER_TIMER, NOON);
	device.now = NOON + 3 * HOUR;
	assert_int_equal(plan().action, SCHEDULE_FINISHED);
}

static void a_minute_late_is_not_missed(void **state)
{
	(void)state;
	device.timer.missed_policy = SCHEDULE_SKIP;
	device.timer.adjust = true;
	device.now = plan().at + MINUTE;
	assert_runs_now(SCEP_TRIGGER_TIMER, NOON);
}

static void off_before_the_jitter_is_over_still_waits_for_it(void **state)
{
	int64_t at;

	(void)state;
	device.timer.adjust = true;
	device.timer.adjust_max = 600;
	do {
		memset(&device.memory, 0, sizeof(device.memory));
		at = plan().at;
	} while (at < NOON + 60);
	device.now = NOON + 30; /* on again after the due time */
	assert_waits_for(SCEP_TRIGGER_TIMER, NOON);
	assert_int_equal(plan().at, at);
}

static void skipped_days_do_not_skip_a_renewal(void **state)
{
	(void)state;
	device.timer.missed_policy = SCHEDULE_SKIP;
	device.timer.periodic_unit = CALENDAR_YEARS;
	device.timer.renew_before = 30;
	device.lifetime = 100 * DAY;
	live_until(NOON + DAY);
	device.now = NOON + 80 * DAY;
	assert_runs_now(SCEP_TRIGGER_RENEWAL, NOON + 70 * DAY);
}

/* ---------------------------------------------------------------- polling */

static void the_first_retry_is_anywhere_in_the_interval(void **state)
{
	struct schedule_retry retry = {
	    .is_again = true, .wait = 300, .code = SCEP_COMM_ERROR};
	unsigned int thirds[3] = {0};
	uint32_t low = UINT32_MAX, high = 0;

	(void)state;
	for (int i = 0; i < 30000; i++) {
		uint32_t wait = schedule_spread(&retry, 0, draw, &device);

		assert_in_range(wait, 1, 300);
		low = wait < low ? wait : low;
		high = wait > high ? wait : high;
		thirds[(wait - 1) / 100]++;
	}
	assert_int_equal(low, 1);
	assert_int_equal(high, 300);
	for (int i = 0; i < 3; i++)
		assert_in_range(thirds[i], 9700, 10300);
}

static void later_retries_keep_to_the_interval(void **state)
{
	struct schedule_retry retry = {
	    .is_again = true, .wait = 300, .code = SCEP_HTTP_ERROR};

	(void)state;
	for (uint32_t polls = 1; polls < 20; polls++)
		assert_int_equal(schedule_spread(&retry, polls, draw, &device),
				 300);
	assert_int_equal(device.draws, 0);
}

static void a_deferral_is_polled_every_interval(void **state)
{
	struct schedule_retry retry = {
	    .is_again = true, .wait = 300, .code = SCEP_DEFERRED};

	(void)state;
	assert_int_equal(schedule_spread(&retry, 0, draw, &device), 300);
	assert_int_equal(device.draws, 0);
}

/* A server that is down may tell all devices the same moment. */
static void
what_the_server_asks_is_spread_over_the_interval_after_it(void **state)
{
	uint32_t low = UINT32_MAX, high = 0;

	(void)state;
	device.timer.poll_interval = 300;
	for (int i = 0; i < 30000; i++) {
		uint32_t wait =
		    schedule_spread_asked(&device.timer, 120, draw, &device);

		low = wait < low ? wait : low;
		high = wait > high ? wait : high;
	}
	assert_int_equal(low, 121);
	assert_int_equal(high, 420);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(jitter_is_uniform_in_1_to_adjust_max),
	    TEST(jitter_is_drawn_once_per_run),
	    TEST(jitter_is_kept_over_a_restart),
	    TEST(jitter_is_at_most_half_the_interval),
	    TEST(without_adjust_a_run_is_at_its_due_time),
	    TEST(nothing_is_begun_before_the_start),
	    TEST(a_broken_random_source_ends),
	    TEST(a_one_shot_runs_once_and_is_finished),
	    TEST(a_one_shot_that_failed_is_finished),
	    TEST(due_times_ignore_jitter_and_errors),
	    TEST(after_an_error_the_next_due_time_stands),
	    TEST(a_run_that_lasts_for_periods_is_followed_by_one),
	    TEST(renew_before_brings_the_next_request_forward),
	    TEST(a_one_shot_with_renew_before_is_not_finished),
	    TEST(with_renew_before_an_error_is_retried_daily),
	    TEST(an_expired_certificate_keeps_trying),
	    TEST(a_life_shorter_than_renew_before_makes_no_storm),
	    TEST(the_end_of_a_ca_brings_a_run_without_renew_before),
	    TEST(a_server_that_still_has_the_old_ca_makes_no_storm),
	    TEST(a_series_without_a_certificate_has_no_renewal),
	    TEST(a_due_time_that_has_come_covers_a_renewal),
	    TEST(a_run_cut_off_by_a_kill_is_not_begun_in_a_loop),
	    TEST(a_start_in_the_past_runs_at_once),
	    TEST(however_many_were_missed_one_run_is_made),
	    TEST(a_start_in_1970_by_the_minute_is_one_run),
	    TEST(skip_waits_for_the_next_period),
	    TEST(skip_of_a_start_in_the_past_is_exact),
	    TEST(a_one_shot_that_is_skipped_is_finished),
	    TEST(off_over_the_due_time_counts_as_past),
	    TEST(a_minute_late_is_not_missed),
	    TEST(off_before_the_jitter_is_over_still_waits_for_it),
	    TEST(skipped_days_do_not_skip_a_renewal),
	    TEST(the_first_retry_is_anywhere_in_the_interval),
	    TEST(later_retries_keep_to_the_interval),
	    TEST(a_deferral_is_polled_every_interval),
	    TEST(what_the_server_asks_is_spread_over_the_interval_after_it),
	};

	return cmocka_run_group_tests_name("schedule: plan", tests, NULL, NULL);
}
