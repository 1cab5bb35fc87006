/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions on octet strings that only tests need.  Aborts if memory
 * is short.
 */
#ifndef TESTS_LIB_OCTETS_H
#define TESTS_LIB_OCTETS_H

#include <stdlib.h>
#include <string.h>

#include "scep/base/bytes.h"

static inline void octets_append(struct bytes *to, const void *data,
				 size_t length)
{
	unsigned char *whole;

	if (length == 0)
		return;
	/* Not an octet more, so that a sanitizer sees who reads beyond. */
	whole = realloc(to->data, to->length + length);
	if (whole == NULL)
		abort();
	memcpy(whole + to->length, data, length);
	to->data = whole;
	to->length += length;
}

static inline int octets_digit(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = digit != '\0' ? strchr(digits, digit) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Reads 2 * `length` lower-case digits.  False if `text` is no such text. */
static inline bool octets_unhex(const char *text, unsigned char *data,
				size_t length)
{
	if (strlen(text) != 2 * length)
		return false;
	for (size_t i = 0; i < length; i++) {
		int high = octets_digit(text[2 * i]);
		int low = octets_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		data[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

#endif
