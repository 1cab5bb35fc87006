/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tests/lib/key_pool.h"
#include "tests/lib/octets.h"

#include "scep/protocol/rfc8894.h"

#define MUST(condition) must((condition), #condition, __LINE__)

static void must(bool is_true, const char *what, int line)
{
	if (is_true)
		return;
	fprintf(stderr, "pki.c:%d: %s\n", line, what);
	ERR_print_errors_fp(stderr);
	abort();
}

/* ----------------------------------------------------------------- keys -- */

static EVP_PKEY *keys[PKI_KEY_COUNT];

static EVP_PKEY *make_rsa(int bits)
{
	return EVP_PKEY_Q_keygen(NULL, "?provider=default", "RSA",
				 (size_t)bits);
}

EVP_PKEY *pki_key_rsa(int bits)
{
	EVP_PKEY *key = key_pool_take(bits, make_rsa);

	MUST(key != NULL);
	return key;
}

EVP_PKEY *pki_key(enum pki_key_name name)
{
	if (keys[name] == NULL)
		keys[name] = pki_key_rsa(2048);
	return keys[name];
}

void pki_keys_free(void)
{
	for (int i = 0; i < PKI_KEY_COUNT; i++) {
		EVP_PKEY_free(keys[i]);
		keys[i] = NULL;
	}
}

EVP_PKEY *pki_key_ec(bool is_explicit)
{
	OSSL_PARAM params[] = {
	    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
				   (char *)"prime256v1", 0),
	    OSSL_PARAM_utf8_string(
		OSSL_PKEY_PARAM_EC_ENCODING,
		(char *)(is_explicit ? "explicit" : "named_curve"), 0),
	    OSSL_PARAM_END};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	MUST(EVP_PKEY_keygen_init(context) == 1);
	MUST(EVP_PKEY_CTX_set_params(context, params) == 1);
	MUST(EVP_PKEY_generate(context, &key) == 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

EVP_PKEY *pki_key_rsa_public(int bits, unsigned long exponent)
{
	BIGNUM *modulus = BN_new(), *e = BN_new();
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	MUST(BN_rand(modulus, bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD) == 1);
	MUST(BN_set_word(e, exponent) == 1);
	MUST(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) ==
	     1);
	MUST(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1);
	params = OSSL_PARAM_BLD_to_param(build);
	MUST(EVP_PKEY_fromdata_init(context) == 1);
	MUST(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) ==
	     1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	BN_free(modulus);
	BN_free(e);
	return key;
}

/* --------------------------------------------------------- certificates -- */

struct pki_cert pki_ca_plan(const char *common_name, EVP_PKEY *key)
{
	return (struct pki_cert){
	    .common_name = common_name,
	    .key = key,
	    .issuer_key = key,
	    .serial = 1,
	    .not_before = PKI_NOW - 30 * PKI_DAY,
	    .not_after = PKI_NOW + 700 * PKI_DAY,
	    .is_ca = true,
	    .path_length = -1,
	    .key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN,
	    .digest = "SHA256",
	};
}

struct pki_cert pki_leaf_plan(const char *common_name, EVP_PKEY *key,
			      X509 *issuer, EVP_PKEY *issuer_key)
{
	struct pki_cert plan = pki_ca_plan(common_name, key);

	plan.issuer = issuer;
	plan.issuer_key = issuer_key;
	plan.serial = 2;
	plan.is_ca = false;
	plan.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
	return plan;
}

