/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/settings/key_rules.h"

#include <string.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "scep/base/rows.h"
#include "scep/settings/rules.h"
#include "scep/settings/settings.h"
#include "scep/settings/verdict.h"
#include "scep/settings/view_query.h"

static enum scep_refusal blame(const struct key_rules_case *key,
			       struct scep_verdict *verdict,
			       enum scep_field field, enum scep_refusal refusal,
			       const char *reason)
{
	for (size_t i = 0; i < key->action_count; i++)
		if (key->actions[i].field == field &&
		    key->actions[i].index == key->after->index)
			verdict->item = key->actions[i].item;
	return verdict_refuse(verdict, refusal, "%s.%u: %s",
			      scep_field_info(field)->name, key->after->index,
			      reason);
}

/* ------------------------------------------------------------- destroying */

/* Tells whether the Set gives a location the key back that it had before. */
static bool is_rolled_back_to(const struct key_rules_case *key)
{
	for (size_t i = 0; i < key->action_count; i++) {
		const struct rules_action *action = &key->actions[i];

		if (action->field == SCEP_KEY_ACTION &&
		    action->number == SCEP_KEY_ROLLBACK &&
		    view_key_has_replaced(key->view, key->after->index,
					  action->index))
			return true;
	}
	return false;
}

static enum scep_refusal judge_destroy(const struct key_rules_case *key,
				       struct scep_verdict *verdict)
{
	const char *fault = NULL;

	if (key->after->is_default)
		fault = "the default key cannot be destroyed";
	else if (view_key_is_used(key->view, key->after->index))
		fault = "a use location has the key: give it another one first";
	else if (is_rolled_back_to(key))
		fault = "the same Set rolls back to the key";
	else if (key->action != SCEP_KEY_NOOP)
		fault = "the same Set has an action for the key";
	return fault ? blame(key, verdict, SCEP_KEY_ROW_STATUS,
			     SCEP_INCONSISTENT_VALUE, fault)
		     : SCEP_ACCEPTED;
}

/* ---------------------------------------------------------------- renewing */

/* The profile of the key, as it is after the Set; NULL if there is none. */
static const struct scep_profile *profile_of(const struct key_rules_case *key)
{
	uint32_t index = key->after->profile_index;
	const struct scep_profile *profile;

	if (index < 1 || index > SCEP_PROFILE_MAX ||
	    key->profile_is_destroyed[index])
		return NULL;
	profile = scep_rows_find(key->profiles, index);
	return profile ? profile : scep_rows_find(&key->view->profiles, index);
}

/* A Set that sends and renews at once asks for two requests. */
static bool has_other_request(const struct key_rules_case *key)
{
	for (size_t i = 0; i < key->action_count; i++) {
		const struct rules_action *action = &key->actions[i];
		const struct scep_key *other;

		if (action->field == SCEP_REQUEST_ACTION &&
		    action->index == key->after->profile_index &&
		    (action->number == SCEP_ACTION_SEND ||
		     action->number == SCEP_ACTION_POLL_NOW))
			return true;
		if (action->field != SCEP_KEY_ACTION ||
		    action->number != SCEP_KEY_RENEW ||
		    action->index == key->after->index)
			continue;
		other = scep_rows_find(&key->view->keys, action->index);
		if (other && other->profile_index == key->after->profile_index)
			return true;
	}
	return false;
}

/* Judges what the key was requested with. */
static const char *weakness_of(const struct key_rules_case *key,
			       const struct scep_profile *profile)
{
	struct scep_profile asking = *profile;
	const char *fault;

	asking.request = key->after->asked;
	fault = rules_weakness(key->config, &asking, RULES_OF_REQUEST);
	explicit_bzero(&asking, sizeof(asking));
	return fault;
}

static const char *fault_of_renew(const struct key_rules_case *key)
{
	const struct scep_profile *profile = profile_of(key);

	if (key->after->is_default)
		return "the default key has no server";
	if (!profile)
		return key->after->profile_index != 0
			   ? "the profile that requested it is gone"
			   : "no profile requested it";
	if (profile->row_status != SCEP_ROW_ACTIVE)
		return "its profile is not active";
	if (scep_view_open_request(key->view, profile->index) ||
	    has_other_request(key))
		return "a request of its profile is open";
	if (!profile->server.url[0])
		return "scepServerUrl is empty";
	if (key->after->asked.key_length == 0)
		return "its certificate cannot be read, or has longer names "
		       "than a request";
	if (!view_has_uses(key->view, key->after->use_location))
		return "scepKeyUseLocation has a name that scepUseTable does "
		       "not have";
	return weakness_of(key, profile);
}

