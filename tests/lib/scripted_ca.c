/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/scripted_ca.h"

#include "tests/lib/scripted_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>

#include "scep/codes.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"

/* --------------------------------------------------------------- the CA -- */

static X509 *make_ca(const char *name, EVP_PKEY *key, int64_t not_after)
{
	struct pki_cert plan = pki_ca_plan(name, key);

	plan.not_before = SCRIPTED_NOW - 30 * PKI_DAY;
	plan.not_after = not_after;
	plan.key_usage |= KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
	return pki_certify(&plan);
}

static X509 *make_root(EVP_PKEY *key, int64_t not_after)
{
	return make_ca("Test CA", key, not_after);
}

void scripted_ca_open(struct scripted_ca *ca, const int64_t *clock)
{
	memset(ca, 0, sizeof(*ca));
	ca->clock = clock;
	ca->key = pki_key(PKI_KEY_CA);
	ca->root = make_root(ca->key, SCRIPTED_NOW + 3650 * PKI_DAY);
	ca->caps = "AES\nPOSTPKIOperation\nSHA-256\nSCEPStandard\nRenewal\n";
	ca->certificate_life = 365 * PKI_DAY;
	ca->signer = CA_ITSELF;
	ca->recipient = CA_ITSELF;
	ca->certificate_begins = -PKI_DAY;
	ca->alt_name = "DNS:printer.example";
}

int scripted_ca_add(struct scripted_ca *ca, const char *name,
		    enum pki_key_name key, const char *usage, int64_t not_after)
{
	struct pki_cert plan =
	    pki_leaf_plan(name, pki_key(key), ca->root, ca->key);
	int place = (int)ca->other_count;

	MUST(place < CA_OTHERS);
	plan.serial = 1000 + place;
	plan.not_before = SCRIPTED_NOW - 30 * PKI_DAY + place;
	plan.not_after = not_after;
	plan.extended_key_usage = usage;
	ca->others[place] = pki_certify(&plan);
	ca->other_keys[place] = key;
	ca->other_count++;
	return place;
}

void scripted_ca_drop_others(struct scripted_ca *ca)
{
	for (size_t i = 0; i < ca->other_count; i++)
		X509_free(ca->others[i]);
	ca->other_count = 0;
}

void scripted_ca_close(struct scripted_ca *ca)
{
	scripted_ca_drop_others(ca);
	X509_free(ca->root);
	X509_free(ca->next);
	X509_free(ca->last);
	EVP_PKEY_free(ca->ec_key);
	ca->ec_key = NULL;
	ca->root = NULL;
	ca->next = NULL;
	ca->last = NULL;
	for (size_t i = 0; i < CA_REQUESTS; i++) {
		EVP_PKEY_free(ca->requests[i].key);
		ca->requests[i].key = NULL;
	}
}

void scripted_ca_replace(struct scripted_ca *ca, int64_t not_after)
{
	X509_free(ca->root);
	ca->key = pki_key(PKI_KEY_STRANGER);
	ca->root = make_root(ca->key, not_after);
}

void scripted_ca_end(struct scripted_ca *ca, int64_t not_after)
{
	X509_free(ca->root);
	ca->root = make_root(ca->key, not_after);
}

void scripted_ca_use_ec(struct scripted_ca *ca, const char *password)
{
	X509_free(ca->root);
	ca->key = ca->ec_key = pki_key_ec(false);
	ca->root = make_root(ca->key, SCRIPTED_NOW + 3650 * PKI_DAY);
	ca->password = password;
}

void scripted_ca_announce(struct scripted_ca *ca)
{
	X509_free(ca->next);
	ca->next = make_ca("Next CA", pki_key(PKI_KEY_ROOT),
			   SCRIPTED_NOW + 7300 * PKI_DAY);
}

void scripted_ca_roll_over(struct scripted_ca *ca)
{
	X509_free(ca->root);
	ca->root = ca->next;
	ca->old_key = ca->key;
	ca->key = pki_key(PKI_KEY_ROOT);
	ca->next = NULL;
}

void scripted_ca_plan(struct scripted_ca *ca, enum ca_operation operation,
		      enum ca_behaviour behaviour, int number)
{
	size_t *count = &ca->planned[operation];

	MUST(*count < CA_STEPS);
	ca->plan[operation][(*count)++] = (struct ca_step){behaviour, number};
}

void scripted_ca_plan_many(struct scripted_ca *ca, enum ca_operation operation,
			   enum ca_behaviour behaviour, int number, int times)
{
	while (times-- > 0)
		scripted_ca_plan(ca, operation, behaviour, number);
}

void scripted_ca_fingerprint(const struct scripted_ca *ca,
			     unsigned char value[32])
{
	unsigned char digest[64];

	MUST(pki_digest(ca->root, "SHA256", digest) == 32);
	memcpy(value, digest, 32);
}

