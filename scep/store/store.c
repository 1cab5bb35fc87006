/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/store.h"

#include <stdlib.h>
#include <string.h>

#include "scep/profile_row.h"
#include "scep/base/error.h"
#include "scep/store/database.h"
#include "scep/store/sqlite.h"

/* A row that the transaction puts or removes. */
struct written {
	enum store_table table;
	uint32_t index;
};

enum store_state { STORE_IDLE, STORE_OPEN, STORE_FAILED };

struct store {
	struct database *database;
	enum store_state state;
	struct store_presets presets;
	store_find_fn find; /* the row in memory; NULL before it has any */
	void *context;
	/* Of the open transaction, or of the one that is to be repaired. */
	struct written *written;
	size_t written_count;
	size_t written_capacity;
	bool needs_repair; /* a commit has failed and may be on disk */
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

/* Returns a row with its defaults, owned, or NULL if memory is short. */
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

/* --------------------------------------------------------------- repair -- */

static void written_forget(struct store *store)
{
	store->written_count = 0;
	store->needs_repair = false;
}

static enum scep_code written_note(struct store *store, enum store_table table,
				   uint32_t index, struct scep_error *error)
{
	size_t capacity = store->written_capacity * 2 + 16;
	struct written *written = store->written;

	if (store->written_count == store->written_capacity) {
		written = realloc(written, capacity * sizeof(*written));
		if (written == NULL)
			return error_set_memory(error);
		store->written = written;
		store->written_capacity = capacity;
	}
	written[store->written_count++] = (struct written){table, index};
	return SCEP_OK;
}

/*
 * Writes each row of the failed transaction again, as memory has it.  A COMMIT
 * that fails at its very end, when it makes the emptied journal durable, has
 * changed the database, and no journal is left to play back.  If the change is
 * not on disk, writing does no harm.  Without memory nobody has seen a row yet,
 * so that the file is right as it is.
 */
static enum scep_code store_repair(struct store *store,
				   struct scep_error *error)
{
	enum scep_code code;

	if (store->find == NULL) {
		written_forget(store);
		return SCEP_OK;
	}
	code = database_begin(store->database, error);
	if (code != SCEP_OK)
		return code;
	for (size_t i = 0; code == SCEP_OK && i < store->written_count; i++) {
		const struct written *written = &store->written[i];

		code = row_write(
		    store, written->table, written->index,
		    store->find(store->context, written->table, written->index),
		    error);
	}
	if (code == SCEP_OK)
		code = database_commit(store->database, error);
	if (code == SCEP_OK)
		written_forget(store);
	else
		database_rollback(store->database);
	return code;
}

void store_set_memory(struct store *store, store_find_fn find, void *context)
{
	store->find = find;
	store->context = context;
}

/* --------------------------------------------------------- transactions -- */

enum scep_code store_begin(struct store *store, struct scep_error *error)
{
	enum scep_code code = SCEP_OK;

	if (store->state != STORE_IDLE)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "state database: a transaction is open");
	if (store->needs_repair)
		code = store_repair(store, error);
	if (code == SCEP_OK)
		code = database_begin(store->database, error);
	if (code == SCEP_OK)
		store->state = STORE_OPEN;
	return code;
}

/* Fails after an error: SQLite may have ended the transaction by itself, and
 * would commit whatever comes next on its own. */
static enum scep_code store_check_open(const struct store *store,
				       struct scep_error *error)
{
	return store->state == STORE_OPEN
		   ? SCEP_OK
		   : error_set(error, SCEP_STORAGE_ERROR,
			       "state database: no sound transaction is open");
}

enum scep_code store_commit(struct store *store, struct scep_error *error)
{
	enum scep_code code = store_check_open(store, error);

	if (code != SCEP_OK)
		return code;
	code = database_commit(store->database, error);
	if (code == SCEP_OK) {
		written_forget(store);
		store->state = STORE_IDLE;
	} else {
		store->needs_repair = true;
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
	if (store->needs_repair)
		store_repair(store, NULL);
	else
		written_forget(store);
}

/* Puts a row, or removes it (NULL). */
static enum scep_code store_write(struct store *store, enum store_table table,
				  uint32_t index, const void *row,
				  struct scep_error *error)
{
	enum scep_code code = store_check_open(store, error);

	if (code != SCEP_OK)
		return code;
	code = written_note(store, table, index, error);
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

/* Copies the only row of a table, if it is there. */
static enum scep_code load_one_row(struct store *store, enum store_table table,
				   void *to, bool *is_there,
				   struct scep_error *error)
{
	uint32_t index;
	void *row;
	enum scep_code code =
	    row_next(store, table, STORE_ONE_ROW, &row, &index, error);

	*is_there = code == SCEP_OK && row != NULL;
	if (*is_there)
		memcpy(to, row, schema_table(table)->row_size);
	row_release(row);
	return code;
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
	bool is_there;

	*content = (struct store_content){0};
	if (presets != NULL)
		store->presets = *presets;
	row_preset(&store->presets, STORE_AGENT, &content->agent);
	code = load_one_row(store, STORE_AGENT, &content->agent,
			    &content->has_agent, error);
	if (code == SCEP_OK)
		code = load_one_row(store, STORE_COUNTERS, &content->counters,
				    &is_there, error);
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
	if (store->needs_repair)
		store_repair(store, NULL);
	database_close(store->database);
	free(store->written);
	free(store);
}

enum scep_code store_set_aside(const char *folder, struct scep_error *error)
{
	return sqlite_set_aside(folder, STORE_FILE, error);
}
