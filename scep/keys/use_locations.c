/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/use_locations.h"

#include <string.h>

#include "scep/engine_config.h"
#include "scep/key_row.h"
#include "scep/rows.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "scep/base/log.h"
#include "scep/settings/use_list.h"
#include "scep/settings/view_query.h"

const struct scep_use_config *use_locations_config(const struct state *state,
						   const struct scep_use *use)
{
	for (size_t i = 0; i < state->config.use_count; i++)
		if (strcmp(state->config.uses[i].name, use->name) == 0)
			return &state->config.uses[i];
	return NULL;
}

/* -------------------------------------------------------------- wanting -- */

void use_locations_want(struct state *state, struct txn *txn, const char *list,
			uint32_t key_index)
{
	const char *name;
	size_t length, at = 0;

	while (use_list_next(list, &at, &name, &length)) {
		const struct scep_use *known =
		    view_find_use(&state->view, name, length);
		struct scep_use *use = NULL;

		if (known != NULL)
			use =
			    txn_edit(state, txn, STORE_USE, known->index, true);
		if (use != NULL)
			use->wanted_key = key_index;
	}
}

void use_locations_remove_from_keys(struct state *state, struct txn *txn,
				    const struct scep_use *use, uint32_t except)
{
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *old = state->view.keys.row[i];
		struct scep_key *key;

		if (old->index == except ||
		    !use_list_has(old->use_location, use->name))
			continue;
		key = txn_edit(state, txn, STORE_KEY, old->index, true);
		if (key != NULL)
			use_list_remove(key->use_location, use->name);
	}
}

/* ----------------------------------------------------------- configuring -- */

static uint32_t last_use_index(const struct scep_rows *rows)
{
	const uint32_t *last =
	    rows->count > 0 ? rows->row[rows->count - 1] : NULL;

	return last != NULL ? *last : 0;
}

static void add_use(struct txn *txn, const struct scep_use_config *config,
		    uint32_t index)
{
	struct scep_use *use = row_new(sizeof(*use));

	if (use != NULL) {
		use->index = index;
		memcpy(use->name, config->name, sizeof(use->name));
		use->type = config->type;
		use->function_enabled = true;
		use->applied = SCEP_APPLIED_UNKNOWN;
	}
	txn_put(txn, STORE_USE, use);
}

/* Sets what is not stored: the type, and that the function of a location
 * without a probe is on. */
static void update_use(struct state *state, struct txn *txn,
		       const struct scep_use_config *config, uint32_t index)
{
	const struct scep_use *old = scep_rows_find(&state->view.uses, index);
	struct scep_use *use;

	if (old->type == config->type &&
	    (old->function_enabled || config->has_probe))
		return;
	use = txn_edit(state, txn, STORE_USE, index, false);
	if (use == NULL)
		return;
	/* A row that was loaded from the disk has no type yet. */
	if (use->type == 0 || !config->has_probe)
		use->function_enabled = true;
	use->type = config->type;
}

static void remove_use(struct state *state, struct txn *txn,
		       const struct scep_use *use)
{
	use_locations_remove_from_keys(state, txn, use, 0);
	txn_log(txn, SCEP_LOG_INFO, "use location %s: no longer configured",
		use->name);
	txn_remove(txn, STORE_USE, use->index);
}

void use_locations_configure(struct state *state, struct txn *txn)
{
	const struct scep_config *config = &state->config;
	uint32_t last = last_use_index(&state->view.uses);

	ROWS_EACH (i, &state->view.uses) {
		const struct scep_use *use = state->view.uses.row[i];

		if (use_locations_config(state, use) == NULL)
			remove_use(state, txn, use);
	}
	for (size_t i = 0; i < config->use_count; i++) {
		const struct scep_use_config *wanted = &config->uses[i];
		const struct scep_use *use = view_find_use(
		    &state->view, wanted->name, strlen(wanted->name));

		if (use != NULL)
			update_use(state, txn, wanted, use->index);
		else
			add_use(txn, wanted, ++last);
	}
}

void use_locations_retry(struct state *state, struct txn *txn)
{
	ROWS_EACH (i, &state->view.uses) {
		const struct scep_use *old = state->view.uses.row[i];
		struct scep_use *use;

		if (old->applied != SCEP_APPLIED_FAILED ||
		    old->wanted_key != 0 ||
		    use_locations_config(state, old) == NULL ||
		    scep_rows_find(&state->view.keys, old->failed_key) == NULL)
			continue;
		use = txn_edit(state, txn, STORE_USE, old->index, true);
		if (use != NULL)
			use->wanted_key = old->failed_key;
	}
}

void use_locations_await_restart(struct state *state, struct txn *txn,
				 uint32_t key_index)
{
	ROWS_EACH (i, &state->view.uses) {
		const struct scep_use *old = state->view.uses.row[i];
		const struct scep_use_config *config =
		    use_locations_config(state, old);
		struct scep_use *use;

		if (old->key_index != key_index || config == NULL ||
		    !config->needs_restart)
			continue;
		use = txn_edit(state, txn, STORE_USE, old->index, true);
		if (use != NULL)
			use->applied = SCEP_APPLIED_RESTART_NEEDED;
	}
}

void use_locations_note_restart(struct state *state, struct txn *txn)
{
	ROWS_EACH (i, &state->view.uses) {
		const struct scep_use *old = state->view.uses.row[i];
		struct scep_use *use;

		if (old->applied != SCEP_APPLIED_RESTART_NEEDED)
			continue;
		use = txn_edit(state, txn, STORE_USE, old->index, true);
		if (use != NULL)
			use->applied = SCEP_APPLIED_YES;
	}
}
