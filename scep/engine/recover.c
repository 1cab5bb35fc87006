/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/engine/recover.h"

#include <string.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/view.h"
#include "scep/state/open_request.h"
#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/keys/key_actions.h"
#include "scep/base/log.h"
#include "scep/engine/rebuild.h"
#include "scep/keys/registry.h"
#include "scep/settings/settings.h"
#include "scep/keys/spare.h"
#include "scep/state/status.h"
#include "scep/enroll/timers.h"
#include "scep/keys/use_locations.h"

/* A start that failed may have left something. */
static void forget_all(struct state *state)
{
	open_request_discard_all(state);
	state_empty(state);
}

/* A database that cannot be read is kept for a look, and a new one made. */
static enum scep_code set_aside(struct state *state, struct scep_error *error)
{
	log_error("%s: set aside, and a new one is made", error->text);
	if (store_set_aside(state->config.state_directory, error) != SCEP_OK)
		return error->code;
	state->database_was_set_aside = true;
	error_init(error);
	return store_open(state->config.state_directory, &state->store, NULL,
			  error);
}

static enum scep_code open_all(struct state *state, struct scep_error *error)
{
	bool is_corrupt = false;

	if (files_make_folder(state->config.state_directory, error) ||
	    files_make_folder(state->keys_folder, error) ||
	    files_make_folder(state->certs_folder, error) ||
	    files_sweep(state->keys_folder, error) ||
	    files_sweep(state->certs_folder, error))
		return error->code;
	if (store_open(state->config.state_directory, &state->store,
		       &is_corrupt, error) == SCEP_OK)
		return SCEP_OK;
	return is_corrupt ? set_aside(state, error) : error->code;
}

/* Moves what was loaded into the state. */
static void take_over(struct state *state, struct store_content *content)
{
	struct scep_rows none = {0, 0, NULL};

	if (content->has_agent) {
		const struct scep_agent shown = state->view.agent;

		state->view.agent = content->agent;
		/* RFC 2579, TestAndIncr: at random, so that no manager takes
		 * it for what it read before the restart. */
		state->view.agent.config_spin_lock =
		    timers_draw(NULL) & INT32_MAX;
		state->view.agent.started_mono = shown.started_mono;
		state->view.agent.key_limit = shown.key_limit;
	}
	state->key_last_index = content->key_last_index;
	state->ca_last_index = content->ca_last_index;
	state->view.profiles = content->profiles;
	state->view.statuses = content->statuses;
	state->view.keys = content->keys;
	state->view.cas = content->cas;
	content->profiles = none;
	content->statuses = none;
	content->keys = none;
	content->cas = none;
	state->view.uses = content->uses;
	state->view.retired = content->retired;
	state->records = content->records;
	content->uses = none;
	content->retired = none;
	content->records = none;
}

/* Requests go on where they were; what cannot is ended. */
static void resume_all(struct state *state, struct txn *txn)
{
	struct open_request *e, *next;

	for (e = state->open_requests; e != NULL; e = next) {
		struct scep_profile *profile = (void *)scep_rows_find(
		    &state->view.profiles, e->record->profile_index);

		const struct scep_status *status =
		    scep_rows_find(&state->view.statuses, e->record->index);

		next = e->next;
		if (status == NULL) {
			txn_remove(txn, STORE_RECORD, e->record->index);
			e->due = UINT64_MAX;
			continue;
		}
		/* The row of the last send, and not of what a timer sent. */
		if (profile != NULL && status->trigger == SCEP_TRIGGER_MANUAL &&
		    profile->request_status_index < e->record->index)
			profile->request_status_index = e->record->index;
		if (!e->record->is_suspended)
			log_info("%s: continues after a restart", e->name);
	}
}

static bool has_request(struct state *state, uint32_t profile_index)
{
	struct open_request *e = state->open_requests;

	while (e != NULL && e->record->profile_index != profile_index)
		e = e->next;
	return e != NULL;
}

/* A volatile profile leaves its CAs behind; what it trusted goes with it, or
 * with its last request. */
static void forget_cas(struct state *state, struct txn *txn)
{
	ROWS_EACH (i, &state->view.cas) {
		const struct scep_ca *ca = state->view.cas.row[i];

		if (scep_rows_find(&state->view.profiles, ca->profile_index) ==
			NULL &&
		    !has_request(state, ca->profile_index))
			txn_remove(txn, STORE_CA, ca->index);
	}
}

