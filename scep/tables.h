/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be read of the engine: the rows of its tables, the numbers in them
 * and the view that holds them.  Part of scep.h, which a front end includes.
 * Numbers of enumerations are those of SCEP-CLIENT-MIB, because they are what
 * the field calls things.
 *
 * Texts are NUL-terminated UTF-8.  Times are seconds since 1970 in UTC, 0 for
 * "none".  Truth values are 0 and 1.  A BITS value has bit n of the MIB in
 * bit n of the number (1u << n).
 */
#ifndef SCEP_TABLES_H
#define SCEP_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCEP_TEXT64	 65  /* S64: 64 octets and the NUL */
#define SCEP_TEXT255	 256 /* SIZE(0..255) and the NUL */
#define SCEP_PROFILE_MAX 64

/*
 * What went wrong, or how far it got.  The numbers are those of ScepDetail of
 * the MIB, but for the last: no row shows it (error_detail()).
 */
enum scep_code {
	SCEP_OK = 0,
	SCEP_NONE = 1,
	SCEP_DEFERRED = 2,
	SCEP_REGISTRATION_LIMIT = 3,
	SCEP_COMM_ERROR = 4,
	SCEP_HTTP_ERROR = 5,
	SCEP_SCEP_ERROR = 6,
	SCEP_BAD_RESPONSE = 7,
	SCEP_CA_NOT_TRUSTED = 8,
	SCEP_POLL_LIMIT = 9,
	SCEP_CANCELLED = 10,
	SCEP_INTERRUPTED = 11,
	SCEP_CLOCK_SUSPECT = 12,
	SCEP_CONFIG_ERROR = 13,
	SCEP_KEY_ERROR = 14,
	SCEP_STORAGE_ERROR = 15,
	SCEP_UNCHANGED_CERTIFICATE = 16,
	SCEP_DEPLOY_FAILED = 17,
	SCEP_IN_PROGRESS = 18,
	SCEP_NO_MEMORY = 1000, /* shown as storageError */
};

/* RFC 8894, 3.2.1.4, and the two that the MIB adds. */
enum scep_fail_info {
	SCEP_FAIL_BAD_ALG = 0,
	SCEP_FAIL_BAD_MESSAGE_CHECK = 1,
	SCEP_FAIL_BAD_REQUEST = 2,
	SCEP_FAIL_BAD_TIME = 3,
	SCEP_FAIL_BAD_CERT_ID = 4,
	SCEP_FAIL_NONE = 254,
	SCEP_FAIL_OTHER = 255,
};

/*
 * One error, from the place that saw it to the status table, unchanged.
 * `text` is the cause in a few words; the words of the manual are put before
 * it where it is shown.
 */
struct scep_error {
	enum scep_code code;
	uint32_t http_status; /* 0, or 100..599 */
	uint32_t fail_info;   /* enum scep_fail_info */
	char fail_info_text[SCEP_TEXT255];
	char text[SCEP_TEXT255];
};

enum scep_log_level { SCEP_LOG_ERROR, SCEP_LOG_WARNING, SCEP_LOG_INFO };

/* ---------------------------------------------------------------- rows -- */

struct scep_octets32 {
	uint32_t length;
	unsigned char data[32];
};

struct scep_octets64 {
	uint32_t length;
	unsigned char data[64];
};

struct scep_octets128 {
	uint32_t length;
	unsigned char data[128];
};

enum scep_trust_policy { SCEP_TRUST_VERIFY = 1, SCEP_TRUST_FIRST_USE = 2 };
enum scep_http_method { SCEP_HTTP_AUTO = 1, SCEP_HTTP_POST, SCEP_HTTP_GET };
enum scep_cipher {
	SCEP_CIPHER_AUTO = 1,
	SCEP_CIPHER_AES128 = 2,
	SCEP_CIPHER_AES256 = 3,
	SCEP_CIPHER_3DES = 4,
};

/* scepServerCaps, and the keywords of RFC 8894, 3.5.2 */
enum scep_caps {
	SCEP_CAP_AES = 1u << 0,
	SCEP_CAP_DES3 = 1u << 1,
	SCEP_CAP_NEXT_CA = 1u << 2,
	SCEP_CAP_POST = 1u << 3,
	SCEP_CAP_RENEWAL = 1u << 4,
	SCEP_CAP_SHA1 = 1u << 5,
	SCEP_CAP_SHA256 = 1u << 6,
	SCEP_CAP_SHA512 = 1u << 7,
	SCEP_CAP_STANDARD = 1u << 8,
};

