/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state database: brings its schema up to date, and moves rows between
 * structs and tables as schema.h says.  Knows no table by name.
 */
#ifndef SCEP_STORE_DATABASE_H
#define SCEP_STORE_DATABASE_H

#include "scep/codes.h"
#include "scep/store/schema.h"

struct database;

/*
 * Opens or makes the file FOLDER/NAME with mode 0600, sets its pragmas, takes
 * the exclusive lock, checks its integrity and brings its schema up to date.
 * `*database` is owned, and NULL on failure.  `*is_corrupt` is set for a file
 * that is no sound database of ours, and for no other failure.
 * SCEP_STORAGE_ERROR or SCEP_NO_MEMORY, as for all functions below.  The text
 * of an error names the operation, and never a value.
 */
enum scep_code database_open(const char *folder, const char *name,
			     struct database **database, bool *is_corrupt,
			     struct scep_error *error);
/* NULL is fine. */
void database_close(struct database *database);

/* BEGIN IMMEDIATE, COMMIT and ROLLBACK.  A rollback without a transaction is
 * fine.  One that fails is, too: SQLite plays the journal back when the file is
 * next used. */
enum scep_code database_begin(struct database *database,
			      struct scep_error *error);
enum scep_code database_commit(struct database *database,
			       struct scep_error *error);
void database_rollback(struct database *database);

/*
 * Reads the first row with an index of at least `from` into `row`, which is
 * zeroed or filled with defaults: a column that is NULL leaves its member
 * alone.  `*is_there` is false if there is none.  The caller owns the row's
 * COLUMN_BYTES, after a failure, too.
 */
enum scep_code database_next(struct database *database, enum store_table table,
			     int64_t from, void *row, uint32_t *index,
			     bool *is_there, struct scep_error *error);

/* Inserts or replaces. */
enum scep_code database_put(struct database *database, enum store_table table,
			    uint32_t index, const void *row,
			    struct scep_error *error);
/* Removes the row with that index, if there is one. */
enum scep_code database_remove(struct database *database,
			       enum store_table table, uint32_t index,
			       struct scep_error *error);

#endif
