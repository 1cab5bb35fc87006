/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications: events of the engine become SNMPv2 notifications, which the
 * master sends on to its sinks.  For the SNMP thread alone.
 *
 * What they carry stands in trap_table.h, which of them go and how fast in
 * trap_queue.h.  Without a session to a master nothing is sent; what comes
 * waits, and goes out when there is one again.
 */
#ifndef SUBAGENT_SNMP_TRAPS_H
#define SUBAGENT_SNMP_TRAPS_H

#include "subagent/snmp/answer.h"

struct traps;

/* Returns owned traps over an engine (borrowed), NULL if memory is short. */
struct traps *traps_open(struct scep_engine *engine);
/* Drops what waits; the engine may be closed by now.  NULL is fine. */
void traps_close(struct traps *traps);

/* An event has come; takes its row.  Sends nothing. */
void traps_put(struct traps *traps, const struct scep_event *event);
/*
 * Sends what the pace allows now, and has the library's loop turn when there
 * is more to be sent.  Not to be called from within the library.
 */
void traps_send(struct traps *traps, const struct answer_facts *facts);

#endif
