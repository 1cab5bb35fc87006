/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/default_key.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scep/protocol/certs.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/values.h"
#include "scep/base/log.h"
#include "scep/keys/key_file.h"
#include "scep/keys/key_jobs.h"
#include "scep/keys/registry.h"
#include "scep/protocol/csr.h"
#include "scep/settings/settings.h"
#include "scep/state/txn.h"
#include "scep/store/files.h"

#define KEY_BITS	  2048
#define KEY_NAME	  "default"
#define DEFAULT_KEY_RETRY 10000 /* ms */

/* ---------------------------------------------------------- on a worker -- */

static void name_device(char name[SCEP_TEXT64])
{
	if (gethostname(name, SCEP_TEXT64 - 1) != 0 || name[0] == '\0')
		snprintf(name, SCEP_TEXT64, "localhost");
	name[SCEP_TEXT64 - 1] = '\0';
}

/* An RSA key of KEY_BITS for the name of the device. */
static void preset_values(struct scep_values *values)
{
	settings_preset_values(values);
	values->key_length = KEY_BITS;
	name_device(values->common_name);
}

static enum scep_code write_certificate(struct key_job_run *run,
					X509 *certificate, const char *name)
{
	struct bytes pem = {NULL, 0};
	enum scep_code code = certs_one_to_pem(certificate, &pem, &run->error);

	if (code == SCEP_OK)
		code = files_write(run->state->certs_folder, name, pem.data,
				   pem.length, &run->error);
	bytes_free(&pem);
	return code;
}

static void default_key_make(struct key_job_run *run)
{
	EVP_PKEY *key = NULL;
	X509 *certificate = NULL;
	struct scep_values values;
	char name[KEY_FILE_NAME];

	preset_values(&values);
	key_file_name(run->row.file_id, name);
	/* The certificate is valid whatever our clock says today. */
	if (key_file_make(run->state->keys_folder, name, &values, &key,
			  &run->error) == SCEP_OK &&
	    csr_self_sign_for_ever(&values, key, state_build_time(),
				   &certificate, &run->error) == SCEP_OK &&
	    write_certificate(run, certificate, name) == SCEP_OK)
		certs_describe_leaf(certificate, &run->row, &run->error);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

/* ---------------------------------------------------------- on the loop -- */

static enum scep_code register_key(struct key_job_run *run)
{
	struct scep_key *row = row_new(sizeof(*row));
	struct txn txn;

	txn_init(&txn);
	if (row != NULL) {
		*row = run->row;
		row->is_default = true;
		row->install_time = state_now(run->state);
		snprintf(row->name, sizeof(row->name), KEY_NAME);
	}
	txn_put(&txn, STORE_KEY, row);
	return txn_commit(run->state, &txn, NULL, &run->error);
}

static void remove_files(const struct key_job_run *run)
{
	char name[KEY_FILE_NAME];

	key_file_name(run->row.file_id, name);
	files_remove(run->state->keys_folder, name, NULL);
	files_remove(run->state->certs_folder, name, NULL);
}

static bool default_key_settle(struct key_job_run *run)
{
	struct state *state = run->state;

	state->default_key_file_id[0] = '\0';
	/* Not wanted any more: the next sweep removes the files. */
	if (!registry_awaits_default_key(state))
		return true;
	if (run->error.code == SCEP_OK && register_key(run) == SCEP_OK) {
		log_info("key %u (" KEY_NAME "): made", run->row.index);
		return true;
	}
	log_error("key %u (" KEY_NAME "): not made: %s", run->row.index,
		  run->error.text);
	remove_files(run);
	return false;
}

static const struct key_job_kind default_key_kind = {
    .retry = DEFAULT_KEY_RETRY,
    .work = default_key_make,
    .settle = default_key_settle,
};

static void begin_default_key(struct state *state)
{
	struct key_job *job = &state->default_key;
	struct scep_key row = {0};

	if (!bytes_random_name(row.file_id)) {
		key_jobs_try_later(state, job, &default_key_kind);
		return;
	}
	/* At the first start that is 1, whatever is asked for meanwhile. */
	row.index = registry_next_index(state);
	if (key_jobs_begin(state, job, &default_key_kind, &row))
		memcpy(state->default_key_file_id, row.file_id,
		       sizeof(row.file_id));
}

uint64_t default_key_tick(struct state *state)
{
	struct key_job *job = &state->default_key;

	if (!registry_awaits_default_key(state))
		job->retry_at = 0;
	else if (key_jobs_can_begin(state, job))
		begin_default_key(state);
	return key_jobs_next(state, job);
}
