/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scepctl: the command line, standard output and error, signals and exit
 * codes.  The modules device and import do what the commands ask for.
 */
#include "ctl/device.h"
#include "ctl/document.h"
#include "ctl/import.h"
#include "ctl/output.h"
#include "ctl/refusals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "scep/change.h"

enum exit_code { EXIT_GOOD, EXIT_FAILED, EXIT_USAGE };

#define WAIT_DEFAULT 120 /* seconds */
#define WAIT_MAX     86400
#define WAIT_STEP    200000000L /* ns */

/* The number of signals that have asked it to end. */
static volatile sig_atomic_t end_signals;

/* The options of scepctl, and the words that are left for Net-SNMP. */
struct command {
	bool is_dry;
	long wait; /* seconds */
	int count;
	char **words;
	time_t since; /* when a device began not to answer */
};

/* ----------------------------------------------------------------- usage -- */

static void print_usage(FILE *stream)
{
	fprintf(stream,
		"usage: scepctl export [SNMP OPTIONS] AGENT [FILE]\n"
		"       scepctl import [-n] [--wait SECONDS] [SNMP OPTIONS] "
		"AGENT FILE\n"
		"       scepctl -h | -V\n");
}

static void print_help(void)
{
	print_usage(stdout);
	printf("  export          write all settings of a device as JSON\n"
	       "  import          set them; FILE - is standard input\n"
	       "  -n, --dry-run   print what differs and change nothing\n"
	       "  --wait SECONDS  for an agent that goes away meanwhile (%d)\n"
	       "SNMP options, of which not all have a meaning here:\n",
	       WAIT_DEFAULT);
	manager_print_options(stdout);
}

/* Says why it fails; returns the exit code. */
static int complain(enum exit_code code, const char *text)
{
	fprintf(stderr, "scepctl: %s\n", text);
	return code;
}

/* --------------------------------------------------------------- options -- */

