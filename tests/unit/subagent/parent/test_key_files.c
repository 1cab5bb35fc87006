/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the worker that the parent takes, and those that it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "subagent/parent/key_files.h"
#include "tests/lib/registry_files.h"

#define KEY_FILE  "state/keys/" ENTRY_ID ".pem"
#define CERT_FILE "state/certs/" ENTRY_ID ".pem"

static struct fault fault;

static int read_as(const struct folder *folder, uid_t owner, const char *id,
		   struct key_files *entry)
{
	char path[FOLDER_PATH];

	fault.text[0] = '\0';
	return key_files_read(folder_path(folder, "state", path), owner, id,
			      entry, &fault);
}

static void assert_refused(const struct folder *folder, const char *reason)
{
	struct key_files entry;

	assert_int_equal(read_as(folder, geteuid(), ENTRY_ID, &entry), -1);
	assert_non_null(strstr(fault.text, reason));
	assert_null(entry.key);
	assert_null(entry.certificates);
}

static void an_entry_is_read_and_parted(void **state)
{
	struct folder *folder = *state;
	struct key_files entry;

	put_entry(folder);
	assert_int_equal(read_as(folder, geteuid(), ENTRY_ID, &entry), 0);
	assert_string_equal(entry.key, PEM_KEY);
	assert_string_equal(entry.certificates, PEM_LEAF PEM_CA);
	assert_int_equal(entry.leaf_length, strlen(PEM_LEAF));
	key_files_free(&entry);
}

static void only_names_of_entries_are_looked_for(void **state)
{
	static const char *const bad[] = {
	    "",
	    "../keys/0123456789abcdef0123456",
	    "0123456789abcdef0123456789abcdeF",
	    "0123456789abcdef0123456789abcdef0",
	    "0123456789abcdef0123456789abcde",
	    "0123456789abcdef/123456789abcdef",
	};
	struct folder *folder = *state;
	struct key_files entry;

	put_entry(folder);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(key_files_is_id(bad[i]));
		assert_int_equal(read_as(folder, geteuid(), bad[i], &entry),
				 -1);
		assert_string_equal(fault.text,
				    "this is no entry of the registry");
	}
	assert_true(key_files_is_id(ENTRY_ID));
}

static void a_file_that_is_missing_is_named(void **state)
{
	struct folder *folder = *state;
	char path[FOLDER_PATH];

	put_entry(folder);
	unlink(folder_path(folder, CERT_FILE, path));
	assert_refused(folder, "certs/" ENTRY_ID ".pem: No such file");
}

static void a_file_of_somebody_else_is_not_taken(void **state)
{
	struct folder *folder = *state;
	struct key_files entry;

	put_entry(folder);
	assert_int_equal(read_as(folder, geteuid() + 1, ENTRY_ID, &entry), -1);
	assert_non_null(strstr(fault.text, "is no file of the worker's"));
}

static void a_link_is_not_followed(void **state)
{
	struct folder *folder = *state;
	char path[FOLDER_PATH], other[FOLDER_PATH];

	put_entry(folder);
	folder_put(folder, "secret", PEM_KEY, 0600);
	unlink(folder_path(folder, KEY_FILE, path));
	assert_int_equal(symlink(folder_path(folder, "secret", other), path),
			 0);
	assert_refused(folder, "keys/" ENTRY_ID ".pem: ");
	/* Nor is a second name of a file. */
	unlink(path);
	assert_int_equal(link(other, path), 0);
	assert_refused(folder, "is no file of the worker's");
}

static void a_link_in_the_place_of_a_folder_is_not_followed(void **state)
{
	struct folder *folder = *state;
	char from[FOLDER_PATH], to[FOLDER_PATH];

	put_entry(folder);
	folder_path(folder, "state/keys", from);
	folder_path(folder, "keys", to);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(symlink(to, from), 0);
	assert_refused(folder, "keys/" ENTRY_ID ".pem: ");
}

static void only_pem_of_the_right_kind_is_taken(void **state)
{
	static const char *const keys[] = {
	    "",
	    "root:x:0:0:root:/root:/bin/sh\n",
	    PEM_KEY PEM_KEY,
	    PEM_KEY "\n",
	    PEM_LEAF,
	    "-----BEGIN PRIVATE KEY-----\nS2V5;\n-----END PRIVATE KEY-----\n",
	    "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
	};
	static const char *const certificates[] = {
	    PEM_KEY,
	    PEM_LEAF PEM_KEY,
	    PEM_LEAF "x",
	    "-----BEGIN CERTIFICATE-----\nTGVhZg==\n",
	};
	struct folder *folder = *state;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		put_entry(folder);
		folder_put(folder, KEY_FILE, keys[i], 0600);
		assert_refused(folder, i == 0 ? "has 0 octets"
					      : "not the PEM they should be");
	}
	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]);
	     i++) {
		put_entry(folder);
		folder_put(folder, CERT_FILE, certificates[i], 0600);
		assert_refused(folder, "not the PEM they should be");
	}
}

static void what_is_too_large_is_not_read(void **state)
{
	struct folder *folder = *state;
	char path[FOLDER_PATH];

	put_entry(folder);
	assert_int_equal(
	    truncate(folder_path(folder, KEY_FILE, path), KEY_FILES_MAX + 1),
	    0);
	assert_refused(folder, "has 1048577 octets");
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, folder_open, folder_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_entry_is_read_and_parted),
	    TEST(only_names_of_entries_are_looked_for),
	    TEST(a_file_that_is_missing_is_named),
	    TEST(a_file_of_somebody_else_is_not_taken),
	    TEST(a_link_is_not_followed),
	    TEST(a_link_in_the_place_of_a_folder_is_not_followed),
	    TEST(only_pem_of_the_right_kind_is_taken),
	    TEST(what_is_too_large_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
