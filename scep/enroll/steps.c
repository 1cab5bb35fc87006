/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/enroll/ca_table.h"
#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/protocol/key.h"
#include "scep/base/log.h"
#include "scep/enroll/message.h"
#include "scep/enroll/transitions.h"
#include "scep/protocol/cert_rep.h"
#include "scep/enroll/ca_pinning.h"
#include "scep/keys/renewal.h"
#include "scep/protocol/csr.h"
#include "scep/enroll/ca_rollover.h"
#include "scep/protocol/pki_message.h"
#include "scep/keys/spare.h"
#include "scep/protocol/ca_certs.h"
#include "scep/keys/use_locations.h"

#define KEY_FILE_LIMIT (64 * 1024)

/* ---------------------------------------------------- shared by steps -- */

static struct record *take_next(struct enrolment *e)
{
	struct record *next = e->run.next;

	e->run.next = NULL;
	return next;
}

/* ----------------------------------------------- GetCACaps (3.5 of RFC) -- */

static void compose_caps(struct enrolment *e)
{
	message_url(e, RFC8894_GET_CA_CAPS, e->record->server.ca_identifier);
}

static void digest_caps(struct enrolment *e)
{
	const struct bytes *body = &e->run.answer.body;

	e->run.next->caps = caps_read(body->data, body->length);
}

static void settle_caps(struct enrolment *e)
{
	struct caps_choice choice;
	struct batch batch;
	const struct scep_profile *old =
	    scep_rows_find(&e->state->view.profiles, e->record->profile_index);
	struct scep_profile *profile;

	batch_init(&batch);
	if (old != NULL && enrolment_has_same_server(e)) {
		profile = row_copy(old);
		if (profile != NULL)
			profile->facts.caps = e->run.next->caps;
		batch_show(&batch, STORE_PROFILE, profile);
	}
	if (caps_choose(e->run.next->caps, &e->record->server,
			e->run.allow_legacy, &choice, &e->run.error)) {
		batch_free(&batch);
		move_fail(e, take_next(e));
		return;
	}
	move_to(e, STEP_GET_CA_CERT, take_next(e), move_status(e), &batch);
}

/* ------------------------------------------------- GetCACert (4.2 of RFC) */

static void compose_ca_cert(struct enrolment *e)
{
	message_url(e, RFC8894_GET_CA_CERT, e->record->server.ca_identifier);
}

static void fail_trust(struct enrolment *e, const char *reason)
{
	error_set(&e->run.error, SCEP_CA_NOT_TRUSTED, "%s", reason);
	move_fail(e, take_next(e));
}

static void wait_for_trust(struct enrolment *e)
{
	struct state *state = e->state;
	struct batch batch;
	uint32_t candidate;

	batch_init(&batch);
	candidate = cas_merge(e, SCEP_CA_GET, SCEP_CA_PENDING, &batch);
	error_set(&e->run.error, SCEP_CA_NOT_TRUSTED,
		  "waiting for scepCaTrust.%u", candidate);
	/* If the disk refuses, the request ends, and `e` may be gone. */
	move_wait(e, STEP_WAIT_TRUST, take_next(e), &batch);
	if (scep_rows_find(&state->view.cas, candidate) != NULL)
		state_tell(state, SCEP_EVENT_CA_PENDING, candidate);
}

static void settle_ca_cert(struct enrolment *e)
{
	struct batch batch;

	if (e->record->server.ca_fingerprint.length == 0 &&
	    !enrolment_has_same_server(e)) {
		fail_trust(e, "the settings of the server were changed");
		return;
	}
	if (e->record->server.ca_fingerprint.length == 0 &&
	    cas_decided(e) == SCEP_CA_REJECTED) {
		fail_trust(e, "the CA was rejected");
		return;
	}
	if (!e->run.is_trusted) {
		wait_for_trust(e);
		return;
	}
	if (!rollover_end_doubt(e)) {
		move_fail(e, take_next(e));
		return;
	}
	batch_init(&batch);
	if (enrolment_has_same_server(e))
		cas_merge(e, SCEP_CA_GET, SCEP_CA_TRUSTED, &batch);
	move_to(e,
		rollover_is_due(e) ? STEP_GET_NEXT_CA
				   : rollover_leads_to(e->record),
		take_next(e), move_status(e), &batch);
}

