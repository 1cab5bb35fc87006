/* SPDX-License-Identifier: Apache-2.0 */
/* A key that another one replaces: DeleteOldKey, and the way back (MIB, rule
 * 11). */
#include "tests/unit/scep/keys/use_world.h"

#include "tests/lib/disk.h"
#include "tests/lib/log_lines.h"

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"

/* ------------------------------------------------------------- DeleteOldKey */

static void the_replaced_key_goes_once_the_new_one_is_applied(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");

	begin_timer(d, "web", true);
	assert_non_null(key(d, first));
	end_deploy(d, true);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_null(key(d, first));
	assert_int_equal(device_view(d)->keys.count, 1);
	/* Its files stay for a rollback. */
	assert_int_equal(device_files(d), 4);
	device_restart(d);
	assert_int_equal(device_files(d), 4);
}

static void nothing_goes_when_the_new_one_is_not_applied(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");

	begin_timer(d, "web", true);
	end_deploy(d, false);
	device_run(d);
	assert_non_null(key(d, first));
	assert_string_equal(key(d, first)->use_location, "web");
}

static void without_a_location_nothing_goes(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");

	renew_for(d, "", true);
	assert_non_null(key(d, first));
	assert_int_equal(use(d, WEB)->key_index, first);
}

static void a_key_that_another_location_has_stays(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web,vpn");

	renew_for(d, "web", true);
	assert_non_null(key(d, first));
	assert_string_equal(key(d, first)->use_location, "vpn");
}

/* Nothing that the disk has refused has happened. */
static void a_disk_that_refuses_retires_nothing(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");

	log_lines_begin();
	begin_timer(d, "web", true);
	disk.is_full = true;
	end_deploy(d, true);
	device_run(d);
	assert_non_null(key(d, first));
	assert_null(strstr(log_lines, "retired"));
	assert_non_null(strstr(log_lines, "No space left on device"));
	disk_reset();
	/* It is deployed once more. */
	device_run_for(d, 60);
	end_deploy(d, true);
	device_run(d);
	assert_null(key(d, first));
	assert_non_null(strstr(log_lines, " has replaced it\n"));
}

static void the_default_key_stays(void **state)
{
	struct device *d = *state;

	d->config.has_default_key = true;
	device_restart(d);
	device_run(d);
	assert_true(key(d, 1)->is_default);
	assign(d, 1, "web");
	run_deploying(d);
	assert_int_equal(use(d, WEB)->key_index, 1);
	renew_for(d, "web", true);
	assert_non_null(key(d, 1));
	assert_string_equal(key(d, 1)->use_location, "");
}

static void a_manual_request_deletes_nothing(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");

	device_set_number(d, SCEP_AUTO_DELETE_OLD_KEY, 1, 1);
	enrol_for(d, "web");
	assert_non_null(key(d, first));
}

static void the_next_success_ends_what_was_kept_aside(void **state)
{
	struct device *d = *state;
	uint32_t second;

	enrol_for(d, "web");
	second = renew_for(d, "web", true);
	assert_int_equal(device_files(d), 4);
	renew_for(d, "web", true);
	assert_null(key(d, second));
	assert_int_equal(device_view(d)->keys.count, 1);
	assert_int_equal(device_view(d)->retired.count, 1);
	assert_int_equal(device_files(d), 4);
}

static void the_key_that_will_go_does_not_count(void **state)
{
	struct device *d = *state;

	enrol_for(d, "web");
	enrol_for(d, "vpn");
	d->state.config.key_limit = 2;
	begin_timer(d, "", true);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_REGISTRATION_LIMIT);
	begin_timer(d, "web", false);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_REGISTRATION_LIMIT);
	renew_for(d, "web", true);
	assert_int_equal(device_view(d)->keys.count, 2);
}

/* ------------------------------------------------------------ rolling back */

static void a_rollback_brings_the_replaced_key_back(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");
	uint32_t second = renew_for(d, "web", true);

	act(d, second, SCEP_KEY_ROLLBACK);
	assert_int_equal(result_of(d, second), SCEP_IN_PROGRESS);
	run_deploying(d);
	assert_int_equal(result_of(d, second), SCEP_NONE);
	assert_int_equal(use(d, WEB)->key_index, first);
	assert_string_equal(key(d, first)->use_location, "web");
	assert_string_equal(key(d, second)->use_location, "");
	assert_int_equal(device_view(d)->retired.count, 0);
	device_restart(d);
	assert_non_null(key(d, first));
	act(d, first, SCEP_KEY_VERIFY);
	assert_int_equal(result_of(d, first), SCEP_NONE);
}

static void a_rollback_that_fails_leaves_the_new_key(void **state)
{
	struct device *d = *state;
	uint32_t second;

	enrol_for(d, "web");
	second = renew_for(d, "web", true);
	act(d, second, SCEP_KEY_ROLLBACK);
	end_deploy(d, false);
	assert_int_equal(result_of(d, second), SCEP_DEPLOY_FAILED);
	assert_int_equal(use(d, WEB)->key_index, second);
	assert_string_equal(key(d, second)->use_location, "web");
}

static void a_rollback_works_without_DeleteOldKey_too(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");
	uint32_t second = enrol_for(d, "web");

	act(d, second, SCEP_KEY_ROLLBACK);
	run_deploying(d);
	assert_int_equal(use(d, WEB)->key_index, first);
}

static void a_rollback_needs_a_replaced_key_and_room_for_it(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");
	uint32_t second;

	assert_int_equal(try_act(d, first, SCEP_KEY_ROLLBACK),
			 SCEP_INCONSISTENT_VALUE);
	second = renew_for(d, "web", true);
	device_set_number(d, SCEP_AUTO_ENABLE, 1, 0);
	enrol_for(d, "");
	/* A success without the location has ended what was kept aside. */
	assert_int_equal(try_act(d, second, SCEP_KEY_ROLLBACK),
			 SCEP_INCONSISTENT_VALUE);
	second = renew_for(d, "web", true);
	d->state.config.key_limit = 2;
	assert_int_equal(try_act(d, second, SCEP_KEY_ROLLBACK),
			 SCEP_RESOURCE_UNAVAILABLE);
}

static void a_Set_does_not_destroy_what_it_rolls_back_to(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");
	uint32_t second = enrol_for(d, "web");

	device_number(d, SCEP_KEY_ROW_STATUS, first, SCEP_ROW_DESTROY);
	assert_int_equal(try_act(d, second, SCEP_KEY_ROLLBACK),
			 SCEP_INCONSISTENT_VALUE);
	assert_non_null(key(d, first));
	assert_int_equal(use(d, WEB)->wanted_key, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    USE_TEST(the_replaced_key_goes_once_the_new_one_is_applied),
	    USE_TEST(nothing_goes_when_the_new_one_is_not_applied),
	    USE_TEST(without_a_location_nothing_goes),
	    USE_TEST(a_key_that_another_location_has_stays),
	    USE_TEST(a_disk_that_refuses_retires_nothing),
	    USE_TEST(the_default_key_stays),
	    USE_TEST(a_manual_request_deletes_nothing),
	    USE_TEST(the_next_success_ends_what_was_kept_aside),
	    USE_TEST(the_key_that_will_go_does_not_count),
	    USE_TEST(a_rollback_brings_the_replaced_key_back),
	    USE_TEST(a_rollback_that_fails_leaves_the_new_key),
	    USE_TEST(a_rollback_works_without_DeleteOldKey_too),
	    USE_TEST(a_rollback_needs_a_replaced_key_and_room_for_it),
	    USE_TEST(a_Set_does_not_destroy_what_it_rolls_back_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