static struct ca_step next_step(struct scripted_ca *ca,
				enum ca_operation operation)
{
	struct ca_step proper = {CA_PROPER, 0};

	if (ca->seen[operation]++ >= ca->planned[operation])
		return proper;
	return ca->plan[operation][ca->seen[operation] - 1];
}

/* ------------------------------------------------------------ answering -- */

static X509 *issue(struct scripted_ca *ca, EVP_PKEY *key)
{
	struct pki_cert plan =
	    pki_leaf_plan("printer.example", key, ca->root, ca->key);

	plan.alt_name = ca->alt_name;
	plan.serial = ++ca->issued + 1;
	plan.not_before = SCRIPTED_NOW + ca->certificate_begins;
	plan.not_after = SCRIPTED_NOW + ca->certificate_life;
	X509_free(ca->last);
	ca->last = pki_certify(&plan);
	return X509_dup(ca->last);
}

static void reply_success(struct scripted_ca *ca, struct pki_reply *reply,
			  const struct scripted_request *message,
			  bool is_foreign)
{
	EVP_PKEY *key = is_foreign ? pki_key(PKI_KEY_DEVICE_OLD)
				   : scripted_request_key(ca, message);

	reply->pki_status = "0";
	reply->has_envelope = true;
	reply->cipher = "AES-128-CBC";
	/* GetCert brings what there is. */
	reply->certificates[0] = strcmp(ca->message_type, "21") == 0
				     ? X509_dup(ca->last)
				     : issue(ca, key);
	reply->certificates[1] = ca->root;
}

static void reply_crl(struct scripted_ca *ca, struct pki_reply *reply,
		      struct bytes *lists)
{
	struct pki_crl plan = pki_crl_plan(ca->root, ca->key);
	X509_CRL *list[] = {NULL, NULL};

	plan.last_update = *ca->clock - PKI_DAY;
	plan.next_update = *ca->clock + PKI_DAY;
	memcpy(plan.revoked, ca->revoked, sizeof(plan.revoked));
	list[0] = pki_revoke(&plan);
	pki_degenerate_crls(list, lists);
	X509_CRL_free(list[0]);
	reply->pki_status = "0";
	reply->has_envelope = true;
	reply->cipher = "AES-128-CBC";
	reply->raw_inner = lists;
}

static void reply_failure(struct pki_reply *reply, int fail_info)
{
	static const char *const numbers[] = {"0", "1", "2", "3", "4", "9"};

	reply->pki_status = "2";
	if (fail_info >= 0)
		reply->fail_info = numbers[fail_info];
	reply->fail_info_text = "the test wants it so";
}

static void reply_make(struct scripted_ca *ca,
		       const struct scripted_request *message,
		       struct ca_step step, struct bytes *body)
{
	struct bytes lists = {NULL, 0};
	struct pki_reply reply = {
	    .message_type = "3",
	    .transaction_id = ca->transaction_id,
	    .recipient_nonce_length = RFC8894_NONCE_LENGTH,
	    .recipient_nonce_type = V_ASN1_OCTET_STRING,
	    .signer = ca->root,
	    .signer_key = ca->key,
	    .digest = "SHA256",
	    .recipient = sk_X509_value(message->certificates, 0),
	};

	if (ca->signer != CA_ITSELF) {
		reply.signer = ca->others[ca->signer];
		reply.signer_key = pki_key(ca->other_keys[ca->signer]);
	}
	if (EVP_PKEY_is_a(message->key, "EC") && !ca->agrees_on_keys) {
		reply.recipient = NULL;
		reply.is_for_password = true;
		reply.password = ca->challenge;
	}
	memcpy(reply.recipient_nonce, ca->nonce, RFC8894_NONCE_LENGTH);
	if (step.behaviour == CA_PENDING)
		reply.pki_status = "3";
	else if (step.behaviour == CA_FAILURE)
		reply_failure(&reply, step.number);
	else if (strcmp(ca->message_type, "22") == 0)
		reply_crl(ca, &reply, &lists);
	else
		reply_success(ca, &reply, message,
			      step.behaviour == CA_FOREIGN_KEY);
	if (step.behaviour == CA_UNCHANGED) {
		X509_free(reply.certificates[0]);
		reply.certificates[0] =
		    X509_dup(sk_X509_value(message->certificates, 0));
	}
	if (step.behaviour == CA_OTHER_NONCE)
		reply.recipient_nonce[3] ^= 1;
	if (step.behaviour == CA_OTHER_TRANSACTION)
		reply.transaction_id = "1234";
	if (step.behaviour == CA_BY_STRANGER)
		reply.signer_key = pki_key(PKI_KEY_RA);
	if (step.behaviour == CA_BY_STRANGER)
		reply.signer = make_ca("Stranger", reply.signer_key,
				       SCRIPTED_NOW + 100 * PKI_DAY);
	pki_reply_make(&reply, body);
	bytes_free(&lists);
	X509_free(reply.certificates[0]);
	if (step.behaviour == CA_BY_STRANGER)
		X509_free(reply.signer);
}

