/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces files by others, all of them or none: writes the new contents beside
 * the old ones, with owner and mode, and makes them durable; then gives each
 * its name.  Keeps the old contents until the change is confirmed, in memory
 * and, so that they survive a kill, beside their names.  Makes the folder of a
 * file where the file says so.  Knows no key and no command.
 */
#ifndef SUBAGENT_PARENT_INSTALL_H
#define SUBAGENT_PARENT_INSTALL_H

#include "subagent/parent/use_folder.h"
#include "subagent/system/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define INSTALL_PARTS 3

/* The new version of a file. */
struct install_file {
	const char *path; /* absolute */
	struct {
		const char *text;
		size_t length;
	} part[INSTALL_PARTS]; /* one after the other */
	uid_t user;	       /* (uid_t)-1: the user of this process */
	gid_t group;	       /* (gid_t)-1: its group */
	mode_t mode;
	/* Of its folder; see use_folder.h. */
	bool makes_folder;
	bool has_group_key;
};

/* Returns the folder of the file; borrows the file. */
struct use_folder install_folder(const struct install_file *file);

/* A file while it is changed. */
struct install_item {
	const struct install_file *file;
	int folder;	 /* descriptor */
	char name[256];	 /* in the folder */
	char fresh[300]; /* name of the new content at first */
	char kept[300];	 /* name of the old content */
	bool was_there;	 /* there was an old content */
	bool is_changed; /* the name has a content that may be bad */
	char *old_link;	 /* the target, if it was a symbolic link */
	char *old;
	size_t old_length;
	uid_t old_user;
	gid_t old_group;
	mode_t old_mode;
};

struct install {
	struct install_item *items;
	size_t count;
};

/*
 * Puts the new files into place, in their order.  `install` is owned by the
 * caller (install_free); the files are borrowed until then.  Returns 0, or -1
 * after having restored everything.
 */
int install_begin(struct install *install, const struct install_file *files,
		  size_t count, struct fault *fault);
/* Confirms the new files: removes the old ones that are kept beside them.  They
 * can still be taken back from memory. */
void install_settle(struct install *install);
/* Puts the old files back, as many as possible.  Returns 0, or -1 if one of
 * them cannot be put back. */
int install_take_back(struct install *install, struct fault *fault);
/* Cleanses and frees. */
void install_free(struct install *install);

#endif
