/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/registry.h"

#include <stdlib.h>
#include <string.h>

#include "scep/state/open_request.h"
#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/base/log.h"
#include "scep/keys/key_file.h"
#include "scep/keys/use_list.h"
#include "scep/keys/use_locations.h"

#define INDEX_MAX	  65535
#define CERTIFICATE_LIMIT (1024 * 1024)

/* -------------------------------------------------------------- places -- */

static bool has_default_key(const struct state *state)
{
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];

		if (key->is_default)
			return true;
	}
	return false;
}

bool registry_awaits_default_key(const struct state *state)
{
	return state->config.has_default_key && !has_default_key(state);
}

/* True if use locations have the key, and all of them are in the list. */
static bool is_only_at(const struct scep_view *view, const char *locations,
		       uint32_t key_index)
{
	bool is_any = false;

	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->key_index != key_index)
			continue;
		if (!use_list_has(locations, use->name))
			return false;
		is_any = true;
	}
	return is_any;
}

/* Returns how many keys DeleteOldKey retires when the request succeeds. */
static size_t count_to_retire(struct state *state, const struct record *record)
{
	const struct scep_view *view = &state->view;
	const struct scep_status *status =
	    scep_rows_find(&view->statuses, record->index);
	const struct scep_profile *profile =
	    scep_rows_find(&view->profiles, record->profile_index);
	size_t count = 0;

	if (status == NULL || status->trigger == SCEP_TRIGGER_MANUAL ||
	    profile == NULL || !profile->timer.delete_old_key)
		return 0;
	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];

		if (!key->is_default &&
		    is_only_at(view, record->values.use_location, key->index))
			count++;
	}
	return count;
}

/* True if the request has reserved a place for a key that is no row yet. */
static bool has_reserved(struct state *state, const struct record *record)
{
	return record->key_index != 0 &&
	       scep_rows_find(&state->view.keys, record->key_index) == NULL;
}

bool registry_has_room(struct state *state, const struct record *wanted)
{
	size_t taken =
	    state->view.keys.count + registry_awaits_default_key(state);

	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (e->record->index != wanted->index &&
		    has_reserved(state, e->record))
			taken++;
	}
	return taken < state->config.key_limit + count_to_retire(state, wanted);
}

/* ------------------------------------------------------------- indexes -- */

static bool index_is_taken(struct state *state, uint32_t index)
{
	if (scep_rows_find(&state->view.keys, index) != NULL ||
	    scep_rows_find(&state->view.retired, index) != NULL ||
	    use_locations_refer_to_key(&state->view, index))
		return true;
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];

		if (key->replaces == index)
			return true;
	}
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (e->record->key_index == index ||
		    e->record->replaces == index)
			return true;
	}
	ROWS_EACH (i, &state->view.statuses) {
		const struct scep_status *status = state->view.statuses.row[i];

		if (status->key_index == index)
			return true;
	}
	return false;
}

uint32_t registry_next_index(struct state *state)
{
	uint32_t index = state->key_last_index;

	for (uint32_t tried = 0; tried < INDEX_MAX; tried++) {
		index = index >= INDEX_MAX ? 1 : index + 1;
		if (!index_is_taken(state, index)) {
			state->key_last_index = index;
			return index;
		}
	}
	return 0;
}

/* ------------------------------------------------------------ retiring -- */

/* Removes the keys that the last such success has retired. */
static void forget_retired(struct state *state, struct txn *txn,
			   uint32_t profile_index, uint32_t key_index)
{
	ROWS_EACH (i, &state->view.retired) {
		const struct scep_key *retired = state->view.retired.row[i];

		if (retired->profile_index == profile_index ||
		    use_locations_replaced_key(&state->view, retired->successor,
					       key_index))
			txn_remove(txn, STORE_RETIRED, retired->index);
	}
}

static void retire_key(struct txn *txn, const struct scep_key *old,
		       uint32_t key_index)
{
	struct scep_key *retired = row_copy(old);

	if (retired != NULL)
		retired->successor = key_index;
	log_info("key %u (%s) is replaced by key %u and retired", old->index,
		 old->name, key_index);
	txn_remove(txn, STORE_KEY, old->index);
	txn_put(txn, STORE_RETIRED, retired);
}

void registry_retire_replaced(struct state *state, struct txn *txn,
			      uint32_t profile_index, uint32_t key_index,
			      bool deletes)
{
	const struct scep_view *view = &state->view;

	forget_retired(state, txn, profile_index, key_index);
	if (!deletes)
		return;
	ROWS_EACH (i, &view->keys) {
		const struct scep_key *old = view->keys.row[i];

		if (!old->is_default && old->index != key_index &&
		    use_locations_replaced_key(view, old->index, key_index) &&
		    !use_locations_have_key(view, old->index))
			retire_key(txn, old, key_index);
	}
}

