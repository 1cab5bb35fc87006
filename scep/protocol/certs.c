/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/certs.h"

#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "scep/engine_config.h"
#include "scep/octets.h"
#include "scep/key_row.h"
#include "scep/ca_row.h"
#include "scep/base/error.h"
#include "scep/protocol/body.h"
#include "scep/protocol/extensions.h"
#include "scep/protocol/key.h"
#include "scep/protocol/names.h"

/* --------------------------------------------------------------- reading -- */

/*
 * Ends a function that has read certificates, and frees them if it has failed.
 * OpenSSL looks at the extensions of a certificate when they are first asked
 * for, and keeps a failure for good: so asks now, while short memory can still
 * be told.
 */
static enum scep_code certs_end(enum scep_code code,
				STACK_OF(X509) * *certificates,
				struct scep_error *error)
{
	for (int i = 0; i < sk_X509_num(*certificates); i++)
		X509_check_purpose(sk_X509_value(*certificates, i), -1, 0);
	code = error_end_openssl(code, error);
	if (code != SCEP_OK) {
		sk_X509_pop_free(*certificates, X509_free);
		*certificates = NULL;
	}
	return code;
}

static enum scep_code certs_refuse_count(int count, struct scep_error *error)
{
	return error_set(error, SCEP_BAD_RESPONSE,
			 "there are too many certificates: %d, and %d is the "
			 "limit",
			 count, LIMIT_CERTIFICATES);
}

static enum scep_code certs_of_content(CMS_ContentInfo *content,
				       STACK_OF(X509) * *certificates,
				       struct scep_error *error)
{
	int count;

	if (OBJ_obj2nid(CMS_get0_type(content)) != NID_pkcs7_signed)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificates do not come as SignedData");
	/* RFC 5652, 5.2: so it is where nobody signs. */
	if (OBJ_obj2nid(CMS_get0_eContentType(content)) != NID_pkcs7_data)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificates come with content that is "
				 "not data");
	*certificates = CMS_get1_certs(content);
	count = sk_X509_num(*certificates);
	if (count < 1 || count > LIMIT_CERTIFICATES)
		return count < 1 ? error_set(error, SCEP_BAD_RESPONSE,
					     "there is no certificate")
				 : certs_refuse_count(count, error);
	return SCEP_OK;
}

enum scep_code certs_from_signed_data(const unsigned char *der, size_t length,
				      STACK_OF(X509) * *certificates,
				      struct scep_error *error)
{
	enum scep_code code;
	const unsigned char *end = der;
	CMS_ContentInfo *content = NULL;

	*certificates = NULL;
	if (length > LIMIT_CA_CERT)
		return body_refuse_length("what brings the certificates",
					  length, LIMIT_CA_CERT, error);
	if (length > 0)
		content = d2i_CMS_ContentInfo(NULL, &end, (long)length);
	if (content == NULL || end != der + length)
		code = error_set_openssl(
		    error, SCEP_BAD_RESPONSE,
		    content == NULL ? "the certificates are no CMS structure"
				    : "octets follow the certificates");
	else
		code = certs_of_content(content, certificates, error);
	CMS_ContentInfo_free(content);
	return certs_end(code, certificates, error);
}

/* Reads one certificate that fills `der`. */
static enum scep_code certs_read_one(const unsigned char *der, size_t length,
				     STACK_OF(X509) * *certificates,
				     struct scep_error *error)
{
	const unsigned char *end = der;
	X509 *certificate = d2i_X509(NULL, &end, (long)length);
	enum scep_code code;

	*certificates = sk_X509_new_null();
	if (certificate == NULL)
		code = error_set_openssl(error, SCEP_BAD_RESPONSE,
					 "the answer is no certificate");
	else if (end != der + length)
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "octets follow the certificate");
	else
		code = certs_push(*certificates, certificate, error);
	X509_free(certificate);
	return certs_end(code, certificates, error);
}

/* Tells if the first thing in a SEQUENCE has that tag: an OBJECT IDENTIFIER in
 * a ContentInfo, a SEQUENCE in a certificate. */
static bool der_begins_with(const unsigned char *der, size_t length, int wanted)
{
	const unsigned char *at = der;
	long size = 0;
	int tag = 0, class = 0;
	int flags = ASN1_get_object(&at, &size, &tag, &class, (long)length);

	if ((flags & 0x80) != 0 || tag != V_ASN1_SEQUENCE ||
	    class != V_ASN1_UNIVERSAL)
		return false;
	flags = ASN1_get_object(&at, &size, &tag, &class,
				(long)(length - (size_t)(at - der)));
	return (flags & 0x80) == 0 && class == V_ASN1_UNIVERSAL &&
	       tag == wanted;
}

