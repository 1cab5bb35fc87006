/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timer of a profile (scepAutoTable): its settings, and the part of its
 * state that lasts over a restart.  Part of a profile row.  Knows no profile.
 *
 * Times are seconds since 1970 in UTC, 0 for "none".  Truth values are 0 and 1.
 */
#ifndef SCEP_TIMER_H
#define SCEP_TIMER_H

#include <stdint.h>

#include "scep/values.h"

enum scep_trigger {
	SCEP_TRIGGER_MANUAL = 1,
	SCEP_TRIGGER_TIMER = 2,
	SCEP_TRIGGER_PERIODIC = 3,
	SCEP_TRIGGER_RENEWAL = 4,
	SCEP_TRIGGER_ROLLOVER = 5,
};

/* The memory of a timer over a restart, and while it is disabled. */
struct scep_schedule {
	int64_t last_run;     /* the latest due time carried out, or 0 */
	int64_t handled;      /* due times of the series up to here were carried
			       * out or skipped since it was enabled; 0: none */
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

#endif
