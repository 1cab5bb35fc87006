/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/server_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/text.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/enroll/ca_pinning.h"
#include "scep/enroll/ca_rollover.h"
#include "scep/enroll/ca_table.h"
#include "scep/enroll/cert_recovery.h"
#include "scep/enroll/failure_text.h"
#include "scep/enroll/kept_crls.h"
#include "scep/enroll/message.h"
#include "scep/enroll/step.h"
#include "scep/keys/key_file.h"
#include "scep/keys/registry.h"
#include "scep/protocol/crl.h"
#include "scep/settings/view_query.h"
#include "scep/state/health.h"
#include "scep/store/files.h"

#define CERTIFICATE_LIMIT (1024 * 1024)

struct server_check {
	struct task task;		/* the first member */
	const struct step *const *plan; /* what is left of it */
	struct scep_key *lost;		/* without its certificate, or NULL; a
					 * reference */
};

static struct server_check *check_of(struct task *task)
{
	return (struct server_check *)task;
}

/* ------------------------------------------------------------------- end -- */

static void check_show_result(struct state *state, uint32_t profile_index,
			      enum scep_code result, const char *words)
{
	struct scep_profile *profile;
	struct txn txn;

	if (scep_rows_find(&state->view.profiles, profile_index) == NULL)
		return;
	txn_init(&txn);
	profile = txn_edit(state, &txn, STORE_PROFILE, profile_index, false);
	if (profile != NULL) {
		profile->facts.check_result = error_detail(result);
		text_copy(profile->facts.check_text,
			  sizeof(profile->facts.check_text), words,
			  strlen(words));
	}
	txn_commit(state, &txn, NULL, NULL);
}

/* Ends the check with work.error. */
static void check_fail(struct task *task)
{
	char words[SCEP_TEXT255];

	char failure[FAILURE_TEXT];

	error_words(&task->work.error, words);
	failure_text(task, &task->work.error, failure);
	log_warning("%s: %s", task->name, failure);
	check_show_result(task->state, task->record->profile_index,
			  task->work.error.code, words);
	task_discard(task);
}

static void check_succeed(struct task *task)
{
	log_notice("%s: successful", task->name);
	check_show_result(task->state, task->record->profile_index, SCEP_NONE,
			  "successful");
	task_discard(task);
}

static void check_free(struct task *task)
{
	struct server_check *check = check_of(task);

	row_release(check->lost);
	free(check);
}

/* --------------------------------------------------- certificate of ours -- */

/* Returns the newest key of the profile with a valid certificate, or NULL. */
static const struct scep_key *check_find_key(const struct task *task)
{
	const struct scep_rows *keys = &task->state->view.keys;
	const struct scep_key *found = NULL;

	ROWS_EACH (i, keys) {
		const struct scep_key *key = keys->row[i];

		if (key->profile_index == task->record->profile_index &&
		    scep_key_state_at(key, state_now(task->state), 0) ==
			SCEP_KEY_VALID &&
		    (found == NULL || key->not_before >= found->not_before))
			found = key;
	}
	return found;
}

static void check_compose_certificate(struct task *task)
{
	struct record *next = task->work.next;
	char name[KEY_FILE_NAME];

	key_file_name(next->file_id, name);
	if (files_read(task->state->certs_folder, name, CERTIFICATE_LIMIT,
		       &next->signer, &task->work.error) == SCEP_OK)
		message_new_transaction(task);
}

static enum step_outcome check_settle_certificate(struct task *task,
						  struct step_result *result)
{
	(void)task;
	(void)result;
	return OUTCOME_NEXT;
}

/* ------------------------------------------------------- GetCACaps (3.5) -- */

static enum step_outcome check_settle_caps(struct task *task,
					   struct step_result *result)
{
	struct scep_profile *profile =
	    txn_edit(task->state, &result->txn, STORE_PROFILE,
		     task->record->profile_index, false);

	if (profile != NULL)
		profile->facts.caps = result->next->caps;
	return OUTCOME_NEXT;
}

/* ------------------------------------------------------- GetCACert (4.2) -- */

/* Shows a CA that is not trusted, so that an operator can decide about it, and
 * notifies of a new one. */
