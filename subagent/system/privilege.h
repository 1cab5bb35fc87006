/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Privilege separation: the user that the worker becomes, the state directory
 * that belongs to this user, and the step down from root.  Knows no
 * configuration.
 */
#ifndef SUBAGENT_SYSTEM_PRIVILEGE_H
#define SUBAGENT_SYSTEM_PRIVILEGE_H

#include "subagent/system/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct privilege {
	bool sets; /* false: the process keeps its user */
	char user[64];
	uid_t uid;
	gid_t gid;
};

/*
 * Finds the user that a process becomes if it was started as root; an empty
 * group is the user's own.  A process of another user keeps it.  Returns 0, or
 * -1 if there is no such user or group.
 */
int privilege_find(struct privilege *privilege, const char *user,
		   const char *group, struct fault *fault);

/*
 * Makes the folder, mode 0700, for the user, if this process is root.  Leaves a
 * folder that is there as it is.  Returns 0, or -1.
 */
int privilege_make_folder(const struct privilege *privilege, const char *path,
			  struct fault *fault);

/*
 * Becomes the user, for good, with the user's groups, and prevents that exec
 * gives back any privilege.  Returns 0, or -1: the process must then end.
 */
int privilege_drop(const struct privilege *privilege, struct fault *fault);

/* Keeps the memory of the process from core files and debuggers. */
void privilege_hide_memory(void);

#endif
