/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One turn of the engine: all that looks after something looks once.  What
 * ends a Set comes before what waits for that, and requests go on last, with
 * what the others have brought.  Knows no thread and no loop.
 */
#ifndef SCEP_ENGINE_TURN_H
#define SCEP_ENGINE_TURN_H

#include "scep/engine/set_txn.h"

void turn(struct state *state, struct set_txn *set_txn);

#endif
