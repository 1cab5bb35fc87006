/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* RFC 3629, 4: how the second octet of a sequence is limited by the first,
 * which rules out overlong forms, surrogates and what is above U+10FFFF. */
struct lead_row {
	unsigned char first, last; /* of the lead octet */
	unsigned char low, high;   /* of the second octet */
	unsigned char length;
};

static const struct lead_row lead_rows[] = {
    {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
    {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/*
 * The characters that nobody sees, and that change what is seen: category Cf of
 * Unicode 16, the separators of lines and paragraphs, the fillers of Hangul,
 * and the tags of plane 14.
 */
static const struct {
	uint32_t first, last;
} invisible[] = {
    {0x00ad, 0x00ad},	{0x0600, 0x0605},   {0x061c, 0x061c},
    {0x06dd, 0x06dd},	{0x070f, 0x070f},   {0x0890, 0x0891},
    {0x08e2, 0x08e2},	{0x115f, 0x1160},   {0x180e, 0x180e},
    {0x200b, 0x200f},	{0x2028, 0x202e},   {0x2060, 0x206f},
    {0x3164, 0x3164},	{0xfeff, 0xfeff},   {0xffa0, 0xffa0},
    {0xfff9, 0xfffb},	{0x110bd, 0x110bd}, {0x110cd, 0x110cd},
    {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0000, 0xe007f},
};

/* Reads one character.  Returns its length, or 0 if it is not well-formed. */
static size_t read_character(const unsigned char *text, size_t length,
			     uint32_t *character)
{
	const struct lead_row *row = lead_rows;
	const struct lead_row *end =
	    lead_rows + sizeof(lead_rows) / sizeof(*lead_rows);

	while (row < end && (text[0] < row->first || text[0] > row->last))
		row++;
	if (row == end || length < row->length)
		return 0;
	*character = text[0];
	if (row->length == 1)
		return 1;
	if (text[1] < row->low || text[1] > row->high)
		return 0;
	*character = text[0] & (0x7fu >> row->length);
	for (size_t i = 1; i < row->length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | (text[i] & 0x3f);
	}
	return row->length;
}

/* C0, DEL and C1 */
static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

static bool is_invisible(uint32_t character)
{
	for (size_t i = 0; i < sizeof(invisible) / sizeof(*invisible); i++)
		if (character >= invisible[i].first &&
		    character <= invisible[i].last)
			return true;
	return false;
}

bool text_is_plain(const void *text, size_t length)
{
	const unsigned char *octets = text;
	uint32_t character;

	for (size_t at = 0; at < length;) {
		size_t step =
		    read_character(octets + at, length - at, &character);

		if (step == 0 || is_control(character))
			return false;
		at += step;
	}
	return true;
}

bool text_is_clean(const void *text, size_t length)
{
	const unsigned char *octets = text;
	uint32_t character;

	for (size_t at = 0; at < length;) {
		size_t step =
		    read_character(octets + at, length - at, &character);

		if (step == 0 || is_control(character) ||
		    is_invisible(character))
			return false;
		at += step;
	}
	return true;
}

/* Says how an octet that is part of no character is read. */
enum stray { STRAY_REPLACED, STRAY_LATIN };

/* Reads what stands at `text`, and writes what is shown of it.  Returns how
 * many octets it has read. */
static size_t show(const unsigned char *text, size_t length, enum stray stray,
		   unsigned char shown[4], size_t *width)
{
	uint32_t character = 0;
	size_t step = read_character(text, length, &character);

	*width = step;
	if (step > 0) {
		memcpy(shown, text, step);
	} else if (stray == STRAY_LATIN) {
		character = text[0];
		shown[0] = (unsigned char)(0xc0 | character >> 6);
		shown[1] = (unsigned char)(0x80 | (character & 0x3f));
		*width = 2;
	}
	if (*width == 0 || is_control(character) || is_invisible(character)) {
		shown[0] = '?';
		*width = 1;
	}
	return step > 0 ? step : 1;
}

static void copy(char *to, size_t size, const void *text, size_t length,
		 enum stray stray)
{
	const unsigned char *octets = text;
	unsigned char shown[4];
	size_t used = 0, width;

	if (size == 0)
		return;
	for (size_t at = 0; at < length;) {
		at += show(octets + at, length - at, stray, shown, &width);
		if (used + width >= size)
			break;
		memcpy(to + used, shown, width);
		used += width;
	}
	to[used] = '\0';
}

void text_copy(char *to, size_t size, const void *text, size_t length)
{
	copy(to, size, text, length, STRAY_REPLACED);
}

void text_copy_latin(char *to, size_t size, const void *text, size_t length)
{
	copy(to, size, text, length, STRAY_LATIN);
}

/* Returns how many octets of the end are kept: the last part with the ": "
 * before it, but a third of the room at least and two thirds at most. */
static size_t end_to_keep(const char *text, size_t length, size_t room)
{
	size_t most = room * 2 / 3, wanted = room / 3;
	size_t at;

	for (size_t back = 2; back <= length && back <= most; back++) {
		at = length - back;
		if (text[at] != ':' || text[at + 1] != ' ')
			continue;
		return back > wanted ? back : wanted;
	}
	return most;
}

void text_shorten(char *to, size_t size, const char *text)
{
	char whole[4 * (TEXT_MAX + 1)];
	size_t length, head, end;

	/* Each octet may be shown as '?', none as more. */
	text_copy(whole, sizeof(whole), text, strlen(text));
	length = strlen(whole);
	if (length < size || size < TEXT_SHORTEN) {
		text_copy(to, size, whole, length);
		return;
	}
	end = end_to_keep(whole, length, size - 4);
	head = size - 4 - end;
	while ((whole[length - end] & 0xc0) == 0x80)
		end--;
	/* As much of the beginning as makes whole characters. */
	text_copy(to, head + 1, whole, length);
	head = strlen(to);
	memcpy(to + head, "...", 3);
	memcpy(to + head + 3, whole + length - end, end + 1);
}

void text_format_list(char *to, size_t size, const char *format,
		      va_list arguments)
{
	char text[TEXT_MAX + 1];

	vsnprintf(text, sizeof(text), format, arguments);
	text_shorten(to, size, text);
}

void text_format(char *to, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_format_list(to, size, format, arguments);
	va_end(arguments);
}
