/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/derived.h"

#include <stdio.h>

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/view.h"

#define SECONDS_MAX INT32_MAX

/* Puts `number` into the range of an Integer32 that counts seconds. */
static int32_t saturate(int64_t number)
{
	if (number > SECONDS_MAX)
		return SECONDS_MAX;
	if (number < -SECONDS_MAX)
		return -SECONDS_MAX;
	return (int32_t)number;
}

/* Returns the seconds until `when`, or the maximum if that is no time. */
static int64_t seconds_until(const struct read_context *context, int64_t when)
{
	if (when == 0)
		return SECONDS_MAX;
	return saturate(when - context->now);
}

void derived_version(const struct read_context *context, const void *row,
		     char text[SCEP_TEXT255])
{
	(void)row;
	snprintf(text, SCEP_TEXT255, "%s", context->version);
}

int64_t derived_one(const struct read_context *context, const void *row)
{
	(void)context;
	(void)row;
	return 1;
}

int64_t derived_earliest_expiry(const struct read_context *context,
				const void *row)
{
	(void)row;
	return seconds_until(
	    context, scep_view_earliest_expiry(context->view, context->now));
}

int64_t derived_local_time(const struct read_context *context, const void *row)
{
	(void)row;
	return context->now;
}

int64_t derived_request_has_challenge(const struct read_context *context,
				      const void *row)
{
	const struct scep_profile *profile = row;

	(void)context;
	return profile->request.challenge_password.length > 0;
}

int64_t derived_auto_has_challenge(const struct read_context *context,
				   const void *row)
{
	const struct scep_profile *profile = row;

	(void)context;
	return profile->timer.values.challenge_password.length > 0;
}

int64_t derived_next_request_in(const struct read_context *context,
				const void *row)
{
	const struct scep_profile *profile = row;
	int64_t next = profile->timer.next_request_time;

	if (next == 0)
		return -1;
	/* An overdue request is due now: -1 means that there is none. */
	return next > context->now ? saturate(next - context->now) : 0;
}

static const struct scep_status *last_status(const struct read_context *context)
{
	uint32_t index = context->view->agent.status_last_index;

	if (index == 0)
		return NULL;
	return scep_rows_find(&context->view->statuses, index);
}

/* Returns whether there is a last row.  A timer that was disabled has removed
 * its own. */
bool derived_has_last_state(const struct read_context *context)
{
	return last_status(context) != NULL;
}

int64_t derived_last_state(const struct read_context *context, const void *row)
{
	const struct scep_status *status = last_status(context);

	(void)row;
	return status ? status->state : SCEP_STATE_TO_BE_PROCESSED;
}

int64_t derived_processing(const struct read_context *context, const void *row)
{
	(void)row;
	return scep_view_processing(context->view);
}

int64_t derived_key_count(const struct read_context *context, const void *row)
{
	(void)row;
	return (int64_t)context->view->keys.count;
}

int64_t derived_key_state(const struct read_context *context, const void *row)
{
	return scep_key_state_at(row, context->now,
				 context->view->agent.notify_expiry_days);
}

int64_t derived_key_storage(const struct read_context *context, const void *row)
{
	const struct scep_key *key = row;

	(void)context;
	return key->storage != 0 ? key->storage : SCEP_KEY_FILE;
}

int64_t derived_action_result(const struct read_context *context,
			      const void *row)
{
	const struct scep_key *key = row;

	(void)context;
	return key->action_result != 0 ? key->action_result : SCEP_NONE;
}

int64_t derived_key_in_service(const struct read_context *context,
			       const void *row)
{
	return scep_view_key_is_in_service(context->view, row, context->now);
}

int64_t derived_key_seconds_left(const struct read_context *context,
				 const void *row)
{
	const struct scep_key *key = row;

	return seconds_until(context, key->not_after);
}

int64_t derived_ca_seconds_left(const struct read_context *context,
				const void *row)
{
	const struct scep_ca *ca = row;

	return seconds_until(context, ca->not_after);
}

/* --------------------------------------------------- scepSummaryTable -- */

void derived_profile_name(const struct read_context *context, const void *row,
			  char text[SCEP_TEXT255])
{
	char name[SCEP_TEXT64];

	(void)context;
	scep_profile_shown_name(row, name);
	snprintf(text, SCEP_TEXT255, "%s", name);
}

int64_t derived_open_status(const struct read_context *context, const void *row)
{
	const struct scep_profile *profile = row;
	const struct scep_status *status =
	    scep_view_open_request(context->view, profile->index);

	return status != NULL ? status->index : 0;
}

static const struct scep_key *profile_key(const struct read_context *context,
					  const void *row)
{
	const struct scep_profile *profile = row;

	return scep_view_profile_key(context->view, profile->index,
				     context->now);
}

int64_t derived_profile_key(const struct read_context *context, const void *row)
{
	const struct scep_key *key = profile_key(context, row);

	return key != NULL ? key->index : 0;
}

void derived_profile_key_name(const struct read_context *context,
			      const void *row, char text[SCEP_TEXT255])
{
	const struct scep_key *key = profile_key(context, row);

	snprintf(text, SCEP_TEXT255, "%s", key != NULL ? key->name : "");
}

int64_t derived_profile_seconds_left(const struct read_context *context,
				     const void *row)
{
	const struct scep_key *key = profile_key(context, row);

	return seconds_until(context, key != NULL ? key->not_after : 0);
}

int64_t derived_set_rejects(const struct read_context *context, const void *row)
{
	(void)row;
	return context->refusals;
}

int64_t derived_started(const struct read_context *context, const void *row)
{
	(void)row;
	return (int64_t)context->view->agent.started_mono;
}
