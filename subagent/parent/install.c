/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/install.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLD_MAX (1024 * 1024) /* octets of a file that is replaced */

/* Hidden names, as most programs that read a whole folder ignore hidden files.
 * Those that do not (swanctl) reload when neither is there any more. */
#define FRESH ".%s.scepagent-new"
#define KEPT  ".%s.scepagent-old"

static int item_fault(struct fault *fault, const struct install_item *item)
{
	return fault_set(fault, "%.200s: %s", item->file->path,
			 strerror(errno));
}

/* ---------------------------------------------------------------- writing */

static bool write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0)
			return false;
		text += written;
		length -= (size_t)written;
	}
	return true;
}

static bool write_parts(int fd, const struct install_file *file)
{
	for (int i = 0; i < INSTALL_PARTS; i++)
		if (!write_all(fd, file->part[i].text, file->part[i].length))
			return false;
	return true;
}

/* Opens a new file beside the name, which nobody else may read yet.  Returns -1
 * if that fails. */
static int open_fresh(const struct install_item *item)
{
	/* A killed process may have left one. */
	unlinkat(item->folder, item->fresh, 0);
	return openat(item->folder, item->fresh,
		      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      0600);
}

/* Gives the file its owner and mode, makes it durable and closes it. */
static bool finish_fresh(int fd, uid_t user, gid_t group, mode_t mode)
{
	bool is_good = true;

	if (user != (uid_t)-1 || group != (gid_t)-1)
		is_good = fchown(fd, user, group) == 0;
	is_good = is_good && fchmod(fd, mode) == 0 && fsync(fd) == 0;
	return close(fd) == 0 && is_good;
}

static int item_prepare(struct install_item *item, struct fault *fault)
{
	const struct install_file *file = item->file;
	int fd = open_fresh(item);
	bool is_written;

	if (fd < 0)
		return item_fault(fault, item);
	is_written = write_parts(fd, file);
	if (finish_fresh(fd, file->user, file->group, file->mode) && is_written)
		return 0;
	item_fault(fault, item);
	unlinkat(item->folder, item->fresh, 0);
	return -1;
}

/* --------------------------------------------------------- what was there */

static int item_open_old(struct install_item *item)
{
	const int how = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	int fd = openat(item->folder, item->kept, how);

	if (fd >= 0)
		return fd;
	return openat(item->folder, item->name, how);
}

static int item_read(int fd, struct install_item *item, struct fault *fault)
{
	struct stat status;
	ssize_t got = 1;

	if (fstat(fd, &status) != 0)
		return item_fault(fault, item);
	if (!S_ISREG(status.st_mode) || status.st_size > OLD_MAX)
		return fault_set(fault, "%.200s is no file to be replaced",
				 item->file->path);
	item->old = malloc((size_t)status.st_size + 1);
	if (item->old == NULL)
		return fault_set(fault, "memory is short");
	while (item->old_length < (size_t)status.st_size && got > 0) {
		got = read(fd, item->old + item->old_length,
			   (size_t)status.st_size - item->old_length);
		if (got > 0)
			item->old_length += (size_t)got;
	}
	if (got < 0)
		return item_fault(fault, item);
	item->was_there = true;
	item->old_user = status.st_uid;
	item->old_group = status.st_gid;
	item->old_mode = status.st_mode & 07777;
	return 0;
}

/* Remembers a symbolic link: the link is replaced, and its target left alone.
 */
static int item_read_link(struct install_item *item, struct fault *fault)
{
	char target[4096];
	ssize_t length =
	    readlinkat(item->folder, item->kept, target, sizeof(target) - 1);

	if (length < 0)
		length = readlinkat(item->folder, item->name, target,
				    sizeof(target) - 1);
	if (length < 0)
		return item_fault(fault, item);
	target[length] = '\0';
	item->old_link = strdup(target);
	return item->old_link != NULL ? 0 : fault_set(fault, "memory is short");
}

/* Makes the old file once more, beside the name. */
static bool item_remake(const struct install_item *item)
{
	/* Only root can give a file to another user. */
	bool is_root = geteuid() == 0;
	bool is_written;
	int fd;

	if (item->old_link != NULL) {
		unlinkat(item->folder, item->fresh, 0);
		return symlinkat(item->old_link, item->folder, item->fresh) ==
		       0;
	}
	fd = open_fresh(item);
	if (fd < 0)
		return false;
	is_written = write_all(fd, item->old, item->old_length);
	return finish_fresh(fd, is_root ? item->old_user : (uid_t)-1,
			    is_root ? item->old_group : (gid_t)-1,
			    item->old_mode) &&
	       is_written;
}

/* Gives the old file a second name, or copies it where a link is not possible:
 * on a filesystem without hard links, or if the file is another user's. */
static int item_keep_beside(struct install_item *item, struct fault *fault)
{
	if (linkat(item->folder, item->name, item->folder, item->kept, 0) ==
		0 ||
	    errno == EEXIST || errno == ENOENT)
		return 0;
	if ((errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK) &&
	    item_remake(item) &&
	    renameat(item->folder, item->fresh, item->folder, item->kept) == 0)
		return 0;
	return item_fault(fault, item);
}

