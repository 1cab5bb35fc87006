/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of settings on the disk: read with a limit, written whole or not at
 * all.  Knows nothing of what is in them.
 */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#define OUTPUT_REASON 300

/* Reads a file, or standard input if the path is "-", of at most `most`
 * octets.  Returns the content, owned, or NULL with the reason. */
char *output_read(const char *path, size_t most, size_t *length,
		  char reason[OUTPUT_REASON]);

/*
 * Writes a file with mode 0600: beside it, synced, renamed, the folder synced.
 * What is there and is no regular file (a terminal, a pipe) is written to.
 */
bool output_write(const char *path, const char *text,
		  char reason[OUTPUT_REASON]);

#endif
