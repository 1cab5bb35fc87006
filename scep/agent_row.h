/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scalars: the settings of the whole agent, what the engine shows of
 * itself, and its counters.
 *
 * Times are seconds since 1970 in UTC, 0 for "none".  A BITS value has bit n of
 * the MIB in bit n of the number (1u << n).
 */
#ifndef SCEP_AGENT_ROW_H
#define SCEP_AGENT_ROW_H

#include <stdint.h>

#include "scep/octets.h"

struct scep_stats {
	uint32_t requests, renewals, polls, successes, pendings, failures;
	uint32_t comm_errors, http_errors, bad_responses, ca_rejects;
	uint32_t limit_errors, deploy_errors, scep_failures;
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
	char health_text[SCEP_TEXT255];
	uint32_t restart_pending;
	/* of a restart that is wanted and not begun (restart.h); never shown */
	uint32_t restart_wanted;
	uint32_t restart_key; /* because of which key, or 0 */
	/* What was lost with the database, until a manager has acknowledged
	 * it; shown in health_text. */
	char recovery[SCEP_TEXT255];
};

#endif
