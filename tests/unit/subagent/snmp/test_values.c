/* SPDX-License-Identifier: Apache-2.0 */
/* Members of rows as they go out, and values as they come in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/view.h"
#include "subagent/snmp/values.h"

#include <net-snmp/net-snmp-includes.h>

#define NOW	   1700000000 /* 2023-11-14 22:13:20 UTC */
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

static const struct object *object_named(const char *name)
{
	for (size_t i = 0; i < object_count; i++) {
		if (strcmp(objects[i].name, name) == 0)
			return &objects[i];
	}
	fail_msg("there is no %s", name);
	return NULL;
}

/* ------------------------------------------------------------------ out -- */

static struct scep_view view;
static struct read_context context;

static int view_reset(void **state)
{
	memset(&view, 0, sizeof(view));
	context = (struct read_context){
	    .view = &view,
	    .now = NOW,
	    .mono = 1000000,
	    .uptime = 5000,
	    .version = "scepagent test",
	};
	return zone_reset(state);
}

static struct value read_from(const char *name, const void *row)
{
	struct instance instance = {object_named(name), 1, row};
	struct value value;

	memset(&value, 0xaa, sizeof(value));
	values_read(&context, &instance, &value);
	return value;
}

static void assert_number(const char *name, const void *row, unsigned char type,
			  long number)
{
	struct value value = read_from(name, row);

	assert_int_equal(value.type, type);
	assert_false(value.is_octets);
	assert_int_equal(value.number, number);
}

static void assert_octets(const char *name, const void *row, const void *octets,
			  size_t length)
{
	struct value value = read_from(name, row);

	assert_int_equal(value.type, ASN_OCTET_STR);
	assert_true(value.is_octets);
	assert_int_equal(value.length, length);
	assert_memory_equal(value.octets, octets, length);
}

static void a_summary_names_the_profile_and_its_key_in_service(void **state)
{
	struct scep_profile profile = {.index = 7};
	struct scep_key keys[] = {
	    {.index = 1,
	     .profile_index = 7,
	     .name = "old",
	     .not_after = NOW + 10,
	     .replaced_by = 2},
	    {.index = 2,
	     .profile_index = 7,
	     .name = "web",
	     .not_after = NOW + 500,
	     .install_time = 5},
	    {.index = 3,
	     .profile_index = 7,
	     .name = "next",
	     .not_before = NOW + 1,
	     .not_after = NOW + 900,
	     .install_time = 6},
	    {.index = 4, .profile_index = 8, .install_time = 7},
	};
	void *rows[] = {&keys[0], &keys[1], &keys[2], &keys[3]};

	(void)state;
	assert_octets("scepSummaryProfileName", &profile, OCTETS("profile 7"));
	assert_number("scepSummaryLastResult", &profile, ASN_INTEGER, 1);
	assert_number("scepSummaryLastDetail", &profile, ASN_INTEGER, 1);
	assert_number("scepSummaryKeyIndex", &profile, ASN_UNSIGNED, 0);
	assert_octets("scepSummaryKeyName", &profile, OCTETS(""));
	assert_number("scepSummarySecondsLeft", &profile, ASN_INTEGER,
		      INT32_MAX);
	assert_number("scepSummaryNextRequestIn", &profile, ASN_INTEGER, -1);
	view.keys = (struct scep_rows){.count = 4, .row = rows};
	strcpy(profile.name, "Web");
	assert_octets("scepSummaryProfileName", &profile, OCTETS("Web"));
	assert_number("scepSummaryKeyIndex", &profile, ASN_UNSIGNED, 2);
	assert_octets("scepSummaryKeyName", &profile, OCTETS("web"));
	assert_number("scepSummarySecondsLeft", &profile, ASN_INTEGER, 500);
	context.now = NOW + 1;
	assert_number("scepSummaryKeyIndex", &profile, ASN_UNSIGNED, 3);
	keys[1].replaced_by = keys[2].replaced_by = 9;
	assert_number("scepSummaryKeyIndex", &profile, ASN_UNSIGNED, 0);
}

