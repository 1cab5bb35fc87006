/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/ca_pinning.h"

#include <stdlib.h>
#include <string.h>

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/octets.h"
#include "scep/server.h"
#include "scep/text.h"
#include "scep/base/bytes.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/enroll/kept_crls.h"
#include "scep/enroll/message.h"
#include "scep/protocol/ca_answer.h"
#include "scep/protocol/ca_certs.h"
#include "scep/protocol/certs.h"

/* Describes the delivered certificates for scepCaTable. */
static enum scep_code describe_cas(struct step_work *work,
				   STACK_OF(X509) * certificates)
{
	size_t count = (size_t)sk_X509_num(certificates);
	enum scep_code code = SCEP_OK;

	work->cas = calloc(count + 1, sizeof(*work->cas));
	work->entries = calloc(count + 1, sizeof(*work->entries));
	if (work->cas == NULL || work->entries == NULL)
		return error_set_memory(&work->error);
	work->ca_count = count;
	work->candidate = count;
	for (size_t i = 0; code == SCEP_OK && i < count; i++)
		code = certs_describe_ca(sk_X509_value(certificates, (int)i),
					 &work->cas[i], &work->error);
	return code;
}

static bool is_fingerprint(const struct scep_octets32 *a,
			   const struct scep_octets32 *b)
{
	return octets_equal(a->data, a->length, b->data, b->length);
}

/* Takes over what managers and CRLs have said of these certificates. */
static void recall_decisions(const struct task *task)
{
	const struct step_work *work = &task->work;

	ROWS_EACH (i, &work->known_cas) {
		const struct scep_ca *row = work->known_cas.row[i];

		bool is_decided = row->trust == SCEP_CA_TRUSTED ||
				  row->trust == SCEP_CA_REJECTED;

		if (row->profile_index != task->record->profile_index)
			continue;
		for (size_t j = 0; j < work->ca_count; j++) {
			if (!is_fingerprint(&work->cas[j].fingerprint,
					    &row->fingerprint))
				continue;
			work->entries[j].decision = is_decided ? row->trust : 0;
			work->entries[j].is_revoked = row->is_revoked;
		}
	}
}

/* Makes that certificate the candidate: scepCaTable shows it as the CA, even an
 * old one that does not say that it is one. */
