/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates that begin later (MIB, rule 20).  Such a key is registered, but
 * its use locations keep the key that they have until notBefore.  Then they
 * want the new key, and when they have it, follows what follows at the end of
 * a request (applied.h).
 *
 * The row of the key has what waits: the locations that it waits for
 * (use_when_valid), and the trigger of the request whose consequences are still
 * to come (wait_trigger).  So a restart loses nothing, the undo of a Set is
 * exact, and a key that is destroyed waits no more.  Several keys may wait for
 * one location: a newer one that begins later follows the older one.
 */
#ifndef SCEP_KEYS_NOT_BEFORE_H
#define SCEP_KEYS_NOT_BEFORE_H

#include "scep/state/txn.h"
#include "scep/timer.h"

struct scep_key;

/* Tells if a certificate begins more than clockSkewLimit ahead of our clock.  A
 * clock that is not sane does not judge. */
bool not_before_is_ahead(struct state *state, int64_t not_before);

/*
 * Registers a new key for the locations of the list.  Older keys that wait for
 * one of them and do not begin sooner wait for it no more.  Returns true if
 * the key itself begins later: `key`, which is not in the transaction yet, then
 * waits for them, and has none.
 */
bool not_before_register(struct state *state, struct txn *txn,
			 struct scep_key *key, const char *locations,
			 enum scep_trigger trigger);
/*
 * Assigns a key of the transaction to the locations of the list by hand: no
 * other key waits for them any more.  Returns true if the key begins later: it
 * then waits for them.
 */
bool not_before_assign(struct state *state, struct txn *txn,
		       struct scep_key *key, const char *locations);
/* The profile is destroyed: a later profile with its number does not decide
 * about keys that wait. */
void not_before_forget_profile(struct state *state, struct txn *txn,
			       uint32_t profile_index);

/* Has the locations want the keys that have begun, and carries out what follows
 * when they have them. */
uint64_t not_before_tick(struct state *state);

#endif
