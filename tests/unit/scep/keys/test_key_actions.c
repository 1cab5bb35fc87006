/* SPDX-License-Identifier: Apache-2.0 */
/* scepKeyAction and scepKeyRowStatus on a device (MIB, rules 13 and 16). */
#include "tests/unit/scep/keys/use_world.h"

#include <stdio.h>
#include <unistd.h>

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/base/error.h"
#include "scep/keys/key_file.h"
#include "scep/store/files.h"
#include "tests/lib/disk.h"

/* -------------------------------------------------------------- assigning */

static void a_key_is_given_to_locations(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");
	uint32_t second = enrol_for(d, "");

	assert_string_equal(key(d, second)->action_text, "");
	assign(d, second, "web,vpn");
	assert_result(d, second, SCEP_IN_PROGRESS, "deploying the key");
	end_deploy(d, true);
	assert_result(d, second, SCEP_IN_PROGRESS, "deploying the key");
	run_deploying(d);
	assert_result(d, second, SCEP_NONE, "successful");
	assert_string_equal(key(d, second)->use_location, "web,vpn");
	assert_string_equal(key(d, first)->use_location, "");
	assert_int_equal(use(d, WEB)->key_index, second);
}

static void one_location_that_fails_is_the_result(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	assign(d, number, "web,vpn");
	end_deploy(d, false);
	assert_result(d, number, SCEP_IN_PROGRESS, "deploying the key");
	run_deploying(d);
	assert_result(d, number, SCEP_DEPLOY_FAILED,
		      "Deployment Error: web: check ended with 1");
	assert_string_equal(key(d, number)->use_location, "vpn");
	assign(d, number, "web");
	run_deploying(d);
	assert_result(d, number, SCEP_NONE, "successful");
}

static void AssignTo_stays_until_a_restart(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	device_text(d, SCEP_KEY_ASSIGN_TO, number, "web");
	device_set(d);
	assert_string_equal(key(d, number)->assign_to, "web");
	act(d, number, SCEP_KEY_ASSIGN);
	run_deploying(d);
	assert_int_equal(use(d, WEB)->key_index, number);
	device_restart(d);
	assert_string_equal(key(d, number)->assign_to, "");
	assert_int_equal(try_act(d, number, SCEP_KEY_ASSIGN),
			 SCEP_INCONSISTENT_VALUE);
}

static void a_Set_that_is_taken_back_assigns_nothing(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	device_text(d, SCEP_KEY_ASSIGN_TO, number, "web");
	assert_int_equal(try_act(d, number, SCEP_KEY_ASSIGN), SCEP_ACCEPTED);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 0);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_run_for(d, 60);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 0);
	assert_int_equal(use(d, WEB)->key_index, 0);
	assert_int_equal(result_of(d, number), 0);
}

static void a_Set_that_is_taken_back_leaves_what_a_request_wants(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	/* Its worker comes back while the other Set is open. */
	d->io.holds_work = true;
	device_text(d, SCEP_REQUEST_USE_LOCATION, 1, "web");
	device_send(d, 1);
	device_run(d);
	device_text(d, SCEP_KEY_ASSIGN_TO, number, "web");
	assert_int_equal(try_act(d, number, SCEP_KEY_ASSIGN), SCEP_ACCEPTED);
	d->io.holds_work = false;
	device_run(d);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_tick(d);
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(use(d, WEB)->key_index, device_status(d)->key_index);
	assert_int_not_equal(use(d, WEB)->key_index, number);
}

static void an_assignment_survives_a_kill(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	assign(d, number, "web");
	device_restart(d);
	assert_result(d, number, SCEP_IN_PROGRESS, "deploying the key");
	run_deploying(d);
	assert_int_equal(result_of(d, number), SCEP_NONE);
	assert_int_equal(use(d, WEB)->key_index, number);
}

static void an_assignment_that_is_never_begun_is_cancelled(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, ""), second = enrol_for(d, "");
	uint32_t third = enrol_for(d, "");

	assign(d, third, "web");
	assign(d, first, "vpn");
	assign(d, second, "vpn");
	assert_result(d, first, SCEP_CANCELLED,
		      "Cancelled: another key took its place, or the location "
		      "is gone");
	assert_int_equal(result_of(d, third), SCEP_IN_PROGRESS);
	run_deploying(d);
	assert_int_equal(use(d, VPN)->key_index, second);
	assert_int_equal(result_of(d, first), SCEP_CANCELLED);
	assert_int_equal(result_of(d, second), SCEP_NONE);
	assert_int_equal(result_of(d, third), SCEP_NONE);
	/* And it can be asked for something again. */
	assert_int_equal(try_act(d, first, SCEP_KEY_VERIFY), SCEP_ACCEPTED);
}

