/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start: from the state directory to a state in which everything that
 * was in hand goes on with the same key and the same transactionID.
 */
#ifndef SCEP_ENGINE_RECOVER_H
#define SCEP_ENGINE_RECOVER_H

#include "scep/codes.h"
#include "scep/state/state.h"

/*
 * Makes folders and database where there are none, loads the rest, repairs
 * what a kill has left half done and publishes the first view.  The caller
 * holds the lock on the state directory.  SCEP_STORAGE_ERROR.
 */
enum scep_code recover(struct state *state, struct scep_error *error);

/* Without a store: nothing but profile 1 with its defaults is shown, and
 * every change that would have to be kept is refused. */
void recover_nothing(struct state *state);

#endif
