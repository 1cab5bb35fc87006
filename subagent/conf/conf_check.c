/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf_check.h"

#include "subagent/conf/conf_netsnmp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define VERDICT_GOOD 0
#define VERDICT_BAD  1 /* the reason was reported */

bool conf_check_files(const struct conf *conf,
		      const struct conf_reporter *reporter)
{
	const char *path = conf->engine.ca_file;
	const char *why = NULL;
	struct stat status;
	int fd;

	if (path[0] == '\0')
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) != 0)
		why = strerror(errno);
	else if (!S_ISREG(status.st_mode))
		why = "is no file";
	if (fd >= 0)
		close(fd);
	if (why == NULL)
		return true;
	conf_report(reporter, CONF_ERROR, &conf->ca_file_at,
		    "caFile: %.400s: %s", path, why);
	return false;
}

struct checker {
	const struct conf *conf;
	const struct conf_reporter *reporter;
	const struct privilege *privilege;
};

static bool check_all(void *context)
{
	const struct checker *checker = context;
	const struct conf_reporter *reporter = checker->reporter;
	struct fault fault;
	bool is_good;

	if (privilege_drop(checker->privilege, &fault) != 0) {
		reporter->report(reporter->context, CONF_ERROR, fault.text);
		return false;
	}
	/* A change of the user undoes it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	is_good = conf_check_files(checker->conf, reporter);
	return conf_netsnmp_check(checker->conf, reporter) && is_good;
}

/* Waits for the end of the pipe, which comes with the end of the child. */
static bool child_has_ended(int fd, int patience)
{
	struct pollfd polled = {.fd = fd};
	int result;

	do
		result = poll(&polled, 1, patience);
	while (result < 0 && errno == EINTR);
	return result > 0;
}

__attribute__((noreturn)) static void be_child(bool (*work)(void *context),
					       void *context)
{
	bool is_good;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	is_good = work(context);
	fflush(NULL);
	_exit(is_good ? VERDICT_GOOD : VERDICT_BAD);
}

int conf_check_in_child(bool (*work)(void *context), void *context,
			int patience)
{
	int ends[2];
	int status = -1;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	fflush(NULL);
	child = fork();
	if (child == 0)
		be_child(work, context);
	close(ends[1]);
	if (child > 0 && !child_has_ended(ends[0], patience))
		kill(child, SIGKILL);
	close(ends[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (child > 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) <= VERDICT_BAD)
		return WEXITSTATUS(status) == VERDICT_GOOD;
	return -1;
}

bool conf_check_run(const struct conf *conf,
		    const struct conf_reporter *reporter,
		    const struct privilege *privilege, int patience)
{
	struct checker checker = {conf, reporter, privilege};
	int verdict = conf_check_in_child(check_all, &checker, patience);

	if (verdict < 0)
		reporter->report(reporter->context, CONF_ERROR,
				 "the check of the configuration did not end");
	return verdict > 0;
}
