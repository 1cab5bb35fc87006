/* SPDX-License-Identifier: Apache-2.0 */
/* A Set on the engine's side: applied, confirmed, taken back, left alone
 * (MIB, rules 3, 4 and 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "tests/lib/device.h"

static void write_send(struct device *d)
{
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "web");
	device_text(d, SCEP_REQUEST_COMMON_NAME, 1, "printer.example");
	device_number(d, SCEP_REQUEST_KEY_LENGTH, 1, 1024);
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, DEVICE_SECRET);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_SEND);
}

static void revert(struct device *d)
{
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_tick(d);
}

static void a_set_is_durable_before_it_is_answered(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_PROFILE_NAME, 1, "first");
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_string_equal(device_profile(d, 1)->name, "first");
	device_restart(d);
	assert_string_equal(device_profile(d, 1)->name, "first");
}

static void a_set_that_was_taken_back_leaves_no_trace(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_PROFILE_NAME, 1, "first");
	device_number(d, SCEP_PROFILE_ROW_STATUS, 9, SCEP_ROW_CREATE_AND_GO);
	device_number(d, SCEP_STATUS_MAX_ROWS, 0, 77);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_non_null(device_profile(d, 9));
	revert(d);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(device_profile(d, 1)->name, "");
		assert_null(device_profile(d, 9));
		assert_int_equal(device_view(d)->agent.status_max_rows, 20);
		device_restart(d);
	}
}

static void a_send_that_was_taken_back_never_began(void **state)
{
	struct device *d = *state;

	write_send(d);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_int_equal(device_profile(d, 1)->request_status_index, 1);
	revert(d);
	device_run_for(d, 60);
	assert_int_equal(d->io.fetches, 0);
	assert_null(d->state.open_requests);
	assert_int_equal(device_view(d)->statuses.count, 0);
	assert_int_equal(device_profile(d, 1)->request_status_index, 0);
	assert_int_equal(
	    device_profile(d, 1)->request.challenge_password.length, 0);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
	/* LastIndex never goes back, and is not reused. */
	assert_int_equal(device_view(d)->agent.status_last_index, 1);
	device_send(d, 1);
	device_run(d);
	assert_int_equal(device_status(d)->index, 2);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void what_could_be_resumed_is_there_again_and_still_parked(void **state)
{
	struct device *d = *state;

	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run(d);
	write_send(d);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	revert(d);
	device_run_for(d, 3600);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	device_restart(d);
	device_run_for(d, 3600);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	device_run(d);
	assert_int_equal(d->ca.seen[CA_PKI], 2);
	assert_int_equal(d->ca.transactions, 1);
	device_only_key(d);
}

static void
a_cancel_that_was_taken_back_keeps_the_time_of_the_poll(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 600);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run_for(d, 100);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	revert(d);
	device_run_for(d, 499);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	device_run_for(d, 2);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(d->ca.transactions, 1);
}

static void what_nobody_confirms_counts_as_done_after_five_seconds(void **state)
{
	struct device *d = *state;

	write_send(d);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_int_equal(d->io.wake, d->io.mono + 5000);
	virtual_io_advance(&d->io, 4999);
	device_tick(d);
	device_run(d);
	assert_int_equal(d->io.fetches, 0);
	virtual_io_advance(&d->io, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	/* Too late to take it back, and the manager is told. */
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_COMMIT_FAILED);
	device_tick(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void the_next_set_confirms_the_one_before(void **state)
{
	struct device *d = *state;

	write_send(d);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_text(d, SCEP_PROFILE_NAME, 1, "first");
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	revert(d);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(device_profile(d, 1)->name, "");
}

static void a_ticket_of_another_set_confirms_nothing(void **state)
{
	struct device *d = *state;

	write_send(d);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	set_txn_confirm(&d->set_txn, &d->state, d->ticket + 1);
	device_run(d);
	assert_int_equal(d->io.fetches, 0);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket + 1, &d->verdict),
	    SCEP_COMMIT_FAILED);
	assert_int_equal(device_view(d)->statuses.count, 1);
}

/* A kill between apply and confirm: the Set was answered, or will be taken
 * for done. */
static void an_unconfirmed_send_goes_on_after_a_kill(void **state)
{
	struct device *d = *state;

	write_send(d);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_restart(d);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
}

static void a_second_send_is_refused_while_one_is_open(void **state)
{
	struct device *d = *state;

	d->io.holds_fetches = true;
	device_send(d, 1);
	device_run(d);
	write_send(d);
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
	assert_int_equal(d->verdict.item, 4);
	assert_int_equal(device_view(d)->agent.status_last_index, 1);
}

