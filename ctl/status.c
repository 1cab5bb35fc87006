/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/status.h"

#include "ctl/key_choice.h"
#include "ctl/paint.h"
#include "ctl/safe_text.h"
#include "ctl/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "scep/agent_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"

#define WHEN_WIDTH 16

/* All that the screen shows. */
struct screen {
	struct grid agent, key_scalars, profiles, keys, status;
};

static bool is_shown(const struct visit *visit, int64_t profile)
{
	return !visit->line->has[OPTION_PROFILE] ||
	       profile == visit->line->profile;
}

static void screen_free(struct screen *screen)
{
	grid_free(&screen->agent);
	grid_free(&screen->key_scalars);
	grid_free(&screen->profiles);
	grid_free(&screen->keys);
	grid_free(&screen->status);
}

static bool read_screen(struct visit *visit, struct screen *screen,
			struct reason *reason)
{
	struct manager *manager = visit->manager;

	return grid_read_one(manager, TABLE_AGENT, 0, &screen->agent, reason) &&
	       grid_read_one(manager, TABLE_KEY_SCALARS, 0,
			     &screen->key_scalars, reason) &&
	       grid_read(manager, TABLE_SUMMARY, &screen->profiles, reason) &&
	       grid_read(manager, TABLE_KEY, &screen->keys, reason) &&
	       grid_read(manager, TABLE_STATUS, &screen->status, reason) &&
	       (screen->agent.count > 0 ||
		reason_set(reason, "no such object"));
}

/* ------------------------------------------------------------------ head -- */

static void show_head(struct visit *visit, const struct screen *screen)
{
	const struct grid *agent = &screen->agent;
	const struct row_of_table *row = &agent->row[0];
	char text[GRID_TEXT], label[GRID_TEXT], line[200], span[SPAN_TEXT];
	int64_t left = grid_number(agent, row, "scepAgentEarliestExpiry");
	const struct row_of_table *keys =
	    screen->key_scalars.count ? &screen->key_scalars.row[0] : NULL;

	snprintf(line, sizeof(line), "%.52s", visit->agent);
	visit_say(visit, "%-60s %19s", line,
		  clock_text((int64_t)time(NULL), span));
	grid_text(agent, row, "scepAgentHealthText", text);
	paint_begin(visit, grid_number(agent, row, "scepAgentHealth"));
	snprintf(line, sizeof(line), "%s%s",
		 grid_label(agent, row, "scepAgentHealth", label),
		 text[0] && strcmp(text, "ok") != 0 ? ": " : "");
	snprintf(label, sizeof(label), "%s%.1200s", line,
		 strcmp(text, "ok") == 0 ? "" : text);
	table_wrap(visit, "Health:   ", label);
	paint_end(visit);
	snprintf(
	    line, sizeof(line),
	    "Agent:    %.20s; keys: %" PRId64 " of %" PRId64
	    "; next expiry: %s",
	    grid_text(agent, row, "scepAgentVersion", text),
	    keys ? grid_number(&screen->key_scalars, keys, "scepKeyCount") : 0,
	    keys ? grid_number(&screen->key_scalars, keys, "scepKeyLimit") : 0,
	    left == INT32_MAX ? "none" : span_text(left, span));
	visit_say(visit, "%s", line);
	if (grid_number(agent, row, "scepAgentRestartPending"))
		visit_say(visit, "Restart:  pending");
}

/* -------------------------------------------------------------- profiles -- */

static const char *expiry(int64_t seconds, char text[SPAN_TEXT])
{
	if (seconds == INT32_MAX)
		return "-";
	span_text(seconds, text);
	return seconds < 0 ? "expired" : text;
}

