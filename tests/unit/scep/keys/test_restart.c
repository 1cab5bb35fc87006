/* SPDX-License-Identifier: Apache-2.0 */
/* A restart of the device, as the engine sees it (MIB, rule 14). */
#include "tests/unit/scep/enroll/timer_world.h"

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/keys/restart.h"
#include "tests/lib/disk.h"
#include "tests/lib/log_lines.h"

static int restart_setup(void **state)
{
	int failure = timer_setup(state);
	struct device *d = *state;

	disk_reset();
	if (failure == 0) {
		d->config.has_restart_command = true;
		d->state.config.has_restart_command = true;
	}
	return failure;
}

#define RESTART_TEST(name)                                                     \
	cmocka_unit_test_setup_teardown(name, restart_setup, device_teardown)

static void forget_command(struct device *d)
{
	d->config.has_restart_command = false;
	d->state.config.has_restart_command = false;
}

static unsigned int begun(struct device *d)
{
	return device_events(d, SCEP_EVENT_RESTART);
}

static bool is_pending(struct device *d)
{
	bool is_reason =
	    (device_view(d)->agent.health_reason & HEALTH_RESTART_PENDING) != 0;

	assert_int_equal(is_reason, device_view(d)->agent.restart_pending);
	return is_reason;
}

static uint32_t wanted_on_disk(struct device *d)
{
	device_restart(d);
	return d->state.view.agent.restart_wanted;
}

static void end_restart(struct device *d, bool is_good)
{
	restart_end(&d->state, is_good);
	device_tick(d);
}

/* A timer that restarts the device, up to its time. */
static void enable_with_restart(struct device *d)
{
	device_number(d, SCEP_AUTO_RESTART, 1, 1);
	enable(d, d->io.wall + HOUR);
	virtual_io_advance(&d->io, HOUR * 1000);
	device_tick(d);
}

/* Until the request has ended, before the engine's next tick. */
static void run_to_its_end(struct device *d)
{
	while (scep_status_is_open(device_status(d))) {
		assert_true(virtual_io_step(&d->io));
		if (scep_status_is_open(device_status(d)))
			device_tick(d);
	}
}

/* ------------------------------------------------------ by the manager -- */

static void a_Set_begins_it_when_it_is_confirmed(void **state)
{
	struct device *d = *state;

	assert_false(is_pending(d));
	device_number(d, SCEP_AGENT_RESTART, 0, 2);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_int_equal(begun(d), 0);
	set_txn_confirm(&d->set_txn, &d->state, d->ticket);
	device_tick(d);
	assert_int_equal(begun(d), 1);
	assert_int_equal(d->events[d->event_count - 1].index, 0);
	assert_true(is_pending(d));
	end_restart(d, true);
	assert_false(is_pending(d));
	device_run_for(d, HOUR);
	assert_int_equal(begun(d), 1);
	assert_int_equal(device_events(d, SCEP_EVENT_RESTART_REQUIRED), 0);
}

static void noop_begins_nothing(void **state)
{
	struct device *d = *state;

	device_set_number(d, SCEP_AGENT_RESTART, 0, 1);
	device_number(d, SCEP_AGENT_RESTART, 0, 2);
	device_number(d, SCEP_AGENT_RESTART, 0, 1);
	device_set(d);
	device_run_for(d, HOUR);
	assert_int_equal(begun(d), 0);
	assert_false(is_pending(d));
}

static void a_Set_that_is_taken_back_begins_nothing(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_AGENT_RESTART, 0, 2);
	device_number(d, SCEP_STATUS_MAX_ROWS, 0, 25);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_tick(d);
	device_run_for(d, HOUR);
	assert_int_equal(begun(d), 0);
	assert_false(is_pending(d));
	assert_int_equal(wanted_on_disk(d), 0);
	assert_int_equal(begun(d), 0);
}

static void a_Set_that_nobody_confirms_begins_it_after_a_while(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_AGENT_RESTART, 0, 2);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run_for(d, 60);
	assert_int_equal(begun(d), 1);
}