static enum step_outcome check_settle_ca_cert(struct task *task,
					      struct step_result *result)
{
	if (task->record->server.ca_fingerprint.length == 0 &&
	    ca_table_decided(task) == SCEP_CA_REJECTED) {
		error_set(&task->work.error, SCEP_CA_NOT_TRUSTED,
			  "the CA was rejected");
		return OUTCOME_FAIL;
	}
	if (ca_table_is_stale(task)) {
		error_set(&task->work.error, SCEP_INTERRUPTED,
			  "a manager has decided about an RA meanwhile");
		return OUTCOME_FAIL;
	}
	if (!task->work.is_trusted) {
		ca_table_ask(task, &result->txn);
		return OUTCOME_WAIT;
	}
	ca_table_merge(task, SCEP_CA_GET, SCEP_CA_TRUSTED, &result->txn);
	return OUTCOME_NEXT;
}

/* --------------------------------------------------- GetNextCACert (4.7) -- */

static enum step_outcome check_settle_next_ca(struct task *task,
					      struct step_result *result)
{
	ca_rollover_keep(task, &result->txn);
	return OUTCOME_NEXT;
}

/* -------------------------------------------------------- GetCRL (3.3.4) -- */

static void check_compose_crl(struct task *task)
{
	struct credentials credentials;

	if (credentials_load(task, &credentials) == SCEP_OK &&
	    crl_wanted(credentials.signer, &credentials.content,
		       &task->work.error) == SCEP_OK)
		message_compose(task, &credentials, RFC8894_GET_CRL);
	credentials_free(&credentials);
}

static void check_digest_crl(struct task *task)
{
	struct step_work *work = &task->work;
	struct credentials credentials;
	struct cert_rep reply = {0};
	struct cert_rep_input input;

	if (credentials_load(task, &credentials) != SCEP_OK)
		goto out;
	input = message_expect(task, &credentials);
	if (crl_open(&input, &reply, &work->crl, &work->error) != SCEP_OK)
		goto out;
	message_log_legacy(task, "the server", reply.legacy_used);
	if (reply.pki_status == RFC8894_FAILURE)
		message_note_failure(work, &reply);
	else if (work->crl == NULL)
		error_set(&work->error, SCEP_BAD_RESPONSE,
			  "the server says PENDING to GetCRL");
	else
		kept_crls_add(task, work->crl, &work->error);
out:
	cert_rep_free(&reply);
	credentials_free(&credentials);
}

/* Marks a key of ours as revoked, or as no longer revoked. */
static enum scep_code
check_mark_key(struct task *task, const struct scep_key *key, struct txn *txn)
{
	enum crl_verdict verdict;
	enum scep_code code =
	    crl_look_up(task->work.crl, key->issuer, &key->serial, &verdict,
			&task->work.error);
	bool is_revoked = verdict == CRL_REVOKED;
	char name[REGISTRY_KEY_NAME];
	struct scep_key *row;

	if (code != SCEP_OK || verdict == CRL_OF_ANOTHER_ISSUER ||
	    is_revoked == (key->is_revoked != 0))
		return code;
	registry_name_key(&task->state->view, key, name);
	txn_log(txn, SCEP_LOG_WARNING, "%s: its certificate is %srevoked", name,
		is_revoked ? "" : "no longer ");
	row = row_copy(key);
	if (row != NULL)
		row->is_revoked = is_revoked;
	txn_put(txn, STORE_KEY, row);
	return SCEP_OK;
}

/* The same for a certificate of a CA or an RA. */
static enum scep_code check_mark_ca(struct task *task, const struct scep_ca *ca,
				    struct txn *txn)
{
	enum crl_verdict verdict;
	enum scep_code code =
	    crl_look_up(task->work.crl, ca->issuer, &ca->serial, &verdict,
			&task->work.error);
	bool is_revoked = verdict == CRL_REVOKED;
	struct scep_ca *row;

	if (code != SCEP_OK || verdict == CRL_OF_ANOTHER_ISSUER ||
	    is_revoked == (ca->is_revoked != 0))
		return code;
	txn_log(txn, SCEP_LOG_WARNING,
		"%s: the certificate of %s (scepCaIndex %u) is %s revoked",
		task->name, ca->subject, ca->index,
		is_revoked ? "now" : "no longer");
	row = row_copy(ca);
	if (row != NULL)
		row->is_revoked = is_revoked;
	txn_put(txn, STORE_CA, row);
	return SCEP_OK;
}

static enum step_outcome check_settle_crl(struct task *task,
					  struct step_result *result)
{
	const struct scep_rows *keys = &task->state->view.keys;
	const struct scep_rows *cas = &task->state->view.cas;

