/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/restarter.h"

#include "subagent/system/daemon_log.h"

#include <string.h>

#define NAME "restartCommand"

static void restarter_start(struct restarter *restarter,
			    const struct message_restart *request)
{
	struct command_environment environment;
	char text[CONF_LINE_MAX];

	restarter->has_failed_to_start =
	    restarter->choose == NULL ||
	    !restarter->choose(restarter->context, request, text,
			       &restarter->copy);
	if (restarter->has_failed_to_start)
		return;
	command_environment_init(&environment, request->key_name,
				 request->use_location, restarter->copy.path);
	restarter->has_failed_to_start =
	    command_start(&restarter->command, text, environment.variable,
			  restarter->limit) != 0;
	/* The command may be what stops this process. */
	if (!restarter->has_failed_to_start)
		cert_copy_guard(&restarter->copy, restarter->command.pid);
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

static bool restarter_is_busy(const struct restarter *restarter)
{
	return restarter->command.pid != 0 || restarter->has_failed_to_start;
}

void restarter_ask(struct restarter *restarter,
		   const struct message_restart *request)
{
	/* A waiting request can be replaced: its command has not begun. */
	if (restarter_is_busy(restarter)) {
		restarter->next = *request;
		restarter->has_next = true;
		restarter->next_is_for_worker = true;
		return;
	}
	restarter->is_for_worker = true;
	restarter_start(restarter, request);
}

void restarter_forget_worker(struct restarter *restarter)
{
	restarter->is_for_worker = false;
	restarter->next_is_for_worker = false;
}

/* Returns how the present command has ended. */
static enum command_end restarter_take_end(struct restarter *restarter)
{
	enum command_end end = COMMAND_BADLY;

	if (!restarter->has_failed_to_start)
		end = command_reap(&restarter->command);
	restarter->has_failed_to_start = false;
	if (end != COMMAND_RUNS)
		cert_copy_remove(&restarter->copy);
	return end;
}

enum command_end restarter_poll(struct restarter *restarter)
{
	enum command_end end;
	bool is_heard;

	command_do_due(&restarter->command);
	do {
		end = restarter_take_end(restarter);
		if (end == COMMAND_RUNS)
			return end;
		is_heard = restarter->is_for_worker;
		restarter->is_for_worker = false;
		if (restarter->has_next) {
			restarter->has_next = false;
			restarter->is_for_worker =
			    restarter->next_is_for_worker;
			restarter_start(restarter, &restarter->next);
		}
	} while (!is_heard);
	return end;
}