static void a_kill_before_it_begins_does_not_lose_it(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_AGENT_RESTART, 0, 2);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_restart(d);
	assert_int_equal(begun(d), 1);
	/* The command has restarted the device: that was it. */
	device_restart(d);
	device_run_for(d, HOUR);
	assert_int_equal(begun(d), 1);
	assert_false(is_pending(d));
}

static void a_failed_command_leaves_it_pending(void **state)
{
	struct device *d = *state;

	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	end_restart(d, false);
	assert_true(is_pending(d));
	device_run_for(d, HOUR);
	assert_int_equal(begun(d), 1);
	assert_true(is_pending(d));
	/* The registry is empty: there is no key to be named. */
	assert_int_equal(device_events(d, SCEP_EVENT_RESTART_REQUIRED), 0);
	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	assert_int_equal(begun(d), 2);
	end_restart(d, true);
	assert_false(is_pending(d));
}

static void one_is_run_at_a_time(void **state)
{
	struct device *d = *state;

	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	assert_int_equal(begun(d), 1);
	end_restart(d, true);
	/* Those that came while it ran are one. */
	assert_int_equal(begun(d), 2);
	assert_true(is_pending(d));
	end_restart(d, true);
	assert_int_equal(begun(d), 2);
	assert_false(is_pending(d));
}

static void a_command_that_is_not_heard_of_has_failed(void **state)
{
	struct device *d = *state;

	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	device_run_for(d, HOUR);
	assert_true(is_pending(d));
	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	assert_int_equal(begun(d), 2);
}

static void an_end_that_nobody_waits_for_is_passed_over(void **state)
{
	struct device *d = *state;

	end_restart(d, false);
	assert_false(is_pending(d));
	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	end_restart(d, false);
	end_restart(d, true);
	assert_true(is_pending(d));
}

static void without_a_command_it_is_only_shown(void **state)
{
	struct device *d = *state;

	forget_command(d);
	device_send(d, 1);
	device_run(d);
	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	device_run_for(d, HOUR);
	assert_int_equal(begun(d), 0);
	assert_true(is_pending(d));
	assert_int_equal(device_events(d, SCEP_EVENT_RESTART_REQUIRED), 1);
	device_restart(d);
	assert_false(is_pending(d));
	assert_int_equal(begun(d), 0);
}

static void the_log_says_who_wants_it(void **state)
{
	struct device *d = *state;

	log_lines_begin();
	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	assert_non_null(strstr(log_lines, "N restart: wanted by the manager: "
					  "the restart command runs\n"));
	end_restart(d, true);
	enable_with_restart(d);
	device_run(d);
	assert_non_null(strstr(log_lines,
			       "N restart: wanted by the timer for key 1 (web, "
			       "profile 1): the restart command runs\n"));
	end_restart(d, false);
	forget_command(d);
	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	assert_non_null(strstr(log_lines, "W restart: wanted by the manager: "
					  "there is no restartCommand"));
}

/* --------------------------------------------------------- by the timer -- */

static void a_run_of_the_timer_restarts_the_device_once(void **state)
{
	struct device *d = *state;

	enable_with_restart(d);
	run_to_its_end(d);
	/* It is wanted from the moment of the success, ... */
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_true(is_pending(d));
	assert_int_equal(begun(d), 0);
	device_run(d);
	/* ... and named after the key that it brought. */
	assert_int_equal(begun(d), 1);
	assert_int_equal(d->events[d->event_count - 1].index,
			 device_only_key(d)->index);
	assert_true(is_pending(d));
	end_restart(d, true);
	device_run_for(d, DAY);
	assert_int_equal(begun(d), 1);
	assert_false(is_pending(d));
}

static void a_kill_between_success_and_command_still_runs_it_once(void **state)
{
	struct device *d = *state;

	enable_with_restart(d);
	run_to_its_end(d);
	assert_int_equal(begun(d), 0);
	device_restart(d);
	assert_int_equal(begun(d), 1);
	assert_int_equal(d->events[d->event_count - 1].index,
			 device_only_key(d)->index);
	device_restart(d);
	device_run_for(d, DAY);
	assert_int_equal(begun(d), 1);
}

