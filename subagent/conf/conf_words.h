/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits a line of the configuration file into words.  Words are parted by
 * blanks; double or single quotes hold blanks together and may stand anywhere
 * in a word (reload="/bin/x y"); a backslash keeps the next character within
 * double quotes; a word that begins with # ends the line.  Knows no token.
 */
#ifndef SUBAGENT_CONF_CONF_WORDS_H
#define SUBAGENT_CONF_CONF_WORDS_H

#include "subagent/system/fault.h"

#define CONF_LINE_MAX 4096 /* octets of a line, with the NUL */

enum conf_words_result {
	CONF_WORDS_END,
	CONF_WORDS_WORD,
	CONF_WORDS_BAD,
};

/*
 * Takes the next word off `*cursor` into `word`, which has room for
 * CONF_LINE_MAX octets, and moves the cursor past it.  CONF_WORDS_BAD has its
 * reason in the fault.
 */
enum conf_words_result conf_words_take(const char **cursor, char *word,
				       struct fault *fault);

#endif
