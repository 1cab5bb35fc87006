/* SPDX-License-Identifier: Apache-2.0 */
/* Timers under Sets, and under a disk that refuses (MIB, rules 1, 2, 4, 6, 10
 * and 12). */
#include "tests/unit/scep/enroll/timer_world.h"

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "tests/lib/disk.h"

/* A test that failed may have left the disk full. */
static int well_setup(void **state)
{
	disk_reset();
	return timer_setup(state);
}

/* A Set of one number that is taken back. */
static void revert(struct device *d)
{
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run(d);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_tick(d);
	device_run(d);
}

/* ------------------------------------------------------------ disabling -- */

static void disabling_removes_the_row_and_wipes_the_challenge(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_number(d, SCEP_AUTO_ADJUST, 1, 1);
	enable(d, start);
	device_set_number(d, SCEP_AUTO_ENABLE, 1, 0);
	assert_nothing_to_come(d);
	assert_int_equal(device_view(d)->statuses.count, 0);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
	device_run_for(d, 2 * HOUR);
	assert_int_equal(d->ca.seen[CA_CAPS], 0);
	/* Its number is not given again. */
	enable(d, d->io.wall + HOUR);
	assert_int_equal(announced(d, 1)->index, 2);
}

static void a_kill_right_after_disabling_leaves_no_row(void **state)
{
	struct device *d = *state;

	enable(d, d->io.wall + HOUR);
	device_number(d, SCEP_AUTO_ENABLE, 1, 0);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_restart(d);
	assert_nothing_to_come(d);
	assert_int_equal(device_view(d)->statuses.count, 0);
	assert_int_equal(d->event_count, 0);
}

static void a_kill_right_after_enabling_announces_the_run(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	add_timer(d, 1, start);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_restart(d);
	assert_waits_for(d, start, SCEP_TRIGGER_TIMER);
	assert_int_equal(device_view(d)->statuses.count, 1);
}

static void a_request_goes_on_when_its_timer_is_disabled(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_CERT, CA_AWAY, 0, 1);
	enable_periodic(d, d->io.wall + HOUR, CALENDAR_HOURS, 1);
	device_run_for(d, HOUR);
	device_run(d);
	assert_int_equal(timer(d)->oper_status, POLLING);
	device_set_number(d, SCEP_AUTO_ENABLE, 1, 0);
	assert_nothing_to_come(d);
	device_run_for(d, 2 * HOUR);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	/* It kept its own copy until the server had answered. */
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
	assert_int_equal(device_view(d)->statuses.count, 1);
}

/* ------------------------------------------------------------- settings -- */

static void a_change_while_waiting_works_out_the_run_anew(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	enable_periodic(d, start, CALENDAR_HOURS, 1);
	device_number(d, SCEP_AUTO_START_TIME, 1, start + DAY);
	device_text(d, SCEP_AUTO_KEY_NAME, 1, "ipsec");
	device_set(d);
	assert_waits_for(d, start + DAY, SCEP_TRIGGER_TIMER);
	/* It is still the same row. */
	assert_int_equal(announced(d, 1)->index, 1);
	assert_string_equal(announced(d, 1)->key_name, "ipsec");
	device_run_for(d, DAY);
	assert_int_equal(d->ca.seen[CA_CAPS], 0);
	device_run_for(d, HOUR);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	/* A run that is done is not done again for a new interval. */
	device_number(d, SCEP_AUTO_PERIODIC_UNIT, 1, CALENDAR_MINUTES);
	device_number(d, SCEP_AUTO_PERIODIC_INTERVAL, 1, 20);
	device_set(d);
	assert_waits_for(d, start + DAY + 20 * MINUTE, SCEP_TRIGGER_PERIODIC);
}

static void a_change_of_something_else_keeps_the_jitter(void **state)
{
	struct device *d = *state;
	int64_t next;

	device_number(d, SCEP_AUTO_ADJUST, 1, 1);
	enable(d, d->io.wall + HOUR);
	next = timer(d)->next_request_time;
	for (int i = 0; i < 10; i++) {
		device_text(d, SCEP_PROFILE_NAME, 1, i % 2 ? "odd" : "even");
		device_set(d);
		assert_int_equal(timer(d)->next_request_time, next);
		assert_string_equal(announced(d, 1)->profile_name,
				    i % 2 ? "odd" : "even");
	}
}

