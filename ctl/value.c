/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/value.h"

#include "ctl/date_text.h"
#include "scep/octets.h"
#include "ctl/labels.h"
#include "ctl/safe_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The highest bit that a BITS of ours can have. */
#define BIT_MAX 31

static int64_t seconds_of(const struct scep_value *value)
{
	struct date_and_time date;

	return date_and_time_read(value->octets, value->length, &date)
		   ? date_and_time_seconds(&date)
		   : 0;
}

/* Compares points in time.  Local time is in the device's zone: it is compared
 * with what the other value shows on its clock. */
static bool is_same_time(const struct scep_value *a, const struct scep_value *b)
{
	if (a->length == 0 || b->length == 0)
		return a->length == b->length;
	if (a->length == DATE_AND_TIME_LOCAL ||
	    b->length == DATE_AND_TIME_LOCAL)
		return memcmp(a->octets, b->octets, DATE_AND_TIME_LOCAL) == 0;
	return seconds_of(a) == seconds_of(b);
}

bool value_is_same(enum scep_field field, const struct scep_value *a,
		   const struct scep_value *b)
{
	switch (scep_field_info(field)->kind) {
	case SCEP_KIND_NUMBER:
	case SCEP_KIND_ENUM:
	case SCEP_KIND_TRUTH:
	case SCEP_KIND_BITS:
	case SCEP_KIND_ACTION:
		return a->number == b->number;
	case SCEP_KIND_TIME:
		return is_same_time(a, b);
	case SCEP_KIND_TEXT:
	case SCEP_KIND_OCTETS:
	case SCEP_KIND_SECRET:
		return a->length == b->length &&
		       memcmp(a->octets, b->octets, a->length) == 0;
	}
	return false;
}

/* Texts, octets and times have no default but the empty one. */
void value_preset(enum scep_field field, struct scep_value *value)
{
	memset(value, 0, sizeof(*value));
	value->number = scep_field_info(field)->preset;
}

bool value_judge(enum scep_field field, const struct scep_value *value,
		 struct reason *reason)
{
	const struct scep_field_info *info = scep_field_info(field);
	struct scep_value judged = *value;
	struct scep_verdict verdict;
	char text[DATE_TEXT];

	if (info->kind == SCEP_KIND_TIME) {
		if (!date_text_print(value->octets, value->length, text))
			return reason_set(reason, "%s: no date", info->name);
		judged.number = seconds_of(value);
	}
	if (scep_value_check(field, &judged, &verdict) == SCEP_ACCEPTED)
		return true;
	return reason_set(reason, "%s", verdict.reason);
}

/* ------------------------------------------------------------- printing -- */

/* A text of limited room: what does not fit is left out. */
struct line {
	char *text;
	size_t used;
	size_t size;
};

static void line_add(struct line *line, const char *text)
{
	size_t length = strlen(text);

	if (line->used + length >= line->size)
		return;
	memcpy(line->text + line->used, text, length + 1);
	line->used += length;
}

static void print_number(const char *name, uint32_t number, struct line *line)
{
	const char *label = label_of(name, number);
	char digits[16];

	snprintf(digits, sizeof(digits), "%" PRIu32, number);
	line_add(line, label ? label : digits);
}

static void print_bits(const char *name, uint32_t bits, struct line *line)
{
	const char *comma = "";

	line_add(line, "{");
	for (uint32_t bit = 0; bit <= BIT_MAX; bit++) {
		if (!(bits & 1u << bit))
			continue;
		line_add(line, comma);
		print_number(name, bit, line);
		comma = ", ";
	}
	line_add(line, "}");
}

/* Writes a text in quotes.  Escapes what a terminal might obey: a foreign
 * device may answer anything. */
static void print_text(const struct scep_value *value, struct line *line)
{
	char text[VALUE_TEXT];
	uint32_t at = 0;

	line_add(line, "\"");
	while (at < value->length) {
		uint32_t end = at;

		while (end < value->length && value->octets[end] != '"' &&
		       value->octets[end] != '\\')
			end++;
		line_add(line, safe_text(value->octets + at, end - at, text,
					 sizeof(text)));
		if (end < value->length)
			line_add(line,
				 value->octets[end] == '"' ? "\\\"" : "\\\\");
		at = end + 1;
	}
	line_add(line, "\"");
}

void value_print_octets(const unsigned char *octets, size_t length, char *text)
{
	text[0] = '\0';
	for (size_t i = 0; i < length; i++)
		sprintf(text + (i ? 3 * i - 1 : 0), "%s%02X", i ? ":" : "",
			octets[i]);
}

static void print_octets(const struct scep_value *value, struct line *line)
{
	char text[3 * SCEP_TEXT255];

	value_print_octets(value->octets, value->length, text);
	line_add(line, value->length ? text : "\"\"");
}

static void print_time(const struct scep_value *value, struct line *line)
{
	char text[DATE_TEXT];

	date_text_print(value->octets, value->length, text);
	line_add(line, value->length ? text : "\"\"");
}

const char *value_show(const struct object *object,
		       const struct scep_value *value, char text[VALUE_TEXT])
{
	struct line line = {text, 0, VALUE_TEXT};

	text[0] = '\0';
	switch (object->syntax) {
	case SYNTAX_UNSIGNED:
	case SYNTAX_GAUGE:
	case SYNTAX_COUNTER:
	case SYNTAX_INTEGER:
	case SYNTAX_TIMESTAMP:
		snprintf(text, VALUE_TEXT, "%" PRId64, value->number);
		break;
	case SYNTAX_ENUM:
		print_number(object->name, (uint32_t)value->number, &line);
		break;
	case SYNTAX_TRUTH:
		line_add(&line, value->number ? "true" : "false");
		break;
	case SYNTAX_BITS:
		print_bits(object->name, (uint32_t)value->number, &line);
		break;
	case SYNTAX_TIME:
		print_time(value, &line);
		break;
	case SYNTAX_TEXT:
		print_text(value, &line);
		break;
	case SYNTAX_OCTETS:
		print_octets(value, &line);
		break;
	case SYNTAX_SECRET:
	case SYNTAX_COUNT:
		break;
	}
	return text;
}

const char *value_print(enum scep_field field, const struct scep_value *value,
			char text[VALUE_TEXT])
{
	for (size_t i = 0; i < object_count; i++)
		if (objects[i].field == field)
			return value_show(&objects[i], value, text);
	text[0] = '\0';
	return text;
}
