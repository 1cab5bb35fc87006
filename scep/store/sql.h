/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL text from the column maps.  Pure: knows neither SQLite nor a table by
 * name.  All functions return an owned string (free), or NULL if memory is
 * short.
 */
#ifndef SCEP_STORE_SQL_H
#define SCEP_STORE_SQL_H

#include "scep/store/schema.h"

/* Makes the table unless it is there. */
char *sql_create(const struct columns *columns);
/* Adds a column, NULL in every row, to a table of an older version. */
char *sql_add_column(const struct columns *columns,
		     const struct column *column);
/* Parameter 1 is the index, the others are the columns in their order. */
char *sql_put(const struct columns *columns);
/* The first row whose index is at least parameter 1: the index, then the
 * columns in their order. */
char *sql_next(const struct columns *columns);
/* Parameter 1 is the index. */
char *sql_remove(const struct columns *columns);

#endif
