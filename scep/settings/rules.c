/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/settings/rules.h"

#include <string.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/server.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/values.h"
#include "scep/view.h"
#include "scep/base/error.h"
#include "scep/settings/legacy.h"
#include "scep/settings/settings.h"
#include "scep/settings/verdict.h"
#include "scep/settings/view_query.h"

/* Judges one thing. */
typedef enum scep_refusal rule_fn(const struct rules_profile *profile,
				  struct scep_verdict *verdict);

/* --------------------------------------------------------------- helpers -- */

/* Tells whether the change writes the field; `item` is the last that does. */
static bool is_written(const struct rules_profile *profile,
		       enum scep_field field, size_t *item)
{
	const struct scep_change *change = profile->change;

	for (size_t i = change->count; i-- > 0;)
		if (change->items[i].field == field &&
		    change->items[i].index == profile->after->index) {
			*item = i;
			return true;
		}
	return false;
}

static enum scep_refusal blame(const struct rules_profile *profile,
			       struct scep_verdict *verdict,
			       enum scep_field field, const char *reason)
{
	/* The Set wrote what a rule blames, or the rule could not have failed.
	 */
	(void)is_written(profile, field, &verdict->item);
	return verdict_refuse(verdict, SCEP_INCONSISTENT_VALUE, "%s.%u: %s",
			      scep_field_info(field)->name,
			      profile->after->index, reason);
}

/* Tells whether the value differs from what it was.  A new profile has no
 * before, so that nothing of it differs. */
static bool is_differing(const struct rules_profile *profile,
			 enum scep_field field)
{
	return profile->before &&
	       !settings_are_same(field, profile->before, profile->after);
}

static bool is_in(enum scep_field field, uint32_t groups)
{
	return scep_field_info(field)->group & groups;
}

static bool is_locked(const struct rules_profile *profile)
{
	return profile->before && profile->before->timer.enable &&
	       profile->after->timer.enable;
}

/* ------------------------------------------------------- rows (rule 17) -- */

static enum scep_refusal rule_first_stays(const struct rules_profile *profile,
					  struct scep_verdict *verdict)
{
	if (!profile->is_destroyed || profile->after->index != 1)
		return SCEP_ACCEPTED;
	return blame(profile, verdict, SCEP_PROFILE_ROW_STATUS,
		     "the first profile cannot be destroyed");
}

static enum scep_refusal rule_row_is_idle(const struct rules_profile *profile,
					  struct scep_verdict *verdict)
{
	size_t item;

	if (!profile->is_destroyed &&
	    (profile->after->row_status != SCEP_ROW_NOT_IN_SERVICE ||
	     !is_written(profile, SCEP_PROFILE_ROW_STATUS, &item)))
		return SCEP_ACCEPTED;
	if (profile->after->timer.enable)
		return blame(profile, verdict, SCEP_PROFILE_ROW_STATUS,
			     "its timer is enabled");
	if (profile->open)
		return blame(profile, verdict, SCEP_PROFILE_ROW_STATUS,
			     "a request of it is open");
	return SCEP_ACCEPTED;
}

static enum scep_refusal rule_storage_stays(const struct rules_profile *profile,
					    struct scep_verdict *verdict)
{
	if (!is_differing(profile, SCEP_PROFILE_STORAGE_TYPE))
		return SCEP_ACCEPTED;
	if (is_locked(profile))
		return blame(profile, verdict, SCEP_PROFILE_STORAGE_TYPE,
			     "its timer is enabled");
	if (profile->open)
		return blame(profile, verdict, SCEP_PROFILE_STORAGE_TYPE,
			     "a request of it is open");
	return SCEP_ACCEPTED;
}

/* ------------------------------------------------------ locks (rule 1) -- */

static enum scep_refusal
rule_server_is_locked(const struct rules_profile *profile,
		      struct scep_verdict *verdict)
{
	if (!is_locked(profile))
		return SCEP_ACCEPTED;
	SCEP_FIELDS_EACH (field)
		if (is_in(field, SCEP_GROUP_SERVER) &&
		    is_differing(profile, field))
			return blame(profile, verdict, field,
				     "locked: set scepAutoEnable to false "
				     "first");
	return SCEP_ACCEPTED;
}

/* scepAutoEnable is the switch and no setting in this sense: a timer can be
 * stopped whatever its request is waiting for. */
static enum scep_refusal
rule_timer_is_locked(const struct rules_profile *profile,
		     struct scep_verdict *verdict)
{
	if (!profile->open || profile->open->trigger == SCEP_TRIGGER_MANUAL)
		return SCEP_ACCEPTED;
	SCEP_FIELDS_EACH (field)
		if (is_in(field, SCEP_GROUP_AUTO_VALUES | SCEP_GROUP_AUTO) &&
		    field != SCEP_AUTO_ENABLE && is_differing(profile, field))
			return blame(profile, verdict, field,
				     "locked while a request of the timer is "
				     "open");
	return SCEP_ACCEPTED;
}

/* ------------------------------------------------ enabling (rule 2) -- */

