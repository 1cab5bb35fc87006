/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/enrol.h"

#include "ctl/key_choice.h"
#include "ctl/patience.h"
#include "ctl/safe_text.h"
#include "ctl/value.h"

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/status_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------- progress -- */

#define SHOWN_LINE (2 * GRID_TEXT + 200)

/* What was shown last, so that a line comes only with news. */
struct shown {
	char line[SHOWN_LINE];
	bool has_named_cas;
};

static void show_news(struct visit *visit, struct shown *shown,
		      const char *line)
{
	if (!visit->is_alone || strcmp(shown->line, line) == 0)
		return;
	snprintf(shown->line, sizeof(shown->line), "%s", line);
	visit_say(visit, "%s", line);
}

/* Names the certificates that wait for an administrator's word. */
static void name_pending(struct visit *visit, struct shown *shown)
{
	char subject[GRID_TEXT], print[3 * SCEP_TEXT255];
	struct reason ignored;
	struct grid cas;

	if (shown->has_named_cas ||
	    !grid_read(visit->manager, TABLE_CA, &cas, &ignored))
		return;
	for (size_t i = 0; i < cas.count; i++) {
		const struct row_of_table *ca = &cas.row[i];
		const struct scep_value *fingerprint =
		    grid_value(&cas, ca, "scepCaFingerprint");

		if (grid_number(&cas, ca, "scepCaTrust") != SCEP_CA_PENDING ||
		    grid_number(&cas, ca, "scepCaProfileIndex") !=
			visit->line->profile ||
		    !fingerprint)
			continue;
		value_print_octets(fingerprint->octets, fingerprint->length,
				   print);
		visit_say(visit,
			  "it waits for: scepctl ca %s trust %" PRIu32
			  " (or reject %" PRIu32 ")\n  %s\n  "
			  "sha256 Fingerprint=%s",
			  visit->agent, ca->index, ca->index,
			  grid_text(&cas, ca, "scepCaSubject", subject), print);
		shown->has_named_cas = true;
	}
	grid_free(&cas);
}

static void show_row(struct visit *visit, struct shown *shown,
		     const struct grid *rows, const struct row_of_table *row)
{
	char text[GRID_TEXT], label[GRID_TEXT], next[SPAN_TEXT];
	char line[SHOWN_LINE];
	int64_t poll = grid_time(rows, row, "scepStatusNextPoll");
	bool is_open =
	    grid_number(rows, row, "scepStatusState") == SCEP_STATE_PROCESSING;

	grid_text(rows, row, "scepStatusText", text);
	snprintf(line, sizeof(line), "request %" PRIu32 ": %s%s%s%s%s",
		 row->index, grid_label(rows, row, "scepStatusState", label),
		 text[0] ? ": " : "", text,
		 is_open && poll ? "; next poll " : "",
		 is_open && poll ? clock_text(poll, next) : "");
	show_news(visit, shown, line);
	if (is_open && visit->is_alone &&
	    grid_number(rows, row, "scepStatusDetail") == SCEP_CA_NOT_TRUSTED)
		name_pending(visit, shown);
}

/* Reads the row.  `*is_gone` tells that the device answers and has no such row.
 */
static bool read_row(struct visit *visit, uint32_t index, struct grid *rows,
		     bool *is_gone, struct reason *reason)
{
	*is_gone = false;
	if (!grid_read_one(visit->manager, TABLE_STATUS, index, rows, reason))
		return false;
	if (rows->count > 0)
		return true;
	/* Perhaps nobody is there who could have it. */
	*is_gone = visit_is_answered(visit, reason);
	return false;
}

static void end_request(struct visit *visit, const struct grid *rows,
			const struct row_of_table *row)
{
	char text[GRID_TEXT], detail[GRID_TEXT];
	struct reason reason;

	json_object_set_new(visit->json, "request",
			    visit_json_row(json_object(), rows, row));
	grid_text(rows, row, "scepStatusText", text);
	if (grid_number(rows, row, "scepStatusState") ==
	    SCEP_STATE_SUCCESSFUL) {
		visit->code = EXIT_GOOD;
		if (!visit->is_alone)
			visit_say(visit, "request %" PRIu32 ": successful",
				  row->index);
		return;
	}
	reason_set(&reason, "request %" PRIu32 " failed: %s: %.300s",
		   row->index,
		   grid_label(rows, row, "scepStatusDetail", detail), text);
	visit_end(visit, EXIT_FAILED, &reason);
}

