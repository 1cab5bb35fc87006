/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/session.h"

#include "ctl/tasks.h"

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/library/large_fd_set.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a task waits for. */
struct waiting {
	struct task *task;
	netsnmp_pdu *response; /* owned */
	int error;	       /* SNMPERR_... */
	bool is_over;
};

struct session {
	struct session *next; /* of all that there are */
	netsnmp_session base;
	void *handle; /* NULL while it is closed */
	struct waiting *waiting;
	unsigned char *engine; /* owned; of the agent, once it is known */
	size_t engine_length;
};

static struct session *sessions;

struct session *session_new(const struct login *login, const char *agent)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->base = login->base;
	session->base.peername = (char *)agent;
	session->next = sessions;
	sessions = session;
	return session;
}

void session_reset(struct session *session)
{
	if (session->handle)
		snmp_sess_close(session->handle);
	session->handle = NULL;
	/* Another agent may have come in its place. */
	free(session->engine);
	session->engine = NULL;
	session->engine_length = 0;
}

void session_free(struct session *session)
{
	struct session **at = &sessions;

	if (!session)
		return;
	while (*at != session)
		at = &(*at)->next;
	*at = session->next;
	session_reset(session);
	explicit_bzero(session, sizeof(*session));
	free(session);
}

const char *session_agent(const struct session *session)
{
	return session->base.peername;
}

/* --------------------------------------------------------------- waiting -- */

static void end_waiting(struct waiting *waiting, int error)
{
	waiting->error = error;
	waiting->is_over = true;
	task_wake(waiting->task);
}

/* Takes a report: the agent could not read the message.  Returns 0 if the
 * library shall send it again, with the agent's time. */
static int take_report(struct waiting *waiting, netsnmp_pdu *pdu)
{
	int kind = snmpv3_get_report_type(pdu);

	if (kind == SNMPERR_NOT_IN_TIME_WINDOW)
		return 0;
	end_waiting(waiting, kind);
	return 1;
}

static int take_event(int operation, netsnmp_session *live, int request,
		      netsnmp_pdu *pdu, void *context)
{
	struct waiting *waiting = context;

	(void)live;
	(void)request;
	if (waiting->is_over)
		return 1;
	switch (operation) {
	case NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE:
		if (pdu->command == SNMP_MSG_REPORT)
			return take_report(waiting, pdu);
		if (pdu->command == SNMP_MSG_RESPONSE) {
			waiting->response = snmp_clone_pdu(pdu);
			end_waiting(waiting, waiting->response
						 ? SNMPERR_SUCCESS
						 : SNMPERR_MALLOC);
		}
		break;
	case NETSNMP_CALLBACK_OP_TIMED_OUT:
		end_waiting(waiting, SNMPERR_TIMEOUT);
		break;
	case NETSNMP_CALLBACK_OP_DISCONNECT:
	case NETSNMP_CALLBACK_OP_SEND_FAILED:
		end_waiting(waiting, SNMPERR_ABORT);
		break;
	case NETSNMP_CALLBACK_OP_SEC_ERROR:
		end_waiting(waiting, SNMPERR_AUTHENTICATION_FAILURE);
		break;
	default:
		break;
	}
	return 1;
}

/* Sends it and waits; returns an SNMPERR_.  Frees the PDU. */
static int send_and_wait(struct session *session, void *handle,
			 netsnmp_pdu *pdu, netsnmp_pdu **response,
			 int *system_error)
{
	struct waiting waiting = {.task = task_self()};
	int error;

	*system_error = 0;
	if (!snmp_sess_async_send(handle, pdu, take_event, &waiting)) {
		snmp_sess_error(handle, system_error, &error, NULL);
		snmp_free_pdu(pdu);
		return error ? error : SNMPERR_GENERR;
	}
	session->waiting = &waiting;
	while (!waiting.is_over)
		task_await();
	session->waiting = NULL;
	*response = waiting.response;
	return waiting.error;
}

/* --------------------------------------------------------------- opening -- */

/* Asks for the agent's engine: a report answers a message of nobody. */
static netsnmp_pdu *probe_pdu(void)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

	if (!pdu)
		return NULL;
	pdu->version = SNMP_VERSION_3;
	pdu->securityName = strdup("");
	pdu->securityNameLen = 0;
	pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
	pdu->securityModel = SNMP_SEC_MODEL_USM;
	return pdu;
}

/* Takes the engine that the library has learnt from the report. */
static bool keep_engine(struct session *session, void *handle)
{
	const netsnmp_session *live = snmp_sess_session(handle);

	if (live->securityEngineIDLen == 0)
		return false;
	session->engine = malloc(live->securityEngineIDLen);
	if (!session->engine)
		return false;
	memcpy(session->engine, live->securityEngineID,
	       live->securityEngineIDLen);
	session->engine_length = live->securityEngineIDLen;
	return true;
}

static bool has_to_ask(const netsnmp_session *base)
{
	return base->version == SNMP_VERSION_3 &&
	       base->securityEngineIDLen == 0 &&
	       (base->securityModel == SNMP_DEFAULT_SECMODEL ||
		base->securityModel == SNMP_SEC_MODEL_USM);
}

/* Finds out the engine of the agent.  The library would do it itself, and block
 * all other tasks meanwhile. */
