/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the next state of an open request durable: its record, its row of
 * scepStatusTable, and what belongs to them, in one commit.  Does not know
 * which state that is.
 */
#ifndef SCEP_ENROLL_REQUEST_SAVE_H
#define SCEP_ENROLL_REQUEST_SAVE_H

#include <stdbool.h>

#include "scep/codes.h"
#include "scep/state/open_request.h"

/* A copy of the row of scepStatusTable.  Returns owned; NULL: memory is short.
 */
struct scep_status *request_copy_status(struct open_request *e);

/* Adds the next record of a request; takes it.  NULL: memory is short, and the
 * commit fails. */
void request_put_record(struct open_request *e, struct record *next,
			struct txn *txn);

/* Commits, and shows in the same view what this means for the timer of the
 * profile.  Afterwards, `e` is freed if its record is removed.  If it fails,
 * work.error says why. */
enum scep_code request_commit(struct open_request *e, struct txn *txn);

/* Commits record and status row, which it takes (NULL: memory is short), and
 * `txn`.  If that fails, work.error says why. */
bool request_save(struct open_request *e, struct record *next,
		  struct scep_status *status, struct txn *txn);

#endif
