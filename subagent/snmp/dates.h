/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DateAndTime of RFC 2579 and seconds since 1970, in the device's time zone.
 * Knows no SNMP beyond these octets.
 */
#ifndef SUBAGENT_SNMP_DATES_H
#define SUBAGENT_SNMP_DATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATE_OCTETS 11

/*
 * Writes 11 octets with the offset from UTC in force at that time, and
 * returns 11; writes nothing and returns 0 for time 0 (none) and for years
 * that DateAndTime does not have.
 */
size_t date_encode(int64_t time, unsigned char octets[DATE_OCTETS]);

/*
 * The time that 11 octets name, or 8, which are local time; 0 octets are time
 * 0.  Returns false if they are no date: a length other than these, a field
 * out of its range, 30 February, an offset beyond 13:59 (RFC 2579) that is not
 * the device's own, or a time before 1970.
 */
bool date_decode(const unsigned char *octets, size_t length, int64_t *time);

#endif