/* --------------------------------------------- GetNextCACert (4.7 of RFC) */

static void settle_next_ca(struct enrolment *e)
{
	struct batch batch;

	batch_init(&batch);
	if (e->run.error.code != SCEP_OK)
		log_warning("request %u: the next CA is not known: %s",
			    e->record->index, e->run.error.text);
	else if (enrolment_has_same_server(e))
		rollover_keep(e, &batch);
	error_init(&e->run.error);
	move_to(e, rollover_leads_to(e->record), take_next(e), move_status(e),
		&batch);
}

/* ------------------------------------------------------- waiting for trust */

static bool has_pending_row(struct enrolment *e)
{
	const struct scep_rows *rows = &e->state->view.cas;

	ROWS_EACH (i, rows) {
		const struct scep_ca *ca = rows->row[i];

		if (ca->profile_index == e->record->profile_index &&
		    ca->trust == SCEP_CA_PENDING)
			return true;
	}
	return false;
}

/* Somebody has decided, or the program was started again. */
static void settle_trust(struct enrolment *e)
{
	/* A Set that is in hand may yet be taken back. */
	if (has_pending_row(e) || e->state->deadline != 0) {
		move_look_again(e);
		return;
	}
	if (e->run.pin_count > 0)
		move_to(e, STEP_GET_CA_CERT, take_next(e), move_status(e),
			NULL);
	else
		fail_trust(e, "the CA was rejected");
}

/* ------------------------------------------------------------- the key -- */

/* The certificate that signs the request: the one to be renewed, or one that
 * we make ourselves (RFC 8894, 2.3); owned. */
static enum scep_code make_signer(struct enrolment *e, EVP_PKEY *key,
				  X509 **signer)
{
	if (renewal_signs_with_old(e->record))
		return renewal_load(e, signer);
	return request_self_sign(&e->record->values, key, e->run.clock, signer,
				 &e->run.error);
}

static void compose_key(struct enrolment *e)
{
	struct run *run = &e->run;
	struct record *next = run->next;
	EVP_PKEY *key = NULL;
	X509 *signer = NULL;
	STACK_OF(X509) *stack = NULL;
	struct bytes pem = {NULL, 0};
	char name[80];

	message_file_name(next, name);
	if (!spare_take(e->state->keys_folder, next->values.key_length, name,
			&key) &&
	    (key_make_rsa(next->values.key_length, &key, &run->error) ||
	     key_to_pem(key, &pem, &run->error) ||
	     files_write(e->state->keys_folder, name, pem.data, pem.length,
			 &run->error)))
		goto out;
	/* RFC 8894, 3.2.1.1: unique; the digest of the key is, as every new
	 * request makes a key. */
	if (key_digest(key, next->transaction_id, &run->error) ||
	    make_signer(e, key, &signer))
		goto out;
	stack = sk_X509_new_null();
	if (stack == NULL || !sk_X509_push(stack, signer))
		error_set(&run->error, SCEP_KEY_ERROR, "memory is short");
	else
		trust_to_pem(stack, &next->signer, &run->error);
out:
	sk_X509_free(stack);
	X509_free(signer);
	EVP_PKEY_free(key);
	bytes_free(&pem);
}

static void settle_key(struct enrolment *e)
{
	struct scep_status *status = move_status(e);

	spare_look(e->state);
	if (status != NULL)
		memcpy(status->transaction_id, e->run.next->transaction_id,
		       sizeof(status->transaction_id));
	move_to(e, renewal_step(e->record), take_next(e), status, NULL);
}

/* ------------------------ PKCSReq, RenewalReq (3.3.1) and CertPoll (3.3.3) */

