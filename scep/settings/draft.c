/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/settings/draft.h"
#include "scep/settings/verdict.h"
#include "scep/settings/view_query.h"

#include <stdlib.h>
#include <string.h>

#include "scep/ca_row.h"
#include "scep/engine_config.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/base/rows.h"
#include "scep/settings/key_rules.h"
#include "scep/settings/rules.h"
#include "scep/settings/settings.h"

#define NO_ITEM	      SIZE_MAX
#define KEY_INDEX_MAX 65535

/* A draft in the making. */
struct maker {
	const struct scep_view *view;
	const struct scep_config *config;
	const struct scep_change *change;
	struct draft *draft;
	struct scep_verdict *verdict;
	/* The item that writes the row status of each profile, or NO_ITEM. */
	size_t row_status[SCEP_PROFILE_MAX + 1];
};

static enum scep_refusal refuse(struct maker *maker, size_t item,
				enum scep_refusal refusal, const char *reason)
{
	const struct scep_item *blamed = &maker->change->items[item];

	maker->verdict->item = item;
	return verdict_refuse(maker->verdict, refusal, "%s.%u: %s",
			      scep_field_info(blamed->field)->name,
			      blamed->index, reason);
}

static enum scep_refusal refuse_memory(struct maker *maker)
{
	return verdict_refuse(maker->verdict, SCEP_RESOURCE_UNAVAILABLE,
			      "memory is short");
}

/* ------------------------------------------------------- items, one by one */

/* The values were judged before, by scep_value_check(). */
static enum scep_refusal judge_indexes(struct maker *maker)
{
	for (size_t i = 0; i < maker->change->count; i++) {
		const struct scep_item *item = &maker->change->items[i];

		maker->verdict->item = i;
		if (scep_field_info(item->field)->home == SCEP_HOME_PROFILE &&
		    (item->index < 1 || item->index > SCEP_PROFILE_MAX))
			return refuse(maker, i, SCEP_NO_CREATION,
				      "profiles are 1..64");
	}
	return SCEP_ACCEPTED;
}

/* ----------------------------------------------------- rows come and go -- */

/* Takes `row`. */
static enum scep_refusal keep_row(struct maker *maker, struct scep_rows *rows,
				  void *row)
{
	if (!row)
		return refuse_memory(maker);
	if (!rows_reserve(rows, 1)) {
		row_release(row);
		return refuse_memory(maker);
	}
	rows_put(rows, row);
	return SCEP_ACCEPTED;
}

static enum scep_refusal create_profile(struct maker *maker, uint32_t index,
					enum scep_row_status status)
{
	struct scep_profile *profile = row_new(sizeof(*profile));

	if (profile) {
		profile->index = index;
		settings_preset_profile(profile);
		profile->row_status = status;
	}
	return keep_row(maker, &maker->draft->profiles, profile);
}

/* RFC 2579, RowStatus: all columns have a default, so that no row is ever
 * notReady. */
static enum scep_refusal write_row_status(struct maker *maker, size_t i)
{
	const struct scep_item *item = &maker->change->items[i];
	const struct scep_profile *old =
	    scep_rows_find(&maker->view->profiles, item->index);
	struct scep_profile *profile;
	enum scep_refusal refusal;

	switch ((enum scep_row_status)item->value.number) {
	case SCEP_ROW_CREATE_AND_GO:
	case SCEP_ROW_CREATE_AND_WAIT:
		if (old)
			return refuse(maker, i, SCEP_INCONSISTENT_VALUE,
				      "the profile exists");
		return create_profile(maker, item->index,
				      item->value.number ==
					      SCEP_ROW_CREATE_AND_GO
					  ? SCEP_ROW_ACTIVE
					  : SCEP_ROW_NOT_IN_SERVICE);
	case SCEP_ROW_ACTIVE:
	case SCEP_ROW_NOT_IN_SERVICE:
		if (!old)
			return refuse(maker, i, SCEP_INCONSISTENT_VALUE,
				      "there is no such profile");
		profile = row_copy(old);
		refusal = keep_row(maker, &maker->draft->profiles, profile);
		if (!refusal)
			profile->row_status = (uint32_t)item->value.number;
		return refusal;
	case SCEP_ROW_DESTROY:
		if (!old)
			return SCEP_ACCEPTED;
		maker->draft->is_destroyed[item->index] = true;
		return keep_row(maker, &maker->draft->profiles, row_copy(old));
	case SCEP_ROW_NOT_READY: /* scep_value_check() refuses it. */
		break;
	}
	return refuse(maker, i, SCEP_WRONG_VALUE, "not to be written");
}

