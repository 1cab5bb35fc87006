/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command_line.h"

#include "ctl/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scep/view.h"

#define WAIT_MAX 86400
/* Net-SNMP's options that take a word, and those that do not. */
#define SNMP_WITH_WORD "YmMOIPDvrtcZeEnulxXaAT3LsS"
#define SNMP_ALONE     "d"

/* The state of one reading. */
struct reading {
	struct command_line *line;
	char **arguments;
	int count;
	int at;	      /* the argument that is read */
	char **plain; /* the words that belong to no option */
	int plain_count;
	bool is_plain; /* behind -- */
	struct reason *reason;
};

/* --------------------------------------------------------------- numbers -- */

static bool read_number(const char *text, long least, long most, long *number)
{
	char *end;

	errno = 0;
	*number = strtol(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *number >= least &&
	       *number <= most;
}

/* --------------------------------------------------------------- options -- */

static bool take_number(struct reading *reading, const char *name,
			const char *word, long least, long most, long *number)
{
	return read_number(word, least, most, number) ||
	       reason_set(reading->reason, "%s wants a number, %ld..%ld", name,
			  least, most);
}

/* Keeps the word of an option. */
static bool keep_word(struct reading *reading, enum option_id option,
		      const char *name, char *word)
{
	struct command_line *line = reading->line;
	long profile;

	switch (option) {
	case OPTION_PROFILE:
		if (!take_number(reading, name, word, 1, SCEP_PROFILE_MAX,
				 &profile))
			return false;
		line->profile = (uint32_t)profile;
		break;
	case OPTION_WATCH:
		return take_number(reading, name, word, 1, WAIT_MAX,
				   &line->watch);
	case OPTION_WAIT:
		return take_number(reading, name, word, 0, WAIT_MAX,
				   &line->wait);
	case OPTION_CHALLENGE:
		line->challenge_file = word;
		break;
	case OPTION_ISSUER:
		line->issuer = word;
		break;
	case OPTION_HOST:
		line->host_list = word;
		break;
	case OPTION_HOSTS:
		line->hosts_file = word;
		break;
	case OPTION_ROOT:
		line->root = word;
		break;
	case OPTION_HELP:
	case OPTION_VERSION:
	case OPTION_JSON:
	case OPTION_NO_WAIT:
	case OPTION_DRY:
	case OPTION_COUNT:
		break;
	}
	return true;
}

/* Takes an option of scepctl; `word` is what stands in the same argument, or
 * NULL. */
static bool take_option(struct reading *reading, enum option_id option,
			const char *name, char *word)
{
	const struct command_info *command = &commands[reading->line->command];
	const struct option_info *info = &command_options[option];

	if (!(command->options & 1u << option))
		return reason_set(reading->reason, "%s is not for %s", name,
				  command->name);
	if (!info->word && word)
		return reason_set(reading->reason, "%s takes no word", name);
	if (info->word && !word && ++reading->at < reading->count)
		word = reading->arguments[reading->at];
	if (info->word && !word)
		return reason_set(reading->reason, "%s wants %s", name,
				  info->word);
	reading->line->has[option] = true;
	return !info->word || keep_word(reading, option, name, word);
}

static bool take_long(struct reading *reading, char *argument)
{
	char *equals = strchr(argument, '=');
	size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
	struct suggestion nearest = {0};
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)(length < 60 ? length : 60),
		 argument);
	for (enum option_id option = 0; option < OPTION_COUNT; option++) {
		const char *known = command_options[option].name;

		if (known && strcmp(known, name) == 0)
			return take_option(reading, option, known,
					   equals ? equals + 1 : NULL);
		if (known &&
		    commands[reading->line->command].options & 1u << option)
			suggest(&nearest, name + 2, known + 2);
	}
	if (nearest.name)
		return reason_set(reading->reason,
				  "unknown option %s: did you mean --%s?", name,
				  nearest.name);
	return reason_set(reading->reason,
			  "unknown option %s: scepctl %s --help lists them",
			  name, commands[reading->line->command].name);
}

static void keep_snmp(struct reading *reading)
{
	reading->line->snmp[reading->line->snmp_count++] =
	    reading->arguments[reading->at];
}

/* Returns how many more words an option of Net-SNMP takes: those of a log file,
 * of syslog and of a level stand behind -L, and a key behind -3. */
static int more_words(char letter, const char *word)
{
	if (letter == '3')
		return 1;
	if (letter != 'L' || word[0] == '\0')
		return 0;
	if (strchr("FS", word[0]))
		return word[1] == '\0' ? 2 : 1;
	return strchr("fsEON", word[0]) && word[1] == '\0';
}

