/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Set: all its variable bindings become one change of the engine, which is
 * judged and made as a whole.
 *
 * - RESERVE1 judges each by itself, here and nowhere else: is there such an
 *   object, can it be written, its type, length, range and text.
 * - RESERVE2 judges all together on the published view: scep_change_check().
 * - ACTION, scep_change_apply(): the engine judges all together on its own
 *   state, which may have changed; the change is on disk when it returns.
 * - COMMIT, scep_change_confirm(): it cannot fail.
 * - UNDO, scep_change_revert(): also comes after an ACTION that failed.
 * - FREE: nothing was done.
 *
 * The library calls these in turn for one PDU.  If the master dies between
 * ACTION and COMMIT, it calls nothing more, and the engine keeps what is on
 * disk.  Knows no object by name.
 */
#ifndef SUBAGENT_SNMP_SET_H
#define SUBAGENT_SNMP_SET_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "scep/rows.h"

struct scep_engine;
struct sets;

/* Returns owned, or NULL if memory is short.  Borrows the engine. */
struct sets *sets_open(struct scep_engine *engine);
/* To be called when no more PDUs are processed.  NULL is fine. */
void sets_close(struct sets *sets);

/* Handles requests in the modes of a Set. */
void sets_handle(struct sets *sets, netsnmp_agent_request_info *request_info,
		 netsnmp_request_info *requests);

/* Returns how many Sets were refused. */
uint32_t sets_refusals(const struct sets *sets);
/* Returns the rows of scepRefusalTable; borrows. */
struct scep_rows sets_refusal_rows(struct sets *sets);
/* Logs how many refusals were not logged, once their time is over. */
void sets_settle(struct sets *sets);
/* Cleanses the values of all Sets that have not ended, and makes none of them:
 * the session with the master is gone. */
void sets_forget(struct sets *sets);

#endif
