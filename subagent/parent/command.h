/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One COMMAND of the configuration file as a process: an absolute path and
 * its arguments, run without a shell, in a session of its own, with nothing
 * on standard input and no environment but what is given.  What it writes
 * goes to the log as lines, up to a limit; a command that takes too long gets
 * TERM and then KILL.  Never blocks: the owner polls the descriptor, calls
 * when something is due, and reaps.  Knows nothing of what a command is for.
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

struct command {
	const char *name; /* in the log; borrowed */
	pid_t pid;	  /* 0: none runs */
	/* What it writes; stays open, for what it has started, until that
	 * ends or the next one starts.  -1: none */
	int output;
	int64_t due;	      /* when it gets TERM, and then KILL; -1: never */
	int64_t grace;	      /* ms between TERM and KILL */
	int bad_end_priority; /* in the log */
	bool has_term;
	char line[COMMAND_LINE];
	size_t length;
	unsigned lines;		  /* that were logged */
	char first[COMMAND_LINE]; /* of what it has written */
	char last[COMMAND_LINE];
	char how[32];	    /* it has ended badly: "ended with 1" */
	bool could_not_run; /* as its file is missing, or no program */
};

void command_init(struct command *command, const char *name);

/*
 * Starts it; none may run.  `environment` ends with NULL and has room for
 * nothing but names and values.  Returns 0, or -1 and has logged why.  A file
 * that cannot be run shows as a bad end, with the reason in the log.
 */
int command_start(struct command *command, const char *text,
		  const char *const *environment, int64_t limit);

/* The descriptor is readable. */
void command_read(struct command *command);
/* Ends what has taken too long. */
void command_do_due(struct command *command);

enum command_end { COMMAND_RUNS, COMMAND_WELL, COMMAND_BADLY };

/* How it has ended, once; COMMAND_RUNS also if there was none. */
enum command_end command_reap(struct command *command);

/* Leaves a command that still runs to itself. */
void command_leave(struct command *command);

int64_t command_now(void);

#endif
