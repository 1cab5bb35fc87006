/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/success_text.h"

#include <string.h>
#include <time.h>

#include "scep/codes.h"
#include "scep/status_row.h"
#include "scep/text.h"
#include "scep/enroll/step.h"
#include "scep/state/status.h"
#include "scep/state/task.h"

/* Adds a note to the text of a success. */
static void status_add_note(struct scep_status *status, const char *note)
{
	text_format(status->text, sizeof(status->text), "%s%s%s", status->text,
		    status->text[0] != '\0' ? "; " : "", note);
}

/* Says when the certificate begins, in STEP_BEGINS_TEXT octets at most. */
static void add_begin(struct scep_status *status, int64_t begins)
{
	time_t seconds = (time_t)begins;
	char when[32] = "", note[STEP_BEGINS_TEXT];
	struct tm broken;

	if (gmtime_r(&seconds, &broken) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &broken);
	text_format(note, sizeof(note), "begins at %s UTC", when);
	if (status->use_location[0] != '\0')
		text_format(note, sizeof(note), "%s, deployed then", note);
	status_add_note(status, note);
}

void success_text_put(const struct task *task, struct scep_status *status,
		      int64_t begins)
{
	const char *difference = task->record->difference;

	status_clear(status);
	memcpy(status->text, task->record->note, sizeof(status->text));
	/* The certificate is registered, but a use location does not have
	 * it. */
	if (task->work.error.code == SCEP_DEPLOY_FAILED)
		status_blame(status, &task->work.error);
	if (begins != 0)
		add_begin(status, begins);
	if (difference[0] != '\0')
		status_add_note(status, difference);
}
