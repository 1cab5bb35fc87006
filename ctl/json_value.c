/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/json_value.h"

#include "ctl/date_text.h"
#include "ctl/labels.h"
#include "ctl/value.h"

static json_t *json_label(const char *name, uint32_t number)
{
	const char *label = label_of(name, number);

	return label ? json_string(label) : json_integer(number);
}

static json_t *json_bits(const struct object *object, int64_t bits)
{
	json_t *list = json_array();

	for (uint32_t bit = 0; list && bit < 32; bit++)
		if (bits & INT64_C(1) << bit)
			json_array_append_new(list,
					      json_label(object->name, bit));
	return list;
}

static json_t *json_octets(const struct scep_value *value)
{
	char text[3 * SCEP_TEXT255];

	value_print_octets(value->octets, value->length, text);
	return json_string(text);
}

static json_t *json_time(const struct scep_value *value)
{
	char text[DATE_TEXT];

	if (!date_text_print(value->octets, value->length, text))
		return NULL;
	return json_string(text);
}

json_t *json_value(const struct object *object, const struct scep_value *value)
{
	switch (object->syntax) {
	case SYNTAX_UNSIGNED:
	case SYNTAX_GAUGE:
	case SYNTAX_COUNTER:
	case SYNTAX_INTEGER:
	case SYNTAX_TIMESTAMP:
		return json_integer(value->number);
	case SYNTAX_ENUM:
		return json_label(object->name, (uint32_t)value->number);
	case SYNTAX_TRUTH:
		return json_boolean(value->number);
	case SYNTAX_BITS:
		return json_bits(object, value->number);
	case SYNTAX_TIME:
		return json_time(value);
	case SYNTAX_TEXT:
		return json_stringn((const char *)value->octets, value->length);
	case SYNTAX_OCTETS:
		return json_octets(value);
	case SYNTAX_SECRET:
	case SYNTAX_COUNT:
		break;
	}
	return NULL;
}
