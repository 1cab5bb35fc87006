/* SPDX-License-Identifier: Apache-2.0 */
/* The files behind a row of scepKeyTable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/codes.h"
#include "scep/values.h"
#include "scep/base/error.h"
#include "scep/keys/key_file.h"
#include "scep/store/files.h"
#include "tests/lib/disk.h"

static int set_up(void **state)
{
	char *folder = strdup("/tmp/test_key_file.XXXXXX");

	disk_reset();
	*state = folder;
	return folder != NULL && mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[64];
	int result;

	snprintf(command, sizeof(command), "rm -rf -- %s", (char *)*state);
	result = system(command);
	free(*state);
	return result;
}

static const struct scep_values short_rsa = {
    .key_algorithm = SCEP_NEW_RSA,
    .key_length = 1024,
};
static const struct scep_values absurd_rsa = {
    .key_algorithm = SCEP_NEW_RSA,
    .key_length = 1,
};

static void a_key_that_is_made_is_the_one_that_is_read(void **state)
{
	struct scep_error error;
	EVP_PKEY *made, *read;
	char name[KEY_FILE_NAME];

	error_init(&error);
	key_file_name("0a1b", name);
	assert_string_equal(name, "0a1b.pem");
	assert_int_equal(key_file_make(*state, name, &short_rsa, &made, &error),
			 SCEP_OK);
	assert_int_equal(key_file_read(*state, name, &read, &error), SCEP_OK);
	assert_int_equal(EVP_PKEY_eq(made, read), 1);
	EVP_PKEY_free(made);
	EVP_PKEY_free(read);
}

static void the_kind_of_the_key_is_that_of_the_values(void **state)
{
	static const struct {
		uint32_t algorithm;
		const char *type;
		int bits;
	} kinds[] = {
	    {0, "RSA", 1024}, /* the record of an older version */
	    {SCEP_NEW_RSA, "RSA", 1024},
	    {SCEP_NEW_EC_P256, "EC", 256},
	    {SCEP_NEW_EC_P384, "EC", 384},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct scep_values values = short_rsa;
		struct scep_error error;
		EVP_PKEY *made, *read;

		error_init(&error);
		values.key_algorithm = kinds[i].algorithm;
		assert_int_equal(
		    key_file_make(*state, "k.pem", &values, &made, &error),
		    SCEP_OK);
		assert_true(EVP_PKEY_is_a(made, kinds[i].type));
		assert_int_equal(EVP_PKEY_get_bits(made), kinds[i].bits);
		assert_int_equal(key_file_read(*state, "k.pem", &read, &error),
				 SCEP_OK);
		assert_int_equal(EVP_PKEY_eq(made, read), 1);
		EVP_PKEY_free(made);
		EVP_PKEY_free(read);
	}
}

static void the_name_of_a_file_has_the_ID(void **state)
{
	char file_id[SCEP_TEXT64] = "", name[80];

	(void)state;
	assert_true(key_file_id("0a1b.pem", file_id));
	assert_string_equal(file_id, "0a1b");
	assert_false(key_file_id(".pem", file_id));
	assert_false(key_file_id("0a1b.pem.lost", file_id));
	assert_false(key_file_id("spare-2048.key", file_id));
	memset(name, 'a', sizeof(name));
	strcpy(name + SCEP_TEXT64, ".pem");
	assert_false(key_file_id(name, file_id));
	assert_true(key_file_id(name + 1, file_id));
	assert_int_equal(strlen(file_id), SCEP_TEXT64 - 1);
}

static void a_key_that_cannot_be_kept_is_none(void **state)
{
	struct scep_error error;
	EVP_PKEY *key;

	error_init(&error);
	disk.is_full = true;
	assert_int_equal(
	    key_file_make(*state, "a.pem", &short_rsa, &key, &error),
	    SCEP_STORAGE_ERROR);
	assert_null(key);
	assert_false(files_exist(*state, "a.pem"));
	disk_reset();
	assert_int_equal(
	    key_file_make(*state, "a.pem", &absurd_rsa, &key, &error),
	    SCEP_KEY_ERROR);
	assert_null(key);
}

static void what_is_no_key_or_certificate_is_refused(void **state)
{
	struct scep_error error;
	EVP_PKEY *key;
	STACK_OF(X509) * chain;

	error_init(&error);
	assert_int_equal(files_write(*state, "a.pem", "no\n", 3, &error),
			 SCEP_OK);
	assert_int_equal(key_file_read(*state, "a.pem", &key, &error),
			 SCEP_KEY_ERROR);
	assert_null(key);
	assert_int_equal(key_file_read(*state, "b.pem", &key, &error),
			 SCEP_STORAGE_ERROR);
	assert_null(key);
	assert_int_equal(key_file_read_chain(*state, "a.pem", &chain, &error),
			 SCEP_BAD_RESPONSE);
	assert_null(chain);
	assert_int_equal(key_file_read_chain(*state, "b.pem", &chain, &error),
			 SCEP_STORAGE_ERROR);
	assert_null(chain);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(a_key_that_is_made_is_the_one_that_is_read),
	    TEST(the_kind_of_the_key_is_that_of_the_values),
	    TEST(the_name_of_a_file_has_the_ID),
	    TEST(a_key_that_cannot_be_kept_is_none),
	    TEST(what_is_no_key_or_certificate_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
