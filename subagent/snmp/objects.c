/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Here is how it works.  Each row of `objects` is one OBJECT-TYPE of the MIB
 * file, in the order of the object identifiers, which is what GETNEXT and the
 * binary search of find.c rely on.  The macros below are the kinds of objects
 * that there are:
 *
 *   INDEX    the index of a table; it has no instance
 *   SETTING  a member that a Set can write
 *   SHOWN    a member that can only be read
 *   DERIVED  a number that derived.c works out
 *   ACTION   something to be done; reads as noop(1)
 *
 * A table's name in a row (SERVER) stands for its place (TABLE_SERVER), for
 * the struct its members are in (ROW_SERVER) and for what its settings may be
 * (SET_SERVER).
 */
#include "subagent/snmp/objects.h"

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "subagent/snmp/derived.h"

#include <inttypes.h>

#define ROW_AGENT	   struct scep_agent
#define ROW_PROFILE	   struct scep_profile
#define ROW_SERVER	   struct scep_profile
#define ROW_REQUEST	   struct scep_profile
#define ROW_AUTO	   struct scep_profile
#define ROW_STATUS_SCALARS struct scep_agent
#define ROW_STATUS	   struct scep_status
#define ROW_KEY_SCALARS	   struct scep_agent
#define ROW_KEY		   struct scep_key
#define ROW_CA_SCALARS	   struct scep_agent
#define ROW_CA		   struct scep_ca
#define ROW_USE		   struct scep_use
#define ROW_STATS	   struct scep_stats
#define ROW_NOTIFY	   struct scep_agent

#define SET_AGENT	   ACCESS_WRITE
#define SET_STATUS_SCALARS ACCESS_WRITE
#define SET_NOTIFY	   ACCESS_WRITE
#define SET_PROFILE	   ACCESS_CREATE
#define SET_SERVER	   ACCESS_CREATE
#define SET_REQUEST	   ACCESS_CREATE
#define SET_AUTO	   ACCESS_CREATE
#define SET_KEY		   ACCESS_CREATE
#define SET_CA		   ACCESS_CREATE

/* clang-format off */
#define ANY	       {{{0, 0}}, 0}
#define SPAN(from, to) {{{from, to}}, 1}
#define S64	       SPAN(0, 64)
#define S255	       SPAN(0, 255)
#define TRUE_FALSE     SPAN(1, 2)
#define STATE	       SPAN(1, 4)
#define DETAIL	       SPAN(1, 18)
#define ROW_STATES     SPAN(1, 6)
#define DATE	       {{{0, 0}, {8, 8}, {11, 11}}, 3}
#define DIGEST	       {{{0, 0}, {20, 20}, {32, 32}, {48, 48}, {64, 64}}, 5}
#define DIGEST_OR_NONE {{{0, 0}, {32, 32}}, 2}
#define KEY_LENGTH     {{{1024, 1024}, {2048, 2048}, {3072, 3072}, \
			 {4096, 4096}}, 4}
#define HTTP_STATUS    {{{0, 0}, {100, 599}}, 2}
#define FAIL_INFO      {{{0, 4}, {254, 255}}, 2}
/* clang-format on */

#define OBJECT(t, a, n, s)                                                     \
	.name = n, .table = TABLE_##t, .arc = a, .syntax = SYNTAX_##s

