/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common parts of the tests of the store: a folder of their own for each,
 * rows filled by the column maps, and SQL past the store.  Fails the running
 * test where something is amiss.
 */
#ifndef TESTS_STORETEST_H
#define TESTS_STORETEST_H

#include "scep/codes.h"
#include "scep/store/schema.h"
#include "scep/store/store.h"

/* The files that SQLite keeps beside the database. */
#define STORE_JOURNAL STORE_FILE "-journal"

extern char storetest_folder[256];
/* Where all functions below, and the tests, leave errors. */
extern struct scep_error storetest_error;

/* Setup and teardown of a test. */
int storetest_make_folder(void **state);
int storetest_remove_folder(void **state);
/* The path of a file in the folder; two of them are kept at a time. */
const char *storetest_path(const char *name);

void storetest_must(enum scep_code code);
struct store *storetest_open(void);
/* The store must not open, with these words in the error.  Returns whether
 * the file is to blame. */
bool storetest_refused(const char *words);
/* Everything there is; the caller frees it. */
struct store_content storetest_load(struct store *store);

/* Puts a row in the transaction that is open. */
enum scep_code storetest_put(struct store *store, enum store_table table,
			     const void *row);
/* The same in a transaction of its own, which must succeed. */
void storetest_commit(struct store *store, enum store_table table,
		      const void *row);

/* Runs SQL past the store, which must be closed. */
void storetest_run(const char *sql);
/* The first number of the first row. */
long long storetest_query(const char *sql);

enum storetest_pattern {
	PATTERN_SMALL, /* the least of all values */
	PATTERN_MIXED,
	PATTERN_FULL, /* the most, in number and in length */
	PATTERN_COUNT
};
/* A row with all its columns filled, each differently, and zeros elsewhere.
 * Returns owned; row_release() it. */
void *storetest_row(enum store_table table, uint32_t index,
		    enum storetest_pattern pattern);

/* The whole structs are compared, and what their octet strings hold. */
void storetest_assert_equal(enum store_table table, const void *a,
			    const void *b);
/* The row of that index in what was loaded, or NULL; `counters` has room for
 * those of STORE_COUNTERS. */
const void *storetest_loaded(const struct store_content *content,
			     enum store_table table, uint32_t index,
			     struct store_counters *counters);
void storetest_assert_loaded(const struct store_content *content,
			     enum store_table table, const void *expected,
			     uint32_t index);

#endif
