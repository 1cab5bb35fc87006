/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scepServerCheck: what a manager wants to know of a server without a request.
 * A check goes the way of an enrolment (pipeline.h) beside the enrolments, one
 * at a time for a profile.  All that is kept of it is what it brought for
 * scepCaTable and the mark of a revoked key; a restart ends it.
 */
#ifndef SCEP_ENROLL_SERVER_CHECK_H
#define SCEP_ENROLL_SERVER_CHECK_H

#include "scep/state/open_request.h"

/* Begins a check (enum scep_server_check) of a profile that shows it as in
 * progress; one that may still run for an earlier profile of that index is
 * ended. */
void server_check_begin(struct state *state, uint32_t profile_index,
			uint32_t kind);

/* For the pipeline: finds the step that a check has come to. */
void server_check_find_step(struct open_request *check);
/* Ends a check with what run.error says. */
void server_check_fail(struct open_request *check);

#endif
