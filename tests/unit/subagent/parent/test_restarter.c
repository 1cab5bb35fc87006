/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A restart of the device at the parent: words of a worker, good and bad, and
 * the commands that are run.  The parent runs in a process of its own; its
 * worker does what the test writes to it, and tells what it hears.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "subagent/parent/parent.h"

#define DEADLINE 10000 /* ms: nothing here takes as long */

/* What the test tells a worker to do, and what a worker tells the test. */
enum { ASK, ASK_BADLY, DIE, BORN = 'b', WELL = 'w', BADLY = 'x', ALIEN = '?' };

struct world {
	char folder[64];
	char command[256]; /* "": there is none */
	int64_t limit;
	pid_t parent;
	int desk;  /* the test's end */
	int stage; /* the workers' end */
};

static struct restarter_word a_word(void)
{
	struct restarter_word word;

	memset(&word, 0, sizeof(word));
	word.what = RESTARTER_ASKED;
	strcpy(word.key_name, "web $(x)");
	strcpy(word.use_location, "nginx,vpn");
	strcpy(word.cert_file, "/state/certs/7.pem");
	return word;
}

/* ------------------------------------------------------------ the cast -- */

static void say(const struct world *world, char what)
{
	if (send(world->stage, &what, 1, MSG_NOSIGNAL) != 1)
		_exit(PARENT_EXIT_FAILED);
}

static void hear_parent(const struct world *world,
			const struct parent_link *link)
{
	char data[64];
	ssize_t length = recv(link->channel, data, sizeof(data), 0);
	bool is_good = false;

	if (length <= 0)
		_exit(PARENT_EXIT_FAILED);
	if (!parent_tells_end(data, (size_t)length, &is_good))
		say(world, ALIEN);
	else
		say(world, is_good ? WELL : BADLY);
}

static void hear_test(const struct world *world, const struct parent_link *link)
{
	struct restarter_word word = a_word();
	char what;

	if (recv(world->stage, &what, 1, 0) != 1 || what == DIE)
		_exit(PARENT_EXIT_FAILED);
	if (what == ASK && !parent_ask_restart(link, &word))
		say(world, ALIEN);
	if (what == ASK_BADLY) {
		word.key_name[2] = '\n';
		parent_ask_restart(link, &word);
		send(link->channel, &word, 20, MSG_NOSIGNAL);
	}
}

static int work(void *context, const struct parent_link *link)
{
	const struct world *world = context;
	struct pollfd polled[] = {
	    {.fd = world->stage, .events = POLLIN},
	    {.fd = link->channel, .events = POLLIN},
	};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	parent_tell_ready(link);
	say(world, BORN);
	for (;;) {
		if (poll(polled, 2, -1) < 0)
			return PARENT_EXIT_FAILED;
		if (polled[1].revents != 0)
			hear_parent(world, link);
		if (polled[0].revents != 0)
			hear_test(world, link);
	}
}

static bool choose(void *context, const struct restarter_word *word, char *text)
{
	const struct world *world = context;

	(void)word;
	strcpy(text, world->command);
	return text[0] != '\0';
}

/* ----------------------------------------------------------- the world -- */

static int start(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	int ends[2];

	strcpy(world->folder, "/tmp/test_restarter.XXXXXX");
	if (mkdtemp(world->folder) == NULL ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
		return -1;
	snprintf(world->command, sizeof(world->command), "%s/script arg",
		 world->folder);
	world->desk = ends[0];
	world->stage = ends[1];
	*state = world;
	return 0;
}

static int end(void **state)
{
	static const char *const names[] = {"script", "left", "go"};
	struct world *world = *state;
	char path[128];
	int status;

	if (world->parent > 0) {
		kill(world->parent, SIGKILL);
		waitpid(world->parent, &status, 0);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", world->folder, names[i]);
		unlink(path);
	}
	rmdir(world->folder);
	close(world->desk);
	close(world->stage);
	free(world);
	return 0;
}

static FILE *open_in(const struct world *world, const char *name,
		     const char *mode)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", world->folder, name);
	return fopen(path, mode);
}

