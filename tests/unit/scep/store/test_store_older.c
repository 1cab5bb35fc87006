/* SPDX-License-Identifier: Apache-2.0 */
/* A database of an older scepagent (older.sql) is opened and kept whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "tests/lib/storetest.h"

/* The database as it was, beside the one that is opened. */
#define BEFORE "before.db"

/* The start of the timer of profile 1, which it has carried out. */
#define FIRST_RUN INT64_C(1796144764)

static void read_older(char *sql, size_t size)
{
	FILE *file = fopen(OLDER_DATABASE, "r");
	size_t length;

	assert_non_null(file);
	length = fread(sql, 1, size - 1, file);
	assert_true(length < size - 1);
	sql[length] = '\0';
	fclose(file);
}

static int make_older(void **state)
{
	static char sql[32 * 1024];
	char copy[600];

	if (storetest_make_folder(state) != 0)
		return -1;
	read_older(sql, sizeof(sql));
	storetest_run(sql);
	snprintf(copy, sizeof(copy), "VACUUM INTO '%s'",
		 storetest_path(BEFORE));
	storetest_run(copy);
	return 0;
}

/* Puts every row again that was loaded, as the engine does bit by bit. */
static void write_all(struct store *store, const struct store_content *content)
{
	const struct {
		enum store_table table;
		const struct scep_rows *rows;
	} tables[] = {
	    {STORE_PROFILE, &content->profiles},
	    {STORE_STATUS, &content->statuses},
	    {STORE_KEY, &content->keys},
	    {STORE_CA, &content->cas},
	    {STORE_RECORD, &content->records},
	    {STORE_USE, &content->uses},
	    {STORE_RETIRED, &content->retired},
	};

	storetest_must(store_begin(store, &storetest_error));
	storetest_must(storetest_put(store, STORE_AGENT, &content->agent));
	storetest_must(
	    storetest_put(store, STORE_COUNTERS, &content->counters));
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		ROWS_EACH (j, tables[i].rows)
			storetest_must(storetest_put(store, tables[i].table,
						     tables[i].rows->row[j]));
	storetest_must(store_commit(store, &storetest_error));
}

/* ----------------------------------------------------------- comparing -- */

static sqlite3 *open_both(void)
{
	sqlite3 *sqlite;
	char sql[600];

	assert_int_equal(sqlite3_open(storetest_path(STORE_FILE), &sqlite),
			 SQLITE_OK);
	snprintf(sql, sizeof(sql), "ATTACH '%s' AS before",
		 storetest_path(BEFORE));
	assert_int_equal(sqlite3_exec(sqlite, sql, NULL, NULL, NULL),
			 SQLITE_OK);
	return sqlite;
}

static sqlite3_stmt *prepare(sqlite3 *sqlite, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(sqlite));
	return statement;
}

/* No row of before has another value now, and none is gone. */
static void assert_column_is_kept(sqlite3 *sqlite, const char *table,
				  const char *column)
{
	char sql[400];
	sqlite3_stmt *statement;

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM before.\"%s\" b LEFT JOIN main.\"%s\" m "
		 "ON b.\"index\" = m.\"index\" WHERE b.\"%s\" IS NOT m.\"%s\"",
		 table, table, column, column);
	statement = prepare(sqlite, sql);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	if (sqlite3_column_int(statement, 0) != 0)
		fail_msg("%s.%s: has changed", table, column);
	sqlite3_finalize(statement);
}

/* Returns how many columns there are. */
static unsigned int assert_all_is_kept(void)
{
	sqlite3 *sqlite = open_both();
	sqlite3_stmt *statement =
	    prepare(sqlite, "SELECT t.name, c.name FROM before.sqlite_schema t "
			    "JOIN pragma_table_info(t.name, 'before') c "
			    /* No longer known, and never read; and what has
			     * gained a bit. */
			    "WHERE c.name NOT IN ('polls_left', "
			    "'notify_enable')");
	unsigned int columns = 0;

	for (; sqlite3_step(statement) == SQLITE_ROW; columns++)
		assert_column_is_kept(
		    sqlite, (const char *)sqlite3_column_text(statement, 0),
		    (const char *)sqlite3_column_text(statement, 1));
	sqlite3_finalize(statement);
	sqlite3_close(sqlite);
	return columns;
}

/* --------------------------------------------------------------- tests -- */

