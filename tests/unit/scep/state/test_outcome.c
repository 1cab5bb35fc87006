/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the last request of a profile: kept in its row, shown for as long
 * as it counts, and taken back by an operator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/agent_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/view.h"
#include "tests/lib/device.h"
#include "tests/lib/disk.h"

static int setup(void **state)
{
	disk_reset();
	return device_setup(state);
}

/* Has the next request fail. */
static void plan_failure(struct device *d, int http_status)
{
	while (d->ca.planned[CA_PKI] < d->ca.seen[CA_PKI])
		scripted_ca_plan(&d->ca, CA_PKI, CA_PROPER, 0);
	scripted_ca_plan(&d->ca, CA_PKI, CA_HTTP, http_status);
}

static void fail_with(struct device *d, int http_status)
{
	plan_failure(d, http_status);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_HTTP_ERROR);
}

static void succeed(struct device *d)
{
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static const struct scep_outcome *outcome(struct device *d)
{
	return &device_profile(d, 1)->outcome;
}

static void assert_failed(struct device *d, uint32_t failures)
{
	assert_int_equal(outcome(d)->result, SCEP_RESULT_FAILED);
	assert_int_equal(outcome(d)->failures, failures);
	assert_int_equal(device_view(d)->agent.health_reason,
			 HEALTH_LAST_REQUEST_FAILED);
}

static void assert_no_alarm(struct device *d)
{
	assert_int_equal(device_view(d)->agent.health, SCEP_HEALTH_OK);
	assert_string_equal(device_view(d)->agent.health_text, "ok");
}

static void it_says_what_the_last_request_brought(void **state)
{
	struct device *d = *state;
	int64_t first;

	assert_int_equal(outcome(d)->result, 0);
	succeed(d);
	first = d->io.wall;
	assert_int_equal(outcome(d)->result, SCEP_RESULT_SUCCEEDED);
	assert_int_equal(outcome(d)->detail, SCEP_NONE);
	assert_string_equal(outcome(d)->text, "");
	assert_int_equal(outcome(d)->time, first);
	assert_int_equal(outcome(d)->last_success, first);
	device_run_for(d, 100);
	fail_with(d, 503);
	fail_with(d, 500);
	assert_failed(d, 2);
	assert_int_equal(outcome(d)->detail, SCEP_HTTP_ERROR);
	assert_string_equal(outcome(d)->text, device_status(d)->text);
	assert_int_equal(outcome(d)->time, first + 100);
	assert_int_equal(outcome(d)->last_success, first);
	assert_non_null(strstr(device_view(d)->agent.health_text,
			       "profile 1: Communication Error (TOP ERROR "
			       "500)"));
	succeed(d);
	assert_int_equal(outcome(d)->failures, 0);
	assert_no_alarm(d);
}

static void it_survives_a_restart_and_the_trimming_of_the_rows(void **state)
{
	struct device *d = *state;
	struct scep_outcome before;

	succeed(d);
	fail_with(d, 503);
	before = *outcome(d);
	device_restart(d);
	assert_memory_equal(outcome(d), &before, sizeof(before));
	/* No row of this profile is left. */
	while (device_view(d)->statuses.count > 0) {
		const struct scep_status *row = device_view(d)->statuses.row[0];
		struct txn txn;

		txn_init(&txn);
		txn_remove(&txn, STORE_STATUS, row->index);
		assert_int_equal(txn_commit(&d->state, &txn, NULL, NULL),
				 SCEP_OK);
	}
	device_restart(d);
	assert_memory_equal(outcome(d), &before, sizeof(before));
	assert_failed(d, 1);
}

/* Has the database forget what an older scepagent did not keep. */
static void forget_outcomes(struct device *d)
{
	struct scep_profile *profile;
	struct txn txn;

	txn_init(&txn);
	profile = txn_edit(&d->state, &txn, STORE_PROFILE, 1, true);
	memset(&profile->outcome, 0, sizeof(profile->outcome));
	assert_int_equal(txn_commit(&d->state, &txn, NULL, NULL), SCEP_OK);
	device_restart(d);
}

static void an_older_database_has_it_in_its_rows(void **state)
{
	struct device *d = *state;
	struct scep_outcome before;

	fail_with(d, 500);
	device_run_for(d, 10);
	succeed(d);
	device_run_for(d, 10);
	fail_with(d, 500);
	fail_with(d, 503);
	before = *outcome(d);
	forget_outcomes(d);
	assert_memory_equal(outcome(d), &before, sizeof(before));
}

/* The row of a timer is there long before its run. */
static void the_rows_count_in_the_order_of_their_ends(void **state)
{
	struct device *d = *state;
	const struct scep_status *good;
	struct scep_status *bad;
	struct txn txn;

	fail_with(d, 500);
	device_run_for(d, 10);
	succeed(d);
	good = device_status(d);
	txn_init(&txn);
	bad = txn_edit(&d->state, &txn, STORE_STATUS, good->index - 1, true);
	bad->finish_time = good->finish_time + 10;
	assert_int_equal(txn_commit(&d->state, &txn, NULL, NULL), SCEP_OK);
	forget_outcomes(d);
	assert_int_equal(outcome(d)->result, SCEP_RESULT_FAILED);
	assert_int_equal(outcome(d)->last_success, outcome(d)->time - 10);
}

static void rows_of_others_and_open_ones_are_no_outcome(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_fill(d, 2);
	plan_failure(d, 500);
	device_send(d, 2);
	device_run(d);
	device_set_polls(d, 5, 300);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	forget_outcomes(d);
	assert_int_equal(outcome(d)->result, 0);
	assert_int_equal(outcome(d)->failures, 0);
}

static void
a_cancelled_request_has_failed_unless_the_set_is_undone(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 5, 300);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run(d);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_int_equal(outcome(d)->detail, SCEP_CANCELLED);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	assert_int_equal(outcome(d)->result, 0);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_failed(d, 1);
}