static void what_runs_is_not_cancelled_by_what_overtakes_it(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, ""), second = enrol_for(d, "");

	assign(d, first, "web");
	assign(d, second, "web");
	assert_int_equal(result_of(d, first), SCEP_IN_PROGRESS);
	run_deploying(d);
	assert_int_equal(use(d, WEB)->key_index, second);
	assert_int_equal(result_of(d, first), SCEP_NONE);
	assert_int_equal(result_of(d, second), SCEP_NONE);
}

static void an_action_that_runs_is_not_asked_for_again(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	assign(d, number, "web");
	assert_int_equal(try_act(d, number, SCEP_KEY_VERIFY),
			 SCEP_INCONSISTENT_VALUE);
	run_deploying(d);
	act(d, number, SCEP_KEY_VERIFY);
	assert_int_equal(result_of(d, number), SCEP_NONE);
}

/* -------------------------------------------------------------- destroying */

static void a_key_goes_with_its_files(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	assert_int_equal(device_files(d), 2);
	assert_int_equal(destroy(d, number), SCEP_ACCEPTED);
	assert_null(key(d, number));
	assert_int_equal(device_files(d), 0);
	device_restart(d);
	assert_int_equal(device_view(d)->keys.count, 0);
	/* Its index is not given to another key while a row names it. */
	assert_int_not_equal(enrol_for(d, ""), number);
}

static void a_destroying_that_is_taken_back_leaves_the_files(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	device_number(d, SCEP_KEY_ROW_STATUS, number, SCEP_ROW_DESTROY);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_null(key(d, number));
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_run(d);
	assert_non_null(key(d, number));
	assert_int_equal(device_files(d), 2);
}

/* A request that ends sweeps the files that nothing refers to. */
static void a_destroying_still_open_leaves_the_files(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, SCEP_FAIL_BAD_REQUEST,
			      1);
	device_send(d, 1);
	device_number(d, SCEP_KEY_ROW_STATUS, number, SCEP_ROW_DESTROY);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run(d);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_SCEP_ERROR);
	assert_non_null(key(d, number));
	/* And those of the request that failed are gone. */
	assert_int_equal(device_files(d), 2);
	act(d, number, SCEP_KEY_VERIFY);
	assert_int_equal(result_of(d, number), SCEP_NONE);
}

static void a_key_in_use_stays(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "web");

	assert_int_equal(destroy(d, number), SCEP_INCONSISTENT_VALUE);
	assert_non_null(key(d, number));
	enrol_for(d, "web");
	assert_int_equal(destroy(d, number), SCEP_ACCEPTED);
}

static void a_key_that_is_being_brought_to_a_location_stays(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	assign(d, number, "web");
	assert_int_equal(destroy(d, number), SCEP_INCONSISTENT_VALUE);
}

/* --------------------------------------------------------------- verifying */

static void break_file(struct device *d, uint32_t index, bool is_removed)
{
	char path[4500];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.pem", d->state.keys_folder,
		 key(d, index)->file_id);
	if (is_removed) {
		assert_int_equal(unlink(path), 0);
		return;
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("no key\n", file);
	fclose(file);
}

static void a_sound_key_is_verified(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	act(d, number, SCEP_KEY_VERIFY);
	assert_result(d, number, SCEP_NONE, "successful");
	assert_false(key(d, number)->is_corrupt);
	assert_int_equal(key(d, number)->storage, SCEP_KEY_FILE);
}

static void two_keys_of_one_Set_are_verified_one_after_the_other(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, ""), second = enrol_for(d, "");

	device_number(d, SCEP_KEY_ACTION, first, SCEP_KEY_VERIFY);
	act(d, second, SCEP_KEY_VERIFY);
	assert_int_equal(result_of(d, first), SCEP_NONE);
	assert_int_equal(result_of(d, second), SCEP_NONE);
}

static void a_result_that_the_disk_refuses_is_found_again(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	device_number(d, SCEP_KEY_ACTION, number, SCEP_KEY_VERIFY);
	device_set(d);
	disk.is_full = true;
	device_run(d);
	assert_int_equal(result_of(d, number), SCEP_IN_PROGRESS);
	disk_reset();
	device_run_for(d, 10);
	assert_int_equal(result_of(d, number), SCEP_NONE);
}

static bool is_memory_short;

enum scep_code __real_key_file_read(const char *folder, const char *name,
				    EVP_PKEY **key, struct scep_error *error);
enum scep_code __wrap_key_file_read(const char *folder, const char *name,
				    EVP_PKEY **key, struct scep_error *error);

