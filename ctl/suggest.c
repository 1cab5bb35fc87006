/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Longer words have no near name. */
#define WORD_MAX 40

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Counts the letters to be added, left out, replaced or swapped. */
static size_t distance_of(const char *a, const char *b)
{
	size_t cost[WORD_MAX + 1][WORD_MAX + 1];
	size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > WORD_MAX || b_length > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= a_length; i++)
		cost[i][0] = i;
	for (size_t k = 0; k <= b_length; k++)
		cost[0][k] = k;
	for (size_t i = 1; i <= a_length; i++)
		for (size_t k = 1; k <= b_length; k++) {
			size_t change = !is_same(a[i - 1], b[k - 1]);

			cost[i][k] =
			    least(cost[i - 1][k - 1] + change,
				  least(cost[i - 1][k], cost[i][k - 1]) + 1);
			if (i > 1 && k > 1 && is_same(a[i - 1], b[k - 2]) &&
			    is_same(a[i - 2], b[k - 1]))
				cost[i][k] =
				    least(cost[i][k], cost[i - 2][k - 2] + 1);
		}
	return cost[a_length][b_length];
}

void suggest(struct suggestion *suggestion, const char *word, const char *name)
{
	size_t length = strlen(word);
	size_t distance = distance_of(word, name);

	/* The beginning of a name is nearly the name. */
	if (length >= 3 && strncasecmp(word, name, length) == 0)
		distance = 1;
	if (distance > 1 + length / 4)
		return;
	if (suggestion->name && suggestion->distance <= distance)
		return;
	suggestion->name = name;
	suggestion->distance = distance;
}
