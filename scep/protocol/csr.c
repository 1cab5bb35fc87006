/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/csr.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "scep/text.h"
#include "scep/octets.h"
#include "scep/values.h"
#include "scep/base/error.h"
#include "scep/protocol/extensions.h"
#include "scep/protocol/key.h"
#include "scep/protocol/names.h"
#include "scep/protocol/template.h"

/* RFC 8894, 2.3 leaves the times open: enough for the slowest of approvals. */
#define SELF_SIGNED_SECONDS  (365L * 24 * 3600)
#define SELF_SIGNED_BACKDATE (-600L)
#define SERIAL_OCTETS	     16

static const char *digest_name(uint32_t signature_algorithm)
{
	switch ((enum scep_signature_algorithm)signature_algorithm) {
	case SCEP_SIGN_SHA1:
		return "SHA1";
	case SCEP_SIGN_SHA256:
		return "SHA256";
	case SCEP_SIGN_SHA384:
		return "SHA384";
	case SCEP_SIGN_SHA512:
		return "SHA512";
	}
	return NULL;
}

enum scep_code csr_check_subject_extra(const char *text,
				       struct scep_error *error)
{
	X509_NAME *name = NULL;
	enum scep_code code = names_subject("", "", text, &name, error);

	X509_NAME_free(name);
	return code;
}

enum scep_code csr_check_subject_alt_name(const char *text,
					  struct scep_error *error)
{
	GENERAL_NAMES *names = NULL;
	enum scep_code code = extensions_read_alt_name(text, &names, error);

	GENERAL_NAMES_free(names);
	return code;
}

enum scep_code csr_check_extended_key_usage(const char *text,
					    struct scep_error *error)
{
	EXTENDED_KEY_USAGE *usage = NULL;
	enum scep_code code =
	    extensions_read_ext_key_usage(text, &usage, error);

	EXTENDED_KEY_USAGE_free(usage);
	return code;
}

enum scep_code csr_check_template(const char *text, struct scep_error *error)
{
	X509_EXTENSION *extension = NULL;
	enum scep_code code = template_extension(text, &extension, error);

	X509_EXTENSION_free(extension);
	return code;
}

/* Puts before an error which of the request values it is about. */
static enum scep_code csr_blame(enum scep_code code, const char *value,
				struct scep_error *error)
{
	if (code == SCEP_CONFIG_ERROR)
		error_wrap(error, value);
	return code;
}

static enum scep_code make_subject(const struct scep_values *values,
				   X509_NAME **subject,
				   struct scep_error *error)
{
	enum scep_code code =
	    names_subject(values->organization, values->common_name,
			  values->subject_extra, subject, error);

	if (code != SCEP_OK)
		return csr_blame(code, "the subject", error);
	if (X509_NAME_entry_count(*subject) == 0)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "the subject is empty");
	return SCEP_OK;
}

/* Adds an extension to a list.  Takes it. */
static enum scep_code push_extension(STACK_OF(X509_EXTENSION) * extensions,
				     X509_EXTENSION *extension,
				     struct scep_error *error)
{
	if (sk_X509_EXTENSION_push(extensions, extension) > 0)
		return SCEP_OK;
	X509_EXTENSION_free(extension);
	return error_set_memory(error);
}

static enum scep_code add_extension(STACK_OF(X509_EXTENSION) * extensions,
				    int nid, bool is_critical, void *value,
				    struct scep_error *error)
{
	X509_EXTENSION *extension = X509V3_EXT_i2d(nid, is_critical, value);

	if (extension == NULL)
		return error_set_openssl(error, SCEP_CONFIG_ERROR,
					 "the extension %s could not be built",
					 OBJ_nid2sn(nid));
	return push_extension(extensions, extension, error);
}

/* RFC 5480, 3: an EC key encrypts neither keys nor data. */
static uint32_t possible_usage(uint32_t bits, const EVP_PKEY *key)
{
	const uint32_t encipherment = 1u << 2 | 1u << 3;

	return EVP_PKEY_is_a(key, "EC") ? bits & ~encipherment : bits;
}

