/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does what follows when the use locations of a new key have it: the restart of
 * the device, and the keys that it has replaced (MIB, rules 11 and 14).  Knows
 * neither the request nor how the key came there.
 */
#ifndef SCEP_KEYS_APPLIED_H
#define SCEP_KEYS_APPLIED_H

#include "scep/state/txn.h"
#include "scep/timer.h"

/* A key that renews none replaces the one that its use location had: notes
 * that in its row. */
void applied_note_replaced(struct state *state, struct txn *txn,
			   uint32_t key_index);

/*
 * Adds what follows from a new key of the profile that every use location has.
 * `trigger` is that of its request: for a run of the timer, the settings of
 * the timer decide about the restart and the replaced key.
 */
void applied_follow(struct state *state, struct txn *txn,
		    uint32_t profile_index, uint32_t key_index,
		    enum scep_trigger trigger);

#endif
