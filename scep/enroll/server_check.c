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

/* Shows a result (enum scep_code). */
static void show(struct state *state, uint32_t profile_index, uint32_t result)
{
	const struct scep_profile *old =
	    scep_rows_find(&state->view.profiles, profile_index);
	struct scep_profile *profile;
	struct batch batch;

	if (old == NULL)
		return;
	batch_init(&batch);
	profile = row_copy(old);
	if (profile != NULL)
		profile->facts.check_result = result;
	batch_show(&batch, STORE_PROFILE, profile);
	batch_commit(state, &batch, NULL, NULL);
}

void check_fail(struct enrolment *e)
{
	log_info("check of profile %u: %s: %s: %s", e->record->profile_index,
		 e->step->name, error_code_name(e->run.error.code),
		 e->run.error.text);
	show(e->state, e->record->profile_index, e->run.error.code);
	enrolment_discard(e);
}

static void fail(struct enrolment *e, enum scep_code code, const char *reason)
{
	error_set(&e->run.error, code, "%s", reason);
	check_fail(e);
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
static void go_on(struct enrolment *e, struct batch *batch)
{
	struct state *state = e->state;
	struct record *next = e->run.next;

	if (batch_commit(state, batch, NULL, &e->run.error) != SCEP_OK) {
		check_fail(e);
		return;
	}
	e->run.next = NULL;
	record_free(e->record);
	e->record = next;
	/* Of a check, the step of the record is its place on the way. */
	if (ways[e->check][++next->step] != PLACE_END) {
		enrolment_resume(e);
		return;
	}
	log_info("check of profile %u: %s: successful", next->profile_index,
		 e->step->name);
	show(state, next->profile_index, SCEP_NONE);
	enrolment_discard(e);
}

/* Whether the profile is still the one that was to be checked. */
static bool is_wanted(struct enrolment *e)
{
	if (enrolment_profile(e) != NULL && enrolment_has_same_server(e))
		return true;
	fail(e, SCEP_INTERRUPTED, "the settings of the server were changed");
	return false;
}

/* ----------------------------------------------------------- certificate -- */

/* The newest key of the profile with a valid certificate, or NULL. */
static const struct scep_key *find_key(struct enrolment *e)
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

static void compose_certificate(struct enrolment *e)
{
	struct record *next = e->run.next;
	char name[80];

	message_file_name(next, name);
	if (files_read(e->state->certs_folder, name, CERTIFICATE_LIMIT,
		       &next->signer, &e->run.error) == SCEP_OK)
		lost_new_transaction(e);
}

static void settle_certificate(struct enrolment *e)
{
	struct batch batch;

	batch_init(&batch);
	go_on(e, &batch);
}

/* ----------------------------------------------- GetCACaps (3.5 of RFC) -- */

static void compose_caps(struct enrolment *e)
{
	message_url(e, RFC8894_GET_CA_CAPS, e->record->server.ca_identifier);
}

static void digest_caps(struct enrolment *e)
{
	const struct bytes *body = &e->run.answer.body;

	e->run.next->caps = caps_read(body->data, body->length);
}

static void settle_caps(struct enrolment *e)
{
	struct scep_profile *profile;
	struct batch batch;

	if (!is_wanted(e))
		return;
	batch_init(&batch);
	profile = row_copy(enrolment_profile(e));
	if (profile != NULL)
		profile->facts.caps = e->run.next->caps;
	batch_show(&batch, STORE_PROFILE, profile);
	go_on(e, &batch);
}

/* ------------------------------------------------- GetCACert (4.2 of RFC) */

static void compose_ca_cert(struct enrolment *e)
{
	message_url(e, RFC8894_GET_CA_CERT, e->record->server.ca_identifier);
}

/* Shows what came, so that the operator can decide about it. */
static void fail_pending(struct enrolment *e)
{
	struct state *state = e->state;
	uint32_t last = state->ca_last_index;
	struct batch batch;
	uint32_t candidate;

	batch_init(&batch);
	candidate = cas_merge(e, SCEP_CA_GET, SCEP_CA_PENDING, &batch);
	error_set(&e->run.error, SCEP_CA_NOT_TRUSTED,
		  "waiting for scepCaTrust.%u", candidate);
	if (batch_commit(state, &batch, NULL, &e->run.error) == SCEP_OK &&
	    candidate > last)
		state_tell(state, SCEP_EVENT_CA_PENDING, candidate);
	check_fail(e);
}

static void settle_ca_cert(struct enrolment *e)
{
	struct batch batch;

	if (!is_wanted(e))
		return;
	if (e->record->server.ca_fingerprint.length == 0 &&
	    cas_decided(e) == SCEP_CA_REJECTED) {
		fail(e, SCEP_CA_NOT_TRUSTED, "the CA was rejected");
		return;
	}
	if (!e->run.is_trusted) {
		fail_pending(e);
		return;
	}
	batch_init(&batch);
	cas_merge(e, SCEP_CA_GET, SCEP_CA_TRUSTED, &batch);
	go_on(e, &batch);
}

/* --------------------------------------------- GetNextCACert (4.7 of RFC) */

static void settle_next_ca(struct enrolment *e)
{
	struct batch batch;

	if (!is_wanted(e))
		return;
	batch_init(&batch);
	rollover_keep(e, &batch);
	go_on(e, &batch);
}

/* ------------------------------------------------- GetCRL (3.3.4 of RFC) -- */

static void compose_crl(struct enrolment *e)
{
	struct material material;

	if (material_load(e, &material) == SCEP_OK &&
	    crl_wanted(material.signer, &material.content, &e->run.error) ==
		SCEP_OK)
		message_compose(e, &material, RFC8894_GET_CRL);
	material_free(&material);
}

static void digest_crl(struct enrolment *e)
{
	struct run *run = &e->run;
	struct material material;
	struct cert_rep reply = {0};
	struct open_input input;

	if (material_load(e, &material) == SCEP_OK) {
		input = message_expect(e, &material);
		if (crl_open(&input, &reply, &run->crl, &run->error) == SCEP_OK)
			message_log_legacy(e, "the server", reply.legacy_used);
		if (run->error.code != SCEP_OK)
			goto out;
		if (reply.pki_status == RFC8894_FAILURE)
			message_note_failure(run, &reply);
		else if (run->crl == NULL)
			error_set(&run->error, SCEP_BAD_RESPONSE,
				  "the server says PENDING to GetCRL");
	}
out:
	cert_rep_free(&reply);
	material_free(&material);
}

/* Marks one of our keys as the list has it. */
static void mark_key(struct enrolment *e, const struct scep_key *key,
		     struct batch *batch)
{
	bool is_revoked = crl_has(e->run.crl, &key->serial);
	struct scep_key *row;

	if (is_revoked == (key->is_revoked != 0))
		return;
	log_warning("key %u (%s): its certificate is %s revoked", key->index,
		    key->name, is_revoked ? "" : "no longer");
	row = row_copy(key);
	if (row != NULL)
		row->is_revoked = is_revoked;
	batch_put(batch, STORE_KEY, row);
}

static void settle_crl(struct enrolment *e)
{
	const struct scep_rows *keys = &e->state->view.keys;
	struct batch batch;

	if (!is_wanted(e))
		return;
	batch_init(&batch);
	ROWS_EACH (i, keys) {
		const struct scep_key *key = keys->row[i];

		if (key->profile_index == e->record->profile_index &&
		    key->not_after != 0 && crl_is_of(e->run.crl, key->issuer))
			mark_key(e, key, &batch);
	}
	go_on(e, &batch);
}

/* ------------------------------------------------ GetCert (3.3.4 of RFC) -- */

static void settle_lost(struct enrolment *e)
{
	struct batch batch;

	if (!is_wanted(e))
		return;
	batch_init(&batch);
	lost_keep(e, &batch);
	go_on(e, &batch);
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
		       .digest = pinning_digest,
		       .settle = settle_ca_cert},
    [PLACE_NEXT_CA] = {.name = RFC8894_GET_NEXT_CA_CERT,
		       .rfc = "4.7",
		       .compose = rollover_compose,
		       .exchange = EXCHANGE_GET,
		       .limit = LIMIT_CA_CERT,
		       .is_lenient = true,
		       .digest = rollover_digest,
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
		      .compose = lost_compose_signer,
		      .settle = settle_certificate},
    [PLACE_LOST] = {.name = "GetCert",
		    .rfc = "3.3.4",
		    .compose = lost_compose,
		    .exchange = EXCHANGE_PKI,
		    .limit = LIMIT_CERT_REP,
		    .digest = lost_digest,
		    .settle = settle_lost},
};

