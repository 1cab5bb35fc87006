/* SPDX-License-Identifier: Apache-2.0 */
/* A timer over time off and over steps of the clock (MIB, rules 8 and 10). */
#include "tests/unit/scep/enroll/timer_world.h"

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/status_row.h"
#include "scep/timer.h"

#define YEARS_10 (3652 * DAY)

/* Off for so long, with the clock going on. */
static void be_off(struct device *d, int64_t seconds)
{
	device_kill(d);
	virtual_io_advance(&d->io, (uint64_t)seconds * 1000);
	device_start(d);
	device_run(d);
}

/* ----------------------------------------------------------------- off -- */

static void what_was_missed_while_off_is_run_at_once(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	enable_periodic(d, start, CALENDAR_HOURS, 1);
	be_off(d, 3 * HOUR + 30 * MINUTE);
	/* One for all three, in the row that announced the first. */
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(d->ca.transactions, 1);
	assert_waits_for(d, start + 3 * HOUR, SCEP_TRIGGER_PERIODIC);
	be_off(d, HOUR);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_waits_for(d, start + 4 * HOUR, SCEP_TRIGGER_PERIODIC);
}

static void what_was_missed_while_off_can_be_skipped(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_number(d, SCEP_AUTO_MISSED_POLICY, 1, SCHEDULE_SKIP);
	enable_periodic(d, start, CALENDAR_HOURS, 1);
	be_off(d, 3 * HOUR + 30 * MINUTE);
	assert_int_equal(d->io.fetches, 0);
	assert_waits_for(d, start + 3 * HOUR, SCEP_TRIGGER_PERIODIC);
	assert_int_equal(announced(d, 1)->index, 1);
	device_run_for(d, HOUR);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
}

static void a_one_shot_that_was_skipped_is_finished(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_AUTO_MISSED_POLICY, 1, SCHEDULE_SKIP);
	enable(d, d->io.wall + HOUR);
	be_off(d, 2 * HOUR);
	assert_int_equal(d->io.fetches, 0);
	assert_int_equal(timer(d)->oper_status, FINISHED);
	assert_int_equal(device_view(d)->statuses.count, 0);
	assert_int_equal(timer(d)->values.challenge_password.length, 0);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
}

static void the_jitter_is_kept_over_a_kill(void **state)
{
	struct device *d = *state;
	int64_t next;
	uint32_t jitter;

	device_number(d, SCEP_AUTO_ADJUST, 1, 1);
	enable(d, d->io.wall + HOUR);
	next = timer(d)->next_request_time;
	jitter = timer(d)->adjust_applied;
	for (int i = 0; i < 8; i++) {
		be_off(d, MINUTE);
		assert_int_equal(timer(d)->next_request_time, next);
		assert_int_equal(timer(d)->adjust_applied, jitter);
		assert_int_equal(announced(d, 1)->index, 1);
	}
	device_run_for(d, (uint32_t)(next - d->io.wall - 1));
	assert_int_equal(d->io.fetches, 0);
	device_run_for(d, 1);
	device_run(d);
	assert_int_equal(row(d, 1)->finish_time, next);
	/* AdjustApplied is that of the run that is done. */
	assert_int_equal(timer(d)->adjust_applied, jitter);
}

static void a_missed_run_with_adjust_is_spread_from_the_start(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR, found;
	uint32_t jitter;

	device_number(d, SCEP_AUTO_ADJUST, 1, 1);
	enable(d, start);
	jitter = timer(d)->adjust_applied;
	be_off(d, 3 * HOUR);
	found = d->io.wall;
	assert_int_equal(d->io.fetches, 0);
	assert_int_equal(timer(d)->oper_status, WAITING);
	assert_int_equal(timer(d)->adjust_applied, jitter);
	assert_int_equal(timer(d)->next_request_time, found + jitter);
	/* It was due when it was due. */
	assert_int_equal(announced(d, 1)->index, 1);
	assert_int_equal(announced(d, 1)->request_time, start);
	device_run_for(d, jitter - 1);
	device_restart(d);
	device_run(d);
	assert_int_equal(d->io.fetches, 0);
	assert_int_equal(timer(d)->next_request_time, found + jitter);
	device_run_for(d, 1);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(row(d, 1)->finish_time, found + jitter);
	assert_int_equal(timer(d)->adjust_applied, jitter);
}

static void a_start_set_in_the_past_is_not_spread(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_AUTO_ADJUST, 1, 1);
	enable(d, d->io.wall - 1);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(timer(d)->adjust_applied, 0);
}

static void a_poll_and_its_count_outlive_a_kill(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 3, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 9);
	enable_periodic(d, d->io.wall, CALENDAR_HOURS, 1);
	for (int i = 0; i < 8; i++) {
		be_off(d, 40);
		if (scep_status_is_open(row(d, 1)))
			assert_int_equal(timer(d)->oper_status, POLLING);
	}
	assert_row(d, 1, SCEP_STATE_ERROR, SCEP_POLL_LIMIT, SCEP_TRIGGER_TIMER);
	assert_int_equal(d->ca.seen[CA_PKI], 4);
	assert_int_equal(timer(d)->oper_status, WAITING);
}

/* --------------------------------------------------------------- clocks -- */

/* Four runs at their times, by the hour. */
static int64_t four_hours(struct device *d)
{
	int64_t start = d->io.wall;

	enable_periodic(d, start, CALENDAR_HOURS, 1);
	run_by_minutes(d, 3 * 60 + 10);
	assert_int_equal(d->ca.seen[CA_CAPS], 4);
	return start;
}

