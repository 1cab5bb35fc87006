/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scepServerCheck: asks a server without a request.  A check is a task, one at
 * a time for a profile, that takes the steps of its plan.  It keeps the rows of
 * scepCaTable that it gets and the mark of a revoked key; a restart ends it.
 */
#ifndef SCEP_ENROLL_SERVER_CHECK_H
#define SCEP_ENROLL_SERVER_CHECK_H

#include "scep/state/state.h"

/* Begins a check (enum scep_server_check) of a profile that shows it as in
 * progress.  Ends a check that still runs for an earlier profile of that
 * index. */
void server_check_begin(struct state *state, uint32_t profile_index,
			uint32_t kind);

#endif
