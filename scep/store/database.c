/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/database.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "scep/text.h"
#include "scep/octets.h"
#include "scep/store/migrations.h"
#include "scep/store/sqlite.h"
#include "scep/base/error.h"

enum statement { STATEMENT_NEXT, STATEMENT_PUT, STATEMENT_REMOVE, STATEMENTS };

struct database {
	struct sqlite connection;
	sqlite3_stmt *statement[STORE_TABLE_COUNT][STATEMENTS];
	bool has_put_secret; /* since the scratch page was washed */
	struct stat noted;   /* the file as the last write has left it */
	bool is_noted;
};

/* ----------------------------------------------------------------- open -- */

/* Takes the exclusive lock, for as long as the file is open, checks the file
 * and brings its schema up to date. */
static enum scep_code database_take(struct database *database,
				    struct scep_error *error)
{
	enum scep_code code =
	    sqlite_run(&database->connection, "BEGIN EXCLUSIVE", error);

	if (code == SCEP_OK)
		code = sqlite_check(&database->connection, error);
	if (code == SCEP_OK)
		code = migrations_run(&database->connection, error);
	if (code == SCEP_OK)
		code = database_commit(database, error);
	if (code != SCEP_OK)
		database_rollback(database);
	return code;
}

/* ---------------------------------------------------------------- cells -- */

/* All structs of octets are laid out alike. */
#define OCTETS_DATA offsetof(struct scep_octets32, data)
static_assert(offsetof(struct scep_octets64, data) == OCTETS_DATA &&
		  offsetof(struct scep_secret, data) == OCTETS_DATA,
	      "octets begin at the same offset");

static int cell_bind_octets(sqlite3_stmt *statement, int position, size_t size,
			    const char *member)
{
	uint32_t length;

	memcpy(&length, member, sizeof(length));
	if (length > size - OCTETS_DATA)
		return SQLITE_TOOBIG;
	return sqlite3_bind_blob(statement, position, member + OCTETS_DATA,
				 (int)length, SQLITE_STATIC);
}

static int cell_bind_bytes(sqlite3_stmt *statement, int position,
			   const struct bytes *bytes)
{
	if (bytes->length > COLUMN_BYTES_MAX)
		return SQLITE_TOOBIG;
	/* A null pointer would bind NULL. */
	return sqlite3_bind_blob(statement, position,
				 bytes->length != 0 ? (const void *)bytes->data
						    : "",
				 (int)bytes->length, SQLITE_STATIC);
}

/*
 * Binds the member of `row`, which must stay until the statement has run.
 * Returns SQLITE_OK, SQLITE_TOOBIG for a member that could not be read again,
 * or SQLite's error.
 */
static int cell_bind(sqlite3_stmt *statement, int position,
		     const struct column *column, const void *row)
{
	const char *member = (const char *)row + column->offset;

	switch (column->kind) {
	case COLUMN_U32:
		return sqlite3_bind_int64(statement, position,
					  *(const uint32_t *)member);
	case COLUMN_I64:
		return sqlite3_bind_int64(statement, position,
					  *(const int64_t *)member);
	case COLUMN_TEXT:
		return sqlite3_bind_text(statement, position, member,
					 (int)strnlen(member, column->size - 1),
					 SQLITE_STATIC);
	case COLUMN_OCTETS:
	case COLUMN_SECRET:
		return cell_bind_octets(statement, position, column->size,
					member);
	case COLUMN_BYTES:
		return cell_bind_bytes(statement, position,
				       (const struct bytes *)member);
	}
	return SQLITE_MISUSE;
}

static int cell_read_text(sqlite3_stmt *statement, int position, size_t size,
			  char *member)
{
	const void *text = sqlite3_column_text(statement, position);

	if (text == NULL)
		return SQLITE_NOMEM;
	memset(member, 0, size);
	text_copy(member, size, text,
		  (size_t)sqlite3_column_bytes(statement, position));
	return SQLITE_OK;
}

static int cell_read_octets(sqlite3_stmt *statement, int position, size_t size,
			    char *member)
{
	const void *blob = sqlite3_column_blob(statement, position);
	uint32_t length = (uint32_t)sqlite3_column_bytes(statement, position);

	if (length > size - OCTETS_DATA)
		return SQLITE_MISMATCH;
	if (length != 0 && blob == NULL)
		return SQLITE_NOMEM;
	memset(member, 0, size);
	memcpy(member, &length, sizeof(length));
	if (length != 0)
		memcpy(member + OCTETS_DATA, blob, length);
	return SQLITE_OK;
}

