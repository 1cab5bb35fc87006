/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/parent.h"

#include "subagent/system/daemon_log.h"
#include "subagent/system/notify.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_LIMIT    1800  /* ms: all of it must be over within two seconds */
#define QUICK_DEATH   10000 /* ms: a worker that lived less died at once */
#define BACK_OFF_MAX  30000
#define START_LIMIT   300000 /* ms from the start of a worker to its report */
#define DEPLOY_LIMIT  600000 /* ms: each of its commands has a limit, too */
#define LOOK_LIMIT    10000  /* ms: it runs no command */
#define BACK_OFF_STEP 1000
#define STATUS_PAUSE  1000 /* ms from one status to the next */
/* Reports that fit into the limit of their silence. */
#define REPORTS 4

/* Times are ms of CLOCK_MONOTONIC; -1 is none. */
struct parent {
	const struct parent_plan *plan;
	int signals;
	int alive_interval;
	pid_t worker; /* 0: there is none */
	int channel;  /* to the worker, or -1 */
	int64_t started;
	int64_t kill_at;
	int64_t silent_at; /* the worker hangs unless it reports before */
	int64_t silence_limit;
	int64_t start_at;
	int64_t alive_at;
	int64_t status_at; /* the status is to be told; -1: it was */
	int64_t status_told;
	char status[MESSAGE_STATUS_TEXT];
	unsigned quick_deaths;
	struct restarter restarter;
	struct deployer deployer;
	struct deployer looker; /* waits for no deployment */
	bool is_stopping;
	bool was_ready;
	bool worker_is_ready;
	bool has_ended;
	int exit_code;
};

int parent_back_off(unsigned quick_deaths)
{
	int wait = BACK_OFF_STEP;

	if (quick_deaths <= 1)
		return 0;
	for (unsigned i = 2; i < quick_deaths && wait < BACK_OFF_MAX; i++)
		wait *= 2;
	return wait < BACK_OFF_MAX ? wait : BACK_OFF_MAX;
}

/* --------------------------------------------------------- the worker -- */

void parent_bind(const struct parent_link *link)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != link->parent)
		_exit(PARENT_EXIT_FAILED);
}

/* The descriptors of the parent that a new process is not to have, up to -1. */
struct descriptors {
	int list[6];
};

static void list_descriptor(struct descriptors *own, int fd)
{
	size_t i = 0;

	while (own->list[i] >= 0)
		i++;
	own->list[i] = fd;
}

/* `starter` may be NULL: its own one is another by the time that it starts a
 * process. */
static struct descriptors parent_descriptors(const struct parent *parent,
					     const struct deployer *starter)
{
	struct descriptors own = {{-1, -1, -1, -1, -1, -1}};

	list_descriptor(&own, parent->signals);
	list_descriptor(&own, parent->channel);
	list_descriptor(&own, parent->restarter.command.output);
	if (starter != &parent->deployer)
		list_descriptor(&own, parent->deployer.result);
	if (starter != &parent->looker)
		list_descriptor(&own, parent->looker.result);
	return own;
}

__attribute__((noreturn)) static void be_worker(const struct parent *parent,
						struct parent_link *link)
{
	struct descriptors own = parent_descriptors(parent, NULL);
	int status;

	parent_bind(link);
	for (size_t i = 0; own.list[i] >= 0; i++)
		close(own.list[i]);
	status = parent->plan->work(parent->plan->context, link);
	fflush(NULL);
	_exit(status);
}

/* ---------------------------------------------------- starting, reaping -- */

/* Tells the service manager, which a worker must not flood, at the next turn or
 * later.  The last text counts. */
static void parent_set_status(struct parent *parent, const char *text)
{
	if (strcmp(parent->status, text) == 0)
		return;
	snprintf(parent->status, sizeof(parent->status), "%s", text);
	if (parent->status_at < 0)
		parent->status_at = parent->status_told + STATUS_PAUSE;
}

