/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of scepStats and the events of a request, each as its
 * DESCRIPTION says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "tests/lib/device.h"

static void plan(struct device *d, enum ca_operation operation,
		 enum ca_behaviour behaviour, int number, int times)
{
	while (times-- > 0)
		scripted_ca_plan(&d->ca, operation, behaviour, number);
}

static void send(struct device *d)
{
	device_send(d, 1);
	device_run(d);
}

/* Compares the counters, which come first in the struct. */
static void assert_stats(struct device *d, struct scep_stats expected)
{
	assert_memory_equal(&device_view(d)->stats, &expected,
			    offsetof(struct scep_stats, consecutive_failures));
}

#define ASSERT_STATS(d, ...) assert_stats(d, (struct scep_stats){__VA_ARGS__})

static void a_success_is_one_request_and_nothing_else(void **state)
{
	struct device *d = *state;

	send(d);
	ASSERT_STATS(d, .requests = 1, .successes = 1);
	assert_int_equal(device_view(d)->stats.last_success, d->io.wall);
	assert_int_equal(device_view(d)->stats.last_failure, 0);
}

static void a_FAILURE_of_the_server_is_no_reject_of_the_ca(void **state)
{
	struct device *d = *state;

	plan(d, CA_PKI, CA_FAILURE, 2, 1);
	send(d);
	ASSERT_STATS(d, .requests = 1, .failures = 1, .scep_failures = 1);
	assert_int_equal(device_view(d)->stats.consecutive_failures, 1);
	assert_int_equal(device_view(d)->stats.last_failure, d->io.wall);
}

static void a_status_of_GetCACaps_is_an_exchange_too(void **state)
{
	struct device *d = *state;

	plan(d, CA_CAPS, CA_HTTP, 404, 1);
	send(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	ASSERT_STATS(d, .requests = 1, .successes = 1, .http_errors = 1);
}

static void only_polls_count_as_polls(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	plan(d, CA_CAPS, CA_AWAY, 0, 1);
	plan(d, CA_PKI, CA_HTTP, 503, 1);
	plan(d, CA_PKI, CA_PENDING, 0, 2);
	device_send(d, 1);
	device_run_for(d, 3600);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_status(d)->polls, 4);
	ASSERT_STATS(d, .requests = 1, .successes = 1, .polls = 2,
		     .pendings = 2, .comm_errors = 1, .http_errors = 1);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_DEFERRED), 2);
}

static void a_poll_by_hand_is_a_poll(void **state)
{
	struct device *d = *state;

	plan(d, CA_PKI, CA_PENDING, 0, 1);
	send(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_DEFERRED);
	ASSERT_STATS(d, .requests = 1, .failures = 1, .pendings = 1);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_DEFERRED), 1);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_FAILED), 1);
	device_act(d, SCEP_ACTION_POLL_NOW);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	ASSERT_STATS(d, .requests = 1, .failures = 1, .pendings = 1, .polls = 1,
		     .successes = 1);
	assert_int_equal(device_view(d)->stats.consecutive_failures, 0);
}

static void a_request_without_a_place_has_begun_and_ended(void **state)
{
	struct device *d = *state;

	d->config.key_limit = 1;
	device_restart(d);
	send(d);
	assert_int_equal(device_events(d, SCEP_EVENT_KEY_LIMIT_REACHED), 1);
	device_fill(d, 1);
	send(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_REGISTRATION_LIMIT);
	ASSERT_STATS(d, .requests = 2, .successes = 1, .failures = 1,
		     .limit_errors = 1);
	assert_int_equal(device_events(d, SCEP_EVENT_KEY_LIMIT_REACHED), 1);
	/* It is told again by whoever starts. */
	device_restart(d);
	assert_int_equal(device_events(d, SCEP_EVENT_KEY_LIMIT_REACHED), 2);
}

static void wait_for_operator(struct device *d)
{
	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, NULL, 0);
	device_set(d);
	send(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	ASSERT_STATS(d, .requests = 1, .ca_rejects = 1);
}

static void decide(struct device *d, enum scep_ca_trust trust)
{
	const struct scep_ca *ca = device_view(d)->cas.row[0];

	device_set_number(d, SCEP_CA_TRUST, ca->index, trust);
	device_run(d);
}

static void a_request_that_is_held_for_its_ca_counts_once(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	decide(d, SCEP_CA_REJECTED);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CA_NOT_TRUSTED);
	ASSERT_STATS(d, .requests = 1, .ca_rejects = 1, .failures = 1);
	send(d);
	ASSERT_STATS(d, .requests = 2, .ca_rejects = 2, .failures = 2);
}

