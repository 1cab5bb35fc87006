/* SPDX-License-Identifier: Apache-2.0 */
/* A timer that is left to itself (MIB, rules 4, 8, 9, 10 and 12). */
#include "tests/unit/scep/enroll/timer_world.h"

#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/view.h"
#include "scep/keys/renewal.h"

/* ------------------------------------------------------------- one run -- */

static void enabling_shows_what_is_to_come(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_number(d, SCEP_AUTO_ADJUST, 1, 1);
	device_number(d, SCEP_AUTO_ADJUST_MAX, 1, 100);
	enable(d, start);
	device_run(d);
	assert_waits_for(d, start, SCEP_TRIGGER_TIMER);
	assert_in_range(timer(d)->adjust_applied, 1, 100);
	assert_int_equal(device_view(d)->statuses.count, 1);
	assert_string_equal(announced(d, 1)->key_name, "web");
	assert_int_equal(announced(d, 1)->message_type, SCEP_MESSAGE_NONE);
	assert_int_equal(device_view(d)->agent.status_last_index, 1);
	assert_int_equal(d->io.fetches, 0);
	assert_int_equal(device_files(d), 0);
	assert_null(d->state.open_requests);
	assert_int_equal(timer(d)->values.challenge_password.length,
			 strlen(DEVICE_SECRET));
}

static void it_runs_at_its_time(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR, at;

	device_number(d, SCEP_AUTO_ADJUST, 1, 1);
	enable(d, start);
	at = timer(d)->next_request_time;
	device_run_for(d, (uint32_t)(at - d->io.wall - 1));
	assert_int_equal(d->ca.seen[CA_CAPS], 0);
	device_run_for(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_view(d)->statuses.count, 1);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(row(d, 1)->finish_time, at);
	assert_int_equal(row(d, 1)->request_time, at);
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	assert_int_equal(device_view(d)->stats.requests, 1);
	device_only_key(d);
}

static void while_it_runs_nothing_else_is_announced(void **state)
{
	struct device *d = *state;

	enable_periodic(d, d->io.wall + HOUR, CALENDAR_HOURS, 1);
	virtual_io_advance(&d->io, HOUR * 1000);
	device_tick(d);
	assert_null(announced(d, 1));
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_NONE);
	assert_int_equal(timer(d)->oper_status, REQUESTING);
	assert_int_equal(timer(d)->next_request_time, 0);
	assert_int_equal(scep_view_processing(device_view(d)), 1);
}

static void a_one_shot_is_finished_and_forgets_its_challenge(void **state)
{
	struct device *d = *state;

	enable(d, d->io.wall + HOUR);
	device_run_for(d, HOUR + 1);
	assert_int_equal(timer(d)->oper_status, FINISHED);
	assert_int_equal(timer(d)->enable, 1);
	assert_int_equal(timer(d)->next_request_time, 0);
	assert_null(announced(d, 1));
	assert_int_equal(timer(d)->values.challenge_password.length, 0);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
	/* It stays so. */
	device_restart(d);
	run_by_minutes(d, 5);
	assert_int_equal(timer(d)->oper_status, FINISHED);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
}

static void a_one_shot_that_failed_is_finished_too(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	enable(d, d->io.wall + HOUR);
	device_run_for(d, DAY);
	assert_row(d, 1, SCEP_STATE_ERROR, SCEP_SCEP_ERROR, SCEP_TRIGGER_TIMER);
	assert_int_equal(timer(d)->oper_status, FINISHED);
	assert_int_equal(timer(d)->values.challenge_password.length, 0);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
	assert_int_equal(d->ca.seen[CA_PKI], 1);
}

static void a_start_in_the_past_runs_at_once(void **state)
{
	struct device *d = *state;

	enable(d, d->io.wall - HOUR);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
}

static void a_start_in_the_past_can_be_skipped(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_AUTO_MISSED_POLICY, 1, SCHEDULE_SKIP);
	enable(d, d->io.wall - HOUR);
	device_run(d);
	assert_int_equal(d->ca.seen[CA_CAPS], 0);
	assert_int_equal(timer(d)->oper_status, FINISHED);
	assert_int_equal(device_view(d)->statuses.count, 0);
	/* No run is to come that needs it. */
	assert_int_equal(timer(d)->values.challenge_password.length, 0);
}

/* ------------------------------------------------------------- periods -- */