static void a_command_that_restarts_the_device_is_not_run_again(void **state)
{
	struct device *d = *state;

	enable_with_restart(d);
	device_run(d);
	assert_int_equal(begun(d), 1);
	assert_int_equal(wanted_on_disk(d), 0);
	device_run_for(d, DAY);
	assert_int_equal(begun(d), 1);
	assert_false(is_pending(d));
}

static void each_period_restarts_it_again(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_AUTO_RESTART, 1, 1);
	enable_periodic(d, d->io.wall + HOUR, CALENDAR_HOURS, 1);
	for (unsigned int i = 1; i <= 3; i++) {
		device_run_for(d, HOUR + 1);
		assert_int_equal(begun(d), i);
		end_restart(d, true);
	}
}

static void nothing_else_restarts_it(void **state)
{
	struct device *d = *state;

	/* A run that fails, ... */
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	device_number(d, SCEP_AUTO_RESTART, 1, 1);
	enable(d, d->io.wall + HOUR);
	device_run_for(d, HOUR + 1);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_SCEP_ERROR);
	/* ... a manual request of the same profile, ... */
	device_set_number(d, SCEP_AUTO_ENABLE, 1, 0);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	/* ... and one of a timer that is not to restart. */
	device_number(d, SCEP_AUTO_RESTART, 1, 0);
	enable(d, d->io.wall + HOUR);
	device_run_for(d, HOUR + 1);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(begun(d), 0);
	assert_false(is_pending(d));
}

/* A Set that is taken back must not take back what the end has changed. */
static void its_end_waits_for_the_end_of_a_Set(void **state)
{
	struct device *d = *state;

	device_set_number(d, SCEP_AGENT_RESTART, 0, 2);
	assert_int_equal(begun(d), 1);
	device_number(d, SCEP_STATUS_MAX_ROWS, 0, 25);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	end_restart(d, true);
	assert_true(is_pending(d));
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_tick(d);
	assert_false(is_pending(d));
	device_run_for(d, HOUR);
	assert_int_equal(begun(d), 1);
}

static void it_waits_for_an_open_Set_and_outlives_its_revert(void **state)
{
	struct device *d = *state;

	enable_with_restart(d);
	device_number(d, SCEP_AGENT_RESTART, 0, 2);
	device_number(d, SCEP_STATUS_MAX_ROWS, 0, 25);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run(d);
	assert_int_equal(begun(d), 0);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_view(d)->agent.status_max_rows, 20);
	assert_int_equal(begun(d), 1);
	assert_int_equal(d->events[d->event_count - 1].index,
			 device_only_key(d)->index);
	end_restart(d, true);
	assert_int_equal(begun(d), 1);
	assert_false(is_pending(d));
}

static void other_requests_go_on_after_it(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_set(d);
	device_fill(d, 2);
	enable_with_restart(d);
	run_to_its_end(d);
	device_send(d, 2);
	assert_int_equal(begun(d), 1);
	assert_true(scep_status_is_open(device_status(d)));
	device_restart(d);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(begun(d), 1);
}

/* The run of a timer while the disk allows so many writes.  Returns whether
 * it wanted more. */
static bool is_cut_after(struct device *d, unsigned int writes)
{
	bool is_cut;

	device_number(d, SCEP_AUTO_RESTART, 1, 1);
	enable(d, d->io.wall + HOUR);
	disk_reset();
	disk.last = writes;
	virtual_io_advance(&d->io, HOUR * 1000);
	device_tick(d);
	device_run(d);
	is_cut = disk.writes >= writes;
	disk_reset();
	return is_cut;
}

