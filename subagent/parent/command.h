/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One COMMAND of the configuration file as a process: an absolute path and its
 * arguments, run without a shell, in a session of its own, with nothing on
 * standard input and no environment but the one that is given.  Its output goes
 * to the log as lines, up to a limit; a command that takes too long gets TERM
 * and then KILL.
 *
 * Never blocks: the owner polls the descriptor, calls when something is due,
 * and reaps.  Knows the names of the environment and nothing else of what a
 * command is for.
 *
 * Times are ms of CLOCK_MONOTONIC.
 */
#ifndef SUBAGENT_PARENT_COMMAND_H
#define SUBAGENT_PARENT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define COMMAND_LIMIT 60000 /* ms that a command may take */
#define COMMAND_LINE  256   /* octets of a line in the log, with the NUL */
#define COMMAND_VARIABLE                                                       \
	32 /* octets of the name of a variable, with the NUL                   \
	    */

/* The environment of a command: a path for programs, and the key and the use
 * location that the command is run for. */
struct command_environment {
	char key_name[65 + COMMAND_VARIABLE];
	char use_location[256 + COMMAND_VARIABLE];
	char cert_file[128 + COMMAND_VARIABLE];
	const char *variable[5]; /* ends with NULL; points into the struct */
};

/* Fills it in.  Leaves out a variable whose value is "". */
void command_environment_init(struct command_environment *environment,
			      const char *key_name, const char *use_location,
			      const char *cert_file);

struct command {
	const char *name; /* in the log; borrowed */
	pid_t pid;	  /* 0: none runs */
	/* Its output, or -1.  Stays open after the command has ended, for
	 * processes that it has started, until they end or the next command
	 * starts. */
	int output;
	int64_t due;	    /* when it gets TERM, and then KILL; -1: never */
	int64_t grace;	    /* ms between TERM and KILL */
	bool is_end_silent; /* its owner tells of a bad end */
	bool has_term;
	char line[COMMAND_LINE];
	size_t length;
	unsigned lines;		  /* that were logged */
	char first[COMMAND_LINE]; /* line of its output */
	char last[COMMAND_LINE];
	char how[32];	    /* a bad end in words: "ended with 1" */
	bool could_not_run; /* the file is missing, or is no program */
};

void command_init(struct command *command, const char *name);

/*
 * Starts it; none may run.  `environment` ends with NULL and is borrowed for
 * the call.  Returns 0, or -1 after having logged the reason.  A file that
 * cannot be run counts as a bad end, with the reason in the log.
 */
int command_start(struct command *command, const char *text,
		  const char *const *environment, int64_t limit);

/* Reads the output; to be called when the descriptor is readable. */
void command_read(struct command *command);
/* Ends a command that has taken too long. */
void command_do_due(struct command *command);

enum command_end { COMMAND_RUNS, COMMAND_WELL, COMMAND_BADLY };

/* Returns how the command has ended, once for each command; COMMAND_RUNS also
 * if there is none. */
enum command_end command_reap(struct command *command);

/* Lets go of a command that still runs: it goes on. */
void command_leave(struct command *command);

/* In a new process: closes all descriptors from that number on. */
void command_close_from(int first);

int64_t command_now(void);

#endif
