/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files put in the place of others, all of them or none: new contents are
 * written beside, with owner and mode, and made durable; then each takes its
 * name.  What stood there before is kept until the change is confirmed, in
 * memory and, against a kill, beside its name.  Knows no key and no command.
 */
#ifndef SUBAGENT_PARENT_INSTALL_H
#define SUBAGENT_PARENT_INSTALL_H

#include "subagent/system/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define INSTALL_PARTS 3

/* One file as it is to be. */
struct install_file {
	const char *path; /* absolute */
	struct {
		const char *text;
		size_t length;
	} part[INSTALL_PARTS]; /* one after the other */
	uid_t user;	       /* (uid_t)-1: whoever we are */
	gid_t group;	       /* (gid_t)-1: likewise */
	mode_t mode;
};

/* What is known of one while it is changed. */
struct install_item {
	const struct install_file *file;
	int folder;	  /* descriptor */
	char name[256];	  /* in the folder */
	char fresh[300];  /* the new content's, before it takes the name */
	char kept[300];	  /* the old content's */
	bool was_there;	  /* an old content */
	bool is_in_place; /* a content that is not known to be good */
	char *old_link;	  /* where it led to, if it was a symbolic link */
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
 * Puts the files into place, in their order.  `install` is owned by the caller
 * (install_free); the files are borrowed until then.  Returns 0, or -1 with
 * everything as it was.
 */
int install_begin(struct install *install, const struct install_file *files,
		  size_t count, struct fault *fault);
/* The new files are good: what was kept beside them goes.  They can still be
 * taken back. */
void install_settle(struct install *install);
/* Puts the old ones back, as far as that can be done.  Returns 0,
 * or -1. */
int install_take_back(struct install *install, struct fault *fault);
/* Cleanses and frees. */
void install_free(struct install *install);

#endif
