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
#include "scep/timer.h"
#include "scep/use_row.h"
#include "scep/enroll/ca_table.h"
#include "scep/enroll/server_check.h"
#include "scep/settings/draft.h"
#include "scep/state/open_request.h"
#include "scep/base/error.h"
#include "scep/keys/key_actions.h"
#include "scep/base/log.h"
#include "scep/keys/registry.h"
#include "scep/state/request_new.h"
#include "scep/keys/restart.h"
#include "scep/state/status.h"
#include "scep/enroll/timers.h"

/* A master that says nothing for this long, in ms, has been killed. */
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

/* -------------------------------------------------------- batch's rows -- */

static struct scep_profile *profile_in(struct state *state, struct txn *txn,
				       uint32_t index)
{
	return txn_edit(state, txn, STORE_PROFILE, index, false);
}

static struct scep_status *status_in(struct state *state, struct txn *txn,
				     uint32_t index)
{
	return txn_edit(state, txn, STORE_STATUS, index, true);
}

/* ------------------------------------------------------------- actions -- */

/* The request of a profile that is open, or that could be resumed. */
static struct open_request *request_of(struct state *state,
				       uint32_t profile_index)
{
	struct open_request *found = NULL;

	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (e->task.record->profile_index == profile_index &&
		    (found == NULL || !e->task.record->is_suspended))
			found = e;
	}
	return found;
}

static void act_send(struct state *state, struct txn *txn,
		     uint32_t profile_index)
{
	struct scep_profile *profile = profile_in(state, txn, profile_index);
	struct scep_status *status;
	uint32_t index;

	if (profile == NULL)
		return;
	if (!txn->has_agent)
		txn_put_agent(txn, &state->view.agent);
	index = ++txn->agent.status_last_index;
	request_new_drop_suspended(state, txn, profile_index);
	profile->request_status_index = index;
	status = request_new_status(profile, &profile->request,
				    SCEP_TRIGGER_MANUAL, index);
	if (status != NULL)
		status->request_time = state_now(state);
	txn_put(txn, STORE_STATUS, status);
	txn_put(txn, STORE_RECORD,
		request_new_record(profile, &profile->request, index));
}

static void status_cancel(struct state *state, struct scep_status *status)
{
	struct scep_error error;

	error_init(&error);
	error_set(&error, SCEP_CANCELLED, "by the manager");
	status_end(status, state_now(state), SCEP_STATE_ERROR);
	status_blame(status, &error);
}

static void act_cancel(struct state *state, struct txn *txn,
		       uint32_t profile_index)
{
	struct open_request *e = request_of(state, profile_index);
	struct scep_status *status;
	struct scep_profile *profile;

	if (e == NULL || e->task.record->is_suspended)
		return;
	/* Its certificate is registered, and it ends without the server. */
	if (e->task.record->step == STEP_DEPLOY) {
		log_info("%s: not cancelled, as its certificate is registered",
			 e->task.name);
		return;
	}
	status = status_in(state, txn, e->task.record->index);
	if (status != NULL)
		status_cancel(state, status);
	txn_remove(txn, STORE_RECORD, e->task.record->index);
	key_actions_note_renewed(state, txn, e->task.record->action_key,
				 SCEP_CANCELLED);
	profile = profile_in(state, txn, profile_index);
	if (profile != NULL && status != NULL &&
	    status->trigger != SCEP_TRIGGER_MANUAL)
		timers_note_cancel(state, profile);
	else if (profile != NULL &&
		 profile->request_status_index == e->task.record->index)
		memset(&profile->request.challenge_password, 0,
		       sizeof(profile->request.challenge_password));
	log_info("%s: cancelled by the manager", e->task.name);
}

