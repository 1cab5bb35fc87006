/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/envelope.h"

#include <openssl/asn1.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/objects.h>
#include <openssl/provider.h>

#include "scep/engine_config.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"
#include "scep/protocol/rfc8894.h"

/* What may encrypt a reply, and what the administrator must allow for it. */
static const struct {
	int nid;
	uint32_t legacy;  /* enum scep_legacy; 0: always allowed */
	const char *word; /* of allowLegacyAlgorithms */
} ciphers[] = {
    {NID_aes_128_cbc, 0, NULL},
    {NID_aes_192_cbc, 0, NULL},
    {NID_aes_256_cbc, 0, NULL},
    {NID_des_ede3_cbc, SCEP_LEGACY_3DES, "3des"},
    {NID_des_cbc, SCEP_LEGACY_DES, "des"},
};

static void object_name(const ASN1_OBJECT *object, char name[64])
{
	if (OBJ_obj2txt(name, 64, object, 0) <= 0)
		BIO_snprintf(name, 64, "something unknown");
}

/* ----------------------------------------------------- the cipher's name -- */

/*
 * OpenSSL does not tell the content encryption algorithm of an EnvelopedData
 * before it has decrypted it.  So this walks down to it, in DER that OpenSSL
 * has just written itself from what it has read.
 */
struct walk {
	const unsigned char *at;
	const unsigned char *end;
};

/* Reads one header; `inner` is what it contains, `walk` goes on behind it. */
static bool walk_next(struct walk *walk, int tag, int class, struct walk *inner)
{
	const unsigned char *at = walk->at;
	long length = 0;
	int found_tag = 0, found_class = 0;
	int flags;

	if (at >= walk->end)
		return false;
	flags = ASN1_get_object(&at, &length, &found_tag, &found_class,
				(long)(walk->end - at));
	/* 0x80: an error; 0x01: an indefinite length, which is no DER. */
	if ((flags & 0x81) != 0 || found_tag != tag || found_class != class ||
	    length > walk->end - at)
		return false;
	inner->at = at;
	inner->end = at + length;
	walk->at = inner->end;
	return true;
}

/* RFC 5652, 6.1: leads to the encryptedContentInfo. */
static bool walk_to_content_info(struct walk *walk, struct walk *info)
{
	struct walk content, explicit, enveloped, skipped;

	if (!walk_next(walk, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &content) ||
	    !walk_next(&content, V_ASN1_OBJECT, V_ASN1_UNIVERSAL, &skipped) ||
	    !walk_next(&content, 0, V_ASN1_CONTEXT_SPECIFIC, &explicit) ||
	    !walk_next(&explicit, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL,
		       &enveloped) ||
	    !walk_next(&enveloped, V_ASN1_INTEGER, V_ASN1_UNIVERSAL, &skipped))
		return false;
	/* originatorInfo is optional. */
	(void)walk_next(&enveloped, 0, V_ASN1_CONTEXT_SPECIFIC, &skipped);
	return walk_next(&enveloped, V_ASN1_SET, V_ASN1_UNIVERSAL, &skipped) &&
	       walk_next(&enveloped, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, info);
}

/* The OID of the cipher; owned, or NULL. */
static ASN1_OBJECT *envelope_find_cipher(CMS_ContentInfo *envelope)
{
	unsigned char *der = NULL;
	int length = i2d_CMS_ContentInfo(envelope, &der);
	struct walk walk = {der, der + (length > 0 ? length : 0)};
	struct walk info, skipped, algorithm;
	ASN1_OBJECT *cipher = NULL;

	if (length > 0 && walk_to_content_info(&walk, &info) &&
	    walk_next(&info, V_ASN1_OBJECT, V_ASN1_UNIVERSAL, &skipped) &&
	    walk_next(&info, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &algorithm))
		cipher = d2i_ASN1_OBJECT(NULL, &algorithm.at,
					 (long)(algorithm.end - algorithm.at));
	OPENSSL_free(der);
	return cipher;
}

static enum scep_code envelope_check_cipher(CMS_ContentInfo *envelope,
					    uint32_t allowed, int *nid,
					    uint32_t *legacy,
					    struct scep_error *error)
{
	ASN1_OBJECT *cipher = envelope_find_cipher(envelope);
	char name[64];

