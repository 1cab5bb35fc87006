/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/values.h"

#include "subagent/snmp/date_and_time.h"
#include "scep/change.h"

#include <net-snmp/net-snmp-includes.h>

#include <stdio.h>
#include <string.h>

typedef void (*read_fn)(const struct object *object, const void *member,
			struct value *value);
typedef int (*write_fn)(const struct object *object, const void *data,
			size_t length, struct scep_value *value);

/* ------------------------------------------------------------------ out -- */

static uint32_t member_u32(const void *member)
{
	return *(const uint32_t *)member;
}

static void unsigned_read(const struct object *object, const void *member,
			  struct value *value)
{
	(void)object;
	value->number = (long)member_u32(member);
}

static void integer_read(const struct object *object, const void *member,
			 struct value *value)
{
	(void)object;
	value->number = *(const int32_t *)member;
}

/* A number that was never set is 0, and reads as the first of its names. */
static void enum_read(const struct object *object, const void *member,
		      struct value *value)
{
	uint32_t number = member_u32(member);

	if (!scep_range_has(&object->range, number))
		number = object->range.span[0].min;
	value->number = (long)number;
}

static void truth_read(const struct object *object, const void *member,
		       struct value *value)
{
	(void)object;
	value->number = member_u32(member) ? 1 : 2;
}

static void text_read(const struct object *object, const void *member,
		      struct value *value)
{
	value->length = strnlen(member, scep_range_max(&object->range));
	memcpy(value->octets, member, value->length);
}

static void octets_read(const struct object *object, const void *member,
			struct value *value)
{
	uint32_t length = member_u32(member);
	uint32_t most = scep_range_max(&object->range);

	/* struct scep_octets32 and 64 begin alike. */
	value->length = length < most ? length : most;
	memcpy(value->octets, ((const struct scep_octets32 *)member)->data,
	       value->length);
}

static void secret_read(const struct object *object, const void *member,
			struct value *value)
{
	(void)object;
	(void)member;
	value->length = 0;
}

/* Returns how many octets hold the bits of an object. */
static size_t bits_octets(const struct object *object)
{
	return scep_range_max(&object->range) / 8 + 1;
}

static void bits_read(const struct object *object, const void *member,
		      struct value *value)
{
	uint32_t last = scep_range_max(&object->range);
	uint32_t bits = member_u32(member);

	value->length = bits_octets(object);
	memset(value->octets, 0, value->length);
	for (uint32_t bit = 0; bit <= last; bit++) {
		if (bits & 1u << bit)
			value->octets[bit / 8] |= 0x80 >> bit % 8;
	}
}

static void time_read(const struct object *object, const void *member,
		      struct value *value)
{
	(void)object;
	value->length =
	    date_and_time_encode(*(const int64_t *)member, value->octets);
}

/* ------------------------------------------------------------------- in -- */

/* Takes a number: Net-SNMP keeps all of them in a long. */
static bool number_take(const void *data, size_t length, long *number)
{
	if (length != sizeof(*number))
		return false;
	memcpy(number, data, sizeof(*number));
	return true;
}

static int unsigned_write(const struct object *object, const void *data,
			  size_t length, struct scep_value *value)
{
	long number;

	if (!number_take(data, length, &number))
		return SNMP_ERR_WRONGLENGTH;
	/* An unsigned number above 2147483647 may come as a negative one. */
	if (!scep_range_has(&object->range, (uint32_t)number))
		return SNMP_ERR_WRONGVALUE;
	value->number = (uint32_t)number;
	return SNMP_ERR_NOERROR;
}

static int enum_write(const struct object *object, const void *data,
		      size_t length, struct scep_value *value)
{
	long number;

	if (!number_take(data, length, &number))
		return SNMP_ERR_WRONGLENGTH;
	/* Over AgentX, a negative number comes as 32 bits without a sign. */
	number = (int32_t)number;
	if (number < 0 || !scep_range_has(&object->range, (uint64_t)number))
		return SNMP_ERR_WRONGVALUE;
	value->number = number;
	return SNMP_ERR_NOERROR;
}

