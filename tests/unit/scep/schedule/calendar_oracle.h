/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second opinion on due times, which shares nothing with calendar.c and
 * asks nothing of the C library: a table of all days, made by walking them
 * one by one, and the transitions of a POSIX TZ string, worked out from it.
 */
#ifndef TESTS_UNIT_SCEP_SCHEDULE_CALENDAR_ORACLE_H
#define TESTS_UNIT_SCEP_SCHEDULE_CALENDAR_ORACLE_H

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "scep/schedule/calendar.h"

#define ORACLE_FIRST_YEAR 1968
#define ORACLE_LAST_YEAR  5000
#define ORACLE_YEARS	  (ORACLE_LAST_YEAR - ORACLE_FIRST_YEAR + 1)
#define ORACLE_EPOCH	  731 /* days from 1 January 1968 to 1970 */

struct oracle_day {
	uint16_t year;
	uint8_t month;	 /* 1..12 */
	uint8_t day;	 /* 1..31 */
	uint8_t weekday; /* 0: Sunday */
};

/* From `time` on the clocks show UTC plus `offset`. */
struct oracle_period {
	int64_t time;
	int64_t offset;
};

struct oracle_rule {
	int month, week, weekday;
	int64_t second;
};

struct oracle {
	struct oracle_day *days;
	int first_of[ORACLE_YEARS + 1][13]; /* month 1..12: index into days */
	size_t day_count;
	struct oracle_period periods[2 * ORACLE_YEARS + 1];
	size_t period_count;
	/* Counts what the questions have met. */
	unsigned long gaps, folds;
};

static inline int oracle_days_in(int year, int month)
{
	switch (month) {
	case 2:
		if (year % 400 == 0)
			return 29;
		if (year % 100 == 0)
			return 28;
		return year % 4 == 0 ? 29 : 28;
	case 4:
	case 6:
	case 9:
	case 11:
		return 30;
	}
	return 31;
}

static inline void oracle_walk(struct oracle *o)
{
	struct oracle_day day = {ORACLE_FIRST_YEAR, 1, 1, 1}; /* a Monday */

	o->days = calloc((size_t)ORACLE_YEARS * 366, sizeof(*o->days));
	assert(o->days != NULL);
	while (day.year <= ORACLE_LAST_YEAR) {
		if (day.day == 1)
			o->first_of[day.year - ORACLE_FIRST_YEAR][day.month] =
			    (int)o->day_count;
		o->days[o->day_count++] = day;
		day.weekday = (uint8_t)((day.weekday + 1) % 7);
		if (day.day++ < oracle_days_in(day.year, day.month))
			continue;
		day.day = 1;
		if (day.month++ < 12)
			continue;
		day.month = 1;
		day.year++;
	}
}

/* ---------------------------------------------------------- the TZ string */

static inline void oracle_skip_name(const char **tz)
{
	if (**tz == '<') {
		while (*(*tz)++ != '>')
			;
		return;
	}
	while (isalpha((unsigned char)**tz))
		++*tz;
}

static inline int64_t oracle_read_time(const char **tz)
{
	int64_t sign = 1, seconds = 0;

	if (**tz == '-' || **tz == '+')
		sign = *(*tz)++ == '-' ? -1 : 1;
	for (int64_t unit = 3600; unit > 0; unit /= 60) {
		seconds += unit * strtol(*tz, (char **)tz, 10);
		if (**tz != ':')
			break;
		++*tz;
	}
	return sign * seconds;
}

static inline struct oracle_rule oracle_read_rule(const char **tz)
{
	struct oracle_rule rule = {.second = 7200};

	assert(**tz == ',' && (*tz)[1] == 'M');
	*tz += 2;
	rule.month = (int)strtol(*tz, (char **)tz, 10);
	++*tz;
	rule.week = (int)strtol(*tz, (char **)tz, 10);
	++*tz;
	rule.weekday = (int)strtol(*tz, (char **)tz, 10);
	if (**tz == '/') {
		++*tz;
		rule.second = oracle_read_time(tz);
	}
	return rule;
}

/* The local second at which the rule strikes. */
static inline int64_t oracle_strike(const struct oracle *o, int year,
				    const struct oracle_rule *rule)
{
	int index = o->first_of[year - ORACLE_FIRST_YEAR][rule->month];
	int found = -1;

	for (int week = 0; o->days[index].month == rule->month; index++) {
		if (o->days[index].weekday != rule->weekday)
			continue;
		found = index;
		if (++week == rule->week)
			break;
	}
	return (int64_t)(found - ORACLE_EPOCH) * 86400 + rule->second;
}

static inline void oracle_add(struct oracle *o, int64_t time, int64_t offset)
{
	size_t i = o->period_count++;

	for (; i > 0 && o->periods[i - 1].time > time; i--)
		o->periods[i] = o->periods[i - 1];
	o->periods[i] = (struct oracle_period){time, offset};
}

