/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/keys.h"

#include "ctl/key_choice.h"
#include "ctl/patience.h"
#include "ctl/safe_text.h"
#include "ctl/table.h"

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ list -- */

static void add_key(struct table *table, const struct grid *rows,
		    const struct row_of_table *row)
{
	char text[GRID_TEXT], kind[GRID_TEXT + 20], span[SPAN_TEXT];
	int64_t state = grid_number(rows, row, "scepKeyState");
	int64_t left = grid_number(rows, row, "scepKeySecondsLeft");

	table_add_number(table, row->index);
	table_add(table, grid_text(rows, row, "scepKeyName", text));
	snprintf(kind, sizeof(kind), "%s %" PRId64,
		 grid_label(rows, row, "scepKeyAlgorithm", text),
		 grid_number(rows, row, "scepKeyLength"));
	table_add(table, kind);
	table_add(table, grid_label(rows, row, "scepKeyState", text));
	table_add(table, state == SCEP_KEY_NO_CERTIFICATE || left == INT32_MAX
			     ? ""
			     : span_text(left, span));
	table_add(table, key_is_in_service(rows, row) ? "yes" : "no");
	table_add(table, grid_text(rows, row, "scepKeyUseLocation", text));
	table_add(table, grid_text(rows, row, "scepKeySubject", text));
}

static void list_keys(struct visit *visit, const struct grid *rows)
{
	static const struct table_column columns[] = {
	    {"KEY", 5},		{"NAME", 10},	{"TYPE", 8}, {"STATE", 13},
	    {"EXPIRES IN", 11}, {"SERVICE", 7}, {"USE", 10}, {"SUBJECT", 0}};
	struct table table;

	table_begin(&table, columns, 8);
	for (size_t i = 0; i < rows->count; i++)
		if (!visit->line->has[OPTION_PROFILE] ||
		    grid_number(rows, &rows->row[i], "scepKeyProfileIndex") ==
			visit->line->profile)
			add_key(&table, rows, &rows->row[i]);
	visit_json_rows(visit, "keys", rows, visit->line->profile,
			visit->line->has[OPTION_PROFILE] ? "scepKeyProfileIndex"
							 : NULL);
	table_end(&table, visit, "no key");
}

/* --------------------------------------------------------------- actions -- */

static void end_action(struct visit *visit, const struct grid *rows,
		       const struct row_of_table *key, const char *done)
{
	char text[GRID_TEXT], label[GRID_TEXT], name[GRID_TEXT];
	int64_t result = grid_number(rows, key, "scepKeyActionResult");

	grid_text(rows, key, "scepKeyName", name);
	grid_text(rows, key, "scepKeyActionText", text);
	if (result == SCEP_NONE) {
		visit_say(visit, "key %" PRIu32 " (%s): %s", key->index, name,
			  done);
		visit->code = EXIT_GOOD;
		return;
	}
	if (result == SCEP_DEFERRED) {
		visit_say(visit,
			  "key %" PRIu32 " (%s): deferred until its "
			  "certificate begins",
			  key->index, name);
		visit->code = EXIT_GOOD;
		return;
	}
	visit_complain(visit, "key %" PRIu32 " (%s): %s%s%s", key->index, name,
		       grid_label(rows, key, "scepKeyActionResult", label),
		       text[0] ? ": " : "", text);
	visit->code = EXIT_FAILED;
}

/* Looks at the key; returns false if nobody has answered. */
static bool look_at_action(struct visit *visit, uint32_t index,
			   const char *done, bool *is_over,
			   struct reason *reason)
{
	struct grid rows;

	if (!grid_read_one(visit->manager, TABLE_KEY, index, &rows, reason))
		return false;
	if (rows.count == 0) {
		*is_over = visit_is_answered(visit, reason);
		if (*is_over)
			visit_say(visit, "key %" PRIu32 ": %s, and is gone",
				  index, done);
		return *is_over;
	}
	*is_over = grid_number(&rows, &rows.row[0], "scepKeyActionResult") !=
		   SCEP_IN_PROGRESS;
	if (*is_over)
		end_action(visit, &rows, &rows.row[0], done);
	grid_free(&rows);
	return true;
}

