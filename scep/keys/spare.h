/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys made in advance (spareKeys): one of each configured length, so that
 * a request does not wait for its key.  They lie beside the registered keys
 * under names of their own.  To take one is to rename its file, so that no key
 * is taken twice.  Knows no request.
 */
#ifndef SCEP_KEYS_SPARE_H
#define SCEP_KEYS_SPARE_H

#include "scep/protocol/key.h"
#include "scep/state/state.h"

/* Makes the keys that are missing, one at a time on a worker, and removes those
 * of lengths that are no longer configured. */
uint64_t spare_tick(struct state *state);

/* Asks for a tick that looks for missing keys: one may have been taken, or the
 * configuration may have changed. */
void spare_look(struct state *state);

/* On a worker: renames the spare key that request values ask for to
 * FOLDER/NAME, and reads it.  `*key` is owned.  False if there is none that can
 * be read: spare keys are RSA keys. */
bool spare_take(const char *folder, const struct scep_values *values,
		const char *name, EVP_PKEY **key);

/* Tells if a file in keys/ is named as a spare key. */
bool spare_is_name(const char *name);

#endif
