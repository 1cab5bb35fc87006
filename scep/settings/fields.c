/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of all that a manager can write, and the judging of values one by
 * one.  What the rows of the table mean together is not known here.
 */
#include "scep/change.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/server.h"
#include "scep/values.h"
#include "scep/base/bytes.h"
#include "scep/protocol/csr.h"
#include "scep/base/url.h"
#include "scep/settings/verdict.h"

/* DateAndTime has two octets for the year: the last second of 65535. */
#define LAST_SECOND INT64_C(2005949145599)

#define REASON_SIZE sizeof(((struct scep_verdict *)NULL)->reason)

/* Judges a text beyond its length; `reason` has REASON_SIZE octets. */
typedef bool judge_fn(const char *text, char *reason);

struct field {
	struct scep_field_info info;
	judge_fn *judge; /* NULL: any clean text will do */
};

static judge_fn judge_url;

/* Lengths of a fingerprint by SHA-1, -256, -384 and -512; none is 0. */
static const uint32_t fingerprint_lengths[] = {20, 32, 48, 64, 0};
static const uint32_t key_lengths[] = {1024, 2048, 3072, 4096, 0};
/* notReady(3) is shown by agents and never written (RFC 2579). */
static const uint32_t row_statuses[] = {
    SCEP_ROW_ACTIVE,	      SCEP_ROW_NOT_IN_SERVICE, SCEP_ROW_CREATE_AND_GO,
    SCEP_ROW_CREATE_AND_WAIT, SCEP_ROW_DESTROY,	       0};

/* The words of the table below. */
#define NAMED(NAME) .info.name = (NAME)

#define IN_AGENT(MEMBER)                                                       \
	.info.home = SCEP_HOME_AGENT,                                          \
	.info.offset = offsetof(struct scep_agent, MEMBER)
#define IN_PROFILE(MEMBER)                                                     \
	.info.home = SCEP_HOME_PROFILE,                                        \
	.info.offset = offsetof(struct scep_profile, MEMBER)
#define IN_CA(MEMBER)                                                          \
	.info.home = SCEP_HOME_CA,                                             \
	.info.offset = offsetof(struct scep_ca, MEMBER)
#define IN_KEY(MEMBER)                                                         \
	.info.home = SCEP_HOME_KEY,                                            \
	.info.offset = offsetof(struct scep_key, MEMBER)
#define PLACELESS(HOME) .info.home = (HOME), .info.offset = SCEP_NO_MEMBER

#define OF(KIND, LOW, HIGH)                                                    \
	.info.kind = (KIND), .info.min = (LOW), .info.max = (HIGH)
#define NUMBER(LOW, HIGH) OF(SCEP_KIND_NUMBER, LOW, HIGH)
#define ENUM(LOW, HIGH)	  OF(SCEP_KIND_ENUM, LOW, HIGH)
#define ACTION(LOW, HIGH) OF(SCEP_KIND_ACTION, LOW, HIGH)
#define BITS(HIGHEST)	  OF(SCEP_KIND_BITS, 0, HIGHEST)
#define TRUTH		  OF(SCEP_KIND_TRUTH, 0, 1)
#define TIME		  OF(SCEP_KIND_TIME, 0, 0)
#define TEXT(LONGEST)	  OF(SCEP_KIND_TEXT, 0, LONGEST)
#define OCTETS(LONGEST)	  OF(SCEP_KIND_OCTETS, 0, LONGEST)
#define SECRET(LONGEST)	  OF(SCEP_KIND_SECRET, 0, LONGEST)

#define ONE_OF(LIST)	  .info.allowed = (LIST)
#define PRESET(VALUE)	  .info.preset = (VALUE)
#define JUDGED(JUDGE)	  .judge = (JUDGE)
#define KEPT		  .info.is_volatile = false
#define VOLATILE	  .info.is_volatile = true

/* digitalSignature(0) and keyEncipherment(2) */
#define PRESET_KEY_USAGE (1u << 0 | 1u << 2)

/*
 * The request values, "P" of the MIB: of scepRequest and of scepAuto.  (The
 * formatter would make a staircase of them.)
 */