enum scep_code certs_from_der(const unsigned char *der, size_t length,
			      STACK_OF(X509) * *certificates,
			      struct scep_error *error)
{
	if (der_begins_with(der, length, V_ASN1_SEQUENCE))
		return certs_read_one(der, length, certificates, error);
	return certs_from_signed_data(der, length, certificates, error);
}

/* Adds the certificates of one PEM block, of either kind. */
static enum scep_code certs_add_block(const char *name,
				      const unsigned char *der, size_t length,
				      STACK_OF(X509) * certificates,
				      struct scep_error *error)
{
	STACK_OF(X509) *more = NULL;
	enum scep_code code;

	if (strcmp(name, PEM_STRING_X509) != 0 &&
	    strcmp(name, PEM_STRING_X509_OLD) != 0 &&
	    strcmp(name, PEM_STRING_PKCS7) != 0 &&
	    strcmp(name, PEM_STRING_CMS) != 0)
		return SCEP_OK;
	code = certs_from_der(der, length, &more, error);
	for (int i = 0; code == SCEP_OK && i < sk_X509_num(more); i++)
		code = certs_push(certificates, sk_X509_value(more, i), error);
	sk_X509_pop_free(more, X509_free);
	if (code == SCEP_OK && sk_X509_num(certificates) > LIMIT_CERTIFICATES)
		code = certs_refuse_count(sk_X509_num(certificates), error);
	return code;
}

enum scep_code certs_from_pem(const void *pem, size_t length,
			      STACK_OF(X509) * *certificates,
			      struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long size = 0;
	BIO *bio;

	*certificates = NULL;
	if (length > LIMIT_PEM)
		return body_refuse_length("the PEM text", length, LIMIT_PEM,
					  error);
	bio = BIO_new_mem_buf(pem, (int)length);
	*certificates = sk_X509_new_null();
	while (code == SCEP_OK && bio != NULL &&
	       PEM_read_bio(bio, &name, &header, &der, &size) == 1) {
		code = certs_add_block(name, der, (size_t)size, *certificates,
				       error);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)size);
	}
	if (code == SCEP_OK && sk_X509_num(*certificates) < 1)
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "the PEM text has no certificate");
	BIO_free(bio);
	return certs_end(code, certificates, error);
}

/* ---------------------------------------------------------------- to PEM -- */

enum scep_code certs_to_pem(STACK_OF(X509) * certificates, struct bytes *pem,
			    struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	char *text = NULL;
	long length;
	BIO *bio = BIO_new(BIO_s_mem());
	bool is_written = bio != NULL;

	for (int i = 0; is_written && i < sk_X509_num(certificates); i++)
		is_written = PEM_write_bio_X509(
				 bio, sk_X509_value(certificates, i)) == 1;
	length = is_written ? BIO_get_mem_data(bio, &text) : 0;
	if (!is_written)
		code = error_set_openssl(
		    error, SCEP_STORAGE_ERROR,
		    "the certificates could not be written as PEM");
	else if (!bytes_set(pem, text, (size_t)length))
		code = error_set_memory(error);
	BIO_free(bio);
	return error_end_openssl(code, error);
}

enum scep_code certs_one_to_pem(X509 *certificate, struct bytes *pem,
				struct scep_error *error)
{
	STACK_OF(X509) *certificates = sk_X509_new_null();
	enum scep_code code = certs_push(certificates, certificate, error);

	if (code == SCEP_OK)
		code = certs_to_pem(certificates, pem, error);
	sk_X509_pop_free(certificates, X509_free);
	return code;
}

/* ------------------------------------------------------------- questions -- */

bool certs_is_ca(X509 *certificate)
{
	return X509_check_ca(certificate) > 0;
}

bool certs_is_sub_ca(X509 *certificate)
{
	return X509_check_ca(certificate) == 1;
}

bool certs_is_marked_ra(X509 *certificate)
{
	static const char *const marks[] = {RFC8894_OID_ENROLMENT_AGENT,
					    RFC8894_OID_CMC_RA};
	EXTENDED_KEY_USAGE *usages =
	    X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	bool is_marked = false;
	char text[80];

	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
		int length = OBJ_obj2txt(text, sizeof(text),
					 sk_ASN1_OBJECT_value(usages, i), 1);

		for (size_t j = 0; j < sizeof(marks) / sizeof(marks[0]); j++)
			is_marked =
			    is_marked || ((size_t)length == strlen(marks[j]) &&
					  strcmp(text, marks[j]) == 0);
	}
	EXTENDED_KEY_USAGE_free(usages);
	return is_marked;
}

