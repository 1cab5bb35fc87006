/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the instance that an object identifier names, or the next one in
 * lexicographic order: objects by binary search in the array, rows by binary
 * search in the view.  No step looks at all rows.
 *
 * Arcs are those below the root of the MIB.  Knows of Net-SNMP no more than the
 * type of an arc.
 */
#ifndef SUBAGENT_SNMP_FIND_H
#define SUBAGENT_SNMP_FIND_H

#include "subagent/snmp/derived.h"
#include "subagent/snmp/objects.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/types.h>

/* An instance: an object, and the row of the view that has its member. */
struct instance {
	const struct object *object;
	uint32_t index;	 /* of the row; 0 for scalars */
	const void *row; /* borrowed; NULL after find_named() */
};

/* An object's own arcs and the index, or 0 of a scalar. */
#define INSTANCE_ARCS (OBJECT_ARCS + 1)

enum find_outcome {
	FIND_INSTANCE,	  /* found */
	FIND_NO_OBJECT,	  /* no accessible object has that name */
	FIND_NO_INSTANCE, /* the object is there, but not this instance of it */
};

/* Finds the instance that a GET names. */
enum find_outcome find_exact(const struct read_context *context, const oid *arc,
			     size_t count, struct instance *instance);

/*
 * Finds the instance that a GETNEXT asks for: the first one after that name,
 * or, if `is_inclusive`, the one of that name.  Returns false if there is none.
 */
bool find_next(const struct read_context *context, const oid *arc, size_t count,
	       bool is_inclusive, struct instance *instance);

/*
 * Finds the instance that a Set names; its row need not be there.  Returns
 * FIND_NO_INSTANCE if the rest of the name is no index of that table, or is not
 * 0 for a scalar.  Sets `instance->object` except with FIND_NO_OBJECT, even if
 * the object is an index, which is not accessible.
 */
enum find_outcome find_named(const oid *arc, size_t count,
			     struct instance *instance);

/* Writes the arcs of an instance; returns how many. */
size_t find_arcs(const struct instance *instance, oid arc[INSTANCE_ARCS]);

#endif
