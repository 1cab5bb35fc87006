/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table for people: columns of texts, as wide as their widest cell, in 80
 * columns of a terminal.  Knows no object.
 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include "ctl/visit.h"

#define TABLE_COLUMNS 8
#define TABLE_WIDTH   80

struct table_column {
	const char *head;
	size_t most; /* wider cells are cut; 0: what is left of the line */
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	char **cells; /* owned */
	size_t count;
	size_t room;
};

void table_begin(struct table *table, const struct table_column *columns,
		 size_t column_count);
/* Adds the next cell of the current row. */
void table_add(struct table *table, const char *cell);
void table_add_number(struct table *table, int64_t number);
/* Prints it, or `otherwise` if it has no row, and frees it. */
void table_end(struct table *table, struct visit *visit, const char *otherwise);

/* Prints a text in lines of 80 columns, broken at blanks; `label` stands in
 * front of the first. */
void table_wrap(struct visit *visit, const char *label, const char *text);

#endif
