/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/cert_copy.h"

#include "subagent/parent/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

static int open_process(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	return -1;
#endif
}

/* Keeps nothing of the process that it comes from but the end of the reader. */
__attribute__((noreturn)) static void be_guard(struct cert_copy copy,
					       int reader)
{
	struct pollfd polled = {.fd = 0, .events = POLLIN};

	setsid();
	if (dup2(reader, 0) == 0) {
		command_close_from(1);
		while (poll(&polled, 1, -1) < 0 && errno == EINTR)
			continue;
		cert_copy_remove(&copy);
	}
	_exit(0);
}

void cert_copy_guard(const struct cert_copy *copy, pid_t reader)
{
	int fd = copy->path[0] != '\0' ? open_process(reader) : -1;
	pid_t between;

	if (fd < 0)
		return;
	/* Nobody here waits for the guard. */
	between = fork();
	if (between == 0) {
		if (fork() == 0)
			be_guard(*copy, fd);
		_exit(0);
	}
	close(fd);
	if (between > 0)
		while (waitpid(between, NULL, 0) < 0 && errno == EINTR)
			continue;
}

void cert_copy_remove(struct cert_copy *copy)
{
	if (copy->path[0] != '\0') {
		unlink(copy->path);
		rmdir(copy->folder);
	}
	memset(copy, 0, sizeof(*copy));
}
