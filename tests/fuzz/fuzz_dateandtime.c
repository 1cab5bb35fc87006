/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what a manager writes, from DateAndTime on to every other syntax. Octet
 * 0: the device's time zone; octet 1: the object that is written; then the
 * octets of the value.  They are read as DateAndTime, as seconds since 1970,
 * and as a value of that object.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/settings/settings.h"
#include "subagent/snmp/date_and_time.h"
#include "subagent/snmp/values.h"

static const char *const zones[] = {
    "UTC0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "NST3:30NDT,M3.2.0,M11.1.0",
    "LHST-10:30LHDT-11,M10.1.0,M4.1.0/2",
    "LINT-14",
    "XXX+12:34:56",
    "EST5EDT,M3.2.0,M11.1.0",
    "CHAST-12:45CHADT,M9.5.0/2:45,M4.1.0/3:45",
};

static void choose_zone(uint8_t octet)
{
	static const char *current;
	const char *zone = zones[octet % (sizeof(zones) / sizeof(zones[0]))];

	if (zone == current)
		return;
	setenv("TZ", zone, 1);
	tzset();
	current = zone;
}

static bool check_octets(const uint8_t *octets, size_t length)
{
	unsigned char shown[DATE_AND_TIME_OCTETS];
	int64_t time, again;

	if (!date_and_time_decode(octets, length, &time))
		return false;
	HOLDS(time >= 0 && (time > 0 || length == 0));
	if (time == 0)
		return true;
	HOLDS(length == 8 || length == DATE_AND_TIME_OCTETS);
	/* RFC 2579: the ranges of the fields. */
	HOLDS(octets[2] >= 1 && octets[2] <= 12);
	HOLDS(octets[3] >= 1 && octets[3] <= 31);
	HOLDS(octets[4] <= 23 && octets[5] <= 59 && octets[6] <= 60);
	HOLDS(octets[7] <= 9);
	HOLDS(length == 8 || (octets[9] <= 14 && octets[10] <= 59));
	/* A time of the last hours of the last year may be beyond it here. */
	if (date_and_time_encode(time, shown) == 0) {
		HOLDS(octets[0] == 0xff && octets[1] == 0xff);
		return true;
	}
	HOLDS(date_and_time_decode(shown, DATE_AND_TIME_OCTETS, &again));
	HOLDS(again == time);
	return true;
}

static void check_seconds(const uint8_t *octets, size_t length)
{
	unsigned char shown[DATE_AND_TIME_OCTETS];
	int64_t time = 0, again;

	memcpy(&time, octets, length < sizeof(time) ? length : sizeof(time));
	if (date_and_time_encode(time, shown) == 0)
		return;
	HOLDS(date_and_time_decode(shown, DATE_AND_TIME_OCTETS, &again) ==
	      (time > 0));
	HOLDS(again == (time > 0 ? time : 0));
}

/* ---------------------------------------------------------- any object -- */

static unsigned char type_of(enum object_syntax syntax)
{
	switch (syntax) {
	case SYNTAX_TEXT:
	case SYNTAX_OCTETS:
	case SYNTAX_SECRET:
	case SYNTAX_BITS:
	case SYNTAX_TIME:
		return ASN_OCTET_STR;
	case SYNTAX_UNSIGNED:
		return ASN_UNSIGNED;
	case SYNTAX_GAUGE:
		return ASN_GAUGE;
	case SYNTAX_COUNTER:
		return ASN_COUNTER;
	case SYNTAX_INTEGER:
	case SYNTAX_ENUM:
	case SYNTAX_TRUTH:
	case SYNTAX_COUNT:
		break;
	case SYNTAX_TIMESTAMP:
		return ASN_TIMETICKS;
	}
	return ASN_INTEGER;
}

/* Checks that what is read is what was written, in its usual form. */
static void check_shown(const struct object *object,
			const struct scep_value *written, const void *row)
{
	struct instance instance = {.object = object, .index = 1, .row = row};
	struct value shown;
	int64_t time;

	if (object->number != NULL || object->text != NULL)
		return;
	values_read(NULL, &instance, &shown);
	HOLDS(shown.length <= sizeof(shown.octets));
	switch (object->syntax) {
	case SYNTAX_TEXT:
	case SYNTAX_OCTETS:
		HOLDS(shown.length == written->length);
		HOLDS(memcmp(shown.octets, written->octets, shown.length) == 0);
		break;
	case SYNTAX_SECRET:
		HOLDS(shown.length == 0);
		break;
	case SYNTAX_UNSIGNED:
	case SYNTAX_ENUM:
		HOLDS(shown.number == written->number);
		break;
	case SYNTAX_TRUTH:
		HOLDS(shown.number == (written->number ? 1 : 2));
		break;
	case SYNTAX_TIME:
		if (shown.length > 0)
			HOLDS(date_and_time_decode(shown.octets, shown.length,
						   &time) &&
			      time == written->number);
		break;
	case SYNTAX_BITS:
	case SYNTAX_GAUGE:
	case SYNTAX_COUNTER:
	case SYNTAX_INTEGER:
	case SYNTAX_TIMESTAMP:
	case SYNTAX_COUNT:
		break;
	}
}

static void check_object(const struct object *object, const uint8_t *octets,
			 size_t length)
{
	union {
		struct scep_agent agent;
		struct scep_profile profile;
		struct scep_key key;
		struct scep_ca ca;
	} home;
	struct scep_value value;
	struct scep_verdict verdict;
	int error = values_write(object, type_of(object->syntax), octets,
				 length, &value);

	HOLDS(value.length < sizeof(value.octets));
	if (error != SNMP_ERR_NOERROR) {
		HOLDS(value.length == 0 && value.number == 0);
		return;
	}
	if (object->field == SCEP_FIELD_NONE ||
	    scep_value_check(object->field, &value, &verdict) !=
		SCEP_ACCEPTED ||
	    scep_field_info(object->field)->offset == SCEP_NO_MEMBER)
		return;
	memset(&home, 0, sizeof(home));
	settings_put(object->field, &value, &home);
	if (object->syntax != SYNTAX_SECRET)
		HOLDS(settings_has(object->field, &value, &home));
	HOLDS(settings_are_same(object->field, &home, &home));
	check_shown(object, &value, &home);
}

bool fuzz_dateandtime(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	const struct object *object;

	choose_zone(fuzz_take_octet(&input));
	object = &objects[fuzz_take_octet(&input) % object_count];
	check_object(object, input.at, input.left);
	check_seconds(input.at, input.left);
	return check_octets(input.at, input.left);
}
