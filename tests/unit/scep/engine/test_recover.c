/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kill after each single thing that is written: the request goes on with
 * the same key and the same transactionID, and nothing is left over.  The
 * disk refuses what would have come after the kill.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/agent_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/view.h"
#include "tests/lib/device.h"
#include "tests/lib/disk.h"

static int setup(void **state)
{
	disk_reset();
	return device_setup(state);
}

/* --------------------------------------------------------------- sweeps -- */

struct way {
	const char *name;
	void (*prepare)(struct device *device);
	enum scep_state state;
	enum scep_code detail;
};

static void prepare_pending(struct device *d)
{
	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
}

static void prepare_retries(struct device *d)
{
	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_CAPS, CA_AWAY, 0);
	scripted_ca_plan(&d->ca, CA_CERT, CA_HTTP, 503);
	scripted_ca_plan(&d->ca, CA_PKI, CA_AWAY, 0);
}

static void prepare_failure(struct device *d)
{
	scripted_ca_plan(&d->ca, CA_PKI, CA_FAILURE, 2);
	scripted_ca_plan(&d->ca, CA_PKI, CA_FAILURE, 2);
}

static void prepare_nothing(struct device *d)
{
	(void)d;
}

static const struct way ways[] = {
    {"at once", prepare_nothing, SCEP_STATE_SUCCESSFUL, SCEP_NONE},
    {"with polls", prepare_pending, SCEP_STATE_SUCCESSFUL, SCEP_NONE},
    {"with retries", prepare_retries, SCEP_STATE_SUCCESSFUL, SCEP_NONE},
    {"to a refusal", prepare_failure, SCEP_STATE_ERROR, SCEP_SCEP_ERROR},
};

/* Names what had been durable when the device was killed. */
struct durable {
	char transaction_id[SCEP_TEXT64];
	uint32_t key_index;
	uint32_t polls;
};

static void note_durable(struct device *d, struct durable *was)
{
	const struct record *record = device_record(d);

	memset(was, 0, sizeof(*was));
	was->polls = device_status(d)->polls;
	if (record == NULL)
		return;
	memcpy(was->transaction_id, record->transaction_id,
	       sizeof(was->transaction_id));
	was->key_index = record->key_index;
}

static void assert_goes_on(struct device *d, const struct durable *was)
{
	const struct scep_status *status = device_status(d);

	if (was->transaction_id[0] != '\0')
		assert_string_equal(status->transaction_id,
				    was->transaction_id);
	if (was->key_index != 0 && status->key_index != 0)
		assert_int_equal(status->key_index, was->key_index);
	assert_true(status->polls >= was->polls);
}

static void assert_nothing_is_left(struct device *d, const struct way *way)
{
	const struct scep_view *view = device_view(d);

	device_assert_status(d, way->state, way->detail);
	assert_null(d->state.open_requests);
	assert_int_equal(view->statuses.count, 1);
	if (way->state == SCEP_STATE_SUCCESSFUL) {
		device_only_key(d);
		return;
	}
	assert_int_equal(view->keys.count, 0);
	assert_int_equal(device_files(d), 0);
}

/* Whatever has been sent was about one key and one transaction. */
static void assert_one_transaction(struct device *d)
{
	assert_true(d->ca.transactions <= 1);
	assert_true(d->ca.keys <= 1);
	if (d->ca.transactions == 1)
		assert_string_equal(device_status(d)->transaction_id,
				    d->ca.transaction_id);
}

/* Returns false once the whole has been written before the kill. */
static bool try_kill_after(struct device *d, const struct way *way,
			   unsigned int writes)
{
	struct durable was;
	bool is_through;

	way->prepare(d);
	device_apply(d);
	disk_reset();
	disk.last = writes;
	device_send(d, 1);
	device_run_for(d, 600);
	is_through = disk.writes < writes;
	device_kill(d);
	disk_reset();
	device_start(d);
	note_durable(d, &was);
	device_run_for(d, 600);
	assert_goes_on(d, &was);
	assert_one_transaction(d);
	assert_nothing_is_left(d, way);
	return !is_through;
}

/* A device for each kill; the send itself is the first thing written. */
static void sweep(const struct way *way)
{
	bool is_more = true;

	for (unsigned int writes = 1; is_more; writes++) {
		void *device;

		assert_int_equal(setup(&device), 0);
		is_more = try_kill_after(device, way, writes);
		assert_int_equal(device_teardown(&device), 0);
		/* The least there is: send, place, each step, the files. */
		assert_true(is_more || writes > 8);
		assert_true(writes < 60);
	}
}

static void a_kill_after_any_write_loses_nothing(void **state)
{
	(void)state;
	sweep(&ways[0]);
}

static void a_kill_after_any_write_of_polls_loses_nothing(void **state)
{
	(void)state;
	sweep(&ways[1]);
}

static void a_kill_after_any_write_of_retries_loses_nothing(void **state)
{
	(void)state;
	sweep(&ways[2]);
}

static void a_kill_after_any_write_of_a_refusal_loses_nothing(void **state)
{
	(void)state;
	sweep(&ways[3]);
}

/* Between any two steps, whatever has been written. */
static void a_kill_at_any_step_loses_nothing(void **state)
{
	bool is_more = true;

	(void)state;
	for (int steps = 0; is_more; steps++) {
		struct device *d;
		void *device;

		assert_int_equal(setup(&device), 0);
		d = device;
		device_send(d, 1);
		for (int i = 0; is_more && i < steps; i++)
			is_more = device_step(d);
		device_restart(d);
		device_run(d);
		assert_one_transaction(d);
		assert_nothing_is_left(d, &ways[0]);
		assert_int_equal(device_teardown(&device), 0);
	}
}

/* -------------------------------------------------------------- repairs -- */

