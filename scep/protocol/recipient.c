/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/recipient.h"

#include <inttypes.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include "scep/engine_config.h"
#include "scep/base/error.h"
#include "scep/protocol/envelope_der.h"

/* A salt of RFC 8018 has 8 octets; that of a hostile one costs work. */
#define SALT_MAX 256
/* Of the key of the content, encrypted (RFC 3211, 2.3.1): two blocks of 3DES at
 * least; AES-256 and its padding need 48. */
#define WRAPPED_KEY_MIN 16
#define WRAPPED_KEY_MAX 64

static void object_name(const ASN1_OBJECT *object, char name[64])
{
	if (object == NULL || OBJ_obj2txt(name, 64, object, 0) <= 0)
		BIO_snprintf(name, 64, "something unknown");
}

static bool is_rsa(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "RSA");
}

static bool is_ec(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "EC");
}

static enum scep_code refuse_other(struct scep_error *error)
{
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the envelope is for another recipient");
}

/* ----------------------------------------------------- allowed algorithms --
 */

/* Lists what may encrypt the key of the content, and what the administrator
 * must allow for it. */
struct wrap {
	int nid;
	uint32_t legacy; /* enum scep_legacy; 0: always allowed */
};

/* RFC 3394 and RFC 3217, for key agreement */
static const struct wrap key_wraps[] = {
    {NID_id_aes128_wrap, 0}, {NID_id_aes192_wrap, 0},
    {NID_id_aes256_wrap, 0}, {NID_id_smime_alg_CMS3DESwrap, SCEP_LEGACY_3DES},
    {NID_undef, 0},
};

/* RFC 3211, for a password */
static const struct wrap password_wraps[] = {
    {NID_aes_128_cbc, 0}, {NID_aes_192_cbc, 0},
    {NID_aes_256_cbc, 0}, {NID_des_ede3_cbc, SCEP_LEGACY_3DES},
    {NID_undef, 0},
};

/* RFC 5753, 7.1.4.  The digest derives a key, for which SHA-1 is not broken. */
static const int agreements[] = {
    NID_dhSinglePass_stdDH_sha1kdf_scheme,
    NID_dhSinglePass_stdDH_sha224kdf_scheme,
    NID_dhSinglePass_stdDH_sha256kdf_scheme,
    NID_dhSinglePass_stdDH_sha384kdf_scheme,
    NID_dhSinglePass_stdDH_sha512kdf_scheme,
    NID_dhSinglePass_cofactorDH_sha1kdf_scheme,
    NID_dhSinglePass_cofactorDH_sha224kdf_scheme,
    NID_dhSinglePass_cofactorDH_sha256kdf_scheme,
    NID_dhSinglePass_cofactorDH_sha384kdf_scheme,
    NID_dhSinglePass_cofactorDH_sha512kdf_scheme,
    NID_undef,
};

/* RFC 8018, B.1; the first is the default. */
static const int derivation_digests[] = {
    NID_hmacWithSHA1,	NID_hmacWithSHA224, NID_hmacWithSHA256,
    NID_hmacWithSHA384, NID_hmacWithSHA512, NID_undef,
};

static bool is_one_of(const int *nids, const ASN1_OBJECT *object)
{
	int nid = object == NULL ? NID_undef : OBJ_obj2nid(object);

	while (*nids != NID_undef && *nids != nid)
		nids++;
	return *nids != NID_undef;
}

/* `what` is a part of the envelope, for the refusal. */
static enum scep_code refuse_algorithm(const ASN1_OBJECT *object,
				       const char *what,
				       struct scep_error *error)
{
	char name[64];

	object_name(object, name);
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the envelope's key is %s with %s, which is not "
			 "allowed",
			 what, name);
}

static enum scep_code check_wrap(const struct wrap *wraps,
				 const ASN1_OBJECT *object, uint32_t allowed,
				 uint32_t *legacy, struct scep_error *error)
{
	int nid = object == NULL ? NID_undef : OBJ_obj2nid(object);

	while (wraps->nid != NID_undef && wraps->nid != nid)
		wraps++;
	if (wraps->nid == NID_undef || (wraps->legacy & ~allowed) != 0)
		return refuse_algorithm(object, "encrypted", error);
	*legacy |= wraps->legacy;
	return SCEP_OK;
}

/* ---------------------------------------------------------- key transport --
 */

static enum scep_code check_transport(CMS_RecipientInfo *info,
				      struct scep_error *error)
{
	X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *type = NULL;
	int parameters = V_ASN1_UNDEF;

	if (CMS_RecipientInfo_ktri_get0_algs(info, NULL, NULL, &algorithm) == 1)
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
	return refuse_algorithm(type, "encrypted", error);
}

