/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/varbind.h"

#include "ctl/date_text.h"
#include "scep/view.h"
#include "subagent/snmp/date_and_time.h"

#include <net-snmp/net-snmp-includes.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The type of a binding and the header of its name in AgentX. */
#define AGENTX_FRAME 8
#define BITS_OCTETS  4

const struct object *varbind_object(const char *name)
{
	for (size_t i = 0; i < object_count; i++)
		if (strcmp(objects[i].name, name) == 0)
			return &objects[i];
	assert(!"an object that the MIB does not have");
	return NULL;
}

static oid root[VARBIND_ROOT_ARCS] = {SCEP_ROOT_ARCS};
static size_t root_length = SCEP_ROOT_LENGTH;

bool varbind_set_root(const char *text)
{
	oid arcs[VARBIND_ROOT_ARCS];
	size_t count = 0;

	text += *text == '.';
	for (char *end; count < VARBIND_ROOT_ARCS; text = end + 1) {
		unsigned long arc;

		errno = 0;
		arc = strtoul(text, &end, 10);
		if (*text < '0' || *text > '9' || errno || arc > UINT32_MAX ||
		    (*end != '.' && *end != '\0'))
			return false;
		arcs[count++] = arc;
		if (*end == '\0')
			break;
		if (count == VARBIND_ROOT_ARCS)
			return false;
	}
	if (count < 2 || arcs[0] > 2)
		return false;
	memcpy(root, arcs, sizeof(arcs));
	root_length = count;
	return true;
}

void varbind_print_root(char text[VARBIND_ROOT_TEXT])
{
	size_t used = 0;

	for (size_t i = 0; i < root_length; i++)
		used += (size_t)snprintf(text + used, VARBIND_ROOT_TEXT - used,
					 "%s%lu", i ? "." : "", root[i]);
}

size_t varbind_name(const struct object *object, uint32_t index,
		    oid name[VARBIND_ARCS])
{
	uint32_t arc[OBJECT_ARCS];
	size_t count = object_arcs(object, arc);
	size_t length = root_length;

	memcpy(name, root, root_length * sizeof(oid));
	for (size_t i = 0; i < count; i++)
		name[length++] = arc[i];
	if (index != VARBIND_NO_INDEX)
		name[length++] = index;
	return length;
}

/* ------------------------------------------------------------------ out -- */

static void encode_number(struct varbind_value *encoded, unsigned char type,
			  int64_t number)
{
	encoded->type = type;
	encoded->number = (long)number;
}

static void encode_octets(struct varbind_value *encoded,
			  const unsigned char *octets, size_t length)
{
	encoded->type = ASN_OCTET_STR;
	encoded->is_octets = true;
	encoded->length = length;
	memcpy(encoded->octets, octets, length);
}

static void encode_bits(const struct object *object,
			struct varbind_value *encoded, int64_t bits)
{
	uint32_t last = scep_range_max(&object->range);
	unsigned char octets[BITS_OCTETS] = {0};

	for (uint32_t bit = 0; bit <= last; bit++)
		if (bits & INT64_C(1) << bit)
			octets[bit / 8] |= 0x80 >> bit % 8;
	encode_octets(encoded, octets, last / 8 + 1);
}

/* Gives a time the offset +00:00, which every device takes: an offset beyond
 * 13:59 it takes only if it is its own.  Local time stays local. */
static void encode_time(struct varbind_value *encoded,
			const struct scep_value *value)
{
	struct date_and_time date;

	encode_octets(encoded, value->octets, value->length);
	if (value->length == DATE_AND_TIME_OCTETS &&
	    date_and_time_read(value->octets, value->length, &date) &&
	    date_and_time_at(date_and_time_seconds(&date), 0, &date))
		date_and_time_write(&date, encoded->octets);
}

