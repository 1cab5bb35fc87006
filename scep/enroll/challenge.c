/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/challenge.h"

#include "scep/codes.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/base/error.h"
#include "scep/keys/renewal.h"
#include "scep/state/open_request.h"

/* Tells if a request cannot be sent, or its reply not be opened, for want of a
 * challenge. */
static bool is_missing(const struct open_request *e)
{
	const struct record *record = e->task.record;

	return record->step != STEP_REGISTER && record->step != STEP_DEPLOY &&
	       record->values.challenge_password.length == 0 &&
	       renewal_needs_challenge(e->task.state, record);
}

bool challenge_check(struct open_request *e, const struct scep_status *now)
{
	if (!is_missing(e))
		return true;
	error_set(&e->task.work.error, SCEP_CONFIG_ERROR,
		  "an EC key needs a challenge password (%s.%u)",
		  now->trigger == SCEP_TRIGGER_MANUAL
		      ? "scepRequestChallengePassword"
		      : "scepAutoChallengePassword",
		  e->task.record->profile_index);
	return false;
}

bool challenge_is_lacking(const struct open_request *e)
{
	const struct scep_error *error = &e->task.work.error;
	const struct record *record = e->task.record;

	if (error->code == SCEP_CONFIG_ERROR && is_missing(e))
		return true;
	return error->code == SCEP_SCEP_ERROR &&
	       (error->fail_info == SCEP_FAIL_BAD_REQUEST ||
		error->fail_info == SCEP_FAIL_BAD_MESSAGE_CHECK) &&
	       record->values.challenge_password.length == 0 &&
	       !renewal_signs_with_old(record);
}
