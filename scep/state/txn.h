/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch of rows to be put or removed: one transaction of the store, and
 * then one new view.  All of it is durable and visible, or none.  Knows
 * tables, not what they are for.
 */
#ifndef SCEP_STATE_TXN_H
#define SCEP_STATE_TXN_H

#include "scep/agent_row.h"
#include "scep/codes.h"
#include "scep/state/state.h"

struct txn_op {
	enum store_table table;
	uint32_t index;
	void *row;	/* what to put; NULL: remove.  Owned. */
	bool is_stored; /* false: in memory only */
};

struct txn {
	struct txn_op *ops;
	size_t count;
	size_t capacity;
	bool is_short;	/* of memory; the commit will fail */
	bool has_agent; /* agent's settings are put as well */
	struct scep_agent agent;
};

void txn_init(struct txn *txn);
void txn_free(struct txn *txn);

/* Take `row` (NULL: memory was short, the commit will fail). */
void txn_put(struct txn *txn, enum store_table table, void *row);
/* The same for a row that is not kept over a restart. */
void txn_show(struct txn *txn, enum store_table table, void *row);
void txn_remove(struct txn *txn, enum store_table table, uint32_t index);
/*
 * The row as it will be, to be changed: the batch's own, else a copy of the
 * one that there is, which is put, or shown if it is not to be stored.  NULL
 * if there is none, or memory is short.  Borrows.
 */
void *txn_edit(struct state *state, struct txn *txn, enum store_table table,
	       uint32_t index, bool is_stored);
void txn_put_agent(struct txn *txn, const struct scep_agent *agent);

/* Nothing of it is to be stored: where there is no store. */
void txn_forget_disk(struct txn *txn);

/*
 * Commits: durable first, then in state->view, then published.  The batch is
 * empty afterwards.  `undo` (may be NULL, initialised) receives the batch
 * that takes it back.  A failure (SCEP_STORAGE_ERROR, SCEP_NO_MEMORY) changes
 * nothing at all.
 */
enum scep_code txn_commit(struct state *state, struct txn *txn,
			  struct txn *undo, struct scep_error *error);

/* Commits what is there already, and publishes. */
void txn_rewrite(struct state *state);

/* Adds removals so that no more than status_max_rows finished rows stay when
 * the batch is through (MIB, rule 12). */
void txn_trim_statuses(struct state *state, struct txn *txn);

#endif
