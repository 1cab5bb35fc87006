/* SPDX-License-Identifier: Apache-2.0 */
/* The state database as a file: soundness, modes and secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/store/sqlite.h"
#include "tests/lib/storetest.h"

/* ------------------------------------------------------------ soundness -- */

static void write_file(const char *name, const void *data, size_t length)
{
	FILE *file = fopen(storetest_path(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* A database with some rows; closed. */
static void make_database(void)
{
	struct store *store = storetest_open();

	for (int table = 0; table < STORE_TABLE_COUNT; table++) {
		void *row = storetest_row(table, 1, PATTERN_MIXED);

		storetest_commit(store, table, row);
		row_release(row);
	}
	store_close(store);
}

static void a_file_that_is_no_database_is_corrupt(void **state)
{
	char text[10000];

	(void)state;
	memset(text, 'x', sizeof(text));
	write_file(STORE_FILE, text, sizeof(text));
	assert_true(storetest_refused("not a database"));
}

static void a_damaged_page_is_corrupt(void **state)
{
	unsigned char damage[64];
	int file;

	(void)state;
	make_database();
	memset(damage, 0xff, sizeof(damage));
	file = open(storetest_path(STORE_FILE), O_WRONLY | O_CLOEXEC);
	assert_true(file >= 0);
	/* The second page is the first table's. */
	assert_int_equal(pwrite(file, damage, sizeof(damage), 4096),
			 sizeof(damage));
	close(file);
	assert_true(storetest_refused("state database"));
}

static void a_file_cut_short_is_corrupt(void **state)
{
	(void)state;
	make_database();
	assert_int_equal(truncate(storetest_path(STORE_FILE), 5000), 0);
	assert_true(storetest_refused("state database"));
}

static void a_database_of_somebody_else_is_corrupt(void **state)
{
	(void)state;
	storetest_run("CREATE TABLE profile (name TEXT)");
	assert_true(storetest_refused("not one of scepagent's"));
}

static void a_missing_table_is_corrupt(void **state)
{
	(void)state;
	make_database();
	storetest_run("DROP TABLE ca");
	assert_true(storetest_refused("no such table: ca"));
}

static void a_value_out_of_range_is_corrupt_and_named(void **state)
{
	static const struct {
		const char *sql;
		const char *words;
	} damages[] = {
	    {"UPDATE profile SET server_port = -1",
	     "profile, row 1: unreadable server_port"},
	    {"UPDATE profile SET server_port = 4294967296",
	     "unreadable server_port"},
	    {"UPDATE profile SET server_port = 'http'",
	     "unreadable server_port"},
	    {"UPDATE profile SET auto_start_time = 1.5",
	     "unreadable auto_start_time"},
	    {"UPDATE status SET text = x'00'",
	     "status, row 1: unreadable text"},
	    {"UPDATE key SET serial = zeroblob(33)", "unreadable serial"},
	    {"UPDATE ca SET fingerprint = 'text'", "unreadable fingerprint"},
	    {"UPDATE record SET issued = zeroblob(1048577)",
	     "unreadable issued"},
	    {"UPDATE record SET \"index\" = 0", "row 0: unreadable index"},
	    {"UPDATE record SET \"index\" = -3", "row -3: unreadable index"},
	    {"UPDATE record SET \"index\" = 4294967296", "unreadable index"},
	    {"UPDATE agent SET notify_enable = 'all'",
	     "agent, row 1: unreadable notify_enable"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		make_database();
		storetest_run(damages[i].sql);
		assert_true(storetest_refused(damages[i].words));
		remove(storetest_path(STORE_FILE));
	}
}

static void a_text_too_long_or_unclean_is_cut_and_cleaned(void **state)
{
	struct store *store;
	struct store_content content;
	const struct scep_key *key;

	(void)state;
	make_database();
	storetest_run("UPDATE key SET name = printf('%.*c', 64, 'n') || "
		      "'too long', subject = 'a' || char(10) || 'b', "
		      "issuer = CAST(x'61ff62' AS TEXT)");
	store = storetest_open();
	content = storetest_load(store);
	key = content.keys.row[0];
	assert_int_equal(strlen(key->name), 64);
	assert_string_equal(key->subject, "a?b");
	assert_string_equal(key->issuer, "a?b");
	store_content_free(&content);
	store_close(store);
}

static void a_folder_in_place_of_the_file_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir(storetest_path(STORE_FILE), 0700), 0);
	assert_false(storetest_refused("not a regular file"));
}

static void a_link_in_place_of_the_file_is_refused(void **state)
{
	(void)state;
	make_database();
	assert_int_equal(
	    rename(storetest_path(STORE_FILE), storetest_path("other")), 0);
	assert_int_equal(symlink("other", storetest_path(STORE_FILE)), 0);
	assert_false(storetest_refused("not a regular file"));
}

static void a_missing_folder_is_not_corrupt(void **state)
{
	struct store *store;
	bool is_corrupt = true;

	(void)state;
	assert_int_equal(store_open(storetest_path("missing"), &store,
				    &is_corrupt, &storetest_error),
			 SCEP_STORAGE_ERROR);
	assert_false(is_corrupt);
	assert_null(store);
}

static void a_second_opening_is_refused_and_not_corrupt(void **state)
{
	struct store *store = storetest_open();

	(void)state;
	assert_false(storetest_refused("locked"));
	store_close(store);
	store = storetest_open();
	store_close(store);
}

/* The refused opening within this process must not have dropped the lock. */
static void another_process_finds_the_database_locked(void **state)
{
	struct store *store = storetest_open();
	sqlite3 *sqlite = NULL;
	int status = 0;
	pid_t child;

	(void)state;
	assert_false(storetest_refused("locked"));
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		sqlite3_open(storetest_path(STORE_FILE), &sqlite);
		_exit(sqlite3_exec(sqlite, "SELECT * FROM key", NULL, NULL,
				   NULL));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), SQLITE_BUSY);
	store_close(store);
}