/* Makes ready for a zone: "CET-1CEST,M3.5.0,M10.5.0/3". */
static inline void oracle_set_zone(struct oracle *o, const char *tz)
{
	int64_t standard, summer;
	struct oracle_rule to_summer, to_standard;

	if (o->days == NULL)
		oracle_walk(o);
	o->period_count = 0;
	oracle_skip_name(&tz);
	standard = -oracle_read_time(&tz);
	oracle_add(o, INT64_MIN, standard);
	if (*tz == '\0')
		return;
	oracle_skip_name(&tz);
	summer = *tz == ',' ? standard + 3600 : -oracle_read_time(&tz);
	to_summer = oracle_read_rule(&tz);
	to_standard = oracle_read_rule(&tz);
	assert(*tz == '\0');
	for (int year = ORACLE_FIRST_YEAR; year <= ORACLE_LAST_YEAR; year++) {
		oracle_add(o, oracle_strike(o, year, &to_summer) - standard,
			   summer);
		oracle_add(o, oracle_strike(o, year, &to_standard) - summer,
			   standard);
	}
}

static inline void oracle_close(struct oracle *o)
{
	free(o->days);
	o->days = NULL;
}

/* -------------------------------------------------------------- questions */

static inline size_t oracle_period_at(const struct oracle *o, int64_t time)
{
	size_t low = 0, high = o->period_count;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (o->periods[middle].time <= time)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static inline int64_t oracle_local(const struct oracle *o, int64_t time)
{
	return time + o->periods[oracle_period_at(o, time)].offset;
}

/* The instant of a local time, by looking at the periods around. */
static inline int64_t oracle_instant(struct oracle *o, int64_t local)
{
	size_t from = oracle_period_at(o, local - 172800);
	int64_t first = INT64_MAX, after_gap = 0;
	int found = 0;

	for (size_t i = from; i < from + 6 && i < o->period_count; i++) {
		int64_t instant = local - o->periods[i].offset;
		bool is_last = i + 1 == o->period_count;

		if (instant < o->periods[i].time)
			continue;
		if (!is_last && instant >= o->periods[i + 1].time) {
			/* The last that is too late for its period. */
			after_gap = instant;
			continue;
		}
		if (found++ == 0)
			first = instant;
	}
	o->folds += found == 2;
	o->gaps += found == 0;
	return found ? first : after_gap;
}

static inline int64_t oracle_by_month(struct oracle *o,
				      const struct oracle_day *start,
				      int64_t second, int64_t months)
{
	int month = start->month, year = start->year;
	int day = start->day, index;

	for (year += (int)(months / 12), month += (int)(months % 12);
	     month > 12; month -= 12)
		year++;
	if (day > oracle_days_in(year, month))
		day = oracle_days_in(year, month);
	index = o->first_of[year - ORACLE_FIRST_YEAR][month] + day - 1;
	return oracle_instant(o,
			      (int64_t)(index - ORACLE_EPOCH) * 86400 + second);
}

/* The k-th due time, within the years of the oracle. */
static inline int64_t
oracle_due(struct oracle *o, const struct calendar_series *series, int64_t k)
{
	int64_t local = oracle_local(o, series->start);
	int64_t epoch = local + (int64_t)ORACLE_EPOCH * 86400;
	const struct oracle_day *day = &o->days[epoch / 86400];
	int64_t second = epoch % 86400;
	int64_t n = k * series->interval;

	if (k == 0)
		return series->start;
	switch (series->unit) {
	case CALENDAR_MINUTES:
		return series->start + n * 60;
	case CALENDAR_HOURS:
		return series->start + n * 3600;
	case CALENDAR_DAYS:
		return oracle_instant(o, local + n * 86400);
	case CALENDAR_WEEKS:
		return oracle_instant(o, local + n * 604800);
	case CALENDAR_MONTHS:
		return oracle_by_month(o, day, second, n);
	case CALENDAR_YEARS:
		return oracle_by_month(o, day, second, n * 12);
	}
	return 0;
}

/* ---------------------------------------------------- numbers to try with */

/* Where a test begins: the same each time, unless ORACLE_SEED is set, for
 * sweeps that last longer than the suite may. */
static inline uint64_t oracle_seed(uint64_t number)
{
	const char *sweep = getenv("ORACLE_SEED");

	return number + (sweep ? strtoull(sweep, NULL, 10) * 1000 : 0);
}

/* A linear congruential generator with the constants of MMIX: the same on
 * every machine. */
static inline uint32_t oracle_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) +
		UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 32);
}

static inline int64_t oracle_between(uint64_t *seed, int64_t low, int64_t high)
{
	uint64_t bits = (uint64_t)oracle_random(seed) << 32;

	bits |= oracle_random(seed);
	return low + (int64_t)(bits % (uint64_t)(high - low + 1));
}

static const char *const oracle_zones[] = {
    "UTC0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", /* Lord Howe: half an hour */
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",	    /* Nuuk: at times below 0 */
    "IST-1GMT0,M10.5.0,M3.5.0/1",	    /* Dublin: winter is the other */
    "IST-5:30",
};
#define ORACLE_ZONES (sizeof(oracle_zones) / sizeof(oracle_zones[0]))

#endif