static void a_summary_shows_the_open_request_only(void **state)
{
	struct scep_profile profile = {.index = 7};
	struct scep_status status = {.index = 31,
				     .profile_index = 7,
				     .trigger = SCEP_TRIGGER_TIMER,
				     .state = SCEP_STATE_TO_BE_PROCESSED};
	void *rows[] = {&status};

	(void)state;
	view.statuses = (struct scep_rows){.count = 1, .row = rows};
	assert_number("scepSummaryOpenStatusIndex", &profile, ASN_UNSIGNED, 0);
	status.state = SCEP_STATE_PROCESSING;
	assert_number("scepSummaryOpenStatusIndex", &profile, ASN_UNSIGNED, 31);
	status.state = SCEP_STATE_ERROR;
	assert_number("scepSummaryOpenStatusIndex", &profile, ASN_UNSIGNED, 0);
}

static void numbers_have_the_type_of_their_syntax(void **state)
{
	struct scep_profile profile = {.server = {.port = 8080}};
	struct scep_profile skewed = {.facts = {.clock_skew = -77}};
	struct scep_stats stats = {.polls = UINT32_MAX,
				   .consecutive_failures = 3};

	(void)state;
	assert_number("scepServerPort", &profile, ASN_UNSIGNED, 8080);
	assert_number("scepServerClockSkew", &skewed, ASN_INTEGER, -77);
	assert_number("scepStatsPolls", &stats, ASN_COUNTER, UINT32_MAX);
	assert_number("scepStatsConsecutiveFailures", &stats, ASN_GAUGE, 3);
}

static void refused_sets_are_counted_by_the_front_end(void **state)
{
	struct scep_stats stats = {0};

	(void)state;
	context.refusals = 7;
	assert_number("scepStatsSetRejects", &stats, ASN_COUNTER, 7);
}

static void truths_are_one_and_two(void **state)
{
	struct scep_profile profile = {.timer = {.enable = 1}};

	(void)state;
	assert_number("scepAutoEnable", &profile, ASN_INTEGER, 1);
	assert_number("scepAutoPoll", &profile, ASN_INTEGER, 2);
}

static void what_nobody_has_set_yet_has_the_first_name(void **state)
{
	struct scep_profile profile = {.index = 1};
	struct scep_status status = {.fail_info = SCEP_FAIL_BAD_ALG};

	(void)state;
	assert_number("scepServerCheckResult", &profile, ASN_INTEGER,
		      SCEP_NONE);
	assert_number("scepAutoOperStatus", &profile, ASN_INTEGER, 1);
	assert_number("scepStatusFailInfo", &status, ASN_INTEGER, 0);
}

static void actions_read_as_noop(void **state)
{
	struct scep_profile profile = {.index = 1};
	struct scep_key key = {.index = 1};

	(void)state;
	assert_number("scepRequestAction", &profile, ASN_INTEGER, 1);
	assert_number("scepServerCheck", &profile, ASN_INTEGER, 1);
	assert_number("scepKeyAction", &key, ASN_INTEGER, 1);
	assert_number("scepKeyRowStatus", &key, ASN_INTEGER, SCEP_ROW_ACTIVE);
	assert_octets("scepKeyAssignTo", &key, "", 0);
}

static void texts_have_no_nul_and_end_at_their_range(void **state)
{
	struct scep_profile profile = {.name = "copier"};
	struct scep_agent agent = {.health = 1};

	(void)state;
	assert_octets("scepProfileName", &profile, OCTETS("copier"));
	memset(profile.name, 'x', sizeof(profile.name));
	assert_int_equal(read_from("scepProfileName", &profile).length, 64);
	assert_octets("scepAgentVersion", &agent, OCTETS("scepagent test"));
}

static void octets_are_cut_to_their_range(void **state)
{
	struct scep_key key = {.serial = {3, {0, 1, 0xff}}};

	(void)state;
	assert_octets("scepKeySerial", &key, OCTETS("\0\1\377"));
	key.serial.length = 32;
	assert_int_equal(read_from("scepKeySerial", &key).length, 20);
}

