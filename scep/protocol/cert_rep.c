/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/cert_rep.h"

#include <string.h>

#include <openssl/cms.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "scep/text.h"
#include "scep/engine_config.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/certs_tree.h"
#include "scep/protocol/envelope.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"
#include "scep/protocol/revocation.h"
#include "scep/protocol/signed.h"

#define OID_CONTENT_TYPE "1.2.840.113549.1.9.3"

/* --------------------------------------------------------- the attributes --
 */

static bool string_is(const ASN1_STRING *string, const void *data,
		      size_t length)
{
	return octets_equal(ASN1_STRING_get0_data(string),
			    (size_t)ASN1_STRING_length(string), data, length);
}

static enum scep_code check_message_type(const CMS_SignerInfo *signer,
					 struct scep_error *error)
{
	const ASN1_TYPE *content_type;
	const ASN1_STRING *text;
	enum scep_code code = signed_attribute(
	    signer, OID_CONTENT_TYPE, "contentType", &content_type, error);

	if (code == SCEP_OK &&
	    (content_type == NULL || content_type->type != V_ASN1_OBJECT ||
	     OBJ_obj2nid(content_type->value.object) != NID_pkcs7_data))
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "contentType is not data");
	if (code == SCEP_OK)
		code = signed_attribute_text(signer, RFC8894_OID_MESSAGE_TYPE,
					     "messageType", &text, error);
	if (code != SCEP_OK)
		return code;
	if (text == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "messageType is missing");
	if (!string_is(text, "3", 1))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "messageType is not CertRep");
	return SCEP_OK;
}

static enum scep_code check_transaction(const CMS_SignerInfo *signer,
					const char *transaction_id,
					struct scep_error *error)
{
	const ASN1_STRING *text;
	enum scep_code code = signed_attribute_text(
	    signer, RFC8894_OID_TRANSACTION_ID, "transactionID", &text, error);

	if (code != SCEP_OK)
		return code;
	if (text == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "transactionID is missing");
	if (!string_is(text, transaction_id, strlen(transaction_id)))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "transactionID does not match");
	return SCEP_OK;
}

/* RFC 8894, 3.2.1.5.  The server's own nonce is of no use to us. */
static enum scep_code check_nonces(const CMS_SignerInfo *signer,
				   const unsigned char *sender_nonce,
				   struct scep_error *error)
{
	const ASN1_STRING *nonce;
	enum scep_code code = signed_attribute_octets(
	    signer, RFC8894_OID_SENDER_NONCE, "senderNonce", &nonce, error);

	if (code == SCEP_OK)
		code =
		    signed_attribute_octets(signer, RFC8894_OID_RECIPIENT_NONCE,
					    "recipientNonce", &nonce, error);
	if (code != SCEP_OK)
		return code;
	if (nonce == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "recipientNonce is missing");
	if (!string_is(nonce, sender_nonce, RFC8894_NONCE_LENGTH))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "recipientNonce does not match");
	return SCEP_OK;
}

static enum scep_code read_pki_status(const CMS_SignerInfo *signer,
				      struct cert_rep *reply,
				      struct scep_error *error)
{
	const ASN1_STRING *text;
	enum scep_code code = signed_attribute_text(
	    signer, RFC8894_OID_PKI_STATUS, "pkiStatus", &text, error);

	if (code != SCEP_OK)
		return code;
	if (text == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "pkiStatus is missing");
	if (string_is(text, "0", 1))
		reply->pki_status = RFC8894_SUCCESS;
	else if (string_is(text, "2", 1))
		reply->pki_status = RFC8894_FAILURE;
	else if (string_is(text, "3", 1))
		reply->pki_status = RFC8894_PENDING;
	else
		return error_set(error, SCEP_BAD_RESPONSE,
				 "pkiStatus is not known");
	return SCEP_OK;
}

/* RFC 8894, 3.2.1.4 */
static enum scep_code read_fail_info(const CMS_SignerInfo *signer,
				     struct cert_rep *reply,
				     struct scep_error *error)
{
	const ASN1_STRING *info, *text;
	const char *fallback = NULL;
	enum scep_code code = signed_attribute_text(
	    signer, RFC8894_OID_FAIL_INFO, "failInfo", &info, error);

