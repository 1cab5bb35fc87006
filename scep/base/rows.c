/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/base/rows.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "scep/rows.h"

/* Stands before each row, and keeps the row's alignment. */
struct row_header {
	alignas(max_align_t) atomic_size_t references;
	size_t size;		     /* of the row */
	const struct row_type *type; /* NULL: the row has no parts */
};

static struct row_header *header_of(const void *row)
{
	return (struct row_header *)row - 1;
}

static uint32_t index_of(const void *row)
{
	return *(const uint32_t *)row;
}

void *row_new(size_t size)
{
	struct row_header *header;

	if (size > SIZE_MAX - sizeof(*header))
		return NULL;
	header = calloc(1, sizeof(*header) + size);
	if (header == NULL)
		return NULL;
	atomic_init(&header->references, 1);
	header->size = size;
	return header + 1;
}

void *row_new_typed(const struct row_type *type)
{
	void *row = row_new(type->size);

	if (row != NULL)
		header_of(row)->type = type;
	return row;
}

void *row_copy(const void *row)
{
	const struct row_header *header = header_of(row);
	void *copy = row_new(header->size);

	if (copy == NULL)
		return NULL;
	memcpy(copy, row, header->size);
	header_of(copy)->type = header->type;
	if (header->type != NULL && !header->type->copy_parts(copy)) {
		row_release(copy);
		return NULL;
	}
	return copy;
}

void *row_retain(void *row)
{
	/* The caller holds a reference already, so that nothing that was
	 * written before has to be made visible here. */
	atomic_fetch_add_explicit(&header_of(row)->references, 1,
				  memory_order_relaxed);
	return row;
}

void row_release(void *row)
{
	struct row_header *header;

	if (row == NULL)
		return;
	header = header_of(row);
	/* Release: our reads of the row come before the other threads' free.
	 * Acquire: their reads come before ours. */
	if (atomic_fetch_sub_explicit(&header->references, 1,
				      memory_order_acq_rel) != 1)
		return;
	if (header->type != NULL)
		header->type->free_parts(row);
	OPENSSL_cleanse(row, header->size);
	free(header);
}

/* Returns the position of the first row with at least that index. */
static size_t position_of(const struct scep_rows *rows, uint32_t index)
{
	size_t low = 0;
	size_t high = rows->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index_of(rows->row[middle]) < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct scep_rows *rows, size_t position, uint32_t index)
{
	return position < rows->count && index_of(rows->row[position]) == index;
}

const void *scep_rows_find(const struct scep_rows *rows, uint32_t index)
{
	size_t position = position_of(rows, index);

	return is_at(rows, position, index) ? rows->row[position] : NULL;
}

const void *scep_rows_next(const struct scep_rows *rows, uint32_t index)
{
	size_t position;

	if (index == UINT32_MAX)
		return NULL;
	position = position_of(rows, index + 1);
	return position < rows->count ? rows->row[position] : NULL;
}

bool rows_reserve(struct scep_rows *rows, size_t more)
{
	const size_t most = SIZE_MAX / sizeof(void *);
	size_t capacity = rows->capacity;
	void **row;

	if (more <= rows->capacity - rows->count)
		return true;
	if (more > most - rows->count)
		return false;
	/* Doubling keeps a long series of insertions cheap. */
	capacity = capacity > most / 2 ? most : capacity * 2;
	if (capacity < rows->count + more)
		capacity = rows->count + more;
	row = realloc(rows->row, capacity * sizeof(void *));
	if (row == NULL)
		return false;
	rows->row = row;
	rows->capacity = capacity;
	return true;
}

void rows_put(struct scep_rows *rows, void *row)
{
	size_t position = position_of(rows, index_of(row));
	void **place;

	if (is_at(rows, position, index_of(row))) {
		row_release(rows->row[position]);
		rows->row[position] = row;
		return;
	}
	assert(rows->count < rows->capacity);
	place = rows->row + position;
	memmove(place + 1, place, (rows->count - position) * sizeof(void *));
	*place = row;
	rows->count++;
}

void rows_remove(struct scep_rows *rows, uint32_t index)
{
	size_t position = position_of(rows, index);
	void **place;

	if (!is_at(rows, position, index))
		return;
	place = rows->row + position;
	row_release(*place);
	rows->count--;
	memmove(place, place + 1, (rows->count - position) * sizeof(void *));
}

bool rows_share(struct scep_rows *to, const struct scep_rows *from)
{
	*to = (struct scep_rows){0};
	if (!rows_reserve(to, from->count))
		return false;
	ROWS_EACH (i, from)
		to->row[i] = row_retain(from->row[i]);
	to->count = from->count;
	return true;
}

void rows_free(struct scep_rows *rows)
{
	ROWS_EACH (i, rows)
		row_release(rows->row[i]);
	free(rows->row);
	*rows = (struct scep_rows){0};
}
