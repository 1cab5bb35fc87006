/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/settings.h"

#include "ctl/patience.h"
#include "ctl/safe_text.h"
#include "ctl/table.h"
#include "ctl/value.h"

#include "scep/codes.h"
#include "scep/profile_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ show -- */

/* Prints one object per line: Url="http://ca/scep". */
static void show_row(struct visit *visit, const struct grid *rows,
		     const struct row_of_table *row, size_t prefix)
{
	char text[VALUE_TEXT], label[80], span[SPAN_TEXT];

	for (size_t i = 0; i < rows->column_count; i++) {
		const struct object *object = rows->column[i];

		if (!row->has[i])
			continue;
		snprintf(label, sizeof(label), "%s=", object->name + prefix);
		value_show(object, &row->value[i], text);
		/* The rest is the same as what can be set. */
		if (object->syntax == SYNTAX_TIME && row->value[i].length)
			visit_say(visit, "%s%s (%s here)", label, text,
				  clock_text(grid_time(rows, row, object->name),
					     span));
		else if (object->syntax == SYNTAX_TEXT)
			visit_say(visit, "%s\"%s\"", label,
				  grid_text(rows, row, object->name, text));
		else
			visit_say(visit, "%s%s", label, text);
	}
}

static void show_group(struct visit *visit, enum object_table_id table,
		       const char *name, const char *prefix)
{
	struct reason reason;
	struct grid rows;

	if (!visit_greets(visit))
		return;
	if (!grid_read_one(visit->manager, table, visit->line->profile, &rows,
			   &reason)) {
		visit_end_reading(visit, &reason);
		return;
	}
	if (rows.count == 0) {
		reason_set(&reason, "there is no profile %" PRIu32,
			   visit->line->profile);
		visit_end(visit, EXIT_REFUSED, &reason);
		return;
	}
	json_object_set_new(visit->json, name,
			    visit_json_row(json_object(), &rows, &rows.row[0]));
	show_row(visit, &rows, &rows.row[0], strlen(prefix));
	grid_free(&rows);
}

/* ------------------------------------------------------------------- Set -- */

/* Sends the values of the words with more items behind them. */
static bool set_values(struct visit *visit, const struct scep_item *more,
		       size_t count)
{
	struct scep_change change;
	struct reason reason;
	bool is_good = true;

	scep_change_init(&change);
	for (size_t i = 0; is_good && i < visit->change->count; i++)
		is_good = scep_change_add(&change, &visit->change->items[i]);
	for (size_t i = 0; is_good && i < count; i++)
		is_good = scep_change_add(&change, &more[i]);
	if (is_good) {
		is_good = visit_set(visit, &change);
	} else {
		reason_set(&reason, "memory is short");
		visit_end(visit, EXIT_FAILED, &reason);
	}
	scep_change_free(&change);
	if (is_good)
		json_object_set_new(visit->json, "set", json_true());
	return is_good;
}

/* ---------------------------------------------------------------- server -- */

static const struct {
	const char *name;
	uint32_t check;
} checks[] = {{"caps", SCEP_CHECK_CA_CAPS},
	      {"cert", SCEP_CHECK_CA_CERT},
	      {"next", SCEP_CHECK_NEXT_CA_CERT},
	      {"crl", SCEP_CHECK_CRL}};

/* Shows the end of a check. */
static void end_check(struct visit *visit, const char *name,
		      const struct grid *rows, const struct row_of_table *row)
{
	char text[GRID_TEXT], label[GRID_TEXT], caps[VALUE_TEXT];
	const struct scep_value *bits = grid_value(rows, row, "scepServerCaps");
	int64_t result = grid_number(rows, row, "scepServerCheckResult");

	grid_text(rows, row, "scepServerCheckText", text);
	json_object_set_new(visit->json, "server",
			    visit_json_row(json_object(), rows, row));
	if (result != SCEP_NONE) {
		visit_complain(
		    visit, "check %s: %s: %s", name,
		    grid_label(rows, row, "scepServerCheckResult", label),
		    text);
		visit->code = EXIT_FAILED;
		return;
	}
	visit_say(visit, "check %s: %s", name, text[0] ? text : "ok");
	if (strcmp(name, "caps") == 0 && bits)
		visit_say(
		    visit, "capabilities: %s",
		    value_show(varbind_object("scepServerCaps"), bits, caps));
}

/* Looks at the result; returns false if nobody has answered. */
static bool look_at_check(struct visit *visit, const char *name, bool *is_over,
			  struct reason *reason)
{
	struct grid rows;

	if (!grid_read_one(visit->manager, TABLE_SERVER, visit->line->profile,
			   &rows, reason))
		return false;
	if (rows.count == 0)
		return reason_set(reason, "profile %" PRIu32 " is gone",
				  visit->line->profile);
	*is_over = grid_number(&rows, &rows.row[0], "scepServerCheckResult") !=
		   SCEP_IN_PROGRESS;
	if (*is_over)
		end_check(visit, name, &rows, &rows.row[0]);
	grid_free(&rows);
	return true;
}