	ROWS_EACH (i, keys) {
		const struct scep_key *key = keys->row[i];

		if (key->profile_index == task->record->profile_index &&
		    key->not_after != 0 &&
		    check_mark_key(task, key, &result->txn) != SCEP_OK)
			return OUTCOME_FAIL;
	}
	ROWS_EACH (i, cas) {
		const struct scep_ca *ca = cas->row[i];

		if (ca->profile_index == task->record->profile_index &&
		    check_mark_ca(task, ca, &result->txn) != SCEP_OK)
			return OUTCOME_FAIL;
	}
	return OUTCOME_NEXT;
}

/* ------------------------------------------------------- GetCert (3.3.4) -- */

static void check_compose_signer(struct task *task)
{
	cert_recovery_compose_signer(task, check_of(task)->lost);
}

static void check_compose_cert(struct task *task)
{
	cert_recovery_compose(task, check_of(task)->lost);
}

static void check_digest_cert(struct task *task)
{
	cert_recovery_digest(task, check_of(task)->lost);
}

static enum step_outcome check_settle_cert(struct task *task,
					   struct step_result *result)
{
	cert_recovery_keep(task, check_of(task)->lost, &result->txn);
	return OUTCOME_NEXT;
}

/* ------------------------------------------------------- steps and plans -- */

static const struct step certificate = {.name = "certificate",
					.section = "3.3.4",
					.compose = check_compose_certificate,
					.settle = check_settle_certificate};
/* The manager sees the answer of the server, errors included. */
static const struct step caps = {.name = RFC8894_GET_CA_CAPS,
				 .section = "3.5",
				 .exchange = EXCHANGE_GET,
				 .limit = LIMIT_CA_CAPS,
				 .compose = message_compose_caps,
				 .digest = message_digest_caps,
				 .settle = check_settle_caps};
static const struct step caps_or_none = {.name = RFC8894_GET_CA_CAPS,
					 .section = "3.5",
					 .exchange = EXCHANGE_GET,
					 .limit = LIMIT_CA_CAPS,
					 .is_lenient = true,
					 .compose = message_compose_caps,
					 .digest = message_digest_caps,
					 .settle = check_settle_caps};
static const struct step ca_cert = {.name = RFC8894_GET_CA_CERT,
				    .section = "4.2",
				    .exchange = EXCHANGE_GET,
				    .limit = LIMIT_CA_CERT,
				    .compose = ca_pinning_compose,
				    .digest = ca_pinning_digest,
				    .settle = check_settle_ca_cert};
static const struct step next_ca = {.name = RFC8894_GET_NEXT_CA_CERT,
				    .section = "4.7",
				    .exchange = EXCHANGE_GET,
				    .limit = LIMIT_CA_CERT,
				    .is_lenient = true,
				    .compose = ca_rollover_compose,
				    .digest = ca_rollover_digest,
				    .settle = check_settle_next_ca};
static const struct step crl = {.name = "GetCRL",
				.section = "3.3.4",
				.exchange = EXCHANGE_PKI,
				.limit = LIMIT_CERT_REP,
				.compose = check_compose_crl,
				.digest = check_digest_crl,
				.settle = check_settle_crl};
static const struct step signer = {.name = "certificate",
				   .section = "2.3",
				   .compose = check_compose_signer,
				   .settle = check_settle_certificate};
static const struct step cert = {.name = "GetCert",
				 .section = "3.3.4",
				 .exchange = EXCHANGE_PKI,
				 .limit = LIMIT_CERT_REP,
				 .compose = check_compose_cert,
				 .digest = check_digest_cert,
				 .settle = check_settle_cert};

#define PLAN_LENGTH 6

/* The steps of each check, in their order.  GetCACert is sent each time: a
 * fingerprint alone verifies nothing. */
static const struct step *const plans[][PLAN_LENGTH] = {
    [SCEP_CHECK_CA_CAPS] = {&caps},
    [SCEP_CHECK_CA_CERT] = {&ca_cert},
    [SCEP_CHECK_NEXT_CA_CERT] = {&ca_cert, &next_ca},
    [SCEP_CHECK_CRL] = {&certificate, &caps_or_none, &ca_cert, &crl},
};

/* GetCRL of a profile that first has to get its lost certificate again. */
static const struct step *const plan_of_lost[PLAN_LENGTH] = {
    &signer, &caps_or_none, &ca_cert, &cert, &crl};

