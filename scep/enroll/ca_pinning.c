/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/ca_pinning.h"

#include <stdlib.h>
#include <string.h>

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/octets.h"
#include "scep/server.h"
#include "scep/base/error.h"
#include "scep/enroll/message.h"
#include "scep/protocol/ca_certs.h"
#include "scep/protocol/certs.h"

/* Describes the delivered certificates for scepCaTable. */
static enum scep_code describe_cas(struct step_work *work,
				   STACK_OF(X509) * certificates)
{
	X509 *candidate = NULL;
	int count = sk_X509_num(certificates);
	enum scep_code code =
	    ca_certs_candidate(certificates, &candidate, &work->error);

	work->cas = calloc((size_t)count + 1, sizeof(*work->cas));
	if (work->cas == NULL)
		return error_set_memory(&work->error);
	work->ca_count = (size_t)count;
	work->candidate = work->ca_count;
	for (int i = 0; code == SCEP_OK && i < count; i++) {
		X509 *each = sk_X509_value(certificates, i);

		code = certs_describe_ca(each, &work->cas[i], &work->error);
		if (each == candidate)
			work->candidate = (size_t)i;
	}
	return code;
}

/* Makes the trust anchor the candidate: scepCaTable shows it as the CA. */
static void note_anchor(struct step_work *work, STACK_OF(X509) * certificates,
			const struct ca_certs *trust)
{
	for (int i = 0; i < sk_X509_num(certificates); i++) {
		if (X509_cmp(sk_X509_value(certificates, i), trust->anchor) ==
		    0)
			work->candidate = (size_t)i;
	}
}

/* Trust on first use: makes the candidate the pin. */
static void pin_candidate(struct step_work *work)
{
	const struct scep_octets32 *print;

	if (work->candidate >= work->ca_count)
		return;
	print = &work->cas[work->candidate].fingerprint;
	work->pins[0].length = print->length;
	memcpy(work->pins[0].data, print->data, print->length);
	work->pin_count = 1;
}

/* Keeps the anchor first, the recipient second, then the rest of the chain. */
static enum scep_code keep_trust(struct task *task,
				 const struct ca_certs *trust)
{
	STACK_OF(X509) *ordered = sk_X509_new_null();
	struct scep_error *error = &task->work.error;
	enum scep_code code = certs_push(ordered, trust->anchor, error);

	if (code == SCEP_OK)
		code = certs_push(ordered, trust->recipient, error);
	for (int i = 0; code == SCEP_OK && i < sk_X509_num(trust->chain); i++) {
		X509 *each = sk_X509_value(trust->chain, i);

		if (X509_cmp(each, trust->anchor) != 0 &&
		    X509_cmp(each, trust->recipient) != 0)
			code = certs_push(ordered, each, error);
	}
	if (code == SCEP_OK)
		code = certs_to_pem(ordered, &task->work.next->trust, error);
	sk_X509_pop_free(ordered, X509_free);
	return code;
}

static void establish_trust(struct task *task, STACK_OF(X509) * certificates)
{
	struct step_work *work = &task->work;
	const struct scep_server *server = &task->record->server;
	struct ca_certs_pin pins[TASK_PINS];
	struct ca_certs trust = {0};

	if (work->pin_count == 0 &&
	    server->ca_trust_policy == SCEP_TRUST_FIRST_USE)
		pin_candidate(work);
	for (size_t i = 0; i < work->pin_count; i++) {
		pins[i].length = work->pins[i].length;
		memcpy(pins[i].digest, work->pins[i].data, pins[i].length);
	}
	if (work->pin_count > 0 &&
	    ca_certs_establish(certificates, pins, work->pin_count, work->now,
			       &trust, &work->error) == SCEP_OK &&
	    keep_trust(task, &trust) == SCEP_OK) {
		note_anchor(work, certificates, &trust);
		work->is_trusted = true;
	}
	ca_certs_free(&trust);
}

static bool has_delivered_a_pin(const struct step_work *work)
{
	for (size_t i = 0; i < work->ca_count; i++) {
		const struct scep_octets32 *print = &work->cas[i].fingerprint;

		for (size_t j = 0; j < work->pin_count; j++) {
			if (work->pins[j].length == print->length &&
			    memcmp(work->pins[j].data, print->data,
				   print->length) == 0)
				return true;
		}
	}
	return false;
}

void ca_pinning_compose(struct task *task)
{
	message_url(task, RFC8894_GET_CA_CERT,
		    task->record->server.ca_identifier);
}

void ca_pinning_digest(struct task *task)
{
	struct step_work *work = &task->work;
	const struct scep_server *server = &task->record->server;
	STACK_OF(X509) *certificates = NULL;

	if (ca_certs_read(work->answer.body.data, work->answer.body.length,
			  &certificates, &work->error) != SCEP_OK)
		return;
	if (describe_cas(work, certificates) == SCEP_OK)
		establish_trust(task, certificates);
	/* Without CaFingerprint, an operator decides about a CA that is new
	 * (MIB, rule 15).  He has decided before about a CA that is pinned: if
	 * it is not trusted now, it has expired. */
	if (!work->is_trusted && server->ca_fingerprint.length == 0 &&
	    !has_delivered_a_pin(work) &&
	    server->ca_trust_policy == SCEP_TRUST_VERIFY &&
	    (work->error.code == SCEP_CA_NOT_TRUSTED ||
	     work->error.code == SCEP_OK) &&
	    work->candidate < work->ca_count)
		error_init(&work->error);
	else if (!work->is_trusted && work->error.code == SCEP_OK)
		error_set(&work->error, SCEP_CA_NOT_TRUSTED,
			  "no CA certificate among those of the server");
	sk_X509_pop_free(certificates, X509_free);
}
