/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows after a Set: one test for each claim about how a change is
 * worked out (MIB, rules 6 and 7) and what comes with it.
 */
#include "tests/unit/scep/settings/draft_world.h"

#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/view.h"

/* ------------------------------------------------------------ the basics -- */

static void an_empty_set_changes_nothing(void **state)
{
	struct world *world = *state;

	assert_accepted(world);
	assert_int_equal(world->draft.profiles.count, 0);
	assert_int_equal(world->draft.cas.count, 0);
	assert_int_equal(world->draft.action_count, 0);
	assert_false(world->draft.agent_is_changed);
}

static void settings_arrive_in_a_copy_and_the_view_stays(void **state)
{
	struct world *world = *state;

	set_text(world, SCEP_SERVER_URL, 1, "http://other.example/");
	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	assert_accepted(world);
	assert_string_equal(after(world, 1)->server.url,
			    "http://other.example/");
	assert_int_equal(after(world, 1)->server.timeout, 60);
	assert_string_equal(world->profile->server.url, URL);
	assert_int_equal(world->profile->server.timeout, 30);
}

static void a_value_set_twice_is_the_last_one(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	set(world, SCEP_SERVER_TIMEOUT, 1, 70);
	assert_accepted(world);
	assert_int_equal(after(world, 1)->server.timeout, 70);
}

static void one_set_reaches_several_profiles_and_scalars(void **state)
{
	struct world *world = *state;

	add_profile(world, 9);
	set(world, SCEP_SERVER_TIMEOUT, 9, 60);
	set(world, SCEP_STATUS_MAX_ROWS, 0, 50);
	set(world, SCEP_SERVER_TIMEOUT, 1, 70);
	assert_accepted(world);
	assert_int_equal(after(world, 9)->server.timeout, 60);
	assert_int_equal(after(world, 1)->server.timeout, 70);
	assert_int_equal(world->draft.agent.status_max_rows, 50);
	assert_true(world->draft.agent_is_changed);
	assert_true(world->draft.agent_is_set);
}

static void the_values_that_were_there_change_nothing(void **state)
{
	struct world *world = *state;

	set_text(world, SCEP_SERVER_URL, 1, URL);
	set(world, SCEP_PROFILE_STORAGE_TYPE, 1, SCEP_STORAGE_NONVOLATILE);
	set(world, SCEP_PROFILE_ROW_STATUS, 1, SCEP_ROW_ACTIVE);
	set(world, SCEP_STATUS_MAX_ROWS, 0, 20);
	assert_accepted(world);
	assert_int_equal(world->draft.profiles.count, 0);
	assert_false(world->draft.is_durable[1]);
	assert_false(world->draft.forgets_pins[1]);
	assert_false(world->draft.agent_is_changed);
}

/* One judgement of a value is enough: that of the front end. */
static void a_value_is_not_judged_again(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_TIMEOUT, 1, 0);
	assert_int_equal(draft_make(&world->view, &world->config,
				    &world->change, &world->draft,
				    &world->verdict),
			 SCEP_ACCEPTED);
	assert_int_equal(after(world, 1)->server.timeout, 0);
}

static void a_bad_value_is_refused_and_its_item_named(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	set(world, SCEP_SERVER_PORT, 1, 65536);
	assert_refused(world, SCEP_WRONG_VALUE, 1);
	forget(world);
	set_text(world, SCEP_SERVER_CA_FINGERPRINT, 1, "short");
	assert_refused(world, SCEP_WRONG_LENGTH, 0);
}

static void a_key_is_only_destroyed_and_never_made(void **state)
{
	struct world *world = *state;

	set(world, SCEP_KEY_ROW_STATUS, 1, 5);
	assert_refused(world, SCEP_WRONG_VALUE, 0);
}

static void a_reason_names_object_and_row(void **state)
{
	struct world *world = *state;

	set(world, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	assert_memory_equal(world->verdict.reason, "scepRequestAction.1: ", 21);
}

/* ---------------------------------------------------- rows (rules 7, 17) -- */

static void an_index_outside_1_to_64_is_no_creation(void **state)
{
	static const uint32_t bad[] = {0, 65, UINT32_MAX};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		forget(world);
		set(world, SCEP_SERVER_TIMEOUT, bad[i], 60);
		assert_refused(world, SCEP_NO_CREATION, 0);
		for (int64_t status = 1; status <= 6; status++) {
			if (status == SCEP_ROW_NOT_READY)
				continue;
			forget(world);
			set(world, SCEP_PROFILE_ROW_STATUS, bad[i], status);
			assert_refused(world, SCEP_NO_CREATION, 0);
		}
	}
}

