/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/command.h"

#include "subagent/conf/conf_words.h"
#include "subagent/system/daemon_log.h"
#include "scep/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILL_AFTER 5000 /* ms between TERM and KILL */
#define LINES_MAX  100	/* of one command in the log */
#define READS_MAX  16	/* in one call */

#define COMMAND_PATH                                                           \
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#define EXIT_NO_SETUP 126
#define EXIT_NO_FILE  127

int64_t command_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void command_init(struct command *command, const char *name)
{
	memset(command, 0, sizeof(*command));
	command->name = name;
	command->output = -1;
	command->due = -1;
	command->grace = KILL_AFTER;
}

/* ----------------------------------------------------------- environment -- */

void command_environment_init(struct command_environment *environment,
			      const char *key_name, const char *use_location,
			      const char *cert_file)
{
	size_t count = 0;

	snprintf(environment->key_name, sizeof(environment->key_name),
		 "SCEP_KEY_NAME=%s", key_name);
	snprintf(environment->use_location, sizeof(environment->use_location),
		 "SCEP_USE_LOCATION=%s", use_location);
	snprintf(environment->cert_file, sizeof(environment->cert_file),
		 "SCEP_CERT_FILE=%s", cert_file);
	environment->variable[count++] = COMMAND_PATH;
	if (key_name[0] != '\0')
		environment->variable[count++] = environment->key_name;
	if (use_location[0] != '\0')
		environment->variable[count++] = environment->use_location;
	if (cert_file[0] != '\0')
		environment->variable[count++] = environment->cert_file;
	environment->variable[count] = NULL;
}

/* ---------------------------------------------------- in the new process -- */

/* The arguments of a command, in the form that execve() takes. */
struct command_arguments {
	char room[CONF_LINE_MAX];
	char *argument[CONF_LINE_MAX / 2 + 1];
};

static bool command_split(const char *text, struct command_arguments *arguments)
{
	char word[CONF_LINE_MAX];
	struct fault fault;
	size_t used = 0, count = 0;
	enum conf_words_result result;

	while ((result = conf_words_take(&text, word, &fault)) ==
	       CONF_WORDS_WORD) {
		size_t size = strlen(word) + 1;

		if (size > sizeof(arguments->room) - used ||
		    count == CONF_LINE_MAX / 2)
			return false;
		arguments->argument[count++] =
		    memcpy(arguments->room + used, word, size);
		used += size;
	}
	arguments->argument[count] = NULL;
	return result == CONF_WORDS_END && count > 0 &&
	       arguments->argument[0][0] == '/';
}

void command_close_from(int first)
{
	long most;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
#endif
	most = sysconf(_SC_OPEN_MAX);
	for (int fd = first; fd < most; fd++)
		close(fd);
}