static enum scep_code add_key_usage(STACK_OF(X509_EXTENSION) * extensions,
				    uint32_t bits, struct scep_error *error)
{
	ASN1_BIT_STRING *usage;
	enum scep_code code;

	if (bits == 0)
		return SCEP_OK;
	usage = extensions_key_usage(bits);
	if (usage == NULL)
		return error_set_memory(error);
	code = add_extension(extensions, NID_key_usage, true, usage, error);
	ASN1_BIT_STRING_free(usage);
	return code;
}

static enum scep_code add_ext_key_usage(STACK_OF(X509_EXTENSION) * extensions,
					const char *text,
					struct scep_error *error)
{
	EXTENDED_KEY_USAGE *usage = NULL;
	enum scep_code code =
	    extensions_read_ext_key_usage(text, &usage, error);

	if (sk_ASN1_OBJECT_num(usage) > 0)
		code = add_extension(extensions, NID_ext_key_usage, false,
				     usage, error);
	EXTENDED_KEY_USAGE_free(usage);
	return csr_blame(code, "the extended key usage", error);
}

static enum scep_code add_alt_name(STACK_OF(X509_EXTENSION) * extensions,
				   const struct scep_values *values,
				   struct scep_error *error)
{
	GENERAL_NAMES *names = NULL;
	enum scep_code code =
	    values->subject_alt_name[0] == '\0'
		? extensions_alt_name_of(values->common_name, &names, error)
		: extensions_read_alt_name(values->subject_alt_name, &names,
					   error);

	if (sk_GENERAL_NAME_num(names) > 0)
		code = add_extension(extensions, NID_subject_alt_name, false,
				     names, error);
	GENERAL_NAMES_free(names);
	return csr_blame(code, "the subject alternative name", error);
}

static enum scep_code add_template(STACK_OF(X509_EXTENSION) * extensions,
				   const char *text, struct scep_error *error)
{
	X509_EXTENSION *extension = NULL;
	enum scep_code code;

	if (text[0] == '\0')
		return SCEP_OK;
	code = template_extension(text, &extension, error);
	if (code == SCEP_OK)
		code = push_extension(extensions, extension, error);
	return csr_blame(code, "the template", error);
}

static enum scep_code add_extensions(X509_REQ *request,
				     const struct scep_values *values,
				     const EVP_PKEY *key,
				     struct scep_error *error)
{
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	enum scep_code code;

	if (extensions == NULL)
		return error_set_memory(error);
	code = add_alt_name(extensions, values, error);
	if (code == SCEP_OK)
		code = add_key_usage(
		    extensions, possible_usage(values->key_usage, key), error);
	if (code == SCEP_OK)
		code = add_ext_key_usage(extensions, values->extended_key_usage,
					 error);
	if (code == SCEP_OK)
		code = add_template(extensions, values->template_name, error);
	if (code == SCEP_OK && sk_X509_EXTENSION_num(extensions) > 0 &&
	    X509_REQ_add_extensions(request, extensions) != 1)
		code = error_set_openssl(error, SCEP_KEY_ERROR,
					 "the extensions cannot be added");
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return code;
}

/* X.680: the characters of a PrintableString. */
static bool is_printable_string(const unsigned char *text, size_t length)
{
	return ASN1_PRINTABLE_type(text, (int)length) == V_ASN1_PRINTABLESTRING;
}

/* RFC 2985, 5.4.1: a directory string, by preference a PrintableString. */
static enum scep_code add_challenge(X509_REQ *request,
				    const struct scep_secret *challenge,
				    struct scep_error *error)
{
	size_t length = challenge->length;
	int type = V_ASN1_UTF8STRING;

	if (length == 0)
		return SCEP_OK;
	if (length > sizeof(challenge->data) ||
	    !text_is_plain(challenge->data, length))
		return error_set(error, SCEP_CONFIG_ERROR,
				 "the challenge password is no UTF-8 text");
	if (is_printable_string(challenge->data, length))
		type = V_ASN1_PRINTABLESTRING;
	if (X509_REQ_add1_attr_by_NID(request, NID_pkcs9_challengePassword,
				      type, challenge->data, (int)length) != 1)
		return error_set_openssl(
		    error, SCEP_KEY_ERROR,
		    "the challenge password cannot be added");
	return SCEP_OK;
}

