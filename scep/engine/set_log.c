/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/engine/set_log.h"

#include <stdio.h>
#include <string.h>

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/server.h"
#include "scep/status_row.h"
#include "scep/base/bytes.h"
#include "scep/base/log.h"
#include "scep/keys/registry.h"
#include "scep/settings/settings.h"
#include "scep/settings/view_query.h"
#include "scep/state/open_request.h"
#include "scep/state/txn.h"

/* ------------------------------------------------------------- profiles -- */

static void log_text(const char *profile, const char *what, const char *before,
		     const char *now)
{
	if (strcmp(before, now) == 0)
		return;
	if (before[0] == '\0')
		log_notice("%s: %s is \"%s\" now", profile, what, now);
	else if (now[0] == '\0')
		log_notice("%s: %s is removed, was \"%s\"", profile, what,
			   before);
	else
		log_notice("%s: %s is \"%s\" now, was \"%s\"", profile, what,
			   now, before);
}

static void log_fingerprint(const char *profile,
			    const struct scep_octets64 *before,
			    const struct scep_octets64 *now)
{
	char old[2 * sizeof(before->data) + 1], new[2 * sizeof(now->data) + 1];

	bytes_hex(before->data, before->length, old);
	bytes_hex(now->data, now->length, new);
	log_text(profile, "the fingerprint of the CA", old, new);
}

static const char *trust_policy_word(uint32_t policy)
{
	return policy == SCEP_TRUST_FIRST_USE ? "trustOnFirstUse" : "verify";
}

static const char *ra_policy_word(uint32_t policy)
{
	switch ((enum scep_ra_policy)policy) {
	case SCEP_RA_CONFIRMED:
		return "confirmed";
	case SCEP_RA_ANY:
		return "any";
	case SCEP_RA_MARKED:
		break;
	}
	return "marked";
}

static void log_port(const char *profile, uint32_t before, uint32_t now)
{
	char old[16], new[16];

	snprintf(old, sizeof(old), "%u", before);
	snprintf(new, sizeof(new), "%u", now);
	log_text(profile, "the port of the server", old, new);
}

static void log_server(const char *profile, const struct scep_server *before,
		       const struct scep_server *now)
{
	log_text(profile, "the URL of the server", before->url, now->url);
	log_port(profile, before->port, now->port);
	log_text(profile, "the URL of the proxy", before->proxy_url,
		 now->proxy_url);
	log_fingerprint(profile, &before->ca_fingerprint, &now->ca_fingerprint);
	log_text(profile, "the trust policy",
		 trust_policy_word(before->ca_trust_policy),
		 trust_policy_word(now->ca_trust_policy));
	log_text(profile, "the RA policy", ra_policy_word(before->ra_policy),
		 ra_policy_word(now->ra_policy));
}

/* A manager who changes the server in a Set of its own wonders where the
 * challenge password is. */
static void log_challenge(const char *profile, const char *whose,
			  const struct scep_secret *before,
			  const struct scep_secret *now, bool is_redirected)
{
	if (before->length == 0 || now->length != 0)
		return;
	if (is_redirected)
		log_warning("%s: %s challenge password was not sent and is "
			    "removed, as the settings of the server have "
			    "changed",
			    profile, whose);
	else
		log_notice("%s: %s challenge password is removed", profile,
			   whose);
}

static void log_profile(const struct scep_profile *before,
			const struct scep_profile *now, const char *profile)
{
	bool is_redirected = settings_redirect(before, now);

	log_text(profile, "the name", before->name, now->name);
	log_server(profile, &before->server, &now->server);
	if (before->timer.enable != now->timer.enable)
		log_notice("%s: the timer is switched %s", profile,
			   now->timer.enable ? "on" : "off");
	log_challenge(profile, "its", &before->request.challenge_password,
		      &now->request.challenge_password, is_redirected);
	log_challenge(profile, "the timer's",
		      &before->timer.values.challenge_password,
		      &now->timer.values.challenge_password, is_redirected);
}

static void log_end_of_profile(const struct scep_profile *profile)
{
	if (profile->name[0] != '\0')
		log_notice("profile %u \"%s\": destroyed by the manager",
			   profile->index, profile->name);
	else
		log_notice("profile %u: destroyed by the manager",
			   profile->index);
}