/* Neither what was begun before nor what is due: all waits for the end. */
static void nothing_else_changes_while_a_set_is_open(void **state)
{
	struct device *d = *state;

	d->io.holds_fetches = true;
	device_send(d, 1);
	device_run(d);
	virtual_io_advance(&d->io, 1000);
	device_number(d, SCEP_STATUS_MAX_ROWS, 0, 77);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	d->io.holds_fetches = false;
	device_run_for(d, 4);
	assert_int_equal(d->io.fetches, 1);
	assert_int_equal(virtual_io_pending(&d->io), 0);
	assert_int_equal(device_record(d)->step, STEP_GET_CA_CAPS);
	assert_int_equal(device_profile(d, 1)->facts.last_contact, 0);
	revert(d);
	assert_int_equal(device_view(d)->agent.status_max_rows, 20);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_view(d)->agent.key_last_change_mono,
			 d->io.mono);
}

/* Its worker has ended, and waits for the end of the Set. */
static void a_request_can_be_cancelled_whose_worker_is_held_back(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	device_run_to(d, STEP_MAKE_KEY);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run(d);
	assert_int_equal(device_files(d), 1);
	set_txn_confirm(&d->set_txn, &d->state, d->ticket);
	assert_int_equal(device_files(d), 0);
	device_run(d);
	assert_null(d->state.discarded);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CANCELLED);
}

static void what_is_held_back_ends_with_the_program(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	device_run_to(d, STEP_MAKE_KEY);
	device_text(d, SCEP_PROFILE_NAME, 1, "first");
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run(d);
	device_restart(d);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(device_profile(d, 1)->name, "first");
}

static void what_engine_shows_is_not_taken_back(void **state)
{
	struct device *d = *state;
	uint64_t keys, cas;

	device_send(d, 1);
	device_run(d);
	keys = device_view(d)->agent.key_last_change_mono;
	cas = device_view(d)->agent.ca_last_change_mono;
	virtual_io_advance(&d->io, 1000);
	device_number(d, SCEP_STATUS_MAX_ROWS, 0, 77);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	revert(d);
	assert_int_equal(device_view(d)->agent.status_max_rows, 20);
	assert_int_equal(device_view(d)->agent.key_last_change_mono, keys);
	assert_int_equal(device_view(d)->agent.ca_last_change_mono, cas);
}

static void
only_a_change_of_settings_is_a_change_of_the_configuration(void **state)
{
	struct device *d = *state;
	uint64_t first = device_view(d)->agent.config_last_change_mono;

	assert_int_equal(first, d->io.mono);
	virtual_io_advance(&d->io, 1000);
	device_send(d, 1);
	device_run(d);
	assert_int_equal(device_view(d)->agent.config_last_change_mono, first);
	device_text(d, SCEP_PROFILE_NAME, 1, "first");
	device_set(d);
	assert_int_equal(device_view(d)->agent.config_last_change_mono,
			 d->io.mono);
}

static void a_profile_that_is_destroyed_takes_its_rows_along(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_fill(d, 2);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 2);
	device_run(d);
	assert_int_equal(device_view(d)->cas.count, 1);
	assert_non_null(d->state.open_requests);
	device_set_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	for (int i = 0; i < 2; i++) {
		assert_null(device_profile(d, 2));
		assert_int_equal(device_view(d)->cas.count, 0);
		assert_null(d->state.open_requests);
		assert_int_equal(device_files(d), 0);
		device_restart(d);
	}
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_set_is_durable_before_it_is_answered),
	    TEST(a_set_that_was_taken_back_leaves_no_trace),
	    TEST(a_send_that_was_taken_back_never_began),
	    TEST(what_could_be_resumed_is_there_again_and_still_parked),
	    TEST(a_cancel_that_was_taken_back_keeps_the_time_of_the_poll),
	    TEST(what_nobody_confirms_counts_as_done_after_five_seconds),
	    TEST(the_next_set_confirms_the_one_before),
	    TEST(a_ticket_of_another_set_confirms_nothing),
	    TEST(an_unconfirmed_send_goes_on_after_a_kill),
	    TEST(a_second_send_is_refused_while_one_is_open),
	    TEST(nothing_else_changes_while_a_set_is_open),
	    TEST(a_request_can_be_cancelled_whose_worker_is_held_back),
	    TEST(what_is_held_back_ends_with_the_program),
	    TEST(what_engine_shows_is_not_taken_back),
	    TEST(only_a_change_of_settings_is_a_change_of_the_configuration),
	    TEST(a_profile_that_is_destroyed_takes_its_rows_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