static void a_request_that_was_held_may_succeed(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	decide(d, SCEP_CA_TRUSTED);
	ASSERT_STATS(d, .requests = 1, .ca_rejects = 1, .successes = 1);
}

/* ------------------------------------------------------------- cancelled -- */

static void send_and_wait(struct device *d)
{
	device_set_polls(d, 10, 600);
	plan(d, CA_PKI, CA_PENDING, 0, 1);
	send(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
}

static void a_cancelled_request_has_ended_in_error(void **state)
{
	struct device *d = *state;

	send_and_wait(d);
	device_act(d, SCEP_ACTION_CANCEL);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CANCELLED);
	ASSERT_STATS(d, .requests = 1, .pendings = 1, .failures = 1);
	assert_int_equal(device_view(d)->stats.last_failure, d->io.wall);
	assert_int_equal(device_view(d)->stats.consecutive_failures, 1);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_FAILED), 1);
	assert_true(device_view(d)->agent.health_reason &
		    HEALTH_LAST_REQUEST_FAILED);
}

static void a_cancel_that_is_taken_back_counts_for_nothing(void **state)
{
	struct device *d = *state;

	send_and_wait(d);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	ASSERT_STATS(d, .requests = 1, .pendings = 1);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	device_run_for(d, 600);
	ASSERT_STATS(d, .requests = 1, .pendings = 1, .polls = 1,
		     .successes = 1);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_FAILED), 0);
}

/* ------------------------------------------------------------- the rest -- */

static void counters_begin_anew_and_times_do_not(void **state)
{
	struct device *d = *state;
	int64_t succeeded, failed;

	plan(d, CA_PKI, CA_PROPER, 0, 1);
	plan(d, CA_PKI, CA_FAILURE, 2, 1);
	send(d);
	succeeded = d->io.wall;
	virtual_io_advance(&d->io, 5000);
	send(d);
	failed = d->io.wall;
	virtual_io_advance(&d->io, 5000);
	device_restart(d);
	ASSERT_STATS(d, 0);
	assert_int_equal(device_view(d)->stats.last_success, succeeded);
	assert_int_equal(device_view(d)->stats.last_failure, failed);
	assert_int_equal(device_view(d)->stats.consecutive_failures, 1);
}

static void a_clock_too_far_off_is_told_as_error_too(void **state)
{
	struct device *d = *state;

	d->config.clock_skew_is_error = true;
	device_restart(d);
	d->ca.date_skew = 3 * (int64_t)INT32_MAX;
	send(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CLOCK_SUSPECT);
	assert_true(device_events(d, SCEP_EVENT_CLOCK_SUSPECT) > 0);
	assert_int_equal(device_profile(d, 1)->facts.clock_skew, INT32_MAX);
	assert_true(device_view(d)->agent.health_reason & HEALTH_CLOCK_SUSPECT);
}

static void time_alone_has_an_end_told_and_shown(void **state)
{
	struct device *d = *state;
	const struct scep_key *key;

	send(d);
	key = device_only_key(d);
	assert_int_equal(device_events(d, SCEP_EVENT_CERT_EXPIRED), 0);
	virtual_io_advance(&d->io,
			   (uint64_t)(key->not_after - d->io.wall + 1) * 1000);
	device_tick(d);
	assert_int_equal(device_events(d, SCEP_EVENT_CERT_EXPIRED), 1);
	assert_int_equal(device_view(d)->agent.health, SCEP_HEALTH_CRITICAL);
	device_tick(d);
	assert_int_equal(device_events(d, SCEP_EVENT_CERT_EXPIRED), 1);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_success_is_one_request_and_nothing_else),
	    TEST(a_FAILURE_of_the_server_is_no_reject_of_the_ca),
	    TEST(a_status_of_GetCACaps_is_an_exchange_too),
	    TEST(only_polls_count_as_polls),
	    TEST(a_poll_by_hand_is_a_poll),
	    TEST(a_request_without_a_place_has_begun_and_ended),
	    TEST(a_request_that_is_held_for_its_ca_counts_once),
	    TEST(a_request_that_was_held_may_succeed),
	    TEST(a_cancelled_request_has_ended_in_error),
	    TEST(a_cancel_that_is_taken_back_counts_for_nothing),
	    TEST(counters_begin_anew_and_times_do_not),
	    TEST(a_clock_too_far_off_is_told_as_error_too),
	    TEST(time_alone_has_an_end_told_and_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
