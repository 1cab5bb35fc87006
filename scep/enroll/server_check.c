/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/server_check.h"

#include <stdlib.h>
#include <string.h>

#include "scep/enroll/ca_table.h"
#include "scep/protocol/crl.h"
#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/state/health.h"
#include "scep/base/log.h"
#include "scep/enroll/cert_recovery.h"
#include "scep/enroll/message.h"
#include "scep/enroll/ca_pinning.h"
#include "scep/enroll/ca_rollover.h"
#include "scep/enroll/steps.h"

#define CERTIFICATE_LIMIT (1024 * 1024)

/* --------------------------------------------------------------- the end -- */

/* Shows a result. */
static void show(struct state *state, uint32_t profile_index,
		 enum scep_code result)
{
	const struct scep_profile *old =
	    scep_rows_find(&state->view.profiles, profile_index);
	struct scep_profile *profile;
	struct txn txn;

	if (old == NULL)
		return;
	txn_init(&txn);
	profile = row_copy(old);
	if (profile != NULL)
		profile->facts.check_result = error_detail(result);
	txn_show(&txn, STORE_PROFILE, profile);
	txn_commit(state, &txn, NULL, NULL);
}

void server_check_fail(struct open_request *e)
{
	log_info("check of profile %u: %s: %s: %s", e->record->profile_index,
		 e->step->name, error_code_name(e->work.error.code),
		 e->work.error.text);
	show(e->state, e->record->profile_index, e->work.error.code);
	open_request_discard(e);
}

static void fail(struct open_request *e, enum scep_code code,
		 const char *reason)
{
	error_set(&e->work.error, code, "%s", reason);
	server_check_fail(e);
}

/* -------------------------------------------------------------- the ways -- */

enum place {
	PLACE_END,
	PLACE_CERTIFICATE,
	PLACE_CAPS,
	PLACE_CAPS_OR_NONE,
	PLACE_CA_CERT,
	PLACE_NEXT_CA,
	PLACE_CRL,
	PLACE_SIGNER,
	PLACE_LOST,
};

#define WAY_LENGTH 6

/* GetCRL of a profile whose certificate has to be asked for first. */
#define CHECK_LOST (SCEP_CHECK_CRL + 1)

/* What each check does, in this order.  The CA is asked for anew each time: a
 * fingerprint alone verifies nothing. */
static const enum place ways[][WAY_LENGTH] = {
    [SCEP_CHECK_CA_CAPS] = {PLACE_CAPS},
    [SCEP_CHECK_CA_CERT] = {PLACE_CA_CERT},
    [SCEP_CHECK_NEXT_CA_CERT] = {PLACE_CA_CERT, PLACE_NEXT_CA},
    [SCEP_CHECK_CRL] = {PLACE_CERTIFICATE, PLACE_CAPS_OR_NONE, PLACE_CA_CERT,
			PLACE_CRL},
    [CHECK_LOST] = {PLACE_SIGNER, PLACE_CAPS_OR_NONE, PLACE_CA_CERT, PLACE_LOST,
		    PLACE_CRL},
};

/* Keeps what the step has brought, and goes on. */
static void go_on(struct open_request *e, struct txn *txn)
{
	struct state *state = e->state;
	struct record *next = e->work.next;

	if (txn_commit(state, txn, NULL, &e->work.error) != SCEP_OK) {
		server_check_fail(e);
		return;
	}
	e->work.next = NULL;
	record_free(e->record);
	e->record = next;
	/* Of a check, the step of the record is its place on the way. */
	if (ways[e->check][++next->step] != PLACE_END) {
		open_request_resume(e);
		return;
	}
	log_info("check of profile %u: %s: successful", next->profile_index,
		 e->step->name);
	show(state, next->profile_index, SCEP_NONE);
	open_request_discard(e);
}

/* Whether the profile is still the one that was to be checked. */
static bool is_wanted(struct open_request *e)
{
	if (open_request_profile(e) != NULL && open_request_has_same_server(e))
		return true;
	fail(e, SCEP_INTERRUPTED, "the settings of the server were changed");
	return false;
}

/* ----------------------------------------------------------- certificate -- */

/* The newest key of the profile with a valid certificate, or NULL. */
static const struct scep_key *find_key(struct open_request *e)
{
	const struct scep_rows *keys = &e->state->view.keys;
	const struct scep_key *found = NULL;

	ROWS_EACH (i, keys) {
		const struct scep_key *key = keys->row[i];

		if (key->profile_index == e->record->profile_index &&
		    scep_key_state_at(key, state_now(e->state), 0) ==
			SCEP_KEY_VALID &&
		    (found == NULL || key->not_before >= found->not_before))
			found = key;
	}
	return found;
}

static void compose_certificate(struct open_request *e)
{
	struct record *next = e->work.next;
	char name[80];

	message_file_name(next, name);
	if (files_read(e->state->certs_folder, name, CERTIFICATE_LIMIT,
		       &next->signer, &e->work.error) == SCEP_OK)
		cert_recovery_new_transaction(e);
}

