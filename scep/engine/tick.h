/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tick of the engine: every part does what is due, and the earliest time
 * that a part returns becomes the next wake-up.  While a Set is open, only its
 * own end is due.  Tasks come last, as the other parts may make them due. Knows
 * no thread and no loop.
 */
#ifndef SCEP_ENGINE_TICK_H
#define SCEP_ENGINE_TICK_H

#include "scep/engine/set_txn.h"

/* `next` is when the caller wants the next tick (mono), or STATE_NEVER. */
void tick_run(struct state *state, struct set_txn *set_txn, uint64_t next);

#endif
