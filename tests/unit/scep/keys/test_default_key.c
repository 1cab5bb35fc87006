/* SPDX-License-Identifier: Apache-2.0 */
/* The default key, and the keys that are made ahead. */
#include "tests/unit/scep/enroll/timer_world.h"

#include <stdio.h>

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/store/files.h"
#include "scep/keys/registry.h"
#include "tests/lib/disk.h"

static int default_setup(void **state)
{
	int failure = timer_setup(state);
	struct device *d = *state;

	disk_reset();
	if (failure == 0) {
		d->config.has_default_key = true;
		device_restart(d);
	}
	return failure;
}

#define DEFAULT_TEST(name)                                                     \
	cmocka_unit_test_setup_teardown(name, default_setup, device_teardown)

static const struct scep_key *default_key(struct device *d)
{
	const struct scep_key *found = NULL;

	ROWS_EACH (i, &device_view(d)->keys) {
		const struct scep_key *key = device_view(d)->keys.row[i];

		if (!key->is_default)
			continue;
		assert_null(found);
		found = key;
	}
	return found;
}

/* -------------------------------------------------------- the default key */

static void it_is_made_at_the_first_start_on_a_worker(void **state)
{
	struct device *d = *state;
	const struct scep_key *key;

	assert_null(default_key(d));
	device_run(d);
	key = default_key(d);
	assert_non_null(key);
	assert_string_equal(key->name, "default");
	assert_string_equal(key->subject, key->issuer);
	assert_int_equal(key->algorithm, SCEP_KEY_RSA);
	assert_int_equal(key->length, 2048);
	assert_int_equal(key->profile_index, 0);
	assert_int_equal(device_files(d), 2);
}

static void it_is_the_first_whatever_is_asked_for_meanwhile(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	d->io.is_newest_first = true;
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(default_key(d)->index, 1);
	assert_int_equal(device_status(d)->key_index, 2);
}

static void it_has_no_end_and_makes_no_alarm(void **state)
{
	struct device *d = *state;

	device_run(d);
	assert_int_equal(default_key(d)->not_after, INT64_C(253402300799));
	assert_int_equal(scep_key_state_at(default_key(d), d->io.wall, 365),
			 SCEP_KEY_VALID);
	assert_int_equal(device_view(d)->agent.health_reason, 0);
}

static void it_is_made_once(void **state)
{
	struct device *d = *state;
	struct scep_key before;

	device_run(d);
	before = *default_key(d);
	device_restart(d);
	device_run(d);
	assert_memory_equal(&before, default_key(d), sizeof(before));
	assert_int_equal(device_files(d), 2);
}

static void a_kill_while_it_is_made_leaves_one(void **state)
{
	struct device *d = *state;

	assert_true(virtual_io_step(&d->io));
	assert_int_equal(device_files(d), 2);
	device_restart(d);
	device_run(d);
	assert_non_null(default_key(d));
	assert_int_equal(device_files(d), 2);
}

static void a_sweep_leaves_what_is_being_made(void **state)
{
	struct device *d = *state;

	assert_true(virtual_io_step(&d->io)); /* the worker has written */
	registry_sweep(&d->state);
	assert_int_equal(device_files(d), 2);
	device_run(d);
	assert_non_null(default_key(d));
	assert_int_equal(device_files(d), 2);
}

static void a_disk_that_refuses_is_tried_again(void **state)
{
	struct device *d = *state;

	disk.is_full = true;
	device_run(d);
	assert_null(default_key(d));
	disk_reset();
	device_run_for(d, 30);
	assert_non_null(default_key(d));
	assert_int_equal(device_files(d), 2);
}

static void its_place_is_kept_before_it_is_there(void **state)
{
	struct device *d = *state;

	d->state.config.key_limit = 1;
	d->io.holds_work = true;
	device_send(d, 1);
	d->io.holds_work = false;
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_REGISTRATION_LIMIT);
	assert_int_equal(device_view(d)->keys.count, 1);
	assert_non_null(default_key(d));
}

