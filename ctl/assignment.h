/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME=VALUE words of the command line as settings of the MIB.  Names stand
 * without their prefix, and case is ignored; values are judged as the device
 * judges them, so that a bad one is found before anything is sent.  Knows no
 * SNMP.
 */
#ifndef CTL_ASSIGNMENT_H
#define CTL_ASSIGNMENT_H

#include "ctl/reason.h"
#include "scep/change.h"

#include <stdio.h>

/*
 * Reads a word into an item of the group with that prefix ("scepServer").
 * Returns false with the reason, which does not repeat the value.  Refuses
 * secrets: the arguments of a program are not secret.
 */
bool assignment_read(const char *word, const char *prefix, uint32_t index,
		     struct scep_item *item, struct reason *reason);

/* Prints the names that such words can have: "Url= Port= ...". */
void assignment_list(FILE *stream, const char *prefix);

/* Reads a value of that field: "aes256Cbc", "digitalSignature,keyAgreement",
 * "5A:0E", "2027-01-31 02:00", "now". */
bool assignment_value(enum scep_field field, const char *text,
		      struct scep_value *value, struct reason *reason);

#endif