enum scep_code __wrap_key_file_read(const char *folder, const char *name,
				    EVP_PKEY **key, struct scep_error *error)
{
	if (is_memory_short)
		return error_set_memory(error);
	return __real_key_file_read(folder, name, key, error);
}

static void a_key_is_not_found_corrupt_for_short_memory(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	is_memory_short = true;
	act(d, number, SCEP_KEY_VERIFY);
	is_memory_short = false;
	assert_int_equal(result_of(d, number), SCEP_IN_PROGRESS);
	assert_false(key(d, number)->is_corrupt);
	device_run_for(d, 10);
	assert_int_equal(result_of(d, number), SCEP_NONE);
}

static void a_broken_key_is_found_corrupt(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	break_file(d, number, false);
	act(d, number, SCEP_KEY_VERIFY);
	assert_int_equal(result_of(d, number), SCEP_KEY_ERROR);
	assert_true(key(d, number)->is_corrupt);
	break_file(d, number, true);
	act(d, number, SCEP_KEY_VERIFY);
	assert_int_equal(result_of(d, number), SCEP_STORAGE_ERROR);
	/* A corrupt key is not given to a location. */
	device_text(d, SCEP_KEY_ASSIGN_TO, number, "web");
	assert_int_equal(try_act(d, number, SCEP_KEY_ASSIGN),
			 SCEP_INCONSISTENT_VALUE);
}

static void the_key_of_another_is_found_out(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, ""), second = enrol_for(d, "");
	struct bytes pem = {NULL, 0};
	char from[80], to[80];

	snprintf(from, sizeof(from), "%s.pem", key(d, first)->file_id);
	snprintf(to, sizeof(to), "%s.pem", key(d, second)->file_id);
	assert_int_equal(
	    files_read(d->state.keys_folder, from, 65536, &pem, &d->error),
	    SCEP_OK);
	assert_int_equal(files_write(d->state.keys_folder, to, pem.data,
				     pem.length, &d->error),
			 SCEP_OK);
	bytes_free(&pem);
	act(d, second, SCEP_KEY_VERIFY);
	assert_result(d, second, SCEP_KEY_ERROR,
		      "Key Error: the key is not that of the certificate");
	act(d, first, SCEP_KEY_VERIFY);
	assert_int_equal(result_of(d, first), SCEP_NONE);
}

/* ---------------------------------------------------------------- renewing */

static void a_renewal_is_held_until_its_Set_is_confirmed(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");
	unsigned int fetches = d->io.fetches;

	assert_int_equal(try_act(d, number, SCEP_KEY_RENEW), SCEP_ACCEPTED);
	device_run(d);
	assert_int_equal(d->io.fetches, fetches);
	assert_result(d, number, SCEP_IN_PROGRESS,
		      "requesting a new certificate");
	set_txn_confirm(&d->set_txn, &d->state, d->ticket);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_result(d, number, SCEP_NONE, "successful");
}

static void a_renewal_that_fails_says_why(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "");

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 3);
	act(d, number, SCEP_KEY_RENEW);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_SCEP_ERROR);
	assert_result(d, number, SCEP_SCEP_ERROR, device_status(d)->text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    USE_TEST(a_key_is_given_to_locations),
	    USE_TEST(one_location_that_fails_is_the_result),
	    USE_TEST(AssignTo_stays_until_a_restart),
	    USE_TEST(a_Set_that_is_taken_back_assigns_nothing),
	    USE_TEST(a_Set_that_is_taken_back_leaves_what_a_request_wants),
	    USE_TEST(an_assignment_survives_a_kill),
	    USE_TEST(an_assignment_that_is_never_begun_is_cancelled),
	    USE_TEST(what_runs_is_not_cancelled_by_what_overtakes_it),
	    USE_TEST(an_action_that_runs_is_not_asked_for_again),
	    USE_TEST(a_key_goes_with_its_files),
	    USE_TEST(a_destroying_that_is_taken_back_leaves_the_files),
	    USE_TEST(a_destroying_still_open_leaves_the_files),
	    USE_TEST(a_key_in_use_stays),
	    USE_TEST(a_key_that_is_being_brought_to_a_location_stays),
	    USE_TEST(a_sound_key_is_verified),
	    USE_TEST(two_keys_of_one_Set_are_verified_one_after_the_other),
	    USE_TEST(a_key_is_not_found_corrupt_for_short_memory),
	    USE_TEST(a_result_that_the_disk_refuses_is_found_again),
	    USE_TEST(a_broken_key_is_found_corrupt),
	    USE_TEST(the_key_of_another_is_found_out),
	    USE_TEST(a_renewal_is_held_until_its_Set_is_confirmed),
	    USE_TEST(a_renewal_that_fails_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