static bool read_wait(struct command *command, const char *text)
{
	char *end;

	errno = 0;
	command->wait = strtol(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' &&
	       command->wait >= 0 && command->wait <= WAIT_MAX;
}

static void drop_words(struct command *command, int at, int count)
{
	memmove(&command->words[at], &command->words[at + count],
		(size_t)(command->count - at - count + 1) *
		    sizeof(*command->words));
	command->count -= count;
}

/*
 * Takes the options of scepctl out.  The short one stands before those of
 * Net-SNMP, which has a -n too; that one takes a word, so that a -n in the
 * wrong position leaves one too few.  The long ones may stand anywhere:
 * Net-SNMP would ignore what it does not know.
 */
static bool take_options(struct command *command)
{
	if (command->count > 1 && strcmp(command->words[1], "-n") == 0) {
		command->is_dry = true;
		drop_words(command, 1, 1);
	}
	for (int i = 1; i < command->count;) {
		if (strcmp(command->words[i], "--dry-run") == 0) {
			command->is_dry = true;
			drop_words(command, i, 1);
		} else if (strcmp(command->words[i], "--wait") == 0) {
			if (i + 1 >= command->count ||
			    !read_wait(command, command->words[i + 1]))
				return false;
			drop_words(command, i, 2);
		} else if (strncmp(command->words[i], "--wait=", 7) == 0) {
			if (!read_wait(command, command->words[i] + 7))
				return false;
			drop_words(command, i, 1);
		} else {
			i++;
		}
	}
	return true;
}

/* ---------------------------------------------------------------- export -- */

static int write_settings(const struct device_state *state, const char *path)
{
	struct reason reason;
	char *text = document_write(&state->snapshot, state->version, &reason);
	int code = EXIT_GOOD;

	if (!text)
		return complain(EXIT_FAILED, reason.text);
	if (path && !output_write(path, text, &reason))
		code = complain(EXIT_FAILED, reason.text);
	else if (!path && (fputs(text, stdout) < 0 || fflush(stdout) != 0))
		code = complain(EXIT_FAILED, "cannot write to standard output");
	free(text);
	return code;
}

static int run_export(struct manager *manager, const char *path)
{
	struct device_state state = {0};
	struct reason reason;
	int code;

	if (!device_read(manager, &state, &reason))
		return complain(EXIT_FAILED, reason.text);
	snapshot_drop_volatile(&state.snapshot);
	device_state_drop_lacking(&state);
	code = write_settings(&state, path);
	device_state_free(&state);
	return code;
}

/* ---------------------------------------------------------------- import -- */

/* The device and the user, as import.c reaches them. */
struct world {
	struct manager *manager;
	struct command *command;
};

static bool world_read(void *context, struct device_state *state,
		       struct reason *reason)
{
	struct world *world = context;

	if (device_read(world->manager, state, reason))
		return true;
	manager_reset(world->manager);
	return false;
}

static void world_set(void *context, uint32_t lock,
		      const struct scep_change *change, struct answer *answer)
{
	struct world *world = context;

	manager_set(world->manager, lock, change, answer);
	refusals_explain(world->manager, change, answer);
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* The second signal ends the waiting. */
static bool world_wait(void *context, unsigned attempt)
{
	static const struct timespec time = {0, WAIT_STEP};
	struct command *command = ((struct world *)context)->command;

	if (attempt == 0) {
		command->since = now();
		fprintf(stderr, "scepctl: waiting for the agent\n");
	}
	if (end_signals > 1 || now() - command->since >= command->wait)
		return false;
	nanosleep(&time, NULL);
	return true;
}

static bool world_is_ended(void *context)
{
	(void)context;
	return end_signals > 0;
}

static void world_say(void *context, const char *line)
{
	(void)context;
	complain(EXIT_FAILED, line);
}

static void world_print(void *context, const char *line)
{
	(void)context;
	puts(line);
}

static void note_end(int number)
{
	(void)number;
	end_signals++;
}

/* From here on the settings are put back before the program ends. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = note_end};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int import_snapshot(struct manager *manager, struct command *command,
			   const struct snapshot *file)
{
	struct world world = {manager, command};
	const struct import_device device = {
	    .context = &world,
	    .read = world_read,
	    .set = world_set,
	    .wait = world_wait,
	    .is_ended = world_is_ended,
	    .say = world_say,
	    .print = world_print,
	};

	if (command->is_dry)
		return import_compare(&device, file) && fflush(stdout) == 0
			   ? EXIT_GOOD
			   : EXIT_FAILED;
	catch_signals();
	switch (import_run(&device, file, IMPORT_ROOM)) {
	case IMPORT_MADE:
		return EXIT_GOOD;
	case IMPORT_ABSENT:
		world_say(NULL, "the import was not made; the device is as "
				"it was");
		break;
	case IMPORT_PARTLY:
		world_say(NULL, "the import was not made, and not all of it "
				"could be put back");
		break;
	}
	return EXIT_FAILED;
}

static bool read_file(const char *path, struct snapshot *snapshot)
{
	struct reason reason;
	size_t length;
	bool is_good;
	char *text = output_read(path, DOCUMENT_MAX, &length, &reason);

	if (!text) {
		complain(EXIT_USAGE, reason.text);
		return false;
	}
	is_good = document_read(text, length, snapshot, &reason);
	if (!is_good)
		fprintf(stderr, "scepctl: %s: %s\n",
			strcmp(path, "-") == 0 ? "standard input" : path,
			reason.text);
	free(text);
	return is_good;
}

static int run_import(struct manager *manager, struct command *command,
		      const char *path)
{
	struct snapshot snapshot;
	int code;

	if (!read_file(path, &snapshot))
		return EXIT_USAGE;
	code = import_snapshot(manager, command, &snapshot);
	snapshot_free(&snapshot);
	return code;
}

/* ------------------------------------------------------------------ main -- */

static int run_command(struct command *command, bool is_import)
{
	struct manager *manager;
	int rest = 0;
	int left;
	int code;

	switch (
	    manager_start(command->count, command->words, &rest, &manager)) {
	case MANAGER_ANSWERED:
		return EXIT_GOOD;
	case MANAGER_USAGE:
		print_usage(stderr);
		return EXIT_USAGE;
	case MANAGER_READY:
		break;
	}
	left = command->count - rest;
	if (left > 1 || left < is_import)
		code = complain(EXIT_USAGE,
				is_import ? "one FILE is wanted after the agent"
					  : "at most one FILE is wanted after "
					    "the agent");
	else if (is_import)
		code = run_import(manager, command, command->words[rest]);
	else
		code = run_export(manager, left ? command->words[rest] : NULL);
	manager_free(manager);
	return code;
}

int main(int count, char **words)
{
	struct command command = {.wait = WAIT_DEFAULT};
	bool is_import;

	if (count > 1 &&
	    (strcmp(words[1], "-h") == 0 || strcmp(words[1], "--help") == 0)) {
		print_help();
		return EXIT_GOOD;
	}
	if (count > 1 && (strcmp(words[1], "-V") == 0 ||
			  strcmp(words[1], "--version") == 0)) {
		printf("scepctl %s\n", SCEP_VERSION);
		return EXIT_GOOD;
	}
	is_import = count > 1 && strcmp(words[1], "import") == 0;
	if (!is_import && (count < 2 || strcmp(words[1], "export") != 0)) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	/* Net-SNMP reads words from the second on. */
	command.count = count - 1;
	command.words = words + 1;
	if (!take_options(&command))
		return complain(EXIT_USAGE, "--wait wants seconds, 0..86400");
	if (command.is_dry && !is_import)
		return complain(EXIT_USAGE, "-n is for import");
	return run_command(&command, is_import);
}
