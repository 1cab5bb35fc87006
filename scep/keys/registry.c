/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/use_row.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/base/bytes.h"
#include "scep/keys/key_file.h"
#include "scep/keys/spare.h"
#include "scep/settings/use_list.h"
#include "scep/settings/view_query.h"
#include "scep/state/open_request.h"
#include "scep/state/txn.h"
#include "scep/store/files.h"

#define INDEX_MAX 65535

void registry_name_key(const struct scep_view *view, const struct scep_key *key,
		       char name[REGISTRY_KEY_NAME])
{
	char profile[VIEW_PROFILE_NAME];

	view_name_profile(view, key->profile_index, profile);
	if (key->profile_index != 0)
		snprintf(name, REGISTRY_KEY_NAME, "key %u (%s, %s)", key->index,
			 key->name, profile);
	else
		snprintf(name, REGISTRY_KEY_NAME, "key %u (%s)", key->index,
			 key->name);
}

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

/* True if the key waits for its notBefore, for locations of the list only. */
static bool is_to_be_replaced(const char *locations, const struct scep_key *key)
{
	char name[SCEP_TEXT64];
	const char *at;
	size_t length, next = 0;

	while (use_list_next(key->use_when_valid, &next, &at, &length)) {
		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		if (!use_list_has(locations, name))
			return false;
	}
	return key->use_when_valid[0] != '\0';
}

/* Returns how many keys DeleteOldKey retires when the request succeeds: those
 * that its locations have, and one that waits for them. */
static size_t count_to_retire(struct state *state, const struct record *record)
{
	const struct scep_view *view = &state->view;
	const struct scep_status *status =
	    scep_rows_find(&view->statuses, record->index);
	const struct scep_profile *profile =
	    scep_rows_find(&view->profiles, record->profile_index);
	bool has_waiting = false;
	size_t count = 0;

	if (status == NULL || status->trigger == SCEP_TRIGGER_MANUAL ||
	    profile == NULL || !profile->timer.delete_old_key)
		return 0;
	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];

		if (!key->is_default &&
		    is_only_at(view, record->values.use_location, key->index))
			count++;
		else if (is_to_be_replaced(record->values.use_location, key))
			has_waiting = true;
	}
	return count + has_waiting;
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
		if (e->task.record->index != wanted->index &&
		    has_reserved(state, e->task.record))
			taken++;
	}
	return taken < state->config.key_limit + count_to_retire(state, wanted);
}

/* ------------------------------------------------------------- indexes -- */

static bool index_is_taken(struct state *state, uint32_t index)
{
	if (scep_rows_find(&state->view.keys, index) != NULL ||
	    scep_rows_find(&state->view.retired, index) != NULL ||
	    view_key_is_referred_to(&state->view, index))
		return true;
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];

		if (key->replaces == index || key->successor == index ||
		    key->replaced_by == index)
			return true;
	}
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (e->task.record->key_index == index ||
		    e->task.record->replaces == index)
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
	uint32_t index = state->counters.key_last_index;

	for (uint32_t tried = 0; tried < INDEX_MAX; tried++) {
		index = index >= INDEX_MAX ? 1 : index + 1;
		if (!index_is_taken(state, index)) {
			state->counters.key_last_index = index;
			return index;
		}
	}
	return 0;
}

/* ---------------------------------------------------------- succession -- */

static void set_successor(struct state *state, struct txn *txn,
			  const struct scep_key *old, uint32_t successor)
{
	struct scep_key *key =
	    txn_edit(state, txn, STORE_KEY, old->index, true);

	if (key != NULL)
		key->replaced_by = key->index == successor ? 0 : successor;
}

/* The key `gone` leaves the table.  Has the keys whose successor it is follow
 * to the key that takes its place, or be in service again. */
static void pass_on_successor(struct state *state, struct txn *txn,
			      uint32_t gone, uint32_t successor)
{
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];

		if (key->replaced_by == gone)
			set_successor(state, txn, key, successor);
	}
	/* The transaction may have changed it before. */
	for (size_t i = 0; i < txn->count; i++) {
		struct scep_key *key = txn->ops[i].row;

		if (txn->ops[i].table == STORE_KEY && key != NULL &&
		    key->replaced_by == gone)
			set_successor(state, txn, key, successor);
	}
}

/* True if the certificates of both keys serve the same purpose: the later one
 * was requested again.  Of a key that was recovered from its files, nothing but
 * the certificate is known. */
static bool is_for_the_same(const struct scep_key *old,
			    const struct scep_key *key)
{
	if (strcmp(old->subject, key->subject) != 0)
		return false;
	return old->profile_index == 0 ||
	       (old->profile_index == key->profile_index &&
		strcmp(old->name, key->name) == 0);
}