static bool learn_engine(struct session *session, struct reason *reason)
{
	netsnmp_session asking = session->base;
	netsnmp_pdu *pdu, *response = NULL;
	int error, system_error = 0;
	bool is_known = false;

	asking.flags |= SNMP_FLAGS_DONT_PROBE;
	asking.securityLevel = SNMP_SEC_LEVEL_NOAUTH;
	session->handle = snmp_sess_open(&asking);
	pdu = session->handle ? probe_pdu() : NULL;
	if (pdu) {
		/* The library forgets the flag when it opens a session. */
		snmp_sess_session(session->handle)->flags |=
		    SNMP_FLAGS_DONT_PROBE;
		error = send_and_wait(session, session->handle, pdu, &response,
				      &system_error);
		if (response)
			snmp_free_pdu(response);
		is_known = keep_engine(session, session->handle);
		if (!is_known)
			reason_set(reason, "%s",
				   error == SNMPERR_TIMEOUT
				       ? "no answer"
				       : snmp_api_errstring(error));
	} else {
		reason_set(reason, "%s",
			   snmp_api_errstring(asking.s_snmp_errno));
	}
	if (session->handle)
		snmp_sess_close(session->handle);
	session->handle = NULL;
	return is_known;
}

static bool session_open(struct session *session, struct reason *reason)
{
	netsnmp_session wanted = session->base;
	char *text = NULL;

	if (session->handle)
		return true;
	if (has_to_ask(&session->base)) {
		if (!session->engine && !learn_engine(session, reason))
			return false;
		wanted.securityEngineID = session->engine;
		wanted.securityEngineIDLen = session->engine_length;
		/* Elsewhere it is the options' own. */
		if (wanted.contextEngineIDLen == 0) {
			wanted.contextEngineID = session->engine;
			wanted.contextEngineIDLen = session->engine_length;
		}
	}
	session->handle = snmp_sess_open(&wanted);
	if (session->handle)
		return true;
	snmp_error(&wanted, NULL, NULL, &text);
	reason_set(reason, "%s", text ? text : "no session");
	free(text);
	return false;
}

/* -------------------------------------------------------------- exchange -- */

/* Sets the session to one try that lasts as long as all tries, and back. */
static void set_patience(void *handle, bool is_once, netsnmp_session *kept)
{
	netsnmp_session *live = snmp_sess_session(handle);

	if (!is_once) {
		live->retries = kept->retries;
		live->timeout = kept->timeout;
		return;
	}
	*kept = *live;
	live->timeout *= live->retries + 1;
	live->retries = 0;
}

static void name_error(int error, int system_error, struct reason *reason)
{
	switch (error) {
	case SNMPERR_TIMEOUT:
		reason_set(reason, "no answer");
		break;
	case SNMPERR_UNKNOWN_USER_NAME:
		reason_set(reason, "the agent does not know the user (-u)");
		break;
	case SNMPERR_AUTHENTICATION_FAILURE:
		reason_set(reason, "authentication failure: the user (-u), the "
				   "passphrases (-A, -X) or the algorithms "
				   "(-a, -x) are not the agent's");
		break;
	default:
		reason_set(reason, "%s%s%s", snmp_api_errstring(error),
			   system_error ? ": " : "",
			   system_error ? strerror(system_error) : "");
		break;
	}
}

enum exchange session_exchange(struct session *session, netsnmp_pdu *pdu,
			       bool is_once, netsnmp_pdu **response,
			       struct reason *reason)
{
	int error, system_error = 0;
	netsnmp_session kept;

	*response = NULL;
	if (!pdu) {
		reason_set(reason, "memory is short");
		return NOT_SENT;
	}
	if (!session_open(session, reason)) {
		snmp_free_pdu(pdu);
		return NO_ANSWER;
	}
	if (is_once)
		set_patience(session->handle, true, &kept);
	error = send_and_wait(session, session->handle, pdu, response,
			      &system_error);
	if (is_once)
		set_patience(session->handle, false, &kept);
	if (error == SNMPERR_SUCCESS)
		return EXCHANGED;
	name_error(error, system_error, reason);
	if (error == SNMPERR_TIMEOUT)
		return NO_ANSWER;
	session_reset(session);
	return error == SNMPERR_TOO_LONG || system_error == EMSGSIZE
		   ? NOT_SENT
		   : NO_ANSWER;
}

/* ------------------------------------------------------------------ poll -- */

/* The library would free a session whose connection is gone. */
static bool is_connected(const struct session *session)
{
	return session->handle &&
	       snmp_sess_transport(session->handle)->sock >= 0;
}

/* Ends the waiting of those whose connection is gone. */
static bool end_lost(void)
{
	bool has_lost = false;

	for (struct session *each = sessions; each; each = each->next)
		if (each->waiting && !each->waiting->is_over &&
		    !is_connected(each)) {
			end_waiting(each->waiting, SNMPERR_ABORT);
			has_lost = true;
		}
	return has_lost;
}

static void handle_input(netsnmp_large_fd_set *readable)
{
	for (struct session *each = sessions; each; each = each->next) {
		if (!each->waiting || !is_connected(each))
			continue;
		snmp_sess_read2(each->handle, readable);
		if (is_connected(each))
			snmp_sess_timeout(each->handle);
	}
}

void session_poll(int milliseconds)
{
	struct timeval time = {milliseconds / 1000, milliseconds % 1000 * 1000};
	netsnmp_large_fd_set readable;
	int block = milliseconds < 0;
	int files = 0;
	int count;

	if (end_lost())
		return;
	netsnmp_large_fd_set_init(&readable, FD_SETSIZE);
	for (struct session *each = sessions; each; each = each->next)
		if (each->waiting && !each->waiting->is_over &&
		    is_connected(each))
			snmp_sess_select_info2(each->handle, &files, &readable,
					       &time, &block);
	count = netsnmp_large_fd_set_select(files, &readable, NULL, NULL,
					    block ? NULL : &time);
	if (count <= 0)
		NETSNMP_LARGE_FD_ZERO(&readable);
	handle_input(&readable);
	netsnmp_large_fd_set_cleanup(&readable);
}
