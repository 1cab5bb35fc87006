/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/not_before.h"

#include <string.h>

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/rows.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/keys/action_result.h"
#include "scep/keys/applied.h"
#include "scep/keys/registry.h"
#include "scep/keys/use_locations.h"
#include "scep/settings/use_list.h"
#include "scep/settings/view_query.h"

/* From one look at the clock to the next, in seconds: it may be set. */
#define LOOK_AGAIN 60
/* From a disk that refused to the next try, in ms. */
#define SAVE_RETRY 5000

bool not_before_is_ahead(struct state *state, int64_t not_before)
{
	return state_clock_is_sane(state) &&
	       not_before > state_now(state) + state->config.clock_skew_limit;
}

static bool key_waits(const struct scep_key *key)
{
	return key->use_when_valid[0] != '\0';
}

static struct scep_key *edit_key(struct state *state, struct txn *txn,
				 const struct scep_key *key)
{
	return txn_edit(state, txn, STORE_KEY, key->index, true);
}

/* ------------------------------------------------------- who waits no more */

/* The key waits for nothing any more, and none of its locations has it. */
static void note_end_of_wait(struct scep_key *key)
{
	key->wait_trigger = 0;
	if (key->action_result == SCEP_DEFERRED)
		action_result_cancel(key, "it waits for no location any more");
}

/* Removes the locations of the list from those that `old` waits for.
 * `successor` is the key that takes its place, or 0. */
static void remove_wait(struct state *state, struct txn *txn,
			const struct scep_key *old, const char *locations,
			uint32_t successor)
{
	struct scep_key *key = edit_key(state, txn, old);
	char name[SCEP_TEXT64], whole[REGISTRY_KEY_NAME];
	const char *at;
	size_t length, next = 0;

	if (key == NULL || !key_waits(key))
		return;
	while (use_list_next(locations, &next, &at, &length)) {
		if (length >= sizeof(name))
			continue;
		memcpy(name, at, length);
		name[length] = '\0';
		use_list_remove(key->use_when_valid, name);
	}
	if (key_waits(key) || view_key_is_used(&state->view, key->index))
		return;
	note_end_of_wait(key);
	key->successor = successor;
	if (successor != 0)
		key->replaced_by = successor;
	registry_name_key(&state->view, key, whole);
	if (successor != 0)
		txn_log(txn, SCEP_LOG_INFO,
			"%s: waits no more for its notBefore: key %u takes "
			"its place",
			whole, successor);
	else
		txn_log(txn, SCEP_LOG_INFO,
			"%s: waits no more for its notBefore", whole);
}

/* Adds the locations of the list that there are. */
static void add_wait(struct scep_key *key, const struct scep_view *view,
		     const char *locations)
{
	const char *at;
	size_t length, next = 0;

	while (use_list_next(locations, &next, &at, &length)) {
		const struct scep_use *use = view_find_use(view, at, length);

		if (use != NULL)
			use_list_add(key->use_when_valid, use->name);
	}
}

bool not_before_register(struct state *state, struct txn *txn,
			 struct scep_key *key, const char *locations,
			 enum scep_trigger trigger)
{
	bool is_ahead = not_before_is_ahead(state, key->not_before);

	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *old = state->view.keys.row[i];

		if (key_waits(old) &&
		    (!is_ahead || key->not_before <= old->not_before))
			remove_wait(state, txn, old, locations, key->index);
	}
	if (!is_ahead || locations[0] == '\0')
		return false;
	memset(key->use_location, 0, sizeof(key->use_location));
	add_wait(key, &state->view, locations);
	key->wait_trigger = trigger;
	return true;
}

bool not_before_assign(struct state *state, struct txn *txn,
		       struct scep_key *key, const char *locations)
{
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *old = state->view.keys.row[i];

		if (key_waits(old) && old->index != key->index)
			remove_wait(state, txn, old, locations, 0);
	}
	if (!not_before_is_ahead(state, key->not_before))
		return false;
	key = edit_key(state, txn, key);
	if (key != NULL) {
		key->successor = 0;
		add_wait(key, &state->view, locations);
	}
	return true;
}

void not_before_forget_profile(struct state *state, struct txn *txn,
			       uint32_t profile_index)
{
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *old = state->view.keys.row[i];
		struct scep_key *key;

		if (old->wait_trigger == 0 ||
		    old->profile_index != profile_index)
			continue;
		key = edit_key(state, txn, old);
		if (key != NULL)
			key->wait_trigger = SCEP_TRIGGER_MANUAL;
	}
}

/* ------------------------------------------------------------- it begins -- */

/* Returns a key that has begun, waits for the location, too, and begins later
 * than this one, so that it is newer; or 0. */
static uint32_t find_newer(struct state *state, const struct scep_key *than,
			   const char *location)
{
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];

		if (use_list_has(key->use_when_valid, location) &&
		    key->not_before <= state_now(state) &&
		    (key->not_before > than->not_before ||
		     (key->not_before == than->not_before &&
		      key->index > than->index)))
			return key->index;
	}
	return 0;
}

/* Tells why a key that begins must not replace one that works, or NULL. */
static const char *fault_of(struct state *state, const struct scep_key *key)
{
	if (key->not_after <= state_now(state))
		return "its certificate has expired";
	return key->is_revoked ? "its certificate is revoked" : NULL;
}

