/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/lists.h"

#include "ctl/safe_text.h"
#include "ctl/table.h"
#include "ctl/value.h"

#include "scep/ca_row.h"
#include "scep/status_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------- CA -- */

static void show_ca(struct visit *visit, const struct grid *rows,
		    const struct row_of_table *row)
{
	const struct scep_value *fingerprint =
	    grid_value(rows, row, "scepCaFingerprint");
	const struct scep_value *role = grid_value(rows, row, "scepCaRole");
	char text[GRID_TEXT], print[3 * SCEP_TEXT255] = "", span[SPAN_TEXT];
	char left[SPAN_TEXT], bits[VALUE_TEXT] = "{}";

	if (fingerprint)
		value_print_octets(fingerprint->octets, fingerprint->length,
				   print);
	if (role)
		value_show(varbind_object("scepCaRole"), role, bits);
	visit_say(visit, "CA %" PRIu32 ": %s", row->index,
		  grid_text(rows, row, "scepCaSubject", text));
	visit_say(visit, "  Trust: %s; profile: %" PRId64 "; role: %s",
		  grid_label(rows, row, "scepCaTrust", text),
		  grid_number(rows, row, "scepCaProfileIndex"), bits);
	visit_say(visit, "  Issuer: %s",
		  grid_text(rows, row, "scepCaIssuer", text));
	visit_say(visit, "  Until: %s (%s left)",
		  clock_text(grid_time(rows, row, "scepCaNotAfter"), span),
		  span_text(grid_number(rows, row, "scepCaSecondsLeft"), left));
	visit_say(visit, "  sha256 Fingerprint=%s", print);
}

static void list_cas(struct visit *visit, const struct grid *rows)
{
	bool has_profile = visit->line->has[OPTION_PROFILE];
	size_t count = 0;

	visit_json_rows(visit, "cas", rows, visit->line->profile,
			has_profile ? "scepCaProfileIndex" : NULL);
	for (size_t i = 0; i < rows->count; i++) {
		if (has_profile &&
		    grid_number(rows, &rows->row[i], "scepCaProfileIndex") !=
			visit->line->profile)
			continue;
		show_ca(visit, rows, &rows->row[i]);
		count++;
	}
	if (count == 0)
		visit_say(visit, "no CA certificate");
}

static void decide(struct visit *visit, const struct grid *rows)
{
	const char *word = visit->line->words[0];
	bool is_trusted = strcmp(visit->line->verb, "trust") == 0;
	const struct row_of_table *row =
	    grid_find(rows, (uint32_t)strtoul(word, NULL, 10));
	struct scep_item item = {.field = SCEP_CA_TRUST,
				 .value = {.number = is_trusted
							 ? SCEP_CA_TRUSTED
							 : SCEP_CA_REJECTED}};
	struct scep_change change = {.count = 1, .capacity = 1, .items = &item};
	char text[GRID_TEXT], print[3 * SCEP_TEXT255];
	const struct scep_value *fingerprint;
	struct reason reason;

	if (!row) {
		reason_set(&reason,
			   "no CA certificate %.20s: scepctl ca lists them",
			   word);
		visit_end(visit, EXIT_REFUSED, &reason);
		return;
	}
	fingerprint = grid_value(rows, row, "scepCaFingerprint");
	item.index = row->index;
	if (!visit_set(visit, &change))
		return;
	value_print_octets(fingerprint ? fingerprint->octets : NULL,
			   fingerprint ? fingerprint->length : 0, print);
	visit_say(visit, "CA %" PRIu32 " %s: %s", row->index,
		  is_trusted ? "trusted" : "rejected",
		  grid_text(rows, row, "scepCaSubject", text));
	visit_say(visit, "  sha256 Fingerprint=%s", print);
}

void lists_ca(struct visit *visit)
{
	struct reason reason;
	struct grid rows;

	if (!visit_greets(visit))
		return;
	if (!grid_read(visit->manager, TABLE_CA, &rows, &reason)) {
		visit_end_reading(visit, &reason);
		return;
	}
	if (visit->line->verb)
		decide(visit, &rows);
	else
		list_cas(visit, &rows);
	grid_free(&rows);
}

/* ------------------------------------------------------------------- use -- */

