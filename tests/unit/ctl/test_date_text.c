/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/date_text.h"
#include "ctl/value.h"
#include "ctl/varbind.h"

/* 2026-03-01T02:03:04+05:30 */
static const unsigned char kolkata[] = {0x07, 0xea, 3,	 1, 2, 3,
					4,    0,    '+', 5, 30};
/* the same moment, 2026-02-28T20:33:04Z */
static const unsigned char utc[] = {0x07, 0xea, 2, 28, 20, 33, 4, 0, '+', 0, 0};
#define LOCAL 8

static void scan(const char *text, unsigned char *octets, size_t *length)
{
	assert_true(date_text_scan(text, octets, length));
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
	char text[DATE_TEXT];
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		scan(texts[i], octets, &length);
		assert_true(date_text_print(octets, length, text));
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
		if (date_text_scan(texts[i], octets, &length))
			fail_msg("%s was taken", texts[i]);
}

static void octets_that_are_no_date_are_not_printed(void **state)
{
	unsigned char bad[DATE_AND_TIME_OCTETS];
	char text[DATE_TEXT];

	(void)state;
	assert_false(date_text_print(kolkata, 7, text));
	assert_false(date_text_print(kolkata, 10, text));
	for (size_t i = 2; i < DATE_AND_TIME_OCTETS; i++) {
		memcpy(bad, kolkata, sizeof(bad));
		bad[i] = 99;
		assert_false(date_text_print(bad, sizeof(bad), text));
		assert_string_equal(text, "");
	}
}

static struct scep_value value_of(const unsigned char *octets, size_t length)
{
	struct scep_value value = {.length = (uint32_t)length};

	memcpy(value.octets, octets, length);
	return value;
}

static bool is_same(const unsigned char *a, size_t a_length,
		    const unsigned char *b, size_t b_length)
{
	struct scep_value one = value_of(a, a_length);
	struct scep_value other = value_of(b, b_length);

	return value_is_same(SCEP_AUTO_START_TIME, &one, &other);
}

/* Returns the octets of it that are sent to a device. */
static struct varbind_value sent(const unsigned char *octets, size_t length)
{
	struct scep_value value = value_of(octets, length);
	struct varbind_value encoded;

	varbind_encode(varbind_object("scepAutoStartTime"), &value, &encoded);
	return encoded;
}

static void the_same_moment_is_the_same_in_every_zone(void **state)
{
	unsigned char later[DATE_AND_TIME_OCTETS];
	struct varbind_value encoded = sent(kolkata, sizeof(kolkata));

	(void)state;
	memcpy(later, utc, sizeof(later));
	later[6]++;
	assert_true(is_same(kolkata, 11, utc, 11));
	assert_false(is_same(kolkata, 11, later, 11));
	assert_false(is_same(kolkata, 11, kolkata, 0));
	assert_true(is_same(kolkata, 0, utc, 0));
	assert_int_equal(encoded.length, sizeof(utc));
	assert_memory_equal(encoded.octets, utc, sizeof(utc));
}

static void local_time_is_what_the_clock_of_the_device_shows(void **state)
{
	struct varbind_value encoded = sent(kolkata, LOCAL);

	(void)state;
	assert_true(is_same(kolkata, LOCAL, kolkata, 11));
	assert_true(is_same(kolkata, 11, kolkata, LOCAL));
	assert_false(is_same(kolkata, LOCAL, utc, 11));
	assert_int_equal(encoded.length, LOCAL);
	assert_memory_equal(encoded.octets, kolkata, LOCAL);
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