static void add_extension(X509 *certificate, X509 *issuer, int nid,
			  const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	MUST(extension != NULL);
	MUST(X509_add_ext(certificate, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void add_key_usage(X509 *certificate, int key_usage)
{
	/* OpenSSL's KU_ bits are those of the first octet, from the top. */
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();

	for (int bit = 0; bit < 8; bit++)
		ASN1_BIT_STRING_set_bit(usage, bit,
					(key_usage & (0x80 >> bit)) != 0);
	MUST(X509_add1_ext_i2d(certificate, NID_key_usage, usage, 1,
			       X509V3_ADD_DEFAULT) == 1);
	ASN1_BIT_STRING_free(usage);
}

static void add_extensions(X509 *certificate, X509 *issuer,
			   const struct pki_cert *plan)
{
	char constraints[64];

	if (plan->is_ca && plan->path_length >= 0)
		snprintf(constraints, sizeof(constraints),
			 "critical,CA:TRUE,pathlen:%d", plan->path_length);
	else
		snprintf(constraints, sizeof(constraints), "critical,CA:%s",
			 plan->is_ca ? "TRUE" : "FALSE");
	if (!plan->has_no_constraints)
		add_extension(certificate, issuer, NID_basic_constraints,
			      constraints);
	if (plan->also_says_ca)
		add_extension(certificate, issuer, NID_basic_constraints,
			      "CA:TRUE");
	add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
	if (plan->key_usage != PKI_NO_KEY_USAGE)
		add_key_usage(certificate, plan->key_usage);
	if (plan->extended_key_usage != NULL)
		add_extension(certificate, issuer, NID_ext_key_usage,
			      plan->extended_key_usage);
	if (plan->alt_name != NULL)
		add_extension(certificate, issuer, NID_subject_alt_name,
			      plan->alt_name);
}

/* Takes a certificate and reads it as one that comes from elsewhere. */
static X509 *read_again(X509 *certificate)
{
	unsigned char *der = NULL;
	int length = i2d_X509(certificate, &der);
	const unsigned char *end = der;
	X509 *read = d2i_X509(NULL, &end, length);

	MUST(read != NULL);
	OPENSSL_free(der);
	X509_free(certificate);
	return read;
}

X509 *pki_certify(const struct pki_cert *plan)
{
	X509 *certificate = X509_new();
	X509 *issuer = plan->issuer == NULL ? certificate : plan->issuer;
	X509_NAME *name = X509_NAME_new();
	EVP_MD *digest = plan->digest == NULL
			     ? NULL
			     : EVP_MD_fetch(NULL, plan->digest, NULL);

	MUST(X509_NAME_add_entry_by_txt(
		 name, "CN", MBSTRING_UTF8,
		 (const unsigned char *)plan->common_name, -1, -1, 0) == 1);
	MUST(X509_set_version(certificate, plan->is_version_1
					       ? X509_VERSION_1
					       : X509_VERSION_3) == 1);
	MUST(ASN1_INTEGER_set(X509_get_serialNumber(certificate),
			      plan->serial) == 1);
	MUST(X509_set_subject_name(certificate, name) == 1);
	MUST(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) ==
	     1);
	MUST(ASN1_TIME_set(X509_getm_notBefore(certificate),
			   (time_t)plan->not_before) != NULL);
	MUST(ASN1_TIME_set(X509_getm_notAfter(certificate),
			   (time_t)plan->not_after) != NULL);
	MUST(X509_set_pubkey(certificate, plan->key) == 1);
	if (!plan->is_version_1)
		add_extensions(certificate, issuer, plan);
	MUST(X509_sign(certificate, plan->issuer_key, digest) > 0);
	EVP_MD_free(digest);
	X509_NAME_free(name);
	return read_again(certificate);
}

size_t pki_digest(X509 *certificate, const char *digest,
		  unsigned char value[64])
{
	EVP_MD *algorithm = EVP_MD_fetch(NULL, digest, NULL);
	unsigned int length = 0;

	MUST(X509_digest(certificate, algorithm, value, &length) == 1);
	EVP_MD_free(algorithm);
	return length;
}

/* -------------------------------------------------------------- messages -- */

static void encode(CMS_ContentInfo *content, struct bytes *der)
{
	unsigned char *data = NULL;
	int length = i2d_CMS_ContentInfo(content, &data);

	MUST(length > 0 && bytes_set(der, data, (size_t)length));
	OPENSSL_free(data);
	CMS_ContentInfo_free(content);
}

static void append_zeros(struct bytes *bytes, size_t count)
{
	void *zeros = OPENSSL_zalloc(count + 1);

	MUST(zeros != NULL);
	octets_append(bytes, zeros, count);
	OPENSSL_free(zeros);
}

void pki_degenerate(X509 *const *certificates, struct bytes *der)
{
	BIO *nothing = BIO_new_mem_buf("", 0);
	CMS_ContentInfo *content =
	    CMS_sign(NULL, NULL, NULL, nothing, CMS_PARTIAL | CMS_DETACHED);

	MUST(content != NULL);
	for (; *certificates != NULL; certificates++)
		MUST(CMS_add1_cert(content, *certificates) == 1);
	encode(content, der);
	BIO_free(nothing);
}

/* ------------------------------------------------------------- revoking -- */

struct pki_crl pki_crl_plan(X509 *issuer, EVP_PKEY *issuer_key)
{
	return (struct pki_crl){
	    .issuer = issuer,
	    .issuer_key = issuer_key,
	    .last_update = PKI_NOW - PKI_DAY,
	    .next_update = PKI_NOW + 6 * PKI_DAY,
	    .digest = "SHA256",
	};
}

static void add_revoked(X509_CRL *crl, long number, const ASN1_TIME *time)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	MUST(entry != NULL && ASN1_INTEGER_set(serial, number) == 1);
	MUST(X509_REVOKED_set_serialNumber(entry, serial) == 1);
	MUST(X509_REVOKED_set_revocationDate(entry, (ASN1_TIME *)time) == 1);
	MUST(X509_CRL_add0_revoked(crl, entry) == 1);
	ASN1_INTEGER_free(serial);
}

static void sign_crl(X509_CRL *crl, const struct pki_crl *plan, EVP_MD *digest)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *padding;

	MUST(context != NULL &&
	     EVP_DigestSignInit(context, &padding, digest, NULL,
				plan->issuer_key) == 1);
	if (plan->is_pss)
		MUST(EVP_PKEY_CTX_set_rsa_padding(padding,
						  RSA_PKCS1_PSS_PADDING) == 1);
	MUST(X509_CRL_sign_ctx(crl, context) > 0);
	EVP_MD_CTX_free(context);
}

