/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/state/txn.h"
#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/protocol/key.h"
#include "scep/base/log.h"
#include "scep/protocol/certs.h"

#define FILE_LIMIT (1024 * 1024)

/* What a worker looks at. */
struct verifying {
	struct state *state;
	char keys_folder[4200];
	char certs_folder[4200];
	struct scep_key row; /* as it is to be */
	struct scep_error error;
};

/* ---------------------------------------------------------- on a worker -- */

static EVP_PKEY *read_key(struct verifying *verifying, const char *name)
{
	struct bytes pem = {NULL, 0};
	EVP_PKEY *key = NULL;

	if (files_read(verifying->keys_folder, name, FILE_LIMIT, &pem,
		       &verifying->error) == SCEP_OK)
		key_from_pem(pem.data, pem.length, &key, &verifying->error);
	bytes_free(&pem);
	return key;
}

static STACK_OF(X509) *
    read_chain(struct verifying *verifying, const char *name)
{
	struct bytes pem = {NULL, 0};
	STACK_OF(X509) *chain = NULL;

	if (files_read(verifying->certs_folder, name, FILE_LIMIT, &pem,
		       &verifying->error) == SCEP_OK)
		certs_from_pem(pem.data, pem.length, &chain, &verifying->error);
	bytes_free(&pem);
	return chain;
}

static void compare(struct verifying *verifying, EVP_PKEY *key,
		    X509 *certificate)
{
	const struct scep_key *row = &verifying->row;
	struct scep_key found = {0};

	certs_describe_leaf(certificate, &found);
	if (found.fingerprint.length != row->fingerprint.length ||
	    memcmp(found.fingerprint.data, row->fingerprint.data,
		   row->fingerprint.length) != 0)
		error_set(&verifying->error, SCEP_STORAGE_ERROR,
			  "the file holds another certificate");
	else if (!key_fits(key, certificate))
		error_set(&verifying->error, SCEP_KEY_ERROR,
			  "the key is not that of the certificate");
}

static void look(void *context)
{
	struct verifying *verifying = context;
	STACK_OF(X509) *chain = NULL;
	EVP_PKEY *key;
	char name[80];

	snprintf(name, sizeof(name), "%s.pem", verifying->row.file_id);
	key = read_key(verifying, name);
	if (key != NULL && verifying->row.not_after != 0)
		chain = read_chain(verifying, name);
	if (chain != NULL)
		compare(verifying, key, sk_X509_value(chain, 0));
	sk_X509_pop_free(chain, X509_free);
	EVP_PKEY_free(key);
}

/* ---------------------------------------------------------- on the loop -- */

static void looked(void *context)
{
	struct verifying *verifying = context;
	struct state *state = verifying->state;
	uint32_t index = verifying->row.index;
	bool is_good = verifying->error.code == SCEP_OK;
	struct txn txn;
	struct scep_key *key = NULL;

	state->is_verifying = false;
	txn_init(&txn);
	if (!state->is_stopping && state->store != NULL)
		key = txn_edit(state, &txn, STORE_KEY, index, true);
	/* The index may have been given to another key. */
	if (key != NULL && key->is_to_be_verified &&
	    strcmp(key->file_id, verifying->row.file_id) == 0) {
		key->is_to_be_verified = false;
		key->is_corrupt = !is_good;
		key->action_result =
		    is_good ? SCEP_NONE : error_detail(verifying->error.code);
		if (is_good)
			log_info("key %u (%s): verified", index, key->name);
		else
			log_error("key %u (%s) is corrupt: %s", index,
				  key->name, verifying->error.text);
		/* If the disk refuses, the next tick does it again. */
		txn_commit(state, &txn, NULL, NULL);
	}
	txn_free(&txn);
	free(verifying);
}

static const struct scep_key *next_wanted(const struct state *state)
{
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];

		if (key->is_to_be_verified)
			return key;
	}
	return NULL;
}

void verify_tick(struct state *state)
{
	const struct scep_key *key = next_wanted(state);
	struct verifying *verifying;

	if (key == NULL || state->is_verifying || state->is_stopping ||
	    state->store == NULL || state->deadline != 0)
		return;
	verifying = calloc(1, sizeof(*verifying));
	if (verifying == NULL)
		return;
	verifying->state = state;
	verifying->row = *key;
	error_init(&verifying->error);
	memcpy(verifying->keys_folder, state->keys_folder,
	       sizeof(verifying->keys_folder));
	memcpy(verifying->certs_folder, state->certs_folder,
	       sizeof(verifying->certs_folder));
	state->is_verifying =
	    state->io->ops->work(state->io, look, looked, verifying);
	if (!state->is_verifying)
		free(verifying);
}
