/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/success_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "scep/codes.h"
#include "scep/status_row.h"
#include "scep/text.h"
#include "scep/enroll/step.h"
#include "scep/state/status.h"
#include "scep/state/task.h"

/* One part of the text. */
struct part {
	const char *text;
	bool is_whole; /* stays as it is; else it may be shortened */
};

/* Writes the parts that there are.  Those that may be shortened share the room
 * that the others leave; what one does not need is left to the next. */
static void join_parts(char *text, size_t size, const struct part *parts,
		       size_t count)
{
	/* The last one has no "; " behind it. */
	size_t room = size - 1 + 2, sharing = 0, used = 0;

	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(parts[i].text);
		size_t taken = length + 2;

		sharing += length > 0 && !parts[i].is_whole;
		if (length > 0 && parts[i].is_whole)
			room -= taken < room ? taken : room;
	}
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(parts[i].text);
		size_t share = size;

		if (length == 0)
			continue;
		if (!parts[i].is_whole) {
			share = room / sharing--;
			share = length + 2 < share ? length + 2 : share;
			room -= share;
			if (share < length + 2 && share < TEXT_SHORTEN)
				continue;
			share--;
		}
		if (used + 3 >= size)
			break;
		if (used > 0)
			used +=
			    (size_t)snprintf(text + used, size - used, "; ");
		if (share > size - used)
			share = size - used;
		text_shorten(text + used, share, parts[i].text);
		used += strlen(text + used);
	}
}

/* Says when the certificate begins, in STEP_BEGINS_TEXT octets at most. */
static void write_begin(const struct scep_status *status, int64_t begins,
			char note[STEP_BEGINS_TEXT])
{
	time_t seconds = (time_t)begins;
	char when[32] = "";
	struct tm broken;

	if (gmtime_r(&seconds, &broken) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &broken);
	text_format(note, STEP_BEGINS_TEXT, "begins at %s UTC%s", when,
		    status->use_location[0] != '\0' ? ", deployed then" : "");
}

void success_text_put(const struct task *task, struct scep_status *status,
		      int64_t begins)
{
	const struct record *record = task->record;
	char failure[SCEP_TEXT255] = "", begin[STEP_BEGINS_TEXT] = "";
	const struct part parts[] = {
	    {failure, true},
	    {record->note, false},
	    {begin, true},
	    {record->difference, false},
	};

	status_clear(status);
	/* The certificate is registered, but a use location does not have
	 * it. */
	if (task->work.error.code == SCEP_DEPLOY_FAILED) {
		status_blame(status, &task->work.error);
		memcpy(failure, status->text, sizeof(failure));
	}
	if (begins != 0)
		write_begin(status, begins, begin);
	join_parts(status->text, sizeof(status->text), parts,
		   sizeof(parts) / sizeof(*parts));
}