/* A parked request has lost its challenge; one that was given anew serves. */
static void act_poll_now(struct state *state, struct txn *txn,
			 uint32_t profile_index)
{
	struct open_request *e = request_of(state, profile_index);
	struct scep_profile *profile = profile_in(state, txn, profile_index);
	struct scep_status *status;
	struct record *next;

	/* In the middle of an exchange there is nothing to hasten. */
	if (e == NULL || e->task.is_busy || profile == NULL)
		return;
	status = status_in(state, txn, e->task.record->index);
	/* It begins by itself. */
	if (status != NULL && status->state == SCEP_STATE_TO_BE_PROCESSED)
		return;
	next = txn_edit(state, txn, STORE_RECORD, e->task.record->index, true);
	if (next != NULL) {
		next->is_suspended = false;
		next->next_try = 0;
		if (next->values.challenge_password.length == 0)
			next->values.challenge_password =
			    profile->request.challenge_password;
	}
	if (status == NULL)
		return;
	status->state = SCEP_STATE_PROCESSING;
	status->finish_time = 0;
	if (e->task.record->step != STEP_WAIT_TRUST)
		status->next_poll = state_now(state);
}

static void act_check(struct state *state, struct txn *txn,
		      uint32_t profile_index)
{
	struct scep_profile *profile = profile_in(state, txn, profile_index);

	if (profile != NULL)
		profile->facts.check_result = SCEP_IN_PROGRESS;
}

static void act(struct state *state, struct txn *txn,
		const struct draft_action *action)
{
	if (action->field == SCEP_AGENT_RESTART)
		restart_want(state, txn, RESTART_BY_MANAGER, 0);
	if (action->field == SCEP_SERVER_CHECK)
		act_check(state, txn, action->index);
	/* With a trusted row, its pin is forgotten. */
	if (action->field == SCEP_CA_ROW_STATUS)
		txn_remove(txn, STORE_CA, action->index);
	key_actions_act(state, txn, action);
	if (action->field != SCEP_REQUEST_ACTION)
		return;
	switch ((enum scep_request_action)action->number) {
	case SCEP_ACTION_SEND:
		act_send(state, txn, action->index);
		break;
	case SCEP_ACTION_CANCEL:
		act_cancel(state, txn, action->index);
		break;
	case SCEP_ACTION_POLL_NOW:
		act_poll_now(state, txn, action->index);
		break;
	case SCEP_ACTION_CLEAR:
		request_new_drop_suspended(state, txn, action->index);
		break;
	case SCEP_ACTION_NOOP:
		break;
	}
}

/* ---------------------------------------------------------- the change -- */

/* What was learned of a server says nothing of another one. */
static void forget_facts(const struct scep_profile *before,
			 struct scep_profile *after)
{
	const struct scep_server_facts nothing = {.check_result = SCEP_NONE};

	if (before != NULL &&
	    strcmp(before->server.url, after->server.url) != 0)
		after->facts = nothing;
}

static void txn_profiles(struct state *state, struct txn *txn,
			 const struct draft *draft, bool *is_config)
{
	ROWS_EACH (i, &draft->profiles) {
		struct scep_profile *profile = draft->profiles.row[i];

		const struct scep_profile *before =
		    scep_rows_find(&state->view.profiles, profile->index);

		timers_change(state, txn, before, profile);
		forget_facts(before, profile);
		if (draft->is_durable[profile->index]) {
			*is_config = true;
			txn_put(txn, STORE_PROFILE, row_retain(profile));
		} else {
			txn_show(txn, STORE_PROFILE, row_retain(profile));
		}
	}
	for (uint32_t index = 1; index <= SCEP_PROFILE_MAX; index++) {
		if (draft->forgets_pins[index] || draft->is_destroyed[index])
			ca_table_forget(state, index, txn);
		if (!draft->is_destroyed[index])
			continue;
		*is_config = true;
		request_new_drop_suspended(state, txn, index);
		timers_forget(state, index, txn);
		txn_remove(txn, STORE_PROFILE, index);
	}
}

