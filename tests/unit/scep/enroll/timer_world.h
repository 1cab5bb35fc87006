/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common parts of the tests of the timer: a device (tests/lib/device.h)
 * whose profiles have a timer that is to be enabled, and what it shows.
 */
#ifndef TESTS_UNIT_SCEP_ENROLL_TIMER_WORLD_H
#define TESTS_UNIT_SCEP_ENROLL_TIMER_WORLD_H

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
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/schedule/calendar.h"
#include "scep/schedule/schedule.h"
#include "tests/lib/device.h"

#define MINUTE INT64_C(60)
#define HOUR   INT64_C(3600)
#define DAY    INT64_C(86400)

/* scepAutoOperStatus */
enum { DISABLED = 1, WAITING, REQUESTING, POLLING, FINISHED, BLOCKED };

static inline int timer_setup(void **state)
{
	int failure = device_setup(state);
	struct device *d = *state;

	if (failure == 0) {
		d->config.key_limit = 100;
		d->state.config.key_limit = 100;
	}
	return failure;
}

/* Adds to the next Set all that Enable needs, and Enable. */
static inline void add_timer(struct device *d, uint32_t profile, int64_t start)
{
	device_text(d, SCEP_AUTO_KEY_NAME, profile, "web");
	device_text(d, SCEP_AUTO_COMMON_NAME, profile, "printer.example");
	device_number(d, SCEP_AUTO_KEY_LENGTH, profile, 1024);
	device_text(d, SCEP_AUTO_CHALLENGE_PASSWORD, profile, DEVICE_SECRET);
	device_number(d, SCEP_AUTO_START_TIME, profile, start);
	device_number(d, SCEP_AUTO_ENABLE, profile, 1);
}

static inline void add_period(struct device *d, uint32_t profile,
			      enum calendar_unit unit, uint32_t interval)
{
	device_number(d, SCEP_AUTO_PERIODIC, profile, 1);
	device_number(d, SCEP_AUTO_PERIODIC_UNIT, profile, unit);
	device_number(d, SCEP_AUTO_PERIODIC_INTERVAL, profile, interval);
}

/* One run at `start`. */
static inline void enable(struct device *d, int64_t start)
{
	add_timer(d, 1, start);
	device_set(d);
}

static inline void enable_periodic(struct device *d, int64_t start,
				   enum calendar_unit unit, uint32_t interval)
{
	add_period(d, 1, unit, interval);
	enable(d, start);
}

static inline const struct scep_timer *timer(struct device *d)
{
	return &device_profile(d, 1)->timer;
}

/* The row that announces the next run of a profile, or NULL. */
static inline const struct scep_status *announced(struct device *d,
						  uint32_t profile)
{
	const struct scep_rows *rows = &device_view(d)->statuses;
	const struct scep_status *found = NULL;

	ROWS_EACH (i, rows) {
		const struct scep_status *status = rows->row[i];

		if (status->profile_index != profile ||
		    status->state != SCEP_STATE_TO_BE_PROCESSED)
			continue;
		assert_null(found);
		found = status;
	}
	return found;
}

/* The timer waits for a run that is due then, and shows it. */
static inline void assert_waits_for(struct device *d, int64_t due,
				    enum scep_trigger trigger)
{
	const struct scep_status *status = announced(d, 1);

	assert_non_null(status);
	assert_int_equal(status->request_time, due);
	assert_int_equal(status->trigger, trigger);
	assert_int_equal(timer(d)->oper_status, WAITING);
	assert_int_equal(timer(d)->next_request_time,
			 due + timer(d)->adjust_applied);
}

static inline void assert_nothing_to_come(struct device *d)
{
	assert_null(announced(d, 1));
	assert_int_equal(timer(d)->oper_status, DISABLED);
	assert_int_equal(timer(d)->next_request_time, 0);
	assert_int_equal(timer(d)->adjust_applied, 0);
	assert_int_equal(timer(d)->values.challenge_password.length, 0);
}

static inline void assert_row(struct device *d, uint32_t index,
			      enum scep_state state, enum scep_code detail,
			      enum scep_trigger trigger)
{
	const struct scep_status *status =
	    scep_rows_find(&device_view(d)->statuses, index);

	assert_non_null(status);
	assert_int_equal(status->state, state);
	assert_int_equal(status->detail, detail);
	assert_int_equal(status->trigger, trigger);
}

static inline const struct scep_status *row(struct device *d, uint32_t index)
{
	return scep_rows_find(&device_view(d)->statuses, index);
}

/* The wall clock is set; the engine notices within a minute. */
static inline void set_clock(struct device *d, int64_t wall)
{
	d->io.wall = wall;
	device_tick(d);
}

/* Time passes with a tick a minute, as the loop makes it. */
static inline void run_by_minutes(struct device *d, int64_t minutes)
{
	for (int64_t i = 0; i < minutes; i++) {
		device_run_for(d, 60);
		device_tick(d);
		device_run(d);
		d->event_count = 0;
	}
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, timer_setup, device_teardown)

#endif
