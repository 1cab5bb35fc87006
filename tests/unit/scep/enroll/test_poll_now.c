/* SPDX-License-Identifier: Apache-2.0 */
/* pollNow: it hastens a poll, and resumes what ended in Error (MIB, rule 9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/view.h"
#include "tests/lib/device.h"

static void
without_polling_pending_ends_in_deferred_and_poll_now_resumes(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	device_send(d, 1);
	device_run_for(d, 3600);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_DEFERRED);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	assert_int_not_equal(device_files(d), 0);
	/* The profile is not busy, and a restart does not resume it. */
	assert_int_equal(scep_view_processing(device_view(d)), 0);
	device_restart(d);
	device_run_for(d, 3600);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_DEFERRED);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	device_act(d, SCEP_ACTION_POLL_NOW);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(d->ca.message_type, "20");
	device_assert_one_transaction(d);
	device_only_key(d);
}

static void poll_now_hastens_a_poll(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 600);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	device_send(d, 1);
	device_run(d);
	device_act(d, SCEP_ACTION_POLL_NOW);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	device_assert_one_transaction(d);
}

/* The answer may have left the server before it was told to issue. */
static void poll_now_during_a_poll_polls_once_more(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 600);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	device_send(d, 1);
	device_run_to(d, STEP_REQUEST);
	while (d->state.open_requests->task.fetch == NULL)
		assert_true(device_step(d));
	device_act(d, SCEP_ACTION_POLL_NOW);
	assert_int_equal(device_status(d)->next_poll, d->io.wall);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(d->ca.seen[CA_PKI], 2);
	assert_int_equal(device_status(d)->polls, 1);
	assert_int_equal(device_status(d)->next_poll, 0);
	device_assert_one_transaction(d);
}

static void
poll_now_that_is_taken_back_leaves_the_poll_at_its_time(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 600);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	device_send(d, 1);
	device_run(d);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run(d);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_run_for(d, 599);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	assert_int_equal(device_status(d)->next_poll, d->io.wall + 1);
	device_run_for(d, 2);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void without_polling_a_communication_error_can_be_resumed(void **state)
{
	static const enum ca_operation operations[] = {CA_CAPS, CA_CERT,
						       CA_PKI};

	for (size_t i = 0; i < 3; i++) {
		struct device *d = *state;

		scripted_ca_plan_many(&d->ca, operations[i], CA_AWAY, 0, 1);
		device_send(d, 1);
		device_run_for(d, 3600);
		device_assert_status(d, SCEP_STATE_ERROR, SCEP_COMM_ERROR);
		assert_int_equal(d->ca.seen[operations[i]], 1);
		device_restart(d);
		device_act(d, SCEP_ACTION_POLL_NOW);
		device_run(d);
		device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
		device_assert_one_transaction(d);
		device_teardown(state);
		device_setup(state);
	}
}

static void
a_resumed_request_takes_the_challenge_that_was_given_anew(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_CERT, CA_AWAY, 0, 1);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_COMM_ERROR);
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, "another one");
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	device_set(d);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(d->ca.challenge, "another one");
}

static void the_next_send_takes_the_place_of_what_could_be_resumed(void **state)
{
	struct device *d = *state;
	char old[SCEP_TEXT64];

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	device_send(d, 1);
	device_run(d);
	strcpy(old, d->ca.transaction_id);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_status(d)->index, 2);
	assert_string_not_equal(old, d->ca.transaction_id);
	device_only_key(d);
	assert_null(d->state.open_requests);
}

static void what_was_cleared_cannot_be_polled(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	device_send(d, 1);
	device_run(d);
	device_act(d, SCEP_ACTION_CLEAR);
	assert_null(d->state.open_requests);
	assert_int_equal(device_files(d), 0);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_DEFERRED);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(without_polling_pending_ends_in_deferred_and_poll_now_resumes),
	    TEST(poll_now_hastens_a_poll),
	    TEST(poll_now_during_a_poll_polls_once_more),
	    TEST(poll_now_that_is_taken_back_leaves_the_poll_at_its_time),
	    TEST(without_polling_a_communication_error_can_be_resumed),
	    TEST(a_resumed_request_takes_the_challenge_that_was_given_anew),
	    TEST(the_next_send_takes_the_place_of_what_could_be_resumed),
	    TEST(what_was_cleared_cannot_be_polled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