	if (code == SCEP_OK)
		code = signed_attribute_text(signer, RFC8894_OID_FAIL_INFO_TEXT,
					     "failInfoText", &text, error);
	if (code != SCEP_OK || reply->pki_status != RFC8894_FAILURE)
		return code;
	reply->fail_info = SCEP_FAIL_OTHER;
	if (info == NULL)
		fallback = "the server gave no failInfo";
	else if (ASN1_STRING_length(info) == 1 &&
		 ASN1_STRING_get0_data(info)[0] >= '0' &&
		 ASN1_STRING_get0_data(info)[0] <= '4')
		reply->fail_info = ASN1_STRING_get0_data(info)[0] - '0';
	else
		fallback = "the server gave an unknown failInfo";
	if (text != NULL && ASN1_STRING_length(text) > 0)
		text_copy(reply->fail_info_text, SCEP_TEXT255,
			  ASN1_STRING_get0_data(text),
			  (size_t)ASN1_STRING_length(text));
	else if (fallback != NULL)
		text_copy(reply->fail_info_text, SCEP_TEXT255, fallback,
			  strlen(fallback));
	return SCEP_OK;
}

static enum scep_code read_attributes(const struct cert_rep_input *input,
				      const CMS_SignerInfo *signer,
				      struct cert_rep *reply,
				      struct scep_error *error)
{
	enum scep_code code = check_message_type(signer, error);

	if (code == SCEP_OK)
		code = check_transaction(signer, input->transaction_id, error);
	if (code == SCEP_OK)
		code = read_pki_status(signer, reply, error);
	if (code == SCEP_OK)
		code = check_nonces(signer, input->sender_nonce, error);
	if (code == SCEP_OK)
		code = read_fail_info(signer, reply, error);
	return code;
}

/* ------------------------------------------------------------ the content --
 */

/* Opens the envelope of a SUCCESS.  RFC 8894, 3.2.2 has no content in the other
 * replies; some servers send one, and status and nonces are signed without it.
 */
static enum scep_code read_content(const struct cert_rep_input *input,
				   const struct signed_data *message,
				   struct cert_rep *reply,
				   struct bytes *content,
				   struct scep_error *error)
{
	const ASN1_OCTET_STRING *sealed = signed_content(message);
	struct envelope_input envelope = {
	    .ours = {.signer = input->signer,
		     .signer_key = input->signer_key,
		     .key = input->key,
		     .challenge = input->challenge,
		     .allow_legacy = input->allow_legacy},
	};

	if (reply->pki_status != RFC8894_SUCCESS)
		return SCEP_OK;
	if (sealed == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "pkiStatus is SUCCESS, but there is no "
				 "envelope");
	envelope.der = ASN1_STRING_get0_data(sealed);
	envelope.length = (size_t)ASN1_STRING_length(sealed);
	return envelope_open(&envelope, content, &reply->legacy_used, error);
}

enum scep_code cert_rep_open_reply(const struct cert_rep_input *input,
				   struct cert_rep *reply,
				   struct bytes *content,
				   struct scep_error *error)
{
	struct signed_data message;
	const char *reason;
	enum scep_code code;

	memset(reply, 0, sizeof(*reply));
	reply->fail_info = SCEP_FAIL_NONE;
	code = signed_read(input->message, input->message_length, "a CertRep",
			   &message, error);
	if (code == SCEP_OK)
		code = signed_check_digests(&message, input->allow_legacy,
					    &reply->legacy_used, error);
	if (code == SCEP_OK &&
	    !certs_is_valid_at(input->trust->anchor, input->now, &reason))
		code = error_set(error, SCEP_CA_NOT_TRUSTED,
				 "the CA certificate %s", reason);
	if (code == SCEP_OK)
		code = signed_verify(&message, input->trust->chain, input->now,
				     "the reply is signed by a certificate "
				     "that is not the pinned CA's nor of an RA "
				     "that it certified",
				     error);
	if (code == SCEP_OK) {
		reply->is_by_ca =
		    ca_certs_is_ca(input->trust, message.certificate);
		code = read_attributes(input, message.signer, reply, error);
	}
	if (code == SCEP_OK)
		code = read_content(input, &message, reply, content, error);
	signed_free(&message);
	code = error_end_openssl(code, error);
	if (code != SCEP_OK)
		cert_rep_free(reply);
	return code;
}

