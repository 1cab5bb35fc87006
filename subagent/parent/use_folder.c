/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/use_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 4096

/* A way through the folders of a path. */
struct walk {
	const struct use_folder *folder;
	char path[PATH_ROOM]; /* of the folder so far */
	int fd;
};

/* ------------------------------------------------------------ one folder -- */

/* True if the group is that of the user alone, as a daemon's is: it bears his
 * name.  Any ordinary user may be in another group, as "users". */
static bool is_own_group(uid_t user, gid_t group)
{
	const struct passwd *account = getpwuid(user);
	const struct group *own = getgrgid(group);

	return account != NULL && own != NULL && account->pw_gid == group &&
	       strcmp(account->pw_name, own->gr_name) == 0;
}

/* True if the folder may belong to that user: root, the user of the process,
 * the owner of the use location, or a user whose own group is the owner. */
static bool is_owner(const struct use_folder *folder, uid_t user)
{
	if (user == 0 || user == geteuid() || user == folder->user)
		return true;
	return folder->group != (gid_t)-1 && is_own_group(user, folder->group);
}

static bool is_group(const struct use_folder *folder, gid_t group)
{
	return group == 0 || group == folder->group ||
	       (geteuid() != 0 && group == getegid());
}

static int walk_judge(const struct walk *walk, struct fault *fault)
{
	const struct use_folder *folder = walk->folder;
	struct stat status;

	if (fstat(walk->fd, &status) != 0)
		return fault_set(fault, "%.200s: %s", walk->path,
				 strerror(errno));
	/* In a sticky folder of root, nobody can exchange what is another's. */
	if (status.st_uid == 0 && (status.st_mode & S_ISVTX) != 0)
		return 0;
	if (!is_owner(folder, status.st_uid))
		return fault_set(fault,
				 "%.200s belongs to user %u, who could "
				 "exchange the files in it",
				 walk->path, (unsigned)status.st_uid);
	if ((status.st_mode & S_IWOTH) != 0 ||
	    ((status.st_mode & S_IWGRP) != 0 &&
	     !is_group(folder, status.st_gid)))
		return fault_set(fault,
				 "%.200s can be written by others (mode %03o)",
				 walk->path, (unsigned)status.st_mode & 0777);
	return 0;
}

/* Goes on to a folder in the present one.  Returns 0; -1 with errno if it
 * cannot be opened. */
