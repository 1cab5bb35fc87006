/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are not answered at once: polls, retries, cancel (MIB, rules 3
 * and 9).  test_poll_now.c has pollNow. */
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

/* -------------------------------------------------------------- pending -- */

static void a_pending_request_is_polled_until_it_is_granted(void **state)
{
	struct device *d = *state;
	int64_t sent = d->io.wall;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 3);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	assert_string_equal(device_status(d)->text,
			    "Deferred: the server says PENDING");
	assert_int_equal(device_status(d)->next_poll, sent + 60);
	assert_int_equal(device_status(d)->polls, 0);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_DEFERRED), 1);
	device_run_for(d, 59);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	device_run_for(d, 130);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_status(d)->finish_time, sent + 180);
	assert_int_equal(device_status(d)->polls, 3);
	assert_int_equal(device_view(d)->stats.polls, 3);
	assert_int_equal(device_view(d)->stats.pendings, 3);
	assert_int_equal(device_view(d)->stats.requests, 1);
	assert_string_equal(d->ca.message_type, "20");
	assert_int_equal(device_status(d)->message_type,
			 SCEP_MESSAGE_CERT_POLL);
	device_assert_one_transaction(d);
	device_only_key(d);
}

static void a_poll_resumes_at_its_time_after_a_restart(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 600);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	device_send(d, 1);
	device_run_for(d, 100);
	device_kill(d);
	virtual_io_advance(&d->io, 200 * 1000);
	device_start(d);
	device_run_for(d, 299);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	device_run_for(d, 2);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	device_assert_one_transaction(d);
}

static void
a_clock_that_was_set_back_makes_no_poll_later_than_its_interval(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 600);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	device_send(d, 1);
	device_run(d);
	d->io.wall -= 20 * PKI_DAY;
	device_restart(d);
	device_run_for(d, 601);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void a_clock_that_jumps_starts_no_storm(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 600);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 9);
	device_send(d, 1);
	device_run(d);
	d->io.wall += 3000 * PKI_DAY;
	device_tick(d);
	device_run(d);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	device_restart(d);
	device_run(d);
	assert_int_equal(d->ca.seen[CA_PKI], 2);
	device_run_for(d, 599);
	assert_int_equal(d->ca.seen[CA_PKI], 2);
}

static void pending_to_the_end_is_the_poll_limit(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 3, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 5);
	device_send(d, 1);
	device_run_for(d, 3600);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_POLL_LIMIT);
	assert_int_equal(d->ca.seen[CA_PKI], 4);
	assert_int_equal(device_status(d)->polls, 3);
	assert_int_equal(device_status(d)->next_poll, 0);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_FAILED), 1);
	assert_int_equal(device_view(d)->keys.count, 0);
	assert_non_null(device_record(d));
	/* pollNow takes it up, once. */
	device_act(d, SCEP_ACTION_POLL_NOW);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_POLL_LIMIT);
	device_act(d, SCEP_ACTION_POLL_NOW);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_view(d)->stats.requests, 1);
	device_assert_one_transaction(d);
}

/* -------------------------------------------------- communication errors -- */

static void
each_message_is_tried_again_after_a_communication_error(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_CAPS, CA_AWAY, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_CERT, CA_HTTP, 503, 1);
	scripted_ca_plan_many(&d->ca, CA_CERT, CA_AWAY, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_HTTP, 404, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_AWAY, 0, 1);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_COMM_ERROR);
	device_run_for(d, 60);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_HTTP_ERROR);
	assert_int_equal(device_status(d)->http_status, 503);
	assert_string_equal(
	    device_status(d)->text,
	    "Communication Error (TOP ERROR 503): Service Unavailable");
	device_run_for(d, 3600);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_status(d)->http_status, 0);
	assert_int_equal(device_status(d)->polls, 5);
	assert_int_equal(device_view(d)->stats.comm_errors, 3);
	assert_int_equal(device_view(d)->stats.http_errors, 2);
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	device_assert_one_transaction(d);
}

static void what_was_wrong_is_not_shown_once_it_goes_on(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_CERT, CA_HTTP, 503, 1);
	device_send(d, 1);
	device_run(d);
	virtual_io_advance(&d->io, 60 * 1000);
	device_run_to(d, STEP_REQUEST);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_NONE);
	assert_string_equal(device_status(d)->text, "");
	assert_int_equal(device_status(d)->http_status, 0);
}

