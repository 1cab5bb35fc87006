/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of scepagentd.conf as a table: each judges the values that follow
 * it and puts them into the configuration.  Knows no files and no lines: the
 * reader (conf_file.h) says where a fault is.
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
#endif
