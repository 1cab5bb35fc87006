/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/document.h"

#include "ctl/date_text.h"
#include "scep/change.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/view.h"
#include "ctl/json_value.h"
#include "ctl/labels.h"
#include "ctl/value.h"

#include <jansson.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE "SCEP-CLIENT-MIB"
/* The longest piece of a file that is repeated in a message. */
#define SHOWN_KEY 60

/* The reader of a file. */
struct reader {
	struct snapshot *snapshot;
	uint32_t index;
	struct reason *reason;
};

/* Makes a key fit for a message at a terminal. */
static const char *shown(const char *key, char text[SHOWN_KEY + 1])
{
	size_t length = 0;

	for (; key[length] && length < SHOWN_KEY; length++)
		text[length] =
		    key[length] > ' ' && key[length] < 0x7f ? key[length] : '?';
	text[length] = '\0';
	return text;
}

/* --------------------------------------------------------- values, in -- */

static bool read_number(const json_t *json, struct scep_value *value)
{
	if (!json_is_integer(json) || json_integer_value(json) < 0 ||
	    json_integer_value(json) > UINT32_MAX)
		return false;
	value->number = json_integer_value(json);
	return true;
}

/* Reads a label of the MIB, or its number. */
static bool read_label(const char *name, const json_t *json,
		       struct scep_value *value)
{
	uint32_t number;

	if (!json_is_string(json))
		return read_number(json, value);
	if (!label_number(name, json_string_value(json), &number))
		return false;
	value->number = number;
	return true;
}

static bool read_bits(const struct scep_field_info *info, const json_t *json,
		      struct scep_value *value)
{
	struct scep_value bit;
	int64_t bits = 0;

	if (!json_is_array(json))
		return false;
	for (size_t i = 0; i < json_array_size(json); i++) {
		if (!read_label(info->name, json_array_get(json, i), &bit) ||
		    bit.number > scep_range_max(&info->range))
			return false;
		bits |= INT64_C(1) << bit.number;
	}
	value->number = bits;
	return true;
}

static bool read_text(const json_t *json, struct scep_value *value)
{
	size_t length = json_string_length(json);

	if (!json_is_string(json) || length >= sizeof(value->octets))
		return false;
	memcpy(value->octets, json_string_value(json), length);
	value->length = (uint32_t)length;
	return true;
}

