/* SPDX-License-Identifier: Apache-2.0 */
/* The state database on a disk that fails (failing_disk.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/rows.h"
#include "scep/store/database.h"
#include "tests/lib/storetest.h"
#include "tests/unit/scep/store/failing_disk.h"

/* ------------------------------------------------------- the transaction -- */

/* Rows 1 and 2 of each table, with the old content. */
static void put_old_rows(struct store *store)
{
	storetest_must(store_begin(store, &storetest_error));
	for (int table = 0; table < STORE_TABLE_COUNT; table++) {
		for (uint32_t index = 1; index <= 2; index++) {
			void *row = storetest_row(table, index, PATTERN_MIXED);

			storetest_must(storetest_put(store, table, row));
			row_release(row);
		}
	}
	storetest_must(store_commit(store, &storetest_error));
}

/* ------------------------------------------------------------ the memory -- */

static struct {
	bool is_changed; /* it has the rows of change_rows() */
	void *row;	 /* lent last */
} memory;

/* The row as put_old_rows() or change_rows() has left it. */
static const void *find_in_memory(void *context, enum store_table table,
				  uint32_t index)
{
	bool has_one = table >= STORE_AGENT;
	uint32_t gone = memory.is_changed ? 2 : 3;
	uint32_t last = memory.is_changed ? 3 : 2;

	assert_ptr_equal(context, &memory);
	row_release(memory.row);
	memory.row = NULL;
	if (has_one)
		index = last;
	if (index <= 3 && index != gone)
		memory.row = storetest_row(table, index,
					   memory.is_changed ? PATTERN_SMALL
							     : PATTERN_MIXED);
	return memory.row;
}

static struct store *open_with_memory(void)
{
	struct store *store = storetest_open();

	memory.is_changed = false;
	store_set_memory(store, find_in_memory, &memory);
	return store;
}

/* Row 1 is replaced, 2 removed, 3 is new.  Returns the first failure. */
static enum scep_code change_rows(struct store *store)
{
	enum scep_code code = store_begin(store, &storetest_error);

	for (int table = 0; code == SCEP_OK && table < STORE_TABLE_COUNT;
	     table++) {
		for (uint32_t index = 1; code == SCEP_OK && index <= 3;
		     index += 2) {
			void *row = storetest_row(table, index, PATTERN_SMALL);

			code = storetest_put(store, table, row);
			row_release(row);
		}
		if (code == SCEP_OK && table <= STORE_RECORD)
			code = store_remove(store, table, 2, &storetest_error);
	}
	if (code == SCEP_OK)
		code = store_commit(store, &storetest_error);
	if (code != SCEP_OK)
		store_rollback(store);
	memory.is_changed = code == SCEP_OK;
	return code;
}

static void assert_row(const struct store_content *content,
		       enum store_table table, uint32_t index,
		       enum storetest_pattern pattern)
{
	void *row = storetest_row(table, index, pattern);

	storetest_assert_loaded(content, table, row, index);
	row_release(row);
}

static void assert_content(struct store *store, bool is_changed)
{
	struct store_content content = storetest_load(store);
	struct store_counters counters;

	for (int table = 0; table <= STORE_RECORD; table++) {
		uint32_t missing = is_changed ? 2 : 3;

		assert_row(&content, table, 1,
			   is_changed ? PATTERN_SMALL : PATTERN_MIXED);
		assert_row(&content, table, is_changed ? 3 : 2,
			   is_changed ? PATTERN_SMALL : PATTERN_MIXED);
		assert_null(
		    storetest_loaded(&content, table, missing, &counters));
	}
	for (int table = STORE_AGENT; table < STORE_TABLE_COUNT; table++)
		assert_row(&content, table, is_changed ? 3 : 2,
			   is_changed ? PATTERN_SMALL : PATTERN_MIXED);
	store_content_free(&content);
}

/* Tells whether the change, or a part of it, has landed. */
static bool is_changed(struct store *store)
{
	struct store_content content = storetest_load(store);
	bool has_third = scep_rows_find(&content.keys, 3) != NULL;

	store_content_free(&content);
	return has_third;
}

struct fault {
	bool is_lasting;
	int error;
};
static const struct fault faults[] = {
    {false, 0},
    {true, 0},
    {false, SQLITE_FULL},
    {true, SQLITE_FULL},
};
#define FAULTS (sizeof(faults) / sizeof(faults[0]))