void lists_use(struct visit *visit)
{
	static const struct table_column columns[] = {
	    {"USE", 14},  {"TYPE", 9},	   {"ON", 3},  {"KEY", 5},
	    {"NAME", 10}, {"APPLIED", 13}, {"TEXT", 0}};
	char text[GRID_TEXT];
	struct reason reason;
	struct table table;
	struct grid rows;

	if (!visit_greets(visit))
		return;
	if (!grid_read(visit->manager, TABLE_USE, &rows, &reason)) {
		visit_end_reading(visit, &reason);
		return;
	}
	table_begin(&table, columns, 7);
	for (size_t i = 0; i < rows.count; i++) {
		const struct row_of_table *row = &rows.row[i];

		table_add(&table, grid_text(&rows, row, "scepUseName", text));
		table_add(&table, grid_label(&rows, row, "scepUseType", text));
		table_add(&table,
			  grid_number(&rows, row, "scepUseFunctionEnabled")
			      ? "yes"
			      : "no");
		table_add_number(&table,
				 grid_number(&rows, row, "scepUseKeyIndex"));
		table_add(&table,
			  grid_text(&rows, row, "scepUseKeyName", text));
		table_add(&table,
			  grid_label(&rows, row, "scepUseApplied", text));
		table_add(&table, grid_text(&rows, row, "scepUseText", text));
	}
	visit_json_rows(visit, "uses", &rows, 0, NULL);
	table_end(&table, visit,
		  "no use location: the configuration file of the device has "
		  "none");
	grid_free(&rows);
}

/* ---------------------------------------------------------------- events -- */

struct event {
	int64_t time;
	const struct grid *rows;
	const struct row_of_table *row;
	bool is_refusal;
};

static int by_time(const void *a, const void *b)
{
	const struct event *one = a, *other = b;

	if (one->time != other->time)
		return one->time < other->time ? -1 : 1;
	return one->row->index < other->row->index   ? -1
	       : one->row->index > other->row->index ? 1
						     : 0;
}

static void show_event(struct visit *visit, const struct event *event)
{
	char text[GRID_TEXT], label[GRID_TEXT], key[GRID_TEXT], span[SPAN_TEXT];
	char label_2[GRID_TEXT], head[400];
	const struct grid *rows = event->rows;
	const struct row_of_table *row = event->row;

	clock_text(event->time, span);
	if (!event->is_refusal)
		grid_text(rows, row, "scepStatusText", text);
	if (event->is_refusal) {
		snprintf(head, sizeof(head),
			 "%s  refused %.100s: %.40s: ", span,
			 grid_text(rows, row, "scepRefusalObject", text),
			 grid_label(rows, row, "scepRefusalError", label));
		visit_say(visit, "%s%s", head,
			  grid_text(rows, row, "scepRefusalReason", text));
		return;
	}
	visit_say(visit,
		  "%s  request %" PRIu32 " of profile %" PRId64
		  " (%s, key %s): %s%s%s",
		  span, row->index,
		  grid_number(rows, row, "scepStatusProfileIndex"),
		  grid_label(rows, row, "scepStatusTrigger", label),
		  grid_text(rows, row, "scepStatusKeyName", key),
		  grid_label(rows, row, "scepStatusState", label_2),
		  text[0] ? ": " : "", text);
}

static bool is_ended(const struct visit *visit, const struct grid *rows,
		     const struct row_of_table *row)
{
	int64_t state = grid_number(rows, row, "scepStatusState");

	return (state == SCEP_STATE_ERROR || state == SCEP_STATE_SUCCESSFUL) &&
	       (!visit->line->has[OPTION_PROFILE] ||
		grid_number(rows, row, "scepStatusProfileIndex") ==
		    visit->line->profile);
}

static void show_events(struct visit *visit, const struct grid *refusals,
			const struct grid *status)
{
	struct event *events =
	    calloc(refusals->count + status->count + 1, sizeof(*events));
	size_t count = 0;

	if (!events)
		return;
	for (size_t i = 0; i < refusals->count; i++)
		events[count++] = (struct event){
		    grid_time(refusals, &refusals->row[i], "scepRefusalTime"),
		    refusals, &refusals->row[i], true};
	for (size_t i = 0; i < status->count; i++)
		if (is_ended(visit, status, &status->row[i]))
			events[count++] =
			    (struct event){grid_time(status, &status->row[i],
						     "scepStatusFinishTime"),
					   status, &status->row[i], false};
	qsort(events, count, sizeof(*events), by_time);
	for (size_t i = 0; i < count; i++)
		show_event(visit, &events[i]);
	if (count == 0)
		visit_say(visit, "nothing has happened");
	free(events);
}

void lists_events(struct visit *visit)
{
	struct grid refusals, status;
	struct reason reason;

	if (!visit_greets(visit))
		return;
	if (!grid_read(visit->manager, TABLE_REFUSAL, &refusals, &reason)) {
		visit_end_reading(visit, &reason);
		return;
	}
	if (grid_read(visit->manager, TABLE_STATUS, &status, &reason)) {
		visit_json_rows(visit, "refusals", &refusals, 0, NULL);
		visit_json_rows(
		    visit, "outcomes", &status, visit->line->profile,
		    visit->line->has[OPTION_PROFILE] ? "scepStatusProfileIndex"
						     : NULL);
		show_events(visit, &refusals, &status);
		grid_free(&status);
	} else {
		visit_end_reading(visit, &reason);
	}
	grid_free(&refusals);
}
