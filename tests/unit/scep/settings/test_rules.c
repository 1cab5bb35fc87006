/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules between settings: one test for each claim of the MIB's rules
 * 1, 2 and 17, and of what the configuration file has to allow.
 */
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/profile_row.h"
#include "scep/server.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/values.h"
#include "tests/unit/scep/settings/draft_world.h"
#include "scep/settings/rules.h"
#include "scep/settings/view_query.h"

/* ------------------------------------------------- rows held (rule 17) -- */

/* The three ways in which rule 17 can be broken, on profile 2. */
static void assert_row_is_held(struct world *world, bool is_held)
{
	static const struct {
		enum scep_field field;
		uint32_t number;
	} ways[] = {
	    {SCEP_PROFILE_ROW_STATUS, SCEP_ROW_DESTROY},
	    {SCEP_PROFILE_ROW_STATUS, SCEP_ROW_NOT_IN_SERVICE},
	    {SCEP_PROFILE_STORAGE_TYPE, SCEP_STORAGE_VOLATILE},
	};

	for (size_t i = 0; i < 3; i++) {
		forget(world);
		set_text(world, SCEP_PROFILE_NAME, 2, "x");
		set(world, ways[i].field, 2, ways[i].number);
		if (is_held)
			assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
		else
			assert_accepted(world);
	}
}

static void a_row_with_an_open_request_is_held(void **state)
{
	struct world *world = *state;

	add_profile(world, 2);
	add_status(world, 5, 2, SCEP_STATE_TO_BE_PROCESSED, SCEP_NONE);
	assert_row_is_held(world, true);
}

static void a_row_with_an_enabled_timer_is_held(void **state)
{
	struct world *world = *state;

	enable_timer(add_profile(world, 2));
	assert_row_is_held(world, true);
}

static void a_row_with_an_ended_request_is_free(void **state)
{
	struct world *world = *state;

	add_profile(world, 2);
	add_status(world, 5, 2, SCEP_STATE_ERROR, SCEP_COMM_ERROR);
	add_status(world, 6, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_row_is_held(world, false);
}

static void a_row_is_free_of_the_requests_of_another(void **state)
{
	struct world *world = *state;

	add_profile(world, 2);
	add_status(world, 5, 1, SCEP_STATE_PROCESSING, SCEP_NONE);
	assert_row_is_held(world, false);
}

/* ----------------------------------------------------- the lock (rule 1) -- */

static void while_the_timer_runs_the_server_is_locked(void **state)
{
	struct world *world = *state;

	enable_timer(world->profile);
	set_text(world, SCEP_PROFILE_NAME, 1, "x");
	set_text(world, SCEP_SERVER_URL, 1, "http://other.example/");
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
	for (enum scep_field field = SCEP_SERVER_PORT;
	     field <= SCEP_SERVER_REQUIRE_STANDARD; field++) {
		forget(world);
		set_text(world, SCEP_PROFILE_NAME, 1, "x");
		if (scep_field_info(field)->kind == SCEP_KIND_TEXT)
			set_text(world, field, 1, "other");
		else if (scep_field_info(field)->kind == SCEP_KIND_OCTETS)
			set_text(world, field, 1, "01234567890123456789");
		else
			set(world, field, 1,
			    field == SCEP_SERVER_REQUIRE_STANDARD ? 1 : 2);
		assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
	}
	forget(world);
	set_text(world, SCEP_SERVER_PROXY_URL, 1, "http://proxy.example/");
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
}

static void while_the_timer_runs_the_same_value_is_accepted(void **state)
{
	struct world *world = *state;

	enable_timer(world->profile);
	set_text(world, SCEP_SERVER_URL, 1, URL);
	set(world, SCEP_SERVER_TIMEOUT, 1, 30);
	assert_accepted(world);
}

static void the_lock_is_judged_on_the_last_value_of_the_set(void **state)
{
	struct world *world = *state;

	enable_timer(world->profile);
	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	set(world, SCEP_SERVER_TIMEOUT, 1, 30);
	assert_accepted(world);
	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 2);
}

