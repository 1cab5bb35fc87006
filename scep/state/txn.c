/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/txn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/text.h"
#include "scep/base/error.h"
#include "scep/base/log.h"

void txn_init(struct txn *txn)
{
	memset(txn, 0, sizeof(*txn));
}

void txn_free(struct txn *txn)
{
	for (size_t i = 0; i < txn->count; i++)
		row_release(txn->ops[i].row);
	for (size_t i = 0; i < txn->line_count; i++)
		free(txn->lines[i].text);
	free(txn->lines);
	free(txn->ops);
	txn_init(txn);
}

void txn_log(struct txn *txn, enum scep_log_level level, const char *format,
	     ...)
{
	struct txn_line *lines =
	    realloc(txn->lines, (txn->line_count + 1) * sizeof(*lines));
	struct txn_line line = {.level = level};
	char text[TEXT_MAX + 1];
	va_list arguments;

	va_start(arguments, format);
	text_format_list(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (lines != NULL)
		txn->lines = lines;
	line.text = lines != NULL ? strdup(text) : NULL;
	if (line.text == NULL)
		txn->is_short = true;
	else
		txn->lines[txn->line_count++] = line;
}

static void txn_log_lines(const struct txn *txn)
{
	for (size_t i = 0; i < txn->line_count; i++)
		log_line(txn->lines[i].level, "%s", txn->lines[i].text);
}

static void txn_add(struct txn *txn, struct txn_op op)
{
	if (txn->count == txn->capacity) {
		size_t capacity = txn->capacity ? txn->capacity * 2 : 8;
		struct txn_op *ops = realloc(txn->ops, capacity * sizeof(*ops));

		if (ops == NULL) {
			txn->is_short = true;
			row_release(op.row);
			return;
		}
		txn->ops = ops;
		txn->capacity = capacity;
	}
	txn->ops[txn->count++] = op;
}

static void txn_add_row(struct txn *txn, enum store_table table, void *row,
			bool is_stored)
{
	struct txn_op op = {.table = table, .row = row, .is_stored = is_stored};

	if (row == NULL) {
		txn->is_short = true;
		return;
	}
	/* Every row begins with its index. */
	op.index = *(const uint32_t *)row;
	txn_add(txn, op);
}

void txn_copy(struct txn *txn, const struct txn *from)
{
	txn_init(txn);
	txn->has_agent = from->has_agent;
	txn->agent = from->agent;
	txn->is_short = from->is_short;
	for (size_t i = 0; i < from->count; i++) {
		struct txn_op op = from->ops[i];

		if (op.row != NULL)
			row_retain(op.row);
		txn_add(txn, op);
	}
}

void txn_put(struct txn *txn, enum store_table table, void *row)
{
	txn_add_row(txn, table, row, true);
}

void txn_show(struct txn *txn, enum store_table table, void *row)
{
	txn_add_row(txn, table, row, false);
}

void txn_remove(struct txn *txn, enum store_table table, uint32_t index)
{
	struct txn_op op = {.table = table, .index = index, .is_stored = true};

	txn_add(txn, op);
}

void txn_put_agent(struct txn *txn, const struct scep_agent *agent)
{
	txn->has_agent = true;
	txn->agent = *agent;
}

struct scep_agent *txn_edit_agent(struct state *state, struct txn *txn)
{
	if (!txn->has_agent)
		txn_put_agent(txn, &state->view.agent);
	return &txn->agent;
}

void txn_forget_disk(struct txn *txn)
{
	for (size_t i = 0; i < txn->count; i++)
		txn->ops[i].is_stored = false;
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
	case STORE_RETIRED:
		return &state->view.retired;
	case STORE_RECORD:
		return &state->records;
	case STORE_AGENT:
	case STORE_COUNTERS:
	case STORE_TABLE_COUNT:
		break;
	}
	return NULL;
}

void *txn_edit(struct state *state, struct txn *txn, enum store_table table,
	       uint32_t index, bool is_stored)
{
	const void *old;

	for (size_t i = txn->count; i > 0; i--) {
		struct txn_op *op = &txn->ops[i - 1];

		if (op->table != table || op->index != index)
			continue;
		op->is_stored = op->is_stored || is_stored;
		return op->row;
	}
	old = scep_rows_find(rows_of(state, table), index);
	if (old == NULL)
		return NULL;
	txn_add_row(txn, table, row_copy(old), is_stored);
	return txn->is_short ? NULL : txn->ops[txn->count - 1].row;
}

/* ------------------------------------------------------------- to disk -- */

/* A profile that has become volatile stays, but not on disk. */
static bool is_volatile(enum store_table table, const void *row)
{
	const struct scep_profile *profile = row;

	return table == STORE_PROFILE &&
	       profile->storage_type == SCEP_STORAGE_VOLATILE;
}

