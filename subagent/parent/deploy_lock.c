/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/deploy_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int lock_fault(struct fault *fault, const char *path)
{
	return fault_set(fault, "%.150s cannot be locked: %s", path,
			 strerror(errno));
}

/* Takes the lock on an open file; closes it if that fails. */
static int take(int fd)
{
	int result;

	do
		result = flock(fd, LOCK_EX);
	while (result != 0 && errno == EINTR);
	if (result == 0)
		return fd;
	close(fd);
	return -1;
}

/* Tells if the name is still that of the file: who had the lock before has
 * removed it. */
static bool is_file_of(const char *path, int fd)
{
	struct stat named, opened;

	return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 &&
	       named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

static int take_file(const char *path)
{
	for (;;) {
		int fd =
		    open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0 || take(fd) < 0)
			return -1;
		if (is_file_of(path, fd))
			return fd;
		close(fd);
	}
}

int deploy_lock_take(struct deploy_lock *lock, const char *state_directory,
		     uid_t owner, struct fault *fault)
{
	struct stat status;
	int folder = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	lock->fd = -1;
	lock->path[0] = '\0';
	if (folder < 0 || fstat(folder, &status) != 0) {
		lock_fault(fault, state_directory);
		if (folder >= 0)
			close(folder);
		return -1;
	}
	if (owner == geteuid()) {
		lock->fd = take(folder);
		return lock->fd >= 0 ? 0 : lock_fault(fault, state_directory);
	}
	close(folder);
	snprintf(lock->path, sizeof(lock->path),
		 "/run/scepagentd-%llx-%llx.lock",
		 (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino);
	lock->fd = take_file(lock->path);
	return lock->fd >= 0 ? 0 : lock_fault(fault, lock->path);
}

void deploy_lock_release(struct deploy_lock *lock)
{
	if (lock->fd < 0)
		return;
	if (lock->path[0] != '\0')
		unlink(lock->path);
	/* A process that was made meanwhile may have a copy. */
	flock(lock->fd, LOCK_UN);
	close(lock->fd);
	lock->fd = -1;
}