static int digit_of(char letter)
{
	static const char digits[] = "0123456789abcdef";
	char small = letter >= 'A' && letter <= 'F' ? (char)(letter - 'A' + 'a')
						    : letter;
	const char *found = small ? strchr(digits, small) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Reads pairs of hexadecimal digits, with or without colons between them. */
static bool read_octets(const json_t *json, struct scep_value *value)
{
	const char *text = json_string_value(json);

	if (!text)
		return false;
	while (*text) {
		int high = digit_of(text[0]);
		int low = high < 0 ? -1 : digit_of(text[1]);

		if (low < 0 || value->length + 1 >= sizeof(value->octets))
			return false;
		value->octets[value->length++] =
		    (unsigned char)(high << 4 | low);
		text += 2;
		if (text[0] == ':' && text[1] != '\0')
			text++;
	}
	return true;
}

static bool read_time(const json_t *json, struct scep_value *value)
{
	const char *text = json_string_value(json);
	size_t length;

	if (!text || !date_text_scan(text, value->octets, &length))
		return false;
	value->length = (uint32_t)length;
	return true;
}

/* The form that the JSON of each kind of object must have, for messages.  The
 * names of an enumeration follow. */
static const char *const forms[] = {
    [SCEP_KIND_NUMBER] = "a number",
    [SCEP_KIND_ENUM] = "one of ",
    [SCEP_KIND_TRUTH] = "true or false",
    [SCEP_KIND_BITS] = "a list of ",
    [SCEP_KIND_TIME] = "a time such as \"2026-03-01T02:00:00+01:00\"",
    [SCEP_KIND_TEXT] = "a text of at most 255 octets",
    [SCEP_KIND_OCTETS] = "a text of hexadecimal digits",
    [SCEP_KIND_SECRET] = "left out",
    [SCEP_KIND_ACTION] = "left out",
};

#define LABELS_TEXT 360

/* Writes the names that a file may have for an enumeration or for bits. */
static const char *print_labels(const struct scep_field_info *info,
				char text[LABELS_TEXT])
{
	size_t used = 0;

	text[0] = '\0';
	if (info->kind != SCEP_KIND_ENUM && info->kind != SCEP_KIND_BITS)
		return text;
	for (uint32_t number = 0; number <= scep_range_max(&info->range);
	     number++) {
		const char *label = label_of(info->name, number);

		if (label && used < LABELS_TEXT)
			used += (size_t)snprintf(text + used,
						 LABELS_TEXT - used, "%s%s",
						 used > 0 ? ", " : "", label);
	}
	return text;
}

static bool read_form(const struct scep_field_info *info, const json_t *json,
		      struct scep_value *value)
{
	switch (info->kind) {
	case SCEP_KIND_NUMBER:
		return read_number(json, value);
	case SCEP_KIND_ENUM:
		return read_label(info->name, json, value);
	case SCEP_KIND_TRUTH:
		value->number = json_is_true(json);
		return json_is_boolean(json);
	case SCEP_KIND_BITS:
		return read_bits(info, json, value);
	case SCEP_KIND_TIME:
		return read_time(json, value);
	case SCEP_KIND_TEXT:
		return read_text(json, value);
	case SCEP_KIND_OCTETS:
		return read_octets(json, value);
	case SCEP_KIND_SECRET:
	case SCEP_KIND_ACTION:
		break;
	}
	return false;
}

/* ------------------------------------------------------------ rows, in -- */

/* Gives the reason why a name cannot be in a file. */
static bool refuse_name(struct reader *reader, const char *key)
{
	char text[SHOWN_KEY + 1];

	for (size_t i = 0; i < object_count; i++) {
		if (strcmp(objects[i].name, key) != 0)
			continue;
		if (objects[i].syntax == SYNTAX_SECRET)
			return reason_set(reader->reason,
					  "%s: a secret is no part of a "
					  "file of settings",
					  key);
		if (snapshot_named(key, true) || snapshot_named(key, false))
			return reason_set(reader->reason,
					  "%s: not in its place", key);
		return reason_set(reader->reason,
				  "%s: no setting that outlives a restart",
				  key);
	}
	return reason_set(reader->reason, "%s: %s has no such setting",
			  shown(key, text), MODULE);
}

static bool read_value(struct reader *reader, const char *key,
		       const json_t *json)
{
	const struct object *object = snapshot_named(key, reader->index == 0);
	const struct scep_field_info *info;
	struct scep_value value = {0};
	struct reason why;
	char name[SNAPSHOT_NAME];

	if (!object)
		return refuse_name(reader, key);
	info = scep_field_info(object->field);
	snapshot_name(object->field, reader->index, name);
	if (!read_form(info, json, &value)) {
		char labels[LABELS_TEXT];

		return reason_set(reader->reason, "%s: must be %s%s", name,
				  forms[info->kind],
				  print_labels(info, labels));
	}
	if (!value_judge(object->field, &value, &why))
		return reason_set(reader->reason, "%s: %s", name,
				  strchr(why.text, ' ') + 1);
	/* The import itself decides which rows are made and destroyed. */
	if (object->field == SCEP_PROFILE_ROW_STATUS &&
	    value.number != SCEP_ROW_ACTIVE &&
	    value.number != SCEP_ROW_NOT_IN_SERVICE)
		return reason_set(reader->reason,
				  "%s: must be active or notInService", name);
	snapshot_put(reader->snapshot, object->field, reader->index, &value);
	return true;
}

static bool read_row(struct reader *reader, uint32_t index, const json_t *json)
{
	void *at;

	reader->index = index;
	if (!snapshot_add_row(reader->snapshot, index))
		return reason_set(reader->reason, "memory is short");
	for (at = json_object_iter((json_t *)json); at;
	     at = json_object_iter_next((json_t *)json, at))
		if (!read_value(reader, json_object_iter_key(at),
				json_object_iter_value(at)))
			return false;
	return true;
}

/* Reads "1".."64", and takes no other spelling of them. */
static bool read_index(const char *key, uint32_t *index)
{
	char text[16];

	*index = (uint32_t)strtoul(key, NULL, 10);
	if (*index < 1 || *index > SCEP_PROFILE_MAX)
		return false;
	snprintf(text, sizeof(text), "%" PRIu32, *index);
	return strcmp(text, key) == 0;
}

static bool read_profiles(struct reader *reader, const json_t *profiles)
{
	char text[SHOWN_KEY + 1];
	uint32_t index;
	void *at;

	if (!json_is_object(profiles))
		return reason_set(reader->reason,
				  "profiles: must be an object");
	for (at = json_object_iter((json_t *)profiles); at;
	     at = json_object_iter_next((json_t *)profiles, at)) {
		const char *key = json_object_iter_key(at);
		const json_t *row = json_object_iter_value(at);

		if (!read_index(key, &index))
			return reason_set(reader->reason,
					  "profiles: %s is not in 1..%d",
					  shown(key, text), SCEP_PROFILE_MAX);
		if (!json_is_object(row))
			return reason_set(reader->reason,
					  "profiles: %s: must be an object",
					  key);
		if (!read_row(reader, index, row))
			return false;
	}
	return true;
}

/* ------------------------------------------------------ the whole, in -- */

static bool read_format(struct reader *reader, const json_t *json)
{
	if (!json_is_integer(json) ||
	    json_integer_value(json) != DOCUMENT_FORMAT)
		return reason_set(reader->reason, "format: must be %d",
				  DOCUMENT_FORMAT);
	return true;
}

static bool read_module(struct reader *reader, const json_t *json)
{
	if (!json_is_string(json) || strcmp(json_string_value(json), MODULE))
		return reason_set(reader->reason,
				  "module: must be \"" MODULE "\"");
	return true;
}

static bool read_agent(struct reader *reader, const json_t *json)
{
	if (!json_is_string(json))
		return reason_set(reader->reason, "agent: must be a text");
	return true;
}

static bool read_scalars(struct reader *reader, const json_t *json)
{
	if (!json_is_object(json))
		return reason_set(reader->reason, "scalars: must be an object");
	return read_row(reader, 0, json);
}

static const struct part {
	const char *key;
	bool (*read)(struct reader *reader, const json_t *json);
	bool is_needed;
} parts[] = {
    {"format", read_format, true},	{"module", read_module, true},
    {"agent", read_agent, false},	{"scalars", read_scalars, false},
    {"profiles", read_profiles, false},
};

#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

static const struct part *part_named(const char *key)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		if (strcmp(parts[i].key, key) == 0)
			return &parts[i];
	return NULL;
}

