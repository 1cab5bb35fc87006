/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each due time is carried out at most once, and exactly once if it should be
 * (MIB, rule 10), whatever a manager, the power and the clock do.  Random
 * sequences of all of them, against a model that knows only the rule.
 */
#include "tests/unit/scep/schedule/schedule_device.h"

#include "scep/schedule/calendar.h"
#include "scep/timer.h"

#define TIMERS	  1000
#define STRETCHES 30
/* The longest jitter. */
#define SETTLE 600
/* The longest stretch: there may be a run a day. */
#define MOST (4 * YEAR)

/* The series as the rule has it. */
static struct {
	int64_t last_run; /* scepAutoLastRunTime */
	int64_t covered;  /* nothing up to here is due */
	int64_t last_renewal;
} model;

static struct {
	unsigned long sets, toggles, restarts, outages, steps, due_times, runs,
	    renewals, caught_up;
} count;

static uint64_t seed;

static int64_t between(int64_t low, int64_t high)
{
	return oracle_between(&seed, low, high);
}

static bool chance(int64_t one_in)
{
	return between(1, one_in) == 1;
}

/* ---------------------------------------------------------------- model -- */

static struct calendar_series series(void)
{
	return (struct calendar_series){
	    .start = device.timer.start_time,
	    .unit = (enum calendar_unit)device.timer.periodic_unit,
	    .interval =
		device.timer.periodic ? device.timer.periodic_interval : 0,
	};
}

static int64_t due_after(int64_t time)
{
	struct calendar_series s = series();

	return calendar_due(&s, calendar_first_after(&s, time));
}

/* Returns the latest due time until then, or 0. */
static int64_t due_until(int64_t time)
{
	struct calendar_series s = series();
	int64_t k = calendar_first_after(&s, time);

	return k > 0 ? calendar_due(&s, k - 1) : 0;
}

static int64_t period(void)
{
	struct calendar_series s = series();
	int64_t interval = calendar_interval(&s);

	return interval > 0 ? interval : DAY;
}

/* The clock was set back, and a run of before is in the jitter of the next. */
static bool is_within_jitter(int64_t time)
{
	const struct scep_schedule *memory = &device.memory;

	return memory->planned_due != 0 && memory->planned_due <= time &&
	       time <= memory->planned_from + memory->planned_jitter;
}

/* The clock shows another time. */
static void model_look(void)
{
	if (model.covered > device.now)
		model.covered = device.now;
	if (model.last_run <= device.now && model.last_run > model.covered &&
	    !is_within_jitter(model.last_run))
		model.covered = model.last_run;
}

static void model_begin_anew(void)
{
	model.covered =
	    model.last_run > device.now ? device.now : model.last_run;
}

/* Checks the runs since the last call against the rule. */
static void model_take_runs(void)
{
	for (size_t i = 0; i < device.run_count; i++) {
		int64_t at = device.runs[i].at, due = device.runs[i].due;

		assert_true(at >= due);
		if (device.runs[i].trigger == SCEP_TRIGGER_RENEWAL) {
			assert_int_not_equal(due, model.last_renewal);
			model.last_renewal = due;
			count.renewals++;
		} else {
			/* At most once. */
			assert_true(due > model.covered);
			assert_int_not_equal(due, model.last_run);
			assert_int_equal(due, due_until(due));
			count.runs++;
		}
		if (due > model.last_run || model.last_run > at)
			model.last_run = due;
		if (due > model.covered)
			model.covered = due;
	}
	device.run_count = 0;
	assert_int_equal(device.memory.last_run, model.last_run);
}

/* Tells if a run only waits for its jitter. */
static bool has_come(void)
{
	return device.memory.planned_due != 0 &&
	       device.memory.planned_due <= device.now;
}

/* The engine looks after each Set and each step of the clock. */
static void look(void)
{
	struct schedule_decision decision;

	model_look();
	decision = plan();
	if (decision.action == SCHEDULE_RUN)
		send_request(&decision);
	model_take_runs();
	/* A missed due time is skipped for as long as the timer is enabled. */
	if (device.timer.missed_policy == SCHEDULE_SKIP &&
	    !(has_come() &&
	      device.memory.planned_trigger != SCEP_TRIGGER_RENEWAL) &&
	    due_until(device.now) > model.covered)
		model.covered = due_until(device.now);
}

/* --------------------------------------------------------------- stretch -- */

/* A due time that has come is carried out now, unless it is skipped. */
static void live_and_catch_up(void)
{
	int64_t begin = device.now;
	int64_t due = due_until(begin);
	bool is_waited_for =
	    device.timer.missed_policy == SCHEDULE_RUN_AT_ONCE &&
	    due > model.covered && due != model.last_run;

	live_until(begin + SETTLE);
	model_take_runs();
	if (is_waited_for) {
		assert_true(model.covered >= due);
		count.caught_up++;
	}
}

/* A renewal whose jitter ends after a due time stands for it. */
static bool is_run_for(size_t i, int64_t due)
{
	return device.runs[i].due == due ||
	       (device.runs[i].trigger == SCEP_TRIGGER_RENEWAL &&
		device.runs[i].due < due && device.runs[i].at >= due);
}

