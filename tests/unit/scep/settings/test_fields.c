/* SPDX-License-Identifier: Apache-2.0 */
/* Every field with every kind of bad value. */
#include "tests/unit/scep/settings/field_samples.h"

#include "scep/change.h"
#include "scep/values.h"

#define NOT_TOUCHED ((size_t)77)

static enum scep_refusal judge(enum scep_field field, struct scep_value value)
{
	const char *name = scep_field_info(field)->name;
	struct scep_verdict verdict = {.item = NOT_TOUCHED};
	enum scep_refusal refusal;

	refusal = scep_value_check(field, &value, &verdict);
	assert_int_equal(verdict.refusal, refusal);
	assert_int_equal(verdict.item, NOT_TOUCHED);
	if (refusal)
		assert_memory_equal(verdict.reason, name, strlen(name));
	else
		assert_string_equal(verdict.reason, "");
	return refusal;
}

#define assert_accepted(field, value)                                          \
	assert_int_equal(judge(field, value), SCEP_ACCEPTED)
#define assert_wrong_value(field, value)                                       \
	assert_int_equal(judge(field, value), SCEP_WRONG_VALUE)
#define assert_wrong_length(field, value)                                      \
	assert_int_equal(judge(field, value), SCEP_WRONG_LENGTH)

/* ------------------------------------------------------------- the table -- */

/* Tells what MIB rules 5 and 6 and the DESCRIPTIONs say of it. */
static void request_values_the_lock_and_actions_are_volatile(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field) {
		const struct scep_field_info *info = scep_field_info(field);
		bool is_volatile = info->group == SCEP_GROUP_REQUEST ||
				   info->kind == SCEP_KIND_ACTION ||
				   field == SCEP_AGENT_CONFIG_SPIN_LOCK ||
				   field == SCEP_KEY_ASSIGN_TO;

		if (info->is_volatile != is_volatile)
			fail_msg("%s", info->name);
	}
}

static void a_number_that_is_no_field_has_no_description(void **state)
{
	struct scep_value value = of_number(0);
	struct scep_verdict verdict;

	(void)state;
	assert_null(scep_field_info(SCEP_FIELD_NONE));
	assert_null(scep_field_info(SCEP_FIELD_COUNT));
	assert_int_equal(scep_value_check(SCEP_FIELD_COUNT, &value, &verdict),
			 SCEP_WRONG_VALUE);
}

/* --------------------------------------------------------------- judging -- */

static const struct {
	enum scep_field field;
	uint32_t low;
	uint32_t high;
} narrower[] = {
    {SCEP_PROFILE_STORAGE_TYPE, 2, 3},
    {SCEP_CA_TRUST, 2, 3},
    {SCEP_KEY_ROW_STATUS, 6, 6},
    {SCEP_CA_ROW_STATUS, 6, 6},
};
#define NARROWER (sizeof(narrower) / sizeof(narrower[0]))

/* The smallest and the largest value that can be written. */
static uint32_t low(enum scep_field field)
{
	for (size_t i = 0; i < NARROWER; i++)
		if (narrower[i].field == field)
			return narrower[i].low;
	return scep_range_min(&scep_field_info(field)->range);
}

static uint32_t high(enum scep_field field)
{
	for (size_t i = 0; i < NARROWER; i++)
		if (narrower[i].field == field)
			return narrower[i].high;
	return scep_range_max(&scep_field_info(field)->range);
}

static void numbers_are_accepted_at_the_ends_of_their_range(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field) {
		if (!is_number(field))
			continue;
		assert_accepted(field, of_number(low(field)));
		assert_accepted(field, of_number(high(field)));
	}
}

static void numbers_outside_their_range_are_wrong_value(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field) {
		if (!is_number(field))
			continue;
		assert_wrong_value(field, of_number((int64_t)low(field) - 1));
		assert_wrong_value(field, of_number((int64_t)high(field) + 1));
		assert_wrong_value(field, of_number(INT64_MIN));
		assert_wrong_value(field, of_number(INT64_MAX));
		/* This value would fit if it were cut to 32 bits. */
		assert_wrong_value(field,
				   of_number((INT64_C(1) << 32) + low(field)));
	}
}

static void a_truth_is_0_or_1(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field) {
		if (kind_of(field) != SCEP_KIND_TRUTH)
			continue;
		assert_accepted(field, of_number(0));
		assert_accepted(field, of_number(1));
		assert_wrong_value(field, of_number(-1));
		assert_wrong_value(field, of_number(2));
		assert_wrong_value(field, of_number(INT64_C(1) << 32));
	}
}

