/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that begin later: the old one goes on until then. */
#include "tests/unit/scep/keys/not_before_world.h"

#include "tests/lib/disk.h"

/* ------------------------------------------------------------- the rule -- */

static void the_old_key_goes_on_until_the_new_one_begins(void **state)
{
	struct device *d = *state;

	make_two(d, true);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_non_null(strstr(device_status(d)->text, "begins at 20"));
	assert_non_null(strstr(device_status(d)->text, "UTC, deployed then"));
	assert_int_equal(device_status(d)->key_index, second);
	assert_waits(d, first, second);
	run_to_begin(d, second);
	assert_int_equal(use(d, WEB)->key_index, first);
	assert_is_deployed(d, second);
	assert_int_equal(key(d, second)->replaces, first);
	assert_null(key(d, first));
	assert_non_null(scep_rows_find(&d->state.view.retired, first));
	assert_int_equal(use(d, WEB)->previous_key, first);
}

static void without_DeleteOldKey_the_old_one_stays(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	run_to_begin(d, second);
	assert_is_deployed(d, second);
	assert_non_null(key(d, first));
	assert_string_equal(key(d, first)->use_location, "");
}

static void the_first_key_of_a_location_waits_too(void **state)
{
	struct device *d = *state;
	uint32_t only;

	begin_in(d, LATER);
	only = enrol_for(d, "web,vpn");
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 0);
	assert_int_equal(use(d, WEB)->key_index, 0);
	run_to_begin(d, only);
	run_deploying(d);
	assert_int_equal(use(d, WEB)->key_index, only);
	assert_int_equal(use(d, VPN)->key_index, only);
	assert_int_equal(key(d, only)->wait_trigger, 0);
}

static void without_a_location_only_the_text_tells(void **state)
{
	struct device *d = *state;

	begin_in(d, LATER);
	send_for(d, "");
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_non_null(strstr(device_status(d)->text, "begins at 20"));
	assert_null(strstr(device_status(d)->text, "deployed"));
	assert_nothing_is_deployed(d, 2 * LATER);
}

static void clocks_may_differ_by_clockSkewLimit(void **state)
{
	struct device *d = *state;
	uint32_t number;

	begin_in(d, d->config.clock_skew_limit);
	number = enrol_for(d, "web");
	assert_int_equal(use(d, WEB)->key_index, number);
	assert_string_equal(device_status(d)->text, "");
	device_run_for(d, 60);
	begin_in(d, d->config.clock_skew_limit + 1);
	number = enrol_for(d, "web");
	assert_int_not_equal(use(d, WEB)->key_index, number);
}

static void differences_stand_behind_the_beginning(void **state)
{
	struct device *d = *state;

	begin_in(d, LATER);
	d->ca.alt_name = "DNS:other";
	send_for(d, "web");
	assert_non_null(
	    strstr(device_status(d)->text,
		   "UTC, deployed then; differs: subjectAltName: asked "
		   "\"DNS:printer.example\", came \"DNS:other\""));
}

/* ---------------------------------------------------- starts and clocks -- */

static void a_restart_at_any_time_loses_nothing(void **state)
{
	struct device *d = *state;

	make_two(d, true);
	device_restart(d);
	assert_waits(d, first, second);
	run_to_begin(d, second);
	/* It is wanted. */
	device_restart(d);
	device_run(d);
	assert_true(d->state.deploy.is_running);
	/* It is applied, and the rest is still to be done. */
	struct scep_deploy_end end = {
	    .use_index = WEB, .is_good = true, .is_enabled = true};

	deploy_end(&d->state, &end);
	deploy_tick(&d->state);
	assert_int_equal(use(d, WEB)->key_index, second);
	assert_non_null(key(d, first));
	device_restart(d);
	device_run(d);
	assert_null(key(d, first));
	assert_int_equal(key(d, second)->wait_trigger, 0);
}

