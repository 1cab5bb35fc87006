/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows with counted references, shared between the state of the engine and the
 * published views.  A row in a view never changes.  The last release cleanses
 * it, as a profile row holds a challenge password.  Sets of rows are sorted by
 * index.  Knows no table.
 */
#ifndef SCEP_BASE_ROWS_H
#define SCEP_BASE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scep_rows;

/* A kind of row that owns parts on the heap. */
struct row_type {
	size_t size;
	/* Gives a row that was copied octet by octet parts of its own.  Returns
	 * false if memory is short; even then no part belongs to two rows. */
	bool (*copy_parts)(void *row);
	/* Cleanses and frees the parts. */
	void (*free_parts)(void *row);
};

/* Returns a zeroed row of `size` octets with one reference, or NULL if memory
 * is short. */
void *row_new(size_t size);
/* The same for a row with parts; `type` must outlive it. */
void *row_new_typed(const struct row_type *type);
/* Returns a copy with one reference and parts of its own, or NULL if memory is
 * short. */
void *row_copy(const void *row);
void *row_retain(void *row);
void row_release(void *row); /* NULL is fine */

/* Makes room for `more` rows, so that rows_put() cannot fail.  Returns false if
 * memory is short. */
bool rows_reserve(struct scep_rows *rows, size_t more);
/* Takes `row` and inserts it, or replaces the one with its index and releases
 * that.  A new index needs room (rows_reserve). */
void rows_put(struct scep_rows *rows, void *row);
/* Removes and releases the row with that index, if there is one. */
void rows_remove(struct scep_rows *rows, uint32_t index);
/* Makes `to`, which is overwritten, a set with references to the same rows.
 * Returns false, with an empty set, if memory is short. */
bool rows_share(struct scep_rows *to, const struct scep_rows *from);
void rows_free(struct scep_rows *rows);

#define ROWS_EACH(position, rows)                                              \
	for (size_t position = 0; position < (rows)->count; position++)

#endif
