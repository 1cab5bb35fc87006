/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the state database as data: the columns of each, the place of
 * each column in the struct of a row, and the SQL text that follows from them.
 * The columns of settings follow from mibs/objects.def.  Pure: knows no SQLite
 * and runs nothing.
 */
#ifndef SCEP_STORE_SCHEMA_H
#define SCEP_STORE_SCHEMA_H

#include "scep/base/rows.h"
#include "scep/store/record.h"

/* Each row of the first tables begins with its index. */
enum store_table {
	STORE_PROFILE, /* struct scep_profile */
	STORE_STATUS,  /* struct scep_status */
	STORE_KEY,     /* struct scep_key */
	STORE_CA,      /* struct scep_ca */
	STORE_RECORD,  /* struct record */
	STORE_USE,     /* struct scep_use */
	STORE_RETIRED, /* struct scep_key */
	/* The others have one row; its index is STORE_ONE_ROW. */
	STORE_AGENT,	/* struct scep_agent */
	STORE_COUNTERS, /* struct store_counters */
	STORE_TABLE_COUNT
};
#define STORE_ONE_ROW 1

/* The highest indexes that were ever given. */
struct store_counters {
	uint32_t key_last_index;
	uint32_t ca_last_index;
};

enum column_kind {
	COLUMN_U32,    /* uint32_t */
	COLUMN_I64,    /* int64_t */
	COLUMN_TEXT,   /* char[], NUL-terminated */
	COLUMN_OCTETS, /* struct scep_octetsN */
	COLUMN_SECRET, /* struct scep_secret: a challenge password */
	COLUMN_BYTES,  /* struct bytes, owned by the row */
};

struct column {
	const char *name;
	enum column_kind kind;
	size_t offset; /* of the member in the row's struct */
	size_t size;   /* of the member */
};

/* The longest content of a COLUMN_BYTES. */
#define COLUMN_BYTES_MAX (1024 * 1024)

/* A table: its index, which is the primary key, and these columns. */
struct schema_table {
	const char *name;
	size_t row_size;
	bool has_index; /* else it has one row */
	const struct column *column;
	size_t count;
};

const struct schema_table *schema_table(enum store_table table);

/* Returns a zeroed row of the table with one reference (rows.h), or NULL if
 * memory is short. */
void *schema_row_new(enum store_table table);

/*
 * SQL statements.  All return an owned string (free), or NULL if memory is
 * short.
 */
/* Makes the table unless it is there. */
char *schema_sql_create(const struct schema_table *table);
/* Adds a column, NULL in every row, to a table of an older version. */
char *schema_sql_add_column(const struct schema_table *table,
			    const struct column *column);
/* Inserts or replaces.  Parameter 1 is the index; the others are the columns
 * in their order. */
char *schema_sql_put(const struct schema_table *table);
/* Selects the first row whose index is at least parameter 1: the index, then
 * the columns in their order. */
char *schema_sql_next(const struct schema_table *table);
/* Removes the row whose index is parameter 1. */
char *schema_sql_remove(const struct schema_table *table);

/*
 * Sets the last due time that each timer of a database before version 5 has
 * carried out.  An enabled timer knew it.  A disabled one had forgotten it: a
 * certificate that came after its start stands for it, so that enabling the
 * timer requests no other.
 */
extern const char schema_sql_recall_runs[];

#endif
