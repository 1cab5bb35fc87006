/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/health.h"

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "scep/base/rows.h"
#include "scep/state/in_service.h"

#define DAY 86400
/* A poll is late when it is this long overdue, in seconds. */
#define LATE 120

bool scep_status_is_open(const struct scep_status *status)
{
	return status->state == SCEP_STATE_TO_BE_PROCESSED ||
	       status->state == SCEP_STATE_PROCESSING;
}

uint32_t scep_view_processing(const struct scep_view *view)
{
	uint32_t count = 0;

	ROWS_EACH (i, &view->statuses) {
		const struct scep_status *status = view->statuses.row[i];

		if (status->state == SCEP_STATE_PROCESSING)
			count++;
	}
	return count;
}

enum scep_key_state scep_key_state_at(const struct scep_key *key, int64_t now,
				      uint32_t expiry_days)
{
	if (key->is_corrupt)
		return SCEP_KEY_CORRUPT;
	if (key->not_after == 0)
		return SCEP_KEY_NO_CERTIFICATE;
	if (key->is_revoked)
		return SCEP_KEY_REVOKED;
	if (now < key->not_before)
		return SCEP_KEY_NOT_YET_VALID;
	if (now > key->not_after)
		return SCEP_KEY_EXPIRED;
	if (key->not_after - now < (int64_t)expiry_days * DAY)
		return SCEP_KEY_EXPIRING;
	return SCEP_KEY_VALID;
}

/* True if `key` represents its profile better than `other` (may be NULL). */
static bool key_is_better(const struct scep_key *key,
			  const struct scep_key *other, int64_t now)
{
	if (other == NULL)
		return true;
	if ((key->not_before <= now) != (other->not_before <= now))
		return key->not_before <= now;
	return key->install_time >= other->install_time;
}

const struct scep_key *scep_view_profile_key(const struct scep_view *view,
					     uint32_t profile_index,
					     int64_t now)
{
	const struct scep_key *best = NULL;

	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];

		if (key->profile_index == profile_index &&
		    key_is_better(key, best, now) &&
		    scep_view_key_is_in_service(view, key, now))
			best = key;
	}
	return best;
}

int64_t scep_view_earliest_expiry(const struct scep_view *view, int64_t now)
{
	int64_t earliest = 0;

	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];

		if (key->not_after != 0 &&
		    (earliest == 0 || key->not_after < earliest) &&
		    scep_view_key_is_in_service(view, key, now))
			earliest = key->not_after;
	}
	return earliest;
}

bool health_registry_is_full(const struct scep_view *view)
{
	return view->keys.count >= view->agent.key_limit;
}

bool health_ca_is_expiring(const struct scep_view *view,
			   const struct scep_ca *ca, int64_t now)
{
	int64_t warned = (int64_t)view->agent.notify_expiry_days * DAY;

	return ca->trust != SCEP_CA_REJECTED && ca->not_after != 0 &&
	       ca->not_after - now < warned && in_service_has_ca(view, ca, now);
}

/* --------------------------------------------- scepAgentHealthReason -- */

static uint32_t reason_of_key(enum scep_key_state state)
{
	switch (state) {
	case SCEP_KEY_EXPIRING:
		return HEALTH_CERT_EXPIRING;
	case SCEP_KEY_EXPIRED:
		return HEALTH_CERT_EXPIRED;
	case SCEP_KEY_CORRUPT:
		return HEALTH_STORAGE_ERROR;
	case SCEP_KEY_NO_CERTIFICATE:
	case SCEP_KEY_VALID:
	case SCEP_KEY_NOT_YET_VALID:
	case SCEP_KEY_REVOKED:
		break;
	}
	return 0;
}

static uint32_t reasons_of_keys(const struct scep_view *view, int64_t now)
{
	uint32_t reasons = 0;

	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];
		uint32_t reason = reason_of_key(scep_key_state_at(
		    key, now, view->agent.notify_expiry_days));

		if (reason != 0 && scep_view_key_is_in_service(view, key, now))
			reasons |= reason;
	}
	if (health_registry_is_full(view))
		reasons |= HEALTH_KEY_LIMIT_REACHED;
	return reasons;
}

const struct scep_status *health_held_request(const struct scep_view *view)
{
	ROWS_EACH (i, &view->statuses) {
		const struct scep_status *status = view->statuses.row[i];

		if (scep_status_is_open(status) &&
		    status->detail == SCEP_STORAGE_ERROR)
			return status;
	}
	return NULL;
}

static uint32_t reasons_of_uses(const struct scep_view *view)
{
	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->applied == SCEP_APPLIED_FAILED)
			return HEALTH_DEPLOY_FAILED;
	}
	return 0;
}

static uint32_t reasons_of_challenges(const struct scep_view *view)
{
	ROWS_EACH (i, &view->profiles) {
		const struct scep_profile *profile = view->profiles.row[i];

		if (profile->timer.enable && profile->timer.lacks_challenge)
			return HEALTH_CHALLENGE_MISSING;
	}
	return 0;
}

