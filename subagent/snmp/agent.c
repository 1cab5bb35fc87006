/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/agent.h"

#include "subagent/snmp/answer.h"
#include "subagent/snmp/event_queue.h"
#include "subagent/snmp/loopback.h"
#include "subagent/snmp/master_probe.h"
#include "subagent/snmp/registration.h"
#include "subagent/snmp/set.h"
#include "subagent/snmp/traps.h"
#include "subagent/snmp/unblock_timer.h"
#include "subagent/system/daemon_log.h"

#include "scep/codes.h"
#include "scep/event.h"

#include <net-snmp/agent/agent_callbacks.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define APPLICATION "scepagentd"

/*
 * The library waits for the master's answers in its thread.  A session gives up
 * soon and is opened again soon, so that a master that hangs delays little.
 */
#define MASTER_TIMEOUT_US 300000L
#define MASTER_RETRIES	  0
#define PING_INTERVAL	  1 /* seconds; also between attempts to connect */

/* The longest wait in connect(), which has no time-out of its own. */
#define UNBLOCK_MS	400
#define UNBLOCK_STOP_MS 100 /* once the agent is to stop */

struct agent {
	const char *version; /* borrowed */
	struct scep_watcher watcher;
	struct scep_engine *engine; /* borrowed */
	struct event_queue *queue;
	struct unblock_timer unblock_timer;
	struct loopback loopback;
	struct sets *sets;
	struct traps *traps; /* NULL: no more notifications are sent */
	struct registration registration;
	struct master_report report;
	pthread_t thread;
	atomic_bool is_stopping;
	atomic_uint pings, pongs; /* agent_is_responsive() */
	atomic_bool is_running;
	bool has_failed; /* the engine gave up */
	bool is_connected;
};

/* ------------------------------------------- log and events of the engine --
 */

static int log_priority(enum scep_log_level level)
{
	switch (level) {
	case SCEP_LOG_ERROR:
		return LOG_ERR;
	case SCEP_LOG_WARNING:
		return LOG_WARNING;
	case SCEP_LOG_NOTICE:
		return LOG_NOTICE;
	case SCEP_LOG_INFO:
		break;
	}
	return LOG_INFO;
}

/* Passes a line on: only the SNMP thread may use the library's log. */
static void watch_log(void *context, enum scep_log_level level,
		      const char *line)
{
	struct agent *agent = context;

	if (pthread_equal(pthread_self(), agent->thread))
		daemon_log(log_priority(level), "%s", line);
	else
		event_queue_put_line(agent->queue, level, line);
}

static void watch_event(void *context, const struct scep_event *event)
{
	struct agent *agent = context;

	event_queue_put_event(agent->queue, event);
}

/* Handles an event, and takes its row. */
static void event_handle(struct agent *agent, const struct scep_event *event)
{
	if (event->kind == SCEP_EVENT_FATAL)
		agent->has_failed = true;
	if (agent->traps)
		traps_put(agent->traps, event);
	else
		scep_row_release(event->row);
}

/* Logs and handles all that the engine's threads have queued. */
static void queue_flush(struct agent *agent)
{
	struct event_queue_item item;
	unsigned dropped;

	event_queue_rest(agent->queue);
	while (event_queue_take(agent->queue, &item)) {
		if (item.is_event)
			event_handle(agent, &item.event);
		else
			daemon_log(log_priority(item.level), "%s", item.line);
		free(item.line);
	}
	dropped = event_queue_dropped(agent->queue);
	if (dropped)
		daemon_log(LOG_WARNING, "%u log lines or events were dropped",
			   dropped);
}

static void queue_ready(int descriptor, void *data)
{
	(void)descriptor;
	queue_flush(data);
}

/* ------------------------------------------------- sessions to a master -- */

/* SNMP_CALLBACK_SESSION_INIT: prepares every session of this process. */
static int session_init(int major, int minor, void *server, void *client)
{
	netsnmp_session *session = server;

	(void)major;
	(void)minor;
	(void)client;
	if (session) {
		session->timeout = MASTER_TIMEOUT_US;
		session->retries = MASTER_RETRIES;
	}
	return SNMPERR_SUCCESS;
}

