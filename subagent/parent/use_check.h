/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at a use location before it gets a key: its owner, the folders of its
 * files and the programs of its commands.  Changes nothing, runs nothing and
 * may wait for a filesystem.  Knows no key.
 */
#ifndef SUBAGENT_PARENT_USE_CHECK_H
#define SUBAGENT_PARENT_USE_CHECK_H

#include "subagent/conf/use_location.h"
#include "subagent/system/fault.h"

#include <sys/types.h>

/* Finds the owner of the files; -1 is the user of the process, and its group.
 * Returns 0, or -1 if there is no such user or group. */
int use_check_owner(const struct use_location *location, uid_t *user,
		    gid_t *group, struct fault *fault);

/* Finds out if the location can take all its files.  Returns 0, or -1 with the
 * first reason. */
int use_check_files(const struct use_location *location, struct fault *fault);

typedef void (*use_check_fn)(void *context, const char *text);

/* Reports each fault of owner, folders and programs, once. */
void use_check_all(const struct use_location *location, use_check_fn report,
		   void *context);

/* Finds out if the program of a command can be run.  Returns 0, or -1. */
int use_check_command(const char *command, struct fault *fault);

#endif
