/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owned octet strings, and texts that people read.  Freeing cleanses, as an
 * octet string may hold a key, a challenge or a message with one.  Knows no
 * encoding but UTF-8 and hexadecimal digits.
 */
#ifndef SCEP_BASE_BYTES_H
#define SCEP_BASE_BYTES_H

#include <stdarg.h>
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

/* Writes lower-case hexadecimal digits and a NUL; `text` has 2n + 1 octets. */
void bytes_hex(const unsigned char *data, size_t length, char *text);

/* A random name has 32 hexadecimal digits. */
#define RANDOM_NAME_LENGTH 32
/* Returns false if the random source fails; `name` is then empty. */
bool bytes_random_name(char name[RANDOM_NAME_LENGTH + 1]);

/* Tells if it is clean: well-formed UTF-8 without NUL and control characters.
 */
bool text_is_clean(const void *text, size_t length);
/* Copies into `size` octets with a NUL, cuts at a UTF-8 boundary and replaces
 * what is not clean by '?'. */
void text_copy(char *to, size_t size, const void *text, size_t length);
/*
 * Puts a text together as printf() does, and writes it as text_copy() does;
 * what is beyond TEXT_MAX octets is lost.  The arguments may point into `to`.
 * Every text of an error, a refusal or a log line comes from here.
 */
void text_format(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with the arguments as a list. */
void text_format_list(char *to, size_t size, const char *format,
		      va_list arguments) __attribute__((format(printf, 3, 0)));
#define TEXT_MAX 1023

#endif
