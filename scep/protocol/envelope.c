/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/envelope.h"

#include <openssl/asn1.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/objects.h>
#include <openssl/provider.h>

#include "scep/engine_config.h"
#include "scep/base/error.h"
#include "scep/protocol/body.h"
#include "scep/protocol/envelope_der.h"
#include "scep/protocol/key.h"
#include "scep/protocol/recipient.h"
#include "scep/protocol/rfc8894.h"

/* Lists the ciphers of a reply, and what the administrator must allow for each.
 */
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

static enum scep_code envelope_check_cipher(CMS_ContentInfo *envelope,
					    uint32_t allowed, int *nid,
					    uint32_t *legacy,
					    struct scep_error *error)
{
	ASN1_OBJECT *cipher = envelope_der_cipher(envelope);
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
		*legacy |= ciphers[i].legacy;
		if ((ciphers[i].legacy & ~allowed) == 0)
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

/* Writes what is in the envelope to `plain`; says 1, as CMS_decrypt() does. */
static int envelope_decrypt_to(CMS_ContentInfo *envelope,
			       const struct recipient *recipient, BIO *plain)
{
	const struct scep_secret *password = recipient->password;

	/* OpenSSL does not write to it. */
	if (password != NULL &&
	    CMS_decrypt_set1_password(envelope, (unsigned char *)password->data,
				      (ossl_ssize_t)password->length) != 1)
		return 0;
	return CMS_decrypt(envelope, recipient->key, recipient->certificate,
			   NULL, plain, CMS_BINARY);
}

static enum scep_code envelope_decrypt(CMS_ContentInfo *envelope,
				       const struct recipient *recipient,
				       struct bytes *content,
				       struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	char *data = NULL;
	long length;
	BIO *plain = BIO_new(BIO_s_mem());

	if (plain == NULL ||
	    envelope_decrypt_to(envelope, recipient, plain) != 1)
		/* The text does not say why: an attacker could learn from many
		 * such answers (RFC 3218). */
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
					   const struct recipient *recipient,
					   struct bytes *content,
					   struct scep_error *error)
{
	enum scep_code code;
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *standard = NULL, *legacy = NULL;
	CMS_ContentInfo *envelope = NULL;
	/* A key remembers what has used it: that must not outlive `library`. */
	struct recipient copy = *recipient;

	copy.key = recipient->key == NULL ? NULL : EVP_PKEY_dup(recipient->key);
	if (library != NULL) {
		standard = OSSL_PROVIDER_load(library, "default");
		legacy = OSSL_PROVIDER_load(library, "legacy");
	}
	if (standard != NULL && legacy != NULL &&
	    (copy.key != NULL || recipient->key == NULL))
		envelope = envelope_read(input, library, NULL);
	if (envelope != NULL)
		code = envelope_decrypt(envelope, &copy, content, error);
	else
		code = error_set_openssl(
		    error, SCEP_BAD_RESPONSE,
		    "the envelope is encrypted with DES, for which "
		    "OpenSSL's legacy provider is missing");
	CMS_ContentInfo_free(envelope);
	EVP_PKEY_free(copy.key);
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

/* Reads the envelope again, so that it is decrypted where the key lives. */
static CMS_ContentInfo *envelope_reread(const struct envelope_input *input,
					const struct recipient *recipient,
					CMS_ContentInfo *envelope)
{
	char properties[KEY_PROPERTIES];

	if (recipient->key == NULL ||
	    key_properties(recipient->key, properties) == NULL)
		return envelope;
	CMS_ContentInfo_free(envelope);
	return envelope_read(input, NULL, properties);
}

/* All that is looked at before something is decrypted. */
static enum scep_code envelope_check(const struct envelope_input *input,
				     CMS_ContentInfo *envelope,
				     struct recipient *recipient, int *cipher,
				     uint32_t *legacy, struct scep_error *error)
{
	enum scep_code code = envelope_check_type(envelope, error);

	if (code == SCEP_OK)
		code = envelope_check_content_type(envelope, error);
	if (code == SCEP_OK)
		code = recipient_choose(&input->ours, envelope, recipient,
					legacy, error);
	if (code == SCEP_OK)
		code = envelope_check_cipher(envelope, input->ours.allow_legacy,
					     cipher, legacy, error);
	return code;
}

enum scep_code envelope_open(const struct envelope_input *input,
			     struct bytes *content, uint32_t *legacy_used,
			     struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	CMS_ContentInfo *envelope = NULL;
	struct recipient recipient = {0};
	uint32_t legacy = 0;
	int cipher = NID_undef;

	if (input->length > LIMIT_CERT_REP)
		return body_refuse_length("the envelope", input->length,
					  LIMIT_CERT_REP, error);
	envelope = envelope_read(input, NULL, NULL);
	if (envelope == NULL) {
		code = error_set_openssl(error, SCEP_BAD_RESPONSE,
					 "the envelope is no CMS structure");
		goto out;
	}
	code = envelope_check(input, envelope, &recipient, &cipher, &legacy,
			      error);
	if (code != SCEP_OK)
		goto out;
	*legacy_used |= legacy;
	envelope = envelope_reread(input, &recipient, envelope);
	/* It has been read before. */
	if (envelope == NULL)
		code = error_set_memory(error);
	else if (cipher == NID_des_cbc)
		code = envelope_decrypt_des(input, &recipient, content, error);
	else
		code = envelope_decrypt(envelope, &recipient, content, error);
out:
	CMS_ContentInfo_free(envelope);
	return error_end_openssl(code, error);
}
