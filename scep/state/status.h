/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes outcomes into rows of scepStatusTable, and counts them in scepStats.
 * Pure; knows no request.
 */
#ifndef SCEP_STATE_STATUS_H
#define SCEP_STATE_STATUS_H

#include "scep/status_row.h"
#include "scep/timer.h"

struct scep_error;
struct scep_rows;
struct scep_stats;

/* Closes a row: RequestTime becomes the time of the outcome (rule 12). */
void status_end(struct scep_status *status, int64_t now, enum scep_state state);
/* Writes an error: Detail, HttpStatus, FailInfo and the texts. */
void status_blame(struct scep_status *status, const struct scep_error *error);
/* Removes the error from the row. */
void status_clear(struct scep_status *status);
/* Shows the message of a step.  A step without one leaves the last message
 * shown. */
void status_message(struct scep_status *status, enum scep_message_type type);

/* Counts that a request begins. */
void stats_count_begin(struct scep_stats *stats, enum scep_trigger trigger);
/* Counts an HTTP exchange that has ended with this error (may be NULL), or else
 * with this status. */
void stats_count_exchange(struct scep_stats *stats,
			  const struct scep_error *error, uint32_t http_status);
/* Counts an error with which a request waits, is tried again or ends.  The
 * errors of an exchange are counted with the exchange. */
void stats_count_error(struct scep_stats *stats,
		       const struct scep_error *error);
/* Counts that a request has ended. */
void stats_count_end(struct scep_stats *stats, int64_t now, bool is_success);
/* Takes the values that are no counters from the rows, after a restart: the
 * times of the last outcomes, and the number of failures in a row. */
void stats_recall(struct scep_stats *stats, const struct scep_rows *statuses);

#endif
