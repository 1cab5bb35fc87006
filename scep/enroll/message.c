/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/message.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/base/error.h"
#include "scep/protocol/key.h"
#include "scep/base/log.h"
#include "scep/keys/renewal.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/pki_message.h"
#include "scep/base/url.h"

void message_file_name(const struct record *record, char name[80])
{
	snprintf(name, 80, "%s.pem", record->file_id);
}

void message_url(struct open_request *e, const char *operation,
		 const char *text)
{
	const struct scep_server *server = &e->record->server;

	e->work.url =
	    url_operation(server->url, server->port, operation, text, false);
	if (e->work.url == NULL)
		error_set(&e->work.error, SCEP_CONFIG_ERROR,
			  "no URL can be made of %s", server->url);
}

/* ------------------------------------------------------------- material -- */

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
				 "the record of the request is not whole");
	trust->chain = *stack;
	trust->anchor = sk_X509_value(*stack, 0);
	trust->recipient = sk_X509_value(*stack, 1);
	return SCEP_OK;
}

enum scep_code message_load_key(const struct open_request *e,
				const char *file_id, EVP_PKEY **key,
				struct scep_error *error)
{
	char reference[4400];

	snprintf(reference, sizeof(reference), "file:%s/%s.pem",
		 e->state->keys_folder, file_id);
	return key_open(reference, key, error);
}

static enum scep_code load_signer_key(struct open_request *e,
				      struct credentials *credentials)
{
	if (renewal_signs_with_old(e->record))
		return message_load_key(e, e->record->old_file_id,
					&credentials->signer_key,
					&e->work.error);
	EVP_PKEY_up_ref(credentials->key);
	credentials->signer_key = credentials->key;
	return SCEP_OK;
}

enum scep_code credentials_load(struct open_request *e,
				struct credentials *credentials)
{
	const struct record *record = e->record;
	struct scep_error *error = &e->work.error;

	memset(credentials, 0, sizeof(*credentials));
	if (message_load_trust(record, &credentials->trust_stack,
			       &credentials->trust, error) ||
	    certs_from_pem(record->signer.data, record->signer.length,
			   &credentials->signer_stack, error) ||
	    message_load_key(e, record->file_id, &credentials->key, error) ||
	    load_signer_key(e, credentials) ||
	    renewal_load(e, &credentials->known))
		return error->code;
	if (sk_X509_num(credentials->signer_stack) < 1)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "the record of the request is not whole");
	credentials->signer = sk_X509_value(credentials->signer_stack, 0);
	return caps_choose(record->caps, &record->server, e->work.allow_legacy,
			   &credentials->choice, error);
}

void credentials_free(struct credentials *credentials)
{
	sk_X509_pop_free(credentials->trust_stack, X509_free);
	sk_X509_pop_free(credentials->signer_stack, X509_free);
	EVP_PKEY_free(credentials->key);
	EVP_PKEY_free(credentials->signer_key);
	X509_free(credentials->known);
	bytes_free(&credentials->content);
}

/* ------------------------------------------------------ weak algorithms -- */

static const struct {
	uint32_t bit; /* enum scep_legacy; its place is that of the count */
	const char *name;
} legacies[SCEP_LEGACY_COUNT] = {
    {SCEP_LEGACY_SHA1, "SHA-1"},
    {SCEP_LEGACY_3DES, "3DES"},
    {SCEP_LEGACY_DES, "DES"},
};

void message_log_legacy(struct open_request *e, const char *who, uint32_t used)
{
	char name[OPEN_REQUEST_NAME];

	open_request_name(e, name);
	for (size_t i = 0; i < SCEP_LEGACY_COUNT; i++) {
		unsigned int before;

		if ((used & legacies[i].bit) == 0)
			continue;
		before = atomic_fetch_add(&e->state->legacy_uses[i], 1);
		log_warning("%s: %s used %s, which the configuration allows "
			    "(use %u of it since the start)",
			    name, who, legacies[i].name, before + 1);
	}
}

/* -------------------------------------------------------------- sending -- */

/* What the message itself has of the weak algorithms. */
static uint32_t own_legacy(const struct open_request *e,
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
	     e->record->values.signature_algorithm == SCEP_SIGN_SHA1))
		used |= SCEP_LEGACY_SHA1;
	return used;
}

void message_compose(struct open_request *e, struct credentials *credentials,
		     enum rfc8894_message_type type)
{
	struct step_work *work = &e->work;
	struct pki_message_input input = {
	    .message_type = type,
	    .transaction_id = e->record->transaction_id,
	    .signer = credentials->signer,
	    .signer_key = credentials->signer_key,
	    .recipient = credentials->trust.recipient,
	    .choice = &credentials->choice,
	    .content = credentials->content.data,
	    .content_length = credentials->content.length,
	};
	char *text;

	message_log_legacy(e, "the request", own_legacy(e, credentials, type));
	if (RAND_bytes(work->sender_nonce, RFC8894_NONCE_LENGTH) != 1) {
		error_set(&work->error, SCEP_KEY_ERROR, "no random numbers");
		return;
	}
	memcpy(input.sender_nonce, work->sender_nonce, RFC8894_NONCE_LENGTH);
	if (pki_message_seal(&input, &work->message, &work->error) != SCEP_OK)
		return;
	if (credentials->choice.is_post) {
		message_url(e, RFC8894_PKI_OPERATION, NULL);
		return;
	}
	text = url_base64(work->message.data, work->message.length);
	bytes_free(&work->message);
	message_url(e, RFC8894_PKI_OPERATION, text);
	free(text);
}

/* ------------------------------------------------------------ receiving -- */

struct cert_rep_input message_expect(const struct open_request *e,
				     const struct credentials *credentials)
{
	struct cert_rep_input input = {
	    .message = e->work.answer.body.data,
	    .message_length = e->work.answer.body.length,
	    .transaction_id = e->record->transaction_id,
	    .trust = &credentials->trust,
	    .key = credentials->key,
	    .signer = credentials->signer,
	    .signer_key = credentials->signer_key,
	    .known = credentials->known,
	    .allow_legacy = e->work.allow_legacy,
	    .now = e->work.now,
	};

	memcpy(input.sender_nonce, e->work.sender_nonce, RFC8894_NONCE_LENGTH);
	return input;
}

void message_note_failure(struct step_work *work, const struct cert_rep *reply)
{
	error_set(&work->error, SCEP_SCEP_ERROR, "%s", reply->fail_info_text);
	work->error.fail_info = reply->fail_info;
	memcpy(work->error.fail_info_text, reply->fail_info_text,
	       sizeof(work->error.fail_info_text));
}
