/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of scepctl: the table of commands and options, and what one
 * call has asked for.  Tells its own options from those of Net-SNMP by itself,
 * because the library ignores every long option that it does not know.  Knows
 * no SNMP, and no meaning of a command.
 */
#ifndef CTL_COMMAND_LINE_H
#define CTL_COMMAND_LINE_H

#include "ctl/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum command_id {
	COMMAND_STATUS,
	COMMAND_HEALTH,
	COMMAND_REQUEST,
	COMMAND_RENEW,
	COMMAND_SERVER,
	COMMAND_TIMER,
	COMMAND_PROFILE,
	COMMAND_KEYS,
	COMMAND_CA,
	COMMAND_USE,
	COMMAND_EVENTS,
	COMMAND_DIFF,
	COMMAND_EXPORT,
	COMMAND_IMPORT,
	COMMAND_COUNT
};

#define COMMAND_VERBS 5

struct command_info {
	const char *name;
	const char *verbs[COMMAND_VERBS]; /* the rest is NULL */
	const char *words;		  /* behind the agent, for people */
	const char *does;
	unsigned options; /* 1u << enum option_id */
	int words_min;
	int words_max; /* -1: any */
	bool has_assignments;
};

extern const struct command_info commands[COMMAND_COUNT];

/* The options of scepctl itself. */
enum option_id {
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_PROFILE,
	OPTION_JSON,
	OPTION_WATCH,
	OPTION_NO_WAIT,
	OPTION_WAIT,
	OPTION_CHALLENGE,
	OPTION_DRY,
	OPTION_ISSUER,
	OPTION_HOST,
	OPTION_HOSTS,
	OPTION_ROOT,
	OPTION_COUNT
};

struct option_info {
	const char *name; /* "--watch" */
	char letter;	  /* '\0': none */
	const char *word; /* what follows it, for people; NULL: nothing */
	const char *does;
};

extern const struct option_info command_options[OPTION_COUNT];

#define WAIT_UNSET (-1)

/* What is asked for.  Borrows from the arguments of the program, but for the
 * arrays. */
struct command_line {
	enum command_id command;
	bool has[OPTION_COUNT];
	uint32_t profile; /* 1 if there is no -p */
	long watch;	  /* seconds */
	long wait;	  /* seconds, or WAIT_UNSET */
	const char *challenge_file;
	const char *issuer;
	const char *host_list;
	const char *hosts_file;
	const char *root;
	const char *verb; /* of the command, or NULL */
	char *agent;	  /* NULL: -H or --hosts names them */
	char **words;	  /* behind the agent and the verb */
	int word_count;
	char **snmp; /* the name of the program, then Net-SNMP's options */
	int snmp_count;
};

enum command_line_kind {
	COMMAND_LINE_GOOD,
	COMMAND_LINE_HELP, /* of `line->command`, or COMMAND_COUNT: of all */
	COMMAND_LINE_VERSION,
	COMMAND_LINE_BAD /* the reason says why */
};

/* Reads the arguments.  Sends and opens nothing.  Free the line in any case. */
enum command_line_kind command_line_read(int count, char **arguments,
					 struct command_line *line,
					 struct reason *reason);
void command_line_free(struct command_line *line);

/* Prints how a command is used; COMMAND_COUNT: all commands. */
void command_line_usage(FILE *stream, enum command_id command);
/* Prints the options of a command. */
void command_line_options(FILE *stream, enum command_id command);

#endif