/* Hands an option on to Net-SNMP, with its word. */
static bool pass_on(struct reading *reading, char letter, char *word)
{
	int more;

	keep_snmp(reading);
	if (strchr(SNMP_ALONE, letter))
		return true;
	if (*word == '\0' && reading->at + 1 >= reading->count)
		return reason_set(reading->reason, "-%c wants a word", letter);
	if (*word == '\0') {
		reading->at++;
		keep_snmp(reading);
		word = reading->arguments[reading->at];
	}
	for (more = more_words(letter, word); more > 0; more--) {
		if (++reading->at >= reading->count)
			return reason_set(reading->reason, "-%c%s wants a word",
					  letter, word);
		keep_snmp(reading);
	}
	return true;
}

static bool take_short(struct reading *reading, char *argument)
{
	const struct command_info *command = &commands[reading->line->command];
	char letter = argument[1];
	char name[3] = {'-', letter, '\0'};

	for (enum option_id option = 0; option < OPTION_COUNT; option++) {
		if (command_options[option].letter != letter)
			continue;
		/* -n is a context of Net-SNMP where nothing is dry. */
		if (option == OPTION_DRY && !(command->options & 1u << option))
			break;
		return take_option(reading, option, name,
				   argument[2] ? argument + 2 : NULL);
	}
	if (strchr(SNMP_WITH_WORD SNMP_ALONE, letter))
		return pass_on(reading, letter, argument + 2);
	return reason_set(reading->reason,
			  "unknown option %s: scepctl %s --help lists them",
			  name, command->name);
}

static bool take_argument(struct reading *reading)
{
	char *argument = reading->arguments[reading->at];

	if (reading->is_plain || argument[0] != '-' || argument[1] == '\0') {
		reading->plain[reading->plain_count++] = argument;
		return true;
	}
	if (strcmp(argument, "--") == 0) {
		reading->is_plain = true;
		return true;
	}
	return argument[1] == '-' ? take_long(reading, argument)
				  : take_short(reading, argument);
}

/* ----------------------------------------------------------------- words -- */

static bool is_verb(const struct command_info *command, const char *word)
{
	for (size_t i = 0; i < COMMAND_VERBS && command->verbs[i]; i++)
		if (strcmp(command->verbs[i], word) == 0)
			return true;
	return false;
}

/* Takes a verb in front of the agent, or behind it. */
static void take_verb(struct reading *reading, bool has_agent)
{
	const struct command_info *command = &commands[reading->line->command];
	int place = has_agent;

	if (has_agent && reading->plain_count > 1 &&
	    is_verb(command, reading->plain[0]))
		place = 0;
	if (place >= reading->plain_count ||
	    !is_verb(command, reading->plain[place]))
		return;
	reading->line->verb = reading->plain[place];
	reading->plain_count--;
	memmove(&reading->plain[place], &reading->plain[place + 1],
		(size_t)(reading->plain_count - place) *
		    sizeof(*reading->plain));
}

/* Refuses a word that is neither a verb nor NAME=VALUE, where only those may
 * be. */
static bool judge_word(struct reading *reading, const char *word)
{
	const struct command_info *command = &commands[reading->line->command];
	struct suggestion nearest = {0};

	if (reading->line->verb || strchr(word, '=') || !command->verbs[0])
		return true;
	for (size_t i = 0; i < COMMAND_VERBS && command->verbs[i]; i++)
		suggest(&nearest, word, command->verbs[i]);
	return nearest.name
		   ? reason_set(reading->reason,
				"%s: unknown word %.60s: did you mean %s?",
				command->name, word, nearest.name)
		   : reason_set(reading->reason,
				"%s: unknown word %.60s: AGENT %s is wanted",
				command->name, word, command->words);
}

static bool judge_count(struct reading *reading)
{
	struct command_line *line = reading->line;
	const struct command_info *command = &commands[line->command];

	if (line->word_count < command->words_min)
		return reason_set(reading->reason,
				  "%s wants %s after the agent", command->name,
				  command->words);
	if (command->words_max >= 0 && line->word_count > command->words_max)
		return command->words_max == 0
			   ? reason_set(reading->reason,
					"%s wants no word after the agent: "
					"%.60s",
					command->name, line->words[0])
			   : reason_set(reading->reason,
					"%s: at most one %s is wanted after "
					"the agent",
					command->name, command->words);
	return true;
}