static void follow_check(struct visit *visit, const char *name)
{
	struct patience patience;
	struct reason reason;
	bool is_over = false;
	bool is_answered;

	patience_begin(&patience);
	do {
		is_answered = look_at_check(visit, name, &is_over, &reason);
	} while (!is_over &&
		 patience_go_on(&patience, visit, is_answered, &reason));
}

static void make_check(struct visit *visit, size_t which)
{
	struct scep_item item = {.field = SCEP_SERVER_CHECK,
				 .index = visit->line->profile,
				 .value = {.number = checks[which].check}};

	if (!set_values(visit, &item, 1))
		return;
	if (visit->line->has[OPTION_NO_WAIT])
		visit_say(visit, "check %s: sent", checks[which].name);
	else
		follow_check(visit, checks[which].name);
}

/* Without a word: what shows that the server can be used. */
static void check_server(struct visit *visit)
{
	const char *word =
	    visit->line->word_count ? visit->line->words[0] : NULL;
	size_t count = sizeof(checks) / sizeof(checks[0]);

	if (!visit_greets(visit))
		return;
	if (!word) {
		make_check(visit, 0);
		if (visit->code == EXIT_GOOD)
			make_check(visit, 1);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (strcmp(checks[i].name, word) == 0)
			make_check(visit, i);
}

void settings_server(struct visit *visit)
{
	if (visit->line->verb)
		check_server(visit);
	else if (visit->line->word_count == 0)
		show_group(visit, TABLE_SERVER, "server", "scepServer");
	else if (visit_greets(visit) && set_values(visit, NULL, 0))
		visit_say(visit, "set");
}

/* ----------------------------------------------------------------- timer -- */

void settings_timer(struct visit *visit)
{
	const char *verb = visit->line->verb;
	struct scep_item more[2];
	size_t count = 0;

	if (!verb && visit->change->count == 0 && !visit->challenge) {
		show_group(visit, TABLE_AUTO, "timer", "scepAuto");
		return;
	}
	if (visit->challenge)
		more[count++] =
		    (struct scep_item){.field = SCEP_AUTO_CHALLENGE_PASSWORD,
				       .index = visit->line->profile,
				       .value = *visit->challenge};
	if (verb)
		more[count++] = (struct scep_item){
		    .field = SCEP_AUTO_ENABLE,
		    .index = visit->line->profile,
		    .value = {.number = strcmp(verb, "on") == 0}};
	if (visit_greets(visit) && set_values(visit, more, count))
		visit_say(visit, "%s%s", verb ? "timer " : "set",
			  verb ? verb : "");
	explicit_bzero(more, sizeof(more));
}

/* --------------------------------------------------------------- profile -- */

static void list_profiles(struct visit *visit)
{
	static const struct table_column columns[] = {{"PROFILE", 7},
						      {"NAME", 20},
						      {"STATUS", 12},
						      {"STORAGE", 12},
						      {"URL", 0}};
	char text[GRID_TEXT];
	struct grid profiles, servers;
	struct reason reason;
	struct table table;

	if (!grid_read(visit->manager, TABLE_PROFILE, &profiles, &reason)) {
		visit_end_reading(visit, &reason);
		return;
	}
	if (!grid_read(visit->manager, TABLE_SERVER, &servers, &reason)) {
		visit_end_reading(visit, &reason);
		grid_free(&profiles);
		return;
	}
	table_begin(&table, columns, 5);
	for (size_t i = 0; i < profiles.count; i++) {
		const struct row_of_table *row = &profiles.row[i];
		const struct row_of_table *server =
		    grid_find(&servers, row->index);

		table_add_number(&table, row->index);
		table_add(&table,
			  grid_text(&profiles, row, "scepProfileName", text));
		table_add(&table, grid_label(&profiles, row,
					     "scepProfileRowStatus", text));
		table_add(&table, grid_label(&profiles, row,
					     "scepProfileStorageType", text));
		table_add(&table, server ? grid_text(&servers, server,
						     "scepServerUrl", text)
					 : "");
	}
	visit_json_rows(visit, "profiles", &profiles, 0, NULL);
	table_end(&table, visit, "no profile");
	grid_free(&profiles);
	grid_free(&servers);
}

void settings_profile(struct visit *visit)
{
	const char *verb = visit->line->verb;
	struct scep_item item = {.field = SCEP_PROFILE_ROW_STATUS,
				 .index = visit->line->profile};

	if (!visit_greets(visit))
		return;
	if (!verb) {
		list_profiles(visit);
		return;
	}
	item.value.number = strcmp(verb, "add") == 0 ? SCEP_ROW_CREATE_AND_GO
						     : SCEP_ROW_DESTROY;
	if (set_values(visit, &item, 1))
		visit_say(visit, "profile %" PRIu32 " %s", item.index,
			  strcmp(verb, "add") == 0 ? "added" : "removed");
}