/* SNMPD_CALLBACK_INDEX_START: a session to the master is open. */
static int session_start(int major, int minor, void *server, void *client)
{
	struct session_list *list = snmp_sess_pointer(server);
	netsnmp_transport *transport = list ? snmp_sess_transport(list) : NULL;
	struct agent *agent = client;
	int flags;

	(void)major;
	(void)minor;
	agent->is_connected = true;
	unblock_timer_every(&agent->unblock_timer, 0);
	if (!transport || transport->sock < 0)
		return SNMPERR_SUCCESS;
	/* A write to a master that does not read must not block for ever. */
	flags = fcntl(transport->sock, F_GETFL);
	if (flags >= 0)
		fcntl(transport->sock, F_SETFL, flags | O_NONBLOCK);
	return SNMPERR_SUCCESS;
}

/* SNMPD_CALLBACK_INDEX_STOP: the session is gone, and no phase of a Set will
 * come. */
static int session_stop(int major, int minor, void *server, void *client)
{
	struct agent *agent = client;

	(void)major;
	(void)minor;
	(void)server;
	agent->is_connected = false;
	unblock_timer_every(&agent->unblock_timer, UNBLOCK_MS);
	if (agent->sets)
		sets_forget(agent->sets);
	return SNMPERR_SUCCESS;
}

/* ------------------------------------------------------------ the start -- */

/* A master that dies in the middle of an answer must not end this process. */
static void ignore_broken_pipes(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGPIPE, &ignore, NULL);
}

/* Sets up the library, before and after init_agent(). */
static void library_open(struct agent *agent)
{
	/* MIB files are not needed, and take longer than the rest of the
	 * start. */
	setenv("MIBS", "", 1);
	/* The library's own state is not needed, and is written with a sync for
	 * every line. */
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
			       NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE,
			       1);
	/* agent_start() logs one line instead of one for every attempt. */
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID,
			       NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
	snmp_register_callback(SNMP_CALLBACK_LIBRARY,
			       SNMP_CALLBACK_SESSION_INIT, session_init, NULL);
	init_agent(APPLICATION);
	/* init_agent() sets 15 s.  agentXPingInterval of the configuration is
	 * read later, and counts. */
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID,
			   NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL,
			   PING_INTERVAL);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION,
			       SNMPD_CALLBACK_INDEX_START, session_start,
			       agent);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION,
			       SNMPD_CALLBACK_INDEX_STOP, session_stop, agent);
}

static void library_close(struct agent *agent)
{
	/* The library would free a callback that is still registered at the
	 * end, and its argument too. */
	snmp_unregister_callback(SNMP_CALLBACK_APPLICATION,
				 SNMPD_CALLBACK_INDEX_START, session_start,
				 agent, 1);
	snmp_unregister_callback(SNMP_CALLBACK_APPLICATION,
				 SNMPD_CALLBACK_INDEX_STOP, session_stop, agent,
				 1);
	snmp_shutdown(APPLICATION);
	shutdown_agent();
}

int agent_open(const char *version, struct agent **agent)
{
	struct agent *opened = calloc(1, sizeof(*opened));
	int error;

	*agent = NULL;
	if (!opened)
		return -1;
	opened->version = version;
	opened->watcher = (struct scep_watcher){opened, watch_event, watch_log};
	opened->thread = pthread_self();
	opened->queue = event_queue_open();
	if (!opened->queue || unblock_timer_open(&opened->unblock_timer) != 0) {
		error = errno;
		event_queue_close(opened->queue);
		free(opened);
		errno = error;
		return -1;
	}
	ignore_broken_pipes();
	library_open(opened);
	*agent = opened;
	return 0;
}

const struct scep_watcher *agent_watcher(const struct agent *agent)
{
	return &agent->watcher;
}

static struct answer_facts facts_of(const struct agent *agent)
{
	return (struct answer_facts){
	    .version = agent->version,
	    .refusals = sets_refusals(agent->sets),
	    .refusal_rows = sets_refusal_rows(agent->sets),
	};
}

/*
 * Answers requests without an engine.  While a session is closed, the library
 * waits for the master's answer and serves requests that come before it; there
 * is nothing to read then, and nothing can be changed or taken back.
 */
static void requests_decline(int mode, netsnmp_request_info *requests)
{
	switch (mode) {
	case MODE_GET:
		for (; requests; requests = requests->next)
			netsnmp_request_set_error(requests, SNMP_NOSUCHOBJECT);
		break;
	case MODE_SET_RESERVE1:
	case MODE_SET_RESERVE2:
		netsnmp_request_set_error(requests,
					  SNMP_ERR_RESOURCEUNAVAILABLE);
		break;
	case MODE_SET_ACTION:
		netsnmp_request_set_error(requests, SNMP_ERR_COMMITFAILED);
		break;
	case MODE_SET_UNDO:
		netsnmp_request_set_error(requests, SNMP_ERR_UNDOFAILED);
		break;
	}
}

