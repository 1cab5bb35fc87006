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

/* As mibs/generate-root has it: an identifier has 128 arcs at the most. */
#define VARBIND_ROOT_ARCS 122
#define VARBIND_ROOT_TEXT (VARBIND_ROOT_ARCS * 11)
#define VARBIND_ARCS	  (VARBIND_ROOT_ARCS + OBJECT_ARCS + 1)

/* The value of a variable binding. */
struct varbind_value {
	unsigned char type;
	long number; /* of types that are no string */
	size_t length;
	unsigned char octets[SCEP_TEXT255];
	bool is_octets;
};

/* Says where the MIB of the devices is, if not where this program was built
 * for: "1.3.6.1.4.1.99999.1".  Returns false if that is no object identifier.
 */
bool varbind_set_root(const char *text);
void varbind_print_root(char text[VARBIND_ROOT_TEXT]);

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