/* Follows a request to its end. */
static void follow(struct visit *visit, uint32_t index)
{
	struct patience patience;
	struct shown shown = {.line = ""};
	struct grid rows;

	patience_begin(&patience);
	for (;;) {
		struct reason reason;
		bool is_gone;
		bool is_answered =
		    read_row(visit, index, &rows, &is_gone, &reason);
		bool is_over = false;

		if (is_gone) {
			reason_set(&reason,
				   "request %" PRIu32 " is no longer in "
				   "scepStatusTable",
				   index);
			visit_end(visit, EXIT_FAILED, &reason);
			return;
		}
		if (is_answered) {
			int64_t state =
			    grid_number(&rows, &rows.row[0], "scepStatusState");

			show_row(visit, &shown, &rows, &rows.row[0]);
			is_over = state == SCEP_STATE_ERROR ||
				  state == SCEP_STATE_SUCCESSFUL;
			if (is_over)
				end_request(visit, &rows, &rows.row[0]);
			grid_free(&rows);
		}
		if (is_over ||
		    !patience_go_on(&patience, visit, is_answered, &reason))
			return;
	}
}

/* --------------------------------------------------------------- request -- */

static bool add_action(struct visit *visit, struct scep_change *change)
{
	struct scep_item challenge = {.field = SCEP_REQUEST_CHALLENGE_PASSWORD,
				      .index = visit->line->profile};
	struct scep_item action = {.field = SCEP_REQUEST_ACTION,
				   .index = visit->line->profile,
				   .value = {.number = SCEP_ACTION_SEND}};
	bool is_good = true;

	for (size_t i = 0; is_good && i < visit->change->count; i++)
		is_good = scep_change_add(change, &visit->change->items[i]);
	if (visit->challenge) {
		challenge.value = *visit->challenge;
		is_good = is_good && scep_change_add(change, &challenge);
		explicit_bzero(&challenge, sizeof(challenge));
	}
	return is_good && scep_change_add(change, &action);
}

static bool send_request(struct visit *visit)
{
	struct scep_change change;
	struct reason reason;
	bool is_good;

	scep_change_init(&change);
	is_good = add_action(visit, &change);
	if (is_good) {
		is_good = visit_set(visit, &change);
	} else {
		reason_set(&reason, "memory is short");
		visit_end(visit, EXIT_FAILED, &reason);
	}
	scep_change_free(&change);
	return is_good;
}

void enrol_request(struct visit *visit)
{
	struct manager_variable row = {
	    .object = varbind_object("scepRequestStatusIndex"),
	    .index = visit->line->profile};
	struct reason reason;

	if (!visit_greets(visit) || !send_request(visit))
		return;
	if (!manager_get(visit->manager, &row, 1, &reason)) {
		visit_end_reading(visit, &reason);
		return;
	}
	json_object_set_new(visit->json, "statusIndex",
			    json_integer(row.value.number));
	if (visit->line->has[OPTION_NO_WAIT])
		visit_say(visit, "request %" PRId64 ": sent", row.value.number);
	else
		follow(visit, (uint32_t)row.value.number);
}

/* ----------------------------------------------------------------- renew -- */

/* Shows how far the renewal is, from the latest open row of that key's name. */
static void show_renewal(struct visit *visit, struct shown *shown,
			 int64_t profile)
{
	struct manager_variable open = {
	    .object = varbind_object("scepSummaryOpenStatusIndex"),
	    .index = (uint32_t)profile,
	    .may_lack = true};
	struct reason ignored;
	struct grid rows;

	if (!visit->is_alone || profile < 1 ||
	    !manager_get(visit->manager, &open, 1, &ignored) ||
	    open.is_missing || open.value.number == 0 ||
	    !grid_read_one(visit->manager, TABLE_STATUS,
			   (uint32_t)open.value.number, &rows, &ignored))
		return;
	if (rows.count > 0)
		show_row(visit, shown, &rows, &rows.row[0]);
	grid_free(&rows);
}

static void end_renewal(struct visit *visit, const struct grid *rows,
			const struct row_of_table *key)
{
	char name[GRID_TEXT], text[GRID_TEXT], detail[GRID_TEXT];
	int64_t next = grid_number(rows, key, "scepKeyReplacedBy");

	grid_text(rows, key, "scepKeyName", name);
	if (grid_number(rows, key, "scepKeyActionResult") == SCEP_NONE) {
		if (next)
			visit_say(visit,
				  "key %" PRIu32 " (%s): renewed: key %" PRId64,
				  key->index, name, next);
		else
			visit_say(visit, "key %" PRIu32 " (%s): renewed",
				  key->index, name);
		visit->code = EXIT_GOOD;
		return;
	}
	visit_complain(visit, "key %" PRIu32 " (%s): %s: %s", key->index, name,
		       grid_label(rows, key, "scepKeyActionResult", detail),
		       grid_text(rows, key, "scepKeyActionText", text));
	visit->code = EXIT_FAILED;
}

