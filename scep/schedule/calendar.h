/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Due times by the calendar (MIB, rule 10): a start and every so many minutes,
 * hours, days, weeks, months or years after it, in the zone of the device.
 * Pure except for the zone, which comes from localtime_r(): call tzset() after
 * a change of the zone.  Knows no clock and no timer.
 *
 * The k-th due time is always computed from the start, so that nothing drifts:
 * 31 January is followed by the last day of February, and that by 31 March.
 *
 *  - Minutes and hours are elapsed time.
 *  - All others keep the local time of day of the start.  A day that the
 *    month does not have is the last day of the month.
 *  - A local time that clocks skip (the spring gap) is read with the offset
 *    in force before the gap, as RFC 5545, 3.3.5, does: with a gap from 02:00
 *    to 03:00, 02:30 is the instant that is then called 03:30.
 *  - A local time that clocks show twice is the first of the two (RFC 5545
 *    again).  The start itself is an instant and is never moved.
 *
 * Due times never decrease with k.  Two are the same only where a zone has
 * left out a whole day of a daily series.
 */
#ifndef SCEP_SCHEDULE_CALENDAR_H
#define SCEP_SCHEDULE_CALENDAR_H

#include <stdint.h>

/* scepAutoPeriodicUnit */
enum calendar_unit {
	CALENDAR_MINUTES = 1,
	CALENDAR_HOURS = 2,
	CALENDAR_DAYS = 3,
	CALENDAR_WEEKS = 4,
	CALENDAR_MONTHS = 5,
	CALENDAR_YEARS = 6,
};

struct calendar_series {
	int64_t start; /* UTC, seconds since 1970 */
	enum calendar_unit unit;
	uint32_t interval; /* so many units; 0: the start alone */
};

/* Later than any time.  Due times end with the year 65535, as DateAndTime does.
 */
#define CALENDAR_NEVER INT64_MAX

/* Returns the k-th due time, from 0, or CALENDAR_NEVER if there is none. */
int64_t calendar_due(const struct calendar_series *series, int64_t k);

/* Returns the smallest k whose due time is after `time`.  Takes a few steps,
 * however long ago the series began. */
int64_t calendar_first_after(const struct calendar_series *series,
			     int64_t time);

/* Returns the length of the shortest interval of the series in seconds; 0 for a
 * start alone. */
int64_t calendar_interval(const struct calendar_series *series);

#endif
