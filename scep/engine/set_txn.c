/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/engine/set_txn.h"

#include <stdio.h>
#include <string.h>

#include "scep/codes.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/server.h"
#include "scep/status_row.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/engine/set_actions.h"
#include "scep/engine/set_log.h"
#include "scep/enroll/ca_table.h"
#include "scep/enroll/server_check.h"
#include "scep/enroll/timers.h"
#include "scep/keys/not_before.h"
#include "scep/keys/registry.h"
#include "scep/settings/draft.h"
#include "scep/state/open_request.h"
#include "scep/state/request_new.h"
#include "scep/state/status.h"

/* A master that neither completes nor undoes a Set for so long, in ms, has been
 * killed. */
#define CONFIRM_TIME 5000

void set_txn_init(struct set_txn *set_txn, struct io *io)
{
	memset(set_txn, 0, sizeof(*set_txn));
	io_gate_init(&set_txn->gate, io);
	txn_init(&set_txn->undo);
}

void set_txn_free(struct set_txn *set_txn)
{
	io_gate_open(&set_txn->gate);
	txn_free(&set_txn->undo);
}

struct io *set_txn_io(struct set_txn *set_txn)
{
	return &set_txn->gate.io;
}

bool set_txn_is_open(const struct set_txn *set_txn)
{
	return set_txn->is_open;
}

/* ---------------------------------------------------------- the change -- */

/* The facts of a server say nothing of another server. */
static void forget_server_facts(const struct scep_profile *before,
				struct scep_profile *after)
{
	const struct scep_server_facts nothing = {.check_result = SCEP_NONE};

	if (before != NULL &&
	    strcmp(before->server.url, after->server.url) != 0)
		after->facts = nothing;
}

static void put_profiles(struct state *state, struct txn *txn,
			 const struct draft *draft, bool *is_config)
{
	ROWS_EACH (i, &draft->profiles) {
		struct scep_profile *profile = draft->profiles.row[i];
		const struct scep_profile *before =
		    scep_rows_find(&state->view.profiles, profile->index);

		timers_change(state, txn, before, profile);
		forget_server_facts(before, profile);
		if (draft->is_durable[profile->index]) {
			*is_config = true;
			txn_put(txn, STORE_PROFILE, row_retain(profile));
		} else {
			txn_show(txn, STORE_PROFILE, row_retain(profile));
		}
	}
}

static void remove_profiles(struct state *state, struct txn *txn,
			    const struct draft *draft, bool *is_config)
{
	for (uint32_t index = 1; index <= SCEP_PROFILE_MAX; index++) {
		if (draft->forgets_pins[index] || draft->is_destroyed[index])
			ca_table_forget(state, index, txn);
		if (!draft->is_destroyed[index])
			continue;
		*is_config = true;
		request_new_drop_suspended(state, txn, index);
		timers_forget(state, index, txn);
		not_before_forget_profile(state, txn, index);
		txn_remove(txn, STORE_PROFILE, index);
	}
}

static void put_draft(struct state *state, struct txn *txn,
		      const struct draft *draft)
{
	bool is_config = draft->agent_is_set;

	if (draft->agent_is_changed)
		txn_put_agent(txn, &draft->agent);
	put_profiles(state, txn, draft, &is_config);
	remove_profiles(state, txn, draft, &is_config);
	ROWS_EACH (i, &draft->cas)
		txn_put(txn, STORE_CA, row_retain(draft->cas.row[i]));
	ROWS_EACH (i, &draft->keys)
		txn_show(txn, STORE_KEY, row_retain(draft->keys.row[i]));
	for (size_t i = 0; i < draft->action_count; i++)
		set_actions_add(state, txn, &draft->actions[i]);
	if (is_config)
		txn_edit_agent(state, txn)->config_last_change_mono =
		    state_mono(state);
	txn_trim_statuses(state, txn);
}

/* Notes the checks, which begin when the Set is confirmed. */
static void note_checks(struct set_txn *set_txn, const struct draft *draft)
{
	for (size_t i = 0; i < draft->action_count; i++) {
		const struct rules_action *action = &draft->actions[i];

		if (action->field == SCEP_SERVER_CHECK)
			set_txn->checks[action->index] = action->number;
	}
}

static enum scep_refusal set_txn_refuse(struct scep_verdict *verdict,
					const char *reason)
{
	verdict->refusal = SCEP_COMMIT_FAILED;
	verdict->item = 0;
	snprintf(verdict->reason, sizeof(verdict->reason), "%.150s", reason);
	return SCEP_COMMIT_FAILED;
}

