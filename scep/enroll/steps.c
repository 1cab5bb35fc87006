/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/steps.h"

#include <string.h>

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/use_row.h"
#include "scep/values.h"
#include "scep/view.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/enroll/ca_pinning.h"
#include "scep/enroll/ca_rollover.h"
#include "scep/enroll/ca_table.h"
#include "scep/enroll/message.h"
#include "scep/keys/applied.h"
#include "scep/keys/key_file.h"
#include "scep/keys/not_before.h"
#include "scep/keys/registry.h"
#include "scep/keys/renewal.h"
#include "scep/keys/spare.h"
#include "scep/keys/use_locations.h"
#include "scep/protocol/ca_certs.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/cert_rep.h"
#include "scep/protocol/csr.h"
#include "scep/protocol/difference.h"
#include "scep/protocol/key.h"
#include "scep/protocol/pki_message.h"
#include "scep/state/open_request.h"
#include "scep/store/files.h"
#include "scep/settings/view_query.h"

static enum step_outcome next_step(struct step_result *result, enum step_id to)
{
	result->to = to;
	return OUTCOME_NEXT;
}

/* ------------------------------------------------------- GetCACaps (3.5) -- */

static enum step_outcome settle_caps(struct task *task,
				     struct step_result *result)
{
	uint32_t caps = result->next->caps;
	struct caps_choice choice;
	struct scep_profile *profile;

	if (task_profile(task) != NULL && task_has_same_server(task)) {
		profile = txn_edit(task->state, &result->txn, STORE_PROFILE,
				   task->record->profile_index, false);
		if (profile != NULL)
			profile->facts.caps = caps;
	}
	if (caps_choose(caps, &task->record->server, task->work.allow_legacy,
			&choice, &task->work.error) != SCEP_OK)
		return OUTCOME_FAIL;
	/* A timer keeps what the configuration does not allow any more. */
	if (task->record->values.signature_algorithm == SCEP_SIGN_SHA1 &&
	    (task->work.allow_legacy & SCEP_LEGACY_SHA1) == 0) {
		error_set(&task->work.error, SCEP_CONFIG_ERROR,
			  "SHA-1 is set as signature algorithm, but "
			  "allowLegacyAlgorithms does not have it for this "
			  "server");
		return OUTCOME_FAIL;
	}
	return next_step(result, STEP_GET_CA_CERT);
}

/* ------------------------------------------------------- GetCACert (4.2) -- */

static enum step_outcome fail_distrusted(struct task *task, const char *reason)
{
	error_set(&task->work.error, SCEP_CA_NOT_TRUSTED, "%s", reason);
	return OUTCOME_FAIL;
}

static enum step_outcome settle_ca_cert(struct task *task,
					struct step_result *result)
{
	bool is_pinned = task->record->server.ca_fingerprint.length > 0;
	bool has_same_server = task_has_same_server(task);

	if (!is_pinned && !has_same_server)
		return fail_distrusted(
		    task, "the settings of the server were changed");
	if (!is_pinned && ca_table_decided(task) == SCEP_CA_REJECTED)
		return fail_distrusted(task, "the CA was rejected");
	/* A decision came while the answer was under way. */
	if (has_same_server && ca_table_is_stale(task))
		return next_step(result, STEP_GET_CA_CERT);
	result->next->server.ra_policy = task->work.ra_policy;
	result->next->awaits_ra = task->work.awaits_ra;
	if (!task->work.is_trusted) {
		ca_table_ask(task, &result->txn);
		ca_table_remind(task);
		result->to = STEP_WAIT_TRUST;
		return OUTCOME_WAIT;
	}
	if (!ca_rollover_end_refetch(open_request_of(task), result->next))
		return OUTCOME_FAIL;
	if (has_same_server)
		ca_table_merge(task, SCEP_CA_GET, SCEP_CA_TRUSTED,
			       &result->txn);
	return next_step(result, ca_rollover_is_due(task)
				     ? STEP_GET_NEXT_CA
				     : ca_rollover_leads_to(task->record));
}

/* --------------------------------------------------- GetNextCACert (4.7) -- */

/* A request needs no CA but the present one: an error ends here. */
static enum step_outcome settle_next_ca(struct task *task,
					struct step_result *result)
{
	struct scep_error *error = &task->work.error;

	if (error->code != SCEP_OK)
		log_warning("%s: %s failed: %s", task->name, task->step->name,
			    error->text);
	else if (task_has_same_server(task))
		ca_rollover_keep(task, &result->txn);
	error_init(error);
	return next_step(result, ca_rollover_leads_to(task->record));
}

