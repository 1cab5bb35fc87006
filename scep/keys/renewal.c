/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/renewal.h"

#include <stdio.h>
#include <string.h>

#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/keys/registry.h"

#define CERTIFICATE_LIMIT (1024 * 1024)

/* ----------------------------------------------------- what is renewed -- */

const struct scep_key *renewal_last(struct state *state, uint32_t profile_index)
{
	const struct scep_key *last = NULL;

	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];

		if (key->profile_index == profile_index &&
		    key->not_after != 0 &&
		    (last == NULL || key->install_time >= last->install_time))
			last = key;
	}
	return last;
}

/* A clock that cannot be believed is no judge of validity. */
static bool is_valid(struct state *state, const struct scep_key *key)
{
	int64_t now = state_now(state);

	if (key->is_corrupt || key->is_revoked)
		return false;
	return !state_clock_is_sane(state) ||
	       (key->not_before <= now && now < key->not_after);
}

void renewal_of(struct state *state, struct record *record,
		const struct scep_key *key)
{
	if (!is_valid(state, key))
		return;
	record->replaces = key->index;
	memcpy(record->old_file_id, key->file_id, sizeof(key->file_id));
}

void renewal_begin(struct state *state, struct record *record)
{
	const struct scep_key *key = renewal_last(state, record->profile_index);

	if (key != NULL)
		renewal_of(state, record, key);
}

/* ----------------------------------------------------------------- how -- */

bool renewal_signs_with_old(const struct record *record)
{
	return record->replaces != 0 &&
	       record->server.renewal_mode != RENEWAL_PKCS_REQ;
}

enum step_id renewal_step(const struct record *record)
{
	if (record->replaces == 0)
		return STEP_REQUEST;
	switch ((enum renewal_mode)record->server.renewal_mode) {
	case RENEWAL_AUTO:
		return (record->caps & SCEP_CAP_RENEWAL) != 0 &&
			       !record->renewal_was_refused
			   ? STEP_RENEW
			   : STEP_REQUEST;
	case RENEWAL_REQ:
		return STEP_RENEW;
	case RENEWAL_PKCS_REQ:
	case RENEWAL_OLD_KEY:
		break;
	}
	return STEP_REQUEST;
}

bool renewal_may_fall_back(const struct record *record)
{
	return record->server.renewal_mode == RENEWAL_AUTO &&
	       renewal_step(record) == STEP_RENEW;
}

/* A server may keep to its answer for a transactionID, and the digest of the
 * key has been one. */
bool renewal_fall_back(struct record *next)
{
	next->renewal_was_refused = 1;
	next->was_pending = 0;
	return registry_new_file_id(next->transaction_id);
}

/* ------------------------------------------------------------- loading -- */

enum scep_code renewal_load(struct open_request *e, X509 **certificate)
{
	struct scep_error *error = &e->work.error;
	struct bytes pem = {NULL, 0};
	STACK_OF(X509) *stack = NULL;
	char name[80];

	*certificate = NULL;
	if (e->record->replaces == 0)
		return SCEP_OK;
	snprintf(name, sizeof(name), "%s.pem", e->record->old_file_id);
	if (files_read(e->state->certs_folder, name, CERTIFICATE_LIMIT, &pem,
		       error) == SCEP_OK &&
	    certs_from_pem(pem.data, pem.length, &stack, error) == SCEP_OK)
		*certificate = sk_X509_shift(stack);
	bytes_free(&pem);
	sk_X509_pop_free(stack, X509_free);
	if (*certificate != NULL)
		return SCEP_OK;
	error->code = SCEP_KEY_ERROR;
	error_wrap(error, "the certificate to be renewed");
	return error->code;
}
