/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that refuses: what was answered stands, what could not be written
 * waits and says so, reads go on, and all is well again by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/agent_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "tests/lib/device.h"
#include "tests/lib/disk.h"

static int setup(void **state)
{
	disk_reset();
	return device_setup(state);
}

/* It waits, has told nobody of an end, and says why. */
static void assert_waits(struct device *d)
{
	const struct scep_status *status = device_status(d);

	assert_true(scep_status_is_open(status));
	assert_int_equal(status->detail, SCEP_STORAGE_ERROR);
	assert_non_null(strstr(status->text, "No space left on device"));
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_FAILED), 0);
	assert_int_equal(device_view(d)->stats.failures, 0);
	assert_int_equal(device_view(d)->stats.successes, 0);
	assert_int_equal(device_view(d)->agent.health, SCEP_HEALTH_CRITICAL);
	assert_true(device_view(d)->agent.health_reason & HEALTH_STORAGE_ERROR);
	assert_non_null(strstr(device_view(d)->agent.health_text,
			       "request 1 waits: Storage Error: "));
}

/* The one request has succeeded with its one key and its one transaction. */
static void assert_went_on(struct device *d)
{
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	device_only_key(d);
	device_assert_one_transaction(d);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_FAILED), 0);
	assert_int_equal(device_view(d)->stats.failures, 0);
	assert_false(device_view(d)->agent.health_reason &
		     HEALTH_STORAGE_ERROR);
	assert_null(d->state.open_requests);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
}

static void assert_enrols(struct device *d)
{
	device_send(d, 1);
	/* The CA may have something to say from before. */
	device_run_for(d, 600);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	device_only_key(d);
	assert_false(device_view(d)->agent.health_reason &
		     HEALTH_STORAGE_ERROR);
}

/* ----------------------------------------------------------------- Sets -- */

static void a_set_that_cannot_be_written_leaves_the_old_values(void **state)
{
	struct device *d = *state;

	disk.is_full = true;
	device_text(d, SCEP_SERVER_URL, 1, "http://other.example/");
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "other");
	assert_int_equal(device_apply(d), SCEP_COMMIT_FAILED);
	assert_string_equal(device_profile(d, 1)->server.url, DEVICE_URL);
	assert_string_equal(device_profile(d, 1)->request.key_name, "");
	assert_int_equal(device_view(d)->agent.health, SCEP_HEALTH_CRITICAL);
	assert_true(device_view(d)->agent.health_reason & HEALTH_STORAGE_ERROR);
	disk.is_full = false;
	device_text(d, SCEP_SERVER_URL, 1, "http://other.example/");
	device_set(d);
	assert_string_equal(device_profile(d, 1)->server.url,
			    "http://other.example/");
	assert_int_equal(device_view(d)->agent.health, SCEP_HEALTH_OK);
}

static void a_send_that_cannot_be_written_begins_nothing(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "web");
	device_text(d, SCEP_REQUEST_COMMON_NAME, 1, "printer.example");
	device_set(d);
	disk.is_full = true;
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_SEND);
	assert_int_equal(device_apply(d), SCEP_COMMIT_FAILED);
	device_run(d);
	assert_int_equal(d->io.fetches, 0);
	assert_null(d->state.open_requests);
	assert_int_equal(device_view(d)->agent.status_last_index, 0);
	assert_int_equal(device_view(d)->statuses.count, 0);
	disk.is_full = false;
	assert_enrols(d);
}

static void a_volatile_change_needs_no_disk(void **state)
{
	struct device *d = *state;

	disk.is_full = true;
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "web");
	device_set(d);
	assert_string_equal(device_profile(d, 1)->request.key_name, "web");
}

static void a_set_that_cannot_be_taken_back_stands(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_SERVER_URL, 1, "http://other.example/");
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	disk.is_full = true;
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_COMMIT_FAILED);
	assert_string_equal(device_profile(d, 1)->server.url,
			    "http://other.example/");
	disk.is_full = false;
	device_restart(d);
	assert_string_equal(device_profile(d, 1)->server.url,
			    "http://other.example/");
}

/* It has the same consequences as one that was confirmed. */
static void a_cancel_that_cannot_be_taken_back_is_told(void **state)
{
	struct device *d = *state;

	d->io.holds_work = true;
	device_send(d, 1);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	disk.is_full = true;
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_COMMIT_FAILED);
	assert_false(set_txn_is_open(&d->set_txn));
	disk.is_full = false;
	d->io.holds_work = false;
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CANCELLED);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_FAILED), 1);
	assert_int_equal(device_view(d)->stats.failures, 1);
	/* Too late. */
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_COMMIT_FAILED);
}

/* ------------------------------------------------------------- requests -- */

static void prepare_polls(struct device *d)
{
	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_CAPS, CA_AWAY, 0);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
}

/* Returns false if so many are not written. */
static bool try_one_refusal(struct device *d, unsigned int number)
{
	prepare_polls(d);
	disk_reset();
	/* The send is the first. */
	disk.refused = number + 1;
	device_send(d, 1);
	device_run_for(d, 600);
	assert_went_on(d);
	assert_int_equal(device_view(d)->stats.successes, 1);
	return disk.writes >= disk.refused;
}

