/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/system/background.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 15000 /* ms */

/* Waits as the process in the foreground for the exit code, and ends with it.
 */
__attribute__((noreturn)) static void await_exit_code(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	unsigned char code;
	int result;

	do
		result = poll(&polled, 1, PATIENCE);
	while (result < 0 && errno == EINTR);
	if (result == 0) {
		fprintf(stderr, "scepagentd: not ready yet; goes on trying in "
				"the background\n");
		_exit(0);
	}
	/* Without a code, the process in the background has died. */
	if (read(fd, &code, 1) != 1)
		code = 1;
	_exit(code);
}

int background_start(void)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	fflush(NULL);
	child = fork();
	if (child < 0) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (child > 0) {
		close(ends[1]);
		await_exit_code(ends[0]);
	}
	close(ends[0]);
	setsid();
	if (chdir("/") != 0) {
		close(ends[1]);
		return -1;
	}
	return ends[1];
}

void background_report(int starter, int exit_code)
{
	unsigned char code = (unsigned char)exit_code;

	/* The process in the foreground may have been killed: then nobody
	 * waits. */
	if (starter >= 0 && write(starter, &code, 1) == 1)
		close(starter);
}

void background_detach(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}
