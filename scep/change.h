/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes: the settings by name, a Set as a list of assignments, and the
 * verdict on it.  Knows no row.
 */
#ifndef SCEP_CHANGE_H
#define SCEP_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scep/octets.h"

/* Everything that a manager can write. */
enum scep_field {
	SCEP_FIELD_NONE = 0,
	/* scalars */
	SCEP_AGENT_CONFIG_SPIN_LOCK,
	SCEP_AGENT_RESTART,
	SCEP_STATUS_MAX_ROWS,
	SCEP_NOTIFY_ENABLE,
	SCEP_NOTIFY_EXPIRY_DAYS,
	SCEP_NOTIFY_MIN_INTERVAL,
	/* scepProfileTable */
	SCEP_PROFILE_NAME,
	SCEP_PROFILE_STORAGE_TYPE,
	SCEP_PROFILE_ROW_STATUS,
	/* scepServerTable */
	SCEP_SERVER_URL,
	SCEP_SERVER_PORT,
	SCEP_SERVER_TIMEOUT,
	SCEP_SERVER_CA_IDENTIFIER,
	SCEP_SERVER_CA_FINGERPRINT,
	SCEP_SERVER_CA_TRUST_POLICY,
	SCEP_SERVER_HTTP_METHOD,
	SCEP_SERVER_CIPHER,
	SCEP_SERVER_REQUIRE_STANDARD,
	SCEP_SERVER_RENEWAL_MODE,
	SCEP_SERVER_PROXY_URL,
	SCEP_SERVER_CHECK,
	/* scepRequestTable */
	SCEP_REQUEST_KEY_NAME,
	SCEP_REQUEST_SIGNATURE_ALGORITHM,
	SCEP_REQUEST_KEY_LENGTH,
	SCEP_REQUEST_ORGANIZATION,
	SCEP_REQUEST_COMMON_NAME,
	SCEP_REQUEST_SUBJECT_EXTRA,
	SCEP_REQUEST_SUBJECT_ALT_NAME,
	SCEP_REQUEST_KEY_USAGE,
	SCEP_REQUEST_EXTENDED_KEY_USAGE,
	SCEP_REQUEST_CHALLENGE_PASSWORD,
	SCEP_REQUEST_USE_LOCATION,
	SCEP_REQUEST_ACTION,
	/* scepAutoTable */
	SCEP_AUTO_KEY_NAME,
	SCEP_AUTO_SIGNATURE_ALGORITHM,
	SCEP_AUTO_KEY_LENGTH,
	SCEP_AUTO_ORGANIZATION,
	SCEP_AUTO_COMMON_NAME,
	SCEP_AUTO_SUBJECT_EXTRA,
	SCEP_AUTO_SUBJECT_ALT_NAME,
	SCEP_AUTO_KEY_USAGE,
	SCEP_AUTO_EXTENDED_KEY_USAGE,
	SCEP_AUTO_CHALLENGE_PASSWORD,
	SCEP_AUTO_USE_LOCATION,
	SCEP_AUTO_ENABLE,
	SCEP_AUTO_START_TIME,
	SCEP_AUTO_ADJUST,
	SCEP_AUTO_ADJUST_MAX,
	SCEP_AUTO_POLL,
	SCEP_AUTO_POLL_COUNT,
	SCEP_AUTO_POLL_INTERVAL,
	SCEP_AUTO_PERIODIC,
	SCEP_AUTO_PERIODIC_INTERVAL,
	SCEP_AUTO_PERIODIC_UNIT,
	SCEP_AUTO_RENEW_BEFORE,
	SCEP_AUTO_MISSED_POLICY,
	SCEP_AUTO_RESTART,
	SCEP_AUTO_DELETE_OLD_KEY,
	/* rows that come and go */
	SCEP_KEY_ACTION,
	SCEP_KEY_ASSIGN_TO,
	SCEP_KEY_ROW_STATUS,
	SCEP_CA_TRUST,
	SCEP_CA_ROW_STATUS,
	SCEP_FIELD_COUNT
};