static void a_challenge_is_never_read(void **state)
{
	struct scep_profile profile = {.index = 1};

	(void)state;
	profile.request.challenge_password.length = 6;
	memcpy(profile.request.challenge_password.data, "secret", 6);
	assert_octets("scepRequestChallengePassword", &profile, "", 0);
	assert_number("scepRequestChallengeSet", &profile, ASN_INTEGER, 1);
	assert_number("scepAutoChallengeSet", &profile, ASN_INTEGER, 2);
}

static void bits_begin_at_the_high_end_of_the_first_octet(void **state)
{
	struct scep_profile profile = {.facts = {.caps = 1u << 0 | 1u << 8}};
	struct scep_agent agent = {.notify_enable = 0x7ff};
	struct scep_ca ca = {.role = SCEP_CA_RA_SIGN};

	(void)state;
	assert_octets("scepServerCaps", &profile, OCTETS("\x80\x80"));
	assert_octets("scepNotifyEnable", &agent, OCTETS("\xff\xe0"));
	assert_octets("scepCaRole", &ca, OCTETS("\x20"));
	/* A bit without a name is not shown. */
	ca.role = 1u << 5;
	assert_octets("scepCaRole", &ca, OCTETS("\0"));
}

static void timestamps_count_from_the_start_of_sysuptime(void **state)
{
	struct scep_agent agent = {.config_last_change_mono = 0};

	(void)state;
	assert_number("scepAgentConfigLastChange", &agent, ASN_TIMETICKS, 0);
	/* sysUpTime is 5000 now; this was ten seconds ago. */
	agent.config_last_change_mono = context.mono - 10000;
	assert_number("scepAgentConfigLastChange", &agent, ASN_TIMETICKS, 4000);
	/* Before the master was started again. */
	agent.config_last_change_mono = context.mono - 60000;
	assert_number("scepAgentConfigLastChange", &agent, ASN_TIMETICKS, 0);
	/* Since the clock was read for this answer. */
	agent.config_last_change_mono = context.mono + 5;
	assert_number("scepAgentConfigLastChange", &agent, ASN_TIMETICKS, 5000);
	view.agent.started_mono = context.mono - 1000;
	assert_number("scepStatsDiscontinuity", &view.stats, ASN_TIMETICKS,
		      4900);
}

static void seconds_left_saturate(void **state)
{
	struct scep_key key = {.not_after = NOW + 100};

	(void)state;
	assert_number("scepKeySecondsLeft", &key, ASN_INTEGER, 100);
	key.not_after = NOW - 100;
	assert_number("scepKeySecondsLeft", &key, ASN_INTEGER, -100);
	key.not_after = INT64_C(253402300799); /* the end of 9999 */
	assert_number("scepKeySecondsLeft", &key, ASN_INTEGER, 2147483647);
	key.not_after = -INT64_C(253402300799);
	assert_number("scepKeySecondsLeft", &key, ASN_INTEGER, -2147483647);
	key.not_after = 0; /* no certificate */
	assert_number("scepKeySecondsLeft", &key, ASN_INTEGER, 2147483647);
}

static void the_next_request_is_in_no_negative_time(void **state)
{
	struct scep_profile profile = {.index = 1};

	(void)state;
	assert_number("scepAutoNextRequestIn", &profile, ASN_INTEGER, -1);
	profile.timer.next_request_time = NOW + 60;
	assert_number("scepAutoNextRequestIn", &profile, ASN_INTEGER, 60);
	profile.timer.next_request_time = NOW - 60;
	assert_number("scepAutoNextRequestIn", &profile, ASN_INTEGER, 0);
}

static void times_are_shown_with_the_offset_in_force_then(void **state)
{
	struct scep_status status = {.request_time = 0};

	(void)state;
	assert_octets("scepStatusRequestTime", &status, "", 0);
	status.request_time = NOW;
	assert_octets("scepStatusRequestTime", &status,
		      OCTETS("\x07\xe7\x0b\x0e\x16\x0d\x14\0+\0\0"));
	zone_set("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_octets("scepStatusRequestTime", &status,
		      OCTETS("\x07\xe7\x0b\x0e\x17\x0d\x14\0+\1\0"));
	status.request_time = NOW - 120 * 86400; /* in July */
	assert_octets("scepStatusRequestTime", &status,
		      OCTETS("\x07\xe7\x07\x12\0\x0d\x14\0+\2\0"));
	zone_set("NST3:30");
	assert_octets("scepStatusRequestTime", &status,
		      OCTETS("\x07\xe7\x07\x11\x12\x2b\x14\0-\3\x1e"));
}