static void settings_are_locked_while_its_request_is_open(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	enable_periodic(d, d->io.wall + HOUR, CALENDAR_HOURS, 1);
	device_run_for(d, HOUR);
	device_run(d);
	device_text(d, SCEP_AUTO_COMMON_NAME, 1, "another.example");
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
	device_number(d, SCEP_AUTO_POLL_INTERVAL, 1, 30);
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
	/* The value that it has is no change. */
	device_set_number(d, SCEP_AUTO_POLL_INTERVAL, 1, 60);
	device_run_for(d, 2 * MINUTE);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	device_set_number(d, SCEP_AUTO_POLL_INTERVAL, 1, 30);
}

static void no_manual_request_while_it_is_enabled(void **state)
{
	struct device *d = *state;

	enable(d, d->io.wall + HOUR);
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "web");
	device_text(d, SCEP_REQUEST_COMMON_NAME, 1, "printer.example");
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_SEND);
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
	/* A row that only announces is no open request. */
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
	assert_waits_for(d, d->io.wall + HOUR, SCEP_TRIGGER_TIMER);
	/* Disabling and sending go together. */
	device_number(d, SCEP_AUTO_ENABLE, 1, 0);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_nothing_to_come(d);
	assert_int_equal(device_view(d)->statuses.count, 1);
}

static void a_cancelled_run_leaves_the_next_one(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	enable_periodic(d, start, CALENDAR_HOURS, 1);
	device_run_for(d, HOUR);
	device_run(d);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_row(d, 1, SCEP_STATE_ERROR, SCEP_CANCELLED, SCEP_TRIGGER_TIMER);
	assert_waits_for(d, start + HOUR, SCEP_TRIGGER_PERIODIC);
	device_run_for(d, HOUR);
	device_run(d);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
}

static void a_request_of_the_timer_is_not_that_of_the_last_send(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	device_send(d, 1);
	device_run(d);
	assert_int_equal(device_profile(d, 1)->request_status_index, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	enable_periodic(d, d->io.wall + HOUR, CALENDAR_HOURS, 1);
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, "for later");
	device_set(d);
	device_run_for(d, HOUR);
	device_run(d);
	assert_int_equal(timer(d)->oper_status, POLLING);
	assert_int_equal(device_profile(d, 1)->request_status_index, 1);
	device_run_for(d, HOUR / 2);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	/* The challenge for a later manual request stays. */
	assert_int_equal(
	    device_profile(d, 1)->request.challenge_password.length,
	    strlen("for later"));
}

static void a_restart_makes_no_send_of_a_request_of_the_timer(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	enable(d, d->io.wall);
	device_run(d);
	assert_int_equal(timer(d)->oper_status, POLLING);
	device_restart(d);
	assert_int_equal(device_profile(d, 1)->request_status_index, 0);
}

/* ----------------------------------------------------- Sets taken back -- */

static void a_reverted_set_leaves_the_schedule_as_it_was(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR, next;
	struct scep_schedule memory;

	device_number(d, SCEP_AUTO_ADJUST, 1, 1);
	enable_periodic(d, start, CALENDAR_HOURS, 1);
	next = timer(d)->next_request_time;
	memory = timer(d)->memory;
	device_number(d, SCEP_AUTO_ENABLE, 1, 0);
	revert(d);
	device_number(d, SCEP_AUTO_START_TIME, 1, start - DAY);
	revert(d);
	device_number(d, SCEP_AUTO_PERIODIC_UNIT, 1, CALENDAR_MINUTES);
	revert(d);
	assert_waits_for(d, start, SCEP_TRIGGER_TIMER);
	assert_int_equal(timer(d)->next_request_time, next);
	assert_true(schedule_memory_is_same(&memory, &timer(d)->memory));
	assert_int_equal(announced(d, 1)->index, 1);
	assert_int_equal(timer(d)->values.challenge_password.length,
			 strlen(DEVICE_SECRET));
	assert_int_equal(d->io.fetches, 0);
	device_restart(d);
	assert_int_equal(timer(d)->next_request_time, next);
}

