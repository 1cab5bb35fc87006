/* SPDX-License-Identifier: Apache-2.0 */
/* NAME=VALUE words: names of the MIB after their prefix, and values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/assignment.h"

#include "ctl/value.h"
static struct scep_item item;
static struct reason reason;

static const char *read_word(const char *word, const char *prefix)
{
	static char text[VALUE_TEXT];

	if (!assignment_read(word, prefix, 2, &item, &reason))
		return NULL;
	return value_print(item.field, &item.value, text);
}

static void assert_read(const char *word, const char *prefix,
			const char *wanted)
{
	const char *text = read_word(word, prefix);

	if (!text)
		fail_msg("%s: %s", word, reason.text);
	assert_string_equal(text, wanted);
}

static void assert_refused(const char *word, const char *prefix,
			   const char *wanted)
{
	if (read_word(word, prefix))
		fail_msg("%s is taken", word);
	if (!strstr(reason.text, wanted))
		fail_msg("%s: %s", word, reason.text);
}

static void a_name_stands_after_its_prefix_in_any_case(void **state)
{
	(void)state;
	assert_read("url=http://ca/x=y", "scepServer", "\"http://ca/x=y\"");
	assert_int_equal(item.field, SCEP_SERVER_URL);
	assert_int_equal(item.index, 2);
	assert_read("SCEPSERVERPORT=8080", "scepServer", "8080");
	assert_read("KeyName=", "scepRequest", "\"\"");
}

static void values_are_read_by_their_kind(void **state)
{
	(void)state;
	assert_read("Cipher=AES256cbc", "scepServer", "aes256Cbc");
	assert_read("Cipher=3", "scepServer", "aes256Cbc");
	assert_read("RequireStandard=yes", "scepServer", "true");
	assert_read("Enable=FALSE", "scepAuto", "false");
	assert_read("KeyUsage=digitalsignature,keyAgreement", "scepRequest",
		    "{digitalSignature, keyAgreement}");
	assert_read("KeyUsage=", "scepRequest", "{}");
	assert_read("CaFingerprint=", "scepServer", "\"\"");
	assert_read("StartTime=2027-01-31 02:00", "scepAuto",
		    "2027-01-31T02:00:00");
	assert_read("StartTime=2027-01-31T02:00:05+01:00", "scepAuto",
		    "2027-01-31T02:00:05+01:00");
	assert_read("StartTime=2027-01-31T02:00Z", "scepAuto",
		    "2027-01-31T02:00:00+00:00");
	assert_read("StartTime=", "scepAuto", "\"\"");
}

static void a_fingerprint_is_hexadecimal_in_any_form(void **state)
{
	static const char *const words[] = {
	    "CaFingerprint=000102030405060708090a0b0c0d0e0f10111213",
	    "CaFingerprint=00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:"
	    "11:12:13",
	    "CaFingerprint=SHA1 Fingerprint=00:01:02:03:04:05:06:07:08:09:0A:"
	    "0B:0C:0D:0E:0F:10:11:12:13",
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_non_null(read_word(words[i], "scepServer"));
		assert_int_equal(item.value.length, 20);
		assert_int_equal(item.value.octets[19], 0x13);
	}
	assert_refused("CaFingerprint=0", "scepServer", "hexadecimal");
	assert_refused("CaFingerprint=00:01", "scepServer", "Fingerprint");
}

static void a_bad_value_is_answered_with_the_good_ones(void **state)
{
	(void)state;
	assert_refused("Cipher=rot13", "scepServer",
		       "one of auto, aes128Cbc, aes256Cbc");
	assert_refused("KeyUsage=sign", "scepRequest",
		       "a list of digitalSignature, ");
	assert_refused("Port=x", "scepServer", "must be a number");
	assert_refused("Timeout=601", "scepServer", "scepServerTimeout");
	assert_refused("Timeout=-1", "scepServer", "scepServerTimeout");
	assert_refused("Enable=maybe", "scepAuto", "true or false");
	assert_refused("StartTime=tomorrow", "scepAuto", "must be a time");
	assert_refused("StartTime=2027-02-30 02:00", "scepAuto",
		       "must be a time");
	assert_refused("Url=gopher:x", "scepServer", "scepServerUrl");
}

static void a_name_that_cannot_be_set_is_refused_with_a_hint(void **state)
{
	(void)state;
	assert_refused("Urll=x", "scepServer", "did you mean Url?");
	assert_refused("comonname=x", "scepRequest",
		       "did you mean CommonName?");
	assert_refused("LastContact=x", "scepServer", "can only be read");
	assert_refused("Action=send", "scepRequest", "by the command itself");
	assert_refused("RowStatus=active", "scepProfile", "by the command");
	assert_refused("Url", "scepServer", "NAME=VALUE is wanted");
	assert_refused("=x", "scepServer", "NAME=VALUE is wanted");
}

static void a_password_is_no_argument_and_is_not_repeated(void **state)
{
	(void)state;
	assert_refused("ChallengePassword=s3cret", "scepRequest",
		       "--challenge-file");
	assert_null(strstr(reason.text, "s3cret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_stands_after_its_prefix_in_any_case),
	    cmocka_unit_test(values_are_read_by_their_kind),
	    cmocka_unit_test(a_fingerprint_is_hexadecimal_in_any_form),
	    cmocka_unit_test(a_bad_value_is_answered_with_the_good_ones),
	    cmocka_unit_test(a_name_that_cannot_be_set_is_refused_with_a_hint),
	    cmocka_unit_test(a_password_is_no_argument_and_is_not_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
