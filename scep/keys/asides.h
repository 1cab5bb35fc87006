/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that DeleteOldKey has taken out of scepKeyTable (MIB, rule 11): kept
 * aside, with their files, until the next success, so that a rollback on the
 * key that took their place can bring them back.  Knows no deployment.
 */
#ifndef SCEP_KEYS_ASIDES_H
#define SCEP_KEYS_ASIDES_H

#include "scep/state/txn.h"

/*
 * A request of a profile has succeeded with a key that its locations now have.
 * Adds to the batch that what was kept aside for the last such success goes,
 * and, if `deletes`, that the keys which the locations had before are set
 * aside: not the default key, and none that another location has.
 */
void retired_succeed(struct state *state, struct txn *txn,
		     uint32_t profile_index, uint32_t key_index, bool deletes);

/* How many keys a success with these locations will set aside. */
size_t retired_expected(const struct scep_view *view, const char *locations);

/* Adds to the batch that the key is in scepKeyTable again. */
void retired_bring_back(struct state *state, struct txn *txn,
			uint32_t key_index);

#endif
