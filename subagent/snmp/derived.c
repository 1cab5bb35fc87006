/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/derived.h"

#define SECONDS_MAX INT32_MAX

int32_t derived_saturate(int64_t number)
{
	if (number > SECONDS_MAX)
		return SECONDS_MAX;
	if (number < -SECONDS_MAX)
		return -SECONDS_MAX;
	return (int32_t)number;
}

/* The seconds until `when`, or the most there are if there is no such time. */
static int64_t seconds_until(const struct reading *reading, int64_t when)
{
	if (when == 0)
		return SECONDS_MAX;
	return derived_saturate(when - reading->now);
}

const char *derived_version(const struct reading *reading)
{
	return reading->version;
}

int64_t derived_one(const struct reading *reading, const void *row)
{
	(void)reading;
	(void)row;
	return 1;
}

int64_t derived_earliest_expiry(const struct reading *reading, const void *row)
{
	(void)row;
	return seconds_until(reading, scep_view_earliest_expiry(reading->view));
}

int64_t derived_local_time(const struct reading *reading, const void *row)
{
	(void)row;
	return reading->now;
}

int64_t derived_request_has_challenge(const struct reading *reading,
				      const void *row)
{
	const struct scep_profile *profile = row;

	(void)reading;
	return profile->request.challenge_password.length > 0;
}

int64_t derived_auto_has_challenge(const struct reading *reading,
				   const void *row)
{
	const struct scep_profile *profile = row;

	(void)reading;
	return profile->timer.values.challenge_password.length > 0;
}

int64_t derived_next_request_in(const struct reading *reading, const void *row)
{
	const struct scep_profile *profile = row;
	int64_t next = profile->timer.next_request_time;

	if (next == 0)
		return -1;
	/* -1 means that there is none, so what is overdue is due now. */
	return next > reading->now ? derived_saturate(next - reading->now) : 0;
}

static const struct scep_status *last_status(const struct reading *reading)
{
	uint32_t index = reading->view->agent.status_last_index;

	if (index == 0)
		return NULL;
	return scep_rows_find(&reading->view->statuses, index);
}

/* A row that its timer took back with it has no state to show either. */
bool derived_has_last_state(const struct reading *reading)
{
	return last_status(reading) != NULL;
}

int64_t derived_last_state(const struct reading *reading, const void *row)
{
	const struct scep_status *status = last_status(reading);

	(void)row;
	return status ? status->state : SCEP_STATE_TO_BE_PROCESSED;
}

int64_t derived_processing(const struct reading *reading, const void *row)
{
	(void)row;
	return scep_view_processing(reading->view);
}

int64_t derived_key_count(const struct reading *reading, const void *row)
{
	(void)row;
	return (int64_t)reading->view->keys.count;
}

int64_t derived_key_state(const struct reading *reading, const void *row)
{
	return scep_key_state_at(row, reading->now,
				 reading->view->agent.notify_expiry_days);
}

int64_t derived_action_result(const struct reading *reading, const void *row)
{
	const struct scep_key *key = row;

	(void)reading;
	return key->action_result != 0 ? key->action_result : SCEP_NONE;
}

int64_t derived_key_seconds_left(const struct reading *reading, const void *row)
{
	const struct scep_key *key = row;

	return seconds_until(reading, key->not_after);
}

int64_t derived_ca_seconds_left(const struct reading *reading, const void *row)
{
	const struct scep_ca *ca = row;

	return seconds_until(reading, ca->not_after);
}

/* Values of a wrong type never reach the engine, so refusals count here. */
int64_t derived_set_rejects(const struct reading *reading, const void *row)
{
	(void)row;
	return (uint32_t)(reading->view->stats.set_rejects + reading->refusals);
}

int64_t derived_started(const struct reading *reading, const void *row)
{
	(void)row;
	return (int64_t)reading->view->agent.started_mono;
}
