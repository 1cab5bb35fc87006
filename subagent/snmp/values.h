/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converts between variable bindings and members of rows: one pair of functions
 * for each syntax.  Judges a value that comes in by type, then length, then
 * range, before it is used; strings have no NUL at their end.
 *
 * Knows the encoding, and no object by name.  The engine judges texts, and
 * values that depend on others.
 */
#ifndef SUBAGENT_SNMP_VALUES_H
#define SUBAGENT_SNMP_VALUES_H

#include "scep/octets.h"
#include "subagent/snmp/find.h"

struct scep_value;

/* A value that goes out. */
struct value {
	unsigned char type; /* ASN_INTEGER and so on */
	unsigned char octets[SCEP_TEXT255];
	long number;
	size_t length; /* of `octets`; unused for numbers */
	bool is_octets;
};

/* Reads an instance.  A secret always reads as an empty string. */
void values_read(const struct read_context *context,
		 const struct instance *instance, struct value *value);

/*
 * Takes a value that a manager has written.  `data` is as Net-SNMP holds it: a
 * long for numbers, else `length` octets.  Returns SNMP_ERR_NOERROR, or
 * wrongType, wrongLength or wrongValue; then `*value` is empty.
 */
int values_write(const struct object *object, unsigned char type,
		 const void *data, size_t length, struct scep_value *value);

#define VALUES_REASON 160 /* octets, with the NUL */
/* Writes what the object takes, as the reason for the error that values_write()
 * has returned. */
void values_reason(const struct object *object, int error,
		   char reason[VALUES_REASON]);

#endif