/* A context for signing with the digest of the request values.  Owned. */
static enum scep_code begin_signing(const struct scep_values *values,
				    EVP_PKEY *key, EVP_MD_CTX **context,
				    struct scep_error *error)
{
	const char *digest = digest_name(values->signature_algorithm);
	char properties[KEY_PROPERTIES];

	*context = NULL;
	if (digest == NULL)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "no such signature algorithm: %lu",
				 (unsigned long)values->signature_algorithm);
	*context = EVP_MD_CTX_new();
	if (*context == NULL ||
	    EVP_DigestSignInit_ex(*context, NULL, digest, NULL,
				  key_properties(key, properties), key,
				  NULL) != 1) {
		EVP_MD_CTX_free(*context);
		*context = NULL;
		return error_set_openssl(error, SCEP_KEY_ERROR,
					 "the key cannot sign with %s", digest);
	}
	return SCEP_OK;
}

static enum scep_code sign_request(X509_REQ *request,
				   const struct scep_values *values,
				   EVP_PKEY *key, struct scep_error *error)
{
	EVP_MD_CTX *context;
	enum scep_code code = begin_signing(values, key, &context, error);

	if (code == SCEP_OK && X509_REQ_sign_ctx(request, context) <= 0)
		code = error_set_openssl(error, SCEP_KEY_ERROR,
					 "the request cannot be signed");
	EVP_MD_CTX_free(context);
	return code;
}

enum scep_code csr_make(const struct scep_values *values, EVP_PKEY *key,
			X509_REQ **request, struct scep_error *error)
{
	X509_NAME *subject = NULL;
	enum scep_code code = make_subject(values, &subject, error);

	*request = NULL;
	if (code != SCEP_OK)
		goto out;
	*request = X509_REQ_new();
	if (*request == NULL || X509_REQ_set_version(*request, 0) != 1 ||
	    X509_REQ_set_subject_name(*request, subject) != 1 ||
	    X509_REQ_set_pubkey(*request, key) != 1) {
		code = error_set_openssl(error, SCEP_KEY_ERROR,
					 "the request cannot be built");
		goto out;
	}
	code = add_challenge(*request, &values->challenge_password, error);
	if (code == SCEP_OK)
		code = add_extensions(*request, values, key, error);
	if (code == SCEP_OK)
		code = sign_request(*request, values, key, error);
out:
	X509_NAME_free(subject);
	code = error_end_openssl(code, error);
	if (code != SCEP_OK) {
		csr_free(*request);
		*request = NULL;
	}
	return code;
}

void csr_free(X509_REQ *request)
{
	int at = -1;

	if (request != NULL)
		at = X509_REQ_get_attr_by_NID(request,
					      NID_pkcs9_challengePassword, -1);
	if (at >= 0) {
		ASN1_TYPE *value =
		    X509_ATTRIBUTE_get0_type(X509_REQ_get_attr(request, at), 0);

		/* Only types of our own making hold a string for sure. */
		if (value != NULL && (value->type == V_ASN1_PRINTABLESTRING ||
				      value->type == V_ASN1_UTF8STRING))
			OPENSSL_cleanse(
			    value->value.asn1_string->data,
			    (size_t)value->value.asn1_string->length);
	}
	X509_REQ_free(request);
}

/* --------------------------------------------- self-signed certificate -- */

static bool set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	/* The top bit is set: never 0, and always as long. */
	bool is_set = number != NULL &&
		      BN_rand(number, SERIAL_OCTETS * 8 - 1, BN_RAND_TOP_ONE,
			      BN_RAND_BOTTOM_ANY) == 1 &&
		      BN_to_ASN1_INTEGER(
			  number, X509_get_serialNumber(certificate)) != NULL;

	BN_free(number);
	return is_set;
}

