/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/engine/recover.h"

#include <stdio.h>
#include <string.h>

#include "scep/agent_row.h"
#include "scep/text.h"
#include "scep/ca_row.h"
#include "scep/event.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/view.h"
#include "scep/base/error.h"
#include "scep/protocol/certs.h"
#include "scep/base/log.h"
#include "scep/enroll/timers.h"
#include "scep/enroll/transitions.h"
#include "scep/keys/key_actions.h"
#include "scep/keys/key_file.h"
#include "scep/keys/registry.h"
#include "scep/keys/renewal.h"
#include "scep/keys/spare.h"
#include "scep/keys/use_locations.h"
#include "scep/protocol/csr.h"
#include "scep/settings/settings.h"
#include "scep/state/open_request.h"
#include "scep/state/outcome.h"
#include "scep/state/status.h"
#include "scep/store/files.h"

/* --------------------------------------------------- the state directory -- */

/* Keeps a corrupt database under another name, and opens a new one. */
static enum scep_code replace_database(struct state *state,
				       struct scep_error *error)
{
	log_error("%s: the file is kept under another name, and a new one is "
		  "made",
		  error->text);
	if (store_set_aside(state->config.state_directory, error) != SCEP_OK)
		return error->code;
	state->database_was_lost = true;
	error_init(error);
	return store_open(state->config.state_directory, &state->store, NULL,
			  error);
}

static enum scep_code open_directory(struct state *state,
				     struct scep_error *error)
{
	bool is_corrupt = false;
	enum scep_code code =
	    files_make_folder(state->config.state_directory, error);

	/* Before all else: that of a newer scepagent is left as it is. */
	if (code == SCEP_OK)
		code = store_open(state->config.state_directory, &state->store,
				  &is_corrupt, error);
	if (is_corrupt)
		code = replace_database(state, error);
	if (code != SCEP_OK)
		return code;
	if (files_make_folder(state->keys_folder, error) ||
	    files_make_folder(state->certs_folder, error) ||
	    files_make_folder(state->crls_folder, error) ||
	    files_sweep(state->keys_folder, error) ||
	    files_sweep(state->certs_folder, error) ||
	    files_sweep(state->crls_folder, error))
		return error->code;
	files_identify(state->config.state_directory, &state->identity[0]);
	files_identify(state->keys_folder, &state->identity[1]);
	files_identify(state->certs_folder, &state->identity[2]);
	return SCEP_OK;
}

/* -------------------------------------------------------------- loading -- */

static void move_rows(struct scep_rows *to, struct scep_rows *from)
{
	*to = *from;
	*from = (struct scep_rows){0};
}

static void take_agent(struct state *state, const struct scep_agent *loaded)
{
	const struct scep_agent shown = state->view.agent;

	state->view.agent = *loaded;
	/* RFC 2579, TestAndIncr: at random, so that no manager takes it for
	 * the value that it read before the restart. */
	state->view.agent.config_spin_lock = timers_draw(NULL) & INT32_MAX;
	state->view.agent.started_mono = shown.started_mono;
	state->view.agent.key_limit = shown.key_limit;
}

static void take_content(struct state *state, struct store_content *content)
{
	if (content->has_agent)
		take_agent(state, &content->agent);
	state->counters = content->counters;
	move_rows(&state->view.profiles, &content->profiles);
	move_rows(&state->view.statuses, &content->statuses);
	move_rows(&state->view.keys, &content->keys);
	move_rows(&state->view.cas, &content->cas);
	move_rows(&state->view.uses, &content->uses);
	move_rows(&state->view.retired, &content->retired);
	move_rows(&state->records, &content->records);
}

/* `*is_new`: the database has no settings yet. */
static enum scep_code load_state(struct state *state, bool *is_new,
				 struct scep_error *error)
{
	const struct store_presets presets = {
	    .agent = settings_preset_agent,
	    .profile = settings_preset_profile,
	};
	struct store_content content = {.has_agent = false};
	enum scep_code code =
	    store_load(state->store, &presets, &content, error);

	if (code == SCEP_OK) {
		*is_new = !content.has_agent;
		take_content(state, &content);
	}
	store_content_free(&content);
	if (code == SCEP_OK &&
	    !open_request_follow_records(state, &transitions_ops))
		code = error_set_memory(error);
	return code;
}

/* ------------------------------------------------------------- requests -- */

/* scepRequestStatusIndex names the last send; rows that a timer has sent are
 * passed over. */
static void recall_send(struct state *state, const struct scep_status *status)
{
	struct scep_profile *profile = (void *)scep_rows_find(
	    &state->view.profiles, status->profile_index);

	/* Before the first view is published, rows may be written. */
	if (profile != NULL && status->trigger == SCEP_TRIGGER_MANUAL &&
	    profile->request_status_index < status->index)
		profile->request_status_index = status->index;
}

