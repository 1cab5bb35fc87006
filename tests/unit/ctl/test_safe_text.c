/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of devices for a terminal, and times for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/safe_text.h"

static const char *safe(const char *octets)
{
	static char text[400];

	return safe_text((const unsigned char *)octets, strlen(octets), text,
			 sizeof(text));
}

static void what_a_terminal_obeys_is_escaped(void **state)
{
	(void)state;
	assert_string_equal(safe("a\033[31m\n\x7f"),
			    "a\\u001b[31m\\u000a\\u007f");
	assert_string_equal(safe("\xc2\x9b"
				 "1m"),
			    "\\u009b1m");
	assert_string_equal(safe("\xe2\x80\xae"
				 "x"),
			    "\\u202ex");
}

static void what_is_not_utf_8_is_escaped(void **state)
{
	(void)state;
	assert_string_equal(safe("R\xc4\xabga"), "R\xc4\xabga");
	assert_string_equal(safe("\xff"
				 "a\xc4"),
			    "\\xffa\\xc4");
	assert_string_equal(safe("\xc4z"), "\\xc4z");
	assert_string_equal(safe("\xc0\x80"), "\\xc0\\x80");
	assert_string_equal(safe("\xed\xa0\x80"), "\\xed\\xa0\\x80");
	assert_string_equal(safe("\xe0\x80\x80"), "\\xe0\\x80\\x80");
}

static void a_text_is_cut_between_characters(void **state)
{
	char text[8];
	char wide[] = "\xc4\xab\xc4\xab\xc4\xab\xc4\xab\xc4\xab";

	(void)state;
	safe_text((const unsigned char *)"abcdef\xc4\xab", 8, text, 8);
	assert_string_equal(text, "abcdef");
	assert_int_equal(text_width(wide), 5);
	text_cut(wide, 4);
	assert_string_equal(wide, "\xc4\xab...");
}

static void a_span_has_the_unit_that_tells_most(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} spans[] = {{0, "0 seconds"},		{1, "1 second"},
		     {119, "119 seconds"},	{120, "2 minutes"},
		     {7200, "2 hours"},		{172799, "47 hours"},
		     {172800, "2 days"},	{-3 * 86400, "-3 days"},
		     {INT32_MIN, "-24855 days"}};
	char text[SPAN_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		assert_string_equal(span_text(spans[i].seconds, text),
				    spans[i].text);
	assert_string_equal(clock_text(0, text), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_terminal_obeys_is_escaped),
	    cmocka_unit_test(what_is_not_utf_8_is_escaped),
	    cmocka_unit_test(a_text_is_cut_between_characters),
	    cmocka_unit_test(a_span_has_the_unit_that_tells_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