enum scep_refusal set_txn_change(struct set_txn *set_txn, struct state *state,
				 const struct scep_change *change,
				 uint64_t *ticket, struct scep_verdict *verdict)
{
	struct scep_error error;
	struct draft draft;
	struct txn txn;
	enum scep_refusal refusal;

	if (set_txn->is_open)
		set_txn_confirm(set_txn, state, set_txn->ticket);
	txn_init(&txn);
	error_init(&error);
	refusal =
	    draft_make(&state->view, &state->config, change, &draft, verdict);
	if (refusal != SCEP_ACCEPTED)
		goto out;
	put_draft(state, &txn, &draft);
	if (txn_commit(state, &txn, &set_txn->undo, &error) != SCEP_OK) {
		refusal = set_txn_refuse(verdict, error.text);
		goto out;
	}
	note_checks(set_txn, &draft);
	set_txn->is_open = true;
	set_txn->deadline = state_mono(state) + CONFIRM_TIME;
	io_gate_close(&set_txn->gate);
	*ticket = ++set_txn->ticket;
out:
	draft_free(&draft);
	return refusal;
}

/* ------------------------------------------------------------- the end -- */

/* Counts the requests that the Set has cancelled, and notifies. */
static void notify_cancelled(struct set_txn *set_txn, struct state *state)
{
	bool is_any = false;

	for (size_t i = 0; i < set_txn->undo.count; i++) {
		const struct txn_op *op = &set_txn->undo.ops[i];
		const struct scep_status *before = op->row, *now;

		if (op->table != STORE_STATUS || before == NULL ||
		    !scep_status_is_open(before))
			continue;
		now = scep_rows_find(&state->view.statuses, op->index);
		if (now == NULL || scep_status_is_open(now) ||
		    now->detail != SCEP_CANCELLED)
			continue;
		stats_count_end(&state->view.stats, now->finish_time, false);
		state_notify(state, SCEP_EVENT_REQUEST_FAILED, now->index);
		is_any = true;
	}
	if (is_any)
		state_publish(state);
}

/* True if the Set has removed a request or a key, whose files go with it. */
static bool has_removed_files(const struct set_txn *set_txn,
			      struct state *state)
{
	for (size_t i = 0; i < set_txn->undo.count; i++) {
		const struct txn_op *op = &set_txn->undo.ops[i];

		if (op->row == NULL)
			continue;
		if (op->table == STORE_RECORD &&
		    scep_rows_find(&state->records, op->index) == NULL)
			return true;
		if (op->table == STORE_KEY &&
		    scep_rows_find(&state->view.keys, op->index) == NULL)
			return true;
	}
	return false;
}

/* Begins the checks, and continues the requests that have no time to wait for:
 * those that the Set begins or polls, and those that wait for a decision about
 * their CA. */
static void begin_actions(struct set_txn *set_txn, struct state *state)
{
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (!e->task.record->is_suspended &&
		    e->task.record->next_try == 0)
			task_continue(&e->task);
	}
	for (uint32_t index = 1; index <= SCEP_PROFILE_MAX; index++) {
		if (set_txn->checks[index] != 0)
			server_check_begin(state, index,
					   set_txn->checks[index]);
	}
	memset(set_txn->checks, 0, sizeof(set_txn->checks));
}

static void set_txn_close(struct set_txn *set_txn)
{
	set_txn->is_open = false;
	io_gate_open(&set_txn->gate);
}

void set_txn_confirm(struct set_txn *set_txn, struct state *state,
		     uint64_t ticket)
{
	bool has_removed;

	if (!set_txn->is_open || ticket != set_txn->ticket)
		return;
	set_log(state, &set_txn->undo);
	notify_cancelled(set_txn, state);
	has_removed = has_removed_files(set_txn, state);
	txn_free(&set_txn->undo);
	begin_actions(set_txn, state);
	if (has_removed)
		registry_sweep(state);
	set_txn_close(set_txn);
}

enum scep_refusal set_txn_revert(struct set_txn *set_txn, struct state *state,
				 uint64_t ticket, struct scep_verdict *verdict)
{
	struct scep_error error;
	struct txn undo;

	if (ticket == set_txn->reverted)
		return SCEP_ACCEPTED;
	if (!set_txn->is_open || ticket != set_txn->ticket)
		return set_txn_refuse(verdict, "it is too late");
	error_init(&error);
	txn_copy(&undo, &set_txn->undo);
	if (txn_commit(state, &undo, NULL, &error) == SCEP_OK) {
		txn_free(&set_txn->undo);
		memset(set_txn->checks, 0, sizeof(set_txn->checks));
		set_txn->reverted = ticket;
		registry_destroy_marked(state);
		set_txn_close(set_txn);
		return SCEP_ACCEPTED;
	}
	/* The Set stands, and nobody will ask again. */
	set_txn_confirm(set_txn, state, ticket);
	return set_txn_refuse(verdict, error.text);
}

uint64_t set_txn_tick(struct set_txn *set_txn, struct state *state)
{
	if (!set_txn->is_open)
		return STATE_NEVER;
	if (state_mono(state) < set_txn->deadline)
		return set_txn->deadline;
	log_warning("a Set was neither completed nor undone in time: it "
		    "stands");
	set_txn_confirm(set_txn, state, set_txn->ticket);
	return STATE_NEVER;
}