void registry_note_new(struct state *state, struct txn *txn,
		       const struct scep_key *key, uint32_t renewed)
{
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *old = state->view.keys.row[i];

		if (!old->is_default && old->replaced_by == 0 &&
		    old->index != key->index &&
		    (old->index == renewed || is_for_the_same(old, key)))
			set_successor(state, txn, old, key->index);
	}
}

void registry_note_given(struct state *state, struct txn *txn,
			 const struct scep_use *use, uint32_t key_index)
{
	const struct scep_key *key =
	    scep_rows_find(&state->view.keys, key_index);
	const struct scep_key *before =
	    scep_rows_find(&state->view.keys, use->key_index);

	if (key != NULL && key->replaced_by != 0)
		set_successor(state, txn, key, 0);
	if (before != NULL && before != key && !before->is_default &&
	    before->replaced_by == 0 &&
	    is_only_at(&state->view, use->name, before->index))
		set_successor(state, txn, before, key_index);
}

void registry_remove_key(struct state *state, struct txn *txn, uint32_t index)
{
	const struct scep_key *key =
	    txn_edit(state, txn, STORE_KEY, index, false);

	if (key != NULL)
		pass_on_successor(state, txn, index, key->replaced_by);
	txn_remove(txn, STORE_KEY, index);
}

void registry_recall_successors(struct state *state)
{
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];
		struct scep_key *old =
		    (void *)scep_rows_find(&state->view.keys, key->replaces);

		if (old != NULL && !old->is_default && old->replaced_by == 0 &&
		    key->replaced_by != old->index)
			old->replaced_by = key->index;
	}
}

/* ------------------------------------------------------------ retiring -- */

/* Removes the keys that the last such success has retired. */
static void forget_retired(struct state *state, struct txn *txn,
			   uint32_t profile_index, uint32_t key_index)
{
	char name[REGISTRY_KEY_NAME];

	ROWS_EACH (i, &state->view.retired) {
		const struct scep_key *retired = state->view.retired.row[i];

		if (retired->profile_index == profile_index ||
		    view_key_has_replaced(&state->view, retired->successor,
					  key_index)) {
			registry_name_key(&state->view, retired, name);
			txn_log(txn, SCEP_LOG_NOTICE,
				"%s: destroyed: it was retired, and a key "
				"after its successor is in use",
				name);
			txn_remove(txn, STORE_RETIRED, retired->index);
		}
	}
}

static void retire_key(struct state *state, struct txn *txn,
		       const struct scep_key *old, uint32_t key_index)
{
	struct scep_key *retired = row_copy(old);
	char name[REGISTRY_KEY_NAME];

	if (retired != NULL)
		retired->successor = key_index;
	registry_name_key(&state->view, old, name);
	txn_log(txn, SCEP_LOG_NOTICE, "%s: retired: key %u has replaced it",
		name, key_index);
	pass_on_successor(state, txn, old->index, key_index);
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
		    (old->successor == key_index ||
		     view_key_has_replaced(view, old->index, key_index)) &&
		    old->use_when_valid[0] == '\0' &&
		    !view_key_is_used(view, old->index))
			retire_key(state, txn, old, key_index);
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
	if (key != NULL) {
		key->successor = 0;
		key->replaced_by = 0;
	}
	txn_remove(txn, STORE_RETIRED, key_index);
	txn_put(txn, STORE_KEY, key);
}

/* ------------------------------------------------------------ sweeping -- */

struct sweep {
	const char *folder;
	const char *aside;
	const char **file_ids; /* that something refers to, sorted */
	size_t count;
};

static int compare_file_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* There may be 10,000 keys, so that each file is looked up in a sorted list.
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
	/* A worker may be writing its files. */
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
		sweep->file_ids[sweep->count++] = e->task.record->file_id;
		sweep->file_ids[sweep->count++] = e->task.record->old_file_id;
	}
	qsort(sweep->file_ids, sweep->count, sizeof(*sweep->file_ids),
	      compare_file_ids);
	return true;
}

static bool is_referred_to(const struct sweep *sweep, const char *file_id)
{
	return bsearch(&file_id, sweep->file_ids, sweep->count,
		       sizeof(*sweep->file_ids), compare_file_ids) != NULL;
}

/* Tells if bytes_random_name() may have made the name. */
static bool is_our_name(const char *file_id)
{
	return strlen(file_id) == RANDOM_NAME_LENGTH &&
	       strspn(file_id, "0123456789abcdef") == RANDOM_NAME_LENGTH;
}

static void sweep_file(void *context, const char *name)
{
	struct sweep *sweep = context;
	struct scep_error error;
	char file_id[SCEP_TEXT64];

	/* Somebody else has put a file with another name there. */
	if (!key_file_id(name, file_id) || !is_our_name(file_id) ||
	    is_referred_to(sweep, file_id))
		return;
	error_init(&error);
	if (files_remove(sweep->folder, name, &error) != SCEP_OK)
		log_warning("registry: an unused file stays: %s", error.text);
}

