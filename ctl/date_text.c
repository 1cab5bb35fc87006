/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/date_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "2026-03-01T02:00:00" */
#define LOCAL_TEXT 19
/* RFC 2579 has 0..13 hours, and there are zones at +14:00. */
#define OFFSET_MAX (14 * 60 + 59)

/* Returns whether a device shows it: four digits of the year, no leap second
 * and no tenths of a second. */
static bool is_shown(const struct date_and_time *date)
{
	return date->year >= 1970 && date->year <= 9999 && date->second <= 59 &&
	       date->decisecond == 0 && abs(date->offset) <= OFFSET_MAX;
}

bool date_text_print(const unsigned char *octets, size_t length,
		     char text[DATE_TEXT])
{
	struct date_and_time date;

	text[0] = '\0';
	if (length == 0)
		return true;
	if (!date_and_time_read(octets, length, &date) || !is_shown(&date))
		return false;
	snprintf(text, DATE_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", date.year,
		 date.month, date.day, date.hour, date.minute, date.second);
	if (!date.is_local)
		snprintf(text + LOCAL_TEXT, DATE_TEXT - LOCAL_TEXT,
			 "%c%02d:%02d", date.offset < 0 ? '-' : '+',
			 abs(date.offset) / 60, abs(date.offset) % 60);
	return true;
}

/* Compares a text with a pattern: '0' stands for any digit. */
static bool fits(const char *text, const char *pattern)
{
	for (; *pattern; text++, pattern++) {
		if (*pattern == '0' ? *text < '0' || *text > '9'
				    : *text != *pattern)
			return false;
	}
	return true;
}

static int two_digits(const char *text)
{
	return (text[0] - '0') * 10 + (text[1] - '0');
}

static bool scan_offset(const char *text, struct date_and_time *date)
{
	if (strcmp(text, "Z") == 0)
		text = "+00:00";
	if ((text[0] != '+' && text[0] != '-') || !fits(text + 1, "00:00") ||
	    text[6] != '\0' || two_digits(text + 4) > 59)
		return false;
	date->offset = two_digits(text + 1) * 60 + two_digits(text + 4);
	if (text[0] == '-')
		date->offset = -date->offset;
	return true;
}

bool date_text_scan(const char *text,
		    unsigned char octets[DATE_AND_TIME_OCTETS], size_t *length)
{
	struct date_and_time date;

	*length = 0;
	if (text[0] == '\0')
		return true;
	if (!fits(text, "0000-00-00T00:00:00"))
		return false;
	date = (struct date_and_time){
	    .year = two_digits(text) * 100 + two_digits(text + 2),
	    .month = two_digits(text + 5),
	    .day = two_digits(text + 8),
	    .hour = two_digits(text + 11),
	    .minute = two_digits(text + 14),
	    .second = two_digits(text + 17),
	    .is_local = text[LOCAL_TEXT] == '\0',
	};
	if (!date.is_local && !scan_offset(text + LOCAL_TEXT, &date))
		return false;
	*length = date_and_time_write(&date, octets);
	/* The codec judges the ranges of the fields. */
	return date_and_time_read(octets, *length, &date) && is_shown(&date);
}
