/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys made ahead (spareKeys): of each configured length one, so that a
 * request needs not wait for its key.  They lie beside the others under names
 * of their own; taking one renames it, so that none is ever taken twice.
 * Knows no request.
 */
#ifndef SCEP_KEYS_SPARE_H
#define SCEP_KEYS_SPARE_H

#include "scep/protocol/key.h"
#include "scep/state/state.h"

/* Makes what is missing, one at a time on a worker, and removes what is no
 * longer configured. */
void spare_tick(struct state *state);

/* A key may have been taken: the next tick looks. */
void spare_look(struct state *state);

/* On a worker: the spare key of that length becomes FOLDER/NAME.  `*key` is
 * owned.  False if there is none. */
bool spare_take(const char *folder, uint32_t bits, const char *name,
		EVP_PKEY **key);

#endif
