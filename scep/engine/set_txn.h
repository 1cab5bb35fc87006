/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Set in hand, on the engine's side: a change is judged, becomes durable,
 * and is confirmed or taken back.  Its actions begin when it is confirmed.  One
 * Set is in hand at a time, as the front end has one transaction at a time.
 *
 * While a Set is open, nothing else changes the state, so that it can be taken
 * back as a whole: the parts of the engine get no tick (tick.h), and what
 * exchanges and workers bring waits behind a gate.
 */
#ifndef SCEP_ENGINE_SET_TXN_H
#define SCEP_ENGINE_SET_TXN_H

#include "scep/change.h"
#include "scep/view.h"
#include "scep/net/io_gate.h"
#include "scep/state/txn.h"
#include "scep/state/state.h"

struct set_txn {
	uint64_t ticket;   /* of the last change */
	bool is_open;	   /* neither confirmed nor taken back */
	uint64_t deadline; /* mono; when an open one is confirmed by itself */
	uint64_t reverted; /* the last one that was taken back */
	struct txn undo;
	struct io_gate gate;
	/* Checks that begin when it is confirmed (enum scep_server_check). */
	uint32_t checks[SCEP_PROFILE_MAX + 1];
};

/* `io` does what the state asks of set_txn_io(); borrowed. */
void set_txn_init(struct set_txn *set_txn, struct io *io);
/* The state must be stopping: what was held back is delivered. */
void set_txn_free(struct set_txn *set_txn);

/* The io of the state. */
struct io *set_txn_io(struct set_txn *set_txn);
bool set_txn_is_open(const struct set_txn *set_txn);

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