bool certs_may_sign(X509 *certificate)
{
	return (X509_get_key_usage(certificate) &
		(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

bool certs_may_encipher(X509 *certificate)
{
	return (X509_get_key_usage(certificate) & KU_KEY_ENCIPHERMENT) != 0;
}

int64_t certs_time(const ASN1_TIME *time)
{
	struct tm broken;

	if (time == NULL || ASN1_TIME_to_tm(time, &broken) != 1)
		return 0;
	return (int64_t)timegm(&broken);
}

bool certs_is_valid_at(X509 *certificate, int64_t now, const char **reason)
{
	*reason = NULL;
	if (now == 0)
		return true;
	if (ASN1_TIME_check(X509_get0_notBefore(certificate)) != 1 ||
	    ASN1_TIME_check(X509_get0_notAfter(certificate)) != 1)
		*reason = "has a validity that cannot be read";
	else if (certs_time(X509_get0_notBefore(certificate)) >
		 now + CERTS_CLOCK_SLACK)
		*reason = "is not yet valid";
	else if (certs_time(X509_get0_notAfter(certificate)) < now)
		*reason = "has expired";
	return *reason == NULL;
}

static int signature_digest(X509 *certificate)
{
	int digest = NID_undef;

	X509_get_signature_info(certificate, &digest, NULL, NULL, NULL);
	return digest;
}

bool certs_is_signed_with_sha1(X509 *certificate)
{
	return signature_digest(certificate) == NID_sha1;
}

bool certs_is_signed_with_md5(X509 *certificate)
{
	int digest = signature_digest(certificate);

	return digest == NID_md5 || digest == NID_md4 || digest == NID_md2 ||
	       digest == NID_md5_sha1;
}

/* OpenSSL rates SHA-256 at so many bits. */
#define SIGNATURE_BITS 128

static enum scep_code check_signature_floor(X509 *certificate,
					    uint32_t allow_legacy,
					    struct scep_error *error)
{
	int digest = NID_undef, bits = 0;

	if (X509_get_signature_info(certificate, &digest, NULL, &bits, NULL) ==
		1 &&
	    bits >= SIGNATURE_BITS)
		return SCEP_OK;
	if (digest != NID_sha1)
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "it is signed with %s, which is never allowed",
				 digest == NID_undef ? "an unknown digest"
						     : OBJ_nid2sn(digest));
	if ((allow_legacy & SCEP_LEGACY_SHA1) == 0)
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "it is signed with SHA-1, and "
				 "allowLegacyAlgorithms does not have sha1");
	return SCEP_OK;
}

enum scep_code certs_check_floor(X509 *certificate, bool is_anchor,
				 const struct certs_floor *floor,
				 struct scep_error *error)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	struct scep_error unsound;
	enum scep_code code = key_check_public(key, &unsound);

	if (code == SCEP_NO_MEMORY)
		return error_set_memory(error);
	if (code != SCEP_OK)
		return error_set(error, SCEP_CA_NOT_TRUSTED, "%s",
				 unsound.text);
	if (key_is_short(key) && !floor->allow_short_keys)
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "the %s key has %d bits, and allowShortKeys "
				 "is no",
				 EVP_PKEY_is_a(key, "EC") ? "EC" : "RSA",
				 EVP_PKEY_get_bits(key));
	if (is_anchor)
		return SCEP_OK;
	return check_signature_floor(certificate, floor->allow_legacy, error);
}

enum scep_code certs_push(STACK_OF(X509) * certificates, X509 *certificate,
			  struct scep_error *error)
{
	if (certificates == NULL ||
	    X509_add_cert(certificates, certificate, X509_ADD_FLAG_UP_REF) != 1)
		return error_set_memory(error);
	return SCEP_OK;
}

bool certs_contain(STACK_OF(X509) * certificates, X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(certificates); i++) {
		if (X509_cmp(sk_X509_value(certificates, i), certificate) == 0)
			return true;
	}
	return false;
}

static bool certs_contain_all(STACK_OF(X509) * these, STACK_OF(X509) * others)
{
	for (int i = 0; i < sk_X509_num(others); i++) {
		if (!certs_contain(these, sk_X509_value(others, i)))
			return false;
	}
	return true;
}

