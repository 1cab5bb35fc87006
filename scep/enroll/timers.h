/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timers of the profiles in the engine: they ask the schedule what is to
 * be done, show it (a toBeProcessed row, scepAutoNextRequestTime) and begin
 * the requests.  When something is due is the schedule's affair, how a
 * request runs that of the pipeline.
 */
#ifndef SCEP_ENROLL_TIMERS_H
#define SCEP_ENROLL_TIMERS_H

#include "scep/state/txn.h"

struct scep_profile;
struct scep_status;

/* Works out every timer anew. */
uint64_t timers_tick(struct state *state);

/* Shows what a move of a request means for the timer of its profile, and
 * begins nothing. */
void timers_look(struct state *state, uint32_t profile_index);
/* The same for all, as the program begins. */
void timers_look_at_all(struct state *state);

/* Writes what the end of a timer's request means for what comes next into
 * the new row of its profile. */
void timers_note_end(struct state *state, struct scep_profile *profile,
		     bool is_success);

/* The same for a Set that cancels it. */
void timers_note_cancel(struct state *state, struct scep_profile *profile);

/* Works a Set into the new row of a profile that it changed, and adds what it
 * makes of the announced run to its batch; `before` is NULL for a new one. */
void timers_change(struct state *state, struct txn *txn,
		   const struct scep_profile *before,
		   struct scep_profile *after);

/* Random bits for the schedule (schedule_draw_fn). */
uint32_t timers_draw(void *context);

/* Whether this row only announces a run of a timer. */
bool timers_announces(struct state *state, const struct scep_status *status);
/* Adds the removal of the row that announces a profile's next run. */
void timers_forget(struct state *state, uint32_t profile_index,
		   struct txn *txn);

#endif
