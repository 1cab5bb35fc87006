/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/parent.h"

#include "subagent/system/notify.h"
#include "subagent/system/daemon_log.h"

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
#define QUICK_DEATH   10000 /* ms: a worker that lived less has died at once */
#define BACK_OFF_MAX  30000
#define DEPLOY_LIMIT  600000 /* ms: each of its commands has a limit, too */
#define BACK_OFF_STEP 1000

#define TOLD_READY    'R'
#define TOLD_ALIVE    'A'

/* To the worker: two octets. */
#define TOLD_END   'E'
#define TOLD_WELL  '+'
#define TOLD_BADLY '-'

/* Times are ms of CLOCK_MONOTONIC; -1 for none. */
struct parent {
	const struct parent_plan *plan;
	int signals;
	int alive_interval;
	pid_t worker; /* 0: there is none */
	int channel;  /* to the worker, or -1 */
	int64_t started;
	int64_t kill_at;
	int64_t start_at;
	int64_t alive_at;
	unsigned quick_deaths;
	struct restarter restarter;
	struct deployer deployer;
	bool is_stopping;
	bool was_ready;
	bool has_ended;
	int exit_code;
};

static int64_t now(void)
{
	return command_now();
}

int parent_back_off(unsigned quick_deaths)
{
	int wait = BACK_OFF_STEP;

	if (quick_deaths <= 1)
		return 0;
	for (unsigned i = 2; i < quick_deaths && wait < BACK_OFF_MAX; i++)
		wait *= 2;
	return wait < BACK_OFF_MAX ? wait : BACK_OFF_MAX;
}

/* ---------------------------------------------------- the worker's side -- */

void parent_bind(const struct parent_link *link)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != link->parent)
		_exit(PARENT_EXIT_FAILED);
}

