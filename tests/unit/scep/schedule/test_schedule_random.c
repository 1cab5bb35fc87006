/* SPDX-License-Identifier: Apache-2.0 */
/* Thousands of years of timers, against an oracle. */
#include "tests/unit/scep/schedule/schedule_device.h"

static struct oracle oracle;

/* ----------------------------------------------------------------- random */

static struct calendar_series random_timer(const char *tz, uint64_t *seed)
{
	struct calendar_series series;

	set_up(NULL);
	setenv("TZ", tz, 1);
	tzset();
	device.seed = *seed;
	device.timer.adjust = oracle_random(seed) % 2;
	device.timer.adjust_max = (uint32_t)oracle_between(seed, 1, 600);
	device.timer.periodic_unit = (uint32_t)oracle_between(seed, 1, 6);
	device.timer.periodic_interval = (uint32_t)oracle_between(seed, 1, 12);
	device.timer.start_time = oracle_between(seed, NOON, NOON + 50 * YEAR);
	device.now = device.timer.start_time - 1;
	series.start = device.timer.start_time;
	series.unit = (enum calendar_unit)device.timer.periodic_unit;
	series.interval = device.timer.periodic_interval;
	return series;
}

static void undisturbed_runs_are_those_of_the_oracle(void **state)
{
	unsigned long timers = 0, runs = 0;
	int64_t seconds = 0;
	uint64_t seed = oracle_seed(7);

	(void)state;
	for (size_t zone = 0; zone < ORACLE_ZONES; zone++) {
		oracle_set_zone(&oracle, oracle_zones[zone]);
		for (int i = 0; i < 60; i++, timers++) {
			struct calendar_series series =
			    random_timer(oracle_zones[zone], &seed);
			int64_t end = oracle_due(&oracle, &series, 40) - 1;

			device.is_failing = oracle_random(&seed) % 2;
			live_until(end);
			assert_int_equal(device.run_count, 40);
			for (size_t k = 0; k < 40; k++, runs++) {
				assert_int_equal(
				    device.runs[k].due,
				    oracle_due(&oracle, &series, (int64_t)k));
				assert_int_equal(device.runs[k].at,
						 device.runs[k].due +
						     device.runs[k].jitter);
			}
			seconds += end - series.start;
		}
	}
	print_message("%lu timers, %lu runs, %lld years\n", timers, runs,
		      (long long)(seconds / YEAR));
	assert_true(seconds / YEAR > 2000);
}

/* Tells whether each due time until now was in just one run, none before its
 * time; the device was off at times but its clock was right. */
static unsigned long assert_each_is_run(struct calendar_series *series)
{
	int64_t k = 0;

	for (size_t i = 0; i < device.run_count; i++) {
		assert_true(device.runs[i].at >= device.runs[i].due);
		assert_true(oracle_due(&oracle, series, k) <=
			    device.runs[i].due);
		while (oracle_due(&oracle, series, k) < device.runs[i].due)
			k++;
		assert_int_equal(oracle_due(&oracle, series, k),
				 device.runs[i].due);
		k++;
	}
	/* The rest is to come, or is waiting for its jitter. */
	assert_true(oracle_due(&oracle, series, k) + 600 > device.now);
	return (unsigned long)k;
}

static void being_off_at_times_loses_no_run_and_repeats_none(void **state)
{
	unsigned long timers = 0, runs = 0, due_times = 0;
	int64_t seconds = 0;
	uint64_t seed = oracle_seed(8);

	(void)state;
	for (size_t zone = 0; zone < ORACLE_ZONES; zone++) {
		oracle_set_zone(&oracle, oracle_zones[zone]);
		for (int i = 0; i < 60; i++, timers++) {
			struct calendar_series series =
			    random_timer(oracle_zones[zone], &seed);
			int64_t period = calendar_interval(&series);

			for (int stretch = 0; stretch < 20; stretch++) {
				device.is_failing = oracle_random(&seed) % 2;
				live_until(
				    device.now +
				    oracle_between(&seed, 0, 2 * period));
				device.now +=
				    oracle_between(&seed, 0, 3 * period);
				device.is_first = oracle_random(&seed) % 2;
			}
			/* The longest that the last one can be spread. */
			live_until(device.now + 600);
			due_times += assert_each_is_run(&series);
			runs += device.run_count;
			seconds += device.now - series.start;
		}
	}
	print_message("%lu timers, %lu runs for %lu due times, %lld years\n",
		      timers, runs, due_times, (long long)(seconds / YEAR));
	assert_true(runs < due_times && seconds / YEAR > 2000);
}

/*
 * Steps of the clock by anything from seconds to ten years either way, boots
 * in 1970, errors: real time is counted beside.  A step may cost one run more
 * or less; in between the series keeps its pace.
 */
static void steps_of_the_clock_make_no_storm_and_no_gap(void **state)
{
	unsigned long timers = 0, runs = 0, steps = 0;
	int64_t seconds = 0;
	uint64_t seed = oracle_seed(9);

	(void)state;
	for (int i = 0; i < 600; i++, timers++) {
		struct calendar_series series =
		    random_timer(oracle_zones[1], &seed);
		int64_t period = calendar_interval(&series);
		int64_t real = 0, offset = 0;
		int most_steps = (int)oracle_between(&seed, 1, 20);

		device.timer.missed_policy =
		    (uint32_t)oracle_between(&seed, 1, 2);
		for (int step = 0; step < most_steps; step++, steps++) {
			int64_t stretch =
			    oracle_between(&seed, 5 * period, 9 * period);
			int64_t right;

			live_until(device.now + stretch);
			real += stretch;
			right = device.now - offset;
			offset = 0;
			if (oracle_random(&seed) % 3)
				offset = oracle_between(&seed, -10, 10) *
					 (oracle_random(&seed) % 2 ? YEAR : 7);
			if (right + offset < series.start)
				offset = 0;
			device.now = right + offset;
		}
		runs += device.run_count;
		seconds += real;
		/* Intervals of months and years are up to 31 and 366 days. */
		assert_true((int64_t)device.run_count <=
			    real / period + 1 + 2 * most_steps);
		assert_true((int64_t)device.run_count >=
			    real / (period + period / 9) - 1 - 2 * most_steps);
		assert_true((int64_t)device.run_count >= 3 * most_steps - 1);
	}
	print_message("%lu timers, %lu steps, %lu runs, %lld years\n", timers,
		      steps, runs, (long long)(seconds / YEAR));
}

static int close_oracle(void **state)
{
	(void)state;
	oracle_close(&oracle);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(undisturbed_runs_are_those_of_the_oracle),
	    TEST(being_off_at_times_loses_no_run_and_repeats_none),
	    TEST(steps_of_the_clock_make_no_storm_and_no_gap),
	};

	return cmocka_run_group_tests_name("schedule: random", tests, NULL,
					   close_oracle);
}
