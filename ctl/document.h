/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sheet as a JSON file, and back: the only place that knows JSON.  What comes
 * in is judged whole before anything is made of it; what is wrong is named by
 * its place in the file, and no value of it is repeated.  Knows no SNMP and no
 * files.
 */
#ifndef CTL_DOCUMENT_H
#define CTL_DOCUMENT_H

#include "ctl/snapshot.h"

/* The number of the form of the file, counted up when it changes. */
#define DOCUMENT_FORMAT 1
/* Sixty-four profiles with all values at their longest take half of it. */
#define DOCUMENT_MAX	(1024 * 1024)
#define DOCUMENT_REASON 300

/* Reads a file into a sheet.  Returns false with the reason if it is none, or
 * not a good one; then the sheet is empty. */
bool document_read(const char *text, size_t length, struct snapshot *snapshot,
		   char reason[DOCUMENT_REASON]);

/* Returns the text of the file, owned: free() it.  `version` is that of the
 * agent, for people.  NULL with the reason if a value cannot be written. */
char *document_write(const struct snapshot *snapshot, const char *version,
		     char reason[DOCUMENT_REASON]);

#endif