static void parent_plan_start(struct parent *parent)
{
	int wait;

	parent->quick_deaths++;
	if (command_now() - parent->started >= QUICK_DEATH)
		parent->quick_deaths = 1;
	wait = parent_back_off(parent->quick_deaths);
	parent->start_at = command_now() + wait;
	parent_set_status(parent, "the worker has ended, and is started again");
	if (wait > 0)
		daemon_log(LOG_WARNING, "the worker is started again in %d s",
			   wait / 1000);
}

/* The service manager may want to hear of the worker more often. */
static int parent_report_interval(const struct parent *parent)
{
	int interval = (int)(parent->silence_limit / REPORTS);

	if (parent->alive_interval >= 0 && parent->alive_interval < interval)
		return parent->alive_interval;
	return interval;
}

static void parent_start_worker(struct parent *parent)
{
	struct parent_link link = {
	    .parent = getpid(),
	    .alive_interval = parent_report_interval(parent),
	};
	int ends[2];

	parent->worker_is_ready = false;
	parent->start_at = -1;
	parent->started = command_now();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		daemon_log(LOG_ERR, "cannot make a channel to a worker: %s",
			   strerror(errno));
		parent_plan_start(parent);
		return;
	}
	fflush(NULL);
	parent->worker = fork();
	if (parent->worker == 0) {
		close(ends[0]);
		link.channel = ends[1];
		be_worker(parent, &link);
	}
	close(ends[1]);
	if (parent->worker < 0) {
		daemon_log(LOG_ERR, "cannot start a worker: %s",
			   strerror(errno));
		parent->worker = 0;
		close(ends[0]);
		parent_plan_start(parent);
		return;
	}
	parent->channel = ends[0];
	parent->silent_at = parent->started + START_LIMIT;
}

static void parent_end(struct parent *parent, int exit_code)
{
	parent->has_ended = true;
	parent->exit_code = exit_code;
}

/* Decides what follows the end of a worker. */
static void parent_judge_end(struct parent *parent, pid_t worker, int status)
{
	bool has_exited = WIFEXITED(status);
	int code = has_exited ? WEXITSTATUS(status) : -1;

	if (parent->is_stopping) {
		if (!has_exited)
			daemon_log(LOG_ERR, "worker %d was ended by signal %d",
				   (int)worker, WTERMSIG(status));
		parent_end(parent, 0);
		return;
	}
	if (!parent->was_ready && code == PARENT_EXIT_BAD_CONFIG) {
		parent_end(parent, 2);
		return;
	}
	if (!parent->was_ready && code == PARENT_EXIT_CANNOT_START) {
		parent_end(parent, 1);
		return;
	}
	if (has_exited)
		daemon_log(LOG_ERR, "worker %d ended with %d", (int)worker,
			   code);
	else
		daemon_log(LOG_ERR, "worker %d was ended by signal %d",
			   (int)worker, WTERMSIG(status));
	parent_plan_start(parent);
}

static void parent_reap(struct parent *parent)
{
	pid_t worker = parent->worker;
	int status;

	if (worker == 0 || waitpid(worker, &status, WNOHANG) != worker)
		return;
	parent->worker = 0;
	parent->kill_at = -1;
	parent->silent_at = -1;
	if (parent->channel >= 0)
		close(parent->channel);
	parent->channel = -1;
	restarter_forget_worker(&parent->restarter);
	deployer_forget_worker(&parent->deployer);
	deployer_forget_worker(&parent->looker);
	parent_judge_end(parent, worker, status);
}

/* --------------------------------------------------------------- events -- */

static void parent_stop(struct parent *parent)
{
	if (parent->is_stopping)
		return;
	parent->is_stopping = true;
	parent->start_at = -1;
	parent->silent_at = -1;
	notify_stopping();
	if (parent->worker == 0) {
		parent_end(parent, 0);
		return;
	}
	kill(parent->worker, SIGTERM);
	parent->kill_at = command_now() + STOP_LIMIT;
}