/* Requests continue where they were; a record without its row is removed. */
static void continue_requests(struct state *state, struct txn *txn)
{
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		const struct scep_status *status = open_request_status_now(e);

		if (status == NULL) {
			txn_remove(txn, STORE_RECORD, e->task.record->index);
			continue;
		}
		recall_send(state, status);
		if (!e->task.record->is_suspended)
			log_info("%s: continues after a restart", e->task.name);
	}
}

/* Rows that the start has ended: no more than there are open ones. */
struct orphans {
	uint32_t index[2 * SCEP_PROFILE_MAX];
	size_t count;
};

static void end_orphan(struct state *state, struct txn *txn,
		       const struct scep_status *old, struct orphans *orphans)
{
	const size_t most = sizeof(orphans->index) / sizeof(orphans->index[0]);
	struct scep_status *status = row_copy(old);
	struct scep_error error;

	error_init(&error);
	error_set(&error, SCEP_INTERRUPTED,
		  "the record of the request is lost");
	if (status != NULL) {
		status_end(status, state_now(state), SCEP_STATE_ERROR);
		status_blame(status, &error);
		outcome_note(state, txn, status, true);
	}
	txn_put(txn, STORE_STATUS, status);
	stats_count_end(&state->view.stats, state_now(state), false);
	if (orphans->count < most)
		orphans->index[orphans->count++] = old->index;
}

/* Ends open rows without a record: nothing can continue them.  A row that
 * announces a run of a timer has none yet; it goes with a volatile profile. */
static void end_orphans(struct state *state, struct txn *txn,
			struct orphans *orphans)
{
	ROWS_EACH (i, &state->view.statuses) {
		const struct scep_status *status = state->view.statuses.row[i];

		if (!scep_status_is_open(status) ||
		    scep_rows_find(&state->records, status->index) != NULL)
			continue;
		if (!timers_announces(state, status))
			end_orphan(state, txn, status, orphans);
		else if (scep_rows_find(&state->view.profiles,
					status->profile_index) == NULL)
			txn_remove(txn, STORE_STATUS, status->index);
	}
}

static void notify_orphans(struct state *state, const struct orphans *orphans)
{
	for (size_t i = 0; i < orphans->count; i++)
		state_notify(state, SCEP_EVENT_REQUEST_FAILED,
			     orphans->index[i]);
}

/* ------------------------------------------------- CAs and profile number 1 */

static bool has_request(const struct state *state, uint32_t profile_index)
{
	ROWS_EACH (i, &state->records) {
		const struct record *record = state->records.row[i];

		if (record->profile_index == profile_index)
			return true;
	}
	return false;
}

/* Removes the CAs that a volatile profile has left behind, unless a request of
 * it still needs them. */
