/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/applied.h"

#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/view.h"
#include "scep/keys/registry.h"
#include "scep/keys/restart.h"
#include "scep/keys/use_locations.h"
#include "scep/settings/view_query.h"

void applied_note_replaced(struct state *state, struct txn *txn,
			   uint32_t key_index)
{
	const struct scep_key *now =
	    scep_rows_find(&state->view.keys, key_index);
	uint32_t before = view_previous_key(&state->view, key_index);
	struct scep_key *key;

	if (now == NULL || now->replaces != 0 || before == 0)
		return;
	key = txn_edit(state, txn, STORE_KEY, key_index, true);
	if (key != NULL)
		key->replaces = before;
}

void applied_follow(struct state *state, struct txn *txn,
		    uint32_t profile_index, uint32_t key_index,
		    enum scep_trigger trigger)
{
	const struct scep_profile *profile =
	    scep_rows_find(&state->view.profiles, profile_index);
	bool is_by_timer = profile != NULL && trigger != SCEP_TRIGGER_MANUAL;

	if (is_by_timer && profile->timer.restart) {
		restart_want(state, txn, RESTART_BY_TIMER, key_index);
		use_locations_await_restart(state, txn, key_index);
	}
	registry_retire_replaced(state, txn, profile_index, key_index,
				 is_by_timer && profile->timer.delete_old_key);
}
