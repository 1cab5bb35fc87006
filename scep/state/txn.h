/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transaction: rows to be put or removed, in one transaction of the store and
 * then in one new view.  All of it is durable and visible, or none.  Knows
 * tables, and not what their rows mean.
 */
#ifndef SCEP_STATE_TXN_H
#define SCEP_STATE_TXN_H

#include "scep/agent_row.h"
#include "scep/codes.h"
#include "scep/state/state.h"

/* A transaction that removes a key leaves keys/ID with this suffix: the files
 * of the key are to be destroyed if no row has them, also after a kill. */
#define TXN_DOOMED ".doomed"

struct txn_op {
	enum store_table table;
	uint32_t index;
	void *row;	/* what to put; NULL: remove.  Owned. */
	bool is_stored; /* false: only in memory */
};

/* A line of the log that is true when the transaction is durable. */
struct txn_line {
	enum scep_log_level level;
	char *text; /* owned */
};

struct txn {
	struct txn_op *ops;
	size_t count;
	size_t capacity;
	bool is_short;	/* of memory; the commit will fail */
	bool has_agent; /* agent's settings are put as well */
	struct scep_agent agent;
	struct txn_line *lines;
	size_t line_count;
};

void txn_init(struct txn *txn);
void txn_free(struct txn *txn);
/* Makes `txn` a transaction that does what `from` does, and logs nothing.  Both
 * have the same rows: edit none of them. */
void txn_copy(struct txn *txn, const struct txn *from);

/* Puts a row, and takes it.  NULL: memory was short, the commit will fail. */
void txn_put(struct txn *txn, enum store_table table, void *row);
/* Does the same for a row that is not stored. */
void txn_show(struct txn *txn, enum store_table table, void *row);
void txn_remove(struct txn *txn, enum store_table table, uint32_t index);
/*
 * Returns the row as it will be, to be changed: the row of the transaction, or
 * a copy of the row of the state, which becomes part of the transaction.  NULL
 * if there is neither, or if memory is short.  Borrows.
 */
void *txn_edit(struct state *state, struct txn *txn, enum store_table table,
	       uint32_t index, bool is_stored);
void txn_put_agent(struct txn *txn, const struct scep_agent *agent);
/* Returns the settings as they will be, to be changed.  Borrows. */
struct scep_agent *txn_edit_agent(struct state *state, struct txn *txn);

/* Logs a line (log.h) when the transaction is committed: a disk that refuses
 * must not make it false. */
void txn_log(struct txn *txn, enum scep_log_level level, const char *format,
	     ...) __attribute__((format(printf, 3, 4)));

/* Has nothing of it stored: where there is no store. */
void txn_forget_disk(struct txn *txn);

/*
 * Commits: first to the disk, then to the tables of the state, then to a new
 * view.  The transaction is empty afterwards.  `undo` (may be NULL,
 * initialised) receives the transaction that undoes it.  A failure
 * (SCEP_STORAGE_ERROR, SCEP_NO_MEMORY) changes nothing at all.
 */
enum scep_code txn_commit(struct state *state, struct txn *txn,
			  struct txn *undo, struct scep_error *error);

/* The store_find_fn over a state (`context`): the row as it is on disk, or is
 * to be there. */
const void *txn_durable_row(void *context, enum store_table table,
			    uint32_t index);

/* Commits what is there already, to see if the disk accepts it. */
void txn_rewrite(struct state *state);

/* Removes the oldest finished rows, so that no more than status_max_rows are
 * left after the commit (MIB, rule 12). */
void txn_trim_statuses(struct state *state, struct txn *txn);

#endif
