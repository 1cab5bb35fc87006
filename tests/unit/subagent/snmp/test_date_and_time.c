/* SPDX-License-Identifier: Apache-2.0 */
/* DateAndTime: octets, fields, seconds since 1970 and the device's zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "subagent/snmp/date_and_time.h"

#define OCTETS(x)  (x), sizeof(x) - 1
#define LEAP_FEB29 1709164800 /* 2024-02-29 00:00:00 UTC */

static void zone_set(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static int zone_reset(void **state)
{
	(void)state;
	zone_set("UTC0");
	return 0;
}

/* --------------------------------------------------------------- fields -- */

static void fields_and_octets_go_both_ways(void **state)
{
	static const char *const octets[] = {
	    "\x07\xea\3\1\2\3\4\5+\5\x1e",
	    "\x07\xea\3\1\2\3\4\0-\0\1",
	    "\xff\xff\x0c\x1f\x17\x3b\x3c\x09+\xff\x3b",
	};
	unsigned char again[DATE_AND_TIME_OCTETS];
	struct date_and_time date;

	(void)state;
	for (size_t i = 0; i < sizeof(octets) / sizeof(octets[0]); i++) {
		const unsigned char *given = (const void *)octets[i];

		for (size_t length = DATE_AND_TIME_LOCAL;
		     length <= DATE_AND_TIME_OCTETS; length += 3) {
			assert_true(date_and_time_read(given, length, &date));
			assert_int_equal(date.is_local, length == 8);
			assert_int_equal(date_and_time_write(&date, again),
					 length);
			assert_memory_equal(again, given, length);
		}
	}
	assert_int_equal(date.year, 65535);
	assert_int_equal(date.offset, 255 * 60 + 59);
}

static void fields_and_seconds_go_both_ways(void **state)
{
	struct date_and_time date;

	(void)state;
	/* 2026-03-01T02:03:04+05:30 */
	assert_true(date_and_time_at(1772310784, 330, &date));
	assert_int_equal(date.month, 3);
	assert_int_equal(date.day, 1);
	assert_int_equal(date.hour, 2);
	assert_int_equal(date_and_time_seconds(&date), 1772310784);
	/* The same moment, 2026-02-28T20:33:04Z */
	assert_true(date_and_time_at(1772310784, 0, &date));
	assert_int_equal(date.month, 2);
	assert_int_equal(date.day, 28);
	assert_int_equal(date.hour, 20);
	assert_int_equal(date_and_time_seconds(&date), 1772310784);
	assert_false(date_and_time_at(INT64_C(2005949145600), 0, &date));
}

/* -------------------------------------------------- as the device has it -- */

static void assert_date(const char *octets, size_t length, int64_t expected)
{
	int64_t time = -1;

	assert_true(
	    date_and_time_decode((const unsigned char *)octets, length, &time));
	assert_int_equal(time, expected);
}

static void assert_no_date(const char *octets, size_t length)
{
	int64_t time;

	assert_false(
	    date_and_time_decode((const unsigned char *)octets, length, &time));
}

static void eleven_octets_have_their_own_offset(void **state)
{
	(void)state;
	zone_set("JST-9");
	assert_date(OCTETS("\x07\xe8\2\x1d\0\0\0\0+\0\0"), LEAP_FEB29);
	assert_date(OCTETS("\x07\xe8\2\x1d\2\x1e\0\0+\2\x1e"), LEAP_FEB29);
	assert_date(OCTETS("\x07\xe8\2\x1c\x15\0\0\0-\3\0"), LEAP_FEB29);
	assert_date(OCTETS("\x07\xe8\2\x1d\0\0\0\x09-\0\0"), LEAP_FEB29);
	assert_date(OCTETS("\x07\xe8\2\x1d\x0d\x3b\0\0+\x0d\x3b"), LEAP_FEB29);
}

static void eight_octets_are_local_time(void **state)
{
	(void)state;
	zone_set("JST-9");
	assert_date(OCTETS("\x07\xe8\2\x1d\x09\0\0\0"), LEAP_FEB29);
	zone_set("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_date(OCTETS("\x07\xe8\7\1\x0c\0\0\0"), 1719828000);
	assert_date(OCTETS("\x07\xe8\1\1\x0c\0\0\0"), 1704106800);
}

/* mktime() would answer as it last did, in summer or in winter. */
static void
a_local_time_of_two_instants_or_none_is_always_the_same(void **state)
{
	static const char *const seasons[] = {"\x07\xe8\7\1\x0c\0\0\0",
					      "\x07\xe8\1\1\x0c\0\0\0"};
	int64_t time;

	(void)state;
	zone_set("CET-1CEST,M3.5.0,M10.5.0/3");
	for (size_t i = 0; i < 2; i++) {
		const unsigned char *season = (const void *)seasons[i];

		/* 02:30 of 27 October 2024 is 00:30 and 01:30 UTC. */
		assert_true(date_and_time_decode(season, 8, &time));
		assert_date(OCTETS("\x07\xe8\x0a\x1b\2\x1e\0\0"), 1729989000);
		/* 02:30 of 31 March 2024 is not; 03:30 is 01:30 UTC. */
		assert_true(date_and_time_decode(season, 8, &time));
		assert_date(OCTETS("\x07\xe8\3\x1f\2\x1e\0\0"), 1711848600);
	}
}

static void no_octets_are_no_time(void **state)
{
	(void)state;
	assert_date("", 0, 0);
}

static void a_leap_second_is_the_next_minute(void **state)
{
	(void)state;
	assert_date(OCTETS("\x07\xe8\2\x1c\x17\x3b\x3c\0+\0\0"), LEAP_FEB29);
}

static void every_field_of_a_date_is_judged(void **state)
{
	(void)state;
	assert_no_date(OCTETS("\x07\xe8\0\1\0\0\0\0+\0\0"));   /* month 0 */
	assert_no_date(OCTETS("\x07\xe8\x0d\1\0\0\0\0+\0\0")); /* month 13 */
	assert_no_date(OCTETS("\x07\xe8\1\0\0\0\0\0+\0\0"));   /* day 0 */
	assert_no_date(OCTETS("\x07\xe8\1\x20\0\0\0\0+\0\0")); /* 32 January */
	assert_no_date(OCTETS("\x07\xe8\4\x1f\0\0\0\0+\0\0")); /* 31 April */
	assert_no_date(OCTETS("\x07\xe8\2\x1e\0\0\0\0+\0\0")); /* 30 February */
	assert_no_date(OCTETS("\x07\xe9\2\x1d\0\0\0\0+\0\0")); /* 29, 2025 */
	assert_no_date(OCTETS("\x08\x34\2\x1d\0\0\0\0+\0\0")); /* 29, 2100 */
	assert_no_date(OCTETS("\x07\xe8\1\1\x18\0\0\0+\0\0")); /* hour 24 */
	assert_no_date(OCTETS("\x07\xe8\1\1\0\x3c\0\0+\0\0")); /* minute 60 */
	assert_no_date(OCTETS("\x07\xe8\1\1\0\0\x3d\0+\0\0")); /* second 61 */
	assert_no_date(OCTETS("\x07\xe8\1\1\0\0\0\x0a+\0\0")); /* 10 tenths */
	assert_no_date(OCTETS("\x07\xe8\1\1\0\0\0\0 \0\0"));   /* no sign */
	assert_no_date(OCTETS("\x07\xe8\1\1\0\0\0\0+\x0e\0")); /* +14:00 */
	assert_no_date(OCTETS("\x07\xe8\1\1\0\0\0\0-\0\x3c")); /* -0:60 */
	assert_no_date(OCTETS("\x07\xb1\1\1\0\0\0\0+\0\0"));   /* 1969 */
	assert_no_date(OCTETS("\x07\xb2\1\1\0\0\0\0+\0\0"));   /* time 0 */
	assert_no_date(OCTETS("\0\0\1\1\0\0\0\0+\0\0"));       /* year 0 */
}

static void a_date_has_eight_or_eleven_octets(void **state)
{
	const char octets[] = "\x07\xe8\1\1\0\0\0\0+\0\0\0";

	(void)state;
	for (size_t length = 1; length < sizeof(octets); length++) {
		if (length != 8 && length != 11)
			assert_no_date(octets, length);
	}
}

static void the_devices_own_offset_is_always_good(void **state)
{
	(void)state;
	zone_set("LINT-14");
	assert_date(OCTETS("\x07\xe8\2\x1d\x0e\0\0\0+\x0e\0"), LEAP_FEB29);
}

static void a_date_that_was_read_is_the_same_written(void **state)
{
	const char *zones[] = {"UTC0", "NST3:30NDT,M3.2.0,M11.1.0", "LINT-14",
			       "XXX12", "CET-1CEST,M3.5.0,M10.5.0/3"};

	(void)state;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		zone_set(zones[i]);
		for (int64_t time = 86401; time < INT64_C(5000000000);
		     time += 9876543) {
			unsigned char octets[DATE_AND_TIME_OCTETS];
			int64_t again;

			assert_int_equal(date_and_time_encode(time, octets),
					 DATE_AND_TIME_OCTETS);
			assert_true(date_and_time_decode(
			    octets, DATE_AND_TIME_OCTETS, &again));
			assert_int_equal(again, time);
		}
	}
}

static void a_year_that_no_date_has_is_not_shown(void **state)
{
	unsigned char octets[DATE_AND_TIME_OCTETS];

	(void)state;
	assert_int_equal(date_and_time_encode(INT64_C(2005949145599), octets),
			 11);
	assert_int_equal(date_and_time_encode(INT64_C(2005949145600), octets),
			 0);
	assert_int_equal(date_and_time_encode(INT64_MAX, octets), 0);
	assert_int_equal(date_and_time_encode(INT64_MIN, octets), 0);
	assert_int_equal(date_and_time_encode(0, octets), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, zone_reset, zone_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(fields_and_octets_go_both_ways),
	    TEST(fields_and_seconds_go_both_ways),
	    TEST(eleven_octets_have_their_own_offset),
	    TEST(eight_octets_are_local_time),
	    TEST(a_local_time_of_two_instants_or_none_is_always_the_same),
	    TEST(no_octets_are_no_time),
	    TEST(a_leap_second_is_the_next_minute),
	    TEST(every_field_of_a_date_is_judged),
	    TEST(a_date_has_eight_or_eleven_octets),
	    TEST(the_devices_own_offset_is_always_good),
	    TEST(a_date_that_was_read_is_the_same_written),
	    TEST(a_year_that_no_date_has_is_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
