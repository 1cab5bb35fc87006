/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/default_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scep/state/txn.h"
#include "scep/state/open_request.h"
#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/protocol/key.h"
#include "scep/base/log.h"
#include "scep/keys/registry.h"
#include "scep/protocol/csr.h"
#include "scep/settings/settings.h"
#include "scep/protocol/certs.h"

#define KEY_BITS 2048
#define KEY_NAME "default"
/* When it cannot be made or kept, how long until it is tried again, in ms. */
#define TRY_AGAIN 10000

/* What a worker makes. */
struct making {
	struct state *state;
	char keys_folder[4200];
	char certs_folder[4200];
	struct scep_values values;
	struct scep_key row;
	struct scep_error error;
};

static bool has_default(const struct state *state)
{
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];

		if (key->is_default)
			return true;
	}
	return false;
}

bool default_key_is_due(const struct state *state)
{
	return state->config.has_default_key && !has_default(state);
}

/* ---------------------------------------------------------- on a worker -- */

static enum scep_code write_key(struct making *making, EVP_PKEY *key,
				const char *name)
{
	struct bytes pem = {NULL, 0};
	enum scep_code code = key_to_pem(key, &pem, &making->error);

	if (code == SCEP_OK)
		code = files_write(making->keys_folder, name, pem.data,
				   pem.length, &making->error);
	bytes_free(&pem);
	return code;
}

static enum scep_code write_certificate(struct making *making,
					X509 *certificate, const char *name)
{
	STACK_OF(X509) *stack = sk_X509_new_null();
	struct bytes pem = {NULL, 0};
	enum scep_code code;

	if (stack == NULL || sk_X509_push(stack, certificate) == 0)
		code = error_set(&making->error, SCEP_STORAGE_ERROR,
				 "memory is short");
	else
		code = certs_to_pem(stack, &pem, &making->error);
	if (code == SCEP_OK)
		code = files_write(making->certs_folder, name, pem.data,
				   pem.length, &making->error);
	sk_X509_free(stack);
	bytes_free(&pem);
	return code;
}

static void make(void *context)
{
	struct making *making = context;
	EVP_PKEY *key = NULL;
	X509 *certificate = NULL;
	char name[80];

	snprintf(name, sizeof(name), "%s.pem", making->row.file_id);
	if (key_make_rsa(KEY_BITS, &key, &making->error) == SCEP_OK &&
	    /* Valid whatever our clock says today. */
	    csr_self_sign_for_ever(&making->values, key, state_build_time(),
				   &certificate, &making->error) == SCEP_OK &&
	    write_key(making, key, name) == SCEP_OK &&
	    write_certificate(making, certificate, name) == SCEP_OK)
		certs_describe_leaf(certificate, &making->row);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

/* ---------------------------------------------------------- on the loop -- */

static enum scep_code keep(struct making *making)
{
	struct state *state = making->state;
	struct scep_key *row = row_new(sizeof(*row));
	struct txn txn;

	txn_init(&txn);
	if (row != NULL) {
		*row = making->row;
		row->is_default = true;
		row->install_time = state_now(state);
		snprintf(row->name, sizeof(row->name), KEY_NAME);
	}
	txn_put(&txn, STORE_KEY, row);
	return txn_commit(state, &txn, NULL, &making->error);
}

static void remove_files(const struct making *making)
{
	char name[80];

	snprintf(name, sizeof(name), "%s.pem", making->row.file_id);
	files_remove(making->keys_folder, name, NULL);
	files_remove(making->certs_folder, name, NULL);
}

static void made(void *context)
{
	struct making *making = context;
	struct state *state = making->state;

	state->default_key.is_running = false;
	state->default_key.file_id[0] = '\0';
	if (state->is_stopping || state->store == NULL ||
	    !default_key_is_due(state)) {
		/* The next start sweeps what is left. */
		free(making);
		return;
	}
	if (making->error.code == SCEP_OK && keep(making) == SCEP_OK) {
		log_info("the default key was made");
	} else {
		log_error("the default key cannot be made: %s",
			  making->error.text);
		remove_files(making);
		state->default_key.wake = state_mono(state) + TRY_AGAIN;
		open_request_wake(state);
	}
	free(making);
}

static void name_device(char name[SCEP_TEXT64])
{
	if (gethostname(name, SCEP_TEXT64 - 1) != 0 || name[0] == '\0')
		snprintf(name, SCEP_TEXT64, "localhost");
	name[SCEP_TEXT64 - 1] = '\0';
}

static bool begin(struct state *state)
{
	struct making *making = calloc(1, sizeof(*making));

	if (making == NULL || !registry_new_file_id(making->row.file_id)) {
		free(making);
		return false;
	}
	making->state = state;
	/* At the first start that is 1, whatever is asked for meanwhile. */
	making->row.index = registry_next_index(state);
	memcpy(making->keys_folder, state->keys_folder,
	       sizeof(making->keys_folder));
	memcpy(making->certs_folder, state->certs_folder,
	       sizeof(making->certs_folder));
	settings_preset_values(&making->values);
	name_device(making->values.common_name);
	error_init(&making->error);
	if (!state->io->ops->work(state->io, make, made, making)) {
		free(making);
		return false;
	}
	memcpy(state->default_key.file_id, making->row.file_id,
	       sizeof(making->row.file_id));
	state->default_key.is_running = true;
	return true;
}

void default_key_tick(struct state *state)
{
	struct default_key_work *work = &state->default_key;

	if (state->is_stopping || state->store == NULL || work->is_running ||
	    !default_key_is_due(state) ||
	    (work->wake != 0 && state_mono(state) < work->wake))
		return;
	work->wake = begin(state) ? 0 : state_mono(state) + TRY_AGAIN;
}