const void *txn_durable_row(void *context, enum store_table table,
			    uint32_t index)
{
	struct state *state = context;
	const void *row;

	if (table == STORE_AGENT)
		return &state->view.agent;
	if (table == STORE_COUNTERS)
		return &state->counters;
	row = scep_rows_find(rows_of(state, table), index);
	return row == NULL || is_volatile(table, row) ? NULL : row;
}

static enum scep_code op_store(struct store *store, const struct txn_op *op,
			       struct scep_error *error)
{
	if (op->row == NULL || is_volatile(op->table, op->row))
		return store_remove(store, op->table, op->index, error);
	return store_put(store, op->table, op->row, error);
}

static bool txn_is_stored(const struct txn *txn)
{
	if (txn->has_agent)
		return true;
	for (size_t i = 0; i < txn->count; i++) {
		if (txn->ops[i].is_stored)
			return true;
	}
	return false;
}

/* A folder that was taken away or replaced has lost what is in it. */
static enum scep_code check_folders(const struct state *state,
				    struct scep_error *error)
{
	const char *folders[] = {state->config.state_directory,
				 state->keys_folder, state->certs_folder};
	enum scep_code code = SCEP_OK;

	for (size_t i = 0; code == SCEP_OK && i < 3; i++)
		if (state->identity[i].inode != 0)
			code = files_check_identity(folders[i],
						    &state->identity[i], error);
	return code;
}

/* Tells if the transaction keeps the files of a key for another row, as that of
 * a key that is set aside for a rollback. */
static bool keeps_files(const struct txn *txn, const char *file_id)
{
	for (size_t i = 0; i < txn->count; i++) {
		const struct txn_op *op = &txn->ops[i];
		const struct scep_key *key = op->row;

		if (key != NULL &&
		    (op->table == STORE_KEY || op->table == STORE_RETIRED) &&
		    strcmp(key->file_id, file_id) == 0)
			return true;
	}
	return false;
}

/* Marks the keys that the transaction takes away.  Does not fail: without a
 * mark the files of a key are set aside after a kill, and not destroyed. */
static void mark_doomed(struct state *state, const struct txn *txn)
{
	char name[SCEP_TEXT64 + sizeof(TXN_DOOMED)];

	for (size_t i = 0; i < txn->count; i++) {
		const struct txn_op *op = &txn->ops[i];
		const struct scep_key *old;

		if (op->row != NULL || !op->is_stored ||
		    (op->table != STORE_KEY && op->table != STORE_RETIRED))
			continue;
		old = scep_rows_find(rows_of(state, op->table), op->index);
		if (old == NULL || old->file_id[0] == '\0' ||
		    keeps_files(txn, old->file_id))
			continue;
		snprintf(name, sizeof(name), "%s" TXN_DOOMED, old->file_id);
		files_write(state->keys_folder, name, "", 0, NULL);
	}
}

static void note_fault(struct state *state, enum scep_code code,
		       const struct scep_error *error)
{
	state->store_is_failing = code != SCEP_OK;
	text_copy(state->store_fault, sizeof(state->store_fault), error->text,
		  code != SCEP_OK ? strlen(error->text) : 0);
}

static enum scep_code write_rows(struct state *state, const struct txn *txn,
				 struct scep_error *error)
{
	struct store *store = state->store;
	enum scep_code code = check_folders(state, error);

	if (code == SCEP_OK)
		code = store_begin(store, error);
	if (code == SCEP_OK && txn->has_agent)
		code = store_put(store, STORE_AGENT, &txn->agent, error);
	for (size_t i = 0; code == SCEP_OK && i < txn->count; i++) {
		if (txn->ops[i].is_stored)
			code = op_store(store, &txn->ops[i], error);
	}
	if (code == SCEP_OK)
		code =
		    store_put(store, STORE_COUNTERS, &state->counters, error);
	if (code == SCEP_OK)
		mark_doomed(state, txn);
	if (code == SCEP_OK)
		code = store_commit(store, error);
	if (code != SCEP_OK)
		store_rollback(store);
	return code;
}

/* Writes to `error` only if it fails. */
static enum scep_code txn_store(struct state *state, const struct txn *txn,
				struct scep_error *error)
{
	struct scep_error fault;
	enum scep_code code;

	if (!txn_is_stored(txn))
		return SCEP_OK;
	if (state->store == NULL)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "the state directory cannot be used");
	error_init(&fault);
	code = write_rows(state, txn, &fault);
	note_fault(state, code, &fault);
	if (code != SCEP_OK && error != NULL)
		*error = fault;
	return code;
}

/* ------------------------------------------------------------- to view -- */

/* Adds the op that undoes `op`. */
static void undo_op(struct state *state, const struct txn_op *op,
		    struct txn *undo)
{
	struct txn_op back = {
	    .table = op->table, .index = op->index, .is_stored = op->is_stored};
	void *row =
	    (void *)scep_rows_find(rows_of(state, op->table), op->index);

	back.row = row == NULL ? NULL : row_retain(row);
	txn_add(undo, back);
}

