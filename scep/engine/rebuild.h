/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry from nothing but its files, when the database that named them
 * is lost: a row for each certificate whose key is there.  Names, use
 * locations and profiles are not in the files and stay empty.
 */
#ifndef SCEP_ENGINE_REBUILD_H
#define SCEP_ENGINE_REBUILD_H

#include "scep/state/txn.h"

/* Whether there is any file of a key. */
bool rebuild_is_needed(struct state *state);
/* Adds the rows to `batch`; leaves every file alone. */
void rebuild_registry(struct state *state, struct txn *txn);

#endif
