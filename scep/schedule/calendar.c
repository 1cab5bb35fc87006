/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/schedule/calendar.h"

#include <stdbool.h>
#include <time.h>

#define DAY INT64_C(86400)

/* The last second of 65535, UTC. */
#define LAST_SECOND INT64_C(2005949145599)

/* A date and a time of day, of no zone. */
struct civil {
	int64_t year;
	int month;	/* 0..11 */
	int day;	/* 1..31 */
	int64_t second; /* of the day */
};

/* ---------------------------------------------------------------- dates -- */

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30,
				   31, 31, 30, 31, 30, 31};

	return month == 1 && is_leap(year) ? 29 : days[month];
}

/* Leap years from year 1 up to and with this one. */
static int64_t leaps_until(int64_t year)
{
	return year / 4 - year / 100 + year / 400;
}

/* Days since 1 January 1970. */
static int64_t civil_days(const struct civil *civil)
{
	static const int before[] = {0,	  31,  59,  90,	 120, 151,
				     181, 212, 243, 273, 304, 334};
	int64_t days = (civil->year - 1970) * 365 +
		       leaps_until(civil->year - 1) - leaps_until(1969);

	days += before[civil->month] + civil->day - 1;
	return days + (civil->month > 1 && is_leap(civil->year));
}

/* Seconds since 1970 if the zone were UTC: local seconds. */
static int64_t civil_seconds(const struct civil *civil)
{
	return civil_days(civil) * DAY + civil->second;
}

/* ----------------------------------------------------------------- zone -- */

static struct civil civil_at(int64_t time)
{
	struct civil civil = {.year = 1970, .day = 1, .second = time};
	time_t instant = (time_t)time;
	struct tm tm;

	if (localtime_r(&instant, &tm) == NULL)
		return civil;
	civil.year = (int64_t)tm.tm_year + 1900;
	civil.month = tm.tm_mon;
	civil.day = tm.tm_mday;
	civil.second = tm.tm_hour * INT64_C(3600) + tm.tm_min * 60 + tm.tm_sec;
	return civil;
}

static int64_t offset_at(int64_t time)
{
	struct civil civil = civil_at(time);

	return civil_seconds(&civil) - time;
}

/*
 * The instant of a local time.  mktime() does not define the two
 * special cases, so that this tries the offsets around it.  The earliest one
 * that fits its own instant is the first of two; if none fits, there is a gap.
 * No zone has had a step of more than a day, or two within two days.
 */
static int64_t instant_of(int64_t local)
{
	int64_t near = local - offset_at(local);
	const int64_t offsets[] = {offset_at(near - DAY), offset_at(near),
				   offset_at(near + DAY)};
	int64_t found = CALENDAR_NEVER;

	for (int i = 0; i < 3; i++) {
		int64_t instant = local - offsets[i];

		if (instant < found && offset_at(instant) == offsets[i])
			found = instant;
	}
	return found == CALENDAR_NEVER ? local - offsets[0] : found;
}

/* --------------------------------------------------------------- series -- */

static int64_t shortest_unit(enum calendar_unit unit)
{
	switch (unit) {
	case CALENDAR_MINUTES:
		return 60;
	case CALENDAR_HOURS:
		return 3600;
	case CALENDAR_DAYS:
		return DAY;
	case CALENDAR_WEEKS:
		return 7 * DAY;
	case CALENDAR_MONTHS:
		return 28 * DAY;
	case CALENDAR_YEARS:
		return 365 * DAY;
	}
	return DAY;
}

int64_t calendar_interval(const struct calendar_series *series)
{
	return series->interval * shortest_unit(series->unit);
}

/* Returns the months or days of an interval, depending on the unit. */
static int64_t step_of(const struct calendar_series *series)
{
	int64_t step = series->interval;

	if (series->unit == CALENDAR_YEARS)
		return step * 12;
	return series->unit == CALENDAR_WEEKS ? step * 7 : step;
}

static bool is_elapsed(enum calendar_unit unit)
{
	return unit == CALENDAR_MINUTES || unit == CALENDAR_HOURS;
}

static bool is_by_month(enum calendar_unit unit)
{
	return unit == CALENDAR_MONTHS || unit == CALENDAR_YEARS;
}

static int64_t local_after_months(struct civil civil, int64_t months)
{
	months += civil.year * 12 + civil.month;
	civil.year = months / 12;
	civil.month = (int)(months % 12);
	if (civil.day > days_of_month(civil.year, civil.month))
		civil.day = days_of_month(civil.year, civil.month);
	return civil_seconds(&civil);
}

int64_t calendar_due(const struct calendar_series *series, int64_t k)
{
	struct civil start;
	int64_t local;

	if (k <= 0)
		return series->start;
	if (series->interval == 0 ||
	    k > (LAST_SECOND - series->start) / calendar_interval(series))
		return CALENDAR_NEVER;
	if (is_elapsed(series->unit))
		return series->start + k * calendar_interval(series);
	start = civil_at(series->start);
	if (is_by_month(series->unit))
		local = local_after_months(start, k * step_of(series));
	else
		local = civil_seconds(&start) + k * step_of(series) * DAY;
	if (local > LAST_SECOND - DAY)
		return CALENDAR_NEVER;
	return instant_of(local);
}

/* Estimates k; at most two intervals off. */
static int64_t guess(const struct calendar_series *series, int64_t time)
{
	struct civil from = civil_at(series->start);
	struct civil to = civil_at(time);
	int64_t units = civil_days(&to) - civil_days(&from);

	if (is_by_month(series->unit))
		units = (to.year - from.year) * 12 + to.month - from.month;
	return units > 0 ? units / step_of(series) : 0;
}

int64_t calendar_first_after(const struct calendar_series *series, int64_t time)
{
	int64_t k;

	if (time > LAST_SECOND)
		time = LAST_SECOND;
	if (time < series->start)
		return 0;
	if (series->interval == 0)
		return 1;
	if (is_elapsed(series->unit))
		return (time - series->start) / calendar_interval(series) + 1;
	k = guess(series, time);
	while (k > 0 && calendar_due(series, k - 1) > time)
		k--;
	while (calendar_due(series, k) <= time)
		k++;
	return k;
}
