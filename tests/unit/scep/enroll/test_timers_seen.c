/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a timer after a Set that changes it, and while a request of the
 * manager is open (MIB, rules 1, 10 and 12). */
#include "tests/unit/scep/enroll/timer_world.h"

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/timer.h"

/* ------------------------------------------------------ seen with a Set -- */

/* No tick of the timers has come between the Set and what is seen. */
static void what_enabling_makes_is_seen_with_the_set(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	add_timer(d, 1, start);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_waits_for(d, start, SCEP_TRIGGER_TIMER);
	set_txn_confirm(&d->set_txn, &d->state, d->ticket);
	device_number(d, SCEP_AUTO_START_TIME, 1, start + HOUR);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_waits_for(d, start + HOUR, SCEP_TRIGGER_TIMER);
	assert_int_equal(announced(d, 1)->index, 1);
	set_txn_confirm(&d->set_txn, &d->state, d->ticket);
	device_number(d, SCEP_AUTO_ENABLE, 1, 0);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_nothing_to_come(d);
	assert_int_equal(timer(d)->oper_status, DISABLED);
}

static void a_start_that_is_past_is_announced_by_the_set(void **state)
{
	struct device *d = *state;

	add_timer(d, 1, d->io.wall - HOUR);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_int_equal(timer(d)->oper_status, WAITING);
	assert_int_equal(timer(d)->next_request_time, d->io.wall);
	assert_int_equal(announced(d, 1)->request_time, d->io.wall - HOUR);
	assert_null(d->state.open_requests);
	set_txn_confirm(&d->set_txn, &d->state, d->ticket);
	device_tick(d);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(device_view(d)->statuses.count, 1);
}

static void timers_enabled_by_one_set_have_rows_of_their_own(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_set(d);
	device_fill(d, 2);
	add_timer(d, 1, start);
	add_timer(d, 2, start + 1);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_int_equal(announced(d, 1)->index, 1);
	assert_int_equal(announced(d, 2)->index, 2);
	assert_int_equal(device_view(d)->agent.status_last_index, 2);
	set_txn_confirm(&d->set_txn, &d->state, d->ticket);
	device_tick(d);
	assert_int_equal(device_view(d)->statuses.count, 2);
}

/* ----------------------------------------------- seen with a transition */

/* Until the row says so; no tick has come after that. */
static void run_until(struct device *d, enum scep_state state,
		      enum scep_code detail)
{
	const struct scep_status *status = row(d, 1);

	while (status->state != state || status->detail != detail) {
		assert_true(virtual_io_step(&d->io));
		status = row(d, 1);
		if (status->state != state || status->detail != detail)
			device_tick(d);
		status = row(d, 1);
	}
}

static void begin(struct device *d)
{
	virtual_io_advance(&d->io, HOUR * 1000);
	device_tick(d);
}

static void polling_is_seen_with_the_deferral(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	enable(d, d->io.wall + HOUR);
	begin(d);
	run_until(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	assert_int_equal(timer(d)->oper_status, POLLING);
}

static void the_finish_is_seen_with_the_end(void **state)
{
	struct device *d = *state;

	enable(d, d->io.wall + HOUR);
	begin(d);
	run_until(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(timer(d)->oper_status, FINISHED);
	assert_int_equal(timer(d)->values.challenge_password.length, 0);
	device_restart(d);
	assert_int_equal(timer(d)->oper_status, FINISHED);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
}

static void the_next_run_is_seen_with_an_error(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	enable_periodic(d, start, CALENDAR_HOURS, 1);
	begin(d);
	run_until(d, SCEP_STATE_ERROR, SCEP_SCEP_ERROR);
	assert_waits_for(d, start + HOUR, SCEP_TRIGGER_PERIODIC);
}

static void being_blocked_is_seen_with_the_reason(void **state)
{
	struct device *d = *state;

	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, "", 0);
	device_set(d);
	enable(d, d->io.wall + HOUR);
	begin(d);
	run_until(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(timer(d)->oper_status, BLOCKED);
}

static void a_cancel_is_seen_with_its_set(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	enable_periodic(d, start, CALENDAR_HOURS, 1);
	begin(d);
	run_until(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_row(d, 1, SCEP_STATE_ERROR, SCEP_CANCELLED, SCEP_TRIGGER_TIMER);
	assert_int_equal(timer(d)->oper_status, WAITING);
	/* Taken back, it polls. */
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_tick(d);
	assert_int_equal(timer(d)->oper_status, POLLING);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_waits_for(d, start + HOUR, SCEP_TRIGGER_PERIODIC);
}

/* ----------------------------------------------- beside a manual request */

static void a_manual_request_does_not_hide_the_run_to_come(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	device_set_polls(d, 1000, 10 * MINUTE);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 10);
	device_send(d, 1);
	device_run(d);
	enable(d, start);
	assert_waits_for(d, start, SCEP_TRIGGER_TIMER);
	device_run_for(d, 10 * MINUTE);
	assert_waits_for(d, start, SCEP_TRIGGER_TIMER);
	/* It begins when the other has ended, and not before. */
	run_by_minutes(d, 80);
	assert_row(d, 1, SCEP_STATE_PROCESSING, SCEP_DEFERRED,
		   SCEP_TRIGGER_MANUAL);
	assert_non_null(announced(d, 1));
	assert_int_equal(announced(d, 1)->request_time, start);
	run_by_minutes(d, 20);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_MANUAL);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(device_view(d)->statuses.count, 2);
}

static void a_past_start_waits_for_a_manual_request_and_no_longer(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 1000, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 10);
	device_send(d, 1);
	device_run(d);
	device_number(d, SCEP_AUTO_ADJUST, 1, 1);
	enable(d, d->io.wall - HOUR);
	run_by_minutes(d, 5);
	assert_int_equal(announced(d, 1)->request_time, SCRIPTED_NOW - HOUR);
	assert_int_equal(timer(d)->oper_status, WAITING);
	run_by_minutes(d, 6);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(row(d, 2)->finish_time, row(d, 1)->finish_time);
}

