/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of a device, or a group of scalars, as rows of named columns.  A
 * column that the device lacks (an older one) has no values; those that ask for
 * it get what an absent one means: 0 or the empty text.
 */
#ifndef CTL_GRID_H
#define CTL_GRID_H

#include "ctl/manager.h"

#define GRID_COLUMNS 40

struct row_of_table {
	uint32_t index;
	bool has[GRID_COLUMNS];
	struct scep_value *value; /* owned; one for each column */
};

/* All zero is empty. */
struct grid {
	const struct object *column[GRID_COLUMNS];
	size_t column_count;
	struct row_of_table *row; /* owned; sorted by index */
	size_t count;
	size_t room;
};

/* Reads all columns of a table that can be read, apart from actions and
 * secrets. Returns false with the reason; then it is empty. */
bool grid_read(struct manager *manager, enum object_table_id table,
	       struct grid *rows, struct reason *reason);
/* Reads one row of a table, or a group of scalars as row 0.  There is no row if
 * the device has none of it. */
bool grid_read_one(struct manager *manager, enum object_table_id table,
		   uint32_t index, struct grid *rows, struct reason *reason);
void grid_free(struct grid *rows);

/* Returns the row of that index, or NULL. */
const struct row_of_table *grid_find(const struct grid *rows, uint32_t index);
/* Returns the value of a column that the table has ("scepKeyName"), or NULL if
 * the device lacks it. */
const struct scep_value *grid_value(const struct grid *rows,
				    const struct row_of_table *row,
				    const char *name);
int64_t grid_number(const struct grid *rows, const struct row_of_table *row,
		    const char *name);
/* Copies a text with a NUL, control characters escaped; returns it. */
#define GRID_TEXT 1600
const char *grid_text(const struct grid *rows, const struct row_of_table *row,
		      const char *name, char text[GRID_TEXT]);
/* Returns the label of an enumeration, or its number in words. */
const char *grid_label(const struct grid *rows, const struct row_of_table *row,
		       const char *name, char text[GRID_TEXT]);
/* Returns the seconds since 1970 of a DateAndTime, or 0 for none. */
int64_t grid_time(const struct grid *rows, const struct row_of_table *row,
		  const char *name);

#endif
