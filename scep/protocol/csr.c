/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/csr.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "scep/octets.h"
#include "scep/values.h"
#include "scep/base/error.h"
#include "scep/protocol/extensions.h"
#include "scep/protocol/key.h"

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

bool csr_subject_extra_is_valid(const char *text, char *reason)
{
	X509_NAME *name = names_subject("", "", text, reason);

	X509_NAME_free(name);
	return name != NULL;
}

bool csr_subject_alt_name_is_valid(const char *text, char *reason)
{
	GENERAL_NAMES *names = extensions_read_alt_name(text, reason);

	GENERAL_NAMES_free(names);
	return names != NULL;
}

bool csr_extended_key_usage_is_valid(const char *text, char *reason)
{
	EXTENDED_KEY_USAGE *usage = extensions_read_ext_key_usage(text, reason);

	EXTENDED_KEY_USAGE_free(usage);
	return usage != NULL;
}

static enum scep_code make_subject(const struct scep_values *values,
				   X509_NAME **subject,
				   struct scep_error *error)
{
	char reason[NAMES_REASON] = "";

	*subject = names_subject(values->organization, values->common_name,
				 values->subject_extra, reason);
	if (*subject == NULL)
		return error_set(error, SCEP_CONFIG_ERROR, "the subject: %s",
				 reason);
	if (X509_NAME_entry_count(*subject) == 0)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "the subject is empty");
	return SCEP_OK;
}

/* Adds an extension to a list; `value` may be NULL for a failed attempt. */
static bool push_extension(STACK_OF(X509_EXTENSION) * extensions, int nid,
			   bool is_critical, void *value)
{
	X509_EXTENSION *extension =
	    value == NULL ? NULL : X509V3_EXT_i2d(nid, is_critical, value);

	if (extension == NULL ||
	    sk_X509_EXTENSION_push(extensions, extension) <= 0) {
		X509_EXTENSION_free(extension);
		return false;
	}
	return true;
}

static enum scep_code add_key_usage(STACK_OF(X509_EXTENSION) * extensions,
				    uint32_t bits, struct scep_error *error)
{
	ASN1_BIT_STRING *usage;
	bool is_added;

	if (bits == 0)
		return SCEP_OK;
	usage = extensions_key_usage(bits);
	is_added = push_extension(extensions, NID_key_usage, true, usage);
	ASN1_BIT_STRING_free(usage);
	if (!is_added)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "the key usage could not be built");
	return SCEP_OK;
}

static enum scep_code add_ext_key_usage(STACK_OF(X509_EXTENSION) * extensions,
					const char *text,
					struct scep_error *error)
{
	char reason[NAMES_REASON] = "no memory";
	EXTENDED_KEY_USAGE *usage = extensions_read_ext_key_usage(text, reason);
	bool is_added = usage != NULL;

	if (sk_ASN1_OBJECT_num(usage) > 0)
		is_added =
		    push_extension(extensions, NID_ext_key_usage, false, usage);
	EXTENDED_KEY_USAGE_free(usage);
	if (!is_added)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "the extended key usage: %s", reason);
	return SCEP_OK;
}

static enum scep_code add_alt_name(STACK_OF(X509_EXTENSION) * extensions,
				   const struct scep_values *values,
				   struct scep_error *error)
{
	char reason[NAMES_REASON] = "no memory";
	GENERAL_NAMES *names =
	    values->subject_alt_name[0] == '\0'
		? extensions_alt_name_of(values->common_name)
		: extensions_read_alt_name(values->subject_alt_name, reason);
	bool is_added = names != NULL;

	if (sk_GENERAL_NAME_num(names) > 0)
		is_added = push_extension(extensions, NID_subject_alt_name,
					  false, names);
	GENERAL_NAMES_free(names);
	if (!is_added)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "the subject alternative name: %s", reason);
	return SCEP_OK;
}

static enum scep_code add_extensions(X509_REQ *request,
				     const struct scep_values *values,
				     struct scep_error *error)
{
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	enum scep_code code;

	if (extensions == NULL)
		return error_set(error, SCEP_KEY_ERROR, "no memory");
	code = add_alt_name(extensions, values, error);
	if (code == SCEP_OK)
		code = add_key_usage(extensions, values->key_usage, error);
	if (code == SCEP_OK)
		code = add_ext_key_usage(extensions, values->extended_key_usage,
					 error);
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
				    const struct scep_octets128 *challenge,
				    struct scep_error *error)
{
	size_t length = challenge->length;
	int type = V_ASN1_UTF8STRING;

	if (length == 0)
		return SCEP_OK;
	if (length > sizeof(challenge->data) ||
	    !text_is_clean(challenge->data, length))
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
		code = add_extensions(*request, values, error);
	if (code == SCEP_OK)
		code = sign_request(*request, values, key, error);
out:
	X509_NAME_free(subject);
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

static bool set_key_usage(X509 *certificate)
{
	ASN1_BIT_STRING *usage = extensions_key_usage(1u << 0 | 1u << 2);
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
	       set_key_usage(certificate);
}

/* RFC 6125, 6.4.4: who is asked for by name looks there for it. */
static bool set_alt_name(X509 *certificate, const char *common_name)
{
	GENERAL_NAMES *names = extensions_alt_name_of(common_name);
	bool is_set = names != NULL &&
		      (sk_GENERAL_NAME_num(names) == 0 ||
		       X509_add1_ext_i2d(certificate, NID_subject_alt_name,
					 names, 0, X509V3_ADD_DEFAULT) == 1);

	GENERAL_NAMES_free(names);
	return is_set;
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
	    !fill_certificate(*certificate, subject, key, from, to) ||
	    (alt_name_of != NULL && !set_alt_name(*certificate, alt_name_of)) ||
	    X509_sign_ctx(*certificate, context) <= 0) {
		X509_free(*certificate);
		*certificate = NULL;
		code = error_set_openssl(
		    error, SCEP_KEY_ERROR,
		    "the self-signed certificate cannot be made");
	}
out:
	EVP_MD_CTX_free(context);
	X509_NAME_free(subject);
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