static void txn_of_draft(struct state *state, struct txn *txn,
			 const struct draft *draft)
{
	bool is_config = draft->agent_is_set;

	if (draft->agent_is_changed)
		txn_put_agent(txn, &draft->agent);
	txn_profiles(state, txn, draft, &is_config);
	ROWS_EACH (i, &draft->cas)
		txn_put(txn, STORE_CA, row_retain(draft->cas.row[i]));
	ROWS_EACH (i, &draft->keys)
		txn_show(txn, STORE_KEY, row_retain(draft->keys.row[i]));
	for (size_t i = 0; i < draft->action_count; i++)
		act(state, txn, &draft->actions[i]);
	if (is_config) {
		if (!txn->has_agent)
			txn_put_agent(txn, &state->view.agent);
		txn->agent.config_last_change_mono = state_mono(state);
	}
	txn_trim_statuses(state, txn);
}

/* Checks begin when the Set is confirmed. */
static void note_checks(struct set_txn *set_txn, const struct draft *draft)
{
	for (size_t i = 0; i < draft->action_count; i++) {
		const struct draft_action *action = &draft->actions[i];

		if (action->field == SCEP_SERVER_CHECK)
			set_txn->checks[action->index] = action->number;
	}
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
	txn_of_draft(state, &txn, &draft);
	if (txn_commit(state, &txn, &set_txn->undo, &error) != SCEP_OK) {
		refusal = SCEP_COMMIT_FAILED;
		verdict->refusal = refusal;
		verdict->item = 0;
		snprintf(verdict->reason, sizeof(verdict->reason), "%.150s",
			 error.text);
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

/* What was open before the change and is not any more, a cancel has ended; now
 * that it stands, it counts, and is told. */
static void tell_cancelled(struct set_txn *set_txn, struct state *state)
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

/* Whether the files of a request or a key may have to go. */
static bool removes_files(const struct set_txn *set_txn, struct state *state)
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

/* Hastens what has no time to wait for: requests that the Set begins or polls,
 * and those that wait for a decision about their CA. */
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

/* What has ended meanwhile may change the state again. */
static void set_txn_end(struct set_txn *set_txn)
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
	tell_cancelled(set_txn, state);
	has_removed = removes_files(set_txn, state);
	txn_free(&set_txn->undo);
	begin_actions(set_txn, state);
	if (has_removed)
		registry_sweep(state);
	set_txn_end(set_txn);
}

static enum scep_refusal refuse_to_revert(struct scep_verdict *verdict,
					  const char *reason)
{
	verdict->refusal = SCEP_COMMIT_FAILED;
	verdict->item = 0;
	snprintf(verdict->reason, sizeof(verdict->reason), "%.150s", reason);
	return SCEP_COMMIT_FAILED;
}

enum scep_refusal set_txn_revert(struct set_txn *set_txn, struct state *state,
				 uint64_t ticket, struct scep_verdict *verdict)
{
	struct scep_error error;

	if (ticket == set_txn->reverted)
		return SCEP_ACCEPTED;
	if (!set_txn->is_open || ticket != set_txn->ticket)
		return refuse_to_revert(verdict, "it is too late");
	error_init(&error);
	if (txn_commit(state, &set_txn->undo, NULL, &error) == SCEP_OK) {
		memset(set_txn->checks, 0, sizeof(set_txn->checks));
		set_txn->reverted = ticket;
		set_txn_end(set_txn);
		return SCEP_ACCEPTED;
	}
	/* What cannot be taken back stands, and nobody will ask again. */
	begin_actions(set_txn, state);
	set_txn_end(set_txn);
	return refuse_to_revert(verdict, error.text);
}

uint64_t set_txn_tick(struct set_txn *set_txn, struct state *state)
{
	if (!set_txn->is_open)
		return STATE_NEVER;
	if (state_mono(state) < set_txn->deadline)
		return set_txn->deadline;
	log_warning("a Set was neither completed nor undone: it stands");
	set_txn_confirm(set_txn, state, set_txn->ticket);
	return STATE_NEVER;
}
