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
#include "scep/protocol/unknown_signer.h"

/* From then on a CA can issue no certificate for a year any more, so that it
 * has a successor; longer than any NotifyExpiryDays. */
#define LAST_DAYS ((int64_t)366 * 24 * 3600)

/* ---------------------------------------------------------- GetNextCACert --
 */

bool rollover_is_due(struct enrolment *e)
{
	const struct run *run = &e->run;

	if ((e->record->caps & SCEP_CAP_NEXT_CA) == 0 ||
	    run->candidate >= run->ca_count)
		return false;
	return run->now == 0 ||
	       run->cas[run->candidate].not_after - run->now < LAST_DAYS;
}

void rollover_compose(struct enrolment *e)
{
	/* A request needs no CA but the present one. */
	e->run.may_fail = e->check == 0;
	message_url(e, RFC8894_GET_NEXT_CA_CERT,
		    e->record->server.ca_identifier);
}

/* The first is the CA, the others chain to it. */
static void describe_next(struct run *run, STACK_OF(X509) * certificates)
{
	size_t count = (size_t)sk_X509_num(certificates);

	run->cas = calloc(count, sizeof(*run->cas));
	if (run->cas == NULL) {
		error_set(&run->error, SCEP_STORAGE_ERROR, "memory is short");
		return;
	}
	run->ca_count = count;
	run->candidate = 0;
	for (size_t i = 0; i < count; i++) {
		trust_describe(sk_X509_value(certificates, (int)i),
			       &run->cas[i]);
		run->cas[i].role |= SCEP_CA_NEXT;
	}
}

void rollover_digest(struct enrolment *e)
{
	struct run *run = &e->run;
	struct trust trust = {0};
	struct next_ca_input input = {
	    .body = run->answer.body.data,
	    .length = run->answer.body.length,
	    .trust = &trust,
	    .allow_legacy = run->allow_legacy,
	    .now = run->now,
	};
	STACK_OF(X509) *stack = NULL, *certificates = NULL;
	uint32_t legacy_used = 0;

	/* RFC 8894, 4.7.1: there is none yet. */
	if (run->answer.http_status == 404)
		return;
	if (run->answer.http_status / 100 != 2) {
		error_set_http(&run->error, run->answer.http_status);
		return;
	}
	if (message_load_trust(e->record, &stack, &trust, &run->error) ==
		SCEP_OK &&
	    next_ca_read(&input, &certificates, &legacy_used, &run->error) ==
		SCEP_OK) {
		describe_next(run, certificates);
		message_log_legacy(e, "the server", legacy_used);
	}
	sk_X509_pop_free(certificates, X509_free);
	sk_X509_pop_free(stack, X509_free);
}

void rollover_keep(struct enrolment *e, struct batch *batch)
{
	char name[ENROLMENT_NAME];

	if (e->run.ca_count > 0) {
		cas_merge(e, SCEP_CA_GET_NEXT, SCEP_CA_TRUSTED, batch);
		return;
	}
	enrolment_name(e, name);
	log_info("%s: there is no next CA yet", name);
}

/* ------------------------------------------------------ in mid-transaction --
 */

void rollover_consider(struct enrolment *e, const struct open_input *input)
{
	struct run *run = &e->run;

	if (e->record->doubt != DOUBT_NONE)
		return;
	/* The CA has expired, or has not issued what came; or somebody has
	 * signed who may be its new RA. */
	if (run->error.code != SCEP_CA_NOT_TRUSTED &&
	    (run->error.code != SCEP_BAD_RESPONSE ||
	     !stranger_has_signed(input->message, input->message_length,
				  input->trust)))
		return;
	run->doubt = run->error;
	error_init(&run->error);
}

bool rollover_begin_doubt(struct enrolment *e, struct record *next)
{
	if (e->run.doubt.code == SCEP_OK)
		return false;
	e->doubt = e->run.doubt;
	next->doubt = DOUBT_NOW;
	log_warning("request %u: %s: %s; GetCACert is sent once more",
		    e->record->index, e->step->name, e->doubt.text);
	return true;
}

bool rollover_end_doubt(struct enrolment *e)
{
	struct run *run = &e->run;

	if (e->record->doubt != DOUBT_NOW)
		return true;
	if (!stranger_is_same_set(&e->record->trust, &run->next->trust)) {
		run->next->doubt = DOUBT_SETTLED;
		log_warning("request %u: the certificates of the CA have "
			    "changed in mid-transaction",
			    e->record->index);
		return true;
	}
	/* Who was started again does not remember which check it was. */
	if (e->doubt.code == SCEP_OK)
		error_set(&run->error, SCEP_BAD_RESPONSE,
			  "the reply was not of the pinned CA");
	else
		run->error = e->doubt;
	return false;
}

enum step_id rollover_leads_to(const struct record *record)
{
	if (record->transaction_id[0] == '\0')
		return STEP_MAKE_KEY;
	if (record->doubt != DOUBT_NONE && record->was_pending)
		return STEP_POLL;
	return renewal_step(record);
}