static void while_the_timer_runs_another_profile_is_free(void **state)
{
	struct world *world = *state;

	enable_timer(world->profile);
	add_profile(world, 2);
	set_text(world, SCEP_SERVER_URL, 2, "http://other.example/");
	assert_accepted(world);
}

static void while_the_timer_runs_send_is_refused(void **state)
{
	struct world *world = *state;

	enable_timer(world->profile);
	set_text(world, SCEP_REQUEST_KEY_NAME, 1, "x");
	send_now(world, 1);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
}

static void while_the_timer_waits_its_settings_may_change(void **state)
{
	struct world *world = *state;
	struct scep_status *status;

	enable_timer(world->profile);
	status = add_status(world, 5, 1, SCEP_STATE_TO_BE_PROCESSED, SCEP_NONE);
	status->trigger = SCEP_TRIGGER_TIMER;
	set(world, SCEP_AUTO_POLL, 1, 1);
	assert_accepted(world);
	assert_null(scep_view_open_request(&world->view, 1));
}

static void while_a_timer_request_is_open_the_timer_is_locked(void **state)
{
	struct world *world = *state;
	struct scep_status *status;

	enable_timer(world->profile);
	status = add_status(world, 5, 1, SCEP_STATE_PROCESSING, SCEP_NONE);
	status->trigger = SCEP_TRIGGER_PERIODIC;
	set(world, SCEP_AUTO_POLL_COUNT, 1, 10);
	set(world, SCEP_AUTO_POLL, 1, 1);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
	assert_ptr_equal(scep_view_open_request(&world->view, 1), status);
}

