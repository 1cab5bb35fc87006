/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scepctl: reads the command line, judges it as a whole, and lets the module of
 * the command visit the devices.
 */
#include "ctl/ask.h"
#include "ctl/assignment.h"
#include "ctl/challenge.h"
#include "ctl/command_line.h"
#include "ctl/enrol.h"
#include "ctl/fleet.h"
#include "ctl/health.h"
#include "ctl/hosts.h"
#include "ctl/keys.h"
#include "ctl/lists.h"
#include "ctl/login.h"
#include "ctl/settings.h"
#include "ctl/snapshot.h"
#include "ctl/status.h"
#include "ctl/transfer.h"
#include "ctl/varbind.h"
#include "ctl/words.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scep/change.h"

/* What all devices of one call get. */
struct call {
	struct command_line line;
	struct hosts hosts;
	struct scep_change change;
	struct scep_value challenge;
	struct snapshot snapshot; /* of an import's file */
	struct login login;
};

static void (*const runs[COMMAND_COUNT])(struct visit *visit) = {
    [COMMAND_STATUS] = status_show,
    [COMMAND_HEALTH] = health_show,
    [COMMAND_REQUEST] = enrol_request,
    [COMMAND_RENEW] = enrol_renew,
    [COMMAND_SERVER] = settings_server,
    [COMMAND_TIMER] = settings_timer,
    [COMMAND_PROFILE] = settings_profile,
    [COMMAND_KEYS] = keys_run,
    [COMMAND_CA] = lists_ca,
    [COMMAND_USE] = lists_use,
    [COMMAND_EVENTS] = lists_events,
    [COMMAND_DIFF] = transfer_read,
    [COMMAND_EXPORT] = transfer_export,
    [COMMAND_IMPORT] = transfer_import,
};

/* ----------------------------------------------------------------- usage -- */

static int complain(const struct reason *reason)
{
	if (reason->text[0])
		fprintf(stderr, "scepctl: %s\n", reason->text);
	return EXIT_REFUSED;
}

/* Lists what completion offers, too. */
static void print_words(enum command_id command)
{
	const struct command_info *info = &commands[command];

	if (info->verbs[0]) {
		printf("Words:");
		for (size_t i = 0; i < COMMAND_VERBS && info->verbs[i]; i++)
			printf(" %s", info->verbs[i]);
		printf("\n");
	}
	if (info->has_assignments) {
		printf("Names:");
		assignment_list(stdout, words_prefix(command));
		printf("\n");
	}
}

static int print_help(enum command_id command)
{
	command_line_usage(stdout, command);
	command_line_options(stdout, command);
	if (command != COMMAND_COUNT) {
		print_words(command);
		printf("SNMP options, of which not all have a meaning here:\n");
		fflush(stdout);
		login_print_options(stdout);
	}
	return EXIT_GOOD;
}

static int print_version(void)
{
	char root[VARBIND_ROOT_TEXT];

	varbind_print_root(root);
	printf("scepctl %s, SCEP-CLIENT-MIB at %s\n", SCEP_VERSION, root);
	return EXIT_GOOD;
}

/* ----------------------------------------------------------- preparation -- */

/* Judges all that can be judged before a word is sent. */
static bool judge(struct call *call, struct reason *reason)
{
	struct command_line *line = &call->line;

	if (!hosts_read(line, &call->hosts, reason) ||
	    !words_read(line, &call->change, reason))
		return false;
	if (line->command == COMMAND_DIFF && line->word_count == 1 &&
	    !hosts_add(&call->hosts, line->words[0], strlen(line->words[0]),
		       reason))
		return false;
	if (line->command == COMMAND_DIFF && call->hosts.count != 2)
		return reason_set(reason, "diff wants two devices");
	if (line->command == COMMAND_EXPORT && call->hosts.count > 1)
		return reason_set(reason, "export is for one device");
	return line->command != COMMAND_IMPORT ||
	       transfer_read_file(line->words[0], &call->snapshot, reason);
}

/* Reads what stands in no argument. */
static bool read_secret(struct call *call, struct reason *reason)
{
	enum scep_field field = call->line.command == COMMAND_TIMER
				    ? SCEP_AUTO_CHALLENGE_PASSWORD
				    : SCEP_REQUEST_CHALLENGE_PASSWORD;
	const char *file = call->line.challenge_file;
	bool is_asked = ask_is_wanted(&call->line);
	struct scep_verdict verdict;

	if (is_asked && !ask_values(&call->line, &call->change, reason))
		return false;
	if (!file && !is_asked)
		return true;
	if (!(file ? challenge_read(file, &call->challenge, reason)
		   : challenge_offer(&call->challenge, reason)))
		return false;
	return scep_value_check(field, &call->challenge, &verdict) ==
		   SCEP_ACCEPTED ||
	       reason_set(reason, "%s", verdict.reason);
}

/* ------------------------------------------------------------------ main -- */

static int visit_devices(const struct call *call)
{
	const struct command_line *line = &call->line;
	struct fleet fleet = {
	    .line = line,
	    .login = &call->login,
	    .hosts = &call->hosts,
	    .run = runs[line->command],
	    .change = &call->change,
	    .challenge = call->challenge.length ? &call->challenge : NULL,
	    .more = (void *)&call->snapshot,
	};

	if (line->command == COMMAND_DIFF)
		return fleet_compare(&fleet);
	if (line->command == COMMAND_IMPORT && !line->has[OPTION_DRY])
		transfer_catch_signals();
	for (;;) {
		int code;

		if (line->watch && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		code = fleet_visit(&fleet);
		if (!line->watch)
			return code;
		fflush(stdout);
		sleep((unsigned)line->watch);
	}
}

static int run(struct call *call)
{
	struct command_line *line = &call->line;
	struct reason reason = {.text = ""};

	if (!judge(call, &reason))
		return complain(&reason);
	line->snmp[line->snmp_count++] = call->hosts.name[0];
	if (!login_read(line->snmp_count, line->snmp, &call->login, &reason) ||
	    !read_secret(call, &reason))
		return complain(&reason);
	return visit_devices(call);
}

static int start(struct call *call, int count, char **words)
{
	struct reason reason;
	enum command_line_kind kind =
	    command_line_read(count, words, &call->line, &reason);

	if (kind == COMMAND_LINE_BAD) {
		complain(&reason);
		command_line_usage(stderr, call->line.command);
		return EXIT_REFUSED;
	}
	if (call->line.root && !varbind_set_root(call->line.root)) {
		reason_set(&reason, "--root wants an object identifier, as "
				    "1.3.6.1.4.1.99999.1");
		return complain(&reason);
	}
	if (kind == COMMAND_LINE_HELP)
		return print_help(call->line.command);
	return kind == COMMAND_LINE_VERSION ? print_version() : run(call);
}

int main(int count, char **words)
{
	struct call call = {.change = {0}};
	int code;

	scep_change_init(&call.change);
	code = start(&call, count, words);
	if (fflush(stdout) != 0 && code == EXIT_GOOD)
		code = EXIT_FAILED;
	login_free(&call.login);
	hosts_free(&call.hosts);
	snapshot_free(&call.snapshot);
	scep_change_free(&call.change);
	explicit_bzero(&call.challenge, sizeof(call.challenge));
	command_line_free(&call.line);
	return code;
}
