/* SPDX-License-Identifier: Apache-2.0 */
/* Due times by the calendar (MIB, rule 10), against an oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/scep/schedule/calendar_oracle.h"
#include "scep/schedule/calendar.h"

#define CET	  "CET-1CEST,M3.5.0,M10.5.0/3"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define YEAR	  INT64_C(31556952) /* mean Gregorian, in seconds */
#define END	  (3000 * YEAR)	    /* the oracle knows until 5000 */

static struct oracle oracle;

static void set_zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

/* Seconds of "YYYY-MM-DD hh:mm:ss" read as UTC. */
static int64_t utc(const char *text)
{
	struct tm tm = {0};

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d:%d", &tm.tm_year,
				&tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
				&tm.tm_min, &tm.tm_sec),
			 6);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return timegm(&tm);
}

/* Holds the k-th due time against what the wall clock then shows. */
static void assert_shows(const struct calendar_series *series, int64_t k,
			 const char *expected)
{
	time_t due = calendar_due(series, k);
	char text[64];
	struct tm tm;

	assert_non_null(localtime_r(&due, &tm));
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	assert_string_equal(text, expected);
}

/* ----------------------------------------------------------- by the months */

static void a_month_without_the_day_has_its_last(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_MONTHS,
					 .interval = 1};

	(void)state;
	set_zone("UTC0");
	series.start = utc("2023-01-31 02:30:00");
	assert_shows(&series, 1, "2023-02-28 02:30:00");
	assert_shows(&series, 2, "2023-03-31 02:30:00");
	assert_shows(&series, 3, "2023-04-30 02:30:00");
	assert_shows(&series, 13, "2024-02-29 02:30:00");
	assert_shows(&series, 14, "2024-03-31 02:30:00");
}

static void leap_day_is_28_february_in_other_years(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_YEARS, .interval = 1};

	(void)state;
	set_zone("UTC0");
	series.start = utc("2096-02-29 12:00:00");
	assert_shows(&series, 1, "2097-02-28 12:00:00");
	assert_shows(&series, 4, "2100-02-28 12:00:00");
	assert_shows(&series, 8, "2104-02-29 12:00:00");
}

static void a_month_is_judged_in_the_zone_of_the_device(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_MONTHS,
					 .interval = 1};

	(void)state;
	set_zone("IST-5:30");
	/* 1 February there, 31 January in UTC */
	series.start = utc("2023-01-31 20:00:00");
	assert_shows(&series, 1, "2023-03-01 01:30:00");
	assert_shows(&series, 2, "2023-04-01 01:30:00");
}

/* --------------------------------------------------------- summer and back */

static void monthly_at_0230_stays_at_0230_local(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_MONTHS,
					 .interval = 1};

	(void)state;
	set_zone(CET);
	series.start = utc("2024-01-15 01:30:00");
	assert_shows(&series, 2, "2024-03-15 02:30:00");
	assert_shows(&series, 6, "2024-07-15 02:30:00");
	assert_int_equal(calendar_due(&series, 6), utc("2024-07-15 00:30:00"));
	assert_shows(&series, 11, "2024-12-15 02:30:00");
}

static void days_and_weeks_keep_the_local_hour(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_DAYS, .interval = 1};

	(void)state;
	set_zone(CET);
	series.start = utc("2024-03-30 11:00:00");
	assert_int_equal(calendar_due(&series, 1) - series.start, 23 * 3600);
	assert_shows(&series, 1, "2024-03-31 12:00:00");
	series.start = utc("2024-10-26 10:00:00");
	assert_int_equal(calendar_due(&series, 1) - series.start, 25 * 3600);
	series.unit = CALENDAR_WEEKS;
	assert_int_equal(calendar_due(&series, 1) - series.start, 169 * 3600);
	assert_shows(&series, 1, "2024-11-02 12:00:00");
}

static void minutes_and_hours_are_elapsed_time(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_HOURS,
					 .interval = 12};

	(void)state;
	set_zone(CET);
	series.start = utc("2024-03-30 11:00:00");
	assert_int_equal(calendar_due(&series, 2), series.start + 86400);
	assert_shows(&series, 2, "2024-03-31 13:00:00");
	series.unit = CALENDAR_MINUTES;
	assert_int_equal(calendar_due(&series, 999),
			 series.start + 999 * 12 * 60);
}

