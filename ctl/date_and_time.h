/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DateAndTime of RFC 2579 and ISO 8601 text: 11 octets are
 * "2026-03-01T02:00:00+01:00", and 8 octets, the device's local time wherever
 * it is, are "2026-03-01T02:00:00".  No octets are "" and no time.
 *
 * Knows no time zone; what local time is, the device knows.
 */
#ifndef CTL_DATE_AND_TIME_H
#define CTL_DATE_AND_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATE_AND_TIME_OCTETS 11
#define DATE_AND_TIME_TEXT   32

/* Writes the text of 0, 8 or 11 octets with a NUL.  Returns false if they are
 * no date; then the text is empty. */
bool date_and_time_print(const unsigned char *octets, size_t length,
			 char text[DATE_AND_TIME_TEXT]);

/* Reads such a text; `Z` is +00:00 too.  Returns false if it is no date that
 * DateAndTime has. */
bool date_and_time_scan(const char *text,
			unsigned char octets[DATE_AND_TIME_OCTETS],
			size_t *length);

/* Seconds since 1970; of 8 octets as if local time were UTC; 0 of none. */
int64_t date_and_time_seconds(const unsigned char *octets, size_t length);

/* Whether both are the same moment.  One of 8 octets is compared with what
 * the other shows on its clock, as that is in the device's zone. */
bool date_and_time_is_same(const unsigned char *a, size_t a_length,
			   const unsigned char *b, size_t b_length);

/* Gives 11 octets the offset +00:00, which every device takes: offsets beyond
 * 13:59 it takes only if they are its own.  8 octets stay as they are. */
void date_and_time_to_utc(unsigned char *octets, size_t length);

#endif