/*
 * Whom a reply is addressed to: RFC 8894, 3.2.2 has the certificate that
 * signed the request.  In a renewal, servers may take the new key instead,
 * under a name that is not known before the certificate is.
 */
static enum scep_code choose_key(const struct recipient_keys *ours,
				 bool is_signer,
				 bool (*is_kind)(const EVP_PKEY *key),
				 struct recipient *recipient,
				 struct scep_error *error)
{
	recipient->key = ours->signer_key;
	recipient->certificate = ours->signer;
	if (is_signer && is_kind(ours->signer_key))
		return SCEP_OK;
	recipient->key = ours->key;
	recipient->certificate = NULL;
	if (!is_signer && is_kind(ours->key) &&
	    EVP_PKEY_eq(ours->key, ours->signer_key) != 1)
		return SCEP_OK;
	return refuse_other(error);
}

static enum scep_code choose_transport(const struct recipient_keys *ours,
				       CMS_RecipientInfo *info,
				       struct recipient *recipient,
				       struct scep_error *error)
{
	enum scep_code code = check_transport(info, error);

	if (code != SCEP_OK)
		return code;
	return choose_key(
	    ours, CMS_RecipientInfo_ktri_cert_cmp(info, ours->signer) == 0,
	    is_rsa, recipient, error);
}

/* ---------------------------------------------------------- key agreement --
 */

static enum scep_code check_agreement(CMS_RecipientInfo *info, uint32_t allowed,
				      uint32_t *legacy,
				      struct scep_error *error)
{
	X509_ALGOR *algorithm = NULL, *wrap = NULL;
	ASN1_OCTET_STRING *ukm = NULL;
	const ASN1_OBJECT *type = NULL, *wrap_type = NULL;
	const void *value = NULL;
	const unsigned char *der;
	int parameters = V_ASN1_UNDEF;
	enum scep_code code;

	if (CMS_RecipientInfo_kari_get0_alg(info, &algorithm, &ukm) == 1)
		X509_ALGOR_get0(&type, &parameters, &value, algorithm);
	if (!is_one_of(agreements, type))
		return refuse_algorithm(type, "agreed", error);
	/* RFC 5753, 7.1.4: the parameters are the algorithm of the wrap. */
	if (parameters == V_ASN1_SEQUENCE) {
		der = ASN1_STRING_get0_data(value);
		wrap = d2i_X509_ALGOR(NULL, &der, ASN1_STRING_length(value));
	}
	if (wrap != NULL)
		X509_ALGOR_get0(&wrap_type, NULL, NULL, wrap);
	code = check_wrap(key_wraps, wrap_type, allowed, legacy, error);
	X509_ALGOR_free(wrap);
	return code;
}

/* RFC 5753, 3.1.1: the other side's key is made for this message, and is on the
 * curve of ours.  OpenSSL would read any curve that is written out. */
static enum scep_code check_originator(CMS_RecipientInfo *info,
				       const EVP_PKEY *key,
				       struct scep_error *error)
{
	X509_ALGOR *algorithm = NULL;
	ASN1_BIT_STRING *point = NULL;
	const ASN1_OBJECT *type = NULL;
	const void *value = NULL;
	int parameters = V_ASN1_UNDEF;
	char curve[32] = "";

	if (CMS_RecipientInfo_kari_get0_orig_id(info, &algorithm, &point, NULL,
						NULL, NULL) != 1 ||
	    algorithm == NULL || point == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope has no public key to agree "
				 "with");
	X509_ALGOR_get0(&type, &parameters, &value, algorithm);
	EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL);
	if (OBJ_obj2nid(type) != NID_X9_62_id_ecPublicKey ||
	    (parameters != V_ASN1_UNDEF && parameters != V_ASN1_NULL &&
	     (parameters != V_ASN1_OBJECT ||
	      OBJ_obj2nid(value) != OBJ_sn2nid(curve))))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope's public key is not on the "
				 "curve of ours");
	return SCEP_OK;
}

static enum scep_code choose_agreement(const struct recipient_keys *ours,
				       CMS_RecipientInfo *info,
				       struct recipient *recipient,
				       uint32_t *legacy,
				       struct scep_error *error)
{
	STACK_OF(CMS_RecipientEncryptedKey) *keys =
	    CMS_RecipientInfo_kari_get0_reks(info);
	CMS_RecipientEncryptedKey *encrypted;
	enum scep_code code;

	if (!is_ec(ours->signer_key) && !is_ec(ours->key))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope is for a key agreement and not "
				 "for our key");
	if (sk_CMS_RecipientEncryptedKey_num(keys) != 1)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope has not exactly one recipient");
	encrypted = sk_CMS_RecipientEncryptedKey_value(keys, 0);
	code = choose_key(
	    ours,
	    CMS_RecipientEncryptedKey_cert_cmp(encrypted, ours->signer) == 0,
	    is_ec, recipient, error);
	if (code == SCEP_OK)
		code = check_agreement(info, ours->allow_legacy, legacy, error);
	if (code == SCEP_OK)
		code = check_originator(info, recipient->key, error);
	return code;
}

