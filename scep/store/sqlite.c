/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scep/text.h"
#include "scep/base/error.h"

enum scep_code sqlite_fail(struct sqlite *connection, int code,
			   struct scep_error *error, const char *verb,
			   const char *object)
{
	sqlite3 *sqlite = connection->sqlite;
	bool is_last = (sqlite3_errcode(sqlite) & 0xff) == (code & 0xff);
	int system = 0;

	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return error_set_memory(error);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* the schema does not fit our SQL */
		connection->is_corrupt = true;
		break;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		system = is_last ? sqlite3_system_errno(sqlite) : 0;
		break;
	}
	return error_set(error, SCEP_STORAGE_ERROR,
			 "state database: %s %s: %s%s%s (%d)", verb, object,
			 is_last ? sqlite3_errmsg(sqlite)
				 : sqlite3_errstr(code),
			 system != 0 ? ": " : "",
			 system != 0 ? error_of_system(system) : "", code);
}

enum scep_code sqlite_run(struct sqlite *connection, const char *sql,
			  struct scep_error *error)
{
	int code = sqlite3_exec(connection->sqlite, sql, NULL, NULL, NULL);

	if (code == SQLITE_OK)
		return SCEP_OK;
	return sqlite_fail(connection, code, error, "running", sql);
}

enum scep_code sqlite_alter(struct sqlite *connection, char *sql,
			    const char *table, struct scep_error *error)
{
	int code = SQLITE_NOMEM;

	if (sql != NULL)
		code = sqlite3_exec(connection->sqlite, sql, NULL, NULL, NULL);
	free(sql);
	if (code == SQLITE_OK)
		return SCEP_OK;
	return sqlite_fail(connection, code, error, "changing the schema of",
			   table);
}

/* -------------------------------------------------------------- pragmas -- */

/* Copies the first column of a row.  Returns SQLITE_NOMEM or SQLITE_DONE. */
static int pragma_copy(sqlite3_stmt *statement, char *value, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(statement, 0);

	if (text == NULL)
		return SQLITE_NOMEM;
	text_copy(value, size, text, strlen(text));
	return SQLITE_DONE;
}

/* Runs "PRAGMA ..." and gives the first column of the first row, "" without a
 * row. */
static enum scep_code pragma_ask(struct sqlite *connection, const char *pragma,
				 char *value, size_t size,
				 struct scep_error *error)
{
	sqlite3_stmt *statement = NULL;
	enum scep_code result = SCEP_OK;
	char sql[64];
	int code;

	value[0] = '\0';
	snprintf(sql, sizeof(sql), "PRAGMA %s", pragma);
	code =
	    sqlite3_prepare_v2(connection->sqlite, sql, -1, &statement, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		code = pragma_copy(statement, value, size);
	if (code != SQLITE_DONE)
		result = sqlite_fail(connection, code, error, "running", sql);
	sqlite3_finalize(statement);
	return result;
}

enum scep_code sqlite_read_pragma(struct sqlite *connection, const char *pragma,
				  long long *number, struct scep_error *error)
{
	char value[32];
	enum scep_code code =
	    pragma_ask(connection, pragma, value, sizeof(value), error);

	*number = code == SCEP_OK ? strtoll(value, NULL, 10) : 0;
	return code;
}

enum scep_code sqlite_write_pragma(struct sqlite *connection,
				   const char *pragma, int number,
				   struct scep_error *error)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA %s = %d", pragma, number);
	return sqlite_run(connection, sql, error);
}

/* Each pragma with its value, and what SQLite answers once it is set. */
static const struct {
	const char *name;
	const char *value;
	const char *answer;
} pragmas[] = {
    {"cell_size_check", "ON", "1"},
    {"temp_store", "MEMORY", "2"}, /* no secret in a temporary file */
    {"secure_delete", "ON", "1"},
    {"locking_mode", "EXCLUSIVE", "exclusive"},
    {"synchronous", "EXTRA", "3"},
    {"journal_mode", "TRUNCATE", "truncate"},
};

/* Sets the pragmas and reads them back: SQLite ignores one that it does not
 * know or cannot set. */
