/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows shared between the engine's own state and the published views: counted
 * references, never changed once they are in a view, cleansed when the last
 * reference goes (a profile row holds a challenge password).  Sets of rows
 * are sorted by index.  Knows no table.
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
	/* Gives a row that was copied octet by octet parts of its own.  False
	 * if memory is short; no part belongs to two rows then either. */
	bool (*copy_parts)(void *row);
	/* Cleanses and frees the parts. */
	void (*free_parts)(void *row);
};

/* A zeroed row of `size` octets with one reference; NULL if memory is short. */
void *row_new(size_t size);
/* The same for a row with parts; `type` must outlive it. */
void *row_new_typed(const struct row_type *type);
/* A copy with one reference, and with parts of its own. */
void *row_copy(const void *row);
void *row_retain(void *row);
void row_release(void *row); /* NULL is fine */

/* Makes room for one more, so that a later rows_put() cannot fail. */
bool rows_reserve(struct scep_rows *rows, size_t more);
/* Takes `row`: inserts it, or releases and replaces the one with its index.
 * Needs room (rows_reserve) if the index is new. */
void rows_put(struct scep_rows *rows, void *row);
/* Releases the row with that index, if there. */
void rows_remove(struct scep_rows *rows, uint32_t index);
/* Another set with references to the same rows.  `to` is overwritten, and
 * empty if memory is short. */
bool rows_share(struct scep_rows *to, const struct scep_rows *from);
void rows_free(struct scep_rows *rows);

#define ROWS_EACH(position, rows)                                              \
	for (size_t position = 0; position < (rows)->count; position++)

#endif
