/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent process with workers that do nothing: each test runs the parent
 * in a process of its own, and waits for pids and ends with deadlines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "subagent/parent/parent.h"
#include "tests/lib/deadline.h"

#define SILENCE	 400		       /* ms */
#define DEADLINE deadline_scaled(5000) /* ms: nothing here takes as long */

/* The duties that a worker is given. */
struct play {
	bool is_ready;	  /* says so */
	int exit_code;	  /* -1: waits for TERM */
	bool is_stubborn; /* does not care for TERM */
	bool repeats;	  /* sends the octet it gets down the channel */
	bool hangs;	  /* reports nothing any more */
	bool reports;	  /* that it is alive, and to the test */
	int words;	  /* the write end of a pipe for the test */
};

struct program {
	pid_t parent;
	int words; /* the read end */
};

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* ------------------------------------------------------------ the cast -- */

static int work(void *context, const struct parent_link *link)
{
	const struct play *play = context;
	pid_t self = getpid();
	sigset_t set;
	int number;
	char octet;

	if (play->is_ready)
		message_send_kind(link->channel, MESSAGE_READY);
	if (write(play->words, &self, sizeof(self)) != sizeof(self))
		return PARENT_EXIT_FAILED;
	if (play->exit_code >= 0)
		return play->exit_code;
	while (play->repeats && read(link->channel, &octet, 1) == 1)
		if (write(play->words, &octet, 1) != 1)
			return PARENT_EXIT_FAILED;
	while (play->reports && poll(NULL, 0, link->alive_interval) == 0)
		if (message_send_kind(link->channel, MESSAGE_ALIVE) != 0 ||
		    write(play->words, "a", 1) != 1)
			return PARENT_EXIT_FAILED;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	do
		sigwait(&set, &number);
	while (play->is_stubborn);
	return PARENT_EXIT_STOPPED;
}

static void reload(void *context, int channel)
{
	const struct play *play = context;

	if (channel < 0 || send(channel, "h", 1, MSG_NOSIGNAL) != 1)
		(void)!write(play->words, "-", 1);
}

static struct program begin(struct play play)
{
	struct program program;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	program.words = ends[0];
	play.words = ends[1];
	program.parent = fork();
	assert_true(program.parent >= 0);
	if (program.parent == 0) {
		const struct parent_plan plan = {
		    .work = work,
		    .reload = reload,
		    .context = &play,
		    .silence_limit = play.hangs || play.reports ? SILENCE : 0,
		};

		close(ends[0]);
		_exit(parent_run(&plan));
	}
	close(ends[1]);
	return program;
}

/* Reads what a worker says; 0 if all have gone, -1 if nothing came. */
static ssize_t hear(const struct program *program, void *room, size_t size)
{
	struct pollfd polled = {.fd = program->words, .events = POLLIN};

	if (poll(&polled, 1, DEADLINE) <= 0)
		return -1;
	return read(program->words, room, size);
}

static pid_t hear_worker(const struct program *program)
{
	pid_t worker;

	assert_int_equal(hear(program, &worker, sizeof(worker)),
			 sizeof(worker));
	return worker;
}

