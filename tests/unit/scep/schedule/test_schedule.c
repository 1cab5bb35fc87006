/* SPDX-License-Identifier: Apache-2.0 */
/* When a request is tried again (MIB, rule 9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scep/codes.h"
#include "scep/timer.h"
#include "scep/schedule/schedule.h"

static const struct scep_timer polling = {
    .poll = 1, .poll_count = 3, .poll_interval = 300};

static void a_deferral_and_communication_errors_are_tried_again(void **state)
{
	static const enum scep_code codes[] = {SCEP_DEFERRED, SCEP_COMM_ERROR,
					       SCEP_HTTP_ERROR};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (uint32_t polls = 0; polls < 3; polls++) {
			struct schedule_retry retry =
			    schedule_after_failure(&polling, codes[i], polls);

			assert_true(retry.is_again);
			assert_int_equal(retry.wait, 300);
		}
	}
}

static void nothing_else_is_tried_again(void **state)
{
	(void)state;
	for (enum scep_code code = SCEP_NONE; code <= SCEP_IN_PROGRESS;
	     code++) {
		struct schedule_retry retry;

		if (code == SCEP_DEFERRED || code == SCEP_COMM_ERROR ||
		    code == SCEP_HTTP_ERROR)
			continue;
		retry = schedule_after_failure(&polling, code, 0);
		assert_false(retry.is_again);
		assert_int_equal(retry.code, code);
	}
}

static void the_last_answer_decides_how_polling_ends(void **state)
{
	struct schedule_retry retry =
	    schedule_after_failure(&polling, SCEP_DEFERRED, 3);

	(void)state;
	assert_false(retry.is_again);
	assert_int_equal(retry.code, SCEP_POLL_LIMIT);
	retry = schedule_after_failure(&polling, SCEP_COMM_ERROR, 3);
	assert_false(retry.is_again);
	assert_int_equal(retry.code, SCEP_COMM_ERROR);
	retry = schedule_after_failure(&polling, SCEP_HTTP_ERROR, 4);
	assert_false(retry.is_again);
	assert_int_equal(retry.code, SCEP_HTTP_ERROR);
}

static void without_polling_each_error_ends_as_itself(void **state)
{
	const struct scep_timer timer = {.poll_count = 3, .poll_interval = 300};
	struct schedule_retry retry =
	    schedule_after_failure(&timer, SCEP_DEFERRED, 0);

	(void)state;
	assert_false(retry.is_again);
	assert_int_equal(retry.code, SCEP_DEFERRED);
	retry = schedule_after_failure(&timer, SCEP_COMM_ERROR, 0);
	assert_false(retry.is_again);
	assert_int_equal(retry.code, SCEP_COMM_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_deferral_and_communication_errors_are_tried_again),
	    cmocka_unit_test(nothing_else_is_tried_again),
	    cmocka_unit_test(the_last_answer_decides_how_polling_ends),
	    cmocka_unit_test(without_polling_each_error_ends_as_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