/* The settings of scepServerTable. */
struct scep_server {
	char url[SCEP_TEXT255];
	uint32_t port;	  /* 0: the URL's own, or the scheme's */
	uint32_t timeout; /* seconds */
	char ca_identifier[SCEP_TEXT255];
	struct scep_octets64 ca_fingerprint;
	uint32_t ca_trust_policy; /* enum scep_trust_policy */
	uint32_t http_method;	  /* enum scep_http_method */
	uint32_t cipher;	  /* enum scep_cipher */
	uint32_t require_standard;
	uint32_t renewal_mode;
	char proxy_url[SCEP_TEXT255];
};

/* What the engine has learned of a server; not settings. */
struct scep_server_facts {
	uint32_t check_result; /* enum scep_code */
	uint32_t caps;	       /* enum scep_caps */
	int64_t last_contact;
	int32_t clock_skew; /* seconds, the server's clock minus ours */
};

enum scep_signature_algorithm {
	SCEP_SIGN_SHA1 = 1,
	SCEP_SIGN_SHA256 = 2,
	SCEP_SIGN_SHA384 = 3,
	SCEP_SIGN_SHA512 = 4,
};

/* The request values, "P" of the MIB: of a manual request or of the timer. */
struct scep_values {
	char key_name[SCEP_TEXT64];
	uint32_t signature_algorithm; /* enum scep_signature_algorithm */
	uint32_t key_length;	      /* bits */
	char organization[SCEP_TEXT64];
	char common_name[SCEP_TEXT64];
	char subject_extra[SCEP_TEXT255];
	char subject_alt_name[SCEP_TEXT255];
	uint32_t key_usage; /* BITS, numbered as KeyUsage of RFC 5280 */
	char extended_key_usage[SCEP_TEXT255];
	struct scep_octets128 challenge_password; /* secret */
	char use_location[SCEP_TEXT255];
};

/* What is kept of a timer over a restart; all 0 when it is enabled. */
struct scep_schedule {
	int64_t handled;      /* due times of the series up to here are dealt
			       * with; 0: none */
	int64_t planned_due;  /* of the next run, or 0 */
	int64_t planned_from; /* its jitter is counted from then: its due time,
			       * or when it was found to be missed */
	int64_t last_try;     /* when a run last began or ended, or 0 */
	uint32_t planned_jitter;
	uint32_t planned_trigger; /* enum scep_trigger, or 0 */
	uint32_t last_failed;	  /* since last_try nothing has succeeded */
};

/* The settings of scepAutoTable, and what it shows of the timer. */
struct scep_timer {
	struct scep_values values;
	uint32_t enable;
	int64_t start_time;
	uint32_t adjust;
	uint32_t adjust_max; /* seconds */
	uint32_t poll;
	uint32_t poll_count;
	uint32_t poll_interval; /* seconds */
	uint32_t periodic;
	uint32_t periodic_interval;
	uint32_t periodic_unit;
	uint32_t renew_before; /* days */
	uint32_t missed_policy;
	uint32_t restart;
	uint32_t delete_old_key;
	/* shown */
	uint32_t oper_status;
	uint32_t adjust_applied; /* seconds */
	int64_t next_request_time;
	/* never shown */
	struct scep_schedule memory;
	uint32_t
	    lacks_challenge; /* the server has refused it for want of one */
};

enum scep_storage_type { SCEP_STORAGE_VOLATILE = 2, SCEP_STORAGE_NONVOLATILE };
enum scep_row_status {
	SCEP_ROW_ACTIVE = 1,
	SCEP_ROW_NOT_IN_SERVICE = 2,
	SCEP_ROW_NOT_READY = 3,
	SCEP_ROW_CREATE_AND_GO = 4,
	SCEP_ROW_CREATE_AND_WAIT = 5,
	SCEP_ROW_DESTROY = 6,
};

/* Every row begins with its index, so that one search serves all tables. */
struct scep_profile {
	uint32_t index; /* 1..SCEP_PROFILE_MAX */
	char name[SCEP_TEXT64];
	uint32_t storage_type; /* enum scep_storage_type */
	uint32_t row_status;   /* enum scep_row_status */
	struct scep_server server;
	struct scep_server_facts facts;
	struct scep_values request;
	uint32_t request_status_index; /* the row of the last send, or 0 */
	struct scep_timer timer;
};