/* ------------------------------------------------------------------- in -- */

static struct scep_value taken;

static int write_number(const char *name, unsigned char type, long number)
{
	return values_write(object_named(name), type, &number, sizeof(number),
			    &taken);
}

static int write_octets(const char *name, const void *octets, size_t length)
{
	return values_write(object_named(name), ASN_OCTET_STR, octets, length,
			    &taken);
}

static void assert_nothing_taken(void)
{
	static const struct scep_value nothing;

	assert_memory_equal(&taken, &nothing, sizeof(taken));
}

static void a_wrong_type_is_found_before_anything_is_read(void **state)
{
	const unsigned char types[] = {
	    ASN_INTEGER, ASN_OCTET_STR, ASN_NULL,    ASN_OBJECT_ID,
	    ASN_COUNTER, ASN_TIMETICKS, ASN_GAUGE,   ASN_IPADDRESS,
	    ASN_OPAQUE,	 ASN_COUNTER64, ASN_BIT_STR,
	};

	(void)state;
	for (size_t i = 0; i < object_count; i++) {
		const struct object *object = &objects[i];
		bool is_unsigned = object->syntax == SYNTAX_UNSIGNED;
		bool is_integer = object->syntax == SYNTAX_ENUM ||
				  object->syntax == SYNTAX_TRUTH;

		if (object->field == SCEP_FIELD_NONE)
			continue;
		for (size_t k = 0; k < sizeof(types); k++) {
			if (types[k] == ASN_INTEGER && is_integer)
				continue;
			if (types[k] == ASN_GAUGE && is_unsigned)
				continue;
			if (types[k] == ASN_OCTET_STR && !is_integer &&
			    !is_unsigned)
				continue;
			/* With no octets at all, reading would be seen. */
			assert_int_equal(
			    values_write(object, types[k], NULL, 8, &taken),
			    SNMP_ERR_WRONGTYPE);
			assert_nothing_taken();
		}
	}
}

static void a_number_of_another_size_is_of_wrong_length(void **state)
{
	const struct object *port = object_named("scepServerPort");
	const struct object *method = object_named("scepServerHttpMethod");
	int small = 1;

	(void)state;
	assert_int_equal(
	    values_write(port, ASN_UNSIGNED, &small, sizeof(small), &taken),
	    SNMP_ERR_WRONGLENGTH);
	assert_int_equal(
	    values_write(method, ASN_INTEGER, &small, sizeof(small), &taken),
	    SNMP_ERR_WRONGLENGTH);
	assert_int_equal(values_write(method, ASN_INTEGER, NULL, 0, &taken),
			 SNMP_ERR_WRONGLENGTH);
}

static void numbers_are_held_to_their_range(void **state)
{
	(void)state;
	assert_int_equal(write_number("scepServerPort", ASN_UNSIGNED, 65535),
			 SNMP_ERR_NOERROR);
	assert_int_equal(taken.number, 65535);
	assert_int_equal(write_number("scepServerPort", ASN_UNSIGNED, 65536),
			 SNMP_ERR_WRONGVALUE);
	assert_int_equal(write_number("scepServerPort", ASN_UNSIGNED, -1),
			 SNMP_ERR_WRONGVALUE);
	assert_int_equal(
	    write_number("scepRequestKeyLength", ASN_UNSIGNED, 3072),
	    SNMP_ERR_NOERROR);
	assert_int_equal(
	    write_number("scepRequestKeyLength", ASN_UNSIGNED, 3073),
	    SNMP_ERR_WRONGVALUE);
	assert_nothing_taken();
}

