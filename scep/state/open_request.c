/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/open_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/server.h"
#include "scep/status_row.h"
#include "scep/protocol/crl.h"
#include "scep/base/error.h"

/* ------------------------------------------------------------- the name -- */

/* Names a request in the log: "request 7 (profile 1, key web, www.example)". */
static void name_request(struct open_request *e)
{
	const struct record *record = e->record;

	snprintf(e->name, sizeof(e->name),
		 "request %u (profile %u, key %s, %s)", record->index,
		 record->profile_index, record->values.key_name,
		 record->values.common_name);
}

static void name_check(struct open_request *e)
{
	snprintf(e->name, sizeof(e->name), "server check of profile %u",
		 e->record->profile_index);
}

/* --------------------------------------------------------------- a run -- */

static void run_free(struct step_work *work)
{
	row_release(work->next);
	free(work->url);
	free(work->cas);
	X509_CRL_free(work->crl);
	bytes_free(&work->message);
	bytes_free(&work->answer.body);
	memset(work, 0, sizeof(*work));
}

bool open_request_prepare(struct open_request *e)
{
	struct step_work *work = &e->work;

	run_free(work);
	error_init(&work->error);
	error_init(&work->ca_refetch);
	work->clock = state_now(e->state);
	work->now = state_clock_is_sane(e->state) ? work->clock : 0;
	work->allow_legacy = e->state->config.allow_legacy;
	work->next = row_copy(e->record);
	return work->next != NULL;
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

static struct open_request *find_in(struct open_request *e, uint32_t index)
{
	while (e != NULL && e->record->index != index)
		e = e->next;
	return e;
}

/* Takes the record. */
static struct open_request *open_request_new(struct state *state,
					     struct record *record)
{
	struct open_request *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		row_release(record);
		return NULL;
	}
	e->state = state;
	e->record = record;
	return e;
}

/* If an earlier enrolment of the same request still has a worker, this one
 * begins when that one is back: both would write the same files. */
static bool open_request_open(struct state *state, struct record *record)
{
	struct open_request *e = open_request_new(state, row_retain(record));

	if (e == NULL)
		return false;
	name_request(e);
	e->is_blocked = find_in(state->discarded, record->index) != NULL;
	e->due = record->is_suspended
		     ? STATE_NEVER
		     : state_mono(state) + wait_left(state, record);
	e->next = state->open_requests;
	state->open_requests = e;
	return true;
}

struct open_request *open_request_open_check(struct state *state,
					     struct record *record,
					     uint32_t check)
{
	struct open_request *e = open_request_new(state, record);

	if (e == NULL)
		return NULL;
	name_check(e);
	e->check = check;
	e->due = state_mono(state);
	e->next = state->checks;
	state->checks = e;
	return e;
}

static void open_request_free(struct open_request *e)
{
	run_free(&e->work);
	row_release(e->record);
	row_release(e->lost);
	free(e);
}

static void open_request_stop(struct open_request *e)
{
	if (e->fetch == NULL)
		return;
	e->state->io->ops->fetch_cancel(e->state->io, e->fetch);
	e->fetch = NULL;
	e->is_busy = false;
}

static void unlist(struct open_request **list, struct open_request *e)
{
	while (*list != e)
		list = &(*list)->next;
	*list = e->next;
}

void open_request_discard(struct open_request *e)
{
	unlist(e->check != 0 ? &e->state->checks : &e->state->open_requests, e);
	open_request_stop(e);
	if (!e->is_busy) {
		open_request_free(e);
		return;
	}
	e->is_discarded = true;
	e->next = e->state->discarded;
	e->state->discarded = e;
}

void open_request_come_back(struct open_request *e)
{
	struct state *state = e->state;
	uint32_t index = e->record->index;
	struct open_request *heir = open_request_find(state, index);

	unlist(&state->discarded, e);
	open_request_free(e);
	if (heir == NULL || find_in(state->discarded, index) != NULL)
		return;
	heir->is_blocked = false;
	state_ask_tick(state);
}

void open_request_stop_all(struct state *state)
{
	state->is_stopping = true;
	for (struct open_request *e = state->open_requests; e != NULL;
	     e = e->next)
		open_request_stop(e);
	for (struct open_request *e = state->checks; e != NULL; e = e->next)
		open_request_stop(e);
}

void open_request_discard_all(struct state *state)
{
	while (state->open_requests != NULL)
		open_request_discard(state->open_requests);
	while (state->checks != NULL)
		open_request_discard(state->checks);
}

/* ------------------------------------------------- following the records -- */

static void follow_record(struct state *state, uint32_t index)
{
	struct record *record = (void *)scep_rows_find(&state->records, index);
	struct open_request *e = open_request_find(state, index);

	if (record == NULL) {
		if (e != NULL)
			open_request_discard(e);
	} else if (e != NULL) {
		row_release(e->record);
		e->record = row_retain(record);
	} else if (!open_request_open(state, record)) {
		/* It is on disk: the next start finds it. */
		state_notify(state, SCEP_EVENT_FATAL, 0);
	}
}

bool open_request_follow_records(struct state *state)
{
	state->follow_record = follow_record;
	ROWS_EACH (i, &state->records) {
		if (!open_request_open(state, state->records.row[i]))
			return false;
	}
	return true;
}

/* ----------------------------------------------------------------- asking --
 */

struct open_request *open_request_find(struct state *state, uint32_t index)
{
	return find_in(state->open_requests, index);
}

bool open_request_is_idle(const struct open_request *e)
{
	return !e->is_busy && !e->is_blocked;
}

void open_request_go_on_at(struct open_request *e, uint64_t due)
{
	e->due = due;
	state_ask_tick(e->state);
}

const struct scep_status *open_request_status_now(struct open_request *e)
{
	return scep_rows_find(&e->state->view.statuses, e->record->index);
}

const struct scep_profile *open_request_profile(struct open_request *e)
{
	return scep_rows_find(&e->state->view.profiles,
			      e->record->profile_index);
}

bool open_request_has_same_server(struct open_request *e)
{
	const struct scep_profile *profile = open_request_profile(e);
	const struct scep_server *ours = &e->record->server;

	return profile == NULL ||
	       (strcmp(profile->server.url, ours->url) == 0 &&
		profile->server.ca_fingerprint.length ==
		    ours->ca_fingerprint.length &&
		memcmp(profile->server.ca_fingerprint.data,
		       ours->ca_fingerprint.data,
		       ours->ca_fingerprint.length) == 0);
}

void open_request_resume(struct open_request *e)
{
	if (!e->is_busy)
		open_request_go_on_at(e, state_mono(e->state));
}
