/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/look.h"

#include <string.h>

#include "scep/event.h"
#include "scep/text.h"
#include "scep/enroll/step.h"

/* A look without an answer for so long is a bad one, in ms: a folder that hangs
 * must not hold the requests of other folders.  The front end has a limit of
 * its own, which is shorter. */
#define ANSWER_TIME 30000

bool look_is_needed(const struct open_request *e)
{
	const struct task *task = &e->task;

	return task->record->values.use_location[0] != '\0' &&
	       (task->step->exchange != EXCHANGE_NONE ||
		task->step->id == STEP_MAKE_KEY);
}

bool look_is_awaited(struct open_request *e)
{
	if (!look_is_needed(e) || e->look == REQUEST_LOOK_GOOD ||
	    e->look == REQUEST_LOOK_BAD)
		return false;
	if (e->look == REQUEST_LOOK_NONE) {
		e->look = REQUEST_LOOK_WANTED;
		state_ask_tick(e->task.state);
	}
	return true;
}

static void look_settle(struct state *state)
{
	struct look *look = &state->look;
	struct open_request *e = open_request_find(state, look->request);

	look->has_end = false;
	look->is_running = false;
	/* The request may have ended meanwhile. */
	if (e == NULL || e->look != REQUEST_LOOK_WANTED)
		return;
	e->look = look->end.is_good ? REQUEST_LOOK_GOOD : REQUEST_LOOK_BAD;
	memcpy(e->look_text, look->end.text, sizeof(e->look_text));
	task_continue(&e->task);
}

static void look_begin(struct state *state)
{
	struct open_request *e = state->open_requests;

	while (e != NULL && e->look != REQUEST_LOOK_WANTED)
		e = e->next;
	if (e == NULL)
		return;
	state->look.is_running = true;
	state->look.request = e->task.record->index;
	state->look.wake = state_mono(state) + ANSWER_TIME;
	state_notify(state, SCEP_EVENT_LOOK, e->task.record->index);
}

static void look_give_up(struct state *state)
{
	struct look *look = &state->look;
	struct open_request *e = open_request_find(state, look->request);

	look->end = (struct scep_deploy_end){.is_look = true};
	text_format(look->end.text, sizeof(look->end.text),
		    "no answer about the folders of the use locations %s after "
		    "%d s",
		    e != NULL ? e->task.record->values.use_location : "",
		    ANSWER_TIME / 1000);
	look_settle(state);
}

uint64_t look_tick(struct state *state)
{
	struct look *look = &state->look;

	if (state->is_stopping)
		return STATE_NEVER;
	if (look->has_end)
		look_settle(state);
	if (look->is_running && state_mono(state) >= look->wake)
		look_give_up(state);
	if (!look->is_running)
		look_begin(state);
	return look->is_running ? look->wake : STATE_NEVER;
}

void look_end(struct state *state, const struct scep_deploy_end *end)
{
	struct look *look = &state->look;

	if (!look->is_running || look->has_end ||
	    end->use_index != look->request)
		return;
	look->end = *end;
	look->has_end = true;
	state_ask_tick(state);
}
