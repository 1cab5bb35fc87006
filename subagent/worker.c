/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/worker.h"

#include "subagent/findings.h"
#include "subagent/snmp/agent.h"
#include "subagent/system/background.h"
#include "subagent/conf/conf_netsnmp.h"
#include "subagent/parent/command.h"
#include "subagent/system/daemon_log.h"

#include "scep/scep.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/event.h"
#include "scep/key_row.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "mibs/scep_root.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* A stop must be over within two seconds; in ms. */
#define LOOP_PATIENCE 700 /* for the SNMP thread to leave its loop */
#define END_PATIENCE  900 /* for the engine and the session to close */

/* Of glibc's malloc(), for all threads. */
#define ARENAS 4

/*
 * Shared by the two threads.  The SNMP thread opens and closes the agent and
 * the engine; the first thread uses them under the lock while they are there.
 */
struct worker {
	const struct worker_setup *setup;
	const struct parent_link *link;
	struct scep_watcher watcher; /* between the engine and the agent */
	int signals;
	int opened;	/* eventfd: there is an engine */
	int loop_ended; /* eventfd: the SNMP thread has left its loop */
	int all_closed; /* eventfd: it has closed agent and engine */
	pthread_t thread;
	pthread_mutex_t lock;
	struct agent *agent;
	struct scep_engine *engine;
	int64_t reported_at; /* ms of CLOCK_MONOTONIC */
	bool hears_parent;   /* the engine can take what the parent says */
	bool is_stopping;
	enum parent_exit exit; /* read once the thread has ended */
};

/* ------------------------------------------------------ the SNMP thread -- */

static void worker_tell_status(void *context, const char *text)
{
	const struct worker *worker = context;
	struct message message;

	message_init(&message, MESSAGE_STATUS);
	snprintf(message.status.text, sizeof(message.status.text), "%s", text);
	/* The log has it, too. */
	message_send(worker->link->channel, &message);
}

static bool worker_open_agent(struct worker *worker)
{
	const struct worker_setup *setup = worker->setup;
	bool has_address = setup->address[0] != '\0';
	struct agent *agent;

	if (agent_open(SCEP_VERSION, &agent) != 0) {
		daemon_log(LOG_ERR, "cannot start: %s", strerror(errno));
		return false;
	}
	if (has_address)
		netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID,
				      NETSNMP_DS_AGENT_X_SOCKET,
				      setup->address);
	conf_netsnmp_give(setup->conf, has_address);
	agent_tell_master(agent, worker_tell_status, worker);
	pthread_mutex_lock(&worker->lock);
	worker->agent = agent;
	pthread_mutex_unlock(&worker->lock);
	return true;
}

/* Asks the parent from the engine's thread: the SNMP thread may wait for a
 * master that hangs, and its queue may be full. */
static void worker_ask(const struct worker *worker,
		       const struct message *message, const char *failure)
{
	if (message_send(worker->link->channel, message) != 0)
		worker->watcher.log(worker->watcher.context, SCEP_LOG_ERROR,
				    failure);
}

static void worker_ask_restart(const struct worker *worker,
			       const struct scep_key *key)
{
	struct message message;
	struct message_restart *request = &message.restart;

	message_init(&message, MESSAGE_RESTART);
	if (key != NULL) {
		memcpy(request->key_name, key->name, sizeof(key->name));
		memcpy(request->use_location, key->use_location,
		       sizeof(key->use_location));
		memcpy(request->file_id, key->file_id, sizeof(key->file_id));
	}
	worker_ask(worker, &message,
		   "the parent cannot be asked for a restart");
}

