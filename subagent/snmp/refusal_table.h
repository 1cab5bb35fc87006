/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of scepRefusalTable: the last refusals of Sets, whatever the log's
 * limiter lets pass.  They are in memory only.  Knows no protocol and no
 * values.
 */
#ifndef SUBAGENT_SNMP_REFUSAL_TABLE_H
#define SUBAGENT_SNMP_REFUSAL_TABLE_H

#include <stdint.h>

#include "scep/octets.h"
#include "scep/rows.h"

#define REFUSAL_ROWS 16

struct refusal_row {
	uint32_t index; /* from 1; the latest refusal has the highest */
	int64_t time;	/* seconds since 1970 */
	char object[SCEP_TEXT64];
	uint32_t error; /* SNMP_ERR_... */
	char reason[SCEP_TEXT255];
};

/* All zero to begin with. */
struct refusal_table {
	struct refusal_row slots[REFUSAL_ROWS];
	void *order[REFUSAL_ROWS]; /* the used slots, the oldest first */
	uint32_t count;
};

/* Adds a row, with texts of ASCII.  The oldest one goes when there are
 * REFUSAL_ROWS. */
void refusal_table_add(struct refusal_table *table, const char *object,
		       int error, const char *reason, int64_t now);
/* Returns the rows as a set that borrows the table. */
struct scep_rows refusal_table_rows(struct refusal_table *table);

#endif
