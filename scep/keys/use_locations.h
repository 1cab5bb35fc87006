/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The use locations in the engine: their rows, which follow the configuration,
 * and which key each of them has, had and is to have.  Knows neither files nor
 * commands of a location, nor how a key gets there (deploy.h).
 */
#ifndef SCEP_KEYS_USE_LOCATIONS_H
#define SCEP_KEYS_USE_LOCATIONS_H

#include "scep/state/txn.h"

/* Returns the row with that name, or NULL. */
const struct scep_use *use_locations_find(const struct scep_view *view,
					  const char *name, size_t length);
/* Whether a list (use_list.h) names only rows of scepUseTable.  The empty list
 * does. */
bool use_locations_are_known(const struct scep_view *view, const char *list);
/* Writes the first name of the list that is no row's; false: there is none. */
bool use_locations_unknown(const struct scep_view *view, const char *list,
			   char name[SCEP_TEXT64]);

/* Whether a location has the key or is being given it. */
bool use_locations_have_key(const struct scep_view *view, uint32_t key_index);
/* Whether a location has the key, had it before, or is or was to have it. */
bool use_locations_refer_to_key(const struct scep_view *view,
				uint32_t key_index);
/* Whether a location is being given the key. */
bool use_locations_want_key(const struct scep_view *view, uint32_t key_index);
/* Whether a location could not be given the key; `*use` (may be NULL) is the
 * first such row. */
bool use_locations_failed_key(const struct scep_view *view, uint32_t key_index,
			      const struct scep_use **use);

/* Whether a location had the key `old` before it was given the key. */
bool use_locations_replaced_key(const struct scep_view *view, uint32_t old,
				uint32_t key_index);
/* What a location that has the key had before, or 0. */
uint32_t use_locations_previous_key(const struct scep_view *view,
				    uint32_t key_index);

/* Adds to the batch that the locations of the list are to have the key; those
 * that are not there are passed over. */
void use_locations_want(struct state *state, struct txn *txn, const char *list,
			uint32_t key_index);

/* What the configuration says of the location, or NULL. */
const struct scep_use_config *use_locations_config(const struct state *state,
						   const struct scep_use *use);

/* Brings the rows in line with the configuration: those that are new come,
 * and those that are gone go, also from the lists of the keys. */
void use_locations_configure(struct state *state, struct txn *txn);

/* What could not be done is wanted once more: where the locations may have
 * changed, at a start and with another configuration. */
void use_locations_retry(struct state *state, struct txn *txn);

/* The device will be restarted, for which some of the locations that have the
 * key wait. */
void use_locations_await_restart(struct state *state, struct txn *txn,
				 uint32_t key_index);
/* The device was restarted: what waited for that is applied. */
void use_locations_note_restart(struct state *state, struct txn *txn);

#endif
