/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value of one object: compares two, judges whether the object may have it,
 * and writes it for people.  Judges by the rules of the program itself
 * (scep_value_check), so that a bad file is found before anything is sent.
 * Knows no SNMP and no JSON.
 */
#ifndef CTL_VALUE_H
#define CTL_VALUE_H

#include "scep/change.h"

#include "ctl/reason.h"

#include "scep/scep.h"
#include "subagent/snmp/objects.h"

bool value_is_same(enum scep_field field, const struct scep_value *a,
		   const struct scep_value *b);
/* Fills in the default of the MIB. */
void value_preset(enum scep_field field, struct scep_value *value);

/* Returns whether the object may have that value; if not, the reason begins
 * with the object's name and does not repeat the value. */
bool value_judge(enum scep_field field, const struct scep_value *value,
		 struct reason *reason);

/* 255 octets, each as an escape of six characters at most, and quotes. */
#define VALUE_TEXT 1600
/* Writes it for people, with a NUL: 30, aes256Cbc, true, {digitalSignature},
 * "http://ca/", 5A:0E, 2026-03-01T02:00:00Z; a value of no octets is "".
 * Returns the text. */
const char *value_print(enum scep_field field, const struct scep_value *value,
			char text[VALUE_TEXT]);
/* The same for any object, those too that can only be read. */
const char *value_show(const struct object *object,
		       const struct scep_value *value, char text[VALUE_TEXT]);
/* Writes octets as 5A:0E, with a NUL; `text` has 3 for each, or 1 for none. */
void value_print_octets(const unsigned char *octets, size_t length, char *text);

#endif
