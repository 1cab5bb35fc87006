/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/date_and_time.h"

#include <time.h>

#define YEAR_MAX   65535
#define OFFSET_MAX 13 /* hours, of RFC 2579 */

#define DAY	   86400

/* ---------------------------------------------------- octets and fields -- */

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30,
				   31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

static bool is_in_range(const struct date_and_time *date)
{
	return date->month >= 1 && date->month <= 12 && date->day >= 1 &&
	       date->day <= month_days(date->year, date->month) &&
	       date->hour <= 23 && date->minute <= 59 && date->second <= 60 &&
	       date->decisecond <= 9;
}

bool date_and_time_read(const unsigned char *octets, size_t length,
			struct date_and_time *date)
{
	if (length != DATE_AND_TIME_LOCAL && length != DATE_AND_TIME_OCTETS)
		return false;
	*date = (struct date_and_time){
	    .year = octets[0] << 8 | octets[1],
	    .month = octets[2],
	    .day = octets[3],
	    .hour = octets[4],
	    .minute = octets[5],
	    .second = octets[6],
	    .decisecond = octets[7],
	    .is_local = length == DATE_AND_TIME_LOCAL,
	};
	if (!is_in_range(date))
		return false;
	if (date->is_local)
		return true;
	if ((octets[8] != '+' && octets[8] != '-') || octets[10] > 59)
		return false;
	date->offset = octets[9] * 60 + octets[10];
	if (octets[8] == '-')
		date->offset = -date->offset;
	return true;
}

size_t date_and_time_write(const struct date_and_time *date,
			   unsigned char octets[DATE_AND_TIME_OCTETS])
{
	int offset = date->offset < 0 ? -date->offset : date->offset;

	octets[0] = (unsigned char)(date->year >> 8);
	octets[1] = (unsigned char)(date->year & 0xff);
	octets[2] = (unsigned char)date->month;
	octets[3] = (unsigned char)date->day;
	octets[4] = (unsigned char)date->hour;
	octets[5] = (unsigned char)date->minute;
	octets[6] = (unsigned char)date->second;
	octets[7] = (unsigned char)date->decisecond;
	if (date->is_local)
		return DATE_AND_TIME_LOCAL;
	octets[8] = date->offset < 0 ? '-' : '+';
	octets[9] = (unsigned char)(offset / 60);
	octets[10] = (unsigned char)(offset % 60);
	return DATE_AND_TIME_OCTETS;
}

/* --------------------------------------------------- fields and seconds -- */

int64_t date_and_time_seconds(const struct date_and_time *date)
{
	struct tm tm = {
	    .tm_year = date->year - 1900,
	    .tm_mon = date->month - 1,
	    .tm_mday = date->day,
	    .tm_hour = date->hour,
	    .tm_min = date->minute,
	    .tm_sec = date->second,
	};

	return timegm(&tm) - date->offset * INT64_C(60);
}

bool date_and_time_at(int64_t seconds, int offset, struct date_and_time *date)
{
	time_t shown = (time_t)(seconds + offset * INT64_C(60));
	struct tm tm;
	int year;

	if (!gmtime_r(&shown, &tm))
		return false;
	year = tm.tm_year + 1900;
	if (year < 0 || year > YEAR_MAX)
		return false;
	*date = (struct date_and_time){
	    .year = year,
	    .month = tm.tm_mon + 1,
	    .day = tm.tm_mday,
	    .hour = tm.tm_hour,
	    .minute = tm.tm_min,
	    .second = tm.tm_sec,
	    .offset = offset,
	};
	return true;
}

/* ---------------------------------------------------- the device's zone -- */

/* Finds how many seconds east of UTC the zone is at that time. */
static bool zone_at(time_t when, long *seconds)
{
	struct tm tm;

	if (!localtime_r(&when, &tm))
		return false;
	*seconds = tm.tm_gmtoff;
	return true;
}

/*
 * Returns the instant of a local time, or -1.  One that clocks show twice is
 * the first of the two, and one that they skip is read with the offset before
 * the gap (RFC 5545, 3.3.5), as in the due times of a series; mktime() takes
 * whichever of the two it has used last.
 */
static time_t local_instant(time_t local)
{
	time_t found = -1;
	long before, after;

	/* The device may have been given another zone. */
	tzset();
	if (!zone_at(local - 2 * DAY, &before) ||
	    !zone_at(local + 2 * DAY, &after))
		return -1;
	for (int i = 0; i < 2; i++) {
		time_t when = local - (i == 0 ? before : after);
		long own;

		if (zone_at(when, &own) && local - own == when &&
		    (found == -1 || when < found))
			found = when;
	}
	return found == -1 ? local - before : found;
}

size_t date_and_time_encode(int64_t time,
			    unsigned char octets[DATE_AND_TIME_OCTETS])
{
	struct date_and_time date;
	long seconds;

	/* An old offset of the zone may have seconds.  They are left out, of
	 * the offset and of the time beside it. */
	if (time == 0 || !zone_at((time_t)time, &seconds) ||
	    !date_and_time_at(time, (int)(seconds / 60), &date))
		return 0;
	return date_and_time_write(&date, octets);
}

/* Zones at +14:00 exist, beyond the range: what the device itself shows can be
 * written back. */
static bool is_offset_taken(const struct date_and_time *date, int64_t when)
{
	long own;

	if (date->offset / 60 <= OFFSET_MAX && date->offset / 60 >= -OFFSET_MAX)
		return true;
	return zone_at((time_t)when, &own) && own / 60 == date->offset;
}

bool date_and_time_decode(const unsigned char *octets, size_t length,
			  int64_t *time)
{
	struct date_and_time date;
	int64_t when;

	*time = 0;
	if (length == 0)
		return true;
	if (!date_and_time_read(octets, length, &date))
		return false;
	when = date_and_time_seconds(&date);
	if (date.is_local)
		when = local_instant((time_t)when);
	else if (!is_offset_taken(&date, when))
		return false;
	/* Second 0 is no time, and -1 is no instant. */
	if (when <= 0)
		return false;
	*time = when;
	return true;
}
