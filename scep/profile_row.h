/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of a profile: the four profile tables of the MIB, which share one
 * index.  Settings, and what the engine shows beside them.
 *
 * Times are seconds since 1970 in UTC, 0 for "none".
 */
#ifndef SCEP_PROFILE_ROW_H
#define SCEP_PROFILE_ROW_H

#include <stdint.h>

#include "scep/octets.h"
#include "scep/server.h"
#include "scep/timer.h"
#include "scep/values.h"

enum scep_storage_type { SCEP_STORAGE_VOLATILE = 2, SCEP_STORAGE_NONVOLATILE };
enum scep_row_status {
	SCEP_ROW_ACTIVE = 1,
	SCEP_ROW_NOT_IN_SERVICE = 2,
	SCEP_ROW_NOT_READY = 3,
	SCEP_ROW_CREATE_AND_GO = 4,
	SCEP_ROW_CREATE_AND_WAIT = 5,
	SCEP_ROW_DESTROY = 6,
};

enum scep_result {
	SCEP_RESULT_NONE = 1,
	SCEP_RESULT_SUCCEEDED = 2,
	SCEP_RESULT_FAILED = 3,
};

/* The end of the last request of a profile.  Lasts over a restart, and longer
 * than the rows of scepStatusTable. */
struct scep_outcome {
	uint32_t result; /* enum scep_result; 0: none has ended */
	uint32_t detail; /* enum scep_code */
	char text[SCEP_TEXT255];
	int64_t time;
	int64_t last_success; /* also of an earlier request */
	uint32_t failures;    /* in a row */
	/* never shown */
	uint32_t is_acknowledged; /* an operator has seen the failure */
};

/* Every row begins with its index, so that one search serves all tables. */
struct scep_profile {
	uint32_t index; /* from 1 */
	char name[SCEP_TEXT64];
	uint32_t storage_type; /* enum scep_storage_type */
	uint32_t row_status;   /* enum scep_row_status */
	struct scep_server server;
	struct scep_server_facts facts;
	struct scep_values request;
	uint32_t request_status_index; /* the row of the last send, or 0 */
	uint32_t request_written; /* request values that were written since the
				   * last send: settings_request_bit() */
	struct scep_timer timer;
	struct scep_outcome outcome;
};

/* Writes the name that tells the profile from others: its own, or "profile 1".
 */
void scep_profile_shown_name(const struct scep_profile *profile,
			     char name[SCEP_TEXT64]);

#endif