/* Each due time that comes while the device is on is carried out: those of the
 * window, and not those whose jitter can end after it. */
static void live_through(int64_t length)
{
	int64_t begin = device.now;
	int64_t end = begin + (length < MOST ? length : MOST);
	int64_t last = model.last_run;
	size_t i = 0;

	live_until(end);
	for (int64_t due = due_after(begin); due <= end - SETTLE;
	     due = due_after(due)) {
		/* It was carried out before the clock was set back. */
		if (due == last)
			continue;
		while (i < device.run_count && !is_run_for(i, due))
			i++;
		assert_true(i < device.run_count);
		last = 0;
		count.due_times++;
	}
	model_take_runs();
}

/* ---------------------------------------------------------------- events -- */

static void set_enable(bool enable)
{
	struct scep_timer before = device.timer;

	device.timer.enable = enable;
	set_and_tell(&before);
	if (enable)
		model_begin_anew();
	look();
	count.sets++;
}

static void toggle(void)
{
	for (int64_t i = between(1, 3); i > 0; i--) {
		set_enable(false);
		if (chance(2))
			device.now += between(0, 3 * period());
		if (chance(3))
			device.timer.missed_policy = (uint32_t)between(1, 2);
		set_enable(true);
		count.toggles++;
	}
}

static void set_start(void)
{
	struct scep_timer before = device.timer;

	device.timer.start_time =
	    device.now + between(-3 * period(), 2 * period());
	if (device.timer.start_time == before.start_time)
		return;
	set_and_tell(&before);
	model_begin_anew();
	count.sets++;
}

static void set_interval(void)
{
	struct scep_timer before = device.timer;

	/* Then that run stays, and covers what the rule does not tell. */
	if (has_come())
		return;
	device.timer.periodic = !chance(5);
	device.timer.periodic_unit = (uint32_t)between(1, 6);
	device.timer.periodic_interval = (uint32_t)between(1, 12);
	set_and_tell(&before);
	/* No due time in the past appears. */
	if (due_until(device.now) > model.covered)
		model.covered = due_until(device.now);
	count.sets++;
}

static void set_others(void)
{
	struct scep_timer before = device.timer;

	device.timer.adjust = chance(2);
	device.timer.adjust_max = (uint32_t)between(1, 600);
	device.timer.renew_before = chance(4) ? 30 : 0;
	device.timer.missed_policy = (uint32_t)between(1, 2);
	set_and_tell(&before);
	count.sets++;
}

static void be_off(void)
{
	if (chance(2)) {
		device.now += between(0, 3 * period());
		count.outages++;
	}
	device.is_first = true;
	count.restarts++;
}

static void step_clock(void)
{
	int64_t step = chance(2) ? between(-100, 100)
				 : between(-3 * period(), 3 * period());

	if (device.now + step < NOON)
		return;
	device.now += step;
	model.last_renewal = 0;
	count.steps++;
}

static void disturb(void)
{
	switch (between(1, 7)) {
	case 1:
		toggle();
		break;
	case 2:
		set_start();
		break;
	case 3:
		set_interval();
		break;
	case 4:
		set_others();
		break;
	case 5:
		be_off();
		break;
	case 6:
		step_clock();
		break;
	default:
		break;
	}
	device.is_failing = chance(3);
	look();
}

/* ----------------------------------------------------------------- tests -- */

static void set_up_random_timer(void)
{
	set_up(NULL);
	memset(&model, 0, sizeof(model));
	device.seed = seed;
	device.lifetime = chance(2) ? between(1, 400) * DAY : 0;
	device.now = NOON + between(0, 50 * YEAR);
	device.timer.periodic = !chance(4);
	device.timer.periodic_unit = (uint32_t)between(1, 6);
	device.timer.periodic_interval = (uint32_t)between(1, 12);
	device.timer.start_time = device.now + between(1, period());
}

static void each_due_time_is_carried_out_once(void **state)
{
	(void)state;
	seed = oracle_seed(12);
	for (int timer = 0; timer < TIMERS; timer++) {
		set_up_random_timer();
		for (int i = 0; i < STRETCHES; i++) {
			live_and_catch_up();
			live_through(between(0, 3 * period()));
			for (int64_t n = between(1, 3); n > 0; n--)
				disturb();
		}
	}
	print_message("%d timers: %lu Sets and %lu toggles, %lu restarts, %lu "
		      "outages, %lu steps of the clock\n",
		      TIMERS, count.sets, count.toggles, count.restarts,
		      count.outages, count.steps);
	print_message("%lu due times while on, %lu caught up later; %lu runs "
		      "and %lu renewals, none twice\n",
		      count.due_times, count.caught_up, count.runs,
		      count.renewals);
	assert_true(count.due_times > 20000 && count.caught_up > 500);
	assert_true(count.toggles > 5000 && count.steps > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_due_time_is_carried_out_once),
	};

	return cmocka_run_group_tests_name("schedule: once", tests, NULL, NULL);
}