/* Before all other items, so that the columns of a new row may stand before
 * its RowStatus in the change. */
static enum scep_refusal write_row_statuses(struct maker *maker)
{
	enum scep_refusal refusal = SCEP_ACCEPTED;

	for (uint32_t index = 0; index <= SCEP_PROFILE_MAX; index++)
		maker->row_status[index] = NO_ITEM;
	for (size_t i = 0; i < maker->change->count; i++) {
		const struct scep_item *item = &maker->change->items[i];

		/* RFC 3416, 4.2.5: the effect of one variable given twice is
		 * not defined; here the last one counts. */
		if (item->field == SCEP_PROFILE_ROW_STATUS)
			maker->row_status[item->index] = i;
	}
	for (uint32_t index = 1; !refusal && index <= SCEP_PROFILE_MAX; index++)
		if (maker->row_status[index] != NO_ITEM)
			refusal =
			    write_row_status(maker, maker->row_status[index]);
	return refusal;
}

/* --------------------------------------------------------------- writing -- */

/* The copy of a row that the change writes to, made at the first write. */
static enum scep_refusal find_copy(struct maker *maker, size_t i,
				   const struct scep_rows *old,
				   struct scep_rows *copies,
				   enum scep_refusal if_missing, void **copy)
{
	uint32_t index = maker->change->items[i].index;
	const void *row = scep_rows_find(copies, index);

	*copy = (void *)row;
	if (row)
		return SCEP_ACCEPTED;
	row = scep_rows_find(old, index);
	if (!row)
		return refuse(maker, i, if_missing, "there is no such row");
	*copy = row_copy(row);
	return keep_row(maker, copies, *copy);
}

static void note_action(struct draft *draft, const struct scep_item *item,
			size_t i)
{
	size_t kept = 0;

	/* The same action twice: the last one counts, as with all variables,
	 * and so does a noop that comes last. */
	for (size_t a = 0; a < draft->action_count; a++)
		if (draft->actions[a].field != item->field ||
		    draft->actions[a].index != item->index)
			draft->actions[kept++] = draft->actions[a];
	if (item->value.number != SCEP_ACTION_NOOP)
		draft->actions[kept++] = (struct rules_action){
		    .field = item->field,
		    .index = item->index,
		    .number = (uint32_t)item->value.number,
		    .item = i,
		};
	draft->action_count = kept;
}

static enum scep_refusal write_agent(struct maker *maker, size_t i)
{
	const struct scep_item *item = &maker->change->items[i];
	struct scep_agent *agent = &maker->draft->agent;

	if (item->field != SCEP_AGENT_CONFIG_SPIN_LOCK) {
		settings_put(item->field, &item->value, agent);
		return SCEP_ACCEPTED;
	}
	/* RFC 2579, TestAndIncr */
	if (!settings_has(item->field, &item->value, agent))
		return refuse(maker, i, SCEP_INCONSISTENT_VALUE,
			      "the lock has another value: read it again");
	agent->config_spin_lock = agent->config_spin_lock == INT32_MAX
				      ? 0
				      : agent->config_spin_lock + 1;
	return SCEP_ACCEPTED;
}

static enum scep_refusal write_profile(struct maker *maker, size_t i)
{
	const struct scep_item *item = &maker->change->items[i];
	enum scep_refusal refusal;
	struct scep_profile *profile;
	void *row;

