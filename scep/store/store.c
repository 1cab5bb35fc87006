/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/store.h"

#include <stdlib.h>
#include <string.h>

#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "scep/base/error.h"
#include "scep/store/database.h"
#include "scep/store/sqlite.h"

/*
 * What a row was before the transaction changed it.  A COMMIT that fails at
 * its very end, when it makes the emptied journal durable, has changed the
 * database already, and there is no journal left to play back: only by
 * writing the old rows again are file and memory the same.  If the change has
 * not landed, writing them does no harm.
 */
struct undo {
	struct undo *next; /* what was changed earlier */
	enum store_table table;
	uint32_t index;
	void *row; /* NULL: there was none */
};

enum store_state { STORE_IDLE, STORE_OPEN, STORE_FAILED };

struct store {
	struct database *database;
	enum store_state state;
	struct store_presets presets;
	struct undo *undo;
	bool
	    is_refetch_due; /* a commit has failed, and `undo` is not applied */
};

/* ----------------------------------------------------------------- rows -- */

static void row_preset(const struct store_presets *presets,
		       enum store_table table, void *row)
{
	struct scep_profile profile = {0};
	struct record *record = row;

	if (table == STORE_AGENT && presets->agent != NULL)
		presets->agent(row);
	if (presets->profile == NULL)
		return;
	if (table == STORE_PROFILE)
		presets->profile(row);
	if (table == STORE_RECORD) {
		presets->profile(&profile);
		record->server = profile.server;
		record->values = profile.request;
	}
}

/* A row filled with its defaults; NULL if memory is short. */
static void *row_make(const struct store *store, enum store_table table)
{
	void *row = schema_row_new(table);

	if (row != NULL)
		row_preset(&store->presets, table, row);
	return row;
}

/*
 * Reads the first row from an index on.  `*row` is owned, and NULL if there
 * is none.
 */
static enum scep_code row_next(struct store *store, enum store_table table,
			       int64_t from, void **row, uint32_t *index,
			       struct scep_error *error)
{
	enum scep_code code;
	bool is_there;

	*row = row_make(store, table);
	if (*row == NULL)
		return error_set_memory(error);
	code = database_next(store->database, table, from, *row, index,
			     &is_there, error);
	if (code != SCEP_OK || !is_there) {
		row_release(*row);
		*row = NULL;
	}
	return code;
}

static enum scep_code row_write(struct store *store, enum store_table table,
				uint32_t index, const void *row,
				struct scep_error *error)
{
	return row != NULL
		   ? database_put(store->database, table, index, row, error)
		   : database_remove(store->database, table, index, error);
}

/* ----------------------------------------------------------------- undo -- */

static void undo_forget(struct store *store)
{
	struct undo *undo;

	while ((undo = store->undo) != NULL) {
		store->undo = undo->next;
		row_release(undo->row);
		free(undo);
	}
	store->is_refetch_due = false;
}

static enum scep_code undo_remember(struct store *store, enum store_table table,
				    uint32_t index, struct scep_error *error)
{
	struct undo *undo = calloc(1, sizeof(*undo));
	enum scep_code code;
	uint32_t found;

	if (undo == NULL)
		return error_set_memory(error);
	undo->table = table;
	undo->index = index;
	code = row_next(store, table, index, &undo->row, &found, error);
	if (code != SCEP_OK) {
		free(undo);
		return code;
	}
	if (undo->row != NULL && found != index) {
		row_release(undo->row);
		undo->row = NULL;
	}
	undo->next = store->undo;
	store->undo = undo;
	return SCEP_OK;
}

/* Writes the old rows after a commit that failed, the latest first. */
static enum scep_code undo_apply(struct store *store, struct scep_error *error)
{
	enum scep_code code = database_begin(store->database, error);

	for (const struct undo *undo = store->undo;
	     code == SCEP_OK && undo != NULL; undo = undo->next)
		code = row_write(store, undo->table, undo->index, undo->row,
				 error);
	if (code == SCEP_OK)
		code = database_commit(store->database, error);
	if (code == SCEP_OK)
		undo_forget(store);
	else
		database_rollback(store->database);
	return code;
}

/* --------------------------------------------------------- transactions -- */

enum scep_code store_begin(struct store *store, struct scep_error *error)
{
	enum scep_code code = SCEP_OK;

	if (store->state != STORE_IDLE)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "state database: a transaction is open");
	if (store->is_refetch_due)
		code = undo_apply(store, error);
	if (code == SCEP_OK)
		code = database_begin(store->database, error);
	if (code == SCEP_OK)
		store->state = STORE_OPEN;
	return code;
}

/* After an error SQLite may have ended the transaction by itself; what came
 * then would be committed on its own. */
static enum scep_code check_open(const struct store *store,
				 struct scep_error *error)
{
	return store->state == STORE_OPEN
		   ? SCEP_OK
		   : error_set(error, SCEP_STORAGE_ERROR,
			       "state database: no sound transaction is open");
}

enum scep_code store_commit(struct store *store, struct scep_error *error)
{
	enum scep_code code = check_open(store, error);

	if (code != SCEP_OK)
		return code;
	code = database_commit(store->database, error);
	if (code == SCEP_OK) {
		undo_forget(store);
		store->state = STORE_IDLE;
	} else {
		store->is_refetch_due = true;
		store->state = STORE_FAILED;
	}
	return code;
}