static void enumerations_take_only_their_names(void **state)
{
	const long wrong[] = {0, 4, -1, 4294967295};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
		    write_number("scepServerHttpMethod", ASN_INTEGER, wrong[i]),
		    SNMP_ERR_WRONGVALUE);
	}
	assert_int_equal(write_number("scepServerHttpMethod", ASN_INTEGER, 3),
			 SNMP_ERR_NOERROR);
	assert_int_equal(taken.number, 3);
}

static void a_truth_is_one_or_two(void **state)
{
	(void)state;
	assert_int_equal(write_number("scepAutoEnable", ASN_INTEGER, 1),
			 SNMP_ERR_NOERROR);
	assert_int_equal(taken.number, 1);
	assert_int_equal(write_number("scepAutoEnable", ASN_INTEGER, 2),
			 SNMP_ERR_NOERROR);
	assert_int_equal(taken.number, 0);
	assert_int_equal(write_number("scepAutoEnable", ASN_INTEGER, 0),
			 SNMP_ERR_WRONGVALUE);
	assert_int_equal(write_number("scepAutoEnable", ASN_INTEGER, 3),
			 SNMP_ERR_WRONGVALUE);
}

static void strings_are_held_to_their_sizes(void **state)
{
	unsigned char octets[300];

	(void)state;
	memset(octets, 'a', sizeof(octets));
	for (size_t length = 0; length <= sizeof(octets); length++) {
		assert_int_equal(
		    write_octets("scepRequestKeyName", octets, length),
		    length <= 64 ? SNMP_ERR_NOERROR : SNMP_ERR_WRONGLENGTH);
		assert_int_equal(write_octets("scepServerUrl", octets, length),
				 length <= 255 ? SNMP_ERR_NOERROR
					       : SNMP_ERR_WRONGLENGTH);
		assert_int_equal(
		    write_octets("scepAutoChallengePassword", octets, length),
		    length <= 255 ? SNMP_ERR_NOERROR : SNMP_ERR_WRONGLENGTH);
		assert_int_equal(
		    write_octets("scepServerCaFingerprint", octets, length),
		    length == 0 || length == 20 || length == 32 ||
			    length == 48 || length == 64
			? SNMP_ERR_NOERROR
			: SNMP_ERR_WRONGLENGTH);
	}
	assert_int_equal(write_octets("scepServerUrl", "ab\0c", 4),
			 SNMP_ERR_NOERROR);
	assert_int_equal(taken.length, 4);
	assert_memory_equal(taken.octets, "ab\0c", 4);
}

static void bits_without_a_name_must_be_zero(void **state)
{
	const char *usage = "scepRequestKeyUsage"; /* 0..8 */

	(void)state;
	assert_int_equal(write_octets(usage, OCTETS("\xa0\x80")),
			 SNMP_ERR_NOERROR);
	assert_int_equal(taken.number, 1u << 0 | 1u << 2 | 1u << 8);
	assert_int_equal(write_octets(usage, OCTETS("\xa0")), SNMP_ERR_NOERROR);
	assert_int_equal(taken.number, 1u << 0 | 1u << 2);
	assert_int_equal(write_octets(usage, "", 0), SNMP_ERR_NOERROR);
	assert_int_equal(taken.number, 0);
	assert_int_equal(write_octets(usage, OCTETS("\xa0\x40")),
			 SNMP_ERR_WRONGVALUE);
	assert_int_equal(write_octets(usage, OCTETS("\xa0\0\0")),
			 SNMP_ERR_WRONGLENGTH);
	assert_nothing_taken();
}

static void what_is_read_can_be_written_back(void **state)
{
	const uint32_t all = 0x7ff;

	(void)state;
	for (uint32_t bits = 0; bits <= all; bits++) {
		struct scep_agent agent = {.notify_enable = bits};
		struct value value = read_from("scepNotifyEnable", &agent);

		assert_int_equal(write_octets("scepNotifyEnable", value.octets,
					      value.length),
				 SNMP_ERR_NOERROR);
		assert_int_equal(taken.number, bits);
	}
}

/* ---------------------------------------------------------------- dates -- */

