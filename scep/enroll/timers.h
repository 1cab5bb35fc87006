/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timers of the profiles.  Asks the schedule what each timer has to do,
 * shows it (a toBeProcessed row, scepAutoNextRequestTime), and begins the
 * requests.  Knows neither when something is due (scep/schedule) nor how a
 * request runs (pipeline.h).
 */
#ifndef SCEP_ENROLL_TIMERS_H
#define SCEP_ENROLL_TIMERS_H

#include "scep/state/txn.h"

struct scep_profile;
struct scep_status;

/* Plans every timer anew and begins what is due (state_tick_fn). */
uint64_t timers_tick(struct state *state);

/* Shows the plan of a profile's timer after a request changed its state.
 * Begins nothing. */
void timers_look(struct state *state, uint32_t profile_index);
/* Does the same for all profiles, when the program begins. */
void timers_look_at_all(struct state *state);

/* Notes in the new row of a profile how a request of its timer ended. */
void timers_note_end(struct state *state, struct scep_profile *profile,
		     bool is_success);

/* Notes that a Set cancels the request of the timer. */
void timers_note_cancel(struct state *state, struct scep_profile *profile);

/* Works a Set into the new row of a profile, and adds the announcement of the
 * next run to its transaction.  `before` is NULL for a new profile. */
void timers_change(struct state *state, struct txn *txn,
		   const struct scep_profile *before,
		   struct scep_profile *after);

/* Returns random bits for the schedule (schedule_draw_fn). */
uint32_t timers_draw(void *context);

/* Tells if a row only announces a run of a timer. */
bool timers_announces(struct state *state, const struct scep_status *status);
/* Adds the removal of the row that announces a profile's next run. */
void timers_forget(struct state *state, uint32_t profile_index,
		   struct txn *txn);

#endif
