/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that begin later, and what a manager and other requests do until
 * then. */
#include "tests/unit/scep/keys/not_before_world.h"

/* --------------------------------------------------------- the manager -- */

static void a_key_that_waits_can_be_destroyed(void **state)
{
	struct device *d = *state;
	unsigned int files;

	make_two(d, true);
	files = device_files(d);
	device_set_number(d, SCEP_KEY_ROW_STATUS, second, SCEP_ROW_DESTROY);
	assert_null(key(d, second));
	assert_int_equal(device_files(d), files - 2);
	assert_nothing_is_deployed(d, 2 * LATER);
	assert_int_equal(use(d, WEB)->key_index, first);
}

static void a_destroy_that_is_undone_leaves_it_waiting(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	device_number(d, SCEP_KEY_ROW_STATUS, second, SCEP_ROW_DESTROY);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_tick(d);
	run_to_begin(d, second);
	assert_is_deployed(d, second);
}

static void a_rollback_meanwhile_is_no_end_of_it(void **state)
{
	struct device *d = *state;
	uint32_t zeroth = enrol_for(d, "web");

	device_run_for(d, 60);
	make_two(d, false);
	act(d, first, SCEP_KEY_ROLLBACK);
	run_deploying(d);
	assert_waits(d, zeroth, second);
	run_to_begin(d, second);
	assert_is_deployed(d, second);
}

static void a_key_that_waits_has_nothing_to_roll_back(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	assert_int_equal(try_act(d, second, SCEP_KEY_ROLLBACK),
			 SCEP_INCONSISTENT_VALUE);
}

static void assign_by_hand(struct device *d, uint32_t index,
			   const char *locations)
{
	assign(d, index, locations);
	run_deploying(d);
}

static void a_manager_who_assigns_another_key_ends_the_wait(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	assign_by_hand(d, first, "web");
	d->event_count = 0;
	assert_nothing_is_deployed(d, 2 * LATER);
	assert_int_equal(use(d, WEB)->key_index, first);
	assert_non_null(key(d, second));
	/* And can have it back. */
	assign_by_hand(d, second, "web");
	assert_int_equal(use(d, WEB)->key_index, second);
}

static void a_key_that_is_assigned_waits_for_its_beginning(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	assign_by_hand(d, second, "vpn");
	assert_int_equal(key(d, second)->action_result, SCEP_DEFERRED);
	assert_int_equal(use(d, VPN)->key_index, 0);
	run_to_begin(d, second);
	run_deploying(d);
	assert_int_equal(use(d, WEB)->key_index, second);
	assert_int_equal(use(d, VPN)->key_index, second);
	assert_int_equal(key(d, second)->action_result, SCEP_NONE);
}

static void an_assignment_that_ends_before_it_begins_is_cancelled(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	assign_by_hand(d, second, "web");
	assign_by_hand(d, first, "web");
	assert_int_equal(key(d, second)->action_result, SCEP_CANCELLED);
}

static void another_deployment_is_not_disturbed(void **state)
{
	struct device *d = *state;
	uint32_t zeroth = enrol_for(d, "web");

	device_run_for(d, 60);
	make_two(d, false);
	device_run_for(d, LATER - 100);
	act(d, first, SCEP_KEY_ROLLBACK);
	assert_int_equal(d->state.deploy.key, zeroth);
	device_run_for(d, 120);
	assert_int_equal(d->state.deploy.key, zeroth);
	end_deploy(d, true);
	device_run(d);
	assert_int_equal(use(d, WEB)->key_index, zeroth);
	assert_is_deployed(d, second);
}

static void the_location_may_be_gone_when_it_begins(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	d->config.use_count = 0;
	device_restart(d);
	assert_nothing_is_deployed(d, 2 * LATER);
	assert_string_equal(key(d, second)->use_when_valid, "");
	assert_int_equal(key(d, second)->wait_trigger, 0);
}

/* ------------------------------------------------------- other renewals -- */

static void a_newer_key_that_is_valid_takes_its_place(void **state)
{
	struct device *d = *state;
	uint32_t third;

	make_two(d, true);
	begin_in(d, -DAY);
	third = renew(d, true);
	assert_int_equal(use(d, WEB)->key_index, third);
	/* Both are replaced. */
	assert_null(key(d, first));
	assert_null(key(d, second));
	d->event_count = 0;
	assert_nothing_is_deployed(d, 2 * LATER);
}

static void what_is_replaced_stays_without_DeleteOldKey(void **state)
{
	struct device *d = *state;
	uint32_t third;

	make_two(d, false);
	begin_in(d, -DAY);
	third = renew(d, false);
	assert_non_null(key(d, second));
	d->event_count = 0;
	assert_nothing_is_deployed(d, 2 * LATER);
	assert_int_equal(use(d, WEB)->key_index, third);
}

