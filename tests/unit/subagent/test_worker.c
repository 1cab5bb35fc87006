/* SPDX-License-Identifier: Apache-2.0 */
/* The first thread of a worker, in a process of its own as in the program.  The
 * test is its parent; agent and engine are the ones below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scep/event.h"
#include "scep/scep.h"
#include "scep/use_row.h"
#include "subagent/parent/message.h"
#include "subagent/snmp/agent.h"
#include "subagent/worker.h"
#include "tests/lib/deadline.h"

#define USE_INDEX 7
#define LIMIT	  20000 /* ms */

/* Made before the worker: one octet each for what happens. */
static int opens[2]; /* to the worker: the engine may open */
static int heard[2]; /* from the worker: the engine has an answer */
static int stops[2]; /* within the worker: the agent is to stop */

static void say(const int *pipe, char octet)
{
	if (write(pipe[1], &octet, 1) != 1)
		_exit(PARENT_EXIT_FAILED);
}

static void await(const int *pipe)
{
	char octet;

	if (read(pipe[0], &octet, 1) != 1)
		_exit(PARENT_EXIT_FAILED);
}

/* ------------------------------------------------- the engine and the agent --
 */

struct scep_engine {
	int nothing;
};

struct agent {
	int nothing;
};

static void ignore_event(void *context, const struct scep_event *event)
{
	(void)context;
	(void)event;
}

static void ignore_line(void *context, enum scep_log_level level,
			const char *line)
{
	(void)context;
	(void)level;
	(void)line;
}

/* Asks the parent before it is open, as the real one can. */
enum scep_code scep_open(const struct scep_config *config,
			 const struct scep_watcher *watcher,
			 struct scep_engine **engine, struct scep_error *error)
{
	static struct scep_engine opened;
	static const struct scep_use use = {.index = USE_INDEX, .name = "web"};
	const struct scep_event probe = {
	    .kind = SCEP_EVENT_PROBE, .index = USE_INDEX, .row = &use};

	(void)config;
	(void)error;
	watcher->event(watcher->context, &probe);
	await(opens);
	*engine = &opened;
	return SCEP_OK;
}

void scep_close(struct scep_engine *engine)
{
	(void)engine;
}

enum scep_code scep_reconfigure(struct scep_engine *engine,
				const struct scep_config *config,
				struct scep_error *error)
{
	(void)engine;
	(void)config;
	(void)error;
	return SCEP_OK;
}

bool scep_is_responsive(struct scep_engine *engine)
{
	(void)engine;
	return true;
}

void scep_restart_ended(struct scep_engine *engine, bool is_good)
{
	(void)engine;
	(void)is_good;
}

void scep_deploy_ended(struct scep_engine *engine,
		       const struct scep_deploy_end *end)
{
	(void)engine;
	say(heard, (char)end->use_index);
}

void scep_look_ended(struct scep_engine *engine,
		     const struct scep_deploy_end *end)
{
	(void)engine;
	(void)end;
}

int agent_open(const char *version, struct agent **agent)
{
	static struct agent opened;

	(void)version;
	*agent = &opened;
	return 0;
}

void agent_tell_master(struct agent *agent,
		       void (*tell)(void *context, const char *text),
		       void *context)
{
	(void)agent;
	(void)tell;
	(void)context;
}

const struct scep_watcher *agent_watcher(const struct agent *agent)
{
	static const struct scep_watcher watcher = {NULL, ignore_event,
						    ignore_line};

	(void)agent;
	return &watcher;
}

int agent_start(struct agent *agent, struct scep_engine *engine)
{
	(void)agent;
	(void)engine;
	return 0;
}

int agent_run(struct agent *agent)
{
	(void)agent;
	await(stops);
	return 0;
}

bool agent_is_responsive(struct agent *agent)
{
	(void)agent;
	return true;
}

void agent_stop(struct agent *agent)
{
	(void)agent;
	say(stops, 's');
}

void agent_close(struct agent *agent)
{
	(void)agent;
}

/* ------------------------------------------------------------- the parent --
 */

static pid_t start_worker(int ends[2])
{
	static struct conf conf;
	struct parent_link link = {.parent = getpid(), .alive_interval = 1};
	struct privilege privilege;
	struct worker_setup setup = {.conf = &conf,
				     .privilege = &privilege,
				     .address = "unix:/nowhere",
				     .keeps_terminal = true};
	struct fault fault;
	pid_t worker;

	assert_int_equal(privilege_find(&privilege, "root", "", &fault), 0);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	worker = fork();
	assert_true(worker >= 0);
	if (worker == 0) {
		close(ends[0]);
		link.channel = ends[1];
		_exit(worker_run(&setup, &link));
	}
	close(ends[1]);
	return worker;
}

static bool comes(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	return poll(&polled, 1, deadline_scaled(LIMIT)) == 1;
}

/* Returns the next message of that kind, and skips others. */
static void await_message(int channel, enum message_kind kind,
			  struct message *message)
{
	do {
		assert_true(comes(channel));
		assert_int_equal(
		    message_receive(channel, MESSAGE_FROM_WORKER, message),
		    MESSAGE_GOOD);
	} while (message->kind != kind);
}

static void assert_ends(pid_t worker)
{
	int status;

	assert_int_equal(kill(worker, SIGTERM), 0);
	assert_int_equal(waitpid(worker, &status, 0), worker);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), PARENT_EXIT_STOPPED);
}

static void
an_answer_that_comes_before_the_engine_is_open_is_not_lost(void **state)
{
	struct message message;
	char index = 0;
	int ends[2];
	pid_t worker;

	(void)state;
	worker = start_worker(ends);
	await_message(ends[0], MESSAGE_DEPLOY, &message);
	assert_true(message.deploy.is_probe);
	message_init(&message, MESSAGE_DEPLOYED);
	message.deployed.use_index = USE_INDEX;
	message.deployed.is_good = true;
	assert_int_equal(message_send(ends[0], &message), 0);
	/* Its first thread has looked around since. */
	for (int i = 0; i < 3; i++)
		await_message(ends[0], MESSAGE_ALIVE, &message);
	say(opens, 'o');
	assert_true(comes(heard[0]));
	assert_int_equal(read(heard[0], &index, 1), 1);
	assert_int_equal(index, USE_INDEX);
	assert_ends(worker);
	close(ends[0]);
}

static int make_pipes(void **state)
{
	(void)state;
	return pipe(opens) || pipe(heard) || pipe(stops);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_answer_that_comes_before_the_engine_is_open_is_not_lost),
	};

	return cmocka_run_group_tests(tests, make_pipes, NULL);
}