	if (item->field == SCEP_PROFILE_ROW_STATUS)
		return SCEP_ACCEPTED; /* written before */
	refusal =
	    find_copy(maker, i, &maker->view->profiles, &maker->draft->profiles,
		      SCEP_INCONSISTENT_NAME, &row);
	if (refusal)
		return refusal;
	profile = row;
	settings_put(item->field, &item->value, profile);
	profile->request_written |= settings_request_bit(item->field);
	return SCEP_ACCEPTED;
}

static enum scep_refusal write_ca(struct maker *maker, size_t i)
{
	const struct scep_item *item = &maker->change->items[i];
	enum scep_refusal refusal;
	struct scep_ca *ca;
	void *row;

	/* RFC 2579, RowStatus: what is not there can be destroyed. */
	if (item->field == SCEP_CA_ROW_STATUS)
		return SCEP_ACCEPTED;
	refusal = find_copy(maker, i, &maker->view->cas, &maker->draft->cas,
			    SCEP_INCONSISTENT_NAME, &row);
	if (refusal)
		return refusal;
	ca = row;
	if (ca->trust == SCEP_CA_CHAINED)
		return refuse(maker, i, SCEP_INCONSISTENT_VALUE,
			      "it is chained: decide about the CA above it");
	settings_put(item->field, &item->value, ca);
	return SCEP_ACCEPTED;
}

static enum scep_refusal write_key(struct maker *maker, size_t i)
{
	const struct scep_item *item = &maker->change->items[i];
	enum scep_refusal refusal;
	void *key;

	if (item->index < 1 || item->index > KEY_INDEX_MAX)
		return refuse(maker, i, SCEP_NO_CREATION, "keys are 1..65535");
	/* RFC 2579, RowStatus: what is not there can be destroyed. */
	if (item->field == SCEP_KEY_ROW_STATUS &&
	    scep_rows_find(&maker->view->keys, item->index) == NULL)
		return SCEP_ACCEPTED;
	refusal = find_copy(maker, i, &maker->view->keys, &maker->draft->keys,
			    SCEP_INCONSISTENT_NAME, &key);
	if (!refusal)
		settings_put(item->field, &item->value, key);
	return refusal;
}

static enum scep_refusal write_item(struct maker *maker, size_t i)
{
	const struct scep_item *item = &maker->change->items[i];
	const struct scep_field_info *info = scep_field_info(item->field);

	if (info->kind == SCEP_KIND_ACTION)
		note_action(maker->draft, item, i);
	switch (info->home) {
	case SCEP_HOME_AGENT:
		return write_agent(maker, i);
	case SCEP_HOME_PROFILE:
		return write_profile(maker, i);
	case SCEP_HOME_CA:
		return write_ca(maker, i);
	case SCEP_HOME_KEY:
		return write_key(maker, i);
	}
	return SCEP_ACCEPTED;
}

static enum scep_refusal write_items(struct maker *maker)
{
	struct draft *draft = maker->draft;
	enum scep_refusal refusal = SCEP_ACCEPTED;

	draft->actions =
	    calloc(maker->change->count + 1, sizeof(*draft->actions));
	if (!draft->actions)
		return refuse_memory(maker);
	for (size_t i = 0; !refusal && i < maker->change->count; i++)
		refusal = write_item(maker, i);
	return refusal;
}

/* ------------------------------------------------------------- the whole -- */

/* The number of the action that the Set asks for, or that of noop. */
static uint32_t action_of(const struct draft *draft, enum scep_field field,
			  uint32_t index)
{
	for (size_t i = 0; i < draft->action_count; i++)
		if (draft->actions[i].field == field &&
		    draft->actions[i].index == index)
			return draft->actions[i].number;
	return SCEP_ACTION_NOOP;
}

