/* SPDX-License-Identifier: Apache-2.0 */
/* Timers that are enabled again: what was carried out is not repeated (MIB,
 * rule 10). */
#include "tests/unit/scep/enroll/timer_world.h"

/* Each change of the settings of a server needs it (MIB, rule 1). */
static void switch_off_and_on(struct device *d)
{
	device_set_number(d, SCEP_AUTO_ENABLE, 1, 0);
	assert_nothing_to_come(d);
	device_set_number(d, SCEP_AUTO_ENABLE, 1, 1);
	device_run(d);
}

static void run_once(struct device *d, int64_t start)
{
	enable(d, start);
	device_run_for(d, HOUR);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(timer(d)->memory.last_run, start);
}

/* Nothing was sent but the first request. */
static void assert_ran_once(struct device *d, enum scep_state state)
{
	assert_int_equal(device_view(d)->agent.status_last_index, 1);
	assert_int_equal(device_view(d)->statuses.count, 1);
	assert_int_equal(row(d, 1)->state, state);
	assert_int_equal(timer(d)->oper_status, FINISHED);
}

static void off_and_on_three_times_renews_nothing(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	run_once(d, start);
	for (int i = 0; i < 3; i++) {
		switch_off_and_on(d);
		device_run_for(d, HOUR);
		device_run(d);
	}
	assert_ran_once(d, SCEP_STATE_SUCCESSFUL);
	device_restart(d);
	assert_int_equal(timer(d)->memory.last_run, start);
	assert_ran_once(d, SCEP_STATE_SUCCESSFUL);
	/* Another start is another due time. */
	device_set_number(d, SCEP_AUTO_START_TIME, 1, d->io.wall);
	device_run(d);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
}

static void five_changes_of_the_url_renew_nothing(void **state)
{
	struct device *d = *state;

	run_once(d, d->io.wall + HOUR);
	for (int i = 0; i < 5; i++) {
		device_number(d, SCEP_AUTO_ENABLE, 1, 0);
		device_text(d, SCEP_SERVER_URL, 1,
			    i % 2 ? DEVICE_URL : "http://other.example/scep");
		device_set(d);
		if (i == 2)
			device_restart(d);
		device_set_number(d, SCEP_AUTO_ENABLE, 1, 1);
		device_run_for(d, HOUR);
		device_run(d);
	}
	assert_ran_once(d, SCEP_STATE_SUCCESSFUL);
	assert_int_equal(device_view(d)->keys.count, 1);
}

static void off_and_on_repeats_no_error(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 2);
	enable_periodic(d, start, CALENDAR_DAYS, 1);
	device_run_for(d, HOUR);
	device_run(d);
	assert_int_equal(row(d, 1)->state, SCEP_STATE_ERROR);
	switch_off_and_on(d);
	assert_waits_for(d, start + DAY, SCEP_TRIGGER_PERIODIC);
	assert_int_equal(timer(d)->memory.last_run, start);
}

static void a_due_time_while_disabled_is_run_when_enabled(void **state)
{
	struct device *d = *state;
	int64_t start = d->io.wall + HOUR;

	enable_periodic(d, start, CALENDAR_DAYS, 1);
	device_run_for(d, HOUR);
	device_run(d);
	device_set_number(d, SCEP_AUTO_ENABLE, 1, 0);
	device_run_for(d, 2 * DAY);
	device_set_number(d, SCEP_AUTO_ENABLE, 1, 1);
	device_run(d);
	assert_row(d, 3, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_int_equal(timer(d)->memory.last_run, start + 2 * DAY);
	switch_off_and_on(d);
	assert_waits_for(d, start + 3 * DAY, SCEP_TRIGGER_PERIODIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(off_and_on_three_times_renews_nothing),
	    TEST(five_changes_of_the_url_renew_nothing),
	    TEST(off_and_on_repeats_no_error),
	    TEST(a_due_time_while_disabled_is_run_when_enabled),
	};

	return cmocka_run_group_tests_name("timers: again", tests, NULL, NULL);
}
