/* SPDX-License-Identifier: Apache-2.0 */
/* The durable part of an open request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/base/rows.h"
#include "scep/store/record.h"

/* A sanitizer's allocator ends the process for a size that cannot be, where
 * the C library's returns NULL. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* Stands in for OpenSSL's, so that a test sees what was cleansed. */
static struct {
	void *data;
	size_t length;
} cleansed[16];
static size_t cleansed_count;

void OPENSSL_cleanse(void *data, size_t length);
void OPENSSL_cleanse(void *data, size_t length)
{
	volatile unsigned char *octets = data;

	for (size_t i = 0; i < length; i++)
		octets[i] = 0;
	if (cleansed_count < sizeof(cleansed) / sizeof(cleansed[0])) {
		cleansed[cleansed_count].data = data;
		cleansed[cleansed_count].length = length;
		cleansed_count++;
	}
}

static bool was_cleansed(const void *data, size_t length)
{
	for (size_t i = 0; i < cleansed_count; i++)
		if (cleansed[i].data == data && cleansed[i].length >= length)
			return true;
	return false;
}

static int forget_cleansing(void **state)
{
	(void)state;
	cleansed_count = 0;
	return 0;
}

static struct record *make(void)
{
	struct record *record = record_new();

	assert_non_null(record);
	record->index = 7;
	record->step = STEP_POLL;
	record->next_try = INT64_C(4102444800);
	record->next_wait = 86400;
	strcpy(record->server.url, "http://ca.example.net/scep");
	strcpy(record->transaction_id, "a1b2");
	record->values.challenge_password.length = 6;
	memcpy(record->values.challenge_password.data, "hidden", 6);
	assert_true(bytes_set(&record->signer, "signer", 6));
	assert_true(bytes_set(&record->trust, "trust", 5));
	return record;
}

static void a_new_record_is_empty(void **state)
{
	static const struct record empty;
	struct record *record = record_new();

	(void)state;
	assert_non_null(record);
	assert_memory_equal(record, &empty, sizeof(empty));
	row_release(record);
}

static void a_copy_shares_nothing_with_the_original(void **state)
{
	struct record *record = make();
	struct record *copy = row_copy(record);

	(void)state;
	assert_non_null(copy);
	assert_memory_equal(copy, record, offsetof(struct record, signer));
	assert_ptr_not_equal(copy->signer.data, record->signer.data);
	assert_ptr_not_equal(copy->trust.data, record->trust.data);
	row_release(record);
	assert_int_equal(copy->signer.length, 6);
	assert_memory_equal(copy->signer.data, "signer", 6);
	assert_int_equal(copy->trust.length, 5);
	assert_memory_equal(copy->trust.data, "trust", 5);
	assert_null(copy->issued.data);
	assert_int_equal(copy->issued.length, 0);
	row_release(copy);
}

static void freeing_cleanses_the_challenge_and_the_octets(void **state)
{
	struct record *record = make();
	void *signer = record->signer.data;

	(void)state;
	row_release(record);
	assert_true(was_cleansed(record, sizeof(*record)));
	assert_true(was_cleansed(signer, 6));
}

static void freeing_null_is_fine(void **state)
{
	(void)state;
	row_release(NULL);
	assert_int_equal(cleansed_count, 0);
}

/* Whichever of the three cannot be copied; a leak checker sees the rest. */
static void a_copy_without_memory_is_null_and_leaves_the_original(void **state)
{
	struct record *record = make();
	struct bytes *members[] = {&record->signer, &record->trust,
				   &record->issued};

	(void)state;
	assert_true(bytes_set(&record->issued, "issued", 6));
	for (size_t i = 0; i < 3; i++) {
		size_t length = members[i]->length;

		members[i]->length = SIZE_MAX / 2;
		assert_null(row_copy(record));
		members[i]->length = length;
	}
	assert_memory_equal(record->signer.data, "signer", 6);
	assert_memory_equal(record->trust.data, "trust", 5);
	assert_memory_equal(record->issued.data, "issued", 6);
	row_release(record);
}

#define TEST(name) cmocka_unit_test_setup(name, forget_cleansing)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_record_is_empty),
	    TEST(a_copy_shares_nothing_with_the_original),
	    TEST(freeing_cleanses_the_challenge_and_the_octets),
	    TEST(freeing_null_is_fine),
	    TEST(a_copy_without_memory_is_null_and_leaves_the_original),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