/* Tells if the change writes the field of the profile. */
static bool is_written(const struct maker *maker, enum scep_field field,
		       uint32_t index)
{
	for (size_t i = 0; i < maker->change->count; i++)
		if (maker->change->items[i].field == field &&
		    maker->change->items[i].index == index)
			return true;
	return false;
}

/* Rule 4: wipes the challenge passwords that are set and not sent, unless the
 * change itself sets them. */
static void wipe_challenges(struct maker *maker,
			    const struct scep_profile *before,
			    struct scep_profile *after)
{
	static const enum scep_field secrets[] = {
	    SCEP_REQUEST_CHALLENGE_PASSWORD,
	    SCEP_AUTO_CHALLENGE_PASSWORD,
	};
	const struct scep_value none = {0};

	if (!before || !settings_redirect(before, after))
		return;
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
		if (!is_written(maker, secrets[i], after->index))
			settings_put(secrets[i], &none, after);
	}
}

static enum scep_refusal judge_profiles(struct maker *maker)
{
	struct draft *draft = maker->draft;
	enum scep_refusal refusal = SCEP_ACCEPTED;

	for (size_t i = 0; !refusal && i < draft->profiles.count; i++) {
		struct scep_profile *after = draft->profiles.row[i];
		uint32_t index = after->index;
		struct rules_profile profile = {
		    .view = maker->view,
		    .config = maker->config,
		    .change = maker->change,
		    .before = scep_rows_find(&maker->view->profiles, index),
		    .after = after,
		    .is_destroyed = draft->is_destroyed[index],
		    .open = scep_view_open_request(maker->view, index),
		    .action = action_of(draft, SCEP_REQUEST_ACTION, index),
		    .check = action_of(draft, SCEP_SERVER_CHECK, index),
		};

		/* Rule 4; an open request keeps its own copy. */
		if (profile.action == SCEP_ACTION_CLEAR)
			settings_preset_values(&after->request);
		if (profile.action == SCEP_ACTION_SEND)
			after->request_written = 0;
		refusal = rules_judge(&profile, maker->verdict);
		if (!refusal)
			wipe_challenges(maker, profile.before, after);
	}
	return refusal;
}

static enum scep_refusal judge_keys(struct maker *maker)
{
	struct draft *draft = maker->draft;
	enum scep_refusal refusal = SCEP_ACCEPTED;

	for (size_t i = 0; !refusal && i < draft->keys.count; i++) {
		const struct scep_key *after = draft->keys.row[i];
		struct key_rules_case key = {
		    .actions = draft->actions,
		    .action_count = draft->action_count,
		    .profiles = &draft->profiles,
		    .profile_is_destroyed = draft->is_destroyed,
		    .view = maker->view,
		    .config = maker->config,
		    .after = after,
		    .action = action_of(draft, SCEP_KEY_ACTION, after->index),
		    .is_destroyed = action_of(draft, SCEP_KEY_ROW_STATUS,
					      after->index) == SCEP_ROW_DESTROY,
		};

		refusal = key_rules_judge(&key, maker->verdict);
	}
	return refusal;
}

static bool is_kept(const struct scep_profile *profile)
{
	return profile->storage_type != SCEP_STORAGE_VOLATILE;
}

/* Notes what a change of a profile means.  Returns whether there is one. */
static bool note_differences(struct draft *draft,
			     const struct scep_profile *before,
			     const struct scep_profile *after)
{
	bool is_to_be_stored = is_kept(after) || (before && is_kept(before));
	uint32_t index = after->index;
	bool is_changed =
	    before == NULL || before->request_written != after->request_written;

	draft->is_durable[index] = before == NULL && is_to_be_stored;
	/* A volatile profile of that index may have left some. */
	draft->forgets_pins[index] = before == NULL;
	SCEP_FIELDS_EACH (field) {
		const struct scep_field_info *info = scep_field_info(field);

		if (before == NULL || info->home != SCEP_HOME_PROFILE ||
		    settings_are_same(field, before, after))
			continue;
		is_changed = true;
		if (is_to_be_stored && !info->is_volatile)
			draft->is_durable[index] = true;
		if (field == SCEP_SERVER_URL ||
		    field == SCEP_SERVER_CA_FINGERPRINT)
			draft->forgets_pins[index] = true;
	}
	return is_changed;
}