	if (cipher == NULL)
		return error_set_openssl(error, SCEP_BAD_RESPONSE,
					 "the envelope names no cipher");
	*nid = OBJ_obj2nid(cipher);
	object_name(cipher, name);
	ASN1_OBJECT_free(cipher);
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		if (ciphers[i].nid != *nid)
			continue;
		*legacy = ciphers[i].legacy;
		if ((*legacy & ~allowed) == 0)
			return SCEP_OK;
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope is encrypted with %s, and "
				 "allowLegacyAlgorithms does not have %s",
				 name, ciphers[i].word);
	}
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the envelope is encrypted with %s, which is never "
			 "allowed",
			 name);
}

/* ------------------------------------------------------------- recipient -- */

static const char *recipient_kind(CMS_RecipientInfo *recipient)
{
	switch (CMS_RecipientInfo_type(recipient)) {
	case CMS_RECIPINFO_AGREE:
		return "a key agreement";
	case CMS_RECIPINFO_KEK:
		return "a shared key";
	case CMS_RECIPINFO_PASS:
		return "a password";
	default:
		return "something unknown";
	}
}

static enum scep_code envelope_check_recipient(CMS_RecipientInfo *recipient,
					       struct scep_error *error)
{
	X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *type = NULL;
	int parameters = V_ASN1_UNDEF;
	char name[64];

	if (CMS_RecipientInfo_type(recipient) != CMS_RECIPINFO_TRANS)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope is for %s and not for our key",
				 recipient_kind(recipient));
	if (CMS_RecipientInfo_ktri_get0_algs(recipient, NULL, NULL,
					     &algorithm) == 1)
		X509_ALGOR_get0(&type, &parameters, NULL, algorithm);
	/* OpenSSL reads those of OAEP; RFC 3370 has NULL for the other. */
	if (type != NULL &&
	    (OBJ_obj2nid(type) == NID_rsaesOaep ||
	     (OBJ_obj2nid(type) == NID_rsaEncryption &&
	      (parameters == V_ASN1_NULL || parameters == V_ASN1_UNDEF))))
		return SCEP_OK;
	if (type != NULL && OBJ_obj2nid(type) == NID_rsaEncryption)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope's key is encrypted with "
				 "parameters that RSA cannot have");
	object_name(type, name);
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the envelope's key is encrypted with %s, which is "
			 "not allowed",
			 name);
}

/*
 * Whom a reply is addressed to: RFC 8894, 3.2.2 has the certificate that
 * signed the request.  In a renewal, servers may take the new key instead,
 * under a name that is not known before the certificate is.
 */
static enum scep_code envelope_choose_key(const struct envelope_input *input,
					  CMS_ContentInfo *envelope,
					  EVP_PKEY **key, X509 **certificate,
					  struct scep_error *error)
{
	STACK_OF(CMS_RecipientInfo) *recipients =
	    CMS_get0_RecipientInfos(envelope);
	CMS_RecipientInfo *recipient = NULL;
	enum scep_code code;

	if (sk_CMS_RecipientInfo_num(recipients) != 1)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope has not exactly one recipient");
	recipient = sk_CMS_RecipientInfo_value(recipients, 0);
	code = envelope_check_recipient(recipient, error);
	if (code != SCEP_OK)
		return code;
	*key = input->signer_key;
	*certificate = input->signer;
	if (CMS_RecipientInfo_ktri_cert_cmp(recipient, input->signer) == 0)
		return SCEP_OK;
	*key = input->key;
	*certificate = NULL;
	if (EVP_PKEY_eq(input->key, input->signer_key) != 1)
		return SCEP_OK;
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the envelope is for another recipient");
}

/* ------------------------------------------------------------ decryption -- */

/* Reads an envelope, to be used with a library context and properties (NULL:
 * the defaults). */
static CMS_ContentInfo *envelope_read(const struct envelope_input *input,
				      OSSL_LIB_CTX *library,
				      const char *properties)
{
	const unsigned char *end = input->der;
	CMS_ContentInfo *envelope = CMS_ContentInfo_new_ex(library, properties);

	if (envelope == NULL)
		return NULL;
	/* On failure, this frees what it was given. */
	if (d2i_CMS_ContentInfo(&envelope, &end, (long)input->length) == NULL)
		return NULL;
	if (end == input->der + input->length)
		return envelope;
	CMS_ContentInfo_free(envelope);
	return NULL;
}

static enum scep_code envelope_decrypt(CMS_ContentInfo *envelope, EVP_PKEY *key,
				       X509 *certificate, struct bytes *content,
				       struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	char *data = NULL;
	long length;
	BIO *plain = BIO_new(BIO_s_mem());

	if (plain == NULL || CMS_decrypt(envelope, key, certificate, NULL,
					 plain, CMS_BINARY) != 1)
		/* Why is not told: whoever knows could ask many times (RFC
		 * 3218). */
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope cannot be decrypted");
	if (code == SCEP_OK) {
		length = BIO_get_mem_data(plain, &data);
		if (!bytes_set(content, data, (size_t)length))
			code = error_set_memory(error);
	}
	BIO_free(plain);
	return error_end_openssl(code, error);
}