void varbind_encode(const struct object *object, const struct scep_value *value,
		    struct varbind_value *encoded)
{
	memset(encoded, 0, sizeof(*encoded));
	switch (object->syntax) {
	case SYNTAX_UNSIGNED:
	case SYNTAX_GAUGE:
	case SYNTAX_COUNTER:
	case SYNTAX_TIMESTAMP:
		encode_number(encoded, ASN_UNSIGNED, value->number);
		break;
	case SYNTAX_ENUM:
	case SYNTAX_INTEGER:
		encode_number(encoded, ASN_INTEGER, value->number);
		break;
	case SYNTAX_TRUTH:
		encode_number(encoded, ASN_INTEGER, value->number ? 1 : 2);
		break;
	case SYNTAX_BITS:
		encode_bits(object, encoded, value->number);
		break;
	case SYNTAX_TIME:
		encode_time(encoded, value);
		break;
	case SYNTAX_TEXT:
	case SYNTAX_OCTETS:
	case SYNTAX_SECRET:
	case SYNTAX_COUNT:
		encode_octets(encoded, value->octets, value->length);
		break;
	}
}

/* ------------------------------------------------------------------- in -- */

static bool decode_number(unsigned char wanted, unsigned char type,
			  const void *data, struct scep_value *value)
{
	long number;

	if (type != wanted)
		return false;
	memcpy(&number, data, sizeof(number));
	value->number =
	    wanted == ASN_INTEGER ? (int32_t)number : (int64_t)(uint32_t)number;
	return true;
}

static bool decode_truth(unsigned char type, const void *data,
			 struct scep_value *value)
{
	if (!decode_number(ASN_INTEGER, type, data, value))
		return false;
	value->number = value->number == 1;
	return true;
}

static bool decode_octets(unsigned char type, const void *data, size_t length,
			  struct scep_value *value)
{
	if (type != ASN_OCTET_STR || length >= sizeof(value->octets))
		return false;
	if (length)
		memcpy(value->octets, data, length);
	value->length = (uint32_t)length;
	return true;
}

static bool decode_bits(unsigned char type, const unsigned char *octets,
			size_t length, struct scep_value *value)
{
	if (type != ASN_OCTET_STR || length > BITS_OCTETS)
		return false;
	for (uint32_t bit = 0; bit < length * 8; bit++)
		if (octets[bit / 8] & 0x80 >> bit % 8)
			value->number |= INT64_C(1) << bit;
	return true;
}

static bool decode_time(unsigned char type, const void *data, size_t length,
			struct scep_value *value)
{
	char text[DATE_TEXT];

	return decode_octets(type, data, length, value) &&
	       date_text_print(value->octets, value->length, text);
}

bool varbind_decode(const struct object *object, unsigned char type,
		    const void *data, size_t length, struct scep_value *value)
{
	memset(value, 0, sizeof(*value));
	switch (object->syntax) {
	case SYNTAX_UNSIGNED:
	case SYNTAX_GAUGE:
		return decode_number(ASN_UNSIGNED, type, data, value);
	case SYNTAX_COUNTER:
		return decode_number(ASN_COUNTER, type, data, value);
	case SYNTAX_TIMESTAMP:
		return decode_number(ASN_TIMETICKS, type, data, value);
	case SYNTAX_ENUM:
	case SYNTAX_INTEGER:
		return decode_number(ASN_INTEGER, type, data, value);
	case SYNTAX_TRUTH:
		return decode_truth(type, data, value);
	case SYNTAX_BITS:
		return decode_bits(type, data, length, value);
	case SYNTAX_TIME:
		return decode_time(type, data, length, value);
	case SYNTAX_TEXT:
	case SYNTAX_OCTETS:
	case SYNTAX_SECRET:
		return decode_octets(type, data, length, value);
	case SYNTAX_COUNT:
		break;
	}
	return false;
}

/*
 * RFC 2741, 5.4: four octets for each arc and each number, strings padded to
 * four.  BER is never longer than this for the objects of this MIB.
 */
size_t varbind_size(enum scep_field field, const struct scep_value *value)
{
	const struct scep_field_info *info = scep_field_info(field);
	oid name[VARBIND_ARCS];
	size_t arcs =
	    varbind_name(varbind_object(info->name), SCEP_PROFILE_MAX, name);

	return AGENTX_FRAME + 4 * arcs + 4 + (value->length + 3) / 4 * 4;
}
