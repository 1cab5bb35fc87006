/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reason why a function of ctl/ has failed, in words for people.  Such a
 * function takes a struct reason as its last parameter and returns false or
 * NULL with the reason in it.  Knows no output.
 */
#ifndef CTL_REASON_H
#define CTL_REASON_H

#include <stdbool.h>

#define REASON_TEXT 512 /* octets, with the NUL */

struct reason {
	char text[REASON_TEXT];
};

/* Writes the reason, and cuts it if it is too long.  Returns false, so that a
 * function can fail with `return reason_set(...)`. */
bool reason_set(struct reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
