/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications: events of the engine become SNMPv2 notifications, which the
 * master sends on to its sinks.  A table says which event becomes which
 * notification of SCEP-CLIENT-MIB and what that carries; trap_queue.h decides
 * which of them go, and how fast.  Without a session to a master nothing is
 * sent: events wait until there is one again.
 *
 * For the SNMP thread alone.
 */
#ifndef SUBAGENT_SNMP_TRAPS_H
#define SUBAGENT_SNMP_TRAPS_H

#include "scep/event.h"
#include "subagent/snmp/answer.h"
#include "subagent/snmp/find.h"

struct scep_engine;
struct scep_event;
struct traps;

/* Returns owned traps over an engine (borrowed), NULL if memory is short. */
struct traps *traps_open(struct scep_engine *engine);
/* Drops what waits; the engine may be closed by now.  NULL is fine. */
void traps_close(struct traps *traps);

/* Queues an event, and takes its row.  Sends nothing. */
void traps_put(struct traps *traps, const struct scep_event *event);
/*
 * Sends what the pace allows now, and has the library's loop run again soon if
 * more is to be sent.  Not to be called from within the library.
 */
void traps_send(struct traps *traps, const struct answer_facts *facts);

/* ----------------------------------------------------------- the table -- */

#define TRAP_OBJECTS 8

/* One NOTIFICATION-TYPE of the MIB. */
struct trap {
	enum scep_event_kind kind;
	const char *name;
	uint32_t arc;			  /* 0.arc below the root */
	const char *object[TRAP_OBJECTS]; /* names; NULL at the end */
};

extern const struct trap traps_known[];
extern const size_t traps_known_count;

/* Returns NULL if an event of this kind is no notification. */
const struct trap *trap_find(enum scep_event_kind kind);

/*
 * Names the instances that a notification about `event` carries, in the order
 * of the MIB; returns how many.  Scalars are found as a GET finds them; a row
 * is the one of the event, as it may be gone since.  Returns 0 if that row is
 * missing: there is nothing to notify of then.  Borrows from the context and
 * the event.
 */
size_t trap_instances(const struct trap *trap,
		      const struct read_context *context,
		      const struct scep_event *event,
		      struct instance instances[TRAP_OBJECTS]);

#endif