static void tell(const struct parent_link *link, char what)
{
	/* A parent that does not listen loses a sign of life, and no more. */
	send(link->channel, &what, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void parent_tell_ready(const struct parent_link *link)
{
	tell(link, TOLD_READY);
}

void parent_tell_alive(const struct parent_link *link)
{
	tell(link, TOLD_ALIVE);
}

bool parent_ask_restart(const struct parent_link *link,
			const struct restarter_word *word)
{
	return send(link->channel, word, sizeof(*word),
		    MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(*word);
}

bool parent_ask_deploy(const struct parent_link *link,
		       const struct deployer_word *word)
{
	return send(link->channel, word, sizeof(*word),
		    MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(*word);
}

bool parent_tells_end(const void *data, size_t length, bool *is_good)
{
	const char *word = data;

	if (length != 2 || word[0] != TOLD_END)
		return false;
	*is_good = word[1] == TOLD_WELL;
	return true;
}

__attribute__((noreturn)) static void be_worker(const struct parent *parent,
						struct parent_link *link)
{
	int status;

	parent_bind(link);
	close(parent->signals);
	status = parent->plan->work(parent->plan->context, link);
	fflush(NULL);
	_exit(status);
}

/* ---------------------------------------------------- starting, reaping -- */

static void plan_start(struct parent *parent)
{
	int wait;

	parent->quick_deaths++;
	if (now() - parent->started >= QUICK_DEATH)
		parent->quick_deaths = 1;
	wait = parent_back_off(parent->quick_deaths);
	parent->start_at = now() + wait;
	if (wait > 0)
		daemon_log(LOG_WARNING, "the worker is started again in %d s",
			   wait / 1000);
}

static void start_worker(struct parent *parent)
{
	struct parent_link link = {
	    .parent = getpid(),
	    .alive_interval = parent->alive_interval,
	};
	int ends[2];

	parent->start_at = -1;
	parent->started = now();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		daemon_log(LOG_ERR, "no channel to a worker: %s",
			   strerror(errno));
		plan_start(parent);
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
		daemon_log(LOG_ERR, "no worker: %s", strerror(errno));
		parent->worker = 0;
		close(ends[0]);
		plan_start(parent);
		return;
	}
	parent->channel = ends[0];
}

static void end(struct parent *parent, int exit_code)
{
	parent->has_ended = true;
	parent->exit_code = exit_code;
}

/* What the end of a worker means. */
static void judge_end(struct parent *parent, pid_t worker, int status)
{
	bool has_exited = WIFEXITED(status);
	int code = has_exited ? WEXITSTATUS(status) : -1;

	if (parent->is_stopping) {
		if (!has_exited)
			daemon_log(LOG_ERR, "worker %d was ended by signal %d",
				   (int)worker, WTERMSIG(status));
		end(parent, 0);
		return;
	}
	if (!parent->was_ready && code == PARENT_EXIT_BAD_CONFIG) {
		end(parent, 2);
		return;
	}
	if (!parent->was_ready && code == PARENT_EXIT_CANNOT_START) {
		end(parent, 1);
		return;
	}
	if (has_exited)
		daemon_log(LOG_ERR, "worker %d ended with %d", (int)worker,
			   code);
	else
		daemon_log(LOG_ERR, "worker %d was ended by signal %d",
			   (int)worker, WTERMSIG(status));
	plan_start(parent);
}

static void reap(struct parent *parent)
{
	pid_t worker = parent->worker;
	int status;

	if (worker == 0 || waitpid(worker, &status, WNOHANG) != worker)
		return;
	parent->worker = 0;
	parent->kill_at = -1;
	if (parent->channel >= 0)
		close(parent->channel);
	parent->channel = -1;
	restarter_forget_worker(&parent->restarter);
	deployer_forget_worker(&parent->deployer);
	judge_end(parent, worker, status);
}

/* --------------------------------------------------------------- events -- */

static void stop(struct parent *parent)
{
	if (parent->is_stopping)
		return;
	parent->is_stopping = true;
	parent->start_at = -1;
	notify_stopping();
	if (parent->worker == 0) {
		end(parent, 0);
		return;
	}
	kill(parent->worker, SIGTERM);
	parent->kill_at = now() + STOP_LIMIT;
}

static void take_signal(struct parent *parent)
{
	struct signalfd_siginfo info;

	if (read(parent->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGTERM:
	case SIGINT:
		stop(parent);
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

static void take_restart(struct parent *parent, const char *data, size_t length)
{
	struct restarter_word word;

	if (!restarter_is_word(data, length)) {
		daemon_log(LOG_ERR,
			   "the worker asks for a restart in words that "
			   "are not good");
		return;
	}
	memcpy(&word, data, sizeof(word));
	restarter_ask(&parent->restarter, &word);
}

static void take_deploy(struct parent *parent, const char *data, size_t length)
{
	const int inherited[] = {parent->signals, parent->channel, -1};
	struct deployer_word word;

	if (!deployer_is_word(data, length)) {
		daemon_log(LOG_ERR, "the worker asks for a deployment in words "
				    "that are not good");
		return;
	}
	memcpy(&word, data, sizeof(word));
	deployer_ask(&parent->deployer, &word, inherited);
}

static void tell_worker(const struct parent *parent, const void *word,
			size_t length)
{
	if (parent->channel >= 0 &&
	    send(parent->channel, word, length, MSG_DONTWAIT | MSG_NOSIGNAL) !=
		(ssize_t)length)
		daemon_log(LOG_ERR, "the worker cannot be told: %s",
			   strerror(errno));
}

static void tell_ends(struct parent *parent)
{
	const int inherited[] = {parent->signals, parent->channel, -1};
	struct deployer_end deployed;
	enum command_end end;

	while ((end = restarter_turn(&parent->restarter)) != COMMAND_RUNS) {
		const char word[2] = {
		    TOLD_END, end == COMMAND_WELL ? TOLD_WELL : TOLD_BADLY};

		tell_worker(parent, word, sizeof(word));
	}
	while (deployer_turn(&parent->deployer, inherited, &deployed))
		tell_worker(parent, &deployed, sizeof(deployed));
}

static void take_word(struct parent *parent)
{
	/* One octet more than the longest, to know one that is too long. */
	static _Alignas(
	    struct deployer_word) char word[sizeof(struct restarter_word) + 1];
	ssize_t length =
	    recv(parent->channel, word, sizeof(word), MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		close(parent->channel);
		parent->channel = -1;
		return;
	}
	if (word[0] == RESTARTER_ASKED)
		take_restart(parent, word, (size_t)length);
	if (word[0] == DEPLOYER_ASKED)
		take_deploy(parent, word, (size_t)length);
	if (word[0] == TOLD_ALIVE)
		notify_alive();
	if (word[0] != TOLD_READY || parent->was_ready)
		return;
	parent->was_ready = true;
	notify_ready();
	if (parent->plan->ready != NULL)
		parent->plan->ready(parent->plan->context);
}

static void sooner(int64_t *due, int64_t other)
{
	if (other >= 0 && (*due < 0 || other < *due))
		*due = other;
}

/* While there is no worker, the parent gives the signs of life. */
static int64_t next_due(const struct parent *parent)
{
	int64_t due = -1;

	sooner(&due, parent->kill_at);
	sooner(&due, parent->start_at);
	sooner(&due, parent->restarter.command.due);
	sooner(&due, parent->deployer.due);
	if (parent->start_at >= 0)
		sooner(&due, parent->alive_at);
	return due;
}

static bool is_past(int64_t due)
{
	return due >= 0 && due <= now();
}

static void do_due(struct parent *parent)
{
	if (is_past(parent->kill_at)) {
		daemon_log(LOG_WARNING, "worker %d does not stop: killed",
			   (int)parent->worker);
		kill(parent->worker, SIGKILL);
		parent->kill_at = -1;
	}
	if (parent->start_at >= 0 && is_past(parent->alive_at)) {
		notify_alive();
		parent->alive_at = now() + parent->alive_interval;
	}
	if (is_past(parent->start_at))
		start_worker(parent);
}

static int time_left(const struct parent *parent)
{
	int64_t due = next_due(parent);
	int64_t left;

	if (due < 0)
		return -1;
	left = due - now();
	return left < 0 ? 0 : (int)left;
}

static void turn(struct parent *parent)
{
	struct pollfd polled[3] = {
	    {.fd = parent->signals, .events = POLLIN},
	    {.fd = parent->channel, .events = POLLIN},
	    {.fd = parent->restarter.command.output, .events = POLLIN},
	};

	if (poll(polled, 3, time_left(parent)) < 0 && errno != EINTR) {
		daemon_log(LOG_ERR, "poll: %s", strerror(errno));
		stop(parent);
	}
	if (polled[2].revents != 0)
		command_read(&parent->restarter.command);
	if (polled[1].revents != 0)
		take_word(parent);
	if (polled[0].revents != 0)
		take_signal(parent);
	/* Signals of one kind run together, so that each turn looks. */
	reap(parent);
	tell_ends(parent);
	if (!parent->has_ended)
		do_due(parent);
}

static int open_signals(void)
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
	    .signals = open_signals(),
	    .alive_interval = notify_interval(),
	    .channel = -1,
	    .kill_at = -1,
	    .start_at = -1,
	    .alive_at = -1,
	};

	if (parent.signals < 0) {
		daemon_log(LOG_ERR, "no signals: %s", strerror(errno));
		return 1;
	}
	restarter_init(&parent.restarter, plan->restart, plan->context,
		       plan->restart_limit > 0 ? plan->restart_limit
					       : COMMAND_LIMIT);
	deployer_init(&parent.deployer, plan->deploy, plan->context,
		      DEPLOY_LIMIT);
	if (parent.alive_interval >= 0)
		parent.alive_at = now();
	start_worker(&parent);
	while (!parent.has_ended)
		turn(&parent);
	/* It may be what stops us. */
	command_leave(&parent.restarter.command);
	deployer_leave(&parent.deployer);
	close(parent.signals);
	return parent.exit_code;
}
