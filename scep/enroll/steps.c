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
#include "scep/protocol/certs.h"
#include "scep/keys/use_locations.h"

#define KEY_FILE_LIMIT (64 * 1024)

/* ---------------------------------------------------- shared by steps -- */

static struct record *take_next(struct open_request *e)
{
	struct record *next = e->work.next;

	e->work.next = NULL;
	return next;
}

/* ----------------------------------------------- GetCACaps (3.5 of RFC) -- */

static void compose_caps(struct open_request *e)
{
	message_url(e, RFC8894_GET_CA_CAPS, e->record->server.ca_identifier);
}

static void digest_caps(struct open_request *e)
{
	const struct bytes *body = &e->work.answer.body;

	e->work.next->caps = caps_read(body->data, body->length);
}

static void settle_caps(struct open_request *e)
{
	struct caps_choice choice;
	struct txn txn;
	const struct scep_profile *old =
	    scep_rows_find(&e->state->view.profiles, e->record->profile_index);
	struct scep_profile *profile;

	txn_init(&txn);
	if (old != NULL && open_request_has_same_server(e)) {
		profile = row_copy(old);
		if (profile != NULL)
			profile->facts.caps = e->work.next->caps;
		txn_show(&txn, STORE_PROFILE, profile);
	}
	if (caps_choose(e->work.next->caps, &e->record->server,
			e->work.allow_legacy, &choice, &e->work.error)) {
		txn_free(&txn);
		transition_fail(e, take_next(e));
		return;
	}
	transition_to(e, STEP_GET_CA_CERT, take_next(e), transition_status(e),
		      &txn);
}

/* ------------------------------------------------- GetCACert (4.2 of RFC) */

static void compose_ca_cert(struct open_request *e)
{
	message_url(e, RFC8894_GET_CA_CERT, e->record->server.ca_identifier);
}

static void fail_trust(struct open_request *e, const char *reason)
{
	error_set(&e->work.error, SCEP_CA_NOT_TRUSTED, "%s", reason);
	transition_fail(e, take_next(e));
}

static void wait_for_trust(struct open_request *e)
{
	struct state *state = e->state;
	struct txn txn;
	uint32_t candidate;

	txn_init(&txn);
	candidate = ca_table_merge(e, SCEP_CA_GET, SCEP_CA_PENDING, &txn);
	error_set(&e->work.error, SCEP_CA_NOT_TRUSTED,
		  "waiting for scepCaTrust.%u", candidate);
	/* If the disk refuses, the request ends, and `e` may be gone. */
	transition_wait(e, STEP_WAIT_TRUST, take_next(e), &txn);
	if (scep_rows_find(&state->view.cas, candidate) != NULL)
		state_notify(state, SCEP_EVENT_CA_PENDING, candidate);
}

static void settle_ca_cert(struct open_request *e)
{
	struct txn txn;

	if (e->record->server.ca_fingerprint.length == 0 &&
	    !open_request_has_same_server(e)) {
		fail_trust(e, "the settings of the server were changed");
		return;
	}
	if (e->record->server.ca_fingerprint.length == 0 &&
	    ca_table_decided(e) == SCEP_CA_REJECTED) {
		fail_trust(e, "the CA was rejected");
		return;
	}
	if (!e->work.is_trusted) {
		wait_for_trust(e);
		return;
	}
	if (!ca_rollover_end_refetch(e)) {
		transition_fail(e, take_next(e));
		return;
	}
	txn_init(&txn);
	if (open_request_has_same_server(e))
		ca_table_merge(e, SCEP_CA_GET, SCEP_CA_TRUSTED, &txn);
	transition_to(e,
		      ca_rollover_is_due(e) ? STEP_GET_NEXT_CA
					    : ca_rollover_leads_to(e->record),
		      take_next(e), transition_status(e), &txn);
}

/* --------------------------------------------- GetNextCACert (4.7 of RFC) */

static void settle_next_ca(struct open_request *e)
{
	struct txn txn;

	txn_init(&txn);
	if (e->work.error.code != SCEP_OK)
		log_warning("request %u: the next CA is not known: %s",
			    e->record->index, e->work.error.text);
	else if (open_request_has_same_server(e))
		ca_rollover_keep(e, &txn);
	error_init(&e->work.error);
	transition_to(e, ca_rollover_leads_to(e->record), take_next(e),
		      transition_status(e), &txn);
}