static void key_lengths_are_four(void **state)
{
	static const enum scep_field both[] = {SCEP_REQUEST_KEY_LENGTH,
					       SCEP_AUTO_KEY_LENGTH};

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (int64_t bits = 0; bits <= 5000; bits++) {
			bool is_good = bits == 1024 || bits == 2048 ||
				       bits == 3072 || bits == 4096;

			assert_int_equal(judge(both[i], of_number(bits)),
					 is_good ? SCEP_ACCEPTED
						 : SCEP_WRONG_VALUE);
		}
}

/* Spare keys are made of the spans. */
static void each_span_of_the_key_lengths_is_one_length(void **state)
{
	const struct scep_range *range =
	    &scep_field_info(SCEP_REQUEST_KEY_LENGTH)->range;

	(void)state;
	assert_int_equal(range->count, 4);
	for (size_t i = 0; i < range->count; i++)
		assert_int_equal(range->span[i].min, range->span[i].max);
	assert_int_equal(range->span[0].min, SCEP_KEY_LENGTH_SHORT);
}

static void not_ready_cannot_be_written(void **state)
{
	(void)state;
	for (int64_t status = 0; status <= 7; status++)
		assert_int_equal(
		    judge(SCEP_PROFILE_ROW_STATUS, of_number(status)),
		    status == 0 || status == 3 || status == 7 ? SCEP_WRONG_VALUE
							      : SCEP_ACCEPTED);
}

static void unknown_bits_are_wrong_value(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field) {
		int64_t all;

		if (kind_of(field) != SCEP_KIND_BITS)
			continue;
		all = (INT64_C(1) << (high(field) + 1)) - 1;
		assert_accepted(field, of_number(0));
		assert_accepted(field, of_number(all));
		assert_wrong_value(field, of_number(all + 1));
		assert_wrong_value(field, of_number(-1));
	}
}

static void
a_time_before_1970_or_after_the_year_65535_is_wrong_value(void **state)
{
	(void)state;
	assert_accepted(SCEP_AUTO_START_TIME, of_number(0));
	assert_accepted(SCEP_AUTO_START_TIME,
			of_number(INT64_C(2005949145599)));
	assert_wrong_value(SCEP_AUTO_START_TIME, of_number(-1));
	assert_wrong_value(SCEP_AUTO_START_TIME,
			   of_number(INT64_C(2005949145600)));
}

static void the_empty_text_is_accepted_everywhere(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field)
		if (is_text(field) || is_octets(field))
			assert_accepted(field, of_text(""));
}

static void good_values_are_accepted(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field)
		assert_accepted(field, sample(field));
}

static void the_longest_text_is_accepted(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field) {
		struct scep_value value = {.length = high(field)};

		memset(value.octets, 'a', sizeof(value.octets));
		switch (field) {
		case SCEP_SERVER_URL:
		case SCEP_SERVER_PROXY_URL:
			memcpy(value.octets, "http://h/", 9);
			break;
		case SCEP_REQUEST_SUBJECT_ALT_NAME:
		case SCEP_AUTO_SUBJECT_ALT_NAME:
			memcpy(value.octets, "URI:http://h/", 13);
			break;
		case SCEP_REQUEST_SUBJECT_EXTRA:
		case SCEP_AUTO_SUBJECT_EXTRA:
		case SCEP_REQUEST_EXTENDED_KEY_USAGE:
		case SCEP_AUTO_EXTENDED_KEY_USAGE:
			continue; /* their parts have limits of their
				     own */
		default:
			break;
		}
		if (is_text(field))
			assert_accepted(field, value);
	}
}

static void a_text_one_octet_too_long_is_wrong_length(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field) {
		struct scep_value value = {.length = high(field) + 1};

		if (!is_text(field) && !is_octets(field))
			continue;
		memset(value.octets, 'a', sizeof(value.octets));
		assert_wrong_length(field, value);
		value.length = UINT32_MAX;
		assert_wrong_length(field, value);
	}
}

static void a_text_with_a_control_character_is_wrong_value(void **state)
{
	static const char controls[] = {'\0', '\t', '\n', '\r', 0x1b, 0x7f};

	(void)state;
	SCEP_FIELDS_EACH (field) {
		struct scep_value value = sample(field);

		if (!is_text(field))
			continue;
		for (size_t i = 0; i < sizeof(controls); i++) {
			value.octets[1] = (unsigned char)controls[i];
			value.octets[2] = 'a';
			assert_wrong_value(field, value);
		}
	}
}

static void a_text_that_is_not_utf8_is_wrong_value(void **state)
{
	static const char *const bad[] = {
	    "\xff",		/* no octet of UTF-8 */
	    "\xc3",		/* cut off */
	    "\xc0\xaf",		/* overlong */
	    "\xed\xa0\x80",	/* a surrogate */
	    "\xf4\x90\x80\x80", /* beyond U+10FFFF */
	    "\xe9t\xe9",	/* Latin-1 */
	};

	(void)state;
	SCEP_FIELDS_EACH (field)
		for (size_t i = 0;
		     is_text(field) && i < sizeof(bad) / sizeof(bad[0]); i++)
			assert_wrong_value(field, of_text(bad[i]));
}