static bool is_enough_to_enable(const struct rules_profile *profile,
				enum scep_field field)
{
	const struct scep_profile *after = profile->after;
	static const struct scep_value none;

	if (field == SCEP_AUTO_USE_LOCATION)
		return view_has_uses(profile->view,
				     after->timer.values.use_location);
	return !settings_has(field, &none, after);
}

/*
 * Judged when the timer is switched on, and later for what then changes: that
 * a use location has gone from the configuration file must not keep a manager
 * from changing something else.
 */
static enum scep_refusal
rule_enable_is_ready(const struct rules_profile *profile,
		     struct scep_verdict *verdict)
{
	static const struct {
		enum scep_field field;
		const char *reason;
		const char *later; /* of a timer that was enabled before */
	} needs[] = {
	    {SCEP_SERVER_URL, "scepServerUrl is empty",
	     "the enabled timer needs it"},
	    {SCEP_AUTO_START_TIME, "scepAutoStartTime is empty",
	     "the enabled timer needs it"},
	    {SCEP_AUTO_KEY_NAME, "scepAutoKeyName is empty",
	     "the enabled timer needs it"},
	    {SCEP_AUTO_COMMON_NAME, "scepAutoCommonName is empty",
	     "the enabled timer needs it"},
	    {SCEP_AUTO_USE_LOCATION,
	     "scepAutoUseLocation has a name that scepUseTable does not have",
	     "has a name that scepUseTable does not have"},
	};
	bool was_enabled = is_locked(profile);

	if (!profile->after->timer.enable || profile->is_destroyed)
		return SCEP_ACCEPTED;
	if (!was_enabled && profile->after->row_status != SCEP_ROW_ACTIVE)
		return blame(profile, verdict, SCEP_AUTO_ENABLE,
			     "scepProfileRowStatus is not active");
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (was_enabled && !is_differing(profile, needs[i].field))
			continue;
		if (!is_enough_to_enable(profile, needs[i].field))
			return blame(
			    profile, verdict,
			    was_enabled ? needs[i].field : SCEP_AUTO_ENABLE,
			    was_enabled ? needs[i].later : needs[i].reason);
	}
	return SCEP_ACCEPTED;
}

/* ---------------------------------- what the configuration has to allow -- */

#define SHORT_KEYS 0 /* allowShortKeys and no bit of allowLegacyAlgorithms */

static const struct weakness {
	enum scep_field field;
	uint32_t number; /* the value that is weak */
	uint32_t legacy; /* enum scep_legacy or SHORT_KEYS */
	const char *reason;
} weaknesses[] = {
    {SCEP_REQUEST_SIGNATURE_ALGORITHM, SCEP_SIGN_SHA1, SCEP_LEGACY_SHA1,
     "allowLegacyAlgorithms in scepagentd.conf has no sha1 for this "
     "server"},
    {SCEP_AUTO_SIGNATURE_ALGORITHM, SCEP_SIGN_SHA1, SCEP_LEGACY_SHA1,
     "allowLegacyAlgorithms in scepagentd.conf has no sha1 for this "
     "server"},
    {SCEP_REQUEST_KEY_LENGTH, SCEP_KEY_LENGTH_SHORT, SHORT_KEYS,
     "allowShortKeys in scepagentd.conf is no"},
    {SCEP_AUTO_KEY_LENGTH, SCEP_KEY_LENGTH_SHORT, SHORT_KEYS,
     "allowShortKeys in scepagentd.conf is no"},
    {SCEP_SERVER_CIPHER, SCEP_CIPHER_3DES, SCEP_LEGACY_3DES,
     "allowLegacyAlgorithms in scepagentd.conf has no 3des for this "
     "server"},
};

static bool is_allowed(const struct scep_config *config,
		       const struct scep_profile *profile,
		       const struct weakness *weakness)
{
	struct scep_value weak = {.number = weakness->number};

	if (!settings_has(weakness->field, &weak, profile))
		return true;
	if (weakness->legacy == SHORT_KEYS)
		return config->allow_short_keys;
	return legacy_allowed(config, &profile->server) & weakness->legacy;
}

/* Tells whether a request with these values sends what the field says. */
static bool is_of(enum rules_values values, enum scep_field field)
{
	return is_in(field, SCEP_GROUP_SERVER | (values == RULES_OF_REQUEST
						     ? SCEP_GROUP_REQUEST
						     : SCEP_GROUP_AUTO_VALUES));
}

const char *rules_weakness(const struct scep_config *config,
			   const struct scep_profile *profile,
			   enum rules_values values)
{
	for (size_t i = 0; i < sizeof(weaknesses) / sizeof(weaknesses[0]); i++)
		if (is_of(values, weaknesses[i].field) &&
		    !is_allowed(config, profile, &weaknesses[i]))
			return weaknesses[i].reason;
	return NULL;
}

/*
 * Judged where the value is written.  What stands in a row since the
 * configuration file allowed it stays, but is not sent.
 */
static enum scep_refusal
rule_strength_is_allowed(const struct rules_profile *profile,
			 struct scep_verdict *verdict)
{
	size_t item;

