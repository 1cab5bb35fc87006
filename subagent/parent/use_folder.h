/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of a file of a use location.  It is opened component by component
 * and without following links.  Each folder on the way must belong to root or
 * to the owner of the use location, and nobody else may write to it.  A sticky
 * folder of root, such as /tmp, is passed.  The last folder can be made.  Knows
 * no key and no content.
 */
#ifndef SUBAGENT_PARENT_USE_FOLDER_H
#define SUBAGENT_PARENT_USE_FOLDER_H

#include "subagent/system/fault.h"

#include <stdbool.h>
#include <sys/types.h>

struct use_folder {
	const char *path;   /* of the file; absolute */
	uid_t user;	    /* the owner; (uid_t)-1: the user of the process */
	gid_t group;	    /* (gid_t)-1: its group */
	bool can_be_made;   /* the last folder, if only that is missing */
	bool has_group_key; /* a made one is 0750 and the group's, not 0755 */
};

/* Opens the folder, and makes it if it may.  Returns a descriptor, or -1. */
int use_folder_open(const struct use_folder *folder, struct fault *fault);

/* Finds out if a file with that owner can be put there, without changing
 * anything.  Returns 0, or -1. */
int use_folder_check(const struct use_folder *folder, struct fault *fault);

#endif
