/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/cert_recovery.h"

#include <string.h>

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/rows.h"
#include "scep/values.h"
#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/get_cert.h"
#include "scep/base/log.h"
#include "scep/enroll/message.h"
#include "scep/keys/key_file.h"
#include "scep/protocol/csr.h"

struct scep_key *cert_recovery_find(const struct task *task)
{
	const struct scep_rows *keys = &task->state->view.keys;
	struct scep_key *found = NULL;

	ROWS_EACH (i, keys) {
		struct scep_key *key = keys->row[i];

		if (key->profile_index == task->record->profile_index &&
		    key->is_corrupt && key->serial.length > 0 &&
		    (found == NULL || key->not_before >= found->not_before))
			found = key;
	}
	return found;
}

void cert_recovery_compose_signer(struct task *task,
				  const struct scep_key *lost)
{
	struct scep_values values = {
	    .signature_algorithm = SCEP_SIGN_SHA256,
	    .common_name = "lost",
	};
	struct step_work *work = &task->work;
	EVP_PKEY *key = NULL;
	X509 *signer = NULL;

	if (lost->name[0] != '\0')
		memcpy(values.common_name, lost->name, sizeof(lost->name));
	if (message_load_key(task, task->record->file_id, &key, &work->error) ==
		SCEP_OK &&
	    csr_self_sign(&values, key, work->clock, &signer, &work->error) ==
		SCEP_OK)
		certs_one_to_pem(signer, &work->next->signer, &work->error);
	if (work->error.code == SCEP_OK)
		message_new_transaction(task);
	X509_free(signer);
	EVP_PKEY_free(key);
}

void cert_recovery_compose(struct task *task, const struct scep_key *lost)
{
	struct credentials credentials;

	if (credentials_load(task, &credentials) == SCEP_OK &&
	    get_cert_wanted(&credentials.trust, lost->issuer, &lost->serial,
			    &credentials.content, &task->work.error) == SCEP_OK)
		message_compose(task, &credentials, RFC8894_GET_CERT);
	credentials_free(&credentials);
}

/* Writes the lost file again, and signs with its certificate from now on. */
static void write_certificate(struct task *task, const struct cert_rep *reply)
{
	struct step_work *work = &task->work;
	struct bytes pem = {NULL, 0};
	char name[KEY_FILE_NAME];

	key_file_name(task->record->file_id, name);
	if (certs_to_pem(reply->certificates, &pem, &work->error) == SCEP_OK)
		files_write(task->state->certs_folder, name, pem.data,
			    pem.length, &work->error);
	bytes_free(&pem);
	certs_one_to_pem(sk_X509_value(reply->certificates, 0),
			 &work->next->signer, &work->error);
	message_new_transaction(task);
}

void cert_recovery_digest(struct task *task, const struct scep_key *lost)
{
	struct step_work *work = &task->work;
	struct credentials credentials;
	struct cert_rep reply = {0};
	struct cert_rep_input input;

	if (credentials_load(task, &credentials) != SCEP_OK)
		goto out;
	input = message_expect(task, &credentials);
	if (get_cert_open(&input, &lost->serial, &reply, &work->error) !=
	    SCEP_OK)
		goto out;
	message_log_legacy(task, "the server", reply.legacy_used);
	if (reply.pki_status == RFC8894_FAILURE)
		message_note_failure(work, &reply);
	else if (reply.pki_status == RFC8894_PENDING)
		error_set(&work->error, SCEP_BAD_RESPONSE,
			  "the server says PENDING to GetCert");
	else
		write_certificate(task, &reply);
out:
	cert_rep_free(&reply);
	credentials_free(&credentials);
}

void cert_recovery_keep(struct task *task, const struct scep_key *lost,
			struct txn *txn)
{
	const struct scep_key *now =
	    scep_rows_find(&task->state->view.keys, lost->index);
	struct scep_key *row;

	/* A manager may have destroyed the key meanwhile. */
	if (now == NULL || strcmp(now->file_id, lost->file_id) != 0)
		return;
	txn_log(txn, SCEP_LOG_WARNING,
		"key %u (%s): its lost certificate was delivered again",
		now->index, now->name);
	row = row_copy(now);
	if (row != NULL)
		row->is_corrupt = 0;
	txn_put(txn, STORE_KEY, row);
}