/*
 * Lets each call of the disk fail in turn, until the transaction gets through
 * without meeting the fault, and hands each failed store to `judge`.  Returns
 * how many calls there were.
 */
typedef void (*judge_fn)(struct store *store);

static int fail_every_call(const struct fault *fault, judge_fn judge)
{
	for (int nth = 1;; nth++) {
		struct store *store;
		enum scep_code code;

		disk_heal();
		remove(storetest_path(STORE_FILE));
		remove(storetest_path(STORE_JOURNAL));
		store = storetest_open();
		put_old_rows(store);
		/* The first change after a start opens the journal, too. */
		store_close(store);
		store = open_with_memory();
		disk_fail(nth, fault->is_lasting, fault->error);
		code = change_rows(store);
		if (!disk.has_failed) {
			disk_heal();
			assert_int_equal(code, SCEP_OK);
			assert_content(store, true);
			store_close(store);
			return nth - 1;
		}
		if (code == SCEP_OK) /* SQLite did without that call */
			store_close(store);
		else
			judge(store);
	}
}

static void assert_next_transaction_works(struct store *store)
{
	struct scep_key key = {.index = 9};
	struct store_content content;

	disk_heal();
	assert_int_equal(storetest_error.code, SCEP_STORAGE_ERROR);
	storetest_commit(store, STORE_KEY, &key);
	assert_content(store, false);
	store_close(store);
	store = storetest_open();
	assert_content(store, false);
	content = storetest_load(store);
	assert_non_null(scep_rows_find(&content.keys, 9));
	store_content_free(&content);
	store_close(store);
}

static void
whatever_call_fails_the_old_rows_stay_and_the_next_change_works(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAULTS; i++) {
		int calls =
		    fail_every_call(&faults[i], assert_next_transaction_works);

		/* Journal, database, and both made durable. */
		assert_true(calls > 10);
	}
}

static void assert_closed_with_old_rows(struct store *store)
{
	disk_heal();
	store_close(store);
	store = storetest_open();
	assert_content(store, false);
	store_close(store);
}

static void closing_after_a_failure_leaves_the_old_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAULTS; i++)
		fail_every_call(&faults[i], assert_closed_with_old_rows);
}

static void assert_later_attempts_fail_and_reads_work(struct store *store)
{
	struct scep_key key = {.index = 9};
	enum scep_code code = SCEP_OK;

	for (int i = 0; i < 3; i++) {
		code = store_begin(store, &storetest_error);
		if (code == SCEP_OK)
			code =
			    store_put(store, STORE_KEY, &key, &storetest_error);
		if (code == SCEP_OK)
			code = store_commit(store, &storetest_error);
		store_rollback(store);
		assert_int_equal(code, SCEP_STORAGE_ERROR);
	}
	assert_next_transaction_works(store);
}

static void a_disk_that_stays_broken_fails_every_change(void **state)
{
	(void)state;
	fail_every_call(&faults[1], assert_later_attempts_fail_and_reads_work);
	fail_every_call(&faults[3], assert_later_attempts_fail_and_reads_work);
}

/* The disk is still broken when the store is closed, as it is for a process
 * that is killed. */
static void assert_whole(struct store *store)
{
	store_close(store);
	disk_heal();
	store = storetest_open();
	assert_content(store, is_changed(store));
	store_close(store);
}

static void
after_a_failure_and_an_end_the_change_is_whole_or_absent(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAULTS; i++)
		fail_every_call(&faults[i], assert_whole);
}

/* Nobody has seen a row yet: what is on disk is right, changed or not. */
static void before_there_is_memory_a_change_is_whole_or_absent(void **state)
{
	struct store *store;

	(void)state;
	for (int nth = 1; nth < 40; nth++) {
		disk_heal();
		remove(storetest_path(STORE_FILE));
		remove(storetest_path(STORE_JOURNAL));
		store = storetest_open();
		put_old_rows(store);
		store_close(store);
		store = storetest_open();
		disk_fail(nth, false, 0);
		(void)change_rows(store);
		disk_heal();
		assert_content(store, is_changed(store));
		store_close(store);
	}
}

/* ----------------------------------------------------- what it takes -- */

static unsigned int rows_read;

enum scep_code __real_database_next(struct database *database,
				    enum store_table table, int64_t from,
				    void *row, uint32_t *index, bool *is_there,
				    struct scep_error *error);
