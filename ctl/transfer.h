/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `export`, `import` and `diff`: the settings of a device from and to a file,
 * and against those of another device.
 */
#ifndef CTL_TRANSFER_H
#define CTL_TRANSFER_H

#include "ctl/visit.h"

struct snapshot;

/* The word is the file, or there is none: standard output. */
void transfer_export(struct visit *visit);
/* `visit->more` is the snapshot of the file. */
void transfer_import(struct visit *visit);
/* Reads the file of an import.  Returns false with the reason, which names the
 * file. */
bool transfer_read_file(const char *path, struct snapshot *snapshot,
			struct reason *reason);

/* From here on, a signal ends an import, which puts back what it has set. */
void transfer_catch_signals(void);

/* Reads the settings of a device for a comparison into `visit->more`, a struct
 * device_state. */
void transfer_read(struct visit *visit);
/* Prints how the settings of the second differ from those of the first; returns
 * the exit code. */
enum exit_code transfer_compare(struct visit *one, struct visit *other);

#endif