enum scep_state {
	SCEP_STATE_TO_BE_PROCESSED = 1,
	SCEP_STATE_PROCESSING = 2,
	SCEP_STATE_ERROR = 3,
	SCEP_STATE_SUCCESSFUL = 4,
};

enum scep_trigger {
	SCEP_TRIGGER_MANUAL = 1,
	SCEP_TRIGGER_TIMER = 2,
	SCEP_TRIGGER_PERIODIC = 3,
	SCEP_TRIGGER_RENEWAL = 4,
	SCEP_TRIGGER_ROLLOVER = 5,
};

enum scep_message_type {
	SCEP_MESSAGE_NONE = 1,
	SCEP_MESSAGE_PKCS_REQ = 2,
	SCEP_MESSAGE_RENEWAL_REQ = 3,
	SCEP_MESSAGE_CERT_POLL = 4,
};

struct scep_status {
	uint32_t index;
	uint32_t profile_index;
	char profile_name[SCEP_TEXT64];
	int64_t request_time;
	uint32_t state;	 /* enum scep_state */
	uint32_t detail; /* enum scep_code */
	uint32_t http_status;
	uint32_t fail_info;
	char fail_info_text[SCEP_TEXT255];
	char text[SCEP_TEXT255];
	uint32_t trigger; /* enum scep_trigger */
	char key_name[SCEP_TEXT64];
	char use_location[SCEP_TEXT255];
	uint32_t message_type; /* enum scep_message_type */
	char transaction_id[SCEP_TEXT64];
	uint32_t polls;
	int64_t next_poll;
	int64_t finish_time;
	uint32_t key_index; /* row of scepKeyTable, or 0 */
};

enum scep_key_algorithm { SCEP_KEY_OTHER = 1, SCEP_KEY_RSA, SCEP_KEY_EC };
enum scep_key_state {
	SCEP_KEY_NO_CERTIFICATE = 1,
	SCEP_KEY_VALID,
	SCEP_KEY_EXPIRING,
	SCEP_KEY_EXPIRED,
	SCEP_KEY_NOT_YET_VALID,
	SCEP_KEY_REVOKED,
	SCEP_KEY_CORRUPT,
};

struct scep_key {
	uint32_t index;
	char name[SCEP_TEXT64];
	uint32_t algorithm; /* enum scep_key_algorithm */
	uint32_t length;    /* bits */
	uint32_t is_default;
	uint32_t is_corrupt; /* the files do not bear out the row */
	uint32_t is_revoked; /* by the last CRL */
	char subject[SCEP_TEXT255];
	char issuer[SCEP_TEXT255];
	struct scep_octets32 serial; /* at most 20 octets */
	int64_t not_before;	     /* 0 without a certificate */
	int64_t not_after;
	struct scep_octets32 fingerprint; /* SHA-256 of the certificate */
	char subject_alt_name[SCEP_TEXT255];
	char use_location[SCEP_TEXT255];
	uint32_t profile_index;
	uint32_t replaces; /* index of the row it replaced, or 0 */
	int64_t install_time;
	uint32_t action_result; /* enum scep_code, of the last scepKeyAction;
				 * 0: none */
	char assign_to[SCEP_TEXT255];
	/* never shown */
	char file_id[SCEP_TEXT64];		 /* keys/ID.pem, certs/ID.pem */
	struct scep_octets32 issuer_fingerprint; /* SHA-256 of the certificate
						  * of who issued it */
	uint32_t successor;	    /* of one that is set aside: the key that
				     * took its place */
	uint32_t is_to_be_verified; /* a manager has asked for it */
	uint32_t action_failed;	    /* at one of several locations */
};

enum scep_ca_role {
	SCEP_CA_ROOT = 1u << 0,
	SCEP_CA_INTERMEDIATE = 1u << 1,
	SCEP_CA_RA_SIGN = 1u << 2,
	SCEP_CA_RA_ENCRYPT = 1u << 3,
	SCEP_CA_NEXT = 1u << 4,
};

enum scep_ca_source { SCEP_CA_OTHER = 1, SCEP_CA_GET, SCEP_CA_GET_NEXT };
enum scep_ca_trust {
	SCEP_CA_PENDING = 1,
	SCEP_CA_TRUSTED = 2,
	SCEP_CA_REJECTED = 3,
	SCEP_CA_CHAINED = 4,
};

struct scep_ca {
	uint32_t index;
	uint32_t profile_index;
	char subject[SCEP_TEXT255];
	char issuer[SCEP_TEXT255];
	struct scep_octets32 serial;
	int64_t not_before;
	int64_t not_after;
	struct scep_octets32 fingerprint; /* SHA-256 */
	uint32_t role;			  /* enum scep_ca_role */
	uint32_t source;		  /* enum scep_ca_source */
	uint32_t trust;			  /* enum scep_ca_trust */
};