static void parent_take_signal(struct parent *parent)
{
	struct signalfd_siginfo info;

	if (read(parent->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGTERM:
	case SIGINT:
		parent_stop(parent);
		break;
	case SIGHUP:
		if (!parent->is_stopping && parent->plan->reload != NULL)
			parent->plan->reload(parent->plan->context,
					     parent->channel);
		break;
	default:
		break;
	}
}

static void parent_send(const struct parent *parent,
			const struct message *message)
{
	if (parent->channel >= 0 && message_send(parent->channel, message) != 0)
		daemon_log(LOG_ERR, "the worker cannot be reached: %s",
			   strerror(errno));
}

static void parent_send_deployed(struct parent *parent,
				 struct deployer *deployer)
{
	struct descriptors own = parent_descriptors(parent, deployer);
	struct message message;

	message_init(&message, MESSAGE_DEPLOYED);
	while (deployer_poll(deployer, own.list, &message.deployed))
		parent_send(parent, &message);
}

/* Reports to the worker what it asked for and has ended. */
static void parent_send_ends(struct parent *parent)
{
	struct message message;
	enum command_end end;

	message_init(&message, MESSAGE_RESTARTED);
	while ((end = restarter_poll(&parent->restarter)) != COMMAND_RUNS) {
		message.restarted.is_good = end == COMMAND_WELL;
		parent_send(parent, &message);
	}
	parent_send_deployed(parent, &parent->deployer);
	parent_send_deployed(parent, &parent->looker);
}

/* While the worker starts, its recovery may take long. */
static void parent_note_alive(struct parent *parent)
{
	if (parent->was_ready)
		notify_alive();
	if (parent->worker_is_ready && !parent->is_stopping)
		parent->silent_at = command_now() + parent->silence_limit;
}

static void parent_note_ready(struct parent *parent)
{
	parent->worker_is_ready = true;
	parent_note_alive(parent);
	if (parent->was_ready)
		return;
	parent->was_ready = true;
	notify_ready();
	if (parent->plan->ready != NULL)
		parent->plan->ready(parent->plan->context);
}

static void parent_deploy(struct parent *parent,
			  const struct message_deploy *request)
{
	struct deployer *deployer =
	    request->is_look ? &parent->looker : &parent->deployer;
	struct descriptors own = parent_descriptors(parent, deployer);

	deployer_ask(deployer, request, own.list);
}

static void parent_take_message(struct parent *parent,
				const struct message *message)
{
	switch (message->kind) {
	case MESSAGE_READY:
		parent_note_ready(parent);
		break;
	case MESSAGE_ALIVE:
		parent_note_alive(parent);
		break;
	case MESSAGE_STATUS:
		parent_set_status(parent, message->status.text);
		break;
	case MESSAGE_RESTART:
		restarter_ask(&parent->restarter, &message->restart);
		break;
	case MESSAGE_DEPLOY:
		parent_deploy(parent, &message->deploy);
		break;
	case MESSAGE_RESTARTED:
	case MESSAGE_DEPLOYED:
	case MESSAGE_CONFIG:
		break; /* message_receive() lets none of them pass. */
	}
}

/* Ends a worker that says what no worker says: it is not ours any more.  The
 * pauses between starts limit what another can do. */
static void parent_reject(struct parent *parent)
{
	daemon_log(LOG_ERR, "worker %d has sent a bad message: killed",
		   (int)parent->worker);
	kill(parent->worker, SIGKILL);
	close(parent->channel);
	parent->channel = -1;
}

static void parent_receive(struct parent *parent)
{
	static struct message message;

	switch (
	    message_receive(parent->channel, MESSAGE_FROM_WORKER, &message)) {
	case MESSAGE_GOOD:
		parent_take_message(parent, &message);
		break;
	case MESSAGE_NONE:
		break;
	case MESSAGE_BAD:
		parent_reject(parent);
		break;
	case MESSAGE_CLOSED:
		close(parent->channel);
		parent->channel = -1;
		break;
	}
}

static void sooner(int64_t *due, int64_t other)
{
	if (other >= 0 && (*due < 0 || other < *due))
		*due = other;
}

/* While there is no worker, the parent itself reports that it is alive. */
static int64_t parent_next_due(const struct parent *parent)
{
	int64_t due = -1;

	sooner(&due, parent->kill_at);
	sooner(&due, parent->silent_at);
	sooner(&due, parent->start_at);
	sooner(&due, parent->status_at);
	sooner(&due, parent->restarter.command.due);
	sooner(&due, parent->deployer.due);
	sooner(&due, parent->looker.due);
	if (parent->start_at >= 0)
		sooner(&due, parent->alive_at);
	return due;
}

static bool is_past(int64_t due)
{
	return due >= 0 && due <= command_now();
}

static void parent_do_due(struct parent *parent)
{
	if (is_past(parent->kill_at)) {
		daemon_log(LOG_WARNING, "worker %d does not stop: killed",
			   (int)parent->worker);
		kill(parent->worker, SIGKILL);
		parent->kill_at = -1;
	}
	if (parent->worker != 0 && is_past(parent->silent_at)) {
		daemon_log(LOG_ERR, "worker %d does not respond: killed",
			   (int)parent->worker);
		kill(parent->worker, SIGKILL);
		parent->silent_at = -1;
	}
	if (parent->start_at >= 0 && is_past(parent->alive_at)) {
		notify_alive();
		parent->alive_at = command_now() + parent->alive_interval;
	}
	if (is_past(parent->status_at)) {
		notify_status(parent->status);
		parent->status_told = command_now();
		parent->status_at = -1;
	}
	if (is_past(parent->start_at))
		parent_start_worker(parent);
}

static int parent_time_left(const struct parent *parent)
{
	int64_t due = parent_next_due(parent);
	int64_t left;

	if (due < 0)
		return -1;
	left = due - command_now();
	return left < 0 ? 0 : (int)left;
}

static void parent_iterate(struct parent *parent)
{
	struct pollfd polled[3] = {
	    {.fd = parent->signals, .events = POLLIN},
	    {.fd = parent->channel, .events = POLLIN},
	    {.fd = parent->restarter.command.output, .events = POLLIN},
	};

	if (poll(polled, 3, parent_time_left(parent)) < 0 && errno != EINTR) {
		daemon_log(LOG_ERR, "poll: %s", strerror(errno));
		parent_stop(parent);
	}
	if (polled[2].revents != 0)
		command_read(&parent->restarter.command);
	if (polled[1].revents != 0)
		parent_receive(parent);
	if (polled[0].revents != 0)
		parent_take_signal(parent);
	/* Signals of one kind merge: look for ended processes each time. */
	parent_reap(parent);
	parent_send_ends(parent);
	if (!parent->has_ended)
		parent_do_due(parent);
}

static int parent_open_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int parent_run(const struct parent_plan *plan)
{
	struct parent parent = {
	    .plan = plan,
	    .signals = parent_open_signals(),
	    .alive_interval = notify_interval(),
	    .channel = -1,
	    .kill_at = -1,
	    .silent_at = -1,
	    .silence_limit =
		plan->silence_limit > 0 ? plan->silence_limit : PARENT_SILENCE,
	    .start_at = -1,
	    .alive_at = -1,
	    .status_at = -1,
	};

	if (parent.signals < 0) {
		daemon_log(LOG_ERR, "cannot take signals: %s", strerror(errno));
		return 1;
	}
	restarter_init(&parent.restarter, plan->restart, plan->context,
		       plan->restart_limit > 0 ? plan->restart_limit
					       : COMMAND_LIMIT);
	deployer_init(&parent.deployer, plan->deploy, plan->context,
		      DEPLOY_LIMIT);
	deployer_init(&parent.looker, plan->deploy, plan->context, LOOK_LIMIT);
	if (parent.alive_interval >= 0)
		parent.alive_at = command_now();
	parent_start_worker(&parent);
	while (!parent.has_ended)
		parent_iterate(&parent);
	/* The command may be what stops this process: it goes on. */
	command_leave(&parent.restarter.command);
	deployer_leave(&parent.deployer);
	deployer_leave(&parent.looker);
	close(parent.signals);
	return parent.exit_code;
}