static void assert_content_is_that_of_the_device(struct store_content *content)
{
	const struct scep_profile *second =
	    scep_rows_find(&content->profiles, 2);
	const struct record *record = scep_rows_find(&content->records, 3);
	const struct scep_key *key = scep_rows_find(&content->keys, 2);
	const struct scep_key *replaced = scep_rows_find(&content->retired, 1);
	const struct scep_profile *first =
	    scep_rows_find(&content->profiles, 1);

	assert_true(content->has_agent);
	assert_int_equal(content->counters.key_last_index, 3);
	assert_int_equal(content->statuses.count, 3);
	assert_int_equal(content->cas.count, 2);
	assert_int_equal(content->uses.count, 2);
	assert_int_equal(second->timer.values.challenge_password.length, 19);
	assert_int_equal(record->step, STEP_POLL);
	assert_int_equal(record->was_pending, 1);
	assert_int_equal(strlen(record->transaction_id), 64);
	assert_memory_equal(record->trust.data, "-----BEGIN CERTIFICATE", 22);
	/* The timer does not repeat its run. */
	assert_int_equal(first->timer.memory.last_run, FIRST_RUN);
	assert_int_equal(second->timer.memory.last_run, 0);
	assert_string_equal(key->use_location, "web,vpn");
	assert_int_equal(replaced->successor, 2);
}

static void an_older_database_is_kept_whole(void **state)
{
	struct store *store = storetest_open();
	struct store_content content = storetest_load(store);

	(void)state;
	assert_content_is_that_of_the_device(&content);
	store_close(store);
	assert_true(assert_all_is_kept() > 150);
	store = storetest_open();
	write_all(store, &content);
	store_close(store);
	assert_true(assert_all_is_kept() > 150);
	store_content_free(&content);
}

/* All notifications were on, so the new one is.  A choice stays. */
static void a_notification_more_is_on_where_all_were(void **state)
{
	static const struct {
		unsigned int before, after;
	} cases[] = {{2047, 4095}, {2046, 2046}, {0, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_content content;
		struct store *store;
		char sql[120];

		snprintf(sql, sizeof(sql),
			 "UPDATE agent SET notify_enable = %u;"
			 "PRAGMA user_version = 2",
			 cases[i].before);
		storetest_run(sql);
		for (int start = 0; start < 2; start++) {
			store = storetest_open();
			content = storetest_load(store);
			assert_int_equal(content.agent.notify_enable,
					 cases[i].after);
			store_content_free(&content);
			store_close(store);
		}
	}
}

static void a_column_that_is_not_known_does_no_harm(void **state)
{
	struct store *store;
	struct store_content content;

	(void)state;
	storetest_run("ALTER TABLE profile ADD COLUMN unknown TEXT;"
		      "UPDATE profile SET unknown = 'kept until it is put'");
	store = storetest_open();
	content = storetest_load(store);
	assert_content_is_that_of_the_device(&content);
	write_all(store, &content);
	store_content_free(&content);
	content = storetest_load(store);
	assert_content_is_that_of_the_device(&content);
	store_content_free(&content);
	store_close(store);
}

static int64_t last_run_of_first(void)
{
	struct store *store = storetest_open();
	struct store_content content = storetest_load(store);
	const struct scep_profile *first = scep_rows_find(&content.profiles, 1);
	int64_t last_run = first->timer.memory.last_run;

	store_content_free(&content);
	store_close(store);
	return last_run;
}

static void a_disabled_timer_knows_its_run_by_its_certificate(void **state)
{
	(void)state;
	storetest_run("UPDATE profile SET auto_enable = 0, "
		      "\"auto_memory.handled\" = 0, "
		      "\"auto_memory.last_try\" = 0; "
		      "UPDATE key SET install_time = 1796144770");
	assert_int_equal(last_run_of_first(), FIRST_RUN + 6);
}

static void a_timer_that_has_not_begun_has_no_run(void **state)
{
	(void)state;
	storetest_run("UPDATE profile SET auto_start_time = 1796144771, "
		      "\"auto_memory.handled\" = 0; "
		      "UPDATE key SET install_time = 1796144770");
	assert_int_equal(last_run_of_first(), 0);
	/* It is found out once, and not at each start. */
	storetest_run("UPDATE profile SET auto_start_time = 1796144764");
	assert_int_equal(last_run_of_first(), 0);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_older,                      \
					storetest_remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_older_database_is_kept_whole),
	    TEST(a_notification_more_is_on_where_all_were),
	    TEST(a_column_that_is_not_known_does_no_harm),
	    TEST(a_disabled_timer_knows_its_run_by_its_certificate),
	    TEST(a_timer_that_has_not_begun_has_no_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
