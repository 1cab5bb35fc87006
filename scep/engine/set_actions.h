/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The actions of a Set (scepRequestAction, scepServerCheck and the like): the
 * rows that each of them puts or removes.  Knows neither how a Set is confirmed
 * nor how it is undone.
 */
#ifndef SCEP_ENGINE_SET_ACTIONS_H
#define SCEP_ENGINE_SET_ACTIONS_H

#include "scep/settings/draft.h"
#include "scep/state/txn.h"

/* Adds to the transaction what the action changes.  It begins when the Set is
 * confirmed. */
void set_actions_add(struct state *state, struct txn *txn,
		     const struct rules_action *action);

#endif