/* -------------------------------------------- trust of an operator (2.2) -- */

static enum step_outcome settle_trust(struct task *task,
				      struct step_result *result)
{
	const struct record *record = task->record;

	if (record->awaits_ra && task->work.pin_count == 0)
		return fail_distrusted(task, "the CA was rejected");
	/* Another policy judges anew. */
	if (record->server.ra_policy != 0 &&
	    task->work.ra_policy != record->server.ra_policy)
		return next_step(result, STEP_GET_CA_CERT);
	if (ca_table_is_pending(task, record->awaits_ra))
		return OUTCOME_NOT_YET;
	if (task->work.pin_count == 0)
		return fail_distrusted(task, "the CA was rejected");
	return next_step(result, STEP_GET_CA_CERT);
}

/* ------------------------------------------------------------- key (2.3) -- */

/* Returns the certificate that signs the request, which is owned: the one to
 * be renewed, or a self-signed one (RFC 8894, 2.3). */
static enum scep_code key_make_signer(struct task *task, EVP_PKEY *key,
				      X509 **signer)
{
	struct step_work *work = &task->work;

	if (renewal_signs_with_old(task->record))
		return renewal_load(task->state, task->record, signer,
				    &work->error);
	return csr_self_sign(&task->record->values, key, work->clock, signer,
			     &work->error);
}

static void compose_key(struct task *task)
{
	struct step_work *work = &task->work;
	struct record *next = work->next;
	const char *folder = task->state->keys_folder;
	EVP_PKEY *key = NULL;
	X509 *signer = NULL;
	char name[KEY_FILE_NAME];

	key_file_name(next->file_id, name);
	if (!spare_take(folder, &next->values, name, &key) &&
	    key_file_make(folder, name, &next->values, &key, &work->error) !=
		SCEP_OK)
		goto out;
	/* The transactionID must be unique (RFC 8894, 3.2.1.1): every request
	 * makes a new key, so the digest of the key is. */
	if (key_digest(key, next->transaction_id, &work->error) == SCEP_OK &&
	    key_make_signer(task, key, &signer) == SCEP_OK)
		certs_one_to_pem(signer, &next->signer, &work->error);
out:
	X509_free(signer);
	EVP_PKEY_free(key);
}

static void show_transaction_id(struct step_result *result)
{
	memcpy(result->status->transaction_id, result->next->transaction_id,
	       sizeof(result->status->transaction_id));
}

static enum step_outcome settle_key(struct task *task,
				    struct step_result *result)
{
	spare_look(task->state);
	show_transaction_id(result);
	return next_step(result, renewal_step(task->record));
}

/* ---------------------- PKCSReq, RenewalReq (3.3.1) and CertPoll (3.3.3) -- */

/* The certificate that signs the request authenticates it.  The challenge goes
 * along if there is no second try that could carry it (RFC 8894, 2.5), and
 * where it encrypts the reply: the server knows it from the request. */
static enum scep_code request_make(struct task *task,
				   const struct credentials *credentials,
				   X509_REQ **request)
{
	struct scep_values values = task->record->values;
	enum scep_code code;

	if (renewal_may_fall_back(task->record) &&
	    !credentials_need_challenge(credentials))
		OPENSSL_cleanse(&values.challenge_password,
				sizeof(values.challenge_password));
	code = csr_make(&values, credentials->key, request, &task->work.error);
	OPENSSL_cleanse(&values, sizeof(values));
	return code;
}

static void compose_request(struct task *task)
{
	struct credentials credentials;
	X509_REQ *request = NULL;
	unsigned char *der = NULL;
	int length = 0;

	if (credentials_load(task, &credentials) != SCEP_OK ||
	    request_make(task, &credentials, &request) != SCEP_OK)
		goto out;
	length = i2d_X509_REQ(request, &der);
	if (length > 0 && bytes_set(&credentials.content, der, (size_t)length))
		message_compose(task, &credentials,
				task->record->step == STEP_RENEW
				    ? RFC8894_RENEWAL_REQ
				    : RFC8894_PKCS_REQ);
	else
		error_set_memory(&task->work.error);
out:
	OPENSSL_clear_free(der, der != NULL ? (size_t)length : 0);
	csr_free(request);
	credentials_free(&credentials);
}

static void compose_poll(struct task *task)
{
	struct credentials credentials;
	X509_REQ *request = NULL;

	/* The subject is that of the request; the signer may have another. */
	if (credentials_load(task, &credentials) == SCEP_OK &&
	    request_make(task, &credentials, &request) == SCEP_OK &&
	    pki_message_issuer_and_subject(
		ca_certs_issuer_name(&credentials.trust),
		X509_REQ_get_subject_name(request), &credentials.content,
		&task->work.error) == SCEP_OK)
		message_compose(task, &credentials, RFC8894_CERT_POLL);
	csr_free(request);
	credentials_free(&credentials);
}