static void while_a_manual_request_is_open_its_polling_may_change(void **state)
{
	struct world *world = *state;

	add_status(world, 5, 1, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	set(world, SCEP_AUTO_POLL_INTERVAL, 1, 5);
	assert_accepted(world);
}

/*
 * scepAutoEnable is not offered yet, so that a Set cannot show what switching
 * it does: here the rules are asked directly.
 */
static enum scep_refusal judge(struct world *world,
			       const struct scep_profile *before,
			       const struct scep_profile *profile)
{
	struct rules_profile asked = {
	    .view = &world->view,
	    .config = &world->config,
	    .change = &world->change,
	    .before = before,
	    .after = profile,
	    .open = scep_view_open_request(&world->view, profile->index),
	    .action = SCEP_ACTION_NOOP,
	};

	memset(&world->verdict, 0, sizeof(world->verdict));
	return rules_judge(&asked, &world->verdict);
}

static void one_set_may_disable_and_change_or_change_and_enable(void **state)
{
	struct world *world = *state;
	struct scep_profile before = *world->profile;
	struct scep_profile then = before;

	enable_timer(&before);
	enable_timer(&then);
	strcpy(then.server.url, "http://other.example/");
	set_text(world, SCEP_SERVER_URL, 1, then.server.url);
	assert_int_equal(judge(world, &before, &then), SCEP_INCONSISTENT_VALUE);
	then.timer.enable = 0;
	assert_int_equal(judge(world, &before, &then), SCEP_ACCEPTED);
	before.timer.enable = 0;
	then.timer.enable = 1;
	assert_int_equal(judge(world, &before, &then), SCEP_ACCEPTED);
}

static void a_timer_can_be_stopped_while_its_request_is_open(void **state)
{
	struct world *world = *state;
	struct scep_profile then;

	enable_timer(world->profile);
	add_status(world, 5, 1, SCEP_STATE_PROCESSING, SCEP_NONE)->trigger =
	    SCEP_TRIGGER_TIMER;
	then = *world->profile;
	then.timer.enable = 0;
	assert_int_equal(judge(world, world->profile, &then), SCEP_ACCEPTED);
}

/* ------------------------------------------------------ Enable (rule 2) -- */

static void enabling_needs_url_start_key_name_and_common_name(void **state)
{
	struct world *world = *state;
	struct scep_profile ready = *world->profile;

	enable_timer(&ready);
	set_text(world, SCEP_PROFILE_NAME, 1, "x");
	set(world, SCEP_AUTO_ENABLE, 1, 1);
	assert_int_equal(judge(world, world->profile, &ready), SCEP_ACCEPTED);
	for (int missing = 0; missing < 5; missing++) {
		struct scep_profile then = ready;

		if (missing == 0)
			then.server.url[0] = '\0';
		if (missing == 1)
			then.timer.start_time = 0;
		if (missing == 2)
			then.timer.values.key_name[0] = '\0';
		if (missing == 3)
			then.timer.values.common_name[0] = '\0';
		if (missing == 4)
			strcpy(then.timer.values.use_location, "gone");
		assert_int_equal(judge(world, world->profile, &then),
				 SCEP_INCONSISTENT_VALUE);
		assert_int_equal(world->verdict.item, 1);
	}
}

static void enabling_knows_the_use_locations(void **state)
{
	struct world *world = *state;
	struct scep_profile then = *world->profile;

	add_use(world, 1, "web");
	add_use(world, 2, "wifi");
	enable_timer(&then);
	strcpy(then.timer.values.use_location, "wifi,web");
	set(world, SCEP_AUTO_ENABLE, 1, 1);
	assert_int_equal(judge(world, world->profile, &then), SCEP_ACCEPTED);
}

static void enabling_needs_an_active_row(void **state)
{
	struct world *world = *state;
	struct scep_profile then = *world->profile;

	enable_timer(&then);
	then.row_status = SCEP_ROW_NOT_IN_SERVICE;
	set(world, SCEP_AUTO_ENABLE, 1, 1);
	assert_int_equal(judge(world, world->profile, &then),
			 SCEP_INCONSISTENT_VALUE);
	assert_int_equal(judge(world, NULL, &then), SCEP_INCONSISTENT_VALUE);
}

static void an_enabled_timer_keeps_what_it_needs(void **state)
{
	struct world *world = *state;
	struct scep_profile then;

	enable_timer(world->profile);
	then = *world->profile;
	then.timer.values.key_name[0] = '\0';
	set(world, SCEP_AUTO_POLL, 1, 1);
	set_text(world, SCEP_AUTO_KEY_NAME, 1, "");
	assert_int_equal(judge(world, world->profile, &then),
			 SCEP_INCONSISTENT_VALUE);
	assert_int_equal(world->verdict.item, 1);
}

static void a_use_location_that_went_away_holds_up_no_other_change(void **state)
{
	struct world *world = *state;

	enable_timer(world->profile);
	strcpy(world->profile->timer.values.use_location, "gone");
	set(world, SCEP_AUTO_POLL, 1, 1);
	assert_accepted(world);
}

/* ------------------------------------ what the configuration has to allow */

static void allow_legacy(struct world *world, const char *host,
			 uint32_t allowed)
{
	struct scep_legacy_host *added =
	    &world->config.legacy[world->config.legacy_count++];

	strcpy(added->host, host);
	added->allowed = allowed;
}

static void weak_algorithms_may_be_allowed_to_one_server(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_CIPHER, 1, SCEP_CIPHER_3DES);
	allow_legacy(world, "other.example", SCEP_LEGACY_3DES);
	allow_legacy(world, "ca.example", SCEP_LEGACY_SHA1);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	allow_legacy(world, "ca.example", SCEP_LEGACY_3DES);
	assert_accepted(world);
	set_text(world, SCEP_SERVER_URL, 1, "http://third.example/");
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	set_text(world, SCEP_SERVER_URL, 1, "https://OTHER.example.:8443/");
	assert_accepted(world);
}

/* The value that a manager wrote stays, but is not sent elsewhere. */
static void a_weak_algorithm_is_not_sent_to_another_server(void **state)
{
	struct world *world = *state;

	allow_legacy(world, "ca.example", SCEP_LEGACY_SHA1);
	world->profile->request.signature_algorithm = SCEP_SIGN_SHA1;
	send_now(world, 1);
	assert_accepted(world);
	forget(world);
	set_text(world, SCEP_SERVER_URL, 1, "http://other.example/");
	assert_accepted(world);
	send_now(world, 1);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
}

