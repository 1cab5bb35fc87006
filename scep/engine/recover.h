/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start: makes a state of the state directory.  All requests that were open
 * continue with the same key and the same transactionID.  If the database is
 * lost, the registry is rebuilt from the files of the keys.
 */
#ifndef SCEP_ENGINE_RECOVER_H
#define SCEP_ENGINE_RECOVER_H

#include "scep/codes.h"
#include "scep/state/state.h"

/*
 * Makes folders and database where there are none, loads what is there, repairs
 * what a kill has left half done and publishes the first view.  The caller
 * holds the lock on the state directory.  Fails with SCEP_STORAGE_ERROR or
 * SCEP_NO_MEMORY; the state can then only be recovered again, or freed.
 */
enum scep_code recover(struct state *state, struct scep_error *error);

/* Does without a store: shows only profile 1 with its defaults.  A change that
 * has to be stored is refused. */
void recover_nothing(struct state *state);

#endif