/* Keeps the challenge for the PKCSReq that follows a refused RenewalReq only if
 * the CA itself has refused it: an RA could refuse to have it sent to itself
 * (MIB, rule 16).  The old certificate authenticates the PKCSReq, too.  Where a
 * reply is opened with the challenge, the RenewalReq had it already. */
static const char *keep_challenge(struct record *next,
				  const struct credentials *credentials,
				  const struct cert_rep *reply)
{
	if (reply->is_by_ca || next->values.challenge_password.length == 0 ||
	    credentials_need_challenge(credentials))
		return "";
	OPENSSL_cleanse(&next->values.challenge_password,
			sizeof(next->values.challenge_password));
	return " without the challenge, as an RA signed the FAILURE";
}

/* Takes over why the request was refused.  A RenewalReq is then followed by a
 * PKCSReq, unless it was pending: an operator of the CA has refused it. */
static void digest_failure(struct task *task,
			   const struct credentials *credentials,
			   const struct cert_rep *reply)
{
	struct step_work *work = &task->work;
	char words[SCEP_TEXT255];

	message_note_failure(work, reply);
	if (task->record->step != STEP_RENEW ||
	    !renewal_may_fall_back(task->record))
		return;
	error_words(&work->error, words);
	log_warning("%s: RenewalReq failed, PKCSReq follows%s: %s", task->name,
		    keep_challenge(work->next, credentials, reply), words);
	error_init(&work->error);
}

/* Keeps the certificate.  A CA may change what was asked for: that is told, and
 * refuses nothing (MIB, rule 20). */
static void digest_success(struct task *task, const struct cert_rep *reply,
			   X509_REQ *request)
{
	struct step_work *work = &task->work;
	X509 *issued = sk_X509_value(reply->certificates, 0);
	size_t room = sizeof(work->next->difference);
	size_t noted = strlen(task->record->note);
	char line[768];

	certs_to_pem(reply->certificates, &work->next->issued, &work->error);
	if (certs_time(X509_get0_notBefore(issued)) > work->clock)
		room -= STEP_BEGINS_TEXT;
	/* The note may be shortened to half of what is left. */
	if (noted > 0)
		room -= noted + 2 < room / 2 ? noted + 2 : room / 2;
	difference_text(request, issued, work->next->difference, room,
			&work->error);
	difference_text(request, issued, line, sizeof(line), &work->error);
	if (line[0] != '\0')
		log_warning("%s: the certificate %s", task->name, line);
}

static void digest_reply(struct task *task,
			 const struct credentials *credentials,
			 const struct cert_rep *reply, X509_REQ *request)
{
	struct step_work *work = &task->work;

	work->pki_status = reply->pki_status;
	switch (reply->pki_status) {
	case RFC8894_SUCCESS:
		digest_success(task, reply, request);
		break;
	case RFC8894_PENDING:
		error_set(&work->error, SCEP_DEFERRED,
			  "the server says PENDING");
		work->next->was_pending = true;
		work->next->step = STEP_POLL;
		break;
	case RFC8894_FAILURE:
		digest_failure(task, credentials, reply);
		break;
	}
	message_log_legacy(task, "the server", reply->legacy_used);
}

static void digest_cert_rep(struct task *task)
{
	struct step_work *work = &task->work;
	struct credentials credentials;
	struct cert_rep reply = {0};
	struct cert_rep_input input;
	X509_REQ *request = NULL;

	if (credentials_load(task, &credentials) == SCEP_OK &&
	    request_make(task, &credentials, &request) == SCEP_OK) {
		input = message_expect(task, &credentials);
		if (cert_rep_open(&input, &reply, &work->error) == SCEP_OK)
			digest_reply(task, &credentials, &reply, request);
		else
			ca_rollover_consider(task, &input);
	}
	cert_rep_free(&reply);
	csr_free(request);
	credentials_free(&credentials);
}

/* Sends the refused RenewalReq once more, as PKCSReq. */
static enum step_outcome fall_back(struct task *task,
				   struct step_result *result)
{
	task->state->view.stats.scep_failures++;
	if (!renewal_fall_back(result->next)) {
		error_set(&task->work.error, SCEP_KEY_ERROR,
			  "no random numbers");
		return OUTCOME_FAIL;
	}
	show_transaction_id(result);
	return next_step(result, STEP_REQUEST);
}

