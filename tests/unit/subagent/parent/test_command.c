/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the configuration as processes.  What is run are scripts that
 * each test writes into a folder of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "subagent/parent/command.h"
#include "tests/lib/deadline.h"
#include "tests/lib/snmp_log.h"

#define DEADLINE deadline_scaled(10000) /* ms: nothing here takes as long */

struct world {
	char folder[64];
	char script[80];
	struct command command;
};

static int start(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	strcpy(world->folder, "/tmp/test_command.XXXXXX");
	if (mkdtemp(world->folder) == NULL)
		return -1;
	snprintf(world->script, sizeof(world->script), "%s/script",
		 world->folder);
	command_init(&world->command, "it");
	logged[0] = '\0';
	*state = world;
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;
	char path[80];

	snprintf(path, sizeof(path), "%s/left", world->folder);
	unlink(path);
	unlink(world->script);
	rmdir(world->folder);
	command_leave(&world->command);
	free(world);
	return 0;
}

static void write_script(struct world *world, const char *text)
{
	FILE *file = fopen(world->script, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\ncd %s\n%s\n", world->folder, text);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(world->script, 0700), 0);
}

/* Returns what the script has left in the file "left". */
static const char *left(struct world *world)
{
	static char text[4096];
	char path[80];
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "%s/left", world->folder);
	file = fopen(path, "r");
	if (file == NULL)
		return "";
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

static enum command_end await_end(struct command *command)
{
	int64_t deadline = command_now() + DEADLINE;
	enum command_end how;

	while ((how = command_reap(command)) == COMMAND_RUNS) {
		struct pollfd polled = {.fd = command->output,
					.events = POLLIN};

		assert_true(command_now() < deadline);
		poll(&polled, 1, 5);
		if (polled.revents != 0)
			command_read(command);
		command_do_due(command);
	}
	return how;
}

static enum command_end run(struct world *world, const char *text, int limit)
{
	static const char *const environment[] = {"PATH=/bin:/usr/bin", "A=b c",
						  NULL};

	assert_int_equal(
	    command_start(&world->command, text, environment, limit), 0);
	return await_end(&world->command);
}

/* ----------------------------------------------------------- the tests -- */

static void a_command_that_ends_with_0_has_ended_well(void **state)
{
	struct world *world = *state;

	write_script(world, "echo done >left");
	assert_int_equal(run(world, world->script, DEADLINE), COMMAND_WELL);
	assert_string_equal(left(world), "done\n");
	assert_string_equal(logged, "");
	/* Its end is told once. */
	assert_int_equal(command_reap(&world->command), COMMAND_RUNS);
}

static void no_shell_looks_at_the_words(void **state)
{
	struct world *world = *state;
	char text[256];

	write_script(world, "for i; do echo \"<$i>\" >>left; done");
	snprintf(text, sizeof(text),
		 "%s one 'two words' \"$HOME;*\" '' a\"b c\"d", world->script);
	assert_int_equal(run(world, text, DEADLINE), COMMAND_WELL);
	assert_string_equal(left(world),
			    "<one>\n<two words>\n<$HOME;*>\n<>\n<ab cd>\n");
}

static void it_finds_nothing_of_ours(void **state)
{
	struct world *world = *state;
	int fd = open("/dev/null", O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(setenv("SECRET", "of the parent", 1), 0);
	assert_int_equal(run(world, "/usr/bin/env", DEADLINE), COMMAND_WELL);
	assert_string_equal(logged, "it: PATH=/bin:/usr/bin\nit: A=b c\n");
	logged[0] = '\0';
	/* Only the descriptors 0 to 2, and the one ls reads the folder with. */
	assert_int_equal(run(world, "/bin/ls /proc/self/fd", DEADLINE),
			 COMMAND_WELL);
	assert_string_equal(logged, "it: 0\nit: 1\nit: 2\nit: 3\n");
	logged[0] = '\0';
	assert_int_equal(run(world,
			     "/usr/bin/readlink /proc/self/cwd /proc/self/fd/0",
			     DEADLINE),
			 COMMAND_WELL);
	assert_string_equal(logged, "it: /\nit: /dev/null\n");
	close(fd);
}

static void no_signal_is_blocked_in_it(void **state)
{
	struct world *world = *state;
	sigset_t set, old;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	assert_int_equal(
	    run(world, "/bin/grep SigBlk /proc/self/status", DEADLINE),
	    COMMAND_WELL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_string_equal(logged, "it: SigBlk:?0000000000000000\n");
}

static void a_bad_end_is_told_and_why(void **state)
{
	struct world *world = *state;

	write_script(world, "exit 3");
	assert_int_equal(run(world, world->script, DEADLINE), COMMAND_BADLY);
	assert_string_equal(logged, "it: ended with 3\n");
	logged[0] = '\0';
	write_script(world, "kill -9 $$");
	assert_int_equal(run(world, world->script, DEADLINE), COMMAND_BADLY);
	assert_string_equal(logged, "it: was ended by signal 9\n");
}

static void a_file_that_cannot_be_run_ends_badly(void **state)
{
	struct world *world = *state;

	assert_int_equal(run(world, "/there/is/none such", DEADLINE),
			 COMMAND_BADLY);
	assert_string_equal(logged,
			    "it: /there/is/none: No such file or directory\n"
			    "it: ended with 127\n");
	logged[0] = '\0';
	assert_int_equal(run(world, "/etc/passwd", DEADLINE), COMMAND_BADLY);
	assert_non_null(strstr(logged, "Permission denied"));
	/* The configuration lets no such command come here. */
	assert_int_equal(run(world, "true", DEADLINE), COMMAND_BADLY);
	assert_int_equal(run(world, "/bin/true 'open", DEADLINE),
			 COMMAND_BADLY);
	assert_int_equal(run(world, "", DEADLINE), COMMAND_BADLY);
}

/* Runs the script, and lets it take too long as soon as it has left anything.
 */
static enum command_end run_too_long(struct world *world)
{
	static const char *const environment[] = {"PATH=/bin:/usr/bin", NULL};
	int64_t deadline = command_now() + DEADLINE;

	assert_int_equal(command_start(&world->command, world->script,
				       environment, 10 * DEADLINE),
			 0);
	while (strchr(left(world), '\n') == NULL) {
		assert_true(command_now() < deadline);
		poll(NULL, 0, 5);
	}
	world->command.due = command_now();
	return await_end(&world->command);
}

static void what_takes_too_long_is_told_to_end(void **state)
{
	struct world *world = *state;

	/* Though it says that all is well. */
	write_script(world, "trap 'echo term >>left; exit 0' TERM\n"
			    "echo on >left\nsleep 60 & wait");
	assert_int_equal(run_too_long(world), COMMAND_BADLY);
	assert_string_equal(left(world), "on\nterm\n");
	assert_string_equal(logged, "it: takes too long and is ended\n");
}

static void what_does_not_end_then_is_killed_with_what_it_started(void **state)
{
	struct world *world = *state;
	int64_t deadline = command_now() + DEADLINE;
	pid_t child;

	world->command.grace = 100;
	write_script(world, "trap '' TERM\nsleep 3600 &\necho $! >left\n"
			    "while :; do wait; done");
	assert_int_equal(run_too_long(world), COMMAND_BADLY);
	assert_non_null(strstr(logged, "it: was ended by signal 9\n"));
	child = (pid_t)atoi(left(world));
	assert_true(child > 1);
	/* The child's own end of the pipe is the last. */
	while (world->command.output >= 0) {
		struct pollfd polled = {.fd = world->command.output,
					.events = POLLIN};

		assert_true(command_now() < deadline);
		poll(&polled, 1, 100);
		command_read(&world->command);
	}
}

static void output_goes_to_the_log_as_clean_lines(void **state)
{
	struct world *world = *state;

	write_script(world, "printf 'one\\n\\ntwo\\r\\n\\033[2Jthree' >&2");
	assert_int_equal(run(world, world->script, DEADLINE), COMMAND_WELL);
	assert_string_equal(logged, "it: one\nit: two\nit: ?[2Jthree\n");
}

static void output_without_end_is_cut_and_blocks_nobody(void **state)
{
	struct world *world = *state;
	unsigned lines = 0;

	write_script(world, "i=0\nwhile [ $i -lt 3000 ]; do echo "
			    "0123456789012345678901234567890123456789\n"
			    "i=$((i+1)); done");
	assert_int_equal(run(world, world->script, DEADLINE), COMMAND_WELL);
	for (const char *c = logged; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 101);
	assert_non_null(strstr(logged, "it: writes more than is logged\n"));
	logged[0] = '\0';
	/* A line that has no end is parted; the next command begins anew. */
	write_script(world, "head -c 300 /dev/zero | tr '\\0' x");
	assert_int_equal(run(world, world->script, DEADLINE), COMMAND_WELL);
	assert_int_equal(strlen(logged), 300 + 2 * strlen("it: \n"));
}

static void what_it_leaves_running_is_not_waited_for(void **state)
{
	struct world *world = *state;
	int64_t deadline = command_now() + DEADLINE;

	write_script(world,
		     "(while [ ! -e left ]; do sleep 0.01; done; echo late) &");
	assert_int_equal(run(world, world->script, DEADLINE), COMMAND_WELL);
	assert_true(world->command.output >= 0);
	assert_string_equal(logged, "");
	/* Its output is still heard. */
	{
		char path[80];

		snprintf(path, sizeof(path), "%s/left", world->folder);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	while (world->command.output >= 0) {
		struct pollfd polled = {.fd = world->command.output,
					.events = POLLIN};

		assert_true(command_now() < deadline);
		poll(&polled, 1, 100);
		command_read(&world->command);
	}
	assert_string_equal(logged, "it: late\n");
}

static int listen_to_log(void **state)
{
	netsnmp_log_handler *handler =
	    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);

	(void)state;
	if (handler == NULL)
		return -1;
	handler->enabled = 1;
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
			       snmp_log_hear, NULL);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_command_that_ends_with_0_has_ended_well),
	    TEST(no_shell_looks_at_the_words),
	    TEST(it_finds_nothing_of_ours),
	    TEST(no_signal_is_blocked_in_it),
	    TEST(a_bad_end_is_told_and_why),
	    TEST(a_file_that_cannot_be_run_ends_badly),
	    TEST(what_takes_too_long_is_told_to_end),
	    TEST(what_does_not_end_then_is_killed_with_what_it_started),
	    TEST(output_goes_to_the_log_as_clean_lines),
	    TEST(output_without_end_is_cut_and_blocks_nobody),
	    TEST(what_it_leaves_running_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, listen_to_log, NULL);
}