void registry_sweep(struct state *state)
{
	struct sweep sweep = {.folder = state->keys_folder};
	struct scep_error error;

	error_init(&error);
	if (!list_file_ids(state, &sweep)) {
		log_warning("registry: unused files are not removed: memory "
			    "is short");
		return;
	}
	if (files_list(sweep.folder, sweep_file, &sweep, &error) == SCEP_OK) {
		sweep.folder = state->certs_folder;
		files_list(sweep.folder, sweep_file, &sweep, &error);
	}
	if (error.code != SCEP_OK)
		log_warning("registry: unused files are not removed: %s",
			    error.text);
	free(sweep.file_ids);
	registry_destroy_marked(state);
}

static bool has_file_id(const struct scep_rows *rows, const char *file_id)
{
	ROWS_EACH (i, rows) {
		const struct scep_key *key = rows->row[i];

		if (strcmp(key->file_id, file_id) == 0)
			return true;
	}
	return false;
}

bool registry_knows(struct state *state, const char *file_id)
{
	if (!is_our_name(file_id) ||
	    strcmp(state->default_key_file_id, file_id) == 0 ||
	    has_file_id(&state->view.keys, file_id) ||
	    has_file_id(&state->view.retired, file_id))
		return true;
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next)
		if (strcmp(e->task.record->file_id, file_id) == 0 ||
		    strcmp(e->task.record->old_file_id, file_id) == 0)
			return true;
	return false;
}

/* Ends the destruction that a mark has announced (txn.h). */
static void destroy_marked(void *context, const char *name)
{
	struct state *state = context;
	size_t length = strlen(name), tail = strlen(TXN_DOOMED);
	char file_id[SCEP_TEXT64], file[KEY_FILE_NAME];
	struct scep_error error;

	if (length <= tail || length - tail >= sizeof(file_id) ||
	    strcmp(name + length - tail, TXN_DOOMED) != 0)
		return;
	snprintf(file_id, sizeof(file_id), "%.*s", (int)(length - tail), name);
	error_init(&error);
	key_file_name(file_id, file);
	if ((registry_knows(state, file_id) ||
	     (files_remove(state->keys_folder, file, &error) == SCEP_OK &&
	      files_remove(state->certs_folder, file, &error) == SCEP_OK)) &&
	    files_remove(state->keys_folder, name, &error) == SCEP_OK)
		return;
	log_warning("registry: a destroyed key stays: %s", error.text);
}

void registry_destroy_marked(struct state *state)
{
	files_list(state->keys_folder, destroy_marked, state, NULL);
}

/* Moves a file that nothing refers to away from keys/ or certs/. */
static void set_file_aside(void *context, const char *name)
{
	const struct sweep *sweep = context;
	struct scep_error error;
	char file_id[SCEP_TEXT64];

	if (spare_is_name(name) ||
	    (key_file_id(name, file_id) && is_referred_to(sweep, file_id)))
		return;
	error_init(&error);
	if (files_set_aside(sweep->folder, name, sweep->aside, &error) ==
	    SCEP_OK)
		log_warning("registry: %s/%s: belongs to no key; moved to %s",
			    sweep->folder, name, sweep->aside);
	else
		log_warning("registry: %s", error.text);
}

void registry_set_aside(struct state *state)
{
	struct sweep sweep = {.folder = state->keys_folder};
	char aside[sizeof(state->keys_folder) + 16];
	struct scep_error error;

	error_init(&error);
	if (!list_file_ids(state, &sweep)) {
		log_warning("registry: unknown files stay: memory is short");
		return;
	}
	sweep.aside = aside;
	snprintf(aside, sizeof(aside), "%s.aside", state->keys_folder);
	files_list_all(sweep.folder, set_file_aside, &sweep, &error);
	sweep.folder = state->certs_folder;
	snprintf(aside, sizeof(aside), "%s.aside", state->certs_folder);
	files_list_all(sweep.folder, set_file_aside, &sweep, &error);
	if (error.code != SCEP_OK)
		log_warning("registry: unknown files stay: %s", error.text);
	free(sweep.file_ids);
}

/* ------------------------------------------------------------ checking -- */

bool registry_check_key(struct state *state, const struct scep_key *key,
			struct scep_error *error)
{
	char name[REGISTRY_KEY_NAME];

	error_init(error);
	key_file_check(state->keys_folder, state->certs_folder, key, NULL,
		       error);
	/* Nothing is known of the files. */
	if (error->code == SCEP_OK || error->code == SCEP_NO_MEMORY)
		return true;
	registry_name_key(&state->view, key, name);
	log_error("%s: corrupt: %s", name, error->text);
	return false;
}

void registry_check_files(struct state *state)
{
	struct scep_error error;

	ROWS_EACH (i, &state->view.keys) {
		struct scep_key *key = state->view.keys.row[i];

		key->is_corrupt = !registry_check_key(state, key, &error);
	}
}