/* PENDING, and a FAILURE that nothing follows, are errors of digest. */
static enum step_outcome settle_cert_rep(struct task *task,
					 struct step_result *result)
{
	struct open_request *e = open_request_of(task);

	if (ca_rollover_begin_refetch(e, result->next))
		return next_step(result, STEP_GET_CA_CERT);
	if (task->work.pki_status == RFC8894_FAILURE)
		return fall_back(task, result);
	open_request_wipe_challenge(e, result->next, &result->txn);
	return next_step(result, STEP_REGISTER);
}

/* -------------------------------------------------------------- register -- */

static void compose_files(struct task *task)
{
	struct step_work *work = &task->work;
	const struct bytes *pem = &task->record->issued;
	STACK_OF(X509) *issued = NULL;
	struct scep_ca issuer = {0};
	char name[KEY_FILE_NAME];

	key_file_name(task->record->file_id, name);
	if (certs_from_pem(pem->data, pem->length, &issued, &work->error) !=
	    SCEP_OK)
		return;
	if (certs_describe_leaf(sk_X509_value(issued, 0), &work->key,
				&work->error) == SCEP_OK &&
	    (sk_X509_num(issued) < 2 ||
	     certs_describe_ca(sk_X509_value(issued, 1), &issuer,
			       &work->error) == SCEP_OK)) {
		work->key.issuer_fingerprint = issuer.fingerprint;
		files_write(task->state->certs_folder, name, pem->data,
			    pem->length, &work->error);
	}
	sk_X509_pop_free(issued, X509_free);
}

/* Returns the key whose place the new one takes; 0: none.  It need not be valid
 * any more: then the request is none that renews, but it was meant to. */
static uint32_t renewed_key(struct task *task, enum scep_trigger trigger)
{
	const struct record *record = task->record;
	const struct scep_key *last;

	if (record->replaces != 0 || trigger == SCEP_TRIGGER_MANUAL)
		return record->replaces;
	if (record->action_key != 0)
		return record->action_key;
	last = renewal_next(task->state, record->profile_index);
	return last != NULL ? last->index : 0;
}

/* Makes key, certificate and chain a row.  A request without a use location
 * ends here, and so does one whose certificate begins later. */
static enum step_outcome settle_files(struct task *task,
				      struct step_result *result)
{
	const struct record *record = task->record;
	const char *locations = record->values.use_location;
	struct scep_key *key = row_new(sizeof(*key));
	bool waits = false;

	if (not_before_is_ahead(task->state, task->work.key.not_before))
		result->begins = task->work.key.not_before;
	if (key != NULL) {
		*key = task->work.key;
		key->index = record->key_index;
		memcpy(key->name, record->values.key_name, sizeof(key->name));
		memcpy(key->use_location, locations, sizeof(key->use_location));
		memcpy(key->file_id, record->file_id, sizeof(key->file_id));
		renewal_keep_asked(key, &record->values);
		key->profile_index = record->profile_index;
		key->replaces = record->replaces;
		key->install_time = state_now(task->state);
		waits = not_before_register(
		    task->state, &result->txn, key, locations,
		    (enum scep_trigger)result->status->trigger);
	}
	txn_put(&result->txn, STORE_KEY, key);
	if (key != NULL)
		registry_note_new(task->state, &result->txn, key,
				  renewed_key(task, result->status->trigger));
	result->status->key_index = record->key_index;
	if (waits || locations[0] == '\0')
		return OUTCOME_SUCCESS;
	use_locations_want(task->state, &result->txn, locations,
			   record->key_index);
	return next_step(result, STEP_DEPLOY);
}

/* ---------------------------------------------------------------- deploy -- */

/* Notes why a use location does not have the key: the request is successful
 * even so. */
static void deploy_note_end(struct task *task)
{
	const struct scep_view *view = &task->state->view;
	const struct record *record = task->record;
	const struct scep_use *use;
	char name[SCEP_TEXT64];

	if (view_key_has_failed(view, record->key_index, &use))
		error_set(&task->work.error, SCEP_DEPLOY_FAILED, "%s: %s",
			  use->name, use->text);
	else if (view_lacks_use(view, record->values.use_location, name))
		error_set(&task->work.error, SCEP_DEPLOY_FAILED,
			  "there is no use location '%s'", name);
}

static enum step_outcome settle_deploy(struct task *task,
				       struct step_result *result)
{
	struct state *state = task->state;

