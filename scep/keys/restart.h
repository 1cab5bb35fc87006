/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restarting the device (MIB, rule 14): from being wanted, by a Set or by a
 * timer, to the word to the front end that runs the command, and to its end.
 *
 * What is wanted is durable together with what it follows from, and is no
 * longer wanted, durably, before the command is told to run.  So a kill before
 * that loses no restart, and a command that restarts the device is not run
 * again when it comes back.  Knows no command.
 */
#ifndef SCEP_KEYS_RESTART_H
#define SCEP_KEYS_RESTART_H

#include "scep/state/txn.h"

/* Bits of scep_agent.restart_wanted: who wants it. */
#define RESTART_BY_MANAGER (1u << 0)
#define RESTART_BY_TIMER   (1u << 1)

/* Adds to the batch that a restart is wanted, because of the key with that
 * index (0: of none). */
void restart_want(struct state *state, struct txn *txn, uint32_t who,
		  uint32_t key_index);

/* A Set is taken back by `undo`: what a timer has come to want since stays
 * wanted. */
void restart_keep(const struct state *state, struct txn *undo);

/* Begins what is wanted, but for a Set in hand, which it waits for (a restart
 * leaves no half of a Set), and one at a time. */
void restart_tick(struct state *state);

/* The front end says how the command has ended. */
void restart_end(struct state *state, bool is_good);

#endif
