/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/asides.h"

#include "scep/base/log.h"
#include "scep/keys/use_list.h"
#include "scep/keys/use_locations.h"

static void forget_last(struct state *state, struct txn *txn,
			uint32_t profile_index, uint32_t key_index)
{
	ROWS_EACH (i, &state->view.retired) {
		const struct scep_key *retired = state->view.retired.row[i];

		if (retired->profile_index == profile_index ||
		    use_locations_replaced_key(&state->view, retired->successor,
					       key_index))
			txn_remove(txn, STORE_RETIRED, retired->index);
	}
}

static void set_aside(struct state *state, struct txn *txn, uint32_t old_index,
		      uint32_t key_index)
{
	const struct scep_key *old =
	    scep_rows_find(&state->view.keys, old_index);
	struct scep_key *retired = row_copy(old);

	if (retired != NULL)
		retired->successor = key_index;
	log_info("key %u (%s) is replaced by key %u and set aside", old_index,
		 old->name, key_index);
	txn_remove(txn, STORE_KEY, old_index);
	txn_put(txn, STORE_RETIRED, retired);
}

void retired_succeed(struct state *state, struct txn *txn,
		     uint32_t profile_index, uint32_t key_index, bool deletes)
{
	const struct scep_view *view = &state->view;

	forget_last(state, txn, profile_index, key_index);
	ROWS_EACH (i, &view->keys) {
		const struct scep_key *old = view->keys.row[i];

		if (deletes && !old->is_default && old->index != key_index &&
		    use_locations_replaced_key(view, old->index, key_index) &&
		    !use_locations_have_key(view, old->index))
			set_aside(state, txn, old->index, key_index);
	}
}

/* Whether all locations that have the key are in the list. */
static bool is_of_these(const struct scep_view *view, const char *locations,
			uint32_t key_index)
{
	bool is_any = false;

	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->key_index != key_index)
			continue;
		if (!use_list_has(locations, use->name))
			return false;
		is_any = true;
	}
	return is_any;
}

size_t retired_expected(const struct scep_view *view, const char *locations)
{
	size_t count = 0;

	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];

		if (!key->is_default &&
		    is_of_these(view, locations, key->index))
			count++;
	}
	return count;
}

void retired_bring_back(struct state *state, struct txn *txn,
			uint32_t key_index)
{
	const struct scep_key *retired =
	    scep_rows_find(&state->view.retired, key_index);
	struct scep_key *key;

	if (retired == NULL)
		return;
	key = row_copy(retired);
	if (key != NULL)
		key->successor = 0;
	txn_remove(txn, STORE_RETIRED, key_index);
	txn_put(txn, STORE_KEY, key);
}