static void give_up(struct state *state, struct txn *txn,
		    const struct scep_key *old, const char *fault)
{
	struct scep_key *key = edit_key(state, txn, old);
	char name[REGISTRY_KEY_NAME];

	registry_name_key(&state->view, old, name);
	txn_log(txn, SCEP_LOG_WARNING, "%s: not deployed at its notBefore: %s",
		name, fault);
	if (key == NULL)
		return;
	memset(key->use_when_valid, 0, sizeof(key->use_when_valid));
	note_end_of_wait(key);
}

/* Has the locations want the key.  One where another deployment runs is left
 * until that has ended. */
static void begin_key(struct state *state, struct txn *txn,
		      const struct scep_key *old)
{
	const char *fault = fault_of(state, old);
	struct scep_key *key;
	uint32_t newer;

	if (fault != NULL) {
		give_up(state, txn, old, fault);
		return;
	}
	ROWS_EACH (i, &state->view.uses) {
		const struct scep_use *use = state->view.uses.row[i];

		if (!use_list_has(old->use_when_valid, use->name) ||
		    use->wanted_key != 0)
			continue;
		newer = find_newer(state, old, use->name);
		if (newer != 0) {
			remove_wait(state, txn, old, use->name, newer);
			continue;
		}
		key = edit_key(state, txn, old);
		if (key == NULL)
			return;
		use_list_remove(key->use_when_valid, use->name);
		use_locations_want(state, txn, use->name, key->index);
		if (key->action_result == SCEP_DEFERRED)
			action_result_run(key, "deploying the key");
	}
}

/* A location that is configured no more cannot have the key. */
static void forget_unknown(struct state *state, struct txn *txn,
			   const struct scep_key *old)
{
	char name[SCEP_TEXT64], list[SCEP_TEXT255];
	struct scep_key *key;

	if (!view_lacks_use(&state->view, old->use_when_valid, name))
		return;
	txn_log(txn, SCEP_LOG_WARNING, "key %u: there is no use location '%s'",
		old->index, name);
	key = edit_key(state, txn, old);
	if (key == NULL)
		return;
	memcpy(list, key->use_when_valid, sizeof(list));
	memset(key->use_when_valid, 0, sizeof(key->use_when_valid));
	add_wait(key, &state->view, list);
}

/* ------------------------------------------------------- and is deployed -- */

static bool is_being_deployed(const struct state *state, uint32_t key_index)
{
	return view_key_is_wanted(&state->view, key_index) ||
	       (state->deploy.is_running && state->deploy.key == key_index);
}

/* Adds what follows from the deployment.  Where that has failed, it may still
 * succeed, and nothing follows before. */
static void finish_key(struct state *state, struct txn *txn,
		       const struct scep_key *old)
{
	enum scep_trigger trigger = (enum scep_trigger)old->wait_trigger;
	struct scep_key *key;

	if (is_being_deployed(state, old->index) ||
	    view_key_has_failed(&state->view, old->index, NULL))
		return;
	key = edit_key(state, txn, old);
	if (key == NULL)
		return;
	key->wait_trigger = 0;
	if (!view_key_is_used(&state->view, old->index))
		return;
	applied_note_replaced(state, txn, old->index);
	applied_follow(state, txn, old->profile_index, old->index, trigger);
}

/* ------------------------------------------------------------------ tick -- */

/* Returns the seconds until a key begins, at most LOOK_AGAIN; 0 if it has. */
static int64_t seconds_left(struct state *state, const struct scep_key *key)
{
	int64_t left = key->not_before - state_now(state);

	if (!state_clock_is_sane(state) || left > LOOK_AGAIN)
		return LOOK_AGAIN;
	return left > 0 ? left : 0;
}

/* Adds all that is due.  Returns the seconds until more is, or LOOK_AGAIN. */
static int64_t do_what_is_due(struct state *state, struct txn *txn,
			      bool *is_any)
{
	int64_t least = LOOK_AGAIN;

	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];
		int64_t left = seconds_left(state, key);

		*is_any = *is_any || key_waits(key);
		if (!key_waits(key)) {
			if (key->wait_trigger != 0)
				finish_key(state, txn, key);
			continue;
		}
		if (left == 0) {
			begin_key(state, txn, key);
			forget_unknown(state, txn, key);
		} else if (left < least) {
			least = left;
		}
	}
	return least;
}

uint64_t not_before_tick(struct state *state)
{
	struct scep_error error;
	struct txn txn;
	bool is_any = false;
	int64_t wait;

	if (state->is_stopping || state->store == NULL)
		return STATE_NEVER;
	txn_init(&txn);
	error_init(&error);
	wait = do_what_is_due(state, &txn, &is_any);
	if (txn.count == 0 && !txn.has_agent && !txn.is_short) {
		txn_free(&txn);
	} else if (txn_commit(state, &txn, NULL, &error) != SCEP_OK) {
		log_error("a key that begins now is not deployed yet: %s",
			  error.text);
		return state_mono(state) + SAVE_RETRY;
	} else {
		/* The files of keys that are gone for good. */
		registry_sweep(state);
	}
	return is_any ? state_mono(state) + (uint64_t)wait * 1000 : STATE_NEVER;
}
