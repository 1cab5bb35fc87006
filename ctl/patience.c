/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/patience.h"

#include "ctl/tasks.h"

/* Milliseconds. */
#define LOOK_OFTEN     200
#define LOOK_SELDOM    1000
#define OFTEN_AT_FIRST 10000
#define SILENT_MAX     120000

void patience_begin(struct patience *patience)
{
	patience->begin = task_now();
	patience->silent_since = 0;
}

/* Notes when a device falls silent; returns for how long it has been so. */
static int64_t silence(struct patience *patience, struct visit *visit,
		       bool is_answered)
{
	if (is_answered) {
		patience->silent_since = 0;
		return 0;
	}
	if (patience->silent_since == 0) {
		patience->silent_since = task_now();
		if (visit->is_alone)
			visit_note(visit, "waiting for the agent");
	}
	return task_now() - patience->silent_since;
}

bool patience_go_on(struct patience *patience, struct visit *visit,
		    bool is_answered, const struct reason *reason)
{
	int64_t limit = visit->line->wait == WAIT_UNSET
			    ? INT64_MAX
			    : (int64_t)visit->line->wait * 1000;
	int64_t passed = task_now() - patience->begin;
	int64_t silent = silence(patience, visit, is_answered);
	struct reason late;

	if (!is_answered && (silent > SILENT_MAX || passed >= limit)) {
		visit_end(visit, EXIT_SILENT, reason);
		return false;
	}
	if (passed >= limit) {
		reason_set(&late,
			   "it has not ended within %ld seconds; it goes on",
			   visit->line->wait);
		visit_end(visit, EXIT_FAILED, &late);
		return false;
	}
	task_sleep(passed < OFTEN_AT_FIRST ? LOOK_OFTEN : LOOK_SELDOM);
	return true;
}
