/* SPDX-License-Identifier: Apache-2.0 */
/* Places, indexes and files of keys (MIB, rule 13). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/status_row.h"
#include "scep/store/files.h"
#include "scep/keys/key_file.h"
#include "scep/keys/registry.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/csr.h"
#include "tests/lib/device.h"

#define OURS "0123456789abcdef0123456789abcdef"

static void put_key(struct device *d, uint32_t index, const char *file_id)
{
	struct scep_key *key = row_new(sizeof(*key));
	struct txn txn;

	assert_non_null(key);
	key->index = index;
	strcpy(key->file_id, file_id);
	txn_init(&txn);
	txn_put(&txn, STORE_KEY, key);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error), SCEP_OK);
}

/* A parked request that holds a place. */
static void put_request(struct device *d, uint32_t index, uint32_t key_index,
			const char *file_id)
{
	struct record *record = record_new();
	struct txn txn;

	assert_non_null(record);
	record->index = index;
	record->profile_index = 1;
	record->step = STEP_POLL;
	record->is_suspended = true;
	record->key_index = key_index;
	strcpy(record->file_id, file_id);
	txn_init(&txn);
	txn_put(&txn, STORE_RECORD, record);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error), SCEP_OK);
}

static void write_both(struct device *d, const char *name)
{
	assert_int_equal(
	    files_write(d->state.keys_folder, name, "k", 1, &d->error),
	    SCEP_OK);
	assert_int_equal(
	    files_write(d->state.certs_folder, name, "c", 1, &d->error),
	    SCEP_OK);
}

static bool has_room(struct device *d, uint32_t index)
{
	struct record wanted = {.index = index, .profile_index = 1};

	return registry_has_room(&d->state, &wanted);
}

static void keys_and_reserved_places_count(void **state)
{
	struct device *d = *state;

	d->state.config.key_limit = 3;
	assert_true(has_room(d, 0));
	put_key(d, 1, "a");
	put_request(d, 1, 2, "b");
	assert_true(has_room(d, 0));
	put_request(d, 2, 3, "c");
	assert_false(has_room(d, 0));
	/* Its own place is not in its way. */
	assert_true(has_room(d, 2));
	/* One that has not reserved yet has none. */
	put_request(d, 3, 0, "d");
	assert_false(has_room(d, 3));
	d->state.config.key_limit = 4;
	assert_true(has_room(d, 3));
	/* Once it is a row, the place is not counted twice. */
	put_key(d, 3, "c");
	assert_true(has_room(d, 3));
}

static void an_index_is_not_given_while_something_refers_to_it(void **state)
{
	struct device *d = *state;
	struct scep_status *status = row_new(sizeof(*status));
	struct txn txn;

	put_key(d, 1, "a");
	put_request(d, 1, 2, "b");
	status->index = 9;
	status->state = SCEP_STATE_SUCCESSFUL;
	status->key_index = 3;
	txn_init(&txn);
	txn_put(&txn, STORE_STATUS, status);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error), SCEP_OK);
	assert_int_equal(registry_next_index(&d->state), 4);
	/* It goes on from the last one, and round. */
	assert_int_equal(registry_next_index(&d->state), 5);
	d->state.counters.key_last_index = 65534;
	assert_int_equal(registry_next_index(&d->state), 65535);
	assert_int_equal(registry_next_index(&d->state), 4);
}

static void sweeping_leaves_what_is_referred_to(void **state)
{
	struct device *d = *state;
	struct bytes content = {NULL, 0};

	put_key(d, 1, "aa");
	put_request(d, 1, 2, "bb");
	write_both(d, "aa.pem");
	write_both(d, "bb.pem");
	write_both(d, OURS ".pem");
	write_both(d, "a.pem");
	assert_int_equal(device_files(d), 8);
	registry_sweep(&d->state);
	/* Somebody else has put the last one there. */
	assert_int_equal(device_files(d), 6);
	assert_int_equal(
	    files_read(d->state.keys_folder, "aa.pem", 10, &content, &d->error),
	    SCEP_OK);
	assert_int_equal(files_read(d->state.certs_folder, "bb.pem", 10,
				    &content, &d->error),
			 SCEP_OK);
	bytes_free(&content);
}

