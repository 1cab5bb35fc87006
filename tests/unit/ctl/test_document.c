/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/change.h"
#include "ctl/document.h"
#include "ctl/value.h"

#define HEAD	       "{\"format\": 1, \"module\": \"SCEP-CLIENT-MIB\""
#define PROFILE(PAIRS) HEAD ", \"profiles\": {\"7\": {" PAIRS "}}}"
#define SCALARS(PAIRS) HEAD ", \"scalars\": {" PAIRS "}}"

static struct reason reason;

static void taken(const char *text, struct snapshot *snapshot)
{
	if (!document_read(text, strlen(text), snapshot, &reason))
		fail_msg("%s: %s", text, reason.text);
}

/* Refused, with these words in the reason and none of the file's values. */
static void refused(const char *text, const char *words)
{
	struct snapshot snapshot;

	if (document_read(text, strlen(text), &snapshot, &reason))
		fail_msg("%s was taken", text);
	if (!strstr(reason.text, words))
		fail_msg("%s: %s", text, reason.text);
	assert_null(strstr(reason.text, "s3cret"));
	for (size_t i = 0; i < SNAPSHOT_ROWS; i++)
		assert_null(snapshot.row[i]);
}

static int64_t number(const struct snapshot *snapshot, enum scep_field field)
{
	return snapshot_number(snapshot, field, 7, -1);
}

static void values_stand_where_they_belong(void **state)
{
	const struct scep_value *value;
	struct snapshot snapshot;

	(void)state;
	taken(PROFILE("\"scepServerTimeout\": 60,"
		      "\"scepServerCipher\": \"aes256Cbc\","
		      "\"scepServerHttpMethod\": 3,"
		      "\"scepServerRequireStandard\": true,"
		      "\"scepAutoPoll\": false,"
		      "\"scepAutoKeyUsage\": [\"digitalSignature\", 8],"
		      "\"scepServerUrl\": \"http://h/\","
		      "\"scepServerCaFingerprint\": "
		      "\"00:01:02:03:04:05:06:07:08:09:"
		      "0a0B0c0d0e0f10111213\","
		      "\"scepAutoStartTime\": \"2031-01-02T03:04:05Z\""),
	      &snapshot);
	assert_int_equal(number(&snapshot, SCEP_SERVER_TIMEOUT), 60);
	assert_int_equal(number(&snapshot, SCEP_SERVER_CIPHER), 3);
	assert_int_equal(number(&snapshot, SCEP_SERVER_HTTP_METHOD), 3);
	assert_int_equal(number(&snapshot, SCEP_SERVER_REQUIRE_STANDARD), 1);
	assert_int_equal(number(&snapshot, SCEP_AUTO_POLL), 0);
	assert_int_equal(number(&snapshot, SCEP_AUTO_KEY_USAGE), 1 | 1 << 8);
	value = snapshot_get(&snapshot, SCEP_SERVER_URL, 7);
	assert_int_equal(value->length, 9);
	assert_memory_equal(value->octets, "http://h/", 9);
	value = snapshot_get(&snapshot, SCEP_SERVER_CA_FINGERPRINT, 7);
	assert_int_equal(value->length, 20);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(value->octets[i], i);
	assert_int_equal(
	    snapshot_get(&snapshot, SCEP_AUTO_START_TIME, 7)->length, 11);
	/* A member that is not named is not there. */
	assert_null(snapshot_get(&snapshot, SCEP_PROFILE_NAME, 7));
	assert_null(snapshot.row[0]);
	assert_null(snapshot.row[1]);
	snapshot_free(&snapshot);
}

