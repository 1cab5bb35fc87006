/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of keys and certificates: places, indexes, and the files
 * behind the rows.  Knows no protocol.
 */
#ifndef SCEP_KEYS_REGISTRY_H
#define SCEP_KEYS_REGISTRY_H

#include "scep/state/txn.h"
#include "scep/state/state.h"

/* Whether the key of that request may be registered: places that other open
 * requests hold count, and what DeleteOldKey will take away for it does not
 * (MIB, rule 13). */
bool registry_has_room(struct state *state, const struct record *wanted);
/* A free index, 1..65535, never one that something refers to; 0 if none. */
uint32_t registry_next_index(struct state *state);
/* Removes files that neither a row nor an open request refers to; while a Set
 * is open, it only notes that this is due at the end of the Set. */
void registry_sweep(struct state *state);
/* Marks the rows whose files are missing or do not fit. */
void registry_verify(struct state *state);

#endif