/* --------------------------------------------------------------- assigning */

static const char *fault_of_assign(const struct key_rules_case *key)
{
	if (!key->after->assign_to[0])
		return "scepKeyAssignTo is empty";
	if (!view_has_uses(key->view, key->after->assign_to))
		return "scepKeyAssignTo has a name that scepUseTable does not "
		       "have";
	if (key->after->not_after == 0)
		return "the key has no certificate";
	if (key->after->is_corrupt)
		return "the key is corrupt";
	return NULL;
}

/* ------------------------------------------------------------ rolling back */

static bool is_rolled_back(const struct key_rules_case *key, uint32_t key_index)
{
	for (size_t i = 0; i < key->action_count; i++)
		if (key->actions[i].field == SCEP_KEY_ACTION &&
		    key->actions[i].number == SCEP_KEY_ROLLBACK &&
		    key->actions[i].index == key_index)
			return true;
	return false;
}

/* Counts the retired keys that the whole Set brings back. */
static size_t count_brought_back(const struct key_rules_case *key)
{
	const struct scep_view *view = key->view;
	size_t count = 0;

	ROWS_EACH (i, &view->retired) {
		const struct scep_key *retired = view->retired.row[i];
		bool is_wanted = false;

		for (size_t u = 0; u < view->uses.count; u++) {
			const struct scep_use *use = view->uses.row[u];

			is_wanted =
			    is_wanted || (use->previous_key == retired->index &&
					  is_rolled_back(key, use->key_index));
		}
		count += is_wanted;
	}
	return count;
}

/* Counts what is registered, and the place that waits for the default key. */
static size_t count_taken(const struct key_rules_case *key)
{
	const struct scep_view *view = key->view;
	bool has_default = !key->config->has_default_key;

	ROWS_EACH (i, &view->keys) {
		const struct scep_key *each = view->keys.row[i];

		has_default = has_default || each->is_default;
	}
	return view->keys.count + !has_default;
}

static bool has_replaced(const struct key_rules_case *key)
{
	const struct scep_view *view = key->view;

	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->key_index == key->after->index &&
		    use->previous_key != 0 &&
		    (scep_rows_find(&view->retired, use->previous_key) ||
		     scep_rows_find(&view->keys, use->previous_key)))
			return true;
	}
	return false;
}

static enum scep_refusal judge_rollback(const struct key_rules_case *key,
					struct scep_verdict *verdict)
{
	size_t needed = count_brought_back(key);

	if (!has_replaced(key))
		return blame(key, verdict, SCEP_KEY_ACTION,
			     SCEP_INCONSISTENT_VALUE,
			     "it has replaced no key that could come back");
	if (needed > 0 && count_taken(key) + needed > key->config->key_limit)
		return blame(key, verdict, SCEP_KEY_ACTION,
			     SCEP_RESOURCE_UNAVAILABLE,
			     "the registry has no room for the replaced key");
	return SCEP_ACCEPTED;
}

/* --------------------------------------------------------------- the whole */

enum scep_refusal key_rules_judge(const struct key_rules_case *key,
				  struct scep_verdict *verdict)
{
	const char *fault = NULL;

	if (key->is_destroyed)
		return judge_destroy(key, verdict);
	if (key->action != SCEP_KEY_NOOP &&
	    key->after->action_result == SCEP_IN_PROGRESS)
		return blame(key, verdict, SCEP_KEY_ACTION,
			     SCEP_INCONSISTENT_VALUE,
			     "an action of the key is running");
	switch ((enum scep_key_action)key->action) {
	case SCEP_KEY_RENEW:
		fault = fault_of_renew(key);
		break;
	case SCEP_KEY_ASSIGN:
		fault = fault_of_assign(key);
		break;
	case SCEP_KEY_ROLLBACK:
		return judge_rollback(key, verdict);
	case SCEP_KEY_NOOP:
	case SCEP_KEY_VERIFY:
		break;
	}
	return fault ? blame(key, verdict, SCEP_KEY_ACTION,
			     SCEP_INCONSISTENT_VALUE, fault)
		     : SCEP_ACCEPTED;
}
