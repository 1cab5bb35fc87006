/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/transfer.h"

#include "ctl/device.h"
#include "ctl/document.h"
#include "ctl/import.h"
#include "ctl/output.h"
#include "ctl/refusals.h"
#include "ctl/tasks.h"
#include "ctl/value.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_DEFAULT 120 /* seconds */
#define WAIT_STEP    200 /* ms */

/* The number of signals that have asked it to end. */
static volatile sig_atomic_t end_signals;

/* ---------------------------------------------------------------- export -- */

static void write_settings(struct visit *visit,
			   const struct device_state *state)
{
	const char *path =
	    visit->line->word_count ? visit->line->words[0] : NULL;
	struct reason reason;
	char *text = document_write(&state->snapshot, state->version, &reason);

	if (!text) {
		visit_end(visit, EXIT_FAILED, &reason);
		return;
	}
	if (path && !output_write(path, text, &reason)) {
		visit_end(visit, EXIT_FAILED, &reason);
	} else if (!path && (fputs(text, stdout) < 0 || fflush(stdout) != 0)) {
		reason_set(&reason, "cannot write to standard output");
		visit_end(visit, EXIT_FAILED, &reason);
	}
	free(text);
}

void transfer_export(struct visit *visit)
{
	struct device_state state = {0};
	struct reason reason;

	if (!device_read(visit->manager, &state, &reason)) {
		visit_end(visit, EXIT_FAILED, &reason);
		return;
	}
	snapshot_drop_volatile(&state.snapshot);
	device_state_drop_lacking(&state);
	write_settings(visit, &state);
	device_state_free(&state);
}

/* ---------------------------------------------------------------- import -- */

/* The device and the user, as import.c reaches them. */
struct world {
	struct visit *visit;
	int64_t since; /* when the device began not to answer */
};

static bool world_read(void *context, struct device_state *state,
		       struct reason *reason)
{
	struct world *world = context;

	if (device_read(world->visit->manager, state, reason))
		return true;
	manager_reset(world->visit->manager);
	return false;
}

static void world_set(void *context, uint32_t lock,
		      const struct scep_change *change, struct answer *answer)
{
	struct world *world = context;

	manager_set(world->visit->manager, lock, change, answer);
	refusals_explain(world->visit->manager, change, answer);
}

/* The second signal ends the waiting. */
static bool world_wait(void *context, unsigned attempt)
{
	struct world *world = context;
	long wait = world->visit->line->wait == WAIT_UNSET
			? WAIT_DEFAULT
			: world->visit->line->wait;

	if (attempt == 0) {
		world->since = task_now();
		visit_note(world->visit, "waiting for the agent");
	}
	if (end_signals > 1 || task_now() - world->since >= wait * 1000)
		return false;
	task_sleep(WAIT_STEP);
	return true;
}

static bool world_is_ended(void *context)
{
	(void)context;
	return end_signals > 0;
}

/* Adds a line to a list of the JSON. */
static void add_line(struct visit *visit, const char *list, const char *line)
{
	if (!json_object_get(visit->json, list))
		json_object_set_new(visit->json, list, json_array());
	json_array_append_new(json_object_get(visit->json, list),
			      json_string(line));
}

static void world_say(void *context, const char *line)
{
	struct visit *visit = ((struct world *)context)->visit;

	add_line(visit, "messages", line);
	visit_note(visit, "%s", line);
}

static void world_print(void *context, const char *line)
{
	struct visit *visit = ((struct world *)context)->visit;

	add_line(visit, "differences", line);
	visit_say(visit, "%s", line);
}

static void note_end(int number)
{
	(void)number;
	end_signals++;
}

void transfer_catch_signals(void)
{
	struct sigaction action = {.sa_handler = note_end};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void transfer_import(struct visit *visit)
{
	struct world world = {visit, 0};
	const struct import_device device = {
	    .context = &world,
	    .read = world_read,
	    .set = world_set,
	    .wait = world_wait,
	    .is_ended = world_is_ended,
	    .say = world_say,
	    .print = world_print,
	};

	if (visit->line->has[OPTION_DRY]) {
		json_object_set_new(visit->json, "differences", json_array());
		visit->code = import_compare(&device, visit->more)
				  ? EXIT_GOOD
				  : EXIT_FAILED;
		return;
	}
	visit->code = EXIT_FAILED;
	switch (import_run(&device, visit->more, IMPORT_ROOM)) {
	case IMPORT_MADE:
		visit->code = EXIT_GOOD;
		if (!visit->is_alone)
			visit_say(visit, "imported");
		break;
	case IMPORT_ABSENT:
		visit_complain(visit, "the import was not made; the device is "
				      "as it was");
		break;
	case IMPORT_PARTLY:
		visit_complain(visit, "the import was not made, and not all of "
				      "it could be put back");
		break;
	}
}

bool transfer_read_file(const char *path, struct snapshot *snapshot,
			struct reason *reason)
{
	struct reason fault;
	size_t length;
	bool is_good;
	char *text = output_read(path, DOCUMENT_MAX, &length, reason);

	if (!text)
		return false;
	is_good = document_read(text, length, snapshot, &fault);
	if (!is_good)
		reason_set(reason, "%.200s: %.300s",
			   strcmp(path, "-") == 0 ? "standard input" : path,
			   fault.text);
	free(text);
	return is_good;
}

/* ------------------------------------------------------------------ diff -- */

void transfer_read(struct visit *visit)
{
	struct device_state *state = (struct device_state *)visit->more;
	struct reason reason;

	if (!device_read(visit->manager, state, &reason))
		visit_end_reading(visit, &reason);
}

struct comparison {
	struct visit *visit;
	const struct snapshot *other;
	bool is_turned; /* what the first lacks */
	json_t *list;
	size_t count;
};

static void show_difference(void *context, enum scep_field field,
			    uint32_t index, const struct scep_value *before,
			    const struct scep_value *after)
{
	struct comparison *comparison = context;
	char name[SNAPSHOT_NAME], old[VALUE_TEXT] = "(none)";
	char new[VALUE_TEXT] = "(none)";
	json_t *one;

	/* Turned, all but what is missing has been shown. */
	if (comparison->is_turned && before)
		return;
	if (before)
		value_print(field, before, old);
	value_print(field, after, comparison->is_turned ? old : new);
	snapshot_name(field, index, name);
	visit_say(comparison->visit, "%s: %s -> %s", name, old, new);
	one = json_object();
	json_object_set_new(one, "object", json_string(name));
	json_object_set_new(one, "first", json_string(old));
	json_object_set_new(one, "second", json_string(new));
	json_array_append_new(comparison->list, one);
	comparison->count++;
}

enum exit_code transfer_compare(struct visit *one, struct visit *other)
{
	const struct device_state *first = one->more, *second = other->more;
	struct comparison comparison = {.visit = one, .list = json_array()};

	json_object_set_new(one->json, "other", json_string(other->agent));
	json_object_set_new(one->json, "differences", comparison.list);
	snapshot_differences(&first->snapshot, &second->snapshot,
			     show_difference, &comparison);
	comparison.is_turned = true;
	snapshot_differences(&second->snapshot, &first->snapshot,
			     show_difference, &comparison);
	return comparison.count ? EXIT_FAILED : EXIT_GOOD;
}
