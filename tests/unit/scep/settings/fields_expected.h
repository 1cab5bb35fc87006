/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the MIB says of every object that can be written, written a second time
 * by hand, and a good value for each.
 */
#ifndef TESTS_UNIT_SCEP_SETTINGS_FIELDS_EXPECTED_H
#define TESTS_UNIT_SCEP_SETTINGS_FIELDS_EXPECTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/change.h"
#include "scep/profile_row.h"
#include "scep/settings/settings.h"

struct expected {
	enum scep_field field;
	const char *name;
	enum scep_kind kind;
	uint32_t low;
	uint32_t high;
	uint32_t preset;
	bool is_volatile;
};

#define N SCEP_KIND_NUMBER
#define E SCEP_KIND_ENUM
#define T SCEP_KIND_TRUTH
#define B SCEP_KIND_BITS
#define D SCEP_KIND_TIME
#define S SCEP_KIND_TEXT
#define O SCEP_KIND_OCTETS
#define X SCEP_KIND_SECRET
#define A SCEP_KIND_ACTION

/* clang-format off */
static const struct expected expectations[] = {
	{SCEP_AGENT_CONFIG_SPIN_LOCK, "scepAgentConfigSpinLock", N, 0, 2147483647, 0, true},
	{SCEP_AGENT_RESTART, "scepAgentRestart", A, 1, 2, 0, true},
	{SCEP_STATUS_MAX_ROWS, "scepStatusMaxRows", N, 20, 10000, 20, false},
	{SCEP_NOTIFY_ENABLE, "scepNotifyEnable", B, 0, 10, 2047, false},
	{SCEP_NOTIFY_EXPIRY_DAYS, "scepNotifyExpiryDays", N, 1, 365, 30, false},
	{SCEP_NOTIFY_MIN_INTERVAL, "scepNotifyMinInterval", N, 0, 86400, 300, false},
	{SCEP_PROFILE_NAME, "scepProfileName", S, 0, 64, 0, false},
	{SCEP_PROFILE_STORAGE_TYPE, "scepProfileStorageType", E, 2, 3, 3, false},
	{SCEP_PROFILE_ROW_STATUS, "scepProfileRowStatus", E, 1, 6, 1, false},
	{SCEP_SERVER_URL, "scepServerUrl", S, 0, 255, 0, false},
	{SCEP_SERVER_PORT, "scepServerPort", N, 0, 65535, 0, false},
	{SCEP_SERVER_TIMEOUT, "scepServerTimeout", N, 1, 600, 30, false},
	{SCEP_SERVER_CA_IDENTIFIER, "scepServerCaIdentifier", S, 0, 255, 0, false},
	{SCEP_SERVER_CA_FINGERPRINT, "scepServerCaFingerprint", O, 0, 64, 0, false},
	{SCEP_SERVER_CA_TRUST_POLICY, "scepServerCaTrustPolicy", E, 1, 2, 1, false},
	{SCEP_SERVER_HTTP_METHOD, "scepServerHttpMethod", E, 1, 3, 1, false},
	{SCEP_SERVER_CIPHER, "scepServerCipher", E, 1, 4, 1, false},
	{SCEP_SERVER_REQUIRE_STANDARD, "scepServerRequireStandard", T, 0, 1, 0, false},
	{SCEP_SERVER_RENEWAL_MODE, "scepServerRenewalMode", E, 1, 4, 1, false},
	{SCEP_SERVER_PROXY_URL, "scepServerProxyUrl", S, 0, 255, 0, false},
	{SCEP_SERVER_CHECK, "scepServerCheck", A, 1, 5, 0, true},
	{SCEP_REQUEST_KEY_NAME, "scepRequestKeyName", S, 0, 64, 0, true},
	{SCEP_REQUEST_SIGNATURE_ALGORITHM, "scepRequestSignatureAlgorithm", E, 1, 4, 2, true},
	{SCEP_REQUEST_KEY_LENGTH, "scepRequestKeyLength", N, 1024, 4096, 2048, true},
	{SCEP_REQUEST_ORGANIZATION, "scepRequestOrganization", S, 0, 64, 0, true},
	{SCEP_REQUEST_COMMON_NAME, "scepRequestCommonName", S, 0, 64, 0, true},
	{SCEP_REQUEST_SUBJECT_EXTRA, "scepRequestSubjectExtra", S, 0, 255, 0, true},
	{SCEP_REQUEST_SUBJECT_ALT_NAME, "scepRequestSubjectAltName", S, 0, 255, 0, true},
	{SCEP_REQUEST_KEY_USAGE, "scepRequestKeyUsage", B, 0, 8, 5, true},
	{SCEP_REQUEST_EXTENDED_KEY_USAGE, "scepRequestExtendedKeyUsage", S, 0, 255, 0, true},
	{SCEP_REQUEST_CHALLENGE_PASSWORD, "scepRequestChallengePassword", X, 0, 128, 0, true},
	{SCEP_REQUEST_USE_LOCATION, "scepRequestUseLocation", S, 0, 255, 0, true},
	{SCEP_REQUEST_ACTION, "scepRequestAction", A, 1, 5, 0, true},
	{SCEP_AUTO_KEY_NAME, "scepAutoKeyName", S, 0, 64, 0, false},
	{SCEP_AUTO_SIGNATURE_ALGORITHM, "scepAutoSignatureAlgorithm", E, 1, 4, 2, false},
	{SCEP_AUTO_KEY_LENGTH, "scepAutoKeyLength", N, 1024, 4096, 2048, false},
	{SCEP_AUTO_ORGANIZATION, "scepAutoOrganization", S, 0, 64, 0, false},
	{SCEP_AUTO_COMMON_NAME, "scepAutoCommonName", S, 0, 64, 0, false},
	{SCEP_AUTO_SUBJECT_EXTRA, "scepAutoSubjectExtra", S, 0, 255, 0, false},
	{SCEP_AUTO_SUBJECT_ALT_NAME, "scepAutoSubjectAltName", S, 0, 255, 0, false},
	{SCEP_AUTO_KEY_USAGE, "scepAutoKeyUsage", B, 0, 8, 5, false},
	{SCEP_AUTO_EXTENDED_KEY_USAGE, "scepAutoExtendedKeyUsage", S, 0, 255, 0, false},
	{SCEP_AUTO_CHALLENGE_PASSWORD, "scepAutoChallengePassword", X, 0, 128, 0, false},
	{SCEP_AUTO_USE_LOCATION, "scepAutoUseLocation", S, 0, 255, 0, false},
	{SCEP_AUTO_ENABLE, "scepAutoEnable", T, 0, 1, 0, false},
	{SCEP_AUTO_START_TIME, "scepAutoStartTime", D, 0, 0, 0, false},
	{SCEP_AUTO_ADJUST, "scepAutoAdjust", T, 0, 1, 0, false},
	{SCEP_AUTO_ADJUST_MAX, "scepAutoAdjustMax", N, 1, 600, 600, false},
	{SCEP_AUTO_POLL, "scepAutoPoll", T, 0, 1, 0, false},
	{SCEP_AUTO_POLL_COUNT, "scepAutoPollCount", N, 1, 1080, 10, false},
	{SCEP_AUTO_POLL_INTERVAL, "scepAutoPollInterval", N, 5, 86400, 300, false},
	{SCEP_AUTO_PERIODIC, "scepAutoPeriodic", T, 0, 1, 0, false},
	{SCEP_AUTO_PERIODIC_INTERVAL, "scepAutoPeriodicInterval", N, 1, 999, 1, false},
	{SCEP_AUTO_PERIODIC_UNIT, "scepAutoPeriodicUnit", E, 1, 6, 6, false},
	{SCEP_AUTO_RENEW_BEFORE, "scepAutoRenewBefore", N, 0, 365, 0, false},
	{SCEP_AUTO_MISSED_POLICY, "scepAutoMissedPolicy", E, 1, 2, 1, false},
	{SCEP_AUTO_RESTART, "scepAutoRestart", T, 0, 1, 0, false},
	{SCEP_AUTO_DELETE_OLD_KEY, "scepAutoDeleteOldKey", T, 0, 1, 0, false},
	{SCEP_KEY_ACTION, "scepKeyAction", A, 1, 5, 0, true},
	{SCEP_KEY_ASSIGN_TO, "scepKeyAssignTo", S, 0, 255, 0, true},
	{SCEP_KEY_ROW_STATUS, "scepKeyRowStatus", A, 6, 6, 0, true},
	{SCEP_CA_TRUST, "scepCaTrust", E, 2, 3, 0, false},
	{SCEP_CA_ROW_STATUS, "scepCaRowStatus", A, 6, 6, 0, true},
};
/* clang-format on */