static int truth_write(const struct object *object, const void *data,
		       size_t length, struct scep_value *value)
{
	int error = enum_write(object, data, length, value);

	if (error == SNMP_ERR_NOERROR)
		value->number = value->number == 1;
	return error;
}

static int octets_write(const struct object *object, const void *data,
			size_t length, struct scep_value *value)
{
	if (length >= sizeof(value->octets) ||
	    !scep_range_has(&object->range, length))
		return SNMP_ERR_WRONGLENGTH;
	if (length)
		memcpy(value->octets, data, length);
	value->length = (uint32_t)length;
	return SNMP_ERR_NOERROR;
}

/* Reads bits.  Octets that are left out at the end count as zero, and bits
 * without a name must be zero. */
static int bits_write(const struct object *object, const void *data,
		      size_t length, struct scep_value *value)
{
	const unsigned char *octets = data;
	uint32_t last = scep_range_max(&object->range);
	uint32_t bits = 0;

	if (length > bits_octets(object))
		return SNMP_ERR_WRONGLENGTH;
	for (uint32_t bit = 0; bit < length * 8; bit++) {
		if (!(octets[bit / 8] & 0x80 >> bit % 8))
			continue;
		if (bit > last)
			return SNMP_ERR_WRONGVALUE;
		bits |= 1u << bit;
	}
	value->number = bits;
	return SNMP_ERR_NOERROR;
}

static int time_write(const struct object *object, const void *data,
		      size_t length, struct scep_value *value)
{
	if (!scep_range_has(&object->range, length))
		return SNMP_ERR_WRONGLENGTH;
	if (!date_and_time_decode(data, length, &value->number))
		return SNMP_ERR_WRONGVALUE;
	return SNMP_ERR_NOERROR;
}

/* ------------------------------------------------------------- syntaxes -- */

/* Without `write`, no object of that syntax can be written. */
static const struct {
	const char *name; /* for a manager who sent another type */
	unsigned char type;
	bool is_octets;
	read_fn read;
	write_fn write;
} syntaxes[SYNTAX_COUNT] = {
    [SYNTAX_TEXT] = {"an OCTET STRING", ASN_OCTET_STR, true, text_read,
		     octets_write},
    [SYNTAX_OCTETS] = {"an OCTET STRING", ASN_OCTET_STR, true, octets_read,
		       octets_write},
    [SYNTAX_SECRET] = {"an OCTET STRING", ASN_OCTET_STR, true, secret_read,
		       octets_write},
    [SYNTAX_UNSIGNED] = {"an Unsigned32", ASN_UNSIGNED, false, unsigned_read,
			 unsigned_write},
    [SYNTAX_GAUGE] = {"a Gauge32", ASN_GAUGE, false, unsigned_read, NULL},
    [SYNTAX_COUNTER] = {"a Counter32", ASN_COUNTER, false, unsigned_read, NULL},
    [SYNTAX_INTEGER] = {"an INTEGER", ASN_INTEGER, false, integer_read, NULL},
    [SYNTAX_ENUM] = {"an INTEGER", ASN_INTEGER, false, enum_read, enum_write},
    [SYNTAX_TRUTH] = {"an INTEGER", ASN_INTEGER, false, truth_read,
		      truth_write},
    [SYNTAX_BITS] = {"an OCTET STRING (BITS)", ASN_OCTET_STR, true, bits_read,
		     bits_write},
    [SYNTAX_TIME] = {"an OCTET STRING (DateAndTime)", ASN_OCTET_STR, true,
		     time_read, time_write},
    [SYNTAX_TIMESTAMP] = {"TimeTicks", ASN_TIMETICKS, false, NULL, NULL},
};

/* Returns sysUpTime at an event, 0 if that was before sysUpTime began. */
static long timestamp_at(const struct read_context *context, uint64_t mono)
{
	uint64_t age;

	if (mono == 0)
		return 0;
	age = mono < context->mono ? (context->mono - mono) / 10 : 0;
	return age < context->uptime ? (long)(context->uptime - age) : 0;
}

