/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/cert_recovery.h"

#include <openssl/rand.h>
#include <string.h>

#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/protocol/get_cert.h"
#include "scep/base/log.h"
#include "scep/enroll/message.h"
#include "scep/protocol/csr.h"

bool lost_choose(struct enrolment *e)
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

void lost_new_transaction(struct enrolment *e)
{
	unsigned char octets[16];

	if (RAND_bytes(octets, sizeof(octets)) != 1)
		error_set(&e->run.error, SCEP_KEY_ERROR, "no random numbers");
	else
		bytes_hex(octets, sizeof(octets), e->run.next->transaction_id);
}

static void keep_signer(struct run *run, X509 *certificate)
{
	STACK_OF(X509) *stack = sk_X509_new_null();

	if (stack == NULL || !sk_X509_push(stack, certificate))
		error_set(&run->error, SCEP_KEY_ERROR, "memory is short");
	else
		trust_to_pem(stack, &run->next->signer, &run->error);
	sk_X509_free(stack);
}

void lost_compose_signer(struct enrolment *e)
{
	struct scep_values values = {
	    .signature_algorithm = SCEP_SIGN_SHA256,
	    .common_name = "lost",
	};
	struct run *run = &e->run;
	EVP_PKEY *key = NULL;
	X509 *signer = NULL;

	if (e->lost->name[0] != '\0')
		memcpy(values.common_name, e->lost->name,
		       sizeof(e->lost->name));
	if (message_load_key(e, e->record->file_id, &key, &run->error) ==
		SCEP_OK &&
	    request_self_sign(&values, key, run->clock, &signer, &run->error) ==
		SCEP_OK)
		keep_signer(run, signer);
	if (run->error.code == SCEP_OK)
		lost_new_transaction(e);
	X509_free(signer);
	EVP_PKEY_free(key);
}

void lost_compose(struct enrolment *e)
{
	struct material material;

	if (material_load(e, &material) == SCEP_OK &&
	    get_cert_wanted(&material.trust, e->lost->issuer, &e->lost->serial,
			    &material.content, &e->run.error) == SCEP_OK)
		message_compose(e, &material, RFC8894_GET_CERT);
	material_free(&material);
}

/* What came takes the place of what was lost. */
static void write_file(struct enrolment *e, const struct cert_rep *reply)
{
	struct run *run = &e->run;
	struct bytes pem = {NULL, 0};
	char name[80];

	message_file_name(e->record, name);
	if (trust_to_pem(reply->certificates, &pem, &run->error) == SCEP_OK)
		files_write(e->state->certs_folder, name, pem.data, pem.length,
			    &run->error);
	bytes_free(&pem);
	keep_signer(run, sk_X509_value(reply->certificates, 0));
	lost_new_transaction(e);
}

void lost_digest(struct enrolment *e)
{
	struct run *run = &e->run;
	struct material material;
	struct cert_rep reply = {0};
	struct open_input input;

	if (material_load(e, &material) != SCEP_OK)
		goto out;
	input = message_expect(e, &material);
	if (get_cert_open(&input, &e->lost->serial, &reply, &run->error) !=
	    SCEP_OK)
		goto out;
	message_log_legacy(e, "the server", reply.legacy_used);
	if (reply.pki_status == RFC8894_FAILURE)
		message_note_failure(run, &reply);
	else if (reply.pki_status == RFC8894_PENDING)
		error_set(&run->error, SCEP_BAD_RESPONSE,
			  "the server says PENDING to GetCert");
	else
		write_file(e, &reply);
out:
	cert_rep_free(&reply);
	material_free(&material);
}

void lost_keep(struct enrolment *e, struct batch *batch)
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
	batch_put(batch, STORE_KEY, row);
}