static void enabling_that_is_taken_back_runs_nothing(void **state)
{
	struct device *d = *state;

	add_timer(d, 1, d->io.wall - HOUR);
	revert(d);
	assert_nothing_to_come(d);
	assert_int_equal(device_view(d)->statuses.count, 0);
	device_run_for(d, DAY);
	assert_int_equal(d->io.fetches, 0);
}

static void a_run_that_is_due_waits_for_the_end_of_a_set(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + 2;

	enable(d, start);
	device_number(d, SCEP_AUTO_ENABLE, 1, 0);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run_for(d, 3);
	assert_int_equal(d->io.fetches, 0);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_tick(d);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(timer(d)->oper_status, FINISHED);
}

/* The request ends between the Set and its being taken back. */
static void end_within_a_reverted_set(struct device *d, enum scep_field field,
				      int64_t number, int64_t not_after)
{
	device_number(d, SCEP_AUTO_RENEW_BEFORE, 1, 30);
	enable(d, d->io.wall);
	if (field == SCEP_PROFILE_NAME)
		device_text(d, field, 1, "another");
	else
		device_number(d, field, 1, number);
	revert(d);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_waits_for(d, not_after - 30 * DAY, SCEP_TRIGGER_RENEWAL);
}

static void a_reverted_set_does_not_forget_how_a_request_ended(void **state)
{
	struct device *d = *state;
	int64_t not_after = SCRIPTED_NOW + d->ca.certificate_life;

	end_within_a_reverted_set(d, SCEP_PROFILE_NAME, 0, not_after);
}

static void a_reverted_disabling_does_not_forget_it_either(void **state)
{
	struct device *d = *state;
	int64_t not_after = SCRIPTED_NOW + d->ca.certificate_life;

	end_within_a_reverted_set(d, SCEP_AUTO_ENABLE, 0, not_after);
}

/* ------------------------------------------------------------- the disk -- */

/* Counts the times that the engine is woken in that time. */
static unsigned int wakes_within(struct device *d, int64_t seconds)
{
	uint64_t end = d->io.mono + (uint64_t)seconds * 1000;
	unsigned int count = 0;

	while (d->io.wake != 0 && d->io.wake <= end) {
		virtual_io_advance(&d->io, d->io.wake - d->io.mono);
		device_run(d);
		count++;
	}
	return count;
}

static void a_run_that_cannot_be_written_is_made_when_it_can(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	enable_periodic(d, start, CALENDAR_HOURS, 1);
	disk_reset();
	disk.is_full = true;
	device_run_for(d, HOUR);
	/* Tried every five seconds, and no more often. */
	assert_in_range(wakes_within(d, 30 * MINUTE), 300, 400);
	assert_int_equal(d->io.fetches, 0);
	assert_int_equal(announced(d, 1)->request_time, start);
	assert_int_equal(device_view(d)->statuses.count, 1);
	disk_reset();
	device_run_for(d, 10);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_waits_for(d, start + HOUR, SCEP_TRIGGER_PERIODIC);
	assert_int_equal(d->ca.transactions, 1);
	assert_int_equal(device_view(d)->statuses.count, 2);
}

/* Of all that is written from before the run to after it, one is refused, and
 * the device is killed then or goes on. */
static void whatever_write_is_refused_there_is_one_run(void **state)
{
	bool is_more = true;

	for (unsigned int number = 1; is_more; number++) {
		struct device *d = *state;
		int64_t start = d->io.wall + HOUR;

		enable_periodic(d, start, CALENDAR_HOURS, 1);
		disk_reset();
		disk.refused = number;
		device_run_for(d, HOUR + 30 * MINUTE);
		device_run(d);
		is_more = disk.writes >= number;
		disk_reset();
		if (number % 2)
			device_restart(d);
		device_run_for(d, MINUTE);
		device_run(d);
		/* Successful, or ended as what the disk said. */
		assert_false(scep_status_is_open(row(d, 1)));
		assert_waits_for(d, start + HOUR, SCEP_TRIGGER_PERIODIC);
		assert_int_equal(announced(d, 1)->index, 2);
		assert_true(d->ca.transactions <= 1);
		device_teardown(state);
		timer_setup(state);
		assert_true(is_more || number > 8);
	}
}

