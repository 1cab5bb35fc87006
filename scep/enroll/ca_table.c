/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/ca_table.h"

#include <stdio.h>
#include <string.h>

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/rows.h"
#include "scep/view.h"
#include "scep/base/bytes.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/protocol/ca_certs.h"

static bool is_fingerprint(const struct scep_octets32 *a,
			   const struct scep_octets32 *b)
{
	return a->length == b->length && a->length > 0 &&
	       memcmp(a->data, b->data, a->length) == 0;
}

/* ------------------------------------------------------------------ pins -- */

void ca_table_collect_pins(struct task *task)
{
	const struct record *record = task->record;
	const struct scep_rows *rows = &task->state->view.cas;
	struct step_work *work = &task->work;

	work->pin_count = 0;
	if (record->server.ca_fingerprint.length > 0)
		work->pins[work->pin_count++] = record->server.ca_fingerprint;
	/* Begins with the newest row: if there are too many, the oldest ones
	 * are left out. */
	for (size_t i = rows->count; i-- > 0;) {
		const struct scep_ca *ca = rows->row[i];
		struct scep_octets64 *pin = &work->pins[work->pin_count];

		if (ca->profile_index != record->profile_index ||
		    ca->trust != SCEP_CA_TRUSTED ||
		    (ca->role & SCEP_CA_IS_CA) == 0)
			continue;
		/* Under CaFingerprint, only a CA that was announced by the
		 * pinned one is trusted too. */
		if (record->server.ca_fingerprint.length > 0 &&
		    ca->source != SCEP_CA_GET_NEXT)
			continue;
		pin->length = ca->fingerprint.length;
		memcpy(pin->data, ca->fingerprint.data, pin->length);
		if (++work->pin_count == TASK_PINS)
			return;
	}
}

/* --------------------------------------------------------------- merging -- */

static const struct scep_ca *ca_find_row(const struct scep_rows *rows,
					 uint32_t profile_index,
					 const struct scep_ca *wanted)
{
	ROWS_EACH (i, rows) {
		const struct scep_ca *ca = rows->row[i];

		if (ca->profile_index == profile_index &&
		    is_fingerprint(&ca->fingerprint, &wanted->fingerprint))
			return ca;
	}
	return NULL;
}

static bool ca_is_delivered(const struct step_work *work,
			    const struct scep_ca *row)
{
	for (size_t i = 0; i < work->ca_count; i++) {
		if (is_fingerprint(&work->cas[i].fingerprint,
				   &row->fingerprint))
			return true;
	}
	return false;
}

static void ca_remove_missing(struct task *task, enum scep_ca_source source,
			      struct txn *txn)
{
	const struct scep_rows *rows = &task->state->view.cas;

	ROWS_EACH (i, rows) {
		const struct scep_ca *ca = rows->row[i];

		if (ca->profile_index == task->record->profile_index &&
		    ca->source == (uint32_t)source &&
		    (ca->trust == SCEP_CA_PENDING ||
		     ca->trust == SCEP_CA_CHAINED) &&
		    !ca->is_revoked && /* it could come back */
		    !ca_is_delivered(&task->work, ca))
			txn_remove(txn, STORE_CA, ca->index);
	}
}

/* Shows the next CA as the present one.  Its source stays: the pins depend on
 * it. */
static void ca_make_present(struct task *task, const struct scep_ca *old,
			    struct txn *txn)
{
	struct scep_ca *row;

	if ((old->role & SCEP_CA_NEXT) == 0)
		return;
	task->work.notices.present = old->index;
	row = row_copy(old);
	if (row != NULL)
		row->role &= ~(uint32_t)SCEP_CA_NEXT;
	txn_put(txn, STORE_CA, row);
}

static bool ca_is_decided(const struct scep_ca *row)
{
	return row != NULL && (row->trust == SCEP_CA_TRUSTED ||
			       row->trust == SCEP_CA_REJECTED);
}

/* Notes a row that nobody has decided about, if it has become pending, or if it
 * is believed from now on. */
static void ca_note(struct task *task, const struct scep_ca *old,
		    const struct scep_ca *row)
{
	struct ca_notices *notices = &task->work.notices;
	bool is_believed = row->trust == SCEP_CA_TRUSTED || row->is_believed;

	if (row->trust == SCEP_CA_PENDING &&
	    (old == NULL || old->trust != SCEP_CA_PENDING) &&
	    notices->pending_count <= LIMIT_CERTIFICATES)
		notices->pending[notices->pending_count++] = row->index;
	if (!is_believed || (old != NULL && old->is_believed) ||
	    notices->believed_count > LIMIT_CERTIFICATES)
		return;
	notices->believed[notices->believed_count].index = row->index;
	notices->believed[notices->believed_count++].is_by_manager =
	    row->trust == SCEP_CA_TRUSTED && row->source == SCEP_CA_GET &&
	    task->record->server.ca_fingerprint.length > 0;
}