X509_CRL *pki_revoke(const struct pki_crl *plan)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *begin = ASN1_TIME_set(NULL, (time_t)plan->last_update);
	ASN1_TIME *end = ASN1_TIME_set(NULL, (time_t)plan->next_update);
	ASN1_INTEGER *base = ASN1_INTEGER_new();
	EVP_MD *digest = EVP_MD_fetch(NULL, plan->digest, NULL);

	MUST(crl != NULL && begin != NULL && end != NULL && base != NULL);
	MUST(X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1);
	MUST(X509_CRL_set_issuer_name(
		 crl, X509_get_subject_name(plan->issuer)) == 1);
	MUST(X509_CRL_set1_lastUpdate(crl, begin) == 1);
	if (plan->next_update != 0)
		MUST(X509_CRL_set1_nextUpdate(crl, end) == 1);
	for (size_t i = 0; i < 4 && plan->revoked[i] != 0; i++)
		add_revoked(crl, plan->revoked[i], begin);
	if (plan->is_delta)
		MUST(ASN1_INTEGER_set(base, 1) == 1 &&
		     X509_CRL_add1_ext_i2d(crl, NID_delta_crl, base, 1, 0) ==
			 1);
	sign_crl(crl, plan, digest);
	EVP_MD_free(digest);
	ASN1_INTEGER_free(base);
	ASN1_TIME_free(end);
	ASN1_TIME_free(begin);
	return crl;
}

void pki_degenerate_crls(X509_CRL *const *lists, struct bytes *der)
{
	BIO *nothing = BIO_new_mem_buf("", 0);
	CMS_ContentInfo *content =
	    CMS_sign(NULL, NULL, NULL, nothing, CMS_PARTIAL | CMS_DETACHED);

	MUST(content != NULL);
	for (; *lists != NULL; lists++)
		MUST(CMS_add1_crl(content, *lists) == 1);
	encode(content, der);
	BIO_free(nothing);
}

/* ------------------------------------------------------------ enveloping -- */

static void add_recipient(CMS_ContentInfo *content, X509 *certificate,
			  const struct pki_reply *reply)
{
	bool is_ec = EVP_PKEY_is_a(X509_get0_pubkey(certificate), "EC");
	CMS_RecipientInfo *recipient = CMS_add1_recipient_cert(
	    content, certificate, is_ec || reply->is_oaep ? CMS_KEY_PARAM : 0);
	EVP_PKEY_CTX *context;

	MUST(recipient != NULL);
	context = CMS_RecipientInfo_get0_pkey_ctx(recipient);
	if (is_ec)
		MUST(EVP_PKEY_CTX_set_ecdh_kdf_md(
			 context,
			 EVP_get_digestbyname(reply->agreed_by == NULL
						  ? "SHA256"
						  : reply->agreed_by)) == 1);
	if (is_ec && reply->agreed_wrap != NULL)
		MUST(EVP_EncryptInit_ex(
			 CMS_RecipientInfo_kari_get0_ctx(recipient),
			 EVP_get_cipherbyname(reply->agreed_wrap), NULL, NULL,
			 NULL) == 1);
	if (is_ec || !reply->is_oaep)
		return;
	MUST(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) ==
	     1);
	MUST(EVP_PKEY_CTX_set_rsa_oaep_md_name(context, "SHA256", NULL) == 1);
}