static void write_script(const struct world *world, const char *text)
{
	FILE *file = open_in(world, "script", "w");

	assert_non_null(file);
	assert_int_equal(fchmod(fileno(file), 0700), 0);
	fprintf(file, "#!/bin/sh\ncd %s\n%s\n", world->folder, text);
	assert_int_equal(fclose(file), 0);
}

static const char *left(const struct world *world)
{
	static char text[4096];
	FILE *file = open_in(world, "left", "r");
	size_t length;

	if (file == NULL)
		return "";
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

/* Waits until the script has left so much. */
static void await_left(const struct world *world, const char *text)
{
	int64_t deadline = command_now() + DEADLINE;

	while (strcmp(left(world), text) != 0) {
		if (command_now() > deadline)
			fail_msg("it left '%s'", left(world));
		poll(NULL, 0, 5);
	}
}

static void begin(struct world *world)
{
	world->parent = fork();
	assert_true(world->parent >= 0);
	if (world->parent == 0) {
		const struct parent_plan plan = {
		    .work = work,
		    .restart = choose,
		    .restart_limit = world->limit,
		    .context = world,
		};

		_exit(parent_run(&plan));
	}
}

static void tell(const struct world *world, char what)
{
	assert_int_equal(send(world->desk, &what, 1, 0), 1);
}

static char hear(const struct world *world)
{
	struct pollfd polled = {.fd = world->desk, .events = POLLIN};
	char what = 0;

	if (poll(&polled, 1, DEADLINE) <= 0)
		fail_msg("nothing was heard");
	assert_int_equal(recv(world->desk, &what, 1, 0), 1);
	return what;
}

static void assert_silent(const struct world *world)
{
	struct pollfd polled = {.fd = world->desk, .events = POLLIN};

	assert_int_equal(poll(&polled, 1, 200), 0);
}

/* ----------------------------------------------------------- the words -- */

static bool is_word_with(const char *key_name, const char *use_location,
			 const char *cert_file)
{
	struct restarter_word word = a_word();

	strcpy(word.key_name, key_name);
	strcpy(word.use_location, use_location);
	strcpy(word.cert_file, cert_file);
	return restarter_is_word(&word, sizeof(word));
}

static void a_word_that_is_not_whole_or_clean_is_none(void **state)
{
	struct restarter_word word = a_word();

	(void)state;
	assert_true(restarter_is_word(&word, sizeof(word)));
	assert_false(restarter_is_word(&word, sizeof(word) - 1));
	assert_false(restarter_is_word(&word, 1));
	word.what = 'R';
	assert_false(restarter_is_word(&word, sizeof(word)));
	word = a_word();
	memset(word.use_location, 'x', sizeof(word.use_location));
	assert_false(restarter_is_word(&word, sizeof(word)));
	word = a_word();
	memset(word.cert_file, '/', sizeof(word.cert_file));
	assert_false(restarter_is_word(&word, sizeof(word)));
	assert_true(is_word_with("", "", ""));
	assert_true(is_word_with("k\xc4\xab", "a b", "/x"));
	assert_false(is_word_with("a\nb", "", ""));
	assert_false(is_word_with("", "\x1b", ""));
	assert_false(is_word_with("", "", "/x\x7f"));
	assert_false(is_word_with("", "", "relative"));
	assert_false(is_word_with("", "", "/certs/../../etc/passwd"));
}

/* -------------------------------------------------------- the commands -- */

static void it_is_run_with_its_environment_and_the_end_is_told(void **state)
{
	struct world *world = *state;

	write_script(world, "echo $1 >new; env | grep -e ^PATH= -e SCEP | "
			    "sort >>new; mv new left");
	begin(world);
	assert_int_equal(hear(world), BORN);
	assert_string_equal(left(world), "");
	tell(world, ASK);
	assert_int_equal(hear(world), WELL);
	assert_string_equal(
	    left(world),
	    "arg\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
	    "/sbin:/bin\nSCEP_CERT_FILE=/state/certs/7.pem\n"
	    "SCEP_KEY_NAME=web $(x)\nSCEP_USE_LOCATION=nginx,vpn\n");
	assert_silent(world);
}

static void a_command_that_fails_or_is_missing_is_told_as_such(void **state)
{
	struct world *world = *state;

	begin(world);
	assert_int_equal(hear(world), BORN);
	tell(world, ASK);
	assert_int_equal(hear(world), BADLY);
	write_script(world, "exit 1");
	tell(world, ASK);
	assert_int_equal(hear(world), BADLY);
	write_script(world, "exit 0");
	tell(world, ASK);
	assert_int_equal(hear(world), WELL);
}

static void without_a_command_the_end_is_bad(void **state)
{
	struct world *world = *state;

	world->command[0] = '\0';
	begin(world);
	assert_int_equal(hear(world), BORN);
	tell(world, ASK);
	assert_int_equal(hear(world), BADLY);
}

static void a_command_that_hangs_is_ended_and_holds_up_nothing(void **state)
{
	struct world *world = *state;

	world->limit = 1500;
	write_script(world, "echo on >left; sleep 3600");
	begin(world);
	assert_int_equal(hear(world), BORN);
	tell(world, ASK);
	await_left(world, "on\n");
	/* Meanwhile the parent does what it is for. */
	tell(world, DIE);
	assert_int_equal(hear(world), BORN);
	tell(world, ASK);
	/* The worker that asked first is gone, and the other asked once. */
	assert_int_equal(hear(world), BADLY);
	assert_silent(world);
}

static void bad_words_run_nothing(void **state)
{
	struct world *world = *state;

	write_script(world, "echo bad >left");
	begin(world);
	assert_int_equal(hear(world), BORN);
	tell(world, ASK_BADLY);
	assert_silent(world);
	assert_string_equal(left(world), "");
	write_script(world, "echo good >left");
	tell(world, ASK);
	assert_int_equal(hear(world), WELL);
	assert_string_equal(left(world), "good\n");
}

static void one_is_run_at_a_time(void **state)
{
	struct world *world = *state;
	FILE *go;

	write_script(world, "echo begin >>left\n"
			    "while [ ! -e go ]; do sleep 0.01; done\n"
			    "echo end >>left");
	begin(world);
	assert_int_equal(hear(world), BORN);
	tell(world, ASK);
	await_left(world, "begin\n");
	tell(world, ASK);
	tell(world, ASK);
	assert_silent(world);
	assert_string_equal(left(world), "begin\n");
	go = open_in(world, "go", "w");
	assert_non_null(go);
	fclose(go);
	assert_int_equal(hear(world), WELL);
	assert_int_equal(hear(world), WELL);
	assert_silent(world);
	assert_string_equal(left(world), "begin\nend\nbegin\nend\n");
}

static void a_command_outlives_the_parent_that_it_stops(void **state)
{
	struct world *world = *state;
	int status;

	write_script(world, "kill $PPID\n"
			    "while [ ! -e go ]; do echo I wait; done\n"
			    "echo still here >left");
	begin(world);
	assert_int_equal(hear(world), BORN);
	tell(world, ASK);
	assert_int_equal(waitpid(world->parent, &status, 0), world->parent);
	world->parent = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_string_equal(left(world), "");
	fclose(open_in(world, "go", "w"));
	await_left(world, "still here\n");
}

static int be_silent(void **state)
{
	(void)state;
	return netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE,
					   LOG_DEBUG) == NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_word_that_is_not_whole_or_clean_is_none),
	    TEST(it_is_run_with_its_environment_and_the_end_is_told),
	    TEST(a_command_that_fails_or_is_missing_is_told_as_such),
	    TEST(without_a_command_the_end_is_bad),
	    TEST(a_command_that_hangs_is_ended_and_holds_up_nothing),
	    TEST(bad_words_run_nothing),
	    TEST(one_is_run_at_a_time),
	    TEST(a_command_outlives_the_parent_that_it_stops),
	};

	return cmocka_run_group_tests(tests, be_silent, NULL);
}
