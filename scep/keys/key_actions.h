/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions of a manager on keys (scepKeyAction, destroy): what an action adds to
 * the transaction of its Set, what runs for it afterwards, and its result
 * (action_result.h).  A restart of the program forgets the result, but not
 * what the action has begun.  Knows no rule: draft has judged the action.
 */
#ifndef SCEP_KEYS_KEY_ACTIONS_H
#define SCEP_KEYS_KEY_ACTIONS_H

#include "scep/codes.h"
#include "scep/settings/rules.h"
#include "scep/state/txn.h"

/* Adds to the transaction what an action on a key asks for.  Skips actions on
 * other tables. */
void key_actions_act(struct state *state, struct txn *txn,
		     const struct rules_action *action);

/* A deployment of the key has ended, `error` says how (SCEP_OK: well): adds the
 * results of the actions that end with it.  The view still has the row of the
 * location as it was before. */
void key_actions_note_deployed(struct state *state, struct txn *txn,
			       uint32_t use_index, uint32_t key_index,
			       const struct scep_error *error);
/* The request that renews the key has ended, `error` says how (SCEP_OK: well):
 * adds the result. */
void key_actions_note_renewed(struct state *state, struct txn *txn,
			      uint32_t key_index,
			      const struct scep_error *error);

/* The request that renews the key is resumed: shows that the action runs again.
 * `key_index` is 0 if it renews none. */
void key_actions_note_resumed(struct state *state, struct txn *txn,
			      uint32_t key_index);

/* Cancels the actions that nothing will end any more: another key was assigned
 * to their location before theirs was deployed, or the location is gone. */
uint64_t key_actions_tick(struct state *state);

/* Shows the actions that go on after a start as running. */
void key_actions_recall(struct state *state, struct txn *txn);

#endif
