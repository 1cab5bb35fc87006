/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/storetest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <sqlite3.h>
#include <unistd.h>

#include "scep/rows.h"

char storetest_folder[256];
struct scep_error storetest_error;

/* -------------------------------------------------------------- helpers -- */

const char *storetest_path(const char *name)
{
	static char path[2][512];
	static unsigned int turn;

	turn = (turn + 1) % 2;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", storetest_folder,
		 name);
	return path[turn];
}

int storetest_make_folder(void **state)
{
	const char *parent = getenv("TMPDIR");

	(void)state;
	snprintf(storetest_folder, sizeof(storetest_folder),
		 "%s/test_store.XXXXXX", parent != NULL ? parent : "/tmp");
	return mkdtemp(storetest_folder) == NULL;
}

int storetest_remove_folder(void **state)
{
	DIR *directory = opendir(storetest_folder);
	struct dirent *entry;

	(void)state;
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			remove(storetest_path(entry->d_name));
	closedir(directory);
	return rmdir(storetest_folder);
}

void storetest_must(enum scep_code code)
{
	if (code != SCEP_OK)
		fail_msg("%s", storetest_error.text);
}

struct store *storetest_open(void)
{
	struct store *store;
	bool is_corrupt = true;

	storetest_must(store_open(storetest_folder, &store, &is_corrupt,
				  &storetest_error));
	assert_false(is_corrupt);
	return store;
}

