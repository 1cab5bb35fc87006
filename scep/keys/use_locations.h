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
const struct scep_use *uses_find(const struct scep_view *view, const char *name,
				 size_t length);
/* Whether a list (use_list.h) names only rows of scepUseTable.  The empty list
 * does. */
bool uses_are_known(const struct scep_view *view, const char *list);
/* Writes the first name of the list that is no row's; false: there is none. */
bool uses_unknown(const struct scep_view *view, const char *list,
		  char name[SCEP_TEXT64]);

/* Whether a location has the key or is being given it. */
bool uses_have_key(const struct scep_view *view, uint32_t key_index);
/* Whether a location has the key, had it before, or is or was to have it. */
bool uses_refer_to_key(const struct scep_view *view, uint32_t key_index);
/* Whether a location is being given the key. */
bool uses_want_key(const struct scep_view *view, uint32_t key_index);
/* Whether a location could not be given the key; `*use` (may be NULL) is the
 * first such row. */
bool uses_failed_key(const struct scep_view *view, uint32_t key_index,
		     const struct scep_use **use);

/* Whether a location had the key `old` before it was given the key. */
bool uses_replaced_key(const struct scep_view *view, uint32_t old,
		       uint32_t key_index);
/* What a location that has the key had before, or 0. */
uint32_t uses_previous_key(const struct scep_view *view, uint32_t key_index);

/* Adds to the batch that the locations of the list are to have the key; those
 * that are not there are passed over. */
void uses_want(struct state *state, struct batch *batch, const char *list,
	       uint32_t key_index);

/* What the configuration says of the location, or NULL. */
const struct scep_use_config *uses_config(const struct state *state,
					  const struct scep_use *use);

/* Brings the rows in line with the configuration: those that are new come,
 * and those that are gone go, also from the lists of the keys. */
void uses_configure(struct state *state, struct batch *batch);

/* What could not be done is wanted once more: where the locations may have
 * changed, at a start and with another configuration. */
void uses_retry(struct state *state, struct batch *batch);

/* The device will be restarted, for which some of the locations that have the
 * key wait. */
void uses_await_restart(struct state *state, struct batch *batch,
			uint32_t key_index);
/* The device was restarted: what waited for that is applied. */
void uses_note_restart(struct state *state, struct batch *batch);

#endif
