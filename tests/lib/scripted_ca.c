/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/scripted_ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>

#include "scep/codes.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"

#define MUST(condition) must((condition), #condition, __LINE__)

static void must(bool is_true, const char *what, int line)
{
	if (is_true)
		return;
	fprintf(stderr, "scripted_ca.c:%d: %s\n", line, what);
	ERR_print_errors_fp(stderr);
	abort();
}

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

/* ---------------------------------------------------- reading a request -- */

/* A pkiMessage, taken apart. */
struct message {
	CMS_ContentInfo *cms;
	STACK_OF(X509) * certificates;
	CMS_SignerInfo *signer;
	EVP_PKEY *key; /* of the signer */
};

static int from_hex(char digit)
{
	return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}

/* The message of the GET form: escaped Base64. */
static void read_get(const char *url, struct bytes *der)
{
	const char *from = strstr(url, "message=");
	char text[16384] = "";
	size_t length = 0;
	unsigned char *data;
	int size;

	MUST(from != NULL);
	for (from += 8; *from != '\0' && *from != '&'; from++) {
		MUST(length + 1 < sizeof(text) && *from != '+');
		text[length] = *from;
		if (*from == '%') {
			text[length] =
			    (char)(from_hex(from[1]) * 16 + from_hex(from[2]));
			from += 2;
		}
		length++;
	}
	data = malloc(length);
	size = EVP_DecodeBlock(data, (unsigned char *)text, (int)length);
	MUST(size > 0);
	while (length > 0 && text[length - 1] == '=') {
		length--;
		size--;
	}
	MUST(bytes_set(der, data, (size_t)size));
	free(data);
}

static const ASN1_STRING *attribute(CMS_SignerInfo *signer, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int place = CMS_signed_get_attr_by_OBJ(signer, object, -1);
	X509_ATTRIBUTE *found;

	ASN1_OBJECT_free(object);
	MUST(place >= 0);
	found = CMS_signed_get_attr(signer, place);
	return X509_ATTRIBUTE_get0_type(found, 0)->value.asn1_string;
}

static void attribute_text(CMS_SignerInfo *signer, const char *oid, char *text,
			   size_t size)
{
	const ASN1_STRING *value = attribute(signer, oid);

	snprintf(text, size, "%.*s", ASN1_STRING_length(value),
		 (const char *)ASN1_STRING_get0_data(value));
}

static void message_read(const struct fetch_request *request,
			 struct message *message)
{
	struct bytes der = {NULL, 0};
	const unsigned char *data;
	X509 *certificate = NULL;

	if (request->content_type != NULL) {
		MUST(strcmp(request->content_type, RFC8894_CONTENT_TYPE) == 0);
		MUST(bytes_set(&der, request->body, request->body_length));
	} else {
		read_get(request->url, &der);
	}
	data = der.data;
	message->cms = d2i_CMS_ContentInfo(NULL, &data, (long)der.length);
	bytes_free(&der);
	MUST(message->cms != NULL);
	MUST(CMS_verify(message->cms, NULL, NULL, NULL, NULL,
			CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1);
	message->signer =
	    sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(message->cms), 0);
	message->certificates = CMS_get1_certs(message->cms);
	CMS_SignerInfo_get0_algs(message->signer, NULL, &certificate, NULL,
				 NULL);
	MUST(certificate != NULL);
	message->key = X509_get_pubkey(certificate);
}

static void message_free(struct message *message)
{
	EVP_PKEY_free(message->key);
	sk_X509_pop_free(message->certificates, X509_free);
	CMS_ContentInfo_free(message->cms);
}

/* Opens the envelope with the key of whom it is for. */
static void open_envelope(struct scripted_ca *ca, CMS_ContentInfo *envelope,
			  BIO *out)
{
	CMS_RecipientInfo *info =
	    sk_CMS_RecipientInfo_value(CMS_get0_RecipientInfos(envelope), 0);
	EVP_PKEY *key = ca->key;
	X509 *certificate = ca->root;

	ca->recipient = CA_ITSELF;
	for (size_t i = 0; i < ca->other_count; i++) {
		if (CMS_RecipientInfo_ktri_cert_cmp(info, ca->others[i]) != 0)
			continue;
		ca->recipient = (int)i;
		key = pki_key(ca->other_keys[i]);
		certificate = ca->others[i];
	}
	MUST(CMS_decrypt(envelope, key, certificate, NULL, out, CMS_BINARY) ==
	     1);
}

/* What is in the envelope. */
static void decrypt(struct scripted_ca *ca, const struct message *message,
		    struct bytes *plain)
{
	const ASN1_OCTET_STRING *sealed = *CMS_get0_content(message->cms);
	const unsigned char *data = ASN1_STRING_get0_data(sealed);
	CMS_ContentInfo *envelope =
	    d2i_CMS_ContentInfo(NULL, &data, ASN1_STRING_length(sealed));
	BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long length;