static void killed_at_any_step_there_is_one_run(void **state)
{
	bool is_more = true;

	for (int steps = 0; is_more; steps++) {
		struct device *d = *state;
		int64_t start = d->io.wall + HOUR;

		enable_periodic(d, start, CALENDAR_HOURS, 1);
		virtual_io_advance(&d->io, HOUR * 1000);
		for (int i = 0; is_more && i < steps; i++)
			is_more = device_step(d);
		device_restart(d);
		device_run(d);
		assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
			   SCEP_TRIGGER_TIMER);
		assert_waits_for(d, start + HOUR, SCEP_TRIGGER_PERIODIC);
		assert_int_equal(announced(d, 1)->index, 2);
		assert_true(d->ca.keys == 1 && d->ca.transactions == 1);
		device_only_key(d);
		device_teardown(state);
		timer_setup(state);
		assert_true(is_more || steps > 8);
	}
}

/* ------------------------------------------------------------- profiles -- */

static void add_second_profile(struct device *d, bool is_volatile)
{
	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	if (is_volatile)
		device_number(d, SCEP_PROFILE_STORAGE_TYPE, 2,
			      SCEP_STORAGE_VOLATILE);
	device_set(d);
	device_fill(d, 2);
	add_timer(d, 2, d->io.wall + HOUR);
	device_set(d);
	assert_non_null(announced(d, 2));
}

static void destroying_a_profile_removes_its_announced_run(void **state)
{
	struct device *d = *state;

	add_second_profile(d, false);
	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
	device_number(d, SCEP_AUTO_ENABLE, 2, 0);
	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	revert(d);
	assert_non_null(announced(d, 2));
	device_number(d, SCEP_AUTO_ENABLE, 2, 0);
	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	device_set(d);
	assert_int_equal(device_view(d)->statuses.count, 0);
	device_run_for(d, DAY);
	assert_int_equal(d->io.fetches, 0);
	device_restart(d);
	assert_int_equal(device_view(d)->statuses.count, 0);
}

static void a_volatile_profile_takes_its_announced_run_with_it(void **state)
{
	struct device *d = *state;

	add_second_profile(d, true);
	device_restart(d);
	assert_null(device_profile(d, 2));
	/* It has not failed: it was never begun. */
	assert_int_equal(device_view(d)->statuses.count, 0);
	assert_int_equal(d->event_count, 0);
}

int main(void)
{
#undef TEST
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, well_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(disabling_removes_the_row_and_wipes_the_challenge),
	    TEST(a_kill_right_after_disabling_leaves_no_row),
	    TEST(a_kill_right_after_enabling_announces_the_run),
	    TEST(a_request_goes_on_when_its_timer_is_disabled),
	    TEST(a_change_while_waiting_works_out_the_run_anew),
	    TEST(a_change_of_something_else_keeps_the_jitter),
	    TEST(settings_are_locked_while_its_request_is_open),
	    TEST(no_manual_request_while_it_is_enabled),
	    TEST(a_cancelled_run_leaves_the_next_one),
	    TEST(a_request_of_the_timer_is_not_that_of_the_last_send),
	    TEST(a_restart_makes_no_send_of_a_request_of_the_timer),
	    TEST(a_reverted_set_leaves_the_schedule_as_it_was),
	    TEST(enabling_that_is_taken_back_runs_nothing),
	    TEST(a_run_that_is_due_waits_for_the_end_of_a_set),
	    TEST(a_reverted_set_does_not_forget_how_a_request_ended),
	    TEST(a_reverted_disabling_does_not_forget_it_either),
	    TEST(a_run_that_cannot_be_written_is_made_when_it_can),
	    TEST(whatever_write_is_refused_there_is_one_run),
	    TEST(killed_at_any_step_there_is_one_run),
	    TEST(destroying_a_profile_removes_its_announced_run),
	    TEST(a_volatile_profile_takes_its_announced_run_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
