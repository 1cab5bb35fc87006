/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an object identifier to an instance: the one that it names, or the
 * next one in lexicographic order.  Objects are found by binary search in the
 * array, rows by binary search in the view; no step looks at all rows.
 *
 * Arcs are those below the root of the MIB.  Of Net-SNMP this knows the type
 * of an arc and nothing else.
 */
#ifndef SUBAGENT_SNMP_FIND_H
#define SUBAGENT_SNMP_FIND_H

#include "subagent/snmp/derived.h"
#include "subagent/snmp/objects.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/types.h>

/* One variable: an object, and where its member is in the view (borrowed). */
struct instance {
	const struct object *object;
	uint32_t index;	 /* of the row; 0 for scalars */
	const void *row; /* NULL if only named (find_named) */
};

/* An object's own arcs and the index, or 0 of a scalar. */
#define INSTANCE_ARCS (OBJECT_ARCS + 1)

enum find_outcome {
	FIND_INSTANCE,	  /* found */
	FIND_NO_OBJECT,	  /* no accessible object has that name */
	FIND_NO_INSTANCE, /* the object is there, but not this instance of it */
};

/* What a GET asks for. */
enum find_outcome find_exact(const struct read_context *context, const oid *arc,
			     size_t count, struct instance *instance);

/*
 * What a GETNEXT asks for: the first instance after that name, or, if
 * `is_inclusive`, the one of that name.  Returns false if there is none.
 */
bool find_next(const struct read_context *context, const oid *arc, size_t count,
	       bool is_inclusive, struct instance *instance);

/*
 * What a SET names, whether the row is there or not.  FIND_NO_INSTANCE if the
 * rest of the name is not an index of that table, or not 0 for a scalar; then
 * and with FIND_INSTANCE `instance->object` is set, even if it is an index,
 * which is not accessible.
 */
enum find_outcome find_named(const oid *arc, size_t count,
			     struct instance *instance);

/* Writes the arcs of an instance; returns how many. */
size_t find_arcs(const struct instance *instance, oid arc[INSTANCE_ARCS]);

#endif