/* The legacy ciphers live in a context of their own. */
static void encrypt(const struct pki_reply *reply, const struct bytes *plain,
		    struct bytes *der)
{
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *standard = OSSL_PROVIDER_load(library, "default");
	OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(library, "legacy");
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(library, reply->cipher, NULL);
	BIO *data =
	    BIO_new_mem_buf(plain->length == 0 ? (const void *)"" : plain->data,
			    (int)plain->length);
	const char *password =
	    reply->password == NULL ? "secret" : reply->password;
	const struct pki_reply plainly = {.agreed_by = NULL};
	CMS_ContentInfo *content;

	MUST(cipher != NULL);
	content = CMS_encrypt_ex(NULL, NULL, cipher, CMS_PARTIAL | CMS_BINARY,
				 library, NULL);
	MUST(content != NULL);
	if (reply->is_for_password)
		MUST(CMS_add0_recipient_password(
			 content,
			 reply->iterations > 0 ? reply->iterations : -1,
			 NID_id_alg_PWRI_KEK, NID_id_pbkdf2,
			 (unsigned char *)OPENSSL_strdup(password),
			 (ossl_ssize_t)strlen(password), NULL) != NULL);
	if (reply->recipient != NULL)
		add_recipient(content, reply->recipient, reply);
	if (reply->second_recipient != NULL)
		add_recipient(content, reply->second_recipient, &plainly);
	MUST(CMS_final(content, data, NULL, CMS_BINARY) == 1);
	encode(content, der);
	BIO_free(data);
	EVP_CIPHER_free(cipher);
	OSSL_PROVIDER_unload(legacy);
	OSSL_PROVIDER_unload(standard);
	OSSL_LIB_CTX_free(library);
}

static void encrypt_with_shared_key(const struct pki_reply *reply,
				    const struct bytes *plain,
				    struct bytes *der)
{
	static const unsigned char key[16] = {1, 2, 3};
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, reply->cipher, NULL);
	BIO *data = BIO_new_mem_buf(plain->data, (int)plain->length);
	CMS_ContentInfo *content = CMS_EncryptedData_encrypt(
	    data, cipher, key, sizeof(key), CMS_BINARY);

	MUST(content != NULL);
	encode(content, der);
	BIO_free(data);
	EVP_CIPHER_free(cipher);
}

void pki_envelope_make(const struct pki_reply *reply, struct bytes *der)
{
	struct bytes plain = {NULL, 0};

	if (reply->raw_inner != NULL)
		MUST(bytes_set(&plain, reply->raw_inner->data,
			       reply->raw_inner->length));
	else
		pki_degenerate(reply->certificates, &plain);
	append_zeros(&plain, reply->inner_trailing);
	if (reply->is_encrypted_data)
		encrypt_with_shared_key(reply, &plain, der);
	else
		encrypt(reply, &plain, der);
	append_zeros(der, reply->envelope_trailing);
	bytes_free(&plain);
}

static void add_text(CMS_SignerInfo *signer, const char *type, int string_type,
		     const char *text)
{
	if (text != NULL)
		MUST(CMS_signed_add1_attr_by_txt(signer, type, string_type,
						 text, (int)strlen(text)) == 1);
}

static void add_two_values(CMS_SignerInfo *signer, const char *type)
{
	X509_ATTRIBUTE *attribute = X509_ATTRIBUTE_create_by_txt(
	    NULL, type, V_ASN1_PRINTABLESTRING, (const unsigned char *)"3", 1);

	MUST(attribute != NULL);
	MUST(X509_ATTRIBUTE_set1_data(attribute, V_ASN1_PRINTABLESTRING, "4",
				      1) == 1);
	MUST(CMS_signed_add1_attr(signer, attribute) == 1);
	X509_ATTRIBUTE_free(attribute);
}