static void a_power_cut_at_any_write_leaves_one_restart(void **state)
{
	struct device *d = *state;
	unsigned int writes = 1;

	while (is_cut_after(d, writes)) {
		device_restart(d);
		device_run_for(d, HOUR);
		assert_int_equal(begun(d), 1);
		assert_int_equal(d->state.view.agent.restart_wanted, 0);
		device_teardown(state);
		assert_int_equal(restart_setup(state), 0);
		d = *state;
		writes++;
	}
	assert_int_equal(begun(d), 1);
	assert_true(writes > 8);
}

static void it_waits_until_the_disk_is_well_again(void **state)
{
	struct device *d = *state;

	enable_with_restart(d);
	run_to_its_end(d);
	disk.is_full = true;
	device_run_for(d, 60);
	assert_int_equal(begun(d), 0);
	assert_true(is_pending(d));
	disk_reset();
	device_run_for(d, 60);
	assert_int_equal(begun(d), 1);
	end_restart(d, true);
	assert_false(is_pending(d));
}

static void a_Set_that_the_disk_refuses_wants_nothing(void **state)
{
	struct device *d = *state;

	disk.is_full = true;
	device_number(d, SCEP_AGENT_RESTART, 0, 2);
	assert_int_equal(device_apply(d), SCEP_COMMIT_FAILED);
	disk_reset();
	device_run_for(d, HOUR);
	assert_int_equal(begun(d), 0);
	assert_false(is_pending(d));
}

static void without_a_command_the_new_key_is_named(void **state)
{
	struct device *d = *state;

	forget_command(d);
	enable_with_restart(d);
	device_run(d);
	assert_int_equal(begun(d), 0);
	assert_true(is_pending(d));
	assert_int_equal(device_events(d, SCEP_EVENT_RESTART_REQUIRED), 1);
	assert_int_equal(d->events[d->event_count - 1].index,
			 device_only_key(d)->index);
}

static void a_failed_command_names_the_key(void **state)
{
	struct device *d = *state;

	enable_with_restart(d);
	device_run(d);
	end_restart(d, false);
	assert_true(is_pending(d));
	assert_int_equal(device_events(d, SCEP_EVENT_RESTART_REQUIRED), 1);
	assert_int_equal(d->events[d->event_count - 1].index,
			 device_only_key(d)->index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RESTART_TEST(a_Set_begins_it_when_it_is_confirmed),
	    RESTART_TEST(noop_begins_nothing),
	    RESTART_TEST(a_Set_that_is_taken_back_begins_nothing),
	    RESTART_TEST(a_Set_that_nobody_confirms_begins_it_after_a_while),
	    RESTART_TEST(a_kill_before_it_begins_does_not_lose_it),
	    RESTART_TEST(a_failed_command_leaves_it_pending),
	    RESTART_TEST(one_is_run_at_a_time),
	    RESTART_TEST(a_command_that_is_not_heard_of_has_failed),
	    RESTART_TEST(an_end_that_nobody_waits_for_is_passed_over),
	    RESTART_TEST(without_a_command_it_is_only_shown),
	    RESTART_TEST(the_log_says_who_wants_it),
	    RESTART_TEST(a_run_of_the_timer_restarts_the_device_once),
	    RESTART_TEST(a_kill_between_success_and_command_still_runs_it_once),
	    RESTART_TEST(a_command_that_restarts_the_device_is_not_run_again),
	    RESTART_TEST(each_period_restarts_it_again),
	    RESTART_TEST(nothing_else_restarts_it),
	    RESTART_TEST(its_end_waits_for_the_end_of_a_Set),
	    RESTART_TEST(it_waits_for_an_open_Set_and_outlives_its_revert),
	    RESTART_TEST(other_requests_go_on_after_it),
	    RESTART_TEST(a_power_cut_at_any_write_leaves_one_restart),
	    RESTART_TEST(it_waits_until_the_disk_is_well_again),
	    RESTART_TEST(a_Set_that_the_disk_refuses_wants_nothing),
	    RESTART_TEST(without_a_command_the_new_key_is_named),
	    RESTART_TEST(a_failed_command_names_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