static enum scep_code connection_set_pragmas(struct sqlite *connection,
					     struct scep_error *error)
{
	enum scep_code code;
	char wish[64];
	char answer[64];

	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
		snprintf(wish, sizeof(wish), "%s = %s", pragmas[i].name,
			 pragmas[i].value);
		code =
		    pragma_ask(connection, wish, answer, sizeof(answer), error);
		if (code == SCEP_OK)
			code = pragma_ask(connection, pragmas[i].name, answer,
					  sizeof(answer), error);
		if (code != SCEP_OK)
			return code;
		if (strcmp(answer, pragmas[i].answer) != 0)
			return error_set(
			    error, SCEP_STORAGE_ERROR,
			    "state database: pragma %s is %s instead of %s",
			    pragmas[i].name, answer, pragmas[i].answer);
	}
	return SCEP_OK;
}

/* ------------------------------------------------------------- the file -- */

/* Names of files, with their NUL. */
#define SQLITE_NAME 64

static enum scep_code sqlite_file_fail(const char *path, const char *reason,
				       struct scep_error *error)
{
	return error_set(error, SCEP_STORAGE_ERROR, "state database: %s: %s",
			 path, reason);
}

/* Makes the file, empty, so that it has the right mode from the beginning. */
static enum scep_code sqlite_file_make(const char *path,
				       struct scep_error *error)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
	int file = open(path, flags, S_IRUSR | S_IWUSR);

	if (file >= 0)
		close(file);
	else if (errno != EEXIST)
		return sqlite_file_fail(path, error_of_system(errno), error);
	return SCEP_OK;
}

/* Sets mode 0600, whatever the umask or somebody else has made of it.  A
 * missing file is fine.  Does not open the file: closing it would drop the
 * locks that another connection of this process has on it. */
static enum scep_code sqlite_file_tighten(const char *path,
					  struct scep_error *error)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT
			   ? SCEP_OK
			   : sqlite_file_fail(path, error_of_system(errno),
					      error);
	if (!S_ISREG(status.st_mode))
		return sqlite_file_fail(path, "not a regular file", error);
	if ((status.st_mode & 07777) != (S_IRUSR | S_IWUSR) &&
	    chmod(path, S_IRUSR | S_IWUSR) != 0)
		return sqlite_file_fail(path, error_of_system(errno), error);
	return SCEP_OK;
}

static enum scep_code sqlite_file_prepare(const char *path,
					  struct scep_error *error)
{
	enum scep_code code;
	char *journal;

	if (asprintf(&journal, "%s-journal", path) < 0)
		return error_set_memory(error);
	code = sqlite_file_make(path, error);
	if (code == SCEP_OK)
		code = sqlite_file_tighten(path, error);
	if (code == SCEP_OK)
		code = sqlite_file_tighten(journal, error);
	free(journal);
	return code;
}

static bool name_is_taken(int folder, const char *name)
{
	struct stat status;

	return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool file_rename(int folder, const char *from, const char *to)
{
	return renameat(folder, from, folder, to) == 0 || errno == ENOENT;
}

static bool sqlite_file_move_aside(int folder, const char *name)
{
	char journal[SQLITE_NAME + 8];
	char database_aside[SQLITE_NAME + 32];
	char journal_aside[SQLITE_NAME + 40];
	unsigned int number = 0;

	snprintf(journal, sizeof(journal), "%s-journal", name);

	do {
		number++;
		snprintf(database_aside, sizeof(database_aside),
			 "%s.corrupt-%u", name, number);
		snprintf(journal_aside, sizeof(journal_aside), "%s-journal",
			 database_aside);
	} while (name_is_taken(folder, database_aside) ||
		 name_is_taken(folder, journal_aside));
	/* With these names SQLite's tools can still open the pair. */
	return file_rename(folder, journal, journal_aside) &&
	       file_rename(folder, name, database_aside) && fsync(folder) == 0;
}

enum scep_code sqlite_set_aside(const char *folder, const char *name,
				struct scep_error *error)
{
	int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum scep_code code = SCEP_OK;

	if (descriptor < 0 || !sqlite_file_move_aside(descriptor, name))
		code = error_set(error, SCEP_STORAGE_ERROR,
				 "state database: setting %s/%s aside: %s",
				 folder, name, strerror(errno));
	if (descriptor >= 0)
		close(descriptor);
	return code;
}

/* -------------------------------------------------------------- opening -- */

/* Allows no view, trigger or function from the file, and no name in the place
 * of a text. */
static enum scep_code connection_harden(struct sqlite *connection,
					struct scep_error *error)
{
	static const struct {
		int option;
		int value;
	} options[] = {
	    {SQLITE_DBCONFIG_DEFENSIVE, 1},
	    {SQLITE_DBCONFIG_DQS_DDL, 0},
	    {SQLITE_DBCONFIG_DQS_DML, 0},
	    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
	    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
	    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	};
	int code;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		code = sqlite3_db_config(connection->sqlite, options[i].option,
					 options[i].value, NULL);
		if (code != SQLITE_OK)
			return sqlite_fail(connection, code, error, "setting",
					   "the connection");
	}
	return SCEP_OK;
}

