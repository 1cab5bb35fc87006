/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restarts the device (MIB, rule 14): a Set or a timer wants a restart, the
 * front end is asked to run the restart command, and says how it has ended.
 *
 * That a restart is wanted is stored with the change that wants it, and is
 * removed from the disk before the command runs.  So a kill before that loses
 * no restart, and a command that restarts the device is not run again when the
 * device is back.  Knows no command.
 */
#ifndef SCEP_KEYS_RESTART_H
#define SCEP_KEYS_RESTART_H

#include "scep/state/txn.h"

/* Bits of scep_agent.restart_wanted: who wants it. */
#define RESTART_BY_MANAGER (1u << 0)
#define RESTART_BY_TIMER   (1u << 1)

/* Adds to the transaction that a restart is wanted, because of that key (0: of
 * none). */
void restart_want(struct state *state, struct txn *txn, uint32_t who,
		  uint32_t key_index);

/* Begins the restart that is wanted, one at a time.  Not called while a Set is
 * open, so that no half of a Set is lost by it. */
uint64_t restart_tick(struct state *state);

/* Takes the result of the command from the front end, for the next tick. */
void restart_end(struct state *state, bool is_good);

#endif