	for (size_t i = 0; i < sizeof(weaknesses) / sizeof(weaknesses[0]);
	     i++) {
		const struct weakness *weakness = &weaknesses[i];

		if (is_written(profile, weakness->field, &item) &&
		    !is_allowed(profile->config, profile->after, weakness))
			return blame(profile, verdict, weakness->field,
				     weakness->reason);
	}
	return SCEP_ACCEPTED;
}

/* ----------------------------------------------------- actions (rule 3) -- */

static enum scep_refusal blame_action(const struct rules_profile *profile,
				      struct scep_verdict *verdict,
				      const char *reason)
{
	return blame(profile, verdict, SCEP_REQUEST_ACTION, reason);
}

static enum scep_refusal judge_send(const struct rules_profile *profile,
				    struct scep_verdict *verdict)
{
	const struct scep_profile *after = profile->after;
	const char *fault = NULL;

	if (is_locked(profile))
		fault = "the timer is enabled: set scepAutoEnable to false "
			"first";
	else if (after->row_status != SCEP_ROW_ACTIVE)
		fault = "scepProfileRowStatus is not active";
	else if (profile->open)
		fault = "a request of this profile is open";
	else if (!after->server.url[0])
		fault = "scepServerUrl is empty";
	else if (!after->request.key_name[0])
		fault = "scepRequestKeyName is empty";
	else if (!after->request.common_name[0])
		fault = "scepRequestCommonName is empty";
	else if (!view_has_uses(profile->view, after->request.use_location))
		fault = "scepRequestUseLocation has a name that scepUseTable "
			"does not have";
	else
		fault =
		    rules_weakness(profile->config, after, RULES_OF_REQUEST);
	return fault ? blame_action(profile, verdict, fault) : SCEP_ACCEPTED;
}

static bool is_resumable(const struct rules_profile *profile,
			 const struct scep_status *status)
{
	/* Version 0.1.0 suspended a request for short memory. */
	return status && status->profile_index == profile->after->index &&
	       status->state == SCEP_STATE_ERROR &&
	       (status->detail == SCEP_STORAGE_ERROR ||
		error_is_resumable((enum scep_code)status->detail));
}

/* Rule 9: the request may be that of the last send or one of the timer. */
static enum scep_refusal judge_poll_now(const struct rules_profile *profile,
					struct scep_verdict *verdict)
{
	const struct scep_view *view = profile->view;
	uint32_t suspended = view->suspended[profile->after->index];

	if (profile->open ||
	    is_resumable(profile, scep_rows_find(&view->statuses, suspended)))
		return SCEP_ACCEPTED;
	return blame_action(profile, verdict, "there is no request to poll");
}

static enum scep_refusal
rule_action_has_object(const struct rules_profile *profile,
		       struct scep_verdict *verdict)
{
	if (profile->action == SCEP_ACTION_NOOP)
		return SCEP_ACCEPTED;
	if (profile->is_destroyed)
		return blame_action(profile, verdict,
				    "the same Set destroys the profile");
	switch ((enum scep_request_action)profile->action) {
	case SCEP_ACTION_SEND:
		return judge_send(profile, verdict);
	case SCEP_ACTION_CANCEL:
		if (profile->open)
			return SCEP_ACCEPTED;
		return blame_action(profile, verdict, "no request is open");
	case SCEP_ACTION_POLL_NOW:
		return judge_poll_now(profile, verdict);
	case SCEP_ACTION_NOOP:
	case SCEP_ACTION_CLEAR: /* Rule 4: an open request has its own copy. */
		return SCEP_ACCEPTED;
	}
	return SCEP_ACCEPTED;
}

/* One check of a profile at a time; while the timer runs too, as a check is
 * no setting (rule 1). */
static enum scep_refusal
rule_check_has_object(const struct rules_profile *profile,
		      struct scep_verdict *verdict)
{
	const struct scep_profile *after = profile->after;
	const char *fault = NULL;

	if (profile->check == SCEP_CHECK_NOOP)
		return SCEP_ACCEPTED;
	if (profile->is_destroyed)
		fault = "the same Set destroys the profile";
	else if (after->facts.check_result == SCEP_IN_PROGRESS)
		fault = "a check of this profile is running";
	else if (!after->server.url[0])
		fault = "scepServerUrl is empty";
	return fault ? blame(profile, verdict, SCEP_SERVER_CHECK, fault)
		     : SCEP_ACCEPTED;
}

/* ------------------------------------------------------------- the table -- */

static rule_fn *const rules[] = {
    rule_first_stays,	      rule_row_is_idle,	      rule_storage_stays,
    rule_server_is_locked,    rule_timer_is_locked,   rule_enable_is_ready,
    rule_strength_is_allowed, rule_action_has_object, rule_check_has_object,
};

enum scep_refusal rules_judge(const struct rules_profile *profile,
			      struct scep_verdict *verdict)
{
	enum scep_refusal refusal;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		refusal = rules[i](profile, verdict);
		if (refusal)
			return refusal;
	}
	return SCEP_ACCEPTED;
}