/* The request is authenticated by the certificate that signs it; a challenge
 * goes along where there is no other try to send it with (RFC 8894, 2.5). */
static enum scep_code make_request(struct enrolment *e, EVP_PKEY *key,
				   X509_REQ **request)
{
	struct scep_values values = e->record->values;
	enum scep_code code;

	if (renewal_may_fall_back(e->record))
		OPENSSL_cleanse(&values.challenge_password,
				sizeof(values.challenge_password));
	code = request_make(&values, key, request, &e->run.error);
	OPENSSL_cleanse(&values, sizeof(values));
	return code;
}

static void compose_request(struct enrolment *e)
{
	struct run *run = &e->run;
	struct material material;
	X509_REQ *request = NULL;
	unsigned char *der = NULL;
	int length = 0;

	if (material_load(e, &material) ||
	    make_request(e, material.key, &request))
		goto out;
	length = i2d_X509_REQ(request, &der);
	if (length <= 0 || !bytes_set(&material.content, der, (size_t)length)) {
		error_set(&run->error, SCEP_KEY_ERROR, "memory is short");
		goto out;
	}
	message_compose(e, &material,
			e->record->step == STEP_RENEW ? RFC8894_RENEWAL_REQ
						      : RFC8894_PKCS_REQ);
out:
	OPENSSL_clear_free(der, der != NULL ? (size_t)length : 0);
	request_free(request);
	material_free(&material);
}

static void compose_poll(struct enrolment *e)
{
	struct material material;
	X509_REQ *request = NULL;

	/* The subject that was asked for; the signer may have another one. */
	if (material_load(e, &material) == SCEP_OK &&
	    make_request(e, material.key, &request) == SCEP_OK &&
	    seal_issuer_and_subject(
		material.trust.anchor, X509_REQ_get_subject_name(request),
		&material.content, &e->run.error) == SCEP_OK)
		message_compose(e, &material, RFC8894_CERT_POLL);
	request_free(request);
	material_free(&material);
}

static void digest_reply(struct enrolment *e, const struct cert_rep *reply)
{
	struct run *run = &e->run;

	run->pki_status = reply->pki_status;
	switch (reply->pki_status) {
	case RFC8894_SUCCESS:
		trust_to_pem(reply->certificates, &run->next->issued,
			     &run->error);
		break;
	case RFC8894_PENDING:
		error_set(&run->error, SCEP_DEFERRED,
			  "the server says PENDING");
		run->next->was_pending = true;
		run->next->step = STEP_POLL;
		break;
	case RFC8894_FAILURE:
		message_note_failure(run, reply);
		/* Who had it pending has had a person look at it. */
		if (e->record->step != STEP_RENEW ||
		    !renewal_may_fall_back(e->record))
			break;
		log_warning("request %u: RenewalReq is refused: %s",
			    e->record->index, run->error.text);
		error_init(&run->error);
		break;
	}
	if (reply->subject_differs)
		log_warning("request %u: the subject of the certificate is "
			    "not the one asked for",
			    e->record->index);
	message_log_legacy(e, "the server", reply->legacy_used);
}

static void digest_cert_rep(struct enrolment *e)
{
	struct run *run = &e->run;
	struct material material;
	struct cert_rep reply = {0};
	struct open_input input;
	X509_REQ *request = NULL;

	if (material_load(e, &material) == SCEP_OK &&
	    make_request(e, material.key, &request) == SCEP_OK) {
		input = message_expect(e, &material);
		input.subject = X509_REQ_get_subject_name(request);
		if (open_cert_rep(&input, &reply, &run->error) == SCEP_OK)
			digest_reply(e, &reply);
		else
			rollover_consider(e, &input);
	}
	cert_rep_free(&reply);
	request_free(request);
	material_free(&material);
}