static void it_cannot_be_destroyed_or_renewed(void **state)
{
	struct device *d = *state;

	device_run(d);
	device_number(d, SCEP_KEY_ROW_STATUS, default_key(d)->index,
		      SCEP_ROW_DESTROY);
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
	device_number(d, SCEP_KEY_ACTION, default_key(d)->index,
		      SCEP_KEY_RENEW);
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
}

static void it_is_known_again_when_the_database_is_lost(void **state)
{
	struct device *d = *state;
	char path[400];

	device_run(d);
	device_kill(d);
	snprintf(path, sizeof(path), "%s/state/scepagent.db", d->folder);
	assert_int_equal(remove(path), 0);
	device_start(d);
	device_run(d);
	assert_non_null(default_key(d));
	assert_int_equal(device_view(d)->keys.count, 1);
}

/* ----------------------------------------------------------- keys made ahead
 */

static bool has_spare(struct device *d, const char *name)
{
	return files_exist(d->state.keys_folder, name);
}

static void keep_spare(struct device *d, uint32_t bits)
{
	d->config.has_default_key = false;
	d->config.spare_keys[0] = bits;
	device_restart(d);
	device_run(d);
}

static void a_spare_key_is_made_and_made_again_when_taken(void **state)
{
	struct device *d = *state;

	device_run(d);
	keep_spare(d, 1024);
	assert_true(has_spare(d, "spare-1024.key"));
	device_send(d, 1);
	device_run_to(d, STEP_REQUEST);
	assert_false(has_spare(d, "spare-1024.key"));
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_true(has_spare(d, "spare-1024.key"));
	device_set_number(d, SCEP_KEY_ACTION, device_status(d)->key_index,
			  SCEP_KEY_VERIFY);
	device_run(d);
	assert_false(default_key(d)->is_corrupt);
}

static void no_two_requests_have_the_same_spare_key(void **state)
{
	struct device *d = *state;
	char first[65];

	keep_spare(d, 1024);
	device_send(d, 1);
	device_run(d);
	memcpy(first, d->ca.key_digest, sizeof(first));
	device_send(d, 1);
	device_run(d);
	assert_string_not_equal(first, d->ca.key_digest);
}

static void a_spare_key_of_another_length_is_left(void **state)
{
	struct device *d = *state;

	keep_spare(d, 2048);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_true(has_spare(d, "spare-2048.key"));
}

static void a_broken_spare_key_is_not_used(void **state)
{
	struct device *d = *state;

	keep_spare(d, 1024);
	assert_int_equal(files_write(d->state.keys_folder, "spare-1024.key",
				     "no key\n", 7, &d->error),
			 SCEP_OK);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void a_length_that_is_no_longer_configured_goes(void **state)
{
	struct device *d = *state;

	keep_spare(d, 1024);
	keep_spare(d, 0);
	assert_false(has_spare(d, "spare-1024.key"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    DEFAULT_TEST(it_is_made_at_the_first_start_on_a_worker),
	    DEFAULT_TEST(it_is_the_first_whatever_is_asked_for_meanwhile),
	    DEFAULT_TEST(it_has_no_end_and_makes_no_alarm),
	    DEFAULT_TEST(it_is_made_once),
	    DEFAULT_TEST(a_kill_while_it_is_made_leaves_one),
	    DEFAULT_TEST(a_sweep_leaves_what_is_being_made),
	    DEFAULT_TEST(a_disk_that_refuses_is_tried_again),
	    DEFAULT_TEST(its_place_is_kept_before_it_is_there),
	    DEFAULT_TEST(it_cannot_be_destroyed_or_renewed),
	    DEFAULT_TEST(it_is_known_again_when_the_database_is_lost),
	    DEFAULT_TEST(a_spare_key_is_made_and_made_again_when_taken),
	    DEFAULT_TEST(no_two_requests_have_the_same_spare_key),
	    DEFAULT_TEST(a_spare_key_of_another_length_is_left),
	    DEFAULT_TEST(a_broken_spare_key_is_not_used),
	    DEFAULT_TEST(a_length_that_is_no_longer_configured_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
