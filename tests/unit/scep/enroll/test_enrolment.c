/* SPDX-License-Identifier: Apache-2.0 */
/* Whole enrolments, from the Set to the row of scepKeyTable. */
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
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/server.h"
#include "scep/status_row.h"
#include "scep/view.h"
#include "tests/lib/device.h"

/* ------------------------------------------------------------- success -- */

static void assert_success(struct device *d)
{
	const struct scep_status *status = device_status(d);
	const struct scep_key *key = device_only_key(d);

	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(status->text, "");
	assert_int_equal(status->http_status, 0);
	assert_int_equal(status->fail_info, SCEP_FAIL_NONE);
	assert_string_equal(status->fail_info_text, "");
	assert_int_equal(status->next_poll, 0);
	assert_int_equal(status->finish_time, d->io.wall);
	assert_int_equal(status->request_time, d->io.wall);
	assert_int_equal(status->key_index, key->index);
	assert_string_equal(status->transaction_id, d->ca.transaction_id);
	assert_int_equal(d->ca.transactions, 1);
	assert_int_equal(d->ca.keys, 1);
	assert_false(d->ca.nonce_was_repeated);
	assert_null(device_record(d));
	assert_int_equal(device_view(d)->stats.successes, 1);
	assert_int_equal(device_view(d)->stats.failures, 0);
	assert_int_equal(device_view(d)->stats.requests, 1);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_SUCCEEDED), 1);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_FAILED), 0);
}

static void an_enrolment_by_post_ends_in_a_key_and_its_certificate(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	assert_int_equal(device_profile(d, 1)->request_status_index, 1);
	device_run(d);
	assert_success(d);
	assert_int_equal(d->ca.seen[CA_CAPS], 1);
	assert_int_equal(d->ca.seen[CA_CERT], 1);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	assert_int_equal(d->ca.posts, 1);
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	assert_int_equal(device_status(d)->message_type, SCEP_MESSAGE_PKCS_REQ);
	assert_int_equal(device_profile(d, 1)->facts.last_contact, d->io.wall);
	assert_true(device_profile(d, 1)->facts.caps & SCEP_CAP_STANDARD);
}

static void an_enrolment_goes_by_get_where_post_is_not_offered(void **state)
{
	struct device *d = *state;

	d->ca.caps = "Renewal\nSHA-256\nAES\n";
	device_send(d, 1);
	device_run(d);
	assert_success(d);
	assert_int_equal(d->ca.posts, 0);
}

static void a_server_without_capabilities_gets_get(void **state)
{
	struct device *d = *state;

	scripted_ca_plan(&d->ca, CA_CAPS, CA_HTTP, 500);
	device_send(d, 1);
	device_run(d);
	assert_success(d);
	assert_int_equal(d->ca.posts, 0);
}

static void the_row_is_pending_first_and_processing_then(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "web");
	device_text(d, SCEP_REQUEST_COMMON_NAME, 1, "printer.example");
	device_number(d, SCEP_REQUEST_KEY_LENGTH, 1, 1024);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_SEND);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run(d);
	device_assert_status(d, SCEP_STATE_TO_BE_PROCESSED, SCEP_NONE);
	assert_int_equal(d->io.fetches, 0);
	set_txn_confirm(&d->set_txn, &d->state, d->ticket);
	device_step(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_NONE);
	device_run(d);
	assert_success(d);
}

/* ------------------------------------------------------------- refusals -- */

/* Ended in Error, with nothing left of it. */
static void assert_failed(struct device *d, enum scep_code detail)
{
	device_assert_status(d, SCEP_STATE_ERROR, detail);
	assert_null(d->state.open_requests);
	assert_int_equal(device_view(d)->keys.count, 0);
	assert_int_equal(device_files(d), 0);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_FAILED), 1);
	assert_int_equal(device_view(d)->stats.failures, 1);
	assert_int_equal(device_view(d)->stats.consecutive_failures, 1);
	assert_int_equal(device_view(d)->stats.last_failure, d->io.wall);
	assert_true(device_view(d)->agent.health_reason &
		    HEALTH_LAST_REQUEST_FAILED);
}