enum scep_code certs_compare_sets(const struct bytes *pem,
				  const struct bytes *other, bool *is_same,
				  struct scep_error *error)
{
	STACK_OF(X509) *these = NULL, *others = NULL;
	enum scep_code code =
	    certs_from_pem(pem->data, pem->length, &these, error);

	if (code == SCEP_OK)
		code =
		    certs_from_pem(other->data, other->length, &others, error);
	*is_same = code == SCEP_OK && certs_contain_all(these, others) &&
		   certs_contain_all(others, these);
	sk_X509_pop_free(these, X509_free);
	sk_X509_pop_free(others, X509_free);
	return code;
}

/* ---------------------------------------------------- rows of the tables -- */

/* Serials that are longer than allowed are cut. */
static void describe_serial(const X509 *certificate,
			    struct scep_octets32 *serial)
{
	const ASN1_INTEGER *number = X509_get0_serialNumber(certificate);
	size_t length = (size_t)ASN1_STRING_length(number);

	memset(serial, 0, sizeof(*serial));
	if (length > CERTS_SERIAL_MAX)
		length = CERTS_SERIAL_MAX;
	serial->length = (uint32_t)length;
	if (length > 0)
		memcpy(serial->data, ASN1_STRING_get0_data(number), length);
}

static enum scep_code describe_fingerprint(const X509 *certificate,
					   struct scep_octets32 *fingerprint,
					   struct scep_error *error)
{
	EVP_MD *digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	unsigned int length = 0;
	enum scep_code code = SCEP_OK;

	memset(fingerprint, 0, sizeof(*fingerprint));
	if (digest != NULL &&
	    X509_digest(certificate, digest, fingerprint->data, &length) == 1)
		fingerprint->length = length;
	else
		/* OpenSSL always has SHA-256. */
		code = error_set_memory(error);
	EVP_MD_free(digest);
	return code;
}

static uint32_t role_of(X509 *certificate)
{
	if (certs_is_ca(certificate) && X509_self_signed(certificate, 1) == 1)
		return SCEP_CA_ROOT;
	if (certs_is_sub_ca(certificate))
		return SCEP_CA_INTERMEDIATE;
	return (certs_may_sign(certificate) ? SCEP_CA_RA_SIGN : 0) |
	       (certs_may_encipher(certificate) ? SCEP_CA_RA_ENCRYPT : 0);
}

enum scep_code certs_describe_ca(X509 *certificate, struct scep_ca *row,
				 struct scep_error *error)
{
	enum scep_code code;

	describe_serial(certificate, &row->serial);
	row->not_before = certs_time(X509_get0_notBefore(certificate));
	row->not_after = certs_time(X509_get0_notAfter(certificate));
	row->role = role_of(certificate);
	code = describe_fingerprint(certificate, &row->fingerprint, error);
	if (code == SCEP_OK)
		code = names_text(X509_get_subject_name(certificate),
				  row->subject, error);
	if (code == SCEP_OK)
		code = names_text(X509_get_issuer_name(certificate),
				  row->issuer, error);
	return error_end_openssl(code, error);
}

static enum scep_key_algorithm algorithm_of(const EVP_PKEY *key)
{
	if (key != NULL && EVP_PKEY_is_a(key, "RSA"))
		return SCEP_KEY_RSA;
	if (key != NULL && EVP_PKEY_is_a(key, "EC"))
		return SCEP_KEY_EC;
	return SCEP_KEY_OTHER;
}

enum scep_code certs_describe_leaf(X509 *certificate, struct scep_key *row,
				   struct scep_error *error)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);
	enum scep_code code;

	describe_serial(certificate, &row->serial);
	row->not_before = certs_time(X509_get0_notBefore(certificate));
	row->not_after = certs_time(X509_get0_notAfter(certificate));
	row->algorithm = algorithm_of(key);
	row->length = bits > 0 ? (uint32_t)bits : 0;
	code = describe_fingerprint(certificate, &row->fingerprint, error);
	if (code == SCEP_OK)
		code = names_text(X509_get_subject_name(certificate),
				  row->subject, error);
	if (code == SCEP_OK)
		code = names_text(X509_get_issuer_name(certificate),
				  row->issuer, error);
	if (code == SCEP_OK)
		code = extensions_alt_name_text(certificate,
						row->subject_alt_name, error);
	return error_end_openssl(code, error);
}