static void follow_action(struct visit *visit, uint32_t index, const char *done)
{
	struct patience patience;
	struct reason reason;
	bool is_over = false;
	bool is_answered;

	patience_begin(&patience);
	do {
		is_answered =
		    look_at_action(visit, index, done, &is_over, &reason);
	} while (!is_over &&
		 patience_go_on(&patience, visit, is_answered, &reason));
}

/* Where a key shall be deployed to: the word, or where it is. */
static bool find_places(struct visit *visit, const struct grid *rows,
			const struct row_of_table *key, struct scep_value *to)
{
	const struct scep_value *present =
	    grid_value(rows, key, "scepKeyUseLocation");
	struct reason reason;

	if (visit->change->count) {
		*to = visit->change->items[0].value;
		return true;
	}
	if (present && present->length) {
		*to = *present;
		return true;
	}
	reason_set(&reason,
		   "key %" PRIu32 " has no use location: add "
		   "AssignTo=NAME,NAME... (scepctl use lists them)",
		   key->index);
	visit_end(visit, EXIT_REFUSED, &reason);
	return false;
}

static const struct {
	const char *verb;
	const char *done;
	enum scep_field field;
	int64_t number;
} actions[] = {
    {"deploy", "deployed", SCEP_KEY_ACTION, SCEP_KEY_ASSIGN},
    {"rollback", "rolled back", SCEP_KEY_ACTION, SCEP_KEY_ROLLBACK},
    {"verify", "verified", SCEP_KEY_ACTION, SCEP_KEY_VERIFY},
    {"remove", "removed", SCEP_KEY_ROW_STATUS, SCEP_ROW_DESTROY},
};

static void act(struct visit *visit, const struct grid *rows,
		const struct row_of_table *key, size_t action)
{
	struct scep_item items[2] = {
	    {.field = actions[action].field,
	     .index = key->index,
	     .value = {.number = actions[action].number}},
	    {.field = SCEP_KEY_ASSIGN_TO, .index = key->index}};
	struct scep_change change = {.count = 1, .capacity = 2, .items = items};

	if (actions[action].number == SCEP_KEY_ASSIGN) {
		if (!find_places(visit, rows, key, &items[1].value))
			return;
		change.count = 2;
	}
	if (!visit_set(visit, &change))
		return;
	if (actions[action].field == SCEP_KEY_ROW_STATUS)
		visit_say(visit, "key %" PRIu32 ": removed", key->index);
	else if (visit->line->has[OPTION_NO_WAIT])
		visit_say(visit, "key %" PRIu32 ": %s sent", key->index,
			  actions[action].verb);
	else
		follow_action(visit, key->index, actions[action].done);
}

static void act_on_all(struct visit *visit, const struct grid *rows,
		       size_t action)
{
	enum exit_code worst = EXIT_GOOD;
	json_t *list = json_array();

	json_object_set_new(visit->json, "keys", list);
	for (size_t i = 0; i < rows->count; i++) {
		json_t *key = json_object();

		if (!key_choice_has(visit, rows, &rows->row[i])) {
			json_decref(key);
			continue;
		}
		visit->code = EXIT_GOOD;
		act(visit, rows, &rows->row[i], action);
		json_object_set_new(key, "Index",
				    json_integer(rows->row[i].index));
		json_object_set_new(key, "exit", json_integer(visit->code));
		json_array_append_new(list, key);
		if (visit->code > worst)
			worst = visit->code;
	}
	visit->code = worst;
}

void keys_run(struct visit *visit)
{
	struct reason reason;
	struct grid rows;

	if (!visit_greets(visit))
		return;
	if (!grid_read(visit->manager, TABLE_KEY, &rows, &reason)) {
		visit_end_reading(visit, &reason);
		return;
	}
	if (!visit->line->verb) {
		list_keys(visit, &rows);
	} else if (key_choice_is_good(visit, &rows)) {
		for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]);
		     i++)
			if (strcmp(actions[i].verb, visit->line->verb) == 0)
				act_on_all(visit, &rows, i);
	}
	grid_free(&rows);
}