/* RenewalReq was refused: the same once more as PKCSReq. */
static void settle_refusal(struct enrolment *e)
{
	struct record *next = take_next(e);
	struct scep_status *status = move_status(e);

	if (!renewal_fall_back(next)) {
		row_release(status);
		error_set(&e->run.error, SCEP_KEY_ERROR, "no random numbers");
		move_fail(e, next);
		return;
	}
	if (status != NULL)
		memcpy(status->transaction_id, next->transaction_id,
		       sizeof(status->transaction_id));
	move_to(e, STEP_REQUEST, next, status, NULL);
}

/* SUCCESS, or a refusal that is not the last word: the rest has set
 * run.error. */
static void settle_cert_rep(struct enrolment *e)
{
	struct record *next = take_next(e);
	struct batch batch;

	if (rollover_begin_doubt(e, next)) {
		move_to(e, STEP_GET_CA_CERT, next, move_status(e), NULL);
		return;
	}
	if (e->run.pki_status == RFC8894_FAILURE) {
		e->run.next = next;
		settle_refusal(e);
		return;
	}
	batch_init(&batch);
	move_wipe_challenge(e, next, &batch);
	move_to(e, STEP_REGISTER, next, move_status(e), &batch);
}

/* ------------------------------------------------------------ register -- */

static void compose_files(struct enrolment *e)
{
	struct run *run = &e->run;
	const struct record *record = e->record;
	STACK_OF(X509) *issued = NULL;
	struct scep_ca issuer = {0};
	char name[80];

	message_file_name(record, name);
	if (trust_from_pem(record->issued.data, record->issued.length, &issued,
			   &run->error) != SCEP_OK)
		return;
	trust_describe_leaf(sk_X509_value(issued, 0), &run->key);
	if (sk_X509_num(issued) > 1)
		trust_describe(sk_X509_value(issued, 1), &issuer);
	run->key.issuer_fingerprint = issuer.fingerprint;
	files_write(e->state->certs_folder, name, record->issued.data,
		    record->issued.length, &run->error);
	sk_X509_pop_free(issued, X509_free);
}

/* Key, certificate and chain become a row: at once.  Without a location that
 * wants them, the request ends here. */
static void settle_files(struct enrolment *e)
{
	const struct record *record = e->record;
	const char *locations = record->values.use_location;
	struct scep_status *status = move_status(e);
	struct scep_key *key = row_new(sizeof(*key));
	struct batch batch;

	batch_init(&batch);
	if (key != NULL) {
		*key = e->run.key;
		key->index = record->key_index;
		memcpy(key->name, record->values.key_name, sizeof(key->name));
		memcpy(key->use_location, record->values.use_location,
		       sizeof(key->use_location));
		memcpy(key->file_id, record->file_id, sizeof(key->file_id));
		key->profile_index = record->profile_index;
		key->replaces = record->replaces;
		key->install_time = state_now(e->state);
	}
	batch_put(&batch, STORE_KEY, key);
	if (status != NULL)
		status->key_index = record->key_index;
	if (locations[0] == '\0') {
		move_succeed(e, status, &batch);
		return;
	}
	uses_want(e->state, &batch, locations, record->key_index);
	move_to(e, STEP_DEPLOY, take_next(e), status, &batch);
}

/* -------------------------------------------------------------- deploy -- */

/* What kept a location from having the key goes with the success. */
static void note_deploy(struct enrolment *e)
{
	const struct scep_view *view = &e->state->view;
	const struct scep_use *use;
	char name[SCEP_TEXT64];

	if (uses_failed_key(view, e->record->key_index, &use))
		error_set(&e->run.error, SCEP_DEPLOY_FAILED, "%s: %s",
			  use->name, use->text);
	else if (uses_unknown(view, e->record->values.use_location, name))
		error_set(&e->run.error, SCEP_DEPLOY_FAILED,
			  "there is no use location '%s'", name);
}

/* A key that was no renewal replaces the one that its location had. */
static void note_replaced(struct enrolment *e, struct batch *batch)
{
	const struct scep_view *view = &e->state->view;
	uint32_t key_index = e->record->key_index;
	const struct scep_key *old = scep_rows_find(&view->keys, key_index);
	uint32_t before = uses_previous_key(view, key_index);
	struct scep_key *key;

	if (old == NULL || old->replaces != 0 || before == 0)
		return;
	key = batch_edit(e->state, batch, STORE_KEY, key_index, true);
	if (key != NULL)
		key->replaces = before;
}

