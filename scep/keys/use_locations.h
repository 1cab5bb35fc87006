/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The use locations: the rows of scepUseTable, which follow the configuration,
 * and the key that each location has, had before and wants.  Knows no file and
 * no command of a location, and not how a key gets there (deploy.h).
 */
#ifndef SCEP_KEYS_USE_LOCATIONS_H
#define SCEP_KEYS_USE_LOCATIONS_H

#include "scep/state/txn.h"

struct scep_use;
struct scep_use_config;

/* Has the locations of the list want the key.  Skips names without a row. */
void use_locations_want(struct state *state, struct txn *txn, const char *list,
			uint32_t key_index);

/* Returns what the configuration says of the location, or NULL. */
const struct scep_use_config *use_locations_config(const struct state *state,
						   const struct scep_use *use);

/* Removes the location from the lists of all keys (scepKeyUseLocation) but
 * `except`. */
void use_locations_remove_from_keys(struct state *state, struct txn *txn,
				    const struct scep_use *use,
				    uint32_t except);

/* Makes the rows agree with the configuration: adds the locations that are new,
 * and removes those that are gone, also from the lists of the keys. */
void use_locations_configure(struct state *state, struct txn *txn);

/* Has the locations want the keys that failed there once more.  For a start and
 * a new configuration, which may have mended a location. */
void use_locations_retry(struct state *state, struct txn *txn);

/* A restart of the device is wanted: shows it at the locations that have the
 * key and need one. */
void use_locations_await_restart(struct state *state, struct txn *txn,
				 uint32_t key_index);
/* The device was restarted: shows the key as applied where it waited for that.
 */
void use_locations_note_restart(struct state *state, struct txn *txn);

#endif