static void a_missing_row_within_the_range_is_inconsistent_name(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	set(world, SCEP_SERVER_TIMEOUT, 64, 60);
	assert_refused(world, SCEP_INCONSISTENT_NAME, 1);
	forget(world);
	send_now(world, 64);
	assert_refused(world, SCEP_INCONSISTENT_NAME, 0);
}

static void create_and_go_makes_an_active_row_of_defaults(void **state)
{
	struct world *world = *state;

	set(world, SCEP_PROFILE_ROW_STATUS, 64, SCEP_ROW_CREATE_AND_GO);
	assert_accepted(world);
	assert_int_equal(after(world, 64)->index, 64);
	assert_int_equal(after(world, 64)->row_status, SCEP_ROW_ACTIVE);
	assert_int_equal(after(world, 64)->server.timeout, 30);
	assert_int_equal(after(world, 64)->request.key_length, 2048);
	assert_int_equal(after(world, 64)->timer.poll_count, 10);
	assert_true(world->draft.is_durable[64]);
	assert_true(world->draft.forgets_pins[64]);
}

static void create_and_wait_makes_a_row_not_in_service(void **state)
{
	struct world *world = *state;

	set(world, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_WAIT);
	assert_accepted(world);
	assert_int_equal(after(world, 2)->row_status, SCEP_ROW_NOT_IN_SERVICE);
}