static int item_keep(struct install_item *item, struct fault *fault)
{
	int fd = item_open_old(item);
	int result;

	if (fd >= 0) {
		result = item_read(fd, item, fault);
		close(fd);
	} else if (errno == ELOOP) {
		result = item_read_link(item, fault);
	} else {
		return errno == ENOENT ? 0 : item_fault(fault, item);
	}
	return result == 0 ? item_keep_beside(item, fault) : result;
}

/* ------------------------------------------------------------ the changing */

struct use_folder install_folder(const struct install_file *file)
{
	return (struct use_folder){
	    .path = file->path,
	    .user = file->user,
	    .group = file->group,
	    .can_be_made = file->makes_folder,
	    .has_group_key = file->has_group_key,
	};
}

static int item_open(struct install_item *item, const struct install_file *file,
		     struct fault *fault)
{
	const struct use_folder folder = install_folder(file);
	const char *slash = strrchr(file->path, '/');

	item->file = file;
	item->folder = -1;
	if (slash == NULL || strlen(slash + 1) >= sizeof(item->name) - 20)
		return fault_set(fault, "%.200s is no path of a file",
				 file->path);
	snprintf(item->name, sizeof(item->name), "%s", slash + 1);
	snprintf(item->fresh, sizeof(item->fresh), FRESH, item->name);
	snprintf(item->kept, sizeof(item->kept), KEPT, item->name);
	item->folder = use_folder_open(&folder, fault);
	if (item->folder < 0)
		return -1;
	/* A change was killed before it was confirmed: the kept file is the
	 * good one, and the file that has the name now may be bad. */
	item->is_changed =
	    faccessat(item->folder, item->kept, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return 0;
}

static int item_take_name(struct install_item *item, struct fault *fault)
{
	if (renameat(item->folder, item->fresh, item->folder, item->name) != 0)
		return item_fault(fault, item);
	item->is_changed = true;
	return 0;
}

/* Runs one step for all items; stops at the first that fails. */
static int install_each(struct install *install,
			int (*step)(struct install_item *item,
				    struct fault *fault),
			struct fault *fault)
{
	for (size_t i = 0; i < install->count; i++)
		if (step(&install->items[i], fault) != 0)
			return -1;
	return 0;
}

static int item_sync_folder(struct install_item *item, struct fault *fault)
{
	return fsync(item->folder) == 0 ? 0 : item_fault(fault, item);
}

int install_begin(struct install *install, const struct install_file *files,
		  size_t count, struct fault *fault)
{
	struct fault ignored;
	int result = 0;

	install->count = 0;
	install->items = calloc(count + 1, sizeof(*install->items));
	if (install->items == NULL)
		return fault_set(fault, "memory is short");
	for (size_t i = 0; result == 0 && i < count; i++) {
		install->count++;
		result = item_open(&install->items[i], &files[i], fault);
	}
	/* The old files are durable before any name changes.  Then all names
	 * change without a wait for the disk in between: a program that reads
	 * its files at each connection could get a key and a certificate that
	 * do not match. */
	if (result == 0 && install_each(install, item_keep, fault) == 0 &&
	    install_each(install, item_prepare, fault) == 0 &&
	    install_each(install, item_sync_folder, fault) == 0 &&
	    install_each(install, item_take_name, fault) == 0 &&
	    install_each(install, item_sync_folder, fault) == 0)
		return 0;
	install_take_back(install, &ignored);
	return -1;
}

void install_settle(struct install *install)
{
	for (size_t i = 0; i < install->count; i++) {
		struct install_item *item = &install->items[i];

		if (item->folder >= 0 &&
		    unlinkat(item->folder, item->kept, 0) == 0)
			fsync(item->folder);
	}
}

static int item_put_back(struct install_item *item, struct fault *fault)
{
	if (renameat(item->folder, item->kept, item->folder, item->name) == 0) {
		/* rename() leaves two names of one file as they are. */
		unlinkat(item->folder, item->kept, 0);
		return 0;
	}
	if (!item->was_there && item->old_link == NULL)
		return unlinkat(item->folder, item->name, 0) == 0 ||
			       errno == ENOENT
			   ? 0
			   : item_fault(fault, item);
	if (item_remake(item) &&
	    renameat(item->folder, item->fresh, item->folder, item->name) == 0)
		return 0;
	return item_fault(fault, item);
}

int install_take_back(struct install *install, struct fault *fault)
{
	int result = 0;

	/* In reverse order: the certificate before the key. */
	for (size_t i = install->count; i-- > 0;) {
		struct install_item *item = &install->items[i];

		if (item->folder < 0)
			continue;
		unlinkat(item->folder, item->fresh, 0);
		if (item->is_changed && item_put_back(item, fault) != 0)
			result = -1;
		else
			unlinkat(item->folder, item->kept, 0);
		item->is_changed = false;
	}
	for (size_t i = 0; i < install->count; i++)
		if (install->items[i].folder >= 0)
			fsync(install->items[i].folder);
	return result;
}

void install_free(struct install *install)
{
	for (size_t i = 0; i < install->count; i++) {
		struct install_item *item = &install->items[i];

		if (item->old != NULL)
			explicit_bzero(item->old, item->old_length);
		free(item->old);
		free(item->old_link);
		if (item->folder >= 0)
			close(item->folder);
	}
	free(install->items);
	install->items = NULL;
	install->count = 0;
}
