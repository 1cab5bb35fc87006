/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scep/base/error.h"

/* A file is written as .NAME.new, and renamed when it is whole. */
#define NEW_SUFFIX ".new"
/* From one try of a lock to the next, in ms. */
#define LOCK_STEP 20

static enum scep_code file_fail(struct scep_error *error, const char *verb,
				const char *folder, const char *name)
{
	return error_set(error, SCEP_STORAGE_ERROR, "cannot %s %s%s%s: %s",
			 verb, folder, name[0] ? "/" : "", name,
			 error_of_system(errno));
}

/* Refuses a name that would leave the folder: names come from a database, which
 * may be damaged. */
static enum scep_code file_check_name(const char *name,
				      struct scep_error *error)
{
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') ||
	    strlen(name) > NAME_MAX - 1 - strlen(NEW_SUFFIX))
		return error_set(error, SCEP_STORAGE_ERROR,
				 "\"%s\" cannot be the name of a file", name);
	return SCEP_OK;
}

static enum scep_code folder_open(const char *path, int *folder,
				  struct scep_error *error)
{
	*folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *folder < 0 ? file_fail(error, "open", path, "") : SCEP_OK;
}

static void file_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

/* Makes the entry of a folder durable.  A parent that may not be read
 * cannot be synced, and that is accepted. */
static enum scep_code folder_sync_parent(const char *path,
					 struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	char parent[PATH_MAX];
	size_t length = strlen(path);
	int folder;

	while (length > 1 && path[length - 1] == '/')
		length--;
	while (length > 0 && path[length - 1] != '/')
		length--;
	if (length >= sizeof(parent) - 1)
		return error_set(error, SCEP_STORAGE_ERROR, "too long a path");
	memcpy(parent, path, length);
	strcpy(parent + length, length == 0 ? "." : "");
	folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno == EACCES ? SCEP_OK
				       : file_fail(error, "open", parent, "");
	if (fsync(folder) != 0)
		code = file_fail(error, "sync", parent, "");
	file_close(folder);
	return code;
}

static enum scep_code folder_check(int folder, const char *path,
				   struct scep_error *error)
{
	struct stat status;

	if (fstat(folder, &status) != 0)
		return file_fail(error, "examine", path, "");
	if (status.st_uid != geteuid())
		return error_set(error, SCEP_STORAGE_ERROR,
				 "%s belongs to user %u, not to user %u", path,
				 (unsigned int)status.st_uid,
				 (unsigned int)geteuid());
	if ((status.st_mode & 077) != 0)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "%s is open to others: mode %04o, not 0700",
				 path, (unsigned int)(status.st_mode & 07777));
	return SCEP_OK;
}

enum scep_code files_make_folder(const char *path, struct scep_error *error)
{
	enum scep_code code;
	int folder = -1;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return file_fail(error, "make", path, "");
	code = folder_open(path, &folder, error);
	if (code != SCEP_OK)
		return code;
	code = folder_check(folder, path, error);
	/* Also for one that is there: the sync of its maker may have failed. */
	if (code == SCEP_OK)
		code = folder_sync_parent(path, error);
	file_close(folder);
	return code;
}

