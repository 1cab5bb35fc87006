/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends a request, with all that an end brings: the rows, the outcome of its
 * profile, the timer, the use of the key, a line of the log, and the event.
 * Does not know why it ends.
 */
#ifndef SCEP_ENROLL_REQUEST_END_H
#define SCEP_ENROLL_REQUEST_END_H

#include <stdbool.h>

#include "scep/enroll/step.h"
#include "scep/state/open_request.h"

/* Ends the request in Error with work.error, and keeps the record if it can be
 * resumed.  Takes `next`.  `is_pending`: the server said PENDING at last.
 * Returns false if that cannot be made durable: work.error says why, and the
 * request is as it was, but for the counters. */
bool request_end_in_error(struct open_request *e, struct record *next,
			  bool is_pending);

/* Ends the request in success.  Takes the status row of the result.  Returns
 * false as the function above does.  Otherwise `e` is freed. */
bool request_end_in_success(struct open_request *e, struct step_result *result);

#endif
