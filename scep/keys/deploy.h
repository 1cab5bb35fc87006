/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deploys keys to use locations.  The front end is asked to deploy the key that
 * a location wants, one location at a time; its answer becomes the result in
 * the rows.  A key stays wanted on disk until its result is there as well:
 * after a kill the front end is asked again, so that deploying a key twice must
 * do no harm.  A location where it fails keeps the key that it had.
 *
 * Where no location wants a key, the front end is asked from time to time if
 * the functions of the locations are on (a probe).  Knows no file and no
 * command.
 */
#ifndef SCEP_KEYS_DEPLOY_H
#define SCEP_KEYS_DEPLOY_H

#include "scep/keys/use_locations.h"

struct scep_deploy_end;

/* Settles the last deployment or probe, and asks the front end for the next
 * one. */
uint64_t deploy_tick(struct state *state);

/* Takes the answer of the front end, for the next tick. */
void deploy_end(struct state *state, const struct scep_deploy_end *end);

/* Has the next tick begin to probe all locations anew. */
void deploy_probe_soon(struct state *state);

#endif