static void one_refused_write_stops_no_request(void **state)
{
	bool is_more = true;

	(void)state;
	for (unsigned int number = 1; is_more; number++) {
		void *device;

		assert_int_equal(setup(&device), 0);
		is_more = try_one_refusal(device, number);
		assert_int_equal(device_teardown(&device), 0);
		assert_true(is_more || number > 10);
	}
}

/* The disk is full from the n-th on.  Returns as above. */
static bool try_full_disk(struct device *d, unsigned int writes, bool is_killed)
{
	prepare_polls(d);
	disk_reset();
	disk.last = writes;
	device_send(d, 1);
	device_run_for(d, 300);
	if (disk.writes < writes ||
	    device_status(d)->state == SCEP_STATE_SUCCESSFUL)
		return false;
	assert_waits(d);
	device_run_for(d, 300);
	assert_waits(d);
	disk_reset();
	if (is_killed)
		device_restart(d);
	device_run_for(d, 600);
	assert_went_on(d);
	return true;
}

static void fill_at_each_write(bool is_killed)
{
	bool is_more = true;

	for (unsigned int writes = 1; is_more; writes++) {
		void *device;

		assert_int_equal(setup(&device), 0);
		is_more = try_full_disk(device, writes, is_killed);
		assert_int_equal(device_teardown(&device), 0);
		assert_true(is_more || writes > 10);
	}
}

static void a_request_waits_for_a_full_disk_and_goes_on(void **state)
{
	(void)state;
	fill_at_each_write(false);
}

static void a_request_that_waits_for_a_full_disk_survives_a_kill(void **state)
{
	(void)state;
	fill_at_each_write(true);
}

/* The timer would not poll, and a certificate that has come would be lost. */
static void without_polls_it_waits_for_a_full_disk_too(void **state)
{
	struct device *d = *state;
	unsigned int fetches;

	device_send(d, 1);
	device_run_to(d, STEP_REQUEST);
	disk.is_full = true;
	device_run_for(d, 3600);
	assert_waits(d);
	fetches = d->io.fetches;
	disk_reset();
	device_run_for(d, 60);
	assert_went_on(d);
	/* The answer was kept: the server is not asked again. */
	assert_int_equal(d->io.fetches, fetches);
}

static void an_end_that_cannot_be_written_waits_for_the_disk(void **state)
{
	struct device *d = *state;

	scripted_ca_plan(&d->ca, CA_PKI, CA_FAILURE, 2);
	device_send(d, 1);
	device_run_to(d, STEP_REQUEST);
	disk.is_full = true;
	device_run_for(d, 300);
	assert_waits(d);
	assert_int_equal(device_view(d)->stats.scep_failures, 0);
	disk_reset();
	device_run_for(d, 60);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_SCEP_ERROR);
	assert_int_equal(device_status(d)->fail_info, 2);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_FAILED), 1);
	assert_int_equal(device_view(d)->stats.scep_failures, 1);
	assert_int_equal(device_view(d)->stats.failures, 1);
	assert_int_equal(device_files(d), 0);
	assert_enrols(d);
}

static void a_request_that_waits_for_the_disk_can_be_cancelled(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	device_run_to(d, STEP_REQUEST);
	disk.is_full = true;
	device_run_for(d, 60);
	assert_waits(d);
	disk_reset();
	device_act(d, SCEP_ACTION_CANCEL);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CANCELLED);
	assert_null(d->state.open_requests);
	assert_enrols(d);
}

static void a_wait_for_trust_waits_for_the_disk(void **state)
{
	struct device *d = *state;

	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, NULL, 0);
	device_set(d);
	disk_reset();
	/* Send, place, GetCACaps -> GetCACert, and then the wait. */
	disk.last = 3;
	device_send(d, 1);
	device_run(d);
	assert_waits(d);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_PENDING), 0);
	assert_int_equal(device_view(d)->cas.count, 0);
	assert_int_equal(device_view(d)->stats.ca_rejects, 0);
	disk_reset();
	device_run_for(d, 10);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_PENDING), 1);
	assert_int_equal(device_view(d)->cas.count, 1);
	assert_int_equal(device_view(d)->stats.ca_rejects, 1);
}

static void a_cancel_that_cannot_be_written_is_refused(void **state)
{
	struct device *d = *state;

	d->io.holds_fetches = true;
	device_send(d, 1);
	device_run(d);
	disk.is_full = true;
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_int_equal(device_apply(d), SCEP_COMMIT_FAILED);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_NONE);
	disk.is_full = false;
	d->io.holds_fetches = false;
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	device_only_key(d);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_set_that_cannot_be_written_leaves_the_old_values),
	    TEST(a_send_that_cannot_be_written_begins_nothing),
	    TEST(a_volatile_change_needs_no_disk),
	    TEST(a_set_that_cannot_be_taken_back_stands),
	    TEST(a_cancel_that_cannot_be_taken_back_is_told),
	    cmocka_unit_test(one_refused_write_stops_no_request),
	    cmocka_unit_test(a_request_waits_for_a_full_disk_and_goes_on),
	    cmocka_unit_test(
		a_request_that_waits_for_a_full_disk_survives_a_kill),
	    TEST(without_polls_it_waits_for_a_full_disk_too),
	    TEST(an_end_that_cannot_be_written_waits_for_the_disk),
	    TEST(a_request_that_waits_for_the_disk_can_be_cancelled),
	    TEST(a_wait_for_trust_waits_for_the_disk),
	    TEST(a_cancel_that_cannot_be_written_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