static void a_server_is_known_by_its_address(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_CIPHER, 1, SCEP_CIPHER_3DES);
	set_text(world, SCEP_SERVER_URL, 1, "http://[2001:DB8:0::1]:80/");
	allow_legacy(world, "2001:db8::2", SCEP_LEGACY_3DES);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	allow_legacy(world, "2001:db8::1", SCEP_LEGACY_3DES);
	assert_accepted(world);
}

static void sha1_needs_the_configuration(void **state)
{
	struct world *world = *state;

	set(world, SCEP_REQUEST_SIGNATURE_ALGORITHM, 1, SCEP_SIGN_SHA1);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	world->config.allow_legacy = SCEP_LEGACY_3DES | SCEP_LEGACY_DES;
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	world->config.allow_legacy = SCEP_LEGACY_SHA1;
	assert_accepted(world);
}

static void short_keys_need_the_configuration(void **state)
{
	struct world *world = *state;

	set(world, SCEP_REQUEST_KEY_LENGTH, 1, 1024);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	world->config.allow_legacy = ~0u;
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	world->config.allow_short_keys = true;
	assert_accepted(world);
}

static void triple_des_needs_the_configuration(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_CIPHER, 1, SCEP_CIPHER_3DES);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	world->config.allow_legacy = SCEP_LEGACY_SHA1 | SCEP_LEGACY_DES;
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	world->config.allow_legacy = SCEP_LEGACY_3DES;
	assert_accepted(world);
}

static void the_timer_is_held_to_the_same_strength(void **state)
{
	struct world *world = *state;
	struct scep_profile then = *world->profile;

	then.timer.values.key_length = 1024;
	set(world, SCEP_AUTO_KEY_LENGTH, 1, 1024);
	assert_int_equal(judge(world, world->profile, &then),
			 SCEP_INCONSISTENT_VALUE);
	forget(world);
	then = *world->profile;
	then.timer.values.signature_algorithm = SCEP_SIGN_SHA1;
	set(world, SCEP_AUTO_SIGNATURE_ALGORITHM, 1, SCEP_SIGN_SHA1);
	assert_int_equal(judge(world, world->profile, &then),
			 SCEP_INCONSISTENT_VALUE);
}

static void what_is_no_longer_allowed_stays_but_is_not_sent(void **state)
{
	struct world *world = *state;

	world->profile->server.cipher = SCEP_CIPHER_3DES;
	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	assert_accepted(world);
	send_now(world, 1);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
	set(world, SCEP_SERVER_CIPHER, 1, SCEP_CIPHER_AUTO);
	assert_acts(world, SCEP_ACTION_SEND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    claim(a_row_with_an_open_request_is_held),
	    claim(a_row_with_an_enabled_timer_is_held),
	    claim(a_row_with_an_ended_request_is_free),
	    claim(a_row_is_free_of_the_requests_of_another),
	    claim(while_the_timer_runs_the_server_is_locked),
	    claim(while_the_timer_runs_the_same_value_is_accepted),
	    claim(the_lock_is_judged_on_the_last_value_of_the_set),
	    claim(while_the_timer_runs_another_profile_is_free),
	    claim(while_the_timer_runs_send_is_refused),
	    claim(while_the_timer_waits_its_settings_may_change),
	    claim(while_a_timer_request_is_open_the_timer_is_locked),
	    claim(while_a_manual_request_is_open_its_polling_may_change),
	    claim(one_set_may_disable_and_change_or_change_and_enable),
	    claim(a_timer_can_be_stopped_while_its_request_is_open),
	    claim(enabling_needs_url_start_key_name_and_common_name),
	    claim(enabling_knows_the_use_locations),
	    claim(enabling_needs_an_active_row),
	    claim(an_enabled_timer_keeps_what_it_needs),
	    claim(a_use_location_that_went_away_holds_up_no_other_change),
	    claim(weak_algorithms_may_be_allowed_to_one_server),
	    claim(a_weak_algorithm_is_not_sent_to_another_server),
	    claim(a_server_is_known_by_its_address),
	    claim(sha1_needs_the_configuration),
	    claim(short_keys_need_the_configuration),
	    claim(triple_des_needs_the_configuration),
	    claim(the_timer_is_held_to_the_same_strength),
	    claim(what_is_no_longer_allowed_stays_but_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