/* clang-format off */
#define REQUEST_VALUES(FIELD, PREFIX, MEMBER, KEEPING)		       \
	[FIELD##_KEY_NAME] = {						       \
		NAMED(PREFIX "KeyName"), IN_PROFILE(MEMBER.key_name),	       \
		TEXT(64), KEEPING				       \
	},								       \
	[FIELD##_SIGNATURE_ALGORITHM] = {				       \
		NAMED(PREFIX "SignatureAlgorithm"),			       \
		IN_PROFILE(MEMBER.signature_algorithm),			       \
		ENUM(SCEP_SIGN_SHA1, SCEP_SIGN_SHA512),			       \
		PRESET(SCEP_SIGN_SHA256), KEEPING		       \
	},								       \
	[FIELD##_KEY_LENGTH] = {					       \
		NAMED(PREFIX "KeyLength"), IN_PROFILE(MEMBER.key_length),      \
		NUMBER(1024, 4096), ONE_OF(key_lengths), PRESET(2048),	       \
		KEEPING						       \
	},								       \
	[FIELD##_ORGANIZATION] = {					       \
		NAMED(PREFIX "Organization"),				       \
		IN_PROFILE(MEMBER.organization), TEXT(64), KEEPING      \
	},								       \
	[FIELD##_COMMON_NAME] = {					       \
		NAMED(PREFIX "CommonName"), IN_PROFILE(MEMBER.common_name),    \
		TEXT(64), KEEPING				       \
	},								       \
	[FIELD##_SUBJECT_EXTRA] = {					       \
		NAMED(PREFIX "SubjectExtra"),				       \
		IN_PROFILE(MEMBER.subject_extra), TEXT(255),		       \
		JUDGED(csr_subject_extra_is_valid), KEEPING	       \
	},								       \
	[FIELD##_SUBJECT_ALT_NAME] = {					       \
		NAMED(PREFIX "SubjectAltName"),				       \
		IN_PROFILE(MEMBER.subject_alt_name), TEXT(255),		       \
		JUDGED(csr_subject_alt_name_is_valid), KEEPING      \
	},								       \
	[FIELD##_KEY_USAGE] = {						       \
		NAMED(PREFIX "KeyUsage"), IN_PROFILE(MEMBER.key_usage),	       \
		BITS(8), PRESET(PRESET_KEY_USAGE), KEEPING	       \
	},								       \
	[FIELD##_EXTENDED_KEY_USAGE] = {				       \
		NAMED(PREFIX "ExtendedKeyUsage"),			       \
		IN_PROFILE(MEMBER.extended_key_usage), TEXT(255),	       \
		JUDGED(csr_extended_key_usage_is_valid), KEEPING    \
	},								       \
	[FIELD##_CHALLENGE_PASSWORD] = {				       \
		NAMED(PREFIX "ChallengePassword"),			       \
		IN_PROFILE(MEMBER.challenge_password), SECRET(128),	       \
		KEEPING						       \
	},								       \
	[FIELD##_USE_LOCATION] = {					       \
		NAMED(PREFIX "UseLocation"), IN_PROFILE(MEMBER.use_location),  \
		TEXT(255), KEEPING				       \
	}
/* clang-format on */

