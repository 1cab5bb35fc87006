/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DateAndTime of RFC 2579: from its octets to the fields that they hold and to
 * seconds since 1970, and back.  11 octets have their offset from UTC; 8 octets
 * are local time; no octets are no time, which is second 0.
 *
 * The agent and scepctl both use it.  Knows no SNMP beyond these octets, and
 * the device's time zone only in the last two functions.
 */
#ifndef SUBAGENT_SNMP_DATE_AND_TIME_H
#define SUBAGENT_SNMP_DATE_AND_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATE_AND_TIME_OCTETS 11
#define DATE_AND_TIME_LOCAL  8 /* octets of local time */

/* A date as a clock shows it. */
struct date_and_time {
	int year; /* 0..65535 */
	int month;
	int day;
	int hour;
	int minute;
	int second; /* 60 is a leap second */
	int decisecond;
	bool is_local; /* and has no offset */
	int offset;    /* minutes east of UTC */
};

/* Reads 8 or 11 octets.  Returns false if they are no date: another length, a
 * field out of its range, 30 February.  Any hour of an offset passes. */
bool date_and_time_read(const unsigned char *octets, size_t length,
			struct date_and_time *date);
/* Writes the octets of a date; returns how many: 8 or 11. */
size_t date_and_time_write(const struct date_and_time *date,
			   unsigned char octets[DATE_AND_TIME_OCTETS]);

/* Returns the seconds since 1970; those of local time as if it were UTC. */
int64_t date_and_time_seconds(const struct date_and_time *date);
/* Finds what a clock shows that is `offset` minutes east of UTC.  Returns false
 * for a year that DateAndTime does not have. */
bool date_and_time_at(int64_t seconds, int offset, struct date_and_time *date);

/*
 * Writes a time with the offset that the device has at that time.  Returns 11,
 * or 0 and writes nothing for time 0 and for years that DateAndTime does not
 * have.
 */
size_t date_and_time_encode(int64_t time,
			    unsigned char octets[DATE_AND_TIME_OCTETS]);
/*
 * Reads a time as the device takes it.  Returns false if it is none: no date,
 * an offset beyond 13:59 (RFC 2579) that is not the device's own, or a time
 * before 1970.
 */
bool date_and_time_decode(const unsigned char *octets, size_t length,
			  int64_t *time);

#endif
