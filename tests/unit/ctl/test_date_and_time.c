/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/date_and_time.h"

/* 2026-03-01T02:03:04+05:30 */
static const unsigned char kolkata[] = {0x07, 0xea, 3,	 1, 2, 3,
					4,    0,    '+', 5, 30};
/* the same moment, 2026-02-28T20:33:04Z */
static const unsigned char utc[] = {0x07, 0xea, 2, 28, 20, 33, 4, 0, '+', 0, 0};
#define LOCAL 8

static void scan(const char *text, unsigned char *octets, size_t *length)
{
	assert_true(date_and_time_scan(text, octets, length));
}

static void octets_and_text_go_both_ways(void **state)
{
	static const char *const texts[] = {
	    "",
	    "2026-03-01T02:03:04",
	    "2026-03-01T02:03:04+05:30",
	    "1970-01-01T00:00:01-14:00",
	    "9999-12-31T23:59:59+14:00",
	    "2024-02-29T00:00:00+00:00",
	};
	unsigned char octets[DATE_AND_TIME_OCTETS];
	char text[DATE_AND_TIME_TEXT];
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		scan(texts[i], octets, &length);
		assert_true(date_and_time_print(octets, length, text));
		assert_string_equal(text, texts[i]);
	}
	scan("2026-03-01T02:03:04+05:30", octets, &length);
	assert_int_equal(length, sizeof(kolkata));
	assert_memory_equal(octets, kolkata, length);
	scan("2026-02-28T20:33:04Z", octets, &length);
	assert_memory_equal(octets, utc, sizeof(utc));
}

static void what_is_no_date_is_refused(void **state)
{
	static const char *const texts[] = {
	    "x",
	    "2026-03-01",
	    "2026-03-01 02:03:04",
	    "2026-13-01T02:03:04",
	    "2026-00-01T02:03:04",
	    "2026-02-30T02:03:04",
	    "2025-02-29T02:03:04",
	    "2026-03-00T02:03:04",
	    "2026-03-01T24:03:04",
	    "2026-03-01T02:60:04",
	    "2026-03-01T02:03:60",
	    "2026-03-01T02:03:04.5",
	    "2026-03-01T02:03:04+5:30",
	    "2026-03-01T02:03:04+0530",
	    "2026-03-01T02:03:04+15:00",
	    "2026-03-01T02:03:04+05:60",
	    "2026-03-01T02:03:04+05:30 ",
	    "2026-03-01T02:03:04ZZ",
	    "1969-12-31T23:59:59Z",
	    "0000-01-01T00:00:00Z",
	    "-026-03-01T02:03:04",
	};
	unsigned char octets[DATE_AND_TIME_OCTETS];
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (date_and_time_scan(texts[i], octets, &length))
			fail_msg("%s was taken", texts[i]);
}

static void octets_that_are_no_date_are_not_printed(void **state)
{
	unsigned char bad[DATE_AND_TIME_OCTETS];
	char text[DATE_AND_TIME_TEXT];

	(void)state;
	assert_false(date_and_time_print(kolkata, 7, text));
	assert_false(date_and_time_print(kolkata, 10, text));
	for (size_t i = 2; i < DATE_AND_TIME_OCTETS; i++) {
		memcpy(bad, kolkata, sizeof(bad));
		bad[i] = 99;
		assert_false(date_and_time_print(bad, sizeof(bad), text));
		assert_string_equal(text, "");
	}
}

static void the_same_moment_is_the_same_in_every_zone(void **state)
{
	unsigned char later[DATE_AND_TIME_OCTETS];
	unsigned char moved[DATE_AND_TIME_OCTETS];

	(void)state;
	memcpy(later, utc, sizeof(later));
	later[6]++;
	assert_true(date_and_time_is_same(kolkata, 11, utc, 11));
	assert_false(date_and_time_is_same(kolkata, 11, later, 11));
	assert_false(date_and_time_is_same(kolkata, 11, kolkata, 0));
	assert_true(date_and_time_is_same(NULL, 0, NULL, 0));
	memcpy(moved, kolkata, sizeof(moved));
	date_and_time_to_utc(moved, sizeof(moved));
	assert_memory_equal(moved, utc, sizeof(utc));
	assert_int_equal(date_and_time_seconds(kolkata, 11), 1772310784);
}

static void local_time_is_what_the_clock_of_the_device_shows(void **state)
{
	unsigned char local[DATE_AND_TIME_OCTETS];

	(void)state;
	memcpy(local, kolkata, sizeof(local));
	assert_true(date_and_time_is_same(local, LOCAL, kolkata, 11));
	assert_true(date_and_time_is_same(kolkata, 11, local, LOCAL));
	assert_false(date_and_time_is_same(local, LOCAL, utc, 11));
	date_and_time_to_utc(local, LOCAL);
	assert_memory_equal(local, kolkata, LOCAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(octets_and_text_go_both_ways),
	    cmocka_unit_test(what_is_no_date_is_refused),
	    cmocka_unit_test(octets_that_are_no_date_are_not_printed),
	    cmocka_unit_test(the_same_moment_is_the_same_in_every_zone),
	    cmocka_unit_test(local_time_is_what_the_clock_of_the_device_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