static void a_time_that_is_skipped_is_moved_by_the_gap(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_DAYS, .interval = 1};

	(void)state;
	set_zone(CET);
	series.start = utc("2024-03-30 01:30:00"); /* 02:30 */
	assert_shows(&series, 1, "2024-03-31 03:30:00");
	assert_int_equal(calendar_due(&series, 1) - series.start, 86400);
	/* and the day after it is as it was */
	assert_shows(&series, 2, "2024-04-01 02:30:00");
	/* the edges of the gap */
	series.start = utc("2024-03-30 01:00:00");
	assert_shows(&series, 1, "2024-03-31 03:00:00");
	series.start = utc("2024-03-30 00:59:59");
	assert_shows(&series, 1, "2024-03-31 01:59:59");
	series.start = utc("2024-03-30 02:00:00");
	assert_shows(&series, 1, "2024-03-31 03:00:00");
}

static void a_time_shown_twice_is_the_first_of_the_two(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_DAYS, .interval = 1};

	(void)state;
	set_zone(CET);
	series.start = utc("2024-10-26 00:30:00"); /* 02:30 summer time */
	assert_int_equal(calendar_due(&series, 1), utc("2024-10-27 00:30:00"));
	assert_int_equal(calendar_due(&series, 2), utc("2024-10-28 01:30:00"));
	/* The start is what it is: the second of two. */
	series.start = utc("2024-10-27 01:30:00");
	assert_int_equal(calendar_due(&series, 0), series.start);
	assert_int_equal(calendar_due(&series, 1), utc("2024-10-28 01:30:00"));
}

static void half_an_hour_of_summer_time_is_kept(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_DAYS, .interval = 1};

	(void)state;
	set_zone(LORD_HOWE);
	series.start = utc("2024-10-04 15:45:00"); /* 5 October, 02:15 */
	assert_shows(&series, 0, "2024-10-05 02:15:00");
	assert_shows(&series, 1, "2024-10-06 02:45:00");
	assert_shows(&series, 2, "2024-10-07 02:15:00");
	assert_int_equal(calendar_due(&series, 2) - series.start,
			 2 * 86400 - 1800);
}

/* Samoa had no 30 December 2011: the one case where two are the same. */
static void a_day_that_a_zone_left_out_runs_on_the_next(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_DAYS, .interval = 1};

	(void)state;
	set_zone("Pacific/Apia");
	series.start = utc("2011-12-28 22:00:00"); /* 12:00 */
	if (calendar_due(&series, 3) - series.start == 3 * 86400)
		skip(); /* there is no such zone here: tzdata is missing */
	assert_shows(&series, 1, "2011-12-29 12:00:00");
	assert_shows(&series, 2, "2011-12-31 12:00:00");
	assert_shows(&series, 3, "2011-12-31 12:00:00");
	assert_shows(&series, 4, "2012-01-01 12:00:00");
	assert_int_equal(
	    calendar_first_after(&series, calendar_due(&series, 1)), 2);
	assert_int_equal(
	    calendar_first_after(&series, calendar_due(&series, 2)), 4);
}

/* --------------------------------------------------------------- the ends */

static void a_start_alone_has_one_due_time(void **state)
{
	struct calendar_series series = {.start = 1000, .unit = CALENDAR_YEARS};

	(void)state;
	assert_int_equal(calendar_due(&series, 0), 1000);
	assert_true(calendar_due(&series, 1) == CALENDAR_NEVER);
	assert_int_equal(calendar_first_after(&series, 999), 0);
	assert_int_equal(calendar_first_after(&series, 1000), 1);
	assert_int_equal(calendar_interval(&series), 0);
}

static void a_minute_series_from_1970_is_found_at_once(void **state)
{
	struct calendar_series series = {
	    .start = 30, .unit = CALENDAR_MINUTES, .interval = 1};
	const int64_t now = INT64_C(200000000000); /* the year 8307 */
	clock_t begin;

	(void)state;
	set_zone(CET);
	assert_int_equal(calendar_first_after(&series, now),
			 (now - 30) / 60 + 1);
	/* Days cannot be divided out, and are found in a few steps too. */
	series.unit = CALENDAR_DAYS;
	begin = clock();
	for (int i = 0; i < 1000; i++) {
		int64_t k = calendar_first_after(&series, now + i * 3600);

		assert_true(calendar_due(&series, k) > now + i * 3600);
		assert_true(calendar_due(&series, k - 1) <= now + i * 3600);
	}
	/* A walk of two million days a thousand times would take minutes. */
	assert_true(clock() - begin < 2 * CLOCKS_PER_SEC);
}

