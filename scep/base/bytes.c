/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

bool bytes_set(struct bytes *bytes, const void *data, size_t length)
{
	unsigned char *copy = NULL;

	if (length > 0) {
		copy = malloc(length);
		if (!copy)
			return false;
		memcpy(copy, data, length);
	}
	bytes_free(bytes);
	bytes->data = copy;
	bytes->length = length;
	return true;
}

void bytes_move(struct bytes *to, struct bytes *from)
{
	struct bytes moved = *from;

	if (to == from)
		return;
	bytes_free(to);
	*to = moved;
	from->data = NULL;
	from->length = 0;
}

void bytes_free(struct bytes *bytes)
{
	if (bytes->data)
		OPENSSL_cleanse(bytes->data, bytes->length);
	free(bytes->data);
	bytes->data = NULL;
	bytes->length = 0;
}

bool octets_equal(const void *data, size_t length, const void *other,
		  size_t other_length)
{
	return length == other_length &&
	       (length == 0 || memcmp(data, other, length) == 0);
}

void bytes_hex(const unsigned char *data, size_t length, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[data[i] >> 4];
		text[2 * i + 1] = digits[data[i] & 15];
	}
	text[2 * length] = '\0';
}

bool bytes_random_name(char name[RANDOM_NAME_LENGTH + 1])
{
	unsigned char octets[RANDOM_NAME_LENGTH / 2];

	name[0] = '\0';
	if (RAND_bytes(octets, sizeof(octets)) != 1)
		return false;
	bytes_hex(octets, sizeof(octets), name);
	return true;
}

/* RFC 3629, 4: how the second octet of a sequence is limited by the first,
 * which rules out overlong forms, surrogates and what is above U+10FFFF. */
struct lead_row {
	unsigned char first, last; /* of the lead octet */
	unsigned char low, high;   /* of the second octet */
	unsigned char length;
};

static const struct lead_row lead_rows[] = {
    /* U+0080 to U+009F are control characters: C2 begins at A0. */
    {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2},
    {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* The length of the clean character at `text`, or 0. */
static size_t clean_length(const unsigned char *text, size_t length)
{
	const struct lead_row *row = lead_rows;
	const struct lead_row *end =
	    lead_rows + sizeof(lead_rows) / sizeof(*lead_rows);

	if (text[0] >= 0x20 && text[0] < 0x7f)
		return 1;
	while (row < end && (text[0] < row->first || text[0] > row->last))
		row++;
	if (row == end || length < row->length || text[1] < row->low ||
	    text[1] > row->high)
		return 0;
	for (size_t i = 2; i < row->length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return row->length;
}

bool text_is_clean(const void *text, size_t length)
{
	const unsigned char *octets = text;

	for (size_t at = 0; at < length;) {
		size_t step = clean_length(octets + at, length - at);

		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

void text_copy(char *to, size_t size, const void *text, size_t length)
{
	const unsigned char *octets = text;
	size_t used = 0;

	if (size == 0)
		return;
	for (size_t at = 0; at < length;) {
		size_t step = clean_length(octets + at, length - at);
		size_t width = step ? step : 1;

		if (used + width >= size)
			break;
		if (step)
			memcpy(to + used, octets + at, step);
		else
			to[used] = '?';
		used += width;
		at += width;
	}
	to[used] = '\0';
}

void text_format_list(char *to, size_t size, const char *format,
		      va_list arguments)
{
	char text[TEXT_MAX + 1];

	vsnprintf(text, sizeof(text), format, arguments);
	text_copy(to, size, text, strlen(text));
}

void text_format(char *to, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_format_list(to, size, format, arguments);
	va_end(arguments);
}