static void worker_ask_deploy(const struct worker *worker,
			      const struct scep_event *event)
{
	const struct scep_use *use = event->row;
	const struct scep_key *key = event->key;
	struct message message;
	struct message_deploy *request = &message.deploy;

	/* The engine asks only when both are there. */
	if (use == NULL || (event->kind == SCEP_EVENT_DEPLOY && key == NULL))
		return;
	message_init(&message, MESSAGE_DEPLOY);
	request->is_probe = event->kind == SCEP_EVENT_PROBE;
	request->use_index = use->index;
	memcpy(request->use_name, use->name, sizeof(use->name));
	if (!request->is_probe) {
		memcpy(request->key_name, key->name, sizeof(key->name));
		snprintf(request->file_id, sizeof(request->file_id), "%s",
			 key->file_id);
	}
	worker_ask(worker, &message, "the parent cannot be asked to deploy");
}

static void worker_ask_look(const struct worker *worker,
			    const struct scep_event *event)
{
	const struct scep_status *status = event->row;
	struct message message;
	struct message_deploy *request = &message.deploy;

	if (status == NULL)
		return;
	message_init(&message, MESSAGE_DEPLOY);
	request->is_look = true;
	request->use_index = event->index;
	memcpy(request->use_name, status->use_location,
	       sizeof(status->use_location));
	worker_ask(worker, &message,
		   "the parent cannot be asked to look at use locations");
}

static void watch_event(void *context, const struct scep_event *event)
{
	struct worker *worker = context;
	const struct scep_watcher *agent = agent_watcher(worker->agent);

	if (event->kind == SCEP_EVENT_RESTART)
		worker_ask_restart(worker, event->row);
	else if (event->kind == SCEP_EVENT_DEPLOY ||
		 event->kind == SCEP_EVENT_PROBE)
		worker_ask_deploy(worker, event);
	else if (event->kind == SCEP_EVENT_LOOK)
		worker_ask_look(worker, event);
	else
		agent->event(agent->context, event);
}

static void watch_log(void *context, enum scep_log_level level,
		      const char *line)
{
	struct worker *worker = context;
	const struct scep_watcher *agent = agent_watcher(worker->agent);

	agent->log(agent->context, level, line);
}

static void set_event(int fd)
{
	const uint64_t one = 1;

	/* Else the first thread would wait for ever. */
	if (write(fd, &one, sizeof(one)) != sizeof(one))
		abort();
}

static bool worker_open_engine(struct worker *worker)
{
	struct scep_error error = {.code = SCEP_OK};
	struct scep_engine *engine = NULL;
	enum scep_code code;

	worker->watcher = (struct scep_watcher){worker, watch_event, watch_log};
	code = scep_open(&worker->setup->conf->engine, &worker->watcher,
			 &engine, &error);
	if (code != SCEP_OK) {
		daemon_log(LOG_ERR, "cannot start: %s", error.text);
		/* The terminal is there until the start has succeeded. */
		if (!worker->setup->keeps_terminal)
			fprintf(stderr, CONF_APPLICATION ": cannot start: %s\n",
				error.text);
		if (code == SCEP_CONFIG_ERROR)
			worker->exit = PARENT_EXIT_BAD_CONFIG;
		return false;
	}
	pthread_mutex_lock(&worker->lock);
	worker->engine = engine;
	/* A signal may have come while there was nothing to stop. */
	if (worker->is_stopping)
		agent_stop(worker->agent);
	pthread_mutex_unlock(&worker->lock);
	set_event(worker->opened);
	return true;
}

/* Reports that it is ready: Sets can be kept.  A master may come later. */
static void worker_report_ready(const struct worker *worker)
{
	daemon_log(
	    LOG_INFO,
	    "scepagentd %s: root OID %s, state directory %s, master %s",
	    SCEP_VERSION, SCEP_ROOT_OID,
	    worker->setup->conf->engine.state_directory,
	    findings_master(worker->setup->conf, worker->setup->address));
	message_send_kind(worker->link->channel, MESSAGE_READY);
	if (!worker->setup->keeps_terminal)
		background_detach();
}

