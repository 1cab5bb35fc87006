/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/assignment.h"

#include "ctl/date_text.h"
#include "ctl/labels.h"
#include "ctl/suggest.h"
#include "ctl/value.h"
#include "subagent/snmp/objects.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Labels have numbers up to 255: scepStatusFailInfo. */
#define LABEL_MAX 255
#define NAME_ROOM 64

/* ---------------------------------------------------------------- values -- */

static bool find_label(const char *name, const char *text, size_t length,
		       uint32_t *number)
{
	for (*number = 0; *number <= LABEL_MAX; (*number)++) {
		const char *label = label_of(name, *number);

		if (label && strlen(label) == length &&
		    strncasecmp(label, text, length) == 0)
			return true;
	}
	return false;
}

/* Lists the labels that there are. */
static bool name_labels(const char *name, const char *kind,
			struct reason *reason)
{
	size_t used;

	reason_set(reason, "%s: must be %s", name, kind);
	for (uint32_t number = 0; number <= LABEL_MAX; number++) {
		const char *label = label_of(name, number);

		used = strlen(reason->text);
		if (label)
			snprintf(
			    reason->text + used, REASON_TEXT - used, "%s%s",
			    reason->text[used - 1] == 'f' ? " " : ", ", label);
	}
	return false;
}

static bool scan_number(const char *name, const char *text,
			struct scep_value *value, struct reason *reason)
{
	char *end;

	errno = 0;
	value->number = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0')
		return true;
	return reason_set(reason, "%s: must be a number", name);
}

static bool scan_enum(const char *name, const char *text,
		      struct scep_value *value, struct reason *reason)
{
	struct reason ignored;
	uint32_t number;

	if (find_label(name, text, strlen(text), &number)) {
		value->number = number;
		return true;
	}
	if (scan_number(name, text, value, &ignored) &&
	    (!label_of(name, 1) || label_of(name, (uint32_t)value->number)))
		return true;
	return name_labels(name, "one of", reason);
}

static bool scan_truth(const char *name, const char *text,
		       struct scep_value *value, struct reason *reason)
{
	static const char *const words[] = {"false", "true", "no",
					    "yes",   "off",  "on"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i], text) == 0) {
			value->number = (int64_t)(i % 2);
			return true;
		}
	return reason_set(reason, "%s: must be true or false", name);
}

static bool scan_bits(const char *name, const char *text,
		      struct scep_value *value, struct reason *reason)
{
	static const char between[] = ",; {}";
	uint32_t bit;

	for (text += strspn(text, between); *text;
	     text += strspn(text, between)) {
		size_t length = strcspn(text, between);

		if (!find_label(name, text, length, &bit))
			return name_labels(name, "a list of", reason);
		value->number |= INT64_C(1) << bit;
		text += length;
	}
	return true;
}

