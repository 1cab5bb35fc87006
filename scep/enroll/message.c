/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/message.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/ca_row.h"
#include "scep/engine_config.h"
#include "scep/server.h"
#include "scep/values.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"
#include "scep/base/log.h"
#include "scep/enroll/kept_crls.h"
#include "scep/keys/renewal.h"
#include "scep/protocol/body.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/pki_message.h"
#include "scep/base/url.h"

void message_url(struct task *task, const char *operation, const char *text)
{
	const struct scep_server *server = &task->record->server;

	task->work.url =
	    url_operation(server->url, server->port, operation, text);
	if (task->work.url == NULL && url_is_valid(server->url, NULL))
		error_set_memory(&task->work.error);
	else if (task->work.url == NULL)
		error_set(&task->work.error, SCEP_CONFIG_ERROR,
			  "no URL can be made of %s", server->url);
}

/* --------------------------------------------- GetCACaps (RFC 8894, 3.5) -- */

void message_compose_caps(struct task *task)
{
	message_url(task, RFC8894_GET_CA_CAPS,
		    task->record->server.ca_identifier);
}

void message_digest_caps(struct task *task)
{
	const struct fetch_answer *answer = &task->work.answer;
	const struct bytes *body = &answer->body;
	struct scep_error strange;

	task->work.next->caps = caps_read(body->data, body->length);
	/* A web page means no capabilities, but hardly what was meant. */
	if (answer->http_status / 100 != 2 || task->work.next->caps != 0 ||
	    body_kind(body->data, body->length) == NULL)
		return;
	body_refuse(body->data, body->length, "a list of capabilities",
		    &strange);
	log_warning("%s: %s", task->name, strange.text);
}

/* ----------------------------------------------------------- credentials -- */

void message_new_transaction(struct task *task)
{
	if (!bytes_random_name(task->work.next->transaction_id))
		error_set(&task->work.error, SCEP_KEY_ERROR,
			  "no random numbers");
}

enum scep_code message_load_trust(const struct record *record,
				  STACK_OF(X509) * *stack,
				  struct ca_certs *trust,
				  struct scep_error *error)
{
	if (certs_from_pem(record->trust.data, record->trust.length, stack,
			   error) != SCEP_OK)
		return error->code;
	if (sk_X509_num(*stack) < 2)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "the record of the request is incomplete");
	trust->chain = *stack;
	trust->anchor = sk_X509_value(*stack, 0);
	trust->recipient = sk_X509_value(*stack, 1);
	return SCEP_OK;
}

enum scep_code message_load_key(const struct task *task, const char *file_id,
				EVP_PKEY **key, struct scep_error *error)
{
	char reference[4400];

	snprintf(reference, sizeof(reference), "file:%s/%s.pem",
		 task->state->keys_folder, file_id);
	return key_open(reference, key, error);
}

static enum scep_code load_signer_key(struct task *task,
				      struct credentials *credentials)
{
	if (renewal_signs_with_old(task->record))
		return message_load_key(task, task->record->old_file_id,
					&credentials->signer_key,
					&task->work.error);
	EVP_PKEY_up_ref(credentials->key);
	credentials->signer_key = credentials->key;
	return SCEP_OK;
}

enum scep_code credentials_load(struct task *task,
				struct credentials *credentials)
{
	const struct record *record = task->record;
	struct scep_error *error = &task->work.error;

	memset(credentials, 0, sizeof(*credentials));
	if (message_load_trust(record, &credentials->trust_stack,
			       &credentials->trust, error) ||
	    kept_crls_load(task, &credentials->crls, error) ||
	    kept_crls_apply(credentials->crls, &credentials->trust_stack,
			    &credentials->trust, error) ||
	    certs_from_pem(record->signer.data, record->signer.length,
			   &credentials->signer_stack, error) ||
	    message_load_key(task, record->file_id, &credentials->key, error) ||
	    load_signer_key(task, credentials) ||
	    renewal_load(task->state, task->record, &credentials->known, error))
		return error->code;
	if (sk_X509_num(credentials->signer_stack) < 1)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "the record of the request is incomplete");
	credentials->signer = sk_X509_value(credentials->signer_stack, 0);
	return caps_choose(record->caps, &record->server,
			   task->work.allow_legacy, &credentials->choice,
			   error);
}

bool credentials_need_challenge(const struct credentials *credentials)
{
	return EVP_PKEY_is_a(credentials->key, "EC") ||
	       EVP_PKEY_is_a(credentials->signer_key, "EC") ||
	       EVP_PKEY_is_a(X509_get0_pubkey(credentials->trust.recipient),
			     "EC");
}

void credentials_free(struct credentials *credentials)
{
	sk_X509_pop_free(credentials->trust_stack, X509_free);
	sk_X509_pop_free(credentials->signer_stack, X509_free);
	EVP_PKEY_free(credentials->key);
	EVP_PKEY_free(credentials->signer_key);
	X509_free(credentials->known);
	sk_X509_CRL_pop_free(credentials->crls, X509_CRL_free);
	bytes_free(&credentials->content);
}

/* ------------------------------------------------------- weak algorithms -- */

static const struct {
	uint32_t bit; /* enum scep_legacy; counted at the same index */
	const char *name;
} legacies[SCEP_LEGACY_COUNT] = {
    {SCEP_LEGACY_SHA1, "SHA-1"},
    {SCEP_LEGACY_3DES, "3DES"},
    {SCEP_LEGACY_DES, "DES"},
};

