/* SPDX-License-Identifier: Apache-2.0 */
/* Outcomes in the rows of scepStatusTable and in scepStats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/agent_row.h"
#include "scep/codes.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/base/error.h"
#include "scep/base/rows.h"
#include "scep/state/status.h"

static void at_the_end_the_time_is_that_of_the_outcome(void **state)
{
	struct scep_status status = {
	    .state = SCEP_STATE_PROCESSING,
	    .request_time = 100,
	    .next_poll = 900,
	};

	(void)state;
	status_end(&status, 777, SCEP_STATE_SUCCESSFUL);
	assert_int_equal(status.state, SCEP_STATE_SUCCESSFUL);
	assert_int_equal(status.request_time, 777);
	assert_int_equal(status.finish_time, 777);
	assert_int_equal(status.next_poll, 0);
}

static void an_error_is_written_and_cleared_as_a_whole(void **state)
{
	struct scep_error error;
	struct scep_status status = {0};

	(void)state;
	error_init(&error);
	error_set(&error, SCEP_SCEP_ERROR, "no");
	error.fail_info = SCEP_FAIL_BAD_REQUEST;
	error.http_status = 200;
	strcpy(error.fail_info_text, "no such device");
	status_blame(&status, &error);
	assert_int_equal(status.detail, SCEP_SCEP_ERROR);
	assert_int_equal(status.http_status, 200);
	assert_int_equal(status.fail_info, SCEP_FAIL_BAD_REQUEST);
	assert_string_equal(status.fail_info_text, "no such device");
	assert_string_equal(status.text,
			    "Communication Error (SCEP ERROR Fail Info 2): "
			    "badRequest: no such device");
	status_clear(&status);
	assert_int_equal(status.detail, SCEP_NONE);
	assert_int_equal(status.http_status, 0);
	assert_int_equal(status.fail_info, SCEP_FAIL_NONE);
	assert_string_equal(status.fail_info_text, "");
	assert_string_equal(status.text, "");
}

static void the_last_message_stays_shown(void **state)
{
	struct scep_status status = {.message_type = SCEP_MESSAGE_NONE};

	(void)state;
	status_message(&status, SCEP_MESSAGE_PKCS_REQ);
	status_message(&status, SCEP_MESSAGE_NONE);
	assert_int_equal(status.message_type, SCEP_MESSAGE_PKCS_REQ);
	status_message(&status, SCEP_MESSAGE_CERT_POLL);
	assert_int_equal(status.message_type, SCEP_MESSAGE_CERT_POLL);
}

static void each_exchange_that_failed_is_counted(void **state)
{
	const struct scep_error away = {.code = SCEP_COMM_ERROR};
	const struct scep_error broken = {.code = SCEP_BAD_RESPONSE};
	struct scep_stats stats = {0},
			  expected = {.comm_errors = 1, .http_errors = 2};

	(void)state;
	stats_count_exchange(&stats, NULL, 200);
	stats_count_exchange(&stats, &broken, 0);
	stats_count_exchange(&stats, &away, 0);
	stats_count_exchange(&stats, NULL, 404);
	stats_count_exchange(&stats, NULL, 302);
	assert_memory_equal(&stats, &expected, sizeof(stats));
}

/* Each code counts in its own counter, or in none. */
static void each_error_is_counted_once(void **state)
{
	static const struct {
		enum scep_code code;
		size_t counter;
	} rows[] = {
	    {SCEP_DEFERRED, offsetof(struct scep_stats, pendings)},
	    {SCEP_BAD_RESPONSE, offsetof(struct scep_stats, bad_responses)},
	    {SCEP_CA_NOT_TRUSTED, offsetof(struct scep_stats, ca_rejects)},
	    {SCEP_REGISTRATION_LIMIT,
	     offsetof(struct scep_stats, limit_errors)},
	    {SCEP_DEPLOY_FAILED, offsetof(struct scep_stats, deploy_errors)},
	    {SCEP_SCEP_ERROR, offsetof(struct scep_stats, scep_failures)},
	};

	(void)state;
	for (enum scep_code code = SCEP_OK; code <= SCEP_IN_PROGRESS; code++) {
		struct scep_error error = {.code = code};
		struct scep_stats stats = {0}, expected = {0};

		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			if (rows[i].code == code)
				*(uint32_t *)((char *)&expected +
					      rows[i].counter) = 1;
		}
		stats_count_error(&stats, &error);
		assert_memory_equal(&stats, &expected, sizeof(stats));
	}
}

