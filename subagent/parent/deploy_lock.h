/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps two processes from working at the use locations of one state directory
 * at the same time: a killed parent may have left one at work.  The lock is on
 * the state directory itself, or, where that belongs to a worker of another
 * user, on a file in /run, as that worker could hold the first one for ever.
 */
#ifndef SUBAGENT_PARENT_DEPLOY_LOCK_H
#define SUBAGENT_PARENT_DEPLOY_LOCK_H

#include "subagent/system/fault.h"

#include <sys/types.h>

struct deploy_lock {
	int fd;
	char path[80]; /* of the file in /run; "": there is none */
};

/* Waits until no other process has it.  `owner` is the user of the worker.
 * Returns 0, or -1. */
int deploy_lock_take(struct deploy_lock *lock, const char *state_directory,
		     uid_t owner, struct fault *fault);

/* Gives it back, if it was taken. */
void deploy_lock_release(struct deploy_lock *lock);

#endif
