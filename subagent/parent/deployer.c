/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/deployer.h"

#include "subagent/parent/command.h"
#include "subagent/system/daemon_log.h"
#include "subagent/system/privilege.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* -------------------------------------------------------- the new process */

/* Gives back what the process has of the parent. */
static void let_go(const int *inherited)
{
	sigset_t none;

	for (; *inherited >= 0; inherited++)
		close(*inherited);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A signal to the parent's group is not meant for it. */
	setsid();
}

__attribute__((noreturn)) static void
be_process(const struct deployer *deployer, const int *inherited, int result)
{
	struct message message;

	let_go(inherited);
	/* It will hold a private key. */
	privilege_hide_memory();
	message_init(&message, MESSAGE_DEPLOYED);
	message.deployed.use_index = deployer->request.use_index;
	message.deployed.is_look = deployer->request.is_look;
	deployer->run(deployer->context, &deployer->request, &message.deployed);
	fflush(NULL);
	_exit(message_send(result, &message) == 0 ? 0 : 1);
}

/* --------------------------------------------------------- start and end -- */

/* Notes the end that counts unless the process reports another. */
static void deployer_expect_failure(struct deployer *deployer, const char *text)
{
	memset(&deployer->end, 0, sizeof(deployer->end));
	deployer->end.is_enabled = true;
	deployer->end.use_index = deployer->request.use_index;
	deployer->end.is_look = deployer->request.is_look;
	snprintf(deployer->end.text, sizeof(deployer->end.text), "%s", text);
}

static void deployer_close_result(struct deployer *deployer)
{
	if (deployer->result >= 0)
		close(deployer->result);
	deployer->result = -1;
}

static bool deployer_start(struct deployer *deployer, const int *inherited)
{
	int ends[2];

	deployer_expect_failure(deployer, "it ended without a result");
	if (deployer->run == NULL ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	fflush(NULL);
	deployer->pid = fork();
	if (deployer->pid == 0) {
		close(ends[0]);
		be_process(deployer, inherited, ends[1]);
	}
	close(ends[1]);
	if (deployer->pid < 0) {
		daemon_log(LOG_ERR,
			   "cannot start a process for a use location: %s",
			   strerror(errno));
		close(ends[0]);
		deployer->pid = 0;
		return false;
	}
	deployer->result = ends[0];
	deployer->due = command_now() + deployer->limit;
	return true;
}

void deployer_init(struct deployer *deployer, deployer_run_fn run,
		   void *context, int64_t limit)
{
	memset(deployer, 0, sizeof(*deployer));
	deployer->run = run;
	deployer->context = context;
	deployer->limit = limit;
	deployer->due = -1;
	deployer->result = -1;
}

static void deployer_begin(struct deployer *deployer,
			   const struct message_deploy *request,
			   const int *inherited)
{
	deployer->request = *request;
	deployer->is_for_worker = true;
	deployer->has_ended = !deployer_start(deployer, inherited);
}

void deployer_ask(struct deployer *deployer,
		  const struct message_deploy *request, const int *inherited)
{
	/* Only a new worker asks while something runs.  That is the request of
	 * the old one, and nobody waits for its end. */
	if (deployer->pid != 0 || deployer->has_ended) {
		deployer->next = *request;
		deployer->has_next = true;
		return;
	}
	deployer_begin(deployer, request, inherited);
}

void deployer_forget_worker(struct deployer *deployer)
{
	deployer->is_for_worker = false;
	deployer->has_next = false;
}

/* A manager reads this in the row of the use location, or of the request. */
static void deployer_expect_timeout(struct deployer *deployer)
{
	char text[sizeof(deployer->end.text)];

	if (deployer->request.is_look)
		snprintf(text, sizeof(text),
			 "use location %.100s: looking at it took too long: "
			 "does a file system hang?",
			 deployer->request.use_name);
	else
		snprintf(text, sizeof(text),
			 "it took too long and was ended: does a file system "
			 "or a command hang?");
	deployer_expect_failure(deployer, text);
}

static void deployer_do_due(struct deployer *deployer)
{
	if (deployer->pid == 0 || deployer->due < 0 ||
	    deployer->due > command_now())
		return;
	/* The worker logs the result that it gets. */
	if (!deployer->is_for_worker)
		daemon_log(LOG_ERR,
			   "use location %s: takes too long and is ended",
			   deployer->request.use_name);
	kill(deployer->pid, SIGKILL);
	deployer_expect_timeout(deployer);
	deployer->due = -1;
}

static void deployer_reap(struct deployer *deployer)
{
	struct message message;
	int status;

	if (deployer->pid == 0 ||
	    waitpid(deployer->pid, &status, WNOHANG) != deployer->pid)
		return;
	deployer->pid = 0;
	deployer->due = -1;
	deployer->has_ended = true;
	if (message_receive(deployer->result, MESSAGE_FROM_PARENT, &message) ==
		MESSAGE_GOOD &&
	    message.kind == MESSAGE_DEPLOYED)
		deployer->end = message.deployed;
	deployer_close_result(deployer);
}

bool deployer_poll(struct deployer *deployer, const int *inherited,
		   struct scep_deploy_end *end)
{
	bool is_heard;

	deployer_do_due(deployer);
	deployer_reap(deployer);
	if (!deployer->has_ended)
		return false;
	*end = deployer->end;
	is_heard = deployer->is_for_worker;
	deployer->has_ended = false;
	if (deployer->has_next) {
		deployer->has_next = false;
		deployer_begin(deployer, &deployer->next, inherited);
	}
	return is_heard;
}

void deployer_leave(struct deployer *deployer)
{
	deployer_close_result(deployer);
	deployer->pid = 0;
	deployer->due = -1;
}