bool health_profile_has_failed(const struct scep_profile *profile)
{
	return profile->outcome.result == SCEP_RESULT_FAILED &&
	       !profile->outcome.is_acknowledged;
}

static uint32_t reasons_of_outcomes(const struct scep_view *view)
{
	ROWS_EACH (i, &view->profiles)
		if (health_profile_has_failed(view->profiles.row[i]))
			return HEALTH_LAST_REQUEST_FAILED;
	return 0;
}

bool health_poll_is_late(const struct scep_status *status, int64_t now)
{
	return scep_status_is_open(status) && status->next_poll != 0 &&
	       now > status->next_poll + LATE;
}

static uint32_t reasons_of_polls(const struct scep_view *view, int64_t now)
{
	ROWS_EACH (i, &view->statuses)
		if (health_poll_is_late(view->statuses.row[i], now))
			return HEALTH_POLLING_LATE;
	return 0;
}

static uint32_t reasons_of_cas(const struct scep_view *view, int64_t now)
{
	uint32_t reasons = 0;

	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *ca = view->cas.row[i];

		if (ca->trust == SCEP_CA_PENDING)
			reasons |= HEALTH_CA_UNTRUSTED;
		if (health_ca_is_expiring(view, ca, now))
			reasons |= HEALTH_CA_EXPIRING;
	}
	return reasons;
}

static bool clock_is_sane(const struct health_facts *facts)
{
	return facts->now >= facts->sane_from;
}

static uint32_t reasons_of_clocks(const struct scep_view *view,
				  const struct health_facts *facts)
{
	int64_t limit = facts->clock_skew_limit;

	if (!clock_is_sane(facts))
		return HEALTH_CLOCK_SUSPECT;
	ROWS_EACH (i, &view->profiles) {
		const struct scep_profile *profile = view->profiles.row[i];
		int64_t skew = profile->facts.clock_skew;

		if (skew > limit || -skew > limit)
			return HEALTH_CLOCK_SUSPECT;
	}
	return 0;
}

void health_judge(struct scep_view *view, const struct health_facts *facts)
{
	const uint32_t critical = HEALTH_CERT_EXPIRED | HEALTH_STORAGE_ERROR;
	const uint32_t of_clock =
	    HEALTH_CERT_EXPIRING | HEALTH_CERT_EXPIRED | HEALTH_CA_EXPIRING;
	uint32_t reasons = reasons_of_keys(view, facts->now) |
			   reasons_of_cas(view, facts->now);

	/* A clock that is wrong makes every certificate look wrong. */
	if (!clock_is_sane(facts))
		reasons &= ~of_clock;
	reasons |= reasons_of_clocks(view, facts) | reasons_of_outcomes(view) |
		   reasons_of_polls(view, facts->now);
	if (facts->storage_is_failing || view->agent.recovery[0] != '\0' ||
	    health_held_request(view) != NULL)
		reasons |= HEALTH_STORAGE_ERROR;
	reasons |= reasons_of_uses(view) | reasons_of_challenges(view);
	if (view->agent.restart_pending)
		reasons |= HEALTH_RESTART_PENDING;
	view->agent.health_reason = reasons;
	view->agent.health = (reasons & critical) ? SCEP_HEALTH_CRITICAL
			     : reasons		  ? SCEP_HEALTH_WARNING
						  : SCEP_HEALTH_OK;
}

/* --------------------------------------------------- when it changes next --
 */

/* The text counts the days to the end. */
static int64_t next_day(int64_t now, int64_t not_after)
{
	return not_after - (not_after - now) / DAY * DAY + 1;
}

/* Moves `*next` to `when`, if that is sooner and still to come. */
static void take_sooner(int64_t *next, int64_t now, int64_t when)
{
	if (when > now && when < *next)
		*next = when;
}

int64_t health_next_change(const struct scep_view *view,
			   const struct health_facts *facts)
{
	const int64_t warned = (int64_t)view->agent.notify_expiry_days * DAY;
	const int64_t now = facts->now;
	int64_t next = HEALTH_NO_CHANGE;

	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];

		if (key->not_after == 0)
			continue;
		take_sooner(&next, now, key->not_before);
		take_sooner(&next, now, key->not_after - warned + 1);
		take_sooner(&next, now, key->not_after + 1);
		if (key->not_after - now < warned)
			take_sooner(&next, now, next_day(now, key->not_after));
	}
	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *ca = view->cas.row[i];

		take_sooner(&next, now, ca->not_after - warned + 1);
		take_sooner(&next, now, ca->not_after + 1);
		if (ca->not_after - now < warned)
			take_sooner(&next, now, next_day(now, ca->not_after));
	}
	ROWS_EACH (i, &view->statuses) {
		const struct scep_status *status = view->statuses.row[i];

		if (scep_status_is_open(status) && status->next_poll != 0)
			take_sooner(&next, now, status->next_poll + LATE + 1);
	}
	take_sooner(&next, now, facts->sane_from);
	return next;
}
