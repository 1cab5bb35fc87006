/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent process: keeps one worker process alive, passes signals on, and
 * tells the service manager how things are.  Runs no shell, starts no thread
 * and opens no socket to the outside.  Knows nothing of SNMP and of
 * enrolments; what the worker does is a function that it is given.
 *
 * The two are tied by a channel (SOCK_SEQPACKET): the worker tells that it is
 * ready and alive, and the parent sends it what a reload made of the
 * configuration.  The worker may also ask for a restart of the device
 * (restarter.h), and for a use location to be given a key (deployer.h), which
 * the parent sees to, and is told how that ended.  If the parent dies, the
 * kernel ends the worker.
 */
#ifndef SUBAGENT_PARENT_PARENT_H
#define SUBAGENT_PARENT_PARENT_H

#include "subagent/parent/deployer.h"
#include "subagent/parent/restarter.h"

#include <stdbool.h>
#include <sys/types.h>

/* How a worker ends. */
enum parent_exit {
	PARENT_EXIT_STOPPED = 0,
	PARENT_EXIT_FAILED = 1,	      /* is started again */
	PARENT_EXIT_BAD_CONFIG = 2,   /* ends a parent that was never ready */
	PARENT_EXIT_CANNOT_START = 3, /* so does this, with 1 */
};

/* What a worker has of its parent. */
struct parent_link {
	int channel;
	pid_t parent;
	int alive_interval; /* ms between two parent_tell_alive(), or -1 */
};

struct parent_plan {
	/* Runs in the worker process, with TERM, INT, HUP and CHLD blocked;
	 * returns enum parent_exit. */
	int (*work)(void *context, const struct parent_link *link);
	/* HUP: reads the configuration again and sends it down the channel,
	 * which is -1 while there is no worker.  May be NULL. */
	void (*reload)(void *context, int channel);
	/* Once, when the first worker is ready.  May be NULL. */
	void (*ready)(void *context);
	/* What a restart of the device runs.  NULL: nothing. */
	restarter_choose_fn restart;
	int64_t restart_limit; /* ms; 0: COMMAND_LIMIT */
	/* What gives a use location its key.  NULL: nothing. */
	deployer_run_fn deploy;
	void *context;
};

/*
 * Keeps a worker until TERM or INT comes.  Returns the exit code of the
 * program: 0 when asked to stop; 2 or 1 if the first worker could not start.
 */
int parent_run(const struct parent_plan *plan);

/*
 * For the worker: ends it when the parent ends, from now on and also if that
 * has already happened.  To be called again after a change of user, which
 * makes the kernel forget it.
 */
void parent_bind(const struct parent_link *link);

/* For the worker. */
void parent_tell_ready(const struct parent_link *link);
void parent_tell_alive(const struct parent_link *link);
/* Asks for a restart of the device; from any thread.  Returns false if the
 * parent cannot be told. */
bool parent_ask_restart(const struct parent_link *link,
			const struct restarter_word *word);
/* Asks for a use location to be given a key, or whether its function is on;
 * likewise.  The end comes down the channel as a struct deployer_end. */
bool parent_ask_deploy(const struct parent_link *link,
		       const struct deployer_word *word);
/* Whether these octets of the channel tell of the end of a restart. */
bool parent_tells_end(const void *data, size_t length, bool *is_good);

/*
 * How many ms to wait before a new worker is started, after `quick_deaths`
 * that came at once one after the other: none the first time, then 1 s, and
 * twice as long each time, up to 30 s.
 */
int parent_back_off(unsigned quick_deaths);

#endif
