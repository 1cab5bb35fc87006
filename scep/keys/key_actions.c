/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/key_actions.h"

#include <string.h>

#include "scep/change.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "scep/text.h"
#include "scep/keys/action_result.h"
#include "scep/keys/not_before.h"
#include "scep/keys/registry.h"
#include "scep/keys/renewal.h"
#include "scep/keys/use_locations.h"
#include "scep/state/open_request.h"
#include "scep/state/request_new.h"

/* Say what a running action does. */
static const char RENEWING[] = "requesting a new certificate";
static const char DEPLOYING[] = "deploying the key";
static const char DEPLOYING_BEFORE[] = "deploying the key before it";

static struct scep_key *edit_key(struct state *state, struct txn *txn,
				 uint32_t index)
{
	return txn_edit(state, txn, STORE_KEY, index, false);
}

/* ------------------------------------------------------------ renewing -- */

/* Sends a request of the key's profile for that very certificate (MIB, rule
 * 16). */
static void begin_renewal(struct state *state, struct txn *txn,
			  struct scep_key *key)
{
	struct scep_profile *profile =
	    txn_edit(state, txn, STORE_PROFILE, key->profile_index, false);
	struct scep_values values;
	struct record *record;

	if (profile == NULL)
		return;
	values = renewal_values(key, profile);
	record = request_new_send(state, txn, profile, &values,
				  SCEP_TRIGGER_RENEWAL);
	explicit_bzero(&values, sizeof(values));
	if (record != NULL) {
		record->action_key = key->index;
		renewal_of(state, record, key);
	}
	action_result_run(key, RENEWING);
}

void key_actions_note_renewed(struct state *state, struct txn *txn,
			      uint32_t key_index,
			      const struct scep_error *error)
{
	struct scep_key *key =
	    key_index != 0 ? edit_key(state, txn, key_index) : NULL;

	if (key == NULL)
		return;
	if (error->code == SCEP_OK)
		action_result_succeed(key);
	else
		action_result_fail(key, error);
}

/* ---------------------------------------------- assigning, rolling back -- */

static void begin_assignment(struct state *state, struct txn *txn,
			     struct scep_key *key)
{
	if (not_before_assign(state, txn, key, key->assign_to)) {
		action_result_defer(key);
		return;
	}
	use_locations_want(state, txn, key->assign_to, key->index);
	action_result_run(key, DEPLOYING);
}

/* Has each location of the key want the key that it had before. */
static void begin_rollback(struct state *state, struct txn *txn,
			   struct scep_key *key)
{
	ROWS_EACH (i, &state->view.uses) {
		const struct scep_use *use = state->view.uses.row[i];
		uint32_t before = use->previous_key;

		if (use->key_index != key->index || before == 0)
			continue;
		if (scep_rows_find(&state->view.keys, before) == NULL &&
		    scep_rows_find(&state->view.retired, before) == NULL)
			continue;
		registry_restore_retired(state, txn, before);
		use_locations_want(state, txn, use->name, before);
		action_result_run(key, DEPLOYING_BEFORE);
	}
}

/* --------------------------------------------------------------- ending -- */

static bool is_renewing(const struct state *state, uint32_t key_index)
{
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (e->task.record->action_key == key_index &&
		    !e->task.record->is_suspended)
			return true;
	}
	return false;
}

/* True if a location other than `except` waits for a deployment that an action
 * on the key wants: of the key itself, or of the one before. */
static bool is_deploying(const struct scep_view *view, uint32_t key_index,
			 uint32_t except)
{
	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->index != except && use->wanted_key != 0 &&
		    (use->wanted_key == key_index ||
		     use->key_index == key_index))
			return true;
	}
	return false;
}

