/* SPDX-License-Identifier: Apache-2.0 */
/* Counted rows and sorted sets of them. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "scep/rows.h"
#include "scep/base/rows.h"

struct row {
	uint32_t index;
	char secret[64];
};

/*
 * Stands in for OpenSSL's, so that a test sees what was cleansed.  Atomic, as
 * the last reference may go on any thread.
 */
static atomic_int cleansed_count;
static _Atomic(void *) cleansed;
static atomic_size_t cleansed_size;

void OPENSSL_cleanse(void *data, size_t length);
void OPENSSL_cleanse(void *data, size_t length)
{
	volatile unsigned char *octets = data;

	for (size_t i = 0; i < length; i++)
		octets[i] = 0;
	cleansed = data;
	cleansed_size = length;
	cleansed_count++;
}

static int forget_cleansing(void **state)
{
	(void)state;
	cleansed_count = 0;
	cleansed = NULL;
	cleansed_size = 0;
	return 0;
}

static struct row *make(uint32_t index)
{
	struct row *row = row_new(sizeof(*row));

	assert_non_null(row);
	row->index = index;
	return row;
}

static void put(struct scep_rows *rows, struct row *row)
{
	assert_true(rows_reserve(rows, 1));
	rows_put(rows, row);
}

static void assert_indexes(const struct scep_rows *rows, size_t count,
			   const uint32_t *indexes)
{
	assert_int_equal(rows->count, count);
	ROWS_EACH (i, rows) {
		const struct row *row = rows->row[i];

		assert_int_equal(row->index, indexes[i]);
		assert_ptr_equal(scep_rows_find(rows, indexes[i]), row);
	}
}

/* ------------------------------------------------------------- one row -- */

static void a_new_row_is_zeroed_and_aligned(void **state)
{
	static const struct row zero;
	struct row *row = row_new(sizeof(*row));

	(void)state;
	assert_non_null(row);
	assert_memory_equal(row, &zero, sizeof(zero));
	assert_int_equal((uintptr_t)row % alignof(max_align_t), 0);
	row_release(row);
}

static void a_row_of_impossible_size_is_refused(void **state)
{
	(void)state;
	assert_null(row_new(SIZE_MAX));
}

static void a_copy_has_the_content_and_its_own_life(void **state)
{
	struct row *row = make(7);
	struct row *copy;

	(void)state;
	strcpy(row->secret, "hidden");
	copy = row_copy(row);
	assert_non_null(copy);
	row_release(row);
	assert_int_equal(copy->index, 7);
	assert_string_equal(copy->secret, "hidden");
	row_release(copy);
}

static void the_last_release_cleanses_the_whole_row(void **state)
{
	struct row *row = make(1);

	(void)state;
	assert_ptr_equal(row_retain(row), row);
	strcpy(row->secret, "hidden");
	row_release(row);
	assert_int_equal(cleansed_count, 0);
	assert_string_equal(row->secret, "hidden");
	row_release(row);
	assert_int_equal(cleansed_count, 1);
	assert_ptr_equal(cleansed, row);
	assert_int_equal(cleansed_size, sizeof(*row));
}

static void releasing_null_is_fine(void **state)
{
	(void)state;
	row_release(NULL);
	assert_int_equal(cleansed_count, 0);
}

static void *retain_and_release(void *row)
{
	for (int i = 0; i < 20000; i++)
		row_release(row_retain(row));
	row_release(row);
	return NULL;
}

static void references_may_be_counted_on_several_threads(void **state)
{
	struct row *row = make(1);
	pthread_t threads[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						retain_and_release,
						row_retain(row)),
				 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(cleansed_count, 0);
	row_release(row);
	assert_int_equal(cleansed_count, 1);
}

/* ---------------------------------------------------------- sets of rows -- */

static void a_set_is_sorted_whatever_the_order_of_insertion(void **state)
{
	static const uint32_t orders[][5] = {
	    {1, 2, 3, 5, UINT32_MAX},
	    {UINT32_MAX, 5, 3, 2, 1},
	    {3, 1, UINT32_MAX, 2, 5},
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct scep_rows rows = {0};

		for (size_t k = 0; k < 5; k++)
			put(&rows, make(orders[i][k]));
		assert_indexes(&rows, 5, orders[0]);
		rows_free(&rows);
	}
}

static void find_and_next_agree_with_a_walk(void **state)
{
	struct scep_rows rows = {0};

	(void)state;
	for (uint32_t i = 1; i <= 100; i++)
		put(&rows, make(3 * i));
	for (uint32_t i = 0; i <= 303; i++) {
		const struct row *found = scep_rows_find(&rows, i);
		const struct row *next = scep_rows_next(&rows, i);

		if (i % 3 == 0 && i >= 3 && i <= 300)
			assert_int_equal(found->index, i);
		else
			assert_null(found);
		if (i < 300)
			assert_int_equal(next->index, i / 3 * 3 + 3);
		else
			assert_null(next);
	}
	rows_free(&rows);
}

