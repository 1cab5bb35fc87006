/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tick of the engine: every part looks once at what is due, and the
 * earliest time that any of them returns becomes the next wake-up.  While a Set
 * is open, only its own end is due.  Requests go on last, with what the other
 * parts have brought.  Knows no thread and no loop.
 */
#ifndef SCEP_ENGINE_TICK_H
#define SCEP_ENGINE_TICK_H

#include "scep/engine/set_txn.h"

/* `next` is when the caller itself wants the next tick, or STATE_NEVER. */
void tick_run(struct state *state, struct set_txn *set_txn, uint64_t next);

#endif
