/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of settings on the disk: read with a limit, written whole or not at
 * all.  Knows nothing of their content.
 */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include "ctl/reason.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads a file, or standard input if the path is "-", of at most `most`
 * octets.  Returns the content, owned, or NULL with the reason. */
char *output_read(const char *path, size_t most, size_t *length,
		  struct reason *reason);

/*
 * Writes a file with mode 0600: beside it, synced, renamed, the folder synced.
 * Writes into what is there and is no regular file (a terminal, a pipe).
 * Returns false with the reason if it fails.
 */
bool output_write(const char *path, const char *text, struct reason *reason);

#endif