static void note_candidate(struct step_work *work,
			   STACK_OF(X509) * certificates, X509 *candidate)
{
	for (int i = 0; i < sk_X509_num(certificates); i++) {
		if (X509_cmp(sk_X509_value(certificates, i), candidate) == 0)
			work->candidate = (size_t)i;
	}
	if (work->candidate < work->ca_count &&
	    (work->cas[work->candidate].role & SCEP_CA_IS_CA) == 0)
		work->cas[work->candidate].role = SCEP_CA_INTERMEDIATE;
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

/* ------------------------------------------------------------- judging -- */

/* Logs that one of them is not believed although it might be expected.  The
 * first that is unfit is also noted for Text of the row. */
static void report_refused(struct task *task, size_t i)
{
	const struct step_work *work = &task->work;
	const struct ca_certs_entry *entry = &work->entries[i];
	const char *what = entry->is_ra ? "RA" : "CA";
	struct record *next = work->next;

	log_warning("%s: the %s %s is ignored: %s", task->name, what,
		    work->cas[i].subject, entry->reason);
	if (entry->is_unfit && next->note[0] == '\0')
		text_format(next->note, sizeof(next->note),
			    "the %s %s is ignored: %s", what,
			    work->cas[i].subject, entry->reason);
}

/* Logs what is odd about those that are believed and those that are not. */
static void report_judgement(struct task *task, STACK_OF(X509) * certificates)
{
	const struct step_work *work = &task->work;
	uint32_t legacy_used = 0;

	work->next->note[0] = '\0';
	for (size_t i = 0; i < work->ca_count; i++) {
		const struct ca_certs_entry *entry = &work->entries[i];
		X509 *certificate = sk_X509_value(certificates, (int)i);

		if (entry->is_believed && i != work->candidate &&
		    certs_is_signed_with_sha1(certificate))
			legacy_used |= SCEP_LEGACY_SHA1;
		if (entry->reason[0] != '\0' &&
		    entry->decision != SCEP_CA_REJECTED)
			report_refused(task, i);
		else if (entry->is_ra && entry->is_believed &&
			 !entry->is_marked &&
			 entry->decision != SCEP_CA_TRUSTED)
			log_warning("%s: the RA %s is believed because "
				    "scepServerRaPolicy is any",
				    task->name, work->cas[i].subject);
	}
	message_log_legacy(task, "the server", legacy_used);
}

/* Fills what the judgement means for the rows of scepCaTable. */
static void show_judgement(struct step_work *work)
{
	for (size_t i = 0; i < work->ca_count; i++) {
		const struct ca_certs_entry *entry = &work->entries[i];
		struct scep_ca *ca = &work->cas[i];

		ca->trust = entry->is_ra && !entry->is_believed
				? SCEP_CA_PENDING
				: SCEP_CA_CHAINED;
		ca->is_revoked = entry->is_revoked;
		ca->is_believed =
		    entry->is_believed && (work->is_trusted || work->awaits_ra);
	}
}

static void establish_trust(struct task *task,
			    const struct ca_certs_input *input)
{
	struct step_work *work = &task->work;
	struct ca_certs trust = {0};

	if (ca_certs_establish(input, work->entries, &trust, &work->error) !=
	    SCEP_OK)
		return;
	note_candidate(work, input->certificates, trust.anchor);
	work->awaits_ra = trust.recipient == NULL;
	if (!work->awaits_ra && keep_trust(task, &trust) == SCEP_OK) {
		work->is_trusted = true;
		report_judgement(task, input->certificates);
	}
	ca_certs_free(&trust);
}

/* Judges what came by the pins, or else as if the candidate were pinned. */
static void judge_answer(struct task *task, STACK_OF(X509) * certificates,
			 STACK_OF(X509_CRL) * crls)
{
	struct step_work *work = &task->work;
	struct ca_certs_pin pins[TASK_PINS];
	struct ca_certs_input input = {
	    .certificates = certificates,
	    .pins = pins,
	    .floor = {work->allow_short_keys, work->allow_legacy},
	    .ra_policy = work->ra_policy,
	    .crls = crls,
	    .now = work->now,
	};
	X509 *candidate = NULL;

	if (ca_certs_candidate(certificates, &input.floor, &candidate,
			       &work->error) != SCEP_OK)
		return;
	if (candidate != NULL)
		note_candidate(work, certificates, candidate);
	if (work->pin_count == 0 &&
	    task->record->server.ca_trust_policy == SCEP_TRUST_FIRST_USE)
		pin_candidate(work);
	input.pin_count = work->pin_count;
	for (size_t i = 0; i < work->pin_count; i++) {
		pins[i].length = work->pins[i].length;
		memcpy(pins[i].digest, work->pins[i].data, pins[i].length);
	}
	if (work->pin_count > 0)
		establish_trust(task, &input);
	if (candidate != NULL && !work->is_trusted && !work->awaits_ra &&
	    work->error.code != SCEP_NO_MEMORY)
		ca_certs_judge(&input, candidate, work->entries,
			       work->error.code == SCEP_OK ? &work->error
							   : NULL);
	show_judgement(work);
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
	STACK_OF(X509_CRL) *crls = NULL;

	if (ca_answer_read(work->answer.body.data, work->answer.body.length,
			   &certificates, &work->error) != SCEP_OK)
		return;
	if (describe_cas(work, certificates) == SCEP_OK &&
	    kept_crls_load(task, &crls, &work->error) == SCEP_OK) {
		recall_decisions(task);
		judge_answer(task, certificates, crls);
	}
	/* Without CaFingerprint, an operator decides about a CA that is new
	 * (MIB, rule 15).  He has decided before about a CA that is pinned: if
	 * it is not trusted now, it has expired. */
	if (work->is_trusted || work->awaits_ra) {
		/* Nothing is left to be decided about the CA. */
	} else if (server->ca_fingerprint.length == 0 &&
		   !has_delivered_a_pin(work) &&
		   server->ca_trust_policy == SCEP_TRUST_VERIFY &&
		   (work->error.code == SCEP_CA_NOT_TRUSTED ||
		    work->error.code == SCEP_OK) &&
		   work->candidate < work->ca_count) {
		error_init(&work->error);
	} else if (work->error.code == SCEP_OK) {
		error_set(&work->error, SCEP_CA_NOT_TRUSTED,
			  "no CA certificate among those of the server");
	}
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	sk_X509_pop_free(certificates, X509_free);
}