static bool take_words(struct reading *reading)
{
	struct command_line *line = reading->line;
	bool has_agent = !line->has[OPTION_HOST] && !line->has[OPTION_HOSTS];

	take_verb(reading, has_agent);
	if (has_agent && reading->plain_count == 0)
		return reason_set(reading->reason,
				  "%s wants an agent: a host, or host:port",
				  commands[line->command].name);
	if (has_agent)
		line->agent = reading->plain[0];
	line->words = reading->plain + has_agent;
	line->word_count = reading->plain_count - has_agent;
	if (!judge_count(reading))
		return false;
	for (int i = 0; i < line->word_count; i++)
		if (!judge_word(reading, line->words[i]))
			return false;
	return true;
}

/* --------------------------------------------------------------- reading -- */

static bool find_command(struct reading *reading, const char *word)
{
	struct suggestion nearest = {0};

	for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
		if (strcmp(commands[id].name, word) == 0) {
			reading->line->command = id;
			return true;
		}
		suggest(&nearest, word, commands[id].name);
	}
	return nearest.name
		   ? reason_set(reading->reason,
				"unknown command %.60s: did you mean %s?", word,
				nearest.name)
		   : reason_set(reading->reason,
				"unknown command %.60s: scepctl --help lists "
				"them",
				word);
}

static enum command_line_kind read_rest(struct reading *reading)
{
	for (reading->at = 2; reading->at < reading->count; reading->at++) {
		if (!take_argument(reading))
			return COMMAND_LINE_BAD;
		if (reading->line->has[OPTION_HELP])
			return COMMAND_LINE_HELP;
	}
	if (reading->line->has[OPTION_VERSION])
		return COMMAND_LINE_VERSION;
	return take_words(reading) ? COMMAND_LINE_GOOD : COMMAND_LINE_BAD;
}

enum command_line_kind command_line_read(int count, char **arguments,
					 struct command_line *line,
					 struct reason *reason)
{
	size_t room = (size_t)count + 2;
	struct reading reading = {.line = line,
				  .arguments = arguments,
				  .count = count,
				  .reason = reason};

	memset(line, 0, sizeof(*line));
	line->command = COMMAND_COUNT;
	line->profile = 1;
	line->wait = WAIT_UNSET;
	/* The agent or a NULL stands behind Net-SNMP's options. */
	line->snmp = calloc(2 * room, sizeof(*line->snmp));
	if (!line->snmp) {
		reason_set(reason, "memory is short");
		return COMMAND_LINE_BAD;
	}
	reading.plain = line->snmp + room;
	line->snmp[line->snmp_count++] = arguments[0];
	if (count < 2) {
		reason_set(reason, "a command is wanted");
		return COMMAND_LINE_BAD;
	}
	if (strcmp(arguments[1], "-h") == 0 ||
	    strcmp(arguments[1], "--help") == 0 ||
	    strcmp(arguments[1], "help") == 0)
		return COMMAND_LINE_HELP;
	if (strcmp(arguments[1], "-V") == 0 ||
	    strcmp(arguments[1], "--version") == 0)
		return COMMAND_LINE_VERSION;
	return find_command(&reading, arguments[1]) ? read_rest(&reading)
						    : COMMAND_LINE_BAD;
}

void command_line_free(struct command_line *line)
{
	free(line->snmp);
	memset(line, 0, sizeof(*line));
}

/* ----------------------------------------------------------------- usage -- */

void command_line_usage(FILE *stream, enum command_id command)
{
	if (command == COMMAND_COUNT) {
		fprintf(stream,
			"usage: scepctl COMMAND [OPTIONS] [SNMP OPTIONS] "
			"AGENT [WORD...]\n"
			"       scepctl COMMAND [OPTIONS] [SNMP OPTIONS] "
			"-H HOST,HOST... [WORD...]\n"
			"       scepctl [COMMAND] -h\n"
			"       scepctl -V\n");
		return;
	}
	fprintf(stream,
		"usage: scepctl %s [OPTIONS] [SNMP OPTIONS] AGENT%s%s\n",
		commands[command].name, commands[command].words[0] ? " " : "",
		commands[command].words);
}

static void print_option(FILE *stream, const struct option_info *info)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s%s%s%s", info->letter ? '-' : ' ',
		 info->letter ? info->letter : ' ',
		 info->letter && info->name ? ", " : "  ",
		 info->name ? info->name : "", info->word ? " " : "",
		 info->word ? info->word : "");
	fprintf(stream, "  %-27s %s\n", left, info->does);
}

void command_line_options(FILE *stream, enum command_id command)
{
	if (command == COMMAND_COUNT) {
		for (enum command_id id = 0; id < COMMAND_COUNT; id++)
			fprintf(stream, "  %-9s %s\n", commands[id].name,
				commands[id].does);
		return;
	}
	for (enum option_id option = 0; option < OPTION_COUNT; option++)
		if (commands[command].options & 1u << option)
			print_option(stream, &command_options[option]);
}
