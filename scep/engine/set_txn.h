/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open Set: a change is judged and becomes durable, and is then confirmed
 * or undone.  Its actions begin when it is confirmed.  There is one at a time,
 * as the front end has one transaction at a time.
 *
 * While a Set is open, nothing else changes the state, so that its undo is
 * exact: no part of the engine gets a tick (tick.h), and the results of
 * exchanges and workers wait behind a gate.
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
	bool is_open;	   /* neither confirmed nor undone */
	uint64_t deadline; /* mono; when an open one is confirmed by itself */
	uint64_t reverted; /* the last one that was undone */
	struct txn undo;
	struct io_gate gate;
	/* Checks that begin when it is confirmed (enum scep_server_check). */
	uint32_t checks[SCEP_PROFILE_MAX + 1];
};

/* `io` does what the state asks of set_txn_io(); borrowed. */
void set_txn_init(struct set_txn *set_txn, struct io *io);
/* Lets through what waits behind the gate; the state must be stopping. */
void set_txn_free(struct set_txn *set_txn);

/* The io of the state. */
struct io *set_txn_io(struct set_txn *set_txn);
bool set_txn_is_open(const struct set_txn *set_txn);

/* Judges a change and commits it; `*ticket` then names the open Set.  A Set
 * that is still open is confirmed first. */
enum scep_refusal set_txn_change(struct set_txn *set_txn, struct state *state,
				 const struct scep_change *change,
				 uint64_t *ticket,
				 struct scep_verdict *verdict);
/* Confirms the Set with that ticket, if it is open. */
void set_txn_confirm(struct set_txn *set_txn, struct state *state,
		     uint64_t ticket);
/* Undoes the Set with that ticket; a second time is fine.  If the disk refuses,
 * or if it is too late, the Set stands. */
enum scep_refusal set_txn_revert(struct set_txn *set_txn, struct state *state,
				 uint64_t ticket, struct scep_verdict *verdict);
/* Confirms a Set that the master will not (MIB, rule 6). */
uint64_t set_txn_tick(struct set_txn *set_txn, struct state *state);

#endif