/* ---------------------------------------------- the issued certificate -- */

static bool is_same(X509 *certificate, X509 *other)
{
	return other != NULL && X509_cmp(certificate, other) == 0;
}

/*
 * Finds the certificate over our key, the youngest if there are several.  The
 * one that signed the request may have been sent back: it is over our key too.
 */
static X509 *find_ours(const struct cert_rep_input *input,
		       STACK_OF(X509) * received)
{
	X509 *ours = NULL;

	for (int i = 0; i < sk_X509_num(received); i++) {
		X509 *one = sk_X509_value(received, i);
		EVP_PKEY *key = X509_get0_pubkey(one);

		if (key == NULL || EVP_PKEY_eq(key, input->key) != 1 ||
		    is_same(one, input->known) || is_same(one, input->signer))
			continue;
		if (ours == NULL || certs_time(X509_get0_notBefore(one)) >
					certs_time(X509_get0_notBefore(ours)))
			ours = one;
	}
	return ours;
}

static enum scep_code check_validity(X509 *certificate, int64_t now,
				     struct scep_error *error)
{
	int64_t not_before = certs_time(X509_get0_notBefore(certificate));
	int64_t not_after = certs_time(X509_get0_notAfter(certificate));

	if (not_before == 0 || not_after == 0)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate's validity cannot be read");
	if (not_after <= not_before)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate ends before it begins");
	if (now != 0 && not_after <= now)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate has expired already");
	return SCEP_OK;
}

/* RFC 5280, 4.1.2.1 and 4.1.2.2: extensions need version 3, and a serial
 * number that is longer than it may be cannot be looked up in a CRL. */
static enum scep_code check_form(const X509 *certificate,
				 struct scep_error *error)
{
	long version = X509_get_version(certificate);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);

	if (version < X509_VERSION_1 || version > X509_VERSION_3)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate is of no known version");
	if (version != X509_VERSION_3 && X509_get_ext_count(certificate) > 0)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate has extensions, but is not "
				 "of version 3");
	if (ASN1_STRING_length(serial) > CERTS_SERIAL_MAX)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate's serial number is too long: "
				 "%d octets, and %d is the limit",
				 ASN1_STRING_length(serial), CERTS_SERIAL_MAX);
	return SCEP_OK;
}

/* A CA could certify others in our name.  A cA that cannot be read, or stands
 * twice, may be taken for either. */
static enum scep_code check_no_ca(const X509 *certificate,
				  struct scep_error *error)
{
	int found = 0;
	BASIC_CONSTRAINTS *constraints =
	    X509_get_ext_d2i(certificate, NID_basic_constraints, &found, NULL);
	bool is_ca = constraints != NULL && constraints->ca != 0;
	bool is_unreadable = constraints == NULL && found != -1;

	BASIC_CONSTRAINTS_free(constraints);
	if (is_unreadable)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate's basicConstraints cannot be "
				 "read");
	if (is_ca)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate is that of a CA "
				 "(basicConstraints CA:TRUE)");
	return SCEP_OK;
}

static enum scep_code check_algorithms(X509 *certificate, uint32_t allowed,
				       uint32_t *legacy_used,
				       struct scep_error *error)
{
	enum scep_code code =
	    key_check_public(X509_get0_pubkey(certificate), error);

	if (code == SCEP_BAD_RESPONSE)
		error_wrap(error, "the certificate");
	if (code != SCEP_OK)
		return code;
	if (certs_is_signed_with_md5(certificate))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate is signed with MD5, which is "
				 "never allowed");
	if (!certs_is_signed_with_sha1(certificate))
		return SCEP_OK;
	if ((allowed & SCEP_LEGACY_SHA1) == 0)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate is signed with SHA-1, and "
				 "allowLegacyAlgorithms does not have sha1");
	*legacy_used |= SCEP_LEGACY_SHA1;
	return SCEP_OK;
}

