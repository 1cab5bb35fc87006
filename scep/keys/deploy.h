/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving keys to use locations: what is wanted (uses.h) is told to the front
 * end, one location at a time, and how it ended is written into the rows.
 * What is wanted is durable until its end is: after a kill it is told again,
 * so that telling twice must do no harm.  Knows no file and no command; a
 * location that failed keeps the key that it had.
 */
#ifndef SCEP_KEYS_DEPLOY_H
#define SCEP_KEYS_DEPLOY_H

#include "scep/keys/use_locations.h"

/* Tells what is wanted next, but for a Set in hand, which it waits for; where
 * nothing is wanted, asks the locations from time to time whether their
 * functions are on. */
void deploy_tick(struct state *state);

/* The front end says how it has ended. */
void deploy_end(struct state *state, const struct scep_deploy_end *end);

/* Asks all locations anew whether their functions are on. */
void deploy_probe_soon(struct state *state);

#endif