static void a_step_of_ten_years_forward_and_back_is_one_run(void **state)
{
	struct device *d = *state;
	int64_t start = four_hours(d), right;

	set_clock(d, d->io.wall + YEARS_10);
	run_by_minutes(d, 5);
	assert_int_equal(d->ca.seen[CA_CAPS], 5);
	right = d->io.wall - YEARS_10;
	set_clock(d, right);
	run_by_minutes(d, 25);
	assert_int_equal(d->ca.seen[CA_CAPS], 5);
	/* Not in ten years: at the next due time. */
	assert_waits_for(d, start + 4 * HOUR, SCEP_TRIGGER_PERIODIC);
	run_by_minutes(d, 60);
	assert_int_equal(d->ca.seen[CA_CAPS], 6);
	assert_waits_for(d, start + 5 * HOUR, SCEP_TRIGGER_PERIODIC);
}

static void a_step_of_ten_years_back_makes_no_storm(void **state)
{
	struct device *d = *state;
	int64_t start = four_hours(d), wall = d->io.wall;

	set_clock(d, wall - YEARS_10);
	run_by_minutes(d, 120);
	/* That was before the program was built, or before the start. */
	assert_int_equal(d->ca.seen[CA_CAPS], 4);
	set_clock(d, wall + 120 * MINUTE);
	device_run(d);
	assert_in_range(d->ca.seen[CA_CAPS], 4, 5);
	run_by_minutes(d, 60);
	assert_int_equal(d->ca.seen[CA_CAPS], 6);
	assert_waits_for(d, start + 7 * HOUR, SCEP_TRIGGER_PERIODIC);
}

static void a_start_in_1970_repeats_nothing(void **state)
{
	struct device *d = *state;
	int64_t start = four_hours(d), wall = d->io.wall;

	for (int boot = 0; boot < 3; boot++) {
		device_kill(d);
		d->io.wall = 30;
		device_start(d);
		run_by_minutes(d, 10);
		assert_int_equal(d->ca.seen[CA_CAPS], 4);
		assert_waits_for(d, start + 4 * HOUR, SCEP_TRIGGER_PERIODIC);
	}
	/* Its time server has answered. */
	set_clock(d, wall + 30 * MINUTE);
	assert_waits_for(d, start + 4 * HOUR, SCEP_TRIGGER_PERIODIC);
	run_by_minutes(d, 30);
	assert_int_equal(d->ca.seen[CA_CAPS], 5);
}

static void a_new_device_in_1970_waits_for_its_start(void **state)
{
	struct device *d = *state;
	int64_t wall = d->io.wall, start = wall + HOUR;

	d->io.wall = 30;
	enable(d, start);
	run_by_minutes(d, 30);
	assert_int_equal(d->io.fetches, 0);
	assert_waits_for(d, start, SCEP_TRIGGER_TIMER);
	set_clock(d, wall + 2 * HOUR);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
}

static void no_renewal_is_begun_in_1970(void **state)
{
	struct device *d = *state;
	int64_t due, wall;

	d->ca.certificate_life = 31 * DAY;
	device_number(d, SCEP_AUTO_RENEW_BEFORE, 1, 30);
	enable(d, d->io.wall);
	device_run(d);
	due = SCRIPTED_NOW + DAY;
	assert_waits_for(d, due, SCEP_TRIGGER_RENEWAL);
	wall = d->io.wall;
	device_kill(d);
	d->io.wall = 30;
	device_start(d);
	run_by_minutes(d, 60);
	assert_int_equal(d->ca.seen[CA_CAPS], 1);
	d->ca.certificate_life = 90 * DAY;
	set_clock(d, wall + DAY);
	device_run(d);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_RENEWAL);
}

static void a_suspend_is_like_being_off(void **state)
{
	struct device *d = *state;
	int64_t start = four_hours(d);

	/* The monotonic clock stands meanwhile. */
	set_clock(d, d->io.wall + 5 * HOUR);
	device_run(d);
	assert_int_equal(d->ca.seen[CA_CAPS], 5);
	assert_waits_for(d, start + 9 * HOUR, SCEP_TRIGGER_PERIODIC);
}

/* A step is noticed although nothing else happens: the tick comes at least
 * once a minute, and then the wake-up is asked for anew. */
static void a_step_moves_the_wake_up(void **state)
{
	struct device *d = *state;

	enable(d, d->io.wall + DAY);
	device_run(d);
	set_clock(d, d->io.wall + DAY - 10);
	assert_int_equal(d->io.wake, d->io.mono + 10 * 1000);
	set_clock(d, d->io.wall - HOUR);
	assert_int_equal(d->io.wake, d->io.mono + (HOUR + 10) * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_missed_while_off_is_run_at_once),
	    TEST(what_was_missed_while_off_can_be_skipped),
	    TEST(a_one_shot_that_was_skipped_is_finished),
	    TEST(the_jitter_is_kept_over_a_kill),
	    TEST(a_missed_run_with_adjust_is_spread_from_the_start),
	    TEST(a_start_set_in_the_past_is_not_spread),
	    TEST(a_poll_and_its_count_outlive_a_kill),
	    TEST(a_step_of_ten_years_forward_and_back_is_one_run),
	    TEST(a_step_of_ten_years_back_makes_no_storm),
	    TEST(a_start_in_1970_repeats_nothing),
	    TEST(a_new_device_in_1970_waits_for_its_start),
	    TEST(no_renewal_is_begun_in_1970),
	    TEST(a_suspend_is_like_being_off),
	    TEST(a_step_moves_the_wake_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