static void
columns_of_a_new_row_may_come_before_and_after_its_status(void **state)
{
	struct world *world = *state;

	set_text(world, SCEP_SERVER_URL, 2, URL);
	set(world, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	set_text(world, SCEP_PROFILE_NAME, 2, "Wi-Fi");
	assert_accepted(world);
	assert_string_equal(after(world, 2)->server.url, URL);
	assert_string_equal(after(world, 2)->name, "Wi-Fi");
}

static void one_set_creates_fills_and_sends(void **state)
{
	struct world *world = *state;

	send_now(world, 2);
	set_text(world, SCEP_REQUEST_KEY_NAME, 2, "wifi");
	set_text(world, SCEP_REQUEST_COMMON_NAME, 2, "a.example");
	set(world, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	set_text(world, SCEP_SERVER_URL, 2, URL);
	assert_acts(world, SCEP_ACTION_SEND);
	assert_int_equal(world->draft.actions[0].index, 2);
	assert_int_equal(world->draft.actions[0].item, 0);
}

static void creating_a_row_that_is_there_is_inconsistent_value(void **state)
{
	struct world *world = *state;

	set(world, SCEP_PROFILE_ROW_STATUS, 1, SCEP_ROW_CREATE_AND_GO);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	forget(world);
	set(world, SCEP_PROFILE_ROW_STATUS, 1, SCEP_ROW_CREATE_AND_WAIT);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
}

static void activating_a_missing_row_is_inconsistent_value(void **state)
{
	struct world *world = *state;

	set(world, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_ACTIVE);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	forget(world);
	set(world, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_NOT_IN_SERVICE);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
}

static void not_ready_is_wrong_value(void **state)
{
	struct world *world = *state;

	set(world, SCEP_PROFILE_ROW_STATUS, 1, SCEP_ROW_NOT_READY);
	assert_refused(world, SCEP_WRONG_VALUE, 0);
}

static void a_row_goes_out_of_service_and_back(void **state)
{
	struct world *world = *state;

	set(world, SCEP_PROFILE_ROW_STATUS, 1, SCEP_ROW_NOT_IN_SERVICE);
	assert_accepted(world);
	assert_int_equal(after(world, 1)->row_status, SCEP_ROW_NOT_IN_SERVICE);
	assert_true(world->draft.is_durable[1]);
	world->profile->row_status = SCEP_ROW_NOT_IN_SERVICE;
	forget(world);
	set(world, SCEP_PROFILE_ROW_STATUS, 1, SCEP_ROW_ACTIVE);
	assert_accepted(world);
	assert_int_equal(after(world, 1)->row_status, SCEP_ROW_ACTIVE);
}

static void destroy_takes_a_row_away(void **state)
{
	struct world *world = *state;

	add_profile(world, 2);
	set_text(world, SCEP_PROFILE_NAME, 2, "no more");
	set(world, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	assert_accepted(world);
	assert_true(world->draft.is_destroyed[2]);
	assert_int_equal(world->draft.profiles.count, 0);
	assert_false(world->draft.is_durable[2]);
}

static void destroying_a_missing_row_is_accepted(void **state)
{
	struct world *world = *state;

	set(world, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	assert_accepted(world);
	assert_false(world->draft.is_destroyed[2]);
	/* It creates nothing for other columns. */
	set_text(world, SCEP_PROFILE_NAME, 2, "none");
	assert_refused(world, SCEP_INCONSISTENT_NAME, 1);
}

static void the_first_profile_cannot_be_destroyed(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	set(world, SCEP_PROFILE_ROW_STATUS, 1, SCEP_ROW_DESTROY);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
}

static void the_first_profile_may_be_volatile(void **state)
{
	struct world *world = *state;

	set(world, SCEP_PROFILE_STORAGE_TYPE, 1, SCEP_STORAGE_VOLATILE);
	assert_accepted(world);
}

/* ------------------------------------------------------------- spin lock -- */

static void the_lock_counts_up_when_it_is_right(void **state)
{
	struct world *world = *state;

	world->view.agent.config_spin_lock = 41;
	set(world, SCEP_AGENT_CONFIG_SPIN_LOCK, 0, 41);
	assert_accepted(world);
	assert_int_equal(world->draft.agent.config_spin_lock, 42);
	assert_true(world->draft.agent_is_changed);
	assert_false(world->draft.agent_is_set);
}

static void a_wrong_lock_refuses_the_whole_set(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	set(world, SCEP_AGENT_CONFIG_SPIN_LOCK, 0, 1);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
}

static void the_lock_goes_from_its_highest_value_to_zero(void **state)
{
	struct world *world = *state;

	world->view.agent.config_spin_lock = INT32_MAX;
	set(world, SCEP_AGENT_CONFIG_SPIN_LOCK, 0, INT32_MAX);
	assert_accepted(world);
	assert_int_equal(world->draft.agent.config_spin_lock, 0);
}

static void the_lock_may_be_taken_twice_in_order(void **state)
{
	struct world *world = *state;

	set(world, SCEP_AGENT_CONFIG_SPIN_LOCK, 0, 0);
	set(world, SCEP_AGENT_CONFIG_SPIN_LOCK, 0, 1);
	assert_accepted(world);
	assert_int_equal(world->draft.agent.config_spin_lock, 2);
	set(world, SCEP_AGENT_CONFIG_SPIN_LOCK, 0, 1);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 2);
}

/* ------------------------------------------------------------- CA trust -- */

static void trust_is_decided_on_rows_that_wait_for_it(void **state)
{
	struct world *world = *state;

	add_ca(world, 1, SCEP_CA_PENDING);
	add_ca(world, 2, SCEP_CA_TRUSTED);
	add_ca(world, 3, SCEP_CA_REJECTED);
	set(world, SCEP_CA_TRUST, 1, SCEP_CA_TRUSTED);
	set(world, SCEP_CA_TRUST, 2, SCEP_CA_REJECTED);
	set(world, SCEP_CA_TRUST, 3, SCEP_CA_REJECTED);
	assert_accepted(world);
	assert_int_equal(world->draft.cas.count, 2);
	assert_int_equal(
	    ((const struct scep_ca *)scep_rows_find(&world->draft.cas, 1))
		->trust,
	    SCEP_CA_TRUSTED);
	assert_int_equal(
	    ((const struct scep_ca *)scep_rows_find(&world->draft.cas, 2))
		->trust,
	    SCEP_CA_REJECTED);
}

static void only_trusted_and_rejected_can_be_written(void **state)
{
	struct world *world = *state;

	add_ca(world, 1, SCEP_CA_PENDING);
	set(world, SCEP_CA_TRUST, 1, SCEP_CA_PENDING);
	assert_refused(world, SCEP_WRONG_VALUE, 0);
	forget(world);
	set(world, SCEP_CA_TRUST, 1, SCEP_CA_CHAINED);
	assert_refused(world, SCEP_WRONG_VALUE, 0);
}

static void a_chained_certificate_is_not_decided_on(void **state)
{
	struct world *world = *state;

	add_ca(world, 1, SCEP_CA_CHAINED);
	set(world, SCEP_CA_TRUST, 1, SCEP_CA_TRUSTED);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
}

static void a_ca_that_is_not_there_is_no_creation(void **state)
{
	struct world *world = *state;

	add_ca(world, 1, SCEP_CA_PENDING);
	set(world, SCEP_CA_TRUST, 1, SCEP_CA_TRUSTED);
	set(world, SCEP_CA_TRUST, 2, SCEP_CA_TRUSTED);
	assert_refused(world, SCEP_INCONSISTENT_NAME, 1);
}

static void trust_in_what_the_same_set_forgets_is_no_trust(void **state)
{
	struct world *world = *state;

	add_ca(world, 1, SCEP_CA_PENDING);
	set(world, SCEP_CA_TRUST, 1, SCEP_CA_TRUSTED);
	set_text(world, SCEP_SERVER_URL, 1, "http://other.example/");
	assert_accepted(world);
	assert_true(world->draft.forgets_pins[1]);
	assert_int_equal(world->draft.cas.count, 0);
}

/* --------------------------------------------- what a change comes with -- */

static void a_changed_url_or_fingerprint_forgets_the_pins(void **state)
{
	struct world *world = *state;

	set_text(world, SCEP_SERVER_URL, 1, "http://other.example/");
	assert_accepted(world);
	assert_true(world->draft.forgets_pins[1]);
	forget(world);
	set_text(world, SCEP_SERVER_CA_FINGERPRINT, 1, "01234567890123456789");
	assert_accepted(world);
	assert_true(world->draft.forgets_pins[1]);
	forget(world);
	set(world, SCEP_SERVER_PORT, 1, 8080);
	assert_accepted(world);
	assert_false(world->draft.forgets_pins[1]);
}

static void set_challenges(struct world *world)
{
	struct scep_profile *profile = world->profile;

	profile->request.challenge_password.length = 3;
	memcpy(profile->request.challenge_password.data, "one", 3);
	profile->timer.values.challenge_password.length = 3;
	memcpy(profile->timer.values.challenge_password.data, "two", 3);
}

static void assert_challenges(struct world *world, size_t of_request,
			      size_t of_timer)
{
	const struct scep_profile *profile = after(world, 1);

	assert_int_equal(profile->request.challenge_password.length,
			 of_request);
	assert_int_equal(profile->timer.values.challenge_password.length,
			 of_timer);
}

static void another_server_wipes_the_challenges(void **state)
{
	struct world *world = *state;

	set_challenges(world);
	set_text(world, SCEP_SERVER_URL, 1, "http://other.example/");
	assert_accepted(world);
	assert_challenges(world, 0, 0);
	assert_true(world->draft.is_durable[1]);
	forget(world);
	set(world, SCEP_SERVER_PORT, 1, 8080);
	assert_accepted(world);
	assert_challenges(world, 0, 0);
	forget(world);
	set_text(world, SCEP_SERVER_PROXY_URL, 1, "http://proxy.example/");
	assert_accepted(world);
	assert_challenges(world, 0, 0);
	forget(world);
	set_text(world, SCEP_SERVER_CA_FINGERPRINT, 1, "01234567890123456789");
	assert_accepted(world);
	assert_challenges(world, 0, 0);
	forget(world);
	set(world, SCEP_SERVER_CA_TRUST_POLICY, 1, SCEP_TRUST_FIRST_USE);
	assert_accepted(world);
	assert_challenges(world, 0, 0);
}

static void
another_setting_or_the_same_server_keeps_the_challenges(void **state)
{
	struct world *world = *state;

	set_challenges(world);
	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	set_text(world, SCEP_SERVER_URL, 1, URL);
	set(world, SCEP_SERVER_PORT, 1, 0);
	assert_accepted(world);
	assert_challenges(world, 3, 3);
}

static void a_challenge_of_the_same_set_goes_to_the_new_server(void **state)
{
	struct world *world = *state;

	set_challenges(world);
	set_text(world, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, "newer");
	set_text(world, SCEP_SERVER_URL, 1, "http://other.example/");
	assert_accepted(world);
	assert_challenges(world, 5, 0);
}

static void a_changed_setting_is_durable(void **state)
{
	struct world *world = *state;

	add_profile(world, 2);
	set(world, SCEP_AUTO_POLL, 1, 1);
	set_text(world, SCEP_REQUEST_KEY_NAME, 2, "volatile");
	assert_accepted(world);
	assert_true(world->draft.is_durable[1]);
	assert_int_equal(world->draft.profiles.count, 2);
	assert_false(world->draft.is_durable[2]);
}

static void nothing_of_a_volatile_profile_is_durable(void **state)
{
	struct world *world = *state;

	world->profile->storage_type = SCEP_STORAGE_VOLATILE;
	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	set(world, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	set(world, SCEP_PROFILE_STORAGE_TYPE, 2, SCEP_STORAGE_VOLATILE);
	assert_accepted(world);
	assert_int_equal(world->draft.profiles.count, 2);
	assert_false(world->draft.is_durable[1]);
	assert_false(world->draft.is_durable[2]);
}

static void a_changed_storage_type_is_durable_both_ways(void **state)
{
	struct world *world = *state;

	set(world, SCEP_PROFILE_STORAGE_TYPE, 1, SCEP_STORAGE_VOLATILE);
	assert_accepted(world);
	assert_true(world->draft.is_durable[1]);
	world->profile->storage_type = SCEP_STORAGE_VOLATILE;
	forget(world);
	set(world, SCEP_PROFILE_STORAGE_TYPE, 1, SCEP_STORAGE_NONVOLATILE);
	assert_accepted(world);
	assert_true(world->draft.is_durable[1]);
}

static void all_sixty_four_profiles_fit_in_one_set(void **state)
{
	struct world *world = *state;

	for (uint32_t index = SCEP_PROFILE_MAX; index > 1; index--) {
		send_now(world, index);
		set_text(world, SCEP_SERVER_URL, index, URL);
		set_text(world, SCEP_REQUEST_KEY_NAME, index, "key");
		set_text(world, SCEP_REQUEST_COMMON_NAME, index, "a.example");
		set(world, SCEP_PROFILE_ROW_STATUS, index,
		    SCEP_ROW_CREATE_AND_GO);
	}
	assert_accepted(world);
	assert_int_equal(world->draft.profiles.count, SCEP_PROFILE_MAX - 1);
	assert_int_equal(world->draft.action_count, SCEP_PROFILE_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    claim(an_empty_set_changes_nothing),
	    claim(settings_arrive_in_a_copy_and_the_view_stays),
	    claim(a_value_set_twice_is_the_last_one),
	    claim(one_set_reaches_several_profiles_and_scalars),
	    claim(the_values_that_were_there_change_nothing),
	    claim(a_value_is_not_judged_again),
	    claim(a_bad_value_is_refused_and_its_item_named),
	    claim(a_key_is_only_destroyed_and_never_made),
	    claim(a_reason_names_object_and_row),
	    claim(an_index_outside_1_to_64_is_no_creation),
	    claim(a_missing_row_within_the_range_is_inconsistent_name),
	    claim(create_and_go_makes_an_active_row_of_defaults),
	    claim(create_and_wait_makes_a_row_not_in_service),
	    claim(columns_of_a_new_row_may_come_before_and_after_its_status),
	    claim(one_set_creates_fills_and_sends),
	    claim(creating_a_row_that_is_there_is_inconsistent_value),
	    claim(activating_a_missing_row_is_inconsistent_value),
	    claim(not_ready_is_wrong_value),
	    claim(a_row_goes_out_of_service_and_back),
	    claim(destroy_takes_a_row_away),
	    claim(destroying_a_missing_row_is_accepted),
	    claim(the_first_profile_cannot_be_destroyed),
	    claim(the_first_profile_may_be_volatile),
	    claim(the_lock_counts_up_when_it_is_right),
	    claim(a_wrong_lock_refuses_the_whole_set),
	    claim(the_lock_goes_from_its_highest_value_to_zero),
	    claim(the_lock_may_be_taken_twice_in_order),
	    claim(trust_is_decided_on_rows_that_wait_for_it),
	    claim(only_trusted_and_rejected_can_be_written),
	    claim(a_chained_certificate_is_not_decided_on),
	    claim(a_ca_that_is_not_there_is_no_creation),
	    claim(trust_in_what_the_same_set_forgets_is_no_trust),
	    claim(a_changed_url_or_fingerprint_forgets_the_pins),
	    claim(another_server_wipes_the_challenges),
	    claim(another_setting_or_the_same_server_keeps_the_challenges),
	    claim(a_challenge_of_the_same_set_goes_to_the_new_server),
	    claim(a_changed_setting_is_durable),
	    claim(nothing_of_a_volatile_profile_is_durable),
	    claim(a_changed_storage_type_is_durable_both_ways),
	    claim(all_sixty_four_profiles_fit_in_one_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