/* Sets the index of the described certificate to that of its row. */
static void ca_merge_one(struct task *task, struct scep_ca *described,
			 enum scep_ca_source source, enum scep_ca_trust trust,
			 struct txn *txn)
{
	struct state *state = task->state;
	uint32_t profile_index = task->record->profile_index;
	const struct scep_ca *old =
	    ca_find_row(&state->view.cas, profile_index, described);
	struct scep_ca *row;

	described->index =
	    old != NULL ? old->index : ++state->counters.ca_last_index;
	/* A decision stays; a row without one takes `trust`. */
	if (ca_is_decided(old) ||
	    (old != NULL && old->trust == (uint32_t)trust &&
	     old->is_believed == described->is_believed)) {
		if (source == SCEP_CA_GET)
			ca_make_present(task, old, txn);
		return;
	}
	row = row_new(sizeof(*row));
	if (row != NULL) {
		*row = *described;
		row->profile_index = profile_index;
		row->source = source;
		row->trust = trust;
		row->is_revoked |= old != NULL && old->is_revoked;
		ca_note(task, old, row);
	}
	txn_put(txn, STORE_CA, row);
}

uint32_t ca_table_merge(struct task *task, enum scep_ca_source source,
			enum scep_ca_trust trust, struct txn *txn)
{
	const struct step_work *work = &task->work;

	ca_remove_missing(task, source, txn);
	for (size_t i = 0; i < work->ca_count; i++) {
		struct scep_ca *ca = &work->cas[i];

		if (i == work->candidate)
			ca_merge_one(task, ca, source, trust, txn);
		else
			ca_merge_one(task, ca, source,
				     ca->trust == SCEP_CA_PENDING
					 ? SCEP_CA_PENDING
					 : SCEP_CA_CHAINED,
				     txn);
	}
	return work->candidate < work->ca_count
		   ? work->cas[work->candidate].index
		   : 0;
}

/* -------------------------------------------------------------- deciding -- */

/* Tells if the request waits for a decision about that certificate. */
static bool ca_is_awaited(const struct step_work *work, size_t i)
{
	const struct ca_certs_entry *entry = &work->entries[i];

	if (!work->awaits_ra)
		return i == work->candidate;
	return entry->is_ra && !entry->is_believed && entry->decision == 0;
}

/* Says which row is waited for, and why it is not believed as it is. */
static void ca_say_awaited(struct step_work *work)
{
	const struct scep_ca *first = NULL;
	size_t count = 0, at = 0;
	char more[32] = "";

	for (size_t i = work->ca_count; i-- > 0;) {
		if (!ca_is_awaited(work, i))
			continue;
		first = &work->cas[i];
		at = i;
		count++;
	}
	if (count > 1)
		snprintf(more, sizeof(more), " and %zu more", count - 1);
	if (!work->awaits_ra)
		error_set(&work->error, SCEP_CA_NOT_TRUSTED,
			  "waiting for scepCaTrust.%u: the CA %.80s",
			  first != NULL ? first->index : 0,
			  first != NULL ? first->subject : "");
	else if (first != NULL)
		error_set(&work->error, SCEP_CA_NOT_TRUSTED,
			  "waiting for scepCaTrust.%u%s: the RA %s: %s",
			  first->index, more, first->subject,
			  work->entries[at].reason);
}

void ca_table_ask(struct task *task, struct txn *txn)
{
	ca_table_merge(task, SCEP_CA_GET,
		       task->work.awaits_ra ? SCEP_CA_TRUSTED : SCEP_CA_PENDING,
		       txn);
	ca_say_awaited(&task->work);
}

void ca_table_remind(struct task *task)
{
	struct step_work *work = &task->work;
	struct ca_notices *notices = &work->notices;

	for (size_t i = 0; i < work->ca_count; i++) {
		bool is_noted = !ca_is_awaited(work, i);

		for (size_t j = 0; j < notices->pending_count; j++)
			is_noted |= notices->pending[j] == work->cas[i].index;
		if (!is_noted && notices->pending_count <= LIMIT_CERTIFICATES)
			notices->pending[notices->pending_count++] =
			    work->cas[i].index;
	}
}

