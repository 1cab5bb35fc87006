/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/ca_table.h"

#include <string.h>

static bool is_same_certificate(const struct scep_ca *a,
				const struct scep_ca *b)
{
	return a->fingerprint.length == b->fingerprint.length &&
	       memcmp(a->fingerprint.data, b->fingerprint.data,
		      a->fingerprint.length) == 0;
}

void ca_table_collect_pins(struct open_request *enrolment)
{
	const struct record *record = enrolment->record;
	const struct scep_rows *rows = &enrolment->state->view.cas;
	struct step_work *work = &enrolment->work;

	work->pin_count = 0;
	if (record->server.ca_fingerprint.length > 0)
		work->pins[work->pin_count++] = record->server.ca_fingerprint;
	/* The newest first: a CA that was trusted today must not be left out
	 * for one of a decade ago. */
	for (size_t i = rows->count; i-- > 0;) {
		const struct scep_ca *ca = rows->row[i];
		struct scep_octets64 *pin = &work->pins[work->pin_count];

		if (ca->profile_index != record->profile_index ||
		    ca->trust != SCEP_CA_TRUSTED)
			continue;
		/* What the manager has pinned speaks for the CA that it has
		 * announced, and for no other. */
		if (record->server.ca_fingerprint.length > 0 &&
		    ca->source != SCEP_CA_GET_NEXT)
			continue;
		pin->length = ca->fingerprint.length;
		memcpy(pin->data, ca->fingerprint.data, pin->length);
		if (++work->pin_count == OPEN_REQUEST_PINS)
			return;
	}
}

static const struct scep_ca *cas_find(const struct scep_rows *rows,
				      uint32_t profile_index,
				      const struct scep_ca *wanted)
{
	ROWS_EACH (i, rows) {
		const struct scep_ca *ca = rows->row[i];

		if (ca->profile_index == profile_index &&
		    is_same_certificate(ca, wanted))
			return ca;
	}
	return NULL;
}

static bool is_brought(const struct step_work *work, const struct scep_ca *row)
{
	for (size_t i = 0; i < work->ca_count; i++) {
		if (is_same_certificate(&work->cas[i], row))
			return true;
	}
	return false;
}

static void remove_what_is_gone(struct open_request *enrolment,
				enum scep_ca_source source, struct txn *txn)
{
	const struct scep_rows *rows = &enrolment->state->view.cas;

	ROWS_EACH (i, rows) {
		const struct scep_ca *ca = rows->row[i];

		if (ca->profile_index == enrolment->record->profile_index &&
		    ca->source == (uint32_t)source &&
		    (ca->trust == SCEP_CA_PENDING ||
		     ca->trust == SCEP_CA_CHAINED) &&
		    !is_brought(&enrolment->work, ca))
			txn_remove(txn, STORE_CA, ca->index);
	}
}

/* The next CA has become the present one.  Its source tells the pins, as
 * before, how it came to be trusted. */
static void drop_next(const struct scep_ca *old, struct txn *txn)
{
	struct scep_ca *row;

	if ((old->role & SCEP_CA_NEXT) == 0)
		return;
	row = row_copy(old);
	if (row != NULL)
		row->role &= ~(uint32_t)SCEP_CA_NEXT;
	txn_put(txn, STORE_CA, row);
}

/* Returns the row's index. */
static uint32_t merge_one(struct open_request *enrolment,
			  const struct scep_ca *described,
			  enum scep_ca_source source, enum scep_ca_trust trust,
			  struct txn *txn)
{
	struct state *state = enrolment->state;
	uint32_t profile_index = enrolment->record->profile_index;
	const struct scep_ca *old =
	    cas_find(&state->view.cas, profile_index, described);
	struct scep_ca *row;

	/* A decision stands; only a new one raises a row that had none. */
	if (old != NULL &&
	    (old->trust == (uint32_t)trust || old->trust == SCEP_CA_TRUSTED ||
	     old->trust == SCEP_CA_REJECTED)) {
		if (source == SCEP_CA_GET)
			drop_next(old, txn);
		return old->index;
	}
	row = row_new(sizeof(*row));
	if (row != NULL) {
		*row = *described;
		row->index = old != NULL ? old->index : ++state->ca_last_index;
		row->profile_index = profile_index;
		row->source = source;
		row->trust = trust;
	}
	txn_put(txn, STORE_CA, row);
	return row != NULL ? row->index : 0;
}

uint32_t ca_table_merge(struct open_request *enrolment,
			enum scep_ca_source source, enum scep_ca_trust trust,
			struct txn *txn)
{
	const struct step_work *work = &enrolment->work;
	uint32_t candidate = 0;

	remove_what_is_gone(enrolment, source, txn);
	for (size_t i = 0; i < work->ca_count; i++) {
		if (i == work->candidate)
			candidate = merge_one(enrolment, &work->cas[i], source,
					      trust, txn);
		else
			merge_one(enrolment, &work->cas[i], source,
				  SCEP_CA_CHAINED, txn);
	}
	return candidate;
}

enum scep_ca_trust ca_table_decided(struct open_request *enrolment)
{
	const struct step_work *work = &enrolment->work;
	const struct scep_ca *row;

	if (work->candidate >= work->ca_count)
		return SCEP_CA_PENDING;
	row = cas_find(&enrolment->state->view.cas,
		       enrolment->record->profile_index,
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
