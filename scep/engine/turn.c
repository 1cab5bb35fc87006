/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/engine/turn.h"

#include "scep/keys/default_key.h"
#include "scep/keys/deploy.h"
#include "scep/keys/key_actions.h"
#include "scep/enroll/pipeline.h"
#include "scep/keys/restart.h"
#include "scep/keys/spare.h"
#include "scep/enroll/timers.h"
#include "scep/keys/verify.h"

/* How old a view may become before it is made anew, in ms. */
#define REVIEW_TIME 10000

/* Shows what time alone changes. */
static void review(struct state *state)
{
	if (state_mono(state) - state->reviewed_at < REVIEW_TIME)
		return;
	/* Only by writing is it known whether the disk is well again. */
	if (state->store_is_failing && state->store != NULL)
		txn_rewrite(state);
	else
		state_publish(state);
}

void turn(struct state *state, struct set_txn *set_txn)
{
	set_txn_tick(set_txn, state);
	restart_tick(state);
	default_key_tick(state);
	spare_tick(state);
	verify_tick(state);
	deploy_tick(state);
	key_actions_tick(state);
	timers_tick(state);
	pipeline_tick(state);
	review(state);
}
