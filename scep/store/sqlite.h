/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SQLite file and the connection to it: opens it so that a commit survives
 * a power cut and a deleted value is gone, runs statements without rows, makes
 * SQLite's errors ours, and sets a damaged file aside.  Knows no table.  Only
 * this module, migrations.c and database.c know SQLite.
 */
#ifndef SCEP_STORE_SQLITE_H
#define SCEP_STORE_SQLITE_H

#include <stdbool.h>

#include <sqlite3.h>

#include "scep/codes.h"

struct sqlite {
	sqlite3 *sqlite;
	bool is_corrupt; /* an error has said so */
};

/*
 * Opens the file, or makes it, with mode 0600, as it withdraws what others may
 * have been given of it and of its journal (SQLite gives a new journal the mode
 * of the database).  Sets the pragmas and checks that they are set.  The caller
 * closes after a failure, too.  SCEP_STORAGE_ERROR or SCEP_NO_MEMORY, as for
 * all functions below.
 */
enum scep_code sqlite_open(struct sqlite *connection, const char *path,
			   struct scep_error *error);
void sqlite_close(struct sqlite *connection);

/* Renames FOLDER/NAME, which must be closed, and first its journal, to a name
 * with ".corrupt-N" that is not in use, durably. */
enum scep_code sqlite_set_aside(const char *folder, const char *name,
				struct scep_error *error);

/* Checks the file.  Sets `is_corrupt` if it is damaged, and not if it cannot be
 * read just now. */
enum scep_code sqlite_check(struct sqlite *connection,
			    struct scep_error *error);

/*
 * Fills `error` with the operation ("reading", "agent"), SQLite's words for
 * `code` and those of the system, and judges if the file is damaged.  The text
 * never holds a value.
 */
enum scep_code sqlite_fail(struct sqlite *connection, int code,
			   struct scep_error *error, const char *verb,
			   const char *object);

/* Runs a statement without rows.  The error names it. */
enum scep_code sqlite_run(struct sqlite *connection, const char *sql,
			  struct scep_error *error);
/* Runs and frees a statement of schema.h (NULL: memory was short) that changes
 * the schema of a table. */
enum scep_code sqlite_alter(struct sqlite *connection, char *sql,
			    const char *table, struct scep_error *error);

enum scep_code sqlite_read_pragma(struct sqlite *connection, const char *pragma,
				  long long *number, struct scep_error *error);
enum scep_code sqlite_write_pragma(struct sqlite *connection,
				   const char *pragma, int number,
				   struct scep_error *error);

#endif