static void remove_left_cas(struct state *state, struct txn *txn)
{
	ROWS_EACH (i, &state->view.cas) {
		const struct scep_ca *ca = state->view.cas.row[i];

		if (scep_rows_find(&state->view.profiles, ca->profile_index) ==
			NULL &&
		    !has_request(state, ca->profile_index))
			txn_remove(txn, STORE_CA, ca->index);
	}
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

/* ------------------------------------------- the registry from its files -- */

struct rebuild {
	struct state *state;
	struct txn *txn;
	bool is_new;
	size_t missed; /* keys that the database does not know */
};

/* Describes the certificate that belongs to the file of a key. */
static bool describe_key(struct state *state, const char *name,
			 struct scep_key *key)
{
	STACK_OF(X509) *chain = NULL;
	enum scep_code code =
	    key_file_read_chain(state->certs_folder, name, &chain, NULL);

	if (code == SCEP_OK)
		code = certs_describe_leaf(sk_X509_value(chain, 0), key, NULL);
	sk_X509_pop_free(chain, X509_free);
	/* Now the row knows its certificate. */
	if (code == SCEP_OK)
		code = key_file_check(state->keys_folder, state->certs_folder,
				      key, &key->storage, NULL);
	return code == SCEP_OK;
}

static bool is_private_key(struct state *state, const char *name)
{
	EVP_PKEY *key = NULL;
	bool is_key =
	    key_file_read(state->keys_folder, name, &key, NULL) == SCEP_OK;

	EVP_PKEY_free(key);
	return is_key;
}

static void rebuild_key(void *context, const char *name)
{
	struct rebuild *rebuild = context;
	struct state *state = rebuild->state;
	char file_id[SCEP_TEXT64];
	struct scep_key *key;

	if (!key_file_id(name, file_id) || registry_knows(state, file_id) ||
	    !is_private_key(state, name))
		return;
	key = row_new(sizeof(*key));
	if (key != NULL)
		strcpy(key->file_id, file_id);
	/* registry_set_aside() keeps what cannot be a row. */
	if (key == NULL || !describe_key(state, name, key)) {
		row_release(key);
		return;
	}
	snprintf(key->name, sizeof(key->name), "recovered");
	/* Only the default key is self-signed and does not expire. */
	key->is_default = key->not_after == REQUEST_FOR_EVER &&
			  strcmp(key->subject, key->issuer) == 0;
	/* A kill has left one that was being made. */
	if (key->is_default && !rebuild->is_new) {
		row_release(key);
		return;
	}
	rebuild->missed++;
	key->index = registry_next_index(state);
	key->install_time = state_now(state);
	txn_log(rebuild->txn, SCEP_LOG_WARNING,
		"key %u (%s): rebuilt from its files", key->index,
		key->subject);
	txn_put(rebuild->txn, STORE_KEY, key);
}

/* Says in words what was lost, until a manager has acknowledged it. */
static void note_lost(struct state *state, struct txn *txn, bool is_new,
		      size_t missed)
{
	struct scep_agent *agent = txn_edit_agent(state, txn);
	const char *reason = "older than the keys";

	if (state->database_was_lost)
		reason = "damaged and set aside";
	else if (is_new)
		reason = "missing";
	text_format(agent->recovery, sizeof(agent->recovery),
		    "the state database was %s (%zu keys were unknown); check "
		    "servers, pins and timers, then acknowledge",
		    reason, missed);
	txn_log(txn, SCEP_LOG_ERROR, "%s", agent->recovery);
}

/* Keys that the database does not know: it is new, or an older one was put
 * back.  Names, use locations and profiles do not stand in the files, and stay
 * empty. */
static void rebuild_registry(struct state *state, struct txn *txn, bool is_new)
{
	struct rebuild rebuild = {state, txn, is_new, 0};
	struct scep_error error;

	error_init(&error);
	if (files_list(state->keys_folder, rebuild_key, &rebuild, &error) !=
	    SCEP_OK)
		log_error("registry: not rebuilt: %s", error.text);
	if (rebuild.missed > 0 || state->database_was_lost)
		note_lost(state, txn, is_new, rebuild.missed);
}

/* --------------------------------------------- keys of older databases -- */

/* Finds out for the keys of an older database what they were requested with. */
static void recall_asked(struct state *state, struct txn *txn,
			 const struct scep_rows *rows, enum store_table table)
{
	ROWS_EACH (i, rows) {
		const struct scep_key *old = rows->row[i];
		struct scep_key *key;

		if (old->asked.key_length != 0 || old->not_after == 0 ||
		    old->is_default || old->is_corrupt)
			continue;
		key = txn_edit(state, txn, table, old->index, true);
		if (key != NULL)
			renewal_recall_asked(state, key);
	}
}

/* ------------------------------------------------------------- the start -- */

/* A start that failed may have left something. */
static void clear_state(struct state *state)
{
	open_request_discard_all(state);
	state_empty(state);
}

/* Adds to the transaction what a kill has left half done. */
static void repair(struct state *state, struct txn *txn, bool is_new,
		   struct orphans *orphans)
{
	registry_check_files(state);
	registry_recall_successors(state);
	outcome_recall(state);
	continue_requests(state, txn);
	use_locations_configure(state, txn);
	use_locations_retry(state, txn);
	/* If a restart is still wanted, this start is not the restart. */
	if (state->view.agent.restart_wanted == 0)
		use_locations_note_restart(state, txn);
	recall_asked(state, txn, &state->view.keys, STORE_KEY);
	recall_asked(state, txn, &state->view.retired, STORE_RETIRED);
	key_actions_recall(state, txn);
	remove_left_cas(state, txn);
	stats_recall(&state->view.stats, &state->view.statuses);
	end_orphans(state, txn, orphans);
	if (scep_rows_find(&state->view.profiles, 1) == NULL)
		txn_put(txn, STORE_PROFILE, first_profile());
	if (is_new)
		txn_edit_agent(state, txn);
	registry_destroy_marked(state);
	rebuild_registry(state, txn, is_new);
}

enum scep_code recover(struct state *state, struct scep_error *error)
{
	struct orphans orphans = {.count = 0};
	struct txn txn;
	bool is_new = false;
	enum scep_code code;

	clear_state(state);
	code = open_directory(state, error);
	if (code == SCEP_OK)
		code = load_state(state, &is_new, error);
	if (code != SCEP_OK)
		return code;
	txn_init(&txn);
	repair(state, &txn, is_new, &orphans);
	code = txn_commit(state, &txn, NULL, error);
	if (code != SCEP_OK)
		return code;
	store_set_memory(state->store, txn_durable_row, state);
	notify_orphans(state, &orphans);
	registry_set_aside(state);
	state->database_was_lost = false;
	spare_look(state);
	return SCEP_OK;
}

void recover_nothing(struct state *state)
{
	struct txn txn;

	clear_state(state);
	open_request_follow_records(state, &transitions_ops);
	state->store_is_failing = true;
	txn_init(&txn);
	txn_show(&txn, STORE_PROFILE, first_profile());
	use_locations_configure(state, &txn);
	txn_forget_disk(&txn);
	txn_commit(state, &txn, NULL, NULL);
}