static void worker_close(struct worker *worker)
{
	struct scep_engine *engine;
	struct agent *agent;

	pthread_mutex_lock(&worker->lock);
	engine = worker->engine;
	worker->engine = NULL;
	pthread_mutex_unlock(&worker->lock);
	scep_close(engine);
	/* The agent's queue has the engine's last log lines by now. */
	pthread_mutex_lock(&worker->lock);
	agent = worker->agent;
	worker->agent = NULL;
	pthread_mutex_unlock(&worker->lock);
	agent_close(agent);
}

static void *run_snmp(void *context)
{
	struct worker *worker = context;

	pthread_setname_np(pthread_self(), "scep-snmp");
	worker->exit = PARENT_EXIT_CANNOT_START;
	if (worker_open_agent(worker) && worker_open_engine(worker) &&
	    agent_start(worker->agent, worker->engine) == 0) {
		worker->exit = PARENT_EXIT_FAILED;
		worker_report_ready(worker);
		if (agent_run(worker->agent) == 0)
			worker->exit = PARENT_EXIT_STOPPED;
	}
	set_event(worker->loop_ended);
	worker_close(worker);
	set_event(worker->all_closed);
	return NULL;
}

/* ----------------------------------------------------- the first thread -- */

static bool worker_step_down(const struct worker *worker)
{
	struct fault fault;

	if (privilege_drop(worker->setup->privilege, &fault) != 0) {
		daemon_log(LOG_ERR, "%s", fault.text);
		return false;
	}
	/* A change of the user undoes both. */
	parent_bind(worker->link);
	privilege_hide_memory();
	/* The parent informs the service manager. */
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return true;
}

/* Blocks the signals, for all threads that will inherit the mask, and opens a
 * descriptor for them. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool worker_start(struct worker *worker)
{
	worker->signals = open_signals();
	worker->opened = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	worker->loop_ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	worker->all_closed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->signals < 0 || worker->opened < 0 ||
	    worker->loop_ended < 0 || worker->all_closed < 0) {
		daemon_log(LOG_ERR, "cannot start: %s", strerror(errno));
		return false;
	}
	return worker_step_down(worker) &&
	       pthread_create(&worker->thread, NULL, run_snmp, worker) == 0;
}

/* Returns true if the process is to stop. */
static bool take_signal(const struct worker *worker)
{
	struct signalfd_siginfo info;

	if (read(worker->signals, &info, sizeof(info)) != sizeof(info))
		return false;
	/* On HUP the parent reads the configuration and sends it here. */
	return info.ssi_signo != SIGHUP;
}

/* Called under the lock, while there is an engine. */
static void worker_reconfigure(const struct worker *worker,
			       const struct scep_config *config)
{
	const struct scep_watcher *watcher = agent_watcher(worker->agent);
	struct scep_error error = {.code = SCEP_OK};

	if (scep_reconfigure(worker->engine, config, &error) != SCEP_OK)
		watcher->log(watcher->context, SCEP_LOG_ERROR, error.text);
}

/* Hands a message of the parent to the engine, if there is one. */
static void worker_take_message(struct worker *worker,
				const struct message *message)
{
	pthread_mutex_lock(&worker->lock);
	if (worker->engine != NULL)
		switch (message->kind) {
		case MESSAGE_RESTARTED:
			scep_restart_ended(worker->engine,
					   message->restarted.is_good);
			break;
		case MESSAGE_DEPLOYED:
			if (message->deployed.is_look)
				scep_look_ended(worker->engine,
						&message->deployed);
			else
				scep_deploy_ended(worker->engine,
						  &message->deployed);
			break;
		case MESSAGE_CONFIG:
			worker_reconfigure(worker, &message->config);
			break;
		case MESSAGE_READY:
		case MESSAGE_ALIVE:
		case MESSAGE_STATUS:
		case MESSAGE_RESTART:
		case MESSAGE_DEPLOY:
			break; /* message_receive() lets none of them pass. */
		}
	pthread_mutex_unlock(&worker->lock);
}