static void settle_certificate(struct open_request *e)
{
	struct txn txn;

	txn_init(&txn);
	go_on(e, &txn);
}

/* ----------------------------------------------- GetCACaps (3.5 of RFC) -- */

static void compose_caps(struct open_request *e)
{
	message_url(e, RFC8894_GET_CA_CAPS, e->record->server.ca_identifier);
}

static void digest_caps(struct open_request *e)
{
	const struct bytes *body = &e->work.answer.body;

	e->work.next->caps = caps_read(body->data, body->length);
}

static void settle_caps(struct open_request *e)
{
	struct scep_profile *profile;
	struct txn txn;

	if (!is_wanted(e))
		return;
	txn_init(&txn);
	profile = row_copy(open_request_profile(e));
	if (profile != NULL)
		profile->facts.caps = e->work.next->caps;
	txn_show(&txn, STORE_PROFILE, profile);
	go_on(e, &txn);
}

/* ------------------------------------------------- GetCACert (4.2 of RFC) */

static void compose_ca_cert(struct open_request *e)
{
	message_url(e, RFC8894_GET_CA_CERT, e->record->server.ca_identifier);
}

/* Shows what came, so that the operator can decide about it. */
static void fail_pending(struct open_request *e)
{
	struct state *state = e->state;
	uint32_t last = state->ca_last_index;
	struct txn txn;
	uint32_t candidate;

	txn_init(&txn);
	candidate = ca_table_merge(e, SCEP_CA_GET, SCEP_CA_PENDING, &txn);
	error_set(&e->work.error, SCEP_CA_NOT_TRUSTED,
		  "waiting for scepCaTrust.%u", candidate);
	if (txn_commit(state, &txn, NULL, &e->work.error) == SCEP_OK &&
	    candidate > last)
		state_notify(state, SCEP_EVENT_CA_PENDING, candidate);
	server_check_fail(e);
}

static void settle_ca_cert(struct open_request *e)
{
	struct txn txn;

	if (!is_wanted(e))
		return;
	if (e->record->server.ca_fingerprint.length == 0 &&
	    ca_table_decided(e) == SCEP_CA_REJECTED) {
		fail(e, SCEP_CA_NOT_TRUSTED, "the CA was rejected");
		return;
	}
	if (!e->work.is_trusted) {
		fail_pending(e);
		return;
	}
	txn_init(&txn);
	ca_table_merge(e, SCEP_CA_GET, SCEP_CA_TRUSTED, &txn);
	go_on(e, &txn);
}

/* --------------------------------------------- GetNextCACert (4.7 of RFC) */

static void settle_next_ca(struct open_request *e)
{
	struct txn txn;

	if (!is_wanted(e))
		return;
	txn_init(&txn);
	ca_rollover_keep(e, &txn);
	go_on(e, &txn);
}

/* ------------------------------------------------- GetCRL (3.3.4 of RFC) -- */

static void compose_crl(struct open_request *e)
{
	struct credentials credentials;

	if (credentials_load(e, &credentials) == SCEP_OK &&
	    crl_wanted(credentials.signer, &credentials.content,
		       &e->work.error) == SCEP_OK)
		message_compose(e, &credentials, RFC8894_GET_CRL);
	credentials_free(&credentials);
}

static void digest_crl(struct open_request *e)
{
	struct step_work *work = &e->work;
	struct credentials credentials;
	struct cert_rep reply = {0};
	struct cert_rep_input input;

	if (credentials_load(e, &credentials) == SCEP_OK) {
		input = message_expect(e, &credentials);
		if (crl_open(&input, &reply, &work->crl, &work->error) ==
		    SCEP_OK)
			message_log_legacy(e, "the server", reply.legacy_used);
		if (work->error.code != SCEP_OK)
			goto out;
		if (reply.pki_status == RFC8894_FAILURE)
			message_note_failure(work, &reply);
		else if (work->crl == NULL)
			error_set(&work->error, SCEP_BAD_RESPONSE,
				  "the server says PENDING to GetCRL");
	}
out:
	cert_rep_free(&reply);
	credentials_free(&credentials);
}

/* Marks one of our keys as the list has it. */
static void mark_key(struct open_request *e, const struct scep_key *key,
		     struct txn *txn)
{
	bool is_revoked = crl_has(e->work.crl, &key->serial);
	struct scep_key *row;

	if (is_revoked == (key->is_revoked != 0))
		return;
	log_warning("key %u (%s): its certificate is %s revoked", key->index,
		    key->name, is_revoked ? "" : "no longer");
	row = row_copy(key);
	if (row != NULL)
		row->is_revoked = is_revoked;
	txn_put(txn, STORE_KEY, row);
}

