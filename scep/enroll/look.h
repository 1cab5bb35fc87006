/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the front end look at the use locations of a request, one request at a
 * time, before anything is sent: a certificate that no location can take would
 * use up a challenge password for nothing.  Knows no file, and not what follows
 * for the request.
 */
#ifndef SCEP_ENROLL_LOOK_H
#define SCEP_ENROLL_LOOK_H

#include "scep/state/open_request.h"

/* Tells if the use locations of the request matter for its step: the step sends
 * something, or makes the key for that. */
bool look_is_needed(const struct open_request *e);
/* Tells if the request has to wait for a look, and asks for it.  The request
 * continues when the result is there. */
bool look_is_awaited(struct open_request *e);

/* Settles the last look, and asks the front end for the next one
 * (state_tick_fn). */
uint64_t look_tick(struct state *state);

/* Takes the answer of the front end, for the next tick. */
void look_end(struct state *state, const struct scep_deploy_end *end);

#endif