static const struct field fields[SCEP_FIELD_COUNT] = {
    /* scalars */
    [SCEP_AGENT_CONFIG_SPIN_LOCK] = {NAMED("scepAgentConfigSpinLock"),
				     IN_AGENT(config_spin_lock),
				     NUMBER(0, INT32_MAX), VOLATILE},
    [SCEP_AGENT_RESTART] = {NAMED("scepAgentRestart"),
			    PLACELESS(SCEP_HOME_AGENT), ACTION(1, 2), VOLATILE},
    [SCEP_STATUS_MAX_ROWS] = {NAMED("scepStatusMaxRows"),
			      IN_AGENT(status_max_rows), NUMBER(20, 10000),
			      PRESET(20), KEPT},
    [SCEP_NOTIFY_ENABLE] = {NAMED("scepNotifyEnable"), IN_AGENT(notify_enable),
			    BITS(10), PRESET(0x7ff), KEPT},
    [SCEP_NOTIFY_EXPIRY_DAYS] = {NAMED("scepNotifyExpiryDays"),
				 IN_AGENT(notify_expiry_days), NUMBER(1, 365),
				 PRESET(30), KEPT},
    [SCEP_NOTIFY_MIN_INTERVAL] = {NAMED("scepNotifyMinInterval"),
				  IN_AGENT(notify_min_interval),
				  NUMBER(0, 86400), PRESET(300), KEPT},

    /* scepProfileTable */
    [SCEP_PROFILE_NAME] = {NAMED("scepProfileName"), IN_PROFILE(name), TEXT(64),
			   KEPT},
    [SCEP_PROFILE_STORAGE_TYPE] = {NAMED("scepProfileStorageType"),
				   IN_PROFILE(storage_type),
				   ENUM(SCEP_STORAGE_VOLATILE,
					SCEP_STORAGE_NONVOLATILE),
				   PRESET(SCEP_STORAGE_NONVOLATILE), KEPT},
    [SCEP_PROFILE_ROW_STATUS] = {NAMED("scepProfileRowStatus"),
				 IN_PROFILE(row_status),
				 ENUM(SCEP_ROW_ACTIVE, SCEP_ROW_DESTROY),
				 ONE_OF(row_statuses), PRESET(SCEP_ROW_ACTIVE),
				 KEPT},

    /* scepServerTable */
    [SCEP_SERVER_URL] = {NAMED("scepServerUrl"), IN_PROFILE(server.url),
			 TEXT(255), JUDGED(judge_url), KEPT},
    [SCEP_SERVER_PORT] = {NAMED("scepServerPort"), IN_PROFILE(server.port),
			  NUMBER(0, 65535), KEPT},
    [SCEP_SERVER_TIMEOUT] = {NAMED("scepServerTimeout"),
			     IN_PROFILE(server.timeout), NUMBER(1, 600),
			     PRESET(30), KEPT},
    [SCEP_SERVER_CA_IDENTIFIER] = {NAMED("scepServerCaIdentifier"),
				   IN_PROFILE(server.ca_identifier), TEXT(255),
				   KEPT},
    [SCEP_SERVER_CA_FINGERPRINT] = {NAMED("scepServerCaFingerprint"),
				    IN_PROFILE(server.ca_fingerprint),
				    OCTETS(64), ONE_OF(fingerprint_lengths),
				    KEPT},
    [SCEP_SERVER_CA_TRUST_POLICY] = {NAMED("scepServerCaTrustPolicy"),
				     IN_PROFILE(server.ca_trust_policy),
				     ENUM(SCEP_TRUST_VERIFY,
					  SCEP_TRUST_FIRST_USE),
				     PRESET(SCEP_TRUST_VERIFY), KEPT},
    [SCEP_SERVER_HTTP_METHOD] = {NAMED("scepServerHttpMethod"),
				 IN_PROFILE(server.http_method),
				 ENUM(SCEP_HTTP_AUTO, SCEP_HTTP_GET),
				 PRESET(SCEP_HTTP_AUTO), KEPT},
    [SCEP_SERVER_CIPHER] = {NAMED("scepServerCipher"),
			    IN_PROFILE(server.cipher),
			    ENUM(SCEP_CIPHER_AUTO, SCEP_CIPHER_3DES),
			    PRESET(SCEP_CIPHER_AUTO), KEPT},
    [SCEP_SERVER_REQUIRE_STANDARD] = {NAMED("scepServerRequireStandard"),
				      IN_PROFILE(server.require_standard),
				      TRUTH, KEPT},
    [SCEP_SERVER_RENEWAL_MODE] = {NAMED("scepServerRenewalMode"),
				  IN_PROFILE(server.renewal_mode), ENUM(1, 4),
				  PRESET(1), KEPT},
    [SCEP_SERVER_PROXY_URL] = {NAMED("scepServerProxyUrl"),
			       IN_PROFILE(server.proxy_url), TEXT(255),
			       JUDGED(judge_url), KEPT},
    [SCEP_SERVER_CHECK] = {NAMED("scepServerCheck"),
			   PLACELESS(SCEP_HOME_PROFILE),
			   ACTION(SCEP_CHECK_NOOP, SCEP_CHECK_CRL), VOLATILE},

    /* scepRequestTable */
    REQUEST_VALUES(SCEP_REQUEST, "scepRequest", request, VOLATILE),
    [SCEP_REQUEST_ACTION] = {NAMED("scepRequestAction"),
			     PLACELESS(SCEP_HOME_PROFILE),
			     ACTION(SCEP_ACTION_NOOP, SCEP_ACTION_CLEAR),
			     VOLATILE},

    /* scepAutoTable */
    REQUEST_VALUES(SCEP_AUTO, "scepAuto", timer.values, KEPT),
    [SCEP_AUTO_ENABLE] = {NAMED("scepAutoEnable"), IN_PROFILE(timer.enable),
			  TRUTH, KEPT},
    [SCEP_AUTO_START_TIME] = {NAMED("scepAutoStartTime"),
			      IN_PROFILE(timer.start_time), TIME, KEPT},
    [SCEP_AUTO_ADJUST] = {NAMED("scepAutoAdjust"), IN_PROFILE(timer.adjust),
			  TRUTH, KEPT},
    [SCEP_AUTO_ADJUST_MAX] = {NAMED("scepAutoAdjustMax"),
			      IN_PROFILE(timer.adjust_max), NUMBER(1, 600),
			      PRESET(600), KEPT},
    [SCEP_AUTO_POLL] = {NAMED("scepAutoPoll"), IN_PROFILE(timer.poll), TRUTH,
			KEPT},
    [SCEP_AUTO_POLL_COUNT] = {NAMED("scepAutoPollCount"),
			      IN_PROFILE(timer.poll_count), NUMBER(1, 1080),
			      PRESET(10), KEPT},
    [SCEP_AUTO_POLL_INTERVAL] = {NAMED("scepAutoPollInterval"),
				 IN_PROFILE(timer.poll_interval),
				 NUMBER(5, 86400), PRESET(300), KEPT},
    [SCEP_AUTO_PERIODIC] = {NAMED("scepAutoPeriodic"),
			    IN_PROFILE(timer.periodic), TRUTH, KEPT},
    [SCEP_AUTO_PERIODIC_INTERVAL] = {NAMED("scepAutoPeriodicInterval"),
				     IN_PROFILE(timer.periodic_interval),
				     NUMBER(1, 999), PRESET(1), KEPT},
    [SCEP_AUTO_PERIODIC_UNIT] = {NAMED("scepAutoPeriodicUnit"),
				 IN_PROFILE(timer.periodic_unit), ENUM(1, 6),
				 PRESET(6), KEPT},
    [SCEP_AUTO_RENEW_BEFORE] = {NAMED("scepAutoRenewBefore"),
				IN_PROFILE(timer.renew_before), NUMBER(0, 365),
				KEPT},
    [SCEP_AUTO_MISSED_POLICY] = {NAMED("scepAutoMissedPolicy"),
				 IN_PROFILE(timer.missed_policy), ENUM(1, 2),
				 PRESET(1), KEPT},
    [SCEP_AUTO_RESTART] = {NAMED("scepAutoRestart"), IN_PROFILE(timer.restart),
			   TRUTH, KEPT},
    [SCEP_AUTO_DELETE_OLD_KEY] = {NAMED("scepAutoDeleteOldKey"),
				  IN_PROFILE(timer.delete_old_key), TRUTH,
				  KEPT},

    /* rows that come and go */
    [SCEP_KEY_ACTION] = {NAMED("scepKeyAction"), PLACELESS(SCEP_HOME_KEY),
			 ACTION(SCEP_KEY_NOOP, SCEP_KEY_VERIFY), VOLATILE},
    [SCEP_KEY_ASSIGN_TO] = {NAMED("scepKeyAssignTo"), IN_KEY(assign_to),
			    TEXT(255), VOLATILE},
    [SCEP_KEY_ROW_STATUS] = {NAMED("scepKeyRowStatus"),
			     PLACELESS(SCEP_HOME_KEY),
			     ACTION(SCEP_ROW_DESTROY, SCEP_ROW_DESTROY),
			     VOLATILE},
    [SCEP_CA_TRUST] = {NAMED("scepCaTrust"), IN_CA(trust),
		       ENUM(SCEP_CA_TRUSTED, SCEP_CA_REJECTED), KEPT},
    [SCEP_CA_ROW_STATUS] = {NAMED("scepCaRowStatus"), PLACELESS(SCEP_HOME_CA),
			    ACTION(SCEP_ROW_DESTROY, SCEP_ROW_DESTROY),
			    VOLATILE},
};

