/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, checks, pins and health that would stay as they are for ever,
 * because nothing returns to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/profile_row.h"
#include "scep/server.h"
#include "scep/status_row.h"
#include "scep/settings/draft.h"
#include "tests/lib/device.h"
#include "tests/lib/disk.h"

static int setup(void **state)
{
	disk_reset();
	return device_setup(state);
}

static void fail_to_revert(struct device *d)
{
	disk.is_full = true;
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_COMMIT_FAILED);
	disk_reset();
	device_tick(d);
}

static void a_poll_that_cannot_be_taken_back_is_made(void **state)
{
	struct device *d = *state;

	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_DEFERRED);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	fail_to_revert(d);
	device_run_for(d, 600);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void a_check_that_cannot_be_taken_back_is_made(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_PROFILE_NAME, 1, "first");
	device_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CAPS);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	fail_to_revert(d);
	device_run_for(d, 600);
	assert_int_equal(device_profile(d, 1)->facts.check_result, SCEP_NONE);
	device_set_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CAPS);
}

static void want_no_pin(struct device *d, uint32_t profile, uint32_t policy)
{
	device_text(d, SCEP_SERVER_URL, profile, DEVICE_URL);
	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, profile, "", 0);
	device_number(d, SCEP_SERVER_CA_TRUST_POLICY, profile, policy);
	device_set(d);
}

static void a_new_profile_trusts_nothing_of_an_earlier_one(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_number(d, SCEP_PROFILE_STORAGE_TYPE, 2, SCEP_STORAGE_VOLATILE);
	device_set(d);
	want_no_pin(d, 2, SCEP_TRUST_FIRST_USE);
	device_set_number(d, SCEP_SERVER_CHECK, 2, SCEP_CHECK_CA_CERT);
	device_run(d);
	assert_int_equal(device_view(d)->cas.count, 1);
	device_restart(d);
	assert_null(device_profile(d, 2));
	assert_int_equal(device_view(d)->cas.count, 0);
	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_set(d);
	want_no_pin(d, 2, SCEP_TRUST_VERIFY);
	device_set_number(d, SCEP_SERVER_CHECK, 2, SCEP_CHECK_CA_CERT);
	device_run(d);
	assert_int_equal(device_profile(d, 2)->facts.check_result,
			 SCEP_CA_NOT_TRUSTED);
}

static void health_is_well_again_once_the_disk_is(void **state)
{
	struct device *d = *state;

	disk.is_full = true;
	device_text(d, SCEP_PROFILE_NAME, 1, "first");
	assert_int_equal(device_apply(d), SCEP_COMMIT_FAILED);
	assert_true(device_view(d)->agent.health_reason & HEALTH_STORAGE_ERROR);
	device_run_for(d, 120);
	assert_true(device_view(d)->agent.health_reason & HEALTH_STORAGE_ERROR);
	disk_reset();
	for (int minute = 0; minute < 2; minute++) {
		virtual_io_advance(&d->io, 60000);
		device_tick(d);
	}
	assert_false(device_view(d)->agent.health_reason &
		     HEALTH_STORAGE_ERROR);
}

static void a_request_goes_on_once_a_check_has_brought_trust(void **state)
{
	struct device *d = *state;

	want_no_pin(d, 1, SCEP_TRUST_VERIFY);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	device_number(d, SCEP_SERVER_CA_TRUST_POLICY, 1, SCEP_TRUST_FIRST_USE);
	device_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CERT);
	device_set(d);
	device_run_for(d, 120);
	assert_int_equal(device_profile(d, 1)->facts.check_result, SCEP_NONE);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void pollNow_after_clear_is_refused_by_the_check_too(void **state)
{
	struct device *d = *state;
	struct scep_item item = {.field = SCEP_REQUEST_ACTION, .index = 1};
	struct scep_change change;
	struct draft draft;

	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run(d);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CLEAR);
	item.value.number = SCEP_ACTION_POLL_NOW;
	scep_change_init(&change);
	assert_true(scep_change_add(&change, &item));
	assert_int_equal(draft_make(&d->state.view, &d->config, &change, &draft,
				    &d->verdict),
			 SCEP_INCONSISTENT_VALUE);
	draft_free(&draft);
	scep_change_free(&change);
}

/* The challenge is spent, and the certificate is there. */
static void
a_clock_that_steps_after_the_message_loses_no_certificate(void **state)
{
	struct device *d = *state;

	d->state.config.clock_skew_is_error = true;
	device_send(d, 1);
	device_run_to(d, STEP_REQUEST);
	d->ca.date_skew = 7200;
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

/* A Set that is taken back twice is taken back. */
static void a_second_revert_of_the_same_set_is_accepted(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_PROFILE_NAME, 1, "first");
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	for (int i = 0; i < 2; i++)
		assert_int_equal(set_txn_revert(&d->set_txn, &d->state,
						d->ticket, &d->verdict),
				 SCEP_ACCEPTED);
	assert_string_equal(device_profile(d, 1)->name, "");
}

static void a_restart_takes_no_run_of_a_timer_for_a_send(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_AUTO_KEY_NAME, 1, "web");
	device_text(d, SCEP_AUTO_COMMON_NAME, 1, "printer.example");
	device_number(d, SCEP_AUTO_KEY_LENGTH, 1, 1024);
	device_number(d, SCEP_AUTO_START_TIME, 1, d->io.wall + 5);
	device_number(d, SCEP_AUTO_ENABLE, 1, 1);
	device_set(d);
	d->io.holds_fetches = true;
	device_run_for(d, 10);
	assert_non_null(device_record(d));
	device_restart(d);
	assert_non_null(device_record(d));
	assert_int_equal(device_profile(d, 1)->request_status_index, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, device_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_poll_that_cannot_be_taken_back_is_made),
	    TEST(a_check_that_cannot_be_taken_back_is_made),
	    TEST(a_new_profile_trusts_nothing_of_an_earlier_one),
	    TEST(health_is_well_again_once_the_disk_is),
	    TEST(a_request_goes_on_once_a_check_has_brought_trust),
	    TEST(pollNow_after_clear_is_refused_by_the_check_too),
	    TEST(a_clock_that_steps_after_the_message_loses_no_certificate),
	    TEST(a_second_revert_of_the_same_set_is_accepted),
	    TEST(a_restart_takes_no_run_of_a_timer_for_a_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
