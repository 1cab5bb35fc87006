/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/cert_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const places[] = {"/run", "/tmp"};

static bool make_folder(struct cert_copy *copy)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(copy->folder, sizeof(copy->folder),
			 "%s/scepagentd-XXXXXX", places[i]);
		if (mkdtemp(copy->folder) != NULL)
			return true;
	}
	return false;
}

static bool write_file(const char *path, const char *pem, size_t length)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool is_written = fd >= 0 &&
			  write(fd, pem, length) == (ssize_t)length &&
			  fchmod(fd, 0644) == 0;

	if (fd >= 0)
		is_written = close(fd) == 0 && is_written;
	return is_written;
}

int cert_copy_make(struct cert_copy *copy, const char *name, const char *pem,
		   size_t length, struct fault *fault)
{
	int cause;

	memset(copy, 0, sizeof(*copy));
	if (!make_folder(copy))
		return fault_set(fault,
				 "no copy of the certificate can be made below "
				 "/run and /tmp: %s",
				 strerror(errno));
	snprintf(copy->path, sizeof(copy->path), "%s/%.64s.pem", copy->folder,
		 name);
	/* A certificate is public, and a command may become another user. */
	if (write_file(copy->path, pem, length) &&
	    chmod(copy->folder, 0755) == 0)
		return 0;
	cause = errno;
	fault_set(fault, "the copy %s of the certificate cannot be written: %s",
		  copy->path, strerror(cause));
	cert_copy_remove(copy);
	return -1;
}

void cert_copy_remove(struct cert_copy *copy)
{
	if (copy->path[0] != '\0') {
		unlink(copy->path);
		rmdir(copy->folder);
	}
	memset(copy, 0, sizeof(*copy));
}