	MUST(envelope != NULL);
	if (ca->password != NULL) {
		MUST(CMS_decrypt_set1_password(
			 envelope, (unsigned char *)ca->password, -1) == 1);
		MUST(CMS_decrypt(envelope, NULL, NULL, NULL, out, CMS_BINARY) ==
		     1);
	} else {
		open_envelope(ca, envelope, out);
	}
	open_envelope(ca, envelope, out);
	length = BIO_get_mem_data(out, &text);
	MUST(bytes_set(plain, text, (size_t)length));
	BIO_free(out);
	CMS_ContentInfo_free(envelope);
}

static void note_challenge(struct scripted_ca *ca, X509_REQ *request)
{
	int place =
	    X509_REQ_get_attr_by_NID(request, NID_pkcs9_challengePassword, -1);
	const ASN1_STRING *value;

	ca->challenge[0] = '\0';
	if (place < 0)
		return;
	value = X509_ATTRIBUTE_get0_type(X509_REQ_get_attr(request, place), 0)
		    ->value.asn1_string;
	snprintf(ca->challenge, sizeof(ca->challenge), "%.*s",
		 ASN1_STRING_length(value),
		 (const char *)ASN1_STRING_get0_data(value));
}

/* The key of the transaction, or, if there was no request, that of the signer;
 * borrowed. */
static EVP_PKEY *key_of(struct scripted_ca *ca, const struct message *message)
{
	for (size_t i = 0; i < CA_REQUESTS; i++) {
		if (ca->requests[i].key != NULL &&
		    strcmp(ca->requests[i].transaction_id,
			   ca->transaction_id) == 0)
			return ca->requests[i].key;
	}
	return message->key;
}

/* Takes the key. */
static void note_key(struct scripted_ca *ca, EVP_PKEY *key)
{
	struct ca_request *request =
	    &ca->requests[ca->request_count++ % CA_REQUESTS];

	EVP_PKEY_free(request->key);
	strcpy(request->transaction_id, ca->transaction_id);
	request->key = key;
}

/* A first request is signed with the key that it is for, and any other one by
 * a certificate of ours. */
static void note_signer(struct scripted_ca *ca, const struct message *message,
			EVP_PKEY *key)
{
	X509 *signer = sk_X509_value(message->certificates, 0);

	ca->signer_serial = 0;
	if (EVP_PKEY_eq(key, message->key) == 1)
		return;
	MUST(X509_verify(signer, ca->key) == 1 ||
	     (ca->old_key != NULL && X509_verify(signer, ca->old_key) == 1));
	ca->signer_serial = ASN1_INTEGER_get(X509_get0_serialNumber(signer));
}

/* The CSR is signed with the key that it holds. */
static void note_request(struct scripted_ca *ca, const struct message *message)
{
	struct bytes plain = {NULL, 0};
	const unsigned char *data;
	X509_REQ *request;

	decrypt(ca, message, &plain);
	data = plain.data;
	request = d2i_X509_REQ(NULL, &data, (long)plain.length);
	MUST(request != NULL);
	MUST(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1);
	note_key(ca, X509_REQ_get_pubkey(request));
	note_challenge(ca, request);
	X509_REQ_free(request);
	bytes_free(&plain);
}

static void note_attributes(struct scripted_ca *ca,
			    const struct message *message)
{
	char transaction_id[SCEP_TEXT64];
	const ASN1_STRING *nonce =
	    attribute(message->signer, RFC8894_OID_SENDER_NONCE);

	attribute_text(message->signer, RFC8894_OID_MESSAGE_TYPE,
		       ca->message_type, sizeof(ca->message_type));
	attribute_text(message->signer, RFC8894_OID_TRANSACTION_ID,
		       transaction_id, sizeof(transaction_id));
	if (strcmp(ca->transaction_id, transaction_id) != 0)
		ca->transactions++;
	strcpy(ca->transaction_id, transaction_id);
	MUST(ASN1_STRING_length(nonce) == RFC8894_NONCE_LENGTH);
	ca->nonce_was_repeated |=
	    memcmp(ca->nonce, ASN1_STRING_get0_data(nonce),
		   sizeof(ca->nonce)) == 0;
	memcpy(ca->nonce, ASN1_STRING_get0_data(nonce), sizeof(ca->nonce));
}

/* Of every message, whatever is answered then. */
static void note_message(struct scripted_ca *ca,
			 const struct fetch_request *request)
{
	struct message message;
	struct scep_error error;
	EVP_PKEY *key;
	char digest[65];

	error_init(&error);
	message_read(request, &message);
	note_attributes(ca, &message);
	if (strcmp(ca->message_type, "19") == 0 ||
	    strcmp(ca->message_type, "17") == 0)
		note_request(ca, &message);
	key = key_of(ca, &message);
	note_signer(ca, &message, key);
	MUST(key_digest(key, digest, &error) == SCEP_OK);
	if (strcmp(ca->key_digest, digest) != 0)
		ca->keys++;
	strcpy(ca->key_digest, digest);
	message_free(&message);
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
			  const struct message *message, bool is_foreign)
{
	EVP_PKEY *key =
	    is_foreign ? pki_key(PKI_KEY_DEVICE_OLD) : key_of(ca, message);

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

static void reply_make(struct scripted_ca *ca, const struct message *message,
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
	struct message message;

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
		message_read(request, &message);
		reply_make(ca, &message, step, body);
		message_free(&message);
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
		note_message(ca, request);
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