#define INDEX(t, n, r)                                                         \
	{                                                                      \
		OBJECT(t, 1, n, UNSIGNED), .access = ACCESS_NONE, .range = r,  \
					   .offset = offsetof(ROW_##t, index)  \
	}
#define SETTING(t, a, n, s, r, p, member, f)                                   \
	{                                                                      \
		OBJECT(t, a, n, s),                                            \
		    .access = SET_##t, .range = r, .preset = p,                \
		    .offset = offsetof(ROW_##t, member), .field = SCEP_##f     \
	}
#define SHOWN(t, a, n, s, r, member)                                           \
	{                                                                      \
		OBJECT(t, a, n, s), .access = ACCESS_READ, .range = r,         \
				    .offset = offsetof(ROW_##t, member)        \
	}
#define DERIVED(t, a, n, s, r, function)                                       \
	{                                                                      \
		OBJECT(t, a, n, s), .access = ACCESS_READ, .range = r,         \
				    .number = function                         \
	}
#define ACTION(t, a, n, r, f)                                                  \
	{                                                                      \
		OBJECT(t, a, n, ENUM), .access = SET_##t, .range = r,          \
				       .number = derived_one,                  \
				       .field = SCEP_##f                       \
	}

/* The request values: the same twelve columns for a request and the timer. */
#define VALUES(t, n, member, f, has_challenge)                                 \
	SETTING(t, 1, n "KeyName", TEXT, S64, "\"\"", member.key_name,         \
		f##_KEY_NAME),                                                 \
	    SETTING(t, 2, n "SignatureAlgorithm", ENUM, SPAN(1, 4), "2",       \
		    member.signature_algorithm, f##_SIGNATURE_ALGORITHM),      \
	    SETTING(t, 3, n "KeyLength", UNSIGNED, KEY_LENGTH, "2048",         \
		    member.key_length, f##_KEY_LENGTH),                        \
	    SETTING(t, 4, n "Organization", TEXT, S64, "\"\"",                 \
		    member.organization, f##_ORGANIZATION),                    \
	    SETTING(t, 5, n "CommonName", TEXT, S64, "\"\"",                   \
		    member.common_name, f##_COMMON_NAME),                      \
	    SETTING(t, 6, n "SubjectExtra", TEXT, S255, "\"\"",                \
		    member.subject_extra, f##_SUBJECT_EXTRA),                  \
	    SETTING(t, 7, n "SubjectAltName", TEXT, S255, "\"\"",              \
		    member.subject_alt_name, f##_SUBJECT_ALT_NAME),            \
	    SETTING(t, 8, n "KeyUsage", BITS, SPAN(0, 8), "{0,2}",             \
		    member.key_usage, f##_KEY_USAGE),                          \
	    SETTING(t, 9, n "ExtendedKeyUsage", TEXT, S255, "\"\"",            \
		    member.extended_key_usage, f##_EXTENDED_KEY_USAGE),        \
	    SETTING(t, 10, n "ChallengePassword", SECRET, SPAN(0, 128), NULL,  \
		    member.challenge_password, f##_CHALLENGE_PASSWORD),        \
	    DERIVED(t, 11, n "ChallengeSet", TRUTH, TRUE_FALSE,                \
		    has_challenge),                                            \
	    SETTING(t, 12, n "UseLocation", TEXT, S255, "\"\"",                \
		    member.use_location, f##_USE_LOCATION)

const struct object_table object_tables[TABLE_COUNT] = {
    [TABLE_AGENT] = {{1, 1}, 2, HOME_AGENT, 0},
    [TABLE_PROFILE] = {{1, 2, 1}, 3, HOME_PROFILE, SCEP_PROFILE_MAX},
    [TABLE_SERVER] = {{1, 3, 1}, 3, HOME_PROFILE, SCEP_PROFILE_MAX},
    [TABLE_REQUEST] = {{1, 4, 1}, 3, HOME_PROFILE, SCEP_PROFILE_MAX},
    [TABLE_AUTO] = {{1, 5, 1}, 3, HOME_PROFILE, SCEP_PROFILE_MAX},
    [TABLE_STATUS_SCALARS] = {{1, 6}, 2, HOME_AGENT, 0},
    [TABLE_STATUS] = {{1, 6, 5, 1}, 4, HOME_STATUS, UINT32_MAX},
    [TABLE_KEY_SCALARS] = {{1, 7}, 2, HOME_AGENT, 0},
    [TABLE_KEY] = {{1, 7, 4, 1}, 4, HOME_KEY, 65535},
    [TABLE_CA_SCALARS] = {{1, 8}, 2, HOME_AGENT, 0},
    [TABLE_CA] = {{1, 8, 2, 1}, 4, HOME_CA, UINT32_MAX},
    [TABLE_USE] = {{1, 9, 1, 1}, 4, HOME_USE, UINT32_MAX},
    [TABLE_STATS] = {{1, 10}, 2, HOME_STATS, 0},
    [TABLE_NOTIFY] = {{1, 11}, 2, HOME_AGENT, 0},
};

const struct object objects[] = {
    {OBJECT(AGENT, 1, "scepAgentVersion", TEXT), .access = ACCESS_READ,
     .range = S64, .text = derived_version},
    SETTING(AGENT, 2, "scepAgentConfigSpinLock", ENUM, SPAN(0, INT32_MAX), NULL,
	    config_spin_lock, AGENT_CONFIG_SPIN_LOCK),
    SHOWN(AGENT, 3, "scepAgentConfigLastChange", TIMESTAMP, ANY,
	  config_last_change_mono),
    SHOWN(AGENT, 4, "scepAgentHealth", ENUM, SPAN(1, 3), health),
    SHOWN(AGENT, 5, "scepAgentHealthReason", BITS, SPAN(0, 11), health_reason),
    DERIVED(AGENT, 6, "scepAgentEarliestExpiry", INTEGER, ANY,
	    derived_earliest_expiry),
    DERIVED(AGENT, 7, "scepAgentLocalTime", TIME, DATE, derived_local_time),
    SHOWN(AGENT, 8, "scepAgentRestartPending", TRUTH, TRUE_FALSE,
	  restart_pending),
    ACTION(AGENT, 9, "scepAgentRestart", SPAN(1, 2), AGENT_RESTART),

    INDEX(PROFILE, "scepProfileIndex", SPAN(1, SCEP_PROFILE_MAX)),
    SETTING(PROFILE, 2, "scepProfileName", TEXT, S64, "\"\"", name,
	    PROFILE_NAME),
    SETTING(PROFILE, 3, "scepProfileStorageType", ENUM, SPAN(1, 5), "3",
	    storage_type, PROFILE_STORAGE_TYPE),
    SETTING(PROFILE, 4, "scepProfileRowStatus", ENUM, ROW_STATES, NULL,
	    row_status, PROFILE_ROW_STATUS),

    SETTING(SERVER, 1, "scepServerUrl", TEXT, S255, "\"\"", server.url,
	    SERVER_URL),
    SETTING(SERVER, 2, "scepServerPort", UNSIGNED, SPAN(0, 65535), "0",
	    server.port, SERVER_PORT),
    SETTING(SERVER, 3, "scepServerTimeout", UNSIGNED, SPAN(1, 600), "30",
	    server.timeout, SERVER_TIMEOUT),
    SETTING(SERVER, 4, "scepServerCaIdentifier", TEXT, S255, "\"\"",
	    server.ca_identifier, SERVER_CA_IDENTIFIER),
    SETTING(SERVER, 5, "scepServerCaFingerprint", OCTETS, DIGEST, "\"\"",
	    server.ca_fingerprint, SERVER_CA_FINGERPRINT),
    SETTING(SERVER, 6, "scepServerCaTrustPolicy", ENUM, SPAN(1, 2), "1",
	    server.ca_trust_policy, SERVER_CA_TRUST_POLICY),
    SETTING(SERVER, 7, "scepServerHttpMethod", ENUM, SPAN(1, 3), "1",
	    server.http_method, SERVER_HTTP_METHOD),
    SETTING(SERVER, 8, "scepServerCipher", ENUM, SPAN(1, 4), "1", server.cipher,
	    SERVER_CIPHER),
    SETTING(SERVER, 9, "scepServerRequireStandard", TRUTH, TRUE_FALSE, "2",
	    server.require_standard, SERVER_REQUIRE_STANDARD),
    SETTING(SERVER, 10, "scepServerRenewalMode", ENUM, SPAN(1, 4), "1",
	    server.renewal_mode, SERVER_RENEWAL_MODE),
    SETTING(SERVER, 11, "scepServerProxyUrl", TEXT, S255, "\"\"",
	    server.proxy_url, SERVER_PROXY_URL),
    ACTION(SERVER, 12, "scepServerCheck", SPAN(1, 5), SERVER_CHECK),
    SHOWN(SERVER, 13, "scepServerCheckResult", ENUM, DETAIL,
	  facts.check_result),
    SHOWN(SERVER, 14, "scepServerCaps", BITS, SPAN(0, 8), facts.caps),
    SHOWN(SERVER, 15, "scepServerLastContact", TIME, DATE, facts.last_contact),
    SHOWN(SERVER, 16, "scepServerClockSkew", INTEGER, ANY, facts.clock_skew),

    VALUES(REQUEST, "scepRequest", request, REQUEST,
	   derived_request_has_challenge),
    ACTION(REQUEST, 13, "scepRequestAction", SPAN(1, 5), REQUEST_ACTION),
    SHOWN(REQUEST, 14, "scepRequestStatusIndex", UNSIGNED, ANY,
	  request_status_index),

    VALUES(AUTO, "scepAuto", timer.values, AUTO, derived_auto_has_challenge),
    SETTING(AUTO, 13, "scepAutoEnable", TRUTH, TRUE_FALSE, "2", timer.enable,
	    AUTO_ENABLE),
    SETTING(AUTO, 14, "scepAutoStartTime", TIME, DATE, "\"\"", timer.start_time,
	    AUTO_START_TIME),
    SETTING(AUTO, 15, "scepAutoAdjust", TRUTH, TRUE_FALSE, "2", timer.adjust,
	    AUTO_ADJUST),
    SETTING(AUTO, 16, "scepAutoAdjustMax", UNSIGNED, SPAN(1, 600), "600",
	    timer.adjust_max, AUTO_ADJUST_MAX),
    SETTING(AUTO, 17, "scepAutoPoll", TRUTH, TRUE_FALSE, "2", timer.poll,
	    AUTO_POLL),
    SETTING(AUTO, 18, "scepAutoPollCount", UNSIGNED, SPAN(1, 1080), "10",
	    timer.poll_count, AUTO_POLL_COUNT),
    SETTING(AUTO, 19, "scepAutoPollInterval", UNSIGNED, SPAN(5, 86400), "300",
	    timer.poll_interval, AUTO_POLL_INTERVAL),
    SETTING(AUTO, 20, "scepAutoPeriodic", TRUTH, TRUE_FALSE, "2",
	    timer.periodic, AUTO_PERIODIC),
    SETTING(AUTO, 21, "scepAutoPeriodicInterval", UNSIGNED, SPAN(1, 999), "1",
	    timer.periodic_interval, AUTO_PERIODIC_INTERVAL),
    SETTING(AUTO, 22, "scepAutoPeriodicUnit", ENUM, SPAN(1, 6), "6",
	    timer.periodic_unit, AUTO_PERIODIC_UNIT),
    SETTING(AUTO, 23, "scepAutoRenewBefore", UNSIGNED, SPAN(0, 365), "0",
	    timer.renew_before, AUTO_RENEW_BEFORE),
    SETTING(AUTO, 24, "scepAutoMissedPolicy", ENUM, SPAN(1, 2), "1",
	    timer.missed_policy, AUTO_MISSED_POLICY),
    SETTING(AUTO, 25, "scepAutoRestart", TRUTH, TRUE_FALSE, "2", timer.restart,
	    AUTO_RESTART),
    SETTING(AUTO, 26, "scepAutoDeleteOldKey", TRUTH, TRUE_FALSE, "2",
	    timer.delete_old_key, AUTO_DELETE_OLD_KEY),
    SHOWN(AUTO, 27, "scepAutoOperStatus", ENUM, SPAN(1, 6), timer.oper_status),
    SHOWN(AUTO, 28, "scepAutoAdjustApplied", UNSIGNED, SPAN(0, 600),
	  timer.adjust_applied),
    SHOWN(AUTO, 29, "scepAutoNextRequestTime", TIME, DATE,
	  timer.next_request_time),
    DERIVED(AUTO, 30, "scepAutoNextRequestIn", INTEGER, ANY,
	    derived_next_request_in),

    SETTING(STATUS_SCALARS, 1, "scepStatusMaxRows", UNSIGNED, SPAN(20, 10000),
	    "20", status_max_rows, STATUS_MAX_ROWS),
    SHOWN(STATUS_SCALARS, 2, "scepStatusLastIndex", UNSIGNED, ANY,
	  status_last_index),
    {OBJECT(STATUS_SCALARS, 3, "scepStatusLastState", ENUM),
     .access = ACCESS_READ, .range = STATE, .number = derived_last_state,
     .exists = derived_has_last_state},
    DERIVED(STATUS_SCALARS, 4, "scepStatusProcessing", GAUGE, ANY,
	    derived_processing),

    INDEX(STATUS, "scepStatusIndex", ANY),
    SHOWN(STATUS, 2, "scepStatusProfileIndex", UNSIGNED, ANY, profile_index),
    SHOWN(STATUS, 3, "scepStatusProfileName", TEXT, S64, profile_name),
    SHOWN(STATUS, 4, "scepStatusRequestTime", TIME, DATE, request_time),
    SHOWN(STATUS, 5, "scepStatusState", ENUM, STATE, state),
    SHOWN(STATUS, 6, "scepStatusDetail", ENUM, DETAIL, detail),
    SHOWN(STATUS, 7, "scepStatusHttpStatus", UNSIGNED, HTTP_STATUS,
	  http_status),
    SHOWN(STATUS, 8, "scepStatusFailInfo", ENUM, FAIL_INFO, fail_info),
    SHOWN(STATUS, 9, "scepStatusFailInfoText", TEXT, S255, fail_info_text),
    SHOWN(STATUS, 10, "scepStatusText", TEXT, S255, text),
    SHOWN(STATUS, 11, "scepStatusTrigger", ENUM, SPAN(1, 5), trigger),
    SHOWN(STATUS, 12, "scepStatusKeyName", TEXT, S64, key_name),
    SHOWN(STATUS, 13, "scepStatusUseLocation", TEXT, S255, use_location),
    SHOWN(STATUS, 14, "scepStatusMessageType", ENUM, SPAN(1, 4), message_type),
    SHOWN(STATUS, 15, "scepStatusTransactionId", TEXT, S64, transaction_id),
    SHOWN(STATUS, 16, "scepStatusPolls", UNSIGNED, ANY, polls),
    SHOWN(STATUS, 17, "scepStatusNextPoll", TIME, DATE, next_poll),
    SHOWN(STATUS, 18, "scepStatusFinishTime", TIME, DATE, finish_time),
    SHOWN(STATUS, 19, "scepStatusKeyIndex", UNSIGNED, ANY, key_index),

    DERIVED(KEY_SCALARS, 1, "scepKeyCount", GAUGE, ANY, derived_key_count),
    SHOWN(KEY_SCALARS, 2, "scepKeyLimit", UNSIGNED, ANY, key_limit),
    SHOWN(KEY_SCALARS, 3, "scepKeyTableLastChange", TIMESTAMP, ANY,
	  key_last_change_mono),

    INDEX(KEY, "scepKeyIndex", SPAN(1, 65535)),
    SHOWN(KEY, 2, "scepKeyName", TEXT, S64, name),
    SHOWN(KEY, 3, "scepKeyAlgorithm", ENUM, SPAN(1, 3), algorithm),
    SHOWN(KEY, 4, "scepKeyLength", UNSIGNED, ANY, length),
    SHOWN(KEY, 5, "scepKeyIsDefault", TRUTH, TRUE_FALSE, is_default),
    DERIVED(KEY, 6, "scepKeyState", ENUM, SPAN(1, 7), derived_key_state),
    SHOWN(KEY, 7, "scepKeySubject", TEXT, S255, subject),
    SHOWN(KEY, 8, "scepKeyIssuer", TEXT, S255, issuer),
    SHOWN(KEY, 9, "scepKeySerial", OCTETS, SPAN(0, 20), serial),
    SHOWN(KEY, 10, "scepKeyNotBefore", TIME, DATE, not_before),
    SHOWN(KEY, 11, "scepKeyNotAfter", TIME, DATE, not_after),
    DERIVED(KEY, 12, "scepKeySecondsLeft", INTEGER, ANY,
	    derived_key_seconds_left),
    SHOWN(KEY, 13, "scepKeyFingerprint", OCTETS, DIGEST_OR_NONE, fingerprint),
    SHOWN(KEY, 14, "scepKeySubjectAltName", TEXT, S255, subject_alt_name),
    SHOWN(KEY, 15, "scepKeyUseLocation", TEXT, S255, use_location),
    SHOWN(KEY, 16, "scepKeyProfileIndex", UNSIGNED, ANY, profile_index),
    SHOWN(KEY, 17, "scepKeyReplaces", UNSIGNED, ANY, replaces),
    SHOWN(KEY, 18, "scepKeyInstallTime", TIME, DATE, install_time),
    ACTION(KEY, 19, "scepKeyAction", SPAN(1, 5), KEY_ACTION),
    SETTING(KEY, 20, "scepKeyAssignTo", TEXT, S255, NULL, assign_to,
	    KEY_ASSIGN_TO),
    DERIVED(KEY, 21, "scepKeyActionResult", ENUM, DETAIL,
	    derived_action_result),
    ACTION(KEY, 22, "scepKeyRowStatus", ROW_STATES, KEY_ROW_STATUS),

    SHOWN(CA_SCALARS, 1, "scepCaTableLastChange", TIMESTAMP, ANY,
	  ca_last_change_mono),

    INDEX(CA, "scepCaIndex", ANY),
    SHOWN(CA, 2, "scepCaProfileIndex", UNSIGNED, ANY, profile_index),
    SHOWN(CA, 3, "scepCaSubject", TEXT, S255, subject),
    SHOWN(CA, 4, "scepCaIssuer", TEXT, S255, issuer),
    SHOWN(CA, 5, "scepCaSerial", OCTETS, SPAN(0, 20), serial),
    SHOWN(CA, 6, "scepCaNotBefore", TIME, DATE, not_before),
    SHOWN(CA, 7, "scepCaNotAfter", TIME, DATE, not_after),
    DERIVED(CA, 8, "scepCaSecondsLeft", INTEGER, ANY, derived_ca_seconds_left),
    SHOWN(CA, 9, "scepCaFingerprint", OCTETS, SPAN(32, 32), fingerprint),
    SHOWN(CA, 10, "scepCaRole", BITS, SPAN(0, 4), role),
    SHOWN(CA, 11, "scepCaSource", ENUM, SPAN(1, 4), source),
    SETTING(CA, 12, "scepCaTrust", ENUM, SPAN(1, 4), NULL, trust, CA_TRUST),
    ACTION(CA, 13, "scepCaRowStatus", ROW_STATES, CA_ROW_STATUS),

    INDEX(USE, "scepUseIndex", ANY),
    SHOWN(USE, 2, "scepUseName", TEXT, S64, name),
    SHOWN(USE, 3, "scepUseType", ENUM, SPAN(1, 6), type),
    SHOWN(USE, 4, "scepUseFunctionEnabled", TRUTH, TRUE_FALSE,
	  function_enabled),
    SHOWN(USE, 5, "scepUseKeyIndex", UNSIGNED, ANY, key_index),
    SHOWN(USE, 6, "scepUseKeyName", TEXT, S64, key_name),
    SHOWN(USE, 7, "scepUseApplied", ENUM, SPAN(1, 4), applied),
    SHOWN(USE, 8, "scepUseAppliedTime", TIME, DATE, applied_time),
    SHOWN(USE, 9, "scepUseText", TEXT, S255, text),

    SHOWN(STATS, 1, "scepStatsRequests", COUNTER, ANY, requests),
    SHOWN(STATS, 2, "scepStatsRenewals", COUNTER, ANY, renewals),
    SHOWN(STATS, 3, "scepStatsPolls", COUNTER, ANY, polls),
    SHOWN(STATS, 4, "scepStatsSuccesses", COUNTER, ANY, successes),
    SHOWN(STATS, 5, "scepStatsPendings", COUNTER, ANY, pendings),
    SHOWN(STATS, 6, "scepStatsFailures", COUNTER, ANY, failures),
    SHOWN(STATS, 7, "scepStatsCommErrors", COUNTER, ANY, comm_errors),
    SHOWN(STATS, 8, "scepStatsHttpErrors", COUNTER, ANY, http_errors),
    SHOWN(STATS, 9, "scepStatsBadResponses", COUNTER, ANY, bad_responses),
    SHOWN(STATS, 10, "scepStatsCaRejects", COUNTER, ANY, ca_rejects),
    SHOWN(STATS, 11, "scepStatsLimitErrors", COUNTER, ANY, limit_errors),
    SHOWN(STATS, 12, "scepStatsDeployErrors", COUNTER, ANY, deploy_errors),
    DERIVED(STATS, 13, "scepStatsSetRejects", COUNTER, ANY,
	    derived_set_rejects),
    SHOWN(STATS, 14, "scepStatsConsecutiveFailures", GAUGE, ANY,
	  consecutive_failures),
    SHOWN(STATS, 15, "scepStatsLastSuccess", TIME, DATE, last_success),
    SHOWN(STATS, 16, "scepStatsLastFailure", TIME, DATE, last_failure),
    DERIVED(STATS, 17, "scepStatsDiscontinuity", TIMESTAMP, ANY,
	    derived_started),

    SETTING(NOTIFY, 1, "scepNotifyEnable", BITS, SPAN(0, 10),
	    "{0,1,2,3,4,5,6,7,8,9,10}", notify_enable, NOTIFY_ENABLE),
    SETTING(NOTIFY, 2, "scepNotifyExpiryDays", UNSIGNED, SPAN(1, 365), "30",
	    notify_expiry_days, NOTIFY_EXPIRY_DAYS),
    SETTING(NOTIFY, 3, "scepNotifyMinInterval", UNSIGNED, SPAN(0, 86400), "300",
	    notify_min_interval, NOTIFY_MIN_INTERVAL),
};

const size_t object_count = sizeof(objects) / sizeof(objects[0]);

size_t object_arcs(const struct object *object, uint32_t arc[OBJECT_ARCS])
{
	const struct object_table *table = &object_tables[object->table];
	size_t count = 0;

	while (count < table->arc_count) {
		arc[count] = table->arc[count];
		count++;
	}
	arc[count++] = object->arc;
	return count;
}

bool object_is_scalar(const struct object *object)
{
	return object_tables[object->table].index_max == 0;
}

bool object_range_has(const struct object_range *range, uint64_t number)
{
	for (size_t i = 0; i < range->count; i++) {
		if (number >= range->span[i].min &&
		    number <= range->span[i].max)
			return true;
	}
	return range->count == 0;
}

uint32_t object_range_max(const struct object_range *range)
{
	return range->count ? range->span[range->count - 1].max : 0;
}
