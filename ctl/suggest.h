/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the name that somebody may have meant who has written another one.
 * Knows words only.
 */
#ifndef CTL_SUGGEST_H
#define CTL_SUGGEST_H

#include <stddef.h>

/* The nearest name so far; all zero is none. */
struct suggestion {
	const char *name; /* NULL: nothing is near enough */
	size_t distance;
};

/* Takes `name` if it is nearer to `word` than what is there.  Borrows it.
 * Ignores case. */
void suggest(struct suggestion *suggestion, const char *word, const char *name);

#endif
