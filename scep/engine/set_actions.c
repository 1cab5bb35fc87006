/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/engine/set_actions.h"

#include <stdio.h>
#include <string.h>

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/enroll/timers.h"
#include "scep/keys/key_actions.h"
#include "scep/keys/restart.h"
#include "scep/settings/settings.h"
#include "scep/state/open_request.h"
#include "scep/state/outcome.h"
#include "scep/state/request_new.h"
#include "scep/state/status.h"

static struct scep_profile *edit_profile(struct state *state, struct txn *txn,
					 uint32_t index)
{
	return txn_edit(state, txn, STORE_PROFILE, index, false);
}

static struct scep_status *edit_status(struct state *state, struct txn *txn,
				       uint32_t index)
{
	return txn_edit(state, txn, STORE_STATUS, index, true);
}

/* Returns the request of the profile that is open, else the one that could be
 * resumed, or NULL. */
static struct open_request *request_of(struct state *state,
				       uint32_t profile_index)
{
	struct open_request *found = NULL;

	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next) {
		if (e->task.record->profile_index == profile_index &&
		    (found == NULL || !e->task.record->is_suspended))
			found = e;
	}
	return found;
}

/* ------------------------------------------------------------- requests -- */

static void add_send(struct state *state, struct txn *txn,
		     uint32_t profile_index)
{
	struct scep_profile *profile = edit_profile(state, txn, profile_index);
	struct record *record;

	if (profile == NULL)
		return;
	record = request_new_send(state, txn, profile, &profile->request,
				  SCEP_TRIGGER_MANUAL);
	if (record != NULL)
		profile->request_status_index = record->index;
}

static void cancel_status(struct state *state, struct scep_status *status)
{
	struct scep_error error;

	error_init(&error);
	error_set(&error, SCEP_CANCELLED, "by the manager");
	status_end(status, state_now(state), SCEP_STATE_ERROR);
	status_blame(status, &error);
}

/* A run of a timer makes the timer plan its next run; a request of a manager
 * loses its challenge (MIB, rule 4). */
static void cancel_in_profile(struct state *state, struct scep_profile *profile,
			      const struct scep_status *status)
{
	if (status->trigger != SCEP_TRIGGER_MANUAL)
		timers_note_cancel(state, profile);
	else if (profile->request_status_index == status->index &&
		 (profile->request_written &
		  settings_request_bit(SCEP_REQUEST_CHALLENGE_PASSWORD)) == 0)
		memset(&profile->request.challenge_password, 0,
		       sizeof(profile->request.challenge_password));
}

static void add_cancel(struct state *state, struct txn *txn,
		       uint32_t profile_index)
{
	struct open_request *e = request_of(state, profile_index);
	const struct record *record;
	struct scep_status *status;
	struct scep_profile *profile;
	struct scep_error error;

	if (e == NULL || e->task.record->is_suspended)
		return;
	record = e->task.record;
	/* It ends without the server. */
	if (record->step == STEP_DEPLOY) {
		log_info("%s: not cancelled, as its certificate is registered",
			 e->task.name);
		return;
	}
	status = edit_status(state, txn, record->index);
	profile = edit_profile(state, txn, profile_index);
	if (status != NULL) {
		cancel_status(state, status);
		outcome_note(state, txn, status, true);
		if (profile != NULL)
			cancel_in_profile(state, profile, status);
	}
	txn_remove(txn, STORE_RECORD, record->index);
	error_set(&error, SCEP_CANCELLED, "by the manager");
	key_actions_note_renewed(state, txn, record->action_key, &error);
}

/* A suspended request has lost its challenge: it takes a new one of the
 * profile.  One with an EC key has kept it; what the server has answered
 * PENDING to, it answers with the old one. */
static void poll_record(struct record *record, struct scep_profile *profile)
{
	record->is_suspended = false;
	record->next_try = 0;
	if (record->values.challenge_password.length != 0 &&
	    (profile->request.challenge_password.length == 0 ||
	     record->step == STEP_POLL))
		return;
	record->values.challenge_password = profile->request.challenge_password;
	profile->request_written &=
	    ~settings_request_bit(SCEP_REQUEST_CHALLENGE_PASSWORD);
}

static void add_poll_now(struct state *state, struct txn *txn,
			 uint32_t profile_index)
{
	struct open_request *e = request_of(state, profile_index);
	struct scep_profile *profile = edit_profile(state, txn, profile_index);
	struct scep_status *status;
	struct record *record;

	if (e == NULL || profile == NULL)
		return;
	status = edit_status(state, txn, e->task.record->index);
	/* A new one begins by itself. */
	if (status != NULL && status->state == SCEP_STATE_TO_BE_PROCESSED)
		return;
	/* The server may have answered the exchange in flight before the
	 * manager asked: another poll follows it (request_plan_retry()). */
	if (e->task.is_busy) {
		if (status != NULL)
			status->next_poll = state_now(state);
		return;
	}
	record =
	    txn_edit(state, txn, STORE_RECORD, e->task.record->index, true);
	if (record != NULL && record->is_suspended)
		key_actions_note_resumed(state, txn, record->action_key);
	if (record != NULL)
		poll_record(record, profile);
	if (status == NULL)
		return;
	status->state = SCEP_STATE_PROCESSING;
	status->finish_time = 0;
	if (e->task.record->step != STEP_WAIT_TRUST)
		status->next_poll = state_now(state);
}

static void add_request_action(struct state *state, struct txn *txn,
			       uint32_t profile_index,
			       enum scep_request_action action)
{
	switch (action) {
	case SCEP_ACTION_SEND:
		add_send(state, txn, profile_index);
		break;
	case SCEP_ACTION_CANCEL:
		add_cancel(state, txn, profile_index);
		break;
	case SCEP_ACTION_POLL_NOW:
		add_poll_now(state, txn, profile_index);
		break;
	case SCEP_ACTION_CLEAR:
		request_new_drop_suspended(state, txn, profile_index);
		outcome_acknowledge(state, txn, profile_index);
		break;
	case SCEP_ACTION_NOOP:
		break;
	}
}

/* ------------------------------------------------------------ all actions */

static void acknowledge_all(struct state *state, struct txn *txn)
{
	for (uint32_t index = 1; index <= SCEP_PROFILE_MAX; index++)
		outcome_acknowledge(state, txn, index);
	if (state->view.agent.recovery[0] != '\0')
		memset(txn_edit_agent(state, txn)->recovery, 0,
		       sizeof(state->view.agent.recovery));
}

static void add_check(struct state *state, struct txn *txn,
		      uint32_t profile_index)
{
	struct scep_profile *profile = edit_profile(state, txn, profile_index);

	if (profile == NULL)
		return;
	profile->facts.check_result = SCEP_IN_PROGRESS;
	snprintf(profile->facts.check_text, sizeof(profile->facts.check_text),
		 "running");
}

void set_actions_add(struct state *state, struct txn *txn,
		     const struct rules_action *action)
{
	if (action->field == SCEP_AGENT_RESTART)
		restart_want(state, txn, RESTART_BY_MANAGER, 0);
	if (action->field == SCEP_AGENT_ACKNOWLEDGE)
		acknowledge_all(state, txn);
	if (action->field == SCEP_SERVER_CHECK)
		add_check(state, txn, action->index);
	/* A trusted row is a pin, which goes with it. */
	if (action->field == SCEP_CA_ROW_STATUS)
		txn_remove(txn, STORE_CA, action->index);
	if (action->field == SCEP_REQUEST_ACTION)
		add_request_action(state, txn, action->index,
				   (enum scep_request_action)action->number);
	key_actions_act(state, txn, action);
}
