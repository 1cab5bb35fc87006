/* SPDX-License-Identifier: Apache-2.0 */
/* The line of a monitoring plugin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/health.h"

static const struct health_facts good = {.health = 1,
					 .text = "ok",
					 .seconds_left = INT32_MAX,
					 .expiry_days = 30,
					 .keys = 1,
					 .key_limit = 16};
static char line[HEALTH_LINE];

static void the_exit_code_is_that_of_the_health(void **state)
{
	static const char *const words[] = {"UNKNOWN", "OK", "WARNING",
					    "CRITICAL", "UNKNOWN"};
	static const int codes[] = {3, 0, 1, 2, 3};
	struct health_facts facts = good;

	(void)state;
	for (facts.health = 0; facts.health <= 4; facts.health++) {
		char begin[40];

		snprintf(begin, sizeof(begin), "SCEP %s: ok | ",
			 words[facts.health]);
		assert_int_equal(health_line(&facts, line),
				 codes[facts.health]);
		assert_memory_equal(line, begin, strlen(begin));
	}
}

static void an_expiry_is_there_only_if_something_expires(void **state)
{
	struct health_facts facts = good;

	(void)state;
	health_line(&facts, line);
	assert_string_equal(line, "SCEP OK: ok | keys=1;;;0;16 failures=0;;;0 "
				  "open=0;;;0");
	facts.seconds_left = -5;
	health_line(&facts, line);
	assert_non_null(strstr(line, " | expiry=-5s;2592000:;0: keys="));
}

static void a_bar_in_the_text_begins_no_performance_data(void **state)
{
	struct health_facts facts = good;

	(void)state;
	facts.text = "a|b=1";
	health_line(&facts, line);
	assert_memory_equal(line, "SCEP OK: a/b=1 | ", 17);
}

static void a_long_text_leaves_room_for_the_performance_data(void **state)
{
	static char text[4000];
	struct health_facts facts = good;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	facts.text = text;
	health_line(&facts, line);
	assert_non_null(strstr(line, " open=0;;;0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_exit_code_is_that_of_the_health),
	    cmocka_unit_test(an_expiry_is_there_only_if_something_expires),
	    cmocka_unit_test(a_bar_in_the_text_begins_no_performance_data),
	    cmocka_unit_test(a_long_text_leaves_room_for_the_performance_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