/* Reads a number that was worked out, as if it were a member of its kind. */
static void number_read(const struct object *object, int64_t number,
			struct value *value)
{
	uint32_t narrow = (uint32_t)number;
	int32_t sign = (int32_t)number;

	switch (object->syntax) {
	case SYNTAX_TIME:
		time_read(object, &number, value);
		break;
	case SYNTAX_INTEGER:
		integer_read(object, &sign, value);
		break;
	case SYNTAX_UNSIGNED:
	case SYNTAX_GAUGE:
	case SYNTAX_COUNTER:
	case SYNTAX_ENUM:
	case SYNTAX_TRUTH:
	case SYNTAX_BITS:
		syntaxes[object->syntax].read(object, &narrow, value);
		break;
	case SYNTAX_TEXT:
	case SYNTAX_OCTETS:
	case SYNTAX_SECRET:
	case SYNTAX_TIMESTAMP:
	case SYNTAX_COUNT:
		break;
	}
}

void values_read(const struct read_context *context,
		 const struct instance *instance, struct value *value)
{
	const struct object *object = instance->object;
	const void *member = (const char *)instance->row + object->offset;

	value->type = syntaxes[object->syntax].type;
	value->is_octets = syntaxes[object->syntax].is_octets;
	value->number = 0;
	value->length = 0;
	if (object->syntax == SYNTAX_TIMESTAMP) {
		uint64_t mono =
		    object->number
			? (uint64_t)object->number(context, instance->row)
			: *(const uint64_t *)member;

		value->number = timestamp_at(context, mono);
	} else if (object->number) {
		number_read(object, object->number(context, instance->row),
			    value);
	} else if (object->text) {
		char text[SCEP_TEXT255];

		object->text(context, instance->row, text);
		text_read(object, text, value);
	} else {
		syntaxes[object->syntax].read(object, member, value);
	}
}

int values_write(const struct object *object, unsigned char type,
		 const void *data, size_t length, struct scep_value *value)
{
	int error;

	memset(value, 0, sizeof(*value));
	if (type != syntaxes[object->syntax].type)
		return SNMP_ERR_WRONGTYPE;
	if (!syntaxes[object->syntax].write)
		return SNMP_ERR_NOTWRITABLE;
	error = syntaxes[object->syntax].write(object, data, length, value);
	if (error != SNMP_ERR_NOERROR)
		memset(value, 0, sizeof(*value));
	return error;
}

static void reason_of_value(const struct object *object, const char *range,
			    char reason[VALUES_REASON])
{
	if (object->syntax == SYNTAX_TRUTH)
		snprintf(reason, VALUES_REASON, "must be true(1) or false(2)");
	else if (object->syntax == SYNTAX_BITS)
		snprintf(reason, VALUES_REASON,
			 "has a bit without a name: only %s have one", range);
	else if (object->syntax == SYNTAX_TIME)
		snprintf(reason, VALUES_REASON,
			 "must be a DateAndTime since 1970");
	else
		snprintf(reason, VALUES_REASON, "must be %s", range);
}

void values_reason(const struct object *object, int error,
		   char reason[VALUES_REASON])
{
	char range[SCEP_RANGE_WORDS];

	reason[0] = '\0';
	scep_range_words(&object->range, range);
	if (error == SNMP_ERR_WRONGTYPE)
		snprintf(reason, VALUES_REASON, "must be %s",
			 syntaxes[object->syntax].name);
	else if (error == SNMP_ERR_WRONGVALUE)
		reason_of_value(object, range, reason);
	else if (error == SNMP_ERR_WRONGLENGTH && object->syntax == SYNTAX_BITS)
		snprintf(reason, VALUES_REASON, "must have 0..%zu octets",
			 bits_octets(object));
	else if (error == SNMP_ERR_WRONGLENGTH)
		snprintf(reason, VALUES_REASON, "must have %s octets", range);
}