enum scep_use_type {
	SCEP_USE_TLS = 1,
	SCEP_USE_IPSEC,
	SCEP_USE_IEEE8021X,
	SCEP_USE_IPP,
	SCEP_USE_SNMP,
	SCEP_USE_OTHER,
};

enum scep_applied {
	SCEP_APPLIED_UNKNOWN = 1,
	SCEP_APPLIED_YES,
	SCEP_APPLIED_RESTART_NEEDED,
	SCEP_APPLIED_FAILED,
};

struct scep_use {
	uint32_t index;
	char name[SCEP_TEXT64];
	uint32_t type; /* enum scep_use_type */
	uint32_t function_enabled;
	uint32_t key_index; /* the key that it has, or 0 */
	char key_name[SCEP_TEXT64];
	uint32_t applied; /* enum scep_applied */
	int64_t applied_time;
	char text[SCEP_TEXT255];
	/* never shown; keys by their index, or 0 */
	uint32_t wanted_key;   /* that it is being given */
	uint32_t failed_key;   /* that it could not be given last */
	uint32_t previous_key; /* that it had before */
};

struct scep_stats {
	uint32_t requests, renewals, polls, successes, pendings, failures;
	uint32_t comm_errors, http_errors, bad_responses, ca_rejects;
	uint32_t limit_errors, deploy_errors, set_rejects;
	uint32_t consecutive_failures;
	int64_t last_success;
	int64_t last_failure;
};

enum scep_health {
	SCEP_HEALTH_OK = 1,
	SCEP_HEALTH_WARNING = 2,
	SCEP_HEALTH_CRITICAL = 3,
};

/* Scalars: settings, and what the engine shows. */
struct scep_agent {
	/* settings */
	uint32_t config_spin_lock; /* volatile */
	uint32_t status_max_rows;
	uint32_t notify_enable; /* BITS */
	uint32_t notify_expiry_days;
	uint32_t notify_min_interval; /* seconds */
	/* shown; `_mono` is in ms of CLOCK_MONOTONIC, 0 for never */
	uint64_t config_last_change_mono;
	uint64_t key_last_change_mono;
	uint64_t ca_last_change_mono;
	uint64_t started_mono;
	uint32_t status_last_index;
	uint32_t key_limit;
	uint32_t health;	/* enum scep_health */
	uint32_t health_reason; /* BITS */
	uint32_t restart_pending;
	/* of a restart that is wanted and not begun (restart.h); never shown */
	uint32_t restart_wanted;
	uint32_t restart_key; /* because of which key, or 0 */
};

/* Rows in the order of their index. */
struct scep_rows {
	size_t count;
	size_t capacity;
	void **row; /* each begins with its uint32_t index */
};

/* All that can be read.  Immutable once published. */
struct scep_view {
	struct scep_agent agent;
	struct scep_stats stats;
	struct scep_rows profiles; /* struct scep_profile */
	struct scep_rows statuses; /* struct scep_status */
	struct scep_rows keys;	   /* struct scep_key */
	struct scep_rows cas;	   /* struct scep_ca */
	struct scep_rows uses;	   /* struct scep_use */
	struct scep_rows retired;  /* struct scep_key: those that DeleteOldKey
				    * has taken away; never shown */
	/* Of each profile: the status row of the request that was put aside
	 * and that pollNow can resume, or 0. */
	uint32_t suspended[SCEP_PROFILE_MAX + 1];
};

/* Returns the row with that index, or NULL.  Borrows. */
const void *scep_rows_find(const struct scep_rows *rows, uint32_t index);
/* Returns the first row with an index above `index`, or NULL. */
const void *scep_rows_next(const struct scep_rows *rows, uint32_t index);

/* Whether a status row is open (toBeProcessed or processing). */
bool scep_status_is_open(const struct scep_status *status);
/* How many requests are processing: scepStatusProcessing. */
uint32_t scep_view_processing(const struct scep_view *view);
/* The state of a key's certificate at the time `now`. */
enum scep_key_state scep_key_state_at(const struct scep_key *key, int64_t now,
				      uint32_t expiry_days);
/* The first notAfter in the registry, or 0 if there is nothing to expire. */
int64_t scep_view_earliest_expiry(const struct scep_view *view);

#endif
