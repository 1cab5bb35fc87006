/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is durable, as data: for each table of the state database its columns,
 * and where each lives in a struct.  A new setting is a member of the struct
 * and one line in columns.c.  Knows no SQL.
 */
#ifndef SCEP_STORE_SCHEMA_H
#define SCEP_STORE_SCHEMA_H

#include "scep/store/store.h"

enum column_kind {
	COLUMN_U32,    /* uint32_t */
	COLUMN_I64,    /* int64_t */
	COLUMN_TEXT,   /* char[], NUL-terminated */
	COLUMN_OCTETS, /* struct scep_octetsN */
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

enum columns_table {
	COLUMNS_PROFILE = STORE_PROFILE,
	COLUMNS_STATUS = STORE_STATUS,
	COLUMNS_KEY = STORE_KEY,
	COLUMNS_CA = STORE_CA,
	COLUMNS_RECORD = STORE_RECORD,
	COLUMNS_USE = STORE_USE,
	COLUMNS_ASIDE = STORE_RETIRED,
	COLUMNS_AGENT,
	COLUMNS_COUNTERS,
	COLUMNS_TABLE_COUNT
};

struct columns {
	const char *table;
	size_t row_size;
	bool has_index; /* the row begins with its index; else there is one row,
			 * and its index is COLUMNS_ONE_ROW */
	const struct column *column;
	size_t count;
};

#define COLUMNS_ONE_ROW 1

/* The row of COLUMNS_COUNTERS. */
struct store_counters {
	uint32_t key_last_index;
	uint32_t ca_last_index;
};

/* The columns of a table beside its index, which is the primary key. */
const struct columns *columns_of(enum columns_table table);

/* Frees what a row's COLUMN_BYTES members own. */
void columns_free_bytes(const struct columns *columns, void *row);

#endif
