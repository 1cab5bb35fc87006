/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/safe_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Returns the length of the character in UTF-8 that begins there, or 0. */
static size_t character(const unsigned char *octets, size_t left,
			uint32_t *code)
{
	size_t length = octets[0] < 0x80   ? 1
			: octets[0] < 0xc2 ? 0
			: octets[0] < 0xe0 ? 2
			: octets[0] < 0xf0 ? 3
			: octets[0] < 0xf5 ? 4
					   : 0;

	if (length == 0 || length > left)
		return 0;
	*code = length == 1 ? octets[0] : octets[0] & (0x7f >> length);
	for (size_t i = 1; i < length; i++) {
		if ((octets[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (octets[i] & 0x3f);
	}
	/* Longer than it has to be, half of a pair, or beyond the end. */
	if ((length == 3 && *code < 0x800) ||
	    (length == 4 && *code < 0x10000) ||
	    (*code >= 0xd800 && *code <= 0xdfff) || *code > 0x10ffff)
		return 0;
	return length;
}

static bool is_obeyed(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) ||
	       code == 0x2028 || code == 0x2029 ||
	       (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

const char *safe_text(const unsigned char *octets, size_t length, char *text,
		      size_t size)
{
	size_t used = 0;

	for (size_t at = 0; at < length;) {
		uint32_t code = 0;
		size_t taken = character(octets + at, length - at, &code);
		char one[12];
		size_t needed;

		if (taken == 0)
			snprintf(one, sizeof(one), "\\x%02x", octets[at]);
		else if (is_obeyed(code))
			snprintf(one, sizeof(one), "\\u%04x", (unsigned)code);
		else
			snprintf(one, sizeof(one), "%.*s", (int)taken,
				 (const char *)octets + at);
		needed = strlen(one);
		if (used + needed >= size)
			break;
		memcpy(text + used, one, needed);
		used += needed;
		at += taken ? taken : 1;
	}
	text[used] = '\0';
	return text;
}

static bool begins_character(char octet)
{
	return ((unsigned char)octet & 0xc0) != 0x80;
}

size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += begins_character(*text);
	return width;
}

void text_cut(char *text, size_t width)
{
	size_t seen = 0;

	if (text_width(text) <= width || width < 3)
		return;
	for (; *text; text++) {
		if (!begins_character(*text))
			continue;
		if (seen++ == width - 3)
			break;
	}
	memcpy(text, "...", 4);
}

/* ----------------------------------------------------------------- times -- */

const char *span_text(int64_t seconds, char text[SPAN_TEXT])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}};
	int64_t size = seconds < 0 ? -seconds : seconds;
	const char *name = "second";
	int64_t count = size;

	/* Two of a unit tell more than one of the next. */
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (size >= 2 * units[i].seconds) {
			count = size / units[i].seconds;
			name = units[i].name;
			break;
		}
	snprintf(text, SPAN_TEXT, "%s%" PRId64 " %s%s", seconds < 0 ? "-" : "",
		 count, name, count == 1 ? "" : "s");
	return text;
}

const char *clock_text(int64_t seconds, char text[SPAN_TEXT])
{
	time_t time = (time_t)seconds;
	struct tm local;

	snprintf(text, SPAN_TEXT, "-");
	if (seconds != 0 && localtime_r(&time, &local))
		strftime(text, SPAN_TEXT, "%Y-%m-%d %H:%M:%S", &local);
	return text;
}