/* --------------------------------------------------------------- password --
 */

/* RFC 8018, 5.2: the server chooses how much work this is. */
static enum scep_code check_derivation(const struct envelope_password *info,
				       struct scep_error *error)
{
	const PBKDF2PARAM *parameters = info->parameters;
	const ASN1_OBJECT *digest = NULL;
	const ASN1_OCTET_STRING *salt;
	int64_t iterations = 0;

	if (info->derivation == NULL ||
	    OBJ_obj2nid(info->derivation) != NID_id_pbkdf2)
		return refuse_algorithm(info->derivation, "derived", error);
	if (parameters == NULL || parameters->salt->type != V_ASN1_OCTET_STRING)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the parameters of the envelope's password "
				 "cannot be read");
	salt = parameters->salt->value.octet_string;
	if (ASN1_STRING_length(salt) > SALT_MAX)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the salt of the envelope's password is too "
				 "long: %d octets, and %d is the limit",
				 ASN1_STRING_length(salt), SALT_MAX);
	if (ASN1_INTEGER_get_int64(&iterations, parameters->iter) != 1 ||
	    iterations < 1 || iterations > RECIPIENT_ITERATIONS)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope's password has not 1 to %d "
				 "iterations, but %" PRId64,
				 RECIPIENT_ITERATIONS, iterations);
	if (parameters->prf == NULL)
		return SCEP_OK;
	X509_ALGOR_get0(&digest, NULL, NULL, parameters->prf);
	if (!is_one_of(derivation_digests, digest))
		return refuse_algorithm(digest, "derived", error);
	return SCEP_OK;
}

static enum scep_code check_password(CMS_ContentInfo *envelope,
				     uint32_t allowed, uint32_t *legacy,
				     struct scep_error *error)
{
	struct envelope_password info;
	enum scep_code code;

	envelope_der_password(envelope, &info);
	code = check_derivation(&info, error);
	if (code == SCEP_OK && (info.wrap == NULL ||
				OBJ_obj2nid(info.wrap) != NID_id_alg_PWRI_KEK))
		code = refuse_algorithm(info.wrap, "encrypted", error);
	if (code == SCEP_OK)
		code = check_wrap(password_wraps, info.cipher, allowed, legacy,
				  error);
	if (code == SCEP_OK && (info.key_length < WRAPPED_KEY_MIN ||
				info.key_length > WRAPPED_KEY_MAX))
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope's key has not %d to %d octets, "
				 "but %d",
				 WRAPPED_KEY_MIN, WRAPPED_KEY_MAX,
				 (int)info.key_length);
	envelope_password_free(&info);
	return code;
}

/* RFC 8894, 3.2.2: where our key cannot decrypt, the challenge does. */
static enum scep_code choose_password(const struct recipient_keys *ours,
				      CMS_ContentInfo *envelope,
				      struct recipient *recipient,
				      uint32_t *legacy,
				      struct scep_error *error)
{
	if (is_rsa(ours->signer_key) && is_rsa(ours->key))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope is for a password and not for "
				 "our key");
	if (ours->challenge == NULL || ours->challenge->length == 0)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope is for a password, and the "
				 "request had no challenge");
	recipient->password = ours->challenge;
	return check_password(envelope, ours->allow_legacy, legacy, error);
}

/* --------------------------------------------------------------- the whole */

enum scep_code recipient_choose(const struct recipient_keys *ours,
				CMS_ContentInfo *envelope,
				struct recipient *recipient, uint32_t *legacy,
				struct scep_error *error)
{
	STACK_OF(CMS_RecipientInfo) *infos = CMS_get0_RecipientInfos(envelope);
	CMS_RecipientInfo *info;

	*recipient = (struct recipient){0};
	if (sk_CMS_RecipientInfo_num(infos) != 1)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope has not exactly one recipient");
	info = sk_CMS_RecipientInfo_value(infos, 0);
	switch (CMS_RecipientInfo_type(info)) {
	case CMS_RECIPINFO_TRANS:
		return choose_transport(ours, info, recipient, error);
	case CMS_RECIPINFO_AGREE:
		return choose_agreement(ours, info, recipient, legacy, error);
	case CMS_RECIPINFO_PASS:
		return choose_password(ours, envelope, recipient, legacy,
				       error);
	case CMS_RECIPINFO_KEK:
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the envelope is for a shared key and not for "
				 "our key");
	}
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the envelope is for something unknown and not for "
			 "our key");
}
