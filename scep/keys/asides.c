/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/asides.h"

#include "scep/base/log.h"
#include "scep/keys/use_list.h"
#include "scep/keys/use_locations.h"

static void forget_last(struct state *state, struct batch *batch,
			uint32_t profile_index, uint32_t key_index)
{
	ROWS_EACH (i, &state->view.asides) {
		const struct scep_key *aside = state->view.asides.row[i];

		if (aside->profile_index == profile_index ||
		    uses_replaced_key(&state->view, aside->successor,
				      key_index))
			batch_remove(batch, STORE_ASIDE, aside->index);
	}
}

static void set_aside(struct state *state, struct batch *batch,
		      uint32_t old_index, uint32_t key_index)
{
	const struct scep_key *old =
	    scep_rows_find(&state->view.keys, old_index);
	struct scep_key *aside = row_copy(old);

	if (aside != NULL)
		aside->successor = key_index;
	log_info("key %u (%s) is replaced by key %u and set aside", old_index,
		 old->name, key_index);
	batch_remove(batch, STORE_KEY, old_index);
	batch_put(batch, STORE_ASIDE, aside);
}

void asides_succeed(struct state *state, struct batch *batch,
		    uint32_t profile_index, uint32_t key_index, bool deletes)
{
	const struct scep_view *view = &state->view;

	forget_last(state, batch, profile_index, key_index);
	ROWS_EACH (i, &view->keys) {
		const struct scep_key *old = view->keys.row[i];

		if (deletes && !old->is_default && old->index != key_index &&
		    uses_replaced_key(view, old->index, key_index) &&
		    !uses_have_key(view, old->index))
			set_aside(state, batch, old->index, key_index);
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

size_t asides_expected(const struct scep_view *view, const char *locations)
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

void asides_bring_back(struct state *state, struct batch *batch,
		       uint32_t key_index)
{
	const struct scep_key *aside =
	    scep_rows_find(&state->view.asides, key_index);
	struct scep_key *key;

	if (aside == NULL)
		return;
	key = row_copy(aside);
	if (key != NULL)
		key->successor = 0;
	batch_remove(batch, STORE_ASIDE, key_index);
	batch_put(batch, STORE_KEY, key);
}