static bool set_times(X509 *certificate, int64_t from, int64_t to)
{
	time_t begin = (time_t)from, end = (time_t)to;

	return X509_time_adj_ex(X509_getm_notBefore(certificate), 0, 0,
				&begin) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate), 0, 0, &end) !=
		   NULL;
}

/* An EC key agrees on a key where an RSA key encrypts one (RFC 5480, 3). */
static bool set_key_usage(X509 *certificate, const EVP_PKEY *key)
{
	bool is_ec = EVP_PKEY_is_a(key, "EC");
	ASN1_BIT_STRING *usage =
	    extensions_key_usage(1u << 0 | (is_ec ? 1u << 4 : 1u << 2));
	bool is_set = usage != NULL &&
		      X509_add1_ext_i2d(certificate, NID_key_usage, usage, 1,
					X509V3_ADD_DEFAULT) == 1;

	ASN1_BIT_STRING_free(usage);
	return is_set;
}

static bool fill_certificate(X509 *certificate, const X509_NAME *subject,
			     EVP_PKEY *key, int64_t from, int64_t to)
{
	return X509_set_version(certificate, X509_VERSION_3) == 1 &&
	       set_serial(certificate) &&
	       X509_set_subject_name(certificate, subject) == 1 &&
	       X509_set_issuer_name(certificate, subject) == 1 &&
	       set_times(certificate, from, to) &&
	       X509_set_pubkey(certificate, key) == 1 &&
	       set_key_usage(certificate, key);
}

static enum scep_code cannot_be_made(struct scep_error *error)
{
	return error_set_openssl(error, SCEP_KEY_ERROR,
				 "the self-signed certificate cannot be made");
}

/* RFC 6125, 6.4.4: who is asked for by name looks there for it. */
static enum scep_code set_alt_name(X509 *certificate, const char *common_name,
				   struct scep_error *error)
{
	GENERAL_NAMES *names = NULL;
	enum scep_code code =
	    extensions_alt_name_of(common_name, &names, error);

	if (sk_GENERAL_NAME_num(names) > 0 &&
	    X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0,
			      X509V3_ADD_DEFAULT) != 1)
		code = cannot_be_made(error);
	GENERAL_NAMES_free(names);
	return code;
}

/* `alt_name_of` may be NULL: there is no subjectAltName. */
static enum scep_code self_sign(const struct scep_values *values,
				const char *alt_name_of, EVP_PKEY *key,
				int64_t from, int64_t to, X509 **certificate,
				struct scep_error *error)
{
	EVP_MD_CTX *context = NULL;
	X509_NAME *subject = NULL;
	enum scep_code code = make_subject(values, &subject, error);

	*certificate = NULL;
	if (code == SCEP_OK)
		code = begin_signing(values, key, &context, error);
	if (code != SCEP_OK)
		goto out;
	*certificate = X509_new();
	if (*certificate == NULL ||
	    !fill_certificate(*certificate, subject, key, from, to))
		code = cannot_be_made(error);
	if (code == SCEP_OK && alt_name_of != NULL)
		code = set_alt_name(*certificate, alt_name_of, error);
	if (code == SCEP_OK && X509_sign_ctx(*certificate, context) <= 0)
		code = cannot_be_made(error);
out:
	EVP_MD_CTX_free(context);
	X509_NAME_free(subject);
	code = error_end_openssl(code, error);
	if (code != SCEP_OK) {
		X509_free(*certificate);
		*certificate = NULL;
	}
	return code;
}

enum scep_code csr_self_sign(const struct scep_values *values, EVP_PKEY *key,
			     int64_t now, X509 **certificate,
			     struct scep_error *error)
{
	return self_sign(values, NULL, key, now + SELF_SIGNED_BACKDATE,
			 now + SELF_SIGNED_SECONDS, certificate, error);
}

enum scep_code csr_self_sign_for_ever(const struct scep_values *values,
				      EVP_PKEY *key, int64_t from,
				      X509 **certificate,
				      struct scep_error *error)
{
	return self_sign(values, values->common_name, key, from,
			 REQUEST_FOR_EVER, certificate, error);
}
