/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session with one agent: sends a message and waits for the answer, while the
 * tasks of other agents go on.  Knows no object.
 */
#ifndef CTL_SESSION_H
#define CTL_SESSION_H

#include "ctl/login.h"
#include "ctl/reason.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/types.h>

struct session;

/* Borrows the login and the name of the agent.  Returns NULL if memory is
 * short. */
struct session *session_new(const struct login *login, const char *agent);
void session_free(struct session *session);
/* Closes it; the next exchange opens it anew. */
void session_reset(struct session *session);
const char *session_agent(const struct session *session);

enum exchange { EXCHANGED, NOT_SENT, NO_ANSWER };

/*
 * Sends the PDU, and takes it.  `is_once` asks for one try that lasts as long
 * as all tries.  `*response` is owned, and set only if EXCHANGED.  To be called
 * by a task.
 */
enum exchange session_exchange(struct session *session, netsnmp_pdu *pdu,
			       bool is_once, netsnmp_pdu **response,
			       struct reason *reason);

/* Waits for messages of all sessions: a tasks_poll_fn. */
void session_poll(int milliseconds);

#endif
