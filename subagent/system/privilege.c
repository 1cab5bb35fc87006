/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/system/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int privilege_fault(struct fault *fault, const char *what,
			   const char *name)
{
	return fault_set(fault, "%s %.100s: %s", what, name, strerror(errno));
}

int privilege_find(struct privilege *privilege, const char *user,
		   const char *group, struct fault *fault)
{
	const struct passwd *entry;
	const struct group *other;

	memset(privilege, 0, sizeof(*privilege));
	if (geteuid() != 0)
		return 0;
	entry = getpwnam(user);
	if (entry == NULL)
		return fault_set(fault,
				 "runAs: there is no user %.64s; "
				 "systemd-sysusers or adduser creates it",
				 user);
	snprintf(privilege->user, sizeof(privilege->user), "%s", user);
	privilege->uid = entry->pw_uid;
	privilege->gid = entry->pw_gid;
	if (group[0] != '\0') {
		other = getgrnam(group);
		if (other == NULL)
			return fault_set(
			    fault, "runAs: there is no group %.64s", group);
		privilege->gid = other->gr_gid;
	}
	privilege->sets = privilege->uid != 0;
	return 0;
}

/* Makes the entry of a new folder durable. */
static int sync_parent(const char *path, struct fault *fault)
{
	char copy[PATH_MAX];
	int fd, result;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	result = fd < 0 ? -1 : fsync(fd);
	if (result != 0)
		privilege_fault(fault, "the folder above", path);
	if (fd >= 0)
		close(fd);
	return result;
}

/* Gives a new folder to the user.  Until fchown() it is ours: nobody else can
 * replace it. */
static int give_folder(const struct privilege *privilege, const char *path,
		       struct fault *fault)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int result = 0;

	if (fd < 0)
		return privilege_fault(fault, "the folder", path);
	if (fchmod(fd, 0700) != 0 ||
	    fchown(fd, privilege->uid, privilege->gid) != 0)
		result = privilege_fault(fault, "the folder", path);
	close(fd);
	return result;
}

int privilege_make_folder(const struct privilege *privilege, const char *path,
			  struct fault *fault)
{
	if (!privilege->sets)
		return 0;
	if (mkdir(path, 0700) == 0)
		return give_folder(privilege, path, fault) == 0
			   ? sync_parent(path, fault)
			   : -1;
	if (errno == EEXIST)
		return 0;
	return privilege_fault(fault, "the folder", path);
}

static bool has_dropped(const struct privilege *privilege)
{
	uid_t real, effective, saved;

	return getresuid(&real, &effective, &saved) == 0 &&
	       real == privilege->uid && effective == privilege->uid &&
	       saved == privilege->uid && setuid(0) != 0;
}

int privilege_drop(const struct privilege *privilege, struct fault *fault)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return privilege_fault(fault, "no new privileges for",
				       "the worker");
	if (!privilege->sets)
		return 0;
	if (initgroups(privilege->user, privilege->gid) != 0 ||
	    setresgid(privilege->gid, privilege->gid, privilege->gid) != 0 ||
	    setresuid(privilege->uid, privilege->uid, privilege->uid) != 0)
		return privilege_fault(fault, "cannot become", privilege->user);
	if (has_dropped(privilege))
		return 0;
	errno = EPERM;
	return privilege_fault(fault, "cannot stay", privilege->user);
}

void privilege_hide_memory(void)
{
	const struct rlimit none = {0, 0};

	/* Lowering a limit cannot fail. */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
