/* SPDX-License-Identifier: Apache-2.0 */
#include "turn.h"

#include "default_key.h"
#include "deploy.h"
#include "key_actions.h"
#include "pipeline.h"
#include "restart.h"
#include "spare.h"
#include "timers.h"
#include "verify.h"

void turn(struct state *state, struct apply *apply)
{
	apply_tick(apply, state);
	restart_tick(state);
	default_key_tick(state);
	spare_tick(state);
	verify_tick(state);
	deploy_tick(state);
	key_actions_tick(state);
	timers_tick(state);
	pipeline_tick(state);
	state_review(state);
}
