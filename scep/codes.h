/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as values, and the levels of the log: the words in which all parts of
 * the engine report.  Knows no row and no part of the engine.
 *
 * The numbers of enumerations are those of SCEP-CLIENT-MIB.
 */
#ifndef SCEP_CODES_H
#define SCEP_CODES_H

#include <stdint.h>

#include "scep/octets.h"

/*
 * Names what went wrong, or how far a request got.  The numbers are those of
 * ScepDetail of the MIB, but for the last: no row shows it (error_detail()).
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

/*
 * ERROR: the device does not do what it is for, and a person has to look.
 * WARNING: a request has failed, or something may be wrong.  NOTICE: an end, a
 * decision or a destruction that somebody may look for later.  INFO: a step.
 */
enum scep_log_level {
	SCEP_LOG_ERROR,
	SCEP_LOG_WARNING,
	SCEP_LOG_NOTICE,
	SCEP_LOG_INFO
};

#endif
