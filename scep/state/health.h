/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges a view: states, counts and scepAgentHealth, as they follow from the
 * rows and the time.  Pure.  Knows no engine; the functions of view.h are here.
 */
#ifndef SCEP_STATE_HEALTH_H
#define SCEP_STATE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

struct scep_ca;
struct scep_profile;
struct scep_status;
struct scep_view;

/* scepAgentHealthReason: bits in the order of the MIB. */
enum health_reason {
	HEALTH_CERT_EXPIRING = 1u << 0,
	HEALTH_CERT_EXPIRED = 1u << 1,
	HEALTH_LAST_REQUEST_FAILED = 1u << 2,
	HEALTH_POLLING_LATE = 1u << 3,
	HEALTH_CA_UNTRUSTED = 1u << 4,
	HEALTH_CA_EXPIRING = 1u << 5,
	HEALTH_KEY_LIMIT_REACHED = 1u << 6,
	HEALTH_CLOCK_SUSPECT = 1u << 7,
	HEALTH_RESTART_PENDING = 1u << 8,
	HEALTH_STORAGE_ERROR = 1u << 9,
	HEALTH_CHALLENGE_MISSING = 1u << 10,
	HEALTH_DEPLOY_FAILED = 1u << 11,
};

/* Facts that do not stand in the rows. */
struct health_facts {
	int64_t now;
	bool storage_is_failing;
	const char *storage_fault; /* why, in words; NULL or "": unknown */
	int64_t sane_from;	   /* an earlier time is a wrong clock */
	uint32_t clock_skew_limit; /* seconds */
};

/* Works out agent.health and agent.health_reason. */
void health_judge(struct scep_view *view, const struct health_facts *facts);

/*
 * Returns the next time at which the state of a key, the judgement, its text
 * or what expiry_watch.h finds may change though no row does; later than now.
 */
int64_t health_next_change(const struct scep_view *view,
			   const struct health_facts *facts);
#define HEALTH_NO_CHANGE INT64_MAX

/* True if scepKeyCount has reached scepKeyLimit. */
bool health_registry_is_full(const struct scep_view *view);
/* True if the last request of the profile has failed, and no operator has
 * acknowledged it. */
bool health_profile_has_failed(const struct scep_profile *profile);
/* Returns an open request that waits because the disk refuses, or memory is
 * short; NULL: none does. */
const struct scep_status *health_held_request(const struct scep_view *view);
bool health_poll_is_late(const struct scep_status *status, int64_t now);
/* True if a CA that is still needed (in_service.h) and is not rejected expires
 * within scepNotifyExpiryDays, or has expired. */
bool health_ca_is_expiring(const struct scep_view *view,
			   const struct scep_ca *ca, int64_t now);

#endif
