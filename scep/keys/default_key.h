/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default key of the device: made once, with a self-signed certificate that
 * does not expire, so that there is a key to use before any server is asked.
 * Nothing overwrites or deletes it.  A worker makes it, and nothing waits for
 * it.  Knows no server.
 */
#ifndef SCEP_KEYS_DEFAULT_KEY_H
#define SCEP_KEYS_DEFAULT_KEY_H

#include "scep/state/state.h"

/* Has a worker make the key if the registry waits for it. */
uint64_t default_key_tick(struct state *state);

#endif
