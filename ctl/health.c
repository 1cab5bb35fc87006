/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scep/agent_row.h"

#define DAY 86400

/* Of the text: a bar begins the performance data. */
static void add_text(const char *text, char line[HEALTH_LINE])
{
	size_t used = strlen(line);

	for (; *text && used < HEALTH_LINE - 400; text++)
		line[used++] = *text == '|' ? '/' : *text;
	line[used] = '\0';
}

enum exit_code health_line(const struct health_facts *facts,
			   char line[HEALTH_LINE])
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL"};
	enum exit_code code = facts->health >= SCEP_HEALTH_OK &&
				      facts->health <= SCEP_HEALTH_CRITICAL
				  ? (enum exit_code)(facts->health - 1)
				  : EXIT_SILENT;
	size_t used;

	snprintf(line, HEALTH_LINE,
		 "SCEP %s: ", code == EXIT_SILENT ? "UNKNOWN" : words[code]);
	add_text(facts->text, line);
	used = strlen(line);
	used += (size_t)snprintf(line + used, HEALTH_LINE - used, " |");
	if (facts->seconds_left != INT32_MAX)
		used += (size_t)snprintf(
		    line + used, HEALTH_LINE - used,
		    " expiry=%" PRId64 "s;%" PRId64 ":;0:", facts->seconds_left,
		    facts->expiry_days * DAY);
	snprintf(line + used, HEALTH_LINE - used,
		 " keys=%" PRId64 ";;;0;%" PRId64 " failures=%" PRId64
		 ";;;0 open=%" PRId64 ";;;0",
		 facts->keys, facts->key_limit, facts->failures, facts->open);
	return code;
}

static bool read_number(struct visit *visit, enum object_table_id table,
			const char *name, int64_t *number,
			struct reason *reason)
{
	struct grid rows;

	if (!grid_read_one(visit->manager, table, 0, &rows, reason))
		return false;
	if (rows.count)
		*number = grid_number(&rows, &rows.row[0], name);
	grid_free(&rows);
	return true;
}

static bool read_agent(struct visit *visit, struct health_facts *facts,
		       char text[GRID_TEXT], struct reason *reason)
{
	struct grid rows;
	const struct row_of_table *row;

	if (!grid_read_one(visit->manager, TABLE_AGENT, 0, &rows, reason))
		return false;
	if (rows.count == 0)
		return reason_set(reason, "no such object");
	row = &rows.row[0];
	facts->health = grid_number(&rows, row, "scepAgentHealth");
	facts->seconds_left =
	    grid_number(&rows, row, "scepAgentEarliestExpiry");
	grid_text(&rows, row, "scepAgentHealthText", text);
	/* An older device has no words. */
	if (text[0] == '\0')
		snprintf(text, GRID_TEXT, "%s",
			 facts->health == SCEP_HEALTH_OK
			     ? "ok"
			     : "see scepAgentHealthReason");
	json_object_set_new(visit->json, "device",
			    visit_json_row(json_object(), &rows, row));
	grid_free(&rows);
	return true;
}

static bool read_facts(struct visit *visit, struct health_facts *facts,
		       char text[GRID_TEXT], struct reason *reason)
{
	return read_agent(visit, facts, text, reason) &&
	       read_number(visit, TABLE_KEY_SCALARS, "scepKeyCount",
			   &facts->keys, reason) &&
	       read_number(visit, TABLE_KEY_SCALARS, "scepKeyLimit",
			   &facts->key_limit, reason) &&
	       read_number(visit, TABLE_STATUS_SCALARS, "scepStatusProcessing",
			   &facts->open, reason) &&
	       read_number(visit, TABLE_STATS, "scepStatsConsecutiveFailures",
			   &facts->failures, reason) &&
	       read_number(visit, TABLE_NOTIFY, "scepNotifyExpiryDays",
			   &facts->expiry_days, reason);
}

void health_show(struct visit *visit)
{
	struct manager_variable version = {
	    .object = varbind_object("scepAgentVersion")};
	struct health_facts facts = {0};
	char text[GRID_TEXT] = "";
	char line[HEALTH_LINE];
	struct reason reason;

	if (!manager_get(visit->manager, &version, 1, &reason) ||
	    !read_facts(visit, &facts, text, &reason)) {
		/* A plugin says everything on standard output. */
		visit->code = EXIT_SILENT;
		visit_say(visit, "SCEP UNKNOWN: %s%s%s",
			  visit->is_alone ? visit->agent : "",
			  visit->is_alone ? ": " : "", reason.text);
		json_object_set_new(visit->json, "error",
				    json_string(reason.text));
		return;
	}
	facts.text = text;
	visit->code = health_line(&facts, line);
	visit_say(visit, "%s", line);
}