static void each_fail_info_of_the_server_is_told(void **state)
{
	static const char *const texts[] = {
	    "Communication Error (SCEP ERROR Fail Info 0): badAlg: "
	    "the test wants it so",
	    "Communication Error (SCEP ERROR Fail Info 1): badMessageCheck: "
	    "the test wants it so",
	    "Communication Error (SCEP ERROR Fail Info 2): badRequest: "
	    "the test wants it so",
	    "Communication Error (SCEP ERROR Fail Info 3): badTime: "
	    "the test wants it so",
	    "Communication Error (SCEP ERROR Fail Info 4): badCertId: "
	    "the test wants it so",
	};

	for (int i = 0; i <= SCEP_FAIL_BAD_CERT_ID; i++) {
		struct device *d = *state;

		device_set_polls(d, 10, 60);
		scripted_ca_plan(&d->ca, CA_PKI, CA_FAILURE, i);
		device_send(d, 1);
		device_run_for(d, 3600);
		d->io.wall = device_status(d)->finish_time;
		assert_failed(d, SCEP_SCEP_ERROR);
		assert_int_equal(device_status(d)->fail_info, i);
		assert_string_equal(device_status(d)->fail_info_text,
				    "the test wants it so");
		assert_string_equal(device_status(d)->text, texts[i]);
		assert_int_equal(d->ca.seen[CA_PKI], 1);
		device_teardown(state);
		device_setup(state);
	}
}

static void a_failure_without_a_known_fail_info_is_other(void **state)
{
	static const int numbers[] = {-1, 5};

	for (size_t i = 0; i < 2; i++) {
		struct device *d = *state;

		scripted_ca_plan(&d->ca, CA_PKI, CA_FAILURE, numbers[i]);
		device_send(d, 1);
		device_run(d);
		assert_failed(d, SCEP_SCEP_ERROR);
		assert_int_equal(device_status(d)->fail_info, SCEP_FAIL_OTHER);
		device_teardown(state);
		device_setup(state);
	}
}

static void a_reply_that_cannot_be_believed_ends_it_at_once(void **state)
{
	static const enum ca_behaviour hostile[] = {
	    CA_HTML,
	    CA_EMPTY,
	    CA_FOREIGN_KEY,
	    CA_OTHER_NONCE,
	    CA_OTHER_TRANSACTION,
	    CA_BY_STRANGER,
	};

	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		struct device *d = *state;

		device_set_polls(d, 10, 60);
		scripted_ca_plan(&d->ca, CA_PKI, hostile[i], 0);
		device_send(d, 1);
		device_run(d);
		assert_failed(d, SCEP_BAD_RESPONSE);
		assert_int_equal(d->ca.seen[CA_PKI], 1);
		assert_int_equal(device_view(d)->stats.bad_responses, 1);
		device_teardown(state);
		device_setup(state);
	}
}

static void a_ca_certificate_that_is_none_ends_it_at_once(void **state)
{
	static const enum ca_behaviour hostile[] = {CA_HTML, CA_EMPTY};

	for (size_t i = 0; i < 2; i++) {
		struct device *d = *state;

		scripted_ca_plan(&d->ca, CA_CERT, hostile[i], 0);
		device_send(d, 1);
		device_run(d);
		assert_failed(d, SCEP_BAD_RESPONSE);
		assert_int_equal(d->ca.seen[CA_PKI], 0);
		device_teardown(state);
		device_setup(state);
	}
}

static void a_standard_that_is_required_must_be_offered(void **state)
{
	struct device *d = *state;

	device_set_number(d, SCEP_SERVER_REQUIRE_STANDARD, 1, 1);
	scripted_ca_plan(&d->ca, CA_CAPS, CA_HTML, 0);
	device_send(d, 1);
	device_run(d);
	assert_failed(d, SCEP_BAD_RESPONSE);
	assert_int_equal(d->ca.seen[CA_CERT], 0);
}

/* ----------------------------------------------------- limit and clock -- */

