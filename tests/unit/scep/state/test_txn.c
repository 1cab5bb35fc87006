/* SPDX-License-Identifier: Apache-2.0 */
/* All of a batch is durable and visible, or none; and it can be taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/scep.h"
#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/view.h"
#include "tests/lib/device.h"
#include "tests/lib/disk.h"
#include "tests/lib/log_lines.h"

static int setup(void **state)
{
	disk_reset();
	return device_setup(state);
}

static struct scep_status *finished(uint32_t index, int64_t time)
{
	struct scep_status *status = row_new(sizeof(*status));

	assert_non_null(status);
	status->index = index;
	status->state = SCEP_STATE_ERROR;
	status->detail = SCEP_COMM_ERROR;
	status->finish_time = time;
	return status;
}

static struct record *record_of(uint32_t index)
{
	struct record *record = record_new();

	assert_non_null(record);
	record->index = index;
	record->profile_index = 1;
	record->step = STEP_GET_CA_CAPS;
	record->is_suspended = true;
	strcpy(record->file_id, "f");
	return record;
}

static struct scep_key *key_of(uint32_t index, const char *name)
{
	struct scep_key *key = row_new(sizeof(*key));

	assert_non_null(key);
	key->index = index;
	strcpy(key->name, name);
	strcpy(key->file_id, "k");
	return key;
}

static struct scep_ca *ca_of(uint32_t index)
{
	struct scep_ca *ca = row_new(sizeof(*ca));

	assert_non_null(ca);
	ca->index = index;
	ca->profile_index = 1;
	return ca;
}

static void commit(struct device *d, struct txn *txn, struct txn *undo)
{
	if (txn_commit(&d->state, txn, undo, &d->error) != SCEP_OK)
		fail_msg("%s", d->error.text);
	assert_int_equal(txn->count, 0);
}

/* A batch of all tables: new rows, a changed one, and one that goes. */
static void fill(struct device *d, struct txn *txn)
{
	struct scep_profile *profile =
	    row_copy(scep_rows_find(&d->state.view.profiles, 1));
	struct scep_agent agent = d->state.view.agent;

	strcpy(profile->name, "changed");
	agent.status_max_rows = 55;
	agent.status_last_index = 9;
	txn_put(txn, STORE_PROFILE, profile);
	txn_put(txn, STORE_STATUS, finished(9, d->io.wall));
	txn_put(txn, STORE_RECORD, record_of(9));
	txn_put(txn, STORE_KEY, key_of(4, "second"));
	txn_remove(txn, STORE_KEY, 3);
	txn_put_agent(txn, &agent);
}

static void start_with_key(struct device *d)
{
	struct txn txn;

	txn_init(&txn);
	txn_put(&txn, STORE_KEY, key_of(3, "first"));
	commit(d, &txn, NULL);
}

static void assert_before(struct device *d)
{
	const struct scep_view *view = device_view(d);

	assert_string_equal(device_profile(d, 1)->name, "");
	assert_int_equal(view->statuses.count, 0);
	assert_null(d->state.open_requests);
	assert_int_equal(view->keys.count, 1);
	assert_non_null(scep_rows_find(&view->keys, 3));
	assert_int_equal(view->agent.status_max_rows, 20);
}

static void assert_after(struct device *d)
{
	const struct scep_view *view = device_view(d);

	assert_string_equal(device_profile(d, 1)->name, "changed");
	assert_int_equal(view->statuses.count, 1);
	assert_non_null(open_request_find(&d->state, 9));
	assert_int_equal(view->keys.count, 1);
	assert_non_null(scep_rows_find(&view->keys, 4));
	assert_int_equal(view->agent.status_max_rows, 55);
	assert_int_equal(view->agent.status_last_index, 9);
}

static void what_is_committed_is_visible_and_durable(void **state)
{
	struct device *d = *state;
	struct txn txn;

	start_with_key(d);
	assert_before(d);
	txn_init(&txn);
	fill(d, &txn);
	disk_reset();
	commit(d, &txn, NULL);
	assert_int_equal(disk.writes, 1);
	assert_after(d);
	device_restart(d);
	assert_after(d);
}

static void what_is_refused_changes_nothing(void **state)
{
	struct device *d = *state;
	struct txn txn, undo;

	start_with_key(d);
	txn_init(&txn);
	txn_init(&undo);
	fill(d, &txn);
	disk.is_full = true;
	assert_int_equal(txn_commit(&d->state, &txn, &undo, &d->error),
			 SCEP_STORAGE_ERROR);
	disk.is_full = false;
	assert_int_equal(txn.count, 0);
	assert_int_equal(undo.count, 0);
	assert_before(d);
	device_restart(d);
	assert_before(d);
}