#define EXPECTED(row)                                                          \
	(const struct expected *row = expectations;                            \
	 row < expectations + sizeof(expectations) / sizeof(*row); row++)

static inline bool is_text(enum scep_kind kind)
{
	return kind == SCEP_KIND_TEXT;
}

static inline bool is_number(enum scep_kind kind)
{
	return kind == N || kind == E || kind == T || kind == A;
}

static inline bool is_octets(enum scep_kind kind)
{
	return kind == SCEP_KIND_OCTETS || kind == SCEP_KIND_SECRET;
}

static inline struct scep_value of_number(int64_t number)
{
	return (struct scep_value){.number = number};
}

static inline struct scep_value of_octets(const void *octets, size_t length)
{
	struct scep_value value = {.length = (uint32_t)length};

	memcpy(value.octets, octets, length);
	return value;
}

static inline struct scep_value of_text(const char *text)
{
	return of_octets(text, strlen(text));
}

/* A good value that is no default. */
static inline struct scep_value sample(enum scep_field field)
{
	const struct scep_field_info *info = scep_field_info(field);

	switch (field) {
	case SCEP_SERVER_URL:
	case SCEP_SERVER_PROXY_URL:
		return of_text("https://ca.example/scep");
	case SCEP_REQUEST_SUBJECT_EXTRA:
	case SCEP_AUTO_SUBJECT_EXTRA:
		return of_text("OU=Print,L=Riga,C=LV");
	case SCEP_REQUEST_SUBJECT_ALT_NAME:
	case SCEP_AUTO_SUBJECT_ALT_NAME:
		return of_text("DNS:a.example,IP:192.0.2.1");
	case SCEP_REQUEST_EXTENDED_KEY_USAGE:
	case SCEP_AUTO_EXTENDED_KEY_USAGE:
		return of_text("serverAuth,clientAuth");
	case SCEP_PROFILE_STORAGE_TYPE:
		return of_number(SCEP_STORAGE_VOLATILE);
	case SCEP_PROFILE_ROW_STATUS:
		return of_number(SCEP_ROW_NOT_IN_SERVICE);
	case SCEP_AUTO_PERIODIC_UNIT:
		return of_number(2);
	case SCEP_AUTO_ADJUST_MAX:
		return of_number(5);
	default:
		break;
	}
	if (is_text(info->kind))
		return of_text("R\xc4\xabga"); /* two octets of UTF-8 */
	if (is_octets(info->kind))
		return of_octets("01234567890123456789012345678901", 32);
	if (info->kind == SCEP_KIND_TIME)
		return of_number(1700000000);
	return of_number(info->kind == SCEP_KIND_BITS ? 2 : info->max);
}

#endif