void message_log_legacy(struct task *task, const char *who, uint32_t used)
{
	for (size_t i = 0; i < SCEP_LEGACY_COUNT; i++) {
		unsigned int before;

		if ((used & legacies[i].bit) == 0)
			continue;
		before = atomic_fetch_add(&task->state->legacy_uses[i], 1);
		log_warning("%s: %s used %s, which the configuration allows "
			    "(use %u of it since the start)",
			    task->name, who, legacies[i].name, before + 1);
	}
}

/* --------------------------------------------------------------- sending -- */

/* Returns the weak algorithms of the message itself. */
static uint32_t own_legacy(const struct task *task,
			   const struct credentials *credentials,
			   enum rfc8894_message_type type)
{
	const struct caps_choice *choice = &credentials->choice;
	bool has_csr = type == RFC8894_PKCS_REQ || type == RFC8894_RENEWAL_REQ;
	uint32_t used = 0;

	if (choice->cipher == SCEP_CIPHER_3DES)
		used |= SCEP_LEGACY_3DES;
	if (strcmp(choice->digest, "SHA1") == 0 ||
	    (has_csr &&
	     task->record->values.signature_algorithm == SCEP_SIGN_SHA1))
		used |= SCEP_LEGACY_SHA1;
	return used;
}

/* Returns the name of a request (RFC 8894, 3.2.1.2). */
static const char *message_name(enum rfc8894_message_type type)
{
	switch (type) {
	case RFC8894_CERT_REP:
		return "CertRep";
	case RFC8894_RENEWAL_REQ:
		return "RenewalReq";
	case RFC8894_PKCS_REQ:
		return "PKCSReq";
	case RFC8894_CERT_POLL:
		return "CertPoll";
	case RFC8894_GET_CERT:
		return "GetCert";
	case RFC8894_GET_CRL:
		return "GetCRL";
	}
	return "the message";
}

/* Logs for whom the content is encrypted.  The polls of a request go to the
 * same one. */
static enum scep_code log_recipient(struct task *task, X509 *recipient,
				    enum rfc8894_message_type type)
{
	struct scep_ca row = {0};
	char fingerprint[2 * sizeof(row.fingerprint.data) + 1];
	enum scep_code code =
	    certs_describe_ca(recipient, &row, &task->work.error);

	if (code != SCEP_OK)
		return code;
	bytes_hex(row.fingerprint.data, row.fingerprint.length, fingerprint);
	log_info("%s: %s is encrypted to %s (SHA-256 %s)", task->name,
		 message_name(type), row.subject, fingerprint);
	return SCEP_OK;
}

void message_compose(struct task *task, struct credentials *credentials,
		     enum rfc8894_message_type type)
{
	struct step_work *work = &task->work;
	struct pki_message_input input = {
	    .message_type = type,
	    .transaction_id = task->record->transaction_id,
	    .signer = credentials->signer,
	    .signer_key = credentials->signer_key,
	    .recipient = credentials->trust.recipient,
	    .challenge = &task->record->values.challenge_password,
	    .choice = &credentials->choice,
	    .content = credentials->content.data,
	    .content_length = credentials->content.length,
	};
	char *text;

	message_log_legacy(task, "the request",
			   own_legacy(task, credentials, type));
	if (type != RFC8894_CERT_POLL &&
	    log_recipient(task, input.recipient, type) != SCEP_OK)
		return;
	if (RAND_bytes(work->sender_nonce, RFC8894_NONCE_LENGTH) != 1) {
		error_set(&work->error, SCEP_KEY_ERROR, "no random numbers");
		return;
	}
	memcpy(input.sender_nonce, work->sender_nonce, RFC8894_NONCE_LENGTH);
	if (pki_message_seal(&input, &work->message, &work->error) != SCEP_OK)
		return;
	if (credentials->choice.is_post) {
		message_url(task, RFC8894_PKI_OPERATION, NULL);
		return;
	}
	text = url_base64(work->message.data, work->message.length);
	bytes_free(&work->message);
	if (text != NULL)
		message_url(task, RFC8894_PKI_OPERATION, text);
	else
		error_set_memory(&work->error);
	free(text);
}

/* ------------------------------------------------------------- receiving -- */

struct cert_rep_input message_expect(const struct task *task,
				     const struct credentials *credentials)
{
	struct cert_rep_input input = {
	    .message = task->work.answer.body.data,
	    .message_length = task->work.answer.body.length,
	    .transaction_id = task->record->transaction_id,
	    .trust = &credentials->trust,
	    .key = credentials->key,
	    .signer = credentials->signer,
	    .signer_key = credentials->signer_key,
	    .known = credentials->known,
	    .challenge = &task->record->values.challenge_password,
	    .allow_legacy = task->work.allow_legacy,
	    .allow_short_keys = task->work.allow_short_keys,
	    .crls = credentials->crls,
	    .now = task->work.now,
	};

	memcpy(input.sender_nonce, task->work.sender_nonce,
	       RFC8894_NONCE_LENGTH);
	return input;
}

void message_note_failure(struct step_work *work, const struct cert_rep *reply)
{
	error_set(&work->error, SCEP_SCEP_ERROR, "%s", reply->fail_info_text);
	work->error.fail_info = reply->fail_info;
	memcpy(work->error.fail_info_text, reply->fail_info_text,
	       sizeof(work->error.fail_info_text));
}