/* Takes a message of the parent.  Returns false if there is no parent any more.
 */
static bool worker_receive(struct worker *worker)
{
	static struct message message;

	switch (message_receive(worker->link->channel, MESSAGE_FROM_PARENT,
				&message)) {
	case MESSAGE_GOOD:
		worker_take_message(worker, &message);
		return true;
	case MESSAGE_NONE:
		return true;
	case MESSAGE_BAD:
	case MESSAGE_CLOSED:
		break;
	}
	return false;
}

/* Tells if both threads have come round since the last report.  One that is
 * not there yet, or any more, holds nothing up. */
static bool worker_is_responsive(struct worker *worker)
{
	bool is_responsive = true;

	pthread_mutex_lock(&worker->lock);
	if (worker->engine != NULL)
		is_responsive = scep_is_responsive(worker->engine);
	if (worker->agent != NULL)
		is_responsive =
		    agent_is_responsive(worker->agent) && is_responsive;
	pthread_mutex_unlock(&worker->lock);
	return is_responsive;
}

static void worker_report_alive(struct worker *worker)
{
	int interval = worker->link->alive_interval;

	if (command_now() - worker->reported_at < interval)
		return;
	worker->reported_at = command_now();
	if (worker_is_responsive(worker))
		message_send_kind(worker->link->channel, MESSAGE_ALIVE);
}

/* Begins to hear the parent when there is an engine: an engine that opens asks
 * already, and an answer may come before its owner has it. */
static bool worker_hear(struct worker *worker)
{
	if (worker->hears_parent)
		return worker_receive(worker);
	worker->hears_parent = true;
	return true;
}

/* Waits for the next event.  Returns true if the process is to stop. */
static bool worker_iterate(struct worker *worker)
{
	struct pollfd polled[] = {
	    {.fd = worker->signals, .events = POLLIN},
	    {.fd =
		 worker->hears_parent ? worker->link->channel : worker->opened,
	     .events = POLLIN},
	    {.fd = worker->loop_ended, .events = POLLIN},
	};

	if (poll(polled, 3, worker->link->alive_interval) < 0)
		return errno != EINTR;
	worker_report_alive(worker);
	if (polled[0].revents != 0 && take_signal(worker))
		return true;
	if (polled[1].revents != 0 && !worker_hear(worker))
		return true;
	return polled[2].revents != 0;
}

static bool event_comes(int event, int patience)
{
	struct pollfd polled = {.fd = event, .events = POLLIN};
	int result;

	do
		result = poll(&polled, 1, patience);
	while (result < 0 && errno == EINTR);
	return result > 0;
}

/* Stops the SNMP thread.  Returns false if it hangs in the library. */
static bool worker_stop(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->is_stopping = true;
	if (worker->agent != NULL)
		agent_stop(worker->agent);
	pthread_mutex_unlock(&worker->lock);
	if (!event_comes(worker->loop_ended, LOOP_PATIENCE) ||
	    !event_comes(worker->all_closed, END_PATIENCE))
		return false;
	pthread_join(worker->thread, NULL);
	return true;
}

/* glibc reserves 64 MB of addresses for each thread that allocates, up to eight
 * for each processor.  The threads here allocate little at a time. */
static void limit_arenas(void)
{
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, ARENAS);
#endif
}

int worker_run(const struct worker_setup *setup, const struct parent_link *link)
{
	static struct worker worker = {.lock = PTHREAD_MUTEX_INITIALIZER};

	limit_arenas();
	worker.setup = setup;
	worker.link = link;
	if (!worker_start(&worker))
		return PARENT_EXIT_CANNOT_START;
	while (!worker_iterate(&worker))
		continue;
	/*
	 * All that the engine has confirmed is on disk.  A thread that hangs is
	 * left as it is, with all that it uses: the process ends with _exit().
	 */
	if (!worker_stop(&worker))
		return PARENT_EXIT_STOPPED;
	return worker.exit;
}