/* ------------------------------------------------------- waiting for trust */

static bool has_pending_row(struct open_request *e)
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
static void settle_trust(struct open_request *e)
{
	/* A Set that is in hand may yet be taken back. */
	if (has_pending_row(e) || e->state->deadline != 0) {
		transition_look_again(e);
		return;
	}
	if (e->work.pin_count > 0)
		transition_to(e, STEP_GET_CA_CERT, take_next(e),
			      transition_status(e), NULL);
	else
		fail_trust(e, "the CA was rejected");
}

/* ------------------------------------------------------------- the key -- */

/* The certificate that signs the request: the one to be renewed, or one that
 * we make ourselves (RFC 8894, 2.3); owned. */
static enum scep_code make_signer(struct open_request *e, EVP_PKEY *key,
				  X509 **signer)
{
	if (renewal_signs_with_old(e->record))
		return renewal_load(e, signer);
	return csr_self_sign(&e->record->values, key, e->work.clock, signer,
			     &e->work.error);
}

static void compose_key(struct open_request *e)
{
	struct step_work *work = &e->work;
	struct record *next = work->next;
	EVP_PKEY *key = NULL;
	X509 *signer = NULL;
	STACK_OF(X509) *stack = NULL;
	struct bytes pem = {NULL, 0};
	char name[80];

	message_file_name(next, name);
	if (!spare_take(e->state->keys_folder, next->values.key_length, name,
			&key) &&
	    (key_make_rsa(next->values.key_length, &key, &work->error) ||
	     key_to_pem(key, &pem, &work->error) ||
	     files_write(e->state->keys_folder, name, pem.data, pem.length,
			 &work->error)))
		goto out;
	/* RFC 8894, 3.2.1.1: unique; the digest of the key is, as every new
	 * request makes a key. */
	if (key_digest(key, next->transaction_id, &work->error) ||
	    make_signer(e, key, &signer))
		goto out;
	stack = sk_X509_new_null();
	if (stack == NULL || !sk_X509_push(stack, signer))
		error_set(&work->error, SCEP_KEY_ERROR, "memory is short");
	else
		certs_to_pem(stack, &next->signer, &work->error);
out:
	sk_X509_free(stack);
	X509_free(signer);
	EVP_PKEY_free(key);
	bytes_free(&pem);
}

static void settle_key(struct open_request *e)
{
	struct scep_status *status = transition_status(e);

	spare_look(e->state);
	if (status != NULL)
		memcpy(status->transaction_id, e->work.next->transaction_id,
		       sizeof(status->transaction_id));
	transition_to(e, renewal_step(e->record), take_next(e), status, NULL);
}

/* ------------------------ PKCSReq, RenewalReq (3.3.1) and CertPoll (3.3.3) */

/* The request is authenticated by the certificate that signs it; a challenge
 * goes along where there is no other try to send it with (RFC 8894, 2.5). */
static enum scep_code make_request(struct open_request *e, EVP_PKEY *key,
				   X509_REQ **request)
{
	struct scep_values values = e->record->values;
	enum scep_code code;

	if (renewal_may_fall_back(e->record))
		OPENSSL_cleanse(&values.challenge_password,
				sizeof(values.challenge_password));
	code = csr_make(&values, key, request, &e->work.error);
	OPENSSL_cleanse(&values, sizeof(values));
	return code;
}

static void compose_request(struct open_request *e)
{
	struct step_work *work = &e->work;
	struct credentials credentials;
	X509_REQ *request = NULL;
	unsigned char *der = NULL;
	int length = 0;

	if (credentials_load(e, &credentials) ||
	    make_request(e, credentials.key, &request))
		goto out;
	length = i2d_X509_REQ(request, &der);
	if (length <= 0 ||
	    !bytes_set(&credentials.content, der, (size_t)length)) {
		error_set(&work->error, SCEP_KEY_ERROR, "memory is short");
		goto out;
	}
	message_compose(e, &credentials,
			e->record->step == STEP_RENEW ? RFC8894_RENEWAL_REQ
						      : RFC8894_PKCS_REQ);
out:
	OPENSSL_clear_free(der, der != NULL ? (size_t)length : 0);
	csr_free(request);
	credentials_free(&credentials);
}