static void add_profile(struct table *table, const struct grid *rows,
			const struct row_of_table *row)
{
	char text[GRID_TEXT], span[SPAN_TEXT];
	int64_t next = grid_number(rows, row, "scepSummaryNextRequestIn");
	int64_t key = grid_number(rows, row, "scepSummaryKeyIndex");

	table_add_number(table, row->index);
	table_add(table, grid_text(rows, row, "scepSummaryProfileName", text));
	table_add(table, grid_label(rows, row, "scepSummaryLastResult", text));
	clock_text(grid_time(rows, row, "scepSummaryLastTime"), span);
	/* Without the seconds. */
	span[WHEN_WIDTH] = '\0';
	table_add(table, span);
	table_add(table,
		  key ? grid_text(rows, row, "scepSummaryKeyName", text) : "");
	table_add(
	    table,
	    key ? expiry(grid_number(rows, row, "scepSummarySecondsLeft"), span)
		: "");
	table_add(table, next < 0 ? "" : span_text(next, span));
}

/* Says below the table why the last request of a profile has failed. */
static void show_failure(struct visit *visit, const struct grid *rows,
			 const struct row_of_table *row)
{
	char label[GRID_TEXT], head[80], text[GRID_TEXT];

	if (grid_number(rows, row, "scepSummaryLastResult") !=
	    SCEP_RESULT_FAILED)
		return;
	snprintf(head, sizeof(head),
		 "Profile %" PRIu32 " failed: ", row->index);
	grid_text(rows, row, "scepSummaryLastText", text);
	paint_begin(visit, SCEP_HEALTH_CRITICAL);
	table_wrap(visit, head,
		   text[0]
		       ? text
		       : grid_label(rows, row, "scepSummaryLastDetail", label));
	paint_end(visit);
}

static void show_profiles(struct visit *visit, const struct grid *rows)
{
	static const struct table_column columns[] = {
	    {"NR", 2},	{"NAME", 10},	    {"RESULT", 9}, {"WHEN", 16},
	    {"KEY", 8}, {"EXPIRES IN", 11}, {"NEXT", 11}};
	struct table table;

	table_begin(&table, columns, 7);
	for (size_t i = 0; i < rows->count; i++)
		if (is_shown(visit, rows->row[i].index))
			add_profile(&table, rows, &rows->row[i]);
	visit_say(visit, "%s", "");
	table_end(&table, visit,
		  "this device has no scepSummaryTable: its MIB is older");
	for (size_t i = 0; i < rows->count; i++)
		if (is_shown(visit, rows->row[i].index))
			show_failure(visit, rows, &rows->row[i]);
}

/* ------------------------------------------------------------------ keys -- */

static void show_keys(struct visit *visit, const struct grid *rows)
{
	static const struct table_column columns[] = {
	    {"KEY", 5},		{"NAME", 12}, {"STATE", 13},
	    {"EXPIRES IN", 11}, {"USE", 14},  {"SUBJECT", 0}};
	char text[GRID_TEXT], span[SPAN_TEXT];
	struct table table;

	table_begin(&table, columns, 6);
	for (size_t i = 0; i < rows->count; i++) {
		const struct row_of_table *row = &rows->row[i];

		if (!key_is_in_service(rows, row) ||
		    !is_shown(visit,
			      grid_number(rows, row, "scepKeyProfileIndex")))
			continue;
		table_add_number(&table, row->index);
		table_add(&table, grid_text(rows, row, "scepKeyName", text));
		table_add(&table, grid_label(rows, row, "scepKeyState", text));
		table_add(
		    &table,
		    expiry(grid_number(rows, row, "scepKeySecondsLeft"), span));
		table_add(&table,
			  grid_text(rows, row, "scepKeyUseLocation", text));
		table_add(&table, grid_text(rows, row, "scepKeySubject", text));
	}
	visit_say(visit, "%s", "");
	table_end(&table, visit, "no key is in service");
}

/* -------------------------------------------------------------- requests -- */

static bool is_open(const struct grid *rows, const struct row_of_table *row)
{
	return grid_number(rows, row, "scepStatusState") ==
	       SCEP_STATE_PROCESSING;
}