static void over_the_key_limit_no_message_is_sent(void **state)
{
	struct device *d = *state;

	d->config.key_limit = 1;
	device_restart(d);
	device_send(d, 1);
	device_run(d);
	assert_success(d);
	assert_true(device_view(d)->agent.health_reason &
		    HEALTH_KEY_LIMIT_REACHED);
	device_send(d, 1);
	device_run_for(d, 3600);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_REGISTRATION_LIMIT);
	assert_string_equal(device_status(d)->text,
			    "Key and Certificate Registration Limit Error: "
			    "1 keys are registered, which is the limit");
	assert_int_equal(d->io.fetches, 3);
	assert_int_equal(device_view(d)->stats.limit_errors, 1);
	device_only_key(d);
}

static void a_request_under_way_has_its_place(void **state)
{
	struct device *d = *state;

	d->config.key_limit = 1;
	device_restart(d);
	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_fill(d, 2);
	d->io.holds_fetches = true;
	device_send(d, 1);
	device_run(d);
	device_send(d, 2);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_REGISTRATION_LIMIT);
	assert_int_equal(d->io.fetches, 1);
	d->io.holds_fetches = false;
	device_run(d);
	device_only_key(d);
}

static void requests_of_two_profiles_do_not_disturb_each_other(void **state)
{
	struct device *d = *state;
	const struct scep_view *view;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_fill(d, 2);
	device_send(d, 1);
	device_send(d, 2);
	d->io.is_newest_first = true;
	device_run(d);
	view = device_view(d);
	assert_int_equal(view->keys.count, 2);
	assert_int_equal(view->stats.successes, 2);
	assert_int_equal(device_files(d), 4);
	assert_int_equal(
	    ((struct scep_key *)view->keys.row[0])->profile_index +
		((struct scep_key *)view->keys.row[1])->profile_index,
	    3);
	device_restart(d);
	assert_int_equal(device_view(d)->keys.count, 2);
	assert_int_equal(device_files(d), 4);
}

static void a_wrong_clock_is_a_warning(void **state)
{
	struct device *d = *state;

	d->ca.date_skew = -1000;
	device_send(d, 1);
	device_run(d);
	assert_success(d);
	assert_int_equal(device_profile(d, 1)->facts.clock_skew, -1000);
	assert_true(device_events(d, SCEP_EVENT_CLOCK_SUSPECT) > 0);
}

static void a_wrong_clock_is_an_error_where_configured(void **state)
{
	static const int64_t skews[] = {601, -601};

	for (size_t i = 0; i < 2; i++) {
		struct device *d = *state;

		d->config.clock_skew_is_error = true;
		device_restart(d);
		d->ca.date_skew = skews[i];
		device_send(d, 1);
		device_run(d);
		assert_failed(d, SCEP_CLOCK_SUSPECT);
		assert_int_equal(d->ca.seen[CA_PKI], 0);
		d->ca.date_skew = skews[i] / 601 * 600;
		device_send(d, 1);
		device_run(d);
		device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
		device_teardown(state);
		device_setup(state);
	}
}

/* ------------------------------------------------------------ challenge -- */

static void assert_no_secret(struct device *d)
{
	assert_int_equal(
	    device_profile(d, 1)->request.challenge_password.length, 0);
	for (struct open_request *e = d->state.open_requests; e != NULL;
	     e = e->next)
		assert_int_equal(
		    e->task.record->values.challenge_password.length, 0);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
}

static void the_challenge_is_gone_after_success(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	device_run_to(d, STEP_REQUEST);
	assert_true(device_has_on_disk(d, DEVICE_SECRET));
	device_run_to(d, STEP_REGISTER);
	assert_no_secret(d);
	device_run(d);
	assert_success(d);
	assert_no_secret(d);
}

static void the_challenge_is_gone_after_failure(void **state)
{
	struct device *d = *state;

	scripted_ca_plan(&d->ca, CA_PKI, CA_FAILURE, 2);
	device_send(d, 1);
	device_run(d);
	assert_failed(d, SCEP_SCEP_ERROR);
	assert_no_secret(d);
}

static void the_challenge_is_gone_from_what_could_be_resumed(void **state)
{
	struct device *d = *state;

	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_DEFERRED);
	assert_non_null(d->state.open_requests);
	assert_no_secret(d);
}

static void the_challenge_is_gone_after_cancel(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run(d);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_no_secret(d);
}