/*
 * Has the connection take all its memory with malloc(): what it frees is wiped
 * then.  SQLite never gives its lookaside memory to free(), and secrets would
 * stay there.
 */
static enum scep_code connection_forgo_lookaside(struct sqlite *connection,
						 struct scep_error *error)
{
	int code = sqlite3_db_config(connection->sqlite,
				     SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);

	return code == SQLITE_OK ? SCEP_OK
				 : sqlite_fail(connection, code, error,
					       "setting", "the connection");
}

enum scep_code sqlite_open(struct sqlite *connection, const char *path,
			   struct scep_error *error)
{
	enum scep_code code = sqlite_file_prepare(path, error);
	int opened;

	if (code != SCEP_OK)
		return code;
	opened = sqlite3_open_v2(path, &connection->sqlite,
				 SQLITE_OPEN_READWRITE, NULL);
	if (opened != SQLITE_OK)
		return sqlite_fail(connection, opened, error, "opening", path);
	sqlite3_extended_result_codes(connection->sqlite, 1);
	sqlite3_busy_timeout(connection->sqlite, 0);
	/* SQLite opens a file that it may not write to for reading only. */
	if (sqlite3_db_readonly(connection->sqlite, "main") != 0)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "state database: %s is read-only", path);
	code = connection_forgo_lookaside(connection, error);
	if (code == SCEP_OK)
		code = connection_harden(connection, error);
	return code == SCEP_OK ? connection_set_pragmas(connection, error)
			       : code;
}

void sqlite_close(struct sqlite *connection)
{
	sqlite3_close(connection->sqlite);
	connection->sqlite = NULL;
}

/* ------------------------------------------------------------- checking -- */

/* Returns SQLITE_OK if every octet of the file can be read. */
static int sqlite_file_read_through(sqlite3 *sqlite)
{
	char buffer[4096];
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;
	int code = sqlite3_file_control(sqlite, "main",
					SQLITE_FCNTL_FILE_POINTER, &file);

	if (code == SQLITE_OK)
		code = file->pMethods->xFileSize(file, &size);
	for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size;
	     at += (sqlite3_int64)sizeof(buffer))
		code = file->pMethods->xRead(file, buffer, sizeof(buffer), at);
	/* The last piece may be shorter. */
	return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
}

/*
 * SQLite reports a page that the disk cannot read just as a damaged one.  A
 * damaged file is set aside, so that the two must be told apart: the file is
 * damaged if all of it can be read and the check still fails.
 */
enum scep_code sqlite_check(struct sqlite *connection, struct scep_error *error)
{
	enum scep_code result;
	char answer[128];
	int code;

	for (int attempt = 0; attempt < 2; attempt++) {
		result = pragma_ask(connection, "quick_check(1)", answer,
				    sizeof(answer), error);
		if (result != SCEP_OK)
			return result;
		if (strcmp(answer, "ok") == 0)
			return SCEP_OK;
		code = sqlite_file_read_through(connection->sqlite);
		if (code != SQLITE_OK)
			return sqlite_fail(connection, code, error, "reading",
					   "the file");
	}
	connection->is_corrupt = true;
	return error_set(error, SCEP_STORAGE_ERROR,
			 "state database: integrity check: %s", answer);
}
