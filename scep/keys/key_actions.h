/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scepKeyAction on the engine's side: what a judged action adds to a batch,
 * what runs for it afterwards, and scepKeyActionResult.  The result of an
 * action is not kept over a restart; what it has begun is.
 */
#ifndef SCEP_KEYS_KEY_ACTIONS_H
#define SCEP_KEYS_KEY_ACTIONS_H

#include "scep/state/txn.h"
#include "scep/settings/draft.h"

/* Adds to the batch what the action (of a field of scepKeyTable) asks for. */
void key_actions_act(struct state *state, struct txn *txn,
		     const struct draft_action *action);

/* A location was to be given the key, and now has it or has not (its row in
 * the view is the one before): adds what it means for actions. */
void key_actions_note_deployed(struct state *state, struct txn *txn,
			       uint32_t use_index, uint32_t key_index,
			       bool is_good);
/* The request that renews it has ended: adds the result to the batch. */
void key_actions_note_renewed(struct state *state, struct txn *txn,
			      uint32_t key_index, enum scep_code code);

/* Ends what waited for its turn at a location that is by now to be given
 * another key, or that is gone: there is nothing that would end it. */
void key_actions_tick(struct state *state);

/* At the start: shows what is still running. */
void key_actions_recall(struct state *state, struct txn *txn);

#endif
