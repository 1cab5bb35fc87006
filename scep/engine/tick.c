/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/engine/tick.h"

#include "scep/enroll/pipeline.h"
#include "scep/enroll/timers.h"
#include "scep/keys/default_key.h"
#include "scep/keys/deploy.h"
#include "scep/keys/key_actions.h"
#include "scep/enroll/look.h"
#include "scep/keys/not_before.h"
#include "scep/keys/restart.h"
#include "scep/keys/spare.h"
#include "scep/keys/verify.h"

/* The age of a view from which any tick makes it anew, in ms. */
#define REVIEW_TIME 10000

/* Tells if somebody has set the wall clock since the last view. */
static bool clock_was_set(struct state *state)
{
	int64_t passed =
	    (int64_t)(state_mono(state) - state->reviewed_at) / 1000;
	int64_t step = state_now(state) - state->reviewed_wall - passed;

	return step > 1 || step < -1;
}

/* Shows what time alone changes, when it does. */
static uint64_t review_tick(struct state *state)
{
	uint64_t now = state_mono(state);

	if (now < state->review_at && now - state->reviewed_at < REVIEW_TIME &&
	    !clock_was_set(state))
		return state->review_at;
	/* Only a write shows if the disk accepts writes again. */
	if (state->store_is_failing && state->store != NULL)
		txn_rewrite(state);
	else
		state_publish(state);
	return state->review_at;
}

static state_tick_fn *const parts[] = {
    restart_tick,    default_key_tick, spare_tick,  verify_tick,
    not_before_tick, deploy_tick,      look_tick,   key_actions_tick,
    timers_tick,     pipeline_tick,    review_tick,
};

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void tick_run(struct state *state, struct set_txn *set_txn, uint64_t next)
{
	state->tick_is_asked = false;
	next = sooner(next, set_txn_tick(set_txn, state));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!set_txn_is_open(set_txn))
			next = sooner(next, parts[i](state));
	}
	/* One part may have made another one due. */
	if (state->tick_is_asked)
		return;
	state->io->ops->wake_at(state->io, next == STATE_NEVER ? 0 : next);
}
