/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a snapshot to a JSON file, and back: the only place that knows JSON.  A
 * file is judged as a whole before anything is made of it; a fault is named by
 * its place in the file, and no value of the file is repeated.  Knows no SNMP
 * and no files on the disk.
 */
#ifndef CTL_DOCUMENT_H
#define CTL_DOCUMENT_H

#include "ctl/reason.h"
#include "ctl/snapshot.h"

/* The number of the form of the file, counted up when it changes. */
#define DOCUMENT_FORMAT 1
/* Sixty-four profiles with all values at their longest take half of it. */
#define DOCUMENT_MAX (1024 * 1024)

/* Reads the text of a file into a snapshot.  Returns false with the reason if
 * it is not a good one; then the snapshot is empty. */
bool document_read(const char *text, size_t length, struct snapshot *snapshot,
		   struct reason *reason);

/* Returns the text of the file, owned: free() it.  `version` is that of the
 * agent, for people.  Returns NULL with the reason if a value cannot be
 * written.
 */
char *document_write(const struct snapshot *snapshot, const char *version,
		     struct reason *reason);

#endif
