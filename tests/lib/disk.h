/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk between the story and its store and files: counts what is written,
 * and refuses some of it.  Works in programs that are linked with
 * WRAP_DISK of tests/sources.am.
 */
#ifndef TESTS_DISK_H
#define TESTS_DISK_H

#include <stdbool.h>

struct disk {
	unsigned int writes;  /* commits, files written, files removed */
	unsigned int last;    /* with the last one allowed; all if 0 */
	unsigned int refused; /* the number of one that is refused */
	bool is_full;	      /* all are refused */
	bool lies; /* the next commit lands and fails; then all is refused */
};

extern struct disk disk;

/* All is well, and nothing is counted yet. */
void disk_reset(void);

#endif
