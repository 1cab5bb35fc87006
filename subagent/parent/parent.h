/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent process: keeps one worker process alive, passes signals on, and
 * informs the service manager.  Runs no shell, starts no thread and opens no
 * socket to the outside.  Knows nothing of SNMP and of enrolments: the work is
 * a function that it is given.
 *
 * A channel ties the two, for the messages of message.h: the worker reports
 * that it is ready and alive, and asks for a restart of the device
 * (restarter.h) or for a use location to be given a key (deployer.h); the
 * parent reports how that ended, and sends the configuration when it was read
 * again.  If the parent dies, the kernel ends the worker.  If the worker does
 * not report any more, the parent ends it and starts another.
 */
#ifndef SUBAGENT_PARENT_PARENT_H
#define SUBAGENT_PARENT_PARENT_H

#include "subagent/parent/deployer.h"
#include "subagent/parent/restarter.h"

#include <stdbool.h>
#include <sys/types.h>

/* The end of a worker. */
enum parent_exit {
	PARENT_EXIT_STOPPED = 0,
	PARENT_EXIT_FAILED = 1,	      /* is started again */
	PARENT_EXIT_BAD_CONFIG = 2,   /* ends a parent that was never ready */
	PARENT_EXIT_CANNOT_START = 3, /* so does this, with 1 */
};

/* A worker that has been ready, and then has not reported for so long that it
 * is alive, in ms, hangs: it is killed, and started again. */
#define PARENT_SILENCE 20000

/* A worker's tie to its parent. */
struct parent_link {
	int channel;
	pid_t parent;
	int alive_interval; /* ms from one MESSAGE_ALIVE to the next */
};

struct parent_plan {
	/* Runs in the worker process, with TERM, INT, HUP and CHLD blocked;
	 * returns enum parent_exit. */
	int (*work)(void *context, const struct parent_link *link);
	/* HUP: reads the configuration again and sends it down the channel,
	 * which is -1 while there is no worker.  May be NULL. */
	void (*reload)(void *context, int channel);
	/* Called once, when the first worker is ready.  May be NULL. */
	void (*ready)(void *context);
	/* Chooses the command that restarts the device.  NULL: there is none.
	 */
	restarter_choose_fn restart;
	int64_t restart_limit; /* ms; 0: COMMAND_LIMIT */
	int64_t silence_limit; /* ms; 0: PARENT_SILENCE */
	/* Gives a use location its key.  NULL: nothing is done. */
	deployer_run_fn deploy;
	void *context;
};

/*
 * Keeps a worker until TERM or INT comes.  Returns the exit code of the
 * program: 0 when asked to stop; 2 or 1 if the first worker could not start.
 */
int parent_run(const struct parent_plan *plan);

/*
 * For the worker: from now on the kernel ends it when the parent ends; ends it
 * at once if that has already happened.  To be called again after a change of
 * user, which makes the kernel forget it.
 */
void parent_bind(const struct parent_link *link);

/*
 * Returns how many ms to wait before a new worker is started, after
 * `quick_deaths` that followed one another at once: none the first time, then
 * 1 s, and twice as long each time, up to 30 s.
 */
int parent_back_off(unsigned quick_deaths);

#endif