static void what_is_wrong_is_named_and_not_repeated(void **state)
{
	(void)state;
	refused("", "line 1");
	refused("{\n\"s3cret\" s3cret", "line 2");
	refused("[]", "object");
	refused("nope", "not JSON");
	refused("{\"a\": [", "ends too early");
	refused("{}", "format is missing");
	refused("{\"format\": 2}", "format");
	refused("{\"format\": 1}", "module is missing");
	refused("{\"format\": 1, \"module\": \"s3cret\"}", "module");
	refused(HEAD ", \"agent\": 1}", "agent");
	refused(HEAD ", \"more\": 1}", "more: no part");
	refused(HEAD "} x", "goes on");
	refused(HEAD ", \"scalars\": {}, \"scalars\": {}}", "twice");
	refused(HEAD ", \"scalars\": []}", "scalars");
	refused(HEAD ", \"profiles\": []}", "profiles");
	refused(HEAD ", \"profiles\": {\"7\": 1}}", "profiles: 7");
	refused(HEAD ", \"profiles\": {\"0\": {}}}", "not in 1..64");
	refused(HEAD ", \"profiles\": {\"65\": {}}}", "not in 1..64");
	refused(HEAD ", \"profiles\": {\"07\": {}}}", "not in 1..64");
	refused(HEAD ", \"profiles\": {\" 7\": {}}}", "not in 1..64");
	refused(SCALARS("\"scepServerUrl\": \"s3cret\""), "not in its place");
	refused(SCALARS("\"scepAgentHealth\": 1"), "no setting");
	refused(SCALARS("\"sysContact\": \"s3cret\""), "has no such setting");
	refused(PROFILE("\"scepAutoChallengePassword\": \"s3cret\""),
		"a secret");
	refused(PROFILE("\"scepRequestKeyName\": \"s3cret\""), "no setting");
	refused(PROFILE("\"scepServerTimeout\": \"s3cret\""),
		"scepServerTimeout.7: must be a number");
	refused(PROFILE("\"scepServerTimeout\": 1.5"), "a number");
	refused(PROFILE("\"scepServerTimeout\": -1"), "a number");
	refused(PROFILE("\"scepServerTimeout\": 4294967297"), "a number");
	refused(PROFILE("\"scepServerTimeout\": null"), "a number");
	refused(PROFILE("\"scepServerTimeout\": 99999999999999999999"),
		"too large");
	refused(PROFILE("\"scepServerTimeout\": 601"), "1..600");
	refused(PROFILE("\"scepServerCipher\": \"s3cret\""),
		"must be one of auto, ");
	refused(PROFILE("\"scepServerCipher\": 5"), "1..4");
	refused(PROFILE("\"scepAutoPoll\": 1"), "true or false");
	refused(PROFILE("\"scepAutoKeyUsage\": 1"), "a list");
	refused(PROFILE("\"scepAutoKeyUsage\": [9]"), "a list");
	refused(PROFILE("\"scepAutoKeyUsage\": [4294967295]"), "a list");
	refused(PROFILE("\"scepAutoKeyUsage\": [\"s3cret\"]"), "a list");
	refused(PROFILE("\"scepServerUrl\": \"s3cret\""), "http://");
	refused(PROFILE("\"scepProfileName\": \"\\u0007s3cret\""), "UTF-8");
	refused(PROFILE("\"scepProfileName\": \"\\u0000s3cret\""), "NUL");
	refused(PROFILE("\"scepServerCaFingerprint\": \"0\""), "hexadecimal");
	refused(PROFILE("\"scepServerCaFingerprint\": \"00:\""), "hexadecimal");
	refused(PROFILE("\"scepServerCaFingerprint\": \"0001\""), "octets");
	refused(PROFILE("\"scepAutoStartTime\": 5"), "a time");
	refused(PROFILE("\"scepAutoStartTime\": \"s3cret\""), "a time");
	refused(PROFILE("\"scepAutoStartTime\": \"1970-01-01T00:00:00+01:00\""),
		"time since 1970");
	refused(PROFILE("\"scepProfileRowStatus\": \"createAndGo\""),
		"active or notInService");
	refused(PROFILE("\"scepProfileRowStatus\": \"notReady\""), "");
	refused(PROFILE("\"scepProfileStorageType\": \"readOnly\""), "");
}

static void a_file_that_is_too_long_or_too_deep_is_refused(void **state)
{
	char *text = malloc(DOCUMENT_MAX + 2);

	(void)state;
	memset(text, '[', DOCUMENT_MAX + 1);
	text[DOCUMENT_MAX + 1] = '\0';
	refused(text, "longer than");
	text[DOCUMENT_MAX] = '\0';
	refused(text, "too deeply");
	free(text);
}

static void what_is_written_is_read_as_it_was(void **state)
{
	struct snapshot snapshot = {0}, again;
	char *text;

	(void)state;
	assert_true(snapshot_preset_row(&snapshot, 0));
	assert_true(snapshot_preset_row(&snapshot, 1));
	assert_true(snapshot_preset_row(&snapshot, 64));
	text = document_write(&snapshot, "1.2", &reason);
	assert_non_null(text);
	assert_non_null(strstr(text, "\"agent\": \"1.2\""));
	assert_non_null(strstr(text, "\"scepServerCipher\": \"auto\""));
	taken(text, &again);
	assert_true(snapshot_is_same(&snapshot, &again));
	free(text);
	snapshot_free(&snapshot);
	snapshot_free(&again);
}

static void a_value_that_no_file_can_hold_is_named(void **state)
{
	static const struct scep_value bad = {.length = 2, .octets = {0xff, 1}};
	struct snapshot snapshot = {0};

	(void)state;
	assert_true(snapshot_preset_row(&snapshot, 3));
	snapshot_put(&snapshot, SCEP_PROFILE_NAME, 3, &bad);
	assert_null(document_write(&snapshot, "1", &reason));
	assert_non_null(strstr(reason.text, "scepProfileName.3"));
	snapshot_put(&snapshot, SCEP_AUTO_START_TIME, 3, &bad);
	value_preset(SCEP_PROFILE_NAME,
		     &snapshot.row[3]->value[SCEP_PROFILE_NAME]);
	assert_null(document_write(&snapshot, "1", &reason));
	assert_non_null(strstr(reason.text, "scepAutoStartTime.3"));
	snapshot_free(&snapshot);
}

/* The challenge of a timer is kept over a restart, and yet no setting. */
static void no_secret_and_no_action_is_on_a_snapshot(void **state)
{
	(void)state;
	assert_null(snapshot_object(SCEP_AUTO_CHALLENGE_PASSWORD));
	assert_null(snapshot_object(SCEP_REQUEST_CHALLENGE_PASSWORD));
	assert_null(snapshot_object(SCEP_REQUEST_KEY_NAME));
	assert_null(snapshot_object(SCEP_SERVER_CHECK));
	assert_null(snapshot_object(SCEP_AGENT_CONFIG_SPIN_LOCK));
	assert_null(snapshot_object(SCEP_CA_TRUST));
	assert_non_null(snapshot_object(SCEP_AUTO_ENABLE));
	assert_non_null(snapshot_object(SCEP_STATUS_MAX_ROWS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_stand_where_they_belong),
	    cmocka_unit_test(what_is_wrong_is_named_and_not_repeated),
	    cmocka_unit_test(a_file_that_is_too_long_or_too_deep_is_refused),
	    cmocka_unit_test(what_is_written_is_read_as_it_was),
	    cmocka_unit_test(a_value_that_no_file_can_hold_is_named),
	    cmocka_unit_test(no_secret_and_no_action_is_on_a_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
