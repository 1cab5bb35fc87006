/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing of a request that was successful is in the next one (MIB, rule 4). */
#include "tests/unit/scep/enroll/timer_world.h"

#include "scep/key_row.h"
#include "scep/settings/settings.h"

/* Adds values that the next request must not have. */
static void add_special(struct device *d)
{
	device_text(d, SCEP_REQUEST_ORGANIZATION, 1, "Example");
	device_text(d, SCEP_REQUEST_SUBJECT_EXTRA, 1, "OU=Print");
	device_text(d, SCEP_REQUEST_SUBJECT_ALT_NAME, 1, "DNS:alias.example");
	device_text(d, SCEP_REQUEST_EXTENDED_KEY_USAGE, 1, "serverAuth");
	device_text(d, SCEP_REQUEST_TEMPLATE, 1, "Machine");
	device_number(d, SCEP_REQUEST_KEY_USAGE, 1, 1);
	device_number(d, SCEP_REQUEST_SIGNATURE_ALGORITHM, 1, SCEP_SIGN_SHA512);
}

static const struct scep_values *values(struct device *d)
{
	return &device_profile(d, 1)->request;
}

static void assert_defaults(struct device *d)
{
	struct scep_values preset;

	settings_preset_values(&preset);
	assert_memory_equal(values(d), &preset, sizeof(preset));
}

/* Sends a request that the CA keeps PENDING for a minute. */
static void send_pending(struct device *d)
{
	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	add_special(d);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
}

static void end_well(struct device *d)
{
	device_run_for(d, 2 * MINUTE);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_MANUAL);
}

/* ----------------------------------------------------------------- tests -- */

static void the_next_request_has_nothing_of_the_last(void **state)
{
	struct device *d = *state;
	const struct scep_key *key;

	add_special(d);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_defaults(d);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	key = scep_rows_find(&device_view(d)->keys, 2);
	assert_non_null(key);
	assert_string_equal(key->subject, "CN=printer.example");
	assert_defaults(d);
}

static void they_go_back_when_the_request_ends_and_not_before(void **state)
{
	struct device *d = *state;

	send_pending(d);
	assert_string_equal(values(d)->subject_extra, "OU=Print");
	end_well(d);
	assert_defaults(d);
}

static void what_was_set_meanwhile_stays(void **state)
{
	struct device *d = *state;

	send_pending(d);
	/* The same value once more is a value for the next request, too. */
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "web");
	device_text(d, SCEP_REQUEST_ORGANIZATION, 1, "Another");
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, "for the next");
	device_set(d);
	end_well(d);
	assert_string_equal(values(d)->key_name, "web");
	assert_string_equal(values(d)->organization, "Another");
	assert_int_equal(values(d)->challenge_password.length,
			 strlen("for the next"));
	assert_string_equal(values(d)->common_name, "");
	assert_string_equal(values(d)->subject_extra, "");
	/* Sent, they are like the others. */
	device_send(d, 1);
	device_run(d);
	assert_defaults(d);
}

static void cancel_leaves_the_challenge_for_the_next(void **state)
{
	struct device *d = *state;

	send_pending(d);
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, "for the next");
	device_set(d);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_int_equal(values(d)->challenge_password.length,
			 strlen("for the next"));
}

static void the_same_value_alone_is_set_again(void **state)
{
	struct device *d = *state;

	send_pending(d);
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "web");
	device_set(d);
	end_well(d);
	assert_string_equal(values(d)->key_name, "web");
	assert_string_equal(values(d)->subject_extra, "");
}

static void what_a_reverted_set_wrote_does_not_stay(void **state)
{
	struct device *d = *state;

	send_pending(d);
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "web");
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	end_well(d);
	assert_defaults(d);
}

static void after_an_error_they_stay_for_another_try(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	add_special(d);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_SCEP_ERROR);
	assert_string_equal(values(d)->subject_extra, "OU=Print");
	assert_string_equal(values(d)->key_name, "web");
	assert_int_equal(values(d)->challenge_password.length, 0);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_SEND);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_defaults(d);
}

static void those_of_a_resumed_request_go_back_too(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	add_special(d);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_DEFERRED);
	assert_string_equal(values(d)->subject_extra, "OU=Print");
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, DEVICE_SECRET);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	device_set(d);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_MANUAL);
	assert_defaults(d);
}

/* They have been sent, and are there for another try. */
static void a_run_of_the_timer_leaves_what_a_failure_left(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	add_special(d);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_SCEP_ERROR);
	enable(d, d->io.wall + HOUR);
	device_run_for(d, HOUR);
	device_run(d);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_string_equal(values(d)->subject_extra, "OU=Print");
}

static void a_run_of_the_timer_touches_no_value(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "manual");
	device_set(d);
	enable(d, d->io.wall + HOUR);
	device_run_for(d, HOUR);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_string_equal(values(d)->key_name, "manual");
	assert_string_equal(timer(d)->values.key_name, "web");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_next_request_has_nothing_of_the_last),
	    TEST(they_go_back_when_the_request_ends_and_not_before),
	    TEST(what_was_set_meanwhile_stays),
	    TEST(cancel_leaves_the_challenge_for_the_next),
	    TEST(a_run_of_the_timer_leaves_what_a_failure_left),
	    TEST(the_same_value_alone_is_set_again),
	    TEST(what_a_reverted_set_wrote_does_not_stay),
	    TEST(after_an_error_they_stay_for_another_try),
	    TEST(those_of_a_resumed_request_go_back_too),
	    TEST(a_run_of_the_timer_touches_no_value),
	};

	return cmocka_run_group_tests_name("leftovers", tests, NULL, NULL);
}