static void nothing_happens_in_2038(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_YEARS,
					 .interval = 10};

	(void)state;
	set_zone(CET);
	series.start = utc("2030-01-19 03:14:07");
	assert_shows(&series, 1, "2040-01-19 04:14:07");
	assert_shows(&series, 50, "2530-01-19 04:14:07");
}

static void a_due_time_beyond_65535_is_never(void **state)
{
	struct calendar_series series = {.unit = CALENDAR_YEARS,
					 .interval = 999};
	const int64_t last = INT64_C(2005949145599);
	int64_t k;

	(void)state;
	set_zone(CET);
	series.start = utc("2024-06-01 12:00:00");
	assert_shows(&series, 63, "64961-06-01 14:00:00");
	for (int unit = CALENDAR_MINUTES; unit <= CALENDAR_YEARS; unit++) {
		series.unit = unit;
		assert_true(calendar_due(&series, INT64_MAX) == CALENDAR_NEVER);
		k = calendar_first_after(&series, INT64_MAX);
		assert_true(calendar_due(&series, k) == CALENDAR_NEVER);
		assert_true(calendar_due(&series, k - 1) <= last);
		assert_true(calendar_due(&series, k - 1) > last - 1000 * YEAR);
	}
}

/* -------------------------------------------------------------- the oracle */

static int64_t length_of(const struct calendar_series *series)
{
	return calendar_interval(series) + 3 * 86400 +
	       (series->unit == CALENDAR_MONTHS ? series->interval * 3 * 86400
						: 0);
}

static struct calendar_series random_series(uint64_t *seed)
{
	struct calendar_series series;
	/* Small intervals are the usual ones. */
	static const uint32_t most[] = {1, 3, 12, 60, 999};

	series.unit = (enum calendar_unit)oracle_between(seed, 1, 6);
	series.interval =
	    (uint32_t)oracle_between(seed, 1, most[oracle_between(seed, 0, 4)]);
	series.start = oracle_between(seed, 86400, 400 * YEAR);
	/* Half of them in the hours in which clocks are changed. */
	if (oracle_random(seed) % 2)
		series.start += oracle_between(seed, 0, 3) * 3600 + 1800 -
				oracle_local(&oracle, series.start) % 86400;
	return series;
}

/* Tells whether the due times agree, and what is found for times around them.
 */
static void compare(const struct calendar_series *series, int64_t k,
		    uint64_t *seed)
{
	int64_t due = oracle_due(&oracle, series, k);
	int64_t next = oracle_due(&oracle, series, k + 1);
	int64_t time = oracle_between(seed, due, next - 1);

	if (calendar_due(series, k) != due)
		fail_msg("start %lld, %u units of %d, k %lld: %lld not %lld",
			 (long long)series->start, series->interval,
			 series->unit, (long long)k,
			 (long long)calendar_due(series, k), (long long)due);
	assert_true(due < next);
	assert_int_equal(calendar_first_after(series, due - 1), k);
	assert_int_equal(calendar_first_after(series, due), k + 1);
	assert_int_equal(calendar_first_after(series, time), k + 1);
}

/* The same at due times of the days on which clocks are changed. */
static unsigned long compare_at_changes(const struct calendar_series *series,
					uint64_t *seed)
{
	unsigned long count = 0;

	for (int n = 0; n < 20 && oracle.period_count > 1; n++) {
		size_t i = (size_t)oracle_between(
		    seed, 1, (int64_t)oracle.period_count / 2);
		int64_t k = calendar_first_after(
		    series, oracle.periods[i].time - 86400);

		if (oracle.periods[i].time <= series->start ||
		    oracle.periods[i].time + 3 * length_of(series) > END)
			continue;
		compare(series, k, seed);
		compare(series, k + 1, seed);
		count += 2;
	}
	return count;
}

