/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/open_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/base/log.h"
#include "scep/settings/settings.h"
#include "scep/settings/view_query.h"

/* ------------------------------------------------------------------ open -- */

void open_request_name(const struct scep_view *view,
		       const struct record *record, char name[TASK_NAME])
{
	char profile[VIEW_PROFILE_NAME];

	view_name_profile(view, record->profile_index, profile);
	snprintf(name, TASK_NAME, "request %u (%s, key %s, %s)", record->index,
		 profile, record->values.key_name, record->values.common_name);
}

/* Returns the rest of a wait for a poll, in ms.  A clock that was set cannot
 * make it longer than it was. */
static uint64_t wait_left(struct state *state, const struct record *record)
{
	const struct scep_profile *profile =
	    scep_rows_find(&state->view.profiles, record->profile_index);
	int64_t left = record->next_try - state_now(state);
	int64_t longest = record->next_wait;

	if (record->next_try == 0 || left <= 0 || profile == NULL)
		return 0;
	/* A record of version 0.1.0 does not say. */
	if (longest == 0)
		longest = profile->timer.poll_interval;
	if (left > longest)
		left = longest;
	return (uint64_t)left * 1000;
}

static bool open_request_open(struct state *state, struct record *record)
{
	struct open_request *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return false;
	task_open(&e->task, state->request_ops, state, row_retain(record));
	open_request_name(&state->view, record, e->task.name);
	e->task.is_blocked = task_has_late_worker(state, record->index);
	if (record->is_suspended)
		e->task.due = STATE_NEVER;
	else
		e->task.due += wait_left(state, record);
	e->next = state->open_requests;
	state->open_requests = e;
	return true;
}

static void open_request_discard(struct open_request *e)
{
	struct open_request **list = &e->task.state->open_requests;

	while (*list != e)
		list = &(*list)->next;
	*list = e->next;
	task_discard(&e->task);
}

void open_request_discard_all(struct state *state)
{
	while (state->open_requests != NULL)
		open_request_discard(state->open_requests);
	while (state->tasks != NULL)
		task_discard(state->tasks);
}

/* ------------------------------------------------- following the records -- */

static void follow_record(struct state *state, uint32_t index)
{
	struct record *record = (void *)scep_rows_find(&state->records, index);
	struct open_request *e = open_request_find(state, index);

	if (record == NULL) {
		if (e != NULL)
			open_request_discard(e);
	} else if (e != NULL) {
		row_release(e->task.record);
		e->task.record = row_retain(record);
	} else if (!open_request_open(state, record)) {
		/* It is on disk: the next start finds it. */
		state_notify(state, SCEP_EVENT_FATAL, 0);
	}
}

bool open_request_follow_records(struct state *state,
				 const struct task_ops *ops)
{
	state->request_ops = ops;
	state->follow_record = follow_record;
	ROWS_EACH (i, &state->records) {
		if (!open_request_open(state, state->records.row[i]))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------- questions -- */

struct open_request *open_request_find(struct state *state, uint32_t index)
{
	struct open_request *e = state->open_requests;

	while (e != NULL && e->task.record->index != index)
		e = e->next;
	return e;
}

struct open_request *open_request_of(struct task *task)
{
	return (struct open_request *)task;
}

const struct scep_status *open_request_status_now(struct open_request *e)
{
	return scep_rows_find(&e->task.state->view.statuses,
			      e->task.record->index);
}

/* ------------------------------------------------------------- challenge -- */

/* Tells if the challenge of the profile was for this request.  The renewal of a
 * key takes the one that is set. */
static bool has_challenge_of(const struct scep_profile *profile,
			     const struct record *record)
{
	if (record->action_key != 0)
		return record->values.challenge_password.length ==
			   profile->request.challenge_password.length &&
		       memcmp(record->values.challenge_password.data,
			      profile->request.challenge_password.data,
			      record->values.challenge_password.length) == 0;
	return profile->request_status_index == record->index &&
	       (profile->request_written &
		settings_request_bit(SCEP_REQUEST_CHALLENGE_PASSWORD)) == 0;
}

void open_request_wipe_challenge(struct open_request *e, struct record *next,
				 struct txn *txn)
{
	const struct record *record = e->task.record;
	const struct scep_profile *old = task_profile(&e->task);
	struct scep_profile *profile;

	if (next != NULL && next->values.challenge_password.length > 0)
		txn_log(txn, SCEP_LOG_INFO,
			"%s: the challenge password is removed", e->task.name);
	if (next != NULL)
		memset(&next->values.challenge_password, 0,
		       sizeof(next->values.challenge_password));
	/* The profile has the challenge of this request, or one for the next.
	 */
	if (old == NULL || old->request.challenge_password.length == 0 ||
	    !has_challenge_of(old, record))
		return;
	profile = txn_edit(e->task.state, txn, STORE_PROFILE,
			   record->profile_index, false);
	if (profile != NULL)
		memset(&profile->request.challenge_password, 0,
		       sizeof(profile->request.challenge_password));
}

/* --------------------------------------------------------- request values --
 */

void open_request_preset_values(struct open_request *e, struct txn *txn)
{
	const struct record *record = e->task.record;
	const struct scep_profile *old = task_profile(&e->task);
	struct scep_profile *profile;

	if (old == NULL || old->request_status_index != record->index)
		return;
	profile = txn_edit(e->task.state, txn, STORE_PROFILE,
			   record->profile_index, false);
	if (profile != NULL)
		settings_preset_sent(profile);
}
