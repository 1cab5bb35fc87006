/* SPDX-License-Identifier: Apache-2.0 */
/* Clean texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scep/octets.h"
#include "scep/text.h"

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
    {"\xc2\x80", 2, false},		/* U+0080, a control character */
    {"\xc2\x85", 2, false},		/* U+0085 */
    {"\xc2\x9f", 2, false},		/* U+009F */
    {"\xc2\xad", 2, false},		/* U+00AD, a soft hyphen */
    {"\xd8\x9c", 2, false},		/* U+061C, a mark of direction */
    {"\xe1\xa0\x8e", 3, false},		/* U+180E */
    {"\xe2\x80\x8a", 3, true},		/* U+200A, a blank */
    {"\xe2\x80\x8b", 3, false},		/* U+200B, has no width */
    {"\xe2\x80\x8f", 3, false},		/* U+200F, a mark of direction */
    {"\xe2\x80\x90", 3, true},		/* U+2010, a hyphen */
    {"\xe2\x80\xa8", 3, false},		/* U+2028, ends a line */
    {"\xe2\x80\xa9", 3, false},		/* U+2029, ends a paragraph */
    {"\xe2\x80\xaa", 3, false},		/* U+202A, an embedding */
    {"\xe2\x80\xae", 3, false},		/* U+202E, an override */
    {"\xe2\x80\xaf", 3, true},		/* U+202F, a blank */
    {"\xe2\x81\xa0", 3, false},		/* U+2060, joins words */
    {"\xe2\x81\xa6", 3, false},		/* U+2066, an isolate */
    {"\xe2\x81\xa9", 3, false},		/* U+2069, its end */
    {"\xef\xbb\xbf", 3, false},		/* U+FEFF, has no width */
    {"\xef\xbf\xbb", 3, false},		/* U+FFFB, an annotation */
    {"\xef\xbf\xbd", 3, true},		/* U+FFFD */
    {"\xf3\xa0\x80\xa1", 4, false},	/* U+E0021, a tag */
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

static void secrets_may_have_characters_that_are_not_seen(void **state)
{
	(void)state;
	assert_true(text_is_plain("\xe2\x80\x8d\xef\xbb\xbfx", 7));
	assert_false(text_is_plain("a\xc2\x9b", 3));
	assert_false(text_is_plain("a\x1f", 2));
	assert_false(text_is_plain("a\xe9", 2));
}

static void a_character_that_is_not_clean_is_one_question_mark(void **state)
{
	char to[16] = "a\xc2\x9b[2Jb\xe2\x80\xae";

	(void)state;
	text_copy(to, sizeof(to), to, strlen(to));
	assert_string_equal(to, "a?[2Jb?");
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

static void assert_shortened(const char *text, size_t size,
			     const char *expected)
{
	char to[SCEP_TEXT255];

	text_shorten(to, size, text);
	assert_string_equal(to, expected);
	assert_true(text_is_clean(to, strlen(to)));
}

static void what_does_not_fit_keeps_its_reason(void **state)
{
	(void)state;
	assert_shortened("short: enough", 64, "short: enough");
	assert_shortened("of fifty-nine octets, which is just what fits: it is "
			 "revoked",
			 61,
			 "of fifty-nine octets, which is just what fits: it is "
			 "revoked");
	assert_shortened(
	    "the RA CN=a very long name of a registration authority"
	    ": it is revoked",
	    61,
	    "the RA CN=a very long name of a regist...rity: it is "
	    "revoked");
	/* No reason is so long that nothing else is seen. */
	assert_shortened(
	    "x: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 49,
	    "x: aaaaaaaaaaaa...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	/* In too little room, the end is cut off. */
	assert_shortened("a text that ends with a reason: no", 20,
			 "a text that ends wi");
}

/* Each place at which the middle may begin and end. */
static void the_middle_is_cut_out_between_characters(void **state)
{
	char text[3 * 90 + 16] = "", to[SCEP_TEXT255];

	(void)state;
	for (int shift = 0; shift < 4; shift++) {
		memset(text, 'b', (size_t)shift);
		text[shift] = '\0';
		for (int i = 0; i < 60; i++)
			strcat(text, i % 2 ? "\xe2\x82\xac" : "\xc3\xa9");
		for (size_t size = TEXT_SHORTEN; size < 140; size++) {
			text_shorten(to, size, text);
			assert_true(text_is_clean(to, strlen(to)));
			assert_null(strchr(to, '?'));
			assert_true(strlen(to) < size);
			assert_true(strlen(to) + 8 > size);
			assert_non_null(strstr(to, "..."));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_well_formed_text_without_controls_is_clean),
	    cmocka_unit_test(secrets_may_have_characters_that_are_not_seen),
	    cmocka_unit_test(copying_replaces_what_is_not_clean),
	    cmocka_unit_test(
		a_character_that_is_not_clean_is_one_question_mark),
	    cmocka_unit_test(copying_cuts_at_a_character),
	    cmocka_unit_test(a_text_is_put_together_clean_and_cut),
	    cmocka_unit_test(what_does_not_fit_keeps_its_reason),
	    cmocka_unit_test(the_middle_is_cut_out_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
