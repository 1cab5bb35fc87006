/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of scepStatusTable: one request and its outcome.
 *
 * Times are seconds since 1970 in UTC, 0 for "none".
 */
#ifndef SCEP_STATUS_ROW_H
#define SCEP_STATUS_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "scep/octets.h"

enum scep_state {
	SCEP_STATE_TO_BE_PROCESSED = 1,
	SCEP_STATE_PROCESSING = 2,
	SCEP_STATE_ERROR = 3,
	SCEP_STATE_SUCCESSFUL = 4,
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

/* Tells whether a status row is open (toBeProcessed or processing). */
bool scep_status_is_open(const struct scep_status *status);

#endif