static void a_device_that_was_off_deploys_at_its_start(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	device_kill(d);
	d->io.wall += 2 * LATER;
	device_start(d);
	device_run(d);
	assert_is_deployed(d, second);
}

static void a_clock_that_is_set_forward_is_noticed(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	d->io.wall += LATER;
	device_run_for(d, 60);
	assert_is_deployed(d, second);
}

static void a_clock_that_is_set_back_makes_it_wait_longer(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	d->io.wall -= DAY / 2;
	device_run_for(d, LATER);
	assert_waits(d, first, second);
	run_to_begin(d, second);
	assert_is_deployed(d, second);
	/* It stays, whatever the clock does then. */
	d->event_count = 0;
	d->io.wall -= LATER;
	assert_nothing_is_deployed(d, DAY);
	assert_int_equal(use(d, WEB)->key_index, second);
}

static void a_clock_that_is_wrong_begins_nothing(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	device_kill(d);
	d->io.wall = state_build_time() > 2000 ? state_build_time() - 1000 : 0;
	device_start(d);
	if (state_clock_is_sane(&d->state))
		skip();
	device_run_for(d, 600);
	assert_int_equal(use(d, WEB)->key_index, first);
	assert_false(d->state.deploy.is_running);
	d->io.wall = SCRIPTED_NOW + 2 * LATER;
	device_run_for(d, 60);
	assert_is_deployed(d, second);
}

/* The update brings a later build time than notBefore: the wrong clock reads
 * as if the certificate had begun, and it may have expired long ago. */
static void a_wrong_clock_after_an_update_begins_nothing(void **state)
{
	struct device *d = *state;
	struct scep_key *row;
	struct txn txn;

	make_two(d, false);
	row = row_copy(key(d, second));
	row->not_before = state_build_time() - 1000;
	txn_init(&txn);
	txn_put(&txn, STORE_KEY, row);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error), SCEP_OK);
	device_kill(d);
	d->io.wall = state_build_time() - 900;
	device_start(d);
	assert_nothing_is_deployed(d, 600);
	assert_int_equal(use(d, WEB)->key_index, first);
	d->io.wall = SCRIPTED_NOW;
	device_run_for(d, 60);
	assert_is_deployed(d, second);
}

static void what_expires_before_it_is_deployed_is_not_deployed(void **state)
{
	struct device *d = *state;

	d->ca.certificate_life = LATER + DAY;
	make_two(d, false);
	device_kill(d);
	d->io.wall += 2 * LATER;
	device_start(d);
	assert_nothing_is_deployed(d, 600);
	assert_int_equal(use(d, WEB)->key_index, first);
	assert_int_equal(key(d, second)->wait_trigger, 0);
	assert_string_equal(key(d, second)->use_when_valid, "");
}

static void what_is_revoked_before_it_begins_is_not_deployed(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	device_set_number(d, SCEP_AUTO_ENABLE, 1, 0);
	d->ca.revoked[0] = 3;
	device_set_number(d, SCEP_SERVER_CHECK, 1, 5);
	device_run(d);
	assert_true(key(d, second)->is_revoked);
	assert_nothing_is_deployed(d, 2 * LATER);
	assert_int_equal(use(d, WEB)->key_index, first);
}

static void a_disk_that_refuses_is_tried_again(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	device_run_for(d, LATER - 300);
	disk.is_full = true;
	device_run_for(d, 600);
	assert_false(d->state.deploy.is_running);
	disk_reset();
	device_run_for(d, 10);
	assert_is_deployed(d, second);
}

/* ------------------------------------------------------ what follows it -- */

static void the_restart_comes_after_the_deployment(void **state)
{
	struct device *d = *state;

	d->config.has_restart_command = true;
	device_restart(d);
	first = enrol_for(d, "web");
	device_number(d, SCEP_AUTO_RESTART, 1, 1);
	device_set(d);
	begin_in(d, LATER);
	second = renew(d, false);
	d->event_count = 0;
	run_to_begin(d, second);
	assert_int_equal(device_events(d, SCEP_EVENT_RESTART), 0);
	assert_is_deployed(d, second);
	assert_int_equal(device_events(d, SCEP_EVENT_RESTART), 1);
}