static void an_open_request_keeps_its_own_challenge(void **state)
{
	struct device *d = *state;

	d->io.holds_work = true;
	device_send(d, 1);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CLEAR);
	assert_int_equal(
	    device_profile(d, 1)->request.challenge_password.length, 0);
	assert_string_equal(device_profile(d, 1)->request.key_name, "");
	d->io.holds_work = false;
	device_restart(d);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
}

/* --------------------------------------------------------------- others -- */

/* Neither a worker nor an exchange, and no polls: it waits even so. */
static void
short_memory_is_waited_for_and_is_no_fault_of_the_server(void **state)
{
	struct device *d = *state;

	d->io.refusals = 1;
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_STORAGE_ERROR);
	assert_string_equal(device_status(d)->text,
			    "Storage Error: memory is short");
	virtual_io_advance(&d->io, 5 * 1000);
	device_tick(d);
	d->io.refusals = 1;
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_STORAGE_ERROR);
	device_run_for(d, 60);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	device_only_key(d);
	device_assert_one_transaction(d);
	assert_int_equal(device_view(d)->stats.requests, 1);
	assert_int_equal(device_view(d)->stats.comm_errors, 0);
	assert_int_equal(device_view(d)->stats.bad_responses, 0);
}

/* Rule 12. */
static void finished_rows_are_trimmed_and_open_ones_are_not(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_fill(d, 2);
	device_number(d, SCEP_AUTO_POLL, 2, 1);
	device_set(d);
	scripted_ca_plan(&d->ca, CA_CAPS, CA_AWAY, 0);
	device_send(d, 2);
	device_run(d);
	device_set_number(d, SCEP_SERVER_REQUIRE_STANDARD, 1, 1);
	d->ca.caps = "AES";
	for (int i = 0; i < 25; i++) {
		device_send(d, 1);
		device_run(d);
	}
	assert_int_equal(device_view(d)->statuses.count, 21);
	assert_int_equal(device_view(d)->agent.status_last_index, 26);
	device_restart(d);
	assert_int_equal(device_view(d)->statuses.count, 21);
	assert_int_equal(device_view(d)->agent.status_last_index, 26);
	assert_non_null(scep_rows_find(&device_view(d)->statuses, 1));
	assert_null(scep_rows_find(&device_view(d)->statuses, 2));
	assert_non_null(scep_rows_find(&device_view(d)->statuses, 7));
}

static void a_clock_that_was_set_back_does_not_hide_what_ends_now(void **state)
{
	struct device *d = *state;

	device_set_number(d, SCEP_SERVER_REQUIRE_STANDARD, 1, 1);
	d->ca.caps = "AES";
	for (int i = 0; i < 21; i++) {
		device_send(d, 1);
		device_run(d);
	}
	d->io.wall -= 4000 * PKI_DAY;
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_BAD_RESPONSE);
	assert_int_equal(device_view(d)->statuses.count, 20);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(an_enrolment_by_post_ends_in_a_key_and_its_certificate),
	    TEST(an_enrolment_goes_by_get_where_post_is_not_offered),
	    TEST(a_server_without_capabilities_gets_get),
	    TEST(the_row_is_pending_first_and_processing_then),
	    TEST(each_fail_info_of_the_server_is_told),
	    TEST(a_failure_without_a_known_fail_info_is_other),
	    TEST(a_reply_that_cannot_be_believed_ends_it_at_once),
	    TEST(a_ca_certificate_that_is_none_ends_it_at_once),
	    TEST(a_standard_that_is_required_must_be_offered),
	    TEST(over_the_key_limit_no_message_is_sent),
	    TEST(a_request_under_way_has_its_place),
	    TEST(requests_of_two_profiles_do_not_disturb_each_other),
	    TEST(a_wrong_clock_is_a_warning),
	    TEST(a_wrong_clock_is_an_error_where_configured),
	    TEST(the_challenge_is_gone_after_success),
	    TEST(the_challenge_is_gone_after_failure),
	    TEST(the_challenge_is_gone_from_what_could_be_resumed),
	    TEST(the_challenge_is_gone_after_cancel),
	    TEST(an_open_request_keeps_its_own_challenge),
	    TEST(short_memory_is_waited_for_and_is_no_fault_of_the_server),
	    TEST(finished_rows_are_trimmed_and_open_ones_are_not),
	    TEST(a_clock_that_was_set_back_does_not_hide_what_ends_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