static void lines_are_logged_when_it_is_durable(void **state)
{
	struct device *d = *state;
	struct txn txn, copy;

	log_lines_begin();
	txn_init(&txn);
	txn_put(&txn, STORE_KEY, key_of(3, "first"));
	txn_log(&txn, SCEP_LOG_NOTICE, "key %d", 3);
	txn_log(&txn, SCEP_LOG_INFO, "and so on");
	txn_copy(&copy, &txn);
	assert_string_equal(log_lines, "");
	commit(d, &txn, NULL);
	assert_string_equal(log_lines, "N key 3\nI and so on\n");
	log_lines_forget();
	commit(d, &copy, NULL);
	txn_put(&txn, STORE_KEY, key_of(3, "second"));
	txn_log(&txn, SCEP_LOG_NOTICE, "it is not so");
	disk.is_full = true;
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error),
			 SCEP_STORAGE_ERROR);
	disk_reset();
	assert_string_equal(log_lines, "");
}

static void what_is_taken_back_is_as_before(void **state)
{
	struct device *d = *state;
	struct txn txn, undo;

	start_with_key(d);
	txn_init(&txn);
	txn_init(&undo);
	fill(d, &txn);
	commit(d, &txn, &undo);
	assert_after(d);
	commit(d, &undo, NULL);
	assert_before(d);
	/* LastIndex never goes back. */
	assert_int_equal(device_view(d)->agent.status_last_index, 9);
	device_restart(d);
	assert_before(d);
	assert_int_equal(device_view(d)->agent.status_last_index, 9);
}

static void a_row_that_is_put_twice_is_taken_back_to_the_first(void **state)
{
	struct device *d = *state;
	struct txn txn, undo;

	start_with_key(d);
	txn_init(&txn);
	txn_init(&undo);
	txn_put(&txn, STORE_KEY, key_of(3, "second"));
	txn_put(&txn, STORE_KEY, key_of(3, "third"));
	commit(d, &txn, &undo);
	assert_string_equal(
	    ((struct scep_key *)device_view(d)->keys.row[0])->name, "third");
	commit(d, &undo, NULL);
	assert_string_equal(
	    ((struct scep_key *)device_view(d)->keys.row[0])->name, "first");
}

static void what_is_only_shown_needs_no_disk_and_is_not_kept(void **state)
{
	struct device *d = *state;
	struct txn txn;

	txn_init(&txn);
	txn_show(&txn, STORE_STATUS, finished(7, d->io.wall));
	disk_reset();
	disk.is_full = true;
	commit(d, &txn, NULL);
	assert_int_equal(device_view(d)->statuses.count, 1);
	disk_reset();
	device_restart(d);
	assert_int_equal(device_view(d)->statuses.count, 0);
}

/* Lets a change of all tables land that is told as a failure. */
static void commit_and_lie(struct device *d)
{
	struct txn txn;

	start_with_key(d);
	txn_init(&txn);
	fill(d, &txn);
	disk_reset();
	disk.lies = true;
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error),
			 SCEP_STORAGE_ERROR);
	assert_false(disk.lies);
	assert_before(d);
	disk_reset();
}

static void
a_change_that_landed_and_failed_is_taken_back_with_the_next(void **state)
{
	struct device *d = *state;
	struct txn txn;

	commit_and_lie(d);
	txn_init(&txn);
	txn_put(&txn, STORE_CA, ca_of(8));
	commit(d, &txn, NULL);
	device_restart(d);
	assert_before(d);
	assert_int_equal(device_view(d)->cas.count, 1);
}

/* The rows must still be there when the store is closed. */
static void
a_change_that_landed_and_failed_is_taken_back_at_the_end(void **state)
{
	struct device *d = *state;

	commit_and_lie(d);
	device_restart(d);
	assert_before(d);
}

static void a_volatile_profile_that_was_to_be_kept_is_not_on_disk(void **state)
{
	struct device *d = *state;
	struct scep_profile *profile;
	struct txn txn;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_number(d, SCEP_PROFILE_STORAGE_TYPE, 2, SCEP_STORAGE_VOLATILE);
	device_set(d);
	profile = row_copy(scep_rows_find(&d->state.view.profiles, 2));
	profile->storage_type = SCEP_STORAGE_NONVOLATILE;
	txn_init(&txn);
	txn_put(&txn, STORE_PROFILE, profile);
	disk_reset();
	disk.lies = true;
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error),
			 SCEP_STORAGE_ERROR);
	disk_reset();
	device_restart(d);
	assert_int_equal(device_view(d)->profiles.count, 1);
}