/*
 * Single DES lives in OpenSSL's legacy provider.  It is loaded for the one
 * decryption, into a context of its own, so that nothing else of the process
 * can come to use what is in it.
 */
static enum scep_code envelope_decrypt_des(const struct envelope_input *input,
					   EVP_PKEY *key, X509 *certificate,
					   struct bytes *content,
					   struct scep_error *error)
{
	enum scep_code code;
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *standard = NULL, *legacy = NULL;
	CMS_ContentInfo *envelope = NULL;
	/* A key remembers what has used it: that must not outlive `library`. */
	EVP_PKEY *copy = EVP_PKEY_dup(key);

	if (library != NULL) {
		standard = OSSL_PROVIDER_load(library, "default");
		legacy = OSSL_PROVIDER_load(library, "legacy");
	}
	if (standard != NULL && legacy != NULL && copy != NULL)
		envelope = envelope_read(input, library, NULL);
	if (envelope != NULL)
		code = envelope_decrypt(envelope, copy, certificate, content,
					error);
	else
		code = error_set_openssl(
		    error, SCEP_BAD_RESPONSE,
		    "the envelope is encrypted with DES, for which "
		    "OpenSSL's legacy provider is missing");
	CMS_ContentInfo_free(envelope);
	EVP_PKEY_free(copy);
	if (legacy != NULL)
		OSSL_PROVIDER_unload(legacy);
	if (standard != NULL)
		OSSL_PROVIDER_unload(standard);
	OSSL_LIB_CTX_free(library);
	return code;
}

static enum scep_code envelope_check_type(CMS_ContentInfo *envelope,
					  struct scep_error *error)
{
	const ASN1_OBJECT *type = CMS_get0_type(envelope);
	char name[64];

	if (OBJ_obj2nid(type) == NID_pkcs7_enveloped)
		return SCEP_OK;
	object_name(type, name);
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the content is %s and no EnvelopedData", name);
}

/* RFC 8894, 3.2.2 has data; and it is SignedData that is in it. */
static enum scep_code envelope_check_content_type(CMS_ContentInfo *envelope,
						  struct scep_error *error)
{
	const ASN1_OBJECT *type = CMS_get0_eContentType(envelope);
	char name[64];

	if (OBJ_obj2nid(type) == NID_pkcs7_data ||
	    OBJ_obj2nid(type) == NID_pkcs7_signed)
		return SCEP_OK;
	object_name(type, name);
	return error_set(error, SCEP_BAD_RESPONSE,
			 "what is encrypted is %s and not data", name);
}

enum scep_code envelope_open(const struct envelope_input *input,
			     struct bytes *content, uint32_t *legacy_used,
			     struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	CMS_ContentInfo *envelope = NULL;
	EVP_PKEY *key = NULL;
	X509 *certificate = NULL;
	uint32_t legacy = 0;
	int cipher = NID_undef;
	char properties[KEY_PROPERTIES];

	if (input->length <= LIMIT_CERT_REP)
		envelope = envelope_read(input, NULL, NULL);
	if (envelope == NULL) {
		code = error_set_openssl(error, SCEP_BAD_RESPONSE,
					 "the envelope is no CMS structure");
		goto out;
	}
	code = envelope_check_type(envelope, error);
	if (code == SCEP_OK)
		code = envelope_check_content_type(envelope, error);
	if (code == SCEP_OK)
		code = envelope_choose_key(input, envelope, &key, &certificate,
					   error);
	if (code == SCEP_OK)
		code = envelope_check_cipher(envelope, input->allow_legacy,
					     &cipher, &legacy, error);
	if (code != SCEP_OK)
		goto out;
	*legacy_used |= legacy;
	if (key_properties(key, properties) != NULL) {
		CMS_ContentInfo_free(envelope);
		envelope = envelope_read(input, NULL, properties);
	}
	/* It has been read before. */
	if (envelope == NULL)
		code = error_set_memory(error);
	else if (cipher == NID_des_cbc)
		code = envelope_decrypt_des(input, key, certificate, content,
					    error);
	else
		code = envelope_decrypt(envelope, key, certificate, content,
					error);
out:
	CMS_ContentInfo_free(envelope);
	return error_end_openssl(code, error);
}
