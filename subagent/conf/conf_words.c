/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf_words.h"

#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

enum conf_words_result conf_words_take(const char **cursor, char *word,
				       struct fault *fault)
{
	const char *c = *cursor;
	size_t length = 0;
	char quote = '\0';

	while (is_blank(*c))
		c++;
	*cursor = c;
	if (*c == '\0' || *c == '#')
		return CONF_WORDS_END;
	for (; *c != '\0' && (quote != '\0' || !is_blank(*c)); c++) {
		if (quote == '\0' && (*c == '"' || *c == '\'')) {
			quote = *c;
			continue;
		}
		if (quote != '\0' && *c == quote) {
			quote = '\0';
			continue;
		}
		if (quote == '"' && *c == '\\' && c[1] != '\0')
			c++;
		if (length + 1 >= CONF_LINE_MAX) {
			fault_set(fault, "the word is too long");
			return CONF_WORDS_BAD;
		}
		word[length++] = *c;
	}
	if (quote != '\0') {
		fault_set(fault, "a quote is not closed");
		return CONF_WORDS_BAD;
	}
	word[length] = '\0';
	*cursor = c;
	return CONF_WORDS_WORD;
}
