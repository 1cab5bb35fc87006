/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/ca_rollover.h"

#include <stdlib.h>

#include "scep/enroll/ca_table.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/enroll/message.h"
#include "scep/protocol/next_ca.h"
#include "scep/keys/renewal.h"
#include "scep/enroll/steps.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/signed.h"

/* From then on a CA can issue no certificate for a year any more, so that it
 * has a successor; longer than any NotifyExpiryDays. */
#define LAST_DAYS ((int64_t)366 * 24 * 3600)

/* ---------------------------------------------------------- GetNextCACert --
 */

bool ca_rollover_is_due(struct open_request *e)
{
	const struct step_work *work = &e->work;

	if ((e->record->caps & SCEP_CAP_NEXT_CA) == 0 ||
	    work->candidate >= work->ca_count)
		return false;
	return work->now == 0 ||
	       work->cas[work->candidate].not_after - work->now < LAST_DAYS;
}

void ca_rollover_compose(struct open_request *e)
{
	/* A request needs no CA but the present one. */
	e->work.may_fail = e->check == 0;
	message_url(e, RFC8894_GET_NEXT_CA_CERT,
		    e->record->server.ca_identifier);
}

/* The first is the CA, the others chain to it. */
static void describe_next(struct step_work *work, STACK_OF(X509) * certificates)
{
	size_t count = (size_t)sk_X509_num(certificates);

	work->cas = calloc(count, sizeof(*work->cas));
	if (work->cas == NULL) {
		error_set(&work->error, SCEP_STORAGE_ERROR, "memory is short");
		return;
	}
	work->ca_count = count;
	work->candidate = 0;
	for (size_t i = 0; i < count; i++) {
		certs_describe_ca(sk_X509_value(certificates, (int)i),
				  &work->cas[i]);
		work->cas[i].role |= SCEP_CA_NEXT;
	}
}

void ca_rollover_digest(struct open_request *e)
{
	struct step_work *work = &e->work;
	struct ca_certs trust = {0};
	struct next_ca_input input = {
	    .body = work->answer.body.data,
	    .length = work->answer.body.length,
	    .trust = &trust,
	    .allow_legacy = work->allow_legacy,
	    .now = work->now,
	};
	STACK_OF(X509) *stack = NULL, *certificates = NULL;
	uint32_t legacy_used = 0;

	/* RFC 8894, 4.7.1: there is none yet. */
	if (work->answer.http_status == 404)
		return;
	if (work->answer.http_status / 100 != 2) {
		error_set_http(&work->error, work->answer.http_status);
		return;
	}
	if (message_load_trust(e->record, &stack, &trust, &work->error) ==
		SCEP_OK &&
	    next_ca_read(&input, &certificates, &legacy_used, &work->error) ==
		SCEP_OK) {
		describe_next(work, certificates);
		message_log_legacy(e, "the server", legacy_used);
	}
	sk_X509_pop_free(certificates, X509_free);
	sk_X509_pop_free(stack, X509_free);
}

void ca_rollover_keep(struct open_request *e, struct txn *txn)
{
	char name[OPEN_REQUEST_NAME];

	if (e->work.ca_count > 0) {
		ca_table_merge(e, SCEP_CA_GET_NEXT, SCEP_CA_TRUSTED, txn);
		return;
	}
	open_request_name(e, name);
	log_info("%s: there is no next CA yet", name);
}

/* ------------------------------------------------------ in mid-transaction --
 */

void ca_rollover_consider(struct open_request *e,
			  const struct cert_rep_input *input)
{
	struct step_work *work = &e->work;

	if (e->record->ca_refetch != CA_REFETCH_NONE)
		return;
	/* The CA has expired, or has not issued what came; or somebody has
	 * signed who may be its new RA. */
	if (work->error.code != SCEP_CA_NOT_TRUSTED &&
	    (work->error.code != SCEP_BAD_RESPONSE ||
	     !signed_by_unknown(input->message, input->message_length,
				input->trust->chain)))
		return;
	work->ca_refetch = work->error;
	error_init(&work->error);
}

bool ca_rollover_begin_refetch(struct open_request *e, struct record *next)
{
	if (e->work.ca_refetch.code == SCEP_OK)
		return false;
	e->ca_refetch = e->work.ca_refetch;
	next->ca_refetch = CA_REFETCH_NOW;
	log_warning("request %u: %s: %s; GetCACert is sent once more",
		    e->record->index, e->step->name, e->ca_refetch.text);
	return true;
}

bool ca_rollover_end_refetch(struct open_request *e)
{
	struct step_work *work = &e->work;

	if (e->record->ca_refetch != CA_REFETCH_NOW)
		return true;
	if (!certs_are_same_set(&e->record->trust, &work->next->trust)) {
		work->next->ca_refetch = CA_REFETCH_SETTLED;
		log_warning("request %u: the certificates of the CA have "
			    "changed in mid-transaction",
			    e->record->index);
		return true;
	}
	/* Who was started again does not remember which check it was. */
	if (e->ca_refetch.code == SCEP_OK)
		error_set(&work->error, SCEP_BAD_RESPONSE,
			  "the reply was not of the pinned CA");
	else
		work->error = e->ca_refetch;
	return false;
}

enum step_id ca_rollover_leads_to(const struct record *record)
{
	if (record->transaction_id[0] == '\0')
		return STEP_MAKE_KEY;
	if (record->ca_refetch != CA_REFETCH_NONE && record->was_pending)
		return STEP_POLL;
	return renewal_step(record);
}
