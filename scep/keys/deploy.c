/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/deploy.h"

#include <stdio.h>
#include <string.h>

#include "scep/agent_row.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/event.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/rows.h"
#include "scep/use_row.h"
#include "scep/text.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/keys/key_actions.h"
#include "scep/keys/registry.h"
#include "scep/settings/use_list.h"
#include "scep/state/open_request.h"
#include "scep/state/status.h"

/* From a result that could not be stored to the next try, in ms. */
#define SAVE_RETRY 5000
/* A deployment without an answer for so long has failed, in ms.  The commands
 * of a location have limits of their own, which are much shorter. */
#define ANSWER_TIME (15 * 60 * 1000)
/* From one round of probes to the next, in ms. */
#define PROBE_INTERVAL (10 * 60 * 1000)

/* ------------------------------------------------------------ beginning -- */

static const struct scep_use *next_wanted(const struct state *state)
{
	ROWS_EACH (i, &state->view.uses) {
		const struct scep_use *use = state->view.uses.row[i];

		if (use->wanted_key != 0)
			return use;
	}
	return NULL;
}

static const struct scep_use *next_to_probe(const struct state *state)
{
	ROWS_EACH (i, &state->view.uses) {
		const struct scep_use *use = state->view.uses.row[i];
		const struct scep_use_config *config =
		    use_locations_config(state, use);

		if (use->index > state->deploy.probed && config != NULL &&
		    config->has_probe)
			return use;
	}
	return NULL;
}

static void name_key(const struct state *state, uint32_t index,
		     char name[REGISTRY_KEY_NAME])
{
	const struct scep_key *key = scep_rows_find(&state->view.keys, index);

	if (key != NULL)
		registry_name_key(&state->view, key, name);
	else
		snprintf(name, REGISTRY_KEY_NAME, "key %u", index);
}

static void log_deploy(const struct state *state, const struct scep_use *use,
		       uint32_t key_index)
{
	char key[REGISTRY_KEY_NAME];

	name_key(state, key_index, key);
	log_info("use location %s: the installation of %s begins", use->name,
		 key);
}

static void mark_corrupt(struct state *state, uint32_t index)
{
	struct scep_key *key;
	struct txn txn;

	txn_init(&txn);
	key = txn_edit(state, &txn, STORE_KEY, index, true);
	if (key != NULL)
		key->is_corrupt = true;
	txn_commit(state, &txn, NULL, NULL);
}

/* Never gives files away that are not those of the key; the deployment has
 * failed then. */
static bool deploy_may_begin(struct state *state, const struct scep_use *use)
{
	const struct scep_key *key =
	    scep_rows_find(&state->view.keys, use->wanted_key);
	struct scep_deploy_end end = {.use_index = use->index,
				      .is_enabled = use->function_enabled};
	struct scep_error error;

	if (key == NULL || registry_check_key(state, key, &error))
		return true;
	text_format(end.text, sizeof(end.text), "its files are corrupt: %s",
		    error.text);
	mark_corrupt(state, key->index);
	deploy_end(state, &end);
	return false;
}

static void deploy_ask(struct state *state, const struct scep_use *use,
		       bool is_probe)
{
	struct deploy *deploy = &state->deploy;

	deploy->is_running = true;
	deploy->is_probe = is_probe;
	deploy->use = use->index;
	deploy->key = is_probe ? 0 : use->wanted_key;
	deploy->wake = state_mono(state) + ANSWER_TIME;
	if (is_probe)
		deploy->probed = use->index;
	else
		log_deploy(state, use, deploy->key);
	if (!is_probe && !deploy_may_begin(state, use))
		return;
	state_notify(state, is_probe ? SCEP_EVENT_PROBE : SCEP_EVENT_DEPLOY,
		     use->index);
}

static void deploy_probe_next(struct state *state)
{
	struct deploy *deploy = &state->deploy;
	const struct scep_use *use;

	if (deploy->probe_at != 0 && state_mono(state) < deploy->probe_at)
		return;
	use = next_to_probe(state);
	if (use != NULL) {
		deploy->probe_at = 0;
		deploy_ask(state, use, true);
		return;
	}
	/* The round is over.  If it had no location, there is no next one. */
	deploy->probe_at =
	    deploy->probed != 0 ? state_mono(state) + PROBE_INTERVAL : 0;
	deploy->probed = 0;
}

void deploy_probe_soon(struct state *state)
{
	state->deploy.probed = 0;
	state->deploy.probe_at = state_mono(state);
}

/* --------------------------------------------------------------- ending -- */

static void put_success(struct state *state, struct txn *txn,
			struct scep_use *use, struct scep_key *key)
{
	uint32_t before = use->key_index;

	registry_note_given(state, txn, use, key->index);
	use_locations_remove_from_keys(state, txn, use, key->index);
	if (before != key->index)
		use->previous_key = before;
	use->key_index = key->index;
	memcpy(use->key_name, key->name, sizeof(use->key_name));
	use->applied = SCEP_APPLIED_YES;
	use->applied_time = state_now(state);
	use->failed_key = 0;
	memset(use->text, 0, sizeof(use->text));
	use_list_add(key->use_location, use->name);
}

static void put_failure(struct scep_use *use, struct scep_key *key,
			const char *text)
{
	char whole[SCEP_TEXT255 + 32];

	use->failed_key = key->index;
	use->applied = SCEP_APPLIED_FAILED;
	snprintf(whole, sizeof(whole), "key %u: %s", key->index, text);
	text_copy(use->text, sizeof(use->text), whole, strlen(whole));
	if (use->key_index != key->index)
		use_list_remove(key->use_location, use->name);
}

