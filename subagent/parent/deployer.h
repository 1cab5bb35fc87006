/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's part in giving keys to use locations: makes a process that does
 * the work, one at a time, and keeps how it ended for the worker that asked.  A
 * worker contributes no more than the name of a location and an entry of its
 * registry, which message.h has judged.  Knows no channel to the worker.
 */
#ifndef SUBAGENT_PARENT_DEPLOYER_H
#define SUBAGENT_PARENT_DEPLOYER_H

#include "scep/event.h"
#include "subagent/parent/message.h"

#include <sys/types.h>

/* Does the work, in a process of its own that may wait.  `end` is empty but for
 * its index. */
typedef void (*deployer_run_fn)(void *context,
				const struct message_deploy *request,
				struct scep_deploy_end *end);

struct deployer {
	deployer_run_fn run; /* NULL: nothing is ever done */
	void *context;
	int64_t limit;	    /* ms for all of it */
	pid_t pid;	    /* 0: none runs */
	int64_t due;	    /* when it has taken too long, or -1 */
	int result;	    /* descriptor that its end comes from, or -1 */
	bool has_ended;	    /* and nobody has taken the end yet */
	bool is_for_worker; /* the worker that asked is still there */
	bool has_next;	    /* a request waits for the end of this one */
	struct message_deploy request, next;
	struct scep_deploy_end end;
};

void deployer_init(struct deployer *deployer, deployer_run_fn run,
		   void *context, int64_t limit);

/* Makes the process, or keeps the request until the present one has ended.
 * `inherited` are descriptors that the process is not to have, up to -1. */
void deployer_ask(struct deployer *deployer,
		  const struct message_deploy *request, const int *inherited);
/* The worker that asked is gone.  What it has asked for is still done. */
void deployer_forget_worker(struct deployer *deployer);
/* Looks whether a process has ended that the worker is to hear of; to be called
 * until it returns false, whenever something has happened or is due. */
bool deployer_poll(struct deployer *deployer, const int *inherited,
		   struct scep_deploy_end *end);
/* Lets go of a process that still runs: it goes on. */
void deployer_leave(struct deployer *deployer);

#endif