/* Leaves nothing of the parent: no descriptors, no signals, not its session. */
static bool command_set_up(int output)
{
	int input = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	/* It may outlive the parent, and must not end when it writes. */
	signal(SIGPIPE, SIG_IGN);
	/* The pipe may have one of the numbers that are about to be used. */
	output = fcntl(output, F_DUPFD, 3);
	if (input < 0 || output < 0 || dup2(input, STDIN_FILENO) < 0 ||
	    dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
		return false;
	command_close_from(3);
	setsid();
	return chdir("/") == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

__attribute__((noreturn)) static void
be_command(const char *text, const char *const *environment, int output)
{
	static struct command_arguments arguments;

	if (!command_set_up(output) || !command_split(text, &arguments))
		_exit(EXIT_NO_SETUP);
	execve(arguments.argument[0], arguments.argument,
	       (char *const *)environment);
	dprintf(STDERR_FILENO, "%s: %s\n", arguments.argument[0],
		strerror(errno));
	_exit(EXIT_NO_FILE);
}

/* ------------------------------------------------------------ its output -- */

static void command_close_output(struct command *command)
{
	if (command->output >= 0)
		close(command->output);
	command->output = -1;
}

/* Cleans the line: it goes to the log and to scepUseText. */
static void command_log_line(struct command *command)
{
	text_copy(command->line, sizeof(command->line), command->line,
		  command->length);
	command->length = strlen(command->line);
	if (command->length > 0 && command->lines < LINES_MAX)
		daemon_log(LOG_INFO, "%s: %s", command->name, command->line);
	else if (command->length > 0 && command->lines == LINES_MAX)
		daemon_log(LOG_WARNING, "%s: writes more than is logged",
			   command->name);
	if (command->length > 0)
		memcpy(command->last, command->line, command->length + 1);
	if (command->lines == 0)
		memcpy(command->first, command->line, command->length + 1);
	if (command->length > 0 && command->lines <= LINES_MAX)
		command->lines++;
	command->length = 0;
}

static void command_take_octet(struct command *command, char octet)
{
	if (octet == '\n' || command->length == sizeof(command->line) - 1)
		command_log_line(command);
	if (octet != '\n' && octet != '\r')
		command->line[command->length++] = octet;
}

void command_read(struct command *command)
{
	char octets[1024];
	ssize_t length = 0;

	/* A command that never stops writing must not keep the parent busy. */
	for (int i = 0; i < READS_MAX && command->output >= 0; i++) {
		length = read(command->output, octets, sizeof(octets));
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		for (ssize_t at = 0; at < length; at++)
			command_take_octet(command, octets[at]);
		if (length > 0)
			continue;
		command_log_line(command);
		command_close_output(command);
	}
}

/* --------------------------------------------------------- start and end -- */

int command_start(struct command *command, const char *text,
		  const char *const *environment, int64_t limit)
{
	int ends[2];
	pid_t pid;

	command_close_output(command);
	command->length = 0;
	command->lines = 0;
	command->first[0] = '\0';
	command->last[0] = '\0';
	command->how[0] = '\0';
	command->has_term = false;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		daemon_log(LOG_ERR, "%s: %s", command->name, strerror(errno));
		return -1;
	}
	/* Only this end: the command may wait until it is read. */
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		be_command(text, environment, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		daemon_log(LOG_ERR, "%s: %s", command->name, strerror(errno));
		close(ends[0]);
		return -1;
	}
	command->pid = pid;
	command->output = ends[0];
	command->due = command_now() + limit;
	return 0;
}

/* Signals the command and what it has started.  At its very beginning it has no
 * session of its own yet. */
static void command_signal(const struct command *command, int number)
{
	if (kill(-command->pid, number) != 0)
		kill(command->pid, number);
}

void command_do_due(struct command *command)
{
	if (command->pid == 0 || command->due < 0 ||
	    command->due > command_now())
		return;
	if (command->has_term) {
		command_signal(command, SIGKILL);
		command->due = -1;
		return;
	}
	if (!command->is_end_silent)
		daemon_log(LOG_ERR, "%s: takes too long and is ended",
			   command->name);
	command_signal(command, SIGTERM);
	command->has_term = true;
	command->due = command_now() + command->grace;
}

enum command_end command_reap(struct command *command)
{
	int status;

	if (command->pid == 0 ||
	    waitpid(command->pid, &status, WNOHANG) != command->pid)
		return COMMAND_RUNS;
	command->pid = 0;
	command->due = -1;
	command_read(command);
	command_log_line(command);
	if (WIFSIGNALED(status))
		snprintf(command->how, sizeof(command->how),
			 "was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		snprintf(command->how, sizeof(command->how), "ended with %d",
			 WEXITSTATUS(status));
	command->could_not_run =
	    WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_NO_SETUP ||
				  WEXITSTATUS(status) == EXIT_NO_FILE);
	if (command->how[0] != '\0' && !command->is_end_silent)
		daemon_log(LOG_ERR, "%s: %s", command->name, command->how);
	if (command->has_term)
		snprintf(command->how, sizeof(command->how), "took too long");
	/* A command that got TERM has not done its work. */
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
		       !command->has_term
		   ? COMMAND_WELL
		   : COMMAND_BADLY;
}

void command_leave(struct command *command)
{
	command_close_output(command);
	command->pid = 0;
	command->due = -1;
}
