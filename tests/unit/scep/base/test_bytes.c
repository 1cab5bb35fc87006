/* SPDX-License-Identifier: Apache-2.0 */
/* Owned octet strings, hexadecimal digits and clean texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scep/base/bytes.h"

static void setting_copies_and_replaces(void **state)
{
	struct bytes bytes = {0};
	char source[] = "first";

	(void)state;
	assert_true(bytes_set(&bytes, source, 5));
	source[0] = 'F';
	assert_int_equal(bytes.length, 5);
	assert_memory_equal(bytes.data, "first", 5);
	/* From itself: copied before the old is freed. */
	assert_true(bytes_set(&bytes, bytes.data + 1, 3));
	assert_int_equal(bytes.length, 3);
	assert_memory_equal(bytes.data, "irs", 3);
	assert_true(bytes_set(&bytes, NULL, 0));
	assert_null(bytes.data);
	assert_int_equal(bytes.length, 0);
}

static void moving_leaves_the_source_empty(void **state)
{
	struct bytes from = {0};
	struct bytes to = {0};

	(void)state;
	bytes_set(&from, "new", 3);
	bytes_set(&to, "old", 3);
	bytes_move(&to, &from);
	assert_memory_equal(to.data, "new", 3);
	assert_null(from.data);
	assert_int_equal(from.length, 0);
	bytes_move(&to, &to);
	assert_memory_equal(to.data, "new", 3);
	bytes_free(&to);
}

static void octets_are_compared_in_length_and_value(void **state)
{
	(void)state;
	assert_false(octets_equal("abc", 3, "abd", 2));
	assert_true(octets_equal("abc", 2, "abd", 2));
	assert_false(octets_equal("abc", 3, "abd", 3));
	assert_false(octets_equal("abc", 2, "abc", 3));
	assert_true(octets_equal("a\0b", 3, "a\0b", 3));
	assert_false(octets_equal("a\0b", 3, "a\0c", 3));
	assert_true(octets_equal(NULL, 0, "", 0));
	assert_false(octets_equal(NULL, 0, "a", 1));
}

static void hexadecimal_is_in_lower_case(void **state)
{
	const unsigned char data[] = {0x00, 0x7f, 0xa5, 0xff};
	char text[9];

	(void)state;
	bytes_hex(data, sizeof(data), text);
	assert_string_equal(text, "007fa5ff");
	bytes_hex(data, 0, text);
	assert_string_equal(text, "");
}

static void random_names_are_digits_that_differ(void **state)
{
	char first[RANDOM_NAME_LENGTH + 1], second[RANDOM_NAME_LENGTH + 1];

	(void)state;
	assert_true(bytes_random_name(first));
	assert_true(bytes_random_name(second));
	assert_int_equal(strlen(first), 32);
	assert_int_equal(strspn(first, "0123456789abcdef"), 32);
	assert_string_not_equal(first, second);
}

static const struct {
	const char *text;
	size_t length;
	bool is_clean;
} texts[] = {
    {"", 0, true},
    {"plain ~", 7, true},
    {"\xc2\xa0\xc3\xa9", 4, true},
    {"\xe2\x82\xac", 3, true},
    {"\xed\x9f\xbf\xee\x80\x80", 6, true}, /* around the surrogates */
    {"\xf0\x9f\x94\x91", 4, true},
    {"\xf4\x8f\xbf\xbf", 4, true}, /* U+10FFFF */
    {"a\0b", 3, false},
    {"a\n", 2, false},
    {"\x7f", 1, false},
    {"\xc2\x85", 2, false},		/* U+0085, a control character */
    {"\x80", 1, false},			/* a continuation alone */
    {"\xc3", 1, false},			/* cut */
    {"\xe2\x82", 2, false},		/* cut */
    {"\xe2\x82x", 3, false},		/* broken */
    {"\xc0\xaf", 2, false},		/* overlong */
    {"\xe0\x9f\xbf", 3, false},		/* overlong */
    {"\xf0\x8f\xbf\xbf", 4, false},	/* overlong */
    {"\xed\xa0\x80", 3, false},		/* a surrogate */
    {"\xf4\x90\x80\x80", 4, false},	/* above U+10FFFF */
    {"\xf8\x88\x80\x80\x80", 5, false}, /* five octets */
};

static void only_well_formed_text_without_controls_is_clean(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		/* In its own memory, so that reading too far is seen. */
		char *copy = malloc(texts[i].length + 1);

		assert_non_null(copy);
		memcpy(copy + 1, texts[i].text, texts[i].length);
		if (text_is_clean(copy + 1, texts[i].length) !=
		    texts[i].is_clean)
			fail_msg("text %zu is judged wrongly", i);
		free(copy);
	}
}

static void copying_replaces_what_is_not_clean(void **state)
{
	char to[16];

	(void)state;
	text_copy(to, sizeof(to), "a\r\n\0\xc3\xa9\xff\xe2\x82", 9);
	assert_string_equal(to, "a???\xc3\xa9???");
	assert_true(text_is_clean(to, strlen(to)));
}

static void copying_cuts_at_a_character(void **state)
{
	char to[5];

	(void)state;
	text_copy(to, sizeof(to), "abc\xc3\xa9", 5);
	assert_string_equal(to, "abc");
	text_copy(to, sizeof(to), "ab\xc3\xa9zz", 6);
	assert_string_equal(to, "ab\xc3\xa9");
	text_copy(to, 1, "abc", 3);
	assert_string_equal(to, "");
	strcpy(to, "old");
	text_copy(to, 0, "abc", 3);
	assert_string_equal(to, "old");
}

static void a_text_is_put_together_clean_and_cut(void **state)
{
	char long_text[TEXT_MAX + 100];
	char to[sizeof(long_text) + 10];

	(void)state;
	text_format(to, sizeof(to), "%s %d\n", "a\x1b", 7);
	assert_string_equal(to, "a? 7?");
	/* The arguments may point into what is written. */
	text_format(to, sizeof(to), "b: %s", to);
	assert_string_equal(to, "b: a? 7?");
	text_format(to, 6, "abc%s", "\xc3\xa9\xc3\xa9");
	assert_string_equal(to, "abc\xc3\xa9");
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	text_format(to, sizeof(to), "%s", long_text);
	assert_int_equal(strlen(to), TEXT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(setting_copies_and_replaces),
	    cmocka_unit_test(moving_leaves_the_source_empty),
	    cmocka_unit_test(octets_are_compared_in_length_and_value),
	    cmocka_unit_test(hexadecimal_is_in_lower_case),
	    cmocka_unit_test(random_names_are_digits_that_differ),
	    cmocka_unit_test(only_well_formed_text_without_controls_is_clean),
	    cmocka_unit_test(copying_replaces_what_is_not_clean),
	    cmocka_unit_test(copying_cuts_at_a_character),
	    cmocka_unit_test(a_text_is_put_together_clean_and_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
