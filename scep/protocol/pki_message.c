/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/pki_message.h"

#include <limits.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>

#include "scep/server.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"

/* Of PBKDF2.  A tenth of a second of work for a guess. */
#define PASSWORD_ITERATIONS 100000

static const char cannot_encrypt[] =
    "the content cannot be encrypted for the CA";

static const char *cipher_name(enum scep_cipher cipher)
{
	switch (cipher) {
	case SCEP_CIPHER_AUTO:
	case SCEP_CIPHER_AES128:
		return "AES-128-CBC";
	case SCEP_CIPHER_AES256:
		return "AES-256-CBC";
	case SCEP_CIPHER_3DES:
		return "DES-EDE3-CBC";
	}
	return NULL;
}

/* Writes the DER of a CMS structure; `der` is set and owned.  Fails with `code`
 * and `text`. */
static enum scep_code encode_message(CMS_ContentInfo *content,
				     struct bytes *der, enum scep_code code,
				     const char *text, struct scep_error *error)
{
	unsigned char *data = NULL;
	int length = i2d_CMS_ContentInfo(content, &data);

	if (length <= 0)
		code = error_set_openssl(error, code, "%s", text);
	else if (bytes_set(der, data, (size_t)length))
		code = SCEP_OK;
	else
		code = error_set_memory(error);
	OPENSSL_free(data);
	return code;
}

/*
 * RFC 8894, 3.1: what is no key for encrypting is replaced by the challenge.
 * The derivation is the one of RFC 3370, 4.4.1, with HMAC-SHA-1, which does not
 * rely on what is broken of SHA-1; OpenSSL makes no other.
 */
static enum scep_code add_password(const struct pki_message_input *input,
				   CMS_ContentInfo *content,
				   struct scep_error *error)
{
	const struct scep_secret *challenge = input->challenge;
	unsigned char *copy;

	if (challenge == NULL || challenge->length == 0)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "the recipient's key is not an RSA key, so "
				 "that the request needs a challenge password");
	copy = OPENSSL_memdup(challenge->data, challenge->length);
	if (copy == NULL)
		return error_set_memory(error);
	if (CMS_add0_recipient_password(content, PASSWORD_ITERATIONS,
					NID_id_alg_PWRI_KEK, NID_id_pbkdf2,
					copy, (ossl_ssize_t)challenge->length,
					NULL) != NULL)
		return SCEP_OK;
	OPENSSL_clear_free(copy, challenge->length);
	return error_set_openssl(error, SCEP_CONFIG_ERROR, "%s",
				 cannot_encrypt);
}

static enum scep_code add_recipient(const struct pki_message_input *input,
				    CMS_ContentInfo *content,
				    struct scep_error *error)
{
	if (!EVP_PKEY_is_a(X509_get0_pubkey(input->recipient), "RSA"))
		return add_password(input, content, error);
	/* By issuer and serial, and not by key identifier: RFC 8894, 3. */
	if (CMS_add1_recipient_cert(content, input->recipient, 0) != NULL)
		return SCEP_OK;
	return error_set_openssl(error, SCEP_CONFIG_ERROR, "%s",
				 cannot_encrypt);
}

/* RFC 8894, 3.2.2: the content in an EnvelopedData for the recipient. */
static enum scep_code encrypt_content(const struct pki_message_input *input,
				      struct bytes *envelope,
				      struct scep_error *error)
{
	/* Binary, as the content is DER and no text with line ends. */
	const unsigned int flags = CMS_BINARY | CMS_PARTIAL;
	const char *name = cipher_name(input->choice->cipher);
	EVP_CIPHER *cipher =
	    name == NULL ? NULL : EVP_CIPHER_fetch(NULL, name, NULL);
	BIO *plain = NULL;
	CMS_ContentInfo *content = NULL;
	enum scep_code code = SCEP_OK;

	if (cipher == NULL) {
		code = error_set_openssl(error, SCEP_CONFIG_ERROR,
					 "the cipher %s is not there",
					 name == NULL ? "asked for" : name);
		goto out;
	}
	plain = BIO_new_mem_buf(input->content, (int)input->content_length);
	content = CMS_encrypt(NULL, NULL, cipher, flags);
	if (plain == NULL || content == NULL)
		code = error_set_openssl(error, SCEP_CONFIG_ERROR, "%s",
					 cannot_encrypt);
	else
		code = add_recipient(input, content, error);
	if (code == SCEP_OK && CMS_final(content, plain, NULL, CMS_BINARY) != 1)
		code = error_set_openssl(error, SCEP_CONFIG_ERROR, "%s",
					 cannot_encrypt);
	if (code == SCEP_OK)
		code = encode_message(content, envelope, SCEP_CONFIG_ERROR,
				      cannot_encrypt, error);
out:
	CMS_ContentInfo_free(content);
	BIO_free(plain);
	EVP_CIPHER_free(cipher);
	return code;
}