static void the_highest_index_has_no_next(void **state)
{
	struct scep_rows rows = {0};

	(void)state;
	put(&rows, make(UINT32_MAX));
	assert_non_null(scep_rows_find(&rows, UINT32_MAX));
	assert_non_null(scep_rows_next(&rows, UINT32_MAX - 1));
	assert_null(scep_rows_next(&rows, UINT32_MAX));
	rows_free(&rows);
}

static void an_empty_set_has_nothing(void **state)
{
	struct scep_rows rows = {0};

	(void)state;
	assert_null(scep_rows_find(&rows, 0));
	assert_null(scep_rows_next(&rows, 0));
	rows_remove(&rows, 1);
	assert_int_equal(rows.count, 0);
	rows_free(&rows);
}

static void putting_the_same_index_replaces_and_releases(void **state)
{
	struct scep_rows rows = {0};
	struct row *old = make(4);
	struct row *new = make(4);

	(void)state;
	put(&rows, old);
	rows_put(&rows, new); /* needs no room */
	assert_ptr_equal(cleansed, old);
	assert_int_equal(rows.count, 1);
	assert_ptr_equal(scep_rows_find(&rows, 4), new);
	rows_free(&rows);
	assert_int_equal(cleansed_count, 2);
}

static void removing_releases_only_that_row(void **state)
{
	static const uint32_t left[] = {1, 3};
	struct scep_rows rows = {0};

	(void)state;
	for (uint32_t i = 1; i <= 3; i++)
		put(&rows, make(i));
	rows_remove(&rows, 2);
	assert_int_equal(cleansed_count, 1);
	rows_remove(&rows, 2);
	assert_int_equal(cleansed_count, 1);
	assert_indexes(&rows, 2, left);
	rows_free(&rows);
}

static void reserved_room_is_used_without_allocation(void **state)
{
	struct scep_rows rows = {0};
	void **room;

	(void)state;
	assert_true(rows_reserve(&rows, 50));
	room = rows.row;
	for (uint32_t i = 0; i < 50; i++)
		rows_put(&rows, make(50 - i));
	assert_ptr_equal(rows.row, room);
	assert_int_equal(rows.count, 50);
	rows_free(&rows);
}

static void room_that_cannot_be_is_refused(void **state)
{
	struct scep_rows rows = {0};

	(void)state;
	put(&rows, make(1));
	assert_false(rows_reserve(&rows, SIZE_MAX));
	assert_false(rows_reserve(&rows, SIZE_MAX / sizeof(void *)));
	assert_non_null(scep_rows_find(&rows, 1));
	rows_free(&rows);
}

static void a_shared_set_outlives_changes_of_the_first(void **state)
{
	static const uint32_t both[] = {1, 2};
	struct scep_rows first = {0};
	struct scep_rows shared;

	(void)state;
	put(&first, make(1));
	put(&first, make(2));
	assert_true(rows_share(&shared, &first));
	assert_ptr_equal(shared.row[0], first.row[0]);
	rows_remove(&first, 1);
	put(&first, make(2));
	rows_free(&first);
	assert_int_equal(cleansed_count, 1); /* the new second row */
	assert_indexes(&shared, 2, both);
	rows_free(&shared);
	assert_int_equal(cleansed_count, 3);
}

static void an_empty_set_can_be_shared(void **state)
{
	struct scep_rows first = {0};
	struct scep_rows shared;

	(void)state;
	assert_true(rows_share(&shared, &first));
	assert_int_equal(shared.count, 0);
	rows_free(&shared);
}

#define TEST(name) cmocka_unit_test_setup(name, forget_cleansing)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_row_is_zeroed_and_aligned),
	    TEST(a_row_of_impossible_size_is_refused),
	    TEST(a_copy_has_the_content_and_its_own_life),
	    TEST(the_last_release_cleanses_the_whole_row),
	    TEST(releasing_null_is_fine),
	    TEST(references_may_be_counted_on_several_threads),
	    TEST(a_set_is_sorted_whatever_the_order_of_insertion),
	    TEST(find_and_next_agree_with_a_walk),
	    TEST(the_highest_index_has_no_next),
	    TEST(an_empty_set_has_nothing),
	    TEST(putting_the_same_index_replaces_and_releases),
	    TEST(removing_releases_only_that_row),
	    TEST(reserved_room_is_used_without_allocation),
	    TEST(room_that_cannot_be_is_refused),
	    TEST(a_shared_set_outlives_changes_of_the_first),
	    TEST(an_empty_set_can_be_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
