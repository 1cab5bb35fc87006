/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/status.h"

#include <string.h>

#include "scep/agent_row.h"
#include "scep/codes.h"
#include "scep/rows.h"
#include "scep/base/error.h"
#include "scep/base/rows.h"

void status_end(struct scep_status *status, int64_t now, enum scep_state state)
{
	status->state = state;
	status->finish_time = now;
	status->request_time = status->finish_time;
	status->next_poll = 0;
}

void status_blame(struct scep_status *status, const struct scep_error *error)
{
	status->detail = error_detail(error->code);
	status->http_status = error->http_status;
	status->fail_info = error->fail_info;
	memcpy(status->fail_info_text, error->fail_info_text,
	       sizeof(status->fail_info_text));
	error_words(error, status->text);
}

void status_clear(struct scep_status *status)
{
	struct scep_error none = {.code = SCEP_NONE,
				  .fail_info = SCEP_FAIL_NONE};

	status_blame(status, &none);
}

void stats_count_begin(struct scep_stats *stats, enum scep_trigger trigger)
{
	stats->requests++;
	if (trigger == SCEP_TRIGGER_RENEWAL || trigger == SCEP_TRIGGER_ROLLOVER)
		stats->renewals++;
}

void stats_count_exchange(struct scep_stats *stats,
			  const struct scep_error *error, uint32_t http_status)
{
	if (error != NULL)
		stats->comm_errors += error->code == SCEP_COMM_ERROR;
	else
		stats->http_errors += http_status / 100 != 2;
}

void stats_count_error(struct scep_stats *stats, const struct scep_error *error)
{
	switch (error->code) {
	case SCEP_DEFERRED:
		stats->pendings++;
		break;
	case SCEP_BAD_RESPONSE:
		stats->bad_responses++;
		break;
	case SCEP_CA_NOT_TRUSTED:
		stats->ca_rejects++;
		break;
	case SCEP_REGISTRATION_LIMIT:
		stats->limit_errors++;
		break;
	case SCEP_DEPLOY_FAILED:
		stats->deploy_errors++;
		break;
	case SCEP_SCEP_ERROR:
		stats->scep_failures++;
		break;
	case SCEP_OK:
	case SCEP_NONE:
	case SCEP_COMM_ERROR:
	case SCEP_HTTP_ERROR:
	case SCEP_POLL_LIMIT:
	case SCEP_CANCELLED:
	case SCEP_INTERRUPTED:
	case SCEP_CLOCK_SUSPECT:
	case SCEP_CONFIG_ERROR:
	case SCEP_KEY_ERROR:
	case SCEP_STORAGE_ERROR:
	case SCEP_UNCHANGED_CERTIFICATE:
	case SCEP_IN_PROGRESS:
	case SCEP_NO_MEMORY:
		break;
	}
}

void stats_count_end(struct scep_stats *stats, int64_t now, bool is_success)
{
	if (is_success) {
		stats->successes++;
		stats->consecutive_failures = 0;
		stats->last_success = now;
	} else {
		stats->failures++;
		stats->consecutive_failures++;
		stats->last_failure = now;
	}
}

static bool is_later(const struct scep_status *a, const struct scep_status *b)
{
	if (b == NULL || a->finish_time != b->finish_time)
		return b == NULL || a->finish_time > b->finish_time;
	return a->index > b->index;
}

static const struct scep_status *last_with(const struct scep_rows *statuses,
					   enum scep_state state)
{
	const struct scep_status *last = NULL;

	ROWS_EACH (i, statuses) {
		const struct scep_status *status = statuses->row[i];

		if (status->state == (uint32_t)state && is_later(status, last))
			last = status;
	}
	return last;
}

void stats_recall(struct scep_stats *stats, const struct scep_rows *statuses)
{
	const struct scep_status *success =
	    last_with(statuses, SCEP_STATE_SUCCESSFUL);
	const struct scep_status *failure =
	    last_with(statuses, SCEP_STATE_ERROR);

	stats->last_success = success != NULL ? success->finish_time : 0;
	stats->last_failure = failure != NULL ? failure->finish_time : 0;
	stats->consecutive_failures = 0;
	ROWS_EACH (i, statuses) {
		const struct scep_status *status = statuses->row[i];

		stats->consecutive_failures +=
		    status->state == SCEP_STATE_ERROR &&
		    is_later(status, success);
	}
}

void status_message(struct scep_status *status, enum scep_message_type type)
{
	if (type != SCEP_MESSAGE_NONE)
		status->message_type = type;
}
