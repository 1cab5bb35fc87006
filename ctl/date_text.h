/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DateAndTime as ISO 8601 text: 11 octets are "2026-03-01T02:00:00+01:00"; 8
 * octets, the device's local time wherever it is, are "2026-03-01T02:00:00"; no
 * octets are "".  Knows no time zone: the device knows what local time is.
 */
#ifndef CTL_DATE_TEXT_H
#define CTL_DATE_TEXT_H

#include "subagent/snmp/date_and_time.h"

#define DATE_TEXT 32 /* octets, with the NUL */

/* Writes the text of 0, 8 or 11 octets, with a NUL.  Returns false if they are
 * no date that a device shows; then the text is empty. */
bool date_text_print(const unsigned char *octets, size_t length,
		     char text[DATE_TEXT]);

/* Reads such a text; `Z` is +00:00 too.  Returns false if it is no date that a
 * device shows. */
bool date_text_scan(const char *text,
		    unsigned char octets[DATE_AND_TIME_OCTETS], size_t *length);

#endif