/* The parent's exit code; -1 if it was killed or does not end. */
static int await_end(const struct program *program)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	int64_t deadline = now() + DEADLINE;
	int status = 0;

	while (waitpid(program->parent, &status, WNOHANG) == 0) {
		if (now() > deadline) {
			kill(program->parent, SIGKILL);
			waitpid(program->parent, &status, 0);
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The pipe ends when parent and workers have. */
static void assert_all_gone(const struct program *program)
{
	char rest[64];
	ssize_t length;

	do
		length = hear(program, rest, sizeof(rest));
	while (length > 0);
	assert_int_equal(length, 0);
	close(program->words);
}

/* ----------------------------------------------------------- the tests -- */

static void
a_worker_that_is_killed_is_started_again_within_a_second(void **state)
{
	struct program program =
	    begin((struct play){.is_ready = true, .exit_code = -1});
	pid_t first = hear_worker(&program);
	int64_t began = now();
	pid_t second;

	(void)state;
	assert_int_equal(kill(first, SIGKILL), 0);
	second = hear_worker(&program);
	assert_true(now() - began < deadline_scaled(1000));
	assert_int_not_equal(first, second);
	assert_int_equal(kill(program.parent, SIGTERM), 0);
	assert_int_equal(await_end(&program), 0);
	assert_all_gone(&program);
}

static void stop_with(int number)
{
	struct program program =
	    begin((struct play){.is_ready = true, .exit_code = -1});
	int64_t began;

	hear_worker(&program);
	began = now();
	assert_int_equal(kill(program.parent, number), 0);
	assert_int_equal(await_end(&program), 0);
	assert_true(now() - began < deadline_scaled(2000));
	assert_all_gone(&program);
}

static void term_and_int_end_it_all_with_0(void **state)
{
	(void)state;
	stop_with(SIGTERM);
	stop_with(SIGINT);
}

static void
a_worker_that_does_not_stop_is_killed_within_two_seconds(void **state)
{
	struct program program = begin((struct play){
	    .is_ready = true, .exit_code = -1, .is_stubborn = true});
	int64_t began;

	(void)state;
	hear_worker(&program);
	began = now();
	assert_int_equal(kill(program.parent, SIGTERM), 0);
	assert_int_equal(await_end(&program), 0);
	assert_true(now() - began < deadline_scaled(2000));
	assert_true(now() - began > 1000);
	assert_all_gone(&program);
}

static void a_first_worker_that_cannot_start_ends_the_parent(void **state)
{
	static const struct {
		int worker, parent;
	} ends[] = {
	    {PARENT_EXIT_BAD_CONFIG, 2},
	    {PARENT_EXIT_CANNOT_START, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct program program =
		    begin((struct play){.exit_code = ends[i].worker});

		assert_int_equal(await_end(&program), ends[i].parent);
		hear_worker(&program);
		assert_all_gone(&program);
	}
}

static void once_ready_no_exit_code_ends_the_parent(void **state)
{
	static const int codes[] = {
	    PARENT_EXIT_STOPPED,
	    PARENT_EXIT_FAILED,
	    PARENT_EXIT_BAD_CONFIG,
	    PARENT_EXIT_CANNOT_START,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct program program = begin(
		    (struct play){.is_ready = true, .exit_code = codes[i]});

		hear_worker(&program);
		hear_worker(&program);
		assert_int_equal(kill(program.parent, SIGTERM), 0);
		assert_int_equal(await_end(&program), 0);
		assert_all_gone(&program);
	}
}

static void the_worker_ends_when_the_parent_is_killed(void **state)
{
	struct program program = begin((struct play){
	    .is_ready = true, .exit_code = -1, .is_stubborn = true});

	(void)state;
	hear_worker(&program);
	assert_int_equal(kill(program.parent, SIGKILL), 0);
	assert_int_equal(await_end(&program), -1);
	assert_all_gone(&program);
}

static void hup_reloads_and_reaches_the_worker(void **state)
{
	struct program program = begin(
	    (struct play){.is_ready = true, .exit_code = -1, .repeats = true});
	char octet = 0;

	(void)state;
	hear_worker(&program);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kill(program.parent, SIGHUP), 0);
		assert_int_equal(hear(&program, &octet, 1), 1);
		assert_int_equal(octet, 'h');
	}
	assert_int_equal(kill(program.parent, SIGKILL), 0);
	assert_int_equal(await_end(&program), -1);
	assert_all_gone(&program);
}

static void a_worker_that_does_not_report_is_replaced(void **state)
{
	struct program program =
	    begin((struct play){true, .exit_code = -1, .hangs = true});
	pid_t first = hear_worker(&program);
	pid_t second = hear_worker(&program);

	(void)state;
	assert_int_not_equal(first, second);
	assert_int_not_equal(kill(first, 0), 0);
	kill(program.parent, SIGTERM);
	assert_int_equal(await_end(&program), 0);
	assert_all_gone(&program);
}

static void a_worker_that_reports_stays(void **state)
{
	struct program program =
	    begin((struct play){true, .exit_code = -1, .reports = true});
	pid_t worker = hear_worker(&program);
	char word;

	(void)state;
	/* These are the reports of three times the limit. */
	for (int i = 0; i < 12; i++) {
		assert_int_equal(hear(&program, &word, 1), 1);
		assert_int_equal(word, 'a');
	}
	assert_int_equal(kill(worker, 0), 0);
	kill(program.parent, SIGTERM);
	assert_int_equal(await_end(&program), 0);
}

static void the_pause_grows_to_30_s(void **state)
{
	static const int expected[] = {0,    0,	    1000,  2000,  4000,
				       8000, 16000, 30000, 30000, 30000};

	(void)state;
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(parent_back_off(i), expected[i]);
	assert_int_equal(parent_back_off(1000000), 30000);
}

static int be_silent(void **state)
{
	(void)state;
	return netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE,
					   LOG_DEBUG) == NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_worker_that_is_killed_is_started_again_within_a_second),
	    cmocka_unit_test(term_and_int_end_it_all_with_0),
	    cmocka_unit_test(
		a_worker_that_does_not_stop_is_killed_within_two_seconds),
	    cmocka_unit_test(a_first_worker_that_cannot_start_ends_the_parent),
	    cmocka_unit_test(once_ready_no_exit_code_ends_the_parent),
	    cmocka_unit_test(the_worker_ends_when_the_parent_is_killed),
	    cmocka_unit_test(hup_reloads_and_reaches_the_worker),
	    cmocka_unit_test(a_worker_that_does_not_report_is_replaced),
	    cmocka_unit_test(a_worker_that_reports_stays),
	    cmocka_unit_test(the_pause_grows_to_30_s),
	};

	return cmocka_run_group_tests(tests, be_silent, NULL);
}
