/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/restart.h"

#include "scep/agent_row.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/key_row.h"
#include "scep/rows.h"
#include "scep/view.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/keys/registry.h"
#include "scep/keys/use_locations.h"

/* From a disk that refused to the next try, in ms. */
#define SAVE_RETRY 5000
/* A command without an answer for so long has failed, in ms.  Its own limit is
 * much shorter, but another command may run before it. */
#define ANSWER_TIME (10 * 60 * 1000)

void restart_want(struct state *state, struct txn *txn, uint32_t who,
		  uint32_t key_index)
{
	struct scep_agent *agent = txn_edit_agent(state, txn);

	agent->restart_wanted |= who;
	if (key_index != 0)
		agent->restart_key = key_index;
}

/* Returns the index of the key that was installed last, or 0. */
static uint32_t last_installed_key(const struct scep_view *view)
{
	const struct scep_key *last = NULL;

	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];

		if (last == NULL || key->install_time >= last->install_time)
			last = key;
	}
	return last != NULL ? last->index : 0;
}

/* The restart stays pending, and a manager is notified.  The notification names
 * a key, so that there is none while the registry is empty. */
static void restart_stay_pending(struct state *state)
{
	uint32_t key = state->restart.key;

	state_publish(state);
	if (scep_rows_find(&state->view.keys, key) == NULL)
		key = last_installed_key(&state->view);
	if (key != 0)
		state_notify(state, SCEP_EVENT_RESTART_REQUIRED, key);
}

/* Logs who wants the restart, and because of which key. */
static void log_begin(const struct state *state, uint32_t who)
{
	const struct scep_key *key =
	    scep_rows_find(&state->view.keys, state->restart.key);
	const bool has_command = state->config.has_restart_command;
	const char *by =
	    (who & RESTART_BY_MANAGER) != 0 ? "the manager" : "the timer";
	char name[REGISTRY_KEY_NAME] = "";

	if (key != NULL)
		registry_name_key(&state->view, key, name);
	log_line(has_command ? SCEP_LOG_NOTICE : SCEP_LOG_WARNING,
		 "restart: wanted by %s%s%s: %s", by,
		 key != NULL ? " for " : "", name,
		 has_command ? "the restart command runs"
			     : "there is no restartCommand, the restart stays "
			       "pending");
}

static void restart_begin(struct state *state, uint32_t who)
{
	log_begin(state, who);
	if (!state->config.has_restart_command) {
		restart_stay_pending(state);
		return;
	}
	state->restart.is_running = true;
	state->restart.wake = state_mono(state) + ANSWER_TIME;
	state_notify(state, SCEP_EVENT_RESTART, state->restart.key);
}

/* Removes from the disk that a restart is wanted.  False if the disk refuses.
 */
static bool remove_wanted(struct state *state, struct scep_error *error)
{
	const uint32_t key = state->view.agent.restart_key;
	const bool was_pending = state->restart.is_pending;
	struct txn txn;

	txn_init(&txn);
	txn_put_agent(&txn, &state->view.agent);
	txn.agent.restart_wanted = 0;
	txn.agent.restart_key = 0;
	/* Set before the commit, so that scepAgentRestartPending does not go
	 * off and on again. */
	state->restart.is_pending = true;
	if (txn_commit(state, &txn, NULL, error) != SCEP_OK) {
		state->restart.is_pending = was_pending;
		return false;
	}
	state->restart.key = key;
	return true;
}

static void restart_settle(struct state *state)
{
	struct restart *restart = &state->restart;
	struct txn txn;

	restart->has_ended = false;
	restart->is_running = false;
	restart->wake = 0;
	if (restart->is_good) {
		log_info("restart: the restart command has ended well");
		restart->is_pending = false;
		txn_init(&txn);
		use_locations_note_restart(state, &txn);
		txn_commit(state, &txn, NULL, NULL);
		return;
	}
	log_error("restart: the restart command has failed; the restart stays "
		  "pending");
	restart_stay_pending(state);
}

void restart_end(struct state *state, bool is_good)
{
	struct restart *restart = &state->restart;

	if (!restart->is_running || restart->has_ended)
		return;
	restart->has_ended = true;
	restart->is_good = is_good;
	state_ask_tick(state);
}

static void restart_try_begin(struct state *state)
{
	const uint32_t who = state->view.agent.restart_wanted;
	struct scep_error error;

	error_init(&error);
	if (remove_wanted(state, &error)) {
		restart_begin(state, who);
		return;
	}
	log_error("restart: not begun: %s", error.text);
	state->restart.wake = state_mono(state) + SAVE_RETRY;
}

uint64_t restart_tick(struct state *state)
{
	struct restart *restart = &state->restart;

	if (state->is_stopping || state->store == NULL)
		return STATE_NEVER;
	if (restart->wake != 0 && state_mono(state) >= restart->wake) {
		restart->wake = 0;
		if (restart->is_running && !restart->has_ended) {
			log_error("restart: no answer from the restart "
				  "command within 10 minutes");
			restart_end(state, false);
		}
	}
	if (restart->has_ended)
		restart_settle(state);
	/* While `wake` is set, one is running, or a try is to come. */
	if (state->view.agent.restart_wanted != 0 && restart->wake == 0)
		restart_try_begin(state);
	return restart->wake != 0 ? restart->wake : STATE_NEVER;
}