static void three_periods_are_three_runs_at_their_times(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	enable_periodic(d, start, CALENDAR_MINUTES, 10);
	device_run_for(d, HOUR + 25 * MINUTE);
	assert_int_equal(device_view(d)->keys.count, 3);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	for (uint32_t k = 1; k < 3; k++)
		assert_row(d, k + 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
			   SCEP_TRIGGER_PERIODIC);
	for (uint32_t k = 0; k < 3; k++)
		assert_int_equal(row(d, k + 1)->finish_time,
				 start + k * 10 * MINUTE);
	assert_waits_for(d, start + 30 * MINUTE, SCEP_TRIGGER_PERIODIC);
	assert_int_equal(announced(d, 1)->index, 4);
	/* The challenge is kept for all of them. */
	assert_int_equal(timer(d)->values.challenge_password.length,
			 strlen(DEVICE_SECRET));
	assert_int_equal(d->ca.transactions, 3);
	assert_int_equal(d->ca.keys, 3);
}

static void an_error_does_not_end_the_series(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	enable_periodic(d, start, CALENDAR_HOURS, 1);
	device_run_for(d, HOUR + 1);
	assert_row(d, 1, SCEP_STATE_ERROR, SCEP_SCEP_ERROR, SCEP_TRIGGER_TIMER);
	assert_waits_for(d, start + HOUR, SCEP_TRIGGER_PERIODIC);
	device_run_for(d, HOUR);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	device_only_key(d);
}

static void a_deferral_is_polled_and_does_not_move_the_series(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 3);
	enable_periodic(d, start, CALENDAR_MINUTES, 10);
	device_run_for(d, HOUR + 30);
	assert_row(d, 1, SCEP_STATE_PROCESSING, SCEP_DEFERRED,
		   SCEP_TRIGGER_TIMER);
	assert_int_equal(timer(d)->oper_status, POLLING);
	assert_int_equal(row(d, 1)->next_poll, start + 60);
	device_run_for(d, 4 * MINUTE);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(row(d, 1)->finish_time, start + 180);
	assert_waits_for(d, start + 10 * MINUTE, SCEP_TRIGGER_PERIODIC);
}

static void an_outage_is_polled_within_the_interval(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_CERT, CA_AWAY, 0, 3);
	enable_periodic(d, start, CALENDAR_MINUTES, 10);
	device_run_for(d, HOUR);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_PROCESSING, SCEP_COMM_ERROR,
		   SCEP_TRIGGER_TIMER);
	assert_int_equal(timer(d)->oper_status, POLLING);
	/* The first retry is spread over the interval. */
	assert_in_range(row(d, 1)->next_poll, start + 1, start + 60);
	device_run_for(d, 4 * MINUTE);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(row(d, 1)->polls, 3);
	assert_waits_for(d, start + 10 * MINUTE, SCEP_TRIGGER_PERIODIC);
}

/* A server that is down may tell all devices the same moment (Retry-After).
 * A deferral has answered them one by one. */
static void what_a_server_asks_for_is_spread_after_an_error(void **state)
{
	unsigned int spread = 0;

	for (int i = 0; i < 8; i++) {
		struct device *d = *state;
		int64_t start = d->io.wall + HOUR, asked = start + 5000;

		d->ca.retry_after = 5000;
		device_set_polls(d, 10, 60);
		scripted_ca_plan_many(&d->ca, CA_PKI,
				      i == 0 ? CA_PENDING : CA_HTTP, 503, 1);
		enable_periodic(d, start, CALENDAR_DAYS, 1);
		device_run_for(d, HOUR);
		device_run(d);
		if (i == 0)
			assert_int_equal(row(d, 1)->next_poll, asked);
		else
			assert_in_range(row(d, 1)->next_poll, asked + 1,
					asked + 60);
		spread |= 1u << (row(d, 1)->next_poll - asked) % 32;
		device_run_for(d, 5100);
		assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
			   SCEP_TRIGGER_TIMER);
		device_teardown(state);
		device_setup(state);
	}
	/* Not the same for all. */
	assert_true((spread & (spread - 1)) != 0);
}

