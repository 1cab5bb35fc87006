/* SPDX-License-Identifier: Apache-2.0 */
/* The state database gives back what was put in, whatever its age. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "tests/lib/storetest.h"

/* ----------------------------------------------------------- round trip -- */

static void a_new_database_is_empty(void **state)
{
	struct store *store = storetest_open();
	struct store_content content = storetest_load(store);

	(void)state;
	assert_false(content.has_agent);
	assert_int_equal(content.counters.key_last_index, 0);
	assert_int_equal(content.counters.ca_last_index, 0);
	assert_int_equal(content.profiles.count, 0);
	assert_int_equal(content.statuses.count, 0);
	assert_int_equal(content.keys.count, 0);
	assert_int_equal(content.cas.count, 0);
	assert_int_equal(content.records.count, 0);
	store_content_free(&content);
	store_close(store);
}

/* Three rows, the smallest values in one and the largest in another. */
static void every_column_of_every_table_comes_back_after_a_restart(void **state)
{
	static const uint32_t indexes[PATTERN_COUNT] = {1, 64, UINT32_MAX};

	(void)state;
	for (int table = 0; table < STORE_TABLE_COUNT; table++) {
		for (int pattern = 0; pattern < PATTERN_COUNT; pattern++) {
			uint32_t index = indexes[pattern];
			void *row = storetest_row(table, index, pattern);
			struct store *store = storetest_open();
			struct store_content content;

			storetest_commit(store, table, row);
			store_close(store);
			store = storetest_open();
			content = storetest_load(store);
			storetest_assert_loaded(&content, table, row, index);
			store_content_free(&content);
			store_close(store);
			row_release(row);
		}
	}
}

