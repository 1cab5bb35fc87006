/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/key_choice.h"

#include "ctl/suggest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_index(const char *word)
{
	return word[0] != '\0' && word[strspn(word, "0123456789")] == '\0';
}

/* A number is the index; a name names the keys in service first of all. */
static bool names(const char *word, const struct grid *keys,
		  const struct row_of_table *key)
{
	char text[GRID_TEXT];

	if (is_index(word)) {
		snprintf(text, sizeof(text), "%" PRIu32, key->index);
		return strcmp(text, word) == 0;
	}
	return strcmp(grid_text(keys, key, "scepKeyName", text), word) == 0;
}

bool key_is_in_service(const struct grid *keys, const struct row_of_table *key)
{
	const struct scep_value *said =
	    grid_value(keys, key, "scepKeyInService");

	return said ? said->number != 0
		    : grid_number(keys, key, "scepKeyIsDefault") == 0;
}

/* Tells if a key of that name is in service. */
static bool has_in_service(const char *word, const struct grid *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		if (key_is_in_service(keys, &keys->row[i]) &&
		    names(word, keys, &keys->row[i]))
			return true;
	return false;
}

bool key_choice_has(const struct visit *visit, const struct grid *keys,
		    const struct row_of_table *key)
{
	const struct command_line *line = visit->line;
	int count = 0;

	for (int i = 0; i < line->word_count; i++) {
		/* What keys deploy is told to deploy to. */
		if (strchr(line->words[i], '='))
			continue;
		count++;
		if (names(line->words[i], keys, key) &&
		    (is_index(line->words[i]) || key_is_in_service(keys, key) ||
		     !has_in_service(line->words[i], keys)))
			return true;
	}
	return count == 0;
}

bool key_choice_is_good(struct visit *visit, const struct grid *keys)
{
	const struct command_line *line = visit->line;

	for (int i = 0; i < line->word_count; i++) {
		bool is_found = strchr(line->words[i], '=') != NULL;
		struct suggestion nearest = {0};
		char text[32][GRID_TEXT];
		struct reason reason;

		for (size_t k = 0; !is_found && k < keys->count; k++) {
			is_found = names(line->words[i], keys, &keys->row[k]);
			if (k < 32)
				suggest(&nearest, line->words[i],
					grid_text(keys, &keys->row[k],
						  "scepKeyName", text[k]));
		}
		if (is_found)
			continue;
		if (nearest.name)
			reason_set(&reason, "no key %.60s: did you mean %.60s?",
				   line->words[i], nearest.name);
		else
			reason_set(&reason,
				   "no key %.60s: scepctl keys lists them",
				   line->words[i]);
		visit_end(visit, EXIT_REFUSED, &reason);
		return false;
	}
	return true;
}
