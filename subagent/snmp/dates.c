/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/dates.h"

#include <time.h>

#define YEAR_MAX 65535

#define DAY	 86400

/* Seconds east of UTC that the device's zone has at that time. */
static bool seconds_at(time_t when, long *seconds)
{
	struct tm tm;

	if (!localtime_r(&when, &tm))
		return false;
	*seconds = tm.tm_gmtoff;
	return true;
}

/* Minutes, as DateAndTime has it. */
static bool offset_at(time_t when, long *minutes)
{
	if (!seconds_at(when, minutes))
		return false;
	*minutes /= 60;
	return true;
}

size_t date_encode(int64_t time, unsigned char octets[DATE_OCTETS])
{
	time_t when = (time_t)time;
	struct tm tm;
	long offset;
	int year;

	if (time == 0 || !offset_at(when, &offset))
		return 0;
	/* What is shown and the offset beside it always go together, even
	 * where an old offset of the zone had seconds. */
	when += offset * 60;
	if (!gmtime_r(&when, &tm))
		return 0;
	year = tm.tm_year + 1900;
	if (year < 0 || year > YEAR_MAX)
		return 0;
	octets[0] = (unsigned char)(year >> 8);
	octets[1] = (unsigned char)(year & 0xff);
	octets[2] = (unsigned char)(tm.tm_mon + 1);
	octets[3] = (unsigned char)tm.tm_mday;
	octets[4] = (unsigned char)tm.tm_hour;
	octets[5] = (unsigned char)tm.tm_min;
	octets[6] = (unsigned char)tm.tm_sec;
	octets[7] = 0; /* deci-seconds */
	octets[8] = offset < 0 ? '-' : '+';
	if (offset < 0)
		offset = -offset;
	octets[9] = (unsigned char)(offset / 60);
	octets[10] = (unsigned char)(offset % 60);
	return DATE_OCTETS;
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30,
				   31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

/* The first eight octets; second 60 is a leap second. */
static bool fields_decode(const unsigned char *octets, struct tm *tm)
{
	int year = octets[0] << 8 | octets[1];
	int month = octets[2];

	if (month < 1 || month > 12)
		return false;
	if (octets[3] < 1 || octets[3] > month_days(year, month))
		return false;
	if (octets[4] > 23 || octets[5] > 59 || octets[6] > 60 || octets[7] > 9)
		return false;
	*tm = (struct tm){
	    .tm_year = year - 1900,
	    .tm_mon = month - 1,
	    .tm_mday = octets[3],
	    .tm_hour = octets[4],
	    .tm_min = octets[5],
	    .tm_sec = octets[6],
	    .tm_isdst = -1,
	};
	return true;
}

/* The last three octets: seconds east of UTC. */
static bool offset_decode(const unsigned char *octets, long *seconds)
{
	if ((octets[0] != '+' && octets[0] != '-') || octets[2] > 59)
		return false;
	*seconds = (octets[1] * 60L + octets[2]) * 60;
	if (octets[0] == '-')
		*seconds = -*seconds;
	return true;
}

/*
 * The instant of a local time, or -1.  One that clocks show twice is the first
 * of the two, and one that they skip is read with the offset before the gap
 * (RFC 5545, 3.3.5), as in the due times of a series; mktime() takes whichever
 * of the two it has used last.
 */
static time_t local_instant(struct tm *tm)
{
	time_t local = timegm(tm), found = -1;
	long before, after;

	/* mktime() reads the zone of the device anew. */
	tzset();
	if (!seconds_at(local - 2 * DAY, &before) ||
	    !seconds_at(local + 2 * DAY, &after))
		return -1;
	for (int i = 0; i < 2; i++) {
		time_t when = local - (i == 0 ? before : after);
		long own;

		if (seconds_at(when, &own) && local - own == when &&
		    (found == -1 || when < found))
			found = when;
	}
	return found == -1 ? local - before : found;
}

bool date_decode(const unsigned char *octets, size_t length, int64_t *time)
{
	struct tm tm;
	time_t when;
	long offset;
	long own;

	*time = 0;
	if (length == 0)
		return true;
	if ((length != 8 && length != DATE_OCTETS) ||
	    !fields_decode(octets, &tm))
		return false;
	if (length == 8) {
		when = local_instant(&tm);
	} else {
		if (!offset_decode(octets + 8, &offset))
			return false;
		when = timegm(&tm) - offset;
		/* There are zones at +14:00; what the device itself shows can
		 * be written back. */
		if (octets[9] > 13 &&
		    (!offset_at(when, &own) || own * 60 != offset))
			return false;
	}
	/* Time 0 is "none", and mktime() fails with -1. */
	if (when <= 0)
		return false;
	*time = when;
	return true;
}
