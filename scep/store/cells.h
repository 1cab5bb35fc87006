/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value between a member of a row and a column of a statement, by the
 * column map.  Knows no table, and runs no statement.
 */
#ifndef SCEP_STORE_CELLS_H
#define SCEP_STORE_CELLS_H

#include <sqlite3.h>

#include "scep/store/schema.h"

/*
 * Binds the member of `row`, which must stay until the statement has run.
 * Returns SQLITE_OK, SQLITE_TOOBIG for a member that could not be read again,
 * or SQLite's error.
 */
int cell_bind(sqlite3_stmt *statement, int position,
	      const struct column *column, const void *row);

/*
 * Reads a column into the member; NULL leaves it alone.  Texts are cut to
 * size, and what is not clean in them becomes '?'.  Returns SQLITE_OK,
 * SQLITE_MISMATCH for a value that is not one of ours (type, range, length),
 * or SQLITE_NOMEM.
 */
int cell_read(sqlite3_stmt *statement, int position,
	      const struct column *column, void *row);

#endif