/* Handles all requests below the objects of the root. */
static int requests_handle(netsnmp_mib_handler *handler,
			   netsnmp_handler_registration *registration,
			   netsnmp_agent_request_info *request_info,
			   netsnmp_request_info *requests)
{
	struct agent *agent = registration->my_reg_void;

	(void)handler;
	if (!agent->engine) {
		requests_decline(request_info->mode, requests);
	} else if (request_info->mode == MODE_GET ||
		   request_info->mode == MODE_GETNEXT) {
		struct answer_facts facts = facts_of(agent);

		answer_handle(agent->engine, &facts, request_info->mode,
			      requests);
	} else {
		sets_handle(agent->sets, request_info, requests);
	}
	return SNMP_ERR_NOERROR;
}

static const char *master_address(void)
{
	return netsnmp_ds_get_string(NETSNMP_DS_APPLICATION_ID,
				     NETSNMP_DS_AGENT_X_SOCKET);
}

/* Logs that a master has the objects of another scepagentd, if it said so. */
static bool log_refused_registration(struct agent *agent)
{
	if (!registration_take_refusal(&agent->registration))
		return false;
	daemon_log(LOG_ERR, "The AgentX master has the objects of another "
			    "scepagentd: end that one, or use another master");
	return true;
}

void agent_tell_master(struct agent *agent,
		       void (*tell)(void *context, const char *text),
		       void *context)
{
	agent->report.tell = tell;
	agent->report.context = context;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int agent_start(struct agent *agent, struct scep_engine *engine)
{
	agent->engine = engine;
	agent->sets = sets_open(engine);
	agent->traps = traps_open(engine);
	if (!agent->sets || !agent->traps)
		goto out;
	if (register_readfd(event_queue_descriptor(agent->queue), queue_ready,
			    agent) != FD_REGISTERED_OK)
		goto out;
	/* The master may hang. */
	unblock_timer_every(&agent->unblock_timer, UNBLOCK_MS);
	init_snmp(APPLICATION);
	loopback_open(&agent->loopback);
	if (!registration_open(&agent->registration, requests_handle, agent))
		goto out;
	if (log_refused_registration(agent))
		return -1;
	master_report_tick(&agent->report, master_address(),
			   agent->is_connected, now_ms());
	return 0;
out:
	daemon_log(LOG_ERR, "The MIB could not be registered");
	return -1;
}

/* ------------------------------------------------------ loop and end -- */

/* Sends notifications.  Not part of queue_flush(), which is also called while
 * the library waits. */
static void notifications_send(struct agent *agent)
{
	struct answer_facts facts = facts_of(agent);

	if (agent->is_connected)
		traps_send(agent->traps, &facts);
}

int agent_run(struct agent *agent)
{
	/* From now on it has to come round, and this has it do so at once. */
	agent->pings++;
	agent->is_running = true;
	event_queue_wake(agent->queue);
	while (!agent->is_stopping && !agent->has_failed) {
		agent_check_and_process(1);
		loopback_drain(&agent->loopback);
		agent->pongs = agent->pings;
		/* Some may have come while the library waited. */
		queue_flush(agent);
		log_refused_registration(agent);
		master_report_tick(&agent->report, master_address(),
				   agent->is_connected, now_ms());
		notifications_send(agent);
		sets_settle(agent->sets);
	}
	return agent->has_failed ? -1 : 0;
}

bool agent_is_responsive(struct agent *agent)
{
	if (!agent->is_running)
		return true;
	if (agent->pongs != agent->pings)
		return false;
	agent->pings++;
	event_queue_wake(agent->queue);
	return true;
}

void agent_stop(struct agent *agent)
{
	agent->is_stopping = true;
	unblock_timer_every(&agent->unblock_timer, UNBLOCK_STOP_MS);
	event_queue_wake(agent->queue);
}

void agent_close(struct agent *agent)
{
	if (!agent)
		return;
	unregister_readfd(event_queue_descriptor(agent->queue));
	/* The engine is closed. */
	agent->engine = NULL;
	traps_close(agent->traps);
	agent->traps = NULL;
	queue_flush(agent);
	registration_close(&agent->registration);
	library_close(agent);
	unblock_timer_close(&agent->unblock_timer);
	sets_close(agent->sets);
	event_queue_close(agent->queue);
	free(agent);
}