static void txn_undo(struct state *state, const struct txn *txn,
		     struct txn *undo)
{
	for (size_t i = txn->count; i > 0; i--)
		undo_op(state, &txn->ops[i - 1], undo);
	if (txn->has_agent) {
		txn_put_agent(undo, &state->view.agent);
		/* LastIndex never goes back (MIB, rule 12). */
		undo->agent.status_last_index = txn->agent.status_last_index;
	}
}

/* The settings, and what a change of them shows; the rest may have changed
 * since the transaction was made. */
static void agent_show(struct state *state, const struct scep_agent *agent)
{
	const struct scep_agent shown = state->view.agent;

	state->view.agent = *agent;
	state->view.agent.key_last_change_mono = shown.key_last_change_mono;
	state->view.agent.ca_last_change_mono = shown.ca_last_change_mono;
	state->view.agent.key_limit = shown.key_limit;
}

static void op_show(struct state *state, struct txn_op *op)
{
	struct scep_rows *rows = rows_of(state, op->table);

	if (op->row != NULL)
		rows_put(rows, op->row);
	else
		rows_remove(rows, op->index);
	op->row = NULL;
	if (op->table == STORE_KEY)
		state->view.agent.key_last_change_mono = state_mono(state);
	if (op->table == STORE_CA)
		state->view.agent.ca_last_change_mono = state_mono(state);
}

static void txn_show_all(struct state *state, struct txn *txn)
{
	if (txn->has_agent)
		agent_show(state, &txn->agent);
	for (size_t i = 0; i < txn->count; i++)
		op_show(state, &txn->ops[i]);
	for (size_t i = 0; i < txn->count; i++) {
		if (txn->ops[i].table == STORE_RECORD)
			state->follow_record(state, txn->ops[i].index);
	}
}

static bool txn_reserve(struct state *state, const struct txn *txn)
{
	for (size_t i = 0; i < txn->count; i++) {
		if (!rows_reserve(rows_of(state, txn->ops[i].table),
				  txn->count))
			return false;
	}
	return !txn->is_short;
}

enum scep_code txn_commit(struct state *state, struct txn *txn,
			  struct txn *undo, struct scep_error *error)
{
	enum scep_code code;

	if (undo != NULL) {
		txn_undo(state, txn, undo);
		txn->is_short = txn->is_short || undo->is_short;
	}
	if (!txn_reserve(state, txn))
		code = error_set_memory(error);
	else
		code = txn_store(state, txn, error);
	if (code == SCEP_OK) {
		txn_show_all(state, txn);
		txn_log_lines(txn);
		state_ask_tick(state);
	} else if (undo != NULL) {
		txn_free(undo);
	}
	state_publish(state);
	txn_free(txn);
	return code;
}

void txn_rewrite(struct state *state)
{
	struct txn txn;

	txn_init(&txn);
	txn_put_agent(&txn, &state->view.agent);
	txn_commit(state, &txn, NULL, NULL);
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

static const struct txn_op *txn_find(const struct txn *txn,
				     enum store_table table, uint32_t index)
{
	for (size_t i = txn->count; i > 0; i--) {
		const struct txn_op *op = &txn->ops[i - 1];

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

/* Returns the finished rows as they will be; to be freed. */
static struct finished *finished_list(struct state *state,
				      const struct txn *txn, size_t *count)
{
	const struct scep_rows *rows = &state->view.statuses;
	struct finished *list =
	    calloc(rows->count + txn->count + 1, sizeof(*list));

	*count = 0;
	if (list == NULL)
		return NULL;
	ROWS_EACH (i, rows) {
		const struct scep_status *status = rows->row[i];

		if (txn_find(txn, STORE_STATUS, status->index) == NULL)
			finished_add(list, count, status);
	}
	for (size_t i = 0; i < txn->count; i++) {
		const struct txn_op *op = &txn->ops[i];

		if (op->table != STORE_STATUS || op->row == NULL)
			continue;
		finished_add(list, count, op->row);
		/* A row that ends now stays, even if a clock that was set
		 * back makes it look old. */
		if (*count > 0 && list[*count - 1].index == op->index)
			list[*count - 1].time = INT64_MAX;
	}
	return list;
}

void txn_trim_statuses(struct state *state, struct txn *txn)
{
	uint32_t most = txn->has_agent ? txn->agent.status_max_rows
				       : state->view.agent.status_max_rows;
	struct finished *list;
	size_t count;

	list = finished_list(state, txn, &count);
	if (list == NULL) {
		txn->is_short = true;
		return;
	}
	qsort(list, count, sizeof(*list), finished_compare);
	for (size_t i = 0; count > most && i < count - most; i++) {
		txn_remove(txn, STORE_STATUS, list[i].index);
		/* A request that could be resumed goes with its row. */
		if (scep_rows_find(&state->records, list[i].index) != NULL)
			txn_remove(txn, STORE_RECORD, list[i].index);
	}
	free(list);
}
