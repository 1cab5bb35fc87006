/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the last scepKeyAction of a key goes: its code (scepKeyActionResult) and
 * the same in words (scepKeyActionText).  Writes both together, so that they
 * never contradict each other.  Does not know what the actions do.
 */
#ifndef SCEP_KEYS_ACTION_RESULT_H
#define SCEP_KEYS_ACTION_RESULT_H

#include "scep/codes.h"
#include "scep/key_row.h"

/* The action is running; `words` say what it does. */
void action_result_run(struct scep_key *key, const char *words);

/* The action runs when the certificate begins (key->not_before). */
void action_result_defer(struct scep_key *key);

/* The action goes on, but has failed at one of its locations.  Keeps the first
 * failure until the end. */
void action_result_note(struct scep_key *key, const struct scep_error *error);

/* The action has ended at all of its locations: it has failed if one of them
 * was noted as failed, else it was successful. */
void action_result_end(struct scep_key *key);

/* The action was successful. */
void action_result_succeed(struct scep_key *key);

/* The action failed, or was cancelled, with this error. */
void action_result_fail(struct scep_key *key, const struct scep_error *error);

/* Nothing ends the action any more; `reason` says why. */
void action_result_cancel(struct scep_key *key, const char *reason);

#endif
