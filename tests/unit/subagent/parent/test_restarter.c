/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A restart of the device at the parent: messages of a worker, good and bad,
 * and the commands that are run.  The parent runs in a process of its own; its
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
#include "tests/lib/deadline.h"
#include "tests/lib/registry_files.h"

#define DEADLINE deadline_scaled(10000) /* ms: nothing here takes as long */

/* The words between the test and a worker. */
enum { ASK, ASK_BADLY, DIE, BORN = 'b', WELL = 'w', BADLY = 'x', ALIEN = '?' };

struct world {
	char folder[64];
	char command[256]; /* "": there is none */
	int64_t limit;
	pid_t parent;
	int desk;  /* the test's end */
	int stage; /* the workers' end */
};

static struct message a_request(void)
{
	struct message message;

	message_init(&message, MESSAGE_RESTART);
	strcpy(message.restart.key_name, "web $(x)");
	strcpy(message.restart.use_location, "nginx,vpn");
	strcpy(message.restart.file_id, ENTRY_ID);
	return message;
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
	struct message message;

	switch (message_receive(link->channel, MESSAGE_FROM_PARENT, &message)) {
	case MESSAGE_GOOD:
		if (message.kind != MESSAGE_RESTARTED)
			say(world, ALIEN);
		else
			say(world, message.restarted.is_good ? WELL : BADLY);
		break;
	case MESSAGE_NONE:
		break;
	case MESSAGE_BAD:
		say(world, ALIEN);
		break;
	case MESSAGE_CLOSED:
		_exit(PARENT_EXIT_FAILED);
	}
}

static void hear_test(const struct world *world, const struct parent_link *link)
{
	struct message message = a_request();
	char what;

	if (recv(world->stage, &what, 1, 0) != 1 || what == DIE)
		_exit(PARENT_EXIT_FAILED);
	if (what == ASK && message_send(link->channel, &message) != 0)
		say(world, ALIEN);
	if (what == ASK_BADLY) {
		message.restart.key_name[2] = '\n';
		message_send(link->channel, &message);
		send(link->channel, &message, 20, MSG_NOSIGNAL);
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
	message_send_kind(link->channel, MESSAGE_READY);
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

static bool choose(void *context, const struct message_restart *request,
		   char *text, struct cert_copy *copy)
{
	const struct world *world = context;
	struct fault fault;

	cert_copy_make(copy, request->file_id, "PEM", 3, &fault);
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
		    /* The worker of this test never says that it is alive. */
		    .silence_limit = 3600 * 1000,
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

/* -------------------------------------------------------- the commands -- */

/* The copy of the certificate that the script has seen. */
static void assert_copy_is_gone(const struct world *world)
{
	FILE *file = open_in(world, "path", "r");
	char path[256] = "";

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%255s", path), 1);
	fclose(file);
	assert_non_null(strstr(path, "/" ENTRY_ID ".pem"));
	assert_int_equal(access(path, F_OK), -1);
	*strrchr(path, '/') = '\0';
	assert_int_equal(access(path, F_OK), -1);
}

static void it_is_run_with_its_environment_and_the_end_is_told(void **state)
{
	struct world *world = *state;

	write_script(world, "echo $1 >new; env | grep -e ^PATH= -e SCEP_[KU] | "
			    "sort >>new; cat $SCEP_CERT_FILE >>new; "
			    "echo $SCEP_CERT_FILE >path; mv new left");
	begin(world);
	assert_int_equal(hear(world), BORN);
	assert_string_equal(left(world), "");
	tell(world, ASK);
	assert_int_equal(hear(world), WELL);
	assert_string_equal(
	    left(world),
	    "arg\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
	    "/sbin:/bin\nSCEP_KEY_NAME=web $(x)\n"
	    "SCEP_USE_LOCATION=nginx,vpn\nPEM");
	assert_copy_is_gone(world);
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

	world->limit = deadline_scaled(4000);
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

static void bad_messages_run_nothing_and_end_the_worker(void **state)
{
	struct world *world = *state;

	write_script(world, "echo bad >left");
	begin(world);
	assert_int_equal(hear(world), BORN);
	tell(world, ASK_BADLY);
	/* Another worker. */
	assert_int_equal(hear(world), BORN);
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
	    TEST(it_is_run_with_its_environment_and_the_end_is_told),
	    TEST(a_command_that_fails_or_is_missing_is_told_as_such),
	    TEST(without_a_command_the_end_is_bad),
	    TEST(a_command_that_hangs_is_ended_and_holds_up_nothing),
	    TEST(bad_messages_run_nothing_and_end_the_worker),
	    TEST(one_is_run_at_a_time),
	    TEST(a_command_outlives_the_parent_that_it_stops),
	};

	return cmocka_run_group_tests(tests, be_silent, NULL);
}