static void a_text_with_an_invisible_character_is_wrong_value(void **state)
{
	static const char *const bad[] = {
	    "a\xc2\x9bz",     /* U+009B, a control character */
	    "a\xc2\xadz",     /* U+00AD */
	    "a\xe2\x80\x8bz", /* U+200B */
	    "a\xe2\x80\xa8z", /* U+2028 */
	    "a\xe2\x80\xaez", /* U+202E */
	    "a\xe2\x81\xa6z", /* U+2066 */
	    "\xef\xbb\xbfz",  /* U+FEFF */
	};

	(void)state;
	SCEP_FIELDS_EACH (field)
		for (size_t i = 0;
		     is_text(field) && i < sizeof(bad) / sizeof(bad[0]); i++)
			assert_wrong_value(field, of_text(bad[i]));
}

static void a_fingerprint_has_the_length_of_a_digest(void **state)
{
	struct scep_value value = {0};

	(void)state;
	for (value.length = 0; value.length <= 65; value.length++) {
		bool is_good = value.length == 0 || value.length == 20 ||
			       value.length == 32 || value.length == 48 ||
			       value.length == 64;

		assert_int_equal(judge(SCEP_SERVER_CA_FINGERPRINT, value),
				 is_good ? SCEP_ACCEPTED : SCEP_WRONG_LENGTH);
	}
}

static void a_challenge_is_utf8_without_control_characters(void **state)
{
	static const char *const good[] = {
	    "", " a b ", "p\xc3\xa4ss", "\xe2\x80\x8d", "\xf0\x9f\x94\x91",
	};
	static const char *const bad[] = {
	    "\xff", "a\n", "\x7f", "\xc2\x85", "cut\xe2\x82", "\xc0\x80",
	};
	const enum scep_field fields[] = {SCEP_REQUEST_CHALLENGE_PASSWORD,
					  SCEP_AUTO_CHALLENGE_PASSWORD};

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
			assert_accepted(fields[f], of_text(good[i]));
		for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
			assert_wrong_value(fields[f], of_text(bad[i]));
		assert_wrong_value(fields[f], (struct scep_value){.length = 1});
	}
}

/* RFC 2985, 5.4.1 */
static void a_challenge_is_a_text_of_at_most_255_octets(void **state)
{
	struct scep_value value = {.length = 255};

	(void)state;
	memset(value.octets, 'x', sizeof(value.octets));
	assert_accepted(SCEP_REQUEST_CHALLENGE_PASSWORD, value);
	assert_accepted(SCEP_AUTO_CHALLENGE_PASSWORD, value);
	value.octets[254] = 0xc3;
	assert_wrong_value(SCEP_REQUEST_CHALLENGE_PASSWORD, value);
	assert_wrong_value(SCEP_AUTO_CHALLENGE_PASSWORD, value);
}

static void a_malformed_url_is_wrong_value(void **state)
{
	static const char *const bad[] = {
	    "x",
	    "ftp://ca.example/",
	    "http://",
	    "http://user:secret@ca.example/",
	    "http://ca.example/#part",
	    "http://ca.example:99999/",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_wrong_value(SCEP_SERVER_URL, of_text(bad[i]));
		assert_wrong_value(SCEP_SERVER_PROXY_URL, of_text(bad[i]));
	}
}

static void malformed_parts_of_a_request_are_wrong_value(void **state)
{
	(void)state;
	assert_wrong_value(SCEP_REQUEST_SUBJECT_EXTRA, of_text("Print"));
	assert_wrong_value(SCEP_AUTO_SUBJECT_EXTRA, of_text("OU=Print,,"));
	assert_wrong_value(SCEP_REQUEST_SUBJECT_ALT_NAME, of_text("a.example"));
	assert_wrong_value(SCEP_AUTO_SUBJECT_ALT_NAME, of_text("IP:1.2.3"));
	assert_wrong_value(SCEP_REQUEST_EXTENDED_KEY_USAGE,
			   of_text("cookAuth"));
	assert_wrong_value(SCEP_AUTO_EXTENDED_KEY_USAGE, of_text("1.2.x"));
}

