/* SPDX-License-Identifier: Apache-2.0 */
/* Owned octet strings and hexadecimal digits. */
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

/* strncasecmp() ends at a NUL, and folds what the locale says. */
static void only_the_case_of_ascii_letters_is_let_pass(void **state)
{
	(void)state;
	assert_true(octets_equal_nocase("aZ-@[`{", "Az-@[`{", 7));
	assert_false(octets_equal_nocase("@", "`", 1));
	assert_false(octets_equal_nocase("[", "{", 1));
	assert_false(octets_equal_nocase("a\0b", "a\0c", 3));
	assert_false(octets_equal_nocase("\xc3\x84", "\xc3\xa4", 2));
	assert_true(octets_equal_nocase("x", "y", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(setting_copies_and_replaces),
	    cmocka_unit_test(moving_leaves_the_source_empty),
	    cmocka_unit_test(octets_are_compared_in_length_and_value),
	    cmocka_unit_test(hexadecimal_is_in_lower_case),
	    cmocka_unit_test(random_names_are_digits_that_differ),
	    cmocka_unit_test(only_the_case_of_ascii_letters_is_let_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