static void the_next_run_takes_the_place_of_what_could_be_resumed(void **state)
{
	struct device *d = *state;
	char old[SCEP_TEXT64];

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	enable_periodic(d, d->io.wall + HOUR, CALENDAR_HOURS, 1);
	device_run_for(d, HOUR + 1);
	assert_row(d, 1, SCEP_STATE_ERROR, SCEP_DEFERRED, SCEP_TRIGGER_TIMER);
	assert_int_not_equal(device_view(d)->suspended[1], 0);
	strcpy(old, d->ca.transaction_id);
	device_run_for(d, HOUR);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_string_not_equal(old, d->ca.transaction_id);
	assert_null(d->state.open_requests);
	device_only_key(d);
}

static void what_was_put_aside_can_be_polled_between_the_runs(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	enable_periodic(d, start, CALENDAR_HOURS, 1);
	device_run_for(d, HOUR + 1);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_waits_for(d, start + HOUR, SCEP_TRIGGER_PERIODIC);
	device_only_key(d);
}

static void a_run_that_lasts_for_periods_is_followed_by_one(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_set_polls(d, 100, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 16);
	enable_periodic(d, start, CALENDAR_MINUTES, 5);
	/* Polls at 1, 2, ... 15, 16 minutes: three due times go by. */
	device_run_for(d, HOUR + 16 * MINUTE + 30);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_int_equal(device_view(d)->statuses.count, 3);
	assert_waits_for(d, start + 20 * MINUTE, SCEP_TRIGGER_PERIODIC);
}

/* -------------------------------------------------------- trust, peers -- */

static const struct scep_ca *pending_ca(struct device *d)
{
	ROWS_EACH (i, &device_view(d)->cas) {
		const struct scep_ca *ca = device_view(d)->cas.row[i];

		if (ca->trust == SCEP_CA_PENDING)
			return ca;
	}
	return NULL;
}

static void it_is_blocked_until_the_ca_is_trusted(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, "", 0);
	device_set(d);
	enable_periodic(d, start, CALENDAR_HOURS, 1);
	device_run_for(d, 3 * HOUR + 1);
	assert_row(d, 1, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED,
		   SCEP_TRIGGER_TIMER);
	assert_int_equal(timer(d)->oper_status, BLOCKED);
	assert_int_equal(device_view(d)->statuses.count, 1);
	device_restart(d);
	device_run(d);
	assert_int_equal(timer(d)->oper_status, BLOCKED);
	assert_non_null(pending_ca(d));
	device_set_number(d, SCEP_CA_TRUST, pending_ca(d)->index,
			  SCEP_CA_TRUSTED);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_waits_for(d, start + 3 * HOUR, SCEP_TRIGGER_PERIODIC);
}

static void two_profiles_run_at_the_same_second(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_set(d);
	device_fill(d, 2);
	add_timer(d, 1, start);
	add_timer(d, 2, start);
	device_set(d);
	assert_non_null(announced(d, 1));
	assert_non_null(announced(d, 2));
	device_run_for(d, HOUR);
	device_run(d);
	assert_int_equal(device_view(d)->keys.count, 2);
	for (uint32_t index = 1; index <= 2; index++) {
		assert_row(d, index, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
			   SCEP_TRIGGER_TIMER);
		assert_int_equal(row(d, index)->finish_time, start);
		assert_int_equal(device_profile(d, index)->timer.oper_status,
				 FINISHED);
	}
	assert_int_equal(d->ca.transactions, 2);
}

/* --------------------------------------------------------- renew before -- */

static void renew_before_is_announced_and_run(void **state)
{
	struct device *d = *state;
	int64_t not_after;

	device_number(d, SCEP_AUTO_RENEW_BEFORE, 1, 30);
	enable(d, d->io.wall);
	device_run(d);
	not_after = device_only_key(d)->not_after;
	assert_waits_for(d, not_after - 30 * DAY, SCEP_TRIGGER_RENEWAL);
	assert_int_equal(timer(d)->values.challenge_password.length,
			 strlen(DEVICE_SECRET));
	d->ca.certificate_life += 365 * DAY;
	device_run_for(d, (uint32_t)(not_after - 30 * DAY - d->io.wall));
	device_run(d);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_RENEWAL);
	assert_int_equal(device_view(d)->stats.renewals, 1);
	assert_waits_for(d, not_after + 335 * DAY, SCEP_TRIGGER_RENEWAL);
}

