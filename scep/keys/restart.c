/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/restart.h"

#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/keys/use_locations.h"

/* When the disk refuses, how long until it is tried again, in ms. */
#define SAVE_AGAIN 5000
/* A command of which nothing is heard for so long has failed, in ms.  Its own
 * time limit is much shorter, and another one may run before it. */
#define PATIENCE (10 * 60 * 1000)

void restart_want(struct state *state, struct txn *txn, uint32_t who,
		  uint32_t key_index)
{
	if (!txn->has_agent)
		txn_put_agent(txn, &state->view.agent);
	txn->agent.restart_wanted |= who;
	if (key_index != 0)
		txn->agent.restart_key = key_index;
}

void restart_keep(const struct state *state, struct txn *undo)
{
	const struct scep_agent *now = &state->view.agent;

	if (!undo->has_agent)
		return;
	undo->agent.restart_wanted =
	    (undo->agent.restart_wanted & RESTART_BY_MANAGER) |
	    (now->restart_wanted & RESTART_BY_TIMER);
	undo->agent.restart_key = now->restart_key;
}

/* The key that was installed last, or 0. */
static uint32_t last_key(const struct scep_view *view)
{
	const struct scep_key *last = NULL;

	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];

		if (last == NULL || key->install_time >= last->install_time)
			last = key;
	}
	return last != NULL ? last->index : 0;
}

/* The restart stays pending; a manager has to see to it.  The notification
 * names a key, and is not for a registry that has none. */
static void stay_pending(struct state *state)
{
	uint32_t key = state->restart.key;

	state_publish(state);
	if (scep_rows_find(&state->view.keys, key) == NULL)
		key = last_key(&state->view);
	if (key != 0)
		state_notify(state, SCEP_EVENT_RESTART_REQUIRED, key);
}

static void begin(struct state *state)
{
	if (!state->config.has_restart_command) {
		log_warning("a restart is due, and there is no restartCommand");
		stay_pending(state);
		return;
	}
	log_info("the restart command is run");
	state->restart.is_running = true;
	state->restart.wake = state_mono(state) + PATIENCE;
	state_notify(state, SCEP_EVENT_RESTART, state->restart.key);
}

/* From here on, it is not wanted any more, whatever happens to us. */
static bool take_wish(struct state *state, struct scep_error *error)
{
	const uint32_t key = state->view.agent.restart_key;
	const bool was_pending = state->restart.is_pending;
	struct txn txn;

	txn_init(&txn);
	txn_put_agent(&txn, &state->view.agent);
	txn.agent.restart_wanted = 0;
	txn.agent.restart_key = 0;
	/* What is shown does not go off and on again. */
	state->restart.is_pending = true;
	if (txn_commit(state, &txn, NULL, error) != SCEP_OK) {
		state->restart.is_pending = was_pending;
		return false;
	}
	state->restart.key = key;
	return true;
}

void restart_tick(struct state *state)
{
	struct restart *restart = &state->restart;
	struct scep_error error;

	if (state->is_stopping || state->store == NULL)
		return;
	if (restart->wake != 0 && state_mono(state) >= restart->wake) {
		restart->wake = 0;
		if (restart->is_running) {
			log_error("nothing is heard of the restart command");
			restart_end(state, false);
		}
	}
	/* While one runs, and after the disk has refused, `wake` is to come. */
	if (state->view.agent.restart_wanted == 0 || restart->wake != 0 ||
	    state->deadline != 0)
		return;
	error_init(&error);
	if (take_wish(state, &error)) {
		begin(state);
		return;
	}
	log_error("the restart waits for the disk: %s", error.text);
	restart->wake = state_mono(state) + SAVE_AGAIN;
}

void restart_end(struct state *state, bool is_good)
{
	struct restart *restart = &state->restart;
	struct txn txn;

	if (!restart->is_running)
		return;
	restart->is_running = false;
	restart->wake = 0;
	if (is_good) {
		log_info("the restart command has ended well");
		restart->is_pending = false;
		txn_init(&txn);
		use_locations_note_restart(state, &txn);
		txn_commit(state, &txn, NULL, NULL);
		return;
	}
	log_error("the restart command has failed: the restart stays pending");
	stay_pending(state);
}