static int walk_enter(struct walk *walk, const char *name)
{
	size_t length = strlen(walk->path);
	int fd = openat(walk->fd, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	snprintf(walk->path + length, sizeof(walk->path) - length, "%s%s",
		 length > 1 ? "/" : "", name);
	if (fd < 0)
		return -1;
	close(walk->fd);
	walk->fd = fd;
	return 0;
}

/* Makes the last folder, in the one that the walk has come to. */
static int walk_make(struct walk *walk, const char *name, struct fault *fault)
{
	const struct use_folder *folder = walk->folder;
	bool is_groups = folder->has_group_key && folder->group != (gid_t)-1;
	int fd;

	if (mkdirat(walk->fd, name, 0700) != 0)
		return fault_set(fault, "the folder %.200s cannot be made: %s",
				 walk->path, strerror(errno));
	fd = openat(walk->fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 ||
	    (is_groups && fchown(fd, (uid_t)-1, folder->group) != 0) ||
	    fchmod(fd, is_groups ? 0750 : 0755) != 0 || fsync(walk->fd) != 0) {
		fault_set(fault, "the folder %.200s: %s", walk->path,
			  strerror(errno));
		if (fd >= 0)
			close(fd);
		unlinkat(walk->fd, name, AT_REMOVEDIR);
		return -1;
	}
	close(walk->fd);
	walk->fd = fd;
	return 0;
}

/* -------------------------------------------------------------- the walk -- */

static int walk_fault(const struct walk *walk, struct fault *fault)
{
	struct stat status;

	if (errno == ENOENT)
		return fault_set(fault, "there is no folder %.200s",
				 walk->path);
	if (lstat(walk->path, &status) == 0 && S_ISLNK(status.st_mode))
		return fault_set(fault,
				 "%.200s is a symbolic link, and none is "
				 "followed: name its target",
				 walk->path);
	return fault_set(fault, "%.200s: %s", walk->path, strerror(errno));
}

enum walk_end { WALK_DONE, WALK_LAST_IS_MISSING, WALK_FAILED };

/* Goes to the folder of the file.  If only the last folder is missing, and may
 * be made, `last` is its name. */
static enum walk_end walk_go(struct walk *walk, char last[PATH_ROOM],
			     struct fault *fault)
{
	char path[PATH_ROOM], *name, *next = NULL;

	snprintf(path, sizeof(path), "%s", walk->folder->path);
	*strrchr(path, '/') = '\0';
	strcpy(walk->path, "/");
	walk->fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (walk->fd < 0) {
		walk_fault(walk, fault);
		return WALK_FAILED;
	}
	for (name = strtok_r(path, "/", &next); name != NULL; name = last) {
		char *after;

		if (walk_judge(walk, fault) != 0)
			return WALK_FAILED;
		after = strtok_r(NULL, "/", &next);
		if (walk_enter(walk, name) != 0) {
			bool is_missing = errno == ENOENT;

			walk_fault(walk, fault);
			if (name != last)
				snprintf(last, PATH_ROOM, "%s", name);
			return is_missing && after == NULL &&
				       walk->folder->can_be_made
				   ? WALK_LAST_IS_MISSING
				   : WALK_FAILED;
		}
		if (after == NULL)
			break;
		snprintf(last, PATH_ROOM, "%s", after);
	}
	return walk_judge(walk, fault) == 0 ? WALK_DONE : WALK_FAILED;
}

static bool walk_begin(struct walk *walk, const struct use_folder *folder,
		       struct fault *fault)
{
	const char *slash = strrchr(folder->path, '/');

	walk->folder = folder;
	walk->fd = -1;
	if (folder->path[0] == '/' && slash[1] != '\0' &&
	    strlen(folder->path) < PATH_ROOM)
		return true;
	fault_set(fault, "%.200s is no path of a file", folder->path);
	return false;
}

static void walk_close(struct walk *walk)
{
	if (walk->fd >= 0)
		close(walk->fd);
}

int use_folder_open(const struct use_folder *folder, struct fault *fault)
{
	char last[PATH_ROOM];
	struct walk walk;

	if (!walk_begin(&walk, folder, fault))
		return -1;
	switch (walk_go(&walk, last, fault)) {
	case WALK_DONE:
		return walk.fd;
	case WALK_LAST_IS_MISSING:
		if (walk_make(&walk, last, fault) == 0)
			return walk.fd;
		break;
	case WALK_FAILED:
		break;
	}
	walk_close(&walk);
	return -1;
}

/* -------------------------------------------------------------- checking -- */

/* Tries with a file that never gets a name.  Where the filesystem has none of
 * these, only the permissions are looked at. */
static int check_writing(const struct walk *walk, struct fault *fault)
{
	const struct use_folder *folder = walk->folder;
	int fd = openat(walk->fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	int result = 0;

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		return faccessat(walk->fd, ".", W_OK | X_OK, AT_EACCESS) == 0
			   ? 0
			   : fault_set(fault, "%.200s cannot be written: %s",
				       walk->path, strerror(errno));
	if (fd < 0)
		return fault_set(fault, "%.200s cannot be written: %s",
				 walk->path, strerror(errno));
	if ((folder->user != (uid_t)-1 || folder->group != (gid_t)-1) &&
	    fchown(fd, folder->user, folder->group) != 0)
		result = fault_set(fault,
				   "a file in %.200s cannot be given to its "
				   "owner: %s",
				   walk->path, strerror(errno));
	close(fd);
	return result;
}

static int check_name(const struct walk *walk, struct fault *fault)
{
	const char *path = walk->folder->path;
	struct stat status;

	if (fstatat(walk->fd, strrchr(path, '/') + 1, &status,
		    AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
		return fault_set(fault, "%.200s is no file to be replaced",
				 path);
	return 0;
}

int use_folder_check(const struct use_folder *folder, struct fault *fault)
{
	char last[PATH_ROOM];
	struct walk walk;
	int result = -1;

	if (!walk_begin(&walk, folder, fault))
		return -1;
	switch (walk_go(&walk, last, fault)) {
	case WALK_DONE:
		result = check_name(&walk, fault) == 0
			     ? check_writing(&walk, fault)
			     : -1;
		break;
	case WALK_LAST_IS_MISSING:
		if (faccessat(walk.fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
			result = 0;
		else
			fault_set(fault, "the folder %.200s cannot be made: %s",
				  walk.path, strerror(errno));
		break;
	case WALK_FAILED:
		break;
	}
	walk_close(&walk);
	return result;
}