static void short_memory_fails_the_whole(void **state)
{
	struct device *d = *state;
	struct txn txn;

	txn_init(&txn);
	txn_put(&txn, STORE_KEY, key_of(5, "x"));
	txn_put(&txn, STORE_STATUS, NULL);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error),
			 SCEP_NO_MEMORY);
	assert_int_equal(device_view(d)->keys.count, 0);
}

static void a_published_view_does_not_change(void **state)
{
	struct device *d = *state;
	const struct scep_view *view = state_take(&d->state);
	struct txn txn;

	txn_init(&txn);
	fill(d, &txn);
	commit(d, &txn, NULL);
	assert_int_equal(view->keys.count, 0);
	assert_string_equal(
	    ((struct scep_profile *)view->profiles.row[0])->name, "");
	assert_int_equal(view->agent.status_max_rows, 20);
	scep_view_release(view);
}

/* Whoever works on a request has its record until it looks for the next. */
static void a_request_follows_its_record(void **state)
{
	struct device *d = *state;
	struct open_request *e;
	struct record *next;
	struct txn txn, undo;

	txn_init(&txn);
	txn_init(&undo);
	txn_put(&txn, STORE_RECORD, record_of(9));
	commit(d, &txn, NULL);
	e = open_request_find(&d->state, 9);
	assert_non_null(e);
	assert_ptr_equal(e->task.record, scep_rows_find(&d->state.records, 9));
	assert_int_equal(device_view(d)->suspended[1], 9);

	next = txn_edit(&d->state, &txn, STORE_RECORD, 9, true);
	assert_true(bytes_set(&next->signer, "PEM", 3));
	assert_int_equal(e->task.record->signer.length, 0);
	commit(d, &txn, &undo);
	assert_ptr_equal(open_request_find(&d->state, 9), e);
	assert_ptr_equal(e->task.record, next);

	commit(d, &undo, NULL);
	assert_int_equal(e->task.record->signer.length, 0);
	txn_remove(&txn, STORE_RECORD, 9);
	commit(d, &txn, &undo);
	assert_null(open_request_find(&d->state, 9));
	assert_int_equal(device_view(d)->suspended[1], 0);

	commit(d, &undo, NULL);
	assert_non_null(open_request_find(&d->state, 9));
	assert_int_equal(device_view(d)->suspended[1], 9);
}

/* Rule 12: the oldest finished rows go, with what could be resumed of them. */
static void trimming_takes_the_oldest(void **state)
{
	struct device *d = *state;
	struct scep_agent agent = d->state.view.agent;
	struct scep_status *open = finished(1, 0);
	struct txn txn;

	open->state = SCEP_STATE_PROCESSING;
	txn_init(&txn);
	txn_put(&txn, STORE_STATUS, open);
	/* Row 2 ended last. */
	for (uint32_t index = 2; index <= 26; index++)
		txn_put(&txn, STORE_STATUS,
			finished(index, index == 2 ? 9999 : 1000 + index));
	txn_put(&txn, STORE_RECORD, record_of(3));
	agent.status_max_rows = 30;
	txn_put_agent(&txn, &agent);
	txn_trim_statuses(&d->state, &txn);
	commit(d, &txn, NULL);
	assert_int_equal(device_view(d)->statuses.count, 26);

	agent.status_max_rows = 20;
	txn_put_agent(&txn, &agent);
	txn_trim_statuses(&d->state, &txn);
	commit(d, &txn, NULL);
	assert_int_equal(device_view(d)->statuses.count, 21);
	assert_non_null(scep_rows_find(&device_view(d)->statuses, 1));
	assert_non_null(scep_rows_find(&device_view(d)->statuses, 2));
	assert_null(scep_rows_find(&device_view(d)->statuses, 7));
	assert_non_null(scep_rows_find(&device_view(d)->statuses, 8));
	assert_null(d->state.open_requests);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(what_is_committed_is_visible_and_durable),
	    TEST(what_is_refused_changes_nothing),
	    TEST(what_is_taken_back_is_as_before),
	    TEST(a_row_that_is_put_twice_is_taken_back_to_the_first),
	    TEST(what_is_only_shown_needs_no_disk_and_is_not_kept),
	    TEST(a_change_that_landed_and_failed_is_taken_back_with_the_next),
	    TEST(a_change_that_landed_and_failed_is_taken_back_at_the_end),
	    TEST(a_volatile_profile_that_was_to_be_kept_is_not_on_disk),
	    TEST(short_memory_fails_the_whole),
	    TEST(a_published_view_does_not_change),
	    TEST(lines_are_logged_when_it_is_durable),
	    TEST(a_request_follows_its_record),
	    TEST(trimming_takes_the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
