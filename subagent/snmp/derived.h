/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that are worked out when they are read: times that run, states that
 * depend on the clock, counts.  Pure functions from the context of an answer to
 * a number or a text. Knows no encoding.
 */
#ifndef SUBAGENT_SNMP_DERIVED_H
#define SUBAGENT_SNMP_DERIVED_H

#include <stdbool.h>
#include <stdint.h>

#include "scep/octets.h"
#include "scep/rows.h"

struct scep_view;

/* The context of an answer, the same for every object of a request. */
struct read_context {
	const struct scep_view *view;  /* borrowed */
	int64_t now;		       /* seconds since 1970 */
	uint64_t mono;		       /* ms of CLOCK_MONOTONIC */
	uint32_t uptime;	       /* sysUpTime, hundredths of a second */
	uint32_t refusals;	       /* Sets that scepagentd has refused */
	struct scep_rows refusal_rows; /* the last of them; borrowed */
	const char *version;	       /* borrowed */
};

void derived_version(const struct read_context *context, const void *row,
		     char text[SCEP_TEXT255]);

/* noop(1) of an action, active(1) of a row, none(1) of a result, file(1). */
int64_t derived_one(const struct read_context *context, const void *row);

int64_t derived_earliest_expiry(const struct read_context *context,
				const void *row);
int64_t derived_local_time(const struct read_context *context, const void *row);
int64_t derived_request_has_challenge(const struct read_context *context,
				      const void *row);
int64_t derived_auto_has_challenge(const struct read_context *context,
				   const void *row);
int64_t derived_next_request_in(const struct read_context *context,
				const void *row);
bool derived_has_last_state(const struct read_context *context);
int64_t derived_last_state(const struct read_context *context, const void *row);
int64_t derived_processing(const struct read_context *context, const void *row);
int64_t derived_key_count(const struct read_context *context, const void *row);
int64_t derived_key_state(const struct read_context *context, const void *row);
int64_t derived_key_storage(const struct read_context *context,
			    const void *row);
int64_t derived_action_result(const struct read_context *context,
			      const void *row);
int64_t derived_key_in_service(const struct read_context *context,
			       const void *row);
int64_t derived_key_seconds_left(const struct read_context *context,
				 const void *row);
int64_t derived_ca_seconds_left(const struct read_context *context,
				const void *row);

/* scepSummaryTable; the rows are profiles. */
void derived_profile_name(const struct read_context *context, const void *row,
			  char text[SCEP_TEXT255]);
int64_t derived_open_status(const struct read_context *context,
			    const void *row);
int64_t derived_profile_key(const struct read_context *context,
			    const void *row);
void derived_profile_key_name(const struct read_context *context,
			      const void *row, char text[SCEP_TEXT255]);
int64_t derived_profile_seconds_left(const struct read_context *context,
				     const void *row);

int64_t derived_set_rejects(const struct read_context *context,
			    const void *row);
int64_t derived_started(const struct read_context *context, const void *row);

#endif