static bool add_attribute(CMS_SignerInfo *signer, const char *type,
			  int string_type, const void *data, size_t length)
{
	return CMS_signed_add1_attr_by_txt(signer, type, string_type, data,
					   (int)length) == 1;
}

/* RFC 8894, 3.2.1 */
static bool add_attributes(CMS_SignerInfo *signer,
			   const struct pki_message_input *input)
{
	char type[12];
	int length =
	    BIO_snprintf(type, sizeof(type), "%d", (int)input->message_type);

	return length > 0 &&
	       add_attribute(signer, RFC8894_OID_TRANSACTION_ID,
			     V_ASN1_PRINTABLESTRING, input->transaction_id,
			     strlen(input->transaction_id)) &&
	       add_attribute(signer, RFC8894_OID_MESSAGE_TYPE,
			     V_ASN1_PRINTABLESTRING, type, (size_t)length) &&
	       add_attribute(signer, RFC8894_OID_SENDER_NONCE,
			     V_ASN1_OCTET_STRING, input->sender_nonce,
			     sizeof(input->sender_nonce));
}

/* Signs the envelope; an empty one is left out of the message. */
static enum scep_code sign_envelope(const struct pki_message_input *input,
				    const struct bytes *envelope,
				    struct bytes *message,
				    struct scep_error *error)
{
	static const char cannot[] = "the message cannot be signed";
	unsigned int flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP |
			     (envelope->length == 0 ? CMS_DETACHED : 0);
	EVP_MD *digest = EVP_MD_fetch(NULL, input->choice->digest, NULL);
	BIO *data = BIO_new_mem_buf(envelope->length == 0 ? (const void *)""
							  : envelope->data,
				    (int)envelope->length);
	char properties[KEY_PROPERTIES];
	CMS_ContentInfo *content =
	    CMS_sign_ex(NULL, NULL, NULL, NULL, flags, NULL,
			key_properties(input->signer_key, properties));
	CMS_SignerInfo *signer = NULL;
	enum scep_code code = SCEP_OK;

	if (digest != NULL && data != NULL && content != NULL)
		signer = CMS_add1_signer(content, input->signer,
					 input->signer_key, digest, flags);
	if (signer == NULL || !add_attributes(signer, input) ||
	    CMS_final(content, data, NULL, flags & ~CMS_PARTIAL) != 1)
		code = error_set_openssl(error, SCEP_KEY_ERROR, "%s", cannot);
	else
		code = encode_message(content, message, SCEP_KEY_ERROR, cannot,
				      error);
	CMS_ContentInfo_free(content);
	BIO_free(data);
	EVP_MD_free(digest);
	return code;
}

enum scep_code pki_message_seal(const struct pki_message_input *input,
				struct bytes *message, struct scep_error *error)
{
	struct bytes envelope = {NULL, 0};
	enum scep_code code = SCEP_OK;

	if (input->content_length > INT_MAX)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "the content is too long: %zu octets, and %d "
				 "is the limit",
				 input->content_length, INT_MAX);
	if (input->content_length > 0)
		code = encrypt_content(input, &envelope, error);
	if (code == SCEP_OK)
		code = sign_envelope(input, &envelope, message, error);
	bytes_free(&envelope);
	return error_end_openssl(code, error);
}

enum scep_code pki_message_issuer_and_subject(const X509_NAME *issuer,
					      const X509_NAME *subject,
					      struct bytes *der,
					      struct scep_error *error)
{
	int issuer_length = i2d_X509_NAME(issuer, NULL);
	int subject_length = i2d_X509_NAME(subject, NULL);
	int length = issuer_length + subject_length;
	int total = -1;
	unsigned char *data, *at;
	enum scep_code code = SCEP_OK;

	if (issuer_length > 0 && subject_length > 0)
		total = ASN1_object_size(1, length, V_ASN1_SEQUENCE);
	if (total <= 0)
		return error_set_openssl(error, SCEP_CONFIG_ERROR,
					 "issuer and subject cannot be "
					 "encoded");
	at = data = OPENSSL_malloc((size_t)total);
	if (data == NULL)
		return error_set_memory(error);
	ASN1_put_object(&at, 1, length, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	i2d_X509_NAME(issuer, &at);
	i2d_X509_NAME(subject, &at);
	if (!bytes_set(der, data, (size_t)total))
		code = error_set_memory(error);
	OPENSSL_free(data);
	return error_end_openssl(code, error);
}