static int cell_read_bytes(sqlite3_stmt *statement, int position,
			   struct bytes *bytes)
{
	const void *blob = sqlite3_column_blob(statement, position);
	size_t length = (size_t)sqlite3_column_bytes(statement, position);

	if (length > COLUMN_BYTES_MAX)
		return SQLITE_MISMATCH;
	bytes_free(bytes);
	if (length == 0)
		return SQLITE_OK;
	return blob != NULL && bytes_set(bytes, blob, length) ? SQLITE_OK
							      : SQLITE_NOMEM;
}

/*
 * Reads a column into the member; NULL leaves the member alone.  Cuts texts to
 * size, and replaces by '?' what is not clean in them.  Returns SQLITE_OK,
 * SQLITE_MISMATCH for a value that is not one of ours (type, range, length),
 * or SQLITE_NOMEM.
 */
static int cell_read(sqlite3_stmt *statement, int position,
		     const struct column *column, void *row)
{
	static const int types[] = {
	    [COLUMN_U32] = SQLITE_INTEGER, [COLUMN_I64] = SQLITE_INTEGER,
	    [COLUMN_TEXT] = SQLITE_TEXT,   [COLUMN_OCTETS] = SQLITE_BLOB,
	    [COLUMN_SECRET] = SQLITE_BLOB, [COLUMN_BYTES] = SQLITE_BLOB,
	};
	char *member = (char *)row + column->offset;
	int type = sqlite3_column_type(statement, position);
	int64_t number;

	if (type == SQLITE_NULL)
		return SQLITE_OK;
	if (type != types[column->kind])
		return SQLITE_MISMATCH;
	switch (column->kind) {
	case COLUMN_U32:
		number = sqlite3_column_int64(statement, position);
		if (number < 0 || number > UINT32_MAX)
			return SQLITE_MISMATCH;
		*(uint32_t *)member = (uint32_t)number;
		return SQLITE_OK;
	case COLUMN_I64:
		*(int64_t *)member = sqlite3_column_int64(statement, position);
		return SQLITE_OK;
	case COLUMN_TEXT:
		return cell_read_text(statement, position, column->size,
				      member);
	case COLUMN_OCTETS:
	case COLUMN_SECRET:
		return cell_read_octets(statement, position, column->size,
					member);
	case COLUMN_BYTES:
		return cell_read_bytes(statement, position,
				       (struct bytes *)member);
	}
	return SQLITE_MISMATCH;
}

/* ----------------------------------------------------------------- rows -- */

static enum scep_code row_fail(struct database *database, int code,
			       const struct schema_table *schema,
			       const char *column, int64_t index,
			       struct scep_error *error)
{
	if (code != SQLITE_MISMATCH)
		return sqlite_fail(&database->connection, code, error,
				   "reading", schema->name);
	database->connection.is_corrupt = true;
	return error_set(error, SCEP_STORAGE_ERROR,
			 "state database: %s, row %lld: unreadable %s",
			 schema->name, (long long)index, column);
}

static enum scep_code row_read(struct database *database,
			       sqlite3_stmt *statement,
			       const struct schema_table *schema, void *row,
			       uint32_t *index, struct scep_error *error)
{
	int64_t number = sqlite3_column_int64(statement, 0);

	if (number < 1 || number > UINT32_MAX)
		return row_fail(database, SQLITE_MISMATCH, schema, "index",
				number, error);
	*index = (uint32_t)number;
	if (schema->has_index)
		memcpy(row, index, sizeof(*index));
	for (size_t i = 0; i < schema->count; i++) {
		int code =
		    cell_read(statement, (int)i + 1, &schema->column[i], row);

		if (code != SQLITE_OK)
			return row_fail(database, code, schema,
					schema->column[i].name, number, error);
	}
	return SCEP_OK;
}

