/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/fleet.h"

#include "ctl/device_state.h"
#include "ctl/session.h"
#include "ctl/tasks.h"
#include "ctl/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Devices that are read at once, and those that are waited for: a request may
 * be open for days. */
#define READ_AT_ONCE 250
#define WAIT_AT_ONCE 1000
#define OTHER_FILES  50
#define BAR	     40

/* One visit and its place among the others. */
struct place {
	struct visit visit;
	struct round *round;
	bool is_over;
};

struct round {
	const struct fleet *fleet;
	struct place *places;
	size_t count;
	size_t printed; /* visits, in their order */
	size_t over;
	bool has_bar;
};

static void run_visit(void *context)
{
	struct place *place = context;

	place->round->fleet->run(&place->visit);
}

/* -------------------------------------------------------------- printing -- */

static void show_bar(const struct round *round)
{
	size_t full = round->over * BAR / round->count;
	char bar[BAR + 1];

	if (!round->has_bar)
		return;
	memset(bar, '.', BAR);
	memset(bar, '#', full);
	bar[BAR] = '\0';
	fprintf(stderr, "\r[%s] %zu of %zu ", bar, round->over, round->count);
	if (round->over == round->count)
		fputs("\r\033[K", stderr);
}

static void print_visit(struct visit *visit)
{
	if (visit->out)
		fputs(visit->out, stdout);
	fflush(stdout);
	if (visit->errors)
		fputs(visit->errors, stderr);
	free(visit->out);
	free(visit->errors);
	visit->out = visit->errors = NULL;
}

/* Prints what is ready, in the order of the devices. */
static void end_visit(void *context)
{
	struct place *place = context;
	struct round *round = place->round;

	place->is_over = true;
	round->over++;
	if (round->has_bar)
		fputs("\r\033[K", stderr);
	while (round->printed < round->count &&
	       round->places[round->printed].is_over)
		print_visit(&round->places[round->printed++].visit);
	show_bar(round);
	/* Sessions are few; devices may be many. */
	manager_free(place->visit.manager);
	place->visit.manager = NULL;
}

static void print_summary(const struct round *round)
{
	static const char *const usual[] = {"ok", "failed", "refused",
					    "no answer"};
	static const char *const health[] = {"ok", "warning", "critical",
					     "no answer"};
	const char *const *words =
	    round->fleet->line->command == COMMAND_HEALTH ? health : usual;
	size_t counts[4] = {0};
	const char *comma = "";

	for (size_t i = 0; i < round->count; i++)
		counts[round->places[i].visit.code & 3]++;
	printf("%zu devices: ", round->count);
	for (size_t i = 0; i < 4; i++) {
		if (counts[i] == 0)
			continue;
		printf("%s%zu %s", comma, counts[i], words[i]);
		comma = ", ";
	}
	puts("");
}

static void print_json(const struct round *round, size_t count)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; i < count; i++) {
		struct visit *visit = &round->places[i].visit;

		json_object_set_new(visit->json, "exit",
				    json_integer(visit->code));
		json_array_append(list, visit->json);
	}
	text = json_dumps(count == 1 ? json_array_get(list, 0) : list,
			  JSON_INDENT(2));
	puts(text ? text : "null");
	free(text);
	json_decref(list);
}

/* ----------------------------------------------------------------- round -- */

static bool round_begin(struct round *round, const struct fleet *fleet,
			bool is_alone)
{
	*round = (struct round){.fleet = fleet, .count = fleet->hosts->count};
	round->places = calloc(round->count, sizeof(*round->places));
	if (!round->places)
		return false;
	round->has_bar = !is_alone && isatty(STDERR_FILENO);
	for (size_t i = 0; i < round->count; i++) {
		struct visit *visit = &round->places[i].visit;

		round->places[i].round = round;
		*visit = (struct visit){.line = fleet->line,
					.change = fleet->change,
					.challenge = fleet->challenge,
					.more = fleet->more,
					.agent = fleet->hosts->name[i],
					.is_alone = is_alone,
					.json = json_object()};
		visit->manager = manager_new(fleet->login, visit->agent);
		if (!visit->manager || !visit->json)
			return false;
		json_object_set_new(visit->json, "agent",
				    json_string(visit->agent));
	}
	return true;
}

static void round_free(struct round *round)
{
	for (size_t i = 0; round->places && i < round->count; i++) {
		manager_free(round->places[i].visit.manager);
		json_decref(round->places[i].visit.json);
	}
	free(round->places);
}

/* A session has a file of its own: takes as many as the system allows. */
static size_t most_at_once(const struct command_line *line)
{
	size_t wanted = commands[line->command].options & 1u << OPTION_NO_WAIT
			    ? WAIT_AT_ONCE
			    : READ_AT_ONCE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return READ_AT_ONCE;
	if (limit.rlim_cur < wanted + OTHER_FILES) {
		limit.rlim_cur = limit.rlim_max < wanted + OTHER_FILES
				     ? limit.rlim_max
				     : wanted + OTHER_FILES;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur >= wanted + OTHER_FILES)
		return wanted;
	return limit.rlim_cur > 2 * OTHER_FILES ? limit.rlim_cur - OTHER_FILES
						: OTHER_FILES;
}

static bool round_run(struct round *round)
{
	void **contexts = calloc(round->count, sizeof(*contexts));
	struct tasks_plan plan = {.run = run_visit,
				  .ended = end_visit,
				  .contexts = contexts,
				  .count = round->count,
				  .at_once = most_at_once(round->fleet->line),
				  .poll = session_poll};
	bool is_good = contexts != NULL;

	for (size_t i = 0; is_good && i < round->count; i++)
		contexts[i] = &round->places[i];
	is_good = is_good && tasks_run(&plan);
	free(contexts);
	return is_good;
}

static enum exit_code worst_of(const struct round *round)
{
	enum exit_code worst = EXIT_GOOD;

	for (size_t i = 0; i < round->count; i++)
		if (round->places[i].visit.code > worst)
			worst = round->places[i].visit.code;
	return worst;
}

static enum exit_code complain_of_memory(void)
{
	fputs("scepctl: memory is short\n", stderr);
	return EXIT_FAILED;
}

enum exit_code fleet_visit(const struct fleet *fleet)
{
	enum exit_code code = EXIT_FAILED;
	bool is_alone = fleet->hosts->count == 1;
	struct round round;

	if (round_begin(&round, fleet, is_alone) && round_run(&round)) {
		code = worst_of(&round);
		/* An export is JSON itself. */
		if (fleet->line->has[OPTION_JSON] &&
		    fleet->line->command != COMMAND_EXPORT)
			print_json(&round, round.count);
		else if (!is_alone)
			print_summary(&round);
	} else {
		code = complain_of_memory();
	}
	round_free(&round);
	return code;
}

enum exit_code fleet_compare(const struct fleet *fleet)
{
	struct device_state *states = calloc(2, sizeof(*states));
	enum exit_code code;
	struct round round;

	if (!states)
		return complain_of_memory();
	if (!round_begin(&round, fleet, true)) {
		round_free(&round);
		free(states);
		return complain_of_memory();
	}
	for (size_t i = 0; i < 2; i++)
		round.places[i].visit.more = &states[i];
	code = round_run(&round) ? worst_of(&round) : complain_of_memory();
	if (code == EXIT_GOOD)
		code = transfer_compare(&round.places[0].visit,
					&round.places[1].visit);
	round.places[0].visit.code = code;
	if (fleet->line->has[OPTION_JSON])
		print_json(&round, 1);
	for (size_t i = 0; i < 2; i++)
		device_state_free(&states[i]);
	round_free(&round);
	free(states);
	return code;
}
