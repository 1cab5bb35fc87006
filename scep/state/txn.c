/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/txn.h"

#include <stdlib.h>
#include <string.h>

#include "scep/state/open_request.h"
#include "scep/base/error.h"

void batch_init(struct batch *batch)
{
	memset(batch, 0, sizeof(*batch));
}

static void row_free(enum store_table table, void *row)
{
	if (table == STORE_RECORD)
		record_free(row);
	else
		row_release(row);
}

void batch_free(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		row_free(batch->ops[i].table, batch->ops[i].row);
	free(batch->ops);
	batch_init(batch);
}

static void batch_add(struct batch *batch, struct batch_op op)
{
	if (batch->count == batch->capacity) {
		size_t capacity = batch->capacity ? batch->capacity * 2 : 8;
		struct batch_op *ops =
		    realloc(batch->ops, capacity * sizeof(*ops));

		if (ops == NULL) {
			batch->is_short = true;
			row_free(op.table, op.row);
			return;
		}
		batch->ops = ops;
		batch->capacity = capacity;
	}
	batch->ops[batch->count++] = op;
}

static void batch_add_row(struct batch *batch, enum store_table table,
			  void *row, bool is_stored)
{
	struct batch_op op = {
	    .table = table, .row = row, .is_stored = is_stored};

	if (row == NULL) {
		batch->is_short = true;
		return;
	}
	/* Every row and every record begins with its index. */
	op.index = *(const uint32_t *)row;
	batch_add(batch, op);
}

void batch_put(struct batch *batch, enum store_table table, void *row)
{
	batch_add_row(batch, table, row, true);
}

void batch_show(struct batch *batch, enum store_table table, void *row)
{
	batch_add_row(batch, table, row, false);
}

void batch_remove(struct batch *batch, enum store_table table, uint32_t index)
{
	struct batch_op op = {
	    .table = table, .index = index, .is_stored = true};

	batch_add(batch, op);
}

void batch_put_agent(struct batch *batch, const struct scep_agent *agent)
{
	batch->has_agent = true;
	batch->agent = *agent;
}

void batch_forget_disk(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->ops[i].is_stored = false;
}

static struct scep_rows *rows_of(struct state *state, enum store_table table)
{
	switch (table) {
	case STORE_PROFILE:
		return &state->view.profiles;
	case STORE_STATUS:
		return &state->view.statuses;
	case STORE_KEY:
		return &state->view.keys;
	case STORE_CA:
		return &state->view.cas;
	case STORE_USE:
		return &state->view.uses;
	case STORE_ASIDE:
		return &state->view.asides;
	case STORE_RECORD:
		break;
	}
	return NULL;
}

void *batch_edit(struct state *state, struct batch *batch,
		 enum store_table table, uint32_t index, bool is_stored)
{
	const void *old;

	for (size_t i = batch->count; i > 0; i--) {
		struct batch_op *op = &batch->ops[i - 1];

		if (op->table != table || op->index != index)
			continue;
		op->is_stored = op->is_stored || is_stored;
		return op->row;
	}
	old = scep_rows_find(rows_of(state, table), index);
	if (old == NULL)
		return NULL;
	batch_add_row(batch, table, row_copy(old), is_stored);
	return batch->is_short ? NULL : batch->ops[batch->count - 1].row;
}

/* ------------------------------------------------------------- to disk -- */

/* A profile that has become volatile stays, but not on disk. */
static bool is_volatile(const struct batch_op *op)
{
	const struct scep_profile *profile = op->row;

	return op->table == STORE_PROFILE &&
	       profile->storage_type == SCEP_STORAGE_VOLATILE;
}

