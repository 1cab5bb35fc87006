/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/storefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scep/base/error.h"
#include "scep/store/store.h"

static enum scep_code fail_file(const char *path, const char *reason,
				struct scep_error *error)
{
	return error_set(error, SCEP_STORAGE_ERROR, "state database: %s: %s",
			 path, reason);
}

/* Makes the file, empty, so that it never had another mode. */
static enum scep_code file_make(const char *path, struct scep_error *error)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
	int file = open(path, flags, S_IRUSR | S_IWUSR);

	if (file >= 0)
		close(file);
	else if (errno != EEXIST)
		return fail_file(path, strerror(errno), error);
	return SCEP_OK;
}

/* Withdraws what others may have been given, and gives what the umask took.  A
 * missing file is fine.  The file is not opened here: closing it would drop
 * the locks that another connection of this process has on it. */
static enum scep_code file_tighten(const char *path, struct scep_error *error)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT
			   ? SCEP_OK
			   : fail_file(path, strerror(errno), error);
	if (!S_ISREG(status.st_mode))
		return fail_file(path, "not a regular file", error);
	if ((status.st_mode & 07777) != (S_IRUSR | S_IWUSR) &&
	    chmod(path, S_IRUSR | S_IWUSR) != 0)
		return fail_file(path, strerror(errno), error);
	return SCEP_OK;
}

enum scep_code storefile_prepare(const char *path, struct scep_error *error)
{
	enum scep_code code;
	char *journal;

	if (asprintf(&journal, "%s-journal", path) < 0)
		return error_set_memory(error);
	code = file_make(path, error);
	if (code == SCEP_OK)
		code = file_tighten(path, error);
	if (code == SCEP_OK)
		code = file_tighten(journal, error);
	free(journal);
	return code;
}

static bool is_there(int folder, const char *name)
{
	struct stat status;

	return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool move(int folder, const char *from, const char *to)
{
	return renameat(folder, from, folder, to) == 0 || errno == ENOENT;
}

static bool move_both(int folder)
{
	char database[64];
	char journal[96];
	unsigned int number = 0;

	do {
		number++;
		snprintf(database, sizeof(database), "%s.corrupt-%u",
			 STORE_FILE, number);
		snprintf(journal, sizeof(journal), "%s-journal", database);
	} while (is_there(folder, database) || is_there(folder, journal));
	/* Named like this, the pair can still be opened by SQLite's tools. */
	return move(folder, STORE_JOURNAL, journal) &&
	       move(folder, STORE_FILE, database) && fsync(folder) == 0;
}

enum scep_code store_set_aside(const char *folder, struct scep_error *error)
{
	int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum scep_code code = SCEP_OK;

	if (descriptor < 0 || !move_both(descriptor))
		code = error_set(error, SCEP_STORAGE_ERROR,
				 "state database: setting %s/%s aside: %s",
				 folder, STORE_FILE, strerror(errno));
	if (descriptor >= 0)
		close(descriptor);
	return code;
}
