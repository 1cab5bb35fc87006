/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Set on the engine's side: a change is judged, becomes durable, and is
 * confirmed or taken back.  Its actions begin when it is confirmed.  One Set
 * is in hand at a time, as the front end has one transaction at a time.
 */
#ifndef SCEP_ENGINE_SET_TXN_H
#define SCEP_ENGINE_SET_TXN_H

#include "scep/state/txn.h"
#include "scep/state/state.h"

struct apply {
	uint64_t ticket;   /* of the last change */
	bool is_open;	   /* neither confirmed nor taken back */
	uint64_t reverted; /* the last one that was taken back */
	struct batch undo;
	/* Checks that begin when it is confirmed (enum scep_server_check). */
	uint32_t checks[SCEP_PROFILE_MAX + 1];
};

void apply_init(struct apply *apply);
void apply_free(struct apply *apply);

enum scep_refusal apply_change(struct apply *apply, struct state *state,
			       const struct scep_change *change,
			       uint64_t *ticket, struct scep_verdict *verdict);
void apply_confirm(struct apply *apply, struct state *state, uint64_t ticket);
enum scep_refusal apply_revert(struct apply *apply, struct state *state,
			       uint64_t ticket, struct scep_verdict *verdict);
/* Confirms what a master that was killed will not (MIB, rule 6); to be called
 * when state->deadline has come. */
void apply_tick(struct apply *apply, struct state *state);

#endif
