/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/renewal.h"

#include <string.h>

#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/server.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/keys/key_file.h"
#include "scep/protocol/asked.h"
#include "scep/settings/settings.h"

/* ----------------------------------------- which certificate it renews -- */

/* Where our clock is wrong, it does not judge validity. */
static bool has_begun(struct state *state, const struct scep_key *key)
{
	return !state_clock_is_sane(state) ||
	       key->not_before <= state_now(state);
}

static bool is_valid_now(struct state *state, const struct scep_key *key)
{
	if (key->is_corrupt || key->is_revoked || !has_begun(state, key))
		return false;
	return !state_clock_is_sane(state) || state_now(state) < key->not_after;
}

/* `is_begun`: among those that have begun. */
static const struct scep_key *find_last(struct state *state,
					uint32_t profile_index, bool is_begun)
{
	const struct scep_key *last = NULL;

	ROWS_EACH (i, &state->view.keys) {
		const struct scep_key *key = state->view.keys.row[i];

		if (key->profile_index == profile_index &&
		    key->not_after != 0 &&
		    (!is_begun || has_begun(state, key)) &&
		    (last == NULL || key->install_time >= last->install_time))
			last = key;
	}
	return last;
}

const struct scep_key *renewal_next(struct state *state, uint32_t profile_index)
{
	const struct scep_key *last = find_last(state, profile_index, false);
	const struct scep_key *present = find_last(state, profile_index, true);

	if (last == NULL || has_begun(state, last) || present == NULL ||
	    !is_valid_now(state, present))
		return last;
	/* It leaves a gap: the present one is renewed before it ends. */
	return present->not_after + state->config.clock_skew_limit <
		       last->not_before
		   ? present
		   : last;
}

void renewal_of(struct state *state, struct record *record,
		const struct scep_key *key)
{
	/* A certificate that begins later signs nothing yet. */
	if (!has_begun(state, key))
		key = find_last(state, record->profile_index, true);
	if (key == NULL || !is_valid_now(state, key))
		return;
	record->replaces = key->index;
	memcpy(record->old_file_id, key->file_id, sizeof(key->file_id));
}

void renewal_of_last(struct state *state, struct record *record)
{
	const struct scep_key *key =
	    find_last(state, record->profile_index, true);

	if (key != NULL)
		renewal_of(state, record, key);
}

/* ---------------------------------------------------- what it asks for -- */

void renewal_keep_asked(struct scep_key *key, const struct scep_values *values)
{
	key->asked = *values;
	memset(&key->asked.challenge_password, 0,
	       sizeof(key->asked.challenge_password));
	memset(key->asked.key_name, 0, sizeof(key->asked.key_name));
	memset(key->asked.use_location, 0, sizeof(key->asked.use_location));
}

void renewal_recall_asked(struct state *state, struct scep_key *key)
{
	STACK_OF(X509) *chain = NULL;
	struct scep_values values;
	struct scep_error error;
	char name[KEY_FILE_NAME];

	error_init(&error);
	settings_preset_values(&values);
	key_file_name(key->file_id, name);
	if (key_file_read_chain(state->certs_folder, name, &chain, &error) ==
		SCEP_OK &&
	    asked_of_certificate(sk_X509_value(chain, 0), &values, &error) ==
		SCEP_OK)
		key->asked = values;
	else
		log_warning("key %u (%s): cannot be renewed: %s", key->index,
			    key->name, error.text);
	sk_X509_pop_free(chain, X509_free);
}

struct scep_values renewal_values(const struct scep_key *key,
				  const struct scep_profile *profile)
{
	struct scep_values values = key->asked;

	memcpy(values.key_name, key->name, sizeof(values.key_name));
	memcpy(values.use_location, key->use_location,
	       sizeof(values.use_location));
	values.challenge_password =
	    profile->request.challenge_password.length != 0
		? profile->request.challenge_password
		: profile->timer.values.challenge_password;
	return values;
}

/* --------------------------------------------------------- how it asks -- */

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

/* A server may repeat its answer for a transactionID; the digest of the key has
 * been that of the RenewalReq. */
bool renewal_fall_back(struct record *next)
{
	next->renewal_was_refused = 1;
	next->was_pending = 0;
	return bytes_random_name(next->transaction_id);
}

bool renewal_needs_challenge(struct state *state, const struct record *record)
{
	const struct scep_key *old =
	    renewal_signs_with_old(record)
		? scep_rows_find(&state->view.keys, record->replaces)
		: NULL;

	return scep_values_are_ec(&record->values) ||
	       (old != NULL && old->algorithm == SCEP_KEY_EC);
}

/* ------------------------------------------------------------- loading -- */

/* The files of a key may have been exchanged since the start. */
static enum scep_code check_old_key(const struct state *state, const char *name,
				    const X509 *certificate,
				    struct scep_error *error)
{
	EVP_PKEY *key = NULL;
	enum scep_code code =
	    key_file_read(state->keys_folder, name, &key, error);

	if (code == SCEP_OK)
		code = key_check_certificate(key, certificate, error);
	EVP_PKEY_free(key);
	return code;
}

enum scep_code renewal_load(const struct state *state,
			    const struct record *record, X509 **certificate,
			    struct scep_error *error)
{
	STACK_OF(X509) *chain = NULL;
	char name[KEY_FILE_NAME];

	*certificate = NULL;
	if (record->replaces == 0)
		return SCEP_OK;
	key_file_name(record->old_file_id, name);
	if (key_file_read_chain(state->certs_folder, name, &chain, error) ==
	    SCEP_OK)
		*certificate = sk_X509_shift(chain);
	sk_X509_pop_free(chain, X509_free);
	if (*certificate != NULL &&
	    check_old_key(state, name, *certificate, error) == SCEP_OK)
		return SCEP_OK;
	X509_free(*certificate);
	*certificate = NULL;
	/* It passes, and must not lose the request. */
	if (error->code == SCEP_NO_MEMORY)
		return error->code;
	error->code = SCEP_KEY_ERROR;
	error_wrap(error, "the certificate to be renewed");
	return error->code;
}
