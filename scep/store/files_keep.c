/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scep/base/error.h"

/* ------------------------------------------------- folders that stay -- */

void files_identify(const char *folder, struct files_identity *identity)
{
	struct stat status;

	*identity = (struct files_identity){0};
	if (stat(folder, &status) == 0)
		*identity =
		    (struct files_identity){status.st_dev, status.st_ino};
}

enum scep_code files_check_identity(const char *folder,
				    const struct files_identity *identity,
				    struct scep_error *error)
{
	struct stat status;

	if (stat(folder, &status) != 0)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "%s is gone while scepagentd runs: %s; put it "
				 "back, or restart scepagentd",
				 folder, strerror(errno));
	if (status.st_dev != identity->device ||
	    status.st_ino != identity->inode)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "%s was replaced while scepagentd runs; put "
				 "it back, or restart scepagentd",
				 folder);
	return SCEP_OK;
}

/* ----------------------------------------------------- setting aside -- */

static int folder_open(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Finds a name that is free.  The lock of the state directory keeps it so. */
static bool find_free_name(int folder, const char *name, char free_name[],
			   size_t size)
{
	struct stat status;
	int length = snprintf(free_name, size, "%s", name);

	for (unsigned int number = 1;
	     length > 0 && (size_t)length < size &&
	     fstatat(folder, free_name, &status, AT_SYMLINK_NOFOLLOW) == 0;
	     number++)
		length = snprintf(free_name, size, "%s-%u", name, number);
	return length > 0 && (size_t)length < size && errno == ENOENT;
}

static bool move_aside(int from, const char *name, int to)
{
	char free_name[NAME_MAX + 1];

	errno = ENOENT;
	if (!find_free_name(to, name, free_name, sizeof(free_name)) ||
	    renameat(from, name, to, free_name) != 0)
		return false;
	/* The new name first: a power cut leaves two names, never none. */
	return fsync(to) == 0 && fsync(from) == 0;
}

enum scep_code files_set_aside(const char *folder, const char *name,
			       const char *aside, struct scep_error *error)
{
	enum scep_code code = files_make_folder(aside, error);
	int from, to;

	if (code != SCEP_OK)
		return code;
	from = folder_open(folder);
	to = folder_open(aside);
	if (from < 0 || to < 0 || !move_aside(from, name, to))
		code = error_set(error, SCEP_STORAGE_ERROR,
				 "cannot move %s/%s to %s: %s", folder, name,
				 aside, strerror(errno));
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return code;
}

enum scep_code files_list_all(const char *folder, files_name_fn each,
			      void *context, struct scep_error *error)
{
	DIR *listing = opendir(folder);
	enum scep_code code = SCEP_OK;
	struct dirent *entry;

	if (listing != NULL)
		while (errno = 0, (entry = readdir(listing)) != NULL)
			if (strcmp(entry->d_name, ".") != 0 &&
			    strcmp(entry->d_name, "..") != 0)
				each(context, entry->d_name);
	if (listing == NULL || errno != 0)
		code = error_set(error, SCEP_STORAGE_ERROR,
				 "cannot list %s: %s", folder, strerror(errno));
	if (listing != NULL)
		closedir(listing);
	return code;
}
