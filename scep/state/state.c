/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/state.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/profile_row.h"
#include "scep/scep.h"
#include "scep/state/build_time.h"
#include "scep/state/health.h"
#include "scep/state/health_text.h"
#include "scep/base/log.h"
#include "scep/settings/settings.h"

/* The view comes first, so that a reader's pointer leads back here. */
struct published {
	struct scep_view view;
	atomic_uint references;
};

bool state_init(struct state *state, struct io *io,
		const struct scep_config *config,
		const struct scep_watcher *watcher)
{
	memset(state, 0, sizeof(*state));
	state->io = io;
	state->config = *config;
	if (watcher != NULL)
		state->watcher = *watcher;
	snprintf(state->keys_folder, sizeof(state->keys_folder), "%s/keys",
		 config->state_directory);
	snprintf(state->certs_folder, sizeof(state->certs_folder), "%s/certs",
		 config->state_directory);
	snprintf(state->crls_folder, sizeof(state->crls_folder), "%s/crls",
		 config->state_directory);
	settings_preset_agent(&state->view.agent);
	state->view.agent.status_max_rows = config->status_history;
	state->view.agent.key_limit = config->key_limit;
	state->view.agent.started_mono = state_mono(state);
	return pthread_mutex_init(&state->published_lock, NULL) == 0;
}

static void view_free(struct scep_view *view)
{
	rows_free(&view->profiles);
	rows_free(&view->statuses);
	rows_free(&view->keys);
	rows_free(&view->cas);
	rows_free(&view->uses);
	rows_free(&view->retired);
}

static void published_release(struct published *published)
{
	if (published == NULL ||
	    atomic_fetch_sub(&published->references, 1) != 1)
		return;
	view_free(&published->view);
	free(published);
}

void state_empty(struct state *state)
{
	assert(state->open_requests == NULL && state->tasks == NULL);
	store_close(state->store);
	state->store = NULL;
	view_free(&state->view);
	rows_free(&state->records);
}

void state_free(struct state *state)
{
	state_empty(state);
	expiry_watch_free(&state->watch);
	published_release(state->published);
	pthread_mutex_destroy(&state->published_lock);
}

static struct published *published_new(const struct scep_view *view)
{
	struct published *copy = calloc(1, sizeof(*copy));

	if (copy == NULL)
		return NULL;
	atomic_init(&copy->references, 1);
	copy->view.agent = view->agent;
	copy->view.stats = view->stats;
	memcpy(copy->view.suspended, view->suspended, sizeof(view->suspended));
	if (!rows_share(&copy->view.profiles, &view->profiles) ||
	    !rows_share(&copy->view.statuses, &view->statuses) ||
	    !rows_share(&copy->view.keys, &view->keys) ||
	    !rows_share(&copy->view.cas, &view->cas) ||
	    !rows_share(&copy->view.uses, &view->uses) ||
	    !rows_share(&copy->view.retired, &view->retired)) {
		published_release(copy);
		return NULL;
	}
	return copy;
}

static void on_expiry(void *context, enum scep_event_kind kind, uint32_t index)
{
	state_notify(context, kind, index);
}

/* Notes which request pollNow would resume. */
static void note_suspended(struct state *state)
{
	uint32_t *suspended = state->view.suspended;

	memset(suspended, 0, sizeof(state->view.suspended));
	ROWS_EACH (i, &state->records) {
		const struct record *record = state->records.row[i];

		if (record->is_suspended &&
		    record->profile_index <= SCEP_PROFILE_MAX)
			suspended[record->profile_index] = record->index;
	}
}

/* Notes when the view must be made anew though nothing happens. */
static void note_review(struct state *state, const struct health_facts *facts)
{
	int64_t next = health_next_change(&state->view, facts);

	state->reviewed_at = state_mono(state);
	state->reviewed_wall = facts->now;
	state->review_at = STATE_NEVER;
	if (next != HEALTH_NO_CHANGE)
		state->review_at =
		    state->reviewed_at + (uint64_t)(next - facts->now) * 1000;
}