static enum scep_code op_store(struct store *store, const struct batch_op *op,
			       struct scep_error *error)
{
	if (op->row == NULL || is_volatile(op))
		return store_remove(store, op->table, op->index, error);
	switch (op->table) {
	case STORE_PROFILE:
		return store_put_profile(store, op->row, error);
	case STORE_STATUS:
		return store_put_status(store, op->row, error);
	case STORE_KEY:
		return store_put_key(store, op->row, error);
	case STORE_CA:
		return store_put_ca(store, op->row, error);
	case STORE_USE:
		return store_put_use(store, op->row, error);
	case STORE_ASIDE:
		return store_put_aside(store, op->row, error);
	case STORE_RECORD:
		return store_put_record(store, op->row, error);
	}
	return SCEP_OK;
}

static bool batch_is_stored(const struct batch *batch)
{
	if (batch->has_agent)
		return true;
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->ops[i].is_stored)
			return true;
	}
	return false;
}

static enum scep_code batch_store(struct state *state,
				  const struct batch *batch,
				  struct scep_error *error)
{
	struct store *store = state->store;

	if (!batch_is_stored(batch))
		return SCEP_OK;
	if (store == NULL)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "the state directory cannot be used");
	if (store_begin(store, error) != SCEP_OK)
		goto failed;
	if (batch->has_agent &&
	    store_put_agent(store, &batch->agent, error) != SCEP_OK)
		goto failed;
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->ops[i].is_stored &&
		    op_store(store, &batch->ops[i], error) != SCEP_OK)
			goto failed;
	}
	if (store_put_counters(store, state->key_last_index,
			       state->ca_last_index, error) != SCEP_OK ||
	    store_commit(store, error) != SCEP_OK)
		goto failed;
	state->store_is_failing = false;
	return SCEP_OK;
failed:
	store_rollback(store);
	state->store_is_failing = true;
	return SCEP_STORAGE_ERROR;
}

/* ------------------------------------------------------------- to view -- */

/* Adds the op that takes `op` back. */
static void undo_op(struct state *state, const struct batch_op *op,
		    struct batch *undo)
{
	struct batch_op back = {
	    .table = op->table, .index = op->index, .is_stored = op->is_stored};

	if (op->table == STORE_RECORD) {
		struct enrolment *e = enrolment_find(state, op->index);

		if (e != NULL) {
			back.row = record_copy(e->record);
			undo->is_short = undo->is_short || back.row == NULL;
		}
	} else {
		const struct scep_rows *rows = rows_of(state, op->table);
		void *row = (void *)scep_rows_find(rows, op->index);

		back.row = row == NULL ? NULL : row_retain(row);
	}
	batch_add(undo, back);
}

static void batch_undo(struct state *state, const struct batch *batch,
		       struct batch *undo)
{
	for (size_t i = batch->count; i > 0; i--)
		undo_op(state, &batch->ops[i - 1], undo);
	if (batch->has_agent) {
		batch_put_agent(undo, &state->view.agent);
		/* LastIndex never goes back (MIB, rule 12). */
		undo->agent.status_last_index = batch->agent.status_last_index;
	}
}

static void record_show(struct state *state, struct batch_op *op)
{
	struct enrolment *e = enrolment_find(state, op->index);

	if (op->row == NULL) {
		if (e != NULL)
			enrolment_discard(e);
	} else if (e != NULL) {
		record_free(e->record);
		e->record = op->row;
	} else if (enrolment_open(state, op->row) == NULL) {
		/* It is on disk: the next start finds it. */
		state_tell(state, SCEP_EVENT_FATAL, 0);
	}
	op->row = NULL;
}

/* The settings, and what a change of them shows; the rest may have changed
 * since the batch was made. */
static void agent_show(struct state *state, const struct scep_agent *agent)
{
	const struct scep_agent shown = state->view.agent;

	state->view.agent = *agent;
	state->view.agent.key_last_change_mono = shown.key_last_change_mono;
	state->view.agent.ca_last_change_mono = shown.ca_last_change_mono;
	state->view.agent.key_limit = shown.key_limit;
}

