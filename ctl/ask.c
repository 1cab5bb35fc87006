/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/ask.h"

#include "ctl/assignment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool ask_is_wanted(const struct command_line *line)
{
	return line->command == COMMAND_REQUEST && line->agent &&
	       line->word_count == 0 && !line->has[OPTION_JSON] &&
	       isatty(STDIN_FILENO);
}

/* Reads an answer of one line; `*answer` is owned. */
static bool read_answer(const char *name, char **answer)
{
	size_t room = 0;
	ssize_t length;

	*answer = NULL;
	fprintf(stderr, "%s (empty: as it is): ", name);
	length = getline(answer, &room, stdin);
	if (length > 0 && (*answer)[length - 1] == '\n')
		(*answer)[length - 1] = '\0';
	return length > 0;
}

static bool ask_value(enum scep_field field, uint32_t index,
		      struct scep_change *change, struct reason *reason)
{
	struct scep_item item = {.field = field, .index = index};
	const char *name = scep_field_info(field)->name;
	char *answer;
	bool is_good;

	for (;;) {
		if (!read_answer(name + strlen("scepRequest"), &answer)) {
			free(answer);
			return reason_set(reason, "no answer was given");
		}
		if (answer[0] == '\0') {
			free(answer);
			return true;
		}
		is_good = assignment_value(field, answer, &item.value, reason);
		free(answer);
		if (is_good)
			return scep_change_add(change, &item) ||
			       reason_set(reason, "memory is short");
		fprintf(stderr, "%s\n", reason->text);
	}
}

bool ask_values(const struct command_line *line, struct scep_change *change,
		struct reason *reason)
{
	static const enum scep_field fields[] = {
	    SCEP_REQUEST_KEY_NAME, SCEP_REQUEST_COMMON_NAME,
	    SCEP_REQUEST_SUBJECT_ALT_NAME, SCEP_REQUEST_USE_LOCATION};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!ask_value(fields[i], line->profile, change, reason))
			return false;
	return true;
}
