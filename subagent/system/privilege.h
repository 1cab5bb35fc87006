/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a process is and becomes: the user of runAs, a state directory that
 * belongs to him, and the step down from root.  Knows no configuration.
 */
#ifndef SUBAGENT_SYSTEM_PRIVILEGE_H
#define SUBAGENT_SYSTEM_PRIVILEGE_H

#include "subagent/system/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct privilege {
	bool sets; /* false: the process stays who it is */
	char user[64];
	uid_t uid;
	gid_t gid;
};

/*
 * Finds whom a process that was started as root becomes; an empty group is
 * the user's own.  Anyone else stays who he is.  Returns 0, or -1
 * if there is no such user or group.
 */
int privilege_find(struct privilege *privilege, const char *user,
		   const char *group, struct fault *fault);

/*
 * As root: makes the folder, mode 0700, for the user.  One that is there is
 * left as it is.  Returns 0, or -1.
 */
int privilege_make_folder(const struct privilege *privilege, const char *path,
			  struct fault *fault);

/*
 * Becomes the user, for good, with the groups that the system gives him, and
 * keeps him from gaining anything by exec.  Returns 0, or -1: the process must
 * then end.
 */
int privilege_drop(const struct privilege *privilege, struct fault *fault);

/* Lets no core file and no debugger see the process's memory. */
void privilege_hide_memory(void);

#endif
