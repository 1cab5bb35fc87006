/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scep/base/bytes.h"
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
	case SQLITE_ERROR: /* our SQL is right, so the schema is not ours */
		connection->is_corrupt = true;
		break;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		system = is_last ? sqlite3_system_errno(sqlite) : 0;
		break;
	}
	return error_set(
	    error, SCEP_STORAGE_ERROR, "state database: %s %s: %s%s%s (%d)",
	    verb, object,
	    is_last ? sqlite3_errmsg(sqlite) : sqlite3_errstr(code),
	    system != 0 ? ": " : "", system != 0 ? strerror(system) : "", code);
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
static int copy_text(sqlite3_stmt *statement, char *value, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(statement, 0);

	if (text == NULL)
		return SQLITE_NOMEM;
	text_copy(value, size, text, strlen(text));
	return SQLITE_DONE;
}

/* Runs "PRAGMA ..." for the first column of its first row; empty if there is
 * none. */
static enum scep_code ask(struct sqlite *connection, const char *pragma,
			  char *value, size_t size, struct scep_error *error)
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
		code = copy_text(statement, value, size);
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
	    ask(connection, pragma, value, sizeof(value), error);

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

/* What is asked for, and what SQLite answers once it has it. */
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

/* SQLite ignores a pragma that it does not know or cannot fulfil. */
static enum scep_code set_pragmas(struct sqlite *connection,
				  struct scep_error *error)
{
	enum scep_code code;
	char wish[64];
	char answer[64];

	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
		snprintf(wish, sizeof(wish), "%s = %s", pragmas[i].name,
			 pragmas[i].value);
		code = ask(connection, wish, answer, sizeof(answer), error);
		if (code == SCEP_OK)
			code = ask(connection, pragmas[i].name, answer,
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

/* Makes the file, empty, so that it never had another mode. */
static enum scep_code sqlite_file_make(const char *path,
				       struct scep_error *error)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
	int file = open(path, flags, S_IRUSR | S_IWUSR);

	if (file >= 0)
		close(file);
	else if (errno != EEXIST)
		return sqlite_file_fail(path, strerror(errno), error);
	return SCEP_OK;
}

/* Withdraws what others may have been given, and gives what the umask took.  A
 * missing file is fine.  The file is not opened here: closing it would drop
 * the locks that another connection of this process has on it. */
static enum scep_code sqlite_file_tighten(const char *path,
					  struct scep_error *error)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT
			   ? SCEP_OK
			   : sqlite_file_fail(path, strerror(errno), error);
	if (!S_ISREG(status.st_mode))
		return sqlite_file_fail(path, "not a regular file", error);
	if ((status.st_mode & 07777) != (S_IRUSR | S_IWUSR) &&
	    chmod(path, S_IRUSR | S_IWUSR) != 0)
		return sqlite_file_fail(path, strerror(errno), error);
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

static bool is_there(int folder, const char *name)
{
	struct stat status;

	return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool move_file(int folder, const char *from, const char *to)
{
	return renameat(folder, from, folder, to) == 0 || errno == ENOENT;
}

static bool move_database(int folder, const char *name)
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
	} while (is_there(folder, database_aside) ||
		 is_there(folder, journal_aside));
	/* Named like this, the pair can still be opened by SQLite's tools. */
	return move_file(folder, journal, journal_aside) &&
	       move_file(folder, name, database_aside) && fsync(folder) == 0;
}

enum scep_code sqlite_set_aside(const char *folder, const char *name,
				struct scep_error *error)
{
	int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum scep_code code = SCEP_OK;

	if (descriptor < 0 || !move_database(descriptor, name))
		code = error_set(error, SCEP_STORAGE_ERROR,
				 "state database: setting %s/%s aside: %s",
				 folder, name, strerror(errno));
	if (descriptor >= 0)
		close(descriptor);
	return code;
}

/* -------------------------------------------------------------- opening -- */

/* Nothing in the file but its rows has a say, and no name passes for a text. */
static enum scep_code harden(struct sqlite *connection,
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
	/* SQLite falls back to reading only. */
	if (sqlite3_db_readonly(connection->sqlite, "main") != 0)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "state database: %s is read-only", path);
	code = harden(connection, error);
	return code == SCEP_OK ? set_pragmas(connection, error) : code;
}

void sqlite_close(struct sqlite *connection)
{
	sqlite3_close(connection->sqlite);
	connection->sqlite = NULL;
}

/* ------------------------------------------------------------- checking -- */

/* Returns SQLITE_OK if every octet of the file can be read. */
static int read_through(sqlite3 *sqlite)
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
	/* Other processes' changes are not our concern, and the last piece may
	 * well be shorter. */
	return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
}

/*
 * SQLite reports a page that the disk does not give in the same way as one
 * that is damaged.  A damaged file is set aside, so that it must not be taken
 * for one: it is damaged if all of it can be read and is still wrong.
 */
enum scep_code sqlite_check(struct sqlite *connection, struct scep_error *error)
{
	enum scep_code result;
	char answer[128];
	int code;

	for (int attempt = 0; attempt < 2; attempt++) {
		result = ask(connection, "quick_check(1)", answer,
			     sizeof(answer), error);
		if (result != SCEP_OK)
			return result;
		if (strcmp(answer, "ok") == 0)
			return SCEP_OK;
		code = read_through(connection->sqlite);
		if (code != SQLITE_OK)
			return sqlite_fail(connection, code, error, "reading",
					   "the file");
	}
	connection->is_corrupt = true;
	return error_set(error, SCEP_STORAGE_ERROR,
			 "state database: integrity check: %s", answer);
}