static bool file_write_all(int file, const unsigned char *data, size_t length)
{
	while (length > 0) {
		ssize_t count = write(file, data, length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return false;
		data += count;
		length -= (size_t)count;
	}
	return true;
}

static void file_new_name(char *text, size_t size, const char *name)
{
	snprintf(text, size, ".%s" NEW_SUFFIX, name);
}

/* Opens the new file, and replaces one that an earlier run left. */
static int file_open_new(int folder, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int file = openat(folder, name, flags, 0600);

	if (file < 0 && errno == EEXIST && unlinkat(folder, name, 0) == 0)
		file = openat(folder, name, flags, 0600);
	return file;
}

/* Returns NULL, or the verb of the step that failed; errno says why. */
static const char *file_write_beside(int folder, const char *name,
				     const void *data, size_t length)
{
	const char *failed = NULL;
	int file = file_open_new(folder, name);

	if (file < 0)
		return "make";
	if (!file_write_all(file, data, length))
		failed = "write";
	else if (fsync(file) != 0)
		failed = "sync";
	file_close(file);
	return failed;
}

enum scep_code files_write(const char *folder, const char *name,
			   const void *data, size_t length,
			   struct scep_error *error)
{
	char beside[NAME_MAX + 1];
	const char *failed;
	enum scep_code code;
	int fd = -1;

	code = file_check_name(name, error);
	if (code == SCEP_OK)
		code = folder_open(folder, &fd, error);
	if (code != SCEP_OK)
		return code;
	file_new_name(beside, sizeof(beside), name);
	failed = file_write_beside(fd, beside, data, length);
	if (!failed && renameat(fd, beside, fd, name) != 0)
		failed = "rename";
	if (failed) {
		code = file_fail(error, failed, folder, name);
		unlinkat(fd, beside, 0);
	} else if (fsync(fd) != 0) {
		code = file_fail(error, "sync", folder, "");
	}
	file_close(fd);
	return code;
}

/* Reads to the end of the file or beyond `cap`. */
static enum scep_code file_read_all(int file, const char *folder,
				    const char *name, size_t cap,
				    struct bytes *content,
				    struct scep_error *error)
{
	struct stat status;
	ssize_t count = 0;
	size_t size;

	if (fstat(file, &status) != 0)
		return file_fail(error, "examine", folder, name);
	if (!S_ISREG(status.st_mode))
		return error_set(error, SCEP_STORAGE_ERROR,
				 "%s/%s is no regular file", folder, name);
	if (status.st_size < 0 || (uintmax_t)status.st_size > cap)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "%s/%s is longer than %zu octets", folder,
				 name, cap);
	size = (size_t)status.st_size;
	content->data = size > 0 ? malloc(size) : NULL;
	if (size > 0 && !content->data)
		return error_set_memory(error);
	while (content->length < size) {
		count = read(file, content->data + content->length,
			     size - content->length);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		content->length += (size_t)count;
	}
	return count < 0 ? file_fail(error, "read", folder, name) : SCEP_OK;
}

enum scep_code files_read(const char *folder, const char *name, size_t cap,
			  struct bytes *content, struct scep_error *error)
{
	enum scep_code code = file_check_name(name, error);
	int fd = -1;
	int file = -1;

	bytes_free(content);
	if (code == SCEP_OK)
		code = folder_open(folder, &fd, error);
	if (code != SCEP_OK)
		return code;
	/* O_NONBLOCK: opening a FIFO must not block. */
	file = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0)
		code = file_fail(error, "open", folder, name);
	else
		code = file_read_all(file, folder, name, cap, content, error);
	if (code != SCEP_OK)
		bytes_free(content);
	file_close(file);
	file_close(fd);
	return code;
}

enum scep_code files_remove(const char *folder, const char *name,
			    struct scep_error *error)
{
	enum scep_code code = file_check_name(name, error);
	int fd = -1;

	if (code == SCEP_OK)
		code = folder_open(folder, &fd, error);
	if (code != SCEP_OK)
		return code;
	/* Synced even if the file is missing: an earlier removal may not be
	 * durable yet. */
	if (unlinkat(fd, name, 0) != 0 && errno != ENOENT)
		code = file_fail(error, "remove", folder, name);
	else if (fsync(fd) != 0)
		code = file_fail(error, "sync", folder, "");
	file_close(fd);
	return code;
}

static bool file_is_regular(int folder, const char *name)
{
	struct stat status;

	return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(status.st_mode);
}

enum scep_code files_rename(const char *folder, const char *from,
			    const char *to, struct scep_error *error)
{
	enum scep_code code = file_check_name(from, error);
	int fd = -1;

	if (code == SCEP_OK)
		code = file_check_name(to, error);
	if (code == SCEP_OK)
		code = folder_open(folder, &fd, error);
	if (code != SCEP_OK)
		return code;
	if (renameat(fd, from, fd, to) != 0)
		code = file_fail(error, "rename", folder, from);
	else if (fsync(fd) != 0)
		code = file_fail(error, "sync", folder, "");
	file_close(fd);
	return code;
}