static void compose_poll(struct open_request *e)
{
	struct credentials credentials;
	X509_REQ *request = NULL;

	/* The subject that was asked for; the signer may have another one. */
	if (credentials_load(e, &credentials) == SCEP_OK &&
	    make_request(e, credentials.key, &request) == SCEP_OK &&
	    pki_message_issuer_and_subject(
		credentials.trust.anchor, X509_REQ_get_subject_name(request),
		&credentials.content, &e->work.error) == SCEP_OK)
		message_compose(e, &credentials, RFC8894_CERT_POLL);
	csr_free(request);
	credentials_free(&credentials);
}

static void digest_reply(struct open_request *e, const struct cert_rep *reply)
{
	struct step_work *work = &e->work;

	work->pki_status = reply->pki_status;
	switch (reply->pki_status) {
	case RFC8894_SUCCESS:
		certs_to_pem(reply->certificates, &work->next->issued,
			     &work->error);
		break;
	case RFC8894_PENDING:
		error_set(&work->error, SCEP_DEFERRED,
			  "the server says PENDING");
		work->next->was_pending = true;
		work->next->step = STEP_POLL;
		break;
	case RFC8894_FAILURE:
		message_note_failure(work, reply);
		/* Who had it pending has had a person look at it. */
		if (e->record->step != STEP_RENEW ||
		    !renewal_may_fall_back(e->record))
			break;
		log_warning("request %u: RenewalReq is refused: %s",
			    e->record->index, work->error.text);
		error_init(&work->error);
		break;
	}
	if (reply->subject_differs)
		log_warning("request %u: the subject of the certificate is "
			    "not the one asked for",
			    e->record->index);
	message_log_legacy(e, "the server", reply->legacy_used);
}

static void digest_cert_rep(struct open_request *e)
{
	struct step_work *work = &e->work;
	struct credentials credentials;
	struct cert_rep reply = {0};
	struct cert_rep_input input;
	X509_REQ *request = NULL;

	if (credentials_load(e, &credentials) == SCEP_OK &&
	    make_request(e, credentials.key, &request) == SCEP_OK) {
		input = message_expect(e, &credentials);
		input.subject = X509_REQ_get_subject_name(request);
		if (cert_rep_open(&input, &reply, &work->error) == SCEP_OK)
			digest_reply(e, &reply);
		else
			ca_rollover_consider(e, &input);
	}
	cert_rep_free(&reply);
	csr_free(request);
	credentials_free(&credentials);
}

/* RenewalReq was refused: the same once more as PKCSReq. */
static void settle_refusal(struct open_request *e)
{
	struct record *next = take_next(e);
	struct scep_status *status = transition_status(e);

	if (!renewal_fall_back(next)) {
		row_release(status);
		error_set(&e->work.error, SCEP_KEY_ERROR, "no random numbers");
		transition_fail(e, next);
		return;
	}
	if (status != NULL)
		memcpy(status->transaction_id, next->transaction_id,
		       sizeof(status->transaction_id));
	transition_to(e, STEP_REQUEST, next, status, NULL);
}

/* SUCCESS, or a refusal that is not the last word: the rest has set
 * run.error. */
static void settle_cert_rep(struct open_request *e)
{
	struct record *next = take_next(e);
	struct txn txn;

	if (ca_rollover_begin_refetch(e, next)) {
		transition_to(e, STEP_GET_CA_CERT, next, transition_status(e),
			      NULL);
		return;
	}
	if (e->work.pki_status == RFC8894_FAILURE) {
		e->work.next = next;
		settle_refusal(e);
		return;
	}
	txn_init(&txn);
	transition_wipe_challenge(e, next, &txn);
	transition_to(e, STEP_REGISTER, next, transition_status(e), &txn);
}

/* ------------------------------------------------------------ register -- */

static void compose_files(struct open_request *e)
{
	struct step_work *work = &e->work;
	const struct record *record = e->record;
	STACK_OF(X509) *issued = NULL;
	struct scep_ca issuer = {0};
	char name[80];

	message_file_name(record, name);
	if (certs_from_pem(record->issued.data, record->issued.length, &issued,
			   &work->error) != SCEP_OK)
		return;
	certs_describe_leaf(sk_X509_value(issued, 0), &work->key);
	if (sk_X509_num(issued) > 1)
		certs_describe_ca(sk_X509_value(issued, 1), &issuer);
	work->key.issuer_fingerprint = issuer.fingerprint;
	files_write(e->state->certs_folder, name, record->issued.data,
		    record->issued.length, &work->error);
	sk_X509_pop_free(issued, X509_free);
}