/* Looks at the key; returns false if nobody has answered. */
static bool look_at_renewal(struct visit *visit, uint32_t index,
			    struct shown *shown, bool *is_over,
			    struct reason *reason)
{
	const struct row_of_table *key;
	struct grid rows;

	if (!grid_read_one(visit->manager, TABLE_KEY, index, &rows, reason))
		return false;
	key = grid_find(&rows, index);
	if (!key) {
		/* scepAutoDeleteOldKey, or the agent is not there. */
		*is_over = visit_is_answered(visit, reason);
		if (*is_over)
			visit_say(visit,
				  "key %" PRIu32 ": renewed, and removed",
				  index);
		return *is_over;
	}
	*is_over =
	    grid_number(&rows, key, "scepKeyActionResult") != SCEP_IN_PROGRESS;
	if (*is_over)
		end_renewal(visit, &rows, key);
	else
		show_renewal(visit, shown,
			     grid_number(&rows, key, "scepKeyProfileIndex"));
	grid_free(&rows);
	return true;
}

static void follow_renewal(struct visit *visit, uint32_t index)
{
	struct patience patience;
	struct shown shown = {.line = ""};
	struct reason reason;
	bool is_over = false;
	bool is_answered;

	patience_begin(&patience);
	do {
		is_answered =
		    look_at_renewal(visit, index, &shown, &is_over, &reason);
	} while (!is_over &&
		 patience_go_on(&patience, visit, is_answered, &reason));
}

static bool is_meant(const struct visit *visit, const struct grid *rows,
		     const struct row_of_table *key)
{
	char issuer[GRID_TEXT];
	int64_t state = grid_number(rows, key, "scepKeyState");

	if (grid_number(rows, key, "scepKeyIsDefault") ||
	    state == SCEP_KEY_NO_CERTIFICATE || state == SCEP_KEY_CORRUPT)
		return false;
	if (visit->line->word_count == 0 &&
	    (!key_is_in_service(rows, key) ||
	     grid_number(rows, key, "scepKeyProfileIndex") == 0))
		return false;
	if (visit->line->has[OPTION_PROFILE] &&
	    grid_number(rows, key, "scepKeyProfileIndex") !=
		visit->line->profile)
		return false;
	return !visit->line->issuer ||
	       strcasestr(grid_text(rows, key, "scepKeyIssuer", issuer),
			  visit->line->issuer);
}

static void renew_key(struct visit *visit, uint32_t index)
{
	struct scep_item item = {.field = SCEP_KEY_ACTION,
				 .index = index,
				 .value = {.number = SCEP_KEY_RENEW}};
	struct scep_change change = {.count = 1, .capacity = 1, .items = &item};

	if (!visit_set(visit, &change))
		return;
	if (visit->line->has[OPTION_NO_WAIT])
		visit_say(visit, "key %" PRIu32 ": renewal sent", index);
	else
		follow_renewal(visit, index);
}

void enrol_renew(struct visit *visit)
{
	enum exit_code worst = EXIT_GOOD;
	json_t *list = json_array();
	struct reason reason;
	struct grid keys;
	size_t count = 0;

	json_object_set_new(visit->json, "keys", list);
	if (!visit_greets(visit))
		return;
	if (!grid_read(visit->manager, TABLE_KEY, &keys, &reason)) {
		visit_end_reading(visit, &reason);
		return;
	}
	if (!key_choice_is_good(visit, &keys)) {
		grid_free(&keys);
		return;
	}
	for (size_t i = 0; i < keys.count; i++) {
		json_t *key;

		if (!key_choice_has(visit, &keys, &keys.row[i]) ||
		    !is_meant(visit, &keys, &keys.row[i]))
			continue;
		visit->code = EXIT_GOOD;
		renew_key(visit, keys.row[i].index);
		key = json_object();
		json_object_set_new(key, "Index",
				    json_integer(keys.row[i].index));
		json_object_set_new(key, "exit", json_integer(visit->code));
		json_array_append_new(list, key);
		if (visit->code > worst)
			worst = visit->code;
		count++;
	}
	visit->code = worst;
	if (count == 0)
		visit_say(visit, "no certificate to renew");
	grid_free(&keys);
}
