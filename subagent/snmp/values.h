/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a variable binding and a member of a row: one pair of functions for
 * each syntax.  Values that come in are judged by type, then length, then
 * range, before anything is made of them; strings have no NUL at their end.
 *
 * Knows how things are encoded, and no object by name.  What goes with other
 * values, and what a text may say, is for the engine to judge.
 */
#ifndef SUBAGENT_SNMP_VALUES_H
#define SUBAGENT_SNMP_VALUES_H

#include "scep/octets.h"
#include "subagent/snmp/find.h"

struct scep_value;

/* A value as it goes out. */
struct value {
	unsigned char type; /* ASN_INTEGER and so on */
	unsigned char octets[SCEP_TEXT255];
	long number;
	size_t length; /* of `octets`; unused for numbers */
	bool is_octets;
};

/* Reads an instance.  A secret is an empty string, always. */
void values_read(const struct read_context *context,
		 const struct instance *instance, struct value *value);

/*
 * Takes over what a manager wrote.  `data` is as Net-SNMP holds it: a long
 * for numbers, else `length` octets.  Returns SNMP_ERR_NOERROR, or wrongType,
 * wrongLength or wrongValue; then `*value` is empty.
 */
int values_write(const struct object *object, unsigned char type,
		 const void *data, size_t length, struct scep_value *value);

#endif
