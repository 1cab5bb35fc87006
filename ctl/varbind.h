/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects and their values as variable bindings carry them.  Knows Net-SNMP's
 * types of identifiers and octets, and no session.
 */
#ifndef CTL_VARBIND_H
#define CTL_VARBIND_H

#include "scep/change.h"
#include "scep/octets.h"
#include "subagent/snmp/objects.h"
#include "mibs/scep_root.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/types.h>

#define VARBIND_ARCS (SCEP_ROOT_LENGTH + OBJECT_ARCS + 1)

/* The value of a variable binding. */
struct varbind_value {
	unsigned char type;
	long number; /* of types that are no string */
	size_t length;
	unsigned char octets[SCEP_TEXT255];
	bool is_octets;
};

/* Returns the object of that name; there must be one. */
const struct object *varbind_object(const char *name);
/* Writes the identifier of an instance, or of the object itself if `index` is
 * VARBIND_NO_INDEX; returns how many arcs. */
#define VARBIND_NO_INDEX UINT32_MAX
size_t varbind_name(const struct object *object, uint32_t index,
		    oid name[VARBIND_ARCS]);

void varbind_encode(const struct object *object, const struct scep_value *value,
		    struct varbind_value *encoded);
/* Reads a value; `data` is as Net-SNMP holds it.  Returns false if it is no
 * value of the object's type. */
bool varbind_decode(const struct object *object, unsigned char type,
		    const void *data, size_t length, struct scep_value *value);

/* Returns how many octets a variable binding takes in a message of AgentX,
 * which is the longer one of the two on its way. */
size_t varbind_size(enum scep_field field, const struct scep_value *value);

#endif