const struct scep_field_info *scep_field_info(enum scep_field field)
{
	if (field <= SCEP_FIELD_NONE || field >= SCEP_FIELD_COUNT)
		return NULL;
	return &fields[field].info;
}

/* -------------------------------------------------------------- judging -- */

static bool judge_url(const char *text, char *reason)
{
	const char *fault = "it is no URL";

	if (url_is_valid(text, &fault))
		return true;
	snprintf(reason, REASON_SIZE, "%s", fault);
	return false;
}

static bool is_listed(const uint32_t *list, uint32_t number)
{
	for (; *list; list++)
		if (*list == number)
			return true;
	return false;
}

static enum scep_refusal check_number(const struct scep_field_info *info,
				      int64_t number,
				      struct scep_verdict *verdict)
{
	if (number < info->min || number > info->max)
		return verdict_refuse(verdict, SCEP_WRONG_VALUE,
				      "%s: not in %u..%u", info->name,
				      info->min, info->max);
	if (info->allowed && !is_listed(info->allowed, (uint32_t)number))
		return verdict_refuse(verdict, SCEP_WRONG_VALUE,
				      "%s: not one of its values", info->name);
	return SCEP_ACCEPTED;
}

static enum scep_refusal check_bits(const struct scep_field_info *info,
				    int64_t number,
				    struct scep_verdict *verdict)
{
	int64_t known = (INT64_C(2) << info->max) - 1;

