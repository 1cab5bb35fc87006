/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool file_fault(const char *verb, const char *path,
		       struct reason *reason)
{
	return reason_set(reason, "cannot %s %.200s: %s", verb, path,
			  strerror(errno));
}

/* ------------------------------------------------------------------ read -- */

/* Reads one octet more than is allowed, to find out whether it is too long. */
static char *read_all(int file, const char *path, size_t most, size_t *length,
		      struct reason *reason)
{
	char *text = malloc(most + 1);
	ssize_t count = 1;

	*length = 0;
	while (text && count > 0 && *length <= most) {
		count = read(file, text + *length, most + 1 - *length);
		if (count < 0 && errno == EINTR)
			count = 1;
		else if (count > 0)
			*length += (size_t)count;
	}
	if (text && count >= 0 && *length <= most)
		return text;
	if (text && count >= 0)
		errno = EFBIG;
	file_fault("read", path, reason);
	free(text);
	return NULL;
}

char *output_read(const char *path, size_t most, size_t *length,
		  struct reason *reason)
{
	bool is_standard = strcmp(path, "-") == 0;
	int file =
	    is_standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char *text;

	if (file < 0) {
		file_fault("open", path, reason);
		return NULL;
	}
	text = read_all(file, path, most, length, reason);
	if (!is_standard)
		close(file);
	return text;
}

/* ----------------------------------------------------------------- write -- */

static bool write_all(int file, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t count = write(file, text, left);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return false;
		text += count;
		left -= (size_t)count;
	}
	return true;
}

/* Writes into what is no regular file: there is nothing to be kept whole. */
static bool write_through(const char *path, const char *text,
			  struct reason *reason)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	bool is_good;

	if (file < 0)
		return file_fault("open", path, reason);
	is_good = write_all(file, text);
	if (close(file) != 0 || !is_good)
		return file_fault("write", path, reason);
	return true;
}

/* Makes the folder's entry durable too. */
static bool sync_folder(const char *path)
{
	char folder[PATH_MAX];
	char *slash;
	bool is_good;
	int file;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	file = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file < 0)
		return false;
	is_good = fsync(file) == 0;
	close(file);
	return is_good;
}

/* Writes a new file, which mkstemp() makes with mode 0600, and renames it. */
static bool write_beside(const char *path, const char *text,
			 struct reason *reason)
{
	char beside[PATH_MAX];
	bool is_good;
	int file;

	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return file_fault("write", path, reason);
	}
	file = mkstemp(beside);
	if (file < 0)
		return file_fault("write beside", path, reason);
	is_good = write_all(file, text) && fsync(file) == 0;
	is_good = close(file) == 0 && is_good;
	if (!is_good || rename(beside, path) != 0) {
		file_fault("write", path, reason);
		unlink(beside);
		return false;
	}
	return sync_folder(path) ||
	       file_fault("sync the folder of", path, reason);
}

bool output_write(const char *path, const char *text, struct reason *reason)
{
	char target[PATH_MAX];
	struct stat status;

	/* A symbolic link stays one: its target is replaced. */
	if (!realpath(path, target))
		return errno == ENOENT ? write_beside(path, text, reason)
				       : file_fault("write", path, reason);
	if (stat(target, &status) == 0 && !S_ISREG(status.st_mode))
		return write_through(target, text, reason);
	return write_beside(target, text, reason);
}
