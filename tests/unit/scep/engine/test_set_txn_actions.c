/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of scepRequestAction that are taken and refused: one test for each
 * claim of the MIB's rules 3, 4 and 9.
 */
#include "tests/unit/scep/settings/draft_world.h"

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/values.h"

/* ----------------------------------------------------- actions (rule 3) -- */

static void send_is_noted(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_TIMEOUT, 1, 60);
	send_now(world, 1);
	assert_acts(world, SCEP_ACTION_SEND);
	assert_int_equal(world->draft.actions[0].index, 1);
	assert_int_equal(world->draft.actions[0].item, 1);
}

static void send_alone_changes_no_row(void **state)
{
	struct world *world = *state;

	send_now(world, 1);
	assert_acts(world, SCEP_ACTION_SEND);
	assert_int_equal(world->draft.profiles.count, 0);
}

static void noop_is_no_action(void **state)
{
	struct world *world = *state;

	set(world, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_NOOP);
	assert_accepted(world);
	assert_int_equal(world->draft.action_count, 0);
	assert_int_equal(world->draft.profiles.count, 0);
}

static void an_action_that_is_none_is_wrong_value(void **state)
{
	struct world *world = *state;

	set(world, SCEP_REQUEST_ACTION, 1, 6);
	assert_refused(world, SCEP_WRONG_VALUE, 0);
}

static void send_needs_url_key_name_and_common_name(void **state)
{
	static const enum scep_field needs[] = {
	    SCEP_SERVER_URL, SCEP_REQUEST_KEY_NAME, SCEP_REQUEST_COMMON_NAME};
	struct world *world = *state;

	for (size_t i = 0; i < 3; i++) {
		forget(world);
		send_now(world, 1);
		set_text(world, needs[i], 1, "");
		assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	}
}

static void send_goes_by_the_values_of_the_same_set(void **state)
{
	struct world *world = *state;

	settings_preset_values(&world->profile->request);
	world->profile->server.url[0] = '\0';
	send_now(world, 1);
	set_text(world, SCEP_REQUEST_COMMON_NAME, 1, "a.example");
	set_text(world, SCEP_REQUEST_KEY_NAME, 1, "wifi");
	set_text(world, SCEP_SERVER_URL, 1, URL);
	assert_acts(world, SCEP_ACTION_SEND);
	assert_string_equal(after(world, 1)->request.key_name, "wifi");
}

static void send_while_a_request_is_open_is_refused(void **state)
{
	struct world *world = *state;
	struct scep_status *status =
	    add_status(world, 5, 1, SCEP_STATE_TO_BE_PROCESSED, SCEP_NONE);

	send_now(world, 1);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	status->state = SCEP_STATE_PROCESSING;
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	status->state = SCEP_STATE_SUCCESSFUL;
	assert_acts(world, SCEP_ACTION_SEND);
}

static void send_is_free_of_the_requests_of_other_profiles(void **state)
{
	struct world *world = *state;

	add_profile(world, 2);
	add_status(world, 5, 2, SCEP_STATE_PROCESSING, SCEP_NONE);
	send_now(world, 1);
	assert_acts(world, SCEP_ACTION_SEND);
}

static void send_needs_an_active_row(void **state)
{
	struct world *world = *state;

	world->profile->row_status = SCEP_ROW_NOT_IN_SERVICE;
	send_now(world, 1);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	set(world, SCEP_PROFILE_ROW_STATUS, 1, SCEP_ROW_ACTIVE);
	assert_acts(world, SCEP_ACTION_SEND);
}

static void send_knows_the_use_locations(void **state)
{
	static const char *const bad[] = {"mail",  "web,mail", "web,", ",web",
					  "WEB",   "we",       "webs", " ",
					  "web;a", ","};
	static const char *const good[] = {"", "web", "web,wifi", "wifi , web"};
	struct world *world = *state;

	add_use(world, 1, "web");
	add_use(world, 2, "wifi");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		forget(world);
		set_text(world, SCEP_REQUEST_USE_LOCATION, 1, bad[i]);
		send_now(world, 1);
		assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		forget(world);
		set_text(world, SCEP_REQUEST_USE_LOCATION, 1, good[i]);
		send_now(world, 1);
		assert_acts(world, SCEP_ACTION_SEND);
	}
}