/* Reads in the order of the table, so that the format is judged first. */
static bool read_parts(struct reader *reader, const json_t *json)
{
	char text[SHOWN_KEY + 1];
	void *at;

	for (size_t i = 0; i < PART_COUNT; i++) {
		const json_t *part = json_object_get(json, parts[i].key);

		if (!part && parts[i].is_needed)
			return reason_set(reader->reason, "%s is missing",
					  parts[i].key);
		if (part && !parts[i].read(reader, part))
			return false;
	}
	for (at = json_object_iter((json_t *)json); at;
	     at = json_object_iter_next((json_t *)json, at))
		if (!part_named(json_object_iter_key(at)))
			return reason_set(
			    reader->reason, "%s: no part of such a file",
			    shown(json_object_iter_key(at), text));
	return true;
}

/* Gives a reason of our own: the library's repeats what stands in the file. */
static const char *syntax_reason(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		return "a name stands there twice";
	case json_error_stack_overflow:
		return "it is nested too deeply";
	case json_error_premature_end_of_input:
		return "the file ends too early";
	case json_error_end_of_input_expected:
		return "the file goes on after its end";
	case json_error_invalid_utf8:
		return "it is not UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "a text has a NUL in it";
	case json_error_numeric_overflow:
		return "the number is too large";
	case json_error_out_of_memory:
		return "memory is short";
	default:
		return "it is not JSON";
	}
}

bool document_read(const char *text, size_t length, struct snapshot *snapshot,
		   struct reason *reason)
{
	struct reader reader = {.snapshot = snapshot, .reason = reason};
	json_error_t error;
	json_t *json;
	bool is_good;

	memset(snapshot, 0, sizeof(*snapshot));
	if (length > DOCUMENT_MAX)
		return reason_set(reader.reason, "longer than %d octets",
				  DOCUMENT_MAX);
	json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		return reason_set(reader.reason, "line %d, column %d: %s",
				  error.line, error.column,
				  syntax_reason(&error));
	if (json_is_object(json))
		is_good = read_parts(&reader, json);
	else
		is_good = reason_set(reader.reason, "must be an object");
	json_decref(json);
	if (!is_good)
		snapshot_free(snapshot);
	return is_good;
}

/* ---------------------------------------------------------------- out -- */

static json_t *write_row(const struct snapshot *snapshot, uint32_t index,
			 struct reason *reason)
{
	json_t *row = json_object();

	for (size_t i = 0; row && i < object_count; i++) {
		enum scep_field field = objects[i].field;
		const struct scep_value *value =
		    field ? snapshot_get(snapshot, field, index) : NULL;
		char name[SNAPSHOT_NAME];

		if (!value ||
		    json_object_set_new(row, objects[i].name,
					json_value(&objects[i], value)) == 0)
			continue;
		reason_set(reason, "%s: the device's value cannot be written",
			   snapshot_name(field, index, name));
		json_decref(row);
		return NULL;
	}
	return row;
}

static bool write_profiles(const struct snapshot *snapshot, json_t *profiles,
			   struct reason *reason)
{
	char key[16];

	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++) {
		if (!snapshot->row[index])
			continue;
		snprintf(key, sizeof(key), "%" PRIu32, index);
		if (json_object_set_new(
			profiles, key, write_row(snapshot, index, reason)) != 0)
			return false;
	}
	return true;
}

char *document_write(const struct snapshot *snapshot, const char *version,
		     struct reason *reason)
{
	json_t *whole = json_object();
	json_t *profiles = json_object();
	char *text = NULL;
	char *line = NULL;

	reason_set(reason, "memory is short");
	json_object_set_new(whole, "format", json_integer(DOCUMENT_FORMAT));
	json_object_set_new(whole, "module", json_string(MODULE));
	json_object_set_new(whole, "agent", json_string(version));
	if (json_object_set_new(whole, "scalars",
				write_row(snapshot, 0, reason)) == 0 &&
	    write_profiles(snapshot, profiles, reason) &&
	    json_object_set(whole, "profiles", profiles) == 0)
		text = json_dumps(whole, JSON_INDENT(2));
	json_decref(profiles);
	json_decref(whole);
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}
