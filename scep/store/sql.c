/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/sql.h"

#include <stdio.h>
#include <stdlib.h>

/* Names are quoted, as "index" and "trigger" are words of SQL. */
#define NAME "\"%s\""

static const char *type_name(enum column_kind kind)
{
	switch (kind) {
	case COLUMN_U32:
	case COLUMN_I64:
		return "INTEGER";
	case COLUMN_TEXT:
		return "TEXT";
	case COLUMN_OCTETS:
	case COLUMN_BYTES:
		return "BLOB";
	}
	return "BLOB";
}

static void put_definition(FILE *text, const struct column *column)
{
	fprintf(text, NAME " %s", column->name, type_name(column->kind));
}

static void put_names(FILE *text, const struct columns *columns)
{
	fputs("\"index\"", text);
	for (size_t i = 0; i < columns->count; i++)
		fprintf(text, ", " NAME, columns->column[i].name);
}

/* One function for each statement, and one that runs them over a stream. */
typedef void (*sql_write_fn)(FILE *text, const struct columns *columns,
			     const struct column *column);

static char *sql_make(sql_write_fn write, const struct columns *columns,
		      const struct column *column)
{
	char *sql = NULL;
	size_t size = 0;
	FILE *text = open_memstream(&sql, &size);
	bool has_failed;

	if (text == NULL)
		return NULL;
	write(text, columns, column);
	has_failed = ferror(text) != 0;
	if (fclose(text) != 0 || has_failed) {
		free(sql);
		return NULL;
	}
	return sql;
}

static void write_create(FILE *text, const struct columns *columns,
			 const struct column *column)
{
	(void)column;
	fprintf(text,
		"CREATE TABLE IF NOT EXISTS " NAME
		" (\"index\" INTEGER PRIMARY KEY",
		columns->table);
	for (size_t i = 0; i < columns->count; i++) {
		fputs(", ", text);
		put_definition(text, &columns->column[i]);
	}
	fputs(")", text);
}

static void write_add_column(FILE *text, const struct columns *columns,
			     const struct column *column)
{
	fprintf(text, "ALTER TABLE " NAME " ADD COLUMN ", columns->table);
	put_definition(text, column);
}

static void write_put(FILE *text, const struct columns *columns,
		      const struct column *column)
{
	(void)column;
	fprintf(text, "INSERT OR REPLACE INTO " NAME " (", columns->table);
	put_names(text, columns);
	fputs(") VALUES (?", text);
	for (size_t i = 0; i < columns->count; i++)
		fputs(", ?", text);
	fputs(")", text);
}

static void write_next(FILE *text, const struct columns *columns,
		       const struct column *column)
{
	(void)column;
	fputs("SELECT ", text);
	put_names(text, columns);
	fprintf(text,
		" FROM " NAME
		" WHERE \"index\" >= ? ORDER BY \"index\" LIMIT 1",
		columns->table);
}

static void write_remove(FILE *text, const struct columns *columns,
			 const struct column *column)
{
	(void)column;
	fprintf(text, "DELETE FROM " NAME " WHERE \"index\" = ?",
		columns->table);
}

char *sql_create(const struct columns *columns)
{
	return sql_make(write_create, columns, NULL);
}

char *sql_add_column(const struct columns *columns, const struct column *column)
{
	return sql_make(write_add_column, columns, column);
}

char *sql_put(const struct columns *columns)
{
	return sql_make(write_put, columns, NULL);
}

char *sql_next(const struct columns *columns)
{
	return sql_make(write_next, columns, NULL);
}

char *sql_remove(const struct columns *columns)
{
	return sql_make(write_remove, columns, NULL);
}