static enum scep_code check_issuers(const struct cert_rep_input *input,
				    STACK_OF(X509) * path,
				    struct scep_error *error)
{
	const char *reason;

	for (int i = 1; i < sk_X509_num(path); i++) {
		X509 *each = sk_X509_value(path, i);

		if (!certs_is_valid_at(each, input->now, &reason))
			return error_set(error, SCEP_CA_NOT_TRUSTED,
					 "a CA above the certificate %s",
					 reason);
		if (i + 1 < sk_X509_num(path) &&
		    revocation_tells(input->crls, each,
				     sk_X509_value(path, i + 1)))
			return error_set(error, SCEP_CA_NOT_TRUSTED,
					 "a CA above the certificate is "
					 "revoked");
	}
	return SCEP_OK;
}

/* Finds the path from our certificate to the pinned CA; owned. */
static enum scep_code find_path(const struct cert_rep_input *input,
				STACK_OF(X509) * received, X509 *ours,
				STACK_OF(X509) * *path,
				struct scep_error *error)
{
	STACK_OF(X509) *pool = sk_X509_dup(input->trust->chain);
	const struct certs_floor floor = {input->allow_short_keys,
					  input->allow_legacy};
	struct certs_tree tree;
	enum scep_code code;

	*path = NULL;
	/* The pool borrows. */
	if (pool == NULL ||
	    X509_add_certs(pool, received, X509_ADD_FLAG_NO_DUP) != 1)
		code = error_set_memory(error);
	else
		code =
		    certs_tree_grow(&tree, input->trust->anchor, pool, error);
	if (code == SCEP_OK)
		code = certs_tree_path(&tree, ours, &floor, path, error);
	if (code == SCEP_CA_NOT_TRUSTED)
		error_wrap(error, "the certificate");
	if (code == SCEP_OK)
		code = check_issuers(input, *path, error);
	if (code != SCEP_OK) {
		sk_X509_pop_free(*path, X509_free);
		*path = NULL;
	}
	sk_X509_free(pool);
	return code;
}

static enum scep_code choose_issued(const struct cert_rep_input *input,
				    STACK_OF(X509) * received,
				    struct cert_rep *reply,
				    struct scep_error *error)
{
	X509 *ours = find_ours(input, received);
	enum scep_code code;

	if (ours == NULL && input->known != NULL &&
	    certs_contain(received, input->known))
		return error_set(error, SCEP_UNCHANGED_CERTIFICATE,
				 "the server sent the certificate that we "
				 "already have");
	if (ours == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate is for another key");
	code = check_form(ours, error);
	if (code == SCEP_OK)
		code = check_no_ca(ours, error);
	if (code == SCEP_OK)
		code = check_algorithms(ours, input->allow_legacy,
					&reply->legacy_used, error);
	if (code == SCEP_OK)
		code = find_path(input, received, ours, &reply->certificates,
				 error);
	if (code == SCEP_OK)
		code = check_validity(ours, input->now, error);
	return code;
}

enum scep_code cert_rep_open(const struct cert_rep_input *input,
			     struct cert_rep *reply, struct scep_error *error)
{
	struct bytes content = {NULL, 0};
	STACK_OF(X509) *received = NULL;
	enum scep_code code =
	    cert_rep_open_reply(input, reply, &content, error);

	if (code != SCEP_OK || reply->pki_status != RFC8894_SUCCESS)
		goto out;
	code = certs_from_signed_data(content.data, content.length, &received,
				      error);
	if (code == SCEP_BAD_RESPONSE)
		error_wrap(error, "in the envelope");
	if (code == SCEP_OK)
		code = choose_issued(input, received, reply, error);
	code = error_end_openssl(code, error);
	if (code != SCEP_OK)
		cert_rep_free(reply);
out:
	sk_X509_pop_free(received, X509_free);
	bytes_free(&content);
	return code;
}

void cert_rep_free(struct cert_rep *reply)
{
	sk_X509_pop_free(reply->certificates, X509_free);
	memset(reply, 0, sizeof(*reply));
	reply->fail_info = SCEP_FAIL_NONE;
}