/* ------------------------------------------------- a challenge is missing */

/* A timer that has no challenge, at a server that wants one. */
static void be_refused(struct device *d)
{
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, SCEP_FAIL_BAD_REQUEST,
			      1);
	add_period(d, 1, CALENDAR_DAYS, 1);
	add_timer(d, 1, d->io.wall + HOUR);
	device_text(d, SCEP_AUTO_CHALLENGE_PASSWORD, 1, "");
	device_set(d);
	begin(d);
	device_run(d);
}

static bool is_missing(struct device *d)
{
	return (device_view(d)->agent.health_reason &
		HEALTH_CHALLENGE_MISSING) != 0;
}

static void a_refusal_for_want_of_a_challenge_blocks(void **state)
{
	struct device *d = *state;

	be_refused(d);
	assert_int_equal(timer(d)->oper_status, BLOCKED);
	assert_true(is_missing(d));
	assert_int_equal(announced(d, 1)->detail, SCEP_CONFIG_ERROR);
	assert_non_null(strstr(announced(d, 1)->text,
			       "waiting for scepAutoChallengePassword.1"));
	device_restart(d);
	assert_int_equal(timer(d)->oper_status, BLOCKED);
	assert_true(is_missing(d));
}

static void a_challenge_that_is_given_ends_it(void **state)
{
	struct device *d = *state;

	be_refused(d);
	device_text(d, SCEP_AUTO_CHALLENGE_PASSWORD, 1, DEVICE_SECRET);
	device_set(d);
	assert_int_equal(timer(d)->oper_status, WAITING);
	assert_false(is_missing(d));
	assert_string_equal(announced(d, 1)->text, "");
}

static void it_is_tried_again_all_the_same_at_its_time(void **state)
{
	struct device *d = *state;

	be_refused(d);
	device_run_for(d, 25 * HOUR);
	device_assert_status(d, SCEP_STATE_TO_BE_PROCESSED, SCEP_NONE);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_false(is_missing(d));
}

static void a_refusal_of_a_challenge_is_another_thing(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, SCEP_FAIL_BAD_REQUEST,
			      1);
	enable_periodic(d, d->io.wall + HOUR, CALENDAR_DAYS, 1);
	begin(d);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_ERROR, SCEP_SCEP_ERROR, SCEP_TRIGGER_TIMER);
	assert_int_equal(timer(d)->oper_status, WAITING);
	assert_false(is_missing(d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_enabling_makes_is_seen_with_the_set),
	    TEST(a_start_that_is_past_is_announced_by_the_set),
	    TEST(timers_enabled_by_one_set_have_rows_of_their_own),
	    TEST(polling_is_seen_with_the_deferral),
	    TEST(the_finish_is_seen_with_the_end),
	    TEST(the_next_run_is_seen_with_an_error),
	    TEST(being_blocked_is_seen_with_the_reason),
	    TEST(a_cancel_is_seen_with_its_set),
	    TEST(a_manual_request_does_not_hide_the_run_to_come),
	    TEST(a_past_start_waits_for_a_manual_request_and_no_longer),
	    TEST(a_refusal_for_want_of_a_challenge_blocks),
	    TEST(a_challenge_that_is_given_ends_it),
	    TEST(it_is_tried_again_all_the_same_at_its_time),
	    TEST(a_refusal_of_a_challenge_is_another_thing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
