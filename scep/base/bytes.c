/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/base/bytes.h"

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

static unsigned char lower(unsigned char octet)
{
	return octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
}

bool octets_equal_nocase(const void *data, const void *other, size_t length)
{
	const unsigned char *one = data, *two = other;

	for (size_t i = 0; i < length; i++) {
		if (lower(one[i]) != lower(two[i]))
			return false;
	}
	return true;
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