/* The k-th of the messages fails for ever. */
static void fail_for_ever(struct device *d, enum ca_operation operation)
{
	scripted_ca_plan_many(&d->ca, operation, CA_AWAY, 0, 4);
	device_send(d, 1);
	device_run_for(d, 3600);
	assert_int_equal(device_view(d)->keys.count, 0);
	assert_non_null(device_record(d));
}

static void at_the_end_of_the_polls_the_last_error_stands(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 3, 60);
	fail_for_ever(d, CA_CERT);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_COMM_ERROR);
	assert_int_equal(d->ca.seen[CA_CERT], 4);
}

/* ------------------------------------------------- a server that is busy -- */

static void assert_is_post(struct device *d)
{
	device_run_for(d, 3600);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(d->ca.posts, 1);
	device_assert_one_transaction(d);
}

/* A server that was busy once still has its capabilities. */
static void capabilities_are_asked_again_until_they_were_had(void **state)
{
	static const int statuses[] = {429, 502, 503, 504};

	for (size_t i = 0; i < 4; i++) {
		struct device *d = *state;

		device_set_polls(d, 10, 60);
		scripted_ca_plan_many(&d->ca, CA_CAPS, CA_HTTP, statuses[i], 3);
		device_send(d, 1);
		device_run(d);
		device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_HTTP_ERROR);
		assert_int_equal(device_status(d)->http_status, statuses[i]);
		assert_int_equal(d->ca.seen[CA_CERT], 0);
		assert_is_post(d);
		assert_int_equal(d->ca.seen[CA_CAPS], 4);
		assert_int_equal(device_status(d)->polls, 3);
		device_teardown(state);
		device_setup(state);
	}
}

static void without_polling_a_busy_server_ends_the_request(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_CAPS, CA_HTTP, 503, 1);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_HTTP_ERROR);
	assert_int_equal(d->ca.seen[CA_CERT], 0);
	device_act(d, SCEP_ACTION_POLL_NOW);
	assert_is_post(d);
}

static void any_other_status_means_no_capabilities(void **state)
{
	static const int statuses[] = {400, 401, 403, 404, 405,
				       408, 500, 501, 505};

	for (size_t i = 0; i < 9; i++) {
		struct device *d = *state;

		scripted_ca_plan_many(&d->ca, CA_CAPS, CA_HTTP, statuses[i], 9);
		device_send(d, 1);
		device_run(d);
		device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
		assert_int_equal(d->ca.seen[CA_CAPS], 1);
		assert_int_equal(d->ca.posts, 0);
		device_teardown(state);
		device_setup(state);
	}
}

/* Of every message, and of both kinds of answers. */
static void a_server_that_says_when_is_asked_then(void **state)
{
	static const enum ca_operation operations[] = {CA_CAPS, CA_CERT, CA_PKI,
						       CA_PKI};

	for (size_t i = 0; i < 4; i++) {
		struct device *d = *state;
		enum ca_operation operation = operations[i];
		int64_t sent = d->io.wall;

		d->ca.retry_after = i == 0 ? 7 : 5000;
		device_set_polls(d, 1, 600);
		scripted_ca_plan_many(&d->ca, operation,
				      i == 3 ? CA_PENDING : CA_HTTP, 503, 1);
		device_send(d, 1);
		device_run(d);
		assert_int_equal(device_status(d)->next_poll,
				 sent + d->ca.retry_after);
		device_run_for(d, d->ca.retry_after - 1);
		assert_int_equal(d->ca.seen[operation], 1);
		device_run_for(d, 2);
		device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
		assert_int_equal(device_status(d)->polls, 1);
		device_teardown(state);
		device_setup(state);
	}
}

static void what_the_server_asks_for_counts_as_one_poll(void **state)
{
	struct device *d = *state;

	d->ca.retry_after = 10;
	device_set_polls(d, 2, 600);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_HTTP, 503, 9);
	device_send(d, 1);
	device_run_for(d, 3600);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_HTTP_ERROR);
	assert_int_equal(d->ca.seen[CA_PKI], 3);
	assert_int_equal(device_status(d)->polls, 2);
}