static void a_newer_key_that_begins_sooner_takes_its_place(void **state)
{
	struct device *d = *state;
	uint32_t third;

	make_two(d, false);
	begin_in(d, DAY);
	third = renew(d, false);
	assert_waits(d, first, third);
	run_to_begin(d, third);
	assert_is_deployed(d, third);
	d->event_count = 0;
	assert_nothing_is_deployed(d, 2 * LATER);
}

static void a_newer_key_that_begins_later_follows(void **state)
{
	struct device *d = *state;
	uint32_t third;

	make_two(d, true);
	begin_in(d, 2 * LATER);
	third = renew(d, true);
	assert_waits(d, first, third);
	run_to_begin(d, second);
	assert_is_deployed(d, second);
	assert_null(key(d, first));
	assert_waits(d, second, third);
	run_to_begin(d, third);
	assert_is_deployed(d, third);
	assert_null(key(d, second));
}

static void of_two_that_have_begun_the_newer_is_deployed(void **state)
{
	struct device *d = *state;
	uint32_t third;

	make_two(d, false);
	begin_in(d, 2 * LATER);
	third = renew(d, false);
	d->event_count = 0;
	d->io.wall += 3 * LATER;
	device_run_for(d, 60);
	assert_is_deployed(d, third);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 1);
	assert_string_equal(key(d, second)->use_when_valid, "");
}

static void the_present_certificate_signs_until_then(void **state)
{
	struct device *d = *state;

	make_two(d, false);
	renew(d, false);
	assert_string_equal(d->ca.message_type, "17");
	assert_int_equal(d->ca.signer_serial, 2);
	act(d, second, SCEP_KEY_RENEW);
	run_deploying(d);
	assert_string_equal(d->ca.message_type, "17");
	assert_int_equal(d->ca.signer_serial, 2);
}

/* The same as renew(), where another run is announced behind it. */
static uint32_t renew_before(struct device *d)
{
	const struct scep_rows *keys;

	device_run_for(d, 60);
	device_number(d, SCEP_AUTO_RENEW_BEFORE, 1, 30);
	begin_timer(d, "web", false);
	run_deploying(d);
	keys = &device_view(d)->keys;
	return *(const uint32_t *)keys->row[keys->count - 1];
}

static void RenewBefore_looks_at_the_one_that_waits(void **state)
{
	struct device *d = *state;

	first = enrol_for(d, "web");
	begin_in(d, LATER);
	second = renew_before(d);
	assert_waits(d, first, second);
	assert_waits_for(d, key(d, second)->not_after - 30 * DAY,
			 SCEP_TRIGGER_RENEWAL);
	assert_int_equal(destroy(d, second), SCEP_ACCEPTED);
	d->io.wall += 60;
	device_tick(d);
	assert_waits_for(d, key(d, first)->not_after - 30 * DAY,
			 SCEP_TRIGGER_RENEWAL);
}

static void RenewBefore_does_not_leave_a_gap(void **state)
{
	struct device *d = *state;

	d->ca.certificate_life = 100 * DAY;
	first = enrol_for(d, "web");
	d->ca.certificate_life = 1000 * DAY;
	begin_in(d, 101 * DAY);
	second = renew_before(d);
	assert_waits(d, first, second);
	assert_waits_for(d, key(d, first)->not_after - 30 * DAY,
			 SCEP_TRIGGER_RENEWAL);
}

static void the_key_limit_counts_both_and_lets_a_third_in(void **state)
{
	struct device *d = *state;
	uint32_t third;

	d->state.config.key_limit = 1;
	make_two(d, true);
	begin_in(d, -DAY);
	third = renew(d, true);
	assert_int_equal(device_view(d)->keys.count, 1);
	assert_non_null(key(d, third));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    USE_TEST(a_key_that_waits_can_be_destroyed),
	    USE_TEST(a_destroy_that_is_undone_leaves_it_waiting),
	    USE_TEST(a_rollback_meanwhile_is_no_end_of_it),
	    USE_TEST(a_key_that_waits_has_nothing_to_roll_back),
	    USE_TEST(a_manager_who_assigns_another_key_ends_the_wait),
	    USE_TEST(a_key_that_is_assigned_waits_for_its_beginning),
	    USE_TEST(an_assignment_that_ends_before_it_begins_is_cancelled),
	    USE_TEST(another_deployment_is_not_disturbed),
	    USE_TEST(the_location_may_be_gone_when_it_begins),
	    USE_TEST(a_newer_key_that_is_valid_takes_its_place),
	    USE_TEST(what_is_replaced_stays_without_DeleteOldKey),
	    USE_TEST(a_newer_key_that_begins_sooner_takes_its_place),
	    USE_TEST(a_newer_key_that_begins_later_follows),
	    USE_TEST(of_two_that_have_begun_the_newer_is_deployed),
	    USE_TEST(the_present_certificate_signs_until_then),
	    USE_TEST(RenewBefore_looks_at_the_one_that_waits),
	    USE_TEST(RenewBefore_does_not_leave_a_gap),
	    USE_TEST(the_key_limit_counts_both_and_lets_a_third_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
