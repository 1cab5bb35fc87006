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
 * resumed.  Takes `next`.  `is_pending`: the server said PENDING at last.  An
 * end that the disk refuses is shown, and saved later. */
void request_end_in_error(struct open_request *e, struct record *next,
			  bool is_pending);

/* Ends the request in success.  Takes the status row of the result.  Returns
 * false if that cannot be made durable: work.error says why, and the request is
 * as it was.  Otherwise `e` is freed. */
bool request_end_in_success(struct open_request *e, struct step_result *result);

/* Saves an end that the disk has refused before; tries again later if it still
 * does. */
void request_save_end(struct open_request *e);

#endif