/* ---------------------------------------------------------------- memory -- */

/* Memory that is not freed with free() is not wiped. */
static void no_value_is_in_memory_of_SQLites_own(void **state)
{
	struct sqlite connection = {0};
	struct scep_error error = {.text = ""};
	int now = 0, hits = 0, misses = 0;

	(void)state;
	store_close(storetest_open());
	assert_int_equal(
	    sqlite_open(&connection, storetest_path(STORE_FILE), &error),
	    SCEP_OK);
	assert_int_equal(sqlite_run(&connection, "ANALYZE", &error), SCEP_OK);
	sqlite3_db_status(connection.sqlite, SQLITE_DBSTATUS_LOOKASIDE_USED,
			  &now, &misses, 0);
	assert_int_equal(now, 0);
	sqlite3_db_status(connection.sqlite, SQLITE_DBSTATUS_LOOKASIDE_HIT,
			  &now, &hits, 1);
	assert_int_equal(sqlite_run(&connection, "ANALYZE", &error), SCEP_OK);
	sqlite3_db_status(connection.sqlite, SQLITE_DBSTATUS_LOOKASIDE_HIT,
			  &now, &hits, 0);
	assert_int_equal(hits, 0);
	sqlite_close(&connection);
}

/* ------------------------------------------------------------ set aside -- */

static bool is_there(const char *name)
{
	return access(storetest_path(name), F_OK) == 0;
}

static void a_corrupt_database_is_set_aside_with_its_journal(void **state)
{
	struct store *store;

	(void)state;
	for (int i = 0; i < 2; i++) {
		write_file(STORE_FILE, "garbage that is no database", 27);
		assert_true(storetest_refused("not a database"));
		write_file(STORE_JOURNAL, "journal", 7);
		storetest_must(
		    store_set_aside(storetest_folder, &storetest_error));
		assert_false(is_there(STORE_FILE));
		assert_false(is_there(STORE_JOURNAL));
	}
	assert_true(is_there(STORE_FILE ".corrupt-1"));
	assert_true(is_there(STORE_FILE ".corrupt-1-journal"));
	assert_true(is_there(STORE_FILE ".corrupt-2"));
	assert_true(is_there(STORE_FILE ".corrupt-2-journal"));
	store = storetest_open();
	store_close(store);
}

static void setting_aside_in_a_missing_folder_says_so(void **state)
{
	(void)state;
	assert_int_equal(
	    store_set_aside(storetest_path("missing"), &storetest_error),
	    SCEP_STORAGE_ERROR);
	assert_non_null(strstr(storetest_error.text, "No such file"));
}

/* ---------------------------------------------------------------- modes -- */

