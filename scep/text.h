/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that people read, in UTF-8.  Every text that comes from outside (of a
 * server, a certificate, a command, a manager) passes here before it is logged
 * or shown.  A text is clean if it is well-formed and holds no character that
 * hides or changes what is read: no control character (U+0000 to U+001F, U+007F
 * to U+009F), no invisible format character (category Cf, as U+200B, U+202E or
 * U+FEFF), and no separator of lines or paragraphs.  Knows no language.
 */
#ifndef SCEP_TEXT_H
#define SCEP_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Tells if the text is well-formed UTF-8 without control characters.  This is
 * for secrets, which nobody sees. */
bool text_is_plain(const void *text, size_t length);
bool text_is_clean(const void *text, size_t length);
/* Copies into `size` octets with a NUL, cuts between two characters, and
 * replaces each character that is not clean, and each octet that is part of
 * none, by '?'.  `to` may be `text`. */
void text_copy(char *to, size_t size, const void *text, size_t length);
/* Does the same with a text of a certificate.  Many CAs write Latin-1 where
 * UTF-8 belongs: an octet that is part of no character is read as Latin-1.
 * `to` may not be `text`. */
void text_copy_latin(char *to, size_t size, const void *text, size_t length);
/*
 * Does the same with a text that begins with what it is about and ends with the
 * reason: one that does not fit keeps its beginning and its end, and has "..."
 * in place of the middle.  The part behind the last ": " stays whole if it is
 * no longer than two thirds.  In less than TEXT_SHORTEN octets, it is cut off.
 */
void text_shorten(char *to, size_t size, const char *text);
#define TEXT_SHORTEN 48
/*
 * Puts a text together as printf() does, and writes it as text_shorten() does;
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