enum scep_kind {
	SCEP_KIND_NUMBER, /* uint32_t, min..max */
	SCEP_KIND_ENUM,	  /* uint32_t, min..max */
	SCEP_KIND_TRUTH,  /* uint32_t, 0 or 1 */
	SCEP_KIND_BITS,	  /* uint32_t, bits 0..max */
	SCEP_KIND_TIME,	  /* int64_t */
	SCEP_KIND_TEXT,	  /* char[max + 1], min..max octets */
	SCEP_KIND_OCTETS, /* struct scep_octetsN, at most max octets */
	SCEP_KIND_SECRET, /* struct scep_octets128, reads as empty */
	SCEP_KIND_ACTION, /* nothing stored */
};

/* Where a field's member lives. */
enum scep_home {
	SCEP_HOME_AGENT,
	SCEP_HOME_PROFILE,
	SCEP_HOME_KEY,
	SCEP_HOME_CA
};

/* The offset of what no row has a member for: an action. */
#define SCEP_NO_MEMBER SIZE_MAX

struct scep_field_info {
	const char *name; /* of the MIB: "scepServerUrl" */
	enum scep_kind kind;
	enum scep_home home;
	size_t offset; /* of the member in the home's struct, or
			* SCEP_NO_MEMBER */
	uint32_t min;
	uint32_t max;
	uint32_t preset;	 /* the default of numbers; texts: empty */
	const uint32_t *allowed; /* further limit: a 0-terminated list */
	bool is_volatile;	 /* not kept over a restart */
};

/* Returns the description of a field; never NULL for a valid one. */
const struct scep_field_info *scep_field_info(enum scep_field field);

/* A new value.  Texts and octets are in `octets`, all else in `number`. */
struct scep_value {
	int64_t number;
	uint32_t length;
	unsigned char octets[SCEP_TEXT255];
};

/* One assignment: field of the row with that index (0 for a scalar). */
struct scep_item {
	enum scep_field field;
	uint32_t index;
	struct scep_value value;
};

/* One Set: all of it or nothing, judged on the values after the whole. */
struct scep_change {
	size_t count;
	size_t capacity;
	struct scep_item *items;
};

enum scep_refusal {
	SCEP_ACCEPTED = 0,
	SCEP_WRONG_LENGTH,
	SCEP_WRONG_VALUE,
	SCEP_INCONSISTENT_VALUE,
	SCEP_INCONSISTENT_NAME,
	SCEP_NO_CREATION,
	SCEP_RESOURCE_UNAVAILABLE,
	SCEP_COMMIT_FAILED,
};

/* Why a change was refused, and which item is to blame. */
struct scep_verdict {
	enum scep_refusal refusal;
	size_t item;
	char reason[160]; /* for the log; holds no secret */
};

/* What RequestAction, AgentRestart and the like accept. */
enum scep_request_action {
	SCEP_ACTION_NOOP = 1,
	SCEP_ACTION_SEND = 2,
	SCEP_ACTION_CANCEL = 3,
	SCEP_ACTION_POLL_NOW = 4,
	SCEP_ACTION_CLEAR = 5,
};

/* What KeyAction accepts. */
enum scep_key_action {
	SCEP_KEY_NOOP = 1,
	SCEP_KEY_RENEW = 2,
	SCEP_KEY_ASSIGN = 3,
	SCEP_KEY_ROLLBACK = 4,
	SCEP_KEY_VERIFY = 5,
};

/* What ServerCheck accepts. */
enum scep_server_check {
	SCEP_CHECK_NOOP = 1,
	SCEP_CHECK_CA_CAPS = 2,
	SCEP_CHECK_CA_CERT = 3,
	SCEP_CHECK_NEXT_CA_CERT = 4,
	SCEP_CHECK_CRL = 5,
};

void scep_change_init(struct scep_change *change);
/* Copies the item.  Returns false if memory is short. */
bool scep_change_add(struct scep_change *change, const struct scep_item *item);
/* Cleanses and frees the items. */
void scep_change_free(struct scep_change *change);

/*
 * Judges one value by itself: length, range, UTF-8, control characters, URL
 * syntax.  The front end calls it once for each value of a change; the
 * functions that take a change do not repeat it.  `verdict->item` is left
 * alone.
 */
enum scep_refusal scep_value_check(enum scep_field field,
				   const struct scep_value *value,
				   struct scep_verdict *verdict);

#endif