static void settle_crl(struct open_request *e)
{
	const struct scep_rows *keys = &e->state->view.keys;
	struct txn txn;

	if (!is_wanted(e))
		return;
	txn_init(&txn);
	ROWS_EACH (i, keys) {
		const struct scep_key *key = keys->row[i];

		if (key->profile_index == e->record->profile_index &&
		    key->not_after != 0 && crl_is_of(e->work.crl, key->issuer))
			mark_key(e, key, &txn);
	}
	go_on(e, &txn);
}

/* ------------------------------------------------ GetCert (3.3.4 of RFC) -- */

static void settle_lost(struct open_request *e)
{
	struct txn txn;

	if (!is_wanted(e))
		return;
	txn_init(&txn);
	cert_recovery_keep(e, &txn);
	go_on(e, &txn);
}

/* ----------------------------------------------------------------- table -- */

static const struct step steps[] = {
    [PLACE_CERTIFICATE] = {.name = "certificate",
			   .rfc = "3.3.4",
			   .compose = compose_certificate,
			   .settle = settle_certificate},
    /* The manager is to see what the server answers to it. */
    [PLACE_CAPS] = {.name = RFC8894_GET_CA_CAPS,
		    .rfc = "3.5",
		    .compose = compose_caps,
		    .exchange = EXCHANGE_GET,
		    .limit = LIMIT_CA_CAPS,
		    .digest = digest_caps,
		    .settle = settle_caps},
    [PLACE_CAPS_OR_NONE] = {.name = RFC8894_GET_CA_CAPS,
			    .rfc = "3.5",
			    .compose = compose_caps,
			    .exchange = EXCHANGE_GET,
			    .limit = LIMIT_CA_CAPS,
			    .is_lenient = true,
			    .digest = digest_caps,
			    .settle = settle_caps},
    [PLACE_CA_CERT] = {.name = RFC8894_GET_CA_CERT,
		       .rfc = "4.2",
		       .compose = compose_ca_cert,
		       .exchange = EXCHANGE_GET,
		       .limit = LIMIT_CA_CERT,
		       .digest = ca_pinning_digest,
		       .settle = settle_ca_cert},
    [PLACE_NEXT_CA] = {.name = RFC8894_GET_NEXT_CA_CERT,
		       .rfc = "4.7",
		       .compose = ca_rollover_compose,
		       .exchange = EXCHANGE_GET,
		       .limit = LIMIT_CA_CERT,
		       .is_lenient = true,
		       .digest = ca_rollover_digest,
		       .settle = settle_next_ca},
    [PLACE_CRL] = {.name = "GetCRL",
		   .rfc = "3.3.4",
		   .compose = compose_crl,
		   .exchange = EXCHANGE_PKI,
		   .limit = LIMIT_CERT_REP,
		   .digest = digest_crl,
		   .settle = settle_crl},
    [PLACE_SIGNER] = {.name = "certificate",
		      .rfc = "2.3",
		      .compose = cert_recovery_compose_signer,
		      .settle = settle_certificate},
    [PLACE_LOST] = {.name = "GetCert",
		    .rfc = "3.3.4",
		    .compose = cert_recovery_compose,
		    .exchange = EXCHANGE_PKI,
		    .limit = LIMIT_CERT_REP,
		    .digest = cert_recovery_digest,
		    .settle = settle_lost},
};

const struct step *server_check_step(const struct open_request *e)
{
	return &steps[ways[e->check][e->record->step]];
}

/* ------------------------------------------------------------- beginning -- */

static struct open_request *find(struct state *state, uint32_t profile_index)
{
	struct open_request *e = state->checks;

	while (e != NULL && e->record->profile_index != profile_index)
		e = e->next;
	return e;
}

bool server_check_is_running(struct state *state, uint32_t profile_index)
{
	return find(state, profile_index) != NULL;
}

/* A CRL is asked for with a certificate of ours. */
static bool choose_key(struct open_request *e)
{
	const struct scep_key *key = find_key(e);

	if (key == NULL && cert_recovery_choose(e)) {
		e->check = CHECK_LOST;
		return true;
	}
	if (key == NULL) {
		fail(e, SCEP_CONFIG_ERROR,
		     "the profile has no valid certificate");
		return false;
	}
	memcpy(e->record->file_id, key->file_id, sizeof(key->file_id));
	return true;
}

void server_check_begin(struct state *state, uint32_t profile_index,
			uint32_t kind)
{
	const struct scep_profile *profile =
	    scep_rows_find(&state->view.profiles, profile_index);
	struct open_request *e = find(state, profile_index);
	struct record *record;

	if (e != NULL)
		open_request_discard(e);
	if (profile == NULL)
		return;
	record = record_new();
	if (record != NULL) {
		record->profile_index = profile_index;
		record->server = profile->server;
		e = open_request_open_check(state, record, kind);
	}
	if (record == NULL || e == NULL) {
		show(state, profile_index, SCEP_STORAGE_ERROR);
		return;
	}
	e->step = server_check_step(e);
	if (kind != SCEP_CHECK_CRL || choose_key(e))
		open_request_resume(e);
}
