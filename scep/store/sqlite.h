/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection to one SQLite file: opening it so that a commit survives a
 * power cut and a deleted value is gone, statements without rows, and SQLite's
 * errors as ours.  Knows no table.  SQLite is known here, in cells.c and in
 * database.c, and nowhere else.
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
 * Opens or makes the file with mode 0600, sets the pragmas and sees that they
 * took.  After a failure too, the caller closes.  SCEP_STORAGE_ERROR, as for
 * all functions below.
 */
enum scep_code sqlite_open(struct sqlite *connection, const char *path,
			   struct scep_error *error);
void sqlite_close(struct sqlite *connection);

/* Checks the file.  `is_corrupt` is set for a file that is damaged, and not
 * for one that cannot be read just now. */
enum scep_code sqlite_check(struct sqlite *connection,
			    struct scep_error *error);

/*
 * Fills `error` with operation ("reading", "agent"), SQLite's words for `code`
 * and the system's, and judges whether the file is to blame.  None of these
 * ever has a value in it.
 */
enum scep_code sqlite_fail(struct sqlite *connection, int code,
			   struct scep_error *error, const char *verb,
			   const char *object);

/* Runs a statement without rows; the error names it. */
enum scep_code sqlite_run(struct sqlite *connection, const char *sql,
			  struct scep_error *error);
/* Runs and frees a statement from sql.c (NULL: memory was short) that changes
 * the schema of a table. */
enum scep_code sqlite_alter(struct sqlite *connection, char *sql,
			    const char *table, struct scep_error *error);

enum scep_code sqlite_read_pragma(struct sqlite *connection, const char *pragma,
				  long long *number, struct scep_error *error);
enum scep_code sqlite_write_pragma(struct sqlite *connection,
				   const char *pragma, int number,
				   struct scep_error *error);

#endif
