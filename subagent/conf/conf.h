/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of scepagentd: the settings of the engine, what the parent
 * process keeps for itself, and the lines that are meant for Net-SNMP.  The
 * tokens of the configuration file fill it (conf_token.h), and the command line
 * stands above it.  Knows no file, no token by name and no process.
 */
#ifndef SUBAGENT_CONF_CONF_H
#define SUBAGENT_CONF_CONF_H

#include "scep/engine_config.h"
#include "subagent/conf/conf_words.h"
#include "subagent/conf/use_location.h"

#define CONF_APPLICATION "scepagentd"
#define CONF_NAME_MAX	 64 /* of users and groups, with the NUL */

/* Where a token stands; `file` is owned, and NULL if it stands nowhere. */
struct conf_position {
	char *file;
	unsigned line;
};

/* One line that is meant for Net-SNMP; all strings are owned. */
struct conf_line {
	struct conf_position at;
	char *section; /* "": none was named */
	char *token;
	char *value;
};

struct conf {
	struct scep_config engine;
	/* The user that the worker becomes; an empty group is the user's own.
	 */
	char user[CONF_NAME_MAX];
	char group[CONF_NAME_MAX];
	/* The command that restarts the device; "": there is none.  Only the
	 * parent has it: the engine knows no more than that there is one. */
	char restart_command[CONF_LINE_MAX];
	/* The use locations, in the order of their names in `engine`.  Only the
	 * parent has them. */
	struct use_location *locations;
	size_t location_count;
	/* The positions of tokens that are checked later. */
	struct conf_position run_as_at;
	struct conf_position ca_file_at;
	struct conf_line *lines;
	size_t line_count;
	size_t line_capacity;
	size_t file_count; /* how many files were read */
};

/* Fills in the defaults. */
void conf_init(struct conf *conf);
/* Frees what the struct holds; the struct itself is the caller's. */
void conf_free(struct conf *conf);

/* Copies a line for Net-SNMP.  Returns 0, or -1 if memory is short. */
int conf_add_line(struct conf *conf, const char *file, unsigned line,
		  const char *section, const char *token, const char *value);

/* Returns whether both have the same lines for Net-SNMP, in whatever files. */
bool conf_has_same_lines(const struct conf *one, const struct conf *other);

/* Returns the use location of that name, or NULL.  Borrows. */
const struct use_location *conf_use_location(const struct conf *conf,
					     const char *name);

/* Returns the AgentX master's address that the file names, or NULL.  Borrows.
 */
const char *conf_master(const struct conf *conf);

#endif