/* RFC 8894, 4.7.1 */
static void answer_next(struct scripted_ca *ca, struct ca_step step,
			struct virtual_answer *answer)
{
	X509 *const next[] = {ca->next, NULL};
	struct bytes content = {NULL, 0};
	struct pki_reply reply = {
	    .signer = ca->root,
	    .signer_key = step.behaviour == CA_BY_STRANGER ? pki_key(PKI_KEY_RA)
							   : ca->key,
	    .digest = "SHA256",
	    .raw_content = &content,
	};

	if (ca->next == NULL) {
		answer->http_status = 404;
		return;
	}
	if (step.behaviour == CA_BY_STRANGER)
		reply.signer = make_ca("Stranger", reply.signer_key,
				       SCRIPTED_NOW + 100 * PKI_DAY);
	pki_degenerate(next, &content);
	pki_reply_make(&reply, &answer->body);
	bytes_free(&content);
	if (step.behaviour == CA_BY_STRANGER)
		X509_free(reply.signer);
}

/* RFC 8894, 4.2.1 */
static void answer_ca_cert(const struct scripted_ca *ca, struct bytes *body)
{
	X509 *all[CA_OTHERS + 2] = {NULL};
	unsigned char *der = NULL;
	int length;

	if (ca->other_count > 0) {
		memcpy(all, ca->others, ca->other_count * sizeof(all[0]));
		all[ca->other_count] = ca->root;
		pki_degenerate(all, body);
		return;
	}
	length = i2d_X509(ca->root, &der);
	MUST(length > 0 && bytes_set(body, der, (size_t)length));
	OPENSSL_free(der);
}

static void answer_properly(struct scripted_ca *ca, enum ca_operation operation,
			    struct ca_step step,
			    const struct fetch_request *request,
			    struct virtual_answer *answer)
{
	struct bytes *body = &answer->body;
	struct scripted_request message;

	switch (operation) {
	case CA_CAPS:
		MUST(bytes_set(body, ca->caps, strlen(ca->caps)));
		break;
	case CA_CERT:
		answer_ca_cert(ca, body);
		break;
	case CA_NEXT:
		answer_next(ca, step, answer);
		break;
	case CA_PKI:
		scripted_request_read(request, &message);
		reply_make(ca, &message, step, body);
		scripted_request_free(&message);
		break;
	case CA_OPERATIONS:
		break;
	}
}

static enum ca_operation operation_of(const char *url)
{
	if (strstr(url, "operation=GetCACaps") != NULL)
		return CA_CAPS;
	if (strstr(url, "operation=GetCACert") != NULL)
		return CA_CERT;
	if (strstr(url, "operation=GetNextCACert") != NULL)
		return CA_NEXT;
	MUST(strstr(url, "operation=PKIOperation") != NULL);
	return CA_PKI;
}

void scripted_ca_serve(void *context, const struct fetch_request *request,
		       struct virtual_answer *answer)
{
	static const char html[] = "<html><body>Log in first</body></html>";
	struct scripted_ca *ca = context;
	enum ca_operation operation = operation_of(request->url);
	struct ca_step step = next_step(ca, operation);

	snprintf(ca->last_url, sizeof(ca->last_url), "%.8000s", request->url);
	ca->posts += request->content_type != NULL;
	answer->date = *ca->clock + ca->date_skew;
	if (step.behaviour == CA_HTTP || step.behaviour == CA_PENDING)
		answer->retry_after = ca->retry_after;
	if (operation == CA_PKI)
		scripted_request_note(ca, request);
	switch (step.behaviour) {
	case CA_AWAY:
		error_set(&answer->error, SCEP_COMM_ERROR, "no connection");
		break;
	case CA_HTTP:
		answer->http_status = (uint32_t)step.number;
		break;
	case CA_HTML:
		MUST(bytes_set(&answer->body, html, sizeof(html) - 1));
		break;
	case CA_EMPTY:
		break;
	case CA_PROPER:
	case CA_PENDING:
	case CA_FAILURE:
	case CA_FOREIGN_KEY:
	case CA_OTHER_NONCE:
	case CA_OTHER_TRANSACTION:
	case CA_BY_STRANGER:
	case CA_UNCHANGED:
		answer_properly(ca, operation, step, request, answer);
		break;
	}
}