static void ca_log_believed(const struct task *task, const struct scep_ca *ca)
{
	char fingerprint[2 * sizeof(ca->fingerprint.data) + 1];
	const char *what = "RA";

	if ((ca->role & SCEP_CA_NEXT) != 0)
		what = "next CA";
	else if ((ca->role & SCEP_CA_IS_CA) != 0)
		what = "CA";
	bytes_hex(ca->fingerprint.data, ca->fingerprint.length, fingerprint);
	log_notice("%s: the %s %s (SHA-256 %s) is believed from now on",
		   task->name, what, ca->subject, fingerprint);
}

void ca_table_notify(const struct task *task)
{
	const struct ca_notices *notices = &task->work.notices;
	struct state *state = task->state;
	const struct scep_ca *present =
	    scep_rows_find(&state->view.cas, notices->present);

	if (present != NULL)
		log_notice("%s: the next CA %s is the CA of the server now",
			   task->name, present->subject);
	for (size_t i = 0; i < notices->pending_count; i++)
		state_notify(state, SCEP_EVENT_CA_PENDING, notices->pending[i]);
	for (size_t i = 0; i < notices->believed_count; i++) {
		uint32_t index = notices->believed[i].index;
		const struct scep_ca *ca =
		    scep_rows_find(&state->view.cas, index);

		if (ca == NULL)
			continue;
		ca_log_believed(task, ca);
		if (!notices->believed[i].is_by_manager)
			state_notify(state, SCEP_EVENT_CA_CHANGED, index);
	}
}

bool ca_table_is_stale(struct task *task)
{
	const struct step_work *work = &task->work;

	if (work->ra_policy != task_ra_policy(task))
		return true;
	for (size_t i = 0; work->entries != NULL && i < work->ca_count; i++) {
		const struct scep_ca *row =
		    ca_find_row(&task->state->view.cas,
				task->record->profile_index, &work->cas[i]);
		uint32_t decision = ca_is_decided(row) ? row->trust : 0;

		if (work->entries[i].is_ra &&
		    work->entries[i].decision != decision)
			return true;
	}
	return false;
}

bool ca_table_is_pending(const struct task *task, bool of_ras)
{
	const struct scep_rows *rows = &task->state->view.cas;

	ROWS_EACH (i, rows) {
		const struct scep_ca *ca = rows->row[i];
		bool is_ra = (ca->role & SCEP_CA_IS_CA) == 0;

		if (ca->profile_index == task->record->profile_index &&
		    ca->trust == SCEP_CA_PENDING && is_ra == of_ras)
			return true;
	}
	return false;
}

enum scep_ca_trust ca_table_decided(struct task *task)
{
	const struct step_work *work = &task->work;
	const struct scep_ca *row;

	if (work->candidate >= work->ca_count)
		return SCEP_CA_PENDING;
	row = ca_find_row(&task->state->view.cas, task->record->profile_index,
			  &work->cas[work->candidate]);
	return row != NULL ? row->trust : SCEP_CA_PENDING;
}

void ca_table_forget(struct state *state, uint32_t profile_index,
		     struct txn *txn)
{
	ROWS_EACH (i, &state->view.cas) {
		const struct scep_ca *ca = state->view.cas.row[i];

		if (ca->profile_index == profile_index)
			txn_remove(txn, STORE_CA, ca->index);
	}
}

/* ------------------------------------------------------------ succession -- */

/* Returns the CA that issued the certificate, or NULL. */
static const struct scep_ca *ca_issuer_of(const struct scep_view *view,
					  const struct scep_key *key)
{
	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *ca = view->cas.row[i];

		if (ca->profile_index == key->profile_index &&
		    is_fingerprint(&ca->fingerprint, &key->issuer_fingerprint))
			return ca;
	}
	return NULL;
}

/* Returns the trusted CA of the profile that ends last, if it ends after
 * `issuer`; else NULL. */
static const struct scep_ca *ca_successor_of(const struct scep_view *view,
					     const struct scep_ca *issuer)
{
	const struct scep_ca *found = NULL;

	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *ca = view->cas.row[i];

		if (ca->profile_index != issuer->profile_index ||
		    ca->trust != SCEP_CA_TRUSTED ||
		    (ca->role & SCEP_CA_IS_CA) == 0 ||
		    ca->not_after <= issuer->not_after)
			continue;
		if (found == NULL || ca->not_after > found->not_after)
			found = ca;
	}
	return found;
}

struct ca_succession ca_table_succession(const struct scep_view *view,
					 const struct scep_key *key)
{
	const struct scep_ca *issuer = ca_issuer_of(view, key);
	const struct scep_ca *next =
	    issuer != NULL ? ca_successor_of(view, issuer) : NULL;

	if (next == NULL)
		return (struct ca_succession){0, 0};
	return (struct ca_succession){issuer->not_after, next->not_before};
}