static void end_error(const struct scep_use *use,
		      const struct scep_deploy_end *end,
		      struct scep_error *error)
{
	error_init(error);
	if (!end->is_good)
		error_set(error, SCEP_DEPLOY_FAILED, "%s: %s", use->name,
			  end->text);
}

static void put_result(struct state *state, struct txn *txn,
		       const struct scep_deploy_end *end)
{
	struct scep_use *use =
	    txn_edit(state, txn, STORE_USE, end->use_index, true);
	struct scep_key *key =
	    txn_edit(state, txn, STORE_KEY, state->deploy.key, true);
	struct scep_error error;

	if (use == NULL)
		return;
	use->function_enabled = end->is_enabled;
	/* A manager may have assigned another key meanwhile. */
	if (use->wanted_key == state->deploy.key)
		use->wanted_key = 0;
	if (key == NULL)
		return;
	if (end->is_good)
		put_success(state, txn, use, key);
	else
		put_failure(use, key, end->text);
	end_error(use, end, &error);
	key_actions_note_deployed(state, txn, end->use_index, key->index,
				  &error);
}

/* Has the requests that wait for this deployment go on. */
static void resume_requests(struct state *state, uint32_t key_index)
{
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (e->task.record->step == STEP_DEPLOY &&
		    e->task.record->key_index == key_index)
			task_continue(&e->task);
	}
}

static void announce_result(struct state *state,
			    const struct scep_deploy_end *end,
			    uint32_t key_index)
{
	const struct scep_use *use =
	    scep_rows_find(&state->view.uses, end->use_index);
	const char *name = use != NULL ? use->name : "(removed)";
	char key[REGISTRY_KEY_NAME];

	name_key(state, key_index, key);
	if (end->is_good) {
		log_notice("use location %s: %s is applied%s", name, key,
			   end->is_enabled ? "" : ", and the function is off");
		return;
	}
	log_error("use location %s: %s is not applied: %s", name, key,
		  end->text);
	state_notify(state, SCEP_EVENT_DEPLOY_FAILED, end->use_index);
}

static void settle_deploy(struct state *state,
			  const struct scep_deploy_end *end)
{
	struct deploy *deploy = &state->deploy;
	const struct scep_stats before = state->view.stats;
	const struct scep_error failure = {.code = SCEP_DEPLOY_FAILED};
	struct scep_error error;
	struct txn txn;

	txn_init(&txn);
	error_init(&error);
	put_result(state, &txn, end);
	if (!end->is_good)
		stats_count_error(&state->view.stats, &failure);
	if (txn_commit(state, &txn, NULL, &error) != SCEP_OK) {
		/* The key is still wanted, and is deployed once more. */
		state->view.stats = before;
		log_error("key %u: the result of its deployment is not "
			  "stored: %s",
			  deploy->key, error.text);
		deploy->wake = state_mono(state) + SAVE_RETRY;
		return;
	}
	announce_result(state, end, deploy->key);
	resume_requests(state, deploy->key);
}

static void settle_probe(struct state *state, const struct scep_deploy_end *end)
{
	const struct scep_use *old =
	    scep_rows_find(&state->view.uses, end->use_index);
	struct txn txn;
	struct scep_use *use;

	if (old == NULL || !end->is_good ||
	    (old->function_enabled != 0) == end->is_enabled)
		return;
	txn_init(&txn);
	use = txn_edit(state, &txn, STORE_USE, end->use_index, false);
	if (use != NULL)
		use->function_enabled = end->is_enabled;
	txn_commit(state, &txn, NULL, NULL);
}

static void deploy_settle(struct state *state)
{
	struct deploy *deploy = &state->deploy;
	const struct scep_deploy_end end = deploy->end;

	deploy->has_end = false;
	deploy->is_running = false;
	deploy->wake = 0;
	if (deploy->is_probe)
		settle_probe(state, &end);
	else
		settle_deploy(state, &end);
}

void deploy_end(struct state *state, const struct scep_deploy_end *end)
{
	struct deploy *deploy = &state->deploy;

	if (!deploy->is_running || deploy->has_end ||
	    end->use_index != deploy->use)
		return;
	deploy->end = *end;
	deploy->has_end = true;
	state_ask_tick(state);
}

static void deploy_give_up(struct state *state)
{
	struct scep_deploy_end end = {
	    .use_index = state->deploy.use,
	    .is_enabled = true,
	    .text = "there was no answer within 15 minutes",
	};

	deploy_end(state, &end);
}

/* Returns when the tick is to look again, or STATE_NEVER. */
static uint64_t next_wake(const struct deploy *deploy)
{
	uint64_t next = deploy->wake != 0 ? deploy->wake : STATE_NEVER;

	return deploy->probe_at != 0 && deploy->probe_at < next
		   ? deploy->probe_at
		   : next;
}

uint64_t deploy_tick(struct state *state)
{
	struct deploy *deploy = &state->deploy;
	const struct scep_use *use;

	if (state->is_stopping || state->store == NULL)
		return STATE_NEVER;
	if (deploy->wake != 0 && state_mono(state) >= deploy->wake) {
		deploy->wake = 0;
		if (deploy->is_running)
			deploy_give_up(state);
	}
	if (deploy->has_end)
		deploy_settle(state);
	/* While `wake` is set, one is running, or a try is to come. */
	if (deploy->wake != 0)
		return next_wake(deploy);
	use = next_wanted(state);
	if (use != NULL)
		deploy_ask(state, use, false);
	else
		deploy_probe_next(state);
	return next_wake(deploy);
}