/* It was resumed since a location has ended, or to look again. */
static void settle_deploy(struct enrolment *e)
{
	struct state *state = e->state;
	struct batch batch;

	if (uses_want_key(&state->view, e->record->key_index) ||
	    state->deadline != 0) {
		move_look_again(e);
		return;
	}
	batch_init(&batch);
	note_deploy(e);
	note_replaced(e, &batch);
	move_succeed(e, move_status(e), &batch);
}

/* --------------------------------------------------------------- table -- */

#define TO(id) STEP_BIT(STEP_##id)

static const struct step steps[] = {
    {STEP_GET_CA_CAPS, "GetCACaps", "3.5", SCEP_MESSAGE_NONE, compose_caps,
     EXCHANGE_GET, LIMIT_CA_CAPS, true, digest_caps, settle_caps,
     TO(GET_CA_CERT)},
    {STEP_GET_CA_CERT, "GetCACert", "4.2", SCEP_MESSAGE_NONE, compose_ca_cert,
     EXCHANGE_GET, LIMIT_CA_CERT, false, pinning_digest, settle_ca_cert,
     TO(WAIT_TRUST) | TO(GET_NEXT_CA) | TO(MAKE_KEY) | TO(REQUEST) | TO(RENEW) |
	 TO(POLL)},
    {STEP_GET_NEXT_CA, RFC8894_GET_NEXT_CA_CERT, "4.7", SCEP_MESSAGE_NONE,
     rollover_compose, EXCHANGE_GET, LIMIT_CA_CERT, true, rollover_digest,
     settle_next_ca, TO(MAKE_KEY) | TO(REQUEST) | TO(RENEW) | TO(POLL)},
    {STEP_WAIT_TRUST, "trust", "2.2", SCEP_MESSAGE_NONE, NULL, EXCHANGE_NONE, 0,
     false, NULL, settle_trust, TO(GET_CA_CERT)},
    {STEP_MAKE_KEY, "keygen", "2.3", SCEP_MESSAGE_NONE, compose_key,
     EXCHANGE_NONE, 0, false, NULL, settle_key, TO(REQUEST) | TO(RENEW)},
    {STEP_REQUEST, "PKCSReq", "3.3.1", SCEP_MESSAGE_PKCS_REQ, compose_request,
     EXCHANGE_PKI, LIMIT_CERT_REP, false, digest_cert_rep, settle_cert_rep,
     TO(POLL) | TO(REGISTER) | TO(GET_CA_CERT)},
    {STEP_RENEW, "RenewalReq", "3.3.1", SCEP_MESSAGE_RENEWAL_REQ,
     compose_request, EXCHANGE_PKI, LIMIT_CERT_REP, false, digest_cert_rep,
     settle_cert_rep, TO(POLL) | TO(REGISTER) | TO(REQUEST) | TO(GET_CA_CERT)},
    {STEP_POLL, "CertPoll", "3.3.3", SCEP_MESSAGE_CERT_POLL, compose_poll,
     EXCHANGE_PKI, LIMIT_CERT_REP, false, digest_cert_rep, settle_cert_rep,
     TO(POLL) | TO(REGISTER) | TO(GET_CA_CERT)},
    {STEP_REGISTER, "register", "-", SCEP_MESSAGE_NONE, compose_files,
     EXCHANGE_NONE, 0, false, NULL, settle_files, TO(DEPLOY)},
    {STEP_DEPLOY, "deploy", "-", SCEP_MESSAGE_NONE, NULL, EXCHANGE_NONE, 0,
     false, NULL, settle_deploy, 0},
};

const struct step *step_find(enum step_id id)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].id == id)
			return &steps[i];
	}
	return NULL;
}
