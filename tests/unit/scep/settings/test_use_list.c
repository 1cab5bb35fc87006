/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of use locations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "scep/octets.h"
#include "scep/settings/use_list.h"

/* The names of a list, parted by "|". */
static void assert_names(const char *list, const char *expected)
{
	char names[2 * SCEP_TEXT255] = "";
	const char *name;
	size_t length, at = 0;

	while (use_list_next(list, &at, &name, &length)) {
		strncat(names, name, length);
		strcat(names, "|");
	}
	assert_string_equal(names, expected);
}

static void names_are_parted_by_commas_and_blanks_do_not_count(void **state)
{
	(void)state;
	assert_names("", "");
	assert_names("web", "web|");
	assert_names("web,vpn", "web|vpn|");
	assert_names("  web , vpn  ", "web|vpn|");
	assert_names("a b", "a b|");
}

static void a_comma_too_many_makes_an_empty_name(void **state)
{
	(void)state;
	assert_names(",", "||");
	assert_names("web,", "web||");
	assert_names(",web", "|web|");
	assert_names("web,,vpn", "web||vpn|");
}

static void only_whole_names_are_in_a_list(void **state)
{
	(void)state;
	assert_true(use_list_has("web, vpn", "vpn"));
	assert_false(use_list_has("web,vpn", "we"));
	assert_false(use_list_has("web,vpn", "webs"));
	assert_false(use_list_has("", "web"));
}

static void a_name_is_added_once(void **state)
{
	char list[SCEP_TEXT255] = "";

	(void)state;
	assert_true(use_list_add(list, "web"));
	assert_true(use_list_add(list, "vpn"));
	assert_true(use_list_add(list, "web"));
	assert_string_equal(list, "web,vpn");
}

static void a_name_without_room_is_not_added(void **state)
{
	char list[SCEP_TEXT255] = "";
	char name[SCEP_TEXT64];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (char first = 'b'; first < 'e'; first++) {
		name[0] = first;
		assert_true(use_list_add(list, name));
	}
	assert_int_equal(strlen(list), 3 * 64 + 2);
	name[0] = 'e';
	assert_false(use_list_add(list, name));
	name[60] = '\0';
	assert_true(use_list_add(list, name));
	assert_int_equal(strlen(list), 255);
}

static void a_removed_name_leaves_a_clean_list(void **state)
{
	char list[SCEP_TEXT255] = "web, vpn ,mail";

	(void)state;
	use_list_remove(list, "vpn");
	assert_string_equal(list, "web,mail");
	use_list_remove(list, "web");
	assert_string_equal(list, "mail");
	use_list_remove(list, "vpn");
	assert_string_equal(list, "mail");
	use_list_remove(list, "mail");
	assert_string_equal(list, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		names_are_parted_by_commas_and_blanks_do_not_count),
	    cmocka_unit_test(a_comma_too_many_makes_an_empty_name),
	    cmocka_unit_test(only_whole_names_are_in_a_list),
	    cmocka_unit_test(a_name_is_added_once),
	    cmocka_unit_test(a_name_without_room_is_not_added),
	    cmocka_unit_test(a_removed_name_leaves_a_clean_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