bool files_exist(const char *folder, const char *name)
{
	bool is_there = false;
	int fd = -1;

	if (file_check_name(name, NULL) == SCEP_OK &&
	    folder_open(folder, &fd, NULL) == SCEP_OK)
		is_there = file_is_regular(fd, name);
	file_close(fd);
	return is_there;
}

/* Tells if it is the name of a new file (NEW_SUFFIX). */
static bool file_is_new(const char *name)
{
	size_t length = strlen(name);
	size_t suffix = strlen(NEW_SUFFIX);

	return name[0] == '.' && length > suffix + 1 &&
	       strcmp(name + length - suffix, NEW_SUFFIX) == 0;
}

static enum scep_code folder_list(const char *folder, DIR **listing,
				  struct scep_error *error)
{
	*listing = opendir(folder);
	return *listing ? SCEP_OK : file_fail(error, "open", folder, "");
}

enum scep_code files_list(const char *folder, files_name_fn each, void *context,
			  struct scep_error *error)
{
	enum scep_code code;
	struct dirent *entry;
	DIR *listing;

	code = folder_list(folder, &listing, error);
	if (code != SCEP_OK)
		return code;
	while (errno = 0, (entry = readdir(listing)) != NULL)
		if (entry->d_name[0] != '.' &&
		    file_is_regular(dirfd(listing), entry->d_name))
			each(context, entry->d_name);
	if (errno != 0)
		code = file_fail(error, "list", folder, "");
	closedir(listing);
	return code;
}

enum scep_code files_sweep(const char *folder, struct scep_error *error)
{
	enum scep_code code;
	struct dirent *entry;
	DIR *listing;

	code = folder_list(folder, &listing, error);
	if (code != SCEP_OK)
		return code;
	while (errno = 0, (entry = readdir(listing)) != NULL)
		if (file_is_new(entry->d_name) &&
		    unlinkat(dirfd(listing), entry->d_name, 0) != 0)
			break;
	if (errno != 0)
		code = file_fail(error, "sweep", folder, "");
	closedir(listing);
	return code;
}

/* Says who has the lock, as far as the file tells. */
static enum scep_code lock_fail(int lock, const char *folder,
				struct scep_error *error)
{
	char text[16] = "";
	ssize_t length = pread(lock, text, sizeof(text) - 1, 0);

	text[length > 0 ? length : 0] = '\0';
	text[strspn(text, "0123456789")] = '\0';
	if (text[0] == '\0')
		return error_set(error, SCEP_CONFIG_ERROR,
				 "another instance uses %s", folder);
	return error_set(error, SCEP_CONFIG_ERROR,
			 "another instance uses %s: process %s", folder, text);
}

/* Locks the file, and tries again for `patience` milliseconds while somebody
 * else has it.  Returns 0, or -1 with errno. */
static int lock_patiently(int file, unsigned int patience)
{
	const struct timespec step = {.tv_nsec = LOCK_STEP * 1000000L};

	while (flock(file, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK || patience < LOCK_STEP)
			return -1;
		nanosleep(&step, NULL);
		patience -= LOCK_STEP;
	}
	return 0;
}

enum scep_code files_lock(const char *folder, unsigned int patience, int *lock,
			  struct scep_error *error)
{
	enum scep_code code;
	char text[16];
	int file = -1;
	int fd = -1;

	*lock = -1;
	code = folder_open(folder, &fd, error);
	if (code != SCEP_OK)
		return code;
	file =
	    openat(fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	file_close(fd);
	if (file < 0)
		return file_fail(error, "open", folder, "lock");
	if (lock_patiently(file, patience) != 0) {
		code = errno == EWOULDBLOCK
			   ? lock_fail(file, folder, error)
			   : file_fail(error, "lock", folder, "");
		file_close(file);
		return code;
	}
	/* The pid is only for the message of another instance: a full disk that
	 * takes no digits is no reason not to start. */
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(file, 0) == 0)
		(void)file_write_all(file, (unsigned char *)text, strlen(text));
	*lock = file;
	return SCEP_OK;
}

void files_unlock(int lock)
{
	file_close(lock);
}
