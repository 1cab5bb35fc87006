/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/date_and_time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOCAL_OCTETS 8
/* "2026-03-01T02:00:00" */
#define LOCAL_TEXT 19

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30,
				   31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && is_leap ? 29 : days[month - 1];
}

static int year_of(const unsigned char *octets)
{
	return octets[0] << 8 | octets[1];
}

/* A time of four digits of the year and no tenths of a second, which is all
 * that a device shows. */
static bool is_date(const unsigned char *octets)
{
	int year = year_of(octets);

	return year >= 1970 && year <= 9999 && octets[2] >= 1 &&
	       octets[2] <= 12 && octets[3] >= 1 &&
	       octets[3] <= month_days(year, octets[2]) && octets[4] <= 23 &&
	       octets[5] <= 59 && octets[6] <= 59 && octets[7] == 0;
}

/* RFC 2579 says 0..13 hours, and there are zones at +14:00. */
static bool is_offset(const unsigned char *octets)
{
	return (octets[0] == '+' || octets[0] == '-') && octets[1] <= 14 &&
	       octets[2] <= 59;
}

bool date_and_time_print(const unsigned char *octets, size_t length,
			 char text[DATE_AND_TIME_TEXT])
{
	text[0] = '\0';
	if (length == 0)
		return true;
	if ((length != LOCAL_OCTETS && length != DATE_AND_TIME_OCTETS) ||
	    !is_date(octets) ||
	    (length == DATE_AND_TIME_OCTETS &&
	     !is_offset(octets + LOCAL_OCTETS)))
		return false;
	snprintf(text, DATE_AND_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d",
		 year_of(octets), octets[2], octets[3], octets[4], octets[5],
		 octets[6]);
	if (length == DATE_AND_TIME_OCTETS)
		snprintf(text + LOCAL_TEXT, DATE_AND_TIME_TEXT - LOCAL_TEXT,
			 "%c%02d:%02d", octets[8], octets[9], octets[10]);
	return true;
}

/* Reads digits that stand as '0' in the pattern; all else must be alike. */
static bool fits(const char *text, const char *pattern)
{
	for (; *pattern; text++, pattern++) {
		if (*pattern == '0' ? *text < '0' || *text > '9'
				    : *text != *pattern)
			return false;
	}
	return true;
}

static unsigned char two_digits(const char *text)
{
	return (unsigned char)((text[0] - '0') * 10 + (text[1] - '0'));
}

static bool offset_scan(const char *text, unsigned char octets[3])
{
	if (strcmp(text, "Z") == 0)
		text = "+00:00";
	if ((text[0] != '+' && text[0] != '-') || !fits(text + 1, "00:00") ||
	    text[6] != '\0')
		return false;
	octets[0] = (unsigned char)text[0];
	octets[1] = two_digits(text + 1);
	octets[2] = two_digits(text + 4);
	return is_offset(octets);
}

bool date_and_time_scan(const char *text,
			unsigned char octets[DATE_AND_TIME_OCTETS],
			size_t *length)
{
	int year;

	*length = 0;
	if (text[0] == '\0')
		return true;
	if (!fits(text, "0000-00-00T00:00:00"))
		return false;
	year = two_digits(text) * 100 + two_digits(text + 2);
	octets[0] = (unsigned char)(year >> 8);
	octets[1] = (unsigned char)(year & 0xff);
	for (int i = 0; i < 5; i++)
		octets[2 + i] = two_digits(text + 5 + 3 * i);
	octets[7] = 0;
	if (!is_date(octets))
		return false;
	*length = LOCAL_OCTETS;
	if (text[LOCAL_TEXT] == '\0')
		return true;
	*length = DATE_AND_TIME_OCTETS;
	return offset_scan(text + LOCAL_TEXT, octets + LOCAL_OCTETS);
}

int64_t date_and_time_seconds(const unsigned char *octets, size_t length)
{
	struct tm tm = {0};
	long offset;

	if (length < LOCAL_OCTETS)
		return 0;
	tm.tm_year = year_of(octets) - 1900;
	tm.tm_mon = octets[2] - 1;
	tm.tm_mday = octets[3];
	tm.tm_hour = octets[4];
	tm.tm_min = octets[5];
	tm.tm_sec = octets[6];
	if (length < DATE_AND_TIME_OCTETS)
		return timegm(&tm);
	offset = (octets[9] * 60L + octets[10]) * 60;
	return timegm(&tm) - (octets[8] == '-' ? -offset : offset);
}

bool date_and_time_is_same(const unsigned char *a, size_t a_length,
			   const unsigned char *b, size_t b_length)
{
	if (a_length == 0 || b_length == 0)
		return a_length == b_length;
	if (a_length == LOCAL_OCTETS || b_length == LOCAL_OCTETS)
		return memcmp(a, b, LOCAL_OCTETS) == 0;
	return date_and_time_seconds(a, a_length) ==
	       date_and_time_seconds(b, b_length);
}

void date_and_time_to_utc(unsigned char *octets, size_t length)
{
	time_t seconds = (time_t)date_and_time_seconds(octets, length);
	struct tm tm;
	int year;

	if (length != DATE_AND_TIME_OCTETS || !gmtime_r(&seconds, &tm))
		return;
	year = tm.tm_year + 1900;
	octets[0] = (unsigned char)(year >> 8);
	octets[1] = (unsigned char)(year & 0xff);
	octets[2] = (unsigned char)(tm.tm_mon + 1);
	octets[3] = (unsigned char)tm.tm_mday;
	octets[4] = (unsigned char)tm.tm_hour;
	octets[5] = (unsigned char)tm.tm_min;
	octets[6] = (unsigned char)tm.tm_sec;
	octets[7] = 0;
	memcpy(octets + LOCAL_OCTETS, "+\0\0", 3);
}
