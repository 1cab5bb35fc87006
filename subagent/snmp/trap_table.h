/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notifications of SCEP-CLIENT-MIB as data: which event of the engine
 * becomes which of them, and what it carries.  The values are found as a GET
 * finds them (objects.h, find.h), but for rows: those are as they were when the
 * event came, as they may be gone since.
 *
 * Knows no protocol: arcs are relative to the root of the MIB.
 */
#ifndef SUBAGENT_SNMP_TRAP_TABLE_H
#define SUBAGENT_SNMP_TRAP_TABLE_H

#include "subagent/snmp/find.h"

#define TRAP_OBJECTS 8

struct trap {
	enum scep_event_kind kind;
	const char *name;
	uint32_t arc;			  /* 0.arc below the root */
	const char *object[TRAP_OBJECTS]; /* names; NULL at the end */
};

extern const struct trap traps_known[];
extern const size_t traps_known_count;

/* NULL if an event of this kind is no notification. */
const struct trap *trap_find(enum scep_event_kind kind);

/*
 * Names the instances that a notification about `event` carries, in the order
 * of the MIB; returns how many.  0 if the row is missing: then there is nothing
 * to tell.  They borrow from the sight and the event.
 */
size_t trap_instances(const struct trap *trap, const struct reading *reading,
		      const struct scep_event *event,
		      struct instance instances[TRAP_OBJECTS]);

#endif
