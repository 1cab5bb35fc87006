/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ordered set of rows.  Knows no table: each row begins with its index, so
 * that one search serves all tables.
 */
#ifndef SCEP_ROWS_H
#define SCEP_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* Rows in the order of their index. */
struct scep_rows {
	size_t count;
	size_t capacity;
	void **row; /* each begins with its uint32_t index */
};

/* Returns the row with that index, or NULL.  Borrows. */
const void *scep_rows_find(const struct scep_rows *rows, uint32_t index);
/* Returns the first row with an index above `index`, or NULL. */
const void *scep_rows_next(const struct scep_rows *rows, uint32_t index);

#endif
