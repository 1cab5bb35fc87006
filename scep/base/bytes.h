/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owned octet strings.  Freeing cleanses, as an octet string may hold a key, a
 * challenge or a message with one.  Knows no encoding but hexadecimal digits.
 */
#ifndef SCEP_BASE_BYTES_H
#define SCEP_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
	unsigned char *data; /* NULL when empty */
	size_t length;
};

/* Copies, and cleanses the old content.  Returns false if memory is short. */
bool bytes_set(struct bytes *bytes, const void *data, size_t length);
/* Moves `from` into `to`; `from` is empty afterwards. */
void bytes_move(struct bytes *to, struct bytes *from);
/* Cleanses and frees.  The string is empty afterwards. */
void bytes_free(struct bytes *bytes);

/* Tells if two octet strings have the same length and the same octets. */
bool octets_equal(const void *data, size_t length, const void *other,
		  size_t other_length);

/* Does the same for as many octets of both, without regard to the case of ASCII
 * letters: all other octets count as they are, NUL included. */
bool octets_equal_nocase(const void *data, const void *other, size_t length);

/* Writes lower-case hexadecimal digits and a NUL; `text` has 2n + 1 octets. */
void bytes_hex(const unsigned char *data, size_t length, char *text);

/* A random name has 32 hexadecimal digits. */
#define RANDOM_NAME_LENGTH 32
/* Returns false if the random source fails; `name` is then empty. */
bool bytes_random_name(char name[RANDOM_NAME_LENGTH + 1]);

#endif
