/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of scepagentd.conf as a table, and what their words may be.
 * Knows no files and no lines; conf.c says where a fault is.
 */
#ifndef SUBAGENT_CONF_CONF_TOKEN_H
#define SUBAGENT_CONF_CONF_TOKEN_H

#include "subagent/conf/conf.h"
#include "subagent/system/fault.h"

/*
 * Judges the rest of a line and puts it into `conf`.  Returns 0, or -1.
 */
typedef int (*conf_token_fn)(struct conf *conf, const char *words,
			     struct fault *fault);

struct conf_token {
	const char *name;
	conf_token_fn read;
};

/* Returns the token of that name (in any case, as in Net-SNMP), or NULL. */
const struct conf_token *conf_token_find(const char *name);

/* Used by the parts of the table that stand in files of their own. */
/* One word that must be there; -1 if not. */
int conf_token_word(const char **words, char *word, const char *what,
		    struct fault *fault);
/* Nothing may follow. */
int conf_token_end(const char **words, struct fault *fault);

bool conf_token_is_user(const char *text);
/* USER[:GROUP]: parts it; an absent group leaves `group` empty. */
int conf_token_user_group(const char *text, char *user, char *group,
			  struct fault *fault);
/* An absolute path that fits into `size` octets. */
int conf_token_path(const char *text, size_t size, struct fault *fault);
/* A decimal number within bounds. */
int conf_token_number(const char *text, uint32_t min, uint32_t max,
		      uint32_t *number, struct fault *fault);

#endif