/* Key, certificate and chain become a row: at once.  Without a location that
 * wants them, the request ends here. */
static void settle_files(struct open_request *e)
{
	const struct record *record = e->record;
	const char *locations = record->values.use_location;
	struct scep_status *status = transition_status(e);
	struct scep_key *key = row_new(sizeof(*key));
	struct txn txn;

	txn_init(&txn);
	if (key != NULL) {
		*key = e->work.key;
		key->index = record->key_index;
		memcpy(key->name, record->values.key_name, sizeof(key->name));
		memcpy(key->use_location, record->values.use_location,
		       sizeof(key->use_location));
		memcpy(key->file_id, record->file_id, sizeof(key->file_id));
		key->profile_index = record->profile_index;
		key->replaces = record->replaces;
		key->install_time = state_now(e->state);
	}
	txn_put(&txn, STORE_KEY, key);
	if (status != NULL)
		status->key_index = record->key_index;
	if (locations[0] == '\0') {
		transition_succeed(e, status, &txn);
		return;
	}
	use_locations_want(e->state, &txn, locations, record->key_index);
	transition_to(e, STEP_DEPLOY, take_next(e), status, &txn);
}

/* -------------------------------------------------------------- deploy -- */

/* What kept a location from having the key goes with the success. */
static void note_deploy(struct open_request *e)
{
	const struct scep_view *view = &e->state->view;
	const struct scep_use *use;
	char name[SCEP_TEXT64];

	if (use_locations_failed_key(view, e->record->key_index, &use))
		error_set(&e->work.error, SCEP_DEPLOY_FAILED, "%s: %s",
			  use->name, use->text);
	else if (use_locations_unknown(view, e->record->values.use_location,
				       name))
		error_set(&e->work.error, SCEP_DEPLOY_FAILED,
			  "there is no use location '%s'", name);
}

/* A key that was no renewal replaces the one that its location had. */
static void note_replaced(struct open_request *e, struct txn *txn)
{
	const struct scep_view *view = &e->state->view;
	uint32_t key_index = e->record->key_index;
	const struct scep_key *old = scep_rows_find(&view->keys, key_index);
	uint32_t before = use_locations_previous_key(view, key_index);
	struct scep_key *key;

	if (old == NULL || old->replaces != 0 || before == 0)
		return;
	key = txn_edit(e->state, txn, STORE_KEY, key_index, true);
	if (key != NULL)
		key->replaces = before;
}

/* It was resumed since a location has ended, or to look again. */
static void settle_deploy(struct open_request *e)
{
	struct state *state = e->state;
	struct txn txn;

	if (use_locations_want_key(&state->view, e->record->key_index) ||
	    state->deadline != 0) {
		transition_look_again(e);
		return;
	}
	txn_init(&txn);
	note_deploy(e);
	note_replaced(e, &txn);
	transition_succeed(e, transition_status(e), &txn);
}

/* --------------------------------------------------------------- table -- */

#define TO(id) STEP_BIT(STEP_##id)

static const struct step steps[] = {
    {STEP_GET_CA_CAPS, "GetCACaps", "3.5", SCEP_MESSAGE_NONE, compose_caps,
     EXCHANGE_GET, LIMIT_CA_CAPS, true, digest_caps, settle_caps,
     TO(GET_CA_CERT)},
    {STEP_GET_CA_CERT, "GetCACert", "4.2", SCEP_MESSAGE_NONE, compose_ca_cert,
     EXCHANGE_GET, LIMIT_CA_CERT, false, ca_pinning_digest, settle_ca_cert,
     TO(WAIT_TRUST) | TO(GET_NEXT_CA) | TO(MAKE_KEY) | TO(REQUEST) | TO(RENEW) |
	 TO(POLL)},
    {STEP_GET_NEXT_CA, RFC8894_GET_NEXT_CA_CERT, "4.7", SCEP_MESSAGE_NONE,
     ca_rollover_compose, EXCHANGE_GET, LIMIT_CA_CERT, true, ca_rollover_digest,
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
