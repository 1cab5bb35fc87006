/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that has nothing but a timer: its settings, what it remembers, a
 * clock that the test moves, and a list of what it has sent.  For the tests
 * of schedule_plan().
 */
#ifndef TESTS_UNIT_SCEP_SCHEDULE_SCHEDULE_DEVICE_H
#define TESTS_UNIT_SCEP_SCHEDULE_SCHEDULE_DEVICE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "scep/timer.h"
#include "tests/unit/scep/schedule/calendar_oracle.h"
#include "scep/schedule/schedule.h"

#define MINUTE	 INT64_C(60)
#define HOUR	 INT64_C(3600)
#define DAY	 INT64_C(86400)
#define YEAR	 INT64_C(31556952)
#define NOON	 INT64_C(1717243200) /* 1 June 2024, 12:00 UTC, a Saturday */
#define BUILD	 (NOON - 100 * DAY)  /* before that the clock is not sane */
#define MOST_RUN 4096

/* A device: its settings, its memory, its clock and what it has sent. */
struct device {
	struct scep_timer timer;
	struct scep_schedule memory;
	int64_t now;
	int64_t not_after;
	int64_t ca_ends, next_ca_begins;
	int64_t lifetime; /* of what a server issues; 0: no certificate */
	uint64_t seed;
	unsigned int draws;
	bool is_failing; /* the server */
	bool is_stuck;	 /* the random source */
	bool is_doubted; /* the clock, whatever it shows */
	bool is_first;	 /* it has just been switched on */
	struct {
		int64_t at, due;
		uint32_t jitter;
		enum scep_trigger trigger;
	} runs[MOST_RUN];
	size_t run_count;
};

static struct device device; /* each test program has its one */

static inline uint32_t draw(void *context)
{
	struct device *d = context;

	d->draws++;
	if (d->is_stuck)
		return UINT32_MAX;
	return oracle_random(&d->seed);
}

/* Once a day at noon, enabled an hour before the first. */
static inline int set_up(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	device.seed = 4;
	device.now = NOON - HOUR;
	device.timer.enable = true;
	device.timer.start_time = NOON;
	device.timer.adjust_max = 600;
	device.timer.periodic = true;
	device.timer.periodic_interval = 1;
	device.timer.periodic_unit = CALENDAR_DAYS;
	device.timer.missed_policy = SCHEDULE_RUN_AT_ONCE;
	device.timer.poll_interval = 300;
	device.timer.poll_count = 10;
	setenv("TZ", "UTC0", 1);
	tzset();
	return 0;
}

static inline struct schedule_decision ask(enum schedule_request request)
{
	struct schedule_situation situation = {
	    .timer = &device.timer,
	    .memory = device.memory,
	    .now = device.now,
	    .clock_is_sane = device.now >= BUILD && !device.is_doubted,
	    .not_after = device.not_after,
	    .ca_ends = device.ca_ends,
	    .next_ca_begins = device.next_ca_begins,
	    .is_first = device.is_first,
	    .request = request,
	    .draw = draw,
	    .draw_context = &device,
	};
	struct schedule_decision decision = schedule_plan(&situation);

	device.memory = decision.memory;
	device.is_first = false;
	return decision;
}

static inline struct schedule_decision plan(void)
{
	return ask(SCHEDULE_NONE);
}

static inline struct schedule_decision plan_after_end(bool is_success)
{
	schedule_note_end(&device.memory, device.now, is_success);
	return plan();
}

/* Notes a run and how it ended. */
static inline void send_request(const struct schedule_decision *decision)
{
	size_t i = device.run_count++;

	assert_true(i < MOST_RUN);
	device.runs[i].at = device.now;
	device.runs[i].due = decision->due;
	device.runs[i].jitter = decision->jitter;
	device.runs[i].trigger = decision->trigger;
	if (!device.is_failing && device.lifetime)
		device.not_after = device.now + device.lifetime;
	(void)plan_after_end(!device.is_failing);
}

/* Lives on until that time, doing what the plan says when it says. */
static inline void live_until(int64_t until)
{
	for (;;) {
		struct schedule_decision decision = plan();

		if (decision.action == SCHEDULE_RUN) {
			send_request(&decision);
			continue;
		}
		if (decision.action != SCHEDULE_WAIT || decision.at > until)
			break;
		assert_true(decision.at > device.now);
		device.now = decision.at;
	}
	device.now = until;
}

static inline void assert_runs_now(enum scep_trigger trigger, int64_t due)
{
	struct schedule_decision decision = plan();

	assert_int_equal(decision.action, SCHEDULE_RUN);
	assert_int_equal(decision.trigger, trigger);
	assert_int_equal(decision.due, due);
	assert_int_equal(device.memory.planned_due, 0);
	send_request(&decision);
}

static inline void assert_waits_for(enum scep_trigger trigger, int64_t due)
{
	struct schedule_decision decision = plan();

	assert_int_equal(decision.action, SCHEDULE_WAIT);
	assert_int_equal(decision.due, due);
	assert_int_equal(decision.at, due + decision.jitter);
	assert_int_equal(decision.trigger, trigger);
}

static inline void set_and_tell(const struct scep_timer *before)
{
	schedule_change(&device.memory, before, &device.timer, device.now);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

#endif
