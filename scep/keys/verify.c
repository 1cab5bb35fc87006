/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/verify.h"

#include <string.h>

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/keys/action_result.h"
#include "scep/keys/key_file.h"
#include "scep/keys/key_jobs.h"
#include "scep/keys/registry.h"
#include "scep/state/txn.h"

#define VERIFY_RETRY 5000 /* ms */

/* ---------------------------------------------------------- on a worker -- */

static void verify_files(struct key_job_run *run)
{
	key_file_check(run->state->keys_folder, run->state->certs_folder,
		       &run->row, &run->row.storage, &run->error);
}

/* ---------------------------------------------------------- on the loop -- */

static void log_result(const struct key_job_run *run)
{
	char name[REGISTRY_KEY_NAME];

	registry_name_key(&run->state->view, &run->row, name);
	if (run->error.code == SCEP_OK)
		log_info("%s: verified", name);
	else
		log_error("%s: corrupt: %s", name, run->error.text);
}

/* The index may have been given to another key. */
static bool is_still_wanted(const struct key_job_run *run)
{
	const struct scep_key *now =
	    scep_rows_find(&run->state->view.keys, run->row.index);

	return now != NULL && now->is_to_be_verified &&
	       strcmp(now->file_id, run->row.file_id) == 0;
}

static bool verify_settle(struct key_job_run *run)
{
	bool is_good = run->error.code == SCEP_OK;
	struct txn txn;
	struct scep_key *key;

	if (!is_still_wanted(run))
		return true;
	/* Nothing is known of the files: verifies them again later. */
	if (run->error.code == SCEP_NO_MEMORY)
		return false;
	txn_init(&txn);
	key = txn_edit(run->state, &txn, STORE_KEY, run->row.index, true);
	if (key != NULL) {
		key->is_to_be_verified = false;
		key->is_corrupt = !is_good;
		key->storage = run->row.storage;
		if (is_good)
			action_result_succeed(key);
		else
			action_result_fail(key, &run->error);
	}
	if (txn_commit(run->state, &txn, NULL, NULL) != SCEP_OK)
		return false;
	log_result(run);
	return true;
}

static const struct key_job_kind verify_kind = {
    .retry = VERIFY_RETRY,
    .work = verify_files,
    .settle = verify_settle,
};

static const struct scep_key *next_to_verify(const struct state *state)
{
	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];

		if (key->is_to_be_verified)
			return key;
	}
	return NULL;
}

uint64_t verify_tick(struct state *state)
{
	const struct scep_key *key = next_to_verify(state);
	struct key_job *job = &state->verification;

	if (key == NULL)
		job->retry_at = 0;
	else if (key_jobs_can_begin(state, job))
		key_jobs_begin(state, job, &verify_kind, key);
	return key_jobs_next(state, job);
}