void registry_restore_retired(struct state *state, struct txn *txn,
			      uint32_t key_index)
{
	const struct scep_key *retired =
	    scep_rows_find(&state->view.retired, key_index);
	struct scep_key *key;

	if (retired == NULL)
		return;
	key = row_copy(retired);
	if (key != NULL)
		key->successor = 0;
	txn_remove(txn, STORE_RETIRED, key_index);
	txn_put(txn, STORE_KEY, key);
}

/* ------------------------------------------------------------ sweeping -- */

struct sweep {
	const char *folder;
	const char **file_ids; /* that something refers to, sorted */
	size_t count;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* There may be 10,000 of them: each file is looked up, not compared with all.
 * False if memory is short. */
static bool list_file_ids(struct state *state, struct sweep *sweep)
{
	size_t most = state->view.keys.count + state->view.retired.count;

	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next)
		most += 2;
	sweep->count = 0;
	sweep->file_ids = calloc(most + 1, sizeof(*sweep->file_ids));
	if (sweep->file_ids == NULL)
		return false;
	/* A worker may be making them. */
	sweep->file_ids[sweep->count++] = state->default_key_file_id;
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];

		sweep->file_ids[sweep->count++] = key->file_id;
	}
	ROWS_EACH (i, &state->view.retired) {
		const struct scep_key *key = state->view.retired.row[i];

		sweep->file_ids[sweep->count++] = key->file_id;
	}
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		sweep->file_ids[sweep->count++] = e->record->file_id;
		sweep->file_ids[sweep->count++] = e->record->old_file_id;
	}
	qsort(sweep->file_ids, sweep->count, sizeof(*sweep->file_ids), compare);
	return true;
}

/* `length` is that of the name without the suffix. */
static bool file_is_referred(const struct sweep *sweep, const char *name,
			     size_t length)
{
	char file_id[SCEP_TEXT64] = "";
	const char *wanted = file_id;

	if (length >= sizeof(file_id))
		return false;
	memcpy(file_id, name, length);
	return bsearch(&wanted, sweep->file_ids, sweep->count,
		       sizeof(*sweep->file_ids), compare) != NULL;
}

static void sweep_one(void *context, const char *name)
{
	struct sweep *sweep = context;
	struct scep_error error;
	size_t length = strlen(name);

	/* What has another name was put aside for a person to look at. */
	if (length < strlen(KEY_FILE_SUFFIX) ||
	    strcmp(name + length - strlen(KEY_FILE_SUFFIX), KEY_FILE_SUFFIX) !=
		0 ||
	    file_is_referred(sweep, name, length - strlen(KEY_FILE_SUFFIX)))
		return;
	error_init(&error);
	if (files_remove(sweep->folder, name, &error) != SCEP_OK)
		log_warning("%s/%s: left over: %s", sweep->folder, name,
			    error.text);
}

void registry_sweep(struct state *state)
{
	struct sweep sweep = {.folder = state->keys_folder};
	struct scep_error error;

	/* Rows that are lost may have had these files. */
	if (state->database_was_set_aside)
		return;
	/* A Set that is taken back brings rows back that need theirs. */
	state->sweep_is_due = state->deadline != 0;
	if (state->sweep_is_due)
		return;
	error_init(&error);
	if (!list_file_ids(state, &sweep)) {
		log_warning("leftovers not swept: memory is short");
		return;
	}
	if (files_list(sweep.folder, sweep_one, &sweep, &error) == SCEP_OK) {
		sweep.folder = state->certs_folder;
		files_list(sweep.folder, sweep_one, &sweep, &error);
	}
	if (error.code != SCEP_OK)
		log_warning("leftovers not swept: %s", error.text);
	free(sweep.file_ids);
}

/* ----------------------------------------------------------- verifying -- */

static bool key_is_borne_out(struct state *state, const struct scep_key *key)
{
	char name[KEY_FILE_NAME];
	struct bytes content = {NULL, 0};
	struct scep_error error;
	bool is_there;

	error_init(&error);
	key_file_name(key->file_id, name);
	is_there = files_read(state->keys_folder, name, CERTIFICATE_LIMIT,
			      &content, &error) == SCEP_OK &&
		   content.length > 0;
	bytes_free(&content);
	if (is_there && key->not_after != 0)
		is_there =
		    files_read(state->certs_folder, name, CERTIFICATE_LIMIT,
			       &content, &error) == SCEP_OK &&
		    content.length > 0;
	bytes_free(&content);
	if (!is_there)
		log_error("key %u (%s) is corrupt: %s", key->index, key->name,
			  error.text);
	return is_there;
}

void registry_check_files(struct state *state)
{
	ROWS_EACH (i, &state->view.keys) {
		struct scep_key *key = state->view.keys.row[i];

		/* Before the first view is published, rows may be written. */
		key->is_corrupt = !key_is_borne_out(state, key);
	}
}