static void log_profiles(const struct state *state, const struct txn_op *op)
{
	const struct scep_profile *before = op->row;
	const struct scep_profile *now =
	    scep_rows_find(&state->view.profiles, op->index);
	char name[VIEW_PROFILE_NAME];

	view_name_profile(&state->view, op->index, name);
	if (before == NULL && now != NULL)
		log_notice("%s: created", name);
	else if (before != NULL && now == NULL)
		log_end_of_profile(before);
	else if (before != NULL)
		log_profile(before, now, name);
	if (before == NULL && now != NULL && now->server.url[0] != '\0')
		log_text(name, "the URL of the server", "", now->server.url);
}

/* --------------------------------------------------------- certificates -- */

static void log_cas(const struct state *state, const struct txn_op *op)
{
	const struct scep_ca *before = op->row;
	const struct scep_ca *now = scep_rows_find(&state->view.cas, op->index);
	char fingerprint[2 * sizeof(now->fingerprint.data) + 1];
	char profile[VIEW_PROFILE_NAME];
	const char *what;

	if (before == NULL || (now != NULL && now->trust == before->trust))
		return;
	what = (before->role & SCEP_CA_IS_CA) != 0 ? "CA" : "RA";
	view_name_profile(&state->view, before->profile_index, profile);
	bytes_hex(before->fingerprint.data, before->fingerprint.length,
		  fingerprint);
	if (now == NULL)
		log_notice("%s: the %s %s (SHA-256 %s) is forgotten", profile,
			   what, before->subject, fingerprint);
	else
		log_notice("%s: the %s %s (SHA-256 %s) is %s by the manager",
			   profile, what, before->subject, fingerprint,
			   now->trust == SCEP_CA_REJECTED ? "rejected"
							  : "trusted");
}

static void log_keys(const struct state *state, const struct txn_op *op)
{
	const struct scep_view *view = &state->view;
	const struct scep_key *before = op->row;
	const struct scep_key *now = scep_rows_find(&view->keys, op->index);
	char name[REGISTRY_KEY_NAME];

	if (before != NULL && now == NULL &&
	    scep_rows_find(&view->retired, op->index) == NULL) {
		registry_name_key(view, before, name);
		log_notice("%s: destroyed by the manager", name);
	} else if (before == NULL && now != NULL) {
		registry_name_key(view, now, name);
		log_notice("%s: brought back by the manager's rollback", name);
	}
}

/* ------------------------------------------------------------- requests -- */

static void log_records(const struct state *state, const struct txn_op *op)
{
	const struct scep_status *status =
	    scep_rows_find(&state->view.statuses, op->index);
	const struct record *before = op->row;
	char name[TASK_NAME];

	if (before == NULL || scep_rows_find(&state->records, op->index))
		return;
	open_request_name(&state->view, before, name);
	if (!before->is_suspended && status != NULL &&
	    status->detail == SCEP_CANCELLED)
		log_warning("%s: cancelled by the manager", name);
	else if (before->is_suspended)
		log_notice("%s: cannot be resumed any more%s", name,
			   before->transaction_id[0] != '\0'
			       ? ": its key is destroyed"
			       : "");
}

/* Tells if the Set changed the same row before: one comparison of what there
 * was with what there is says all. */
static bool is_repeated(const struct txn *undo, size_t position)
{
	const struct txn_op *op = &undo->ops[position];

	for (size_t i = position + 1; i < undo->count; i++)
		if (undo->ops[i].table == op->table &&
		    undo->ops[i].index == op->index)
			return true;
	return false;
}

void set_log(const struct state *state, const struct txn *undo)
{
	/* The last op of `undo` takes back the first change of the Set. */
	for (size_t i = undo->count; i-- > 0;) {
		const struct txn_op *op = &undo->ops[i];

		if (is_repeated(undo, i))
			continue;
		if (op->table == STORE_PROFILE)
			log_profiles(state, op);
		else if (op->table == STORE_CA)
			log_cas(state, op);
		else if (op->table == STORE_KEY)
			log_keys(state, op);
		else if (op->table == STORE_RECORD)
			log_records(state, op);
	}
}