static void add_attributes(CMS_SignerInfo *signer,
			   const struct pki_reply *reply)
{
	const char *text = reply->fail_info_text;
	size_t length = reply->fail_info_text_length;

	add_text(signer, RFC8894_OID_MESSAGE_TYPE, V_ASN1_PRINTABLESTRING,
		 reply->message_type);
	add_text(signer, RFC8894_OID_TRANSACTION_ID, V_ASN1_PRINTABLESTRING,
		 reply->transaction_id);
	add_text(signer, RFC8894_OID_PKI_STATUS, V_ASN1_PRINTABLESTRING,
		 reply->pki_status);
	add_text(signer, RFC8894_OID_FAIL_INFO, V_ASN1_PRINTABLESTRING,
		 reply->fail_info);
	if (text != NULL)
		MUST(CMS_signed_add1_attr_by_txt(
			 signer, RFC8894_OID_FAIL_INFO_TEXT, V_ASN1_UTF8STRING,
			 text,
			 (int)(length == 0 ? strlen(text) : length)) == 1);
	if (reply->recipient_nonce_length > 0)
		MUST(CMS_signed_add1_attr_by_txt(
			 signer, RFC8894_OID_RECIPIENT_NONCE,
			 reply->recipient_nonce_type, reply->recipient_nonce,
			 (int)reply->recipient_nonce_length) == 1);
	if (reply->doubled_type != NULL)
		add_text(signer, reply->doubled_type,
			 reply->doubled_string_type == 0
			     ? V_ASN1_PRINTABLESTRING
			     : reply->doubled_string_type,
			 reply->doubled_text);
	if (reply->two_values_type != NULL)
		add_two_values(signer, reply->two_values_type);
}

static void spoil(CMS_ContentInfo *content, const struct pki_reply *reply)
{
	CMS_SignerInfo *signer =
	    sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(content), 0);

	if (reply->is_signature_broken)
		CMS_SignerInfo_get0_signature(signer)->data[20] ^= 1;
	if (reply->is_content_changed)
		(*CMS_get0_content(content))->data[100] ^= 1;
}

static void sign(const struct pki_reply *reply, const struct bytes *data,
		 struct bytes *message)
{
	unsigned int flags = CMS_PARTIAL | CMS_BINARY | CMS_NOSMIMECAP |
			     reply->signer_flags |
			     (reply->without_attributes ? CMS_NOATTR : 0) |
			     (data->length == 0 ? CMS_DETACHED : 0);
	EVP_MD *digest = EVP_MD_fetch(NULL, reply->digest, NULL);
	CMS_ContentInfo *content = CMS_sign(NULL, NULL, NULL, NULL, flags);
	BIO *bio =
	    BIO_new_mem_buf(data->length == 0 ? (const void *)"" : data->data,
			    (int)data->length);
	CMS_SignerInfo *signer;

	MUST(content != NULL && digest != NULL);
	if (reply->content_type != NULL) {
		ASN1_OBJECT *type = OBJ_txt2obj(reply->content_type, 1);

		MUST(CMS_set1_eContentType(content, type) == 1);
		ASN1_OBJECT_free(type);
	}
	signer =
	    CMS_add1_signer(content, reply->signer, reply->signer_key, digest,
			    flags | (reply->is_pss ? CMS_KEY_PARAM : 0));
	MUST(signer != NULL);
	if (reply->is_pss)
		MUST(EVP_PKEY_CTX_set_rsa_padding(
			 CMS_SignerInfo_get0_pkey_ctx(signer),
			 RSA_PKCS1_PSS_PADDING) == 1);
	if (!reply->without_attributes)
		add_attributes(signer, reply);
	if (reply->second_signer != NULL)
		MUST(CMS_add1_signer(content, reply->second_signer,
				     reply->second_signer_key, digest,
				     flags) != NULL);
	MUST(CMS_final(content, bio, NULL, flags & ~(unsigned)CMS_PARTIAL) ==
	     1);
	spoil(content, reply);
	encode(content, message);
	BIO_free(bio);
	EVP_MD_free(digest);
}

void pki_reply_make(const struct pki_reply *reply, struct bytes *message)
{
	struct bytes content = {NULL, 0};

	if (reply->raw_content != NULL)
		MUST(bytes_set(&content, reply->raw_content->data,
			       reply->raw_content->length));
	else if (reply->has_envelope)
		pki_envelope_make(reply, &content);
	sign(reply, &content, message);
	append_zeros(message, reply->trailing);
	bytes_free(&content);
}