static void batch_show_all(struct state *state, struct batch *batch)
{
	if (batch->has_agent)
		agent_show(state, &batch->agent);
	for (size_t i = 0; i < batch->count; i++) {
		struct batch_op *op = &batch->ops[i];
		struct scep_rows *rows = rows_of(state, op->table);

		if (op->table == STORE_RECORD) {
			record_show(state, op);
			continue;
		}
		if (op->row != NULL)
			rows_put(rows, op->row);
		else
			rows_remove(rows, op->index);
		op->row = NULL;
		if (op->table == STORE_KEY)
			state->view.agent.key_last_change_mono =
			    state_mono(state);
		if (op->table == STORE_CA)
			state->view.agent.ca_last_change_mono =
			    state_mono(state);
	}
}

static bool batch_reserve(struct state *state, const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct scep_rows *rows = rows_of(state, batch->ops[i].table);

		if (rows != NULL && !rows_reserve(rows, batch->count))
			return false;
	}
	return !batch->is_short;
}

enum scep_code batch_commit(struct state *state, struct batch *batch,
			    struct batch *undo, struct scep_error *error)
{
	enum scep_code code;

	if (undo != NULL) {
		batch_undo(state, batch, undo);
		batch->is_short = batch->is_short || undo->is_short;
	}
	if (!batch_reserve(state, batch))
		code = error_set(error, SCEP_STORAGE_ERROR, "memory is short");
	else
		code = batch_store(state, batch, error);
	state->timers_are_stale = true;
	if (code == SCEP_OK)
		batch_show_all(state, batch);
	else if (undo != NULL)
		batch_free(undo);
	state_publish(state);
	batch_free(batch);
	return code;
}

void batch_rewrite(struct state *state)
{
	struct batch batch;

	batch_init(&batch);
	batch_put_agent(&batch, &state->view.agent);
	batch_commit(state, &batch, NULL, NULL);
}

/* ------------------------------------------------------------ trimming -- */

struct finished {
	int64_t time;
	uint32_t index;
};

static int finished_compare(const void *a, const void *b)
{
	const struct finished *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static const struct batch_op *batch_find(const struct batch *batch,
					 enum store_table table, uint32_t index)
{
	for (size_t i = batch->count; i > 0; i--) {
		const struct batch_op *op = &batch->ops[i - 1];

		if (op->table == table && op->index == index)
			return op;
	}
	return NULL;
}

static void finished_add(struct finished *list, size_t *count,
			 const struct scep_status *status)
{
	if (scep_status_is_open(status))
		return;
	list[*count].time = status->finish_time;
	list[(*count)++].index = status->index;
}

/* The finished rows that there will be, as a list to be freed. */
static struct finished *finished_list(struct state *state,
				      const struct batch *batch, size_t *count)
{
	const struct scep_rows *rows = &state->view.statuses;
	struct finished *list =
	    calloc(rows->count + batch->count + 1, sizeof(*list));

	*count = 0;
	if (list == NULL)
		return NULL;
	ROWS_EACH (i, rows) {
		const struct scep_status *status = rows->row[i];

		if (batch_find(batch, STORE_STATUS, status->index) == NULL)
			finished_add(list, count, status);
	}
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_op *op = &batch->ops[i];

		if (op->table != STORE_STATUS || op->row == NULL)
			continue;
		finished_add(list, count, op->row);
		/* What ends now is to be seen, even where a clock that was
		 * set back makes it look old. */
		if (*count > 0 && list[*count - 1].index == op->index)
			list[*count - 1].time = INT64_MAX;
	}
	return list;
}

void batch_trim_statuses(struct state *state, struct batch *batch)
{
	uint32_t most = batch->has_agent ? batch->agent.status_max_rows
					 : state->view.agent.status_max_rows;
	struct finished *list;
	size_t count;

	list = finished_list(state, batch, &count);
	if (list == NULL) {
		batch->is_short = true;
		return;
	}
	qsort(list, count, sizeof(*list), finished_compare);
	for (size_t i = 0; count > most && i < count - most; i++) {
		batch_remove(batch, STORE_STATUS, list[i].index);
		/* A request that could be resumed goes with its row. */
		if (enrolment_find(state, list[i].index) != NULL)
			batch_remove(batch, STORE_RECORD, list[i].index);
	}
	free(list);
}
