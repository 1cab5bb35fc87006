/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of devices for a terminal: a foreign device may answer anything.  Pure.
 */
#ifndef CTL_SAFE_TEXT_H
#define CTL_SAFE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies octets into `text` of that size, with a NUL.  Control characters,
 * those of U+0080..U+009F and of the direction of writing, and what is not
 * UTF-8 become escapes.  Cuts at the end.  Returns the text. */
const char *safe_text(const unsigned char *octets, size_t length, char *text,
		      size_t size);

/* Counts the characters of a text in UTF-8. */
size_t text_width(const char *text);
/* Cuts a text in UTF-8 to so many characters; the last three become "...". */
void text_cut(char *text, size_t width);

/* Times and spans of time for people. */
#define SPAN_TEXT 40
/* "6 days", "3 hours", "45 seconds"; negative ones the same. */
const char *span_text(int64_t seconds, char text[SPAN_TEXT]);
/* "2026-12-01 13:04:05" where the administrator is; "-" for 0. */
const char *clock_text(int64_t seconds, char text[SPAN_TEXT]);

#endif
