/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/grid.h"

#include "ctl/labels.h"
#include "ctl/safe_text.h"
#include "subagent/snmp/date_and_time.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_readable(const struct object *object)
{
	return object->access != ACCESS_NONE &&
	       object->syntax != SYNTAX_SECRET &&
	       (object->field == SCEP_FIELD_NONE ||
		scep_field_info(object->field)->kind != SCEP_KIND_ACTION);
}

static void list_columns(struct grid *rows, enum object_table_id table)
{
	memset(rows, 0, sizeof(*rows));
	for (size_t i = 0; i < object_count; i++) {
		if (objects[i].table != table || !is_readable(&objects[i]))
			continue;
		assert(rows->column_count < GRID_COLUMNS);
		rows->column[rows->column_count++] = &objects[i];
	}
}

void grid_free(struct grid *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free(rows->row[i].value);
	free(rows->row);
	rows->row = NULL;
	rows->count = rows->room = 0;
}

/* Returns where the row is, or would be. */
static size_t place_of(const struct grid *rows, uint32_t index)
{
	size_t place = rows->count;

	while (place > 0 && rows->row[place - 1].index >= index)
		place--;
	return place;
}

static struct row_of_table *add_row(struct grid *rows, uint32_t index)
{
	size_t place = place_of(rows, index);
	struct row_of_table *row;
	struct scep_value *values;

	if (place < rows->count && rows->row[place].index == index)
		return &rows->row[place];
	if (rows->count == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 4;

		row = realloc(rows->row, room * sizeof(*row));
		if (!row)
			return NULL;
		rows->row = row;
		rows->room = room;
	}
	values = calloc(rows->column_count, sizeof(*values));
	if (!values)
		return NULL;
	row = &rows->row[place];
	memmove(row + 1, row, (rows->count - place) * sizeof(*row));
	memset(row, 0, sizeof(*row));
	row->index = index;
	row->value = values;
	rows->count++;
	return row;
}

static bool keep_cell(void *context, size_t column, uint32_t index,
		      const struct scep_value *value)
{
	struct row_of_table *row = add_row(context, index);

	if (!row)
		return false;
	row->has[column] = true;
	row->value[column] = *value;
	return true;
}

bool grid_read(struct manager *manager, enum object_table_id table,
	       struct grid *rows, struct reason *reason)
{
	struct manager_variable columns[GRID_COLUMNS] = {0};
	bool is_good;

	list_columns(rows, table);
	for (size_t i = 0; i < rows->column_count; i++)
		columns[i].object = rows->column[i];
	is_good = manager_walk(manager, columns, rows->column_count, keep_cell,
			       rows, reason);
	if (!is_good)
		grid_free(rows);
	return is_good;
}

bool grid_read_one(struct manager *manager, enum object_table_id table,
		   uint32_t index, struct grid *rows, struct reason *reason)
{
	struct manager_variable columns[GRID_COLUMNS] = {0};

	list_columns(rows, table);
	for (size_t i = 0; i < rows->column_count; i++)
		columns[i] =
		    (struct manager_variable){.object = rows->column[i],
					      .index = index,
					      .may_lack = true};
	if (!manager_get(manager, columns, rows->column_count, reason))
		return false;
	for (size_t i = 0; i < rows->column_count; i++)
		if (!columns[i].is_missing &&
		    !keep_cell(rows, i, index, &columns[i].value)) {
			grid_free(rows);
			return reason_set(reason, "memory is short");
		}
	return true;
}

const struct row_of_table *grid_find(const struct grid *rows, uint32_t index)
{
	size_t place = place_of(rows, index);

	return place < rows->count && rows->row[place].index == index
		   ? &rows->row[place]
		   : NULL;
}

/* ---------------------------------------------------------------- values -- */

const struct scep_value *grid_value(const struct grid *rows,
				    const struct row_of_table *row,
				    const char *name)
{
	for (size_t i = 0; i < rows->column_count; i++)
		if (strcmp(rows->column[i]->name, name) == 0)
			return row->has[i] ? &row->value[i] : NULL;
	assert(!"a column that the table does not have");
	return NULL;
}

int64_t grid_number(const struct grid *rows, const struct row_of_table *row,
		    const char *name)
{
	const struct scep_value *value = grid_value(rows, row, name);

	return value ? value->number : 0;
}

const char *grid_text(const struct grid *rows, const struct row_of_table *row,
		      const char *name, char text[GRID_TEXT])
{
	const struct scep_value *value = grid_value(rows, row, name);

	return safe_text(value ? value->octets : NULL,
			 value ? value->length : 0, text, GRID_TEXT);
}

const char *grid_label(const struct grid *rows, const struct row_of_table *row,
		       const char *name, char text[GRID_TEXT])
{
	uint32_t number = (uint32_t)grid_number(rows, row, name);
	const char *label = label_of(name, number);

	if (label)
		return label;
	snprintf(text, GRID_TEXT, "%" PRIu32, number);
	return text;
}

int64_t grid_time(const struct grid *rows, const struct row_of_table *row,
		  const char *name)
{
	const struct scep_value *value = grid_value(rows, row, name);
	struct date_and_time date;

	return value && date_and_time_read(value->octets, value->length, &date)
		   ? date_and_time_seconds(&date)
		   : 0;
}