static int digit_of(char letter)
{
	if (letter >= '0' && letter <= '9')
		return letter - '0';
	letter = (char)tolower((unsigned char)letter);
	return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* Takes what `openssl x509 -fingerprint` prints, as a whole. */
static bool scan_octets(const char *name, const char *text,
			struct scep_value *value, struct reason *reason)
{
	const char *equals = strrchr(text, '=');

	for (text = equals ? equals + 1 : text; *text; text += 2) {
		if (value->length > 0 && (*text == ':' || *text == ' '))
			text++;
		if (digit_of(text[0]) < 0 || digit_of(text[1]) < 0)
			return reason_set(reason,
					  "%s: must be pairs of hexadecimal "
					  "digits, as 5A:0E or 5a0e",
					  name);
		if (value->length == SCEP_TEXT255 - 1)
			return reason_set(reason, "%s: too long", name);
		value->octets[value->length++] =
		    (unsigned char)(digit_of(text[0]) * 16 + digit_of(text[1]));
	}
	return true;
}

static void take_now(struct scep_value *value)
{
	struct date_and_time date;

	if (date_and_time_at((int64_t)time(NULL), 0, &date))
		value->length =
		    (uint32_t)date_and_time_write(&date, value->octets);
}

/* Fills in what people leave out: the T and the seconds. */
static bool scan_time(const char *name, const char *text,
		      struct scep_value *value, struct reason *reason)
{
	char whole[DATE_TEXT] = "";
	size_t length;
	bool has_seconds;

	if (strcasecmp(text, "now") == 0) {
		take_now(value);
		return true;
	}
	has_seconds = strlen(text) > 16 && text[16] == ':';
	if (strlen(text) < DATE_TEXT - 4 && strlen(text) >= 16)
		snprintf(whole, sizeof(whole), "%.16s%s%s", text,
			 has_seconds ? "" : ":00", text + 16);
	if (whole[0] && whole[10] == ' ')
		whole[10] = 'T';
	if ((text[0] == '\0' || whole[0]) &&
	    date_text_scan(whole, value->octets, &length)) {
		value->length = (uint32_t)length;
		return true;
	}
	return reason_set(reason,
			  "%s: must be a time as 2027-01-31T02:00:00+01:00 or "
			  "\"2027-01-31 02:00\" (the device's time), now, or "
			  "empty for none",
			  name);
}

static bool scan_text(const char *name, const char *text,
		      struct scep_value *value, struct reason *reason)
{
	if (strlen(text) >= SCEP_TEXT255)
		return reason_set(reason, "%s: longer than %d octets", name,
				  SCEP_TEXT255 - 1);
	value->length = (uint32_t)strlen(text);
	memcpy(value->octets, text, value->length);
	return true;
}

static bool scan(enum scep_kind kind, const char *name, const char *text,
		 struct scep_value *value, struct reason *reason)
{
	switch (kind) {
	case SCEP_KIND_NUMBER:
		return scan_number(name, text, value, reason);
	case SCEP_KIND_ENUM:
		return scan_enum(name, text, value, reason);
	case SCEP_KIND_TRUTH:
		return scan_truth(name, text, value, reason);
	case SCEP_KIND_BITS:
		return scan_bits(name, text, value, reason);
	case SCEP_KIND_TIME:
		return scan_time(name, text, value, reason);
	case SCEP_KIND_OCTETS:
		return scan_octets(name, text, value, reason);
	case SCEP_KIND_TEXT:
	case SCEP_KIND_SECRET:
	case SCEP_KIND_ACTION:
		break;
	}
	return scan_text(name, text, value, reason);
}

bool assignment_value(enum scep_field field, const char *text,
		      struct scep_value *value, struct reason *reason)
{
	const struct scep_field_info *info = scep_field_info(field);

	memset(value, 0, sizeof(*value));
	return scan(info->kind, info->name, text, value, reason) &&
	       value_judge(field, value, reason);
}

/* ----------------------------------------------------------------- names -- */

static bool is_setting(const struct object *object)
{
	return object->field != SCEP_FIELD_NONE &&
	       scep_field_info(object->field)->kind != SCEP_KIND_ACTION &&
	       scep_field_info(object->field)->kind != SCEP_KIND_SECRET &&
	       object->field != SCEP_PROFILE_ROW_STATUS;
}

/* Says why a name is none that can be set. */
static bool name_refused(const struct object *object, struct reason *reason)
{
	if (object->field == SCEP_FIELD_NONE)
		return reason_set(reason, "%s can only be read", object->name);
	if (scep_field_info(object->field)->kind == SCEP_KIND_SECRET)
		return reason_set(reason,
				  "%s: a password is no argument, all users of "
				  "this machine can read it: use "
				  "--challenge-file FILE, or - to be asked",
				  object->name);
	return reason_set(reason, "%s is set by the command itself",
			  object->name);
}

static const struct object *find_object(const char *name, const char *prefix,
					struct reason *reason)
{
	struct suggestion nearest = {0};
	size_t length = strlen(prefix);

	for (size_t i = 0; i < object_count; i++) {
		const struct object *object = &objects[i];

		if (strncmp(object->name, prefix, length) != 0 ||
		    object->access == ACCESS_NONE)
			continue;
		if (strcasecmp(object->name + length, name) == 0 ||
		    strcasecmp(object->name, name) == 0) {
			if (is_setting(object))
				return object;
			name_refused(object, reason);
			return NULL;
		}
		if (is_setting(object))
			suggest(&nearest, name, object->name + length);
	}
	if (nearest.name)
		reason_set(reason, "unknown name %.60s: did you mean %s?", name,
			   nearest.name);
	else
		reason_set(reason, "unknown name %.60s: %s has no such object",
			   name, prefix);
	return NULL;
}

void assignment_list(FILE *stream, const char *prefix)
{
	size_t length = strlen(prefix);

	for (size_t i = 0; i < object_count; i++)
		if (strncmp(objects[i].name, prefix, length) == 0 &&
		    is_setting(&objects[i]))
			fprintf(stream, " %s=", objects[i].name + length);
}

bool assignment_read(const char *word, const char *prefix, uint32_t index,
		     struct scep_item *item, struct reason *reason)
{
	const char *equals = strchr(word, '=');
	const struct object *object;
	char name[NAME_ROOM];

	if (!equals || equals == word)
		return reason_set(reason, "%.60s: NAME=VALUE is wanted", word);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word);
	object = find_object(name, prefix, reason);
	if (!object)
		return false;
	item->field = object->field;
	item->index = index;
	return assignment_value(item->field, equals + 1, &item->value, reason);
}