static void an_unknown_use_location_may_be_written_ahead(void **state)
{
	struct world *world = *state;

	set_text(world, SCEP_REQUEST_USE_LOCATION, 1, "later");
	assert_accepted(world);
}

static void send_does_not_ask_for_a_standard_server(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_REQUIRE_STANDARD, 1, 1);
	send_now(world, 1);
	assert_acts(world, SCEP_ACTION_SEND);
}

static void cancel_needs_an_open_request(void **state)
{
	struct world *world = *state;
	struct scep_status *status;

	set(world, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	status = add_status(world, 5, 1, SCEP_STATE_ERROR, SCEP_DEFERRED);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	status->state = SCEP_STATE_PROCESSING;
	assert_acts(world, SCEP_ACTION_CANCEL);
}

static void of_two_actions_on_one_profile_the_last_counts(void **state)
{
	struct world *world = *state;

	set(world, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	send_now(world, 1);
	assert_acts(world, SCEP_ACTION_SEND);
	assert_int_equal(world->draft.actions[0].item, 1);
	set(world, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_NOOP);
	assert_accepted(world);
	assert_int_equal(world->draft.action_count, 0);
}

static void actions_of_several_profiles_are_noted_in_order(void **state)
{
	struct world *world = *state;

	add_profile(world, 2);
	send_now(world, 2);
	send_now(world, 1);
	assert_accepted(world);
	assert_int_equal(world->draft.action_count, 2);
	assert_int_equal(world->draft.actions[0].index, 2);
	assert_int_equal(world->draft.actions[1].index, 1);
}

static void one_refused_action_refuses_the_whole_set(void **state)
{
	struct world *world = *state;

	add_profile(world, 2);
	send_now(world, 2);
	set(world, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
}

static void a_profile_that_goes_away_takes_no_action(void **state)
{
	struct world *world = *state;

	add_profile(world, 2);
	set(world, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	send_now(world, 2);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
}

/* ----------------------------------------------------- pollNow (rule 9) -- */

static void poll_now(struct world *world)
{
	set(world, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
}

static void poll_now_needs_a_request(void **state)
{
	struct world *world = *state;

	poll_now(world);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	add_status(world, 5, 1, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	assert_acts(world, SCEP_ACTION_POLL_NOW);
}

static void poll_now_resumes_what_ended_resumable(void **state)
{
	static const enum scep_code resumable[] = {
	    SCEP_DEFERRED, SCEP_COMM_ERROR, SCEP_HTTP_ERROR};
	struct world *world = *state;
	struct scep_status *status =
	    add_status(world, 5, 1, SCEP_STATE_ERROR, SCEP_NONE);

	world->view.suspended[1] = 5;
	poll_now(world);
	for (size_t i = 0; i < 3; i++) {
		status->detail = resumable[i];
		assert_acts(world, SCEP_ACTION_POLL_NOW);
	}
}

static void poll_now_does_not_resume_what_is_over(void **state)
{
	static const enum scep_code over[] = {
	    SCEP_SCEP_ERROR, SCEP_BAD_RESPONSE, SCEP_CA_NOT_TRUSTED,
	    SCEP_CANCELLED, SCEP_REGISTRATION_LIMIT};
	struct world *world = *state;
	struct scep_status *status =
	    add_status(world, 5, 1, SCEP_STATE_ERROR, SCEP_NONE);

	world->view.suspended[1] = 5;
	poll_now(world);
	for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
		status->detail = over[i];
		assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
	}
	status->state = SCEP_STATE_SUCCESSFUL;
	status->detail = SCEP_DEFERRED;
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
}

static void poll_now_resumes_the_request_of_a_timer(void **state)
{
	struct world *world = *state;

	enable_timer(world->profile);
	add_status(world, 5, 1, SCEP_STATE_ERROR, SCEP_DEFERRED)->trigger =
	    SCEP_TRIGGER_TIMER;
	world->view.suspended[1] = 5;
	poll_now(world);
	assert_acts(world, SCEP_ACTION_POLL_NOW);
	/* The next run, or clear, has dropped what it needs. */
	world->view.suspended[1] = 0;
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
}

static void poll_now_leaves_the_requests_of_other_profiles(void **state)
{
	struct world *world = *state;

	add_status(world, 5, 2, SCEP_STATE_ERROR, SCEP_DEFERRED);
	world->view.suspended[2] = 5;
	poll_now(world);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 0);
}

/* ------------------------------------------------------- clear (rule 4) -- */

static void clear_empties_all_request_values(void **state)
{
	struct world *world = *state;
	struct scep_values defaults;

	settings_preset_values(&defaults);
	world->profile->request.key_length = 4096;
	world->profile->request.key_usage = 1;
	world->profile->request.challenge_password.length = 255;
	memset(world->profile->request.challenge_password.data, 'Z', 255);
	set(world, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CLEAR);
	set_text(world, SCEP_REQUEST_ORGANIZATION, 1, "too late");
	assert_acts(world, SCEP_ACTION_CLEAR);
	assert_memory_equal(&after(world, 1)->request, &defaults,
			    sizeof(defaults));
	assert_false(world->draft.is_durable[1]);
}

static void clear_leaves_server_and_timer(void **state)
{
	struct world *world = *state;

	strcpy(world->profile->timer.values.key_name, "kept");
	set(world, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CLEAR);
	assert_accepted(world);
	assert_string_equal(after(world, 1)->server.url, URL);
	assert_string_equal(after(world, 1)->timer.values.key_name, "kept");
}

static void clear_is_free_of_an_open_request(void **state)
{
	struct world *world = *state;

	add_status(world, 5, 1, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	set(world, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CLEAR);
	assert_acts(world, SCEP_ACTION_CLEAR);
	assert_string_equal(after(world, 1)->request.key_name, "");
}

static void a_challenge_is_held_and_taken_away_by_the_empty_string(void **state)
{
	struct world *world = *state;

	set_text(world, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, "tiger");
	assert_accepted(world);
	assert_int_equal(after(world, 1)->request.challenge_password.length, 5);
	assert_memory_equal(after(world, 1)->request.challenge_password.data,
			    "tiger", 5);
	assert_false(world->draft.is_durable[1]);
	world->profile->request.challenge_password =
	    after(world, 1)->request.challenge_password;
	forget(world);
	set_text(world, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, "");
	assert_accepted(world);
	assert_int_equal(after(world, 1)->request.challenge_password.length, 0);
	assert_int_equal(after(world, 1)->request.challenge_password.data[0],
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    claim(send_is_noted),
	    claim(send_alone_changes_no_row),
	    claim(noop_is_no_action),
	    claim(an_action_that_is_none_is_wrong_value),
	    claim(send_needs_url_key_name_and_common_name),
	    claim(send_goes_by_the_values_of_the_same_set),
	    claim(send_while_a_request_is_open_is_refused),
	    claim(send_is_free_of_the_requests_of_other_profiles),
	    claim(send_needs_an_active_row),
	    claim(send_knows_the_use_locations),
	    claim(an_unknown_use_location_may_be_written_ahead),
	    claim(send_does_not_ask_for_a_standard_server),
	    claim(cancel_needs_an_open_request),
	    claim(of_two_actions_on_one_profile_the_last_counts),
	    claim(actions_of_several_profiles_are_noted_in_order),
	    claim(one_refused_action_refuses_the_whole_set),
	    claim(a_profile_that_goes_away_takes_no_action),
	    claim(poll_now_needs_a_request),
	    claim(poll_now_resumes_what_ended_resumable),
	    claim(poll_now_does_not_resume_what_is_over),
	    claim(poll_now_resumes_the_request_of_a_timer),
	    claim(poll_now_leaves_the_requests_of_other_profiles),
	    claim(clear_empties_all_request_values),
	    claim(clear_leaves_server_and_timer),
	    claim(clear_is_free_of_an_open_request),
	    claim(a_challenge_is_held_and_taken_away_by_the_empty_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
