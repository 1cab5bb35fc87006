/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the tasks that are due, each through the parts of its step: compose on a
 * worker, exchange on the loop, digest on a worker, settle on the loop.  Knows
 * tasks and steps, but no step by its name and neither kind of task.
 */
#ifndef SCEP_ENROLL_PIPELINE_H
#define SCEP_ENROLL_PIPELINE_H

#include "scep/state/state.h"

/* Begins the steps of all tasks that are due (state_tick_fn). */
uint64_t pipeline_tick(struct state *state);

#endif