static void random_series_agree_with_the_oracle(void **state)
{
	unsigned long series_count = 0, due_count = 0;
	int64_t seconds = 0, stretch;
	uint64_t seed = oracle_seed(4);

	(void)state;
	for (size_t zone = 0; zone < ORACLE_ZONES; zone++) {
		set_zone(oracle_zones[zone]);
		oracle_set_zone(&oracle, oracle_zones[zone]);
		for (int i = 0; i < 300; i++, series_count++) {
			struct calendar_series series = random_series(&seed);
			int64_t most =
			    (END - series.start) / length_of(&series) - 1;
			int64_t from = oracle_between(&seed, 0, most);
			int64_t to = from + 40 < most ? from + 40 : most;

			/* A stretch of neighbours, and some anywhere. */
			for (int64_t k = from; k <= to; k++, due_count++)
				compare(&series, k, &seed);
			for (int n = 0; n < 10; n++, due_count++)
				compare(&series, oracle_between(&seed, 0, most),
					&seed);
			due_count += compare_at_changes(&series, &seed);
			stretch = oracle_due(&oracle, &series, to) -
				  oracle_due(&oracle, &series, from);
			seconds += stretch;
		}
	}
	print_message("%lu series in %zu zones, %lu due times, %lld years "
		      "walked; met %lu gaps and %lu double times\n",
		      series_count, ORACLE_ZONES, due_count,
		      (long long)(seconds / YEAR), oracle.gaps, oracle.folds);
	assert_true(seconds / YEAR > 5000);
	assert_true(oracle.gaps > 100 && oracle.folds > 100);
}

static void daily_over_ten_years_agrees_on_every_day(void **state)
{
	uint64_t seed = oracle_seed(5);
	unsigned long due_count = 0;

	(void)state;
	for (size_t zone = 0; zone < ORACLE_ZONES; zone++) {
		set_zone(oracle_zones[zone]);
		oracle_set_zone(&oracle, oracle_zones[zone]);
		for (int half_hour = 0; half_hour < 8; half_hour++) {
			struct calendar_series series = {.unit = CALENDAR_DAYS,
							 .interval = 1};

			series.start = utc("2024-01-01 12:00:00") +
				       oracle_between(&seed, 0, 1799) +
				       half_hour * 1800;
			series.start +=
			    43200 - oracle_local(&oracle, series.start) % 86400;
			series.start += 43200 + half_hour * 1800;
			for (int64_t k = 0; k < 3653; k += 1, due_count++)
				assert_int_equal(
				    calendar_due(&series, k),
				    oracle_due(&oracle, &series, k));
		}
	}
	print_message("%lu days\n", due_count);
}

static void nothing_has_drifted_after_1000_periods(void **state)
{
	unsigned long due_count = 0;
	uint64_t seed = oracle_seed(6);

	(void)state;
	set_zone(CET);
	oracle_set_zone(&oracle, CET);
	for (int unit = CALENDAR_MINUTES; unit <= CALENDAR_YEARS; unit++) {
		struct calendar_series series = {.unit = unit, .interval = 1};

		series.start = utc("2024-01-31 01:30:00");
		/* One after the other, each found from the one before. */
		for (int64_t k = 0, due = series.start; k <= 1000; k++) {
			assert_int_equal(calendar_first_after(&series, due),
					 k + 1);
			compare(&series, k, &seed);
			due = calendar_due(&series, k + 1);
			due_count++;
		}
	}
	print_message("%lu due times\n", due_count);
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
	    cmocka_unit_test(a_month_without_the_day_has_its_last),
	    cmocka_unit_test(leap_day_is_28_february_in_other_years),
	    cmocka_unit_test(a_month_is_judged_in_the_zone_of_the_device),
	    cmocka_unit_test(monthly_at_0230_stays_at_0230_local),
	    cmocka_unit_test(days_and_weeks_keep_the_local_hour),
	    cmocka_unit_test(minutes_and_hours_are_elapsed_time),
	    cmocka_unit_test(a_time_that_is_skipped_is_moved_by_the_gap),
	    cmocka_unit_test(a_time_shown_twice_is_the_first_of_the_two),
	    cmocka_unit_test(half_an_hour_of_summer_time_is_kept),
	    cmocka_unit_test(a_day_that_a_zone_left_out_runs_on_the_next),
	    cmocka_unit_test(a_start_alone_has_one_due_time),
	    cmocka_unit_test(a_minute_series_from_1970_is_found_at_once),
	    cmocka_unit_test(nothing_happens_in_2038),
	    cmocka_unit_test(a_due_time_beyond_65535_is_never),
	    cmocka_unit_test(random_series_agree_with_the_oracle),
	    cmocka_unit_test(daily_over_ten_years_agrees_on_every_day),
	    cmocka_unit_test(nothing_has_drifted_after_1000_periods),
	};

	return cmocka_run_group_tests_name("calendar", tests, NULL,
					   close_oracle);
}