/* Leaves no value in the statement and no lock on the file. */
static void statement_end(sqlite3_stmt *statement)
{
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

enum scep_code database_next(struct database *database, enum store_table table,
			     int64_t from, void *row, uint32_t *index,
			     bool *is_there, struct scep_error *error)
{
	const struct schema_table *schema = schema_table(table);
	sqlite3_stmt *statement = database->statement[table][STATEMENT_NEXT];
	enum scep_code result = SCEP_OK;
	int code = sqlite3_bind_int64(statement, 1, from);

	*index = 0;
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	*is_there = code == SQLITE_ROW;
	if (code == SQLITE_ROW)
		result =
		    row_read(database, statement, schema, row, index, error);
	else if (code != SQLITE_DONE)
		result = sqlite_fail(&database->connection, code, error,
				     "reading", schema->name);
	statement_end(statement);
	return result;
}

static bool holds_secret(const struct column *column, const void *row)
{
	uint32_t length;

	if (column->kind != COLUMN_SECRET)
		return false;
	memcpy(&length, (const char *)row + column->offset, sizeof(length));
	return length != 0;
}

enum scep_code database_put(struct database *database, enum store_table table,
			    uint32_t index, const void *row,
			    struct scep_error *error)
{
	const struct schema_table *schema = schema_table(table);
	sqlite3_stmt *statement = database->statement[table][STATEMENT_PUT];
	enum scep_code result = SCEP_OK;
	int code =
	    index != 0 ? sqlite3_bind_int64(statement, 1, index) : SQLITE_RANGE;

	for (size_t i = 0; code == SQLITE_OK && i < schema->count; i++) {
		database->has_put_secret |=
		    holds_secret(&schema->column[i], row);
		code =
		    cell_bind(statement, (int)i + 2, &schema->column[i], row);
	}
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code != SQLITE_DONE)
		result = sqlite_fail(&database->connection, code, error,
				     "writing to", schema->name);
	statement_end(statement);
	return result;
}

enum scep_code database_remove(struct database *database,
			       enum store_table table, uint32_t index,
			       struct scep_error *error)
{
	sqlite3_stmt *statement = database->statement[table][STATEMENT_REMOVE];
	enum scep_code result = SCEP_OK;
	int code = sqlite3_bind_int64(statement, 1, index);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code != SQLITE_DONE)
		result =
		    sqlite_fail(&database->connection, code, error,
				"removing from", schema_table(table)->name);
	statement_end(statement);
	return result;
}

/* --------------------------------------------------------- transactions -- */

/* Notes what the last write of ours has left. */
static void note_file(struct database *database)
{
	const char *path =
	    sqlite3_db_filename(database->connection.sqlite, "main");

	database->is_noted = stat(path, &database->noted) == 0;
}

/* Tells if somebody else has written to the file since then. */
static bool was_written(const struct database *database, const char *path)
{
	const struct stat *noted = &database->noted;
	struct stat now;

	return database->is_noted && stat(path, &now) == 0 &&
	       (now.st_size != noted->st_size ||
		now.st_mtim.tv_sec != noted->st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != noted->st_mtim.tv_nsec);
}

/*
 * Refuses to write if the file at the path is another one than the open one, or
 * if somebody has written to it.  What is committed to a file that has no name
 * any more is lost with the process.
 */
static enum scep_code database_check_place(struct database *database,
					   struct scep_error *error)
{
	sqlite3 *sqlite = database->connection.sqlite;
	const char *path = sqlite3_db_filename(sqlite, "main");
	int has_moved = 0;

	if (sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_HAS_MOVED,
				 &has_moved) == SQLITE_OK &&
	    has_moved == 0 && !was_written(database, path))
		return SCEP_OK;
	return error_set(error, SCEP_STORAGE_ERROR,
			 "state database: %s was removed or replaced while "
			 "scepagentd runs; put it back, or restart scepagentd",
			 path);
}

enum scep_code database_begin(struct database *database,
			      struct scep_error *error)
{
	enum scep_code code = database_check_place(database, error);

	if (code != SCEP_OK)
		return code;
	return sqlite_run(&database->connection, "BEGIN IMMEDIATE", error);
}

/*
 * Overwrites what is left of a challenge password in SQLite's memory.  SQLite
 * builds each row in a scratch page, which it keeps as long as the file is
 * open; secure_delete cleanses the file only.  This inserts a row of zeros, as
 * long as a page can hold, and takes it back.  The row goes into a table
 * without secrets, as it may move other rows of the table to another page.
 */