static void show_requests(struct visit *visit, const struct grid *rows)
{
	static const struct table_column columns[] = {
	    {"REQUEST", 10}, {"PROFILE", 7},	{"KEY", 10},
	    {"POLLS", 5},    {"NEXT POLL", 19}, {"TEXT", 0}};
	char text[GRID_TEXT], span[SPAN_TEXT];
	struct table table;

	table_begin(&table, columns, 6);
	for (size_t i = 0; i < rows->count; i++) {
		const struct row_of_table *row = &rows->row[i];

		if (!is_open(rows, row) ||
		    !is_shown(visit,
			      grid_number(rows, row, "scepStatusProfileIndex")))
			continue;
		table_add_number(&table, row->index);
		table_add_number(
		    &table, grid_number(rows, row, "scepStatusProfileIndex"));
		table_add(&table,
			  grid_text(rows, row, "scepStatusKeyName", text));
		table_add_number(&table,
				 grid_number(rows, row, "scepStatusPolls"));
		table_add(&table,
			  clock_text(grid_time(rows, row, "scepStatusNextPoll"),
				     span));
		table_add(&table, grid_text(rows, row, "scepStatusText", text));
	}
	visit_say(visit, "%s", "");
	table_end(&table, visit, "no request is open");
}

/* ------------------------------------------------------------------ JSON -- */

static void add_json(struct visit *visit, struct screen *screen)
{
	bool has_profile = visit->line->has[OPTION_PROFILE];
	json_t *open = json_array();

	json_object_set_new(visit->json, "device",
			    visit_json_row(json_object(), &screen->agent,
					   &screen->agent.row[0]));
	visit_json_rows(visit, "profiles", &screen->profiles, 0, NULL);
	visit_json_rows(visit, "keys", &screen->keys, visit->line->profile,
			has_profile ? "scepKeyProfileIndex" : NULL);
	for (size_t i = 0; i < screen->status.count; i++) {
		const struct row_of_table *row = &screen->status.row[i];
		json_t *one = json_object();

		json_object_set_new(one, "Index", json_integer(row->index));
		if (is_open(&screen->status, row))
			json_array_append(
			    open, visit_json_row(one, &screen->status, row));
		json_decref(one);
	}
	json_object_set_new(visit->json, "requests", open);
}

/* One line of a device among others. */
static void show_line(struct visit *visit, const struct screen *screen)
{
	const struct grid *agent = &screen->agent;
	const struct row_of_table *row = &agent->row[0];
	char text[GRID_TEXT], label[GRID_TEXT], span[SPAN_TEXT];
	int64_t left = grid_number(agent, row, "scepAgentEarliestExpiry");
	size_t open = 0;

	for (size_t i = 0; i < screen->status.count; i++)
		open += is_open(&screen->status, &screen->status.row[i]);
	grid_text(agent, row, "scepAgentHealthText", text);
	visit_say(visit, "%s; next expiry: %s; open requests: %zu%s%s",
		  grid_label(agent, row, "scepAgentHealth", label),
		  left == INT32_MAX ? "none" : span_text(left, span), open,
		  strcmp(text, "ok") == 0 || !text[0] ? "" : "; ",
		  strcmp(text, "ok") == 0 ? "" : text);
}

void status_show(struct visit *visit)
{
	struct screen screen = {0};
	struct reason reason;

	if (!visit_greets(visit))
		return;
	if (!read_screen(visit, &screen, &reason)) {
		visit_end_reading(visit, &reason);
	} else if (!visit->is_alone) {
		add_json(visit, &screen);
		show_line(visit, &screen);
	} else {
		add_json(visit, &screen);
		show_head(visit, &screen);
		show_profiles(visit, &screen.profiles);
		show_keys(visit, &screen.keys);
		show_requests(visit, &screen.status);
	}
	screen_free(&screen);
}