void state_publish(struct state *state)
{
	const struct health_facts facts = {
	    .now = state_now(state),
	    .storage_is_failing = state->store_is_failing,
	    .storage_fault = state->store_fault,
	    .sane_from = state_build_time(),
	    .clock_skew_limit = state->config.clock_skew_limit,
	};
	struct published *fresh, *old;

	if (state->publish_is_held)
		return;
	note_suspended(state);
	state->view.agent.restart_pending =
	    state->restart.is_pending || state->view.agent.restart_wanted != 0;
	health_judge(&state->view, &facts);
	health_text_write(&state->view, &facts);
	note_review(state, &facts);
	fresh = published_new(&state->view);
	if (fresh == NULL) {
		/* The old view stays; the next change shows both. */
		log_error("memory is short: a change is not visible yet");
		return;
	}
	pthread_mutex_lock(&state->published_lock);
	old = state->published;
	state->published = fresh;
	pthread_mutex_unlock(&state->published_lock);
	published_release(old);
	expiry_watch_look(&state->watch, &state->view, facts.now,
			  state_clock_is_sane(state), on_expiry, state);
}

const struct scep_view *state_take(struct state *state)
{
	struct published *published;

	pthread_mutex_lock(&state->published_lock);
	published = state->published;
	atomic_fetch_add(&published->references, 1);
	pthread_mutex_unlock(&state->published_lock);
	return &published->view;
}

void scep_view_release(const struct scep_view *view)
{
	published_release((struct published *)view);
}

void state_ask_tick(struct state *state)
{
	state->tick_is_asked = true;
	state->io->ops->wake_at(state->io, state_mono(state));
}

/* -------------------------------------------------------------- events -- */

const void *scep_row_retain(const void *row)
{
	return row == NULL ? NULL : row_retain((void *)row);
}

void scep_row_release(const void *row)
{
	row_release((void *)row);
}

/* Returns a copy without its secrets: the watcher may keep it for long. */
static void *profile_without_secrets(const struct scep_profile *profile)
{
	struct scep_profile *copy = profile == NULL ? NULL : row_copy(profile);

	if (copy == NULL)
		return NULL;
	memset(&copy->request.challenge_password, 0,
	       sizeof(copy->request.challenge_password));
	memset(&copy->timer.values.challenge_password, 0,
	       sizeof(copy->timer.values.challenge_password));
	return copy;
}

/* Returns the row of an event, with a reference, or NULL. */
static const void *event_row(const struct scep_view *view,
			     enum scep_event_kind kind, uint32_t index)
{
	const struct scep_rows *rows = NULL;

	switch (kind) {
	case SCEP_EVENT_REQUEST_SUCCEEDED:
	case SCEP_EVENT_REQUEST_FAILED:
	case SCEP_EVENT_REQUEST_DEFERRED:
	case SCEP_EVENT_LOOK:
		rows = &view->statuses;
		break;
	case SCEP_EVENT_CERT_EXPIRING:
	case SCEP_EVENT_CERT_EXPIRED:
	case SCEP_EVENT_RESTART_REQUIRED:
	case SCEP_EVENT_RESTART:
		rows = &view->keys;
		break;
	case SCEP_EVENT_CA_PENDING:
	case SCEP_EVENT_CA_EXPIRING:
	case SCEP_EVENT_CA_CHANGED:
		rows = &view->cas;
		break;
	case SCEP_EVENT_CLOCK_SUSPECT:
		return profile_without_secrets(
		    scep_rows_find(&view->profiles, index));
	case SCEP_EVENT_DEPLOY_FAILED:
	case SCEP_EVENT_DEPLOY:
	case SCEP_EVENT_PROBE:
		rows = &view->uses;
		break;
	case SCEP_EVENT_KEY_LIMIT_REACHED:
	case SCEP_EVENT_FATAL:
		return NULL;
	}
	return scep_row_retain(scep_rows_find(rows, index));
}

void state_notify(struct state *state, enum scep_event_kind kind,
		  uint32_t index)
{
	struct scep_event event = {.kind = kind, .index = index};

	if (state->watcher.event == NULL)
		return;
	event.row = event_row(&state->view, kind, index);
	if (kind == SCEP_EVENT_DEPLOY)
		event.key = event_row(&state->view, SCEP_EVENT_RESTART,
				      state->deploy.key);
	state->watcher.event(state->watcher.context, &event);
	scep_row_release(event.row);
	scep_row_release(event.key);
}

int64_t state_build_time(void)
{
	return SCEP_BUILD_TIME;
}

bool state_clock_is_sane(struct state *state)
{
	return state_now(state) >= state_build_time();
}