static void a_renewal_that_fails_is_tried_again_daily(void **state)
{
	struct device *d = *state;
	int64_t first;

	d->ca.certificate_life = 3 * DAY;
	device_number(d, SCEP_AUTO_RENEW_BEFORE, 1, 1);
	device_number(d, SCEP_SERVER_RENEWAL_MODE, 1, RENEWAL_REQ);
	enable(d, d->io.wall);
	device_run(d);
	first = device_only_key(d)->not_after - DAY;
	/* Refused day after day, past the end of the certificate. */
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 12);
	d->ca.certificate_life = 400 * DAY;
	device_run_for(d, (uint32_t)(first + 12 * DAY + HOUR - d->io.wall));
	for (uint32_t day = 0; day < 12; day++) {
		assert_row(d, day + 2, SCEP_STATE_ERROR, SCEP_SCEP_ERROR,
			   SCEP_TRIGGER_RENEWAL);
		assert_int_equal(row(d, day + 2)->finish_time,
				 first + day * DAY);
	}
	assert_row(d, 14, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_RENEWAL);
	assert_waits_for(d, SCRIPTED_NOW + 399 * DAY, SCEP_TRIGGER_RENEWAL);
}

/* ---------------------------------------------------------- doing nothing */

static void waiting_costs_nothing(void **state)
{
	struct device *d = *state;
	uint64_t begin = d->io.mono;
	const void *profile, *status;
	int wakes = 0;

	enable_periodic(d, d->io.wall + DAY, CALENDAR_DAYS, 1);
	device_run(d);
	profile = device_profile(d, 1);
	status = announced(d, 1);
	/* As the loop has it: at the wish, and a minute later at the latest. */
	for (uint64_t end = d->io.mono + (DAY - 1) * 1000; d->io.mono < end;) {
		uint64_t wait = end - d->io.mono;

		if (d->io.wake != 0 && d->io.wake - d->io.mono < wait)
			wait = d->io.wake - d->io.mono;
		if (wait > 60000)
			wait = 60000;
		virtual_io_advance(&d->io, wait);
		device_tick(d);
		wakes++;
	}
	/* No more than a minute's worth each, and nothing was committed. */
	assert_in_range(wakes, 1, 1441);
	assert_ptr_equal(profile, device_profile(d, 1));
	assert_ptr_equal(status, announced(d, 1));
	assert_int_equal(d->io.wake, begin + DAY * 1000);
}

static void a_timer_that_waits_asks_for_one_wake_up(void **state)
{
	struct device *d = *state;
	uint64_t begin = d->io.mono;

	enable_periodic(d, d->io.wall + DAY, CALENDAR_DAYS, 1);
	device_run(d);
	assert_int_equal(d->io.wake, begin + DAY * 1000);
}

static void a_timer_that_is_finished_asks_for_none(void **state)
{
	struct device *d = *state;

	enable(d, d->io.wall);
	device_run(d);
	assert_int_equal(timer(d)->oper_status, FINISHED);
	/* The next thing is that the certificate begins to expire. */
	assert_int_equal(d->io.wake, d->state.review_at);
	assert_true(d->io.wake - d->io.mono > 300 * DAY * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(enabling_shows_what_is_to_come),
	    TEST(it_runs_at_its_time),
	    TEST(while_it_runs_nothing_else_is_announced),
	    TEST(a_one_shot_is_finished_and_forgets_its_challenge),
	    TEST(a_one_shot_that_failed_is_finished_too),
	    TEST(a_start_in_the_past_runs_at_once),
	    TEST(a_start_in_the_past_can_be_skipped),
	    TEST(three_periods_are_three_runs_at_their_times),
	    TEST(an_error_does_not_end_the_series),
	    TEST(a_deferral_is_polled_and_does_not_move_the_series),
	    TEST(an_outage_is_polled_within_the_interval),
	    TEST(what_a_server_asks_for_is_spread_after_an_error),
	    TEST(the_next_run_takes_the_place_of_what_could_be_resumed),
	    TEST(what_was_put_aside_can_be_polled_between_the_runs),
	    TEST(a_run_that_lasts_for_periods_is_followed_by_one),
	    TEST(it_is_blocked_until_the_ca_is_trusted),
	    TEST(two_profiles_run_at_the_same_second),
	    TEST(renew_before_is_announced_and_run),
	    TEST(a_renewal_that_fails_is_tried_again_daily),
	    TEST(waiting_costs_nothing),
	    TEST(a_timer_that_waits_asks_for_one_wake_up),
	    TEST(a_timer_that_is_finished_asks_for_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