static void assert_private(const char *name)
{
	struct stat status;

	assert_int_equal(stat(storetest_path(name), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void database_and_journal_are_private_whatever_the_umask(void **state)
{
	static const mode_t masks[] = {0, 077, 0777};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		mode_t before = umask(masks[i]);

		make_database();
		umask(before);
		assert_private(STORE_FILE);
		assert_private(STORE_JOURNAL);
		remove(storetest_path(STORE_FILE));
		remove(storetest_path(STORE_JOURNAL));
	}
}

static void files_that_others_could_read_are_tightened(void **state)
{
	struct store *store;

	(void)state;
	make_database();
	assert_int_equal(chmod(storetest_path(STORE_FILE), 0644), 0);
	assert_int_equal(chmod(storetest_path(STORE_JOURNAL), 0666), 0);
	store = storetest_open();
	assert_private(STORE_FILE);
	assert_private(STORE_JOURNAL);
	store_close(store);
}

/* Root writes where it has no permission, so that it steps down here. */
static void a_read_only_folder_is_refused_and_not_corrupt(void **state)
{
	const uid_t nobody = 65534;

	(void)state;
	if (geteuid() == 0) {
		assert_int_equal(chown(storetest_folder, nobody, (gid_t)-1), 0);
		assert_int_equal(seteuid(nobody), 0);
		/* Not if TMPDIR is a folder that is root's alone. */
		if (faccessat(AT_FDCWD, storetest_folder, X_OK, AT_EACCESS))
			skip();
	}
	assert_int_equal(chmod(storetest_folder, 0500), 0);
	assert_false(storetest_refused("Permission denied"));
	assert_int_equal(chmod(storetest_folder, 0700), 0);
	store_close(storetest_open());
	/* The file is there, and can no longer be written. */
	assert_int_equal(chmod(storetest_folder, 0500), 0);
	if (getuid() == 0) {
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(chown(storetest_path(STORE_FILE), 0, 0), 0);
		assert_int_equal(chmod(storetest_path(STORE_FILE), 0444), 0);
		assert_int_equal(seteuid(nobody), 0);
		assert_false(storetest_refused("not permitted"));
	}
}

/* Whatever came of the test. */
static int step_up_and_remove_folder(void **state)
{
	if (getuid() == 0 && seteuid(0) != 0)
		return -1;
	chmod(storetest_folder, 0700);
	return storetest_remove_folder(state);
}

/* -------------------------------------------------------------- secrets -- */

#define SECRET_ROWS 24

/* The number of the secret that each row has; 0 for none. */
struct secrets {
	int profile[SECRET_ROWS + 1];
	int record[SECRET_ROWS + 1];
};

static void set_challenge(struct scep_secret *challenge, int number)
{
	char text[32];

	if (number == 0)
		return;
	snprintf(text, sizeof(text), "SECRET-%06d!", number);
	challenge->length = (uint32_t)strlen(text);
	memcpy(challenge->data, text, challenge->length);
}

static void put_profile(struct store *store, uint32_t index, int number)
{
	struct scep_profile profile = {.index = index};

	/* Rows of many lengths, so that pages are split and joined. */
	memset(profile.server.url, 'u', (size_t)rand() % 255);
	memset(profile.timer.values.subject_extra, 'x', (size_t)rand() % 255);
	set_challenge(&profile.timer.values.challenge_password, number);
	storetest_must(
	    store_put(store, STORE_PROFILE, &profile, &storetest_error));
}

static void put_record(struct store *store, uint32_t index, int number)
{
	static char filling[16000];
	struct record *record = record_new();

	assert_non_null(record);
	record->index = index;
	assert_true(bytes_set(&record->signer, filling, (size_t)rand() % 3000));
	if (rand() % 2 == 0)
		assert_true(bytes_set(&record->issued, filling,
				      (size_t)rand() % sizeof(filling)));
	set_challenge(&record->values.challenge_password, number);
	storetest_must(
	    store_put(store, STORE_RECORD, record, &storetest_error));
	row_release(record);
}

static void change_one(struct store *store, struct secrets *secrets, int number)
{
	uint32_t index = 1 + (uint32_t)rand() % SECRET_ROWS;
	bool is_record = rand() % 2 == 0;

	if (rand() % 3 == 0) {
		number = 0;
		storetest_must(store_remove(
		    store, is_record ? STORE_RECORD : STORE_PROFILE, index,
		    &storetest_error));
	} else if (is_record) {
		put_record(store, index, number);
	} else {
		put_profile(store, index, number);
	}
	*(is_record ? &secrets->record[index] : &secrets->profile[index]) =
	    number;
}

static bool is_live(const struct secrets *secrets, int number)
{
	for (int i = 1; i <= SECRET_ROWS; i++)
		if (secrets->profile[i] == number ||
		    secrets->record[i] == number)
			return true;
	return false;
}

/* Returns how many secrets are in the file; all must be those of a row. */
static int check_secrets(const char *name, const struct secrets *secrets)
{
	static char content[4 * 1024 * 1024];
	FILE *file = fopen(storetest_path(name), "r");
	size_t length;
	int found = 0;

	assert_non_null(file);
	length = fread(content, 1, sizeof(content) - 16, file);
	assert_true(feof(file));
	fclose(file);
	for (size_t i = 0; i < length; i++) {
		if (memcmp(content + i, "SECRET-", 7) != 0)
			continue;
		found++;
		if (!is_live(secrets, atoi(content + i + 7)))
			fail_msg("%s: a secret at %zu that was removed", name,
				 i);
	}
	return found;
}

/* The numbers are those of a fixed series, so that a failure comes again. */
static void no_secret_stays_in_a_file_once_its_row_is_gone(void **state)
{
	struct secrets secrets = {{0}, {0}};
	struct store *store = storetest_open();
	int most = 0;

	(void)state;
	srand(8894);
	for (int i = 1; i <= 200; i++) {
		struct secrets before = secrets;

		storetest_must(store_begin(store, &storetest_error));
		change_one(store, &secrets, 2 * i);
		change_one(store, &secrets, 2 * i + 1);
		if (i % 5 == 0) {
			store_rollback(store);
			secrets = before;
		} else {
			storetest_must(store_commit(store, &storetest_error));
		}
		if (check_secrets(STORE_FILE, &secrets) > most)
			most = check_secrets(STORE_FILE, &secrets);
		assert_int_equal(check_secrets(STORE_JOURNAL, &secrets), 0);
	}
	store_close(store);
	/* The search does find those that should be there. */
	assert_true(most > SECRET_ROWS / 2);
}

static void an_error_text_holds_no_value(void **state)
{
	struct scep_profile profile = {.index = 1};
	struct store *store = storetest_open();

	(void)state;
	strcpy(profile.name, "SECRET");
	profile.timer.values.challenge_password.length = 256;
	memset(profile.timer.values.challenge_password.data, 'S', 255);
	storetest_must(store_begin(store, &storetest_error));
	assert_int_equal(
	    store_put(store, STORE_PROFILE, &profile, &storetest_error),
	    SCEP_STORAGE_ERROR);
	assert_non_null(strstr(storetest_error.text, "writing to profile"));
	assert_null(strstr(storetest_error.text, "SECRET"));
	assert_null(strstr(storetest_error.text, "SSS"));
	store_close(store);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, storetest_make_folder,           \
					storetest_remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_that_is_no_database_is_corrupt),
	    TEST(a_damaged_page_is_corrupt),
	    TEST(a_file_cut_short_is_corrupt),
	    TEST(a_database_of_somebody_else_is_corrupt),
	    TEST(a_missing_table_is_corrupt),
	    TEST(a_value_out_of_range_is_corrupt_and_named),
	    TEST(a_text_too_long_or_unclean_is_cut_and_cleaned),
	    TEST(a_folder_in_place_of_the_file_is_refused),
	    TEST(a_link_in_place_of_the_file_is_refused),
	    TEST(a_missing_folder_is_not_corrupt),
	    TEST(a_second_opening_is_refused_and_not_corrupt),
	    TEST(another_process_finds_the_database_locked),
	    TEST(no_value_is_in_memory_of_SQLites_own),
	    TEST(a_corrupt_database_is_set_aside_with_its_journal),
	    TEST(setting_aside_in_a_missing_folder_says_so),
	    TEST(database_and_journal_are_private_whatever_the_umask),
	    TEST(files_that_others_could_read_are_tightened),
	    cmocka_unit_test_setup_teardown(
		a_read_only_folder_is_refused_and_not_corrupt,
		storetest_make_folder, step_up_and_remove_folder),
	    TEST(no_secret_stays_in_a_file_once_its_row_is_gone),
	    TEST(an_error_text_holds_no_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
