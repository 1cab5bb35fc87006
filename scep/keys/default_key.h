/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default key of the device: made once, self-signed and without an end, so
 * that there is a key to use before any server has been asked.  It is never
 * overwritten and never deleted.  Made on a worker; nothing waits for it.
 */
#ifndef SCEP_KEYS_DEFAULT_KEY_H
#define SCEP_KEYS_DEFAULT_KEY_H

#include "scep/state/state.h"

/* Begins to make it if there is none. */
void default_key_tick(struct state *state);

#endif