static void what_is_unknown_is_set_aside_and_never_replaced(void **state)
{
	struct device *d = *state;
	struct bytes content = {NULL, 0};
	char aside[4400];

	snprintf(aside, sizeof(aside), "%s.aside", d->state.keys_folder);
	for (int i = 0; i < 2; i++) {
		write_both(d, OURS ".pem");
		registry_set_aside(&d->state);
		assert_int_equal(device_files(d), 0);
	}
	assert_int_equal(
	    files_read(aside, OURS ".pem", 10, &content, &d->error), SCEP_OK);
	assert_int_equal(
	    files_read(aside, OURS ".pem-1", 10, &content, &d->error), SCEP_OK);
	bytes_free(&content);
}

static void a_destroyed_key_is_destroyed_after_a_kill(void **state)
{
	struct device *d = *state;
	struct txn txn;

	put_key(d, 1, OURS);
	write_both(d, OURS ".pem");
	txn_init(&txn);
	txn_remove(&txn, STORE_KEY, 1);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error), SCEP_OK);
	/* The next start, without a sweep before. */
	registry_destroy_marked(&d->state);
	assert_int_equal(device_files(d), 0);
}

/* Writes a key and its certificate; returns the row of the two. */
static struct scep_key write_pair(struct device *d, const char *file_id)
{
	struct scep_values values = {.key_algorithm = SCEP_NEW_EC_P256,
				     .signature_algorithm = SCEP_SIGN_SHA256,
				     .common_name = "pair"};
	struct scep_key row = {0};
	struct bytes pem = {NULL, 0};
	X509 *certificate = NULL;
	EVP_PKEY *key = NULL;
	char name[KEY_FILE_NAME];

	key_file_name(file_id, name);
	assert_int_equal(
	    key_file_make(d->state.keys_folder, name, &values, &key, &d->error),
	    SCEP_OK);
	assert_int_equal(csr_self_sign_for_ever(&values, key, 1700000000,
						&certificate, &d->error),
			 SCEP_OK);
	assert_int_equal(certs_one_to_pem(certificate, &pem, &d->error),
			 SCEP_OK);
	assert_int_equal(files_write(d->state.certs_folder, name, pem.data,
				     pem.length, &d->error),
			 SCEP_OK);
	assert_int_equal(certs_describe_leaf(certificate, &row, &d->error),
			 SCEP_OK);
	bytes_free(&pem);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return row;
}

static bool is_corrupt(struct device *d)
{
	registry_check_files(&d->state);
	return ((struct scep_key *)d->state.view.keys.row[0])->is_corrupt;
}

/* Exchanges the files "aa" and "bb" of a folder. */
static void exchange(struct device *d, const char *folder)
{
	assert_int_equal(files_rename(folder, "aa.pem", "x.pem", &d->error), 0);
	assert_int_equal(files_rename(folder, "bb.pem", "aa.pem", &d->error),
			 0);
	assert_int_equal(files_rename(folder, "x.pem", "bb.pem", &d->error), 0);
}

static void a_row_needs_its_own_files(void **state)
{
	struct device *d = *state;
	struct scep_key *key, pair;

	put_key(d, 1, "aa");
	key = d->state.view.keys.row[0];
	assert_true(is_corrupt(d));
	pair = write_pair(d, "aa");
	/* Without a certificate, the key's file is enough. */
	assert_false(is_corrupt(d));
	key->not_after = pair.not_after;
	assert_true(is_corrupt(d));
	key->fingerprint = pair.fingerprint;
	assert_false(is_corrupt(d));
	write_pair(d, "bb");
	exchange(d, d->state.keys_folder);
	assert_true(is_corrupt(d));
	/* Now both, so that the files fit each other. */
	exchange(d, d->state.certs_folder);
	assert_true(is_corrupt(d));
	exchange(d, d->state.keys_folder);
	exchange(d, d->state.certs_folder);
	assert_false(is_corrupt(d));
	write_both(d, "aa.pem");
	assert_true(is_corrupt(d));
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(keys_and_reserved_places_count),
	    TEST(an_index_is_not_given_while_something_refers_to_it),
	    TEST(sweeping_leaves_what_is_referred_to),
	    TEST(what_is_unknown_is_set_aside_and_never_replaced),
	    TEST(a_destroyed_key_is_destroyed_after_a_kill),
	    TEST(a_row_needs_its_own_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