/* -------------------------------------------------------------- the task -- */

static bool check_begin(struct task *task)
{
	task->step = *check_of(task)->plan;
	return true;
}

/* Asks the step, unless the profile no longer is what the check began with. */
static enum step_outcome check_ask_step(struct task *task,
					struct step_result *result)
{
	if (task_profile(task) != NULL && task_has_same_server(task))
		return task->step->settle(task, result);
	error_set(&task->work.error, SCEP_INTERRUPTED,
		  "the settings of the server were changed");
	return OUTCOME_FAIL;
}

static void check_settle(struct task *task)
{
	struct server_check *check = check_of(task);
	struct step_result result = {.next = task->work.next};
	enum step_outcome outcome;

	task->work.next = NULL;
	txn_init(&result.txn);
	outcome = check_ask_step(task, &result);
	if (outcome == OUTCOME_FAIL)
		txn_free(&result.txn);
	else if (txn_commit(task->state, &result.txn, NULL,
			    &task->work.error) != SCEP_OK)
		outcome = OUTCOME_FAIL;
	else
		ca_table_notify(task);
	/* A check does not wait for the decision of an operator. */
	if (outcome != OUTCOME_NEXT) {
		row_release(result.next);
		check_fail(task);
		return;
	}
	row_release(task->record);
	task->record = result.next;
	if (*++check->plan != NULL)
		task_continue(task);
	else
		check_succeed(task);
}

static const struct task_ops check_ops = {
    .begin = check_begin,
    .settle = check_settle,
    .fail = check_fail,
    .free = check_free,
};

/* ----------------------------------------------------------------- begin -- */

static struct task *check_find(struct state *state, uint32_t profile_index)
{
	struct task *task = state->tasks;

	while (task != NULL && (task->ops != &check_ops ||
				task->record->profile_index != profile_index))
		task = task->next;
	return task;
}

/* As scepServerCheck has them. */
static const char *const kind_names[] = {
    [SCEP_CHECK_CA_CAPS] = "getCaCaps",
    [SCEP_CHECK_CA_CERT] = "getCaCert",
    [SCEP_CHECK_NEXT_CA_CERT] = "getNextCaCert",
    [SCEP_CHECK_CRL] = "getCrl",
};

/* Returns a new check of a profile, or NULL if memory is short. */
static struct server_check *check_open(struct state *state,
				       const struct scep_profile *profile,
				       uint32_t kind)
{
	struct server_check *check = calloc(1, sizeof(*check));
	struct record *record = record_new();
	char name[VIEW_PROFILE_NAME];

	if (check == NULL || record == NULL) {
		free(check);
		row_release(record);
		return NULL;
	}
	record->profile_index = profile->index;
	record->server = profile->server;
	task_open(&check->task, &check_ops, state, record);
	view_name_profile(&state->view, profile->index, name);
	snprintf(check->task.name, sizeof(check->task.name),
		 "server check %s (%s)", kind_names[kind], name);
	return check;
}

/* Chooses the key whose certificate signs GetCRL. */
static bool check_choose_key(struct server_check *check)
{
	struct task *task = &check->task;
	const struct scep_key *key = check_find_key(task);

	if (key == NULL) {
		check->lost = cert_recovery_find(task);
		if (check->lost == NULL)
			return false;
		row_retain(check->lost);
		check->plan = plan_of_lost;
		key = check->lost;
	}
	memcpy(task->record->file_id, key->file_id, sizeof(key->file_id));
	return true;
}

void server_check_begin(struct state *state, uint32_t profile_index,
			uint32_t kind)
{
	const struct scep_profile *profile =
	    scep_rows_find(&state->view.profiles, profile_index);
	struct task *old = check_find(state, profile_index);
	struct server_check *check;

	if (old != NULL)
		task_discard(old);
	if (profile == NULL)
		return;
	check = check_open(state, profile, kind);
	if (check == NULL) {
		check_show_result(state, profile_index, SCEP_NO_MEMORY,
				  "memory is short");
		return;
	}
	check->plan = plans[kind];
	check_begin(&check->task);
	if (kind != SCEP_CHECK_CRL || check_choose_key(check)) {
		task_continue(&check->task);
		return;
	}
	error_set(&check->task.work.error, SCEP_CONFIG_ERROR,
		  "the profile has no valid certificate");
	check_fail(&check->task);
}
