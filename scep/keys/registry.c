/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/registry.h"

#include <stdlib.h>
#include <string.h>

#include "scep/keys/asides.h"
#include "scep/keys/default_key.h"
#include "scep/state/open_request.h"
#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/base/log.h"
#include "scep/keys/key_file.h"
#include "scep/keys/use_locations.h"

#define INDEX_MAX	  65535
#define CERTIFICATE_LIMIT (1024 * 1024)

/* How many keys DeleteOldKey will take away when the request succeeds. */
static size_t places_to_come(struct state *state, const struct record *record)
{
	const struct scep_status *status =
	    scep_rows_find(&state->view.statuses, record->index);
	const struct scep_profile *profile =
	    scep_rows_find(&state->view.profiles, record->profile_index);

	if (status == NULL || status->trigger == SCEP_TRIGGER_MANUAL ||
	    profile == NULL || !profile->timer.delete_old_key)
		return 0;
	return retired_expected(&state->view, record->values.use_location);
}

/* Whether the request has a place that is not a row yet. */
static bool holds_place(struct state *state, const struct record *record)
{
	return record->key_index != 0 &&
	       scep_rows_find(&state->view.keys, record->key_index) == NULL;
}

bool registry_has_room(struct state *state, const struct record *wanted)
{
	size_t taken = state->view.keys.count + default_key_is_due(state);
	size_t to_come = places_to_come(state, wanted);

	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (e->record->index != wanted->index &&
		    holds_place(state, e->record))
			taken++;
	}
	return taken < state->config.key_limit + to_come;
}

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
	sweep->file_ids[sweep->count++] = state->default_key.file_id;
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

void registry_verify(struct state *state)
{
	ROWS_EACH (i, &state->view.keys) {
		struct scep_key *key = state->view.keys.row[i];

		/* Before the first view is published, rows may be written. */
		key->is_corrupt = !key_is_borne_out(state, key);
	}
}
