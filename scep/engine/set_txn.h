/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Set on the engine's side: a change is judged, becomes durable, and is
 * confirmed or taken back.  Its actions begin when it is confirmed.  One Set
 * is in hand at a time, as the front end has one transaction at a time.
 */
#ifndef SCEP_ENGINE_SET_TXN_H
#define SCEP_ENGINE_SET_TXN_H

#include "scep/change.h"
#include "scep/view.h"
#include "scep/state/txn.h"
#include "scep/state/state.h"

struct set_txn {
	uint64_t ticket;   /* of the last change */
	bool is_open;	   /* neither confirmed nor taken back */
	uint64_t reverted; /* the last one that was taken back */
	struct txn undo;
	/* Checks that begin when it is confirmed (enum scep_server_check). */
	uint32_t checks[SCEP_PROFILE_MAX + 1];
};

void set_txn_init(struct set_txn *set_txn);
void set_txn_free(struct set_txn *set_txn);

enum scep_refusal set_txn_change(struct set_txn *set_txn, struct state *state,
				 const struct scep_change *change,
				 uint64_t *ticket,
				 struct scep_verdict *verdict);
void set_txn_confirm(struct set_txn *set_txn, struct state *state,
		     uint64_t ticket);
enum scep_refusal set_txn_revert(struct set_txn *set_txn, struct state *state,
				 uint64_t ticket, struct scep_verdict *verdict);
/* Confirms what a master that was killed will not (MIB, rule 6). */
uint64_t set_txn_tick(struct set_txn *set_txn, struct state *state);

#endif