static void an_end_that_the_disk_refused_counts_when_it_is_stored(void **state)
{
	struct device *d = *state;

	scripted_ca_plan(&d->ca, CA_CERT, CA_HTTP, 503);
	device_send(d, 1);
	device_run_to(d, STEP_GET_CA_CERT);
	disk.is_full = true;
	device_run(d);
	assert_int_equal(outcome(d)->result, 0);
	assert_int_equal(outcome(d)->failures, 0);
	disk_reset();
	device_run_for(d, 60);
	device_restart(d);
	assert_failed(d, 1);
}

/* ------------------------------------------------------- acknowledging -- */

static void clear_acknowledges_until_the_next_failure(void **state)
{
	struct device *d = *state;

	fail_with(d, 503);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CLEAR);
	assert_no_alarm(d);
	/* The result stays. */
	assert_int_equal(outcome(d)->result, SCEP_RESULT_FAILED);
	assert_int_equal(outcome(d)->failures, 1);
	device_restart(d);
	assert_no_alarm(d);
	fail_with(d, 503);
	assert_failed(d, 2);
}

static void acknowledge_is_for_all_profiles(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_fill(d, 2);
	fail_with(d, 503);
	plan_failure(d, 500);
	device_send(d, 2);
	device_run(d);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CLEAR);
	assert_failed(d, 1);
	device_set_number(d, SCEP_AGENT_ACKNOWLEDGE, 0, 1);
	assert_failed(d, 1);
	device_set_number(d, SCEP_AGENT_ACKNOWLEDGE, 0, 2);
	assert_no_alarm(d);
	device_restart(d);
	assert_no_alarm(d);
}

static void a_success_is_not_acknowledged(void **state)
{
	struct device *d = *state;

	succeed(d);
	device_set_number(d, SCEP_AGENT_ACKNOWLEDGE, 0, 2);
	assert_false(outcome(d)->is_acknowledged);
}

static void an_acknowledgement_can_be_undone(void **state)
{
	struct device *d = *state;

	fail_with(d, 503);
	device_number(d, SCEP_AGENT_ACKNOWLEDGE, 0, 2);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_no_alarm(d);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	assert_failed(d, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(it_says_what_the_last_request_brought),
	    TEST(it_survives_a_restart_and_the_trimming_of_the_rows),
	    TEST(an_older_database_has_it_in_its_rows),
	    TEST(a_cancelled_request_has_failed_unless_the_set_is_undone),
	    TEST(an_end_that_the_disk_refused_counts_when_it_is_stored),
	    TEST(clear_acknowledges_until_the_next_failure),
	    TEST(acknowledge_is_for_all_profiles),
	    TEST(a_success_is_not_acknowledged),
	    TEST(the_rows_count_in_the_order_of_their_ends),
	    TEST(rows_of_others_and_open_ones_are_no_outcome),
	    TEST(an_acknowledgement_can_be_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