const struct step *check_step(const struct enrolment *e)
{
	return &steps[ways[e->check][e->record->step]];
}

/* ------------------------------------------------------------- beginning -- */

static struct enrolment *find(struct state *state, uint32_t profile_index)
{
	struct enrolment *e = state->checks;

	while (e != NULL && e->record->profile_index != profile_index)
		e = e->next;
	return e;
}

bool check_is_running(struct state *state, uint32_t profile_index)
{
	return find(state, profile_index) != NULL;
}

/* A CRL is asked for with a certificate of ours. */
static bool choose_key(struct enrolment *e)
{
	const struct scep_key *key = find_key(e);

	if (key == NULL && lost_choose(e)) {
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

void check_begin(struct state *state, uint32_t profile_index, uint32_t kind)
{
	const struct scep_profile *profile =
	    scep_rows_find(&state->view.profiles, profile_index);
	struct enrolment *e = find(state, profile_index);
	struct record *record;

	if (e != NULL)
		enrolment_discard(e);
	if (profile == NULL)
		return;
	record = record_new();
	if (record != NULL) {
		record->profile_index = profile_index;
		record->server = profile->server;
		e = enrolment_open_check(state, record, kind);
	}
	if (record == NULL || e == NULL) {
		show(state, profile_index, SCEP_STORAGE_ERROR);
		return;
	}
	e->step = check_step(e);
	if (kind != SCEP_CHECK_CRL || choose_key(e))
		enrolment_resume(e);
}