void store_rollback(struct store *store)
{
	if (store->state == STORE_IDLE)
		return;
	database_rollback(store->database);
	store->state = STORE_IDLE;
	if (store->is_refetch_due)
		undo_apply(store, NULL);
	else
		undo_forget(store);
}

/* Puts a row, or removes it (NULL). */
static enum scep_code store_write(struct store *store, enum store_table table,
				  uint32_t index, const void *row,
				  struct scep_error *error)
{
	enum scep_code code = check_open(store, error);

	if (code != SCEP_OK)
		return code;
	code = undo_remember(store, table, index, error);
	if (code == SCEP_OK)
		code = row_write(store, table, index, row, error);
	if (code != SCEP_OK)
		store->state = STORE_FAILED;
	return code;
}

enum scep_code store_put(struct store *store, enum store_table table,
			 const void *row, struct scep_error *error)
{
	uint32_t index = STORE_ONE_ROW;

	if (schema_table(table)->has_index)
		memcpy(&index, row, sizeof(index));
	return store_write(store, table, index, row, error);
}

enum scep_code store_remove(struct store *store, enum store_table table,
			    uint32_t index, struct scep_error *error)
{
	return store_write(store, table, index, NULL, error);
}

/* -------------------------------------------------------------- loading -- */

static enum scep_code rows_append(struct scep_rows *rows, void *row,
				  struct scep_error *error)
{
	if (!rows_reserve(rows, 1)) {
		row_release(row);
		return error_set_memory(error);
	}
	rows_put(rows, row);
	return SCEP_OK;
}

static enum scep_code load_table(struct store *store, enum store_table table,
				 struct scep_rows *rows,
				 struct scep_error *error)
{
	enum scep_code code;
	int64_t from = 0;
	uint32_t index;
	void *row;

	for (;;) {
		code = row_next(store, table, from, &row, &index, error);
		if (code != SCEP_OK || row == NULL)
			return code;
		code = rows_append(rows, row, error);
		if (code != SCEP_OK)
			return code;
		from = (int64_t)index + 1;
	}
}

static enum scep_code load_agent(struct store *store,
				 struct store_content *content,
				 struct scep_error *error)
{
	uint32_t index;
	void *row;
	enum scep_code code =
	    row_next(store, STORE_AGENT, STORE_ONE_ROW, &row, &index, error);

	if (code != SCEP_OK || row == NULL)
		return code;
	content->agent = *(struct scep_agent *)row;
	content->has_agent = true;
	row_release(row);
	return SCEP_OK;
}

static enum scep_code load_counters(struct store *store,
				    struct store_content *content,
				    struct scep_error *error)
{
	uint32_t index;
	void *row;
	struct store_counters *counters;
	enum scep_code code =
	    row_next(store, STORE_COUNTERS, STORE_ONE_ROW, &row, &index, error);

	if (code != SCEP_OK || row == NULL)
		return code;
	counters = row;
	content->key_last_index = counters->key_last_index;
	content->ca_last_index = counters->ca_last_index;
	row_release(row);
	return SCEP_OK;
}

enum scep_code store_load(struct store *store,
			  const struct store_presets *presets,
			  struct store_content *content,
			  struct scep_error *error)
{
	const struct {
		enum store_table table;
		struct scep_rows *rows;
	} tables[] = {
	    {STORE_PROFILE, &content->profiles},
	    {STORE_STATUS, &content->statuses},
	    {STORE_KEY, &content->keys},
	    {STORE_CA, &content->cas},
	    {STORE_RECORD, &content->records},
	    {STORE_USE, &content->uses},
	    {STORE_RETIRED, &content->retired},
	};
	enum scep_code code;

	*content = (struct store_content){0};
	if (presets != NULL)
		store->presets = *presets;
	row_preset(&store->presets, STORE_AGENT, &content->agent);
	code = load_agent(store, content, error);
	if (code == SCEP_OK)
		code = load_counters(store, content, error);
	for (size_t i = 0;
	     code == SCEP_OK && i < sizeof(tables) / sizeof(tables[0]); i++)
		code =
		    load_table(store, tables[i].table, tables[i].rows, error);
	if (code != SCEP_OK)
		store_content_free(content);
	return code;
}

void store_content_free(struct store_content *content)
{
	rows_free(&content->profiles);
	rows_free(&content->statuses);
	rows_free(&content->keys);
	rows_free(&content->cas);
	rows_free(&content->records);
	rows_free(&content->uses);
	rows_free(&content->retired);
	*content = (struct store_content){0};
}

/* ----------------------------------------------------- opening, closing -- */

enum scep_code store_open(const char *folder, struct store **store,
			  bool *is_corrupt, struct scep_error *error)
{
	enum scep_code code;
	bool is_broken = false;

	*store = calloc(1, sizeof(**store));
	code = *store != NULL
		   ? database_open(folder, STORE_FILE, &(*store)->database,
				   &is_broken, error)
		   : error_set_memory(error);
	if (is_corrupt != NULL)
		*is_corrupt = is_broken;
	if (code != SCEP_OK) {
		free(*store);
		*store = NULL;
	}
	return code;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_rollback(store);
	if (store->is_refetch_due)
		undo_apply(store, NULL);
	undo_forget(store);
	database_close(store->database);
	free(store);
}

enum scep_code store_set_aside(const char *folder, struct scep_error *error)
{
	return sqlite_set_aside(folder, STORE_FILE, error);
}
