/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of the enrolment engine: what a front end sees of it, and the only
 * header of scep/ that subagent/ includes.
 *
 * The engine owns a thread of its own.  A front end reads by taking the last
 * published snapshot, which never waits for disk, crypto or network, and
 * writes by applying a change, which waits for one commit and for nothing
 * else.  Events come back over a watcher.  This header knows no SNMP, no
 * HTTP, no SQL and no CMS.
 */
#ifndef SCEP_SCEP_H
#define SCEP_SCEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scep/tables.h"

/* ------------------------------------------------------------- settings -- */

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

struct scep_field_info {
	const char *name; /* of the MIB: "scepServerUrl" */
	enum scep_kind kind;
	enum scep_home home;
	size_t offset; /* of the member in the home's struct */
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
 * syntax.  `verdict->item` is left alone.
 */
enum scep_refusal scep_value_check(enum scep_field field,
				   const struct scep_value *value,
				   struct scep_verdict *verdict);

/* --------------------------------------------------------------- engine -- */

enum scep_legacy {
	SCEP_LEGACY_SHA1 = 1u << 0,
	SCEP_LEGACY_3DES = 1u << 1,
	SCEP_LEGACY_DES = 1u << 2,
};
#define SCEP_LEGACY_COUNT 3

/* A range of addresses; IPv4 is held as an IPv4-mapped IPv6 address. */
struct scep_cidr {
	unsigned char address[16];
	uint32_t prefix; /* 0..128 */
};

#define SCEP_CIDR_MAX 32

/* A use location as far as the engine knows it. */
struct scep_use_config {
	char name[SCEP_TEXT64];
	uint32_t type;	    /* enum scep_use_type */
	bool has_probe;	    /* something tells whether its function is on */
	bool needs_restart; /* nothing else makes its function take up a key */
};

#define SCEP_USE_MAX 64

/* What only the configuration file can say. */
struct scep_config {
	char state_directory[4096];
	uint32_t key_limit;	 /* 1..10000 */
	uint32_t status_history; /* first value of scepStatusMaxRows */
	uint32_t allow_legacy;	 /* enum scep_legacy */
	bool allow_short_keys;
	bool clock_skew_is_error;
	bool has_restart_command;  /* the front end knows which */
	bool has_default_key;	   /* one is made and kept */
	uint32_t clock_skew_limit; /* seconds */
	char ca_file[4096];	   /* "": the system's store */
	uint32_t spare_keys[4];	   /* key lengths, 0 at the end */
	size_t allow_count;	   /* 0: all but link-local */
	size_t deny_count;
	size_t use_count;
	struct scep_cidr allow[SCEP_CIDR_MAX];
	struct scep_cidr deny[SCEP_CIDR_MAX];
	struct scep_use_config uses[SCEP_USE_MAX];
};

void scep_config_init(struct scep_config *config);

enum scep_event_kind {
	SCEP_EVENT_REQUEST_SUCCEEDED = 0, /* bits of scepNotifyEnable */
	SCEP_EVENT_REQUEST_FAILED = 1,
	SCEP_EVENT_REQUEST_DEFERRED = 2,
	SCEP_EVENT_CERT_EXPIRING = 3,
	SCEP_EVENT_CERT_EXPIRED = 4,
	SCEP_EVENT_CA_PENDING = 5,
	SCEP_EVENT_CA_EXPIRING = 6,
	SCEP_EVENT_KEY_LIMIT_REACHED = 7,
	SCEP_EVENT_RESTART_REQUIRED = 8,
	SCEP_EVENT_CLOCK_SUSPECT = 9,
	SCEP_EVENT_DEPLOY_FAILED = 10,
	/* The restart command is to be run, and scep_restart_ended() called;
	 * the row is the key that it is for, or NULL. */
	SCEP_EVENT_RESTART = 30,
	SCEP_EVENT_FATAL = 31, /* the engine cannot go on: end the process */
	/* The use location of the row is to be given `key`, or (PROBE) is to
	 * be asked whether its function is on, and scep_deploy_ended() called.
	 * One at a time. */
	SCEP_EVENT_DEPLOY = 32,
	SCEP_EVENT_PROBE = 33,
};

/* How a DEPLOY or a PROBE went. */
struct scep_deploy_end {
	uint32_t use_index;
	bool is_good;
	bool is_enabled;	 /* the function of the location */
	char text[SCEP_TEXT255]; /* why it is not good */
};

struct scep_event {
	enum scep_event_kind kind;
	uint32_t index; /* of the row it is about; 0: of none */
	/*
	 * The row as it is now, of the table that the kind is about; NULL for
	 * KEY_LIMIT_REACHED, for FATAL, and if it is gone.  A profile comes
	 * without its secrets.  Borrowed for the call: to keep it, retain it.
	 */
	const void *row;
	const struct scep_key *key; /* of DEPLOY; borrowed like the row */
};

/* One more reference to a row of a view or an event, from any thread; the row
 * is never changed.  NULL is fine, for both. */
const void *scep_row_retain(const void *row);
void scep_row_release(const void *row);

/*
 * Called on the engine's threads; must not block and must not call back into
 * the engine.
 */
struct scep_watcher {
	void *context;
	void (*event)(void *context, const struct scep_event *event);
	void (*log)(void *context, enum scep_log_level level, const char *line);
};

struct scep_engine;

/*
 * Opens the state directory, recovers what was in hand and starts the thread.
 * Copies the configuration and the watcher.  On success `*engine` is owned by
 * the caller.  Fails with SCEP_STORAGE_ERROR (state directory, second
 * instance) or SCEP_CONFIG_ERROR, and says why in `error`.
 */
enum scep_code scep_open(const struct scep_config *config,
			 const struct scep_watcher *watcher,
			 struct scep_engine **engine, struct scep_error *error);

/* Stops within a second, keeping all that is open, and frees.  NULL is fine. */
void scep_close(struct scep_engine *engine);

/* Takes over a configuration that was read again. */
enum scep_code scep_reconfigure(struct scep_engine *engine,
				const struct scep_config *config,
				struct scep_error *error);

/* The last published view.  Never waits.  Release it when done. */
const struct scep_view *scep_view_take(struct scep_engine *engine);
void scep_view_release(const struct scep_view *view);

/*
 * Judges a change against the last published view.  Never waits.  A refusal
 * names the item and the reason.
 */
enum scep_refusal scep_change_check(struct scep_engine *engine,
				    const struct scep_change *change,
				    struct scep_verdict *verdict);

/*
 * Makes a change and waits for its one commit.  On success the change is on
 * disk and `*ticket` names it; actions in it begin with scep_change_confirm(),
 * or by themselves if neither confirm nor revert comes within some seconds.
 */
enum scep_refusal scep_change_apply(struct scep_engine *engine,
				    const struct scep_change *change,
				    uint64_t *ticket,
				    struct scep_verdict *verdict);
/* Lets the actions of an applied change begin.  Never waits. */
void scep_change_confirm(struct scep_engine *engine, uint64_t ticket);
/* Takes an applied change back, and waits for one commit.  Idempotent.
 * SCEP_COMMIT_FAILED: the disk refuses, or it is too late; the change stands.
 */
enum scep_refusal scep_change_revert(struct scep_engine *engine,
				     uint64_t ticket,
				     struct scep_verdict *verdict);

/* How the command of SCEP_EVENT_RESTART has ended.  Never waits. */
void scep_restart_ended(struct scep_engine *engine, bool is_good);
/* How SCEP_EVENT_DEPLOY or SCEP_EVENT_PROBE has ended.  Never waits. */
void scep_deploy_ended(struct scep_engine *engine,
		       const struct scep_deploy_end *end);

#endif