/* The store must not open.  Returns whether the file is to blame. */
bool storetest_refused(const char *words)
{
	struct store *store;
	bool is_corrupt;
	enum scep_code code;

	memset(&storetest_error, 0, sizeof(storetest_error));
	code =
	    store_open(storetest_folder, &store, &is_corrupt, &storetest_error);
	assert_true(code == SCEP_STORAGE_ERROR || code == SCEP_CONFIG_ERROR);
	assert_null(store);
	assert_int_equal(storetest_error.code, code);
	if (strstr(storetest_error.text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words,
			 storetest_error.text);
	return is_corrupt;
}

enum scep_code storetest_put(struct store *store, enum store_table table,
			     const void *row)
{
	return store_put(store, table, row, &storetest_error);
}

void storetest_commit(struct store *store, enum store_table table,
		      const void *row)
{
	storetest_must(store_begin(store, &storetest_error));
	storetest_must(storetest_put(store, table, row));
	storetest_must(store_commit(store, &storetest_error));
}

struct store_content storetest_load(struct store *store)
{
	struct store_content content;

	storetest_must(store_load(store, NULL, &content, &storetest_error));
	return content;
}

/* Runs SQL past the store, which must be closed. */
void storetest_run(const char *sql)
{
	sqlite3 *sqlite;
	char *message = NULL;

	assert_int_equal(sqlite3_open(storetest_path(STORE_FILE), &sqlite),
			 SQLITE_OK);
	if (sqlite3_exec(sqlite, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_close(sqlite);
}

long long storetest_query(const char *sql)
{
	sqlite3 *sqlite;
	sqlite3_stmt *statement;
	long long number;

	assert_int_equal(sqlite3_open(storetest_path(STORE_FILE), &sqlite),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(sqlite);
	return number;
}

/* ------------------------------------------------------------- patterns -- */

static size_t pattern_length(enum storetest_pattern pattern, size_t most,
			     unsigned seed)
{
	switch (pattern) {
	case PATTERN_SMALL:
		return 0;
	case PATTERN_MIXED:
		return seed % (most + 1);
	case PATTERN_FULL:
	case PATTERN_COUNT:
		break;
	}
	return most;
}

static void fill_octets(char *member, size_t length, unsigned seed)
{
	for (size_t i = 0; i < length; i++)
		member[i] = (char)(seed * 31 + i); /* zeros among them */
}

static void fill_member(const struct column *column, char *member,
			enum storetest_pattern pattern, unsigned seed)
{
	static const uint32_t numbers[] = {0, 1000, UINT32_MAX};
	static const int64_t times[] = {INT64_MIN, 4102444800, INT64_MAX};
	static char long_content[COLUMN_BYTES_MAX];
	size_t length;

	switch (column->kind) {
	case COLUMN_U32:
		*(uint32_t *)member =
		    numbers[pattern] + (pattern == PATTERN_MIXED ? seed : 0);
		return;
	case COLUMN_I64:
		*(int64_t *)member =
		    times[pattern] + (pattern == PATTERN_MIXED ? seed : 0);
		return;
	case COLUMN_TEXT:
		length = pattern_length(pattern, column->size - 1, seed);
		for (size_t i = 0; i < length; i++)
			member[i] = (char)('!' + (seed + i) % 90);
		return;
	case COLUMN_OCTETS:
	case COLUMN_SECRET:
		length = pattern_length(pattern, column->size - 4, seed);
		*(uint32_t *)member = (uint32_t)length;
		fill_octets(member + 4, length, seed);
		return;
	case COLUMN_BYTES:
		length = pattern_length(pattern, COLUMN_BYTES_MAX, seed * 20);
		fill_octets(long_content, length, seed);
		assert_true(
		    bytes_set((struct bytes *)member, long_content, length));
		return;
	}
}

void *storetest_row(enum store_table table, uint32_t index,
		    enum storetest_pattern pattern)
{
	const struct schema_table *schema = schema_table(table);
	char *row = schema_row_new(table);

	assert_non_null(row);
	if (schema->has_index)
		memcpy(row, &index, sizeof(index));
	for (unsigned i = 0; i < schema->count; i++)
		fill_member(&schema->column[i], row + schema->column[i].offset,
			    pattern, 100 * index + i);
	return row;
}

static void assert_bytes_equal(const struct bytes *a, const struct bytes *b)
{
	assert_int_equal(a->length, b->length);
	if (a->length != 0)
		assert_memory_equal(a->data, b->data, a->length);
}

/* Whole structs, but for the pointers of struct bytes. */
void storetest_assert_equal(enum store_table table, const void *a,
			    const void *b)
{
	const struct schema_table *schema = schema_table(table);
	size_t size = schema->row_size;

	for (size_t i = 0; i < schema->count; i++) {
		const struct column *column = &schema->column[i];

		if (column->kind != COLUMN_BYTES)
			continue;
		assert_bytes_equal(
		    (const void *)((const char *)a + column->offset),
		    (const void *)((const char *)b + column->offset));
		if (size > column->offset)
			size = column->offset; /* they stand at the end */
	}
	assert_memory_equal(a, b, size);
}

/* The loaded row of a table, or NULL. */
const void *storetest_loaded(const struct store_content *content,
			     enum store_table table, uint32_t index,
			     struct store_counters *counters)
{
	switch (table) {
	case STORE_PROFILE:
		return scep_rows_find(&content->profiles, index);
	case STORE_STATUS:
		return scep_rows_find(&content->statuses, index);
	case STORE_KEY:
		return scep_rows_find(&content->keys, index);
	case STORE_CA:
		return scep_rows_find(&content->cas, index);
	case STORE_RECORD:
		return scep_rows_find(&content->records, index);
	case STORE_USE:
		return scep_rows_find(&content->uses, index);
	case STORE_RETIRED:
		return scep_rows_find(&content->retired, index);
	case STORE_AGENT:
		return content->has_agent ? &content->agent : NULL;
	case STORE_COUNTERS:
		counters->key_last_index = content->counters.key_last_index;
		counters->ca_last_index = content->counters.ca_last_index;
		return counters;
	case STORE_TABLE_COUNT:
		break;
	}
	return NULL;
}

void storetest_assert_loaded(const struct store_content *content,
			     enum store_table table, const void *expected,
			     uint32_t index)
{
	struct store_counters counters = {0};
	const void *row = storetest_loaded(content, table, index, &counters);

	if (row == NULL)
		fail_msg("%s: no row %u", schema_table(table)->name, index);
	storetest_assert_equal(table, row, expected);
}