static void note_deployed(struct state *state, struct txn *txn,
			  uint32_t key_index, uint32_t use_index,
			  const struct scep_error *error)
{
	const struct scep_key *now =
	    scep_rows_find(&state->view.keys, key_index);
	struct scep_key *key;

	if (now == NULL || now->action_result != SCEP_IN_PROGRESS ||
	    now->is_to_be_verified || is_renewing(state, key_index))
		return;
	key = edit_key(state, txn, key_index);
	if (key == NULL)
		return;
	if (error->code != SCEP_OK)
		action_result_note(key, error);
	if (!is_deploying(&state->view, key_index, use_index))
		action_result_end(key);
}

void key_actions_note_deployed(struct state *state, struct txn *txn,
			       uint32_t use_index, uint32_t key_index,
			       const struct scep_error *error)
{
	const struct scep_use *before =
	    scep_rows_find(&state->view.uses, use_index);

	note_deployed(state, txn, key_index, use_index, error);
	if (before != NULL && before->key_index != key_index)
		note_deployed(state, txn, before->key_index, use_index, error);
}

/* True if an action is shown as running, and nothing will end it any more. */
static bool is_overtaken(const struct state *state, const struct scep_key *key)
{
	const struct deploy *deploy = &state->deploy;

	return key->action_result == SCEP_IN_PROGRESS &&
	       !key->is_to_be_verified && !is_renewing(state, key->index) &&
	       !is_deploying(&state->view, key->index, 0) &&
	       !(deploy->is_running && deploy->key == key->index);
}

uint64_t key_actions_tick(struct state *state)
{
	struct txn txn;

	if (state->is_stopping || state->store == NULL)
		return STATE_NEVER;
	txn_init(&txn);
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *old = state->view.keys.row[i];
		struct scep_key *key;

		if (!is_overtaken(state, old))
			continue;
		key = edit_key(state, &txn, old->index);
		if (key != NULL)
			action_result_cancel(key, "another key took its place, "
						  "or the location is gone");
	}
	if (txn.count > 0)
		txn_commit(state, &txn, NULL, NULL);
	else
		txn_free(&txn);
	return STATE_NEVER;
}

/* ----------------------------------------------------------- beginning -- */

static void begin_action(struct state *state, struct txn *txn, uint32_t index,
			 enum scep_key_action action)
{
	struct scep_key *key = edit_key(state, txn, index);

	if (key == NULL)
		return;
	switch (action) {
	case SCEP_KEY_RENEW:
		begin_renewal(state, txn, key);
		break;
	case SCEP_KEY_ASSIGN:
		begin_assignment(state, txn, key);
		break;
	case SCEP_KEY_ROLLBACK:
		begin_rollback(state, txn, key);
		break;
	case SCEP_KEY_VERIFY:
		key->is_to_be_verified = true;
		action_result_run(key, "reading the files of the key");
		break;
	case SCEP_KEY_NOOP:
		break;
	}
}

void key_actions_act(struct state *state, struct txn *txn,
		     const struct rules_action *action)
{
	/* registry_sweep() removes the files at the end of the Set. */
	if (action->field == SCEP_KEY_ROW_STATUS)
		registry_remove_key(state, txn, action->index);
	if (action->field == SCEP_KEY_ACTION)
		begin_action(state, txn, action->index,
			     (enum scep_key_action)action->number);
}

/* -------------------------------------------------------- running again -- */

static void show_running(struct state *state, struct txn *txn,
			 uint32_t key_index, const char *words)
{
	struct scep_key *key =
	    key_index != 0 ? edit_key(state, txn, key_index) : NULL;

	if (key != NULL)
		action_result_run(key, words);
}

void key_actions_note_resumed(struct state *state, struct txn *txn,
			      uint32_t key_index)
{
	show_running(state, txn, key_index, RENEWING);
}

void key_actions_recall(struct state *state, struct txn *txn)
{
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (!e->task.record->is_suspended)
			show_running(state, txn, e->task.record->action_key,
				     RENEWING);
	}
	ROWS_EACH (i, &state->view.uses) {
		const struct scep_use *use = state->view.uses.row[i];

		show_running(state, txn, use->wanted_key, DEPLOYING);
	}
}