	if (number < 0 || (number & ~known))
		return verdict_refuse(verdict, SCEP_WRONG_VALUE,
				      "%s: unknown bits", info->name);
	return SCEP_ACCEPTED;
}

static enum scep_refusal check_time(const struct scep_field_info *info,
				    int64_t number,
				    struct scep_verdict *verdict)
{
	if (number < 0 || number > LAST_SECOND)
		return verdict_refuse(verdict, SCEP_WRONG_VALUE,
				      "%s: not a time since 1970", info->name);
	return SCEP_ACCEPTED;
}

static enum scep_refusal check_length(const struct scep_field_info *info,
				      uint32_t length,
				      struct scep_verdict *verdict)
{
	if (length < info->min || length > info->max)
		return verdict_refuse(verdict, SCEP_WRONG_LENGTH,
				      "%s: %u octets, not %u..%u", info->name,
				      length, info->min, info->max);
	if (length && info->allowed && !is_listed(info->allowed, length))
		return verdict_refuse(verdict, SCEP_WRONG_LENGTH,
				      "%s: %u octets is no length of it",
				      info->name, length);
	return SCEP_ACCEPTED;
}

static enum scep_refusal check_text(const struct field *field,
				    const struct scep_value *value,
				    struct scep_verdict *verdict)
{
	const char *name = field->info.name;
	enum scep_refusal refusal;
	char reason[REASON_SIZE] = "";
	char text[SCEP_TEXT255];

	refusal = check_length(&field->info, value->length, verdict);
	if (refusal)
		return refusal;
	if (!text_is_clean(value->octets, value->length))
		return verdict_refuse(verdict, SCEP_WRONG_VALUE,
				      "%s: not UTF-8 without control "
				      "characters",
				      name);
	memcpy(text, value->octets, value->length);
	text[value->length] = '\0';
	if (value->length && field->judge && !field->judge(text, reason))
		return verdict_refuse(verdict, SCEP_WRONG_VALUE, "%s: %s", name,
				      reason);
	return SCEP_ACCEPTED;
}

enum scep_refusal scep_value_check(enum scep_field field,
				   const struct scep_value *value,
				   struct scep_verdict *verdict)
{
	const struct scep_field_info *info = scep_field_info(field);

	verdict->refusal = SCEP_ACCEPTED;
	verdict->reason[0] = '\0';
	if (!info)
		return verdict_refuse(verdict, SCEP_WRONG_VALUE,
				      "no object of this agent");
	switch (info->kind) {
	case SCEP_KIND_NUMBER:
	case SCEP_KIND_ENUM:
	case SCEP_KIND_TRUTH:
	case SCEP_KIND_ACTION:
		return check_number(info, value->number, verdict);
	case SCEP_KIND_BITS:
		return check_bits(info, value->number, verdict);
	case SCEP_KIND_TIME:
		return check_time(info, value->number, verdict);
	case SCEP_KIND_TEXT:
		return check_text(&fields[field], value, verdict);
	case SCEP_KIND_OCTETS:
	case SCEP_KIND_SECRET:
		return check_length(info, value->length, verdict);
	}
	assert(!"a kind that scep.h does not have");
	return SCEP_WRONG_VALUE;
}