enum scep_code __wrap_database_next(struct database *database,
				    enum store_table table, int64_t from,
				    void *row, uint32_t *index, bool *is_there,
				    struct scep_error *error);

enum scep_code __wrap_database_next(struct database *database,
				    enum store_table table, int64_t from,
				    void *row, uint32_t *index, bool *is_there,
				    struct scep_error *error)
{
	rows_read++;
	return __real_database_next(database, table, from, row, index, is_there,
				    error);
}

static void a_write_reads_no_row(void **state)
{
	struct store *store = open_with_memory();

	(void)state;
	put_old_rows(store);
	disk_fail(0, false, 0);
	rows_read = 0;
	storetest_must(change_rows(store));
	assert_int_equal(rows_read, 0);
	assert_content(store, true);
	assert_true(rows_read > 0);
	store_close(store);
}

static void a_commit_ends_with_a_durable_empty_journal(void **state)
{
	struct store *store = storetest_open();
	FILE *journal;

	(void)state;
	put_old_rows(store);
	disk_fail(0, false, 0);
	storetest_must(change_rows(store));
	assert_int_equal(disk.last_call, CALL_SYNC);
	assert_true(disk.last_was_journal);
	journal = fopen(storetest_path(STORE_JOURNAL), "r");
	assert_non_null(journal);
	assert_int_equal(fgetc(journal), EOF);
	fclose(journal);
	store_close(store);
}

static void an_error_names_operation_and_cause(void **state)
{
	struct store *store = storetest_open();

	(void)state;
	put_old_rows(store);
	disk_fail(1, true, SQLITE_FULL);
	assert_int_equal(change_rows(store), SCEP_STORAGE_ERROR);
	assert_non_null(strstr(storetest_error.text, "state database: "));
	assert_non_null(strstr(storetest_error.text, "full"));
	disk_heal();
	store_close(store);
}

/* ------------------------------------------------------------- at start -- */

static void a_new_database_that_cannot_be_made_is_made_later(void **state)
{
	struct store *store;
	bool is_corrupt;

	(void)state;
	for (int nth = 1;; nth++) {
		disk_fail(nth, nth % 2 == 0, 0);
		if (store_open(storetest_folder, &store, &is_corrupt,
			       &storetest_error) == SCEP_OK)
			break;
		assert_true(disk.has_failed);
		assert_false(is_corrupt);
		disk_heal();
		store_close(storetest_open());
		remove(storetest_path(STORE_FILE));
		remove(storetest_path(STORE_JOURNAL));
	}
	assert_false(disk.has_failed);
	store_close(store);
}

/* A file that is taken for corrupt is set aside, settings and all. */
static void
a_disk_that_cannot_be_read_does_not_make_a_file_corrupt(void **state)
{
	struct store *store = storetest_open();
	bool is_corrupt;

	(void)state;
	put_old_rows(store);
	store_close(store);
	for (int nth = 1;; nth++) {
		disk_fail(nth, nth % 2 == 0, 0);
		disk.is_reading = true;
		if (store_open(storetest_folder, &store, &is_corrupt,
			       &storetest_error) == SCEP_OK) {
			if (!disk.has_failed)
				break;
			store_close(store);
			continue;
		}
		assert_true(disk.has_failed);
		if (is_corrupt)
			fail_msg("read %d: %s", nth, storetest_error.text);
		disk_heal();
	}
	disk_heal();
	assert_content(store, false);
	store_close(store);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_folder_on_a_sound_disk,     \
					storetest_remove_folder)

static int forget_memory(void **state)
{
	(void)state;
	row_release(memory.row);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(
		whatever_call_fails_the_old_rows_stay_and_the_next_change_works),
	    TEST(closing_after_a_failure_leaves_the_old_rows),
	    TEST(a_disk_that_stays_broken_fails_every_change),
	    TEST(after_a_failure_and_an_end_the_change_is_whole_or_absent),
	    TEST(before_there_is_memory_a_change_is_whole_or_absent),
	    TEST(a_write_reads_no_row),
	    TEST(a_commit_ends_with_a_durable_empty_journal),
	    TEST(an_error_names_operation_and_cause),
	    TEST(a_new_database_that_cannot_be_made_is_made_later),
	    TEST(a_disk_that_cannot_be_read_does_not_make_a_file_corrupt),
	};

	return cmocka_run_group_tests(tests, install_disk, forget_memory);
}