/* Leaves only rows that differ from what they were. */
static void finish_profiles(struct maker *maker)
{
	struct scep_rows *rows = &maker->draft->profiles;

	for (size_t i = rows->count; i-- > 0;) {
		const struct scep_profile *after = rows->row[i];
		uint32_t index = after->index;

		if (maker->draft->is_destroyed[index] ||
		    !note_differences(
			maker->draft,
			scep_rows_find(&maker->view->profiles, index), after))
			rows_remove(rows, index);
	}
}

/* The values that are written of a key are volatile.  A key that goes away is
 * not changed. */
static void finish_keys(struct maker *maker)
{
	struct scep_rows *rows = &maker->draft->keys;

	for (size_t i = rows->count; i-- > 0;) {
		const struct scep_key *after = rows->row[i];
		const struct scep_key *before =
		    scep_rows_find(&maker->view->keys, after->index);

		if (settings_are_same(SCEP_KEY_ASSIGN_TO, before, after) ||
		    action_of(maker->draft, SCEP_KEY_ROW_STATUS,
			      after->index) == SCEP_ROW_DESTROY)
			rows_remove(rows, after->index);
	}
}

static bool is_forgotten(const struct draft *draft, uint32_t index)
{
	return index <= SCEP_PROFILE_MAX &&
	       (draft->forgets_pins[index] || draft->is_destroyed[index]);
}

static void finish_cas(struct maker *maker)
{
	struct scep_rows *rows = &maker->draft->cas;

	for (size_t i = rows->count; i-- > 0;) {
		const struct scep_ca *after = rows->row[i];
		const struct scep_ca *before =
		    scep_rows_find(&maker->view->cas, after->index);

		/* Does not trust what the same Set forgets. */
		if (before->trust == after->trust ||
		    is_forgotten(maker->draft, after->profile_index))
			rows_remove(rows, after->index);
	}
}

static void finish_agent(struct maker *maker)
{
	struct draft *draft = maker->draft;

	SCEP_FIELDS_EACH (field)
		if (scep_field_info(field)->home == SCEP_HOME_AGENT &&
		    !settings_are_same(field, &maker->view->agent,
				       &draft->agent)) {
			draft->agent_is_changed = true;
			draft->agent_is_set |=
			    field != SCEP_AGENT_CONFIG_SPIN_LOCK;
		}
}

enum scep_refusal draft_make(const struct scep_view *view,
			     const struct scep_config *config,
			     const struct scep_change *change,
			     struct draft *draft, struct scep_verdict *verdict)
{
	struct maker maker = {
	    .view = view,
	    .config = config,
	    .change = change,
	    .draft = draft,
	    .verdict = verdict,
	};
	enum scep_refusal refusal;

	memset(draft, 0, sizeof(*draft));
	memset(verdict, 0, sizeof(*verdict));
	draft->agent = view->agent;
	refusal = judge_indexes(&maker);
	if (!refusal)
		refusal = write_row_statuses(&maker);
	if (!refusal)
		refusal = write_items(&maker);
	if (!refusal)
		refusal = judge_profiles(&maker);
	if (!refusal)
		refusal = judge_keys(&maker);
	if (refusal)
		return refusal;
	finish_profiles(&maker);
	finish_cas(&maker);
	finish_keys(&maker);
	finish_agent(&maker);
	verdict->item = 0;
	return SCEP_ACCEPTED;
}

void draft_free(struct draft *draft)
{
	rows_free(&draft->profiles);
	rows_free(&draft->cas);
	rows_free(&draft->keys);
	free(draft->actions);
	memset(draft, 0, sizeof(*draft));
}
