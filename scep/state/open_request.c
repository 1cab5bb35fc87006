/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/open_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/enroll/ca_table.h"
#include "scep/protocol/crl.h"
#include "scep/base/error.h"
#include "scep/enroll/steps.h"

/* --------------------------------------------------------------- a run -- */

static void run_free(struct run *run)
{
	record_free(run->next);
	free(run->url);
	free(run->cas);
	X509_CRL_free(run->crl);
	bytes_free(&run->message);
	bytes_free(&run->answer.body);
	memset(run, 0, sizeof(*run));
}

bool enrolment_prepare(struct enrolment *e)
{
	struct run *run = &e->run;

	run_free(run);
	error_init(&run->error);
	error_init(&run->doubt);
	run->clock = state_now(e->state);
	run->now = state_clock_is_sane(e->state) ? run->clock : 0;
	run->allow_legacy = e->state->config.allow_legacy;
	cas_collect_pins(e);
	run->next = record_copy(e->record);
	return run->next != NULL;
}

/* ---------------------------------------------------------- collection -- */

/* The wait that is left of a poll, in ms; a clock that was set cannot make
 * it longer than the interval. */
static uint64_t wait_left(struct state *state, const struct record *record)
{
	const struct scep_profile *profile =
	    scep_rows_find(&state->view.profiles, record->profile_index);
	int64_t left = record->next_try - state_now(state);

	if (record->next_try == 0 || left <= 0 || profile == NULL)
		return 0;
	if (left > (int64_t)profile->timer.poll_interval)
		left = profile->timer.poll_interval;
	return (uint64_t)left * 1000;
}

static struct enrolment *find_in(struct enrolment *e, uint32_t index)
{
	while (e != NULL && e->record->index != index)
		e = e->next;
	return e;
}

static struct enrolment *enrolment_new(struct state *state,
				       struct record *record)
{
	struct enrolment *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		record_free(record);
		return NULL;
	}
	e->state = state;
	e->record = record;
	return e;
}

struct enrolment *enrolment_open(struct state *state, struct record *record)
{
	struct enrolment *e = enrolment_new(state, record);

	if (e == NULL)
		return NULL;
	e->is_blocked = find_in(state->discarded, record->index) != NULL;
	e->due = record->is_parked
		     ? ENROLMENT_NEVER
		     : state_mono(state) + wait_left(state, record);
	e->next = state->enrolments;
	state->enrolments = e;
	return e;
}

struct enrolment *enrolment_open_check(struct state *state,
				       struct record *record, uint32_t check)
{
	struct enrolment *e = enrolment_new(state, record);

	if (e == NULL)
		return NULL;
	e->check = check;
	e->due = state_mono(state);
	e->next = state->checks;
	state->checks = e;
	return e;
}

static void enrolment_free(struct enrolment *e)
{
	run_free(&e->run);
	record_free(e->record);
	row_release(e->lost);
	free(e);
}

void enrolment_stop(struct enrolment *e)
{
	if (e->fetch == NULL)
		return;
	e->state->io->ops->fetch_cancel(e->state->io, e->fetch);
	e->fetch = NULL;
	e->is_busy = false;
}

static void unlist(struct enrolment **list, struct enrolment *e)
{
	while (*list != e)
		list = &(*list)->next;
	*list = e->next;
}

void enrolment_discard(struct enrolment *e)
{
	unlist(e->check != 0 ? &e->state->checks : &e->state->enrolments, e);
	enrolment_stop(e);
	if (!e->is_busy) {
		enrolment_free(e);
		return;
	}
	e->is_discarded = true;
	e->next = e->state->discarded;
	e->state->discarded = e;
}

void enrolment_come_back(struct enrolment *e)
{
	struct state *state = e->state;
	uint32_t index = e->record->index;
	struct enrolment *heir = enrolment_find(state, index);

	unlist(&state->discarded, e);
	enrolment_free(e);
	if (heir == NULL || find_in(state->discarded, index) != NULL)
		return;
	heir->is_blocked = false;
	enrolment_wake(state);
}

struct enrolment *enrolment_find(struct state *state, uint32_t index)
{
	return find_in(state->enrolments, index);
}

bool enrolment_is_idle(const struct enrolment *e)
{
	return !e->is_busy && !e->is_held && !e->is_blocked;
}

static uint64_t first_due(const struct enrolment *e, uint64_t first)
{
	for (; e != NULL; e = e->next) {
		if (enrolment_is_idle(e) && e->due < first)
			first = e->due;
	}
	return first;
}

/* `due` is 0 for never. */
static uint64_t sooner(uint64_t first, uint64_t due)
{
	return due != 0 && due < first ? due : first;
}

static bool is_spare_due(struct state *state)
{
	return state->store != NULL && state->spare.is_stale &&
	       !state->spare.is_running &&
	       state->spare.wake <= state_mono(state);
}

/* Has the tick come when the first of all is due. */
void enrolment_wake(struct state *state)
{
	uint64_t first = state->timers_due;

	/* While a Set is in hand, the timers wait for its end. */
	if (state->deadline != 0)
		first = state->deadline;
	else if (state->timers_are_stale || is_spare_due(state))
		first = state_mono(state);
	else if (first == 0)
		first = ENROLMENT_NEVER;
	first = sooner(first, state->restart.wake);
	first = sooner(first, state->deploy.wake);
	first = sooner(first, state->deploy.probe_at);
	first = sooner(first, state->default_key.wake);
	first = sooner(first, state->spare.wake);
	first = first_due(state->enrolments, first);
	first = first_due(state->checks, first);
	state->io->ops->wake_at(state->io,
				first == ENROLMENT_NEVER ? 0 : first);
}

void enrolment_go_on_at(struct enrolment *e, uint64_t due)
{
	e->due = due;
	enrolment_wake(e->state);
}

const struct scep_status *enrolment_status_now(struct enrolment *e)
{
	return scep_rows_find(&e->state->view.statuses, e->record->index);
}

const struct scep_profile *enrolment_profile(struct enrolment *e)
{
	return scep_rows_find(&e->state->view.profiles,
			      e->record->profile_index);
}

bool enrolment_has_same_server(struct enrolment *e)
{
	const struct scep_profile *profile = enrolment_profile(e);
	const struct scep_server *ours = &e->record->server;

	return profile == NULL ||
	       (strcmp(profile->server.url, ours->url) == 0 &&
		profile->server.ca_fingerprint.length ==
		    ours->ca_fingerprint.length &&
		memcmp(profile->server.ca_fingerprint.data,
		       ours->ca_fingerprint.data,
		       ours->ca_fingerprint.length) == 0);
}

void enrolment_name(const struct enrolment *e, char name[ENROLMENT_NAME])
{
	if (e->check != 0)
		snprintf(name, ENROLMENT_NAME, "check of profile %u",
			 e->record->profile_index);
	else
		snprintf(name, ENROLMENT_NAME, "request %u", e->record->index);
}

void enrolment_resume(struct enrolment *e)
{
	if (!e->is_busy)
		enrolment_go_on_at(e, state_mono(e->state));
}
