/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/ca_pinning.h"

#include <stdlib.h>
#include <string.h>

#include "scep/base/error.h"
#include "scep/protocol/ca_certs.h"

/* Describes what came, for scepCaTable. */
static bool describe_cas(struct run *run, STACK_OF(X509) * certificates)
{
	X509 *candidate = trust_candidate(certificates);
	int count = sk_X509_num(certificates);

	run->cas = calloc((size_t)count + 1, sizeof(*run->cas));
	if (run->cas == NULL)
		return false;
	run->ca_count = (size_t)count;
	run->candidate = run->ca_count;
	for (int i = 0; i < count; i++) {
		X509 *each = sk_X509_value(certificates, i);

		trust_describe(each, &run->cas[i]);
		if (each == candidate)
			run->candidate = (size_t)i;
	}
	return true;
}

/* The anchor of the trust among what came: it is the one to be shown. */
static void note_anchor(struct run *run, STACK_OF(X509) * certificates,
			const struct trust *trust)
{
	for (int i = 0; i < sk_X509_num(certificates); i++) {
		if (X509_cmp(sk_X509_value(certificates, i), trust->anchor) ==
		    0)
			run->candidate = (size_t)i;
	}
}

/* Trust on first use: what is seen first is the pin. */
static void pin_candidate(struct run *run)
{
	const struct scep_octets32 *print;

	if (run->candidate >= run->ca_count)
		return;
	print = &run->cas[run->candidate].fingerprint;
	run->pins[0].length = print->length;
	memcpy(run->pins[0].data, print->data, print->length);
	run->pin_count = 1;
}

/* Anchor first, recipient second, then the rest that chains. */
static enum scep_code keep_trust(struct enrolment *e, const struct trust *trust)
{
	STACK_OF(X509) *ordered = sk_X509_new_null();
	enum scep_code code = SCEP_STORAGE_ERROR;

	if (ordered == NULL || !sk_X509_push(ordered, trust->anchor) ||
	    !sk_X509_push(ordered, trust->recipient))
		goto out;
	for (int i = 0; i < sk_X509_num(trust->chain); i++) {
		X509 *each = sk_X509_value(trust->chain, i);

		if (X509_cmp(each, trust->anchor) != 0 &&
		    X509_cmp(each, trust->recipient) != 0 &&
		    !sk_X509_push(ordered, each))
			goto out;
	}
	code = trust_to_pem(ordered, &e->run.next->trust, &e->run.error);
out:
	sk_X509_free(ordered);
	return code;
}

static void establish(struct enrolment *e, STACK_OF(X509) * certificates)
{
	struct run *run = &e->run;
	const struct scep_server *server = &e->record->server;
	struct trust_pin pins[ENROLMENT_PINS];
	struct trust trust = {0};

	if (run->pin_count == 0 &&
	    server->ca_trust_policy == SCEP_TRUST_FIRST_USE)
		pin_candidate(run);
	for (size_t i = 0; i < run->pin_count; i++) {
		pins[i].length = run->pins[i].length;
		memcpy(pins[i].digest, run->pins[i].data, pins[i].length);
	}
	if (run->pin_count > 0 &&
	    trust_establish(certificates, pins, run->pin_count, run->now,
			    &trust, &run->error) == SCEP_OK &&
	    keep_trust(e, &trust) == SCEP_OK) {
		note_anchor(run, certificates, &trust);
		run->is_trusted = true;
	}
	trust_free(&trust);
}

static bool has_brought_a_pin(const struct run *run)
{
	for (size_t i = 0; i < run->ca_count; i++) {
		const struct scep_octets32 *print = &run->cas[i].fingerprint;

		for (size_t j = 0; j < run->pin_count; j++) {
			if (run->pins[j].length == print->length &&
			    memcmp(run->pins[j].data, print->data,
				   print->length) == 0)
				return true;
		}
	}
	return false;
}

void pinning_digest(struct enrolment *e)
{
	struct run *run = &e->run;
	const struct scep_server *server = &e->record->server;
	STACK_OF(X509) *certificates = NULL;

	if (trust_read(run->answer.body.data, run->answer.body.length,
		       &certificates, &run->error) != SCEP_OK)
		return;
	if (describe_cas(run, certificates))
		establish(e, certificates);
	else
		error_set(&run->error, SCEP_STORAGE_ERROR, "memory is short");
	/* Without a pin of the manager's own, an operator may still say yes
	 * to what is new (MIB, rule 15); but there is no more to say of a
	 * trusted CA that has expired. */
	if (!run->is_trusted && server->ca_fingerprint.length == 0 &&
	    !has_brought_a_pin(run) &&
	    server->ca_trust_policy == SCEP_TRUST_VERIFY &&
	    (run->error.code == SCEP_CA_NOT_TRUSTED ||
	     run->error.code == SCEP_OK) &&
	    run->candidate < run->ca_count)
		error_init(&run->error);
	else if (!run->is_trusted && run->error.code == SCEP_OK)
		error_set(&run->error, SCEP_CA_NOT_TRUSTED,
			  "no CA certificate among those of the server");
	sk_X509_pop_free(certificates, X509_free);
}
