/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of scepUseTable: a use location, and the key that it has.
 *
 * Times are seconds since 1970 in UTC, 0 for "none".  Truth values are 0 and 1.
 */
#ifndef SCEP_USE_ROW_H
#define SCEP_USE_ROW_H

#include <stdint.h>

#include "scep/octets.h"

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

#endif