static void dates_of_a_wrong_length_or_value_are_refused(void **state)
{
	static const struct {
		const char *octets;
		size_t length;
		int error;
	} cases[] = {
	    {OCTETS(""), SNMP_ERR_NOERROR},
	    {OCTETS("\x07\xe8\1\1\0\0\0\0"), SNMP_ERR_NOERROR},
	    {OCTETS("\x07\xe8\1\1\0\0\0\0+\0\0"), SNMP_ERR_NOERROR},
	    {OCTETS("\x07\xe8\1"), SNMP_ERR_WRONGLENGTH},
	    {OCTETS("\x07\xe8\1\1\0\0\0\0+"), SNMP_ERR_WRONGLENGTH},
	    {OCTETS("\x07\xe8\1\1\0\0\0\0+\0\0\0"), SNMP_ERR_WRONGLENGTH},
	    {OCTETS("\x07\xe8\2\x1e\0\0\0\0"), SNMP_ERR_WRONGVALUE},
	    {OCTETS("\x07\xe8\1\1\0\0\0\0+\x0e\0"), SNMP_ERR_WRONGVALUE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(values_write(object_named("scepAutoStartTime"),
					      ASN_OCTET_STR, cases[i].octets,
					      cases[i].length, &taken),
				 cases[i].error);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, view_reset, zone_reset)

static void assert_reason(const char *name, int error, const char *expected)
{
	char reason[VALUES_REASON];

	values_reason(object_named(name), error, reason);
	assert_string_equal(reason, expected);
}

static void a_reason_says_what_the_object_takes(void **state)
{
	(void)state;
	assert_reason("scepServerTimeout", SNMP_ERR_WRONGTYPE,
		      "must be an Unsigned32");
	assert_reason("scepServerTimeout", SNMP_ERR_WRONGVALUE,
		      "must be 1..600");
	assert_reason("scepRequestKeyLength", SNMP_ERR_WRONGVALUE,
		      "must be 1024|2048|3072|4096");
	assert_reason("scepAutoEnable", SNMP_ERR_WRONGVALUE,
		      "must be true(1) or false(2)");
	assert_reason("scepServerUrl", SNMP_ERR_WRONGLENGTH,
		      "must have 0..255 octets");
	assert_reason("scepServerCaFingerprint", SNMP_ERR_WRONGLENGTH,
		      "must have 0|20|32|48|64 octets");
	assert_reason("scepAutoStartTime", SNMP_ERR_WRONGLENGTH,
		      "must have 0|8|11 octets");
	assert_reason("scepNotifyEnable", SNMP_ERR_WRONGLENGTH,
		      "must have 0..2 octets");
	assert_reason("scepNotifyEnable", SNMP_ERR_WRONGVALUE,
		      "has a bit without a name: only 0..11 have one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(numbers_have_the_type_of_their_syntax),
	    TEST(a_summary_names_the_profile_and_its_key_in_service),
	    TEST(a_summary_shows_the_open_request_only),
	    TEST(refused_sets_are_counted_by_the_front_end),
	    TEST(truths_are_one_and_two),
	    TEST(what_nobody_has_set_yet_has_the_first_name),
	    TEST(actions_read_as_noop),
	    TEST(texts_have_no_nul_and_end_at_their_range),
	    TEST(octets_are_cut_to_their_range),
	    TEST(a_challenge_is_never_read),
	    TEST(bits_begin_at_the_high_end_of_the_first_octet),
	    TEST(timestamps_count_from_the_start_of_sysuptime),
	    TEST(seconds_left_saturate),
	    TEST(the_next_request_is_in_no_negative_time),
	    TEST(times_are_shown_with_the_offset_in_force_then),
	    TEST(a_wrong_type_is_found_before_anything_is_read),
	    TEST(a_number_of_another_size_is_of_wrong_length),
	    TEST(numbers_are_held_to_their_range),
	    TEST(enumerations_take_only_their_names),
	    TEST(a_truth_is_one_or_two),
	    TEST(strings_are_held_to_their_sizes),
	    TEST(bits_without_a_name_must_be_zero),
	    TEST(what_is_read_can_be_written_back),
	    TEST(dates_of_a_wrong_length_or_value_are_refused),
	    TEST(a_reason_says_what_the_object_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
