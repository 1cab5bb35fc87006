/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/cert_rep.h"

#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "scep/protocol/certs.h"
#include "scep/protocol/envelope.h"
#include "scep/base/error.h"
#include "scep/protocol/issued.h"
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

static enum scep_code read_attributes(const struct open_input *input,
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

/* Of one who says SUCCESS, and of nobody else. */
static enum scep_code read_content(const struct open_input *input,
				   const struct signed_data *message,
				   struct cert_rep *reply,
				   struct bytes *content,
				   struct scep_error *error)
{
	const ASN1_OCTET_STRING *sealed = signed_content(message);
	struct envelope_input envelope = {
	    .signer = input->signer,
	    .signer_key = input->signer_key,
	    .key = input->key,
	    .allow_legacy = input->allow_legacy,
	};

	if (reply->pki_status != RFC8894_SUCCESS && sealed != NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "pkiStatus is %s, but there is an envelope",
				 reply->pki_status == RFC8894_FAILURE
				     ? "FAILURE"
				     : "PENDING");
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

enum scep_code cert_rep_open_reply(const struct open_input *input,
				   struct cert_rep *reply,
				   struct bytes *content,
				   struct scep_error *error)
{
	struct signed_data message;
	const char *reason;
	enum scep_code code;

	memset(reply, 0, sizeof(*reply));
	reply->fail_info = SCEP_FAIL_NONE;
	code =
	    signed_read(input->message, input->message_length, &message, error);
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
	if (code == SCEP_OK)
		code = read_attributes(input, message.signer, reply, error);
	if (code == SCEP_OK)
		code = read_content(input, &message, reply, content, error);
	signed_free(&message);
	ERR_clear_error();
	if (code != SCEP_OK)
		cert_rep_free(reply);
	return code;
}

enum scep_code cert_rep_open(const struct open_input *input,
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
	if (code != SCEP_OK)
		error_wrap(error, "in the envelope");
	else
		code = issued_choose(input, received, reply, error);
	if (code != SCEP_OK)
		cert_rep_free(reply);
out:
	sk_X509_pop_free(received, X509_free);
	bytes_free(&content);
	ERR_clear_error();
	return code;
}

void cert_rep_free(struct cert_rep *reply)
{
	sk_X509_pop_free(reply->certificates, X509_free);
	memset(reply, 0, sizeof(*reply));
	reply->fail_info = SCEP_FAIL_NONE;
}
