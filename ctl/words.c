/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/words.h"

#include "ctl/assignment.h"
#include "ctl/suggest.h"

#include "scep/view.h"

#include <stdlib.h>
#include <string.h>

static bool is_number(const char *word)
{
	return word[0] != '\0' && strlen(word) < 10 &&
	       word[strspn(word, "0123456789")] == '\0';
}

static bool wants(const struct command_line *line, const char *what,
		  struct reason *reason)
{
	return reason_set(reason, "%s %s wants %s",
			  commands[line->command].name, line->verb, what);
}

static bool judge_check(const struct command_line *line, struct reason *reason)
{
	static const char *const names[] = {"caps", "cert", "next", "crl"};
	struct suggestion nearest = {0};

	if (line->word_count > 1)
		return wants(line, "one of caps, cert, next, crl", reason);
	for (size_t i = 0; line->word_count && i < 4; i++) {
		if (strcmp(names[i], line->words[0]) == 0)
			return true;
		suggest(&nearest, line->words[0], names[i]);
	}
	if (nearest.name)
		return reason_set(reason,
				  "unknown check %.60s: did you mean %s?",
				  line->words[0], nearest.name);
	return line->word_count == 0 ||
	       wants(line, "one of caps, cert, next, crl", reason);
}

/* Takes the number of the profile out. */
static bool take_profile(struct command_line *line, struct reason *reason)
{
	unsigned long number;

	if (line->word_count < 1 || !is_number(line->words[0]))
		return wants(line, "the number of a profile", reason);
	number = strtoul(line->words[0], NULL, 10);
	if (number < 1 || number > SCEP_PROFILE_MAX)
		return reason_set(reason, "profiles have numbers from 1 to %d",
				  SCEP_PROFILE_MAX);
	line->profile = (uint32_t)number;
	line->words++;
	line->word_count--;
	return line->word_count == 0 || strcmp(line->verb, "add") == 0 ||
	       wants(line, "the number of one profile", reason);
}

/* What each command wants of its words, beyond the table. */
static bool judge(struct command_line *line, struct reason *reason)
{
	switch (line->command) {
	case COMMAND_SERVER:
		return !line->verb || judge_check(line, reason);
	case COMMAND_PROFILE:
		return line->verb ? take_profile(line, reason)
				  : line->word_count == 0 ||
					reason_set(reason,
						   "profile wants add or "
						   "remove in front of %.60s",
						   line->words[0]);
	case COMMAND_KEYS:
		if (!line->verb)
			return line->word_count == 0 ||
			       reason_set(reason,
					  "keys wants a verb in front of "
					  "%.60s",
					  line->words[0]);
		return (line->word_count > 0 && !strchr(line->words[0], '=')) ||
		       wants(line, "the index or the name of a key", reason);
	case COMMAND_CA:
		if (!line->verb)
			return line->word_count == 0 ||
			       reason_set(reason,
					  "ca wants trust or reject in front "
					  "of %.60s",
					  line->words[0]);
		return (line->word_count == 1 && is_number(line->words[0])) ||
		       wants(line,
			     "the number of a CA certificate (scepctl ca lists "
			     "them)",
			     reason);
	default:
		return true;
	}
}

const char *words_prefix(enum command_id command)
{
	switch (command) {
	case COMMAND_REQUEST:
		return "scepRequest";
	case COMMAND_SERVER:
		return "scepServer";
	case COMMAND_TIMER:
		return "scepAuto";
	case COMMAND_PROFILE:
		return "scepProfile";
	default:
		return "scepKey";
	}
}

static bool is_twice(const struct scep_change *change,
		     const struct scep_item *item)
{
	for (size_t i = 0; i < change->count; i++)
		if (change->items[i].field == item->field)
			return true;
	return false;
}

static bool add(struct command_line *line, const char *word,
		struct scep_change *change, struct reason *reason)
{
	struct scep_item item;

	if (!assignment_read(word, words_prefix(line->command), line->profile,
			     &item, reason))
		return false;
	if (is_twice(change, &item))
		return reason_set(reason, "%s is given twice",
				  scep_field_info(item.field)->name);
	return scep_change_add(change, &item) ||
	       reason_set(reason, "memory is short");
}

bool words_read(struct command_line *line, struct scep_change *change,
		struct reason *reason)
{
	bool is_check = line->command == COMMAND_SERVER && line->verb;
	bool is_keys = line->command == COMMAND_KEYS;

	if (!judge(line, reason))
		return false;
	if (!commands[line->command].has_assignments || is_check)
		return true;
	for (int i = 0; i < line->word_count; i++) {
		if (is_keys && !strchr(line->words[i], '='))
			continue;
		if (is_keys && strcmp(line->verb, "deploy") != 0)
			return wants(line, "keys alone", reason);
		if (!add(line, line->words[i], change, reason))
			return false;
	}
	return true;
}