static void a_restart_keeps_what_the_server_asked_for(void **state)
{
	struct device *d = *state;
	int64_t sent = d->io.wall;

	d->ca.retry_after = 80000;
	device_set_polls(d, 10, 600);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	device_send(d, 1);
	device_run_for(d, 100);
	device_kill(d);
	virtual_io_advance(&d->io, 1000 * 1000);
	device_start(d);
	assert_int_equal(device_status(d)->next_poll, sent + 80000);
	device_run_for(d, 78899);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	device_run_for(d, 2);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	device_assert_one_transaction(d);
}

/* --------------------------------------------------------------- cancel -- */

static void assert_cancelled(struct device *d)
{
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CANCELLED);
	assert_string_equal(device_status(d)->text,
			    "Cancelled: by the manager");
	assert_int_equal(device_status(d)->finish_time, d->io.wall);
	assert_null(d->state.open_requests);
	assert_int_equal(
	    device_profile(d, 1)->request.challenge_password.length, 0);
}

/* As far as it comes in so many steps. */
static void a_request_can_be_cancelled_at_any_step(void **state)
{
	bool is_more = true;

	for (int steps = 0; is_more; steps++) {
		struct device *d = *state;

		device_send(d, 1);
		for (int i = 0; is_more && i < steps; i++)
			is_more = device_step(d);
		if (is_more && device_record(d) != NULL) {
			device_act(d, SCEP_ACTION_CANCEL);
			assert_cancelled(d);
			device_run(d);
			assert_cancelled(d);
			assert_int_equal(device_view(d)->keys.count, 0);
			assert_int_equal(device_files(d), 0);
			assert_int_equal(virtual_io_pending(&d->io), 0);
		}
		device_restart(d);
		assert_null(d->state.open_requests);
		device_teardown(state);
		device_setup(state);
		assert_true(is_more || steps > 8);
	}
}

static void a_request_that_waits_for_its_poll_can_be_cancelled(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 2);
	device_send(d, 1);
	device_run(d);
	device_act(d, SCEP_ACTION_CANCEL);
	device_run_for(d, 3600);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CANCELLED);
	assert_int_equal(device_files(d), 0);
}

static void cancel_without_an_open_request_is_refused(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
}

/* A request that goes on after all has the key that it had, or one key. */
static void a_cancel_can_be_taken_back_at_any_step(void **state)
{
	bool is_more = true;

	for (int steps = 0; is_more; steps++) {
		struct device *d = *state;

		device_send(d, 1);
		for (int i = 0; is_more && i < steps; i++)
			is_more = device_step(d);
		if (is_more && device_record(d) != NULL) {
			device_number(d, SCEP_REQUEST_ACTION, 1,
				      SCEP_ACTION_CANCEL);
			assert_int_equal(device_apply(d), SCEP_ACCEPTED);
			assert_int_equal(set_txn_revert(&d->set_txn, &d->state,
							d->ticket, &d->verdict),
					 SCEP_ACCEPTED);
			device_tick(d);
		}
		/* The worker of old comes back after the new one. */
		d->io.is_newest_first = true;
		device_run(d);
		device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
		device_assert_one_transaction(d);
		device_restart(d);
		device_only_key(d);
		device_teardown(state);
		device_setup(state);
	}
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_pending_request_is_polled_until_it_is_granted),
	    TEST(a_poll_resumes_at_its_time_after_a_restart),
	    TEST(
		a_clock_that_was_set_back_makes_no_poll_later_than_its_interval),
	    TEST(a_clock_that_jumps_starts_no_storm),
	    TEST(pending_to_the_end_is_the_poll_limit),
	    TEST(each_message_is_tried_again_after_a_communication_error),
	    TEST(what_was_wrong_is_not_shown_once_it_goes_on),
	    TEST(at_the_end_of_the_polls_the_last_error_stands),
	    TEST(capabilities_are_asked_again_until_they_were_had),
	    TEST(without_polling_a_busy_server_ends_the_request),
	    TEST(any_other_status_means_no_capabilities),
	    TEST(a_server_that_says_when_is_asked_then),
	    TEST(what_the_server_asks_for_counts_as_one_poll),
	    TEST(a_restart_keeps_what_the_server_asked_for),
	    TEST(a_request_can_be_cancelled_at_any_step),
	    TEST(a_request_that_waits_for_its_poll_can_be_cancelled),
	    TEST(cancel_without_an_open_request_is_refused),
	    TEST(a_cancel_can_be_taken_back_at_any_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