static void a_timer_that_is_disabled_meanwhile_changes_nothing(void **state)
{
	struct device *d = *state;

	make_two(d, true);
	device_set_number(d, SCEP_AUTO_ENABLE, 1, 0);
	run_to_begin(d, second);
	assert_is_deployed(d, second);
	assert_null(key(d, first));
}

static void DeleteOldKey_counts_as_it_is_then(void **state)
{
	struct device *d = *state;

	make_two(d, true);
	device_number(d, SCEP_AUTO_ENABLE, 1, 0);
	device_number(d, SCEP_AUTO_DELETE_OLD_KEY, 1, 0);
	device_set(d);
	run_to_begin(d, second);
	assert_is_deployed(d, second);
	assert_non_null(key(d, first));
}

/* The next profile with its number has settings of its own. */
static void a_profile_that_is_destroyed_decides_no_more(void **state)
{
	struct device *d = *state;

	first = enrol_for(d, "web");
	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_set(d);
	device_fill(d, 2);
	begin_in(d, LATER);
	add_timer(d, 2, d->io.wall);
	device_text(d, SCEP_AUTO_USE_LOCATION, 2, "web");
	device_number(d, SCEP_AUTO_DELETE_OLD_KEY, 2, 1);
	device_set(d);
	run_deploying(d);
	second = device_status(d)->key_index;
	assert_waits(d, first, second);
	device_set_number(d, SCEP_AUTO_ENABLE, 2, 0);
	device_set_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_number(d, SCEP_AUTO_DELETE_OLD_KEY, 2, 1);
	device_set(d);
	run_to_begin(d, second);
	assert_is_deployed(d, second);
	assert_non_null(key(d, first));
}

static void a_failure_then_leaves_the_old_key_until_it_succeeds(void **state)
{
	struct device *d = *state;

	make_two(d, true);
	run_to_begin(d, second);
	end_deploy(d, false);
	device_run(d);
	assert_int_equal(use(d, WEB)->key_index, first);
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_FAILED);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY_FAILED), 1);
	assert_non_null(key(d, first));
	/* A start tries it once more. */
	device_restart(d);
	run_deploying(d);
	assert_int_equal(use(d, WEB)->key_index, second);
	assert_null(key(d, first));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    USE_TEST(the_old_key_goes_on_until_the_new_one_begins),
	    USE_TEST(without_DeleteOldKey_the_old_one_stays),
	    USE_TEST(the_first_key_of_a_location_waits_too),
	    USE_TEST(without_a_location_only_the_text_tells),
	    USE_TEST(clocks_may_differ_by_clockSkewLimit),
	    USE_TEST(differences_stand_behind_the_beginning),
	    USE_TEST(a_restart_at_any_time_loses_nothing),
	    USE_TEST(a_device_that_was_off_deploys_at_its_start),
	    USE_TEST(a_clock_that_is_set_forward_is_noticed),
	    USE_TEST(a_clock_that_is_set_back_makes_it_wait_longer),
	    USE_TEST(a_clock_that_is_wrong_begins_nothing),
	    USE_TEST(a_wrong_clock_after_an_update_begins_nothing),
	    USE_TEST(what_expires_before_it_is_deployed_is_not_deployed),
	    USE_TEST(what_is_revoked_before_it_begins_is_not_deployed),
	    USE_TEST(a_disk_that_refuses_is_tried_again),
	    USE_TEST(the_restart_comes_after_the_deployment),
	    USE_TEST(a_timer_that_is_disabled_meanwhile_changes_nothing),
	    USE_TEST(DeleteOldKey_counts_as_it_is_then),
	    USE_TEST(a_profile_that_is_destroyed_decides_no_more),
	    USE_TEST(a_failure_then_leaves_the_old_key_until_it_succeeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
