/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/cert_recovery.h"

#include <openssl/rand.h>
#include <string.h>

#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/get_cert.h"
#include "scep/base/log.h"
#include "scep/enroll/message.h"
#include "scep/protocol/csr.h"

bool cert_recovery_choose(struct open_request *e)
{
	const struct scep_rows *keys = &e->state->view.keys;
	struct scep_key *found = NULL;

	ROWS_EACH (i, keys) {
		struct scep_key *key = keys->row[i];

		if (key->profile_index == e->record->profile_index &&
		    key->is_corrupt && key->serial.length > 0 &&
		    (found == NULL || key->not_before >= found->not_before))
			found = key;
	}
	if (found == NULL)
		return false;
	memcpy(e->record->file_id, found->file_id, sizeof(found->file_id));
	e->lost = row_retain(found);
	return true;
}

void cert_recovery_new_transaction(struct open_request *e)
{
	unsigned char octets[16];

	if (RAND_bytes(octets, sizeof(octets)) != 1)
		error_set(&e->work.error, SCEP_KEY_ERROR, "no random numbers");
	else
		bytes_hex(octets, sizeof(octets), e->work.next->transaction_id);
}

static void keep_signer(struct step_work *work, X509 *certificate)
{
	STACK_OF(X509) *stack = sk_X509_new_null();

	if (stack == NULL || !sk_X509_push(stack, certificate))
		error_set(&work->error, SCEP_KEY_ERROR, "memory is short");
	else
		certs_to_pem(stack, &work->next->signer, &work->error);
	sk_X509_free(stack);
}

void cert_recovery_compose_signer(struct open_request *e)
{
	struct scep_values values = {
	    .signature_algorithm = SCEP_SIGN_SHA256,
	    .common_name = "lost",
	};
	struct step_work *work = &e->work;
	EVP_PKEY *key = NULL;
	X509 *signer = NULL;

	if (e->lost->name[0] != '\0')
		memcpy(values.common_name, e->lost->name,
		       sizeof(e->lost->name));
	if (message_load_key(e, e->record->file_id, &key, &work->error) ==
		SCEP_OK &&
	    csr_self_sign(&values, key, work->clock, &signer, &work->error) ==
		SCEP_OK)
		keep_signer(work, signer);
	if (work->error.code == SCEP_OK)
		cert_recovery_new_transaction(e);
	X509_free(signer);
	EVP_PKEY_free(key);
}

void cert_recovery_compose(struct open_request *e)
{
	struct credentials credentials;

	if (credentials_load(e, &credentials) == SCEP_OK &&
	    get_cert_wanted(&credentials.trust, e->lost->issuer,
			    &e->lost->serial, &credentials.content,
			    &e->work.error) == SCEP_OK)
		message_compose(e, &credentials, RFC8894_GET_CERT);
	credentials_free(&credentials);
}

/* What came takes the place of what was lost. */
static void write_file(struct open_request *e, const struct cert_rep *reply)
{
	struct step_work *work = &e->work;
	struct bytes pem = {NULL, 0};
	char name[80];

	message_file_name(e->record, name);
	if (certs_to_pem(reply->certificates, &pem, &work->error) == SCEP_OK)
		files_write(e->state->certs_folder, name, pem.data, pem.length,
			    &work->error);
	bytes_free(&pem);
	keep_signer(work, sk_X509_value(reply->certificates, 0));
	cert_recovery_new_transaction(e);
}

void cert_recovery_digest(struct open_request *e)
{
	struct step_work *work = &e->work;
	struct credentials credentials;
	struct cert_rep reply = {0};
	struct cert_rep_input input;

	if (credentials_load(e, &credentials) != SCEP_OK)
		goto out;
	input = message_expect(e, &credentials);
	if (get_cert_open(&input, &e->lost->serial, &reply, &work->error) !=
	    SCEP_OK)
		goto out;
	message_log_legacy(e, "the server", reply.legacy_used);
	if (reply.pki_status == RFC8894_FAILURE)
		message_note_failure(work, &reply);
	else if (reply.pki_status == RFC8894_PENDING)
		error_set(&work->error, SCEP_BAD_RESPONSE,
			  "the server says PENDING to GetCert");
	else
		write_file(e, &reply);
out:
	cert_rep_free(&reply);
	credentials_free(&credentials);
}

void cert_recovery_keep(struct open_request *e, struct txn *txn)
{
	const struct scep_key *now =
	    scep_rows_find(&e->state->view.keys, e->lost->index);
	struct scep_key *row;

	/* Somebody may have destroyed it meanwhile. */
	if (now == NULL || strcmp(now->file_id, e->lost->file_id) != 0)
		return;
	log_warning("key %u (%s): its certificate was lost, and is there again",
		    now->index, now->name);
	row = row_copy(now);
	if (row != NULL)
		row->is_corrupt = 0;
	txn_put(txn, STORE_KEY, row);
}
