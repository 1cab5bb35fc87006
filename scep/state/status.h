/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an outcome is written into a row of scepStatusTable and counted in
 * scepStats.  Pure; knows no request.
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
/* Writes what went wrong: Detail, HttpStatus, FailInfo and the texts. */
void status_blame(struct scep_status *status, const struct scep_error *error);
/* The reverse: nothing is wrong, or not any more. */
void status_clear(struct scep_status *status);
/* Shows the message of a step; the last one that was sent stays shown after
 * it. */
void status_message(struct scep_status *status, enum scep_message_type type);

/* A request begins. */
void stats_count_begin(struct scep_stats *stats, enum scep_trigger trigger);
/* An HTTP exchange has ended: with this error, or else with this status. */
void stats_count_exchange(struct scep_stats *stats,
			  const struct scep_error *error, uint32_t http_status);
/* A request is held up or ends with this error, or is to be tried again.
 * What went wrong with an exchange is counted there. */
void stats_count_error(struct scep_stats *stats,
		       const struct scep_error *error);
void stats_count_end(struct scep_stats *stats, int64_t now, bool is_success);
/* Takes what is no counter, and so holds over a restart, from the rows that
 * are left: the times of the last outcomes, and the failures in a row. */
void stats_recall(struct scep_stats *stats, const struct scep_rows *statuses);

#endif
