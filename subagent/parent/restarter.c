/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/restarter.h"

#include "subagent/system/daemon_log.h"

#include <string.h>

#define NAME "restartCommand"

/* ----------------------------------------------------------- the word -- */

static bool is_text(const char *text, size_t room)
{
	size_t length = strnlen(text, room);

	if (length == room)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

static bool is_path(const char *path)
{
	return path[0] == '\0' ||
	       (path[0] == '/' && strstr(path, "/../") == NULL);
}

bool restarter_is_word(const void *data, size_t length)
{
	const struct restarter_word *word = data;

	return length == sizeof(*word) && word->what == RESTARTER_ASKED &&
	       is_text(word->key_name, sizeof(word->key_name)) &&
	       is_text(word->use_location, sizeof(word->use_location)) &&
	       is_text(word->cert_file, sizeof(word->cert_file)) &&
	       is_path(word->cert_file);
}

/* ------------------------------------------------------------- running -- */

static void begin(struct restarter *restarter,
		  const struct restarter_word *word)
{
	struct command_environment environment;
	char text[CONF_LINE_MAX];

	command_environment_init(&environment, word->key_name,
				 word->use_location, word->cert_file);
	restarter->has_failed_to_start =
	    restarter->choose == NULL ||
	    !restarter->choose(restarter->context, word, text) ||
	    command_start(&restarter->command, text, environment.variable,
			  restarter->limit) != 0;
	if (!restarter->has_failed_to_start)
		daemon_log(LOG_NOTICE, NAME ": begins");
}

void restarter_init(struct restarter *restarter, restarter_choose_fn choose,
		    void *context, int64_t limit)
{
	memset(restarter, 0, sizeof(*restarter));
	command_init(&restarter->command, NAME);
	restarter->choose = choose;
	restarter->context = context;
	restarter->limit = limit;
}

static bool is_busy(const struct restarter *restarter)
{
	return restarter->command.pid != 0 || restarter->has_failed_to_start;
}

void restarter_ask(struct restarter *restarter,
		   const struct restarter_word *word)
{
	/* One that waits is as good as another: it has not begun. */
	if (is_busy(restarter)) {
		restarter->next = *word;
		restarter->has_next = true;
		restarter->next_is_for_worker = true;
		return;
	}
	restarter->is_for_worker = true;
	begin(restarter, word);
}

void restarter_forget_worker(struct restarter *restarter)
{
	restarter->is_for_worker = false;
	restarter->next_is_for_worker = false;
}

/* How what was begun has ended. */
static enum command_end take_end(struct restarter *restarter)
{
	if (!restarter->has_failed_to_start)
		return command_reap(&restarter->command);
	restarter->has_failed_to_start = false;
	return COMMAND_BADLY;
}

enum command_end restarter_turn(struct restarter *restarter)
{
	enum command_end end;
	bool is_heard;

	command_do_due(&restarter->command);
	do {
		end = take_end(restarter);
		if (end == COMMAND_RUNS)
			return end;
		is_heard = restarter->is_for_worker;
		restarter->is_for_worker = false;
		if (restarter->has_next) {
			restarter->has_next = false;
			restarter->is_for_worker =
			    restarter->next_is_for_worker;
			begin(restarter, &restarter->next);
		}
	} while (!is_heard);
	return end;
}