/* Rows that the start has ended: no more than there are open ones. */
struct orphans {
	uint32_t index[2 * SCEP_PROFILE_MAX];
	size_t count;
};

/* A volatile profile takes with it what its timer has announced. */
static void forget_announced(struct state *state, struct txn *txn,
			     const struct scep_status *status)
{
	if (scep_rows_find(&state->view.profiles, status->profile_index) ==
	    NULL)
		txn_remove(txn, STORE_STATUS, status->index);
}

/* An open row without a record has nothing to go on with. */
static void end_orphans(struct state *state, struct txn *txn,
			struct orphans *orphans)
{
	const size_t most = sizeof(orphans->index) / sizeof(orphans->index[0]);
	struct scep_error error;

	error_init(&error);
	error_set(&error, SCEP_INTERRUPTED,
		  "the record of the request is lost");
	ROWS_EACH (i, &state->view.statuses) {
		const struct scep_status *old = state->view.statuses.row[i];
		struct scep_status *status;

		if (!scep_status_is_open(old) ||
		    open_request_find(state, old->index) != NULL)
			continue;
		if (timers_announces(state, old)) {
			forget_announced(state, txn, old);
			continue;
		}
		status = row_copy(old);
		if (status != NULL) {
			status_end(status, state_now(state), SCEP_STATE_ERROR);
			status_blame(status, &error);
		}
		txn_put(txn, STORE_STATUS, status);
		stats_count_end(&state->view.stats, state_now(state), false);
		if (orphans->count < most)
			orphans->index[orphans->count++] = old->index;
	}
}

static void tell_orphans(struct state *state, const struct orphans *orphans)
{
	for (size_t i = 0; i < orphans->count; i++)
		state_notify(state, SCEP_EVENT_REQUEST_FAILED,
			     orphans->index[i]);
}

/* Profile 1 always exists. */
static struct scep_profile *first_profile(void)
{
	struct scep_profile *profile = row_new(sizeof(*profile));

	if (profile != NULL) {
		settings_preset_profile(profile);
		profile->index = 1;
		profile->row_status = SCEP_ROW_ACTIVE;
	}
	return profile;
}

/* A new database beside old keys: the one that named them is lost. */
static void recover_registry(struct state *state, struct txn *txn)
{
	if (!rebuild_is_needed(state))
		return;
	state->database_was_set_aside = true;
	rebuild_registry(state, txn);
}

enum scep_code recover(struct state *state, struct scep_error *error)
{
	const struct store_presets presets = {
	    .agent = settings_preset_agent,
	    .profile = settings_preset_profile,
	};
	struct store_content content;
	struct orphans orphans = {.count = 0};
	struct txn txn;
	enum scep_code code;

	memset(&content, 0, sizeof(content));
	txn_init(&txn);
	forget_all(state);
	code = open_all(state, error);
	if (code != SCEP_OK)
		return code;
	code = store_load(state->store, &presets, &content, error);
	if (code != SCEP_OK)
		goto out;
	take_over(state, &content);
	if (!open_request_follow_records(state)) {
		code = error_set_memory(error);
		goto out;
	}
	registry_check_files(state);
	resume_all(state, &txn);
	use_locations_configure(state, &txn);
	use_locations_retry(state, &txn);
	/* If the restart has not ended us, it is wanted still. */
	if (state->view.agent.restart_wanted == 0)
		use_locations_note_restart(state, &txn);
	key_actions_recall(state, &txn);
	forget_cas(state, &txn);
	stats_recall(&state->view.stats, &state->view.statuses);
	end_orphans(state, &txn, &orphans);
	if (scep_rows_find(&state->view.profiles, 1) == NULL)
		txn_put(&txn, STORE_PROFILE, first_profile());
	if (!content.has_agent) {
		txn_put_agent(&txn, &state->view.agent);
		recover_registry(state, &txn);
	}
	code = txn_commit(state, &txn, NULL, error);
	if (code == SCEP_OK) {
		tell_orphans(state, &orphans);
		registry_sweep(state);
	}
out:
	txn_free(&txn);
	store_content_free(&content);
	spare_look(state);
	return code;
}

void recover_nothing(struct state *state)
{
	struct txn txn;

	forget_all(state);
	open_request_follow_records(state);
	state->store_is_failing = true;
	txn_init(&txn);
	txn_show(&txn, STORE_PROFILE, first_profile());
	use_locations_configure(state, &txn);
	txn_forget_disk(&txn);
	txn_commit(state, &txn, NULL, NULL);
}
