/* SPDX-License-Identifier: Apache-2.0 */
/* All of a batch is durable and visible, or none; and it can be taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/device.h"
#include "tests/lib/disk.h"

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
	record->is_parked = true;
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

static void commit(struct device *d, struct batch *batch, struct batch *undo)
{
	if (batch_commit(&d->state, batch, undo, &d->error) != SCEP_OK)
		fail_msg("%s", d->error.text);
	assert_int_equal(batch->count, 0);
}

/* A batch of all tables: new rows, a changed one, and one that goes. */
static void fill(struct device *d, struct batch *batch)
{
	struct scep_profile *profile =
	    row_copy(scep_rows_find(&d->state.view.profiles, 1));
	struct scep_agent agent = d->state.view.agent;

	strcpy(profile->name, "changed");
	agent.status_max_rows = 55;
	agent.status_last_index = 9;
	batch_put(batch, STORE_PROFILE, profile);
	batch_put(batch, STORE_STATUS, finished(9, d->io.wall));
	batch_put(batch, STORE_RECORD, record_of(9));
	batch_put(batch, STORE_KEY, key_of(4, "second"));
	batch_remove(batch, STORE_KEY, 3);
	batch_put_agent(batch, &agent);
}

static void start_with_key(struct device *d)
{
	struct batch batch;

	batch_init(&batch);
	batch_put(&batch, STORE_KEY, key_of(3, "first"));
	commit(d, &batch, NULL);
}

static void assert_before(struct device *d)
{
	const struct scep_view *view = device_view(d);

	assert_string_equal(device_profile(d, 1)->name, "");
	assert_int_equal(view->statuses.count, 0);
	assert_null(d->state.enrolments);
	assert_int_equal(view->keys.count, 1);
	assert_non_null(scep_rows_find(&view->keys, 3));
	assert_int_equal(view->agent.status_max_rows, 20);
}

static void assert_after(struct device *d)
{
	const struct scep_view *view = device_view(d);

	assert_string_equal(device_profile(d, 1)->name, "changed");
	assert_int_equal(view->statuses.count, 1);
	assert_non_null(enrolment_find(&d->state, 9));
	assert_int_equal(view->keys.count, 1);
	assert_non_null(scep_rows_find(&view->keys, 4));
	assert_int_equal(view->agent.status_max_rows, 55);
	assert_int_equal(view->agent.status_last_index, 9);
}

static void what_is_committed_is_visible_and_durable(void **state)
{
	struct device *d = *state;
	struct batch batch;

	start_with_key(d);
	assert_before(d);
	batch_init(&batch);
	fill(d, &batch);
	disk_reset();
	commit(d, &batch, NULL);
	assert_int_equal(disk.writes, 1);
	assert_after(d);
	device_restart(d);
	assert_after(d);
}

static void what_is_refused_changes_nothing(void **state)
{
	struct device *d = *state;
	struct batch batch, undo;

	start_with_key(d);
	batch_init(&batch);
	batch_init(&undo);
	fill(d, &batch);
	disk.is_full = true;
	assert_int_equal(batch_commit(&d->state, &batch, &undo, &d->error),
			 SCEP_STORAGE_ERROR);
	disk.is_full = false;
	assert_int_equal(batch.count, 0);
	assert_int_equal(undo.count, 0);
	assert_before(d);
	device_restart(d);
	assert_before(d);
}

static void what_is_taken_back_is_as_before(void **state)
{
	struct device *d = *state;
	struct batch batch, undo;

	start_with_key(d);
	batch_init(&batch);
	batch_init(&undo);
	fill(d, &batch);
	commit(d, &batch, &undo);
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
	struct batch batch, undo;

	start_with_key(d);
	batch_init(&batch);
	batch_init(&undo);
	batch_put(&batch, STORE_KEY, key_of(3, "second"));
	batch_put(&batch, STORE_KEY, key_of(3, "third"));
	commit(d, &batch, &undo);
	assert_string_equal(
	    ((struct scep_key *)device_view(d)->keys.row[0])->name, "third");
	commit(d, &undo, NULL);
	assert_string_equal(
	    ((struct scep_key *)device_view(d)->keys.row[0])->name, "first");
}

static void what_is_only_shown_needs_no_disk_and_is_not_kept(void **state)
{
	struct device *d = *state;
	struct batch batch;

	batch_init(&batch);
	batch_show(&batch, STORE_STATUS, finished(7, d->io.wall));
	disk_reset();
	disk.is_full = true;
	commit(d, &batch, NULL);
	assert_int_equal(device_view(d)->statuses.count, 1);
	disk_reset();
	device_restart(d);
	assert_int_equal(device_view(d)->statuses.count, 0);
}

static void short_memory_fails_the_whole(void **state)
{
	struct device *d = *state;
	struct batch batch;

	batch_init(&batch);
	batch_put(&batch, STORE_KEY, key_of(5, "x"));
	batch_put(&batch, STORE_STATUS, NULL);
	assert_int_equal(batch_commit(&d->state, &batch, NULL, &d->error),
			 SCEP_STORAGE_ERROR);
	assert_int_equal(device_view(d)->keys.count, 0);
}

static void a_published_view_does_not_change(void **state)
{
	struct device *d = *state;
	const struct scep_view *view = state_take(&d->state);
	struct batch batch;

	batch_init(&batch);
	fill(d, &batch);
	commit(d, &batch, NULL);
	assert_int_equal(view->keys.count, 0);
	assert_string_equal(
	    ((struct scep_profile *)view->profiles.row[0])->name, "");
	assert_int_equal(view->agent.status_max_rows, 20);
	scep_view_release(view);
}

/* Rule 12: the oldest finished rows go, with what could be resumed of them. */
static void trimming_takes_the_oldest(void **state)
{
	struct device *d = *state;
	struct scep_agent agent = d->state.view.agent;
	struct scep_status *open = finished(1, 0);
	struct batch batch;

	open->state = SCEP_STATE_PROCESSING;
	batch_init(&batch);
	batch_put(&batch, STORE_STATUS, open);
	/* Row 2 ended last. */
	for (uint32_t index = 2; index <= 26; index++)
		batch_put(&batch, STORE_STATUS,
			  finished(index, index == 2 ? 9999 : 1000 + index));
	batch_put(&batch, STORE_RECORD, record_of(3));
	agent.status_max_rows = 30;
	batch_put_agent(&batch, &agent);
	batch_trim_statuses(&d->state, &batch);
	commit(d, &batch, NULL);
	assert_int_equal(device_view(d)->statuses.count, 26);

	agent.status_max_rows = 20;
	batch_put_agent(&batch, &agent);
	batch_trim_statuses(&d->state, &batch);
	commit(d, &batch, NULL);
	assert_int_equal(device_view(d)->statuses.count, 21);
	assert_non_null(scep_rows_find(&device_view(d)->statuses, 1));
	assert_non_null(scep_rows_find(&device_view(d)->statuses, 2));
	assert_null(scep_rows_find(&device_view(d)->statuses, 7));
	assert_non_null(scep_rows_find(&device_view(d)->statuses, 8));
	assert_null(d->state.enrolments);
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
	    TEST(short_memory_fails_the_whole),
	    TEST(a_published_view_does_not_change),
	    TEST(trimming_takes_the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