	if (view_key_is_wanted(&state->view, task->record->key_index))
		return OUTCOME_NOT_YET;
	deploy_note_end(task);
	applied_note_replaced(state, &result->txn, task->record->key_index);
	return OUTCOME_SUCCESS;
}

/* ----------------------------------------------------------------- table -- */

#define TO(id) STEP_BIT(STEP_##id)

static const struct step steps[STEP_COUNT] = {
    [STEP_GET_CA_CAPS] = {.id = STEP_GET_CA_CAPS,
			  .name = RFC8894_GET_CA_CAPS,
			  .section = "3.5",
			  .may_lead_to = TO(GET_CA_CERT),
			  .exchange = EXCHANGE_GET,
			  .limit = LIMIT_CA_CAPS,
			  .is_lenient = true,
			  .compose = message_compose_caps,
			  .digest = message_digest_caps,
			  .settle = settle_caps},
    [STEP_GET_CA_CERT] = {.id = STEP_GET_CA_CERT,
			  .name = RFC8894_GET_CA_CERT,
			  .section = "4.2",
			  .may_lead_to = TO(WAIT_TRUST) | TO(GET_NEXT_CA) |
					 TO(MAKE_KEY) | TO(REQUEST) |
					 TO(RENEW) | TO(POLL),
			  .exchange = EXCHANGE_GET,
			  .limit = LIMIT_CA_CERT,
			  .compose = ca_pinning_compose,
			  .digest = ca_pinning_digest,
			  .settle = settle_ca_cert},
    [STEP_GET_NEXT_CA] = {.id = STEP_GET_NEXT_CA,
			  .name = RFC8894_GET_NEXT_CA_CERT,
			  .section = "4.7",
			  .may_lead_to =
			      TO(MAKE_KEY) | TO(REQUEST) | TO(RENEW) | TO(POLL),
			  .exchange = EXCHANGE_GET,
			  .limit = LIMIT_CA_CERT,
			  .is_lenient = true,
			  .may_fail = true,
			  .compose = ca_rollover_compose,
			  .digest = ca_rollover_digest,
			  .settle = settle_next_ca},
    [STEP_WAIT_TRUST] = {.id = STEP_WAIT_TRUST,
			 .name = "trust",
			 .section = "2.2",
			 .may_lead_to = TO(GET_CA_CERT),
			 .settle = settle_trust},
    [STEP_MAKE_KEY] = {.id = STEP_MAKE_KEY,
		       .name = "keygen",
		       .section = "2.3",
		       .may_lead_to = TO(REQUEST) | TO(RENEW),
		       .compose = compose_key,
		       .settle = settle_key},
    [STEP_REQUEST] = {.id = STEP_REQUEST,
		      .name = "PKCSReq",
		      .section = "3.3.1",
		      .may_lead_to = TO(POLL) | TO(REGISTER) | TO(GET_CA_CERT),
		      .message_type = SCEP_MESSAGE_PKCS_REQ,
		      .exchange = EXCHANGE_PKI,
		      .limit = LIMIT_CERT_REP,
		      .compose = compose_request,
		      .digest = digest_cert_rep,
		      .settle = settle_cert_rep},
    [STEP_RENEW] = {.id = STEP_RENEW,
		    .name = "RenewalReq",
		    .section = "3.3.1",
		    .may_lead_to =
			TO(POLL) | TO(REGISTER) | TO(REQUEST) | TO(GET_CA_CERT),
		    .message_type = SCEP_MESSAGE_RENEWAL_REQ,
		    .exchange = EXCHANGE_PKI,
		    .limit = LIMIT_CERT_REP,
		    .compose = compose_request,
		    .digest = digest_cert_rep,
		    .settle = settle_cert_rep},
    [STEP_POLL] = {.id = STEP_POLL,
		   .name = "CertPoll",
		   .section = "3.3.3",
		   .may_lead_to = TO(REGISTER) | TO(GET_CA_CERT),
		   .message_type = SCEP_MESSAGE_CERT_POLL,
		   .exchange = EXCHANGE_PKI,
		   .limit = LIMIT_CERT_REP,
		   .compose = compose_poll,
		   .digest = digest_cert_rep,
		   .settle = settle_cert_rep},
    [STEP_REGISTER] = {.id = STEP_REGISTER,
		       .name = "register",
		       .may_lead_to = TO(DEPLOY),
		       .compose = compose_files,
		       .settle = settle_files},
    [STEP_DEPLOY] = {.id = STEP_DEPLOY,
		     .name = "deploy",
		     .settle = settle_deploy},
};

const struct step *steps_find(enum step_id id)
{
	return id < STEP_COUNT && steps[id].settle != NULL ? &steps[id] : NULL;
}
