/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/ca_table.h"

#include <string.h>

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/rows.h"
#include "scep/view.h"
#include "scep/base/error.h"

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
		    ca->trust != SCEP_CA_TRUSTED)
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
		    !ca_is_delivered(&task->work, ca))
			txn_remove(txn, STORE_CA, ca->index);
	}
}

/* Shows the next CA as the present one.  Its source stays: the pins depend on
 * it. */
static void ca_make_present(const struct scep_ca *old, struct txn *txn)
{
	struct scep_ca *row;

	if ((old->role & SCEP_CA_NEXT) == 0)
		return;
	row = row_copy(old);
	if (row != NULL)
		row->role &= ~(uint32_t)SCEP_CA_NEXT;
	txn_put(txn, STORE_CA, row);
}

/* Returns the index of the row. */
static uint32_t ca_merge_one(struct task *task, const struct scep_ca *described,
			     enum scep_ca_source source,
			     enum scep_ca_trust trust, struct txn *txn)
{
	struct state *state = task->state;
	uint32_t profile_index = task->record->profile_index;
	const struct scep_ca *old =
	    ca_find_row(&state->view.cas, profile_index, described);
	struct scep_ca *row;

	/* A decision stays; a row without one takes `trust`. */
	if (old != NULL &&
	    (old->trust == (uint32_t)trust || old->trust == SCEP_CA_TRUSTED ||
	     old->trust == SCEP_CA_REJECTED)) {
		if (source == SCEP_CA_GET)
			ca_make_present(old, txn);
		return old->index;
	}
	row = row_new(sizeof(*row));
	if (row != NULL) {
		*row = *described;
		row->index =
		    old != NULL ? old->index : ++state->counters.ca_last_index;
		row->profile_index = profile_index;
		row->source = source;
		row->trust = trust;
	}
	txn_put(txn, STORE_CA, row);
	return row != NULL ? row->index : 0;
}

uint32_t ca_table_merge(struct task *task, enum scep_ca_source source,
			enum scep_ca_trust trust, struct txn *txn)
{
	const struct step_work *work = &task->work;
	uint32_t candidate = 0;

	ca_remove_missing(task, source, txn);
	for (size_t i = 0; i < work->ca_count; i++) {
		if (i == work->candidate)
			candidate = ca_merge_one(task, &work->cas[i], source,
						 trust, txn);
		else
			ca_merge_one(task, &work->cas[i], source,
				     SCEP_CA_CHAINED, txn);
	}
	return candidate;
}

uint32_t ca_table_ask(struct task *task, struct txn *txn)
{
	uint32_t candidate =
	    ca_table_merge(task, SCEP_CA_GET, SCEP_CA_PENDING, txn);

	error_set(&task->work.error, SCEP_CA_NOT_TRUSTED,
		  "waiting for scepCaTrust.%u", candidate);
	return candidate;
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
