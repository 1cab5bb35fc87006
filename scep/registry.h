/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of keys and certificates: places, indexes, and the files
 * behind the rows.  Knows no protocol.
 */
#ifndef SCEP_REGISTRY_H
#define SCEP_REGISTRY_H

#include "batch.h"
#include "state.h"

/* Whether one more key may be registered; places that open requests hold
 * count, but for the request `except` (MIB, rule 13). */
bool registry_has_room(struct state *state, uint32_t except);
/* A free index, 1..65535, never one that something refers to; 0 if none. */
uint32_t registry_next_index(struct state *state);
/* A fresh name for the files of a key: 32 hexadecimal digits.  False if the
 * random source fails. */
bool registry_new_file_id(char file_id[SCEP_TEXT64]);
/* Removes files that neither a row nor an open request refers to. */
void registry_sweep(struct state *state);
/* Marks the rows whose files are missing or do not fit. */
void registry_verify(struct state *state);

#endif