static void renewals_count_as_requests_too(void **state)
{
	struct scep_stats stats = {0};

	(void)state;
	stats_count_begin(&stats, SCEP_TRIGGER_MANUAL);
	stats_count_begin(&stats, SCEP_TRIGGER_TIMER);
	stats_count_begin(&stats, SCEP_TRIGGER_PERIODIC);
	assert_int_equal(stats.renewals, 0);
	stats_count_begin(&stats, SCEP_TRIGGER_RENEWAL);
	stats_count_begin(&stats, SCEP_TRIGGER_ROLLOVER);
	assert_int_equal(stats.requests, 5);
	assert_int_equal(stats.renewals, 2);
}

static void put(struct scep_rows *rows, uint32_t index, enum scep_state state,
		int64_t finished)
{
	struct scep_status *status = row_new(sizeof(*status));

	assert_non_null(status);
	status->index = index;
	status->state = state;
	status->finish_time = finished;
	assert_true(rows_reserve(rows, 1));
	rows_put(rows, status);
}

static void what_is_no_counter_is_recalled_from_the_rows(void **state)
{
	struct scep_stats stats = {
	    .requests = 7, .last_success = 5, .consecutive_failures = 9};
	struct scep_rows rows = {0, 0, NULL};

	(void)state;
	stats_recall(&stats, &rows);
	assert_int_equal(stats.last_success, 0);
	assert_int_equal(stats.last_failure, 0);
	assert_int_equal(stats.consecutive_failures, 0);
	put(&rows, 1, SCEP_STATE_ERROR, 100);
	put(&rows, 2, SCEP_STATE_SUCCESSFUL, 200);
	put(&rows, 3, SCEP_STATE_ERROR, 200);
	put(&rows, 4, SCEP_STATE_ERROR, 300);
	put(&rows, 5, SCEP_STATE_PROCESSING, 0);
	put(&rows, 6, SCEP_STATE_SUCCESSFUL, 150);
	stats_recall(&stats, &rows);
	assert_int_equal(stats.last_success, 200);
	assert_int_equal(stats.last_failure, 300);
	assert_int_equal(stats.consecutive_failures, 2);
	assert_int_equal(stats.requests, 7);
	rows_free(&rows);
}

static void failures_are_consecutive_until_a_success(void **state)
{
	struct scep_stats stats = {0};

	(void)state;
	stats_count_end(&stats, 10, false);
	stats_count_end(&stats, 20, false);
	assert_int_equal(stats.consecutive_failures, 2);
	assert_int_equal(stats.failures, 2);
	assert_int_equal(stats.last_failure, 20);
	assert_int_equal(stats.last_success, 0);
	stats_count_end(&stats, 30, true);
	assert_int_equal(stats.consecutive_failures, 0);
	assert_int_equal(stats.failures, 2);
	assert_int_equal(stats.successes, 1);
	assert_int_equal(stats.last_success, 30);
	assert_int_equal(stats.last_failure, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(at_the_end_the_time_is_that_of_the_outcome),
	    cmocka_unit_test(an_error_is_written_and_cleared_as_a_whole),
	    cmocka_unit_test(the_last_message_stays_shown),
	    cmocka_unit_test(each_exchange_that_failed_is_counted),
	    cmocka_unit_test(each_error_is_counted_once),
	    cmocka_unit_test(renewals_count_as_requests_too),
	    cmocka_unit_test(what_is_no_counter_is_recalled_from_the_rows),
	    cmocka_unit_test(failures_are_consecutive_until_a_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