static void write_file(struct device *d, const char *name, const char *content)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/state/%s", d->folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void what_a_kill_left_behind_is_swept(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	device_run(d);
	device_kill(d);
	write_file(d, "keys/.0123456789abcdef0123456789abcdef.pem.new", "half");
	write_file(d, "keys/0123456789abcdef0123456789abcdef.pem", "whole");
	write_file(d, "certs/.0123456789abcdef0123456789abcdef.pem.new", "");
	write_file(d, "certs/0123456789abcdef0123456789abcdef.pem", "whole");
	assert_int_equal(device_files(d), 6);
	device_start(d);
	device_only_key(d);
}

static void a_new_folder_becomes_a_state_with_one_profile(void **state)
{
	struct device *d = *state;
	const struct scep_view *view = device_view(d);

	assert_int_equal(view->profiles.count, 1);
	assert_int_equal(device_profile(d, 1)->row_status, SCEP_ROW_ACTIVE);
	assert_int_equal(device_profile(d, 1)->server.timeout, 30);
	assert_int_equal(view->agent.status_max_rows, 20);
	assert_int_equal(view->agent.status_last_index, 0);
	assert_int_equal(view->agent.health, SCEP_HEALTH_OK);
}

static void settings_come_back_and_request_values_do_not(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_PROFILE_NAME, 1, "printer");
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "web");
	device_number(d, SCEP_STATUS_MAX_ROWS, 0, 33);
	device_set(d);
	device_number(d, SCEP_PROFILE_ROW_STATUS, 7, SCEP_ROW_CREATE_AND_GO);
	device_number(d, SCEP_PROFILE_STORAGE_TYPE, 7, SCEP_STORAGE_VOLATILE);
	device_set(d);
	assert_non_null(device_profile(d, 7));
	device_restart(d);
	assert_string_equal(device_profile(d, 1)->name, "printer");
	assert_string_equal(device_profile(d, 1)->server.url, DEVICE_URL);
	assert_string_equal(device_profile(d, 1)->request.key_name, "");
	assert_int_equal(device_profile(d, 1)->request.key_length, 2048);
	assert_int_equal(device_view(d)->agent.status_max_rows, 33);
	assert_null(device_profile(d, 7));
}

static void a_key_whose_file_is_gone_is_corrupt_and_stays(void **state)
{
	struct device *d = *state;
	const struct scep_key *key;
	char command[512];

	device_send(d, 1);
	device_run(d);
	device_kill(d);
	snprintf(command, sizeof(command), "rm %s/state/keys/*.pem", d->folder);
	assert_int_equal(system(command), 0);
	device_start(d);
	key = device_view(d)->keys.row[0];
	assert_true(key->is_corrupt);
	assert_int_equal(scep_key_state_at(key, d->io.wall, 30),
			 SCEP_KEY_CORRUPT);
	assert_int_equal(device_view(d)->agent.health, SCEP_HEALTH_CRITICAL);
	assert_int_equal(device_files(d), 1);
}

static void indexes_are_not_given_twice_after_a_restart(void **state)
{
	struct device *d = *state;
	uint32_t first;

	device_send(d, 1);
	device_run(d);
	first = device_only_key(d)->index;
	device_restart(d);
	assert_int_equal(device_profile(d, 1)->request_status_index, 0);
	device_send(d, 1);
	device_run(d);
	assert_int_equal(device_status(d)->index, 2);
	assert_int_not_equal(device_status(d)->key_index, first);
	assert_int_equal(device_view(d)->keys.count, 2);
}

static void an_open_row_whose_record_is_lost_is_ended(void **state)
{
	struct device *d = *state;
	struct scep_error error;
	struct store *store;

	d->io.holds_work = true;
	device_send(d, 1);
	d->io.holds_work = false;
	device_kill(d);
	assert_int_equal(
	    store_open(d->config.state_directory, &store, NULL, &error),
	    SCEP_OK);
	assert_int_equal(store_begin(store, &error), SCEP_OK);
	assert_int_equal(store_remove(store, STORE_RECORD, 1, &error), SCEP_OK);
	assert_int_equal(store_commit(store, &error), SCEP_OK);
	store_close(store);
	device_start(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_INTERRUPTED);
}

static void a_corrupt_database_is_set_aside_and_no_file_is_removed(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	device_run(d);
	device_kill(d);
	write_file(d, "scepagent.db", "this is no database at all, is it?");
	device_start(d);
	assert_int_equal(device_files(d), 2);
	assert_int_equal(device_view(d)->profiles.count, 1);
	assert_true(device_has_on_disk(d, "this is no database at all"));
	assert_int_equal(device_view(d)->agent.health, SCEP_HEALTH_CRITICAL);
	device_fill(d, 1);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_files(d), 4);
	assert_int_equal(device_view(d)->agent.health, SCEP_HEALTH_CRITICAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_kill_after_any_write_loses_nothing),
	    cmocka_unit_test(a_kill_after_any_write_of_polls_loses_nothing),
	    cmocka_unit_test(a_kill_after_any_write_of_retries_loses_nothing),
	    cmocka_unit_test(a_kill_after_any_write_of_a_refusal_loses_nothing),
	    cmocka_unit_test(a_kill_at_any_step_loses_nothing),
	    TEST(what_a_kill_left_behind_is_swept),
	    TEST(a_new_folder_becomes_a_state_with_one_profile),
	    TEST(settings_come_back_and_request_values_do_not),
	    TEST(a_key_whose_file_is_gone_is_corrupt_and_stays),
	    TEST(indexes_are_not_given_twice_after_a_restart),
	    TEST(an_open_row_whose_record_is_lost_is_ended),
	    TEST(a_corrupt_database_is_set_aside_and_no_file_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
