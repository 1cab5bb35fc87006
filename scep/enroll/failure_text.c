/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/failure_text.h"

#include <stdbool.h>

#include "scep/codes.h"
#include "scep/enroll/step.h"

/* A setting, a full registry or a decision of the manager is no fault of the
 * step that comes next. */
static bool step_is_to_blame(const struct task *task,
			     const struct scep_error *error)
{
	return error->code != SCEP_CONFIG_ERROR &&
	       error->code != SCEP_REGISTRATION_LIMIT &&
	       task->record->step != STEP_WAIT_TRUST;
}

void failure_text(const struct task *task, const struct scep_error *error,
		  char text[FAILURE_TEXT])
{
	const char *step = task->step->name;
	char words[SCEP_TEXT255];

	error_words(error, words);
	if (error->code == SCEP_DEFERRED)
		text_format(text, FAILURE_TEXT, "%s: %s", step, words);
	else if (step_is_to_blame(task, error))
		text_format(text, FAILURE_TEXT, "%s failed: %s", step, words);
	else
		text_format(text, FAILURE_TEXT, "failed: %s", words);
}