static void a_template_is_a_name_or_an_object_identifier(void **state)
{
	static const char *const good[] = {
	    "WebServer",
	    "Web Server (2 years)",
	    "802.1X",
	    "2024",
	    "\303\234bung",
	    "1.3.6.1.4.1.311.21.8.1234567.7654321.1.2",
	    "1.3.6.1.4.1.311.21.8.1:100",
	    "1.3.6.1.4.1.311.21.8.1:4294967295:0",
	};
	static const char *const bad[] = {
	    "1..3",
	    "1.3.6.",
	    "3.1.2",
	    "1.40.1",
	    "1.3.06",
	    "1.3.6.x",
	    "1.3.6 1",
	    "1.3.6:",
	    "1.3.6:x",
	    "1.3.6:1:",
	    "1.3.6:1:2:3",
	    "1.3.6:4294967296",
	    "1.3.6:-1",
	    ".1.3.6",
	    "\360\237\230\200",
	    "1.3.6:99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_accepted(SCEP_REQUEST_TEMPLATE, of_text(good[i]));
		assert_accepted(SCEP_AUTO_TEMPLATE, of_text(good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_wrong_value(SCEP_REQUEST_TEMPLATE, of_text(bad[i]));
		assert_wrong_value(SCEP_AUTO_TEMPLATE, of_text(bad[i]));
	}
}

/* scepRefusalReason can be read by all who read anything (MIB, rule 7). */
static void no_reason_shows_a_part_of_the_value(void **state)
{
	static const char *const bad[] = {
	    "hunter2",
	    "hunter2=a",
	    "OU=a,hunter2",
	    "OU=a+1.hunter2=b",
	    "C=hunter2",
	    "OU=\"hunter2",
	    "DNS:-hunter2",
	    "DNS:a.example,IP:hunter2",
	    "URI:hunter2",
	    "email:hunter2",
	    "clientAuth,hunter2",
	    "1.3.hunter2",
	    "1.3.6:hunter2",
	    "1.3.6:1:2:hunter2",
	    "hunter2 \360\237\230\200",
	    "ftp://hunter2",
	    "http://hunter2@a.example/",
	};
	struct scep_verdict verdict;

	(void)state;
	SCEP_FIELDS_EACH (field) {
		for (size_t i = 0;
		     is_text(field) && i < sizeof(bad) / sizeof(bad[0]); i++) {
			struct scep_value value = of_text(bad[i]);

			scep_value_check(field, &value, &verdict);
			if (strstr(verdict.reason, "hunter2") != NULL)
				fail_msg("%s", verdict.reason);
		}
	}
}

static void a_reason_holds_no_secret(void **state)
{
	struct scep_value value = {.length = 256};
	struct scep_verdict verdict;

	(void)state;
	memset(value.octets, 'Z', sizeof(value.octets));
	assert_int_equal(
	    scep_value_check(SCEP_REQUEST_CHALLENGE_PASSWORD, &value, &verdict),
	    SCEP_WRONG_LENGTH);
	assert_null(strchr(verdict.reason, 'Z'));
	value.length = 255;
	value.octets[0] = 7;
	assert_int_equal(
	    scep_value_check(SCEP_REQUEST_CHALLENGE_PASSWORD, &value, &verdict),
	    SCEP_WRONG_VALUE);
	assert_null(strchr(verdict.reason, 'Z'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request_values_the_lock_and_actions_are_volatile),
	    cmocka_unit_test(a_number_that_is_no_field_has_no_description),
	    cmocka_unit_test(numbers_are_accepted_at_the_ends_of_their_range),
	    cmocka_unit_test(numbers_outside_their_range_are_wrong_value),
	    cmocka_unit_test(a_truth_is_0_or_1),
	    cmocka_unit_test(key_lengths_are_four),
	    cmocka_unit_test(each_span_of_the_key_lengths_is_one_length),
	    cmocka_unit_test(not_ready_cannot_be_written),
	    cmocka_unit_test(unknown_bits_are_wrong_value),
	    cmocka_unit_test(
		a_time_before_1970_or_after_the_year_65535_is_wrong_value),
	    cmocka_unit_test(the_empty_text_is_accepted_everywhere),
	    cmocka_unit_test(good_values_are_accepted),
	    cmocka_unit_test(the_longest_text_is_accepted),
	    cmocka_unit_test(a_text_one_octet_too_long_is_wrong_length),
	    cmocka_unit_test(a_text_with_a_control_character_is_wrong_value),
	    cmocka_unit_test(a_text_that_is_not_utf8_is_wrong_value),
	    cmocka_unit_test(a_text_with_an_invisible_character_is_wrong_value),
	    cmocka_unit_test(a_fingerprint_has_the_length_of_a_digest),
	    cmocka_unit_test(a_challenge_is_utf8_without_control_characters),
	    cmocka_unit_test(a_challenge_is_a_text_of_at_most_255_octets),
	    cmocka_unit_test(a_malformed_url_is_wrong_value),
	    cmocka_unit_test(malformed_parts_of_a_request_are_wrong_value),
	    cmocka_unit_test(a_template_is_a_name_or_an_object_identifier),
	    cmocka_unit_test(no_reason_shows_a_part_of_the_value),
	    cmocka_unit_test(a_reason_holds_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
