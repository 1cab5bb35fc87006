/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/table.h"

#include "ctl/safe_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP  2
#define LINE 4000

void table_begin(struct table *table, const struct table_column *columns,
		 size_t column_count)
{
	memset(table, 0, sizeof(*table));
	table->columns = columns;
	table->column_count = column_count;
}

void table_add(struct table *table, const char *cell)
{
	if (table->count == table->room) {
		size_t room = table->room ? 2 * table->room : 64;
		char **cells = realloc(table->cells, room * sizeof(*cells));

		if (!cells)
			return;
		table->cells = cells;
		table->room = room;
	}
	table->cells[table->count] = strdup(cell[0] ? cell : "-");
	if (table->cells[table->count])
		table->count++;
}

void table_add_number(struct table *table, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	table_add(table, text);
}

/* Works out how wide the columns are; the last one with no limit gets the rest.
 */
static void measure(const struct table *table, size_t width[TABLE_COLUMNS])
{
	size_t used = 0, open = table->column_count;

	for (size_t c = 0; c < table->column_count; c++) {
		width[c] = strlen(table->columns[c].head);
		for (size_t i = c; i < table->count; i += table->column_count)
			if (text_width(table->cells[i]) > width[c])
				width[c] = text_width(table->cells[i]);
		if (table->columns[c].most && width[c] > table->columns[c].most)
			width[c] = table->columns[c].most;
		if (table->columns[c].most == 0)
			open = c;
		else
			used += width[c];
	}
	used += GAP * (table->column_count - 1);
	if (open < table->column_count && used + 8 < TABLE_WIDTH &&
	    used + width[open] > TABLE_WIDTH)
		width[open] = TABLE_WIDTH - used;
}

static void add_cell(char line[LINE], const char *cell, size_t width,
		     bool is_last)
{
	char cut[GRID_TEXT];
	size_t used = strlen(line);
	size_t shown;

	snprintf(cut, sizeof(cut), "%s", cell);
	text_cut(cut, width);
	shown = text_width(cut);
	snprintf(line + used, LINE - used, "%s%*s", cut,
		 is_last ? 0 : (int)(width - shown + GAP), "");
}

static void print_line(struct visit *visit, const struct table *table,
		       char *const *cells, const size_t *width)
{
	char line[LINE] = "";

	for (size_t c = 0; c < table->column_count; c++)
		add_cell(line, cells ? cells[c] : table->columns[c].head,
			 width[c], c + 1 == table->column_count);
	visit_say(visit, "%s", line);
}

void table_end(struct table *table, struct visit *visit, const char *otherwise)
{
	size_t width[TABLE_COLUMNS] = {0};
	size_t rows = table->count / table->column_count;

	measure(table, width);
	if (rows == 0)
		visit_say(visit, "%s", otherwise);
	else
		print_line(visit, table, NULL, width);
	for (size_t row = 0; row < rows; row++)
		print_line(visit, table,
			   &table->cells[row * table->column_count], width);
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
}

/* Returns how many octets of the text go into a line of that width. */
static size_t fitting(const char *text, size_t width)
{
	size_t blank = 0, seen = 0, at = 0;

	for (; text[at]; at++) {
		if (((unsigned char)text[at] & 0xc0) != 0x80 && seen++ == width)
			return blank ? blank : at;
		if (text[at] == ' ')
			blank = at;
	}
	return at;
}

void table_wrap(struct visit *visit, const char *label, const char *text)
{
	size_t indent = text_width(label);

	do {
		size_t length = fitting(text, TABLE_WIDTH - indent);

		visit_say(visit, "%*s%.*s", (int)indent, label, (int)length,
			  text);
		label = "";
		text += length;
		text += strspn(text, " ");
	} while (*text);
}
