/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/visit.h"

#include "ctl/json_value.h"
#include "ctl/refusals.h"
#include "ctl/safe_text.h"
#include "ctl/snapshot.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 4096

/* Adds a line to what waits; one that memory has no room for is lost. */
static void keep_line(char **kept, const char *agent, const char *line)
{
	char *longer;

	if (asprintf(&longer, "%s%s: %s\n", *kept ? *kept : "", agent, line) <
	    0)
		return;
	free(*kept);
	*kept = longer;
}

static void put_error(struct visit *visit, const char *line)
{
	char whole[LINE + 300];

	if (!visit->is_alone) {
		keep_line(&visit->errors, visit->agent, line);
		return;
	}
	snprintf(whole, sizeof(whole), "scepctl: %s: %s\n", visit->agent, line);
	fputs(whole, stderr);
}

#define FORMAT_LINE(line, format)                                              \
	do {                                                                   \
		va_list list;                                                  \
		va_start(list, format);                                        \
		vsnprintf(line, sizeof(line), format, list);                   \
		va_end(list);                                                  \
	} while (0)

void visit_say(struct visit *visit, const char *format, ...)
{
	char line[LINE];

	if (visit->line->has[OPTION_JSON])
		return;
	FORMAT_LINE(line, format);
	if (visit->is_alone) {
		puts(line);
		fflush(stdout);
	} else {
		keep_line(&visit->out, visit->agent, line);
	}
}

void visit_note(struct visit *visit, const char *format, ...)
{
	char line[LINE];

	FORMAT_LINE(line, format);
	put_error(visit, line);
}

void visit_complain(struct visit *visit, const char *format, ...)
{
	char line[LINE];

	FORMAT_LINE(line, format);
	put_error(visit, line);
	json_object_set_new(visit->json, "error", json_string(line));
}

void visit_end(struct visit *visit, enum exit_code code,
	       const struct reason *reason)
{
	visit_complain(visit, "%s", reason->text);
	visit->code = code;
}

void visit_end_reading(struct visit *visit, const struct reason *reason)
{
	visit_end(visit,
		  manager_is_silent(visit->manager) ? EXIT_SILENT : EXIT_FAILED,
		  reason);
}

bool visit_is_answered(struct visit *visit, struct reason *reason)
{
	struct manager_variable version = {
	    .object = varbind_object("scepAgentVersion")};

	return manager_get(visit->manager, &version, 1, reason);
}

bool visit_greets(struct visit *visit)
{
	struct reason reason;

	if (visit_is_answered(visit, &reason))
		return true;
	visit_end_reading(visit, &reason);
	return false;
}

/* ------------------------------------------------------------------- Set -- */

static enum exit_code code_of(const struct answer *answer)
{
	switch (answer->kind) {
	case ANSWER_DONE:
		return EXIT_GOOD;
	case ANSWER_REFUSED:
	case ANSWER_LOCKED:
	case ANSWER_TOO_BIG:
	case ANSWER_NOBODY:
		return EXIT_REFUSED;
	case ANSWER_UNCERTAIN:
		break;
	}
	return EXIT_SILENT;
}

/* Words in place of those of the library where they tell more. */
static void explain(struct answer *answer)
{
	if (answer->kind == ANSWER_UNCERTAIN)
		strncat(answer->reason.text,
			"; nobody knows if the Set was made",
			REASON_TEXT - strlen(answer->reason.text) - 1);
}

bool visit_set(struct visit *visit, const struct scep_change *change)
{
	char text[GRID_TEXT], name[SNAPSHOT_NAME];
	struct answer answer;

	manager_set(visit->manager, MANAGER_NO_LOCK, change, &answer);
	visit->code = code_of(&answer);
	if (answer.kind == ANSWER_DONE)
		return true;
	refusals_explain(visit->manager, change, &answer);
	explain(&answer);
	safe_text((const unsigned char *)answer.reason.text,
		  strlen(answer.reason.text), text, sizeof(text));
	if (answer.item < change->count)
		visit_complain(visit, "%s: %s",
			       snapshot_name(change->items[answer.item].field,
					     change->items[answer.item].index,
					     name),
			       text);
	else
		visit_complain(visit, "%s", text);
	return false;
}

/* ------------------------------------------------------------------ JSON -- */

/* Returns the length of the prefix that all names of a table have. */
static size_t prefix_of(const struct grid *rows)
{
	static const char *const prefixes[] = {
	    "scepProfile", "scepServer",  "scepRequest", "scepAuto",
	    "scepStatus",  "scepKey",	  "scepCa",	 "scepUse",
	    "scepSummary", "scepRefusal", "scepStats",	 "scepAgent",
	    "scepNotify"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(rows->column[0]->name, prefixes[i],
			    strlen(prefixes[i])) == 0)
			return strlen(prefixes[i]);
	return 0;
}

/* A text that is not UTF-8 is escaped. */
static json_t *json_cell(const struct object *object,
			 const struct scep_value *value)
{
	json_t *json = json_value(object, value);
	char text[GRID_TEXT];

	if (json || object->syntax != SYNTAX_TEXT)
		return json ? json : json_null();
	return json_string(
	    safe_text(value->octets, value->length, text, sizeof(text)));
}

json_t *visit_json_row(json_t *to, const struct grid *rows,
		       const struct row_of_table *row)
{
	size_t prefix = prefix_of(rows);

	for (size_t i = 0; i < rows->column_count; i++)
		if (row->has[i])
			json_object_set_new(
			    to, rows->column[i]->name + prefix,
			    json_cell(rows->column[i], &row->value[i]));
	return to;
}

void visit_json_rows(struct visit *visit, const char *name,
		     const struct grid *rows, uint32_t profile,
		     const char *profile_column)
{
	json_t *list;

	if (!visit->line->has[OPTION_JSON])
		return;
	list = json_array();
	for (size_t i = 0; i < rows->count; i++) {
		json_t *row = json_object();

		if (profile_column && grid_number(rows, &rows->row[i],
						  profile_column) != profile) {
			json_decref(row);
			continue;
		}
		json_object_set_new(row, "Index",
				    json_integer(rows->row[i].index));
		json_array_append_new(list,
				      visit_json_row(row, rows, &rows->row[i]));
	}
	json_object_set_new(visit->json, name, list);
}