/* Names the members of a row that are not kept. */
/* clang-format off */
#define SPAN(table, type, member)                                              \
	{STORE_##table, offsetof(type, member), sizeof(((type *)0)->member)}
/* clang-format on */
static const struct span {
	enum store_table table;
	size_t offset;
	size_t size;
} volatile_spans[] = {
    SPAN(PROFILE, struct scep_profile, facts),
    SPAN(PROFILE, struct scep_profile, request),
    SPAN(PROFILE, struct scep_profile, request_status_index),
    SPAN(PROFILE, struct scep_profile, request_written),
    SPAN(PROFILE, struct scep_profile, timer.oper_status),
    SPAN(KEY, struct scep_key, action_result),
    SPAN(KEY, struct scep_key, action_text),
    SPAN(KEY, struct scep_key, assign_to),
    SPAN(KEY, struct scep_key, is_to_be_verified),
    SPAN(KEY, struct scep_key, action_fault),
    SPAN(KEY, struct scep_key, asked.key_name),
    SPAN(KEY, struct scep_key, asked.use_location),
    SPAN(KEY, struct scep_key, asked.challenge_password),
    SPAN(RETIRED, struct scep_key, action_result),
    SPAN(RETIRED, struct scep_key, action_text),
    SPAN(RETIRED, struct scep_key, assign_to),
    SPAN(RETIRED, struct scep_key, is_to_be_verified),
    SPAN(RETIRED, struct scep_key, action_fault),
    SPAN(RETIRED, struct scep_key, asked.key_name),
    SPAN(RETIRED, struct scep_key, asked.use_location),
    SPAN(RETIRED, struct scep_key, asked.challenge_password),
    SPAN(USE, struct scep_use, type),
    SPAN(USE, struct scep_use, function_enabled),
};

/* A row of ones with zeros in its padding, where the compiler tells; else the
 * padding is all ones, too. */
union any_row {
	struct scep_profile profile;
	struct scep_status status;
	struct scep_key key;
	struct scep_ca ca;
	struct record record;
	struct scep_use use;
	unsigned char octets[sizeof(struct scep_profile)];
};

#ifndef __has_builtin
#define __has_builtin(name) 0
#endif
#if __has_builtin(__builtin_clear_padding)
#define KNOWS_PADDING	      1
#define CLEAR_PADDING(member) __builtin_clear_padding(member)
#else
#define KNOWS_PADDING	      0
#define CLEAR_PADDING(member) ((void)(member))
#endif

static void fill_with_ones(enum store_table table, union any_row *row)
{
	memset(row, 0xff, sizeof(*row));
	switch (table) {
	case STORE_PROFILE:
		CLEAR_PADDING(&row->profile);
		return;
	case STORE_STATUS:
		CLEAR_PADDING(&row->status);
		return;
	case STORE_KEY:
		CLEAR_PADDING(&row->key);
		return;
	case STORE_CA:
		CLEAR_PADDING(&row->ca);
		return;
	case STORE_RECORD:
		CLEAR_PADDING(&row->record);
		return;
	case STORE_USE:
		CLEAR_PADDING(&row->use);
		return;
	case STORE_RETIRED:
		CLEAR_PADDING(&row->key);
		return;
	case STORE_AGENT:
	case STORE_COUNTERS:
	case STORE_TABLE_COUNT:
		fail_msg("a table of rows is asked for");
	}
}

/* Takes a member off; none may be taken twice. */
static void take(union any_row *row, size_t offset, size_t size)
{
	assert_int_equal(row->octets[offset], 0xff);
	memset(row->octets + offset, 0, size);
}

static void take_members(enum store_table table, union any_row *row)
{
	const struct schema_table *schema = schema_table(table);

	take(row, 0, sizeof(uint32_t)); /* the index */
	for (size_t i = 0; i < schema->count; i++)
		take(row, schema->column[i].offset, schema->column[i].size);
	for (size_t i = 0;
	     i < sizeof(volatile_spans) / sizeof(volatile_spans[0]); i++)
		if (volatile_spans[i].table == table)
			take(row, volatile_spans[i].offset,
			     volatile_spans[i].size);
}

static void
every_member_of_a_row_has_a_column_unless_it_is_volatile(void **state)
{
	/* Without the compiler's help only what is longer than padding can
	 * be is known for a member. */
	const size_t most = KNOWS_PADDING ? 0 : sizeof(int64_t) - 1;
	union any_row row;

	(void)state;
	for (int table = 0; table <= STORE_RETIRED; table++) {
		size_t left = 0;

		fill_with_ones(table, &row);
		take_members(table, &row);
		for (size_t i = 0; i < schema_table(table)->row_size; i++) {
			left = row.octets[i] != 0 ? left + 1 : 0;
			if (left > most)
				fail_msg("%s: octet %zu has no column",
					 schema_table(table)->name, i);
		}
	}
}

static void the_agents_settings_and_the_counters_are_kept(void **state)
{
	struct scep_agent agent = {
	    .config_spin_lock = 1,
	    .status_max_rows = 20,
	    .notify_enable = 0x7ff,
	    .notify_expiry_days = 30,
	    .notify_min_interval = 300,
	    .started_mono = 2,
	    .status_last_index = 77,
	    .health = 3,
	};
	const struct store_counters counters = {5, 6};
	struct store *store = storetest_open();
	struct store_content content;

	(void)state;
	storetest_must(store_begin(store, &storetest_error));
	storetest_must(store_put(store, STORE_AGENT, &agent, &storetest_error));
	storetest_must(
	    store_put(store, STORE_COUNTERS, &counters, &storetest_error));
	storetest_must(store_commit(store, &storetest_error));
	store_close(store);
	store = storetest_open();
	content = storetest_load(store);
	assert_true(content.has_agent);
	assert_int_equal(content.counters.key_last_index, 5);
	assert_int_equal(content.counters.ca_last_index, 6);
	/* A member that is only shown is not kept. */
	agent.config_spin_lock = 0;
	agent.started_mono = 0;
	agent.health = 0;
	storetest_assert_equal(STORE_AGENT, &content.agent, &agent);
	store_content_free(&content);
	store_close(store);
}

static void the_request_values_and_the_facts_are_never_stored(void **state)
{
	struct scep_profile *kept =
	    storetest_row(STORE_PROFILE, 2, PATTERN_MIXED);
	struct scep_profile full = *kept;
	struct store *store = storetest_open();
	struct store_content content;

	(void)state;
	strcpy(full.request.common_name, "volatile");
	full.request_status_index = 9;
	full.facts.clock_skew = -5;
	full.timer.oper_status = 4;
	storetest_commit(store, STORE_PROFILE, &full);
	content = storetest_load(store);
	storetest_assert_loaded(&content, STORE_PROFILE, kept, 2);
	store_content_free(&content);
	store_close(store);
	row_release(kept);
}

static void a_later_put_replaces_and_rows_come_in_order(void **state)
{
	static const uint32_t indexes[] = {30, 2, 11};
	struct scep_status *first =
	    storetest_row(STORE_STATUS, 11, PATTERN_FULL);
	struct store *store = storetest_open();
	struct store_content content;
	const struct scep_status *row;

	(void)state;
	storetest_commit(store, STORE_STATUS, first);
	for (size_t i = 0; i < 3; i++) {
		struct scep_status *second =
		    storetest_row(STORE_STATUS, indexes[i], PATTERN_MIXED);

		storetest_commit(store, STORE_STATUS, second);
		row_release(second);
	}
	content = storetest_load(store);
	assert_int_equal(content.statuses.count, 3);
	row = content.statuses.row[0];
	assert_int_equal(row->index, 2);
	row = content.statuses.row[1];
	assert_int_equal(row->index, 11);
	assert_int_not_equal(row->polls, first->polls);
	row = content.statuses.row[2];
	assert_int_equal(row->index, 30);
	store_content_free(&content);
	store_close(store);
	row_release(first);
}

static void removed_rows_are_gone_and_missing_ones_are_fine(void **state)
{
	struct store *store;
	struct store_content content;

	(void)state;
	for (int table = 0; table <= STORE_RETIRED; table++) {
		void *first = storetest_row(table, 1, PATTERN_MIXED);
		void *second = storetest_row(table, 2, PATTERN_MIXED);
		struct store_counters counters;

		store = storetest_open();
		storetest_commit(store, table, first);
		storetest_commit(store, table, second);
		storetest_must(store_begin(store, &storetest_error));
		storetest_must(store_remove(store, table, 1, &storetest_error));
		storetest_must(
		    store_remove(store, table, 77, &storetest_error));
		storetest_must(store_commit(store, &storetest_error));
		store_close(store);
		store = storetest_open();
		content = storetest_load(store);
		assert_null(storetest_loaded(&content, table, 1, &counters));
		storetest_assert_loaded(&content, table, second, 2);
		store_content_free(&content);
		store_close(store);
		row_release(first);
		row_release(second);
	}
}

static void a_record_that_was_retained_outlives_the_content(void **state)
{
	struct record *record = storetest_row(STORE_RECORD, 3, PATTERN_MIXED);
	struct record *taken;
	struct store *store = storetest_open();
	struct store_content content;

	(void)state;
	storetest_commit(store, STORE_RECORD, record);
	content = storetest_load(store);
	taken = row_retain(content.records.row[0]);
	store_content_free(&content);
	storetest_assert_equal(STORE_RECORD, taken, record);
	row_release(taken);
	store_close(store);
	row_release(record);
}

/* --------------------------------------------------------- transactions -- */

static void a_rollback_leaves_the_old_rows(void **state)
{
	struct store *store = storetest_open();
	struct store_content content;

	(void)state;
	for (int table = 0; table < STORE_TABLE_COUNT; table++) {
		void *old = storetest_row(table, 1, PATTERN_MIXED);
		void *new = storetest_row(table, 1, PATTERN_SMALL);

		storetest_commit(store, table, old);
		storetest_must(store_begin(store, &storetest_error));
		storetest_must(storetest_put(store, table, new));
		if (table <= STORE_RECORD)
			storetest_must(
			    store_remove(store, table, 1, &storetest_error));
		store_rollback(store);
		content = storetest_load(store);
		storetest_assert_loaded(&content, table, old, 1);
		store_content_free(&content);
		row_release(old);
		row_release(new);
	}
	store_close(store);
}

static void closing_in_a_transaction_rolls_back(void **state)
{
	struct scep_key key = {.index = 4};
	struct store *store = storetest_open();
	struct store_content content;

	(void)state;
	storetest_must(store_begin(store, &storetest_error));
	storetest_must(store_put(store, STORE_KEY, &key, &storetest_error));
	store_close(store);
	store = storetest_open();
	content = storetest_load(store);
	assert_int_equal(content.keys.count, 0);
	store_content_free(&content);
	store_close(store);
}

static void nothing_is_written_outside_a_transaction(void **state)
{
	struct scep_key key = {.index = 4};
	struct store *store = storetest_open();

	(void)state;
	assert_int_equal(store_put(store, STORE_KEY, &key, &storetest_error),
			 SCEP_STORAGE_ERROR);
	assert_int_equal(store_commit(store, &storetest_error),
			 SCEP_STORAGE_ERROR);
	storetest_must(store_begin(store, &storetest_error));
	assert_int_equal(store_begin(store, &storetest_error),
			 SCEP_STORAGE_ERROR);
	store_rollback(store);
	store_close(store);
	assert_int_equal(storetest_query("SELECT count(*) FROM key"), 0);
}

/* Otherwise what comes after the failure would be committed alone. */
static void after_a_failure_nothing_but_a_rollback_is_done(void **state)
{
	struct scep_key good = {.index = 4};
	struct scep_key bad = {.index = 5};
	struct store *store = storetest_open();
	struct store_content content;

	(void)state;
	storetest_must(store_begin(store, &storetest_error));
	bad.serial.length = sizeof(bad.serial.data) + 1;
	assert_int_equal(store_put(store, STORE_KEY, &bad, &storetest_error),
			 SCEP_STORAGE_ERROR);
	assert_int_equal(store_put(store, STORE_KEY, &good, &storetest_error),
			 SCEP_STORAGE_ERROR);
	assert_int_equal(store_commit(store, &storetest_error),
			 SCEP_STORAGE_ERROR);
	store_rollback(store);
	content = storetest_load(store);
	assert_int_equal(content.keys.count, 0);
	store_content_free(&content);
	storetest_commit(store, STORE_KEY, &good);
	store_close(store);
}

static void a_row_without_index_is_refused(void **state)
{
	struct scep_ca ca = {.index = 0};
	struct store *store = storetest_open();

	(void)state;
	storetest_must(store_begin(store, &storetest_error));
	assert_int_equal(store_put(store, STORE_CA, &ca, &storetest_error),
			 SCEP_STORAGE_ERROR);
	store_close(store);
}

/* --------------------------------------------------------------- schema -- */

static void preset_agent(struct scep_agent *agent)
{
	agent->notify_min_interval = 300;
	agent->notify_expiry_days = 12345;
}

static void preset_profile(struct scep_profile *profile)
{
	profile->server.timeout = 30;
	profile->timer.values.key_length = 2048;
	profile->request.key_length = 2049;
	profile->server.port = 12345; /* the file knows better */
}

static void a_column_that_an_older_database_lacks_has_its_default(void **state)
{
	static const struct store_presets presets = {preset_agent,
						     preset_profile};
	struct scep_profile *profile =
	    storetest_row(STORE_PROFILE, 1, PATTERN_MIXED);
	struct record *record = storetest_row(STORE_RECORD, 7, PATTERN_MIXED);
	struct scep_agent *agent = storetest_row(STORE_AGENT, 1, PATTERN_MIXED);
	struct store *store = storetest_open();
	struct store_content content;

	(void)state;
	storetest_commit(store, STORE_PROFILE, profile);
	storetest_commit(store, STORE_RECORD, record);
	storetest_commit(store, STORE_AGENT, agent);
	store_close(store);
	storetest_run("ALTER TABLE profile DROP COLUMN server_timeout;"
		      "ALTER TABLE profile DROP COLUMN auto_key_length;"
		      "ALTER TABLE record DROP COLUMN server_timeout;"
		      "ALTER TABLE record DROP COLUMN values_key_length;"
		      "ALTER TABLE agent DROP COLUMN notify_min_interval");
	profile->server.timeout = 30;
	profile->timer.values.key_length = 2048;
	record->server.timeout = 30;
	record->values.key_length = 2049;
	agent->notify_min_interval = 300;
	/* Twice: the second time the columns are there, and still empty. */
	for (int i = 0; i < 2; i++) {
		const struct scep_profile *row;

		store = storetest_open();
		storetest_must(
		    store_load(store, &presets, &content, &storetest_error));
		/* A value that is not stored at all is the preset's too. */
		row = scep_rows_find(&content.profiles, 1);
		assert_int_equal(row->request.key_length, 2049);
		profile->request.key_length = 2049;
		storetest_assert_loaded(&content, STORE_PROFILE, profile, 1);
		storetest_assert_loaded(&content, STORE_RECORD, record, 7);
		storetest_assert_loaded(&content, STORE_AGENT, agent, 1);
		store_content_free(&content);
		store_close(store);
	}
	row_release(profile);
	row_release(record);
	row_release(agent);
}

static void without_a_preset_a_missing_column_is_zero(void **state)
{
	struct scep_key *key = storetest_row(STORE_KEY, 1, PATTERN_FULL);
	struct store *store = storetest_open();
	struct store_content content;

	(void)state;
	storetest_commit(store, STORE_KEY, key);
	store_close(store);
	storetest_run("ALTER TABLE key DROP COLUMN fingerprint");
	memset(&key->fingerprint, 0, sizeof(key->fingerprint));
	store = storetest_open();
	content = storetest_load(store);
	storetest_assert_loaded(&content, STORE_KEY, key, 1);
	store_content_free(&content);
	store_close(store);
	row_release(key);
}

static void an_older_version_is_migrated_to_the_present_one(void **state)
{
	struct scep_key *key = storetest_row(STORE_KEY, 1, PATTERN_MIXED);
	struct store *store = storetest_open();
	struct store_content content;
	long long version;

	(void)state;
	storetest_commit(store, STORE_KEY, key);
	store_close(store);
	version = storetest_query("PRAGMA user_version");
	storetest_run("DROP TABLE ca; PRAGMA user_version = 0");
	store = storetest_open();
	content = storetest_load(store);
	storetest_assert_loaded(&content, STORE_KEY, key, 1);
	store_content_free(&content);
	store_close(store);
	assert_int_equal(storetest_query("PRAGMA user_version"), version);
	assert_int_equal(storetest_query("SELECT count(*) FROM ca"), 0);
	row_release(key);
}

static void a_newer_version_is_refused_and_left_alone(void **state)
{
	struct scep_key *key = storetest_row(STORE_KEY, 1, PATTERN_MIXED);
	struct store *store = storetest_open();

	(void)state;
	storetest_commit(store, STORE_KEY, key);
	store_close(store);
	storetest_run(
	    "ALTER TABLE key DROP COLUMN name; PRAGMA user_version = 99");
	assert_false(storetest_refused("newer scepagent (version 99"));
	assert_int_equal(storetest_error.code, SCEP_CONFIG_ERROR);
	assert_int_equal(storetest_query("PRAGMA user_version"), 99);
	assert_int_equal(
	    storetest_query("SELECT count(*) FROM pragma_table_info('key') "
			    "WHERE name = 'name'"),
	    0);
	row_release(key);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, storetest_make_folder,           \
					storetest_remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_database_is_empty),
	    TEST(every_column_of_every_table_comes_back_after_a_restart),
	    TEST(every_member_of_a_row_has_a_column_unless_it_is_volatile),
	    TEST(the_agents_settings_and_the_counters_are_kept),
	    TEST(the_request_values_and_the_facts_are_never_stored),
	    TEST(a_later_put_replaces_and_rows_come_in_order),
	    TEST(removed_rows_are_gone_and_missing_ones_are_fine),
	    TEST(a_record_that_was_retained_outlives_the_content),
	    TEST(a_rollback_leaves_the_old_rows),
	    TEST(closing_in_a_transaction_rolls_back),
	    TEST(nothing_is_written_outside_a_transaction),
	    TEST(after_a_failure_nothing_but_a_rollback_is_done),
	    TEST(a_row_without_index_is_refused),
	    TEST(a_column_that_an_older_database_lacks_has_its_default),
	    TEST(without_a_preset_a_missing_column_is_zero),
	    TEST(an_older_version_is_migrated_to_the_present_one),
	    TEST(a_newer_version_is_refused_and_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