static enum scep_code scratch_page_wash(struct database *database,
					struct scep_error *error)
{
	enum scep_code code = sqlite_run(
	    &database->connection,
	    "SAVEPOINT wash; INSERT INTO \"ca\" (\"index\", \"serial\") "
	    "VALUES (9223372036854775807, zeroblob(3980)); "
	    "ROLLBACK TO wash; RELEASE wash",
	    error);

	if (code == SCEP_OK)
		database->has_put_secret = false;
	return code;
}

enum scep_code database_commit(struct database *database,
			       struct scep_error *error)
{
	enum scep_code code = SCEP_OK;

	if (database->has_put_secret)
		code = scratch_page_wash(database, error);
	if (code != SCEP_OK)
		return code;
	code = sqlite_run(&database->connection, "COMMIT", error);
	note_file(database);
	return code;
}

void database_rollback(struct database *database)
{
	if (!sqlite3_get_autocommit(database->connection.sqlite))
		sqlite3_exec(database->connection.sqlite, "ROLLBACK", NULL,
			     NULL, NULL);
	note_file(database);
}

/* ----------------------------------------------------- opening, closing -- */

static enum scep_code database_prepare(struct database *database,
				       struct scep_error *error)
{
	static char *(*const make[STATEMENTS])(const struct schema_table *) = {
	    [STATEMENT_NEXT] = schema_sql_next,
	    [STATEMENT_PUT] = schema_sql_put,
	    [STATEMENT_REMOVE] = schema_sql_remove,
	};
	const char *table;
	char *sql;
	int code;

	for (int i = 0; i < STORE_TABLE_COUNT * STATEMENTS; i++) {
		sqlite3_stmt **statement =
		    &database->statement[i / STATEMENTS][i % STATEMENTS];

		table = schema_table(i / STATEMENTS)->name;
		sql = make[i % STATEMENTS](schema_table(i / STATEMENTS));
		if (sql == NULL)
			return error_set_memory(error);
		code = sqlite3_prepare_v3(database->connection.sqlite, sql, -1,
					  SQLITE_PREPARE_PERSISTENT, statement,
					  NULL);
		free(sql);
		if (code != SQLITE_OK)
			return sqlite_fail(&database->connection, code, error,
					   "preparing a statement for", table);
	}
	return SCEP_OK;
}

/* Reads each row once, so that a damaged row is found at the start and not when
 * it is needed. */
static enum scep_code database_verify_table(struct database *database,
					    enum store_table table,
					    struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	void *row = schema_row_new(table);
	int64_t from = INT64_MIN;
	bool is_there = true;
	uint32_t index;

	if (row == NULL)
		return error_set_memory(error);
	while (code == SCEP_OK && is_there) {
		code = database_next(database, table, from, row, &index,
				     &is_there, error);
		from = (int64_t)index + 1;
	}
	row_release(row);
	return code;
}

static enum scep_code database_start(struct database *database,
				     const char *path, struct scep_error *error)
{
	enum scep_code code = sqlite_open(&database->connection, path, error);

	if (code == SCEP_OK)
		code = database_take(database, error);
	if (code == SCEP_OK)
		code = database_prepare(database, error);
	for (int i = 0; code == SCEP_OK && i < STORE_TABLE_COUNT; i++)
		code = database_verify_table(database, i, error);
	return code;
}

enum scep_code database_open(const char *folder, const char *name,
			     struct database **database, bool *is_corrupt,
			     struct scep_error *error)
{
	enum scep_code code;
	char *path;

	*is_corrupt = false;
	*database = calloc(1, sizeof(**database));
	if (*database == NULL || asprintf(&path, "%s/%s", folder, name) < 0) {
		free(*database);
		*database = NULL;
		return error_set_memory(error);
	}
	code = database_start(*database, path, error);
	free(path);
	if (code != SCEP_OK) {
		*is_corrupt = (*database)->connection.is_corrupt;
		database_close(*database);
		*database = NULL;
	}
	return code;
}

void database_close(struct database *database)
{
	if (database == NULL)
		return;
	for (int i = 0; i < STORE_TABLE_COUNT * STATEMENTS; i++)
		sqlite3_finalize(
		    database->statement[i / STATEMENTS][i % STATEMENTS]);
	sqlite_close(&database->connection);
	free(database);
}
