/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/ca_rollover.h"

#include <stdlib.h>

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/server.h"
#include "scep/enroll/ca_table.h"
#include "scep/base/error.h"
#include "scep/protocol/certs.h"
#include "scep/base/log.h"
#include "scep/enroll/message.h"
#include "scep/protocol/next_ca.h"
#include "scep/keys/renewal.h"
#include "scep/enroll/step.h"
#include "scep/protocol/signed.h"

/* In its last year, a CA can no longer issue certificates for a year, so that
 * there is a next one.  Longer than any NotifyExpiryDays. */
#define LAST_DAYS ((int64_t)366 * 24 * 3600)

/* --------------------------------------------------------- GetNextCACert -- */

bool ca_rollover_is_due(const struct task *task)
{
	const struct step_work *work = &task->work;

	if ((task->record->caps & SCEP_CAP_NEXT_CA) == 0 ||
	    work->candidate >= work->ca_count)
		return false;
	return work->now == 0 ||
	       work->cas[work->candidate].not_after - work->now < LAST_DAYS;
}

void ca_rollover_compose(struct task *task)
{
	message_url(task, RFC8894_GET_NEXT_CA_CERT,
		    task->record->server.ca_identifier);
}

/* Describes the next CA, which is the first, and those that chain to it. */
static void describe_next(struct step_work *work, STACK_OF(X509) * certificates)
{
	size_t count = (size_t)sk_X509_num(certificates);

	work->cas = calloc(count, sizeof(*work->cas));
	if (work->cas == NULL) {
		error_set_memory(&work->error);
		return;
	}
	work->ca_count = count;
	work->candidate = 0;
	for (size_t i = 0; i < count; i++) {
		if (certs_describe_ca(sk_X509_value(certificates, (int)i),
				      &work->cas[i], &work->error) != SCEP_OK)
			return;
		work->cas[i].role |= SCEP_CA_NEXT;
	}
}

void ca_rollover_digest(struct task *task)
{
	struct step_work *work = &task->work;
	struct ca_certs trust = {0};
	struct next_ca_input input = {
	    .body = work->answer.body.data,
	    .length = work->answer.body.length,
	    .trust = &trust,
	    .allow_legacy = work->allow_legacy,
	    .allow_short_keys = work->allow_short_keys,
	    .now = work->now,
	};
	STACK_OF(X509) *stack = NULL, *certificates = NULL;
	uint32_t legacy_used = 0;

	/* There is no next CA yet (RFC 8894, 4.7.1). */
	if (work->answer.http_status == 404)
		return;
	if (work->answer.http_status / 100 != 2) {
		error_set_http(&work->error, work->answer.http_status);
		return;
	}
	if (message_load_trust(task->record, &stack, &trust, &work->error) ==
		SCEP_OK &&
	    next_ca_read(&input, &certificates, &legacy_used, &work->error) ==
		SCEP_OK) {
		describe_next(work, certificates);
		message_log_legacy(task, "the server", legacy_used);
	}
	sk_X509_pop_free(certificates, X509_free);
	sk_X509_pop_free(stack, X509_free);
}

void ca_rollover_keep(struct task *task, struct txn *txn)
{
	if (task->work.ca_count > 0) {
		ca_table_merge(task, SCEP_CA_GET_NEXT, SCEP_CA_TRUSTED, txn);
		return;
	}
	log_info("%s: there is no next CA yet", task->name);
}

/* -------------------------------------------------- during a transaction -- */

void ca_rollover_consider(struct task *task, const struct cert_rep_input *input)
{
	struct step_work *work = &task->work;
	struct scep_error refusal = work->error;
	bool is_unknown = false;

	if (task->record->ca_refetch != CA_REFETCH_NONE)
		return;
	/* The CA has expired or did not issue the certificate, or the signer
	 * may be its new RA. */
	if (refusal.code == SCEP_BAD_RESPONSE &&
	    signed_by_unknown(input->message, input->message_length,
			      input->trust->chain, &is_unknown,
			      &work->error) != SCEP_OK)
		return;
	if (refusal.code != SCEP_CA_NOT_TRUSTED && !is_unknown)
		return;
	work->ca_refetch = refusal;
	error_init(&work->error);
}

bool ca_rollover_begin_refetch(struct open_request *e, struct record *next)
{
	struct task *task = &e->task;

	if (task->work.ca_refetch.code == SCEP_OK)
		return false;
	e->ca_refetch = task->work.ca_refetch;
	next->ca_refetch = CA_REFETCH_NOW;
	log_warning("%s: %s failed, GetCACert is sent again: %s", task->name,
		    task->step->name, e->ca_refetch.text);
	return true;
}

bool ca_rollover_end_refetch(struct open_request *e, struct record *next)
{
	struct task *task = &e->task;
	struct scep_error *error = &task->work.error;
	bool is_same;

	if (task->record->ca_refetch != CA_REFETCH_NOW)
		return true;
	if (certs_compare_sets(&task->record->trust, &next->trust, &is_same,
			       error) != SCEP_OK)
		return false;
	if (!is_same) {
		next->ca_refetch = CA_REFETCH_SETTLED;
		log_warning(
		    "%s: the certificates of the CA have changed during "
		    "the transaction",
		    task->name);
		return true;
	}
	/* A restart of the program loses the first error. */
	if (e->ca_refetch.code == SCEP_OK)
		error_set(error, SCEP_BAD_RESPONSE,
			  "the reply was not of the pinned CA");
	else
		*error = e->ca_refetch;
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
